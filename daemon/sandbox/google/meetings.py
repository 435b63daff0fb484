"""What flows between the copies of one meeting on several calendars.

Rests on "Invite users to an event" and on Calendar API v3, "Events" (resource): the organizer's
copy owns the shared fields, and of a guest's copy only the answer flows back.
"""

import copy as copies

from daemon.sandbox.google.calendars import Calendar, Calendars, Copy
from daemon.sandbox.google.fields import SHARED, Fields, value
from daemon.sandbox.google.series import exceptions_of, follow

ANSWERED_GUESTS_MAX = 200
"""Above so many guests their answers reach nobody."""

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


def without_prefilled(before: list[Fields], rows: list[Fields], organizer: str) -> list[Fields]:
    """Return an organizer's rows with the answers that the guests themselves gave so far."""
    known = {row["email"]: row["responseStatus"] for row in before}
    return [
        row
        if row["email"] == organizer
        else row | {"responseStatus": known.get(row["email"], "needsAction")}
        for row in rows
    ]


def spread_answer(book: Calendars, copy: Copy, answer: Fields) -> None:
    """Show one guest's answer on every other living copy; the organizer's etag moves with it."""
    if copy.get("privateCopy") or len(copy.get("attendees", ())) > ANSWERED_GUESTS_MAX:
        return
    if book.switches.propagation_s > 0:
        _send(book, copy, answer["email"], answer)
    else:
        _show_answer(book, copy, answer)


def propagate(book: Calendars, copy: Copy, guests_before: set[str]) -> None:
    """Bring the organizer's shared fields to every guest's copy, over what the guest edited."""
    if copy.get("privateCopy"):
        return
    for email in sorted((guests(copy) | guests_before) - {copy["organizer"]}):
        if book.switches.propagation_s > 0:
            _send(book, copy, email)
        else:
            _deliver(book, copy, email)


def deliver_due(book: Calendars) -> bool:
    """Deliver what has been on its way long enough; tell whether there was anything."""
    now = book.now_ms()
    due = [letter for letter in book.post if letter["due"] <= now]
    for letter in due:
        book.post.remove(letter)
        home = book.get(letter["guest"] if letter["answer"] else letter["organizer"])
        copy = home.events.get(letter["id"]) if home else None
        if copy is not None and letter["answer"]:
            _show_answer(book, copy, letter["answer"])
        elif copy is not None:
            _deliver(book, copy, letter["guest"])
    return bool(due)


def remove(book: Calendars, calendar: Calendar, copy: Copy) -> None:
    """Delete an event: the organizer for everybody, a guest from the own calendar alone."""
    if copy["organizer"] == calendar.email:
        _cancel(book, calendar, copy)
        propagate(book, copy, set())
        return
    row = row_of(copy, calendar.email)
    if row is not None:
        row["responseStatus"] = "declined"
        spread_answer(book, copy, row)
    copy["left"] = True
    _cancel(book, calendar, copy)


def _send(book: Calendars, copy: Copy, guest: str, answer: Fields | None = None) -> None:
    """Put a letter on its way: of the event to a guest, or of a guest's answer to the others."""
    due = book.now_ms() + int(book.switches.propagation_s * 1000)
    letter = {"due": due, "organizer": copy["organizer"], "id": copy["id"], "guest": guest}
    book.post.append(letter | {"answer": dict(answer) if answer else None})


def _show_answer(book: Calendars, copy: Copy, answer: Fields) -> None:
    for calendar, theirs in list(book.copies(copy)):
        row = row_of(theirs, answer["email"])
        if theirs is copy or row is None or is_cancelled(theirs):
            continue
        new = row | {name: answer[name] for name in _ANSWER if name in answer}
        if new != row:
            row.update(new)
            book.touch(calendar, theirs)


def _deliver(book: Calendars, copy: Copy, email: str) -> None:
    """Bring a guest's copy to what the organizer's says now."""
    calendar, row = book.get(email), row_of(copy, email)
    theirs = calendar.events.get(copy["id"]) if calendar else None
    if calendar is None:
        return
    if theirs is not None and theirs["iCalUID"] == copy["iCalUID"]:
        if is_cancelled(copy):
            _cancel(book, calendar, theirs)
        else:
            _bring(book, calendar, theirs, copy)
    elif theirs is None and row is not None and _appears(book, copy, row):
        book.add(calendar, _copy_for_guest(copy))


def _appears(book: Calendars, copy: Copy, row: Fields) -> bool:
    """Tell whether a guest is shown an invitation yet; an occurrence called off needs its series."""
    if is_cancelled(copy) and "recurringEventId" not in copy:
        return False
    return book.switches.invitations_appear == "at_once" or row["responseStatus"] != "needsAction"


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
    _keep_own_answer(book, calendar, theirs, new)
    private = theirs.get("extendedProperties", {}).get("private")
    if private:
        new["extendedProperties"] = {"private": private, **new.get("extendedProperties", {})}
    names = (*SHARED, "extendedProperties", "left")
    if {name: theirs[name] for name in names if name in theirs} == new:
        return
    was_series = "recurrence" in theirs
    changed = {name for name in names if theirs.get(name) != new.get(name)}
    for name in names:
        theirs.pop(name, None)
    theirs.update(new)
    book.touch(calendar, theirs)
    if was_series:
        follow(book, calendar, theirs, changed)


def _keep_own_answer(book: Calendars, calendar: Calendar, theirs: Copy, new: Fields) -> None:
    """Leave a guest's answer where it is while it is on its way to the organizer."""
    under_way = [
        letter
        for letter in book.post
        if letter["answer"] and (letter["guest"], letter["id"]) == (calendar.email, theirs["id"])
    ]
    for row in new.get("attendees", ()) if under_way else ():
        if row["email"] == calendar.email:
            row |= {k: v for k, v in under_way[-1]["answer"].items() if k in _ANSWER}


def _cancel(book: Calendars, calendar: Calendar, copy: Copy) -> None:
    if is_cancelled(copy):
        return
    copy["status"] = "cancelled"
    book.touch(calendar, copy)
    for exception in exceptions_of(calendar, copy) if "recurrence" in copy else ():
        exception["status"] = "cancelled"
        if book.switches.deleted_series_tells == "all":
            book.touch(calendar, exception)
