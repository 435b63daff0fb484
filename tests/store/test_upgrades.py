"""Upgrading the database: killed at any step, on a full disk, from the future, and how many copies are kept."""

import resource
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from daemon.errors import SyncError
from daemon.secret import Secret
from daemon.store import schema
from daemon.store.schema import COPIES_KEPT, HEAD, prepare
from daemon.store.store import SqlStore
from tests.store.examples import linked
from tests.store.test_schema import LATER, MAKES_A_TABLE, rows, statements, with_revision

ROOT = Path(__file__).parents[2]
ENTRIES = 50
CHANGES = "; ".join(
    [
        "op.execute(\"UPDATE link SET cause = 'later'\")",
        MAKES_A_TABLE,
        "op.execute('INSERT INTO later SELECT 1')",
        "op.create_index('ix_later', 'later', ['id'])",
    ]
)


@pytest.fixture
async def database(url: str, key: Secret, tmp_path: Path) -> Path:
    """A database with entries, at rest."""
    async with await SqlStore.open(url, key) as store:
        await store.write(lambda t: t.save([linked(f"{n:03}") for n in range(ENTRIES)]))
    return tmp_path / "state.db"


def killed_upgrades(database: Path, migrations: str) -> list[Path]:
    """Return the databases that upgrades left that were killed, each one step later."""
    trials = database.parent / "trials"
    trials.mkdir()
    arguments = [str(database), str(trials), migrations, LATER]
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "tests.store.dying", *arguments],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return [trials / str(step) / "state.db" for step in range(1, int(done.stdout) + 1)]


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """Let no file grow beyond this."""
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


def content(database: Path) -> dict[str, list[tuple[object, ...]]]:
    kept = rows(database)
    kept.pop("alembic_version")
    return kept


def test_killed_at_any_step_an_upgrade_leaves_what_the_old_or_the_new_version_opens(
    database: Path, tmp_path: Path
) -> None:
    before, migrations = content(database), with_revision(tmp_path / "m", CHANGES)
    ends = []

    for trial in killed_upgrades(database, migrations):
        revision = schema._revision(trial)
        ends.append(revision)
        if revision == HEAD:
            prepare(trial)
            assert content(trial) == before
        prepare(trial, migrations=migrations, head=LATER)

        after = content(trial)
        assert after.pop("later") == [(1,)]
        assert len(after.pop("link")) == ENTRIES
        assert after == {name: kept for name, kept in before.items() if name != "link"}
        copy = trial.with_name(f"state.db.before-upgrade-from-{HEAD}")
        assert content(copy)["link"] == before["link"]
        assert {file.name for file in trial.parent.iterdir()} == {"state.db", copy.name}

    assert ends == sorted(ends)
    assert ends.count(HEAD) >= 10, "it was killed at many steps"
    assert ends[-1] == LATER, "also after the last, with its journal not folded in"


def test_on_a_full_disk_nothing_is_upgraded_and_the_last_copy_stays(
    database: Path, tmp_path: Path
) -> None:
    migrations = with_revision(tmp_path / "m", CHANGES)
    copy = tmp_path / f"state.db.before-upgrade-from-{HEAD}"
    copy.write_bytes(b"of an earlier upgrade")
    before = database.read_bytes()

    with full_disk(50_000), pytest.raises(SyncError) as told:
        prepare(database, migrations=migrations, head=LATER)

    said = str(told.value)
    assert said.startswith("Nothing was upgraded, and the database is as it was. ")
    assert "\n" not in said
    assert database.read_bytes() == before
    assert copy.read_bytes() == b"of an earlier upgrade"
    prepare(database, migrations=migrations, head=LATER)
    assert "later" in statements(database)
    assert "later" not in statements(copy)


def test_where_the_disk_fills_up_during_the_upgrade_itself_it_is_undone(
    database: Path, tmp_path: Path
) -> None:
    fills = "op.execute('CREATE TABLE later AS SELECT randomblob(1000000) AS big')"
    migrations = with_revision(tmp_path / "m", fills)
    before = content(database)

    with full_disk(500_000), pytest.raises(SyncError) as told:
        prepare(database, migrations=migrations, head=LATER)

    assert "look at the disk" in str(told.value) or "make room" in str(told.value)
    prepare(database)
    assert content(database) == before


def test_a_copy_is_its_owners_alone_and_whole(database: Path, tmp_path: Path) -> None:
    prepare(database, migrations=with_revision(tmp_path / "m", CHANGES), head=LATER)

    copy = tmp_path / f"state.db.before-upgrade-from-{HEAD}"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_only_the_copies_of_the_latest_upgrades_are_kept(database: Path, tmp_path: Path) -> None:
    older = [f"{int(HEAD) - number:04}" for number in range(1, int(HEAD))]
    for revision in [*older, "0000"]:
        (tmp_path / f"state.db.before-upgrade-from-{revision}").touch()
    (tmp_path / "state.db.before-upgrade-from-mine").touch()

    prepare(database, migrations=with_revision(tmp_path / "m", CHANGES), head=LATER)

    copies = sorted(file.name for file in tmp_path.iterdir() if "before-upgrade" in file.name)
    assert len([name for name in copies if name[-1].isdigit()]) == COPIES_KEPT
    assert f"state.db.before-upgrade-from-{HEAD}" in copies
    assert "state.db.before-upgrade-from-mine" in copies, (
        "what we did not make is not ours to remove"
    )


def test_a_database_of_a_newer_version_is_refused_with_the_copy_that_still_fits(
    database: Path, tmp_path: Path
) -> None:
    prepare(database, migrations=with_revision(tmp_path / "m", CHANGES), head=LATER)
    before = database.read_bytes()

    with pytest.raises(SyncError) as told:
        prepare(database)

    copy = f"state.db.before-upgrade-from-{HEAD}"
    assert str(told.value).endswith(
        f"install that version, or put {copy}, made before the upgrade, in its place."
    )
    assert database.read_bytes() == before
    (tmp_path / copy).replace(database)
    prepare(database)
    assert len(content(database)["link"]) == ENTRIES


def test_a_database_that_does_not_say_its_version_is_refused(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("DELETE FROM alembic_version")
        connection.commit()

    with pytest.raises(SyncError, match="does not say which version"):
        prepare(database)
