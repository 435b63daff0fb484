"""The brakes on a plan: what `core.guard` has to know of a flood or a loop is asked of the store here."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from daemon.core.account import Account, Stage
from daemon.core.entry import Unknown, When
from daemon.core.guard import (
    WHOLE,
    Census,
    Step,
    held_creations,
    held_removals,
    is_loop,
    is_old,
)
from daemon.core.link import APPROVED, Stand
from daemon.core.record import Change, Record
from daemon.core.view import Action, Create, Remove, Reset, Write
from daemon.sync.history import past_of
from daemon.sync.ports import Transaction
from daemon.sync.tools import Tools

WHILE_OFF: Final = "It was deleted while the sync was off."
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(hours=24)
CREATIONS_MAX: Final = 20_000
"""How many creations of one user's last 24 hours are looked through for old entries."""
LINES_AN_HOUR: Final = 1_000
"""How many lines of one entry's last hour are looked through for a loop."""


@dataclass(frozen=True, slots=True)
class Planned:
    """An entry and what is to be done about it, `None` when nothing is left to do."""

    record: Record
    action: Action | None


class Brakes:
    """Says which steps of a plan wait for a person, and which write is one too many."""

    def __init__(self, tools: Tools, accounts: Mapping[str, Account]) -> None:
        self._tools, self._accounts = tools, accounts
        self._holding: dict[str, str] = {}
        self._judged: frozenset[str] = frozenset()
        """The steps of the plan that was judged last, by link id."""

    async def held(
        self, plan: Sequence[Planned], whole: Callable[[], Awaitable[Sequence[Planned]]]
    ) -> dict[str, str]:
        """Return why steps are held, by link id; the `whole` flood is counted, not just this pass of it (D5)."""
        wanted = {step.link_id for step in [*_removals(plan), *self._creations(plan)]}
        if wanted <= self._judged:
            return {link_id: self._holding[link_id] for link_id in wanted & self._holding.keys()}
        everything = await whole()
        removals, creations = _removals(everything), self._creations(everything)
        removals += [step for step in self._others_removals() if step not in removals]
        self._holding = await self._of_removals(removals) | await self._of_creations(creations)
        self._judged = frozenset(step.link_id for step in [*removals, *creations])
        return self._holding

    def let_go(self, plan: Sequence[Planned]) -> None:
        """Note the deletions that are carried out now, until they are in the history or were not done."""
        self._tools.hands.removing.update((step.link_id, step) for step in _removals(plan))

    def _others_removals(self) -> list[Step]:
        return list(self._tools.hands.removing.values())

    def keeps(self, record: Record, action: Action | None) -> bool:
        """Tell whether a creation was held already: an edit does not release it while the entry is still old (D5)."""
        is_held = record.link.standing.stand is Stand.HELD
        return is_held and action is not None and self._is_old_creation(record, action)

    async def is_looping(self, record: Record, action: Action) -> bool:
        """Tell whether a side was written to so often that another program must be answering us (R4)."""
        if not isinstance(action, Create | Write | Remove | Reset):
            return False
        since, entry = self._tools.now() - HOUR, record.link.id
        past = await self._tools.store.read(lambda tx: tx.changes_of(entry, since, LINES_AN_HOUR))
        names = action.change.known() if isinstance(action, Write) else (WHOLE,)
        return is_loop(past, action.side, names)

    # Deletions

    async def _of_removals(self, removals: Sequence[Step]) -> dict[str, str]:
        since = self._tools.now() - DAY

        async def census(tx: Transaction, user: str | None = None) -> Census:
            held_ones, removed = await tx.count_held(user), await tx.count_removals(since, user)
            return Census(await tx.count_links(user) - held_ones, removed + held_ones)

        async def censuses(tx: Transaction) -> tuple[dict[str, Census], Census]:
            owners = {removal.user for removal in removals}
            return {user: await census(tx, user) for user in owners}, await census(tx)

        if not removals:
            return {}
        each, company = await self._tools.store.read(censuses)
        return held_removals(removals, each, company) | self._gone_while_off(removals)

    def _gone_while_off(self, removals: Sequence[Step]) -> dict[str, str]:
        """Hold what was deleted before a user's sync was switched on again (C4)."""
        first = {
            guid
            for guid, account in self._accounts.items()
            if account.is_enabled and account.stage is not Stage.DONE
        }
        return {r.link_id: WHILE_OFF for r in removals if r.user in first}

    # Creations

    async def _of_creations(self, creations: Sequence[Step]) -> dict[str, str]:
        async def others(tx: Transaction) -> dict[str, int]:
            users = {creation.user for creation in creations}
            return {user: await self._made_or_held(tx, user) for user in users}

        if not creations:
            return {}
        return held_creations(creations, await self._tools.store.read(others))

    async def _made_or_held(self, tx: Transaction, user: str) -> int:
        made = await tx.creations(user, self._tools.now() - DAY, CREATIONS_MAX)
        old = [change for change in made if self._is_old(_when_made(change), user)]
        return len(old) + await tx.count_held_creations(user)

    def _creations(self, plan: Sequence[Planned]) -> list[Step]:
        return [
            _step(one.record)
            for one in plan
            if one.action is not None and self._is_old_creation(one.record, one.action)
        ]

    def _is_old_creation(self, record: Record, action: Action) -> bool:
        """Tell whether an old entry would come to a side that never had it; what is made again there is none (D2)."""
        link = record.link
        if not isinstance(action, Create) or link.base.is_pair or link.parent:
            return False
        return self._is_old(action.takes_in.when, record.user)

    def _is_old(self, when: When | Unknown, user: str) -> bool:
        account = self._accounts.get(user)
        zone = account.user.zone if account else "UTC"
        return is_old(when, self._tools.now(), zone, initial=self._tools.rules.initial)


def _removals(plan: Sequence[Planned]) -> list[Step]:
    return [_step(one.record) for one in plan if isinstance(one.action, Remove)]


def _step(record: Record) -> Step:
    return Step(record.link.id, record.user, is_approved=record.link.standing == APPROVED)


def _when_made(change: Change) -> When | Unknown:
    _, after = past_of(change)
    return after.when
