"""A served sandbox Severa, and clients of it whose clock and budget the test holds."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from daemon.core.company import User
from daemon.core.entry import Entry, Timed
from daemon.core.link import Activity
from daemon.sandbox.faults import Fault, Faults
from daemon.sandbox.severa import SeveraState, make_app
from daemon.secret import Secret
from daemon.severa.client import SeveraClient
from daemon.sync.ports import SeveraCalendar
from tests.contract.severa_document import Watch

CLIENT_ID = "acme"
SECRET = "swordfish"
START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


@dataclass
class World:
    state: SeveraState
    faults: Faults
    base_url: str
    session: ClientSession
    now: datetime = START
    spent: int = 0
    monotonic_s: float = 1000.0
    types: dict[str, str] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    limited: list[float | None] = field(default_factory=list)
    anna: User = field(init=False)
    client: SeveraClient = field(init=False)

    def advance(self, **step: float) -> None:
        self.now += timedelta(**step)
        self.monotonic_s += timedelta(**step).total_seconds()

    def new_client(self, secret: str = SECRET, timeout_s: float = 5.0) -> SeveraClient:
        async def spend() -> None:
            self.spent += 1

        return SeveraClient(
            self.base_url,
            CLIENT_ID,
            Secret(secret),
            session=self.session,
            spend=spend,
            monotonic=lambda: self.monotonic_s,
            timeout_s=timeout_s,
            tell=self.told.append,
            limited=self.limited.append,
        )

    @property
    def calendar(self) -> SeveraCalendar:
        """The client as the engine sees it: the type checker holds the two together."""
        return self.client

    def add(self, **fields: Any) -> str:
        """Let Anna add an activity by hand and return its guid."""
        given = {
            "name": "Kick-off",
            "startDateTime": "2026-03-03T09:00:00+02:00",
            "endDateTime": "2026-03-03T10:00:00+02:00",
            **fields,
        }
        guid: str = self.state.person_add(self.anna.guid, **given)["guid"]
        return guid

    async def seen(self, guid: str) -> Activity:
        activity = await self.client.read(self.anna, guid)
        assert activity is not None
        return activity

    def fail(self, operation: str, kind: Any = "refuse", **how: Any) -> None:
        self.faults.order(Fault("severa", operation, kind, **how))

    def calls(self, operation: str) -> int:
        return sum(call.operation == operation for call in self.faults.journal)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    def clock() -> datetime:
        return found.now

    state = SeveraState(clock=clock)
    state.requests_per_second = None
    state.add_credentials(CLIENT_ID, SECRET)
    watch = Watch()
    state.witnesses.append(watch)
    faults = Faults(clock=clock)
    async with (
        TestServer(make_app(state, faults, clock=clock)) as server,
        ClientSession() as session,
    ):
        found = World(state, faults, str(server.make_url("/rest-api")), session)
        for category in ("CalendarEntry", "SalesEvent", "Task", "Personal", "Absences"):
            found.types[category] = state.add_type(
                category, category, is_default=category == "CalendarEntry"
            )
        guid = state.add_user("Anna", "Virtanen", "Anna@Example.com")
        found.anna = User(guid, "anna@example.com", "Anna Virtanen", "Europe/Helsinki")
        found.client = found.new_client()
        yield found
    watch.require_none()


@pytest.fixture
def meeting() -> Entry:
    start = datetime(2026, 3, 3, 7, 0, tzinfo=UTC)
    return Entry(
        title="Kick-off",
        when=Timed(start, start + timedelta(hours=1)),
        location="Room 1",
        notes="Agenda:\n1. Start",
        private=False,
    )
