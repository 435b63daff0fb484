"""What a write makes of an event ("Events: insert, patch, update"), for organizers and guests."""

import copy as copies
from datetime import timedelta
from typing import Any

from daemon.sandbox.google import errors, kinds, meetings, series
from daemon.sandbox.google.calendars import ID_ALPHABET, Calendar, Calendars, Copy
from daemon.sandbox.google.fields import (
    GUEST_FLAGS,
    SHARED,
    WRITABLE,
    Fields,
    check_properties_size,
    check_times,
    cleaned,
    value,
)
from daemon.sandbox.google.html import rewritten
from daemon.sandbox.google.switches import Switches
from daemon.sandbox.google.times import check_range, length, stored

ID_MIN, ID_MAX = 5, 1024

_STRICTNESS = ("public", "default", "confidential", "private")
_TIME = {"start", "end", "recurrence"}


def writable(copy: Copy) -> Fields:
    """Return a copy's writable fields."""
    return {name: copies.deepcopy(copy[name]) for name in WRITABLE if name in copy}


def insert(
    book: Calendars,
    calendar: Calendar,
    body: Fields,
    *,
    creator: str,
    by_google: bool,
    is_legacy: bool = False,
) -> Copy:
    """Make a new event on its organizer's calendar and deliver it to the guests.

    What Google makes by itself (``by_google``) may have ids, types and shapes that clients may not;
    an event of old days (``is_legacy``) may last no time or less.
    """
    fields = _taken(book, calendar, body)
    check_times(fields)
    if not is_legacy:
        _check_span(book, fields)
    if not by_google:
        kinds.check_insert(fields, body, book.switches.event_type_status)
    fields.pop("attendeesOmitted", None)
    identity = _identity(book, calendar, body, by_google=by_google)
    own = {"creator": creator, "organizer": calendar.email, "sequence": 0}
    copy: Copy = {**own, **fields, **identity}
    if by_google and "recurringEventId" in body:
        copy["recurringEventId"] = body["recurringEventId"]
        copy["originalStartTime"] = stored(body["originalStartTime"], "start", calendar.zone)
    _reset_prefilled(book, copy, [])
    meetings.accept_own_row(copy)
    book.add(calendar, copy)
    meetings.propagate(book, copy, set())
    return copy


def replace(book: Calendars, calendar: Calendar, copy: Copy, body: Fields) -> None:
    """Bring a copy's writable fields to those of a body, with all that follows for the others."""
    fields = _taken(book, calendar, body)
    _check_living(copy, fields, book.switches)
    check_times(fields)
    _check_sequence(copy, fields)
    wished = fields.get("attendees", [])
    is_guest = copy["organizer"] != calendar.email
    if fields.pop("attendeesOmitted", False) or is_guest:
        fields = _with_guests(fields, meetings.with_own_answer(copy, wished, calendar.email))
    meetings.accept_own_row(fields | {"organizer": copy["organizer"]})
    _share_visibility(book, calendar, copy, fields)
    changed = _changed(copy, fields)
    if changed & {"start", "end"}:
        _check_span(book, fields)
    kinds.check_change(copy, fields, changed, book.switches.event_type_status)
    _check_properties(book, copy, fields)
    if value(fields, "status") == "cancelled":
        meetings.remove(book, calendar, copy)
    elif is_guest:
        _change_as_guest(book, calendar, copy, fields, wished)
    else:
        _change_as_organizer(book, calendar, copy, fields)


def _share_visibility(book: Calendars, calendar: Calendar, copy: Copy, fields: Fields) -> None:
    """Let an occurrence's stricter visibility count for its whole series, and a laxer one not at all."""
    whole = calendar.events.get(copy.get("recurringEventId", ""))
    if whole is None or whole["organizer"] != calendar.email or meetings.is_cancelled(whole):
        return
    wished, known = value(fields, "visibility"), value(whole, "visibility")
    if _STRICTNESS.index(wished) > _STRICTNESS.index(known):
        replace(book, calendar, whole, writable(whole) | {"visibility": wished})
    elif "visibility" in _changed(copy, fields) and wished != known:
        fields.pop("visibility", None)
        fields |= {"visibility": whole["visibility"]} if "visibility" in whole else {}


def _taken(book: Calendars, calendar: Calendar, body: Fields) -> Fields:
    """Return the writable fields of a body as Google takes them."""
    fields = cleaned(body, calendar.zone)
    if "recurrence" in fields and "start" in fields:
        series.check_rules(fields, calendar.zone)
    if "description" in fields and book.switches.html == "rewritten":
        fields["description"] = rewritten(fields["description"])
    return fields


def _check_span(book: Calendars, fields: Fields) -> None:
    check_range(fields["start"], fields["end"])
    if length(fields["start"], fields["end"]) > timedelta(days=book.switches.event_days_max):
        raise errors.too_long()


def _check_properties(book: Calendars, copy: Copy, fields: Fields) -> None:
    """Refuse properties that are too many or too large together with those of the other copies."""
    found = [fields.get("extendedProperties", {})]
    for _, theirs in book.copies(copy):
        if theirs is not copy:
            found.append({"private": theirs.get("extendedProperties", {}).get("private", {})})
    check_properties_size(found)


def _reset_prefilled(book: Calendars, fields: Fields, before: list[Fields]) -> None:
    if book.switches.prefilled_answers == "reset" and "attendees" in fields:
        rows = meetings.without_prefilled(before, fields["attendees"], fields["organizer"])
        fields["attendees"] = rows


def _with_guests(fields: Fields, rows: list[Fields]) -> Fields:
    return _without(fields, {"attendees"}) | ({"attendees": rows} if rows else {})


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
        raise errors.too_low_sequence()


def _changed(copy: Copy, fields: Fields) -> set[str]:
    return {name for name in WRITABLE if fields.get(name) != copy.get(name)}


def _change_as_organizer(book: Calendars, calendar: Calendar, copy: Copy, fields: Fields) -> None:
    organizer = {"organizer": copy["organizer"]}
    _reset_prefilled(book, whole := fields | organizer, copy.get("attendees", []))
    fields = _without(whole, {"organizer"})
    changed = _changed(copy, fields)
    if changed & _TIME and "sequence" not in changed:
        fields["sequence"] += 1
    guests_before, shared_before = meetings.guests(copy), meetings.shared(copy)
    _set(book, calendar, copy, fields)
    if meetings.shared(copy) != shared_before:
        meetings.propagate(book, copy, guests_before)


def _change_as_guest(
    book: Calendars, calendar: Calendar, copy: Copy, fields: Fields, wished: list[Fields]
) -> None:
    changed = _changed(copy, fields)
    if changed & set(GUEST_FLAGS):
        raise errors.for_non_organizer()
    edited = changed & set(SHARED) - {"attendees"}
    edits = {name: fields[name] for name in edited if name in fields}
    origin = _origin(book, copy)
    may_modify = origin is not None and value(origin[1], "guestsCanModify")
    if edited and not may_modify and book.switches.guest_edits == "refused":
        raise errors.forbidden()
    if edited and not may_modify and book.switches.guest_edits == "ignored":
        before = {name: copy[name] for name in edited if name in copy}
        fields = _without(fields, edited) | before
    _set(book, calendar, copy, fields)
    row = meetings.row_of(copy, calendar.email)
    if "attendees" in changed and row is not None:
        meetings.spread_answer(book, copy, row)
    if origin is None:
        return
    invited = _invited(book, origin[1], wished)
    if may_modify:
        theirs = _without(writable(origin[1]), edited) | edits
        replace(book, *origin, theirs | ({"attendees": wished} if wished else {}))
    elif invited:
        theirs = writable(origin[1])
        replace(book, *origin, theirs | {"attendees": theirs.get("attendees", []) + invited})


def _origin(book: Calendars, copy: Copy) -> tuple[Calendar, Copy] | None:
    """Return the organizer's calendar and copy, None where they are not in this world."""
    for calendar, found in list(book.copies(copy))[:1]:
        if calendar.email == copy["organizer"] and "privateCopy" not in copy:
            return calendar, found
    return None


def _invited(book: Calendars, origin: Copy, wished: list[Fields]) -> list[Fields]:
    """Return the guests whom a guest adds and may add."""
    if book.switches.guest_invites == "ignored" or not value(origin, "guestsCanInviteOthers"):
        return []
    known = meetings.guests(origin) | {origin["organizer"]}
    return [row for row in wished if row["email"] not in known]


def _set(book: Calendars, calendar: Calendar, copy: Copy, fields: Fields) -> None:
    changed = _changed(copy, fields)
    if not changed:
        return
    was_series = "recurrence" in copy
    for name in (*WRITABLE, "left"):
        copy.pop(name, None)
    copy.update(fields)
    book.touch(calendar, copy, main=changed != {"reminders"})
    if was_series:
        series.follow(book, calendar, copy, changed)


def _without(fields: Fields, names: set[str]) -> Fields:
    return {k: v for k, v in fields.items() if k not in names}
