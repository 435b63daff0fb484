"""Series: which occurrences their rules make, and how the exceptions follow them ("Recurring events").

An occurrence that nobody changed is not kept: it is made when it is asked for, under the series' id
and its original start. Google expands no series further than 730 occurrences.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rruleset, rrulestr

from daemon.sandbox.google import errors, times
from daemon.sandbox.google.calendars import Calendar, Calendars, Copy, place_of
from daemon.sandbox.google.times import Time

INSTANCES_MAX = 730
YEARS_MAX = 200

_UNTIL = re.compile(r"UNTIL=(\d{8}T\d{6})Z")
_UNBOUND = re.compile(r"INTERVAL=0|FREQ=(SECONDLY|MINUTELY|HOURLY)")
_TAIL = re.compile(r"_R\d{8}(T\d{6})?$")
_TIMES = {"start", "end", "recurrence"}


def check_rules(fields: dict[str, Any], zone: str) -> None:
    """Refuse rules that cannot be read or have no end of work in them."""
    lines = fields.get("recurrence", [])
    if any(_UNBOUND.search(line) for line in lines):
        raise errors.invalid("Invalid recurrence rule.")
    try:
        originals(fields, zone)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise errors.invalid("Invalid recurrence rule.") from error


def originals(series: Copy, zone: str) -> tuple[str, ...]:
    """Return the starts that a series' rules give, as kept times, earliest first."""
    start = series["start"]
    lines = tuple(series.get("recurrence", ()))
    return _originals(lines, times.sort_key(start), start.get("timeZone", zone))


def occurrences(
    calendar: Calendar, series: Copy, *, with_exceptions: bool = True
) -> Iterator[Copy]:
    """Return a series' occurrences: those that nobody changed, and its exceptions."""
    exceptions = list(exceptions_of(calendar, series))
    taken = {times.sort_key(one["originalStartTime"]) for one in exceptions}
    # An edit of one occurrence moves the etag of the others, though not that of the series.
    stamp = max([series["stamp"], *(one["stamp"] for one in exceptions)])
    for original in originals(series, calendar.zone):
        if original not in taken:
            yield _unchanged(series, original, stamp)
    if with_exceptions:
        yield from exceptions


def occurrence(calendar: Calendar, event_id: str) -> Copy | None:
    """Return an occurrence that nobody changed by its id, None where there is none."""
    base, _, original = event_id.rpartition("_")
    for series in calendar.events.values():
        if _TAIL.sub("", series["id"]) != _TAIL.sub("", base) or "recurrence" not in series:
            continue
        for one in occurrences(calendar, series, with_exceptions=False):
            if one["id"] == f"{_TAIL.sub('', base)}_{original}":
                return one
    return None


def exceptions_of(calendar: Calendar, series: Copy) -> Iterator[Copy]:
    """Return the kept exceptions of a series, the cancelled among them."""
    for copy in list(calendar.events.values()):
        if copy.get("recurringEventId") == series["id"]:
            yield copy


def follow(book: Calendars, calendar: Calendar, series: Copy, changed: set[str]) -> None:
    """Let a series' exceptions follow a change of it: its subject overwrites theirs, etags move."""
    is_dropped = changed & _TIMES and book.switches.exceptions_on_new_times == "dropped"
    for one in exceptions_of(calendar, series):
        if "summary" in changed:
            one.pop("summary", None)
            one |= {"summary": series["summary"]} if "summary" in series else {}
        if is_dropped:
            one["status"] = "cancelled"
        book.touch(calendar, one)


def split(book: Calendars, calendar: Calendar, series: Copy, original: str) -> Copy:
    """Cut a series in two at an occurrence, as "this and following" does in Google's own pages."""
    first = _unchanged(series, original, 0)
    stamp = _basic(original).removesuffix("Z")
    tail_id = f"{_TAIL.sub('', series['id'])}_R{stamp}"
    tail = {
        **{k: v for k, v in series.items() if k not in ("order", "stamp", "updated")},
        **{name: first[name] for name in ("start", "end")},
        "id": tail_id,
        "iCalUID": f"{tail_id}@google.com",
        "sequence": 0,
    }
    before = _before(original)
    series["recurrence"] = [_until(line, before) for line in series["recurrence"]]
    for one in exceptions_of(calendar, series):
        if times.sort_key(one["originalStartTime"]) >= original:
            one["recurringEventId"] = tail_id
            book.touch(calendar, one)
    book.touch(calendar, series)
    book.add(calendar, tail)
    return tail


@lru_cache(maxsize=500)
def _originals(lines: tuple[str, ...], start: str, zone: str) -> tuple[str, ...]:
    tz, is_date = ZoneInfo(zone), "T" not in start
    first = datetime.fromisoformat(start)
    # Rules go by the clock on the wall, so they are worked out there.
    first = first if is_date else first.astimezone(tz).replace(tzinfo=None)
    rules = rruleset()
    rules.rdate(first)
    for line in lines:
        _add(rules, line, first, tz)
    found = islice(rules, INSTANCES_MAX)
    return tuple(_kept(moment, tz, is_date=is_date) for moment in found)


def _add(rules: rruleset, line: str, first: datetime, tz: ZoneInfo) -> None:
    head, _, text = line.partition(":")
    name, *parameters = head.split(";")
    if name in ("RRULE", "EXRULE"):
        local = _UNTIL.sub(lambda match: f"UNTIL={_wall(match[1] + 'Z', tz):%Y%m%dT%H%M%S}", text)
        rule: Any = rrulestr(local, dtstart=first)
        if "UNTIL=" not in text and "COUNT=" not in text:
            # A rule that never hits would be followed to the year 9999.
            rule = rule.replace(until=first + timedelta(days=366 * YEARS_MAX))
        (rules.rrule if name == "RRULE" else rules.exrule)(rule)
        return
    named = next((one[5:] for one in parameters if one.startswith("TZID=")), None)
    for value in text.split(","):
        moment = _wall(value, tz, named)
        (rules.rdate if name == "RDATE" else rules.exdate)(moment)


def _wall(text: str, tz: ZoneInfo, named: str | None = None) -> datetime:
    """Return a time of iCalendar's basic form as the wall clock of a zone shows it."""
    if "T" not in text:
        return datetime.strptime(text, "%Y%m%d")  # noqa: DTZ007 A date has no zone.
    zone = UTC if text.endswith("Z") else ZoneInfo(named) if named else tz
    moment = datetime.strptime(text.removesuffix("Z"), "%Y%m%dT%H%M%S").replace(tzinfo=zone)
    return moment.astimezone(tz).replace(tzinfo=None)


def _kept(moment: datetime, tz: ZoneInfo, *, is_date: bool) -> str:
    return moment.date().isoformat() if is_date else times.written(moment.replace(tzinfo=tz))


def _unchanged(series: Copy, original: str, stamp: int) -> Copy:
    event_id = f"{_TAIL.sub('', series['id'])}_{_basic(original)}"
    start, end = series["start"], series["end"]
    if "date" in start:
        length = date.fromisoformat(end["date"]) - date.fromisoformat(start["date"])
        last = {"date": (date.fromisoformat(original) + length).isoformat()}
        span: tuple[Time, Time] = {"date": original}, last
    else:
        long = datetime.fromisoformat(end["dateTime"]) - datetime.fromisoformat(start["dateTime"])
        ended = times.written(datetime.fromisoformat(original) + long)
        span = start | {"dateTime": original}, end | {"dateTime": ended}
    return {
        **{name: text for name, text in series.items() if name != "recurrence"},
        "id": event_id,
        "recurringEventId": series["id"],
        "originalStartTime": dict(span[0]),
        "start": span[0],
        "end": span[1],
        "order": place_of(event_id),
        "stamp": stamp,
    }


def _basic(original: str) -> str:
    return original.replace("-", "").replace(":", "")


def _before(original: str) -> str:
    if "T" not in original:
        return _basic((date.fromisoformat(original) - timedelta(days=1)).isoformat())
    return _basic(times.written(datetime.fromisoformat(original) - timedelta(seconds=1)))


def _until(line: str, before: str) -> str:
    if not line.startswith("RRULE:"):
        return line
    parts = [one for one in line.split(";") if not one.startswith(("UNTIL=", "COUNT="))]
    return ";".join([*parts, f"UNTIL={before}"])
