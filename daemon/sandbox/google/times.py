"""Times as Calendar API v3 takes and gives them: RFC 3339 instants, dates, zones."""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from daemon.sandbox.google import errors

_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.\d+)?([Zz]|[+-]\d\d:\d\d)?", re.ASCII
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

Time = dict[str, Any]


@lru_cache(maxsize=1000)
def zone_named(name: str) -> ZoneInfo | None:
    """Return an IANA zone, or None where there is none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def checked_zone(name: Any, whose: str = "event") -> ZoneInfo:
    """Return an IANA zone or refuse."""
    zone = zone_named(name) if isinstance(name, str) and name else None
    if zone is None:
        raise errors.invalid(f"Invalid time zone definition for {whose} time.")
    return zone


def stored(time: Time, which: str, calendar_zone: str) -> Time:
    """Return a start or end as it is kept: a date, or an instant in UTC with the zone as sent."""
    day, instant, name = time.get("date"), time.get("dateTime"), time.get("timeZone")
    if day is None and instant is None:
        raise errors.required(f"Missing {which} time.")
    if day is not None and instant is not None:
        raise errors.invalid(f"Invalid {which} time.")
    zone = None if name is None else checked_zone(name, which)
    if day is not None:
        # A zone has no meaning for an all-day event ("Calendars & events").
        return {"date": parsed_date(day).isoformat()}
    local_zone = zone or checked_zone(calendar_zone, which)
    kept: Time = {"dateTime": written(parsed_instant(instant, local_zone))}
    return kept if name is None else kept | {"timeZone": name}


def check_form(start: Time, end: Time) -> None:
    """Refuse two kept times of which one is a date and one an instant."""
    if ("date" in start) != ("date" in end):
        raise errors.invalid("Start and end times must either both be date or both be dateTime.")


def check_range(start: Time, end: Time) -> None:
    """Refuse an empty range of two kept times of one form."""
    # Both are ISO texts of one form, so their order is that of the times.
    if sort_key(end) <= sort_key(start):
        raise errors.time_range_empty()


def length(start: Time, end: Time) -> timedelta:
    """Return how long two kept times of one form are apart."""
    return datetime.fromisoformat(sort_key(end)) - datetime.fromisoformat(sort_key(start))


def sort_key(time: Time) -> str:
    """Return a kept time as a text that sorts among its kind."""
    key: str = time["date"] if "date" in time else time["dateTime"]
    return key


def parsed_date(text: Any) -> date:
    """Read a date or refuse."""
    if not isinstance(text, str) or not _DATE.fullmatch(text):
        raise errors.bad_request()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise errors.bad_request() from error


def parsed_instant(text: Any, zone: ZoneInfo | None) -> datetime:
    """Read an instant to the second; without an offset it is local to ``zone``, or refused."""
    match = _INSTANT.fullmatch(text) if isinstance(text, str) else None
    if match is None or (match[3] is None and zone is None):
        raise errors.bad_request()
    offset = "+00:00" if (match[3] or "").upper() == "Z" else match[3] or ""
    try:
        moment = datetime.fromisoformat(f"{match[1]}T{match[2]}{offset}")
        return (moment if match[3] else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise errors.bad_request() from error


def written(moment: datetime) -> str:
    """Write an instant in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").zfill(20)


def stamped(milliseconds: int) -> str:
    """Write a stamp (Unix milliseconds) as ``created`` and ``updated`` show it."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03d}Z"


def rendered(time: Time, zone: ZoneInfo) -> Time:
    """Return a kept time with the offset of a zone, beside the event's own zone."""
    if "date" in time:
        return dict(time)
    local = moment(time, zone).astimezone(zone).isoformat()
    return time | {"dateTime": local.removesuffix("+00:00") + "Z" * local.endswith("+00:00")}


def moment(time: Time, zone: ZoneInfo) -> datetime:
    """Return a kept time as an instant; an all-day one begins at a zone's midnight."""
    if "date" in time:
        return datetime.combine(date.fromisoformat(time["date"]), datetime.min.time(), zone)
    return datetime.fromisoformat(time["dateTime"])
