"""Undoing one change of the history: an ordinary edit on the side that the change wrote to, made for a person (D7).

It is not claimed as a write of ours, so the ordinary decision carries it to the other side. Only what makes an entry,
or parts a pair, is claimed: neither may happen twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Final

from daemon.core.entry import NO_FIELDS, UNKNOWN, Entry, Hidden
from daemon.core.link import LIVE, RESTORED, Base, Claim, Deed, Link, Side, Stand, Standing
from daemon.core.record import Change, Record
from daemon.core.seen import Activity, Seen
from daemon.core.undo import (
    LOST,
    Plan,
    cannot_come_back,
    disowning,
    id_of_restored,
    left_by_us,
    plan_of,
    touched,
)
from daemon.core.view import TEXTS
from daemon.errors import RateLimited, Refused, Stale, SyncError
from daemon.sync.again import original_of, originals_of
from daemon.sync.history import fields_of, past_of
from daemon.sync.proxy import CAUSE, RULE, Proxy
from daemon.sync.remake import Remake
from daemon.sync.tools import Tools, policy_of

PARTED: Final = Standing(Stand.PARTED, "D7: what the sync had made was undone")


LINES_MAX: Final = 1_000


class Way(Enum):
    """How a change is undone."""

    PUT_BACK = "put back"
    """Fields get the values that they had."""
    MAKE_AGAIN = "make again"
    """What was removed is made again, on both sides."""
    TAKE_AWAY = "take away"
    """What was created is removed; what it was made from stays."""


WAYS: Final = {
    "changed": Way.PUT_BACK,
    "replaced": Way.PUT_BACK,
    "removed": Way.MAKE_AGAIN,
    "created": Way.TAKE_AWAY,
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """What undoing a change would do now."""

    change: Change
    way: Way
    plan: Plan = field(default_factory=Plan)
    shown: Entry = NO_FIELDS
    """What the side shows now; nothing where it is gone."""
    cannot_come_back: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    """What was kept, and the vendor did not take when it was made again; known afterwards only."""
    is_done: bool = False
    """It is undone already."""

    @property
    def has_work(self) -> bool:
        """Tell whether there is anything to do that need not be asked about."""
        if self.is_done:
            return False
        return bool(self.plan.back.known()) or self.is_removal

    @property
    def is_removal(self) -> bool:
        """Tell whether an untouched entry is to be removed."""
        return self.way is Way.TAKE_AWAY and not self.plan.changed_since


@dataclass(frozen=True, slots=True)
class _Case:
    """What a proposal is about: the entry as it is kept, and the side as it was read just now."""

    record: Record | None
    seen: Seen | None = None
    original: str = ""
    """What the vendor held of what was removed, empty where nothing is kept of it."""


class Undo:
    """Undoes changes, one at a time; no round may be under way meanwhile.

    Every method raises `SyncError` with a sentence that says why it cannot be done.
    """

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._proxy = Proxy(tools)
        self._remake = Remake(tools, self._proxy)

    async def look(self, change: Change, *, is_forced: bool = False) -> Proposal:
        """Return what undoing this change would do now; with `is_forced` also to what was changed since."""
        proposal, _ = await self._look(change, is_forced=is_forced)
        return proposal

    async def undo(self, change: Change, *, is_forced: bool = False) -> Proposal:
        """Undo this change as far as `look` says, and return what that said."""
        proposal, case = await self._look(change, is_forced=is_forced)
        if proposal.has_work:
            if self._tools.is_stopping():
                raise SyncError("The daemon is stopping; undo it when it runs again.")
            left_out = await self._do(proposal, case)
            proposal = replace(proposal, left_out=left_out)
        return proposal

    # Looking

    async def _look(self, change: Change, *, is_forced: bool) -> tuple[Proposal, _Case]:
        way = await self._way(change)
        if change.action == "replaced":
            # Severa changes no category, so it goes back where it came from, and is replaced again (B4).
            change = replace(change, side=change.side.other)
        record = await self._tools.store.read(lambda tx: tx.record(change.entry))
        if way is Way.MAKE_AGAIN:
            return await self._look_at_removed(change, record)
        seen = None
        if record is not None and record.link.seen(change.side):
            seen = await self._proxy.read(record.link, change.side)
        if record is None or seen is None:
            if way is Way.TAKE_AWAY:
                return Proposal(change, way, is_done=True), _Case(record)
            raise SyncError("The entry is not there any more; undo its removal first.")
        record = replace(record, link=record.link.showing(change.side, seen))
        if way is Way.TAKE_AWAY:
            result = await self._left_by_us(change)
            proposal = _look_at_created(change, record.link, seen, result, is_forced=is_forced)
        else:
            proposal = _look_at_changed(change, record.link, seen, is_forced=is_forced)
        return proposal, _Case(record, seen)

    async def _way(self, change: Change) -> Way:
        settings = await self._tools.store.read(lambda tx: tx.settings())
        if not settings.is_on:
            raise SyncError("The integration is off, and nothing is written until it is on.")
        kept = self._tools.rules.history
        if change.at < self._tools.now() - kept:
            raise SyncError(f"A change can be undone for {kept.days} days, and this one is older.")
        if change.action not in WAYS:
            told = f"Change {change.id} says that an entry was {change.action}"
            raise SyncError(f"{told}: nothing was written that could be put back.")
        return WAYS[change.action]

    async def _look_at_removed(
        self, change: Change, record: Record | None
    ) -> tuple[Proposal, _Case]:
        before, _ = past_of(change)
        proposal = Proposal(change, Way.MAKE_AGAIN, Plan(before))
        if record is not None and record.link.seen(change.side):
            return replace(proposal, is_done=True), _Case(record)
        if record is not None and record.link.seen(change.side.other):
            await self._require_free(record.link, change)
            kept = await originals_of(self._tools, change.entry, change.side)
            lost = {change.side: self._lost(change.side, next(iter(kept), ""))}
            told = cannot_come_back(before, lost)
            return replace(proposal, cannot_come_back=told), _Case(record)
        restored = id_of_restored(change)
        former = await self._tools.store.read(lambda tx: tx.record(restored))
        if former is not None and (former.link.activity or former.link.copies):
            return replace(proposal, is_done=True), _Case(former)
        if made := await self._made_before(restored):
            raise SyncError(f"It was undone before (change {made}); undo what came after.")
        if before.title is UNKNOWN or before.when is UNKNOWN:
            raise SyncError("The history does not hold enough of the entry to make it again.")
        original = await self._tools.store.read(lambda tx: original_of(tx, change.id))
        # Of the other side, which a person took away, nothing is kept.
        lost = {side: self._lost(side, original * (side is change.side)) for side in Side}
        told = cannot_come_back(before, lost)
        return replace(proposal, cannot_come_back=told), _Case(former, original=original)

    def _lost(self, side: Side, original: str) -> Sequence[str]:
        """Return what a side cannot bring back of what it held, without an original whatever it may have held."""
        calendar = self._tools.severa if side is Side.SEVERA else self._tools.google
        return calendar.lost_in(original) if original else (LOST[side],)

    async def _made_before(self, link_id: str) -> int:
        """Return the line that says that this entry was made, 0 where it never was."""
        since = self._tools.now() - self._tools.rules.history
        lines = await self._lines(link_id, since)
        return min((line.id for line in lines if line.action == "created"), default=0)

    async def _left_by_us(self, change: Change) -> Entry:
        """Return what the sync left of what it created: guests, for one, come after the create."""
        lines = sorted(await self._lines(change.entry, change.at), key=lambda line: line.id)
        later = [
            past_of(line)[1]
            for line in lines
            if (line.side, line.action) == (change.side, "changed") and line.id > change.id
        ]
        return left_by_us(past_of(change)[1], later)

    async def _lines(self, entry: str, since: datetime) -> tuple[Change, ...]:
        return await self._tools.store.read(lambda tx: tx.changes_of(entry, since, LINES_MAX))

    async def _require_free(self, link: Link, change: Change) -> None:
        """Check that what is left on the other side may be followed again."""
        if link.standing != PARTED and not link.base.is_pair:
            raise SyncError(
                f"Rule {change.rule} keeps the entry out of {change.side.value.title()}."
            )
        policy = await policy_of(self._tools.store, self._tools.rules)
        is_in_severa = change.side is Side.GOOGLE
        value = policy.severa_value(link) if is_in_severa else policy.google_value(link)
        if isinstance(value, Hidden):
            raise SyncError(f"Rule {value.rule} keeps the entry out of the sync.")

    # Doing

    async def _do(self, proposal: Proposal, case: _Case) -> tuple[str, ...]:
        """Undo it, and return what was kept and could not be brought back all the same."""
        change, record, seen = proposal.change, case.record, case.seen
        if record is not None and seen is not None:
            do = self._take_away if proposal.way is Way.TAKE_AWAY else self._put_back
            await do(proposal, record, seen)
        elif record is not None and record.link.seen(change.side.other):
            await self._follow_again(record, change)
        else:
            back = proposal.plan.back
            return await self._remake.make(record, change, back, case.original)
        return ()

    async def _put_back(self, proposal: Proposal, record: Record, _: Seen) -> None:
        """Write what goes back; a crash at any point leaves a person's edit, and it can be asked for again."""
        side, back, before = proposal.change.side, proposal.plan.back, record.link
        kept = await self._proxy.about_to(record, disowning(before, side, back), side)
        link = await self._proxy.write(kept.link, side, back)
        link = replace(link, doubted=before.doubted)
        if link.standing.stand is Stand.SET_ASIDE:
            link = replace(link, standing=LIVE)  # It changed, so it is tried again (R3).
        unmoved = touched(back, _shown(link, side))
        moved = back.only(back.known().keys() - unmoved)
        line = self._proxy.line(kept, side, "changed", fields_of(proposal.shown, moved))
        await self._proxy.keep(replace(kept, link=link), line if moved.known() else None)
        if unmoved:
            names = ", ".join(sorted(unmoved))
            raise Refused(f"The vendor accepted the change and did not carry out: {names}.")

    async def _take_away(self, proposal: Proposal, record: Record, seen: Seen) -> None:
        """Remove what the sync created, and part the pair first, so that nothing follows from it.

        What an undo made has nothing that it was made from: it goes as by a person's hand, and its other side after it.
        """
        side, before = proposal.change.side, record.link
        line = self._proxy.line(
            record, side, "removed", fields_of(proposal.shown, NO_FIELDS, is_whole=True)
        )
        line = replace(line, original=seen.original)
        claim = Claim(side, Deed.REMOVE, self._tools.now(), ref=seen.ref, user=seen.user)
        is_by_hand = proposal.change.rule == RULE
        parting = replace(before.claiming(claim), standing=PARTED)
        link = replace(before, standing=LIVE) if is_by_hand else parting
        kept = await self._proxy.about_to(record, link, side)
        try:
            await self._proxy.remove(before, seen)
        except (Stale, RateLimited, Refused):
            await self._proxy.about_to(record, before, side)
            raise
        if is_by_hand:
            gone = kept.link.showing(side, None, user=seen.user)
        else:
            gone = replace(kept.link.answered(claim, None), doubted=before.doubted)
        await self._proxy.keep(replace(kept, link=gone), line)

    async def _follow_again(self, record: Record, change: Change) -> None:
        """Let the ordinary decision make the side again from the one that is left."""
        link = record.link
        if link.standing == PARTED:
            link = replace(link, standing=LIVE, base=Base())
        else:
            link = replace(link, standing=RESTORED)
        line = self._proxy.line(record, change.side, "linked", {})
        await self._proxy.keep(replace(record, link=link, cause=CAUSE), line)


def _look_at_changed(change: Change, link: Link, seen: Seen, *, is_forced: bool) -> Proposal:
    before, after = past_of(change)
    shown = _shown(link, change.side)
    plan = plan_of(before, after, shown, is_forced=is_forced)
    _require_writable(link, change.side, seen, plan.back)
    is_done = bool(plan.done) and not (plan.back.known() or plan.changed_since)
    return Proposal(change, Way.PUT_BACK, plan, shown, is_done=is_done)


def _look_at_created(
    change: Change, link: Link, seen: Seen, result: Entry, *, is_forced: bool
) -> Proposal:
    if isinstance(seen, Activity) and seen.has_hours:
        raise SyncError("Hours are booked on the activity, so it is not removed (B9).")
    if not seen.is_writable:
        raise SyncError("The sync may not change it on that side (D6).")
    shown = _shown(link, change.side)
    since = frozenset() if is_forced else touched(result, shown)
    return Proposal(change, Way.TAKE_AWAY, Plan(changed_since=since), shown)


def _shown(link: Link, side: Side) -> Entry:
    shown = link.shows(side)
    assert shown is not None, "the side was read a moment ago"
    return shown


def _require_writable(link: Link, side: Side, seen: Seen, back: Entry) -> None:
    """Check that what goes back may be written here, and would not be set back from the other side at once (D6)."""
    fields = back.known().keys() - back.persons()
    if not fields:
        return
    other = link.seen(side.other)
    if not seen.is_writable:
        raise SyncError("The sync may not change it on that side (D6).")
    if other is not None and not other.is_writable:
        raise SyncError("The other side may not be changed, so it would be set back at once (D6).")
    if fields & TEXTS and link.base.hides_from(side):
        raise SyncError("The event is private, and the activity can be read by colleagues (B4).")
