"""A small company in a served sandbox Severa, with a client whose every answer is checked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import ClientSession, ClientTimeout
from aiohttp.test_utils import TestServer
from multidict import CIMultiDictProxy

from daemon.sandbox.faults import Faults
from daemon.sandbox.severa import DEFAULT, SeveraState, Switches, make_app
from tests.contract.severa_document import check_answer

CLIENT_ID = "acme"
SECRET = "swordfish"
START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **step: float) -> None:
        self.now += timedelta(**step)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: CIMultiDictProxy[str]
    body: Any

    @property
    def kind(self) -> str:
        kind: str = self.body["error"]["type"]
        return kind


@dataclass
class Company:
    clock: Clock
    state: SeveraState
    faults: Faults
    base: str
    session: ClientSession
    types: dict[str, str] = field(default_factory=dict)
    anna: str = ""
    ben: str = ""
    token: str = ""

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        params: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Make a call with token and client id, and check the answer against the document."""
        if headers is None:
            headers = {"Authorization": f"Bearer {self.token}", "Client_Id": CLIENT_ID}
        given = {} if body is None else {"json": body}
        async with self.session.request(
            method, self.base + path, params=params, headers=headers, **given
        ) as reply:
            is_json = reply.content_type == "application/json"
            answer = await reply.json() if is_json else await reply.text()
            check_answer(method, path, reply.status, reply.content_type, answer, reply.headers)
            return Answer(reply.status, reply.headers, answer)

    async def log_in(self, scope: str | None = None) -> Answer:
        """Ask for a token and use it from now on."""
        body = {"client_id": CLIENT_ID, "client_secret": SECRET, "scope": scope}
        answer = await self.call("POST", "/v1/token", body, headers={})
        self.token = answer.body["access_token"]
        return answer

    def wish(self, **changes: Any) -> dict[str, Any]:
        """Return the body of a POST that Severa takes."""
        body = {
            "name": "Kick-off",
            "startDateTime": "2026-03-03T09:00:00+02:00",
            "endDateTime": "2026-03-03T10:00:00+02:00",
            "activityType": {"guid": self.types["CalendarEntry"]},
            "ownerUser": {"guid": self.anna},
            **changes,
        }
        return {name: value for name, value in body.items() if value is not ...}

    async def create(self, **changes: Any) -> Any:
        """Create an activity and return it."""
        answer = await self.call("POST", "/v1/activities", self.wish(**changes))
        assert answer.status == 201, answer.body
        return answer.body

    async def patch(self, guid: str, /, **values: Any) -> Answer:
        """Replace properties; a double underscore in a name is a slash in the path."""
        operations = [
            {"op": "Replace", "path": "/" + name.replace("__", "/"), "value": value}
            for name, value in values.items()
        ]
        return await self.call("PATCH", f"/v1/activities/{guid}", operations)

    async def names(self, **params: Any) -> list[str]:
        """List activities and return their names, sorted."""
        query = [
            (name, value)
            for name, given in params.items()
            for value in (given if isinstance(given, list) else [given])
        ]
        answer = await self.call("GET", "/v1/activities", params=query)
        assert answer.status == 200, answer.body
        return sorted(row["name"] for row in answer.body)


@asynccontextmanager
async def company(switches: Switches = DEFAULT) -> AsyncIterator[Company]:
    clock = Clock()
    state = SeveraState(clock=clock, switches=switches)
    state.requests_per_second = None
    state.add_credentials(CLIENT_ID, SECRET)
    faults = Faults(clock=clock)
    async with (
        TestServer(make_app(state, faults, clock=clock)) as server,
        ClientSession(timeout=ClientTimeout(total=10)) as session,
    ):
        base = str(server.make_url("/rest-api"))
        found = Company(clock, state, faults, base, session)
        for category in ("CalendarEntry", "SalesEvent", "Task", "Personal", "Absences"):
            found.types[category] = state.add_type(
                category, category, is_default=category == "CalendarEntry"
            )
        found.anna = state.add_user("Anna", "Virtanen", "anna@example.com")
        found.ben = state.add_user("Ben", "Lind", "ben@example.com", zone="Europe/Oslo")
        await found.log_in()
        yield found
