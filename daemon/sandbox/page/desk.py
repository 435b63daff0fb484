"""What a person does by hand in either calendar, given as the page gives it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from daemon.sandbox.google import ApiError
from daemon.sandbox.page.journal import Journal
from daemon.sandbox.page.shown import Shown, Side
from daemon.sandbox.people import Company, Person
from daemon.sandbox.server import Sandbox
from daemon.sandbox.severa.errors import SeveraError

YEARS = range(2000, 2100)
ANSWERS = {
    "yes": ("Accepted", "accepted"),
    "maybe": ("Tentative", "tentative"),
    "no": ("Declined", "declined"),
}
"""What a person answers, in Severa's word and in Google's."""
Fields = dict[str, Any]


class Refused(Exception):
    """Why an edit is not possible, in a sentence for the person who tried it."""


@dataclass(frozen=True, slots=True)
class Span:
    """When an entry is; the end of an all-day one is the midnight after its last day."""

    is_all_day: bool
    start: datetime
    end: datetime | None


class Desk:
    """Adds, changes and deletes entries as their owner would; every refusal is `Refused`.

    Fields: `title`, `location`, `notes`, `kind` (Severa: the type's guid), `private` (Google), and the
    three that go together, `allDay`, `start` and `end`: "2026-03-02T09:00", or days, the end the last of them;
    `people`: the addresses of the colleagues who are asked, which leaves everybody else as they are.
    """

    def __init__(self, sandbox: Sandbox, company: Company, journal: Journal) -> None:
        self._sandbox = sandbox
        self._company = company
        self._journal = journal

    def add(self, person: Person, side: Side, fields: Mapping[str, Any]) -> str:
        """Add an entry and return its id."""
        if "start" not in fields:
            raise Refused("Say when it begins.")
        asked = self._asked(fields)
        if side == "google":
            body = {k: v for k, v in _for_google(fields, person).items() if v is not None}
            body |= {"attendees": self._rows([], person.email, asked)} if asked else {}
            return str(self._do(self._sandbox.google.person_add, person.email, body)["id"])
        wish = _for_severa(fields, person)
        guid = str(self._do(self._sandbox.severa.person_add, person.guid, **wish)["guid"])
        self._ask_in_severa(person, guid, asked or [])
        return guid

    def change(self, person: Person, side: Side, entry_id: str, fields: Mapping[str, Any]) -> None:
        """Change the given fields of an entry."""
        shown, asked = self._there(person, side, entry_id), self._asked(fields)
        if side == "google":
            body = _for_google(fields, person)
            if asked is not None:
                rows = self._attendees(person, entry_id)
                body["attendees"] = self._rows(rows, shown.owner, asked)
            self._do(self._sandbox.google.person_patch, person.email, entry_id, body)
            return
        wish = _for_severa(fields, person)
        if wish:
            self._do(self._sandbox.severa.person_patch, person.guid, entry_id, **wish)
        if asked is not None:
            self._ask_in_severa(person, entry_id, asked)

    def answer(self, person: Person, side: Side, entry_id: str, answer: Any) -> None:
        """Answer an invitation: yes, maybe or no."""
        shown = self._there(person, side, entry_id)
        if answer not in ANSWERS:
            raise Refused("Answer yes, maybe or no.")
        if person.email not in {guest.address for guest in shown.guests}:
            raise Refused("Only somebody who was invited can answer.")
        severa_word, google_word = ANSWERS[answer]
        if side == "severa":
            do = self._sandbox.severa.person_answer
            self._do(do, person.guid, entry_id, severa_word)
            return
        rows = [
            {**row, "responseStatus": google_word} if row["email"] == person.email else row
            for row in self._attendees(person, entry_id)
        ]
        changes = {"attendees": rows}
        self._do(self._sandbox.google.person_patch, person.email, entry_id, changes)

    def delete(self, person: Person, side: Side, entry_id: str) -> None:
        """Delete an entry."""
        self._there(person, side, entry_id)
        if side == "severa":
            self._do(self._sandbox.severa.person_delete, person.guid, entry_id)
        else:
            self._do(self._sandbox.google.person_delete, person.email, entry_id)

    def _there(self, person: Person, side: Side, entry_id: str) -> Shown:
        shown = self._journal.shown(side, person.email).get(entry_id)
        if shown is None:
            raise Refused("This entry is not there any more.")
        return shown

    def _asked(self, fields: Mapping[str, Any]) -> list[str] | None:
        """Return the addresses of the colleagues who shall be asked, None if nothing is said of it."""
        if "people" not in fields:
            return None
        given, known = fields["people"], {each.email for each in self._company.people}
        if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
            raise Refused("The people are to be a list of addresses.")
        if not known.issuperset(given):
            raise Refused("Nobody in the company has this address.")
        return list(dict.fromkeys(given))

    def _ask_in_severa(self, person: Person, guid: str, asked: list[str]) -> None:
        severa, seats = self._sandbox.severa, self._sandbox.severa.participations.members(guid)
        owner = severa.row(guid).owner_guid
        for each in self._company.people:
            if each.guid == owner:
                continue
            if each.email in asked and each.guid not in seats:
                self._do(severa.person_invite, person.guid, guid, each.guid)
            elif each.email not in asked and each.guid in seats:
                self._do(severa.person_uninvite, person.guid, guid, each.guid)

    def _rows(self, rows: list[Fields], owner: str, asked: list[str]) -> list[Fields]:
        """Return an event's guests with these colleagues among them; whoever is no colleague stays."""
        colleagues = {each.email for each in self._company.people} - {owner}
        kept = [row for row in rows if row["email"] not in colleagues or row["email"] in asked]
        there = {row["email"] for row in kept} | {owner}
        return kept + [{"email": address} for address in asked if address not in there]

    def _attendees(self, person: Person, event_id: str) -> list[Fields]:
        rows: list[Fields] = self._sandbox.google.event(person.email, event_id).get("attendees", [])
        return rows

    def _do(self, act: Any, *arguments: Any, **fields: Any) -> Any:
        with self._journal.by_hand():
            try:
                return act(*arguments, **fields)
            except SeveraError as error:
                raise Refused(f"Severa says: {error}") from None
            except ApiError as error:
                raise Refused(f"Google says: {error.message}") from None


def _for_severa(fields: Mapping[str, Any], person: Person) -> Fields:
    wish: Fields = {}
    for name, theirs in {"title": "name", "location": "location", "notes": "notes"}.items():
        if name in fields:
            wish[theirs] = _text(name, fields[name])
    if wish.get("name") == "":
        raise Refused("Severa wants a name.")
    if fields.get("kind"):
        wish["activityType"] = _text("kind", fields["kind"])
    if "start" in fields:
        span = _span(fields, person)
        wish |= {
            "isAllDay": span.is_all_day,
            "startDateTime": span.start,
            "endDateTime": span.end,
            "hasDuration": span.end is not None,
        }
    return wish


def _for_google(fields: Mapping[str, Any], person: Person) -> Fields:
    """Return the body of a patch, in which null takes out what is not wanted any more."""
    body: Fields = {}
    for name, theirs in {
        "title": "summary",
        "location": "location",
        "notes": "description",
    }.items():
        if name in fields:
            body[theirs] = _text(name, fields[name]) or None
    if "private" in fields:
        body["visibility"] = "private" if fields["private"] is True else "default"
    if "start" in fields:
        span = _span(fields, person)
        if span.end is None:
            raise Refused("Google wants an end.")
        body["start"] = _google_time(span.start, span.is_all_day, person.zone)
        body["end"] = _google_time(span.end, span.is_all_day, person.zone)
    return body


def _google_time(at: datetime, is_all_day: bool, zone: str) -> Fields:
    if is_all_day:
        return {"date": at.date().isoformat(), "dateTime": None, "timeZone": None}
    return {"date": None, "dateTime": at.isoformat(), "timeZone": zone}


def _span(fields: Mapping[str, Any], person: Person) -> Span:
    zone, is_all_day = ZoneInfo(person.zone), fields.get("allDay") is True
    start = _moment(fields["start"], zone, is_all_day)
    if start is None:
        raise Refused("Say when it begins.")
    end = _moment(fields.get("end"), zone, is_all_day)
    if end is not None and end < start:
        raise Refused("The end is before the start.")
    if is_all_day:
        end = (end or start) + timedelta(days=1)
    return Span(is_all_day, start, end)


def _moment(given: Any, zone: ZoneInfo, is_all_day: bool) -> datetime | None:
    if given in (None, ""):
        return None
    try:
        at = datetime.fromisoformat(given)
    except (TypeError, ValueError):
        raise Refused("This is no date or time that can be read.") from None
    if at.tzinfo is not None or at.year not in YEARS:
        raise Refused(f"Choose a date from {YEARS.start} to {YEARS.stop - 1}.")
    return at.replace(tzinfo=zone) if not is_all_day else _midnight(at.date(), zone)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _text(name: str, given: Any) -> str:
    if not isinstance(given, str):
        raise Refused(f"The {name} is to be a text.")
    return given.strip()
