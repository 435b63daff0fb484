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
_PROPERTIES = {
    "focusTime": "focusTimeProperties",
    "outOfOffice": "outOfOfficeProperties",
    "workingLocation": "workingLocationProperties",
}
_YEARLY = (["RRULE:FREQ=YEARLY"], ["RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1"])


def check_insert(fields: Fields, body: Fields, status: int) -> None:
    """Refuse a new event whose type a client may not make, or not in this shape."""
    kind = value(fields, "eventType")
    is_wrong = kind == "fromGmail" or (kind == "birthday" and not _is_birthday(fields))
    # Properties that are all empty are not kept, but they were given.
    needed = _PROPERTIES.get(kind)
    if is_wrong or (needed and not isinstance(body.get(needed), dict)):
        raise _refused(kind, status)
    _check_status_event(fields, status)


def check_change(old: Fields, new: Fields, changed: set[str], status: int) -> None:
    """Refuse a change that the type of the event does not allow."""
    kind = value(old, "eventType")
    is_linked = _is_linked(old) and changed & {"start", "end"}
    if (
        "eventType" in changed
        or (kind == "birthday" and (not changed <= _BIRTHDAY_FIELDS or is_linked))
        or (kind == "fromGmail" and not changed <= _FROM_GMAIL_FIELDS)
    ):
        raise errors.event_type_restriction(status)
    _check_status_event(new, status)


def _check_status_event(fields: Fields, status: int) -> None:
    kind = value(fields, "eventType")
    if kind in ("focusTime", "outOfOffice"):
        if "date" in fields["start"] or value(fields, "transparency") != "opaque":
            raise errors.event_type_restriction(status)
    elif kind == "workingLocation" and not _is_working_location(fields):
        raise errors.malformed_working_location()


def _refused(kind: str, status: int) -> errors.ApiError:
    if kind == "workingLocation":
        return errors.malformed_working_location()
    return errors.event_type_restriction(status)


def _is_linked(birthday: Fields) -> bool:
    """Tell whether a birthday's date is kept elsewhere: with a contact, or the user's own."""
    properties = birthday.get("birthdayProperties", {})
    return "contact" in properties or properties.get("type") == "self"


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
