"""Who takes part in an event: Google's list of attendees as our people, and changes to it (Calendar API v3, Events)."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from daemon.core.entry import UNKNOWN, Answer, Entry, People
from daemon.errors import Forbidden

Event = Mapping[str, Any]
Row = Mapping[str, Any]

_ANSWERS: Final = {
    "accepted": Answer.ACCEPTED,
    "tentative": Answer.TENTATIVE,
    "declined": Answer.DECLINED,
}
_READ_ONLY: Final = frozenset({"self", "organizer", "asyncOperation"})
"""What Google says of a row and no client writes."""
_WORDS: Final = {answer: word for word, answer in _ANSWERS.items()} | {Answer.NONE: "needsAction"}


def is_organized_here(event: Event) -> bool:
    """Tell whether the calendar that shows this event organizes it."""
    return bool((event.get("organizer") or {"self": True}).get("self", False))


def organizer_of(event: Event, own: str) -> str:
    """Return the organizer's address, `own` (that of the calendar's user) where it is this calendar."""
    return own if is_organized_here(event) else _email(event["organizer"])


def people_of(event: Event, own: str) -> People:
    """Return the guests and the organizer, without rooms; of a list that is cut the calendar's own user alone."""
    answers = {address: _answer(row) for address, row in _addressed(event, own)}
    if _is_omitted(event) or _is_veiled(event):
        return People.of({a: answers[a] for a in answers if a == own}, is_whole=False)
    organizer = organizer_of(event, own)
    return People.of(({organizer: Answer.ACCEPTED} if organizer else {}) | answers)


def invited(entry: Entry, own: str) -> dict[str, Any]:
    """Return the part of an insert that invites everybody but its organizer, empty where that is nobody."""
    if entry.people is UNKNOWN:
        return {}
    guests = (row for row in entry.people.answers if row[0] != own and row[1] is not Answer.OUT)
    rows = [_row(address, answer) for address, answer in guests]
    return {"attendees": rows} if rows else {}


def reinvited(event: Event, people: People, own: str) -> dict[str, Any]:
    """Return the part of a patch that changes those named, empty where all is so already.

    A patch replaces the whole list, so it is the event's own as just read: of every other row, and of everything else
    that may be written in a row, nothing changes (E8). The organizer is no guest and stays.

    Raises:
        Forbidden: Google does not show the whole list.
    """
    if _is_omitted(event) or (_is_veiled(event) and {a for a, _ in people.answers} != {own}):
        message = "Google does not show all guests of the event, so its list is not written."
        raise Forbidden(message, reason="attendees-omitted")
    organizer = organizer_of(event, own)
    asked = {address: answer for address, answer in people.answers if address != organizer}
    before = list(event.get("attendees") or ())
    addresses = [_address(row, own) for row in before]
    kept = [
        _answering(row, asked.get(address))
        for address, row in zip(addresses, before, strict=True)
        if asked.get(address) is not Answer.OUT
    ]
    joining = (a for a in asked if a not in addresses and asked[a] is not Answer.OUT)
    after = [*kept, *(_row(address, asked[address]) for address in joining)]
    return {"attendees": [_writable(row) for row in after]} if after != before else {}


def _addressed(event: Event, own: str) -> Iterator[tuple[str, Row]]:
    """Yield the rows of people by address, the user's own last: it is the one that tells."""
    rows = sorted(event.get("attendees") or (), key=lambda row: row.get("self") is True)
    for row in rows:
        if address := _address(row, own):
            yield address, row


def _address(row: Row, own: str) -> str:
    """Return whose row it is, empty for a room; the user's own may show an alias."""
    if row.get("resource"):
        return ""
    return own if row.get("self") is True else _email(row)


def _email(person: Row) -> str:
    email: str = (person.get("email") or "").strip().lower()
    return email


def _answer(row: Row) -> Answer:
    return _ANSWERS.get(row.get("responseStatus", ""), Answer.NONE)


def _answering(row: Row, answer: Answer | None) -> Row:
    if answer is None or answer is _answer(row):
        return row
    return {**row, "responseStatus": _WORDS[answer]}


def _writable(row: Row) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in _READ_ONLY}


def _row(address: str, answer: Answer) -> dict[str, Any]:
    return {"email": address, "responseStatus": _WORDS[answer]}


def _is_omitted(event: Event) -> bool:
    return bool(event.get("attendeesOmitted"))


def _is_veiled(event: Event) -> bool:
    """Tell whether the organizer keeps the guests from seeing each other, and this is a guest's copy."""
    return event.get("guestsCanSeeOtherGuests") is False and not is_organized_here(event)
