"""Brings a database to the form that this version works with."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from daemon.errors import SyncError
from daemon.store.engine import engine_of, reason_of
from daemon.store.files import copy_database, drop_foreign_journal, make_private

if TYPE_CHECKING:
    from alembic.config import Config

HEAD: Final = "0006"
"""The newest revision in `migrations/`; a test keeps the two equal."""


MIGRATIONS: Final = "daemon.store:migrations"
"""Where Alembic finds the revisions, inside the package."""


BEFORE_UPGRADE: Final = ".before-upgrade-from-"
COPIES_KEPT: Final = 3
"""Of so many upgrades the database of before is kept."""


def prepare(database: Path, *, migrations: str = MIGRATIONS, head: str = HEAD) -> None:
    """Make the database, or bring it to `head` after a copy was put beside it.

    Raises:
        SyncError: It is not ours, damaged, or a newer version has written it.
    """
    make_private(database)
    drop_foreign_journal(database)
    try:
        revision = _revision(database)
        if revision == head:
            return
        config = _config(migrations)
        if revision:
            _require_known(database, revision, config)
            _keep_copy(database, revision)
        _migrate(database, config, head)
    except (sqlite3.DatabaseError, DBAPIError) as error:
        raise SyncError(f"{database} cannot be used as a database: {reason_of(error)}.") from error


def _revision(database: Path) -> str:
    """Return the revision that the file is at, empty for a file without tables."""
    with closing(sqlite3.connect(database)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        if not tables:
            return ""
        if "alembic_version" not in tables:
            raise SyncError(f"{database} is not a database of severa-gcal.")
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        if row is None:
            raise SyncError(f"{database} does not say which version wrote it; put a backup there.")
        return str(row[0])


def _config(migrations: str) -> "Config":
    # It takes half a second to import, and is needed after an upgrade only.
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", migrations.replace("%", "%%"))
    return config


def _require_known(database: Path, revision: str, config: "Config") -> None:
    from alembic.script import ScriptDirectory

    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision not in known:
        usable = [copy.name for copy in _copies(database) if _revision_in(copy.name) in known]
        back = f", or put {usable[-1]}, made before the upgrade, in its place" if usable else ""
        raise SyncError(
            f"{database} was written by a newer severa-gcal; install that version{back}."
        )


def _keep_copy(database: Path, revision: str) -> None:
    """Put a copy beside the database, and drop the oldest of those that earlier upgrades made.

    A copy of the same revision is replaced once the new one is whole: its upgrade failed, or was taken back.
    """
    copy = database.with_name(f"{database.name}{BEFORE_UPGRADE}{revision}")
    fresh = copy.with_name(f"{copy.name}.new")
    fresh.unlink(missing_ok=True)
    try:
        copy_database(database, fresh)
    except SyncError as error:
        raise SyncError(f"Nothing was upgraded, and the database is as it was. {error}") from error
    fresh.replace(copy)
    for old in _copies(database)[:-COPIES_KEPT]:
        old.unlink()


def _copies(database: Path) -> list[Path]:
    """Return the copies that upgrades made, the oldest revision first."""
    start = f"{database.name}{BEFORE_UPGRADE}"
    beside = (file for file in database.parent.iterdir() if file.name.startswith(start))
    return sorted(file for file in beside if _revision_in(file.name).isdigit())


def _revision_in(name: str) -> str:
    return name.rpartition(BEFORE_UPGRADE)[2]


def _migrate(database: Path, config: "Config", head: str) -> None:
    from alembic import command

    # A batch migration makes a parent table anew, and dropping the old one would take the children.
    engine = engine_of(database, has_foreign_keys=False)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, head)
        _require_whole(connection)


def _require_whole(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise SyncError(f"The migration was undone: it would leave {len(broken)} rows alone.")
