"""SQLite as this store needs it: one connection that writes, a few that read."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import aiosqlite
from sqlalchemy import Connection, Engine, NullPool, create_engine, event
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from daemon.errors import SyncError, Transient

P = ParamSpec("P")
T = TypeVar("T")

BUSY_TIMEOUT_S: Final = 10.0
"""Nobody else writes, but a backup or an operator's shell may hold the file for a moment."""

CONNECTING: Final[dict[str, Any]] = {
    "timeout": BUSY_TIMEOUT_S,
    "isolation_level": None,  # The driver's own BEGIN comes too late to protect a read.
}

TURN_TIMEOUT_S: Final = 60.0
"""How long a caller waits for its turn before the database counts as overloaded."""


WHAT_TO_DO: Final = {
    sqlite3.SQLITE_FULL: "make room on the disk; nothing that was kept is lost",
    sqlite3.SQLITE_IOERR: "look at the disk; nothing that was kept is lost",
    sqlite3.SQLITE_READONLY: "let the daemon's user write the file and its directory",
    sqlite3.SQLITE_CANTOPEN: "let the daemon's user write the file and its directory",
    sqlite3.SQLITE_BUSY: "another program holds it; close that",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; put a backup in its place",
    sqlite3.SQLITE_NOTADB: "store.url names another file, or the file is damaged; put a backup in its place",
}


def reason_of(error: sqlite3.Error | DBAPIError) -> str:
    """Return what SQLite says is wrong, with what to do about it where that is known."""
    said = error.orig if isinstance(error, DBAPIError) else error
    # The upper bits only tell more about the same (SQLite, Result Codes).
    advice = WHAT_TO_DO.get(getattr(said, "sqlite_errorcode", 0) & 0xFF)
    return f"{said} ({advice})" if advice else str(said)


def async_engine_of(path: Path, *, is_writer: bool) -> AsyncEngine:
    """Return the engine that the store asks; a reader cannot change the file."""

    async def connect() -> aiosqlite.Connection:
        connection = await aiosqlite.connect(path, **CONNECTING)
        for pragma in _pragmas(is_writer=is_writer):
            await connection.execute(pragma)
        return connection

    engine = create_async_engine(
        "sqlite+aiosqlite://", async_creator=connect, poolclass=NullPool, hide_parameters=True
    )
    _begin_with(engine.sync_engine, is_writer=is_writer)
    return engine


def engine_of(path: Path, *, is_writer: bool = True, has_foreign_keys: bool = True) -> Engine:
    """Return an engine that needs no loop; migrations ask for one that does not follow foreign keys."""

    def connect() -> sqlite3.Connection:
        connection: sqlite3.Connection = sqlite3.connect(
            path, check_same_thread=False, **CONNECTING
        )
        for pragma in _pragmas(is_writer=is_writer, has_foreign_keys=has_foreign_keys):
            connection.execute(pragma)
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool, hide_parameters=True)
    _begin_with(engine, is_writer=is_writer)
    return engine


def _begin_with(engine: Engine, *, is_writer: bool) -> None:
    begin = "BEGIN IMMEDIATE" if is_writer else "BEGIN DEFERRED"

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A snapshot that is only read so far cannot be upgraded, so a writer locks from the start.
        connection.exec_driver_sql(begin)


def _pragmas(*, is_writer: bool, has_foreign_keys: bool = True) -> tuple[str, ...]:
    if not is_writer:
        return ("PRAGMA query_only = ON",)
    return (
        "PRAGMA journal_mode = WAL",
        # What the vendors were told must not be forgotten in a power cut.
        "PRAGMA synchronous = FULL",
        f"PRAGMA foreign_keys = {'ON' if has_foreign_keys else 'OFF'}",
    )


class Lane:
    """One connection, used by one transaction at a time."""

    def __init__(self, path: Path, *, is_writer: bool) -> None:
        self._engine = async_engine_of(path, is_writer=is_writer)
        self._connection: AsyncConnection | None = None

    async def ask(
        self,
        question: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Answer a question; the first one after an end opens a transaction.

        Raises:
            SyncError: The database cannot be used (disk full, damaged, locked by somebody else).
            IntegrityError: A constraint was broken, which is a programmer's mistake.
        """
        try:
            if self._connection is None:
                self._connection = await self._engine.connect()
            return await self._connection.run_sync(question, *args, **kwargs)
        except IntegrityError:
            raise
        except DBAPIError as error:
            raise SyncError(f"The database cannot be used: {reason_of(error)}.") from error

    async def commit(self) -> None:
        """Keep what was done since the last end."""
        await self.ask(Connection.commit)

    async def rollback(self) -> None:
        """Forget what was done since the last end."""
        await self.ask(Connection.rollback)

    async def close(self) -> None:
        """Close the connection."""
        try:
            if self._connection is not None:
                await self._connection.close()
        finally:
            await self._engine.dispose()


class Turns:
    """Lanes that callers take in the order in which they come."""

    def __init__(self, lanes: Sequence[Lane], *, timeout_s: float = TURN_TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._count = len(lanes)
        self._is_closed = False
        self._free: asyncio.Queue[Lane] = asyncio.Queue()
        for lane in lanes:
            self._free.put_nowait(lane)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Lane]:
        """Wait for a lane, and give it back.

        Raises:
            Transient: None became free in time.
        """
        assert not self._is_closed, "The store is closed."
        try:
            async with asyncio.timeout(self._timeout_s):
                lane = await self._free.get()
        except TimeoutError:
            raise Transient("The database is overloaded.") from None
        try:
            yield lane
        finally:
            self._free.put_nowait(lane)

    async def close(self) -> None:
        """Wait for those who came before, then close every lane."""
        if self._is_closed:
            return
        self._is_closed = True
        for _ in range(self._count):
            await (await self._free.get()).close()
