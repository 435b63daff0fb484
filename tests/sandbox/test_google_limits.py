import json
from collections.abc import AsyncIterator
from dataclasses import replace
from random import Random
from typing import Any

import aiohttp
import pytest

from daemon.sandbox.faults import Fault
from daemon.sandbox.google import GoogleState, Limits
from tests.sandbox.google_world import ANNA, BEN, MEETING, World, served


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with served() as one:
        yield one


async def test_each_user_has_units_for_a_minute_that_slides(world: World) -> None:
    world.google.limits = Limits(user_minute=2)
    first = [(await world.listed(quotaUser="a")).status for _ in range(2)]

    refused = await world.listed(quotaUser="a")
    other = await world.listed(quotaUser="b")
    world.clock.forward(seconds=59)
    still = await world.listed(quotaUser="a")
    world.clock.forward(seconds=1)
    again = await world.listed(quotaUser="a")

    assert first == [200, 200]
    assert (refused.status, refused.reason) == (403, "userRateLimitExceeded")
    assert refused.json["error"]["errors"][0]["domain"] == "usageLimits"
    assert [one.status for one in (other, still, again)] == [200, 403, 200]


async def test_without_quota_user_all_users_are_charged_as_one(world: World) -> None:
    world.google.limits = Limits(user_minute=2)

    assert [(await world.listed(user)).status for user in (ANNA, BEN, ANNA)] == [200, 200, 403]


async def test_a_patch_costs_three_units(world: World) -> None:
    event = await world.insert()
    world.clock.forward(minutes=2)
    world.google.limits = Limits(user_minute=4)

    first = await world.patch(ANNA, event["id"], summary="1")
    second = await world.patch(ANNA, event["id"], summary="2")
    read = await world.listed()

    assert [one.status for one in (first, second, read)] == [200, 403, 200]
    assert world.google.event(ANNA, event["id"])["summary"] == "1"


async def test_the_project_has_units_for_a_minute_and_a_day(world: World) -> None:
    world.google.limits = Limits(project_minute=1, project_day=2)

    statuses = []
    for wait in (0, 0, 61, 61):
        world.clock.forward(seconds=wait)
        answer = await world.listed(quotaUser=f"u{len(statuses)}")
        statuses.append(answer.status if answer.status == 200 else answer.reason)
    world.clock.forward(days=1)
    world.google.expire_tokens()
    world.tokens.clear()

    assert statuses == [200, "rateLimitExceeded", 200, "dailyLimitExceeded"]
    assert (await world.listed()).status == 200


async def test_the_same_refusal_can_come_as_429(world: World) -> None:
    world.google.switches = replace(world.google.switches, limit_status=429)
    world.google.limits = Limits(user_minute=0)

    answer = await world.listed()

    assert (answer.status, answer.reason) == (429, "rateLimitExceeded")


async def test_limits_can_be_lifted(world: World) -> None:
    world.google.limits = Limits(user_minute=None, project_minute=None, project_day=None)

    assert {(await world.listed()).status for _ in range(700)} == {200}


async def test_an_api_that_is_not_enabled_says_so(world: World) -> None:
    world.google.switches = replace(world.google.switches, api_enabled=False)

    answer = await world.listed()

    assert (answer.status, answer.reason) == (403, "accessNotConfigured")
    assert answer.json["error"]["status"] == "PERMISSION_DENIED"


async def test_a_refused_call_does_nothing_and_answers_as_google_would(world: World) -> None:
    await world.listed()
    world.faults.order(Fault("google", "events.insert", "refuse"))

    refused = await world.call(ANNA, "POST", "/events", MEETING)
    none_made = world.google.events(ANNA)
    taken = await world.call(ANNA, "POST", "/events", MEETING)

    assert (refused.status, refused.reason, none_made) == (503, "serviceNotAvailable", [])
    assert (taken.status, world.faults.pending) == (200, ())


async def test_a_refusal_has_the_body_and_headers_that_were_ordered(world: World) -> None:
    await world.listed()
    page = "<html>Bad gateway</html>"
    headers = {"Retry-After": "7", "Content-Type": "text/html"}
    world.faults.order(Fault("*", "*", "refuse", status=502, body=page, headers=headers))

    answer = await world.listed()

    assert (answer.status, answer.text) == (502, page)
    assert (answer.headers["Retry-After"], answer.headers["Content-Type"]) == ("7", "text/html")


async def test_a_lost_reply_was_carried_out(world: World) -> None:
    await world.listed()
    world.faults.order(Fault("google", "events.insert", "lose_reply"))

    with pytest.raises(aiohttp.ServerDisconnectedError):
        await world.call(ANNA, "POST", "/events", MEETING | {"id": "mine0"})
    again = await world.call(ANNA, "POST", "/events", MEETING | {"id": "mine0"})

    assert again.status == 409
    assert [call.status for call in world.faults.journal][-2:] == [0, 409]


async def test_a_cut_reply_is_half_of_its_body(world: World) -> None:
    await world.listed()
    world.faults.order(Fault("google", "events.insert", "cut"))

    answer = await world.call(ANNA, "POST", "/events", MEETING)

    made = json.dumps(world.google.events(ANNA)[0])
    assert answer.status == 200
    assert answer.text == made[: len(made) // 2]


async def test_a_delay_waits_and_then_carries_out(world: World) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    world.faults.sleep = sleep
    world.faults.order(Fault("google", "events.list", "delay", seconds=30))

    assert (await world.listed()).status == 200
    assert waited == [30]


async def test_a_fault_comes_after_so_many_calls_and_so_many_times(world: World) -> None:
    world.faults.order(Fault("google", "events.list", "refuse", after=2, times=2))

    statuses = [(await world.listed()).status for _ in range(5)]

    assert statuses == [200, 200, 503, 503, 200]


async def test_two_faults_hit_one_call_after_the_other(world: World) -> None:
    world.faults.order(Fault("google", "events.list", "refuse", status=500))
    world.faults.order(Fault("google", "events.list", "refuse", status=503))

    assert [(await world.listed()).status for _ in range(3)] == [500, 503, 200]


async def test_a_fault_of_another_vendor_or_operation_does_not_hit(world: World) -> None:
    world.faults.order(Fault("severa", "*", "refuse"))
    world.faults.order(Fault("google", "events.get", "refuse"))

    statuses = [(await world.listed()).status for _ in range(3)]
    pending = len(world.faults.pending)
    world.faults.clear()

    assert (statuses, pending, world.faults.pending) == ([200] * 3, 2, ())


async def test_chance_follows_its_seed_until_it_is_cleared(world: World) -> None:
    async def statuses(seed: int) -> list[int]:
        world.faults.chance(0.5, Random(seed), ["refuse"], operation="events.list")  # noqa: S311
        found = [(await world.listed()).status for _ in range(20)]
        world.faults.clear()
        return found

    first, again, other = await statuses(1), await statuses(1), await statuses(2)
    calm = {(await world.listed()).status for _ in range(20)}

    assert set(first) == {200, 503}
    assert (first == again, first == other, calm) == (True, False, {200})


async def test_the_journal_tells_every_call(world: World) -> None:
    event = await world.insert()
    await world.get(ANNA, "nothere")
    await world.send("GET", "/nowhere")

    path = "/calendar/v3/calendars/primary/events"
    assert event
    assert [
        (call.vendor, call.operation, call.user, call.method, call.path, call.status)
        for call in world.faults.journal
    ] == [
        ("google", "token", "", "POST", "/token", 200),
        ("google", "events.insert", ANNA, "POST", path, 200),
        ("google", "events.get", ANNA, "GET", f"{path}/nothere", 404),
    ]
    assert world.faults.journal[0].at == world.clock()


async def test_a_state_that_was_kept_is_the_same_world(world: World) -> None:
    event = await world.insert(attendees=[{"email": BEN}])
    sync = (await world.listed()).json["nextSyncToken"]
    kept = json.loads(json.dumps(world.google.dump()))
    await world.patch(ANNA, event["id"], summary="After the dump")

    world.google.load(kept)

    assert world.google.dump() == kept
    assert await world.get(ANNA, event["id"]) == event
    assert (await world.listed(syncToken=sync)).json["items"] == []
    fresh = GoogleState(clock=world.clock)
    fresh.load(kept)
    assert fresh.events(BEN) == world.google.events(BEN)


async def test_a_dump_does_not_move_with_the_world(world: World) -> None:
    event = await world.insert()
    kept = world.google.dump()
    text = json.dumps(kept)

    await world.patch(ANNA, event["id"], summary="New")

    assert json.dumps(kept) == text


async def test_every_mutation_is_told(world: World) -> None:
    told: list[int] = []
    world.google.changed.append(lambda: told.append(1))
    google = world.google

    def told_by(action: Any) -> int:
        told.clear()
        action()
        return len(told)

    event = google.person_add(ANNA, MEETING)
    assert told_by(lambda: google.person_add(ANNA, MEETING)) == 1
    assert told_by(lambda: google.person_patch(ANNA, event["id"], {"summary": "New"})) == 1
    assert told_by(lambda: google.person_delete(ANNA, event["id"])) == 1
    assert told_by(google.expire_tokens) == 1
    assert told_by(google.expire_sync_tokens) == 1
    assert told_by(lambda: google.add_user("dan@example.com")) == 1
    assert told_by(lambda: google.suspend_user(ANNA)) == 1
    assert told_by(lambda: setattr(google, "limits", Limits(user_minute=1))) == 1
    assert told_by(lambda: setattr(google, "switches", google.switches)) == 1
    assert told_by(lambda: google.events(ANNA)) == 0


async def test_what_is_handed_out_is_no_way_into_the_state(world: World) -> None:
    shared = {"extendedProperties": {"private": {"a": "1"}}, "attendees": [{"email": BEN}]}
    event = world.google.person_add(ANNA, MEETING | shared)

    event["extendedProperties"]["private"]["a"] = "2"
    event["attendees"].clear()
    event["reminders"]["useDefault"] = False

    again = world.google.event(ANNA, event["id"])
    assert again["extendedProperties"] == {"private": {"a": "1"}}
    assert len(again["attendees"]) == 1
    assert again["reminders"] == {"useDefault": True}
