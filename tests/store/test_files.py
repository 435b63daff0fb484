import asyncio
import os
import stat
from functools import partial
from pathlib import Path

import pytest

from daemon.errors import Misused, SyncError
from daemon.secret import Secret
from daemon.store.files import database_path
from daemon.store.store import SqlStore
from daemon.store.transaction import SqlTransaction
from tests.store.examples import linked


def names(directory: Path) -> list[str]:
    return sorted(file.name for file in directory.iterdir())


@pytest.mark.parametrize(
    "url", ["sqlite:///relative.db", "sqlite://", "postgresql://u:hunter2@host/db", "", "/db"]
)
def test_a_url_that_names_no_file_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(Misused, match="sqlite:////absolute/path") as told:
        database_path(url)

    assert "hunter2" not in str(told.value)


async def test_a_missing_directory_is_told_and_not_made(tmp_path: Path, key: Secret) -> None:
    with pytest.raises(Misused, match="does not exist"):
        await SqlStore.open(f"sqlite:///{tmp_path}/missing/state.db", key)

    assert not (tmp_path / "missing").exists()


async def test_a_directory_in_the_databases_place_is_refused(tmp_path: Path, key: Secret) -> None:
    with pytest.raises(Misused, match="names a directory"):
        await SqlStore.open(f"sqlite:///{tmp_path}", key)


async def test_only_the_owner_can_read_what_is_kept(
    store: SqlStore, url: str, tmp_path: Path
) -> None:
    await store.write(lambda t: t.save([linked("one")]))
    await store.backup(tmp_path / "backup")

    modes = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in names(tmp_path)}

    assert {"state.db", "state.db-wal", "state.db.lock", "backup"} <= modes.keys()
    assert set(modes.values()) == {0o600}


async def test_a_name_with_odd_signs_is_a_name(tmp_path: Path, key: Secret) -> None:
    name = "state of #1 50%20?mode=ro.db"

    async with await SqlStore.open(f"sqlite:///{tmp_path}/{name}", key) as store:
        await store.write(lambda t: t.save([linked("one")]))

    assert (tmp_path / name).exists()


async def test_what_was_kept_is_there_after_opening_again(url: str, key: Secret) -> None:
    async with await SqlStore.open(url, key) as store:
        await store.write(lambda t: t.save([linked("one")]))

    async with await SqlStore.open(url, key) as store:
        assert await store.read(lambda t: t.record("one")) == linked("one")


async def test_nothing_but_the_database_is_left_after_closing(
    url: str, key: Secret, tmp_path: Path
) -> None:
    async with await SqlStore.open(url, key) as store:
        await store.write(lambda t: t.save([linked("one")]))
        await store.read(lambda t: t.record("one"))
    await store.close()

    assert names(tmp_path) == ["key", "state.db", "state.db.lock"]


async def test_a_backup_opens_as_a_database_while_the_first_is_open(
    store: SqlStore, key: Secret, tmp_path: Path
) -> None:
    await store.write(lambda t: t.save([linked("one")]))
    await store.put_secret("p12", Secret("password"))

    await store.backup(tmp_path / "backup.db")
    await store.write(lambda t: t.save([linked("two")]))

    async with await SqlStore.open(f"sqlite:///{tmp_path}/backup.db", key) as copy:
        assert await copy.read(lambda t: t.count_links()) == 1
        assert await copy.secret("p12") == Secret("password")
    assert await store.read(lambda t: t.count_links()) == 2


async def test_a_backup_between_writes_is_consistent(
    store: SqlStore, key: Secret, tmp_path: Path
) -> None:
    async def write_on() -> None:
        for number in range(0, 400, 2):
            pair = [linked(f"{number}"), linked(f"{number + 1}")]
            await store.write(partial(SqlTransaction.save, records=pair))

    writing = asyncio.create_task(write_on())
    await asyncio.sleep(0.05)
    await store.backup(tmp_path / "backup.db")
    was_writing = not writing.done()
    await writing

    async with await SqlStore.open(f"sqlite:///{tmp_path}/backup.db", key) as copy:
        count = await copy.read(lambda t: t.count_links())
    assert was_writing
    assert count % 2 == 0


async def test_a_backup_replaces_nothing(store: SqlStore, tmp_path: Path) -> None:
    (tmp_path / "backup.db").write_text("precious")

    with pytest.raises(Misused, match="exists already"):
        await store.backup(tmp_path / "backup.db")

    assert (tmp_path / "backup.db").read_text() == "precious"


async def test_a_backup_that_fails_leaves_nothing_behind(store: SqlStore, tmp_path: Path) -> None:
    name = "x" * (os.pathconf(tmp_path, "PC_NAME_MAX") - 2)

    with pytest.raises(SyncError, match="could not be made"):
        await store.backup(tmp_path / name)

    assert not [left for left in names(tmp_path) if left.startswith("x")]
