"""Listings: all pages, each activity once, and a cursor only at the very end."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from daemon.core.entry import Timed
from daemon.core.link import Activity
from daemon.core.listing import Page
from daemon.errors import CompanyRefused, Transient
from tests.severa.conftest import START, World
from tests.severa.test_translate import row

LONG_AGO = START - timedelta(days=1)


async def drain(listing: AsyncIterator[Page[Activity]]) -> list[Page[Activity]]:
    return [page async for page in listing]


def refs(pages: list[Page[Activity]]) -> list[str]:
    return [activity.ref for page in pages for activity in page.seen]


async def test_a_listing_brings_every_activity_once(world: World) -> None:
    made = {world.add(name=f"No. {i}") for i in range(250)}

    pages = await drain(world.calendar.changes(LONG_AGO))

    assert sorted(refs(pages)) == sorted(made)
    assert [page.cursor for page in pages[:-1]] == [None] * (len(pages) - 1)


async def test_the_cursor_is_the_latest_stamp_that_severa_showed(world: World) -> None:
    first = world.add()
    world.advance(minutes=10)
    world.add()
    world.advance(minutes=10)
    world.state.person_patch(world.anna.guid, first, name="New")
    latest = world.now
    world.advance(minutes=10)

    pages = await drain(world.client.changes(LONG_AGO))

    assert pages[-1].cursor is not None
    assert datetime.fromisoformat(pages[-1].cursor) == latest


async def test_a_listing_without_news_ends_where_it_began(world: World) -> None:
    world.add()
    since = world.now + timedelta(seconds=1)

    pages = await drain(world.client.changes(since))

    assert refs(pages) == []
    assert pages[-1].cursor == since.isoformat()


async def test_what_changed_at_the_cursor_comes_again(world: World) -> None:
    guid = world.add()
    cursor = (await drain(world.client.changes(LONG_AGO)))[-1].cursor
    assert cursor is not None

    assert refs(await drain(world.client.changes(datetime.fromisoformat(cursor)))) == [guid]


WEEKLY = {"frequency": "Weekly", "pattern": {"weekly": {"interval": 1, "monday": True}}}


async def test_what_recurs_is_marked_and_never_a_row_of_occurrences(world: World) -> None:
    guid = world.add(recurrence=WEEKLY)
    first = next(world.state.occurrences(world.state.row(guid), world.now + timedelta(days=30)))
    moved = world.state.person_patch(world.anna.guid, first.guid, name="Moved")["guid"]

    for listing in (
        world.client.changes(LONG_AGO),
        world.calendar.of_users([world.anna.guid], None, None),
    ):
        found = {a.ref: a.entry.when for page in await drain(listing) for a in page.seen}
        assert found.keys() == {guid, moved}
        assert all(isinstance(when, Timed) and when.recurrence for when in found.values())
    assert world.told == []


async def test_a_series_that_gets_an_exception_is_told_with_it(world: World) -> None:
    guid = world.add(recurrence=WEEKLY)
    first = next(world.state.occurrences(world.state.row(guid), world.now + timedelta(days=30)))
    world.advance(minutes=5)
    since = world.now
    moved = world.state.person_patch(world.anna.guid, first.guid, name="Moved")["guid"]

    pages = await drain(world.client.changes(since))

    assert refs(pages) == [moved]
    assert pages[-1].cursor == since.isoformat()


async def test_the_activities_of_many_users_come_in_batches(world: World) -> None:
    users = [world.state.add_user("A", str(i), None) for i in range(120)]
    made = {world.add(ownerUser=user) for user in users}
    world.add()
    await world.client.users()
    world.faults.journal.clear()

    pages = await drain(world.client.of_users(users, None, None))

    assert set(refs(pages)) == made
    assert pages[-1].cursor == "complete"
    assert len(world.faults.journal) == 9


async def test_a_listing_of_nobody_asks_for_nothing(world: World) -> None:
    world.add()

    pages = await drain(world.client.of_users([], None, None))

    assert pages == [Page(cursor="complete")]
    assert world.calls("activities.list") == 0


async def test_a_window_leaves_out_what_lies_outside(world: World) -> None:
    guid = world.add()
    world.add(startDateTime="2026-05-01T09:00:00Z", endDateTime="2026-05-01T10:00:00Z")
    start = datetime(2026, 3, 3, tzinfo=UTC)

    listing = world.client.of_users([world.anna.guid], start, start + timedelta(days=14))

    assert refs(await drain(listing)) == [guid]


async def test_an_owner_who_is_new_is_asked_for_once(world: World) -> None:
    for _ in range(3):
        world.add()

    await drain(world.client.changes(LONG_AGO))
    await drain(world.client.changes(LONG_AGO))

    assert world.calls("users.get") == 1


@pytest.mark.parametrize("fault", [{"status": 503}, {"kind": "cut"}, {"kind": "lose_reply"}])
async def test_a_listing_that_breaks_off_has_no_cursor(world: World, fault: dict[str, Any]) -> None:
    for i in range(120):
        world.add(name=f"No. {i}")
    # A reply lost on an idle connection is asked for again by the HTTP client itself, once.
    world.fail("activities.list", after=1, times=2, **fault)
    pages: list[Page[Activity]] = []

    async def listen() -> None:
        async for page in world.client.changes(LONG_AGO):
            pages.append(page)

    with pytest.raises(Transient):
        await listen()

    assert len(refs(pages)) == 100
    assert all(page.cursor is None for page in pages)


async def test_a_listing_that_is_not_found_proves_nothing(world: World) -> None:
    world.fail("activities.list", status=404)

    with pytest.raises(Transient):
        await drain(world.client.changes(LONG_AGO))


async def test_a_page_token_that_ran_out_starts_the_listing_again(world: World) -> None:
    made = {world.add(name=f"No. {i}") for i in range(150)}
    pages: list[Page[Activity]] = []

    async for page in world.client.changes(LONG_AGO):
        if not pages:
            world.advance(minutes=11)
        pages.append(page)

    assert sorted(refs(pages)) == sorted(made)
    assert [call.status for call in world.faults.journal].count(400) == 1
    assert pages[-1].cursor is not None


async def test_page_tokens_that_always_run_out_end_the_listing(world: World) -> None:
    for i in range(101):
        world.add(name=f"No. {i}")
    for spared in (1, 3, 5, 7):
        world.fail("activities.list", status=400, after=spared)

    with pytest.raises(Transient, match="page tokens"):
        await drain(world.client.changes(LONG_AGO))

    assert world.calls("activities.list") == 8


async def test_a_refusal_is_not_taken_for_a_page_token(world: World) -> None:
    for i in range(101):
        world.add(name=f"No. {i}")
    body = {"error": {"type": "OrganizationNotActive"}}
    world.fail("activities.list", status=403, body=body, after=1)

    with pytest.raises(CompanyRefused):
        await drain(world.client.changes(LONG_AGO))

    assert world.calls("activities.list") == 2


async def test_rows_that_cannot_be_synced_are_counted(world: World) -> None:
    good = world.state.activity(world.add())
    occurrence = {**good, "guid": f"{good['guid']};o-1", "recurrenceType": "Occurrence"}
    rows = [good, occurrence, {**good, "guid": "x", "startDateTime": None}, {"guid": "y"}]
    world.fail("activities.list", status=200, body=rows)

    pages = await drain(world.client.changes(LONG_AGO))

    assert refs(pages) == [good["guid"]]
    assert sum(page.skipped for page in pages) == 3
    assert world.told == [
        "Severa gave a time that is none.",
        "Severa gave an activity without an owner.",
    ]


async def test_a_category_that_is_not_known_is_left_alone_and_told_once(world: World) -> None:
    good = world.state.activity(world.add())
    odd = {**good, "guid": "x", "activityType": {"guid": "t", "category": "Party"}}

    for _ in range(3):
        world.fail("activities.list", status=200, body=[odd, good])
        assert refs(await drain(world.client.changes(LONG_AGO)))[0] == good["guid"]

    assert world.told == ["Severa gave a category of activities that is not known (Party)."]


async def test_a_row_that_comes_twice_is_shown_twice_only_where_it_changed(world: World) -> None:
    good = world.state.activity(world.add())
    changed = {**good, "lastUpdatedDateTime": "2026-03-02T07:00:00Z", "name": "New"}
    world.fail("activities.list", status=200, body=[good, good, changed])

    pages = await drain(world.client.changes(LONG_AGO))

    titles = [activity.entry.title for page in pages for activity in page.seen]
    assert titles == ["Kick-off", "New"]


@dataclass
class Recorder:
    """A Severa that notes the addresses it is asked for, as they came over the wire."""

    paths: list[str] = field(default_factory=list)
    next_pages: list[str] = field(default_factory=list)
    pages: list[list[Any]] = field(default_factory=list)

    async def token(self, request: web.Request) -> web.Response:
        body = await request.json()
        assert set(body) == {"client_id", "client_secret", "scope"}
        return web.json_response({"access_token": "t", "access_token_expires_in": 3600})

    async def listing(self, request: web.Request) -> web.Response:
        assert request.headers["Client_Id"] == "acme"
        assert request.headers["Authorization"] == "Bearer t"
        self.paths.append(request.raw_path)
        next_page = self.next_pages.pop(0) if self.next_pages else ""
        rows = self.pages.pop(0) if self.pages else []
        return web.json_response(rows, headers={"NextPageToken": next_page})

    async def single(self, request: web.Request) -> web.Response:
        self.paths.append(request.raw_path)
        if "/users/" in request.path:
            return web.json_response({"guid": "u-1"})
        return web.json_response(row())


@pytest.fixture
async def recorder(world: World) -> AsyncIterator[Recorder]:
    found = Recorder()
    app = web.Application()
    app.router.add_post("/rest-api/v1/token", found.token)
    app.router.add_get("/rest-api/v1/activities", found.listing)
    app.router.add_get("/rest-api/v1/{tail:.+}", found.single)
    async with TestServer(app) as server:
        world.base_url = str(server.make_url("/rest-api"))
        world.client = world.new_client()
        yield found


async def test_all_filters_go_with_every_page_encoded(world: World, recorder: Recorder) -> None:
    recorder.next_pages = ["a+b/c=&d", " "]
    since = datetime.fromisoformat("2026-03-02T08:00:00+02:00")

    await drain(world.client.changes(since))

    filters = "changedSince=2026-03-02T08%3A00%3A00%2B02%3A00&recurrenceType="
    assert recorder.paths == [
        f"/rest-api/v1/activities?{filters}None&rowCount=100",
        f"/rest-api/v1/activities?{filters}None&rowCount=100&pageToken=a%2Bb%2Fc%3D%26d",
        f"/rest-api/v1/activities?{filters}Series&rowCount=100",
        f"/rest-api/v1/activities?{filters}Exception&rowCount=100",
    ]


async def test_an_id_is_one_segment_of_the_path_whatever_it_holds(
    world: World, recorder: Recorder
) -> None:
    assert await world.client.answers(world.anna, "s-1;o-1/../?")

    assert recorder.paths[0] == "/rest-api/v1/activities/s-1%3Bo-1%2F..%2F%3F"


async def test_a_listing_that_does_not_end_is_given_up(
    world: World, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.severa.listing.PAGES_MAX", 5)
    recorder.next_pages = [f"page {number}" for number in range(10)]

    with pytest.raises(Transient, match="5 pages"):
        await drain(world.client.changes(LONG_AGO))

    assert len(recorder.paths) == 5


async def test_a_page_token_that_comes_back_ends_the_listing(
    world: World, recorder: Recorder
) -> None:
    recorder.next_pages = ["one", "two", "one", "two"]

    with pytest.raises(Transient, match="same page"):
        await drain(world.client.changes(LONG_AGO))

    assert len(recorder.paths) == 3


async def test_a_page_that_is_repeated_under_other_tokens_ends_the_listing(
    world: World, recorder: Recorder
) -> None:
    recorder.next_pages = [f"page {number}" for number in range(10)]
    recorder.pages = [[row(guid="a")], [row(guid="b")], [row(guid="b")], [row(guid="c")]]
    brought: list[str] = []

    async def listen() -> None:
        async for page in world.client.changes(LONG_AGO):
            brought.extend(activity.ref for activity in page.seen)

    with pytest.raises(Transient, match="same page"):
        await listen()

    assert brought == ["a", "b"]


async def test_short_and_empty_pages_are_not_the_end(world: World, recorder: Recorder) -> None:
    recorder.next_pages = ["one", "two", "three", ""]
    recorder.pages = [[], [row(guid="a")], [], [row(guid="b"), row(guid="a")]]

    assert refs(await drain(world.client.changes(LONG_AGO))) == ["a", "b"]


async def test_rows_that_move_while_they_are_paged_come_once_each(world: World) -> None:
    world.state.switches = replace(world.state.switches, order="latest-first")
    made = []
    for number in range(150):
        made.append(world.add(name=f"No. {number}"))
        world.advance(seconds=1)
    pages = []

    async for page in world.client.changes(LONG_AGO):
        if not pages:
            # What is edited now moves to the page that was read already, and pushes another down.
            world.state.person_patch(world.anna.guid, made[0], name="Edited")
        pages.append(page)

    found = refs(pages)
    assert len(found) == len(set(found)) == 149
    again = refs(await drain(world.client.changes(world.now)))
    assert again == [made[0]]
