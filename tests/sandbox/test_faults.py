"""Faults by order and by chance over real HTTP, and the interface that switches them."""

import asyncio
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import aiohttp
import pytest

from daemon.sandbox.faults import KINDS, Fault
from daemon.sandbox.server import Sandbox
from tests.sandbox.google_world import ANNA, BEN, MEETING, Clock, World, served, until


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with served() as one:
        await one.listed(ANNA)
        await one.listed(BEN)
        one.faults.journal.clear()
        yield one


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(clock=Clock()) as one:
        one.google.add_user(ANNA)
        yield one


async def asked(sandbox: Sandbox, method: str, path: str, body: Any = None, **headers: str) -> Any:
    timeout = aiohttp.ClientTimeout(total=10)
    async with (
        aiohttp.ClientSession(timeout=timeout) as http,
        http.request(method, sandbox.control_url + path, json=body, headers=headers) as answer,
    ):
        is_json = answer.content_type == "application/json"
        return answer.status, await answer.json() if is_json else None


async def test_a_dropped_call_is_not_carried_out(world: World) -> None:
    world.faults.order(Fault("google", "events.insert", "drop"))

    with pytest.raises(aiohttp.ClientConnectionError):
        await world.insert()

    assert world.google.events(ANNA) == []
    assert [(call.status, call.fault) for call in world.faults.journal] == [(0, "drop")]


async def test_a_late_call_is_carried_out_when_the_client_is_gone(world: World) -> None:
    may_go_on, is_waiting = asyncio.Event(), asyncio.Event()

    async def sleep(seconds: float) -> None:
        assert seconds == 30
        is_waiting.set()
        await may_go_on.wait()

    world.faults.sleep = sleep
    world.faults.order(Fault("google", "events.insert", "late", seconds=30))

    with pytest.raises(aiohttp.ClientConnectionError):
        await world.insert()
    await is_waiting.wait()
    before = world.google.events(ANNA)
    may_go_on.set()
    await until(lambda: bool(world.google.events(ANNA)))

    assert before == []
    assert [event["summary"] for event in world.google.events(ANNA)] == ["Meeting"]
    assert [call.status for call in world.faults.journal] == [0]


async def test_a_delay_outlives_a_client_that_gives_up(world: World) -> None:
    world.faults.order(Fault("google", "events.insert", "delay", seconds=0.2))

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(world.insert(), 0.05)
    await until(lambda: bool(world.google.events(ANNA)))

    assert len(world.google.events(ANNA)) == 1


async def test_a_page_of_html_comes_instead_of_an_answer(world: World) -> None:
    world.faults.order(Fault("google", "events.insert", "html", status=502))
    world.faults.order(Fault("google", "events.list", "html", status=200))

    gateway = await world.call(ANNA, "POST", "/events", MEETING)
    portal = await world.listed()

    assert [gateway.status, portal.status] == [502, 200]
    assert gateway.headers["Content-Type"].startswith("text/html")
    assert "<html>" in portal.text
    assert world.google.events(ANNA) == []


async def test_short_pages_lose_nothing(world: World) -> None:
    made = {(await world.insert())["id"] for _ in range(3)}
    world.faults.order(Fault("google", "events.list", "short"))

    first = (await world.listed()).json
    rest = (await world.listed(pageToken=first["nextPageToken"])).json

    assert [len(page["items"]) for page in (first, rest)] == [1, 2]
    assert {item["id"] for page in (first, rest) for item in page["items"]} == made


async def test_a_repeated_page_is_the_one_before(world: World) -> None:
    for _ in range(4):
        await world.insert()
    world.faults.order(Fault("google", "events.list", "repeat", after=1, user=ANNA))

    first = await world.listed(maxResults=2)
    await world.listed(BEN)
    again = await world.listed(maxResults=2, pageToken=first.json["nextPageToken"])
    last = await world.listed(maxResults=2, pageToken=again.json["nextPageToken"])

    assert again.text == first.text
    assert "nextSyncToken" in last.json
    assert last.json["items"] != first.json["items"]


async def test_a_fault_can_be_for_one_user_and_one_entry(world: World) -> None:
    mine, other = (await world.insert())["id"], (await world.insert())["id"]
    world.faults.order(Fault("google", "events.list", "refuse", user=BEN))
    world.faults.order(Fault("google", "events.get", "refuse", where=other))

    statuses = [(await world.listed(user)).status for user in (ANNA, BEN, BEN)]
    found = [
        (await world.call(ANNA, "GET", f"/events/{one}")).status for one in (mine, other, other)
    ]

    assert (statuses, found) == ([200, 503, 200], [200, 503, 200])


async def test_a_token_can_be_refused_for_one_user(world: World) -> None:
    world.faults.order(Fault("google", "token", "refuse", user=BEN, error="access_denied"))

    anna = await world.token_answer(world.signed(sub=ANNA))
    ben = await world.token_answer(world.signed(sub=BEN))

    assert (anna.status, ben.status, ben.json["error"]) == (200, 403, "access_denied")


async def test_chance_can_be_for_one_user_and_of_every_kind(world: World) -> None:
    await world.insert()
    world.faults.chance(1.0, Random(1), KINDS, operation="events.list", user=BEN)  # noqa: S311

    for _ in range(30):
        assert (await world.listed(ANNA)).status == 200
        try:
            await world.listed(BEN)
        except aiohttp.ClientError:
            continue

    assert {call.fault for call in world.faults.journal if call.user == BEN} >= {"delay", "short"}
    assert {call.fault for call in world.faults.journal if call.user == ANNA} == {""}


async def test_the_journal_tells_query_and_fault(world: World) -> None:
    world.faults.order(Fault("google", "events.insert", "refuse"))

    await world.call(ANNA, "POST", "/events", MEETING, sendUpdates="all")

    call = world.faults.journal[-1]
    assert (call.query, call.fault, call.status) == ("sendUpdates=all", "refuse", 503)


# Over the sandbox's own interface


async def test_a_fault_is_ordered_and_cleared_over_http(sandbox: Sandbox) -> None:
    order = {"vendor": "google", "operation": "events.list", "kind": "refuse", "times": 2}
    order |= {"error": "quotaExceeded", "user": ANNA}

    ordered = await asked(sandbox, "POST", "/faults", order)
    told = await asked(sandbox, "GET", "/faults")
    pending = sandbox.faults.pending
    cleared = await asked(sandbox, "DELETE", "/faults")

    assert ordered[0] == 201
    assert told[1]["pending"] == [ordered[1]]
    assert pending == (
        Fault("google", "events.list", "refuse", times=2, error="quotaExceeded", user=ANNA),
    )
    assert (cleared[0], sandbox.faults.pending) == (204, ())


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"vendor": "google", "operation": "events.list"},
        {"vendor": "google", "operation": "events.list", "kind": "explode"},
        {"vendor": "google", "operation": "events.list", "kind": "refuse", "error": "nothing"},
        {"vendor": "google", "operation": "events.list", "kind": "refuse", "often": True},
        {"vendor": "google", "operation": "events.list", "kind": "refuse", "times": 0},
        {"vendor": "google", "operation": "events.list", "kind": "refuse", "times": "many"},
        {"vendor": "google", "operation": "events.list", "kind": "delay", "seconds": -1},
        {"vendor": "google", "operation": "events.list", "kind": "refuse", "status": 42},
        ["refuse"],
    ],
)
async def test_an_order_that_makes_no_sense_is_refused_in_words(
    sandbox: Sandbox, order: Any
) -> None:
    status, answer = await asked(sandbox, "POST", "/faults", order)

    assert status == 400
    assert answer["error"].endswith(".")
    assert sandbox.faults.pending == ()


async def test_faults_are_left_to_chance_with_a_seed(sandbox: Sandbox) -> None:
    chance = {"probability": 0.5, "seed": 7, "kinds": ["refuse"], "operation": "events.get"}

    answer = await asked(sandbox, "POST", "/chances", chance)

    assert answer[0] == 204
    (one,) = sandbox.faults.chances
    assert (one.probability, one.kinds, one.fault.operation) == (0.5, ("refuse",), "events.get")
    assert one.rng.random() == Random(7).random()  # noqa: S311
    for wrong in ({"probability": 2}, {"probability": 0.1, "kinds": ["x"]}, {"chance": 1}):
        assert (await asked(sandbox, "POST", "/chances", wrong))[0] == 400


async def test_switches_and_limits_are_changed_over_http(sandbox: Sandbox) -> None:
    changed = await asked(
        sandbox, "PATCH", "/settings/google-switches", {"guest_edits": "ignored", "push_tries": 2}
    )
    limits = await asked(sandbox, "PATCH", "/settings/google-limits", {"user_minute": None})
    severa = await asked(sandbox, "PATCH", "/settings/severa-switches", {"retry_after": "date"})

    assert changed[1]["guest_edits"] == "ignored"
    assert sandbox.google.switches.guest_edits == "ignored"
    assert sandbox.google.switches.push_tries == 2
    assert (limits[0], sandbox.google.limits.user_minute) == (200, None)
    assert (severa[0], sandbox.severa.switches.retry_after) == (200, "date")
    assert (await asked(sandbox, "GET", "/settings/google-limits"))[1]["user_minute"] is None
    assert (await asked(sandbox, "GET", "/settings/nothing"))[0] == 404
    for wrong in (
        {"guest_edits": "loved"},
        {"unknown": 1},
        {"delegation": 1},
        {"limit_status": 404},
    ):
        status, _ = await asked(sandbox, "PATCH", "/settings/google-switches", wrong)
        assert status == 400


async def test_the_journal_and_expiry_are_had_over_http(sandbox: Sandbox) -> None:
    timeout = aiohttp.ClientTimeout(total=10)
    async with (
        aiohttp.ClientSession(timeout=timeout) as http,
        http.get(f"{sandbox.google_url}/calendar/v3/calendars/primary") as answer,
    ):
        assert answer.status == 401

    status, told = await asked(sandbox, "GET", "/journal")

    assert (status, told["next"]) == (200, 1)
    assert told["calls"][0]["operation"] == "calendars.get"
    assert (await asked(sandbox, "GET", "/journal?after=1"))[1] == {"calls": [], "next": 1}
    for what in ("tokens", "sync_tokens", "channels"):
        assert (await asked(sandbox, "POST", "/expire", {"what": what}))[0] == 204
    assert (await asked(sandbox, "POST", "/expire", {"what": "everything"}))[0] == 400


async def test_other_pages_and_names_get_no_answer(sandbox: Sandbox) -> None:
    order = {"vendor": "google", "operation": "events.list", "kind": "refuse"}

    foreign = await asked(sandbox, "POST", "/faults", order, Origin="https://example.com")
    renamed = await asked(sandbox, "POST", "/faults", order, Host="example.com")
    own = await asked(sandbox, "POST", "/faults", order, Origin=sandbox.control_url)

    assert [foreign[0], renamed[0], own[0]] == [403, 403, 201]


async def test_a_repeated_page_is_of_the_same_listing(world: World) -> None:
    span = {point: MEETING[point] | {"timeZone": "UTC"} for point in ("start", "end")}
    daily = span | {"recurrence": ["RRULE:FREQ=DAILY;COUNT=2"]}
    one, other = [(await world.insert(**daily))["id"] for _ in range(2)]
    world.faults.order(Fault("google", "events.instances", "repeat", after=1))

    await world.call(ANNA, "GET", f"/events/{one}/instances")
    again = await world.call(ANNA, "GET", f"/events/{other}/instances")

    assert {item["recurringEventId"] for item in again.json["items"]} == {other}
