"""Counts requests against Google's limits ("Manage quotas"), in a sliding minute and by the day.

Calendar's own limits ("Avoid Calendar use limits") count what a user makes, not requests.
"""

from collections import deque
from datetime import date, datetime, timedelta

from daemon.sandbox.google import errors
from daemon.sandbox.google.errors import ApiError
from daemon.sandbox.google.refusals import rate_limited
from daemon.sandbox.google.switches import Limits, Switches

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
WINDOWS_MAX = 50_000


class Window:
    """Units spent within the span that ends now."""

    def __init__(self, span: timedelta = MINUTE) -> None:
        self._span = span
        self._spent: deque[tuple[datetime, int]] = deque()
        self._total = 0

    def total(self, now: datetime) -> int:
        """Return the units spent in the span that ends now."""
        while self._spent and self._spent[0][0] <= now - self._span:
            self._total -= self._spent.popleft()[1]
        return self._total

    def spend(self, now: datetime, units: int) -> None:
        """Note units as spent now."""
        self._spent.append((now, units))
        self._total += units


class Windows:
    """One window for each name, the oldest forgotten when there are too many."""

    def __init__(self, span: timedelta) -> None:
        self._span = span
        self._of: dict[str, Window] = {}

    def __getitem__(self, name: str) -> Window:
        if len(self._of) >= WINDOWS_MAX and name not in self._of:
            self._of.pop(next(iter(self._of)))
        return self._of.setdefault(name, Window(self._span))


class Quota:
    """The limits of one project; requests that are refused cost nothing."""

    def __init__(self) -> None:
        self._users = Windows(MINUTE)
        self._calendars = Windows(MINUTE)
        self._creates = Windows(DAY)
        self._invitations = Windows(DAY)
        self._minute = Window()
        self._day: tuple[date, int] = (date.min, 0)

    def spend(
        self, limits: Limits, who: str, units: int, now: datetime, switches: Switches
    ) -> None:
        """Charge a request to a user and the project, or refuse it with 403 or 429."""
        user = self._users[who]
        today = now.date()
        day = self._day[1] if self._day[0] == today else 0
        if _exceeds(limits.project_day, day + units):
            raise _refusal(switches, "dailyLimitExceeded", "Daily Limit Exceeded")
        if _exceeds(limits.project_minute, self._minute.total(now) + units):
            raise _refusal(switches, "rateLimitExceeded", "Rate Limit Exceeded")
        if _exceeds(limits.user_minute, user.total(now) + units):
            raise _refusal(switches, "userRateLimitExceeded", "User Rate Limit Exceeded")
        self._day = (today, day + units)
        if limits.project_minute is not None:
            self._minute.spend(now, units)
        if limits.user_minute is not None:
            user.spend(now, units)

    def write(self, limits: Limits, calendar: str, now: datetime, switches: Switches) -> None:
        """Charge a write to a calendar, or refuse it as one of too many in quick succession."""
        if limits.calendar_writes_minute is None:
            return
        window = self._calendars[calendar]
        if _exceeds(limits.calendar_writes_minute, window.total(now) + 1):
            raise _refusal(switches, "rateLimitExceeded", "Rate Limit Exceeded")
        window.spend(now, 1)

    def use(self, limits: Limits, who: str, *, creates: int, invites: int, now: datetime) -> None:
        """Count what a user makes and whom from outside he invites, or refuse with `quotaExceeded`.

        Who has made too much may write nothing; who has invited too many may write without guests.
        """
        made, invited = self._creates[who], self._invitations[who]
        if _exceeds(limits.user_creates, made.total(now) + creates):
            raise errors.usage_limit()
        if invites and _exceeds(limits.user_invitations, invited.total(now) + invites):
            raise errors.usage_limit()
        if creates and limits.user_creates is not None:
            made.spend(now, creates)
        if invites and limits.user_invitations is not None:
            invited.spend(now, invites)


def _exceeds(limit: int | None, spent: int) -> bool:
    return limit is not None and spent > limit


def _refusal(switches: Switches, reason: str, message: str) -> ApiError:
    error = ApiError(403, reason, message, domain="usageLimits")
    if switches.limit_status == 429 or switches.limit_words == "metric":
        # Under 429 Google names every limit the same.
        error = rate_limited(switches.limit_status, in_full=switches.limit_words == "metric")
    if switches.retry_after_s is not None:
        error.headers["Retry-After"] = str(switches.retry_after_s)
    return error
