"""Looking at the company's Severa in a round: what changed, near windows, and a part of all the rest."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from heapq import nsmallest
from math import ceil
from typing import Final

from daemon.core.account import Account, Settings, Stage
from daemon.core.entry import differing
from daemon.core.link import Side
from daemon.core.record import Record
from daemon.core.seen import Activity
from daemon.errors import CompanyRefused, SyncError
from daemon.sync.observe import told
from daemon.sync.ports import Transaction
from daemon.sync.pull import USERS_A_NEAR_LISTING, Pull
from daemon.sync.tools import Tools

LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
SWEEP: Final = timedelta(hours=24)
COMPANY_LISTINGS: Final = 3
"""What changed in the company is three listings, one for each kind of activity."""
NEAR_COST: Final = 3
"""What it takes at least to list near windows, likewise."""
NEAR_EVERY: Final = timedelta(seconds=10)
"""How often one user's clicks bring a listing of the near window."""
USERS_A_SWEEP: Final = 100
"""How many users' links are asked for in one question."""
QUESTIONS_MAX: Final = 25
"""How many such questions a round's sweep asks at most; the next one goes on behind them."""
OVERDUE: Final = SWEEP * 0.8
"""Links that nobody looked at for so long go before all others, and there is time to come to each of them."""
SWEEP_MIN: Final = 50
"""So many links a round's sweep may read, however little of the budget is left."""
SWEEP_COST: Final = 2
"""How many requests it takes to look at a link again: itself and its people."""


class CompanyLook:
    """Looks at Severa for everybody at once; one look at a time."""

    def __init__(self, tools: Tools, pull: Pull) -> None:
        self._tools, self._pull = tools, pull
        self._listed_at: dict[str, datetime] = {}
        """When a listing of each user's near window ended; as many as there are users."""
        self._swept = 0
        self._began, self._spent_before, self._part = LONG_AGO, 0, 1.0
        """When the round began, how many requests to Severa had gone by then, and its part of an interval's budget."""
        self._alone: set[str] = set()
        """Users whose near windows could not be listed with others': one of them may be the reason."""
        self._looking = asyncio.Lock()
        self._looked_at = LONG_AGO
        """When the latest listing of the company's changes began."""

    async def look(self, accounts: Sequence[Account], cause: str) -> SyncError | None:
        """Look at changes, near windows and a part of the rest; return why not where that failed."""
        now, before, interval = self._tools.now(), self._began, self._tools.rules.poll_interval
        # A round that follows soon upon another has only what has come in since.
        self._part = min(1.0, (now - before) / interval) if now > before else 1.0
        self._began, self._spent_before = now, self._tools.severa_spent()
        synced = _synced(accounts)
        try:
            await self._look_at_changes(cause)
        except CompanyRefused:
            raise
        except SyncError as error:
            return error
        await self._look_on(self._batch(synced), cause)
        await self._sweep(synced)
        return None

    def has_more(self, accounts: Sequence[Account]) -> bool:
        """Tell whether `look_on` has near windows to list in this round."""
        return self._near_left() > 0 and bool(self._batch(_synced(accounts)))

    async def look_on(self, accounts: Sequence[Account], cause: str) -> None:
        """List further near windows, the oldest first, in half of what the round leaves of Severa's budget (R2).

        What fails comes with a later round, which tells of a Severa that does not answer.
        """
        synced = _synced(accounts)
        while (batch := self._batch(synced)) and self._near_left() > 0:
            if self._tools.is_stopping() or not await self._look_on(batch, cause):
                return

    async def _look_on(self, batch: Sequence[Account], cause: str) -> bool:
        """List near windows; those that cannot be listed hold up neither the round nor the next ones (R3)."""
        try:
            await self._look_near(batch, cause)
        except CompanyRefused:
            raise
        except SyncError:
            self._listed_at |= {account.user.guid: self._tools.now() for account in batch}
            self._alone |= {account.user.guid for account in batch}
            return False
        self._alone -= {account.user.guid for account in batch}
        return True

    def _batch(self, accounts: Sequence[Account]) -> list[Account]:
        """Return the users whose near windows were listed longest ago, and not in this round yet."""
        now, listed = self._tools.now(), dict[str, datetime]()
        for account in accounts:
            at = self._listed_at.get(account.user.guid, LONG_AGO)
            listed[account.user.guid] = at if at <= now else LONG_AGO  # The clock was set back.
        waiting = [account for account in accounts if listed[account.user.guid] < self._began]
        batch = nsmallest(USERS_A_NEAR_LISTING, waiting, key=lambda a: listed[a.user.guid])
        if batch and batch[0].user.guid in self._alone:
            return batch[:1]
        return [account for account in batch if account.user.guid not in self._alone]

    def _left(self) -> float:
        """Return how many requests the round may still make, had it the whole interval."""
        rules = self._tools.rules
        whole = rules.severa_per_second * rules.poll_interval.total_seconds() * self._part
        return whole - (self._tools.severa_spent() - self._spent_before)

    def _near_left(self) -> float:
        """Return how many requests near windows may still take; the other half is for what people and sweeps need."""
        rules = self._tools.rules
        whole = rules.severa_per_second * rules.poll_interval.total_seconds() * self._part
        whole -= COMPANY_LISTINGS
        return self._left() - whole / 2 - NEAR_COST

    async def look_for(self, account: Account, cause: str) -> SyncError | None:
        """Look at what changed, and at one user's near window, unless that was done just now (T1)."""
        now, listed_at = self._tools.now(), self._listed_at.get(account.user.guid, LONG_AGO)
        try:
            async with self._looking:
                if self._looked_at < now:  # Else somebody began to look after we were asked.
                    await self._changes(cause)
            if listed_at + NEAR_EVERY <= now:
                await self._look_near([account], cause)
        except CompanyRefused:
            raise
        except SyncError as error:
            return error
        return None

    async def _look_at_changes(self, cause: str) -> None:
        async with self._looking:
            await self._changes(cause)

    async def _changes(self, cause: str) -> None:
        began = self._tools.now()
        for twin in await self._pull.severa_changes(cause=cause):
            await self._remove_twin(twin)
        self._looked_at = began

    async def _look_near(self, accounts: Sequence[Account], cause: str) -> None:
        if accounts:
            await self._pull.near_window(accounts, cause=cause)
            self._listed_at |= {account.user.guid: self._tools.now() for account in accounts}

    async def _remove_twin(self, twin: Activity) -> None:
        """Remove what a late create of ours made beside the activity that is linked, if nobody touched it."""

        async def asked(tx: Transaction) -> tuple[Account | None, Settings]:
            return await tx.account(twin.user), await tx.settings()

        account, settings = await self._tools.store.read(asked)
        if account is None or not settings.api_user or twin.created_by != settings.api_user:
            return
        try:
            now = await self._tools.severa.read(account.user, twin.ref)
            if now is not None and _is_untouched(twin, now):
                await self._tools.severa.remove(account.user, now)
                self._tools.report("twin.removed", activity=twin.ref)
        except CompanyRefused:
            raise
        except SyncError:
            self._tools.report("twin.left", activity=twin.ref)

    async def _sweep(self, accounts: Sequence[Account]) -> None:
        """Look at the links that nobody looked at longest, so that each is seen once in 24 hours (D4)."""
        now, interval = self._tools.now(), self._tools.rules.poll_interval
        links = await self._tools.store.read(lambda tx: tx.count_links())
        most = max(SWEEP_MIN, int(self._left() / 2 / SWEEP_COST))
        count = min(most, ceil(links * interval * self._part / OVERDUE))
        groups = self._next_to_sweep([account.user.guid for account in accounts])

        async def work(tx: Transaction) -> None:
            records = dict[str, Record]()
            asked = [(group, OVERDUE) for group in groups] + [(groups[0], interval)]
            for users, age in asked:
                found = await tx.records_unlooked(users, now - age, count)
                records |= {record.link.id: record for record in found}
                if len(records) >= count:
                    break
            pulled = {account.user.guid for account in accounts}
            doubting = [_doubting(one, now, pulled) for one in [*records.values()][:count]]
            await tx.save([told(self._tools, record, Side.SEVERA) for record in doubting])

        if count and groups:
            await self._tools.store.write(work)

    def _next_to_sweep(self, users: Sequence[str]) -> list[Sequence[str]]:
        """Return the users in groups, beginning with the one whose turn it is; every group is first in turn."""
        groups = [users[at : at + USERS_A_SWEEP] for at in range(0, len(users), USERS_A_SWEEP)]
        start = self._swept % len(groups) if groups else 0
        self._swept = start + 1
        return [*groups[start:], *groups[:start]][:QUESTIONS_MAX]


def _synced(accounts: Sequence[Account]) -> list[Account]:
    return [a for a in accounts if a.stage in (Stage.WRITING, Stage.DONE)]


def _is_untouched(twin: Activity, now: Activity) -> bool:
    """Tell whether an activity is just as it was made."""
    is_plain = now.is_bare and not now.has_hours and not now.members and now.updated_at is None
    return is_plain and not differing(now.entry, twin.entry) and now.created_by == twin.created_by


def _doubting(record: Record, now: datetime, pulled: Collection[str]) -> Record:
    """Doubt Severa's side, and Google's where the calendar that speaks is one that nobody lists (E1)."""
    speaks, sides = record.link.google, {Side.SEVERA}
    if speaks is not None and speaks.user not in pulled:
        sides.add(Side.GOOGLE)
    link = replace(record.link, doubted=record.link.doubted | sides)
    # Stamped already now: one that cannot be read is not to hold up those behind it.
    cause = record.cause if record.due_at else "sweep"
    return replace(record, link=link, due_at=record.due_at or now, cause=cause, looked_at=now)
