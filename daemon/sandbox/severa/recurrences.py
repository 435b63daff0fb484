"""Reads the rule of a series from a request: every part of it is checked, what is left out is null."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from daemon.sandbox.severa.errors import invalid
from daemon.sandbox.severa.model import FREQUENCIES, Json

INTERVAL_MAX = 999
OCCURRENCES_MAX = 9_999
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ORDINALS = ("First", "Second", "Third", "Fourth", "Last")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_OPTIONS = (*WEEKDAYS, "WeekDay", "WeekendDay", "Day")

Read = Callable[[str, Any], Any]


def recurrence_of(name: str, given: Any) -> Json:
    """Return a rule as it is kept; SeveraError if it is none."""
    given = _mapping(name, given)
    frequency = given.get("frequency")
    if frequency not in FREQUENCIES:
        raise invalid(name, f"{name}.frequency must be one of {', '.join(FREQUENCIES)}.")
    return {
        "frequency": frequency,
        "pattern": _model(name, given.get("pattern"), _PATTERN),
        "range": _model(name, given.get("range"), _RANGE),
    }


def _mapping(name: str, given: Any) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise invalid(name, f"{name} must be an object.")
    return given


def _model(name: str, given: Any, parts: Mapping[str, Read]) -> Json | None:
    """Return the parts of a model that were given, None where there is none."""
    if given is None:
        return None
    given = _mapping(name, given)
    return {
        part: read(f"{name}.{part}", given[part]) for part, read in parts.items() if part in given
    }


def _number(longest: int, *, is_nullable: bool = True) -> Read:
    def read(name: str, given: Any) -> int | None:
        if given is None and is_nullable:
            return None
        if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= longest:
            raise invalid(name, f"{name} must be a number from 1 to {longest}.")
        return given

    return read


def _choice(allowed: tuple[str, ...], *, is_nullable: bool = True) -> Read:
    def read(name: str, given: Any) -> str | None:
        if given is None and is_nullable:
            return None
        if given not in allowed:
            raise invalid(name, f"{name} must be one of {', '.join(allowed)}.")
        found: str = given
        return found

    return read


def _flag(name: str, given: Any) -> bool:
    if not isinstance(given, bool):
        raise invalid(name, f"{name} must be true or false.")
    return given


def _date(name: str, given: Any) -> str | None:
    try:
        return None if given is None else date.fromisoformat(given).isoformat()
    except (TypeError, ValueError):
        raise invalid(name, f"{name} must be a date.") from None


def _nested(parts: Mapping[str, Read]) -> Read:
    return lambda name, given: _model(name, given, parts)


_ORDINAL: Mapping[str, Read] = {
    "dayOfMonth": _number(31),
    "dayOrdinal": _choice(ORDINALS),
    "dayOrdinalOption": _choice(_OPTIONS),
}
_INTERVAL = _number(INTERVAL_MAX, is_nullable=False)
_PATTERN: Mapping[str, Read] = {
    "daily": _nested({"interval": _number(INTERVAL_MAX), "everyWeekday": _flag}),
    "weekly": _nested({"interval": _INTERVAL, **{day.lower(): _flag for day in WEEKDAYS}}),
    "monthly": _nested({"interval": _INTERVAL, **_ORDINAL}),
    "yearly": _nested({"month": _choice(MONTHS, is_nullable=False), **_ORDINAL}),
}
_RANGE: Mapping[str, Read] = {
    "maxOccurrences": _number(OCCURRENCES_MAX),
    "recursUntilDate": _date,
}
