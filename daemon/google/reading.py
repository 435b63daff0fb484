"""What single answers of Calendar API v3 show: a calendar or an event (Calendars: get; Events: get, insert, patch)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from daemon.core.company import User
from daemon.core.link import Copy
from daemon.errors import Forbidden, Gone, SyncError, Transient, UserRefused
from daemon.google.errors import Answer, error_of
from daemon.google.translate import copy_of


def content_of(answer: Answer, now: datetime) -> Mapping[str, Any]:
    """Return the object that an answer brings, or raise what it means where it is an error."""
    if answer.status >= 300:
        raise error_of(answer, now=now)
    if not isinstance(answer.body, dict):
        raise Transient(f"Google's answer {answer.status} was cut short.")
    return answer.body


def calendar_in(answer: Answer, now: datetime) -> Mapping[str, Any]:
    """Return the calendar that an answer shows: what says so much as its id is no page of somebody else's.

    That a calendar answers is half of the proof that an event of it is gone (D4).
    """
    calendar = content_of(answer, now)
    if not isinstance(calendar.get("id"), str):
        raise Transient("Google's answer holds no calendar.")
    return calendar


def unusable(error: SyncError, user: User) -> SyncError:
    """Return what an error means where a whole calendar was asked for: it is the user's, not an entry's."""
    match error:
        case Gone():
            return UserRefused(
                f"Google has no calendar under {user.email}.",
                hint="Severa must hold the user's primary Google address, not an alias.",
                reason="no-calendar",
            )
        case Forbidden():
            return UserRefused(
                f"Google does not give access to the calendar of {user.email}.",
                hint="Severa must hold the user's primary Google address, and Calendar be switched on for it.",
                reason=error.reason or "refused",
            )
    return error


def event_in(answer: Answer, ref: str, now: datetime) -> Mapping[str, Any]:
    """Return the event `ref` that an answer shows, alive or cancelled, or raise what it means where it is an error."""
    event = content_of(answer, now)
    if event.get("id") != ref:
        raise Transient("Google's answer does not hold the event that was asked for.")
    return event


def copy_shown(event: Mapping[str, Any], user: User) -> Copy:
    """Return our copy of an event on this user's calendar.

    Raises:
        Forbidden: It cannot be read, or is an occurrence.
    """
    copy = copy_of(event, user=user, zone=user.zone)
    if copy is None:
        raise Forbidden("A single occurrence cannot be synced yet.", reason="occurrence")
    return copy


def written(answer: Answer, user: User, ref: str, now: datetime) -> Copy:
    """Return the event that was written; what cannot be read was written all the same, so it is no refusal."""
    event = event_in(answer, ref, now)
    try:
        return copy_shown(event, user)
    except Forbidden:
        raise Transient("Google's answer to a write cannot be read.") from None


def check_removed(answer: Answer, now: datetime) -> None:
    """Raise what an answer to a deletion means unless it says that it was done, which it does without a body."""
    if answer.status not in (200, 204):
        raise error_of(answer, now=now)
    if answer.body:
        raise Transient("Google's answer to a deletion cannot be read.")
