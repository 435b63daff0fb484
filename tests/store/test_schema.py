import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from daemon.core.entry import ABSENT, UNKNOWN, AllDay
from daemon.core.link import Base, Link, Side, Stand, Standing
from daemon.core.record import Record
from daemon.core.seen import Mark
from daemon.errors import SyncError
from daemon.secret import Secret
from daemon.store import migrations, schema
from daemon.store.schema import HEAD, prepare
from daemon.store.store import SqlStore
from daemon.store.tables import metadata
from tests.store.examples import (
    ENTRY,
    MINUTE,
    NOW,
    activity,
    change,
    create_claim,
    event,
    in_google,
    linked,
    with_link,
    with_members,
)

LATER = f"{int(HEAD) + 1:04}"
PLAIN = replace(ENTRY, people=UNKNOWN)
DAYS = replace(PLAIN, when=AllDay(date(2026, 3, 2), date(2026, 3, 4)))
SEEN = replace(
    activity("activity-one"), entry=PLAIN, created_at=NOW, created_by="api", updated_at=NOW
)
MARK = Mark("activity-one", "event-one")
ONE = Record(
    Link(
        "one",
        Side.SEVERA,
        activity=SEEN,
        copies=(replace(event("event-one"), entry=PLAIN, version="1", mark=MARK),),
        source="anna",
        base=Base(PLAIN, PLAIN, "meeting"),
        claims=(replace(create_claim(), values=PLAIN, since=NOW),),
        standing=Standing(Stand.SET_ASIDE, "read only"),
        generation=1,
        doubted=frozenset({Side.SEVERA}),
    ),
    due_at=NOW,
    attempts=3,
    problem="refused",
    cause="poll",
    noticed_at=NOW - MINUTE,
    looked_at=NOW,
)
TWO = with_link(
    in_google("two", "bo"),
    copies=(replace(event("event-two", "bo"), entry=DAYS),),
    base=Base(ABSENT, DAYS),
)
MAKES_A_TABLE = "op.create_table('later', sa.Column('id', sa.Integer))"


def statements(database: Path) -> dict[str, str]:
    """Return what every table and index was made with, without its layout."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        return {name: "".join(sql.split()).replace('"', "") for name, sql in rows}


def rows(database: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return all that is in the tables, by table."""
    with closing(sqlite3.connect(database)) as connection:
        query = "SELECT name FROM sqlite_master WHERE type = 'table'"
        names = [name for (name,) in connection.execute(query)]
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in names}  # noqa: S608


def written_by_0001(database: Path) -> None:
    """Make the database that the version before members left behind: a dump of one that it wrote."""
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(Path(__file__).with_name("written_by_0001.sql").read_text())


def with_revision(directory: Path, deed: str) -> str:
    """Return the place of a copy of the migrations with a further one, `LATER`."""
    assert migrations.__file__
    shutil.copytree(
        Path(migrations.__file__).parent,
        directory,
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    (directory / "versions" / f"r{LATER}_later.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n"
        f"revision, down_revision = '{LATER}', '{HEAD}'\n"
        f"def upgrade():\n    {deed}\n"
    )
    return str(directory)


def test_the_migrations_make_the_tables_that_the_code_knows(tmp_path: Path) -> None:
    prepare(tmp_path / "db")

    with create_engine(f"sqlite:///{tmp_path}/db").connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_migrations_make_the_same_constraints_and_partial_indexes(tmp_path: Path) -> None:
    prepare(tmp_path / "migrated")
    engine = create_engine(f"sqlite:///{tmp_path}/known")
    metadata.create_all(engine)
    engine.dispose()

    migrated = statements(tmp_path / "migrated")
    migrated.pop("alembic_version")

    assert migrated == statements(tmp_path / "known")


def test_what_0001_wrote_is_brought_to_the_same_tables_with_every_row(tmp_path: Path) -> None:
    written_by_0001(tmp_path / "old")
    before = rows(tmp_path / "old")
    prepare(tmp_path / "new")

    prepare(tmp_path / "old")

    after = rows(tmp_path / "old")
    assert before.pop("alembic_version") == [("0001",)]
    assert after.pop("alembic_version") == [(HEAD,)]
    new = ("member", "original", "spent", "channel", "trigger_token")
    assert [after.pop(table) for table in new] == [[]] * len(new)
    assert after == before
    assert statements(tmp_path / "old") == statements(tmp_path / "new")


async def test_what_0001_wrote_is_understood(tmp_path: Path, url: str, key: Secret) -> None:
    written_by_0001(tmp_path / "state.db")

    async with await SqlStore.open(url, key) as store:
        annas = await store.read(lambda t: t.records_of_user("anna"))
        bos = await store.read(lambda t: t.records_of_user("bo"))
        accounts = await store.read(lambda t: t.accounts())
        settings = await store.read(lambda t: t.settings())
        history = await store.history()

    assert (annas, bos) == ((ONE,), (TWO,))
    assert [(a.user.guid, a.is_enabled, a.cursor) for a in accounts] == [
        ("anna", True, "token"),
        ("bo", False, None),
    ]
    assert (settings.selected, settings.api_user) == (frozenset({"meeting"}), "api")
    assert history == (replace(change("two", "removed", "bo"), id=2), replace(change("one"), id=1))


async def test_what_0001_wrote_can_be_given_members(tmp_path: Path, url: str, key: Secret) -> None:
    written_by_0001(tmp_path / "state.db")

    async with await SqlStore.open(url, key) as store:
        await store.write(lambda t: t.save([with_members(ONE, "cleo")]))

        assert await store.read(lambda t: t.records_of_user("cleo")) == (with_members(ONE, "cleo"),)


def test_the_newest_revision_is_the_one_the_code_names() -> None:
    directory = ScriptDirectory.from_config(schema._config(schema.MIGRATIONS))

    assert directory.get_current_head() == HEAD


def test_a_database_that_is_up_to_date_is_left_alone(tmp_path: Path) -> None:
    prepare(tmp_path / "db")
    before = (tmp_path / "db").read_bytes()

    prepare(tmp_path / "db")

    assert (tmp_path / "db").read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["db"]


async def test_a_copy_is_made_before_a_migration(tmp_path: Path, url: str, key: Secret) -> None:
    database = tmp_path / "state.db"
    async with await SqlStore.open(url, key) as store:
        await store.write(lambda t: t.save([linked("one")]))

    prepare(database, migrations=with_revision(tmp_path / "m", MAKES_A_TABLE), head=LATER)

    assert "later" in statements(database)
    copy = tmp_path / f"state.db.before-upgrade-from-{HEAD}"
    assert "later" not in statements(copy)
    async with await SqlStore.open(f"sqlite:///{copy}", key) as store:
        assert await store.read(lambda t: t.record("one")) == linked("one")


async def test_a_failing_migration_leaves_the_database_as_it_was(
    tmp_path: Path, url: str, key: Secret
) -> None:
    database = tmp_path / "state.db"
    async with await SqlStore.open(url, key) as store:
        await store.write(lambda t: t.save([linked("one")]))
    fails = with_revision(tmp_path / "m", f"{MAKES_A_TABLE}; op.drop_table('missing')")

    for _ in range(2):
        with pytest.raises(SyncError, match="missing"):
            prepare(database, migrations=fails, head=LATER)

    assert "later" not in statements(database)
    async with await SqlStore.open(url, key) as store:
        assert await store.read(lambda t: t.record("one")) == linked("one")


async def test_a_migration_that_would_tear_rows_apart_is_undone(
    tmp_path: Path, url: str, key: Secret
) -> None:
    async with await SqlStore.open(url, key) as store:
        await store.write(lambda t: t.save([linked("one")]))
    tears = with_revision(tmp_path / "m", "op.execute('DELETE FROM link')")

    with pytest.raises(SyncError, match="undone"):
        prepare(tmp_path / "state.db", migrations=tears, head=LATER)

    async with await SqlStore.open(url, key) as store:
        assert await store.read(lambda t: t.record("one")) == linked("one")


def test_a_newer_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    database = tmp_path / "db"
    prepare(database, migrations=with_revision(tmp_path / "m", MAKES_A_TABLE), head=LATER)

    with pytest.raises(SyncError, match="newer severa-gcal"):
        prepare(database)

    assert "later" in statements(database)


def test_somebody_elses_database_is_refused(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "db")) as connection:
        connection.execute("CREATE TABLE theirs (id)")

    with pytest.raises(SyncError, match="not a database of severa-gcal"):
        prepare(tmp_path / "db")

    assert set(statements(tmp_path / "db")) == {"theirs"}


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "db").write_text("a shopping list " * 1000)

    with pytest.raises(SyncError, match="not a database"):
        prepare(tmp_path / "db")
