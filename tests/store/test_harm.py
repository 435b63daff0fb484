"""Harm to the file itself: damage, a lost right to write, a program that holds it. One clear line, nothing lost."""

import ctypes
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from daemon.errors import SyncError
from daemon.secret import Secret
from daemon.store import engine
from daemon.store.store import SqlStore
from tests.store.examples import ids, linked

ROOT = Path(__file__).parents[2]
PAGE = 4096


async def with_entries(url: str, key: Secret, count: int = 300) -> None:
    async with await SqlStore.open(url, key) as store:
        await store.write(lambda t: t.save([linked(f"{n:03}") for n in range(count)]))


def one_line(told: pytest.ExceptionInfo[SyncError], advice: str) -> None:
    said = str(told.value)
    assert advice in said
    assert "\n" not in said
    assert "[SQL" not in said


async def test_a_damaged_page_is_told_with_what_to_do_and_the_rest_is_still_there(
    url: str, key: Secret, tmp_path: Path
) -> None:
    await with_entries(url, key)
    database = tmp_path / "state.db"
    with closing(sqlite3.connect(database)) as connection:
        query = "SELECT rootpage FROM sqlite_master WHERE name = 'link'"
        ((page,),) = connection.execute(query).fetchall()
        connection.execute("INSERT INTO settings VALUES (1, '{}')")
        connection.commit()
    with database.open("r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(b"\xff" * PAGE)
    damaged = database.read_bytes()

    async with await SqlStore.open(url, key) as store:
        with pytest.raises(SyncError) as told:
            await store.read(lambda t: t.records_of_user("anna"))
        one_line(told, "the file is damaged; put a backup in its place")
        assert await store.read(lambda t: t.accounts()) == ()
        with pytest.raises(SyncError, match="put a backup in its place"):
            await store.write(lambda t: t.save([linked("new")]))
        with pytest.raises(SyncError, match="could not be made"):
            await store.backup(tmp_path / "backup")

    assert not (tmp_path / "backup").exists(), "damage is not copied over a good backup's name"
    assert len(database.read_bytes()) == len(damaged)


async def test_a_file_that_was_cut_off_is_told(url: str, key: Secret, tmp_path: Path) -> None:
    await with_entries(url, key)
    database = tmp_path / "state.db"
    os.truncate(database, 3 * PAGE)

    with pytest.raises(SyncError) as told:
        async with await SqlStore.open(url, key) as store:
            await store.read(lambda t: t.records_of_user("anna"))

    one_line(told, "the file is damaged; put a backup in its place")


async def test_a_program_that_holds_the_file_too_long_is_told_and_outlived(
    url: str, key: Secret, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(engine.CONNECTING, "timeout", 0.05)
    async with await SqlStore.open(url, key) as store:
        await store.write(lambda t: t.save([linked("one")]))
        with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as shell:
            shell.execute("BEGIN IMMEDIATE")
            with pytest.raises(SyncError) as told:
                await store.write(lambda t: t.save([linked("two")]))
            one_line(told, "another program holds it; close that")
            read_meanwhile = ids(await store.read(lambda t: t.records_of_user("anna")))
            shell.execute("ROLLBACK")
        await store.write(lambda t: t.save([linked("three")]))

        assert read_meanwhile == ["one"]
        assert ids(await store.read(lambda t: t.records_of_user("anna"))) == ["one", "three"]


@pytest.mark.parametrize("locked", ["state.db", "."])
async def test_without_the_right_to_write_it_says_so_and_changes_nothing(
    url: str, key: Secret, tmp_path: Path, locked: str
) -> None:
    await with_entries(url, key, 3)
    before = (tmp_path / "state.db").read_bytes()
    place = tmp_path / locked
    mode = place.stat().st_mode
    place.chmod(0o500 if place.is_dir() else 0o400)

    try:
        said = opened_without_privileges(tmp_path)
    finally:
        place.chmod(mode)

    assert "Permission denied" in said or "cannot be written" in said
    assert said.count("\n") == 1
    assert (tmp_path / "state.db").read_bytes() == before


def opened_without_privileges(directory: Path) -> str:
    """Return what a process says that may not write wherever it likes, as root may."""
    code = (
        "import asyncio, sys; from pathlib import Path\n"
        "from tests.store.test_harm import give_up_privileges\n"
        "from tests.store.worker import only_open\n"
        "give_up_privileges(); asyncio.run(only_open(Path(sys.argv[1])))\n"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code, str(directory)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    )
    return done.stdout


def give_up_privileges() -> None:
    """Drop root's power over permissions (capset(2): an empty set of the third version)."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    nothing = (ctypes.c_uint32 * 6)()
    assert ctypes.CDLL(None).capset(header, nothing) == 0, "capabilities can be dropped"
