"""A sandbox with its page on loopback, for the tests of the page."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from aiohttp import ClientSession, ClientTimeout, web

from daemon.sandbox.page import Journal, News, Process, make_page
from daemon.sandbox.people import Company, furnish
from daemon.sandbox.server import Sandbox

MONDAY = date(2026, 3, 2)
ANNA = "anna@example.com"
BEN = "ben@example.com"
CLARA = "clara@example.com"
OWN = {"X-Demo": "1"}
SYNCED = ("Meeting", "Travel", "To-do", "Personal")


class World:
    """A sandbox with its page, and a clock that the test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
        self.sandbox = Sandbox(clock=lambda: self.now)
        self.company: Company = furnish(self.sandbox, monday=MONDAY)
        synced = frozenset(self.company.types[name] for name in SYNCED)
        self.journal = Journal(self.sandbox, self.company, synced=synced)
        self.process = Process(self.journal, clock=lambda: self.now)
        self.news: list[News] = []
        self.journal.on_news.append(self.news.append)
        self.url = ""

    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @property
    def told(self) -> list[str]:
        """Return what the journal says, the oldest first."""
        return [line.what for line in self.journal.lines]

    def pair_equals(self) -> None:
        """Let the sync know what stands in both calendars from the start, as a first sync does."""
        for person in self.company.people:
            google = self.journal.shown("google", person.email)
            for activity in self.journal.shown("severa", person.email).values():
                for event in google.values():
                    if (event.title, event.start) == (activity.title, activity.start):
                        self.journal.pair(activity.id, event.id)


@asynccontextmanager
async def serving(world: World) -> AsyncIterator[ClientSession]:
    """Serve a world's page and yield a session that asks it."""
    app = make_page(world.sandbox, world.company, journal=world.journal, process=world.process)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        world.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        timeout = ClientTimeout(total=10)
        async with ClientSession(world.url, timeout=timeout, headers=OWN) as session:
            yield session
    finally:
        await runner.cleanup()


async def week(http: ClientSession, person: str = ANNA, **query: str) -> dict[str, Any]:
    async with http.get("/api/week", params={"person": person, **query}) as answer:
        assert answer.status == 200, await answer.text()
        found: dict[str, Any] = await answer.json()
        return found


async def do(
    http: ClientSession, method: str, path: str, body: Any = None, person: str = ANNA
) -> tuple[int, dict[str, Any]]:
    async with http.request(method, path, params={"person": person}, json=body) as answer:
        return answer.status, await answer.json()


def titled(shown: dict[str, Any], side: str, title: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = [entry for entry in shown[side] if entry["title"] == title]
    assert len(found) == 1, f"{title} is {len(found)} times in {side}"
    return found[0]
