"""Who is polled in a round: everybody, or in turns where that would take more than half of Google's limits (R2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, inf
from typing import Final

SPREAD_MAX: Final = timedelta(minutes=5)
"""No healthy calendar waits longer for its turn than this, whatever that takes of the limits."""
MINUTES_A_DAY: Final = 24 * 60


@dataclass(frozen=True, slots=True)
class Allowance:
    """What polls may take of Google's limits, in units a minute; an unchanged calendar takes one."""

    of_all: float = inf
    of_each: float = inf


@dataclass(frozen=True, slots=True)
class Looked:
    """A user to poll: when the calendar was looked at last, and whether a push tells of what changes there."""

    user: str
    at: datetime | None
    """`None`: not since the start."""
    is_healthy: bool


@dataclass(frozen=True, slots=True)
class Pace:
    """How often those with a healthy channel are polled, and all others."""

    healthy: timedelta
    others: timedelta
    is_spread: bool = False


def allowance_of(per_minute: float, per_minute_per_user: float, per_day: float) -> Allowance:
    """Return half of each of Google's limits."""
    return Allowance(min(per_minute, per_day / MINUTES_A_DAY) / 2, per_minute_per_user / 2)


def pace_of(healthy: int, others: int, interval: timedelta, allowed: Allowance) -> Pace:
    """Return how often so many users are polled: those with a healthy channel give way first."""
    usual = interval.total_seconds()
    longest = max(SPREAD_MAX.total_seconds(), usual)
    shortest = min(max(usual, 60 / allowed.of_each), longest)
    a_second = allowed.of_all / 60

    def every(users: int, left: float) -> float:
        return min(max(users / left, shortest), longest) if left > 0 else longest

    if (healthy + others) / shortest <= a_second:
        healthy_s = others_s = shortest
    else:
        healthy_s = every(healthy, a_second - others / shortest)
        others_s = every(others, a_second - healthy / healthy_s)
    is_spread = bool(healthy and healthy_s > usual) or bool(others and others_s > usual)
    return Pace(timedelta(seconds=healthy_s), timedelta(seconds=others_s), is_spread)


def due(
    users: Sequence[Looked],
    pace: Pace,
    now: datetime,
    *,
    interval: timedelta,
    before: datetime | None,
) -> frozenset[str]:
    """Return who is polled now, those first who waited longest; `before` is when this was asked last.

    After a pause of any length that is everybody (T7), and so is whoever was not looked at yet.
    """
    if not pace.is_spread or before is None:
        return frozenset(one.user for one in users)
    healthy = [one for one in users if one.is_healthy]
    others = [one for one in users if not one.is_healthy]
    passed = now - before
    chosen = _oldest(healthy, passed / pace.healthy) + _oldest(others, passed / pace.others)
    late = now + max(passed, interval) - SPREAD_MAX
    waiting = [one.user for one in users if one.at is None or one.at < late]
    return frozenset([*chosen, *waiting])


def _oldest(users: Sequence[Looked], part: float) -> list[str]:
    """Return this part of the users, rounded up, those who waited longest."""
    known = sorted((one.at, one.user) for one in users if one.at is not None)
    return [user for _, user in known[: ceil(len(users) * min(part, 1.0))]]
