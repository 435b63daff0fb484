"""A service account's keys, made once, and a Google on loopback that knows the account."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from daemon.core.company import User
from daemon.google.client import GoogleClient
from daemon.google.credentials import ServiceAccount, read_key
from daemon.sandbox.faults import Fault, Faults
from daemon.sandbox.google import (
    GoogleState,
    Limits,
    ServiceAccountKey,
    make_app,
    make_service_account_key,
)
from tests.contract.google_watch import Watch, watched

ROBOT = "sync@example-project.iam.gserviceaccount.com"
ANNA = User("guid-anna", "anna@example.com", zone="Europe/Helsinki")
BEN = User("guid-ben", "ben@example.com", zone="Europe/Helsinki")


@pytest.fixture(scope="session")
def robot_key() -> ServiceAccountKey:
    return make_service_account_key(ROBOT, client_id="100000000000000000001")


@pytest.fixture(scope="session")
def other_key() -> ServiceAccountKey:
    return make_service_account_key(ROBOT, client_id="100000000000000000002")


@pytest.fixture(scope="session")
def account(robot_key: ServiceAccountKey) -> ServiceAccount:
    return read_key(robot_key.p12, None, email=ROBOT)


@dataclass
class Clock:
    """A wall clock and a monotonic one that move together, by hand."""

    wall: datetime = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    passed: float = 1000.0

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.passed

    def move(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.passed += seconds


@dataclass
class World:
    """Google, its faults, and what a client needs to talk to it."""

    state: GoogleState
    faults: Faults
    url: str
    http: aiohttp.ClientSession
    account: ServiceAccount
    clock: Clock
    spent: list[tuple[str, int]] = field(default_factory=list)

    def client(self, **changed: Any) -> GoogleClient:
        async def spend(user: str, units: int) -> None:
            self.spent.append((user, units))

        settings: dict[str, Any] = {
            "api_root": self.url,
            "token_uri": f"{self.url}/token",
            "session": self.http,
            "account": self.account,
            "spend": spend,
            "now": self.clock.now,
            "monotonic": self.clock.monotonic,
            "jitter": lambda: 0.0,
            "timeout_s": 5.0,
        }
        return GoogleClient(**{**settings, **changed})

    def order(self, operation: str, kind: Any, **more: Any) -> None:
        self.faults.order(Fault(vendor="google", operation=operation, kind=kind, **more))

    def calls(self, operation: str = "") -> list[tuple[str, int]]:
        """Return operation and status of the calls so far, token calls left out unless asked for."""
        wanted = [call for call in self.faults.journal if call.operation == operation] or [
            call for call in self.faults.journal if not operation and call.operation != "token"
        ]
        return [(call.operation, call.status) for call in wanted]


@pytest.fixture
async def world(robot_key: ServiceAccountKey, account: ServiceAccount) -> AsyncIterator[World]:
    clock = Clock()
    state, faults = GoogleState(), Faults(clock=clock.now)
    state.limits = Limits(None, None, None)
    app = make_app(state, faults, clock=clock.now)
    watch = watched(app)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    for user in (ANNA, BEN):
        state.add_user(user.email)
    state.add_service_account(ROBOT, robot_key.private_key)
    async with aiohttp.ClientSession() as http:
        yield World(state, faults, str(server.make_url("")).rstrip("/"), http, account, clock)
    await server.close()
    watch.assert_none()


@pytest.fixture
async def odd_server() -> AsyncIterator[Any]:
    """Return a function that serves one answer to everything and names the address; only requests are checked."""
    watch = Watch()
    servers: list[TestServer] = []

    async def serve(answer: Any) -> str:
        app = web.Application(middlewares=[watch.on_requests])
        app.router.add_route("*", "/{anything:.*}", answer)
        server = TestServer(app, host="127.0.0.1")
        servers.append(server)
        await server.start_server()
        return str(server.make_url("")).rstrip("/")

    yield serve
    for server in servers:
        await server.close()
    watch.assert_none()
