"""Which entries are being worked on, by one piece of work each, and whether others stored news of them meanwhile.

Many users are served at the same time, and an entry may be several users'. Whoever works on an entry holds it, and
keeps in mind what it read of it before. Others store what they see of it, and say so here: from then on the holder
writes nothing and keeps nothing but the answer to what it wrote already, so that the entry is decided on anew. This
lives in memory, as the work does; what has to outlive the process is in the store.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Final

from daemon.core.guard import Step
from daemon.core.record import Record


class Disturbed(Exception):
    """There is news on an entry since its holder read it."""


class Held(Exception):
    """Somebody works on some of the entries that are needed."""

    def __init__(self, link_ids: Collection[str]) -> None:
        super().__init__("Somebody else works on some of these entries.")
        self.link_ids = link_ids


class Hands:
    """Who holds which entry; as many as are worked on at once."""

    def __init__(self) -> None:
        self._held: dict[str, bool] = {}
        """The entries that are held, and whether there was news on them since."""
        self._dropped = asyncio.Event()
        self.removing: Final[dict[str, Step]] = {}
        """Deletions that were decided on and are not in the history yet: they count for a flood as well (D5)."""
        self.planning: Final = asyncio.Lock()
        """One plan is made at a time, so that a flood is counted whole."""
        self.for_others: Final = asyncio.Lock()
        """Held while an activity is looked for that could be an entry of somebody who does not use the sync (E2)."""

    def holds(self, link_id: str) -> bool:
        """Tell whether somebody works on this entry."""
        return link_id in self._held

    def take(self, records: Sequence[Record]) -> tuple[Record, ...]:
        """Hold those that nobody holds and return them; `drop` them in the end."""
        free = tuple(record for record in records if record.link.id not in self._held)
        self._held |= dict.fromkeys((record.link.id for record in free), False)
        return free

    def drop(self, records: Collection[Record]) -> None:
        """Hold these no longer."""
        for record in records:
            self._held.pop(record.link.id, None)
            self.removing.pop(record.link.id, None)
        self._dropped.set()
        self._dropped = asyncio.Event()

    def require_free(self, link_ids: Collection[str]) -> None:
        """Raise `Held` where somebody works on one of these."""
        if any(map(self.holds, link_ids)):
            raise Held(link_ids)

    async def until_free(self, link_ids: Collection[str]) -> None:
        """Wait until nobody works on these any more; as long as a call to a vendor may take."""
        while any(map(self.holds, link_ids)):
            await self._dropped.wait()

    def disturb(self, link_id: str) -> bool:
        """Say that there is news on an entry; tell whether somebody holds it."""
        if link_id not in self._held:
            return False
        self._held[link_id] = True
        return True

    def is_disturbed(self, link_id: str) -> bool:
        """Tell whether there was news on an entry since it was taken."""
        return self._held.get(link_id, False)

    def undisturbed(self, records: Sequence[Record]) -> list[Record]:
        """Return those on which there was no news: the others are decided on anew."""
        return [record for record in records if not self.is_disturbed(record.link.id)]


class Gate:
    """Lets many work at once, or one alone while nobody else does; whoever asks to be alone comes next."""

    def __init__(self) -> None:
        self._inside = 0
        self._alone = asyncio.Lock()
        self._is_empty = asyncio.Event()
        self._is_empty.set()

    @asynccontextmanager
    async def shared(self) -> AsyncIterator[None]:
        """Work beside others; whoever is inside already may not ask again."""
        async with self._alone:
            self._inside += 1
            self._is_empty.clear()
        try:
            yield
        finally:
            self._inside -= 1
            if not self._inside:
                self._is_empty.set()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Work when all others are done, and keep new ones out."""
        async with self._alone:
            await self._is_empty.wait()
            yield


class Turns:
    """A lock for each user who is just looked at: one look at a time; as many as there are looks."""

    def __init__(self) -> None:
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def of(self, user: str) -> AsyncIterator[None]:
        """Hold the turn of this user."""
        lock, waiting = self._locks.get(user, (asyncio.Lock(), 0))
        self._locks[user] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            lock, waiting = self._locks[user]
            if waiting == 1:
                del self._locks[user]
            else:
                self._locks[user] = (lock, waiting - 1)
