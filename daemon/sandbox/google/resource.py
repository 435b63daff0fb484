"""Copies of events as Calendar API v3 shows them ("Events", resource)."""

import base64
import copy as copies
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from daemon.sandbox.google import times
from daemon.sandbox.google.calendars import Calendar, Copy, etag
from daemon.sandbox.google.fields import WRITABLE, value

_SPECIAL = ("start", "end", "attendees", "status", "eventType", "reminders", "sequence")


def rendered(
    copy: Copy, calendar: Calendar, *, zone: ZoneInfo | None = None, guests_max: int | None = None
) -> dict[str, Any]:
    """Return a copy in full, its times with the offset of ``zone`` or of the calendar's own."""
    zone = zone or times.checked_zone(calendar.zone, "calendar")
    person = _person(calendar.email)
    shown = {
        "kind": "calendar#event",
        "etag": etag(copy),
        "id": copy["id"],
        "status": value(copy, "status"),
        "htmlLink": _link(copy["id"], calendar.email),
        "created": times.stamped(copy["created"]),
        "updated": times.stamped(copy["updated"]),
        **{k: copies.deepcopy(copy[k]) for k in WRITABLE if k in copy and k not in _SPECIAL},
        "creator": person(copy["creator"]),
        "organizer": person(copy["organizer"]),
        "start": times.rendered(copy["start"], zone),
        "end": times.rendered(copy["end"], zone),
        "iCalUID": copy["iCalUID"],
        "sequence": copy["sequence"],
        "reminders": copies.deepcopy(value(copy, "reminders")),
        "eventType": value(copy, "eventType"),
    }
    return shown | _attendees(copy, calendar.email, guests_max) | _occurrence(copy, zone)


def tombstone(copy: Copy, zone: ZoneInfo) -> dict[str, Any]:
    """Return what is told of a deleted event to those who did not ask for details."""
    kind = {"kind": "calendar#event", "etag": etag(copy), "id": copy["id"]}
    return kind | {"status": "cancelled"} | _occurrence(copy, zone)


def _occurrence(copy: Copy, zone: ZoneInfo) -> dict[str, Any]:
    if "recurringEventId" not in copy:
        return {}
    original = times.rendered(copy["originalStartTime"], zone)
    return {"recurringEventId": copy["recurringEventId"], "originalStartTime": original}


def _attendees(copy: Copy, email: str, guests_max: int | None) -> dict[str, Any]:
    rows = copy.get("attendees", [])
    omitted = guests_max is not None and len(rows) > guests_max
    shown = [_guest(row, copy, email) for row in rows if not omitted or row["email"] == email]
    found = {"attendees": shown} if shown else {}
    return found | ({"attendeesOmitted": True} if omitted else {})


def _guest(row: dict[str, Any], copy: Copy, email: str) -> dict[str, Any]:
    organizer = {"organizer": True} if row["email"] == copy["organizer"] else {}
    own = {"self": True} if row["email"] == email else {}
    return row | organizer | own


def _person(own: str) -> Callable[[str], dict[str, Any]]:
    return lambda email: {"email": email, "self": True} if email == own else {"email": email}


def _link(event_id: str, email: str) -> str:
    eid = base64.urlsafe_b64encode(f"{event_id} {email}".encode()).decode().rstrip("=")
    return f"https://www.google.com/calendar/event?eid={eid}"
