"""Listings as Google ends, breaks and repeats them (Events: list; Synchronize resources efficiently)."""

from typing import Any

import pytest

from daemon.core.link import Copy
from daemon.core.listing import Page
from daemon.errors import CursorExpired, Forbidden, RateLimited, SyncError, Transient, UserRefused
from tests.google.conftest import ANNA, World
from tests.google.test_client import BODY

EVENT: dict[str, Any] = {
    "kind": "calendar#event",
    "etag": '"7"',
    "id": "aaaaabbbbb",
    "status": "confirmed",
    "creator": {"email": ANNA.email, "self": True},
    "organizer": {"email": ANNA.email, "self": True},
    **BODY,
    "summary": "Weekly",
}


async def pages(world: World, cursor: str | None = None) -> list[Page[Copy]]:
    return [page async for page in world.client().changes(ANNA, cursor)]


def listing(*items: Any, **more: Any) -> dict[str, Any]:
    return {"kind": "calendar#events", "items": list(items), **more}


def error(status: int, reason: str, message: str = "", **more: str) -> dict[str, Any]:
    row = {"domain": "calendar", "reason": reason, "message": message, **more}
    return {"error": {"errors": [row], "code": status, "message": message}}


DEAD = error(410, "fullSyncRequired", "Sync token is no longer valid, a full sync is required.")
GARBLED = error(400, "invalid", "Invalid sync token value.")
RESTRICTED = "Sync token cannot be used with other request restrictions."
PAGE_GARBLED = error(400, "invalid", "Invalid page token value.")

# What is refused; with a cursor, or without; on the first page, or on a later one.
REFUSED: dict[str, tuple[int, Any, str | None, bool, type[SyncError]]] = {
    "the cursor has died": (410, DEAD, "s", False, CursorExpired),
    "the cursor dies between two pages": (410, DEAD, "s", True, CursorExpired),
    "too long ago": (410, error(410, "updatedMinTooLongAgo"), "s", False, CursorExpired),
    "a listing that is deleted": (410, error(410, "deleted"), "s", False, CursorExpired),
    "gone, and nobody says what": (410, "<html>Gone</html>", "s", False, CursorExpired),
    "gone, without a cursor": (410, error(410, "deleted"), None, False, UserRefused),
    "gone between two pages": (410, error(410, "deleted"), None, True, Transient),
    "a garbled cursor": (400, GARBLED, "s", False, CursorExpired),
    "a garbled cursor, between two pages": (400, GARBLED, "s", True, CursorExpired),
    "a garbled cursor, in other words": (400, error(400, "invalid", "Nope"), "s", False, CursorExpired),
    "restrictions": (400, error(400, "syncTokenWithRequestRestrictions", RESTRICTED), "s", False, CursorExpired),
    "a page token that has died": (400, PAGE_GARBLED, "s", True, Transient),
    "the same, without a cursor": (400, PAGE_GARBLED, None, True, Transient),
    "a calendar that is not there": (404, error(404, "notFound"), "s", False, UserRefused),
    "one that is not there between two pages": (404, error(404, "notFound"), None, True, UserRefused),
    "one that is not ours to read": (403, error(403, "requiredAccessLevel"), "s", False, UserRefused),
    "one that is forbidden": (403, error(403, "forbidden"), None, False, UserRefused),
    "no calendar user": (403, error(403, "notACalendarUser"), "s", False, UserRefused),
    "too many requests": (403, error(403, "rateLimitExceeded"), "s", True, RateLimited),
    "a broken page": (503, "<html>", "s", True, Transient),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
async def test_a_refused_listing_is_begun_anew_or_is_the_users_fault(
    world: World, name: str
) -> None:
    status, body, cursor, is_later, kind = REFUSED[name]
    if is_later:
        first = listing(EVENT, nextPageToken="p")
        world.order("events.list", "refuse", status=200, body=first)
    world.order("events.list", "refuse", status=status, body=body)

    with pytest.raises(SyncError) as refused:
        await pages(world, cursor)

    assert type(refused.value) is kind
    assert len(world.calls("events.list")) == 1 + is_later


BAD_ENDS: dict[str, dict[str, Any]] = {
    "without a token": listing(),
    "with an empty token": listing(nextSyncToken=""),
    "with a null token": listing(nextSyncToken=None, nextPageToken=None),
    "with a token that is a number": listing(nextSyncToken=7),
    "with a page token that is a list": listing(nextPageToken=["p"], nextSyncToken="s"),
    "with items that are none": listing() | {"items": 7, "nextSyncToken": "s"},
    "with items that are null": listing() | {"items": None, "nextSyncToken": "s"},
}


@pytest.mark.parametrize("name", BAD_ENDS)
async def test_d4_a_listing_that_ends_badly_has_failed(world: World, name: str) -> None:
    world.order("events.list", "refuse", status=200, body=BAD_ENDS[name])

    with pytest.raises(Transient):
        await pages(world, "cursor")


async def test_what_was_listed_before_a_bad_end_was_seen_but_no_cursor(world: World) -> None:
    world.order("events.list", "refuse", status=200, body=listing(EVENT, nextPageToken="p"))
    world.order("events.list", "refuse", status=200, body=listing())
    brought = world.client().changes(ANNA, None)

    first = await anext(brought)
    with pytest.raises(Transient):
        await anext(brought)

    assert (len(first.seen), first.cursor) == (1, None)


async def test_a_listing_without_an_end_is_given_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.google.listing.PAGES_MAX", 5)
    for number in range(9):
        endless = listing(EVENT, nextPageToken=f"p{number}")
        world.order("events.list", "refuse", status=200, body=endless)

    with pytest.raises(Transient, match="goes on after 5 pages"):
        await pages(world)

    assert len(world.calls("events.list")) == 5


@pytest.mark.parametrize("tokens", [["p", "p"], ["p", "q", "p"], ["p", "q", "r", "q"]])
async def test_a_listing_that_goes_in_a_circle_is_given_up(world: World, tokens: list[str]) -> None:
    for token in tokens * 2:
        world.order("events.list", "refuse", status=200, body=listing(nextPageToken=token))

    with pytest.raises(Transient, match="leads back"):
        await pages(world, "cursor")

    assert len(world.calls("events.list")) == len(tokens)


async def test_empty_pages_before_between_and_after_end_nothing(world: World) -> None:
    other = {**EVENT, "id": "cccccddddd"}
    for page in (
        listing(nextPageToken="1"),
        listing(EVENT, nextPageToken="2"),
        listing(nextPageToken="3"),
        {"kind": "calendar#events", "nextPageToken": "4"},
        listing(other, nextPageToken="5"),
        listing(nextSyncToken="s"),
    ):
        world.order("events.list", "refuse", status=200, body=page)

    brought = await pages(world)

    assert [copy.ref for page in brought for copy in page.seen] == ["aaaaabbbbb", "cccccddddd"]
    assert [page.cursor for page in brought] == [None] * 5 + ["s"]


async def test_a_page_with_both_tokens_is_not_the_last(world: World) -> None:
    both = listing(EVENT, nextPageToken="p", nextSyncToken="too soon")
    world.order("events.list", "refuse", status=200, body=both)
    world.order("events.list", "refuse", status=200, body=listing(nextSyncToken="s"))

    assert [page.cursor for page in await pages(world)] == [None, "s"]


@pytest.mark.parametrize("role", ["none", "freeBusyReader", "reader", "writerWithoutPrivateAccess"])
async def test_a_calendar_that_is_shown_in_part_is_not_taken_for_an_emptied_one(
    world: World, role: str
) -> None:
    masked = {name: EVENT[name] for name in ("id", "etag", "status", "start", "end")}
    page = listing(masked, accessRole=role, nextSyncToken="s")
    world.order("events.list", "refuse", status=200, body=page)

    with pytest.raises(UserRefused) as refused:
        await pages(world, "cursor")

    assert refused.value.reason == "partial-access"
    assert ANNA.email in str(refused.value)


@pytest.mark.parametrize("role", ["owner", "writer", "something new", None])
async def test_a_calendar_that_may_be_written_is_read(world: World, role: str | None) -> None:
    page = listing(EVENT, accessRole=role, nextSyncToken="s")
    world.order("events.list", "refuse", status=200, body=page)

    assert [copy.ref for copy in (await pages(world))[0].seen] == ["aaaaabbbbb"]


GONE: dict[str, dict[str, Any]] = {
    "two fields": {"id": "x", "status": "cancelled"},
    "four fields": {"kind": "calendar#event", "etag": '"8"', "id": "x", "status": "cancelled"},
    "all its fields": {**EVENT, "id": "x", "status": "cancelled"},
    "a series with its rule and no title": {
        **EVENT, "id": "x", "status": "cancelled", "summary": None, "recurrence": ["RRULE:FREQ=DAILY"],
    },
    "times that cannot be read": {"id": "x", "status": "cancelled", "start": 7, "end": None},
    "a kind of its own": {"id": "x", "status": "cancelled", "eventType": "somethingNew"},
}  # fmt: skip


@pytest.mark.parametrize("name", GONE)
async def test_whatever_is_left_of_a_deleted_event_says_that_it_is_deleted(
    world: World, name: str
) -> None:
    page = listing(GONE[name], nextSyncToken="s")
    world.order("events.list", "refuse", status=200, body=page)

    (brought,) = await pages(world)

    assert (brought.seen, brought.gone, brought.skipped) == ((), ("x",), 0)


UNKNOWN: dict[str, dict[str, Any]] = {
    "type": {"eventType": "somethingNew"},
    "status": {"status": "postponed"},
    "kind": {"kind": "calendar#somethingNew"},
    "visibility": {"visibility": "somethingNew"},
    "transparency": {"transparency": "somethingNew"},
    "fields": {"somethingNew": {"deep": [1, {"er": None}]}},
}


@pytest.mark.parametrize("name", UNKNOWN)
async def test_what_google_may_yet_invent_is_still_an_event(world: World, name: str) -> None:
    page = listing({**EVENT, **UNKNOWN[name]}, nextSyncToken="s", somethingNew=7)
    world.order("events.list", "refuse", status=200, body=page)

    (brought,) = await pages(world)

    assert [copy.entry.title for copy in brought.seen] == ["Weekly"]
    assert brought.seen[0].kind == UNKNOWN[name].get("eventType", "default")


async def test_a_check_of_a_calendar_that_is_forbidden_is_that_users_fault(world: World) -> None:
    world.order("calendars.get", "refuse", status=403, body=error(403, "forbidden"))
    world.order("calendars.get", "refuse", status=403, body=error(403, "forbidden"))

    with pytest.raises(UserRefused) as refused:
        await world.client().check(ANNA)
    with pytest.raises(Forbidden):
        await world.client().answers(ANNA, "")

    assert refused.value.reason == "forbidden"
    assert refused.value.hint
