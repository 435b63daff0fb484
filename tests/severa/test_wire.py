"""What comes over the wire: every line of Severa's list of errors, and bodies that no document allows."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from daemon.core.entry import Entry
from daemon.core.link import Activity
from daemon.errors import (
    CompanyRefused,
    Forbidden,
    Gone,
    RateLimited,
    Refused,
    SyncError,
    Transient,
)
from daemon.severa import transport
from daemon.severa.errors import Unreadable
from tests.contract.severa_document import document
from tests.severa.conftest import World


def model(status: int, kind: str | None) -> dict[str, Any]:
    location = {"type": "RequestBody", "name": "name", "identifier": None}
    detail = {"message": "Talk with Ben", "url": "/v1/activities", "location": location}
    error = {"httpStatusCode": status, "type": kind, "details": [detail], "stack": "at Ben()"}
    return {"error": error}


TYPES: list[tuple[int, str, type[SyncError], str]] = [
    (500, "InternalSystemError", Transient, "HTTP 500"),
    (400, "InternalSystemError", Transient, "InternalSystemError"),
    (401, "AuthenticationRequired", CompanyRefused, "client id or secret"),
    (403, "AuthenticationRequired", CompanyRefused, "Check severa.client_id"),
    (403, "AddonMissing", CompanyRefused, "add-on"),
    (403, "FeatureIsNotEnabled", CompanyRefused, "Switch the REST API on"),
    (400, "InvalidParameter", Refused, "InvalidParameter (name)"),
    (422, "InvalidParameter", Refused, "InvalidParameter (name)"),
    (400, "InvalidOperation", Forbidden, "InvalidOperation (name)"),
    (400, "InvalidRequest", Refused, "InvalidRequest (name)"),
    (403, "InsufficientApiScope", CompanyRefused, "Tick the scope activities:write"),
    (401, "InsufficientApiScope", CompanyRefused, "Tick the scope activities:write"),
    (400, "InvalidApiVersion", CompanyRefused, "/rest-api"),
    (500, "ConfigurationError", Transient, "HTTP 500"),
    (400, "ConfigurationError", CompanyRefused, "Severa's support"),
    (403, "UserLicenseType", CompanyRefused, "licence"),
    (403, "TermsOfServiceNotApproved", CompanyRefused, "Approve the terms"),
    (403, "HttpsRequired", CompanyRefused, "https"),
    (403, "OrganizationNotActive", CompanyRefused, "not active"),
    (401, "OrganizationNotActive", CompanyRefused, "not active"),
    (403, "PermissionDenied", Forbidden, "PermissionDenied (name)"),
    (403, "TrialExpired", CompanyRefused, "trial"),
    (403, "NotAvailableInTrial", CompanyRefused, "trial"),
    (400, "InvalidRecaptcha", Refused, "InvalidRecaptcha (name)"),
    (403, "AddonMissingTermsOfServiceApproval", CompanyRefused, "Approve the terms"),
    (403, "ExcludedFromTrial", CompanyRefused, "trial"),
    (400, "SomethingNew", Refused, "SomethingNew (name)"),
]


def test_every_type_of_the_document_has_a_row() -> None:
    declared = set(document()["components"]["schemas"]["ExceptionTypeEnum"]["enum"])

    assert {kind for _, kind, _, _ in TYPES} == declared | {"SomethingNew"}


@pytest.mark.parametrize(("status", "kind", "expected", "says"), TYPES)
async def test_a_refusal_of_each_type_says_what_to_do(
    world: World, meeting: Entry, status: int, kind: str, expected: type[SyncError], says: str
) -> None:
    world.fail("activities.create", status=status, body=model(status, kind), times=2)

    with pytest.raises(SyncError) as refused:
        await world.client.create(world.anna, meeting, type_guid=world.types["CalendarEntry"])

    assert type(refused.value) is expected
    assert says in str(refused.value)
    assert "Ben" not in str(refused.value)


STATUSES: list[tuple[int, type[SyncError]]] = [
    (302, Transient),
    (400, Refused),
    (401, CompanyRefused),
    (402, Refused),
    (403, Refused),
    (404, Gone),
    (405, Refused),
    (408, Transient),
    (409, Refused),
    (410, Refused),
    (413, Refused),
    (422, Refused),
    (425, Transient),
    (429, RateLimited),
    (500, Transient),
    (502, Transient),
    (503, Transient),
    (504, Transient),
    (520, Transient),
]
CUT = '{"error": {"httpStatusC'
BODIES: list[Any] = [
    "",
    "<html><body>Service is down for maintenance</body></html>",
    CUT,
    "API calls quota exceeded! maximum admitted 10 per 1s.",
    '{"error": null}',
    '{"error": {"type": 7, "details": [null]}}',
    "[" * 10_000,
    "null",
    b"\xff\xfe\x00",
]


@pytest.mark.parametrize(("status", "expected"), STATUSES)
async def test_a_status_is_understood_whatever_stands_in_the_body(
    world: World, status: int, expected: type[SyncError]
) -> None:
    guid = world.add()

    for body in BODIES:
        world.fail("activities.get", status=status, body=body, times=2 if status == 401 else 1)
        with pytest.raises(SyncError) as refused:
            await world.client.read(world.anna, guid)
        # Of a refusal that was cut short the reason is unknown, so it is tried again.
        meant = Unreadable if expected is Refused and body == CUT else expected
        assert type(refused.value) is meant, body


@pytest.mark.parametrize("body", [each for each in BODIES if each not in ("", "null")])
async def test_a_success_that_cannot_be_read_is_of_unknown_outcome(
    world: World, meeting: Entry, body: Any
) -> None:
    seen = await world.seen(world.add())
    for operation in ("activities.create", "activities.patch", "activities.list"):
        world.fail(operation, status=200, body=body)

    for call in _calls(world, seen, meeting):
        with pytest.raises(Unreadable):
            await call


def _calls(world: World, seen: Activity, meeting: Entry) -> list[Awaitable[Any]]:
    change = Entry(title="New")
    return [
        world.client.create(world.anna, meeting, type_guid=world.types["CalendarEntry"]),
        world.client.change(world.anna, seen, change, type_guid="", mark=None),
        world.client.find(world.anna, meeting, since=world.now),
    ]


@pytest.mark.parametrize("kind", ["lose_reply", "cut"])
@pytest.mark.parametrize(
    "operation", ["activities.create", "activities.patch", "participants.list", "token.create"]
)
async def test_a_reply_that_is_lost_or_cut_is_of_unknown_outcome(
    world: World, meeting: Entry, operation: str, kind: str
) -> None:
    seen = await world.seen(world.add())
    if operation == "token.create":
        world.state.expire_tokens()
    # A request that changes nothing is asked for once more by the HTTP client itself.
    world.fail(operation, kind, times=2)

    async def work() -> None:
        await world.client.create(world.anna, meeting, type_guid=world.types["CalendarEntry"])
        await world.client.change(world.anna, seen, Entry(title="New"), type_guid="", mark=None)
        await world.client.people(world.anna, seen)

    with pytest.raises(Transient):
        await work()


async def test_a_delete_whose_reply_was_lost_is_told_as_unknown_then_as_done(world: World) -> None:
    seen = await world.seen(world.add())
    world.fail("activities.delete", "lose_reply", times=2)

    with pytest.raises((Transient, Gone)):
        await world.client.remove(world.anna, seen)
    with pytest.raises(Gone):
        await world.client.remove(world.anna, seen)


@pytest.mark.parametrize(
    ("pause", "expected"),
    [("7", 7.0), ("0", 0.0), ("99999999999999999999", 3600.0), ("1.5", None), ("-1", None)],
)
async def test_a_pause_is_taken_up_to_an_hour(
    world: World, pause: str, expected: float | None
) -> None:
    world.fail("users.list", status=429, headers={"Retry-After": pause})

    with pytest.raises(RateLimited) as limited:
        await world.client.users()

    assert limited.value.retry_after == expected


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def _endless(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    while True:
        await answer.write(b"[" * (1 << 16))


async def _dripping(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    for _ in range(200):
        await answer.write(b" ")
        await asyncio.sleep(0.05)
    return answer


async def _bomb(request: web.Request) -> web.StreamResponse:
    answer = web.Response(body=b" " * (1 << 22))
    answer.enable_compression()
    return answer


@pytest.fixture
async def odd(world: World) -> AsyncIterator[Callable[[Handler], Awaitable[None]]]:
    """A Severa whose listing of users is answered by a handler of the test's."""
    servers: list[TestServer] = []

    async def token(request: web.Request) -> web.Response:
        return web.json_response({"access_token": "t", "access_token_expires_in": 3600})

    async def serve(handler: Handler) -> None:
        app = web.Application()
        app.router.add_post("/rest-api/v1/token", token)
        app.router.add_get("/rest-api/v1/users", handler)
        servers.append(TestServer(app))
        await servers[-1].start_server(shutdown_timeout=0.1)
        world.base_url = str(servers[-1].make_url("/rest-api"))
        world.client = world.new_client(timeout_s=0.5 if handler is _dripping else 20.0)

    yield serve
    for server in servers:
        await server.close()


@pytest.mark.parametrize("handler", [_endless, _bomb])
async def test_an_answer_that_does_not_end_is_dropped(
    world: World,
    odd: Callable[[Handler], Awaitable[None]],
    monkeypatch: pytest.MonkeyPatch,
    handler: Handler,
) -> None:
    monkeypatch.setattr(transport, "ANSWER_BYTES_MAX", 1 << 20)
    await odd(handler)

    with pytest.raises(Unreadable, match="does not end"):
        await world.client.users()


async def test_an_answer_that_only_drips_ends_in_time(
    world: World, odd: Callable[[Handler], Awaitable[None]]
) -> None:
    await odd(_dripping)

    with pytest.raises(Transient, match="in time"):
        await world.client.users()


def test_the_longest_page_is_far_from_the_bound() -> None:
    activity = {"name": "\u00e5" * 200, "notes": "\u00e5" * 10_000, "location": "\u00e5" * 1_000}

    assert len(json.dumps([activity] * 100)) * 2 < transport.ANSWER_BYTES_MAX
