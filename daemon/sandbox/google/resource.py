"""Copies of events as Calendar API v3 shows them ("Events", resource)."""

import base64
import copy as copies
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from daemon.sandbox.google import times
from daemon.sandbox.google.access import View
from daemon.sandbox.google.calendars import Calendar, Copy, etag
from daemon.sandbox.google.fields import WRITABLE, value
from daemon.sandbox.google.switches import Switches

_SPECIAL = ("start", "end", "attendees", "status", "eventType", "reminders", "sequence")


@dataclass(frozen=True, slots=True)
class Lens:
    """How copies are shown: to whom, in which zone, with how many guests; None for what is usual."""

    switches: Switches
    view: View | None = None
    zone: ZoneInfo | None = None
    guests_max: int | None = None


def shown(copy: Copy, calendar: Calendar, lens: Lens) -> dict[str, Any]:
    """Return a copy as a user may see it, its details hidden from whom they are none of."""
    if lens.view is not None and lens.view.masks(copy):
        return _masked(copy, calendar, lens)
    return rendered(copy, calendar, lens)


def rendered(copy: Copy, calendar: Calendar, lens: Lens) -> dict[str, Any]:
    """Return a copy in full, its times with the offset of the lens' zone or of the calendar's own."""
    zone = lens.zone or times.checked_zone(calendar.zone, "calendar")
    person = _person(calendar.email)
    shown = {
        **_head(copy, calendar),
        **{k: copies.deepcopy(copy[k]) for k in WRITABLE if k in copy and k not in _SPECIAL},
        "creator": person(copy["creator"]),
        "organizer": person(copy["organizer"]),
        "start": times.rendered(copy["start"], zone),
        "end": times.rendered(copy["end"], zone),
        "iCalUID": copy["iCalUID"],
        "sequence": copy["sequence"],
        "reminders": copies.deepcopy(value(copy, "reminders")),
        "eventType": value(copy, "eventType"),
        **({"privateCopy": True} if copy.get("privateCopy") else {}),
    }
    return shown | _attendees(copy, calendar.email, lens) | _occurrence(copy, zone)


def _masked(copy: Copy, calendar: Calendar, lens: Lens) -> dict[str, Any]:
    zone = lens.zone or times.checked_zone(calendar.zone, "calendar")
    busy = {"summary": "Busy"} if lens.switches.masked_events == "busy" else {}
    seen = {name: copy[name] for name in ("transparency",) if name in copy}
    return {
        **_head(copy, calendar),
        **busy,
        **seen,
        "start": times.rendered(copy["start"], zone),
        "end": times.rendered(copy["end"], zone),
        "visibility": "private",
        "iCalUID": copy["iCalUID"],
        "sequence": copy["sequence"],
        "eventType": value(copy, "eventType"),
        **_occurrence(copy, zone),
    }


def _head(copy: Copy, calendar: Calendar) -> dict[str, Any]:
    return {
        "kind": "calendar#event",
        "etag": etag(copy),
        "id": copy["id"],
        "status": value(copy, "status"),
        "htmlLink": _link(copy["id"], calendar.email),
        "created": times.stamped(copy["created"]),
        "updated": times.stamped(copy["updated"]),
    }


def tombstone(copy: Copy, zone: ZoneInfo, *, is_sparse: bool = False) -> dict[str, Any]:
    """Return what is told of a deleted event to those who did not ask for details."""
    kind = {"kind": "calendar#event", "etag": etag(copy), "id": copy["id"]}
    more = {} if is_sparse else _occurrence(copy, zone)
    return kind | {"status": "cancelled"} | more


def _occurrence(copy: Copy, zone: ZoneInfo) -> dict[str, Any]:
    if "recurringEventId" not in copy:
        return {}
    original = times.rendered(copy["originalStartTime"], zone)
    return {"recurringEventId": copy["recurringEventId"], "originalStartTime": original}


def _attendees(copy: Copy, email: str, lens: Lens) -> dict[str, Any]:
    rows = copy.get("attendees", [])
    is_cut = lens.guests_max is not None and len(rows) > lens.guests_max
    is_hidden = (
        len(rows) > 1 and copy["organizer"] != email and not value(copy, "guestsCanSeeOtherGuests")
    )
    own = is_cut or is_hidden
    shown = [_guest(row, copy, email) for row in rows if not own or row["email"] == email]
    is_told = is_cut or (is_hidden and lens.switches.hidden_guests_told)
    return ({"attendees": shown} if shown else {}) | ({"attendeesOmitted": True} if is_told else {})


def _guest(row: dict[str, Any], copy: Copy, email: str) -> dict[str, Any]:
    organizer = {"organizer": True} if row["email"] == copy["organizer"] else {}
    own = {"self": True} if row["email"] == email else {}
    return row | organizer | own


def _person(own: str) -> Callable[[str], dict[str, Any]]:
    return lambda email: {"email": email, "self": True} if email == own else {"email": email}


def _link(event_id: str, email: str) -> str:
    eid = base64.urlsafe_b64encode(f"{event_id} {email}".encode()).decode().rstrip("=")
    return f"https://www.google.com/calendar/event?eid={eid}"
