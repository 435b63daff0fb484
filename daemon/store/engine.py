"""SQLite as this store needs it, one connection and one thread at a time."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Concatenate, Final, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, NullPool, create_engine, event
from sqlalchemy.exc import DBAPIError, IntegrityError

from daemon.errors import SyncError, Transient

P = ParamSpec("P")
T = TypeVar("T")

BUSY_TIMEOUT_S: Final = 10.0
"""Nobody else writes, but a backup or an operator's shell may hold the file for a moment."""

TURN_TIMEOUT_S: Final = 60.0
"""How long a caller waits for its turn before the database counts as overloaded."""


def engine_of(path: Path, *, is_writer: bool, has_foreign_keys: bool = True) -> Engine:
    """Return an engine for a file; a reader cannot change it."""
    engine = create_engine(
        "sqlite://",
        creator=lambda: _connect(path, is_writer, has_foreign_keys),
        poolclass=NullPool,
        # A statement's parameters are people's calendars, and an error's text is logged.
        hide_parameters=True,
    )
    begin = "BEGIN IMMEDIATE" if is_writer else "BEGIN DEFERRED"

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A snapshot that is only read so far cannot be upgraded, so a writer locks from the start.
        connection.exec_driver_sql(begin)

    return engine


def _connect(path: Path, is_writer: bool, has_foreign_keys: bool) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,  # The driver's own BEGIN comes too late to protect a read.
        check_same_thread=False,
    )
    if is_writer:
        connection.execute("PRAGMA journal_mode = WAL")
        # What the vendors were told must not be forgotten in a power cut.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA foreign_keys = {'ON' if has_foreign_keys else 'OFF'}")
    else:
        connection.execute("PRAGMA query_only = ON")
    return connection


class Lane:
    """One connection and the one thread that uses it, so that a question costs one hop."""

    def __init__(self, path: Path, *, is_writer: bool) -> None:
        self._engine = engine_of(path, is_writer=is_writer)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._connection: Connection | None = None

    async def ask(
        self,
        question: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Answer a question in the thread; the first one after an end opens a transaction.

        Raises:
            SyncError: The database cannot be used (disk full, damaged, locked by somebody else).
            IntegrityError: A constraint was broken, which is a programmer's mistake.
        """

        def answer() -> T:
            if self._connection is None:
                self._connection = self._engine.connect()
            return question(self._connection, *args, **kwargs)

        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, answer)
        except IntegrityError:
            raise
        except DBAPIError as error:
            raise SyncError(f"The database cannot be used: {error.orig}.") from error

    async def commit(self) -> None:
        """Keep what was done since the last end."""
        await self.ask(Connection.commit)

    async def rollback(self) -> None:
        """Forget what was done since the last end."""
        await self.ask(Connection.rollback)

    async def close(self) -> None:
        """Close the connection and end the thread."""
        try:
            await self.ask(Connection.close)
        finally:
            self._thread.shutdown()


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
