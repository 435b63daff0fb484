"""Opening and stopping push channels, against the sandbox's Google with all its refusals (T6)."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from daemon.core.channel import Opened
from daemon.errors import CompanyRefused, RateLimited, Refused, SyncError, Transient, UserRefused
from daemon.google.channels import opened_in
from daemon.google.client import GoogleClient
from daemon.google.errors import Answer
from daemon.secret import Secret
from tests.google.conftest import ANNA, BEN, World

TOKEN = Secret("a token that nobody guesses")
WEEK = timedelta(days=7)
GONE = "http://127.0.0.1:9/v1/google/notifications"
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.fixture
async def heard() -> AsyncIterator[tuple[str, list[dict[str, str]]]]:
    """Serve an address to push to, and return it with what comes there."""
    messages: list[dict[str, str]] = []

    async def take(request: web.Request) -> web.Response:
        messages.append(dict(request.headers))
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/v1/google/notifications", take)
    async with TestServer(app, host="127.0.0.1") as server:
        yield str(server.make_url("/v1/google/notifications")), messages


async def watch(client: GoogleClient, name: str = "c-1", **more: Any) -> Opened:
    return await client.watch(ANNA, name, TOKEN, **({"address": GONE, "life": WEEK} | more))


async def test_a_channel_lives_as_long_as_google_says(world: World) -> None:
    world.state.switches = replace(world.state.switches, push_days_max=2)
    world.state.clock = world.clock.now

    opened = await watch(world.client())

    assert opened.expires_at == world.clock.wall + timedelta(days=2)
    assert opened.resource_id


async def test_messages_of_a_channel_show_its_token_and_its_resource(
    world: World, heard: tuple[str, list[dict[str, str]]]
) -> None:
    address, messages = heard

    opened = await watch(world.client(), address=address)

    (greeting,) = messages
    assert greeting["X-Goog-Channel-ID"] == "c-1"
    assert greeting["X-Goog-Channel-Token"] == TOKEN.reveal()
    assert greeting["X-Goog-Resource-ID"] == opened.resource_id
    assert greeting["X-Goog-Resource-State"] == "sync"


async def test_all_channels_on_one_calendar_have_one_resource(world: World) -> None:
    client = world.client()

    first, second = await watch(client, "c-1"), await watch(client, "c-2")
    bens = await client.watch(BEN, "c-3", TOKEN, address=GONE, life=WEEK)

    assert first.resource_id == second.resource_id != bens.resource_id


async def test_a_channel_costs_one_unit_of_the_users_to_open_and_one_to_stop(world: World) -> None:
    client = world.client()

    opened = await watch(client)
    await client.stop(ANNA, "c-1", opened.resource_id)

    assert world.spent == [(ANNA.guid, 1), (ANNA.guid, 1)]
    assert world.calls("events.watch") == [("events.watch", 200)]
    assert world.calls("channels.stop") == [("channels.stop", 204)]


async def test_a_stopped_channel_is_gone_and_may_be_stopped_again(world: World) -> None:
    client = world.client()
    opened = await watch(client)

    await client.stop(ANNA, "c-1", opened.resource_id)
    await client.stop(ANNA, "c-1", opened.resource_id)

    assert world.calls("channels.stop") == [("channels.stop", 204), ("channels.stop", 404)]
    assert world.state.channels.dump()["open"] == []


async def test_a_channel_that_google_never_knew_is_stopped(world: World) -> None:
    await world.client().stop(ANNA, "never", "ret0")


def not_supported(world: World) -> None:
    world.order("events.watch", "refuse", times=2, error="pushNotSupportedForRequestedResource")


def needs_https(world: World) -> None:
    world.state.switches = replace(world.state.switches, push_needs_https=True)


def other_host(world: World) -> None:
    world.state.switches = replace(world.state.switches, push_host="sync.example.com")


def no_calendar(world: World) -> None:
    world.state.suspend_user(ANNA.email)


def api_off(world: World) -> None:
    world.state.switches = replace(world.state.switches, api_enabled=False)


def rate(world: World) -> None:
    world.order("events.watch", "refuse", times=2, error="userRateLimitExceeded")


REFUSALS: dict[str, tuple[Callable[[World], None], type[SyncError], str]] = {
    "a calendar that tells nobody": (not_supported, Refused, "pushNotSupportedForRequestedResource"),
    "an address without TLS": (needs_https, Refused, "push.webhookUrlNotHttps"),
    "an address on a host of somebody else": (other_host, Refused, "push.webhookUrlUnauthorized"),
    "a suspended user": (no_calendar, UserRefused, "notACalendarUser"),
    "an API that is off": (api_off, CompanyRefused, "accessNotConfigured"),
    "a user's rate": (rate, RateLimited, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
async def test_each_refusal_of_a_channel_is_told_by_its_name(world: World, name: str) -> None:
    prepare, means, reason = REFUSALS[name]
    prepare(world)

    with pytest.raises(means) as refused:
        await watch(world.client())

    assert type(refused.value) is means
    assert getattr(refused.value, "reason", "") == reason
    assert world.state.channels.dump()["open"] == []


async def test_an_id_that_was_used_is_told_by_its_name(world: World) -> None:
    client = world.client()
    await watch(client)

    with pytest.raises(Refused) as refused:
        await watch(client)

    assert refused.value.reason == "channelIdNotUnique"


@pytest.mark.parametrize("kind", ["lose_reply", "cut"])
async def test_a_lost_answer_leaves_it_open_whether_there_is_a_channel(
    world: World, kind: str
) -> None:
    world.order("events.watch", kind)

    with pytest.raises(Transient):
        await watch(world.client())

    assert len(world.state.channels.dump()["open"]) == 1


@pytest.mark.parametrize("kind", ["refuse", "html", "drop"])
async def test_a_google_in_trouble_is_asked_again_later(world: World, kind: str) -> None:
    world.order("events.watch", kind)
    world.order("channels.stop", kind)
    client = world.client()

    with pytest.raises(Transient):
        await watch(client)
    with pytest.raises(Transient):
        await client.stop(ANNA, "c-1", "ret0")


async def test_another_service_account_cannot_stop_what_is_not_its_own(world: World) -> None:
    """It is no failure: what this account does not know, it cannot end."""
    opened = await watch(world.client())

    await world.client().stop(BEN, "c-1", opened.resource_id)

    assert len(world.state.channels.dump()["open"]) == 1


SOUND = {"id": "c-1", "resourceId": "ret1", "expiration": "1772524800000"}
AT = datetime(2026, 3, 3, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize("form", ["1772524800000", 1772524800000], ids=["a text", "a number"])
def test_an_expiration_is_read_in_the_form_of_the_guide_and_of_the_discovery(form: Any) -> None:
    """The guide shows a number, the discovery document says a string."""
    answer = Answer(200, SOUND | {"expiration": form})

    assert opened_in(answer, ANNA, "c-1", NOW) == Opened("ret1", AT)


ODD: dict[str, Any] = {
    "no body": "",
    "a list": [],
    "another channel": SOUND | {"id": "c-2"},
    "no resource": {"id": "c-1", "expiration": "1772524800000"},
    "a resource that is none": SOUND | {"resourceId": 7},
    "no expiration": {"id": "c-1", "resourceId": "ret1"},
    "an expiration that is none": SOUND | {"expiration": "soon"},
    "an expiration beyond all dates": SOUND | {"expiration": 9 * 10**20},
    "an expiration of a fraction": SOUND | {"expiration": float("inf")},
    "an expiration in seconds": SOUND | {"expiration": 1772524800},
    "an expiration that is past": SOUND | {"expiration": 1},
}


@pytest.mark.parametrize("name", ODD)
def test_an_answer_that_cannot_be_read_may_have_opened_a_channel(name: str) -> None:
    with pytest.raises(Transient):
        opened_in(Answer(200, ODD[name]), ANNA, "c-1", NOW)


def test_no_refusal_shows_the_token_or_googles_own_words(world: World) -> None:
    said = {"message": TOKEN.reveal(), "errors": [{"reason": "push.webhookUrlUnauthorized"}]}

    with pytest.raises(Refused) as refused:
        opened_in(Answer(401, {"error": {"code": 401, **said}}), ANNA, "c-1", NOW)

    assert TOKEN.reveal() not in f"{refused.value!r} {refused.value}"
