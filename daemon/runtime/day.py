"""Counts the units that Google charges in a day, across restarts, and never lets them exceed the limit (R1)."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Final

from daemon.core.spent import Spent, day_of, end_of, gap_after
from daemon.sync.ports import Store, Transaction

KEEP_EVERY_S: Final = 60.0
AHEAD_MIN: Final = 100
LONGEST_DAY: Final = timedelta(hours=25)
"""When clocks are put back."""


class Day:
    """The units of Google's present day; one for all users.

    What is kept runs ahead of what was spent, by twice what the last minute took: so a calm daemon writes it a few
    times a day and never because of a poll, and one that died begins with too many rather than too few.
    """

    def __init__(self, limit: int, now: Callable[[], datetime]) -> None:
        self._limit, self._now = limit, now
        self._day = day_of(now())
        self._ends_at = end_of(self._day)
        self._units = 0
        self._free_at = now()
        self._kept: Spent | None = None
        self._counted = 0
        """The units at the latest look at whether to keep them."""

    @property
    def units(self) -> int:
        """How many units of the present day are spent, as far as is known."""
        self._turn_over()
        return self._units

    def wait_s(self, units: int) -> float:
        """Return after how many seconds these units may go."""
        now = self._turn_over()
        if self._units + units > self._limit:
            return (self._ends_at - now).total_seconds()
        return max((self._free_at - now).total_seconds(), 0.0)

    def take(self, units: int) -> None:
        """Count units that go now."""
        now, left = self._turn_over(), self._limit - self._units
        self._free_at = now + gap_after(units, left, self._limit, self._ends_at - now)
        self._units += units

    def rest_s(self) -> float:
        """Return how many seconds the present day still lasts."""
        return (self._ends_at - self._turn_over()).total_seconds()

    def _turn_over(self) -> datetime:
        """Begin a new day where one has begun, and return the present instant."""
        now = self._now()
        if now >= self._ends_at:
            self._begin(day_of(now), 0)
            self._free_at = now
        elif now < self._ends_at - LONGEST_DAY:
            # The clock was set back by days: what is spent counts for the day that it shows now.
            self._begin(day_of(now), self._units)
            self._free_at = now
        return now

    def _begin(self, day: date, units: int) -> None:
        self._day, self._ends_at = day, end_of(day)
        self._units = self._counted = units

    # Across restarts

    async def load(self, store: Store) -> None:
        """Go on from what was kept, unless that was on another day."""
        self._kept = await store.read(lambda tx: tx.spent())
        self._turn_over()
        if self._kept is not None and self._kept.day == self._day:
            self._begin(self._day, self._kept.units)

    async def keep(self, store: Store) -> None:
        """Keep the count if what is kept would soon be less than what is spent; to be called every minute."""
        self._turn_over()
        taken, self._counted = self._units - self._counted, self._units
        kept = self._kept.units if self._kept and self._kept.day == self._day else 0
        if taken and kept < self._units + taken:
            ahead = min(self._units + max(2 * taken, AHEAD_MIN), self._limit)
            await self._keep(store, ahead)

    async def keep_exactly(self, store: Store) -> None:
        """Keep the count as it is, where the program ends by itself."""
        self._turn_over()
        if self._units:
            await self._keep(store, self._units)

    async def _keep(self, store: Store, units: int) -> None:
        spent = Spent(self._day, units)
        if spent == self._kept:
            return

        async def work(tx: Transaction) -> None:
            await tx.save_spent(spent)

        await store.write(work)
        self._kept = spent
