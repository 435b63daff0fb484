"""What flows between the copies of one meeting on several calendars.

Rests on "Invite users to an event" and on Calendar API v3, "Events" (resource): the organizer's
copy owns the shared fields, and of a guest's copy only the answer flows back.
"""

import copy as copies

from daemon.sandbox.google.calendars import Calendar, Calendars, Copy
from daemon.sandbox.google.fields import SHARED, Fields, value

_ANSWER = ("responseStatus", "comment", "additionalGuests")
_BORN_WITH = (
    "id",
    "iCalUID",
    "creator",
    "organizer",
    "created",
    "eventType",
    "transparency",
    "recurringEventId",
    "originalStartTime",
)


def is_cancelled(copy: Copy) -> bool:
    """Tell whether a copy is a tombstone."""
    return bool(value(copy, "status") == "cancelled")


def row_of(copy: Copy, email: str) -> Fields | None:
    """Return a guest's row on a copy."""
    return next((row for row in copy.get("attendees", ()) if row["email"] == email), None)


def guests(copy: Copy) -> set[str]:
    """Return the addresses of a copy's guests."""
    return {row["email"] for row in copy.get("attendees", ())}


def shared(copy: Copy) -> Fields:
    """Return a copy's shared fields, its shared properties among them."""
    fields = {name: copies.deepcopy(copy[name]) for name in SHARED if name in copy}
    properties = copy.get("extendedProperties", {}).get("shared")
    return fields | ({"extendedProperties": {"shared": dict(properties)}} if properties else {})


def accept_own_row(copy: Copy) -> None:
    """Let the organizer's own row say accepted, as Google does whatever was sent."""
    row = row_of(copy, copy["organizer"])
    if row is not None:
        row["responseStatus"] = "accepted"


def with_own_answer(copy: Copy, wished: list[Fields], email: str) -> list[Fields]:
    """Return a copy's rows as they are, but for the answer that one guest gives for himself."""
    rows: list[Fields] = copies.deepcopy(copy.get("attendees", []))
    answer = next((row for row in wished if row["email"] == email), {})
    for row in rows:
        if row["email"] == email:
            row.update({name: answer[name] for name in _ANSWER if name in answer})
    return rows


def spread_answer(book: Calendars, copy: Copy, answer: Fields) -> None:
    """Show one guest's answer on every other living copy; the organizer's etag moves with it."""
    for calendar, theirs in list(book.copies(copy)):
        row = row_of(theirs, answer["email"])
        if theirs is copy or row is None or is_cancelled(theirs):
            continue
        new = row | {name: answer[name] for name in _ANSWER if name in answer}
        if new != row:
            row.update(new)
            book.touch(calendar, theirs)


def propagate(book: Calendars, copy: Copy, guests_before: set[str]) -> None:
    """Bring the organizer's shared fields to every guest's copy, over what the guest edited."""
    invited = guests(copy)
    for email in sorted((invited | guests_before) - {copy["organizer"]}):
        calendar = book.get(email)
        if calendar is None:
            continue
        theirs = calendar.events.get(copy["id"])
        if theirs is None:
            if email in invited:
                book.add(calendar, _copy_for_guest(copy))
        elif theirs["iCalUID"] == copy["iCalUID"]:
            _bring(book, calendar, theirs, copy)


def remove(book: Calendars, calendar: Calendar, copy: Copy) -> None:
    """Delete an event: the organizer for everybody, a guest from the own calendar alone."""
    if copy["organizer"] == calendar.email:
        for other, theirs in list(book.copies(copy)):
            _cancel(book, other, theirs)
        return
    row = row_of(copy, calendar.email)
    if row is not None:
        row["responseStatus"] = "declined"
        spread_answer(book, copy, row)
    copy["left"] = True
    _cancel(book, calendar, copy)


def _copy_for_guest(copy: Copy) -> Copy:
    born = {name: copies.deepcopy(copy[name]) for name in _BORN_WITH if name in copy}
    return born | shared(copy)


def _bring(book: Calendars, calendar: Calendar, theirs: Copy, copy: Copy) -> None:
    row = row_of(copy, calendar.email)
    if row is None:
        _cancel(book, calendar, theirs)
    elif "left" in theirs and row["responseStatus"] == "declined":
        return
    else:
        _overwrite(book, calendar, theirs, copy)


def _overwrite(book: Calendars, calendar: Calendar, theirs: Copy, copy: Copy) -> None:
    new = shared(copy)
    private = theirs.get("extendedProperties", {}).get("private")
    if private:
        new["extendedProperties"] = {"private": private, **new.get("extendedProperties", {})}
    names = (*SHARED, "extendedProperties", "left")
    if {name: theirs[name] for name in names if name in theirs} == new:
        return
    for name in names:
        theirs.pop(name, None)
    theirs.update(new)
    book.touch(calendar, theirs)


def _cancel(book: Calendars, calendar: Calendar, copy: Copy) -> None:
    if is_cancelled(copy):
        return
    copy["status"] = "cancelled"
    book.touch(calendar, copy)
    if "recurrence" in copy:
        for exception in list(calendar.events.values()):
            if exception.get("recurringEventId") == copy["id"]:
                _cancel(book, calendar, exception)
