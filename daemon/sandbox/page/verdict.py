"""Compares the two calendars: is everything there, once, and the same?"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from daemon.sandbox.page.journal import Journal
from daemon.sandbox.page.shown import SIDES, Shown, Side
from daemon.sandbox.people import Company


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many entries are in both calendars, and how many of them are not as they should be.

    `same` are equal on both sides, `differing` are not, `missing` were on both sides and are now on
    one, `doubled` stand twice in one calendar, `alone` are in one calendar and never were in the other.
    """

    same: int = 0
    differing: int = 0
    missing: int = 0
    doubled: int = 0
    alone: int = 0

    @property
    def is_good(self) -> bool:
        """Whether nothing differs, is missing or stands twice."""
        return not (self.differing or self.missing or self.doubled)

    def json(self) -> dict[str, Any]:
        """Return what the page takes."""
        return {
            "good": self.is_good,
            "same": self.same,
            "differing": self.differing,
            "missing": self.missing,
            "doubled": self.doubled,
            "alone": self.alone,
        }


def judge(journal: Journal, company: Company) -> Verdict:
    """Compare both calendars of everybody, as they are now."""
    severa, google = (_entries(journal, company, side) for side in SIDES)
    counts: Counter[str] = Counter()
    for activity_id, activity in severa.items():
        event_id = journal.partner("severa", activity_id)
        if event_id is None:
            counts["alone"] += 1
        elif event_id not in google:
            counts["missing"] += 1
        else:
            is_same = _is_same(activity, google[event_id])
            counts["same" if is_same else "differing"] += 1
    for event_id in google:
        partner = journal.partner("google", event_id)
        if partner is None:
            counts["alone"] += 1
        elif partner not in severa:
            counts["missing"] += 1
    counts["doubled"] = sum(
        _doubled(journal.shown(side, person.email)) for side in SIDES for person in company.people
    )
    return Verdict(**counts)


def _entries(journal: Journal, company: Company, side: Side) -> dict[str, Shown]:
    """Return every entry once, as its owner sees it where the owner is in the company."""
    found: dict[str, Shown] = {}
    for person in company.people:
        for entry_id, shown in journal.shown(side, person.email).items():
            if entry_id not in found or shown.owner == person.email:
                found[entry_id] = shown
    return found


def _is_same(activity: Shown, event: Shown) -> bool:
    """Compare what both sides can hold alike; a to-do has no end, and Severa has no empty name."""
    if event.title and activity.title != event.title:
        return False
    if activity.end is not None and _when(activity, activity.end) != _when(event, event.end):
        return False
    return (_when(activity, activity.start), activity.location) == (
        _when(event, event.start),
        event.location,
    )


def _when(shown: Shown, at: datetime | None) -> date | datetime | None:
    """Return a time so that an all-day one is the same day in every zone."""
    return at.date() if at and shown.is_all_day else at


def _doubled(entries: dict[str, Shown]) -> int:
    """Count what stands more than once in one calendar: the same title at the same time."""
    times = Counter((each.title, each.start, each.end) for each in entries.values() if each.title)
    return sum(count - 1 for count in times.values())
