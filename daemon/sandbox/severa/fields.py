"""Reads what an activity shall hold, from a model or from JSON Patch, and settles its times."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from daemon.sandbox.severa.errors import SeveraError, forbidden_operation, invalid
from daemon.sandbox.severa.model import Activity, Json
from daemon.sandbox.severa.recurrences import recurrence_of
from daemon.sandbox.severa.switches import Switches
from daemon.sandbox.severa.times import is_midnight, next_midnight, parse_instant

TEXT_LENGTH_MAX = 1 << 20
LOCATION_LENGTH_MAX = 1_000
PATCH_OPERATIONS_MAX = 100


@dataclass(frozen=True, slots=True)
class Rule:
    """Where a property of the model is kept, and what it may be."""

    attribute: str
    read: Callable[[str, Any], Any]
    is_nullable: bool = False

    def value(self, name: str, given: Any) -> Any:
        """Return the value to keep; SeveraError if it is not one of this property's."""
        if given is not None:
            return self.read(name, given)
        if self.is_nullable:
            return None
        raise invalid(name, f"{name} cannot be null.")


def _text(shortest: int, longest: int) -> Callable[[str, Any], str]:
    def read(name: str, given: Any) -> str:
        if not isinstance(given, str):
            raise invalid(name, f"{name} must be a string.")
        if not shortest <= len(given) <= longest:
            raise invalid(name, f"{name} must have {shortest} to {longest} characters.")
        return given

    return read


def _flag(name: str, given: Any) -> bool:
    if not isinstance(given, bool):
        raise invalid(name, f"{name} must be true or false.")
    return given


def _instant(name: str, given: Any) -> datetime:
    try:
        return parse_instant(given)
    except (TypeError, ValueError):
        raise invalid(name, f"{name} must be a date-time with an offset.") from None


def _reference(name: str, given: Any) -> Json:
    guid = given.get("guid") if isinstance(given, Mapping) else None
    if not isinstance(guid, str) or not guid:
        raise invalid(name, f"{name}.guid is required.")
    return {"guid": guid, "name": _name_in(given)}


def _name_in(given: Mapping[str, Any]) -> str | None:
    name = given.get("name")
    return name if isinstance(name, str) else None


def _named(name: str, given: Any) -> Json:
    return {"guid": _GUID(name, given), "name": None}


_GUID = _text(1, 200)

_SCALARS = {
    "name": Rule("name", _text(1, TEXT_LENGTH_MAX)),
    "startDateTime": Rule("start", _instant),
    "endDateTime": Rule("end", _instant, is_nullable=True),
    "isClosed": Rule("is_closed", _flag),
    "isAllDay": Rule("is_all_day", _flag),
    "hasDuration": Rule("has_duration", _flag),
    "isUnassigned": Rule("is_unassigned", _flag),
    "notes": Rule("notes", _text(0, TEXT_LENGTH_MAX), is_nullable=True),
    "location": Rule("location", _text(0, LOCATION_LENGTH_MAX), is_nullable=True),
}
_WHOLE = {
    **_SCALARS,
    "activityType": Rule("type_guid", lambda name, given: _reference(name, given)["guid"]),
    "ownerUser": Rule("owner_guid", lambda name, given: _reference(name, given)["guid"]),
    "customer": Rule("customer", _reference, is_nullable=True),
    "phase": Rule("phase", _reference, is_nullable=True),
    "projectTaskStatus": Rule("task_status", _reference, is_nullable=True),
    "recurrence": Rule("recurrence", recurrence_of, is_nullable=True),
}
_PATCHABLE = {
    **_SCALARS,
    "activityType/guid": Rule("type_guid", _GUID),
    "ownerUser/guid": Rule("owner_guid", _GUID),
    "customer/guid": Rule("customer", _named, is_nullable=True),
    "phase/guid": Rule("phase", _named, is_nullable=True),
    "projectTaskStatus/guid": Rule("task_status", _named, is_nullable=True),
}
_RECURRENCE = {"recurrence": Rule("recurrence", recurrence_of)}
_BY_HAND = {**_WHOLE, "hasHours": Rule("has_hours", _flag)}
_REQUIRED = ("name", "startDateTime", "activityType", "ownerUser")


def from_model(body: Any) -> Json:
    """Return the attributes that a POST asks for; what is read-only or unknown is passed over."""
    if not isinstance(body, Mapping):
        raise SeveraError(400, "InvalidRequest", "The body must be an activity.")
    missing = [name for name in _REQUIRED if name not in body]
    if missing:
        raise invalid(missing[0], f"{missing[0]} is required.")
    return {
        rule.attribute: rule.value(name, body[name])
        for name, rule in _WHOLE.items()
        if name in body
    }


def from_hand(fields: Mapping[str, Any]) -> Json:
    """Return the attributes that a person sets, given by the model's names, in convenient forms.

    Times may be datetimes; the type and the owner may be guids. `hasHours` stands for hours booked.
    """
    return {
        _BY_HAND[name].attribute: _BY_HAND[name].value(name, _plain(name, given))
        for name, given in fields.items()
    }


def _plain(name: str, given: Any) -> Any:
    if isinstance(given, datetime):
        return given.isoformat()
    if name in ("activityType", "ownerUser") and isinstance(given, str):
        return {"guid": given}
    return given


def from_patch(operations: Any, *, before: Activity, switches: Switches) -> Json:
    """Return the attributes that a JSON Patch sets; only Replace works, on writable properties."""
    found: Json = {}
    patchable = _PATCHABLE | (_RECURRENCE if switches.series_patch else {})
    for path, given in patch_values(operations, switches):
        rule = patchable.get(path)
        if rule is None:
            raise invalid(path, f"The property {path!r} does not exist or cannot be changed.")
        if (
            "/" in path
            and getattr(before, rule.attribute) is None
            and not switches.patch_under_null
        ):
            raise invalid(path, f"There is nothing that {path!r} could be a part of.")
        if given is None and rule.is_nullable and switches.patch_null != "clears":
            if switches.patch_null == "refused":
                raise invalid(path, f"{path} cannot be null.")
            continue
        found[rule.attribute] = rule.value(path, _native(rule, path, given, switches))
    return found


def patch_values(operations: Any, switches: Switches) -> Iterable[tuple[str, Any]]:
    """Yield the path, without its leading slash, and the value of each operation."""
    if not isinstance(operations, list) or len(operations) > PATCH_OPERATIONS_MAX:
        raise SeveraError(400, "InvalidRequest", "The body must be a list of operations.")
    spelled = ("Replace", "replace") if switches.patch_lower_case else ("Replace",)
    for operation in operations:
        if not isinstance(operation, Mapping) or not isinstance(operation.get("path"), str):
            raise SeveraError(400, "InvalidRequest", "An operation needs an op and a path.")
        if operation.get("op") not in spelled:
            raise forbidden_operation("Only Replace is supported.")
        yield operation["path"].removeprefix("/"), operation.get("value")


def _native(rule: Rule, path: str, given: Any, switches: Switches) -> Any:
    # The contract declares every value a string, so scalars are taken in both forms.
    if switches.patch_values == "strings" and not isinstance(given, str | None):
        raise invalid(path, f"{path} must be given as a string.")
    if rule.read is _flag and isinstance(given, str):
        return {"true": True, "false": False}.get(given.lower(), given)
    if rule.read is recurrence_of and isinstance(given, str):
        return _parsed(path, given)
    return given


def _parsed(path: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise invalid(path, f"{path} is no JSON.") from None


def require_lengths(attributes: Json, switches: Switches) -> None:
    """Refuse texts that are longer than the switches allow."""
    for name, longest in (("name", switches.name_max), ("notes", switches.notes_max)):
        if len(attributes.get(name) or "") > longest:
            raise invalid(name, f"{name} must have at most {longest} characters.")


def settled(
    activity: Activity, *, zone: ZoneInfo, inclusive: bool, touched: Iterable[str]
) -> Activity:
    """Return the activity with times that fit together; SeveraError if they cannot."""
    if not activity.has_duration:
        return replace(activity, end=None)
    if activity.is_all_day:
        activity = _settled_days(activity, zone, inclusive, touched)
    if activity.end is None:
        raise invalid("endDateTime", "endDateTime is required when hasDuration is true.")
    if activity.end < activity.start:
        raise invalid("endDateTime", "endDateTime must not be before startDateTime.")
    return activity


def _settled_days(
    activity: Activity, zone: ZoneInfo, inclusive: bool, touched: Iterable[str]
) -> Activity:
    end = activity.end
    if end is not None and inclusive and "end" in touched:
        end = next_midnight(end, zone)
    if end is None or end == activity.start:
        end = next_midnight(activity.start, zone)
    if not {"start", "end", "is_all_day"}.isdisjoint(touched):
        _require_midnight("startDateTime", activity.start, zone)
        _require_midnight("endDateTime", end, zone)
    return replace(activity, end=end)


def _require_midnight(name: str, instant: datetime, zone: ZoneInfo) -> None:
    if not is_midnight(instant, zone):
        raise invalid(name, f"{name} of an all-day activity must be midnight in the owner's zone.")
