"""What was spent of a day's units, and how what is left of them is spread; arithmetic on given times."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

PACIFIC: Final = ZoneInfo("America/Los_Angeles")
"""Google's quotas of a day begin anew at midnight Pacific time ("Manage quotas"), 23 or 25 hours later twice a year."""
SPREAD_PART: Final = 4
"""The last quarter of a day's units is spread over what is left of the day."""


@dataclass(frozen=True, slots=True)
class Spent:
    """How many units went on one of Google's days; what is kept may be a little more than what went."""

    day: date
    units: int


def day_of(now: datetime) -> date:
    """Return which of Google's days an instant belongs to."""
    return now.astimezone(PACIFIC).date()


def end_of(day: date) -> datetime:
    """Return the instant at which one of Google's days ends."""
    return datetime.combine(day + timedelta(days=1), time(), PACIFIC).astimezone(UTC)


def gap_after(units: int, left: int, limit: int, rest: timedelta) -> timedelta:
    """Return for how long nothing goes after so many units, with `left` units left before them.

    Nothing is held up in the first three quarters. What is left after that goes out evenly until midnight, so that
    a busy day gets slower and never stops: urgent work is served first all the same.
    """
    if left * SPREAD_PART > limit:
        return timedelta()
    return rest * units / max(left, 1)
