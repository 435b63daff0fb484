"""The real store for stories: SQLite in files, asked without threads, so that the same seed tells the same story."""

import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from daemon.core.account import Settings
from daemon.core.record import Change, Record
from daemon.errors import SyncError
from daemon.store import chronicle, company
from daemon.store.codec import decode_link
from daemon.store.engine import Lane, engine_of, reason_of
from daemon.store.files import Lock, copy_database
from daemon.store.schema import prepare
from daemon.store.secrets import SecretBox, key_in
from daemon.store.store import SqlStore
from daemon.store.tables import link
from daemon.store.transaction import SqlTransaction

from .story import Outcome, play

P = ParamSpec("P")
R = TypeVar("R")

HISTORY_MAX = 1_000_000


def play_on_sqlite(seed: int, **asked: Any) -> Outcome:
    """Play the story of a seed on the real store."""
    with TemporaryDirectory() as directory:
        shelf = Shelf(Path(directory))
        try:
            return play(seed, store=shelf, **asked)
        finally:
            shelf.close()


class Inline(Lane):
    """A connection that answers at once: a story's loop knows of no thread that it could wait for."""

    def __init__(self, path: Path, *, is_writer: bool) -> None:
        super().__init__(path, is_writer=is_writer)
        self._inline = engine_of(path, is_writer=is_writer)
        self._open: Connection | None = None

    async def ask(
        self, question: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        return self.now(question, *args, **kwargs)

    def now(
        self, question: Callable[Concatenate[Connection, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Answer without a loop."""
        try:
            if self._open is None:
                self._open = self._inline.connect()
                # Processes die here, power does not fail.
                self._open.connection.cursor().execute("PRAGMA synchronous = OFF")
            return question(self._open, *args, **kwargs)
        except IntegrityError:
            raise
        except DBAPIError as error:
            raise SyncError(f"The database cannot be used: {reason_of(error)}.") from error

    def end(self) -> None:
        """Close the connection."""
        if self._open is not None:
            self._open.close()
            self._open = None
        self._inline.dispose()


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup of the database, and the last line of the history in it."""

    path: Path
    last_change: int


class Shelf:
    """The store of a story, with what its book asks beside; after a death it goes on with the files as they were."""

    def __init__(self, directory: Path) -> None:
        self._directory, self._count = directory, 0
        self._box = SecretBox(key_in(directory / "key"))
        self._path = directory / "0" / "state.db"
        self._path.parent.mkdir()
        self._open()

    def _open(self) -> None:
        self._lanes: list[Inline] = []
        prepare(self._path)
        self._lock = Lock(self._path)
        self._store = SqlStore(self._path, self._lock, self._box, lane=self._lane)
        self._peeking = Inline(self._path, is_writer=False)
        self._lanes.append(self._peeking)
        self._forget()
        self._known: dict[str, tuple[Any, Record]] = {}

    def _lane(self, path: Path, *, is_writer: bool) -> Inline:
        lane = Inline(path, is_writer=is_writer)
        self._lanes.append(lane)
        return lane

    def _forget(self) -> None:
        self._records: dict[str, Record] | None = None
        self._history: list[Change] | None = None
        self._settings: Settings | None = None

    def close(self) -> None:
        """Let the files go."""
        for lane in self._lanes:
            lane.end()
        self._lock.release()

    # What the engine asks

    async def write(self, work: Callable[[SqlTransaction], Awaitable[R]]) -> R:
        """Run `work` in one transaction, and forget what was known of the tables."""

        async def noted(tx: SqlTransaction) -> R:
            return await work(_Noting(tx, self._known))  # type: ignore[arg-type]

        try:
            return await self._store.write(noted)
        finally:
            self._forget()

    async def read(self, work: Callable[[SqlTransaction], Awaitable[R]]) -> R:
        """Run `work`, which only reads, on one picture."""
        return await self._store.read(work)

    # What the story does with it

    def restart(self) -> None:
        """Go on with the files as a process leaves them that is killed: its journal is not folded in."""
        self._count += 1
        after = self._directory / str(self._count) / "state.db"
        after.parent.mkdir()
        for file in self._path.parent.iterdir():
            shutil.copy2(file, after.parent / file.name)
        self.close()
        shutil.rmtree(self._path.parent)
        self._path = after
        self._open()

    def snapshot(self) -> Backup:
        """Make a backup, as the command does."""
        target = self._directory / f"backup {self._count}.{len(self.history)}"
        copy_database(self._path, target)
        return Backup(target, max((change.id for change in self.history), default=0))

    def restore(self, kept: Backup) -> None:
        """Put a backup in the place of the database of a process that was killed."""
        self.restart()
        self.close()
        shutil.copy2(kept.path, self._path)
        self._open()

    # What the book of a story asks

    @property
    def records(self) -> dict[str, Record]:
        """What is kept about the entries; what was not saved since is the same object as before."""
        if self._records is None:
            rows = self._peek(_rows)
            self._known = {row.id: self._record(row) for row in rows}
            self._records = {link_id: record for link_id, (_, record) in self._known.items()}
        return self._records

    @property
    def history(self) -> list[Change]:
        """The history, the oldest first."""
        if self._history is None:
            anything: dict[str, Any] = dict.fromkeys(("user", "entry", "since", "before"))
            latest = partial(chronicle.latest, limit=HISTORY_MAX, **anything)
            self._history = list(reversed(self._peek(latest)))
        return self._history

    @property
    def settings(self) -> Settings:
        """What is kept of the company's settings."""
        if self._settings is None:
            self._settings = self._peek(company.company_settings)
        return self._settings

    def _record(self, row: Any) -> tuple[Any, Record]:
        known = self._known.get(row.id)
        if known is not None and known[0] == row:
            return known
        _, document, *rest = row
        return row, Record(decode_link(document), *rest)

    def _peek(self, question: Callable[[Connection], R]) -> R:
        try:
            return self._peeking.now(question)
        finally:
            self._peeking.now(Connection.rollback)


def _rows(connection: Connection) -> list[Any]:
    names = ("id", "document", "due_at", "attempts", "problem", "cause", "noticed_at", "looked_at")
    return list(connection.execute(select(*(link.c[name] for name in names))))


class _Noting:
    """A transaction that forgets the records that are saved: to the book what was saved is another object."""

    def __init__(self, tx: SqlTransaction, known: dict[str, tuple[Any, Record]]) -> None:
        self._tx, self._known = tx, known

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)

    async def save(self, records: Any) -> None:
        await self._tx.save(records)
        for record in records:
            self._known.pop(record.link.id, None)
