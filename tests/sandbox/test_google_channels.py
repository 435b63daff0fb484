"""Push channels of the sandbox Google, against a plain receiver on loopback."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from daemon.sandbox.faults import Fault
from tests.sandbox.google_world import ANNA, BEN, MEETING, Answer, World, served, until

WEEK_MS = 7 * 24 * 60 * 60 * 1000
PUSH = "http://127.0.0.1:1/push"


@dataclass
class Receiver:
    """Takes messages and answers each as told, 204 when told nothing."""

    address: str = ""
    seen: list[Mapping[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.seen.append(dict(request.headers))
        self.bodies.append(await request.read())
        status = self.answers.pop(0) if self.answers else 204
        headers = {"Location": "/elsewhere"} if status == 302 else {}
        return web.Response(status=status, headers=headers)

    async def got(self, count: int) -> list[Mapping[str, str]]:
        """Wait for so many messages in all, and see that no more are coming."""
        await until(lambda: len(self.seen) >= count)
        await asyncio.sleep(0.05)
        assert len(self.seen) == count, self.states
        return self.seen

    @property
    def states(self) -> list[str]:
        return [headers["X-Goog-Resource-State"] for headers in self.seen]

    @property
    def numbers(self) -> list[int]:
        return [int(headers["X-Goog-Message-Number"]) for headers in self.seen]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    one = Receiver()
    app = web.Application()
    app.router.add_post("/push", one.take)
    server = TestServer(app, host="127.0.0.1")
    async with server:
        one.address = str(server.make_url("/push"))
        yield one


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with served() as one:
        yield one


def switch(world: World, **changes: Any) -> None:
    world.google.switches = replace(world.google.switches, **changes)


def held(world: World) -> asyncio.Event:
    """Let whatever waits wait until this is set."""
    may_go_on = asyncio.Event()

    async def sleep(seconds: float) -> None:
        await may_go_on.wait()

    world.faults.sleep = sleep
    return may_go_on


async def watch(world: World, address: str, user: str = ANNA, **more: Any) -> Answer:
    body = {"id": "channel-1", "type": "web_hook", "address": address} | more
    return await world.call(user, "POST", "/events/watch", body)


async def stop(world: World, user: str = ANNA, **body: str) -> Answer:
    await world.listed(user)
    headers = {"Authorization": f"Bearer {world.tokens[user]}"}
    return await world.send("POST", "/calendar/v3/channels/stop", json=body, headers=headers)


async def test_a_channel_begins_with_a_sync_message_before_its_answer(
    world: World, receiver: Receiver
) -> None:
    answer = await watch(world, receiver.address, token="secret")

    body = answer.json
    expires = int(world.clock().timestamp() * 1000) + WEEK_MS
    assert answer.status == 200, answer.text
    assert body.keys() == {"kind", "id", "resourceId", "resourceUri", "token", "expiration"}
    assert (body["kind"], body["expiration"]) == ("api#channel", str(expires))
    assert body["resourceUri"].endswith("/calendar/v3/calendars/primary/events?alt=json")
    (headers,) = receiver.seen
    assert {name: text for name, text in headers.items() if name.startswith("X-Goog")} == {
        "X-Goog-Channel-ID": "channel-1",
        "X-Goog-Channel-Token": "secret",
        "X-Goog-Channel-Expiration": "Sun, 29 Nov 2026 12:00:00 GMT",
        "X-Goog-Message-Number": "1",
        "X-Goog-Resource-State": "sync",
        "X-Goog-Resource-ID": body["resourceId"],
        "X-Goog-Resource-URI": body["resourceUri"],
    }
    assert headers["User-Agent"].startswith("APIs-Google")
    assert (headers["Content-Length"], receiver.bodies) == ("0", [b""])


async def test_every_change_is_told_also_ones_own_and_a_deletion(
    world: World, receiver: Receiver
) -> None:
    await watch(world, receiver.address)

    event = (await world.insert())["id"]
    await world.patch(ANNA, event, summary="New")
    world.google.person_delete(ANNA, event)

    await receiver.got(4)
    assert receiver.states == ["sync", "exists", "exists", "exists"]
    assert receiver.numbers == sorted(set(receiver.numbers))
    assert "X-Goog-Channel-Token" not in receiver.seen[0]


async def test_message_numbers_have_gaps(world: World, receiver: Receiver) -> None:
    switch(world, push_number_gap=1000)
    await watch(world, receiver.address)

    for _ in range(3):
        await world.insert()

    await receiver.got(4)
    assert receiver.numbers != [1, 2, 3, 4]


async def test_a_guests_calendar_tells_of_an_invitation_and_no_other_does(
    world: World, receiver: Receiver
) -> None:
    await watch(world, receiver.address, BEN)

    await world.insert()
    await world.insert(attendees=[{"email": BEN}])

    await receiver.got(2)


async def test_reading_and_writing_nothing_new_is_not_told(
    world: World, receiver: Receiver
) -> None:
    event = await world.insert()
    await watch(world, receiver.address)

    await world.listed()
    await world.patch(ANNA, event["id"], summary=event["summary"])

    await receiver.got(1)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_receiver_in_trouble_is_tried_again_with_growing_pauses(
    world: World, receiver: Receiver, status: int
) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    world.faults.sleep = sleep
    await watch(world, receiver.address)
    receiver.answers = [status, status, 200]

    await world.insert()

    await receiver.got(4)
    assert pauses == [1, 2]
    assert len(set(receiver.numbers[1:])) == 1


async def test_tries_come_to_an_end(world: World, receiver: Receiver) -> None:
    switch(world, push_tries=3, push_backoff_s=0.001)
    await watch(world, receiver.address)
    receiver.answers = [503] * 9

    await world.insert()

    await receiver.got(4)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 302, 400, 401, 404, 410, 429, 501])
async def test_any_other_answer_ends_the_message(
    world: World, receiver: Receiver, status: int
) -> None:
    switch(world, push_backoff_s=0.001)
    await watch(world, receiver.address)
    receiver.answers = [status]

    await world.insert()
    await receiver.got(2)
    await world.insert()

    await receiver.got(3)


async def test_a_receiver_that_is_away_or_hangs_holds_nothing_up(
    world: World, receiver: Receiver
) -> None:
    switch(world, push_timeout_s=0.05)
    is_over = asyncio.Event()

    async def hang(request: web.Request) -> web.Response:
        await is_over.wait()
        return web.Response()

    app = web.Application()
    app.router.add_post("/", hang)
    async with TestServer(app, host="127.0.0.1") as server:
        assert (await watch(world, PUSH)).status == 200
        hanging = await watch(world, str(server.make_url("/")), id="channel-2")
        assert (await world.call(ANNA, "POST", "/events", MEETING)).status == 200
        is_over.set()

    assert hanging.status == 200


async def test_what_happens_to_messages_is_switched(world: World, receiver: Receiver) -> None:
    may_go_on = held(world)
    switch(world, push_sync_first=False, push_delay_s=9, push_merges=True)
    await watch(world, receiver.address)
    for _ in range(5):
        await world.insert()
    may_go_on.set()
    await receiver.got(1)

    switch(world, push_delay_s=0.0, push_merges=False, push_doubles=True)
    await world.insert()
    await receiver.got(3)

    switch(world, push_doubles=False, push_loses_every=1)
    await world.insert()
    await receiver.got(3)

    assert receiver.numbers[1] == receiver.numbers[2]


async def test_messages_can_come_in_the_wrong_order(world: World, receiver: Receiver) -> None:
    may_go_on = held(world)
    await watch(world, receiver.address)
    switch(world, push_delay_s=9, push_swaps=True)

    await world.insert()
    await world.insert()
    may_go_on.set()

    await receiver.got(3)
    assert receiver.numbers != sorted(receiver.numbers)


async def test_a_push_can_be_lost_delayed_or_doubled_by_order(
    world: World, receiver: Receiver
) -> None:
    switch(world, push_backoff_s=0.001)
    await watch(world, receiver.address)
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    world.faults.sleep = sleep
    world.faults.order(Fault("google", "push", "refuse"))
    await world.insert()
    await until(lambda: not world.faults.pending)
    await receiver.got(1)
    world.faults.order(Fault("google", "push", "delay", seconds=9, user=ANNA))
    await world.insert()
    await receiver.got(2)
    world.faults.order(Fault("google", "push", "lose_reply"))
    await world.insert()
    await receiver.got(4)

    assert waited == [9, 0.001]
    pushes = [call for call in world.faults.journal if call.operation == "push"]
    assert [(call.status, call.fault) for call in pushes] == [
        (204, ""),
        (0, "refuse"),
        (204, "delay"),
        (204, "lose_reply"),
        (204, ""),
    ]


async def test_a_channel_ends_when_it_expires_or_is_stopped(
    world: World, receiver: Receiver
) -> None:
    first = (await watch(world, receiver.address, params={"ttl": "60"})).json
    second = (await watch(world, receiver.address, id="channel-2")).json
    assert first["resourceId"] == second["resourceId"]

    world.clock.forward(seconds=60)
    await world.insert()
    await receiver.got(3)
    stopped = await stop(world, id="channel-2", resourceId=second["resourceId"])
    await world.insert()
    world.google.expire_channels()

    await receiver.got(3)
    assert (stopped.status, stopped.text) == (204, "")
    for channel in (first, second):
        again = await stop(world, id=channel["id"], resourceId=channel["resourceId"])
        message = f"Channel '{channel['id']}' not found for project '636397034666'"
        assert (again.status, again.reason, again.message) == (404, "notFound", message)


async def test_only_its_owner_stops_a_channel_by_its_own_resource_id(world: World) -> None:
    channel = (await watch(world, PUSH)).json
    named = {"id": channel["id"], "resourceId": channel["resourceId"]}

    others = await stop(world, BEN, **named)
    wrong = await stop(world, **(named | {"resourceId": ANNA}))

    assert [others.status, wrong.status] == [404, 404]
    assert (await stop(world, **named)).status == 204


async def test_an_id_is_used_once_also_after_its_channel(world: World) -> None:
    channel = (await watch(world, PUSH)).json
    await stop(world, id=channel["id"], resourceId=channel["resourceId"])

    again = await watch(world, PUSH)

    assert (again.status, again.reason) == (400, "channelIdNotUnique")


@pytest.mark.parametrize(
    ("body", "switches", "status", "reason"),
    [
        ({"address": "http://127.0.0.1/p"}, {"push_needs_https": True}, 400, "push.webhookUrlNotHttps"),
        ({"address": "ftp://127.0.0.1/p"}, {}, 400, "push.webhookUrlNotHttps"),
        ({"address": "https://example.com/p"}, {}, 401, "push.webhookUrlUnauthorized"),
        ({"address": "http://10.0.0.1/p"}, {}, 401, "push.webhookUrlUnauthorized"),
        ({}, {"push_host": "localhost"}, 401, "push.webhookUrlUnauthorized"),
        ({"address": ""}, {}, 400, "required"),
        ({"id": None}, {}, 400, "required"),
        ({"id": "c" * 65}, {}, 400, "invalid"),
        ({"token": "t" * 257}, {}, 400, "invalid"),
        ({"type": "mail"}, {}, 400, "push.channelTypeNotSupported"),
        ({"expiration": "1795953600"}, {}, 400, "invalid"),
        ({"expiration": "soon"}, {}, 400, "invalid"),
        ({"params": {"ttl": "-5"}}, {}, 400, "invalid"),
    ],
)  # fmt: skip
async def test_a_wrong_channel_is_refused(
    world: World, body: dict[str, Any], switches: dict[str, Any], status: int, reason: str
) -> None:
    switch(world, **switches)

    answer = await watch(world, body.pop("address", PUSH), **body)

    assert (answer.status, answer.reason) == (status, reason)


async def test_an_expiration_in_seconds_is_an_invalid_ttl(world: World) -> None:
    answer = await watch(world, PUSH, expiration="1795953600")

    assert answer.message.startswith("Invalid ttl value for channel -")


async def test_a_channel_lives_as_long_as_the_stricter_of_both_says(world: World) -> None:
    now = int(world.clock().timestamp() * 1000)

    short = await watch(world, PUSH, expiration=str(now + 1000))
    long = await watch(world, PUSH, id="channel-2", expiration=str(now + 9 * WEEK_MS))
    switch(world, push_expiration="number", push_days_max=30)
    number = await watch(world, PUSH, id="channel-3", expiration=now + 2 * WEEK_MS)
    world.violations.clear()  # By this switch Google says what its own document does not.

    assert short.json["expiration"] == str(now + 1000)
    assert long.json["expiration"] == str(now + WEEK_MS)
    assert number.json["expiration"] == now + 2 * WEEK_MS


async def test_a_generated_calendar_and_an_unknown_one_cannot_be_watched(world: World) -> None:
    holidays = "en.fi#holiday@group.v.calendar.google.com"
    world.google.add_generated_calendar(holidays)
    body = {"id": "c", "type": "web_hook", "address": PUSH}

    generated = await world.call(
        ANNA, "POST", "/events/watch", body, calendar=holidays.replace("#", "%23")
    )
    unknown = await world.call(ANNA, "POST", "/events/watch", body, calendar="nobody@example.com")
    world.google.add_user("dan@example.com", calendar=False)
    none = await world.call("dan@example.com", "POST", "/events/watch", body)

    assert (generated.status, generated.reason) == (400, "pushNotSupportedForRequestedResource")
    assert (unknown.status, none.status, none.reason) == (404, 403, "notACalendarUser")


async def test_channels_are_kept_with_the_world(world: World, receiver: Receiver) -> None:
    await watch(world, receiver.address)
    kept = world.google.dump()
    world.google.load(kept)

    await world.insert()

    await receiver.got(2)
    assert (await watch(world, PUSH)).reason == "channelIdNotUnique"
