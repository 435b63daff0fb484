"""Furnishes a sandbox with an example company: three people, their week, and access to both sides."""

from base64 import b64decode, b64encode
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from daemon.sandbox.google.keys import PASSWORD, make_service_account_key
from daemon.sandbox.server import Sandbox
from daemon.sandbox.week import ANNA, BEN, CLARA, Plan, Week

CLIENT_ID = "severa-calendar-sync"
CLIENT_SECRET = "for-the-sandbox-only"  # noqa: S105 (it opens nothing but the sandbox)
SERVICE_ACCOUNT = "severa-sync@example-project.iam.gserviceaccount.com"

_TYPES = {
    "Meeting": "CalendarEntry",
    "Travel": "CalendarEntry",
    "To-do": "SalesEvent",
    "Project task": "Task",
    "Personal": "Personal",
    "Vacation": "Absences",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One who works in the example company."""

    guid: str
    first_name: str
    last_name: str
    email: str
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """What an administrator needs to know to set the sync up, and who the people are."""

    client_id: str
    client_secret: str
    service_account: str
    key: bytes
    key_password: str
    people: tuple[Person, ...]
    types: dict[str, str]

    def person(self, email: str) -> Person:
        """Return the person with an address."""
        return next(person for person in self.people if person.email == email)


_STAFF: tuple[tuple[str, str, str, Week], ...] = (
    ("Anna", "Virtanen", "Europe/Helsinki", ANNA),
    ("Ben", "Nyström", "Europe/Helsinki", BEN),
    ("Clara", "Lind", "Europe/Oslo", CLARA),
)


def furnish(sandbox: Sandbox, *, monday: date) -> Company:
    """Make the example company with the week of that Monday, or find it again in a saved world."""
    if "company" in sandbox.notes:
        return _recalled(sandbox.notes["company"])
    key = make_service_account_key(SERVICE_ACCOUNT)
    sandbox.google.add_service_account(SERVICE_ACCOUNT, key.private_key.public_key())
    sandbox.severa.add_credentials(CLIENT_ID, CLIENT_SECRET)
    types = {
        name: sandbox.severa.add_type(name, category, is_default=name == "Meeting")
        for name, category in _TYPES.items()
    }
    people = tuple(_hire(sandbox, first, last, zone) for first, last, zone, _ in _STAFF)
    for person, (*_, week) in zip(people, _STAFF, strict=True):
        _fill(sandbox, person, week, people, types=types, monday=monday)
    sandbox.notes["company"] = {
        "key": b64encode(key.p12).decode(),
        "types": types,
        "people": [asdict(person) for person in people],
    }
    sandbox.save_notes()
    return _recalled(sandbox.notes["company"])


def _recalled(noted: dict[str, Any]) -> Company:
    return Company(
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        service_account=SERVICE_ACCOUNT,
        key=b64decode(noted["key"]),
        key_password=PASSWORD.decode(),
        people=tuple(Person(**person) for person in noted["people"]),
        types=noted["types"],
    )


def _hire(sandbox: Sandbox, first: str, last: str, zone: str) -> Person:
    """Add a person to both sides."""
    email = f"{first.lower()}@example.com"
    guid = sandbox.severa.add_user(first, last, email, zone=zone)
    sandbox.google.add_user(email, zone=zone)
    return Person(guid=guid, first_name=first, last_name=last, email=email, zone=zone)


def _fill(
    sandbox: Sandbox,
    person: Person,
    week: Week,
    people: tuple[Person, ...],
    *,
    types: dict[str, str],
    monday: date,
) -> None:
    """Fill a person's calendars by hand."""
    for plan in week.both + week.severa:
        fields = _activity(plan, monday, ZoneInfo(person.zone), types)
        made = sandbox.severa.person_add(person.guid, **fields)
        for guest in _guests(plan, people):
            sandbox.severa.person_invite(person.guid, made["guid"], guest.guid)
    for plan in week.both + week.google:
        body = _event(plan, monday, person.zone)
        if guests := _guests(plan, people):
            body["attendees"] = [{"email": guest.email} for guest in guests]
        sandbox.google.person_add(person.email, body)


def _guests(plan: Plan, people: tuple[Person, ...]) -> list[Person]:
    return [person for person in people if person.first_name in plan.guests]


def _activity(plan: Plan, monday: date, zone: ZoneInfo, types: dict[str, str]) -> dict[str, Any]:
    """Return a plan as the fields of an activity; all-day ends at the midnight after the last day."""
    assert plan.name is not None, "Severa knows no activity without a name."
    return {
        "name": plan.name,
        "startDateTime": _moment(plan, monday, plan.start).replace(tzinfo=zone),
        "endDateTime": _end(plan, monday, zone),
        "isAllDay": plan.start is None,
        "activityType": types[plan.kind],
        "location": plan.location,
        "notes": plan.notes,
    }


def _end(plan: Plan, monday: date, zone: ZoneInfo) -> datetime | None:
    if plan.start is None:
        midnight = _moment(plan, monday, None) + timedelta(days=plan.days)
        return midnight.replace(tzinfo=zone)
    return _moment(plan, monday, plan.end).replace(tzinfo=zone) if plan.end else None


def _event(plan: Plan, monday: date, zone: str) -> dict[str, Any]:
    """Return a plan as the body of an event."""
    first = monday + timedelta(days=plan.day)
    if plan.start is None:
        start = {"date": first.isoformat()}
        end = {"date": (first + timedelta(days=plan.days)).isoformat()}
    else:
        start = {"dateTime": _moment(plan, monday, plan.start).isoformat(), "timeZone": zone}
        end = {"dateTime": _moment(plan, monday, plan.end).isoformat(), "timeZone": zone}
    texts = {"summary": plan.name, "location": plan.location, "description": plan.notes}
    given = {name: text for name, text in texts.items() if text is not None}
    return {**given, "start": start, "end": end, **plan.more}


def _moment(plan: Plan, monday: date, clock: str | None) -> datetime:
    """Return the wall-clock moment, without a zone, of a time on the plan's day."""
    hour = time.fromisoformat(clock) if clock else time()
    return datetime.combine(monday + timedelta(days=plan.day), hour)
