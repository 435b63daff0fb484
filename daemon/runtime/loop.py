"""One loop runs everything: the poll timer and every wake from outside come together here."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from daemon.core.schedule import pause
from daemon.errors import CompanyRefused, RateLimited, SyncError
from daemon.sync.engine import MORE

CAUSES_MAX: Final = 16
REST: Final = 1 / 10
"""Which part of the interval lies between two rounds at least, however long a round took."""
PAUSE_MAX: Final = timedelta(minutes=5)
"""A vendor that is down for hours is looked at again soon after it is back."""


class Waker:
    """Remembers that somebody wants a round sooner than the timer; many wakes make one round."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._causes: list[str] = []

    def wake(self, cause: str) -> None:
        """Ask for a round; one that is under way is followed by another."""
        if cause not in self._causes and len(self._causes) < CAUSES_MAX:
            self._causes.append(cause)
        self._event.set()

    async def wait(self, at_most: timedelta) -> str:
        """Return what woke us within `at_most`, or `poll`."""
        try:
            async with asyncio.timeout(at_most.total_seconds()):
                await self._event.wait()
        except TimeoutError:
            return "poll"
        self._event.clear()
        causes, self._causes = self._causes, []
        return ", ".join(causes) or "poll"


class Loop:
    """Runs round after round until it is told to stop; the interval is from start to start."""

    def __init__(
        self,
        round_: Callable[[str], Awaitable[bool]],
        waker: Waker,
        *,
        interval: timedelta,
        now: Callable[[], float],
        chance: Callable[[], float],
        report: Callable[..., None],
    ) -> None:
        """`now` is a steady clock in seconds."""
        self._now = now
        self._round, self._waker, self._interval = round_, waker, interval
        self._chance, self._report = chance, report
        self._is_stopping = False
        self._failures = 0
        self._told = ""

    def stop(self) -> None:
        """Begin nothing new; `run` returns when the round under way is done."""
        self._is_stopping = True
        self._waker.wake("stop")

    async def run(self) -> None:
        """Run until stopped; a round that fails is told once and tried again after a growing pause."""
        cause = "start"
        while not self._is_stopping:
            delay = await self._one(cause)
            if not self._is_stopping:
                cause = await self._waker.wait(delay)
                if cause == "poll" and not delay:
                    cause = MORE  # Nobody woke us: it is what the last round left.

    async def _one(self, cause: str) -> timedelta:
        started = self._now()
        try:
            is_done = await self._round("poll" if cause == "start" else cause)
        except SyncError as error:
            return self._failed(error)
        except Exception as error:
            # A fault of this program: pushes, triggers and pages go on, and the round is tried again.
            self._report("round.fault", exc_info=error)
            return self._failed(SyncError(f"A fault of this program: {type(error).__name__}."))
        self._failures, self._told = 0, ""
        passed = timedelta(seconds=self._now() - started)
        return max(self._interval - passed, self._interval * REST) if is_done else timedelta()

    def _failed(self, error: SyncError) -> timedelta:
        message = str(error)
        if message != self._told and not isinstance(error, CompanyRefused):
            self._report("round.failed", reason=message)
        self._told = message
        wait = self._interval
        if self._failures:
            wait = max(wait, min(pause(self._failures, self._chance()), PAUSE_MAX))
        self._failures += 1
        if isinstance(error, RateLimited) and error.retry_after is not None:
            wait = max(wait, timedelta(seconds=error.retry_after))
        return wait
