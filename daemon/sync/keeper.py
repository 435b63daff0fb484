"""Keeping what becomes of an entry that is held: a claim before its write, its answer, and what was read or decided."""

from collections.abc import Sequence
from dataclasses import replace

from daemon.core.entry import Entry
from daemon.core.link import LIVE, Claim, Link, Side, Standing
from daemon.core.record import Change, Record
from daemon.core.seen import Seen
from daemon.core.view import Action
from daemon.errors import Transient
from daemon.sync.hands import Disturbed
from daemon.sync.history import change_of
from daemon.sync.landed import Landed, report, tell
from daemon.sync.ports import Transaction
from daemon.sync.tools import Tools


class Keeper:
    """Stores records of entries that are held; where others have stored news of one, only an answer is added to it."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def claim(self, record: Record, claim: Claim) -> Record:
        """Store that a write is about to be made.

        Raises:
            Disturbed: There is news on the entry; it is decided on anew.
        """
        self._tools.writes.note(record.link.id)
        link = record.link.letting_go(claim.made_at).claiming(claim)
        claiming = replace(record, link=link)

        async def work(tx: Transaction) -> None:
            if self._tools.hands.is_disturbed(link.id):
                raise Disturbed
            await tx.save([claiming])

        await self._tools.store.write(work)
        return claiming

    async def answered(
        self, record: Record, claim: Claim, seen: Seen | None, change: Change, *, is_new: bool
    ) -> Record:
        """Keep the answer to a write, without its claim, and its line of the history.

        Raises:
            Transient: What was made has been seen as another entry's meanwhile, which wanted the same.
        """
        self._tools.wrote(record.noticed_at)
        self._tools.writes.note(record.link.id)
        if seen is None:
            self._tools.writes.note_gone(claim.side, claim.ref)

        async def work(tx: Transaction) -> Record:
            before = record
            if self._tools.hands.is_disturbed(record.link.id):
                before = await tx.record(record.link.id) or _forgotten(record)
            link = before.link.answered(claim, seen)
            if is_new:
                await _require_unowned(tx, link, before.link)
                link = replace(link.agreeing_on_type(), standing=LIVE)
            kept = replace(before, link=link, attempts=0, problem="", looked_at=change.at)
            await tx.save([kept])
            await tx.add_history([change])
            return kept

        kept = await self._tools.store.write(work)
        self._tools.hands.removing.pop(record.link.id, None)  # From here on the history counts it.
        report(self._tools, record, kept.link, change)
        return kept

    async def keep(
        self,
        record: Record,
        action: Action | None = None,
        word: str = "",
        stood: Standing | None = None,
        found: Sequence[Landed] = (),
        *,
        before: Link | None = None,
    ) -> Record:
        """Keep what was read or decided, unless there is news on the entry; return it as it is kept.

        `before` is the link as it was known: what is new since must not belong to another entry.

        Raises:
            Transient: What was found has been seen as another entry's meanwhile.
        """
        lines = [one.change for one in found]
        if action is not None:
            lines.append(change_of(record, action, word, Entry(), self._tools.now()))

        async def work(tx: Transaction) -> tuple[Record, bool]:
            if self._tools.hands.is_disturbed(record.link.id):
                return await tx.record(record.link.id) or record, False
            kept = await _as_decided(tx, record, stood) if stood is not None else record
            if before is not None:
                await _require_unowned(tx, kept.link, before)
            await tx.save([kept])
            if lines:
                await tx.add_history(lines)
            return kept, True

        kept, is_kept = await self._tools.store.write(work)
        if is_kept:
            tell(self._tools, found)
            if action is not None:
                report(self._tools, kept, kept.link, lines[-1])
        return kept


async def _require_unowned(tx: Transaction, link: Link, before: Link) -> None:
    """Raise `Transient` where what a link shows newly belongs to another one by now: a listing was faster."""
    activity, known = link.activity, before.activity
    others: list[Record] = []
    if activity is not None and (known is None or known.ref != activity.ref):
        found = await tx.records_of_activities([activity.ref])
        others += [r for r in found if r.link.activity and r.link.activity.ref == activity.ref]
    copies = {(c.user, c.ref) for c in link.copies} - {(c.user, c.ref) for c in before.copies}
    if copies:
        found = await tx.records_of_events([ref for _, ref in copies], [])
        others += [r for r in found if copies & {(c.user, c.ref) for c in r.link.copies}]
    if any(other.link.id != link.id for other in others):
        raise Transient("What belongs to it has just been seen as another entry's.")


def _forgotten(record: Record) -> Record:
    """Return a record that is not kept any more: nothing is known of either side but what is read now."""
    return replace(record, link=replace(record.link, doubted=frozenset(Side)))


async def _as_decided(tx: Transaction, record: Record, stood: Standing) -> Record:
    """Return the record with the standing that somebody may have decided on while a side was read."""
    current = await tx.record(record.link.id)
    if current is None or current.link.standing == stood:
        return record
    return replace(record, link=replace(record.link, standing=current.link.standing))
