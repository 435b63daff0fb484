"""Stays below the vendors' limits: one budget for Severa, one for Google with each user's part in it (R1)."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from enum import IntEnum
from typing import Final

from daemon.google.errors import DAY_PAUSE_S, Limit
from daemon.runtime.day import Day
from daemon.runtime.pace import Bucket, Slowdown, by_the_minute
from daemon.runtime.turns import Turns

USERS_MAX: Final = 20_000
SEVERA_PAUSES_S: Final = (1.0, 30.0)
"""The first and the longest pause where Severa names none; its limit counts single seconds."""
GOOGLE_PAUSES_S: Final = (1.0, 64.0)
"""Likewise for Google ("Handle API errors": truncated exponential back-off)."""
CROWD: Final = 3
"""So many users who meet a limit that Google does not name have met the project's."""
CROWD_S: Final = 60.0

Sleep = Callable[[float], Awaitable[None]]


class Lane(IntEnum):
    """What a piece of work is for; the lower number goes first, and none waits for ever."""

    URGENT = 0
    """A trigger or a push: somebody looks at the screen."""
    NORMAL = 1
    """A poll."""
    BACKGROUND = 2
    """A sweep, or a first sync."""


_lane: ContextVar[Lane] = ContextVar("lane", default=Lane.NORMAL)
_user: ContextVar[str] = ContextVar("user", default="")


@contextmanager
def lane(of: Lane, user: str = "") -> Iterator[None]:
    """Let all calls in this piece of work, tasks that it starts included, go in this lane and on this user's turns.

    Without `user` (a Severa guid) its calls to Severa take their turns as the company's, which counts as one more user.
    """
    lane_token, user_token = _lane.set(of), _user.set(user)
    try:
        yield
    finally:
        _user.reset(user_token)
        _lane.reset(lane_token)


def is_urgent() -> bool:
    """Tell whether this piece of work goes before all others."""
    return _lane.get() is Lane.URGENT


class SeveraBudget:
    """Spaces requests evenly: Severa counts fixed seconds, so a burst at their border would be too many."""

    def __init__(
        self,
        per_second: float,
        *,
        monotonic: Callable[[], float],
        sleep: Sleep,
        chance: Callable[[], float],
    ) -> None:
        self._monotonic, self._chance = monotonic, chance
        self._bucket = Bucket(1.0, per_second)
        self._slowdown = Slowdown(*SEVERA_PAUSES_S)
        self.spent = 0
        """How many requests went so far."""
        self.turns = Turns(self, lanes=len(Lane), monotonic=monotonic, sleep=sleep)

    async def spend(self) -> None:
        """Wait until one more request may go.

        Raises:
            RateLimited: It would have to wait too long.
        """
        await self.turns.wait(_user.get(), 1, _lane.get())

    def limited(self, after_s: float | None) -> None:
        """Let everybody wait, as Severa had one request too many."""
        now = self._monotonic()
        self._bucket.pause(self._slowdown.meet(now, after_s, self._chance()))
        self.turns.look_again()

    # What `Turns` asks

    def wait_s(self, units: int, now: float) -> float:
        """See `daemon.runtime.turns.Pace`."""
        self._bucket.share = self._slowdown.share(now)
        return self._bucket.wait_s(units, now)

    def user_wait_s(self, user: str, units: int, now: float) -> float:
        """See `daemon.runtime.turns.Pace`; Severa counts the whole company as one."""
        return 0.0

    def take(self, user: str, units: int, now: float) -> None:
        """See `daemon.runtime.turns.Pace`."""
        self.spent += units
        self._bucket.take(units, now)


class _Part:
    """What one user may spend."""

    def __init__(self, per_minute: int) -> None:
        self.bucket = by_the_minute(per_minute)
        self.slowdown = Slowdown(*GOOGLE_PAUSES_S)


class GoogleBudget:
    """Units (a patch counts three) for each user and for the whole project by the minute, and for it by the day."""

    def __init__(
        self,
        *,
        per_minute: int,
        per_minute_per_user: int,
        per_day: int,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        sleep: Sleep,
        chance: Callable[[], float],
    ) -> None:
        self._monotonic, self._chance = monotonic, chance
        self._project, self._slowdown = by_the_minute(per_minute), Slowdown(*GOOGLE_PAUSES_S)
        self._per_user = per_minute_per_user
        self._parts: OrderedDict[str, _Part] = OrderedDict()
        self._crowd: dict[str, float] = {}
        """When users met a limit that Google did not name; fewer than `CROWD`."""
        self.day = Day(per_day, now)
        self.turns = Turns(self, lanes=len(Lane), monotonic=monotonic, sleep=sleep)

    async def spend(self, user: str, units: int) -> None:
        """Wait until these units may be spent on this user's calendar.

        Raises:
            RateLimited: It would have to wait too long, or the day is used up.
        """
        await self.turns.wait(user, units, _lane.get())

    def limited(self, user: str, limit: Limit, after_s: float | None) -> None:
        """Let those wait whose limit was met: this user, or everybody.

        Of a calendar's own limit nothing is done here, since it concerns writes alone.
        """
        now = self._monotonic()
        if limit is Limit.DAY:
            pause_s = min(self.day.rest_s(), max(after_s or 0.0, DAY_PAUSE_S))
            self._project.pause(now + pause_s)
        elif limit is Limit.PROJECT or (limit is Limit.UNSAID and self._is_crowd(user, now)):
            self._project.pause(self._slowdown.meet(now, after_s, self._chance()))
        elif limit is not Limit.CALENDAR:
            part = self._part(user)
            part.bucket.pause(part.slowdown.meet(now, after_s, self._chance()))
        self.turns.look_again()

    def _is_crowd(self, user: str, now: float) -> bool:
        """Tell whether so many users met a limit that it must be the project's and not each one's own."""
        recent = {who: at for who, at in self._crowd.items() if now - at < CROWD_S}
        self._crowd = {**recent, user: now}
        if len(self._crowd) < CROWD:
            return False
        self._crowd = {}
        return True

    def _part(self, user: str) -> _Part:
        part = self._parts.pop(user, None) or _Part(self._per_user)
        self._parts[user] = part
        if len(self._parts) > USERS_MAX:
            self._parts.popitem(last=False)
        return part

    # What `Turns` asks

    def wait_s(self, units: int, now: float) -> float:
        """See `daemon.runtime.turns.Pace`."""
        self._project.share = self._slowdown.share(now)
        return max(self._project.wait_s(units, now), self.day.wait_s(units))

    def user_wait_s(self, user: str, units: int, now: float) -> float:
        """See `daemon.runtime.turns.Pace`."""
        part = self._part(user)
        part.bucket.share = part.slowdown.share(now)
        return part.bucket.wait_s(units, now)

    def take(self, user: str, units: int, now: float) -> None:
        """See `daemon.runtime.turns.Pace`."""
        self._part(user).bucket.take(units, now)
        self._project.take(units, now)
        self.day.take(units)
