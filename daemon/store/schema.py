"""Brings a database to the form that this version works with."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from daemon.errors import SyncError
from daemon.store.engine import engine_of
from daemon.store.files import copy_database, drop_foreign_journal, make_private

if TYPE_CHECKING:
    from alembic.config import Config

HEAD: Final = "0003"
"""The newest revision in `migrations/`; a test keeps the two equal."""


MIGRATIONS: Final = "daemon.store:migrations"
"""Where Alembic finds the revisions, inside the package."""


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
        reason = error.orig if isinstance(error, DBAPIError) else error
        raise SyncError(f"{database} cannot be used as a database: {reason}.") from error


def _revision(database: Path) -> str:
    """Return the revision that the file is at, empty for a file without tables."""
    with closing(sqlite3.connect(database)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        if not tables:
            return ""
        if "alembic_version" not in tables:
            raise SyncError(f"{database} is not a database of severa-gcal.")
        (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(revision)


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
        raise SyncError(f"{database} was written by a newer severa-gcal; install that version.")


def _keep_copy(database: Path, revision: str) -> None:
    copy = database.with_name(f"{database.name}.before-upgrade-from-{revision}")
    # Left by an attempt that failed, after which the database is as it was.
    copy.unlink(missing_ok=True)
    copy_database(database, copy)


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
