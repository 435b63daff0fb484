"""What a person sees in each calendar, in one form that knows nothing of the daemon's own."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

NO_SUBJECT = "(no subject)"
TODO_LENGTH = timedelta(minutes=15)


@dataclass(frozen=True)
class Shown:
    """One entry as a person reads it; days as dates (the end is the day after), times as instants."""

    title: str
    start: date
    end: date
    location: str = ""
    notes: str = ""
    is_private: bool = False


def event_shown(event: Mapping[str, Any]) -> Shown:
    return Shown(
        title=event.get("summary") or NO_SUBJECT,
        start=_point(event["start"]),
        end=_point(event["end"]),
        location=event.get("location") or "",
        notes=_text(event.get("description") or ""),
        is_private=event.get("visibility") in ("private", "confidential"),
    )


def activity_shown(activity: Mapping[str, Any], zone: str) -> Shown:
    start, end = _instant(activity["startDateTime"]), _instant(activity["endDateTime"])
    end = end if activity["hasDuration"] else None
    if activity["isAllDay"]:
        first = start.astimezone(ZoneInfo(zone)).date()
        span = (
            first,
            _day_after(end.astimezone(ZoneInfo(zone))) if end else first + timedelta(days=1),
        )
    else:
        span = start, end or start + TODO_LENGTH
    return Shown(
        title=activity["name"],
        start=span[0],
        end=span[1],
        location=activity["location"] or "",
        notes=activity["notes"] or "",
        is_private=activity["activityType"]["category"] in ("Personal", "Absences"),
    )


def unlike(
    severa: Iterable[Shown],
    google: Iterable[Shown],
    *,
    only_severa: Collection[str] = (),
    only_google: Collection[str] = (),
    apart: Mapping[str, Collection[str]] | None = None,
    alike: Mapping[str, int] | None = None,
) -> list[str]:
    """Return in words what keeps the two calendars from being the same; nothing when they are.

    Entries with the titles `only_…` must stand on that side alone; in the fields `apart` (by title) two texts may
    differ; `alike` says how often a title stands there where a person made it more than once.
    """
    mine, theirs = list(severa), list(google)
    return [
        *_stray(mine, only_google, "Severa"),
        *_stray(theirs, only_severa, "Google"),
        *_lacking(mine, only_severa, "Severa"),
        *_lacking(theirs, only_google, "Google"),
        *_doubled(mine, alike or {}, "Severa"),
        *_doubled(theirs, alike or {}, "Google"),
        *_unmatched(
            [_blurred(one, apart or {}) for one in mine if one.title not in only_severa],
            [_blurred(one, apart or {}) for one in theirs if one.title not in only_google],
        ),
    ]


def _stray(shown: Iterable[Shown], foreign: Collection[str], where: str) -> list[str]:
    return [f"{one.title!r} does not belong in {where}" for one in shown if one.title in foreign]


def _lacking(shown: Iterable[Shown], own: Collection[str], where: str) -> list[str]:
    titles = {one.title for one in shown}
    return [f"{title!r} is gone from {where}" for title in own if title not in titles]


def _doubled(shown: Iterable[Shown], alike: Mapping[str, int], where: str) -> list[str]:
    counts = Counter(one.title for one in shown)
    return [
        f"{title!r} stands {count} times in {where}"
        for title, count in counts.items()
        if count > alike.get(title, 1)
    ]


def _unmatched(mine: list[Shown], theirs: list[Shown]) -> list[str]:
    one, other = Counter(mine), Counter(theirs)
    return [
        *(f"only in Severa: {shown}" for shown in one - other),
        *(f"only in Google: {shown}" for shown in other - one),
    ]


def _blurred(shown: Shown, apart: Mapping[str, Collection[str]]) -> Shown:
    names = set(apart.get(shown.title, ()))
    assert names <= {"location", "notes"}, names
    return replace(
        shown,
        location="" if "location" in names else shown.location,
        notes="" if "notes" in names else shown.notes,
    )


def _point(point: Mapping[str, Any]) -> date:
    if "date" in point:
        return date.fromisoformat(point["date"])
    return datetime.fromisoformat(point["dateTime"]).astimezone(UTC)


def _instant(text: str | None) -> Any:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def _text(description: str) -> str:
    """Return plain text as it is; of markup just what these tests use."""
    if "<" not in description and "&" not in description:
        return description
    return unescape(re.sub(r"<[^>]+>", "", re.sub(r"<br>", "\n", description))).strip()


def _day_after(end: datetime) -> date:
    """Return the first day after; Severa may end a day at its last second (Q1)."""
    return end.date() + timedelta(days=end.time() != time())


def midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone))
