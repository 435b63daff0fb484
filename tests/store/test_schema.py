import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from daemon.errors import SyncError
from daemon.secret import Secret
from daemon.store import migrations, schema
from daemon.store.schema import HEAD, prepare
from daemon.store.store import SqlStore
from daemon.store.tables import metadata
from tests.store.examples import linked

MAKES_A_TABLE = "op.create_table('later', sa.Column('id', sa.Integer))"


def statements(database: Path) -> dict[str, str]:
    """Return what every table and index was made with, without its layout."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        return {name: "".join(sql.split()).replace('"', "") for name, sql in rows}


def with_revision(directory: Path, deed: str) -> str:
    """Return the place of a copy of the migrations with a further one, `0002`."""
    assert migrations.__file__
    shutil.copytree(
        Path(migrations.__file__).parent,
        directory,
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    (directory / "versions" / "r0002_later.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n"
        "revision, down_revision = '0002', '0001'\n"
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

    prepare(database, migrations=with_revision(tmp_path / "m", MAKES_A_TABLE), head="0002")

    assert "later" in statements(database)
    copy = tmp_path / "state.db.before-upgrade-from-0001"
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
            prepare(database, migrations=fails, head="0002")

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
        prepare(tmp_path / "state.db", migrations=tears, head="0002")

    async with await SqlStore.open(url, key) as store:
        assert await store.read(lambda t: t.record("one")) == linked("one")


def test_a_newer_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    database = tmp_path / "db"
    prepare(database, migrations=with_revision(tmp_path / "m", MAKES_A_TABLE), head="0002")

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
