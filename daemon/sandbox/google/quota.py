"""Counts requests against Google's limits ("Manage quotas"), in a sliding minute and by the day."""

from collections import deque
from datetime import date, datetime, timedelta

from daemon.sandbox.google.errors import ApiError
from daemon.sandbox.google.switches import Limits

MINUTE = timedelta(minutes=1)
USERS_MAX = 50_000


class Window:
    """Units spent within the last minute."""

    def __init__(self) -> None:
        self._spent: deque[tuple[datetime, int]] = deque()
        self._total = 0

    def total(self, now: datetime) -> int:
        """Return the units spent in the minute that ends now."""
        while self._spent and self._spent[0][0] <= now - MINUTE:
            self._total -= self._spent.popleft()[1]
        return self._total

    def spend(self, now: datetime, units: int) -> None:
        """Note units as spent now."""
        self._spent.append((now, units))
        self._total += units


class Quota:
    """The limits of one project; requests that are refused cost nothing."""

    def __init__(self) -> None:
        self._users: dict[str, Window] = {}
        self._minute = Window()
        self._day: tuple[date, int] = (date.min, 0)

    def spend(self, limits: Limits, who: str, units: int, now: datetime, status: int) -> None:
        """Charge a request to a user and the project, or refuse it with 403 or 429."""
        user = self._user(who)
        today = now.date()
        day = self._day[1] if self._day[0] == today else 0
        if _exceeds(limits.project_day, day + units):
            raise _refusal(status, "dailyLimitExceeded", "Daily Limit Exceeded")
        if _exceeds(limits.project_minute, self._minute.total(now) + units):
            raise _refusal(status, "rateLimitExceeded", "Rate Limit Exceeded")
        if _exceeds(limits.user_minute, user.total(now) + units):
            raise _refusal(status, "userRateLimitExceeded", "User Rate Limit Exceeded")
        self._day = (today, day + units)
        if limits.project_minute is not None:
            self._minute.spend(now, units)
        if limits.user_minute is not None:
            user.spend(now, units)

    def _user(self, who: str) -> Window:
        if len(self._users) >= USERS_MAX and who not in self._users:
            self._users.pop(next(iter(self._users)))
        return self._users.setdefault(who, Window())


def _exceeds(limit: int | None, spent: int) -> bool:
    return limit is not None and spent > limit


def _refusal(status: int, reason: str, message: str) -> ApiError:
    if status == 429:
        # Under 429 Google names every limit the same.
        reason, message = "rateLimitExceeded", "Rate Limit Exceeded"
    return ApiError(status, reason, message, domain="usageLimits")
