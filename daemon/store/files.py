"""The files of a database: where they are, who holds them, and copies of them."""

import fcntl
import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from daemon.errors import Misused, SyncError

PREFIX: Final = "sqlite:///"
OWNER_ONLY: Final = 0o600
NO_JOURNAL: Final = b"\x01\x01"


def database_path(url: str) -> Path:
    """Return the file that `sqlite:////absolute/path` names, in a directory that can be written.

    Raises:
        Misused: It is another kind of URL, or the directory is not there or not writable.
    """
    path = Path(url.removeprefix(PREFIX))
    if not url.startswith(PREFIX) or not path.is_absolute():
        # The URL itself is not shown: that of a server holds a password.
        raise Misused("store.url must be sqlite:////absolute/path.")
    path = path.resolve()
    require_directory(path.parent)
    if path.is_dir():
        raise Misused(f"store.url names a directory: {path}.")
    return path


def require_directory(directory: Path) -> None:
    """Raise `Misused` unless files can be made in a directory."""
    if not directory.is_dir():
        raise Misused(f"The directory {directory} does not exist; make it first.")
    if not os.access(directory, os.W_OK | os.X_OK):
        raise Misused(f"The directory {directory} cannot be written.")


class Lock:
    """Keeps a second process away from a database; the kernel lets go when this one dies."""

    def __init__(self, database: Path) -> None:
        # It is never removed: a process that has just opened it would hold a file nobody else sees.
        file = _opened(database.with_name(f"{database.name}.lock"))
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            raise SyncError(f"{database} is in use by another severa-gcal process.") from None
        self._file: int | None = file

    def release(self) -> None:
        """Let the next one in; a second time does nothing."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def make_private(path: Path) -> None:
    """Make an empty file that only its owner can read, unless the file is there."""
    # SQLite gives its journal files the permissions of the database.
    os.close(_opened(path))


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, OWNER_ONLY)
    except OSError as error:
        raise SyncError(f"{path} cannot be opened: {error.strerror}.") from error


def drop_foreign_journal(database: Path) -> None:
    """Remove a journal that belongs to the database whose place this one, a backup, has taken.

    SQLite would fold it in and so destroy both. A backup says in its header that it has no journal
    (SQLite, Database File Format, 1.3: bytes 18 and 19); the store's own database never does.
    """
    with database.open("rb") as file:
        versions = file.read(20)[18:]
    if versions == NO_JOURNAL:
        for suffix in ("-wal", "-shm"):
            database.with_name(f"{database.name}{suffix}").unlink(missing_ok=True)


def copy_database(database: Path, target: Path) -> None:
    """Write a consistent copy under a name that is free, also while the database is written.

    Raises:
        Misused: The name is taken, or its directory is not there or not writable.
        SyncError: The copy could not be made, and nothing is left of it.
    """
    require_directory(target.parent)
    if target.exists():
        raise Misused(f"{target} exists already.")
    part = target.with_name(f"{target.name}.part")
    try:
        part.unlink(missing_ok=True)
        make_private(part)
        _vacuum_into(database, part)
        # A link, unlike a rename, never replaces what came to be there meanwhile.
        target.hardlink_to(part)
    except (sqlite3.Error, OSError) as error:
        raise SyncError(f"The copy {target} could not be made: {error}.") from error
    finally:
        with suppress(OSError):
            part.unlink()


def _vacuum_into(database: Path, target: Path) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))
    with closing(sqlite3.connect(target, isolation_level=None)) as copy:
        # Whoever opens it is to know that what was linked since is not in it.
        copy.execute("PRAGMA journal_mode = DELETE")
        marked = "json_set(document, '$.is_copy', json('true'))"
        copy.execute(f"UPDATE settings SET document = {marked}")  # noqa: S608 - nothing from outside
        (said,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
        if said != "ok":
            raise sqlite3.DatabaseError(f"it would be damaged ({said})")
    with target.open("rb") as file:
        os.fsync(file.fileno())
