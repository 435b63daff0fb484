"""What Google lets a client do with events of other types than ``default`` ("Event types")."""

from datetime import date, timedelta
from typing import Any

from daemon.sandbox.google import errors
from daemon.sandbox.google.fields import value

Fields = dict[str, Any]

_BIRTHDAY_FIELDS = {"colorId", "summary", "reminders", "start", "end"}
_FROM_GMAIL_FIELDS = {
    "attendees",
    "colorId",
    "extendedProperties",
    "reminders",
    "status",
    "transparency",
    "visibility",
}
_YEARLY = (["RRULE:FREQ=YEARLY"], ["RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1"])


def check_insert(fields: Fields) -> None:
    """Refuse a new event whose type a client may not make, or not in this shape."""
    kind = value(fields, "eventType")
    if kind == "fromGmail":
        raise errors.event_type_restriction()
    if kind == "birthday" and not _is_birthday(fields):
        raise errors.event_type_restriction()
    _check_status_event(fields)


def check_change(old: Fields, new: Fields, changed: set[str]) -> None:
    """Refuse a change that the type of the event does not allow."""
    kind = value(old, "eventType")
    if "eventType" in changed:
        raise errors.event_type_restriction()
    if kind == "birthday" and not changed <= _BIRTHDAY_FIELDS:
        raise errors.event_type_restriction()
    if kind == "fromGmail" and not changed <= _FROM_GMAIL_FIELDS:
        raise errors.event_type_restriction()
    _check_status_event(new)


def _check_status_event(fields: Fields) -> None:
    kind = value(fields, "eventType")
    if kind in ("focusTime", "outOfOffice") and "date" in fields["start"]:
        raise errors.event_type_restriction()
    if kind == "workingLocation" and not _is_working_location(fields):
        message = "A working location event must be public and transparent, and one day if all-day."
        raise errors.ApiError(400, "malformedWorkingLocationEvent", message, domain="calendar")


def _is_birthday(fields: Fields) -> bool:
    return (
        _is_one_day(fields)
        and value(fields, "visibility") == "private"
        and value(fields, "transparency") == "transparent"
        and fields.get("recurrence") in _YEARLY
    )


def _is_working_location(fields: Fields) -> bool:
    return (
        value(fields, "visibility") == "public"
        and value(fields, "transparency") == "transparent"
        and ("dateTime" in fields["start"] or _is_one_day(fields))
    )


def _is_one_day(fields: Fields) -> bool:
    if "date" not in fields["start"]:
        return False
    length = date.fromisoformat(fields["end"]["date"]) - date.fromisoformat(fields["start"]["date"])
    return length == timedelta(days=1)
