"""What becomes of an entry that cannot be brought further: put off, doubted or set aside; it stops no other (R3)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from daemon.core.link import Deed, Side, Stand, Standing
from daemon.core.record import Record
from daemon.core.schedule import pause
from daemon.errors import Exists, Gone, Refused, SyncError
from daemon.sync.ports import Transaction
from daemon.sync.tools import Tools


class Setbacks:
    """Keeps entries for later; each must be held by whoever calls."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def put_off_fault(self, record: Record, error: Exception) -> None:
        """Put an entry off that this program cannot cope with."""
        self._tools.report("entry.fault", entry=record.link.id, exc_info=error)
        await self.put_off(record, f"A fault of this program: {type(error).__name__}.")

    async def put_off(
        self, record: Record, problem: str, *, after: float | None = None, withdraw: bool = False
    ) -> None:
        """Let an entry wait for its next try; `withdraw` takes back the claim of a call that did nothing."""
        wait = pause(record.attempts, self._tools.chance())
        if after is not None:
            wait = timedelta(seconds=after)
        due_at = self._tools.now() + wait

        def put_off(kept: Record) -> Record:
            return replace(kept, due_at=due_at, attempts=kept.attempts + 1, problem=problem)

        kept = await self._amend(record, put_off, withdraw=withdraw)
        self._tools.report("entry.put-off", entry=record.link.id, attempts=kept.attempts)

    async def wait(self, record: Record, due_at: datetime, *, withdraw: bool = False) -> None:
        """Let an entry wait for a limit that is not its own fault: no attempt, and no problem of the entry's."""

        def waiting(kept: Record) -> Record:
            return replace(kept, due_at=due_at, problem="")

        await self._amend(record, waiting, withdraw=withdraw)

    async def doubt(self, record: Record, error: SyncError) -> None:
        """The world moved on since we looked: look again at once, then with growing pauses."""
        now = self._tools.now()

        def in_doubt(kept: Record) -> Record:
            claims = tuple(
                # Severa's adapter looks before it writes. But Google's 412, and a 404 on a removal, may answer
                # the second of two requests, where the first was carried out on a connection that dropped.
                claim
                for claim in kept.link.claims
                if claim in record.link.claims
                or claim.side is Side.GOOGLE
                or isinstance(error, Exists)
                or (isinstance(error, Gone) and claim.deed is Deed.REMOVE)
            )
            link = replace(kept.link, claims=claims, doubted=frozenset(Side))
            wait = (
                pause(kept.attempts - 2, self._tools.chance()) if kept.attempts > 1 else timedelta()
            )
            return replace(kept, link=link, due_at=now + wait, attempts=kept.attempts + 1)

        await self._amend(record, in_doubt)

    async def set_aside(self, record: Record, error: Refused) -> None:
        """Leave an entry alone that can never succeed, until somebody changes it (R3)."""
        aside = partial(standing, stand=Stand.SET_ASIDE, reason=str(error))
        await self._amend(record, aside, withdraw=True)
        self._tools.report("entry.set-aside", entry=record.link.id, reason=error.reason)

    async def _amend(
        self, record: Record, change: Callable[[Record], Record], *, withdraw: bool = False
    ) -> Record:
        """Change the record as it is kept now, without the claim of a call that certainly did nothing.

        One on which there is news stays due as it is, and one that is not kept any more is gone on both sides.
        """
        known = record.link.claims

        async def work(tx: Transaction) -> Record:
            kept = await tx.record(record.link.id)
            if kept is None:
                return record
            if withdraw:
                claims = tuple(claim for claim in kept.link.claims if claim in known)
                kept = replace(kept, link=replace(kept.link, claims=claims))
            if not self._tools.hands.is_disturbed(record.link.id):
                kept = change(kept)
            await tx.save([kept])
            return kept

        return await self._tools.store.write(work)


def standing(record: Record, stand: Stand, reason: str) -> Record:
    """Return a record that takes no part until somebody changes it or decides about it."""
    link = replace(record.link, standing=Standing(stand, reason))
    return replace(record, link=link, due_at=None, problem=reason)
