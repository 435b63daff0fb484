"""The entries of both calendars in one form, as the page shows them."""

from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from daemon.sandbox.people import Company, Person
from daemon.sandbox.server import Sandbox
from daemon.sandbox.severa.model import Activity

Side = Literal["severa", "google"]
Answer = Literal["none", "yes", "maybe", "no"]
SIDES: tuple[Side, ...] = ("severa", "google")
_SEVERA_ANSWERS: dict[str, Answer] = {"Accepted": "yes", "Tentative": "maybe", "Declined": "no"}
_GOOGLE_ANSWERS: dict[str, Answer] = {"accepted": "yes", "tentative": "maybe", "declined": "no"}


@dataclass(frozen=True, slots=True)
class Guest:
    """One who was asked to an entry, and what that person answered; one without an address goes by the name."""

    address: str
    name: str
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One entry of one calendar, its times on the person's own clock.

    The end of an all-day entry is the midnight after its last day; a to-do without a length has none.
    `kind` is the activity type's guid in Severa, the event type in Google. `owner` is an address; the
    owner is none of the guests.
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
    owner: str
    guests: tuple[Guest, ...] = ()

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
            "owner": self.owner,
            "people": [asdict(guest) for guest in self.guests],
        }

    def touches(self, first: date, days: int) -> bool:
        """Tell whether any of it lies in so many days from the first."""
        begin = datetime.combine(first, time(), self.start.tzinfo)
        end = datetime.combine(first + timedelta(days=days), time(), self.start.tzinfo)
        return self.start < end and (self.start >= begin or (self.end or self.start) > begin)

    def is_like(self, other: "Shown") -> bool:
        """Tell whether this could be the same entry on the other side; only Google knows entries without a title."""
        is_named = bool(self.title and other.title)
        return self.start == other.start and (self.title == other.title or not is_named)

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
    severa = sandbox.severa
    return [
        _activity(sandbox, row, ZoneInfo(person.zone))
        for row in severa.rows.values()
        if row.owner_guid == person.guid or person.guid in severa.participations.members(row.guid)
    ]


def _activity(sandbox: Sandbox, row: Activity, zone: ZoneInfo) -> Shown:
    return Shown(
        id=row.guid,
        title=row.name,
        start=row.start.astimezone(zone),
        end=row.end.astimezone(zone) if row.end else None,
        is_all_day=row.is_all_day,
        location=row.location or "",
        notes=row.notes or "",
        kind=row.type_guid,
        is_private=sandbox.severa.types[row.type_guid].category in ("Personal", "Absences"),
        owner=sandbox.severa.users[row.owner_guid].email or "",
        guests=_participants(sandbox, row),
    )


def _participants(sandbox: Sandbox, row: Activity) -> tuple[Guest, ...]:
    severa, found = sandbox.severa, []
    for seat in severa.participations.of(row.guid):
        person = severa.users.get(seat.participant_guid) or severa.guests[seat.participant_guid]
        answer = _SEVERA_ANSWERS.get(seat.status, "none")
        if seat.participant_guid != row.owner_guid:
            found.append(Guest(person.email or person.name, person.name, answer))
    return _sorted(found)


def _google(sandbox: Sandbox, person: Person) -> list[Shown]:
    zone = ZoneInfo(person.zone)
    return [_event(sandbox, event, zone) for event in sandbox.google.events(person.email)]


def _event(sandbox: Sandbox, event: dict[str, Any], zone: ZoneInfo) -> Shown:
    return Shown(
        id=event["id"],
        title=event.get("summary", ""),
        start=_moment(event["start"], zone),
        end=_moment(event["end"], zone),
        is_all_day="date" in event["start"],
        location=event.get("location", ""),
        notes=event.get("description", ""),
        kind=event["eventType"],
        is_private=event.get("visibility") in ("private", "confidential"),
        owner=event["organizer"]["email"],
        guests=_attendees(sandbox, event),
    )


def _attendees(sandbox: Sandbox, event: dict[str, Any]) -> tuple[Guest, ...]:
    names = {user.email: user.name for user in sandbox.severa.users.values()}
    found = []
    for row in event.get("attendees", ()):
        address = row["email"]
        name = names.get(address) or row.get("displayName") or address
        answer = _GOOGLE_ANSWERS.get(row.get("responseStatus", ""), "none")
        if address != event["organizer"]["email"]:
            found.append(Guest(address, name, answer))
    return _sorted(found)


def _sorted(guests: list[Guest]) -> tuple[Guest, ...]:
    return tuple(sorted(guests, key=lambda guest: (guest.name, guest.address)))


def _moment(given: dict[str, str], zone: ZoneInfo) -> datetime:
    if "date" in given:
        return datetime.combine(date.fromisoformat(given["date"]), time(), zone)
    return datetime.fromisoformat(given["dateTime"]).astimezone(zone)


def _text(at: datetime, is_day: bool) -> str:
    return f"{at:%Y-%m-%d}" if is_day else f"{at:%Y-%m-%dT%H:%M}"
