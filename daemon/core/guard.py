"""Holds a plan that deletes too much, however its deletions became known (D5)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

USER_MIN: Final = 10
USER_SHARE: Final = 0.10
COMPANY_MIN: Final = 25
COMPANY_SHARE: Final = 0.01
ALL_MIN: Final = 3
"""Below this, losing all of one's entries is an ordinary deletion."""


@dataclass(frozen=True, slots=True)
class Removal:
    """One deletion that the plan would carry over."""

    link_id: str
    user: str


@dataclass(frozen=True, slots=True)
class Census:
    """How many links there are, and how many more were removed in the last 24 hours or are held."""

    links: int
    removed: int


def held(plan: Sequence[Removal], users: Mapping[str, Census], company: Census) -> dict[str, str]:
    """Return the reason to hold, by link id, for each deletion that must wait for a person."""
    planned = Counter(removal.user for removal in plan)
    reasons = {user: _of_user(count, users[user]) for user, count in planned.items()}
    for_all = _of_company(len(plan), company)
    return {
        removal.link_id: reason for removal in plan if (reason := reasons[removal.user] or for_all)
    }


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
