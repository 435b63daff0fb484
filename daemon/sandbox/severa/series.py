"""Which days a series falls on, and the occurrences that this makes, by Severa's structured rule; pure."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from daemon.sandbox.severa.model import Activity, Json
from daemon.sandbox.severa.recurrences import MONTHS, ORDINALS, WEEKDAYS

DAYS_MAX = 3660
"""How many days after its start a series is followed at most."""

_PLACES = dict(zip(ORDINALS, (0, 1, 2, 3, -1), strict=True))
_GROUPS = {"WeekDay": range(5), "WeekendDay": range(5, 7), "Day": range(7)}


def slots(series: Activity, zone: ZoneInfo, until: datetime) -> Iterator[datetime]:
    """Yield the original starts of a series, exceptions included, up to an instant."""
    wall = series.start.astimezone(zone)
    for day in _days(series.recurrence or {}, wall.date()):
        start = datetime.combine(day, wall.time(), zone).astimezone(UTC)
        if start > until:
            return
        yield start


def last_slot(series: Activity, zone: ZoneInfo) -> datetime | None:
    """Return the last original start, None where the rule says neither how often nor until when."""
    if not _range(series.recurrence or {}):
        return None
    found = list(slots(series, zone, series.start + timedelta(days=DAYS_MAX)))
    return found[-1] if found else None


def occurrence(series: Activity, start: datetime, zone: ZoneInfo, guid: str) -> Activity:
    """Return the occurrence of a series that begins at this original start."""
    shift = start.astimezone(zone).date() - series.start.astimezone(zone).date()
    end = series.end
    if end is not None:
        # By the wall clock, so that it ends at the same hour after a change of clocks as well.
        wall = end.astimezone(zone)
        end = datetime.combine(wall.date() + shift, wall.time(), zone).astimezone(UTC)
    return replace(
        series,
        guid=guid,
        start=start,
        end=end,
        recurrence=None,
        recurrence_type="Occurrence",
        parent_guid=series.guid,
        original=start,
        cancelled=(),
    )


def occurrence_guid(series: Activity, start: datetime, form: str) -> str:
    """Return what an occurrence goes by."""
    edition = series.stamp.isoformat() if form == "unstable" else ""
    own = uuid5(UUID(series.guid), start.isoformat() + edition)
    return str(own) if form == "plain" else f"{series.guid};{own}"


def rule_text(recurrence: Json, start: date) -> str:
    """Return the rule as RFC 5545 writes it."""
    frequency = recurrence["frequency"]
    parts = [f"FREQ={frequency.upper()}", *_by(frequency, _pattern(recurrence), start)]
    bounds = _range(recurrence)
    if bounds.get("maxOccurrences"):
        parts.append(f"COUNT={bounds['maxOccurrences']}")
    elif bounds.get("recursUntilDate"):
        parts.append(f"UNTIL={bounds['recursUntilDate'].replace('-', '')}")
    return ";".join(parts)


def _by(frequency: str, pattern: Mapping[str, Any], start: date) -> Iterator[str]:
    yield f"INTERVAL={_interval(pattern)}"
    if pattern.get("everyWeekday"):
        yield "BYDAY=MO,TU,WE,TH,FR"
    if frequency == "Weekly":
        yield "BYDAY=" + ",".join(WEEKDAYS[n][:2].upper() for n in _weekdays(pattern, start))
    if frequency == "Yearly":
        yield f"BYMONTH={_month(pattern, start)}"
    if frequency in ("Monthly", "Yearly"):
        option = pattern.get("dayOrdinalOption")
        if option and pattern.get("dayOrdinal"):
            days = ",".join(WEEKDAYS[n][:2].upper() for n in _fitting(option))
            place = _PLACES[pattern["dayOrdinal"]]
            yield f"BYDAY={days};BYSETPOS={place + 1 if place >= 0 else place}"
        else:
            yield f"BYMONTHDAY={pattern.get('dayOfMonth') or start.day}"


def _days(recurrence: Mapping[str, Any], first: date) -> Iterator[date]:
    bounds = _range(recurrence)
    until = bounds.get("recursUntilDate")
    last = date.fromisoformat(until) if until else date.max
    left = bounds.get("maxOccurrences") or DAYS_MAX
    for number in count():
        if number > DAYS_MAX or left == 0 or first + timedelta(days=number) > last:
            return
        day = first + timedelta(days=number)
        if _is_on(day, first, recurrence):
            left -= 1
            yield day


def _is_on(day: date, first: date, recurrence: Mapping[str, Any]) -> bool:
    pattern = _pattern(recurrence)
    every = _interval(pattern)
    match recurrence.get("frequency"):
        case "Daily":
            if pattern.get("everyWeekday"):
                return day.weekday() < 5
            return (day - first).days % every == 0
        case "Weekly":
            week = (day - first + timedelta(days=first.weekday())).days // 7
            return week % every == 0 and day.weekday() in _weekdays(pattern, first)
        case "Monthly":
            months = (day.year - first.year) * 12 + day.month - first.month
            return months % every == 0 and _is_day_of_month(day, first, pattern)
        case "Yearly":
            return day.month == _month(pattern, first) and _is_day_of_month(day, first, pattern)
    return False


def _is_day_of_month(day: date, first: date, pattern: Mapping[str, Any]) -> bool:
    ordinal, option = pattern.get("dayOrdinal"), pattern.get("dayOrdinalOption")
    if not ordinal or not option:
        return day.day == (pattern.get("dayOfMonth") or first.day)
    month = (day.replace(day=1) + timedelta(days=n) for n in range(31))
    fitting = [
        each for each in month if each.month == day.month and each.weekday() in _fitting(option)
    ]
    return day == fitting[_PLACES[ordinal]]


def _fitting(option: str) -> range:
    if option in _GROUPS:
        return _GROUPS[option]
    place = WEEKDAYS.index(option)
    return range(place, place + 1)


def _weekdays(pattern: Mapping[str, Any], first: date) -> list[int]:
    chosen = [number for number, name in enumerate(WEEKDAYS) if pattern.get(name.lower())]
    return chosen or [first.weekday()]


def _month(pattern: Mapping[str, Any], first: date) -> int:
    name = pattern.get("month")
    return MONTHS.index(name) + 1 if name else first.month


def _interval(pattern: Mapping[str, Any]) -> int:
    return max(1, pattern.get("interval") or 1)


def _pattern(recurrence: Mapping[str, Any]) -> Mapping[str, Any]:
    patterns = recurrence.get("pattern") or {}
    return patterns.get(str(recurrence.get("frequency")).lower()) or {}


def _range(recurrence: Mapping[str, Any]) -> Mapping[str, Any]:
    bounds = recurrence.get("range") or {}
    return {name: value for name, value in bounds.items() if value}
