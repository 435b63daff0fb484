"""A small world in the sandbox Google, served on loopback, for the tests beside this file."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import aiohttp
import jwt
from aiohttp.test_utils import TestServer

from daemon.sandbox.faults import Faults
from daemon.sandbox.google import GoogleState, make_app, make_service_account_key
from tests.contract.google_watch import watched

ROBOT = "severa-sync@example-project.iam.gserviceaccount.com"
SCOPE = "https://www.googleapis.com/auth/calendar"
AUDIENCE = "https://oauth2.googleapis.com/token"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ANNA, BEN, CLARA = "anna@example.com", "ben@example.com", "clara@example.com"
KEY = make_service_account_key(ROBOT)
OTHER_KEY = make_service_account_key(ROBOT)

MEETING: dict[str, Any] = {
    "summary": "Meeting",
    "start": {"dateTime": "2026-11-23T10:00:00+02:00"},
    "end": {"dateTime": "2026-11-23T11:00:00+02:00"},
}


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass(frozen=True)
class Answer:
    """An answer with what is asked of it most."""

    status: int
    headers: Any
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def reason(self) -> str:
        return str(self.json["error"]["errors"][0]["reason"])

    @property
    def message(self) -> str:
        return str(self.json["error"]["message"])


@dataclass
class World:
    """The state, its faults and clock, and a client that holds a token for each user."""

    google: GoogleState
    faults: Faults
    clock: Clock
    base: str
    http: aiohttp.ClientSession
    violations: list[str]
    """What Google's document does not declare of the answers so far; at the end there must be none."""
    tokens: dict[str, str] = field(default_factory=dict)

    async def send(self, method: str, path: str, **more: Any) -> Answer:
        async with self.http.request(method, self.base + path, **more) as answer:
            return Answer(answer.status, answer.headers, await answer.text())

    async def token_answer(self, assertion: str, **more: str) -> Answer:
        form = {"grant_type": JWT_BEARER, "assertion": assertion, **more}
        return await self.send("POST", "/token", data=form)

    async def call(
        self,
        user: str,
        method: str,
        path: str = "",
        body: Any = None,
        *,
        calendar: str = "primary",
        headers: dict[str, str] | None = None,
        **query: Any,
    ) -> Answer:
        if user not in self.tokens:
            granted = await self.token_answer(self.signed(sub=user))
            self.tokens[user] = granted.json["access_token"]
        whole = {"Authorization": f"Bearer {self.tokens[user]}", **(headers or {})}
        where = f"/calendar/v3/calendars/{calendar}{path}"
        return await self.send(method, where, json=body, params=query, headers=whole)

    async def insert(self, user: str = ANNA, **changes: Any) -> Any:
        answer = await self.call(user, "POST", "/events", MEETING | changes)
        assert answer.status == 200, answer.text
        return answer.json

    async def patch(self, user: str, event_id: str, **changes: Any) -> Answer:
        return await self.call(user, "PATCH", f"/events/{event_id}", changes)

    async def get(self, user: str, event_id: str) -> Any:
        return (await self.call(user, "GET", f"/events/{event_id}")).json

    async def listed(self, user: str = ANNA, **query: Any) -> Answer:
        return await self.call(user, "GET", "/events", **query)

    def signed(self, key: Any = KEY, **claims: Any) -> str:
        now = int(self.clock().timestamp())
        whole = {"iss": ROBOT, "scope": SCOPE, "aud": AUDIENCE, "iat": now, "exp": now + 3600}
        kept = {k: v for k, v in (whole | claims).items() if v is not None}
        return jwt.encode(kept, key.private_key, algorithm="RS256")


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for something that the sandbox does by itself."""
    async with asyncio.timeout(5):
        while not is_so():  # noqa: ASYNC110 - Nobody tells when.
            await asyncio.sleep(0.005)


@asynccontextmanager
async def served() -> AsyncIterator[World]:
    clock = Clock()
    google, faults = GoogleState(clock=clock, rng=Random(1)), Faults(clock=clock)  # noqa: S311
    google.add_service_account(ROBOT, KEY.private_key)
    google.add_user(ANNA)
    google.add_user(BEN)
    google.add_user(CLARA, zone="Europe/Oslo")
    app = make_app(google, faults, clock=clock)
    # These tests ask what no client should: only the answers are held against the document.
    watch = watched(app, requests=False)
    server = TestServer(app, host="127.0.0.1")
    timeout = aiohttp.ClientTimeout(total=10)
    async with server, aiohttp.ClientSession(timeout=timeout) as http:
        url = str(server.make_url("")).rstrip("/")
        yield World(google, faults, clock, url, http, watch.violations)
    watch.assert_none()
