"""One round: look at both sides, then bring every entry as far as it will go."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Final, TypeVar

from daemon.core.account import Account, Settings, Stage, State
from daemon.core.company import User
from daemon.core.entry import differing
from daemon.core.link import Side
from daemon.core.policy import Policy
from daemon.core.record import Record
from daemon.core.schedule import is_due, is_present, pause
from daemon.core.seen import Activity
from daemon.errors import CompanyRefused, RateLimited, Refused, SyncError, Transient, UserRefused
from daemon.sync.anew import begin_anew
from daemon.sync.firstsync import FirstSync
from daemon.sync.observe import told
from daemon.sync.ports import Transaction
from daemon.sync.pull import USERS_A_NEAR_LISTING, Pull
from daemon.sync.settle import Settle
from daemon.sync.tools import Tools, policy_of

R = TypeVar("R")

LOOKS_AT_ONCE: Final = 8
LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
COMPANY_EVERY: Final = timedelta(minutes=5)
"""How often users and activity types are listed again."""
FIRST_SYNC_PASSES: Final = 2
SWEEP: Final = timedelta(hours=24)
USERS_A_SWEEP: Final = 100
SWEEP_MAX: Final = 50
"""Links that one round's sweep reads at most."""


class Engine:
    """Keeps both calendars of every enabled user in step; one round at a time."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._pull = Pull(tools)
        self._company_read_at: datetime | None = None
        self._polling = asyncio.Lock()
        self._listed_at: dict[str, datetime] = {}
        self._told_fault = ""
        self._swept = 0
        self.looked_at: dict[str, datetime] = {}
        """When each user's calendar was last looked at without a fault; as many as there are users."""

    async def round(self, *, cause: str) -> bool:
        """Look and settle once, for everybody who is enabled and present; tell whether all is done.

        A first sync writes a little in each round, so that it does not hold up the other users.

        Raises:
            CompanyRefused: Nothing works for anybody; it is kept in the settings and told once.
            SyncError: Severa could not be looked at; what was stored before is safe.
        """
        async with self._polling, self._tools.gate.shared():
            if not await self._is_on():
                return True
            async with self._telling():
                return await self._round(cause)

    async def serve(self, user: str, *, cause: str) -> bool:
        """Look at one user's calendar and settle what is due there, beside a round; tell whether all is done.

        Severa is not listed for that: what is written to is read right before, and shows what changed there.

        Raises:
            CompanyRefused: Nothing works for anybody; it is kept in the settings and told once.
        """
        async with self._tools.gate.shared():
            account = await self._served(user)
            if account is None:
                return True
            async with self._telling():
                policy = await policy_of(self._tools.store, self._tools.rules)
                began = self._tools.now()
                looked = await self._look_at_google([account], policy, cause)
                return await self._settle(looked, policy, began) if looked else True

    async def serve_activity(self, ref: str, user: str, *, cause: str) -> bool:
        """Look at one activity that `user` says has changed, and settle it for everybody who shares it (T2).

        Raises:
            SyncError: Severa could not be looked at; the next round will.
        """
        async with self._tools.gate.shared():
            if not await self._is_on():
                return True
            async with self._telling():
                began, entries = (
                    self._tools.now(),
                    await self._pull.activity(ref, user, cause=cause),
                )
                return await self._settle_entries(entries, began) if entries else True

    async def between_rounds(self, work: Callable[[Tools], Awaitable[R]]) -> R:
        """Run something that no look and no write may cross, with the engine's own tools."""
        async with self._tools.gate.alone():
            return await work(self._tools)

    async def _is_on(self) -> bool:
        return (await self._tools.store.read(lambda tx: tx.settings())).is_on

    @asynccontextmanager
    async def _telling(self) -> AsyncIterator[None]:
        """Note what is wrong for the whole company, or that nothing is any more."""
        try:
            yield
        except CompanyRefused as error:
            await self._note_fault(str(error))
            raise
        await self._note_fault("")

    async def _served(self, user: str) -> Account | None:
        """Return the account of a user whose first sync is done and who may be synced now."""
        now = self._tools.now()
        account = await self._tools.store.read(lambda tx: tx.account(user))
        if account is None or account.stage is not Stage.DONE or not await self._is_on():
            return None
        is_there = self._is_present(account, now) and is_due(account, now)
        return account if is_there and not account.bar(self._tools.rules.domains) else None

    async def refresh_company(self) -> Settings:
        """List users and activity types and keep them.

        Raises:
            SyncError: Severa could not be asked, or it is another company's (D5).
        """
        types, users = await self._tools.severa.types(), await self._tools.severa.users()
        if not users:
            raise Transient("Severa listed no users at all.")

        async def work(tx: Transaction) -> Settings:
            settings, guids = await tx.settings(), frozenset(user.guid for user in users)
            if settings.user_guids and not settings.user_guids & guids:
                raise CompanyRefused(
                    "This is another Severa company than before: none of its users is known.",
                    hint="Correct [severa] in the configuration, or start with a new database.",
                )
            accounts = {account.user.guid: account for account in await tx.accounts()}
            renewed_accounts = [_renewed(accounts.get(user.guid), user) for user in users]
            await tx.save_accounts([a for a in renewed_accounts if a != accounts.get(a.user.guid)])
            renewed = replace(settings, types=types, user_guids=guids)
            if renewed != settings:
                await tx.save_settings(renewed)
            await tx.prune_history(self._tools.now() - self._tools.rules.history)
            return renewed

        renewed = await self._tools.store.write(work)
        self._company_read_at = self._tools.now()
        return renewed

    # One round

    async def _round(self, cause: str) -> bool:
        now = self._tools.now()
        if self._company_read_at is None or self._company_read_at + COMPANY_EVERY <= now:
            await self.refresh_company()
        await begin_anew(self._tools)
        accounts = await self._tools.store.read(lambda tx: tx.accounts())
        present = [account for account in accounts if self._is_present(account, now)]
        await self._wait([a for a in accounts if a.is_enabled and a not in present])
        domains = self._tools.rules.domains
        barred = {a.user.guid: why for a in present if (why := a.bar(domains))}
        for account in present:
            if account.user.guid in barred:
                await self._to_state(account, State.PAUSED, barred[account.user.guid])
        due = [a for a in present if is_due(a, now) and a.user.guid not in barred]
        if not due:
            return True
        policy = await policy_of(self._tools.store, self._tools.rules)
        blind = await self._look_at_severa(due, cause)
        due = await self._read_again(due)
        began, looked = self._tools.now(), await self._look_at_google(due, policy, cause)
        if blind is not None:
            raise blind  # What Google showed is stored; deciding waits until Severa can be looked at.
        return await self._settle(looked, policy, began)

    async def _read_again(self, accounts: Sequence[Account]) -> list[Account]:
        """Return the accounts as they are now: what was seen in Severa may have moved their stage."""
        current = {a.user.guid: a for a in await self._tools.store.read(lambda tx: tx.accounts())}
        return [current[a.user.guid] for a in accounts if current[a.user.guid].is_enabled]

    def _is_present(self, account: Account, now: datetime) -> bool:
        rules = self._tools.rules
        is_there = not rules.is_login_required or is_present(account, now, rules.presence_ttl)
        return account.is_enabled and account.user.is_active and is_there

    async def _wait(self, accounts: Sequence[Account]) -> None:
        for account in accounts:
            if account.user.is_active:
                await self._to_state(account, State.WAITING, "Not logged in to Severa.")
            else:
                await self._to_state(account, State.PAUSED, "The user is inactive in Severa.")

    async def _look_at_severa(self, accounts: Sequence[Account], cause: str) -> SyncError | None:
        """Look at changes, near windows and a part of the rest; return why not where that failed."""
        synced = [a for a in accounts if a.stage in (Stage.WRITING, Stage.DONE)]
        batch = sorted(synced, key=lambda a: self._listed_at.get(a.user.guid, LONG_AGO))
        batch = batch[:USERS_A_NEAR_LISTING]
        try:
            for twin in await self._pull.severa_changes(cause=cause):
                await self._remove_twin(twin)
            if batch:
                await self._pull.near_window(batch, cause=cause)
                self._listed_at |= {account.user.guid: self._tools.now() for account in batch}
        except CompanyRefused:
            raise
        except SyncError as error:
            return error
        await self._sweep(synced)
        return None

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
        users = self._next_to_sweep([account.user.guid for account in accounts])
        now, interval = self._tools.now(), self._tools.rules.poll_interval
        links = await self._tools.store.read(lambda tx: tx.count_links())
        count = min(SWEEP_MAX, ceil(links * interval / SWEEP))

        async def work(tx: Transaction) -> None:
            records = await tx.records_unlooked(users, now - interval, count)
            pulled = {account.user.guid for account in accounts}
            doubting = [_doubting(record, now, pulled) for record in records]
            await tx.save([told(self._tools, record, Side.SEVERA) for record in doubting])

        if count:
            await self._tools.store.write(work)

    def _next_to_sweep(self, users: Sequence[str]) -> Sequence[str]:
        """Return the users whose turn it is, a few in each round and all in turn."""
        start = self._swept if self._swept < len(users) else 0
        self._swept = start + USERS_A_SWEEP
        return users[start : self._swept]

    async def _look_at_google(
        self, accounts: Sequence[Account], policy: Policy, cause: str
    ) -> list[Account]:
        slots = asyncio.Semaphore(LOOKS_AT_ONCE)
        faults: list[CompanyRefused] = []

        async def look(account: Account) -> Account | None:
            async with slots:
                return None if faults else await self._look_at(account, policy, cause, faults)

        # Not a TaskGroup: all are to end by themselves, and a fault of the store is to be raised as itself.
        looked = await asyncio.gather(*map(look, accounts), return_exceptions=True)
        for result in [*faults, *looked]:
            if isinstance(result, BaseException):
                raise result
        return [account for account in looked if isinstance(account, Account)]

    async def _look_at(
        self, account: Account, policy: Policy, cause: str, faults: list[CompanyRefused]
    ) -> Account | None:
        """Look at one user's calendar; a fault stays with the user (R3)."""
        try:
            if account.stage in (Stage.LISTING, Stage.MATCHING):
                await self._to_state(account, State.FIRST_SYNC, "")
                if account.stage is Stage.MATCHING:
                    await self._pull.google_changes(account, cause=cause)
                account = await FirstSync(self._tools, self._pull, policy).go_on(account)
                if account.stage is not Stage.WRITING:
                    return None  # It was switched meanwhile, and begins anew in the next round.
            else:
                await self._pull.google_changes(account, cause=cause)
        except CompanyRefused as error:
            faults.append(error)
        except UserRefused as error:
            await self._fail(account, State.PAUSED, error)
        except SyncError as error:
            await self._fail(account, State.FAILING, error)
        except Exception as error:
            self._tools.report("user.fault", user=account.user.guid, exc_info=error)
            fault = SyncError(f"A fault of this program: {type(error).__name__}.")
            await self._fail(account, State.FAILING, fault)
        else:
            return account
        return None

    async def _settle(self, accounts: Sequence[Account], policy: Policy, began: datetime) -> bool:
        everybody = await self._tools.store.read(lambda tx: tx.accounts())
        settle = Settle(self._tools, policy, everybody, began=began)
        live = [account.user.guid for account in accounts if account.stage is Stage.DONE]
        is_done = dict.fromkeys(live, await settle.run(live))
        for account in accounts:
            if account.stage is not Stage.DONE:
                guid = account.user.guid
                is_done[guid] = await settle.run([guid], passes=FIRST_SYNC_PASSES)
        for account in accounts:
            guid = account.user.guid
            if error := settle.refused_users.get(guid):
                await self._fail(account, State.PAUSED, error)
            else:
                self.looked_at[guid] = self._tools.now()
                await self._finish(account, is_done=is_done[guid])
        return all(is_done.values())

    async def _settle_entries(self, entries: Sequence[str], began: datetime) -> bool:
        """Settle these entries whoever of those who share them is there (E1)."""
        everybody = await self._tools.store.read(lambda tx: tx.accounts())
        policy = await policy_of(self._tools.store, self._tools.rules)
        settle = Settle(self._tools, policy, everybody, began=began, only=entries)
        enabled = {account.user.guid: account for account in everybody if account.is_enabled}
        is_done = await settle.run(tuple(enabled))
        for guid, error in settle.refused_users.items():
            if guid in enabled:
                await self._fail(enabled[guid], State.PAUSED, error)
        return is_done

    # States

    async def _finish(self, account: Account, *, is_done: bool) -> None:
        """Note that a user is up to date, or how far the first sync has come; write only what is new."""
        guid, now = account.user.guid, self._tools.now()

        async def work(tx: Transaction) -> None:
            current = await tx.account(guid)
            if (
                current is None
                or not current.is_enabled
                or current.enabled_at != account.enabled_at
            ):
                return  # It was switched meanwhile: what was done belongs to the time before.
            await tx.save_accounts([await _finished(tx, current, now, is_done=is_done)])

        if account.stage is Stage.DONE and account.state is State.IDLE and not account.attempts:
            return
        await self._tools.store.write(work)

    async def _to_state(self, account: Account, state: State, reason: str) -> None:
        if (account.state, account.reason) == (state, reason):
            return

        async def work(tx: Transaction) -> None:
            current = await tx.account(account.user.guid)
            if current is not None and current.is_enabled:
                await tx.save_accounts([replace(current, state=state, reason=reason)])

        await self._tools.store.write(work)
        self._tools.report("user.state", user=account.user.guid, state=state.value)

    async def _fail(self, account: Account, state: State, error: SyncError) -> None:
        wait = pause(account.attempts, self._tools.chance())
        if isinstance(error, RateLimited) and error.retry_after is not None:
            wait = timedelta(seconds=error.retry_after)
        retry_at = self._tools.now() + wait

        async def work(tx: Transaction) -> None:
            current = await tx.account(account.user.guid)
            if current is None or not current.is_enabled:
                return
            attempts = current.attempts + 1
            failed = replace(current, state=state, reason=str(error), retry_at=retry_at)
            await tx.save_accounts([replace(failed, attempts=attempts)])

        await self._tools.store.write(work)
        reason = (error.reason if isinstance(error, Refused) else "") or type(error).__name__
        self._tools.report("user.failed", user=account.user.guid, state=state.value, reason=reason)

    async def _note_fault(self, fault: str) -> None:
        """Keep what is wrong for the whole company, and tell it once (A7)."""

        async def work(tx: Transaction) -> None:
            settings = await tx.settings()
            await tx.save_settings(replace(settings, fault=fault))

        settings = await self._tools.store.read(lambda tx: tx.settings())
        if settings.fault != fault:
            await self._tools.store.write(work)
        if fault != self._told_fault:
            event = "company.fault" if fault else "company.recovered"
            self._tools.report(event, reason=fault)
            self._told_fault = fault


async def _finished(tx: Transaction, account: Account, now: datetime, *, is_done: bool) -> Account:
    left = await tx.count_due(account.user.guid)
    has_written = account.stage is Stage.WRITING and is_done
    stage = Stage.DONE if has_written else account.stage
    return replace(
        account,
        stage=stage,
        state=State.IDLE if stage is Stage.DONE else State.FIRST_SYNC,
        reason="",
        done=account.total if stage is Stage.DONE else max(0, account.total - left),
        attempts=0,
        retry_at=None,
        last_synced_at=now,
    )


def _is_untouched(twin: Activity, now: Activity) -> bool:
    """Tell whether an activity is just as it was made."""
    is_plain = now.is_bare and not now.has_hours and not now.members and now.updated_at is None
    return is_plain and not differing(now.entry, twin.entry) and now.created_by == twin.created_by


def _renewed(account: Account | None, user: User) -> Account:
    """Return a user's account with what Severa says now; the first address counts until it is confirmed anew (A5)."""
    if account is None:
        return Account(user, address=user.email)
    return replace(account, user=user, address=account.address or user.email)


def _doubting(record: Record, now: datetime, pulled: Collection[str]) -> Record:
    """Doubt Severa's side, and Google's where the calendar that speaks is one that nobody lists (E1)."""
    speaks, sides = record.link.google, {Side.SEVERA}
    if speaks is not None and speaks.user not in pulled:
        sides.add(Side.GOOGLE)
    link = replace(record.link, doubted=record.link.doubted | sides)
    # Stamped already now: one that cannot be read is not to hold up those behind it.
    cause = record.cause if record.due_at else "sweep"
    return replace(record, link=link, due_at=record.due_at or now, cause=cause, looked_at=now)
