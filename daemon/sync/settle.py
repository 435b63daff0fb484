"""Deciding and doing: all actions of a pass are decided before the first is taken, and floods are held."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from daemon.core.account import Account, Stage
from daemon.core.link import Link, Side, Stand
from daemon.core.policy import Policy
from daemon.core.reconcile import next_action
from daemon.core.record import Record
from daemon.core.roster import Roster
from daemon.core.view import Action, Create, Remove, Reset, Write
from daemon.errors import (
    CompanyRefused,
    Exists,
    Gone,
    RateLimited,
    Refused,
    Stale,
    SyncError,
    Unwritten,
    UsageLimited,
    UserRefused,
)
from daemon.sync.access import Access, copy_written
from daemon.sync.apply import Apply
from daemon.sync.brakes import Brakes, Planned
from daemon.sync.hands import Disturbed
from daemon.sync.limits import Limits
from daemon.sync.ports import Transaction
from daemon.sync.resting import doubting, released, rested
from daemon.sync.setbacks import Setbacks, standing
from daemon.sync.tools import Tools
from daemon.sync.viewing import Viewer

RECORDS_A_PASS: Final = 100
ENTRIES_MAX: Final = 5_000
FLOOD_MAX: Final = 20_000
"""How many due entries are looked through to see how large a flood is."""
LOOPING: Final = (
    "It was written ten times within an hour; does another program sync this calendar too?"
)
LOOP_PAUSE: Final = timedelta(minutes=10)
FIRST_STAGES: Final = (Stage.LISTING, Stage.MATCHING)


class Settle:
    """Brings every entry that is due as far as it will go."""

    def __init__(
        self,
        tools: Tools,
        policy: Policy,
        accounts: Iterable[Account],
        *,
        began: datetime | None = None,
        looked: Sequence[str] = (),
        only: Sequence[str] = (),
    ) -> None:
        """`accounts` are all users, best as a `Roster`, which costs the same however many they are.

        `looked` names the users whose calendars were looked at, `only` the entries to settle where not all are.
        """
        self._tools, self._policy, self._only = tools, policy, only
        self._began = began or tools.now()
        """When the calendars began to be looked at."""
        roster = Roster.of(accounts)
        self._accounts = dict(roster.accounts)
        self._access = Access(self._accounts, tools.rules.domains, roster.index)
        self._apply = Apply(tools, policy, self._access)
        self._brakes = Brakes(tools, self._accounts)
        self._viewer = Viewer(policy, self._access, tools.rules.winner)
        self.looked = frozenset(looked)
        self.refused_users: dict[str, UserRefused] = {}
        self._access.refused = self.refused_users
        self._fault: CompanyRefused | None = None
        self._read_anew: set[str] = set()
        """Entries with a side that another translator had read; as many as are due in a run."""
        self._setbacks = Setbacks(tools)
        self._limits = Limits(tools, self._accounts)

    async def run(self, users: Sequence[str], *, most: int = ENTRIES_MAX) -> bool:
        """Work off what is due for these users and tell whether all was; what fails is left for later.

        After `most` entries it ends, each step of an entry counted.

        Raises:
            CompanyRefused: Nothing can be done for anybody.
        """
        count = 0
        while count < most:
            done = await self._pass(self._active(users))
            if not done:
                return True
            count += done
            if self._fault is not None:
                raise self._fault
            if self._tools.is_stopping():
                return False
        return not [r for r in await self._due(self._active(users), 1) if not self._is_held(r)]

    def _is_held(self, record: Record) -> bool:
        return self._tools.hands.holds(record.link.id)

    def _active(self, users: Sequence[str]) -> list[str]:
        return [user for user in users if user not in self.refused_users]

    async def _pass(self, users: Sequence[str]) -> int:
        """Read what is in doubt, or else decide and do; return how many entries that were."""
        if not await self._due(users, 1):
            return 0
        async with self._taken(users, unread_only=True) as unread:
            if unread:
                await self._each(unread, self._read_back)
                return len(unread)
        async with self._taken(users) as records:
            # Somebody else may have left one of them in doubt since.
            if unread := [record for record in records if record.link.unread]:
                await self._each(unread, self._read_back)
                return len(unread)
            if older := [one for one in records if self._is_older(one.link)]:
                await self._doubt_older(older)
                return len(older)
            await self._do(await self._chosen(records))
            return len(records)

    @asynccontextmanager
    async def _taken(
        self, users: Sequence[str], *, unread_only: bool = False
    ) -> AsyncIterator[Sequence[Record]]:
        """Hold what is due and nobody else works on."""
        now, hands = self._tools.now(), self._tools.hands
        taken: Sequence[Record] = ()

        async def work(tx: Transaction) -> Sequence[Record]:
            # Nobody stores anything between the reading and the taking.
            nonlocal taken
            taken = hands.take(
                await self._asked(tx, now, users, RECORDS_A_PASS, unread_only=unread_only)
            )
            return taken

        try:
            yield await self._tools.store.write(work)
        finally:
            hands.drop(taken)

    async def _chosen(self, records: Sequence[Record]) -> list[Planned]:
        """Return what is to be done now; the rest is held, or rests."""
        if any(self._unmatched(record) for record in records):
            # It may be done since; while one of its entries is held no matching begins.
            self._accounts.update((await self._tools.store.read(lambda tx: tx.roster())).accounts)
        async with self._tools.hands.planning:
            plan = await self._plan_all(records)
            holding = await self._brakes.held(plan, self._plan_whole)
            chosen = [p for p in plan if p.action and p.record.link.id not in holding]
            self._brakes.let_go(chosen)
        await self._hold([p.record for p in plan if p.record.link.id in holding], holding)
        await self._rest([p.record for p in plan if p.action is None])
        return chosen

    async def _due(
        self, users: Sequence[str], limit: int, *, unread_only: bool = False
    ) -> tuple[Record, ...]:
        now = self._tools.now()
        return await self._tools.store.read(
            lambda tx: self._asked(tx, now, users, limit, unread_only=unread_only)
        )

    async def _asked(
        self, tx: Transaction, now: datetime, users: Sequence[str], limit: int, *, unread_only: bool
    ) -> tuple[Record, ...]:
        if not self._only:
            return await tx.records_due(now, users, limit, unread_only=unread_only)
        found = [record for entry in self._only if (record := await tx.record(entry))]
        due = (r for r in found if r.due_at is not None and r.due_at <= now)
        return tuple(r for r in due if r.link.unread or not unread_only)[:limit]

    def _is_older(self, link: Link) -> bool:
        """Tell whether an older translator has read a side, and it was not read again in this run."""
        return link.id not in self._read_anew and bool(self._older_sides(link))

    def _older_sides(self, link: Link) -> frozenset[Side]:
        """Return the sides whose words are another translator's: compared with ours they could look like an edit."""
        translators = self._tools.translators
        seen = {side: link.seen(side) for side in Side}
        return frozenset(
            s for s, one in seen.items() if one and one.translator != translators.get(s, 0)
        )

    async def _doubt_older(self, records: Sequence[Record]) -> None:
        self._read_anew |= {record.link.id for record in records}

        async def work(tx: Transaction) -> None:
            undecided = await self._undecided(tx, records)
            await tx.save([doubting(r, self._older_sides(r.link)) for r in undecided])

        await self._tools.store.write(work)

    async def _undecided(self, tx: Transaction, records: Sequence[Record]) -> list[Record]:
        """Return those on which there is no news, and about which nobody has decided since they were read."""
        still = self._tools.hands.undisturbed(records)
        return [record for record in still if not await _is_decided_since(tx, record)]

    # Deciding

    async def _plan_whole(self) -> list[Planned]:
        """Plan all that is due for anybody: a flood may be many users' together (D5)."""
        users = [guid for guid, account in self._accounts.items() if account.is_enabled]
        now = self._tools.now()
        due = await self._tools.store.read(lambda tx: tx.records_due(now, users, FLOOD_MAX))
        return await self._plan_all(due)

    async def _plan_all(self, records: Sequence[Record]) -> list[Planned]:
        planned = [await self._plan(record) for record in records]
        return [one for one in planned if one is not None]

    async def _plan(self, record: Record) -> Planned | None:
        try:
            action = self._decide(record)
            return Planned(record, None if self._brakes.keeps(record, action) else action)
        except Exception as error:
            await self._setbacks.put_off_fault(record, error)
            return None

    def _decide(self, record: Record) -> Action | None:
        link, unmatched = record.link, self._unmatched(record)
        if unmatched and not link.base.is_pair:
            return None
        view, speaks = self._viewer.view(link), link.google.user if link.google else record.user
        paused = Side.GOOGLE if self._limits.is_paused(speaks) else None
        action = next_action(replace(view, paused=paused))
        is_made_or_removed = isinstance(action, Create | Remove)
        # A backup does not know what was made again since, or replaced (C4).
        return None if is_made_or_removed and any(a.is_again for a in unmatched) else action

    def _unmatched(self, record: Record) -> list[Account]:
        """Return whose first sync has still to find out what this is: its owner's, or anybody's."""
        owner = self._accounts.get(record.user)
        is_owned = owner is not None and owner.is_enabled
        asked = [owner] if is_owned and owner else list(self._access.enabled(record.link))
        return asked if all(account.stage in FIRST_STAGES for account in asked) else []

    async def _hold(self, records: Sequence[Record], reasons: Mapping[str, str]) -> None:
        if not records:
            return

        async def work(tx: Transaction) -> list[Record]:
            undecided = await self._undecided(tx, records)
            waiting = [standing(r, Stand.HELD, reasons[r.link.id]) for r in undecided]
            await tx.save(waiting)
            return waiting

        for record in await self._tools.store.write(work):
            self._tools.report("entry.held", entry=record.link.id, user=record.user)

    async def _rest(self, records: Sequence[Record]) -> None:
        """Nothing is left to do about these, until somebody changes something."""
        now = self._tools.now()

        async def work(tx: Transaction) -> None:
            undecided = await self._undecided(tx, records)
            await tx.save([self._rested(record, now) for record in undecided])

        if records:
            await self._tools.store.write(work)

    def _rested(self, record: Record, now: datetime) -> Record:
        """Return a record at rest; what only one guest's copy shows waits until the one that speaks was looked at."""
        link = record.link
        if not link.is_unspoken:
            return rested(record, now, is_heard=True)
        is_looked_at = link.source in self.looked
        if is_looked_at and record.noticed_at is not None and record.noticed_at >= self._began:
            return replace(record, due_at=now + self._tools.rules.poll_interval / 2)
        return rested(record, now, is_heard=is_looked_at)

    # Doing

    async def _each(
        self, records: Sequence[Record], work: Callable[[Record], Awaitable[Record | None]]
    ) -> list[Record]:
        slots = asyncio.Semaphore(self._tools.rules.writes_at_once)

        async def in_slot(record: Record) -> Record | None:
            async with slots:
                return await work(record)

        # Not a TaskGroup: all are to end by themselves, and a fault of the store is to be raised as itself.
        done = await asyncio.gather(*map(in_slot, records), return_exceptions=True)
        for result in done:
            if isinstance(result, BaseException):
                raise result
        return [result for result in done if isinstance(result, Record)]

    async def _read_back(self, record: Record) -> Record | None:
        with self._tools.lane(record.user, is_background=record.cause == "sweep"):
            return await self._guarded(record, lambda: self._apply.read_back(record))

    async def _do(self, plan: Sequence[Planned]) -> None:
        actions = {p.record.link.id: p.action for p in plan}

        async def work(record: Record) -> Record | None:
            action = actions[record.link.id]
            assert action is not None, "only what was decided is done"
            if due_at := self._limits.waits_until(_written_to(record, action)):
                await self._setbacks.wait(record, due_at)
                return None
            if await self._brakes.is_looping(record, action):
                await self._setbacks.put_off(record, LOOPING, after=LOOP_PAUSE.total_seconds())
                return None
            taking_part = replace(record, link=released(record.link))
            return await self._guarded(record, lambda: self._perform(taking_part, action))

        await self._each([p.record for p in plan], work)

    async def _perform(self, record: Record, action: Action) -> Record | None:
        with suppress(Disturbed):  # Then it is due, with what others stored of it.
            return await self._apply.perform(record, action)
        return None

    async def _guarded(
        self, record: Record, work: Callable[[], Awaitable[Record | None]]
    ) -> Record | None:
        """Do it; what fails is put off or set aside, so that it stops nothing else (R3)."""
        if self._fault is not None or self._tools.is_stopping():
            return None
        try:
            return await work()
        except CompanyRefused as error:
            self._fault = error
            await self._setbacks.put_off(record, "The company's set-up is at fault.", withdraw=True)
        except UserRefused as error:
            self.refused_users[error.user or record.user] = error
            after = 0.0 if self._has_substitute(record, error) else None
            await self._setbacks.put_off(record, str(error), after=after, withdraw=True)
        except (Stale, Exists, Gone) as error:
            await self._setbacks.doubt(record, error)
        except UsageLimited as error:
            due_at = await self._limits.pause_writes(error.user or record.user, error)
            await self._setbacks.wait(record, due_at, withdraw=True)
        except RateLimited as error:
            self._limits.meet(error)
            await self._setbacks.put_off(record, str(error), after=error.retry_after, withdraw=True)
        except Refused as error:
            await self._setbacks.set_aside(record, error)
        except SyncError as error:  # The store's as well: what it could not keep is read anew.
            is_unwritten = isinstance(error, Unwritten)
            await self._setbacks.put_off(record, str(error), withdraw=is_unwritten)
        except Exception as error:
            await self._setbacks.put_off_fault(record, error)
        return None

    def _has_substitute(self, record: Record, error: UserRefused) -> bool:
        """Tell whether somebody else organizes it, now that Google does not know the owner (E3)."""
        link = record.link
        if link.activity is None or link.copies:
            return False
        return self._access.organizer_for(link).user.guid != (error.user or record.user)


async def _is_decided_since(tx: Transaction, record: Record) -> bool:
    """Tell whether somebody has decided about a held entry since it was read: that stands."""
    if record.link.standing.stand is not Stand.HELD:
        return False
    current = await tx.record(record.link.id)
    return current is not None and current.link.standing != record.link.standing


def _written_to(record: Record, action: Action) -> str:
    """Return whose calendar an action writes to, empty for Severa, and `-` where it writes to neither."""
    if not isinstance(action, Create | Write | Remove | Reset):
        return "-"
    if action.side is Side.SEVERA:
        return ""
    if isinstance(action, Write) and action.user:
        return copy_written(record.link, action.user)
    return record.link.google.user if record.link.google else record.user
