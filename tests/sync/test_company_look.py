"""How Severa is looked at for everybody: no link is forgotten, and nobody's window holds the others up (D4, R2, R3)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from daemon.core.account import Account, Stage
from daemon.core.company import User
from daemon.core.link import Base, Link, Side
from daemon.core.record import Record
from daemon.errors import Transient
from daemon.sync.companylook import CompanyLook
from daemon.sync.hands import Hands
from daemon.sync.tools import Rules
from tests.core.given import NOW, activity, copy, entry
from tests.doubles.store import MemoryStore

INTERVAL = timedelta(minutes=20)
"""Longer than it is, so that a day has few rounds."""


class Severa:
    """Stands where everything is listed; the windows of some users cannot be."""

    def __init__(self, *rotten: str) -> None:
        self.rotten, self.listed = frozenset(rotten), list[list[str]]()

    async def near_window(self, accounts: Sequence[Account], *, cause: str) -> None:
        users = [account.user.guid for account in accounts]
        self.listed.append(users)
        if self.rotten & set(users):
            raise Transient("Severa answered 500.")

    async def severa_changes(self, *, cause: str) -> list[Any]:
        return []


class Company:
    """So many users, each with so many links."""

    def __init__(self, users: int, links: int, severa: Severa) -> None:
        self.store, self.now = MemoryStore(), NOW
        self.accounts = [account(f"u{number}") for number in range(users)]
        self._links = links
        tools = SimpleNamespace(
            store=self.store,
            now=lambda: self.now,
            rules=Rules(poll_interval=INTERVAL, severa_per_second=1000.0),
            severa_spent=lambda: 0,
            is_stopping=lambda: False,
            hands=Hands(),
        )
        self._look = CompanyLook(cast("Any", tools), cast("Any", severa))

    async def furnish(self) -> None:
        await self.store.write(
            lambda tx: tx.save([
                Record(
                    Link(
                        f"{one.user.guid}-{number}",
                        Side.SEVERA,
                        activity(entry(), ref=f"{one.user.guid}-{number}", user=one.user.guid),
                        (copy(entry(), ref=f"e-{one.user.guid}-{number}", user=one.user.guid),),
                        one.user.guid,
                        Base(entry(), entry()),
                    ),
                    looked_at=self.now,
                )
                for one in self.accounts
                for number in range(self._links)
            ])
        )  # fmt: skip

    async def round(self) -> object:
        self.now += INTERVAL
        return await self._look.look(self.accounts, "poll")

    async def looks(self) -> list[datetime]:
        async def work(tx: Any) -> list[Record]:
            return [r for one in self.accounts for r in await tx.records_of_user(one.user.guid)]

        records = await self.store.read(work)
        return [record.looked_at for record in records if record.looked_at is not None]


def account(guid: str) -> Account:
    user = User(guid, f"{guid}@example.com", guid)
    return Account(user, is_enabled=True, address=user.email, stage=Stage.DONE)


@pytest.mark.parametrize(("users", "links"), [(3, 40), (101, 4)])
async def test_every_link_is_looked_at_within_a_day_however_many_users_there_are_d4(
    users: int, links: int
) -> None:
    company = Company(users, links, Severa())
    await company.furnish()

    for _ in range(8):
        for _ in range(timedelta(hours=6) // INTERVAL):
            await company.round()
        assert min(await company.looks()) >= company.now - timedelta(hours=24)


async def test_a_window_that_cannot_be_listed_holds_up_nobody_else_r3() -> None:
    severa = Severa("u7")
    company = Company(200, 0, severa)

    for _ in range(60):
        assert await company.round() is None, "what changed is decided on"

    listed = [user for users in severa.listed if "u7" not in users for user in users]
    assert set(listed) == {f"u{number}" for number in range(200)} - {"u7"}


async def test_a_clock_that_is_set_back_stops_no_listing_d4() -> None:
    severa = Severa()
    company = Company(3, 0, severa)
    await company.round()
    company.now -= timedelta(hours=1)

    await company.round()

    assert severa.listed == [["u0", "u1", "u2"]] * 2
