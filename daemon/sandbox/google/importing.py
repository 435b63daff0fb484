"""What an import makes of an event ("Events: import"): a private copy, found again by its iCalUID."""

import base64

from daemon.sandbox.google import errors
from daemon.sandbox.google.calendars import Calendar, Calendars, Copy
from daemon.sandbox.google.fields import WRITABLE, Fields, check_times, cleaned
from daemon.sandbox.google.times import check_range


def imported(book: Calendars, calendar: Calendar, body: Fields, *, creator: str) -> Copy:
    """Make an event, or replace the one of the same iCalUID whole: what the body lacks is cleared."""
    if "id" in body:
        raise errors.invalid("Invalid resource id value.")
    uid = body.get("iCalUID")
    if not isinstance(uid, str) or not uid:
        raise errors.required("Missing iCalUID.")
    # Of other types only the times are taken.
    fields = cleaned(body | {"eventType": None}, calendar.zone)
    fields.pop("attendeesOmitted", None)
    check_times(fields)
    check_range(fields["start"], fields["end"])
    organizer = _organizer(calendar, body)
    invited = {row["email"] for row in fields.get("attendees", ())}
    if calendar.email not in invited | {organizer}:
        raise errors.uninvolved()
    known = next((one for one in calendar.events.values() if one["iCalUID"] == uid), None)
    if known is not None:
        return _replaced(book, calendar, known, fields)
    private = {"privateCopy": True} if organizer != calendar.email else {}
    copy: Copy = {
        "creator": creator,
        "organizer": organizer,
        "sequence": 0,
        **fields,
        **private,
        "id": _id_of(uid),
        "iCalUID": uid,
    }
    book.add(calendar, copy)
    return copy


def _replaced(book: Calendars, calendar: Calendar, copy: Copy, fields: Fields) -> Copy:
    if fields.setdefault("sequence", copy["sequence"]) < copy["sequence"]:
        raise errors.too_low_sequence()
    for name in WRITABLE:
        copy.pop(name, None)
    copy.update(fields)
    book.touch(calendar, copy)
    return copy


def _organizer(calendar: Calendar, body: Fields) -> str:
    named = body.get("organizer") or {}
    if not isinstance(named, dict):
        raise errors.bad_request()
    return str(named.get("email") or calendar.email).lower()


def _id_of(uid: str) -> str:
    """Return the id that Google gives to an event of another calendar program."""
    return "_" + base64.b32hexencode(uid.encode()).decode().lower().rstrip("=")
