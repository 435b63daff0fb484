"""One round: look at both sides, then bring every entry as far as it will go."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, TypeVar

from daemon.core.account import Account, Settings, Stage, State
from daemon.core.company import User
from daemon.core.policy import Policy
from daemon.core.schedule import is_due, is_present
from daemon.errors import CompanyRefused, SyncError, Transient, UserRefused
from daemon.sync.anew import begin_anew
from daemon.sync.companylook import CompanyLook
from daemon.sync.firstsync import FirstSync
from daemon.sync.polls import Polls
from daemon.sync.ports import Transaction
from daemon.sync.pull import Pull
from daemon.sync.settle import Settle
from daemon.sync.states import States
from daemon.sync.tools import Tools, policy_of

R = TypeVar("R")

LOOKS_AT_ONCE: Final = 8
COMPANY_EVERY: Final = timedelta(minutes=5)
"""How often users and activity types are listed again."""
FIRST_SYNC_ENTRIES: Final = 200
ENTRIES_A_ROUND: Final = 400
"""How many entries of one user a round brings further: the next look is not to wait for all of them."""
USERS_AT_ONCE: Final = 8
USERS_ASKED_ABOUT: Final = 50
MORE: Final = "more"
"""The cause of a round that goes on with what the last one left."""


class Engine:
    """Keeps both calendars of every enabled user in step; one round at a time."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._pull = Pull(tools)
        self._company_read_at: datetime | None = None
        self._polling = asyncio.Lock()
        self._states = States(tools)
        self._company = CompanyLook(tools, self._pull)
        self.polls = Polls(tools)
        self.looked_at: dict[str, datetime] = {}
        """When each user's calendar was last looked at without a fault; as many as there are users."""

    async def round(self, *, cause: str) -> bool:
        """Look and settle once, for everybody who is enabled and present; tell whether all is done.

        A first sync writes a little in each round, so that it does not hold up the other users. With the cause `MORE`
        it goes on with what the last round left, and looks again at nobody before the time.

        Raises:
            CompanyRefused: Nothing works for anybody; it is kept in the settings and told once.
            SyncError: Severa could not be looked at; what was stored before is safe.
        """
        async with self._polling, self._tools.gate.shared():
            if not await self._is_on():
                return True
            async with self._telling_faults():
                is_done = await self._round(
                    "poll" if cause == MORE else cause, is_more=cause == MORE
                )
            await self._states.note_fault("")
            return is_done

    async def serve(self, user: str, *, cause: str, is_whole: bool = False) -> bool:
        """Look at one user's calendar and settle what is due there, beside a round; tell whether all is done.

        Severa is looked at as well where that `is_whole`. Else what is written to there is read right before, and shows
        what changed.

        Raises:
            CompanyRefused: Nothing works for anybody; it is kept in the settings and told once.
            SyncError: Severa could not be looked at; what was stored before is safe.
        """
        async with self._tools.gate.shared():
            account = await self._served(user)
            if account is None:
                return True
            if account.stage is not Stage.DONE:
                self.polls.look_again(user)
                return False  # A first sync goes on in the rounds; another one will see what was told now.
            async with self._telling_faults():
                policy = await policy_of(self._tools.store, self._tools.rules)
                blind = await self._company.look_for(account, cause) if is_whole else None
                began = self._tools.now()
                looked = await self._look_at_google([account], policy, cause)
                if blind is not None:
                    raise blind
                return await self._settle(looked, policy, began) if looked else True

    async def serve_activity(self, ref: str, user: str, *, cause: str) -> bool:
        """Look at one activity that `user` says has changed, and settle it for everybody who shares it (T2).

        Raises:
            SyncError: Severa could not be looked at; the next round will.
        """
        async with self._tools.gate.shared():
            if not await self._is_well():
                return True
            async with self._telling_faults():
                began = self._tools.now()
                entries = await self._pull.activity(ref, user, cause=cause)
                return await self._settle_entries(entries, began) if entries else True

    async def between_rounds(self, work: Callable[[Tools], Awaitable[R]]) -> R:
        """Run something that no look and no write may cross, with the engine's own tools."""
        async with self._tools.gate.alone():
            return await work(self._tools)

    async def _is_on(self) -> bool:
        return (await self._tools.store.read(lambda tx: tx.settings())).is_on

    async def _is_well(self) -> bool:
        """Tell whether it is worth while to work beside the rounds.

        They find out when a fault is over, and begin anew with a database that is a backup, which knows too little.
        """
        settings = await self._tools.store.read(lambda tx: tx.settings())
        return settings.is_on and not settings.fault and not settings.is_copy

    @asynccontextmanager
    async def _telling_faults(self) -> AsyncIterator[None]:
        """Note what is wrong for the whole company."""
        try:
            yield
        except CompanyRefused as error:
            await self._states.note_fault(str(error))
            raise

    async def _served(self, user: str) -> Account | None:
        """Return the account of a user who may be synced now."""
        now = self._tools.now()
        account = await self._tools.store.read(lambda tx: tx.account(user))
        if account is None or not await self._is_well():
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
            settings = await tx.settings()
            accounts = {account.user.guid: account for account in await tx.accounts()}
            if accounts and not accounts.keys() & {user.guid for user in users}:
                raise CompanyRefused(
                    "This is another Severa company than before: none of its users is known.",
                    hint="Correct [severa] in the configuration, or start with a new database.",
                )
            renewed_accounts = [_renewed(accounts.get(user.guid), user) for user in users]
            await tx.save_accounts([a for a in renewed_accounts if a != accounts.get(a.user.guid)])
            renewed = replace(settings, types=types)
            if renewed != settings:
                await tx.save_settings(renewed)
            await tx.prune_history(self._tools.now() - self._tools.rules.history)
            return renewed

        renewed = await self._tools.store.write(work)
        self._company_read_at = self._tools.now()
        return renewed

    # One round

    async def _round(self, cause: str, *, is_more: bool) -> bool:
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
                await self._states.move(account, State.PAUSED, barred[account.user.guid])
        due = [a for a in present if is_due(a, now) and a.user.guid not in barred]
        if not due:
            return True
        policy = await policy_of(self._tools.store, self._tools.rules)
        blind = await self._company.look(due, cause)
        due = await self._read_again(due)
        polled = self.polls.chosen(due, is_more=is_more)
        began = self._tools.now()
        # A Severa that has just failed is asked no further in this round.
        listed = [] if blind else due
        asked = {account.user.guid for account in polled}
        rest = [account for account in due if account.user.guid not in asked]

        async def settled() -> bool:
            looked = await self._look_at_google(polled, policy, cause)
            if blind is not None:
                raise blind  # What Google showed is stored; deciding waits until Severa can be looked at.
            return await self._settle(looked, policy, began, others=rest)

        return await self._beside(settled(), listed, cause)

    async def _read_again(self, accounts: Sequence[Account]) -> list[Account]:
        """Return the accounts as they are now: what was seen in Severa may have moved their stage."""
        everybody = await self._tools.store.read(lambda tx: tx.roster())
        current = [everybody.get(account.user.guid) for account in accounts]
        return [account for account in current if account is not None and account.is_enabled]

    def _is_present(self, account: Account, now: datetime) -> bool:
        rules = self._tools.rules
        is_there = not rules.is_login_required or is_present(account, now, rules.presence_ttl)
        return account.is_enabled and account.user.is_active and is_there

    async def _wait(self, accounts: Sequence[Account]) -> None:
        for account in accounts:
            if account.user.is_active:
                await self._states.move(account, State.WAITING, "Not logged in to Severa.")
            else:
                await self._states.move(account, State.PAUSED, "The user is inactive in Severa.")

    async def _beside(
        self, working: Coroutine[Any, Any, bool], accounts: Sequence[Account], cause: str
    ) -> bool:
        """List further near windows of `accounts` while the round goes on, which waits for none of them."""
        if not self._company.has_more(accounts):
            return await working

        async def near() -> None:
            with self._tools.lane("", is_background=True):
                await self._company.look_on(accounts, cause)

        is_done, listed = await asyncio.gather(working, near(), return_exceptions=True)
        for result in (is_done, listed):
            if isinstance(result, BaseException):
                raise result
        return is_done is True

    async def _look_at_google(
        self, accounts: Sequence[Account], policy: Policy, cause: str
    ) -> list[Account]:
        slots = asyncio.Semaphore(LOOKS_AT_ONCE)
        faults: list[CompanyRefused] = []

        async def look(account: Account) -> Account | None:
            is_first = account.stage is not Stage.DONE
            async with slots:
                with self._tools.lane(account.user.guid, is_background=is_first):
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
        self.polls.looked(account.user.guid)
        try:
            if account.stage in (Stage.LISTING, Stage.MATCHING):
                await self._states.move(account, State.FIRST_SYNC, "")
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
            await self._states.fail(account, State.PAUSED, error)
        except SyncError as error:
            await self._states.fail(account, State.FAILING, error)
        except Exception as error:
            self._tools.report("user.fault", user=account.user.guid, exc_info=error)
            fault = SyncError(f"A fault of this program: {type(error).__name__}.")
            await self._states.fail(account, State.FAILING, fault)
        else:
            return account
        return None

    async def _settle(
        self,
        accounts: Sequence[Account],
        policy: Policy,
        began: datetime,
        *,
        others: Sequence[Account] = (),
    ) -> bool:
        """Settle what is due for those who were looked at, and for `others`, whose turn to be polled it is not."""
        everybody = await self._tools.store.read(lambda tx: tx.roster())
        # Whoever was switched off while their calendar was looked at is left alone from here on.
        accounts = [a for a in accounts if _is_same_sync(a, everybody.get(a.user.guid))]
        others = [a for a in others if _is_same_sync(a, everybody.get(a.user.guid))]
        looked = [account.user.guid for account in accounts]
        settle = Settle(self._tools, policy, everybody, began=began, looked=looked)
        is_done = await self._settle_each(settle, [*accounts, *others])
        for account in [*accounts, *others]:
            guid = account.user.guid
            if error := settle.refused_users.get(guid):
                await self._states.fail(account, State.PAUSED, error)
            elif guid in settle.looked:
                self.looked_at[guid] = self._tools.now()
                await self._states.finish(account, is_done=is_done[guid])
        return all(is_done.values())

    async def _settle_each(self, settle: Settle, accounts: Sequence[Account]) -> dict[str, bool]:
        """Settle some of what is due for each user, a few users at once; tell of each whether that was all."""
        idle = await self._idle(accounts)
        slots = asyncio.Semaphore(USERS_AT_ONCE)

        async def one(account: Account) -> bool:
            is_first = account.stage is not Stage.DONE
            most = FIRST_SYNC_ENTRIES if is_first else ENTRIES_A_ROUND
            if account.user.guid in idle:
                return True
            async with slots:
                with self._tools.lane(account.user.guid, is_background=is_first):
                    return await settle.run([account.user.guid], most=most)

        # Not a TaskGroup: all are to end by themselves, and a fault of the store is to be raised as itself.
        done = await asyncio.gather(*map(one, accounts), return_exceptions=True)
        is_done = {}
        for account, result in zip(accounts, done, strict=True):
            if isinstance(result, BaseException):
                raise result
            is_done[account.user.guid] = result
        return is_done

    async def _idle(self, accounts: Sequence[Account]) -> set[str]:
        """Return users for whom nothing is due, asked for many at once: most have nothing in most rounds."""
        now, idle = self._tools.now(), set[str]()

        async def none_of(tx: Transaction, users: Sequence[str]) -> bool:
            return not await tx.records_due(now, users, 1)

        for start in range(0, len(accounts), USERS_ASKED_ABOUT):
            users = [account.user.guid for account in accounts[start : start + USERS_ASKED_ABOUT]]
            if len(users) > 1 and await self._tools.store.read(partial(none_of, users=users)):
                idle |= set(users)
        return idle

    async def _settle_entries(self, entries: Sequence[str], began: datetime) -> bool:
        """Settle these entries whoever of those who share them is there (E1)."""
        everybody = await self._tools.store.read(lambda tx: tx.roster())
        policy = await policy_of(self._tools.store, self._tools.rules)
        settle = Settle(self._tools, policy, everybody, began=began, only=entries)
        is_done = await settle.run(
            ()
        )  # Whose they are does not matter where the entries are named.
        for guid, error in settle.refused_users.items():
            account = everybody.get(guid)
            if account is not None and account.is_enabled:
                await self._states.fail(account, State.PAUSED, error)
        return is_done


def _is_same_sync(account: Account, now: Account | None) -> bool:
    """Tell whether a user's sync is on, and was not switched off and on since the account was read."""
    return now is not None and now.is_enabled and now.enabled_at == account.enabled_at


def _renewed(account: Account | None, user: User) -> Account:
    """Return a user's account with what Severa says now; the first address counts until it is confirmed anew (A5)."""
    if account is None:
        return Account(user, address=user.email)
    return replace(account, user=user, address=account.address or user.email)
