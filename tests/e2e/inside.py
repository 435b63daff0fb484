"""The daemon's own parts in this process, over real HTTP and on a real database, on a clock that is moved by hand.

What a process of its own would add is left out: its start, its timer and its web interface.
"""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from aiohttp import web

from daemon.config import load
from daemon.errors import SyncError
from daemon.runtime.app import App, opened
from daemon.sandbox.faults import Fault, Faults, Handler
from daemon.sandbox.google import GoogleState
from daemon.sandbox.google.switches import Limits
from daemon.sandbox.server import Sandbox
from tests.e2e.company import SERVICE_ACCOUNT, Company
from tests.e2e.world import email_of

MORNING = datetime(2026, 3, 2, 5, tzinfo=UTC)
PAUSE = timedelta(seconds=20)
SEED = 20260302


class Clock:
    """A clock that moves a millisecond at each look, and otherwise when told to."""

    def __init__(self, now: datetime = MORNING) -> None:
        self._now = now

    def __call__(self) -> datetime:
        self._now += timedelta(milliseconds=1)
        return self._now

    def move(self, by: timedelta) -> None:
        self._now += by

    async def sleep(self, seconds: float) -> None:
        """Let a wait of the daemon's pass at once."""
        self.move(timedelta(seconds=seconds))
        await asyncio.sleep(0)


class RoundFaults(Faults):
    """Faults whose delays last for rounds of the daemon, and a book of what each call asked of mails."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock=clock, sleep=self._until_round)
        self.rounds = 0
        self.hit: tuple[str, str] | None = None
        """Vendor and operation of the latest call that met an order."""
        self.mails: list[str] = []
        self._moved = asyncio.Condition()
        self._held: list[float] = []

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if "sendUpdates" in request.query:
            self.mails.append(request.query["sendUpdates"])
        return await super().middleware(request, handler)

    def forget(self) -> None:
        """Let what was ordered and not met not happen; what is on its way stays so."""
        self.clear()
        self.hit = None

    async def next_round(self) -> None:
        """Let a round be over, and wait until every call that waited for it has been carried out."""
        async with self._moved:
            self.rounds += 1
            self._moved.notify_all()
            await self._moved.wait_for(lambda: all(until > self.rounds for until in self._held))

    async def _until_round(self, rounds: float) -> None:
        until = self.rounds + rounds
        async with self._moved:
            await self._moved.wait_for(lambda: self.rounds >= until)

    async def _answer(
        self,
        request: web.Request,
        handler: Handler,
        call: tuple[str, str, str],
        fault: Fault | None,
    ) -> web.StreamResponse:
        if fault is None:
            return await super()._answer(request, handler, call, fault)
        self.hit = call[:2]
        until = self.rounds + fault.seconds
        self._held.append(until)
        try:
            return await super()._answer(request, handler, call, fault)
        finally:
            async with self._moved:
                self._held.remove(until)
                self._moved.notify_all()


@dataclass
class Inside(Company):
    """A company whose daemon does one round whenever it is told to."""

    app: App = field(kw_only=True)
    clock: Clock = field(kw_only=True)

    async def switch_on(self, *people: str) -> None:
        """Set everything up and switch sync on for these people; nothing is synced yet."""
        key = base64.b64encode((self.path / "key.p12").read_bytes()).decode()
        tester = email_of(people[0])
        await self.app.admin.ask(
            "google connect",
            {"service_account": SERVICE_ACCOUNT, "key": key, "password": "notasecret", "test_user": tester},
        )  # fmt: skip
        await self.app.admin.ask("activity-types select", {"names": list(self.selected)})
        await self.app.admin.ask("integration on", {})
        for person in people:
            assert await self.app.people.switch(self.people[person], enabled=True)

    selected: tuple[str, ...] = ("Meeting",)

    async def round(self, pause: timedelta = PAUSE) -> None:
        """Look once at everything, as the timer would; a round that fails is over, and the next comes."""
        with suppress(SyncError):
            await self.app.engine.round(cause="poll")
        await self.faults.next_round()
        self.clock.move(pause)

    @property
    def faults(self) -> RoundFaults:
        assert isinstance(self.sandbox.faults, RoundFaults)
        return self.sandbox.faults

    def writes(self) -> int:
        """Return how many calls that may change something the vendors have met."""
        return sum(
            call.method in ("POST", "PATCH", "PUT", "DELETE") and "token" not in call.operation
            for call in self.faults.journal
        )

    async def problems(self) -> list[str]:
        """Return what `status` says needs attention."""
        status: Any = await self.app.admin.ask("status", {})
        return [f"{row['standing']}: {row['problem']}" for row in status["problems"]]


@asynccontextmanager
async def inside(
    path: Path, *, timeout_s: float = 30.0, **sections: dict[str, Any]
) -> AsyncIterator[Inside]:
    """Open a furnished company with nobody in it, and close it at the end; `sections` override its configuration."""
    clock = Clock()
    sandbox = Sandbox(clock=clock)
    sandbox.google = GoogleState(clock=clock, rng=Random(SEED))  # noqa: S311 - The same ids each time.
    guids = Random(SEED)  # noqa: S311 - Likewise.
    sandbox.severa.new_guid = lambda: str(UUID(int=guids.getrandbits(128)))
    sandbox.faults = RoundFaults(clock)
    async with sandbox:
        sandbox.google.limits = Limits(user_minute=None, project_minute=None, project_day=None)
        company = Company(sandbox, path=path)
        company.furnish()
        file = company.configure(sync={"poll_interval": PAUSE.total_seconds()}, **sections)
        async with opened(
            load(file), clock=clock, rng=guids, timeout_s=timeout_s, sleep=clock.sleep
        ) as app:
            yield Inside(sandbox, path=path, types=company.types, app=app, clock=clock)
