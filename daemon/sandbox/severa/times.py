"""Severa's instants: .NET DateTimeOffset texts in, aware UTC datetimes inside."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,7})?)?(Z|[+-]\d\d:\d\d)")


def utc_now() -> datetime:
    """Return the real time."""
    return datetime.now(UTC)


def parse_instant(text: str) -> datetime:
    """Return the UTC instant that the text names; ValueError if malformed or without an offset."""
    # Whose zone Severa would assume is not known, so a text without offset is refused here.
    if not _INSTANT.fullmatch(text):
        raise ValueError(text)
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(text) from error


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the UTC instant at which the day begins in the zone."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def is_midnight(instant: datetime, zone: ZoneInfo) -> bool:
    """Tell whether a day begins in the zone at this instant."""
    return instant == midnight(instant.astimezone(zone).date(), zone)


def next_midnight(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return the first midnight in the zone after the instant."""
    return midnight(instant.astimezone(zone).date() + timedelta(days=1), zone)
