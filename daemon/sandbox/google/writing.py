"""What a write makes of an event ("Events: insert, patch, update"), for organizers and guests."""

import copy as copies
from typing import Any

from daemon.sandbox.google import errors, kinds, meetings
from daemon.sandbox.google.calendars import ID_ALPHABET, Calendar, Calendars, Copy
from daemon.sandbox.google.fields import (
    GUEST_FLAGS,
    SHARED,
    WRITABLE,
    Fields,
    check_times,
    cleaned,
    value,
)
from daemon.sandbox.google.switches import Switches
from daemon.sandbox.google.times import stored

ID_MIN, ID_MAX = 5, 1024

_TIME = {"start", "end", "recurrence"}


def writable(copy: Copy) -> Fields:
    """Return a copy's writable fields."""
    return {name: copies.deepcopy(copy[name]) for name in WRITABLE if name in copy}


def insert(book: Calendars, calendar: Calendar, body: Fields, *, by_google: bool) -> Copy:
    """Make a new event on its organizer's calendar and deliver it to the guests.

    What Google makes by itself (``by_google``) may have ids, types and shapes that clients may not.
    """
    fields = cleaned(body, calendar.zone)
    check_times(fields)
    if not by_google:
        kinds.check_insert(fields)
    fields.pop("attendeesOmitted", None)
    identity = _identity(book, calendar, body, by_google=by_google)
    own = {"creator": calendar.email, "organizer": calendar.email, "sequence": 0}
    copy: Copy = {**own, **fields, **identity}
    if by_google and "recurringEventId" in body:
        copy["recurringEventId"] = body["recurringEventId"]
        copy["originalStartTime"] = stored(body["originalStartTime"], "start", calendar.zone)
    meetings.accept_own_row(copy)
    book.add(calendar, copy)
    meetings.propagate(book, copy, set())
    return copy


def replace(
    book: Calendars, calendar: Calendar, copy: Copy, body: Fields, switches: Switches
) -> None:
    """Bring a copy's writable fields to those of a body, with all that follows for the others."""
    fields = cleaned(body, calendar.zone)
    _check_living(copy, fields, switches)
    check_times(fields)
    _check_sequence(copy, fields)
    wished = fields.get("attendees", [])
    is_guest = copy["organizer"] != calendar.email
    if fields.pop("attendeesOmitted", False) or is_guest:
        wished_here = meetings.with_own_answer(copy, wished, calendar.email)
        fields = _without(fields, {"attendees"}) | (
            {"attendees": wished_here} if wished_here else {}
        )
    meetings.accept_own_row(fields | {"organizer": copy["organizer"]})
    kinds.check_change(copy, fields, _changed(copy, fields))
    if value(fields, "status") == "cancelled":
        meetings.remove(book, calendar, copy)
    elif is_guest:
        _change_as_guest(book, calendar, copy, fields, wished, switches)
    else:
        _change_as_organizer(book, calendar, copy, fields)


def _identity(
    book: Calendars, calendar: Calendar, body: Fields, *, by_google: bool
) -> dict[str, str]:
    event_id, uid = body.get("id"), body.get("iCalUID")
    if event_id is None:
        event_id = book.new_id()
    elif not by_google and not _is_id(event_id):
        raise errors.invalid("Invalid resource id value.")
    own_uid = f"{event_id}@google.com"
    if "id" in body and uid not in (None, own_uid):
        # A client may choose the id or the iCalUID, not both.
        raise errors.invalid("Invalid resource id value.")
    if event_id in calendar.events:
        raise errors.duplicate()
    return {"id": event_id, "iCalUID": uid or own_uid}


def _is_id(event_id: Any) -> bool:
    return (
        isinstance(event_id, str)
        and ID_MIN <= len(event_id) <= ID_MAX
        and set(event_id) <= set(ID_ALPHABET)
    )


def _check_living(copy: Copy, fields: Fields, switches: Switches) -> None:
    revives = switches.write_to_deleted == "revive" and value(fields, "status") != "cancelled"
    if meetings.is_cancelled(copy) and not revives:
        raise errors.forbidden()


def _check_sequence(copy: Copy, fields: Fields) -> None:
    if fields.setdefault("sequence", copy["sequence"]) < copy["sequence"]:
        raise errors.invalid(
            "Invalid sequence value. The specified sequence number is below the current sequence "
            "number of the resource. Re-fetch the resource and use its sequence number on the "
            "following request."
        )


def _changed(copy: Copy, fields: Fields) -> set[str]:
    return {name for name in WRITABLE if fields.get(name) != copy.get(name)}


def _change_as_organizer(book: Calendars, calendar: Calendar, copy: Copy, fields: Fields) -> None:
    changed = _changed(copy, fields)
    if changed & _TIME and "sequence" not in changed:
        fields["sequence"] += 1
    guests_before, shared_before = meetings.guests(copy), meetings.shared(copy)
    _set(book, calendar, copy, fields)
    if meetings.shared(copy) != shared_before:
        meetings.propagate(book, copy, guests_before)


def _change_as_guest(
    book: Calendars,
    calendar: Calendar,
    copy: Copy,
    fields: Fields,
    wished: list[Fields],
    switches: Switches,
) -> None:
    changed = _changed(copy, fields)
    if changed & set(GUEST_FLAGS):
        raise errors.for_non_organizer()
    edited = changed & set(SHARED) - {"attendees"}
    edits = {name: fields[name] for name in edited if name in fields}
    if switches.guest_edits == "ignored":
        before = {name: copy[name] for name in edited if name in copy}
        fields = _without(fields, edited) | before
    _set(book, calendar, copy, fields)
    row = meetings.row_of(copy, calendar.email)
    if "attendees" in changed and row is not None:
        meetings.spread_answer(book, copy, row)
    for owner, origin in list(book.copies(copy))[:1]:
        if owner.email == copy["organizer"] and value(origin, "guestsCanModify"):
            theirs = _without(writable(origin), edited) | edits
            invited = {"attendees": wished} if wished else {}
            replace(book, owner, origin, theirs | invited, switches)


def _set(book: Calendars, calendar: Calendar, copy: Copy, fields: Fields) -> None:
    changed = _changed(copy, fields)
    if not changed:
        return
    for name in (*WRITABLE, "left"):
        copy.pop(name, None)
    copy.update(fields)
    book.touch(calendar, copy, main=changed != {"reminders"})


def _without(fields: Fields, names: set[str]) -> Fields:
    return {k: v for k, v in fields.items() if k not in names}
