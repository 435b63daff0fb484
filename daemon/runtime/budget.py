"""Stays below the vendors' limits: one budget for Severa, one a user and one for the project in Google (R1)."""

from collections import OrderedDict
from typing import Final

from aiolimiter import AsyncLimiter

BURST: Final = 1 / 9
"""The part of a minute's units that may go at once; burst and flow of any minute together make up the limit."""
USERS_MAX: Final = 20_000


class SeveraBudget:
    """Spaces requests evenly: Severa counts fixed seconds, so a burst at their border would be too many."""

    def __init__(self, per_second: float) -> None:
        self._limiter = AsyncLimiter(1, 1 / per_second)

    async def spend(self) -> None:
        """Wait until one more request may go."""
        await self._limiter.acquire()


class GoogleBudget:
    """Units (a patch counts three) for each user and for the whole project, each by the minute."""

    def __init__(self, *, per_minute: int, per_minute_per_user: int) -> None:
        self._project = _by_the_minute(per_minute)
        self._per_user = per_minute_per_user
        self._users: OrderedDict[str, AsyncLimiter] = OrderedDict()

    async def spend(self, user: str, units: int) -> None:
        """Wait until this user may spend these units."""
        await self._limiter(user).acquire(units)
        await self._project.acquire(units)

    def _limiter(self, user: str) -> AsyncLimiter:
        limiter = self._users.pop(user, None) or _by_the_minute(self._per_user)
        self._users[user] = limiter
        if len(self._users) > USERS_MAX:
            self._users.popitem(last=False)
        return limiter


def _by_the_minute(units: int) -> AsyncLimiter:
    burst = max(3.0, units * BURST)
    flow_a_second = max(units - burst, 1.0) / 60
    return AsyncLimiter(burst, burst / flow_a_second)
