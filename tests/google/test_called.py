"""Whoever counts is told of every request to Google: which method, what came of it, and how long it took."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from aiohttp import web

from daemon.errors import SyncError
from daemon.google.client import GoogleClient
from tests.google.conftest import ANNA, World

LIMITED = {
    "error": {
        "code": 403,
        "message": "Rate Limit Exceeded",
        "errors": [{"domain": "usageLimits", "reason": "userRateLimitExceeded"}],
    }
}


class Told:
    """A client with a note of what it told."""

    def __init__(self, world: World, **changed: Any) -> None:
        self.calls: list[tuple[str, int]] = []
        self.seconds: list[float] = []
        self.client: GoogleClient = world.client(called=self.note, **changed)

    def note(self, method: str, status: int, seconds: float) -> None:
        self.calls.append((method, status))
        self.seconds.append(seconds)


async def test_each_request_is_told_with_its_method_and_status_and_those_for_tokens_too(
    world: World,
) -> None:
    told = Told(world)

    assert await told.client.answers(ANNA, "")
    async for _ in told.client.changes(ANNA, None):
        pass
    with suppress(SyncError):
        await told.client.read(ANNA, "nothing")

    assert told.calls == [
        ("token", 200),
        ("calendars.get", 200),
        ("events.list", 200),
        ("events.get", 404),
    ]


async def test_any_limit_is_told_as_one_whatever_its_status(world: World) -> None:
    told = Told(world)
    world.order("events.get", "refuse", status=403, body=LIMITED)
    world.order("events.get", "refuse", status=403, body={"error": {"code": 403}})

    for _ in range(2):
        with suppress(SyncError):
            await told.client.read(ANNA, "nothing")

    assert told.calls[1:] == [("events.get", 429), ("events.get", 403)]


@pytest.mark.parametrize("kind", ["drop", "lose_reply"])
async def test_a_request_that_nobody_answers_is_told_as_that(world: World, kind: str) -> None:
    told = Told(world)
    await told.client.answers(ANNA, "")
    world.order("events.get", kind)

    # A dropped connection may be tried once more by the library that keeps it.
    world.order("events.get", kind)
    with suppress(SyncError):
        await told.client.read(ANNA, "nothing")

    assert told.calls[-1] == ("events.get", 0)


async def test_a_refused_token_makes_two_requests_of_one(world: World) -> None:
    told = Told(world)
    await told.client.answers(ANNA, "")
    world.state.expire_tokens()

    await told.client.answers(ANNA, "")

    repeated = [("calendars.get", 401), ("token", 200), ("calendars.get", 200)]
    assert told.calls[2:] == repeated


async def test_the_seconds_are_those_of_the_answer_and_not_of_the_wait_for_a_turn(
    world: World, odd_server: Any
) -> None:
    async def slow(_: web.Request) -> web.Response:
        world.clock.passed += 3
        return web.json_response({"access_token": "ya29.x", "expires_in": 3600})

    async def spend(user: str, units: int) -> None:
        world.clock.passed += 100

    url = await odd_server(slow)
    told = Told(world, api_root=url, token_uri=f"{url}/token", spend=spend)

    with suppress(SyncError):
        await told.client.answers(ANNA, "")

    assert told.calls == [("token", 200), ("calendars.get", 200)]
    assert told.seconds == [3, 3]


async def test_a_request_that_is_given_up_is_told_too(world: World, odd_server: Any) -> None:
    has_come = asyncio.Event()

    async def never(_: web.Request) -> web.Response:
        has_come.set()
        await asyncio.sleep(3600)
        return web.Response()

    url = await odd_server(never)
    told = Told(world, token_uri=f"{url}/token")
    asking = asyncio.create_task(told.client.answers(ANNA, ""))
    await has_come.wait()

    asking.cancel()
    with suppress(asyncio.CancelledError):
        await asking

    assert told.calls == [("token", 0)]
