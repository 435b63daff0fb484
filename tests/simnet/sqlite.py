"""aiosqlite without its thread: statements run in the loop, after a moment by chance."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from random import Random
from typing import Any

import aiosqlite

from .loop import PROCESS

WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE", "COMMIT")
MOMENT_S = (0.0, 0.002)
"""How long a statement takes, which is when others get their turn."""


class _Queue:
    """Stands where statements are handed to the thread."""

    def __init__(
        self, rng: Random, told: Callable[[], None], is_refused: Callable[[str], bool]
    ) -> None:
        self._rng, self._told, self._is_refused = rng, told, is_refused

    def put_nowait(self, item: tuple[asyncio.Future[Any] | None, Callable[[], Any]]) -> None:
        future, work = item
        result, error = None, None
        try:
            if self._is_refused(_said(work)):
                _fail(work)
            result = work()
        except BaseException as raised:
            error = raised
        self._told()
        if future is not None:
            loop = future.get_loop()
            loop.call_later(self._rng.uniform(*MOMENT_S), _settle, future, result, error)


class _NoThread:
    """Stands where the thread would be."""

    daemon = True

    def start(self) -> None:
        """Statements run when they are handed over."""


class InlineConnection(aiosqlite.Connection):
    """A connection that belongs to one simulated process."""

    def __init__(
        self,
        connector: Callable[[], sqlite3.Connection],
        rng: Random,
        told: Callable[[], None],
        is_refused: Callable[[str], bool],
    ) -> None:
        super().__init__(connector, 64)
        self._tx = _Queue(rng, told, is_refused)  # type: ignore[assignment]
        self._thread = _NoThread()  # type: ignore[assignment]
        self.process = PROCESS.get()

    async def execute(self, sql: str, parameters: Any = None) -> Any:
        """Execute, without waiting for a disk: here processes die, and machines do not."""
        if sql.startswith("PRAGMA synchronous"):
            sql = "PRAGMA synchronous = OFF"
        return await super().execute(sql, parameters)

    def die(self) -> None:
        """Let go of the file, without what was not committed."""
        self._running = False
        if self._connection is not None:
            if self._connection.in_transaction:
                # A connection that a dead cursor still points to would keep its lock after it is closed.
                self._connection.execute("ROLLBACK")
            self._connection.close()
            self._connection = None


class Databases:
    """The connections of all processes."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._open: list[InlineConnection] = []
        self.told: Callable[[], None] = lambda: None
        """Is called after each statement."""
        self.full = 0.0
        """How likely a statement that writes finds the disk full."""

    def connect(self, path: Any, **kwargs: Any) -> InlineConnection:
        """Stand in for `aiosqlite.connect`; who holds a lock cannot let go while another waits, as nobody else runs."""
        kwargs["timeout"] = 0
        one = InlineConnection(
            lambda: sqlite3.connect(path, **kwargs), self._rng, self._tell, self._is_refused
        )
        self._open = [kept for kept in self._open if kept._running]
        self._open.append(one)
        return one

    def kill(self, process: str) -> None:
        """Close what a process has open, as the kernel does for one that died."""
        for one in self._open:
            if one.process == process:
                one.die()

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Let everybody connect here."""
        real, aiosqlite.connect = aiosqlite.connect, self.connect  # type: ignore[assignment]
        try:
            yield
        finally:
            aiosqlite.connect = real

    def _tell(self) -> None:
        self.told()

    def _is_refused(self, said: str) -> bool:
        return bool(self.full) and said.startswith(WRITES) and self._rng.random() < self.full


def _fail(work: Callable[[], Any]) -> None:
    """Fail as SQLite does, which goes back to before the transaction that it could not keep."""
    where = work.func.__self__ if isinstance(work, partial) else None
    if isinstance(where, sqlite3.Connection):
        where.rollback()
    raise sqlite3.OperationalError("database or disk is full")


def _said(work: Callable[[], Any]) -> str:
    """Return the statement that is handed over, or what is done instead of one."""
    if not isinstance(work, partial):
        return ""
    given = work.args[0] if work.args else ""
    return given.upper() if isinstance(given, str) and given else work.func.__name__.upper()


def _settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    with suppress(asyncio.InvalidStateError):
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)
