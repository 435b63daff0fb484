"""A push served in companies of different size, side by side: what one costs is not to grow with the company."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from statistics import median

from daemon.core.account import Account, Settings, Stage, State
from daemon.core.company import ActivityType, Category, User
from daemon.core.entry import Entry, Timed
from daemon.store.secrets import key_in
from daemon.store.store import SqlStore
from daemon.sync.engine import Engine
from daemon.sync.tools import Tools
from tests.doubles.google import GoogleDouble
from tests.doubles.severa import Company, SeveraDouble

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
MEETING = ActivityType("meeting", "Meeting", Category.CALENDAR_ENTRY, is_default=True)


@dataclass
class Served:
    """One company, of which the first user is pushed for."""

    engine: Engine
    google: GoogleDouble
    severa: SeveraDouble
    user: User
    numbers: Iterator[int]

    async def push(self) -> float:
        """Let somebody make an event, serve the push, and return the seconds of CPU that took."""
        number = next(self.numbers)
        start = NOW + timedelta(hours=number)
        entry = Entry(title=f"E{number}", when=Timed(start, start + timedelta(hours=1)))
        self.google.person_add(self.user.guid, entry)
        before = time.process_time()
        await self.engine.serve(self.user.guid, cause="push")
        return time.process_time() - before


@asynccontextmanager
async def company_of(size: int, path: Path) -> AsyncIterator[Served]:
    """Open a company of so many users who all use the sync and are done with their first."""
    people = tuple(User(f"g{n:05}", f"u{n:05}@example.com", f"U{n}") for n in range(size))
    first, numbers = people[:1], count(1)
    severa = SeveraDouble(Company(first, (MEETING,)), now=lambda: NOW)
    google = GoogleDouble(people=first, now=lambda: NOW)
    path.mkdir()
    key = key_in(path / "key")
    async with await SqlStore.open(f"sqlite:///{path}/db", key) as store:
        await store.write(lambda tx: tx.save_settings(_settings()))
        accounts = [replace(_account(user), cursor="0:0") for user in people]
        await store.write(lambda tx: tx.save_accounts(accounts))
        tools = Tools(
            severa=severa,
            google=google,
            store=store,
            now=lambda: NOW,
            new_id=lambda: f"{next(numbers):032}",
            chance=lambda: 0.5,
            report=lambda event, /, **fields: None,
        )
        yield Served(Engine(tools), google, severa, people[0], count(1))


async def ratio(small: int, large: int, path: Path, *, pushes: int, warm_up: int = 3) -> float:
    """Return what a push costs in the large company, as a multiple of the small one; they take turns."""
    async with company_of(small, path / "small") as few, company_of(large, path / "large") as many:
        took: dict[int, list[float]] = {small: [], large: []}
        for number in range(warm_up + pushes):
            for size, company in ((small, few), (large, many)):
                seconds = await company.push()
                if number >= warm_up:
                    took[size].append(seconds)
        for company in (few, many):
            assert len(company.severa.rows) == warm_up + pushes, "each push brought its event over"
    return median(took[large]) / median(took[small])


def _account(user: User) -> Account:
    return Account(
        user,
        is_enabled=True,
        address=user.email,
        state=State.IDLE,
        stage=Stage.DONE,
        enabled_at=NOW - timedelta(days=1),
        last_seen_at=NOW,
    )


def _settings() -> Settings:
    return Settings(
        is_on=True,
        selected=frozenset({MEETING.guid}),
        types=(MEETING,),
        cursor=NOW.isoformat(),
    )
