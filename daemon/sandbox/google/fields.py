"""The fields of an event that a client may write: checked, limited and merged as Google does it.

Rests on Calendar API v3, "Events" (resource), "Events: patch" and "Extended properties".
"""

import copy as copies
from collections.abc import Callable
from typing import Any

from daemon.sandbox.google import errors, times

Fields = dict[str, Any]

DESCRIPTION_MAX = 8192
PROPERTY_KEY_MAX, PROPERTY_VALUE_MAX = 44, 1024
PROPERTIES_MAX, PROPERTIES_BYTES_MAX = 300, 32 * 1024
REMINDERS_MAX, REMINDER_MINUTES_MAX = 5, 40320

DEFAULTS: Fields = {
    "status": "confirmed",
    "visibility": "default",
    "transparency": "opaque",
    "eventType": "default",
    "guestsCanInviteOthers": True,
    "guestsCanSeeOtherGuests": True,
    "guestsCanModify": False,
    "anyoneCanAddSelf": False,
    "reminders": {"useDefault": True},
}
"""What a field stands for while it is absent; such values are not kept."""

GUEST_FLAGS = ("guestsCanInviteOthers", "guestsCanModify", "guestsCanSeeOtherGuests")

_TEXTS = ("summary", "location", "colorId")
_FLAGS = ("anyoneCanAddSelf", *GUEST_FLAGS)
_OBJECTS = (
    "birthdayProperties",
    "conferenceData",
    "focusTimeProperties",
    "gadget",
    "outOfOfficeProperties",
    "source",
    "workingLocationProperties",
)
CHOICES = {
    "status": ("confirmed", "tentative", "cancelled"),
    "visibility": ("default", "public", "private", "confidential"),
    "transparency": ("opaque", "transparent"),
    "eventType": (
        "default",
        "birthday",
        "focusTime",
        "fromGmail",
        "outOfOffice",
        "workingLocation",
    ),
}
"""The values that a field may have."""
_ANSWERS = ("needsAction", "declined", "tentative", "accepted")
_GUEST_FIELDS = ("displayName", "optional", "comment", "additionalGuests", "resource")

OWN = ("reminders", "colorId", "transparency")
"""Fields that each copy of a meeting has for itself (with its private properties)."""


def value(fields: Fields, name: str) -> Any:
    """Return a field's value, or what its absence stands for."""
    return fields.get(name, DEFAULTS.get(name))


def merged(old: Fields, patch: Fields) -> Fields:
    """Return fields with a patch laid over: objects merge, null clears, arrays are replaced."""
    new = copies.deepcopy(old)
    for name, change in patch.items():
        if change is None:
            new.pop(name, None)
        elif isinstance(change, dict):
            inner = new.get(name)
            new[name] = merged(inner if isinstance(inner, dict) else {}, change)
        else:
            new[name] = copies.deepcopy(change)
    return new


def cleaned(body: Fields, calendar_zone: str) -> Fields:
    """Return the writable fields of a body as they are kept, or refuse them."""
    if not isinstance(body, dict):
        raise errors.bad_request()
    kept: Fields = {}
    for name, clean in _CLEANERS.items():
        given = body.get(name)
        if given is not None:
            kept[name] = clean(name, given)
    for which in ("start", "end"):
        time = body.get(which)
        if time is not None:
            kept[which] = times.stored(_object(which, time), which, calendar_zone)
    _check_recurring_zone(body, kept)
    return {k: v for k, v in kept.items() if DEFAULTS.get(k) != v and v not in ("", [], {})}


def check_times(fields: Fields) -> None:
    """Refuse fields whose start or end is missing, or is not of the other's form."""
    for which in ("start", "end"):
        if which not in fields:
            raise errors.required(f"Missing {which} time.")
    times.check_form(fields["start"], fields["end"])


def check_properties_size(copies_of_one: list[Fields]) -> None:
    """Refuse the extended properties of one event's copies where together they are too many."""
    pairs = [pair for kinds in copies_of_one for kind in kinds.values() for pair in kind.items()]
    size = sum(len(text.encode()) for pair in pairs for text in pair)
    if len(pairs) > PROPERTIES_MAX or size > PROPERTIES_BYTES_MAX:
        raise errors.invalid_value("extendedProperties")


def _check_recurring_zone(body: Fields, kept: Fields) -> None:
    for which in ("start", "end"):
        time = kept.get(which, {})
        if body.get("recurrence") and "dateTime" in time and "timeZone" not in time:
            # An offset does not say what a daylight-saving change does to the next occurrence.
            raise errors.required(f"Missing time zone definition for {which} time.")


def _text(name: str, given: Any) -> str:
    if not isinstance(given, str):
        raise errors.bad_request()
    return given


def _description(name: str, given: Any) -> str:
    text = _text(name, given)
    if len(text) > DESCRIPTION_MAX:
        raise errors.invalid_value(name)
    return text


def _flag(name: str, given: Any) -> bool:
    if not isinstance(given, bool):
        raise errors.bad_request()
    return given


def _number(name: str, given: Any) -> int:
    if not isinstance(given, int) or isinstance(given, bool) or given < 0:
        raise errors.invalid_value(name)
    return given


def _object(name: str, given: Any) -> Fields:
    if not isinstance(given, dict):
        raise errors.bad_request()
    return copies.deepcopy({k: v for k, v in given.items() if v is not None})


def _list(name: str, given: Any) -> list[Any]:
    if not isinstance(given, list):
        raise errors.bad_request()
    return copies.deepcopy(given)


def _choice(name: str, given: Any) -> str:
    if given not in CHOICES[name]:
        raise errors.invalid_value(name)
    return str(given)


def _recurrence(name: str, given: Any) -> list[str]:
    lines = _list(name, given)
    for line in lines:
        head = line.split(":", 1)[0].split(";", 1)[0] if isinstance(line, str) else ""
        if head not in ("RRULE", "EXRULE", "RDATE", "EXDATE") or ":" not in line:
            raise errors.invalid("Invalid recurrence rule.")
    return lines


def _attendees(name: str, given: Any) -> list[Fields]:
    rows: dict[str, Fields] = {}
    for guest in _list(name, given):
        row = _guest(_object(name, guest))
        rows.setdefault(row["email"], row)
    return list(rows.values())


def _guest(guest: Fields) -> Fields:
    email = guest.get("email")
    if not email:
        raise errors.required("Missing attendee email.")
    if not isinstance(email, str) or email.count("@") != 1 or email.strip("@ ") != email:
        raise errors.invalid("Invalid attendee email.")
    answer = guest.get("responseStatus", "needsAction")
    if answer not in _ANSWERS:
        raise errors.invalid_value("responseStatus")
    more = {k: guest[k] for k in _GUEST_FIELDS if guest.get(k)}
    return {"email": email.lower(), "responseStatus": answer, **more}


def _properties(name: str, given: Any) -> Fields:
    kinds = _object(name, given)
    kept: Fields = {}
    for kind in ("private", "shared"):
        pairs = _object(name, kinds.get(kind, {})).items()
        if any(not isinstance(text, str) for _, text in pairs):
            raise errors.bad_request()
        # Google says nothing of either limit: long keys vanish, long values lose their end.
        short = {k: v[:PROPERTY_VALUE_MAX] for k, v in pairs if len(k) <= PROPERTY_KEY_MAX}
        if short:
            kept[kind] = short
    check_properties_size([kept])
    return kept


def _reminders(name: str, given: Any) -> Fields:
    reminders = _object(name, given)
    overrides = _list(name, reminders.get("overrides", []))
    if reminders.get("useDefault", False) and overrides:
        message = "Cannot specify both default reminders and overrides at the same time."
        raise errors.ApiError(400, "cannotUseDefaultRemindersAndSpecifyOverride", message)
    if len(overrides) > REMINDERS_MAX:
        raise errors.invalid_value(name)
    for one in overrides:
        minutes = _number("minutes", _object(name, one).get("minutes"))
        if one.get("method") not in ("email", "popup") or minutes > REMINDER_MINUTES_MAX:
            raise errors.invalid_value(name)
    kept = {"useDefault": bool(reminders.get("useDefault", False))}
    return kept | ({"overrides": overrides} if overrides else {})


_CLEANERS: dict[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys(_TEXTS, _text),
    "description": _description,
    **dict.fromkeys(_FLAGS, _flag),
    **dict.fromkeys(_OBJECTS, _object),
    **dict.fromkeys(CHOICES, _choice),
    "sequence": _number,
    "attendeesOmitted": _flag,
    "attachments": _list,
    "recurrence": _recurrence,
    "attendees": _attendees,
    "extendedProperties": _properties,
    "reminders": _reminders,
}

WRITABLE = (*_CLEANERS, "start", "end")
"""The names of all fields that a client may write."""

SHARED = tuple(
    name
    for name in WRITABLE
    if name not in (*OWN, "extendedProperties", "eventType", "source", "attendeesOmitted")
)
"""Fields that flow from the organizer's copy to the others (with the shared properties)."""
