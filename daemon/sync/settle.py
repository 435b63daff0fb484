"""Deciding and doing: all actions of a pass are decided before the first is taken, and floods of deletions are held."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from daemon.core.account import Account, Stage
from daemon.core.guard import Census, Removal, held
from daemon.core.link import APPROVED, LIVE, Link, Side, Stand, Standing
from daemon.core.policy import Policy
from daemon.core.reconcile import Action, Create, Remove, View, Write, next_action
from daemon.core.record import Record
from daemon.core.schedule import pause
from daemon.errors import (
    CompanyRefused,
    Exists,
    Gone,
    RateLimited,
    Refused,
    Stale,
    SyncError,
    Transient,
    UserRefused,
)
from daemon.sync.apply import Apply
from daemon.sync.ports import Transaction
from daemon.sync.tools import Tools

RECORDS_A_PASS: Final = 100
PASSES_MAX: Final = 50
REMOVALS_MAX: Final = 20_000
"""How many due entries are looked through to see how large a flood of deletions is."""
WHILE_OFF: Final = "It was deleted while the sync was off."
WRITES_AN_HOUR: Final = 10
LOOPING: Final = (
    "It was written ten times within an hour; does another program sync this calendar too?"
)
LOOP_PAUSE: Final = timedelta(minutes=10)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class _Planned:
    record: Record
    action: Action | None


class Settle:
    """Brings every entry that is due as far as it will go."""

    def __init__(self, tools: Tools, policy: Policy, accounts: Sequence[Account]) -> None:
        self._tools, self._policy = tools, policy
        self._accounts = {account.user.guid: account for account in accounts}
        self._apply = Apply(tools, policy, self._accounts)
        self._slots = asyncio.Semaphore(tools.rules.writes_at_once)
        self.refused_users: dict[str, UserRefused] = {}
        self._fault: CompanyRefused | None = None
        self._holding: dict[str, str] = {}
        self._judged: frozenset[str] = frozenset()
        """The deletions of the flood that was judged last, by link id."""
        self._limited: dict[str, RateLimited] = {}
        """Who asked for a pause in this run, by user; the empty name is Severa. As many as there are users."""

    async def run(self, users: Sequence[str], *, passes: int = PASSES_MAX) -> bool:
        """Work off what is due for these users, and tell whether all of it was; what fails is left for later.

        Raises:
            CompanyRefused: Nothing can be done for anybody.
        """
        for _ in range(passes):
            if not await self._pass(self._active(users)):
                return True
            if self._fault is not None:
                raise self._fault
            if self._tools.is_stopping():
                return False
        return not await self._due(self._active(users), 1)

    def _active(self, users: Sequence[str]) -> list[str]:
        return [user for user in users if user not in self.refused_users]

    async def _pass(self, users: Sequence[str]) -> bool:
        """Read what is in doubt, or else decide and do; tell whether there was anything."""
        unread = await self._due(users, RECORDS_A_PASS, unread_only=True)
        if unread:
            await self._each(unread, self._read_back)
            return True
        records = await self._due(users, RECORDS_A_PASS)
        plan = await self._plan_all(records)
        holding = await self._held(plan, users)
        await self._hold([p.record for p in plan if p.record.link.id in holding], holding)
        await self._rest([p.record for p in plan if p.action is None])
        await self._do([p for p in plan if p.action and p.record.link.id not in holding])
        return bool(records)

    async def _due(
        self, users: Sequence[str], limit: int, *, unread_only: bool = False
    ) -> tuple[Record, ...]:
        now = self._tools.now()
        return await self._tools.store.read(
            lambda tx: tx.records_due(now, users, limit, unread_only=unread_only)
        )

    # Deciding

    async def _plan_all(self, records: Sequence[Record]) -> list[_Planned]:
        planned = [await self._plan(record) for record in records]
        return [one for one in planned if one is not None]

    async def _plan(self, record: Record) -> _Planned | None:
        try:
            return _Planned(record, self._decide(record))
        except Exception as error:
            await self._put_off_fault(record, error)
            return None

    def _decide(self, record: Record) -> Action | None:
        link = record.link
        account = self._accounts.get(record.user)
        is_waiting = account is not None and account.stage in (Stage.LISTING, Stage.MATCHING)
        if is_waiting and not link.base.is_pair:
            return None  # The first matching comes first.
        view = View(
            link,
            self._policy.severa_value(link),
            self._policy.google_value(link),
            self._tools.rules.winner,
        )
        return next_action(view)

    async def _held(self, plan: Sequence[_Planned], users: Sequence[str]) -> dict[str, str]:
        """Return why deletions are held, by link id; the whole flood is counted, not just this pass of it (D5)."""
        wanted = {removal.link_id for removal in _removals(plan)}
        if wanted <= self._judged:
            return {link_id: self._holding[link_id] for link_id in wanted & self._holding.keys()}
        whole = await self._plan_all(await self._due(users, REMOVALS_MAX))
        removals, since = _removals(whole), self._tools.now() - DAY

        async def census(tx: Transaction, user: str | None = None) -> Census:
            held_ones, removed = await tx.count_held(user), await tx.count_removals(since, user)
            return Census(await tx.count_links(user) - held_ones, removed + held_ones)

        async def censuses(tx: Transaction) -> tuple[dict[str, Census], Census]:
            owners = {removal.user for removal in removals}
            return {user: await census(tx, user) for user in owners}, await census(tx)

        each, company = await self._tools.store.read(censuses)
        self._holding = held(removals, each, company) | self._gone_while_off(removals)
        self._judged = frozenset(removal.link_id for removal in removals)
        return self._holding

    def _gone_while_off(self, removals: Sequence[Removal]) -> dict[str, str]:
        """Hold what was deleted before a user's sync was switched on again (C4)."""
        first = {g for g, a in self._accounts.items() if a.stage is not Stage.DONE}
        return {r.link_id: WHILE_OFF for r in removals if r.user in first}

    async def _hold(self, records: Sequence[Record], reasons: Mapping[str, str]) -> None:
        if not records:
            return
        waiting = [_standing(r, Stand.HELD, reasons[r.link.id]) for r in records]
        await self._tools.store.write(lambda tx: tx.save(waiting))
        for record in waiting:
            self._tools.report("entry.held", entry=record.link.id, user=record.user)

    async def _rest(self, records: Sequence[Record]) -> None:
        """Nothing is left to do about these, until somebody changes something."""
        rested = [_rested(record) for record in records]
        if rested:
            await self._tools.store.write(lambda tx: tx.save(rested))

    # Doing

    async def _each(
        self, records: Sequence[Record], work: Callable[[Record], Awaitable[Record | None]]
    ) -> list[Record]:
        # Not a TaskGroup: all are to end by themselves, and a fault of the store is to be raised as itself.
        work_ = (self._in_slot(record, work) for record in records)
        done = await asyncio.gather(*work_, return_exceptions=True)
        for result in done:
            if isinstance(result, BaseException):
                raise result
        return [result for result in done if isinstance(result, Record)]

    async def _in_slot(
        self, record: Record, work: Callable[[Record], Awaitable[Record | None]]
    ) -> Record | None:
        async with self._slots:
            return await work(record)

    async def _read_back(self, record: Record) -> Record | None:
        return await self._guarded(record, lambda: self._apply.read_back(record))

    async def _do(self, plan: Sequence[_Planned]) -> None:
        actions = {p.record.link.id: p.action for p in plan}

        async def work(record: Record) -> Record | None:
            action = actions[record.link.id]
            assert action is not None, "only what was decided is done"
            if limit := self._limited.get(_written_to(record, action)):
                await self._put_off(record, str(limit), after=limit.retry_after)
                return None
            if await self._is_looping(record, action):
                await self._put_off(record, LOOPING, after=LOOP_PAUSE.total_seconds())
                return None
            released = replace(record, link=_released(record.link))
            return await self._guarded(record, lambda: self._apply.perform(released, action))

        await self._each([p.record for p in plan], work)

    async def _is_looping(self, record: Record, action: Action) -> bool:
        """Tell whether a side was written to so often that another program must be answering us (R4)."""
        if not isinstance(action, Create | Write | Remove):
            return False
        since, entry, side = self._tools.now() - HOUR, record.link.id, action.side
        made = await self._tools.store.read(lambda tx: tx.count_writes(entry, side, since))
        return made >= WRITES_AN_HOUR

    async def _guarded(
        self, record: Record, work: Callable[[], Awaitable[Record]]
    ) -> Record | None:
        """Do it; what fails is put off or set aside, so that it stops nothing else (R3)."""
        if self._fault is not None or self._tools.is_stopping():
            return None
        try:
            return await work()
        except CompanyRefused as error:
            self._fault = error
            await self._put_off(record, "The company's set-up is at fault.", withdraw=True)
        except UserRefused as error:
            self.refused_users[error.user or record.user] = error
            await self._put_off(record, str(error), withdraw=True)
        except (Stale, Exists, Gone) as error:
            await self._doubt(record, error)
        except RateLimited as error:
            self._limited[error.user] = error
            await self._put_off(record, str(error), after=error.retry_after, withdraw=True)
        except Refused as error:
            await self._set_aside(record, error)
        except Transient as error:
            await self._put_off(record, str(error))
        except Exception as error:
            await self._put_off_fault(record, error)
        return None

    async def _put_off_fault(self, record: Record, error: Exception) -> None:
        self._tools.report("entry.fault", entry=record.link.id, exc_info=error)
        await self._put_off(record, f"A fault of this program: {type(error).__name__}.")

    async def _put_off(
        self, record: Record, problem: str, *, after: float | None = None, withdraw: bool = False
    ) -> None:
        kept = await self._current(record, withdraw=withdraw)
        wait = pause(kept.attempts, self._tools.chance())
        if after is not None:
            wait = timedelta(seconds=after)
        due_at = self._tools.now() + wait
        await self._save(replace(kept, due_at=due_at, attempts=kept.attempts + 1, problem=problem))
        self._tools.report("entry.put-off", entry=record.link.id, attempts=kept.attempts + 1)

    async def _doubt(self, record: Record, error: SyncError) -> None:
        """The world moved on since we looked: look again at once, then with growing pauses."""
        kept = await self._current(record, withdraw=False)
        claims = tuple(
            # Severa's adapter looks before it writes; Google's 412 may answer the second of two
            # requests, where the first was carried out on a connection that dropped.
            claim
            for claim in kept.link.claims
            if claim in record.link.claims or claim.side is Side.GOOGLE or isinstance(error, Exists)
        )
        link = replace(kept.link, claims=claims, doubted=frozenset(Side))
        wait = pause(kept.attempts - 2, self._tools.chance()) if kept.attempts > 1 else timedelta()
        due_at = self._tools.now() + wait
        await self._save(replace(kept, link=link, due_at=due_at, attempts=kept.attempts + 1))

    async def _set_aside(self, record: Record, error: Refused) -> None:
        kept = await self._current(record, withdraw=True)
        kept = _standing(kept, Stand.SET_ASIDE, str(error))
        await self._save(kept)
        self._tools.report("entry.set-aside", entry=record.link.id, reason=error.reason)

    async def _current(self, record: Record, *, withdraw: bool) -> Record:
        """Return the record as it is kept now, without the claim of a call that certainly did nothing."""
        kept = await self._tools.store.read(lambda tx: tx.record(record.link.id)) or record
        known = record.link.claims
        if not withdraw:
            return kept
        claims = tuple(claim for claim in kept.link.claims if claim in known)
        return replace(kept, link=replace(kept.link, claims=claims))

    async def _save(self, record: Record) -> None:
        await self._tools.store.write(lambda tx: tx.save([record]))


def _written_to(record: Record, action: Action) -> str:
    """Return whose calendar an action writes to, empty for Severa, and `-` where it writes to neither."""
    if not isinstance(action, Create | Write | Remove):
        return "-"
    if action.side is Side.SEVERA:
        return ""
    return record.link.google.user if record.link.google else record.user


def _removals(plan: Sequence[_Planned]) -> list[Removal]:
    return [
        Removal(one.record.link.id, one.record.user)
        for one in plan
        if isinstance(one.action, Remove) and one.record.link.standing != APPROVED
    ]


def _released(link: Link) -> Link:
    """Return the link as it takes part again; one being brought back stays so until that is done."""
    is_kept = link.standing.stand in (Stand.LIVE, Stand.RESTORED)
    return link if is_kept else replace(link, standing=LIVE)


def _rested(record: Record) -> Record:
    link = record.link
    if link.standing == APPROVED or link.standing.stand is Stand.RESTORED:
        link = replace(link, standing=LIVE)  # What was decided is done.
    rested = replace(record, link=link, due_at=None, noticed_at=None)
    return replace(rested, attempts=0, problem=link.standing.reason)


def _standing(record: Record, stand: Stand, reason: str) -> Record:
    link = replace(record.link, standing=Standing(stand, reason))
    return replace(record, link=link, due_at=None, problem=reason)
