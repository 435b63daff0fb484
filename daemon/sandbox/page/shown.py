"""The entries of both calendars in one form, as the page shows them."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from daemon.sandbox.people import Company, Person
from daemon.sandbox.server import Sandbox
from daemon.sandbox.severa.model import Activity

Side = Literal["severa", "google"]
SIDES: tuple[Side, ...] = ("severa", "google")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One entry of one calendar, its times on the person's own clock.

    The end of an all-day entry is the midnight after its last day; a to-do without a length has none.
    `kind` is the activity type's guid in Severa, the event type in Google.
    """

    id: str
    title: str
    start: datetime
    end: datetime | None
    is_all_day: bool
    location: str
    notes: str
    kind: str
    is_private: bool

    def json(self) -> dict[str, Any]:
        """Return what the page takes; `end` of an all-day entry is its last day."""
        return {
            "id": self.id,
            "title": self.title,
            "allDay": self.is_all_day,
            "start": _text(self.start, self.is_all_day),
            "end": self._end_text(),
            "location": self.location,
            "notes": self.notes,
            "kind": self.kind,
            "private": self.is_private,
        }

    def touches(self, first: date, days: int) -> bool:
        """Tell whether any of it lies in so many days from the first."""
        begin = datetime.combine(first, time(), self.start.tzinfo)
        end = datetime.combine(first + timedelta(days=days), time(), self.start.tzinfo)
        return self.start < end and (self.start >= begin or (self.end or self.start) > begin)

    def _end_text(self) -> str | None:
        if not self.is_all_day:
            return _text(self.end, False) if self.end else None
        last = self.end - timedelta(days=1) if self.end else self.start
        return _text(max(last, self.start), True)


def calendar(sandbox: Sandbox, person: Person, side: Side) -> dict[str, Shown]:
    """Return everything in a person's calendar on one side, by id."""
    shown = _severa(sandbox, person) if side == "severa" else _google(sandbox, person)
    return {each.id: each for each in shown}


def owner_of(company: Company, email: str) -> Person | None:
    """Return the person with an address, None where the company has none."""
    return next((person for person in company.people if person.email == email), None)


def _severa(sandbox: Sandbox, person: Person) -> list[Shown]:
    severa, zone = sandbox.severa, ZoneInfo(person.zone)
    return [
        _activity(row, severa.types[row.type_guid].category, zone)
        for row in severa.rows.values()
        if row.owner_guid == person.guid or person.guid in severa.participations.members(row.guid)
    ]


def _activity(row: Activity, category: str, zone: ZoneInfo) -> Shown:
    return Shown(
        id=row.guid,
        title=row.name,
        start=row.start.astimezone(zone),
        end=row.end.astimezone(zone) if row.end else None,
        is_all_day=row.is_all_day,
        location=row.location or "",
        notes=row.notes or "",
        kind=row.type_guid,
        is_private=category in ("Personal", "Absences"),
    )


def _google(sandbox: Sandbox, person: Person) -> list[Shown]:
    zone = ZoneInfo(person.zone)
    return [
        Shown(
            id=event["id"],
            title=event.get("summary", ""),
            start=_moment(event["start"], zone),
            end=_moment(event["end"], zone),
            is_all_day="date" in event["start"],
            location=event.get("location", ""),
            notes=event.get("description", ""),
            kind=event["eventType"],
            is_private=event.get("visibility") in ("private", "confidential"),
        )
        for event in sandbox.google.events(person.email)
    ]


def _moment(given: dict[str, str], zone: ZoneInfo) -> datetime:
    if "date" in given:
        return datetime.combine(date.fromisoformat(given["date"]), time(), zone)
    return datetime.fromisoformat(given["dateTime"]).astimezone(zone)


def _text(at: datetime, is_day: bool) -> str:
    return f"{at:%Y-%m-%d}" if is_day else f"{at:%Y-%m-%dT%H:%M}"
