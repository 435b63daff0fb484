"""Everything that must outlive the process, in one SQLite file that one process holds."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from contextvars import ContextVar
from datetime import datetime
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, Self, TypeVar

from sqlalchemy import Connection

from daemon.core.record import Change, Record
from daemon.secret import Secret
from daemon.store import chronicle, company, entries
from daemon.store.engine import Lane, Turns
from daemon.store.files import Lock, copy_database, database_path
from daemon.store.memory import Memory, View
from daemon.store.schema import prepare
from daemon.store.secrets import SecretBox
from daemon.store.statistics import Statistics, statistics
from daemon.store.transaction import SqlTransaction

P = ParamSpec("P")
R = TypeVar("R")

READERS: Final = 2
"""Connections for reading, beside the one that writes."""

_is_inside: ContextVar[bool] = ContextVar("is_inside_transaction", default=False)


class SqlStore:
    """The store; it is had from `open` and ended with `close`, or used with `async with`."""

    def __init__(self, path: Path, lock: Lock, box: SecretBox, *, lane: type[Lane] = Lane) -> None:
        self._path = path
        self._lock = lock
        self._box = box
        self._memory = Memory()
        self._writer = Turns([lane(path, is_writer=True)])
        self._readers = Turns([lane(path, is_writer=False) for _ in range(READERS)])
        # Counting millions takes a while, in which nobody else is to wait; it connects when it is first asked.
        self._counter = Turns([lane(path, is_writer=False)])

    @classmethod
    async def open(cls, url: str, key: Secret) -> Self:
        """Make or open the database that `url` (`sqlite:////absolute/path`) names.

        Raises:
            Misused: The URL, its directory or the key is no good.
            SyncError: Another process has it, a newer version wrote it, it is damaged, or its
                secrets were locked with another key.
        """
        path, box = database_path(url), SecretBox(key)
        lock = Lock(path)
        try:
            await _finished(asyncio.to_thread(prepare, path))
            store = cls(path, lock, box)
        except BaseException:
            lock.release()
            raise
        try:
            await store._require_key()
        except BaseException:
            await store.close()
            raise
        return store

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Wait for the transactions under way, then let the database go."""
        await _finished(self._close())

    async def _close(self) -> None:
        # The writer goes last: the last one to leave folds the journal into the database.
        await self._readers.close()
        await self._counter.close()
        await self._writer.close()
        self._lock.release()

    async def write(self, work: Callable[[SqlTransaction], Awaitable[R]]) -> R:
        """Run `work` in one transaction that is either kept whole or not at all.

        A caller that is cancelled meanwhile waits for the outcome and is then cancelled.

        Raises:
            Transient: It was never this caller's turn.
            SyncError: The database cannot be used.
        """
        assert not _is_inside.get(), "A transaction is open already; use that one."
        async with self._writer.turn() as lane:
            view = View(self._memory, is_writer=True)
            return await _finished(_transact(lane, self._box, view, work, Lane.commit))

    async def read(self, work: Callable[[SqlTransaction], Awaitable[R]]) -> R:
        """Run `work`, which only reads, on one consistent picture; raises as `write` does.

        Settings and users may be a moment older than the rest of it, never newer.
        """
        assert not _is_inside.get(), "A transaction is open already; use that one."
        async with self._readers.turn() as lane:
            view = View(self._memory, is_writer=False)
            return await _finished(_transact(lane, self._box, view, work, Lane.rollback))

    async def history(
        self,
        *,
        user: str | None = None,
        entry: str | None = None,
        since: datetime | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> tuple[Change, ...]:
        """Return the changes that fit, the newest first; `before` is the id to go on from."""
        return await self._ask(
            chronicle.latest, user=user, entry=entry, since=since, before=before, limit=limit
        )

    async def change(self, change_id: int) -> Change | None:
        """Return one change of the history."""
        return await self._ask(chronicle.by_id, change_id)

    async def problems(self, user: str | None = None) -> tuple[Record, ...]:
        """Return the entries (of this owner) that have a problem or do not take part."""
        return await self._ask(entries.needing_attention, user)

    async def statistics(self) -> Statistics:
        """Count what an operator watches; it takes a second or so where there are millions."""
        assert not _is_inside.get(), "A transaction is open already; use that one."

        async def work(transaction: SqlTransaction) -> Statistics:
            return await transaction.ask(statistics, self._path)

        async with self._counter.turn() as lane:
            view = View(self._memory, is_writer=False)
            return await _finished(_transact(lane, self._box, view, work, Lane.rollback))

    async def secret(self, name: str) -> Secret | None:
        """Return a secret."""
        locked = await self._ask(company.ciphertext, name)
        return self._box.unlock(locked) if locked is not None else None

    async def put_secret(self, name: str, secret: Secret) -> None:
        """Keep a secret in place of an earlier one of that name."""
        await self._do(company.save_ciphertext, name, self._box.lock(secret))

    async def forget_secret(self, name: str) -> None:
        """Drop a secret."""
        await self._do(company.forget_ciphertext, name)

    async def backup(self, target: Path) -> None:
        """Write a consistent copy under a name that is free; the encryption key is not in it.

        Raises:
            Misused: The name is taken, or its directory is not there or not writable.
            SyncError: The copy could not be made.
        """
        await asyncio.to_thread(copy_database, self._path, target)

    async def _require_key(self) -> None:
        locked = await self._ask(company.any_ciphertext)
        if locked is not None:
            self._box.unlock(locked)

    async def _ask(
        self,
        question: Callable[Concatenate[Connection, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        return await self.read(lambda transaction: transaction.ask(question, *args, **kwargs))

    async def _do(
        self,
        deed: Callable[Concatenate[Connection, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        return await self.write(lambda transaction: transaction.ask(deed, *args, **kwargs))


async def _transact(
    lane: Lane,
    box: SecretBox,
    view: View,
    work: Callable[[SqlTransaction], Awaitable[R]],
    end: Callable[[Lane], Awaitable[None]],
) -> R:
    # Set in the context of this task only, and so gone with it.
    _is_inside.set(True)
    transaction = SqlTransaction(lane, box, view)
    try:
        result = await work(transaction)
        transaction.end()
        await view.commit(lambda: end(lane))
    except BaseException:
        transaction.end()
        await lane.rollback()
        raise
    return result


async def _finished(work: Coroutine[Any, Any, R]) -> R:
    """Run to the end in a task of its own; whoever is cancelled meanwhile waits for that end."""
    task = asyncio.create_task(work, name="store")
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([task])
        raise
