"""Google's event and our `Copy`: one pure function each way (Google Calendar API v3, Events)."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from daemon.core.company import User
from daemon.core.entry import UNKNOWN, AllDay, Entry, Timed, When
from daemon.core.link import Copy, Mark
from daemon.core.recurrence import Recurrence
from daemon.core.text import canonical_text
from daemon.errors import Forbidden
from daemon.google.attendees import is_organized_here, organizer_of, people_of
from daemon.google.notes import description_of, text_of

TRANSLATOR: Final = 1
"""Raise it when the same event comes to another entry than before: nobody has edited it, and nothing is written."""

TODO_LENGTH: Final = timedelta(minutes=15)
"""What a to-do without a length gets, since Google refuses events of zero length."""

Event = Mapping[str, Any]

_DAY: Final = timedelta(days=1)
_PRIVATE: Final = frozenset({"private", "confidential"})
_MADE_BY_GOOGLE: Final = frozenset({"birthday", "fromGmail"})
_MASKED_LACKS: Final = frozenset({"summary", "description", "creator", "organizer"})
"""Of these, whoever may see only when somebody is busy is shown none; taken for empty texts they would empty ours."""
ACTIVITY_PROPERTY, _EVENT = "severaActivity", "severaEvent"
_ID: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
OUR_PROPERTIES: Final = frozenset({ACTIVITY_PROPERTY, _EVENT})
"""The private properties that are our mark."""


def is_cancelled(event: Event) -> bool:
    """Tell whether an event is the remains of a deleted one."""
    return event.get("status") == "cancelled"


def is_occurrence(event: Event) -> bool:
    """Tell whether an event is one occurrence that differs from its series, or does not take place.

    Of a cancelled one sometimes only the id is told; it then looks like the deletion of an event that nobody knows.
    """
    return "recurringEventId" in event or "originalStartTime" in event


def copy_of(event: Event, *, user: User, zone: str) -> Copy | None:
    """Return what Google shows of an event on a user's calendar, whose own zone is `zone`.

    `None` stands for what is no entry: a cancelled event, and an occurrence that differs from its series.

    Raises:
        Forbidden: It cannot be read (no start, a date that does not exist, a title that is no text), or is masked.
    """
    if is_cancelled(event) or is_occurrence(event):
        return None
    if not _MASKED_LACKS & event.keys():
        message = "Google shows only when the event is, not what it is."
        raise Forbidden(message, reason="masked")
    try:
        return _copy_of(event, user, zone)
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        # The shapes are Google's to keep, and one event that does not have them must not end a listing.
        message = "Google shows an event that cannot be read."
        raise Forbidden(message, reason="unreadable") from None


def body_of(entry: Entry, *, zone: str, mark: Mark | None) -> dict[str, Any]:
    """Return the body of an insert, but for its guests; times are shown to people in `zone`.

    Raises:
        Forbidden: The entry ends before it starts.
    """
    body = _texts(entry)
    if entry.when is not UNKNOWN:
        body |= _span(entry.when, zone)
        if entry.when.recurrence:
            body["recurrence"] = list(entry.when.recurrence.lines)
    return body | _marked(mark)


def changes_of(change: Entry, *, seen: Copy, zone: str, mark: Mark | None) -> dict[str, Any]:
    """Return the body of a patch: the known fields of `change` but for its people, and the mark where it is another.

    A patch merges objects, so an event keeps the zone it has and other programs' properties.

    Raises:
        Forbidden: The entry would end before it starts.
    """
    body = _texts(change)
    if change.when is not UNKNOWN:
        body |= _moved(change.when, seen.entry.when, zone)
    return body | (_marked(mark) if mark != seen.mark else {})


def shown(entry: Entry) -> Entry:
    """Return how an entry reads after it was written to Google: cut, and with a made-up length.

    Raises:
        Forbidden: The entry ends before it starts.
    """
    changes: dict[str, Any] = {}
    if entry.title is not UNKNOWN:
        changes["title"] = _line(entry.title)
    if entry.location is not UNKNOWN:
        changes["location"] = _line(entry.location)
    if entry.notes is not UNKNOWN:
        changes["notes"] = text_of(description_of(entry.notes))
    if entry.when is not UNKNOWN:
        changes["when"] = _lasting(entry.when)
    return replace(entry, **changes)


def _copy_of(event: Event, user: User, zone: str) -> Copy:
    is_organizer, own = is_organized_here(event), user.email.lower()
    return Copy(
        ref=_text(event, "id"),
        user=user.guid,
        entry=_entry_of(event, zone, own),
        uid=_text(event, "iCalUID"),
        version=_text(event, "etag"),
        kind=_text(event, "eventType") or "default",
        is_organizer=is_organizer,
        is_writable=_is_writable(event, is_organizer=is_organizer),
        mark=_mark_of(event),
        address=own,
        organizer=organizer_of(event, own),
        translator=TRANSLATOR,
    )


def _text(place: Mapping[str, Any], name: str) -> str:
    """Return a text that may be missing; `TypeError` where it is something else."""
    value = place.get(name)
    if value is None or isinstance(value, str):
        return value or ""
    raise TypeError(name)


def _entry_of(event: Event, zone: str, own: str) -> Entry:
    return Entry(
        title=_line(_text(event, "summary")),
        when=_when_of(event, zone),
        location=_line(_text(event, "location")),
        notes=text_of(_text(event, "description")),
        private=event.get("visibility") in _PRIVATE,
        people=people_of(event, own),
    )


def _line(text: str) -> str:
    return canonical_text(text)


def _is_writable(event: Event, *, is_organizer: bool) -> bool:
    may_edit = is_organizer or event.get("guestsCanModify") is True
    is_made_by_google = event.get("eventType") in _MADE_BY_GOOGLE
    return may_edit and not event.get("locked") and not is_made_by_google


def _mark_of(event: Event) -> Mark | None:
    private = (event.get("extendedProperties") or {}).get("private") or {}
    if ACTIVITY_PROPERTY not in private:
        return None
    activity = _text(private, ACTIVITY_PROPERTY)
    # Whoever may edit the event may have written it: what can be no id is not to get into a path.
    return Mark(activity, _text(private, _EVENT)) if _ID.fullmatch(activity) else None


def _marked(mark: Mark | None) -> dict[str, Any]:
    if mark is None:
        return {}
    return {
        "extendedProperties": {"private": {ACTIVITY_PROPERTY: mark.activity, _EVENT: mark.event}}
    }


def _when_of(event: Event, zone: str) -> When:
    start, end = event.get("start") or {}, event.get("end") or {}
    lines = tuple(event.get("recurrence") or ())
    if start.get("date"):
        recurrence = Recurrence(lines) if lines else None
        return _days(start["date"], end.get("date"), recurrence)
    recurrence = Recurrence(lines, _text(start, "timeZone") or zone) if lines else None
    ending = _instant(end, zone) if end.get("dateTime") else None
    return Timed(_instant(start, zone), ending, recurrence)


def _days(first: str, until: str | None, recurrence: Recurrence | None) -> AllDay:
    """Read whole days; where the end is missing or not after the start, Google shows one day."""
    start = date.fromisoformat(first)
    end = date.fromisoformat(until) if until else start
    return AllDay(start, start + _DAY if end == start else end, recurrence)


def _instant(point: Mapping[str, Any], zone: str) -> datetime:
    at = datetime.fromisoformat(point["dateTime"]).replace(microsecond=0)
    if at.tzinfo is None:
        at = at.replace(tzinfo=_zone(_text(point, "timeZone"), zone))
    return at.astimezone(UTC)


def _zone(*names: str) -> ZoneInfo:
    """Return the first zone that is known here: programs write Windows' names, and Google knows newer ones."""
    for name in filter(None, names):
        with suppress(KeyError, ValueError, OSError):
            return ZoneInfo(name)
    return ZoneInfo("UTC")


def _texts(entry: Entry) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if entry.title is not UNKNOWN:
        body["summary"] = _line(entry.title)
    if entry.location is not UNKNOWN:
        body["location"] = _line(entry.location)
    if entry.notes is not UNKNOWN:
        body["description"] = description_of(entry.notes)
    if entry.private is not UNKNOWN:
        body["visibility"] = "private" if entry.private else "default"
    return body


def _lasting(when: When) -> When:
    """Give a length to what has none; what ends before it starts is never written."""
    if isinstance(when, Timed):
        start = when.start.replace(microsecond=0)
        end = when.end.replace(microsecond=0) if when.end else start
        lasting: When = Timed(start, start + TODO_LENGTH if end == start else end, when.recurrence)
        is_backwards = end < start
    else:
        until = when.until or when.first
        last = when.first + _DAY if until == when.first else until
        lasting = AllDay(when.first, last, when.recurrence)
        is_backwards = until < when.first
    if is_backwards:
        raise Forbidden("An entry that ends before it starts cannot be written to Google.")
    return lasting


def _span(when: When, zone: str) -> dict[str, Any]:
    when = _lasting(when)
    if isinstance(when, AllDay):
        return {"start": {"date": _iso(when.first)}, "end": {"date": _iso(when.until)}}
    # A series repeats in the zone it is given, and needs one (Events: recurring events).
    named = when.recurrence.zone if when.recurrence else ""
    there = _zone(named, zone)
    label = named or there.key
    return {
        "start": {"dateTime": _iso(when.start.astimezone(there)), "timeZone": label},
        "end": {"dateTime": _iso(when.end and when.end.astimezone(there)), "timeZone": label},
    }


def _moved(when: When, before: object, zone: str) -> dict[str, Any]:
    """Return the new time; a point keeps what a patch does not name, so the other form is cleared."""
    span = _span(when, zone)
    for point in (span["start"], span["end"]):
        if isinstance(when, AllDay):
            point |= {"dateTime": None, "timeZone": None}
        else:
            point["date"] = None
            if isinstance(before, Timed) and not when.recurrence:
                del point["timeZone"]
    had_lines = isinstance(before, Timed | AllDay) and before.recurrence is not None
    if when.recurrence or had_lines:
        span["recurrence"] = list(when.recurrence.lines) if when.recurrence else None
    return span


def _iso(value: date | None) -> str:
    assert value is not None, "What is written has a length."
    return value.isoformat()
