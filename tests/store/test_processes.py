import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from daemon.errors import SyncError
from daemon.secret import Secret
from daemon.store.store import SqlStore
from tests.store.examples import ids, linked

ROOT = Path(__file__).parents[2]
A_WHILE_S = 30.0


def started(deed: str, directory: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "tests.store.worker", deed, str(directory)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def told(deed: str, directory: Path) -> list[str]:
    with started(deed, directory) as process:
        output, _ = process.communicate(timeout=A_WHILE_S)
    assert process.returncode == 0
    return output.splitlines()


def killed_while_writing(directory: Path, after: int) -> int:
    """Kill a writer somewhere after so many transactions, and return how many entries it told of."""
    with started("write_for_ever", directory) as process:
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(after)]
        time.sleep(after / 5000)
        process.kill()
        lines += process.stdout.readlines()
    return max(int(line) for line in lines)


async def test_a_second_process_is_turned_away_at_once(store: SqlStore, tmp_path: Path) -> None:
    begun = time.monotonic()

    (said,) = told("only_open", tmp_path)

    assert said == f"{tmp_path}/state.db is in use by another severa-gcal process."
    assert time.monotonic() - begun < A_WHILE_S / 2


async def test_the_same_process_is_turned_away_too(store: SqlStore, url: str, key: Secret) -> None:
    with pytest.raises(SyncError, match="in use"):
        await SqlStore.open(url, key)


async def test_the_next_process_gets_in_after_the_first(
    url: str, key: Secret, tmp_path: Path
) -> None:
    store = await SqlStore.open(url, key)
    await store.close()

    assert told("only_open", tmp_path) == ["opened"]


@pytest.mark.parametrize("after", [1, 7, 23])
async def test_a_killed_process_leaves_whole_transactions_and_all_that_it_told_of(
    url: str, key: Secret, tmp_path: Path, after: int
) -> None:
    promised = killed_while_writing(tmp_path, after)

    with closing(sqlite3.connect(tmp_path / "state.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    async with await SqlStore.open(url, key) as store:
        kept = ids(await store.read(lambda t: t.records_of_user("anna")))
        history = [change.entry for change in await store.history(limit=10_000)]
    assert len(kept) >= promised
    assert len(kept) % 5 == 0
    assert kept == sorted(history)


async def test_a_backup_in_the_place_of_a_database_that_died_is_itself(
    url: str, key: Secret, tmp_path: Path
) -> None:
    async with await SqlStore.open(url, key) as store:
        await store.write(lambda t: t.save([linked("in-the-backup")]))
        await store.backup(tmp_path / "backup")
    killed_while_writing(tmp_path, 5)
    assert (tmp_path / "state.db-wal").stat().st_size > 0

    (tmp_path / "backup").replace(tmp_path / "state.db")

    async with await SqlStore.open(url, key) as store:
        assert ids(await store.read(lambda t: t.records_of_user("anna"))) == ["in-the-backup"]
        await store.write(lambda t: t.save([linked("later")]))
    with closing(sqlite3.connect(tmp_path / "state.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


async def test_a_full_disk_is_told_and_outlived(tmp_path: Path) -> None:
    failed, kept, later = told("fill_the_disk", tmp_path)

    number, reason = failed.split(" ", 1)
    assert reason.startswith("The database cannot be used: ")
    assert int(number) > 0
    assert kept == number
    assert int(later) == int(number) + 1
