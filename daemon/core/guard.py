"""The brakes: floods of deletions and of old entries wait for a person (D5), and a ping-pong of writes ends (R4)."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from daemon.core.entry import Unknown, When
from daemon.core.link import Side
from daemon.core.policy import ended_at
from daemon.core.record import WRITES, Change

USER_MIN: Final = 10
USER_SHARE: Final = 0.10
COMPANY_MIN: Final = 25
COMPANY_SHARE: Final = 0.01
ALL_MIN: Final = 3
"""Below this, losing all of one's entries is an ordinary deletion."""
CREATIONS_MIN: Final = 50
OLD: Final = timedelta(days=30)
WRITES_AN_HOUR: Final = 10
WHOLE: Final = ""
"""Stands beside the names of fields for the entry itself, which is made and removed."""


@dataclass(frozen=True, slots=True)
class Step:
    """One deletion, or one creation of an old entry, that the plan would carry out."""

    link_id: str
    user: str
    is_approved: bool = False
    """Somebody has let it go ahead: it is counted and never held."""


@dataclass(frozen=True, slots=True)
class Census:
    """How many links there are, and how many more were removed in the last 24 hours or are held."""

    links: int
    removed: int


def held_removals(
    plan: Sequence[Step], users: Mapping[str, Census], company: Census
) -> dict[str, str]:
    """Return the reason to hold, by link id, for each deletion that must wait for a person (D5)."""
    planned = Counter(step.user for step in plan)
    reasons = {user: _of_user(count, users[user]) for user, count in planned.items()}
    for_all = _of_company(len(plan), company)
    return _of_those_to_hold(plan, {user: reason or for_all for user, reason in reasons.items()})


def held_creations(plan: Sequence[Step], others: Mapping[str, int]) -> dict[str, str]:
    """Return the reason to hold, by link id, for each creation of an old entry that must wait for a person (D5).

    `others` says how many more were made for a user in the last 24 hours or are held.
    """
    planned = Counter(step.user for step in plan)
    return _of_those_to_hold(
        plan, {user: _of_creations(count + others[user]) for user, count in planned.items()}
    )


def is_old(
    when: When | Unknown, now: datetime, zone: str, *, initial: timedelta = timedelta()
) -> bool:
    """Tell whether an entry ended more than 30 days ago, or longer than a first sync goes back; what repeats is not."""
    if isinstance(when, Unknown) or when.recurrence is not None:
        return False
    return ended_at(when, zone) < now - max(OLD, initial)


def is_loop(past: Sequence[Change], side: Side, names: Collection[str]) -> bool:
    """Tell whether one of these fields was written so often that another program must be answering us (R4).

    `past` is the history of the entry in the last hour; `WHOLE` among the names is the entry itself. Each field is
    counted apart, for one entry may need many writes: one for each person who takes part.
    """
    made = Counter(name for line in past if line.side is side for name in _written(line))
    return any(made[name] >= WRITES_AN_HOUR for name in names)


def _of_user(planned: int, census: Census) -> str:
    total, going = census.links + census.removed, planned + census.removed
    if going >= ALL_MIN and planned >= census.links:
        return f"all {total} entries of this user would be deleted"
    if going >= USER_MIN and going > total * USER_SHARE:
        return f"{going} of {total} entries of this user would be deleted within 24 hours"
    return ""


def _of_company(planned: int, census: Census) -> str:
    total, going = census.links + census.removed, planned + census.removed
    if going >= COMPANY_MIN and going > total * COMPANY_SHARE:
        return f"{going} of {total} entries of the company would be deleted within 24 hours"
    return ""


def _of_creations(count: int) -> str:
    if count < CREATIONS_MIN:
        return ""
    what = "entries of this user that ended more than 30 days ago"
    return f"{count} {what} would be created within 24 hours"


def _of_those_to_hold(plan: Sequence[Step], reasons: Mapping[str, str]) -> dict[str, str]:
    return {
        step.link_id: reasons[step.user]
        for step in plan
        if reasons[step.user] and not step.is_approved
    }


def _written(line: Change) -> set[str]:
    if line.action not in WRITES:
        return set()
    fields = {name for name, values in line.fields.items() if values["after"] is not None}
    return fields if line.action == "changed" else fields | {WHOLE}
