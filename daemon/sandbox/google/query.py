"""The parameters of a listing, read and checked ("Events: list")."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from daemon.sandbox.google import errors, times
from daemon.sandbox.google.fields import CHOICES
from daemon.sandbox.google.switches import Switches

Parameters = Mapping[str, Sequence[str]]

PAGE_DEFAULT, PAGE_MAX = 250, 2500

NOT_WITH_SYNC_TOKEN = (
    "iCalUID",
    "orderBy",
    "privateExtendedProperty",
    "q",
    "sharedExtendedProperty",
    "timeMin",
    "timeMax",
    "updatedMin",
)
# Google's own sample asks for a sync token beside timeMin, so the window does not forbid one.
_WITHOUT_SYNC_TOKEN = {*NOT_WITH_SYNC_TOKEN} - {"timeMin", "timeMax"}


@dataclass(frozen=True, slots=True)
class Query:
    """What a listing asks for."""

    page_size: int
    show_deleted: bool
    is_single: bool
    zone: ZoneInfo
    guests_max: int | None
    time_min: datetime | None
    time_max: datetime | None
    updated_min_ms: int | None
    uid: str | None
    words: tuple[str, ...]
    order_by: str | None
    kinds: frozenset[str]
    private: tuple[tuple[str, str], ...]
    shared: tuple[tuple[str, str], ...]
    keeps_sync: bool


def parsed(parameters: Parameters, calendar_zone: str, switches: Switches, now: datetime) -> Query:
    """Read a listing's parameters or refuse them."""
    time_min, time_max = _moment(parameters, "timeMin"), _moment(parameters, "timeMax")
    if time_min and time_max and time_max <= time_min:
        raise errors.time_range_empty()
    size = number(parameters, "maxResults") or PAGE_DEFAULT
    return Query(
        page_size=min(size, PAGE_MAX, switches.page_max),
        show_deleted=flag(parameters, "showDeleted") or False,
        is_single=flag(parameters, "singleEvents") or False,
        zone=zone(parameters, calendar_zone),
        guests_max=number(parameters, "maxAttendees"),
        time_min=time_min,
        time_max=time_max,
        updated_min_ms=_updated_min(parameters, switches, now),
        uid=one(parameters, "iCalUID"),
        words=tuple((one(parameters, "q") or "").lower().split()),
        order_by=_order_by(parameters),
        kinds=_kinds(parameters),
        private=_pairs(parameters, "privateExtendedProperty"),
        shared=_pairs(parameters, "sharedExtendedProperty"),
        keeps_sync=not _WITHOUT_SYNC_TOKEN & parameters.keys(),
    )


def zone(parameters: Parameters, calendar_zone: str) -> ZoneInfo:
    """Return the zone in which times are asked for."""
    return times.checked_zone(one(parameters, "timeZone") or calendar_zone, "response")


def one(parameters: Parameters, name: str) -> str | None:
    """Return a parameter that is given once."""
    values = parameters.get(name)
    return values[-1] if values else None


def flag(parameters: Parameters, name: str) -> bool | None:
    """Return a parameter that is true, false or absent."""
    text = one(parameters, name)
    if text not in (None, "true", "false"):
        raise errors.invalid(f"Invalid boolean value: '{text}'.")
    return None if text is None else text == "true"


def number(parameters: Parameters, name: str) -> int | None:
    """Return a parameter that is a whole number from 1."""
    text = one(parameters, name)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        message = f"Invalid value '{text}'. Values must be within the range: [1, 2147483647]"
        raise errors.ApiError(400, "invalid", message, location=("parameter", name))
    return int(text)


def _moment(parameters: Parameters, name: str) -> datetime | None:
    text = one(parameters, name)
    return None if text is None else times.parsed_instant(text, None)


def _updated_min(parameters: Parameters, switches: Switches, now: datetime) -> int | None:
    moment = _moment(parameters, "updatedMin")
    if moment is None:
        return None
    if moment < now - timedelta(days=switches.updated_min_days):
        raise errors.updated_min_too_long_ago()
    return int(moment.timestamp() * 1000)


def _order_by(parameters: Parameters) -> str | None:
    order = one(parameters, "orderBy")
    if order == "startTime" and not flag(parameters, "singleEvents"):
        message = "The requested ordering is not available for the particular query."
        raise errors.ApiError(400, "badRequest", message)
    if order not in (None, "startTime", "updated"):
        raise errors.invalid_value("orderBy")
    return order


def _kinds(parameters: Parameters) -> frozenset[str]:
    kinds = frozenset(parameters.get("eventTypes", ()))
    if not kinds <= frozenset(CHOICES["eventType"]):
        raise errors.invalid_value("eventTypes")
    return kinds


def _pairs(parameters: Parameters, name: str) -> tuple[tuple[str, str], ...]:
    pairs = [text.partition("=") for text in parameters.get(name, ())]
    if any(not equals for _, equals, _ in pairs):
        raise errors.invalid_value(name)
    return tuple((key, text) for key, _, text in pairs)
