"""Calendar API v3, "Events: list" and "Events: instances": filters, pages, increments by sync token."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from daemon.sandbox.google import errors, times, tokens
from daemon.sandbox.google import query as queries
from daemon.sandbox.google.access import View
from daemon.sandbox.google.calendars import Calendar, Copy
from daemon.sandbox.google.fields import value
from daemon.sandbox.google.meetings import is_cancelled
from daemon.sandbox.google.query import Parameters, Query
from daemon.sandbox.google.resource import Lens, shown, tombstone
from daemon.sandbox.google.series import occurrences
from daemon.sandbox.google.switches import Switches

_NOT_OF_THE_REQUEST = {"pageToken", "quotaUser", "prettyPrint", "fields", "key", "alt"}
_DAY_MS = 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class Desk:
    """What a listing needs to know of the calendar and of its reader."""

    calendar: Calendar
    view: View
    switches: Switches
    generation: int
    now: datetime
    page_max: int | None = None
    """Fewer items on a page than were asked for, where that was ordered."""

    @property
    def day(self) -> int:
        """Today, by the Unix epoch."""
        return int(self.now.timestamp() * 1000) // _DAY_MS


def listed(desk: Desk, parameters: Parameters) -> dict[str, Any]:
    """Answer a listing of a calendar's events."""
    calendar, switches = desk.calendar, desk.switches
    query = _query(desk, parameters)
    since = _since(desk, parameters)
    page = _page(desk, parameters)
    envelope = _envelope(desk, query, page)
    if switches.empty_pages and page.is_empty_next:
        full = replace(page, is_empty_next=False)
        return envelope | {"items": [], "nextPageToken": full.encoded()}
    chosen = _chosen(desk, query, since, page)
    details = since.details if since else query.show_deleted
    items = [
        _shown(desk, copy, query, details=details, is_increment=since is not None)
        for _, copy in chosen[: query.page_size]
    ]
    if len(chosen) > query.page_size:
        following = replace(page, after=chosen[query.page_size - 1][0], is_empty_next=True)
        return envelope | {"items": items, "nextPageToken": following.encoded()}
    if not query.keeps_sync:
        return envelope | {"items": items}
    token = tokens.SyncToken(
        email=calendar.email,
        user=desk.view.user,
        generation=desk.generation,
        position=page.position,
        # A token that never grows old is the same while nothing changes.
        day=desk.day if switches.sync_token_days is not None else 0,
        details=details,
    )
    return envelope | {"items": items, "nextSyncToken": token.encoded()}


def instances(desk: Desk, series: Copy, parameters: Parameters) -> dict[str, Any]:
    """Answer a listing of a series' occurrences; here ``timeMin`` is not beyond the window."""
    query = replace(_query(desk, parameters), is_single=True)
    wanted = queries.one(parameters, "originalStart")
    page = _page(desk, parameters)
    known = occurrences(desk.calendar, series) if "recurrence" in series else ()
    found = [
        (times.sort_key(copy["originalStartTime"]), copy)
        for copy in known
        if (query.show_deleted or not is_cancelled(copy))
        and _is_in_window(desk, copy, query, is_closed=True)
        and (wanted is None or _starts(desk, copy, wanted))
    ]
    found = sorted((one for one in found if one[0] > page.after), key=lambda one: one[0])
    items = [
        _shown(desk, copy, query, details=True, is_increment=False)
        for _, copy in found[: query.page_size]
    ]
    answer = _envelope(desk, query, page) | {"items": items}
    if len(found) > query.page_size:
        following = replace(page, after=found[query.page_size - 1][0])
        answer["nextPageToken"] = following.encoded()
    return answer


def _query(desk: Desk, parameters: Parameters) -> Query:
    query = queries.parsed(parameters, desk.calendar.zone, desk.switches, desk.now)
    size = min(query.page_size, desk.page_max or query.page_size)
    # Who sees busy times only is never shown a series as such.
    return replace(query, page_size=size, is_single=query.is_single or desk.view.is_blind)


def _since(desk: Desk, parameters: Parameters) -> tokens.SyncToken | None:
    text = queries.one(parameters, "syncToken")
    if text is None:
        return None
    restricted = any(name in parameters for name in queries.NOT_WITH_SYNC_TOKEN)
    if restricted or queries.flag(parameters, "showDeleted") is False:
        raise errors.sync_token_restricted()
    days = desk.switches.sync_token_days
    day_min = None if days is None else desk.day - days
    return tokens.sync_token(text, desk.calendar.email, desk.view.user, desk.generation, day_min)


def _page(desk: Desk, parameters: Parameters) -> tokens.PageToken:
    asked = sorted((k, list(v)) for k, v in parameters.items() if k not in _NOT_OF_THE_REQUEST)
    request = tokens.digest(repr((desk.view.user, asked)))
    text = queries.one(parameters, "pageToken")
    if text is not None:
        return tokens.page_token(text, desk.calendar.email, request)
    # The position of the start, so that what changes between the pages comes in the increment.
    position = desk.calendar.stamp
    return tokens.PageToken(desk.calendar.email, request, position, "", is_empty_next=True)


def _envelope(desk: Desk, query: Query, page: tokens.PageToken) -> dict[str, Any]:
    calendar = desk.calendar
    version = tokens.digest(f"{calendar.stamp} {page}")
    return {
        "kind": "calendar#events",
        "etag": f'"p{version}"',
        "summary": calendar.email,
        "description": "",
        "updated": times.stamped(calendar.stamp),
        "timeZone": query.zone.key,
        "accessRole": desk.view.role,
        "defaultReminders": [{"method": "popup", "minutes": 10}],
    }


def _chosen(
    desk: Desk, query: Query, since: tokens.SyncToken | None, page: tokens.PageToken
) -> list[tuple[str, Copy]]:
    """Return what is left of a listing after a page, by sort key."""
    if since is not None and since.position >= desk.calendar.stamp:
        return []
    position = None if since is None else since.position
    found = [
        (_key(copy, query), copy)
        for copy in _candidates(desk.calendar, query, position)
        if _is_wanted(desk, copy, query, is_increment=since is not None)
    ]
    return sorted((one for one in found if one[0] > page.after), key=lambda one: one[0])


def _candidates(calendar: Calendar, query: Query, position: int | None) -> Iterator[Copy]:
    """Return what changed since a position (or all), series as their occurrences if asked for."""
    for copy in calendar.events.values():
        if position is not None and copy["stamp"] <= position:
            continue
        if query.is_single and "recurrence" in copy:
            yield from occurrences(calendar, copy, with_exceptions=False)
        else:
            yield copy


def _key(copy: Copy, query: Query) -> str:
    place = f"{copy['order']}{copy['id']}"
    if query.order_by == "updated":
        return f"{copy['updated']:015d}{place}"
    return times.sort_key(copy["start"]) + place if query.order_by == "startTime" else place


def _shown(
    desk: Desk, copy: Copy, query: Query, *, details: bool, is_increment: bool
) -> dict[str, Any]:
    lens = Lens(desk.switches, desk.view, query.zone, query.guests_max)
    if not is_cancelled(copy) or details:
        return shown(copy, desk.calendar, lens)
    if "recurrence" in copy and not is_increment:
        whole = shown(copy, desk.calendar, lens)
        return {name: text for name, text in whole.items() if name != "summary"}
    is_sparse = is_increment and desk.switches.sparse_tombstones
    return tombstone(copy, query.zone, is_sparse=is_sparse)


def _is_wanted(desk: Desk, copy: Copy, query: Query, *, is_increment: bool) -> bool:
    if query.kinds and value(copy, "eventType") not in query.kinds:
        return False
    if is_increment:
        return True
    if query.updated_min_ms is not None:
        # Deletions since then come whether or not showDeleted asks for them.
        if copy["updated"] < query.updated_min_ms:
            return False
    elif is_cancelled(copy) and not _shows_cancelled(desk, copy, query):
        return False
    return _is_in_window(desk, copy, query) and _matches(desk, copy, query)


def _shows_cancelled(desk: Desk, copy: Copy, query: Query) -> bool:
    if query.show_deleted:
        return True
    if "recurrence" in copy and desk.switches.cancelled_series_listed:
        return True
    return not query.is_single and _hides_occurrence(copy, desk.calendar)


def _hides_occurrence(copy: Copy, calendar: Calendar) -> bool:
    """Tell whether a cancelled copy takes an occurrence out of a series that lives."""
    series = calendar.events.get(copy.get("recurringEventId", ""))
    return series is not None and not is_cancelled(series)


def _is_in_window(desk: Desk, copy: Copy, query: Query, *, is_closed: bool = False) -> bool:
    zone = times.checked_zone(desk.calendar.zone, "calendar")
    # A series goes on after the end of its first occurrence.
    if query.time_min and "recurrence" not in copy:
        first = query.time_min - timedelta(microseconds=1) if is_closed else query.time_min
        if times.moment(copy["end"], zone) <= first:
            return False
    return not query.time_max or times.moment(copy["start"], zone) < query.time_max


def _starts(desk: Desk, copy: Copy, wanted: str) -> bool:
    zone = times.checked_zone(desk.calendar.zone, "calendar")
    original = copy["originalStartTime"]
    if "T" not in wanted:
        return bool(original.get("date") == wanted)
    return times.moment(original, zone) == times.parsed_instant(wanted, None)


def _matches(desk: Desk, copy: Copy, query: Query) -> bool:
    if query.uid is not None and copy["iCalUID"] != query.uid:
        return False
    is_hidden = desk.view.masks(copy)
    properties = {} if is_hidden else copy.get("extendedProperties", {})
    for kind, wanted in (("private", query.private), ("shared", query.shared)):
        hits = [properties.get(kind, {}).get(name) == text for name, text in wanted]
        is_met = all(hits) if desk.switches.property_filters == "and" else any(hits)
        if hits and not is_met:
            return False
    return not query.words or (not is_hidden and _has_words(copy, query.words))


def _has_words(copy: Copy, words: tuple[str, ...]) -> bool:
    texts = [copy.get(name, "") for name in ("summary", "description", "location", "organizer")]
    for guest in copy.get("attendees", ()):
        texts += [guest["email"], guest.get("displayName", "")]
    whole = " ".join(texts).lower()
    return all(word in whole for word in words)
