"""Time that passes only when everybody sleeps."""

import asyncio
import heapq
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TypeVar

T = TypeVar("T")

NOON = datetime(2026, 3, 2, 20, tzinfo=UTC)
"""Noon in California."""
YIELDS = 25
"""So often everybody has a go before time passes: more than any chain of wakings is long."""


class VirtualTime:
    """A monotonic clock, a calendar clock and a sleep that belong together."""

    def __init__(self, start: datetime = NOON) -> None:
        self.seconds = 0.0
        self._start = start
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = count()

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.seconds)

    async def sleep(self, seconds: float) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.seconds + seconds, next(self._numbers), woken))
        await woken

    async def run(self, work: Awaitable[T]) -> T:
        """Do the work, letting time pass whenever nobody can go on."""
        task = asyncio.ensure_future(work)
        while not task.done():
            await self._settle()
            if not task.done():
                self._wake_next()
        return task.result()

    async def pass_by(self, seconds: float) -> None:
        """Let so much time pass, with whatever happens in it."""
        await self.run(self.sleep(seconds))
        await self._settle()

    async def _settle(self) -> None:
        for _ in range(YIELDS):
            await asyncio.sleep(0)

    def _wake_next(self) -> None:
        while self._sleepers:
            at, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                self.seconds = max(self.seconds, at)
                woken.set_result(None)
                return
        raise AssertionError("Everybody waits, and nobody will ever wake up.")
