"""Severa's date-times: texts with an offset outside, UTC instants and local days inside."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from daemon.severa.errors import Unreadable


def instant_of(text: object) -> datetime:
    """Return the UTC instant that a text with an offset names.

    Raises:
        Unreadable: It names none; without an offset it would be a guess, wrong by hours.
    """
    try:
        instant = datetime.fromisoformat(text)  # type: ignore[arg-type]
        if instant.tzinfo is not None:
            return instant.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        pass
    raise Unreadable("Severa gave a time that is none.")


def text_of(instant: datetime, zone: ZoneInfo) -> str:
    """Return the instant as the zone's wall-clock time with its offset."""
    # Whether Severa reads the offset or the wall clock of the text, it finds the same time.
    local = instant.astimezone(zone)
    offset = local.utcoffset() or timedelta()
    # Offsets of the nineteenth century have seconds, which RFC 3339 cannot say.
    return (local if offset.seconds % 60 == 0 else instant.astimezone(UTC)).isoformat()


def zone_of(name: object) -> str:
    """Return the IANA zone if it is one, else UTC."""
    try:
        return ZoneInfo(name).key if isinstance(name, str) and name else "UTC"
    except (KeyError, ValueError, OSError):
        return "UTC"


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """Return the UTC instant at which the day begins in the zone."""
    # Where daylight saving skips midnight this is the first instant after it.
    return datetime.combine(day, time(), zone).astimezone(UTC)


def day_of(instant: datetime, zone: ZoneInfo) -> date:
    """Return the zone's calendar day at this instant."""
    return instant.astimezone(zone).date()


def is_day_start(instant: datetime, zone: ZoneInfo) -> bool:
    """Tell whether a day begins in the zone at this instant."""
    local = instant.astimezone(zone)
    return local.time() == time() or instant == day_start(local.date(), zone)
