"""Calendar API v3, "Events: list": filters, pages, increments by sync token."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from daemon.sandbox.google import errors, times, tokens
from daemon.sandbox.google import query as queries
from daemon.sandbox.google.calendars import Calendar, Copy
from daemon.sandbox.google.fields import value
from daemon.sandbox.google.meetings import is_cancelled
from daemon.sandbox.google.query import Parameters, Query
from daemon.sandbox.google.resource import rendered, tombstone
from daemon.sandbox.google.switches import Switches

_NOT_OF_THE_REQUEST = {"pageToken", "quotaUser", "prettyPrint", "fields", "key", "alt"}


def listed(
    calendar: Calendar, parameters: Parameters, switches: Switches, generation: int, now: datetime
) -> dict[str, Any]:
    """Answer a listing of a calendar's events."""
    query = queries.parsed(parameters, calendar.zone, switches, now)
    since = _since(parameters, calendar, generation)
    page = _page(parameters, calendar)
    envelope = _envelope(calendar, query, page)
    if switches.empty_pages and page.is_empty_next:
        full = replace(page, is_empty_next=False)
        return envelope | {"items": [], "nextPageToken": full.encoded()}
    chosen = _chosen(calendar, query, since, page, switches)
    details = since.details if since else query.show_deleted
    shown = [copy for _, copy in chosen[: query.page_size]]
    items = [_shown(copy, calendar, query, details=details) for copy in shown]
    if len(chosen) > query.page_size:
        following = replace(page, after=chosen[query.page_size - 1][0], is_empty_next=True)
        return envelope | {"items": items, "nextPageToken": following.encoded()}
    if not query.keeps_sync:
        return envelope | {"items": items}
    token = tokens.SyncToken(calendar.email, generation, page.position, details)
    return envelope | {"items": items, "nextSyncToken": token.encoded()}


def _since(parameters: Parameters, calendar: Calendar, generation: int) -> tokens.SyncToken | None:
    text = queries.one(parameters, "syncToken")
    if text is None:
        return None
    restricted = any(name in parameters for name in queries.NOT_WITH_SYNC_TOKEN)
    if restricted or queries.flag(parameters, "showDeleted") is False:
        raise errors.sync_token_restricted()
    return tokens.sync_token(text, calendar.email, generation)


def _page(parameters: Parameters, calendar: Calendar) -> tokens.PageToken:
    asked = sorted((k, list(v)) for k, v in parameters.items() if k not in _NOT_OF_THE_REQUEST)
    request = tokens.digest(repr(asked))
    text = queries.one(parameters, "pageToken")
    if text is not None:
        return tokens.page_token(text, calendar.email, request)
    # The position of the start, so that what changes between the pages comes in the increment.
    return tokens.PageToken(calendar.email, request, calendar.stamp, "", is_empty_next=True)


def _envelope(calendar: Calendar, query: Query, page: tokens.PageToken) -> dict[str, Any]:
    version = tokens.digest(f"{calendar.stamp} {page}")
    return {
        "kind": "calendar#events",
        "etag": f'"p{version}"',
        "summary": calendar.email,
        "description": "",
        "updated": times.stamped(calendar.stamp),
        "timeZone": query.zone.key,
        "accessRole": "owner",
        "defaultReminders": [{"method": "popup", "minutes": 10}],
    }


def _chosen(
    calendar: Calendar,
    query: Query,
    since: tokens.SyncToken | None,
    page: tokens.PageToken,
    switches: Switches,
) -> list[tuple[str, Copy]]:
    """Return what is left of a listing after a page, by sort key."""
    if since is not None and since.position >= calendar.stamp:
        return []
    found = [
        (_key(copy, query), copy)
        for copy in calendar.events.values()
        if (since is None or copy["stamp"] > since.position)
        and _is_wanted(copy, calendar, query, since is not None, switches)
    ]
    return sorted((one for one in found if one[0] > page.after), key=lambda one: one[0])


def _key(copy: Copy, query: Query) -> str:
    place = f"{copy['order']}{copy['id']}"
    if query.order_by == "updated":
        return f"{copy['updated']:015d}{place}"
    return times.sort_key(copy["start"]) + place if query.order_by == "startTime" else place


def _shown(copy: Copy, calendar: Calendar, query: Query, *, details: bool) -> dict[str, Any]:
    if is_cancelled(copy) and not details:
        return tombstone(copy, query.zone)
    return rendered(copy, calendar, zone=query.zone, guests_max=query.guests_max)


def _is_wanted(
    copy: Copy, calendar: Calendar, query: Query, is_increment: bool, switches: Switches
) -> bool:
    if query.kinds and value(copy, "eventType") not in query.kinds:
        return False
    if is_increment:
        return True
    if query.updated_min_ms is not None:
        # Deletions since then come whether or not showDeleted asks for them.
        if copy["updated"] < query.updated_min_ms:
            return False
    elif is_cancelled(copy) and not query.show_deleted and not _hides_occurrence(copy, calendar):
        return False
    return _is_in_window(copy, calendar, query) and _matches(copy, query, switches)


def _hides_occurrence(copy: Copy, calendar: Calendar) -> bool:
    """Tell whether a cancelled copy takes an occurrence out of a series that lives."""
    series = calendar.events.get(copy.get("recurringEventId", ""))
    return series is not None and not is_cancelled(series)


def _is_in_window(copy: Copy, calendar: Calendar, query: Query) -> bool:
    zone = times.checked_zone(calendar.zone, "calendar")
    # A series goes on after the end of its first occurrence.
    bound = query.time_min
    if bound and "recurrence" not in copy and times.moment(copy["end"], zone) <= bound:
        return False
    return not query.time_max or times.moment(copy["start"], zone) < query.time_max


def _matches(copy: Copy, query: Query, switches: Switches) -> bool:
    if query.uid is not None and copy["iCalUID"] != query.uid:
        return False
    properties = copy.get("extendedProperties", {})
    for kind, wanted in (("private", query.private), ("shared", query.shared)):
        hits = [properties.get(kind, {}).get(name) == text for name, text in wanted]
        if hits and not (all(hits) if switches.property_filters == "and" else any(hits)):
            return False
    return not query.words or _has_words(copy, query.words)


def _has_words(copy: Copy, words: tuple[str, ...]) -> bool:
    texts = [copy.get(name, "") for name in ("summary", "description", "location", "organizer")]
    for guest in copy.get("attendees", ()):
        texts += [guest["email"], guest.get("displayName", "")]
    whole = " ".join(texts).lower()
    return all(word in whole for word in words)
