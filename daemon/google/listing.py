"""A user's whole calendar, or what changed on it, page by page (Events: list; Synchronize resources efficiently)."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final

from daemon.core.company import User
from daemon.core.link import Copy, Mark
from daemon.core.listing import Page
from daemon.errors import CursorExpired, Forbidden, SyncError, Transient, UserRefused
from daemon.google.errors import Answer, error_of, reason_of, text_of_error
from daemon.google.reading import content_of, unusable
from daemon.google.translate import copy_of, is_cancelled, is_occurrence

PAGES_MAX: Final = 10_000
MARKED_PAGES_MAX: Final = 100
"""How many pages are asked for one event; the filter leaves few events."""

_REFUSED_CURSOR: Final = frozenset({"invalid", "syncTokenWithRequestRestrictions"})
_PARTIAL: Final = frozenset({"none", "freeBusyReader", "reader", "writerWithoutPrivateAccess"})

Ask = Callable[[str | None], Awaitable[Answer]]


async def listed(
    ask: Ask, user: User, cursor: str | None, *, now: Callable[[], datetime]
) -> AsyncIterator[Page[Copy]]:
    """Yield the pages that `ask` returns by page token; what was yielded before an error was shown all the same.

    Raises:
        CursorExpired: List everything instead.
        UserRefused: There is no calendar under the user's address, or it is not shown whole.
        Transient: The listing did not come to its end.
    """
    token: str | None = None
    shown: set[str | None] = set()
    for _ in range(PAGES_MAX):
        answer = await ask(token)
        if answer.status >= 300:
            raise _refusal(answer, user, now(), cursor=cursor, token=token)
        listing = content_of(answer, now())
        shown.add(token)
        token, done = _token(listing, "nextPageToken"), _token(listing, "nextSyncToken")
        if not token and not done:
            raise Transient("Google's listing ended without a sync token.")
        yield page_of(listing, user, cursor=None if token else done)
        if not token:
            return
        if token in shown:
            raise Transient("Google's listing leads back to a page that it has shown.")
    raise Transient(f"Google's listing goes on after {PAGES_MAX} pages.")


async def marked_in(
    ask: Ask, user: User, activity: str, *, now: Callable[[], datetime]
) -> Copy | None:
    """Return the event among those that `ask` finds which was itself marked as this activity's (Extended properties).

    A page may be empty though another follows it.

    Raises:
        UserRefused: There is no calendar under the user's address, or it is not shown whole.
        Transient: The listing did not come to its end.
    """
    token: str | None = None
    for _ in range(MARKED_PAGES_MAX):
        answer = await ask(token)
        if answer.status >= 300:
            raise _refusal(answer, user, now(), cursor=None, token=token)
        listing = content_of(answer, now())
        for copy in page_of(listing, user, cursor=None).seen:
            if copy.mark == Mark(activity, copy.ref):
                return copy
        token = _token(listing, "nextPageToken")
        if not token:
            return None
    raise Transient(f"Google's listing goes on after {MARKED_PAGES_MAX} pages.")


def page_of(listing: Mapping[str, Any], user: User, *, cursor: str | None) -> Page[Copy]:
    """Return what one page of a listing shows; what is not synced or cannot be read is counted only.

    Raises:
        UserRefused: The calendar is not shown whole: what it hides would look as if it had been emptied.
    """
    items = listing.get("items", [])
    if not isinstance(items, list):
        raise Transient("Google's listing cannot be read.")
    if listing.get("accessRole") in _PARTIAL:
        raise UserRefused(
            f"Google shows the calendar of {user.email} only in part.",
            hint="Severa must hold the user's primary Google address, not that of another calendar.",
            reason="partial-access",
        )
    zone = str(listing.get("timeZone") or user.zone)
    seen: list[Copy] = []
    gone: list[str] = []
    events = _latest(items)
    for event in events:
        if is_cancelled(event) and not is_occurrence(event):
            gone.append(event["id"])
        elif (copy := _readable(event, user, zone)) is not None:
            seen.append(copy)
    nameless = sum(not _is_event(item) for item in items)
    skipped = len(events) - len(seen) - len(gone) + nameless
    return Page(seen=tuple(seen), gone=tuple(gone), skipped=skipped, cursor=cursor)


def _refusal(
    answer: Answer, user: User, now: datetime, *, cursor: str | None, token: str | None
) -> SyncError:
    """Return what a refused page means: besides the two tokens nothing of the request can be wrong, nor deleted."""
    is_of_tokens = answer.status == 410 or (
        answer.status == 400 and reason_of(answer) in _REFUSED_CURSOR
    )
    if is_of_tokens and token is not None and not _names_cursor(answer):
        return Transient("Google does not go on with a listing that it began.")
    if is_of_tokens and cursor is not None:
        return CursorExpired(f"Google answered {answer.status} to the sync token.")
    return unusable(error_of(answer, now=now), user)


def _names_cursor(answer: Answer) -> bool:
    return reason_of(answer) == "fullSyncRequired" or "sync token" in text_of_error(answer).lower()


def _token(listing: Mapping[str, Any], name: str) -> str | None:
    token = listing.get(name)
    if token is None or isinstance(token, str):
        return token or None
    raise Transient("Google's listing cannot be read.")


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
