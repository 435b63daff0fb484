"""What the answers of Calendar API v3 show: one event, or a page of them (Events: get, list)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from daemon.core.company import User
from daemon.core.link import Copy
from daemon.core.listing import Page
from daemon.errors import Forbidden, Transient
from daemon.google.errors import Answer, error_of
from daemon.google.translate import copy_of, is_cancelled


def content_of(answer: Answer, now: datetime) -> Mapping[str, Any]:
    """Return the object that an answer brings, or raise what it means where it is an error."""
    if answer.status >= 300:
        raise error_of(answer, now=now)
    if not isinstance(answer.body, dict):
        raise Transient(f"Google's answer {answer.status} was cut short.")
    return answer.body


def copy_shown(event: Mapping[str, Any], user: User) -> Copy:
    """Return our copy of an event on this user's calendar.

    Raises:
        Forbidden: It cannot be read, or is an occurrence.
        Transient: It is no event at all.
    """
    if not isinstance(event.get("id"), str):
        raise Transient("Google's answer holds no event.")
    copy = copy_of(event, user=user, zone=user.zone)
    if copy is None:
        raise Forbidden("A single occurrence cannot be synced yet.", reason="occurrence")
    return copy


def written(event: Mapping[str, Any], user: User) -> Copy:
    """Return the event that was written; what cannot be read was written all the same, so it is no refusal."""
    try:
        return copy_shown(event, user)
    except Forbidden:
        raise Transient("Google's answer to a write cannot be read.") from None


def page_of(listing: Mapping[str, Any], user: User, *, cursor: str | None) -> Page[Copy]:
    """Return what one page of a listing shows; what is not synced or cannot be read is counted only."""
    items = listing.get("items", [])
    if not isinstance(items, list):
        raise Transient("Google's listing cannot be read.")
    zone = str(listing.get("timeZone") or user.zone)
    seen: list[Copy] = []
    gone: list[str] = []
    events = _latest(items)
    for event in events:
        if is_cancelled(event) and "recurringEventId" not in event:
            gone.append(event["id"])
        elif (copy := _readable(event, user, zone)) is not None:
            seen.append(copy)
    nameless = sum(not _is_event(item) for item in items)
    skipped = len(events) - len(seen) - len(gone) + nameless
    return Page(seen=tuple(seen), gone=tuple(gone), skipped=skipped, cursor=cursor)


def _latest(items: list[Any]) -> list[Mapping[str, Any]]:
    """Return each event once, as it came last: what changes while paging is listed again."""
    return list({event["id"]: event for event in filter(_is_event, items)}.values())


def _is_event(item: Any) -> bool:
    return isinstance(item, dict) and isinstance(item.get("id"), str)


def _readable(event: Mapping[str, Any], user: User, zone: str) -> Copy | None:
    """Return the copy, `None` for what is not synced or cannot be read: one event must not stop a listing."""
    try:
        return copy_of(event, user=user, zone=zone)
    except Forbidden:
        return None
