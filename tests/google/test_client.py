"""The client against the sandbox Google over real HTTP: what it reads, writes, and makes of faults."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import aiohttp
import pytest
from aiogoogle.models import Request
from aiohttp import web

from daemon.core.company import User
from daemon.core.entry import AllDay, Answer, Entry, People, Timed
from daemon.core.link import Copy, Mark
from daemon.core.listing import Page
from daemon.errors import (
    CompanyRefused,
    CursorExpired,
    Exists,
    Forbidden,
    Gone,
    RateLimited,
    Stale,
    SyncError,
    Transient,
    UsageLimited,
    UserRefused,
)
from daemon.google.client import GoogleClient
from daemon.google.credentials import read_key
from daemon.google.errors import Limit
from daemon.google.tokens import Authority, Tokens
from daemon.google.translate import shown
from daemon.google.wire import SharedSession
from daemon.sandbox.google import Limits, ServiceAccountKey
from tests.google.conftest import ANNA, BEN, ROBOT, World

MARK = Mark("guid-activity", "aaaaabbbbb")
WEEKLY = Entry(
    title="Weekly",
    when=Timed(datetime(2026, 3, 3, 8, tzinfo=UTC), datetime(2026, 3, 3, 9, tzinfo=UTC)),
    location="Room 1",
    notes="R&D\nand <more>",
    private=False,
)
ALONE = People.of({ANNA.email: Answer.ACCEPTED})
BODY: dict[str, Any] = {
    "summary": "By hand",
    "start": {"dateTime": "2026-03-04T10:00:00+02:00"},
    "end": {"dateTime": "2026-03-04T11:00:00+02:00"},
}


async def pages(client: GoogleClient, cursor: str | None = None, user: User = ANNA) -> list[Page[Copy]]:  # fmt: skip
    return [page async for page in client.changes(user, cursor)]


async def listed(client: GoogleClient, cursor: str | None = None) -> tuple[list[Copy], list[str], str]:  # fmt: skip
    """Return everything that a listing brings: copies, ids that are gone, and the new cursor."""
    brought = await pages(client, cursor)
    assert [page.cursor is None for page in brought] == [True] * (len(brought) - 1) + [False]
    copies = [copy for page in brought for copy in page.seen]
    gone = [ref for page in brought for ref in page.gone]
    return copies, gone, brought[-1].cursor or ""


# Reading and writing.


async def test_what_is_created_reads_back_equal(world: World) -> None:
    client = world.client()

    made = await client.create(ANNA, "aaaaabbbbb", WEEKLY, mark=MARK)
    found = await client.read(ANNA, "aaaaabbbbb")

    assert made == found
    assert made.entry == replace(WEEKLY, people=ALONE)
    assert shown(WEEKLY) == WEEKLY
    assert (made.ref, made.user, made.mark) == ("aaaaabbbbb", "guid-anna", MARK)
    assert made.uid == "aaaaabbbbb@google.com"
    assert made.is_organizer
    assert made.is_writable


async def test_what_is_read_by_id_comes_with_googles_own_words_d7(world: World) -> None:
    client = world.client()
    await client.create(ANNA, "aaaaabbbbb", WEEKLY, mark=MARK)

    found = await client.read(ANNA, "aaaaabbbbb")

    assert found is not None
    assert json.loads(found.original)["iCalUID"] == "aaaaabbbbb@google.com"


async def test_an_all_day_entry_reads_back_equal(world: World) -> None:
    entry = Entry(title="Trip", when=AllDay(date(2026, 3, 3), date(2026, 3, 5)))

    made = await world.client().create(ANNA, "aaaaabbbbb", entry, mark=None)

    assert made.entry.when == entry.when
    assert made.mark is None


async def test_b6_a_change_leaves_alone_what_it_does_not_name(world: World) -> None:
    client = world.client()
    by_hand = world.state.person_add(
        ANNA.email,
        {**BODY, "description": "<b>Bold</b>", "location": "Room 1", "colorId": "5"},
    )
    seen = await client.read(ANNA, by_hand["id"])
    assert seen is not None

    changed = await client.change(ANNA, seen, Entry(title="New"), mark=MARK)

    now = world.state.event(ANNA.email, by_hand["id"])
    assert (now["summary"], now["description"]) == ("New", "<b>Bold</b>")
    assert (now["location"], now["colorId"], now["start"]) == ("Room 1", "5", by_hand["start"])
    assert changed.entry == replace(seen.entry, title="New")
    assert changed.version != seen.version
    assert changed.mark == MARK


@pytest.mark.parametrize(
    "when",
    [
        AllDay(date(2026, 3, 9), date(2026, 3, 11)),
        Timed(datetime(2026, 3, 9, 8, tzinfo=UTC), datetime(2026, 3, 9, 9, tzinfo=UTC)),
    ],
)
@pytest.mark.parametrize("before", [WEEKLY.when, AllDay(date(2026, 3, 3), date(2026, 3, 4))])
async def test_a_time_is_moved_whatever_its_form_was(
    world: World, before: Timed | AllDay, when: Timed | AllDay
) -> None:
    client = world.client()
    made = await client.create(ANNA, "aaaaabbbbb", replace(WEEKLY, when=before), mark=None)

    moved = await client.change(ANNA, made, Entry(when=when), mark=None)

    assert moved.entry.when == when


async def test_what_is_removed_reads_as_deleted(world: World) -> None:
    client = world.client()
    made = await client.create(ANNA, "aaaaabbbbb", WEEKLY, mark=None)

    await client.remove(ANNA, made)

    assert await client.read(ANNA, "aaaaabbbbb") is None
    with pytest.raises(Gone):
        await client.remove(ANNA, made)


async def test_what_google_does_not_find_is_no_proof_of_a_deletion(world: World) -> None:
    client = world.client()

    with pytest.raises(Gone):
        await client.read(ANNA, "zzzzz")

    assert await client.answers(ANNA, "")


async def test_a_stale_write_changes_nothing(world: World) -> None:
    client = world.client()
    made = await client.create(ANNA, "aaaaabbbbb", WEEKLY, mark=None)
    world.state.person_patch(ANNA.email, "aaaaabbbbb", {"summary": "By a person"})

    with pytest.raises(Stale):
        await client.change(ANNA, made, Entry(title="By us"), mark=None)
    with pytest.raises(Stale):
        await client.remove(ANNA, made)

    assert world.state.event(ANNA.email, "aaaaabbbbb")["summary"] == "By a person"


async def test_an_id_is_taken_by_the_living_and_by_the_deleted(world: World) -> None:
    client = world.client()
    made = await client.create(ANNA, "aaaaabbbbb", WEEKLY, mark=None)

    with pytest.raises(Exists):
        await client.create(ANNA, "aaaaabbbbb", WEEKLY, mark=None)
    await client.remove(ANNA, made)
    with pytest.raises(Exists):
        await client.create(ANNA, "aaaaabbbbb", WEEKLY, mark=None)


async def test_an_event_of_google_itself_may_not_be_changed(world: World) -> None:
    client = world.client()
    birthday = {
        "eventType": "birthday",
        "summary": "Ben",
        "visibility": "private",
        "transparency": "transparent",
        "recurrence": ["RRULE:FREQ=YEARLY"],
        "start": {"date": "2026-03-03"},
        "end": {"date": "2026-03-04"},
    }
    made = world.state.person_add(ANNA.email, birthday)

    seen = await client.read(ANNA, made["id"])

    assert seen is not None
    assert (seen.kind, seen.is_writable) == ("birthday", False)
    assert isinstance(seen.entry.when, AllDay)
    assert seen.entry.when.recurrence is not None


async def test_a_guests_copy_is_the_organizers_to_change(world: World) -> None:
    world.state.person_add(ANNA.email, {**BODY, "attendees": [{"email": BEN.email}]})

    page = (await pages(world.client(), user=BEN))[-1]

    assert [(c.user, c.is_organizer, c.is_writable) for c in page.seen] == [
        ("guid-ben", False, False)
    ]


async def test_an_address_with_odd_characters_finds_its_calendar(world: World) -> None:
    odd = User("guid-odd", "o'neil+test#1/2?@example.com", zone="Europe/Oslo")
    world.state.add_user(odd.email, zone="Europe/Oslo")
    client = world.client()

    made = await client.create(odd, "aaaaabbbbb", WEEKLY, mark=None)

    assert await client.check(odd) == "Europe/Oslo"
    assert await client.read(odd, made.ref) == made


# Listing.


async def test_an_empty_calendar_is_one_empty_page(world: World) -> None:
    brought = await pages(world.client())

    assert [(page.seen, page.gone, page.skipped) for page in brought] == [((), (), 0)]
    assert brought[0].cursor


async def test_a_listing_follows_every_page(world: World) -> None:
    world.state.switches = replace(world.state.switches, empty_pages=True)
    for number in range(5003):
        world.state.insert(ANNA.email, {**BODY, "summary": f"Nr {number}"})

    copies, gone, cursor = await listed(world.client())

    assert len({copy.ref for copy in copies}) == len(copies) == 5003
    assert gone == []
    assert cursor
    assert len(world.calls("events.list")) == 6


async def test_a_listing_by_cursor_brings_just_what_changed(world: World) -> None:
    client = world.client()
    kept, edited, deleted = (world.state.person_add(ANNA.email, BODY)["id"] for _ in range(3))
    _, _, cursor = await listed(client)
    world.state.person_patch(ANNA.email, edited, {"summary": "Edited"})
    world.state.person_delete(ANNA.email, deleted)
    added = world.state.person_add(ANNA.email, BODY)["id"]

    copies, gone, later = await listed(client, cursor)

    assert {copy.ref for copy in copies} == {edited, added}
    assert kept not in gone
    assert gone == [deleted]
    assert await listed(client, later) == ([], [], later)


async def test_single_occurrences_are_counted_and_left_out(world: World) -> None:
    zoned = {"timeZone": "Europe/Helsinki"}
    series = world.state.person_add(
        ANNA.email,
        {
            "summary": "Daily",
            "recurrence": ["RRULE:FREQ=DAILY"],
            "start": {**BODY["start"], **zoned},
            "end": {**BODY["end"], **zoned},
        },
    )
    occurrence = {
        "id": f"{series['id']}_20260305T080000Z",
        "recurringEventId": series["id"],
        "status": "cancelled",
    }
    moved = {**series, **occurrence, "id": f"{series['id']}_20260306T080000Z"}
    items = [series, occurrence, {**moved, "status": "confirmed"}]
    listing = {"items": items, "nextSyncToken": "s"}
    world.order("events.list", "refuse", status=200, body=listing)

    page = (await pages(world.client()))[0]

    assert [copy.ref for copy in page.seen] == [series["id"]]
    assert page.gone == ()
    assert page.skipped == 2


async def test_one_odd_event_does_not_stop_a_listing(world: World) -> None:
    good = world.state.person_add(ANNA.email, BODY)
    odd = [
        {**good, "id": "noend", "start": {"date": "0000-00-00"}},
        {"status": "confirmed"},
        "text",
        None,
        {"id": "deletedid", "status": "cancelled"},
    ]
    listing = {"items": [*odd, good], "nextSyncToken": "s"}
    world.order("events.list", "refuse", status=200, body=listing)

    page = (await pages(world.client()))[0]

    assert [copy.ref for copy in page.seen] == [good["id"]]
    assert page.gone == ("deletedid",)
    assert page.skipped == 4


async def test_an_event_that_is_listed_twice_counts_as_it_came_last(world: World) -> None:
    good = world.state.person_add(ANNA.email, BODY)
    again = {**good, "summary": "Later"}
    dead = {"id": good["id"], "status": "cancelled"}
    for items in ([good, again], [again, dead]):
        listing = {"items": items, "nextSyncToken": "s"}
        world.order("events.list", "refuse", status=200, body=listing)
    client = world.client()

    later, gone = (await pages(client))[0], (await pages(client))[0]

    assert [copy.entry.title for copy in later.seen] == ["Later"]
    assert (gone.seen, gone.gone) == ((), (good["id"],))


async def test_a_dead_cursor_asks_for_everything(world: World) -> None:
    client = world.client()
    _, _, cursor = await listed(client)
    world.state.expire_sync_tokens()

    with pytest.raises(CursorExpired):
        await pages(client, cursor)
    with pytest.raises(CursorExpired):
        await pages(client, "garbage")

    assert (await pages(client))[-1].cursor


async def test_every_page_asks_with_the_same_parameters(world: World, odd_server: Any) -> None:
    asked: list[dict[str, str]] = []

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/token":
            return web.json_response({"access_token": "t", "expires_in": "3599"})
        asked.append(dict(request.query))
        more = {"nextPageToken": "p/1+2=="} if "pageToken" not in request.query else {}
        return web.json_response({"items": [], **(more or {"nextSyncToken": "s+/=2"})})

    url = await odd_server(answer)
    brought = await pages(world.client(api_root=url, token_uri=f"{url}/token"), "s+/=1")

    assert brought[-1].cursor == "s+/=2"
    assert [query.pop("pageToken", None) for query in asked] == [None, "p/1+2=="]
    assert asked[0] == asked[1]
    assert asked[0]["syncToken"] == "s+/=1"
    assert asked[0]["maxResults"] == "2500"
    assert asked[0].keys() == {"syncToken", "maxResults", "quotaUser"}


async def test_e7_a_write_tells_nobody_and_names_what_it_was_decided_on(
    world: World, odd_server: Any
) -> None:
    asked: list[tuple[str, str | None, str | None]] = []

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/token":
            return web.json_response({"access_token": "t"})
        sent = (request.method, request.query.get("sendUpdates"), request.headers.get("If-Match"))
        asked.append(sent)
        if request.method == "DELETE":
            return web.Response(status=204)
        return web.json_response({**BODY, "id": "aaaaabbbbb", "etag": '"7"'})

    url = await odd_server(answer)
    client = world.client(api_root=url, token_uri=f"{url}/token")
    made = await client.create(ANNA, "aaaaabbbbb", WEEKLY, mark=None)
    await client.change(ANNA, made, Entry(title="New"), mark=None)
    await client.remove(ANNA, made)

    assert asked == [("POST", "none", None), ("PATCH", "none", '"7"'), ("DELETE", "none", '"7"')]


# What is asked of the budget and of Google's quota.

LIMITED = {"error": {"errors": [{"reason": "userRateLimitExceeded", "domain": "usageLimits"}]}}


async def test_r1_every_request_is_paid_for_and_a_patch_costs_three(world: World) -> None:
    client = world.client()

    made = await client.create(ANNA, "aaaaabbbbb", WEEKLY, mark=None)
    changed = await client.change(ANNA, made, Entry(title="New"), mark=None)
    await client.remove(ANNA, changed)

    assert world.spent == [("guid-anna", 1), ("guid-anna", 3), ("guid-anna", 1)]


async def test_r1_each_user_is_charged_alone(world: World) -> None:
    world.state.limits = Limits(user_minute=3, project_minute=None, project_day=None)
    client = world.client()

    for _ in range(3):
        assert await client.answers(ANNA, "")
        assert await client.answers(BEN, "")
    with pytest.raises(RateLimited):
        await client.answers(ANNA, "")


async def test_r1_a_pause_that_google_asks_for_reaches_the_caller(world: World) -> None:
    body = {"error": {"errors": [{"reason": "quotaExceeded", "domain": "usageLimits"}]}}
    world.order("events.list", "refuse", status=429, headers={"Retry-After": "7"})
    world.order("events.list", "refuse", status=403, body=body)
    client = world.client()

    with pytest.raises(RateLimited) as short:
        await pages(client)
    with pytest.raises(UsageLimited) as long:
        await pages(client)

    assert short.value.retry_after == 7.0
    assert long.value.retry_after is None, "how long it takes to recover Google does not say"


async def test_r1_the_budget_is_told_of_every_limit_that_was_met(world: World) -> None:
    met: list[tuple[str, Limit, float | None]] = []
    client = world.client(limited=lambda *limit: met.append(limit))
    made = await client.create(ANNA, "aaaaabbbbb", WEEKLY, mark=None)
    world.order("events.get", "refuse", status=429, headers={"Retry-After": "7"})
    world.order("events.patch", "refuse", status=403, body=LIMITED)

    with pytest.raises(RateLimited):
        await client.read(ANNA, made.ref)
    with pytest.raises(RateLimited):
        await client.change(ANNA, made, Entry(title="New"), mark=None)
    await client.read(ANNA, made.ref)

    assert met == [("guid-anna", Limit.UNSAID, 7.0), ("guid-anna", Limit.USER, None)]


# Tokens.


async def test_tasks_that_start_together_share_one_token(world: World) -> None:
    client = world.client()

    await asyncio.gather(*(client.answers(ANNA, "") for _ in range(20)))

    assert len(world.calls("token")) == 1
    assert len(world.calls("calendars.get")) == 20


async def test_each_user_acts_with_a_token_of_their_own(world: World) -> None:
    client = world.client()

    await client.create(ANNA, "aaaaabbbbb", WEEKLY, mark=None)
    await client.answers(BEN, "")

    assert len(world.calls("token")) == 2
    assert [event["id"] for event in world.state.events(ANNA.email)] == ["aaaaabbbbb"]
    assert world.state.events(BEN.email) == []


@pytest.mark.parametrize(
    ("jitter_s", "after_s", "fetched"),
    [(0.0, 3290.0, 1), (0.0, 3300.0, 2), (60.0, 3230.0, 1), (60.0, 3290.0, 2)],
)
async def test_a_token_is_renewed_before_it_ends(
    world: World, jitter_s: float, after_s: float, fetched: int
) -> None:
    client = world.client(jitter=lambda: jitter_s)
    await client.answers(ANNA, "")

    world.clock.move(after_s)
    await client.answers(ANNA, "")

    assert len(world.calls("token")) == fetched
    assert {status for _, status in world.calls()} == {200}


async def test_a_token_does_not_live_longer_because_the_wall_clock_was_set_back(
    world: World,
) -> None:
    client = world.client()
    await client.answers(ANNA, "")

    world.clock.passed += 3400
    await client.answers(ANNA, "")

    assert len(world.calls("token")) == 2


async def test_a_refused_token_is_replaced_once(world: World) -> None:
    client = world.client()
    await client.answers(ANNA, "")
    world.state.expire_tokens()

    made = await client.create(ANNA, "aaaaabbbbb", WEEKLY, mark=None)

    assert made.entry == replace(WEEKLY, people=ALONE)
    assert world.calls("events.insert") == [("events.insert", 401), ("events.insert", 200)]
    assert len(world.calls("token")) == 2


async def test_tasks_whose_token_is_refused_together_fetch_one(world: World) -> None:
    client = world.client()
    await client.answers(ANNA, "")
    world.state.expire_tokens()

    await asyncio.gather(*(client.answers(ANNA, "") for _ in range(10)))

    assert len(world.calls("token")) == 2


async def test_a_late_refusal_does_not_throw_the_new_token_away(world: World) -> None:
    session = SharedSession(world.http, timeout_s=5.0)
    token_uri = f"{world.url}/token"
    authority = Authority(world.account, token_uri=token_uri, session=session, now=world.clock.now)
    tokens = Tokens(authority, ANNA.email, clock=world.clock.monotonic, margin_s=300.0)
    await tokens.refresh()
    early, late = (tokens.authorize(Request("GET", world.url)) for _ in range(2))

    tokens.forget(early)
    assert await tokens.refresh()
    tokens.forget(late)

    assert not await tokens.refresh()


async def test_a_token_that_is_refused_again_is_given_up(world: World) -> None:
    world.order("calendars.get", "refuse", status=401, times=9)

    with pytest.raises(Transient):
        await world.client().answers(ANNA, "")

    assert len(world.calls("calendars.get")) == 2
    assert world.spent == [("guid-anna", 1)] * 2


async def test_users_beyond_the_bound_are_forgotten_oldest_first(world: World) -> None:
    client = world.client(users_max=1)

    for user in (ANNA, ANNA, BEN, ANNA):
        await client.answers(user, "")

    assert len(world.calls("token")) == 3


@pytest.mark.parametrize("life", ["3599", 3599, None, "soon", -1, 120])
async def test_a_token_is_used_however_its_life_is_told(
    world: World, odd_server: Any, life: object
) -> None:
    fetched = 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal fetched
        if request.path != "/token":
            return web.json_response({"id": "x", "timeZone": "Europe/Helsinki"})
        fetched += 1
        return web.json_response({"access_token": "t", "expires_in": life})

    url = await odd_server(answer)
    client = world.client(api_root=url, token_uri=f"{url}/token")
    for _ in range(2):
        assert await client.check(ANNA) == "Europe/Helsinki"

    assert fetched == 1


# What keeps a set-up from working.


async def test_a3_a_good_set_up_names_the_calendars_zone(world: World) -> None:
    assert await world.client().check(ANNA) == "Europe/Helsinki"


async def test_a3_a_key_of_another_account_is_told(
    world: World, other_key: ServiceAccountKey
) -> None:
    wrong = read_key(other_key.p12, None, email=ROBOT)

    with pytest.raises(CompanyRefused) as refused:
        await world.client(account=wrong).check(ANNA)

    assert refused.value.reason == "key"


async def test_a3_a_wrong_address_of_the_service_account_is_told(world: World) -> None:
    wrong = replace(world.account, email="nobody@example-project.iam.gserviceaccount.com")

    with pytest.raises(CompanyRefused) as refused:
        await world.client(account=wrong).check(ANNA)

    assert refused.value.reason == "account"


@pytest.mark.parametrize("scopes", [(), ("https://www.googleapis.com/auth/calendar.readonly",)])
async def test_a3_missing_delegation_is_told_with_what_to_do(
    world: World, robot_key: ServiceAccountKey, scopes: tuple[str, ...]
) -> None:
    world.state.add_service_account(ROBOT, robot_key.private_key, delegated_scopes=scopes)

    with pytest.raises(CompanyRefused) as refused:
        await world.client().check(ANNA)

    assert refused.value.reason == "delegation"
    assert "100000000000000000001" in refused.value.hint
    assert "https://www.googleapis.com/auth/calendar" in refused.value.hint


async def test_a3_a_wrong_clock_is_told(world: World) -> None:
    with pytest.raises(CompanyRefused) as refused:
        await world.client(now=lambda: datetime(2026, 3, 2, 11, 0, tzinfo=UTC)).check(ANNA)

    assert "3 hours ahead" in str(refused.value)


async def test_a_clock_that_is_a_little_ahead_does_no_harm(world: World) -> None:
    ahead = datetime(2026, 3, 2, 8, 0, 9, tzinfo=UTC)

    assert await world.client(now=lambda: ahead).check(ANNA)


async def test_a3_an_api_that_is_switched_off_is_told(world: World) -> None:
    world.state.switches = replace(world.state.switches, api_enabled=False)

    with pytest.raises(CompanyRefused) as refused:
        await world.client().check(ANNA)

    assert "Google Calendar API" in str(refused.value)


async def test_a5_where_google_knows_no_such_user_the_status_says_so(world: World) -> None:
    nobody = User("guid-nobody", "nobody@example.com")
    client = world.client()

    with pytest.raises(UserRefused, match=r"Google has no user nobody@example\.com"):
        await client.check(nobody)

    assert await client.answers(ANNA, "")


async def test_a5_somebody_outside_the_company_stops_nobody_else(world: World) -> None:
    outside = User("guid-outside", "somebody@elsewhere.example")
    world.state.add_user(outside.email, outside=True)
    client = world.client()
    await client.check(ANNA)

    with pytest.raises(UserRefused) as refused:
        await client.check(outside)

    assert refused.value.reason == "delegation"


async def test_a7_delegation_that_is_withdrawn_is_a_fault_of_the_company(
    world: World,
) -> None:
    client = world.client()
    await client.check(ANNA)
    world.state.switches = replace(world.state.switches, delegation=False)
    world.state.expire_tokens()

    with pytest.raises(CompanyRefused):
        await client.check(ANNA)


@pytest.mark.parametrize("kind", ["notACalendarUser", "access_denied", "invalid_grant"])
async def test_a7_a_suspended_user_is_that_users_fault(world: World, kind: Any) -> None:
    world.state.switches = replace(world.state.switches, suspended_user=kind)
    world.state.suspend_user(ANNA.email)
    client = world.client()

    for attempt in (client.check(ANNA), pages(client), client.read(ANNA, "aaaaabbbbb")):
        with pytest.raises(UserRefused):
            await attempt


async def test_a5_a_deleted_user_is_that_users_fault(world: World) -> None:
    world.state.delete_user(ANNA.email)

    with pytest.raises(UserRefused):
        await world.client().check(ANNA)


async def test_a_calendar_that_is_not_there_does_not_answer(world: World) -> None:
    world.order("calendars.get", "refuse", status=404)
    world.order("events.list", "refuse", status=404)
    client = world.client()

    assert not await client.answers(ANNA, "")
    with pytest.raises(UserRefused):
        await pages(client)


# Faults of the way.


async def test_a_lost_reply_is_unclear_and_the_id_finds_what_was_made(world: World) -> None:
    client = world.client()
    world.order("events.insert", "lose_reply")

    with pytest.raises(Transient):
        await client.create(ANNA, "aaaaabbbbb", WEEKLY, mark=MARK)

    found = await client.read(ANNA, "aaaaabbbbb")
    assert found is not None
    assert (found.entry, found.mark) == (replace(WEEKLY, people=ALONE), MARK)
    with pytest.raises(Exists):
        await client.create(ANNA, "aaaaabbbbb", WEEKLY, mark=MARK)


async def test_a_patch_whose_reply_is_lost_is_not_sent_twice(world: World) -> None:
    client = world.client()
    made = await client.create(ANNA, "aaaaabbbbb", WEEKLY, mark=None)
    world.order("events.patch", "lose_reply")

    with pytest.raises(Transient):
        await client.change(ANNA, made, Entry(title="New"), mark=None)

    assert world.calls("events.patch") == [("events.patch", 0)]
    with pytest.raises(Stale):
        await client.change(ANNA, made, Entry(title="New"), mark=None)


@pytest.mark.parametrize("operation", ["token", "calendars.get"])
@pytest.mark.parametrize("kind", ["refuse", "cut", "delay"])
async def test_a_passing_fault_is_transient(world: World, operation: str, kind: str) -> None:
    world.order(operation, kind, seconds=0.5)
    client = world.client(timeout_s=0.2)

    with pytest.raises(Transient):
        await client.check(ANNA)

    assert await world.client().check(ANNA)


async def test_a_listing_that_is_cut_has_failed(world: World) -> None:
    world.order("events.list", "cut")

    with pytest.raises(Transient):
        await pages(world.client())


async def test_nobody_there_is_transient(world: World) -> None:
    client = world.client(api_root="http://127.0.0.1:9", token_uri="http://127.0.0.1:9/token")

    with pytest.raises(Transient):
        await client.check(ANNA)


async def test_a_redirect_is_not_followed_with_a_token_in_hand(
    world: World, odd_server: Any
) -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.path == "/token":
            return web.json_response({"access_token": "t"})
        if request.path == "/elsewhere":
            return web.json_response({"id": "x", "timeZone": "Europe/Oslo"})
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    url = await odd_server(answer)

    with pytest.raises(Transient):
        await world.client(api_root=url, token_uri=f"{url}/token").check(ANNA)


async def test_a6_no_error_shows_a_token_or_what_was_written(world: World, odd_server: Any) -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.path == "/token":
            return web.json_response({"access_token": "ya29.secret"})
        text = await request.text()
        error = {"message": text, "errors": [{"reason": text, "message": text}]}
        return web.json_response({"error": error}, status=400)

    url = await odd_server(answer)
    client = world.client(api_root=url, token_uri=f"{url}/token")

    with pytest.raises(SyncError) as refused:
        await client.create(ANNA, "aaaaabbbbb", WEEKLY, mark=MARK)

    told = repr(refused.value) + str(refused.value) + repr(refused.value.__cause__)
    for secret in ("ya29", "Weekly", "R&D", "Room 1", ANNA.email):
        assert secret not in told


async def test_the_session_stays_its_owners(world: World) -> None:
    await world.client().check(ANNA)

    assert not world.http.closed
    assert isinstance(world.http, aiohttp.ClientSession)


async def test_a_single_occurrence_is_not_taken_for_a_deleted_event(world: World) -> None:
    made = world.state.person_add(ANNA.email, BODY)
    occurrence = {**made, "recurringEventId": "series"}
    world.order("events.get", "refuse", status=200, body=occurrence)

    with pytest.raises(Forbidden):
        await world.client().read(ANNA, made["id"])
