"""A user's first sync: list both sides whole, match what is one entry, leave out what is old, then write (C1, C2, C5).

Each stage is stored, so that it can be stopped and continued at any point.
"""

from dataclasses import replace
from datetime import datetime

from daemon.core.account import Account, Stage
from daemon.core.entry import Entry, Hidden
from daemon.core.link import LIVE, Base, Link, Side
from daemon.core.match import Candidate, pairs
from daemon.core.policy import Policy
from daemon.core.reconcile import Settle, View, next_action
from daemon.core.record import Change, Record
from daemon.sync.history import change_of
from daemon.sync.ports import Transaction
from daemon.sync.pull import Pull
from daemon.sync.tools import Tools

RECORDS_A_PAGE = 1_000


class FirstSync:
    """Takes one user from switched on to synced."""

    def __init__(self, tools: Tools, pull: Pull, policy: Policy) -> None:
        self._tools, self._pull, self._policy = tools, pull, policy

    async def go_on(self, account: Account) -> Account:
        """Do the stages that come before the first write and return the account as it was kept."""
        if account.stage is Stage.LISTING:
            await self._pull.severa_of(account)
            whole = replace(account, cursor=None)
            await self._pull.google_changes(whole, cause="first sync", is_first=True)
            account = await self._to_stage(account, Stage.MATCHING)
        if account.stage is Stage.MATCHING:
            account, linked = await self._tools.store.write(lambda tx: self._match(tx, account))
            for record in linked:
                self._report(record)
        return account

    async def _to_stage(self, account: Account, stage: Stage) -> Account:
        async def work(tx: Transaction) -> Account:
            current = await tx.account(account.user.guid) or account
            if current.enabled_at != account.enabled_at:
                return current  # Switched off and on meanwhile: it begins anew.
            moved = replace(current, stage=stage)
            await tx.save_accounts([moved])
            return moved

        return await self._tools.store.write(work)

    async def _match(self, tx: Transaction, account: Account) -> tuple[Account, list[Record]]:
        """Pair, leave out and make due, in one transaction; return also what was paired."""
        records = await _all_records(tx, account.user.guid)
        severa = [c for r in records.values() if (c := self._candidate(r, account, Side.SEVERA))]
        google = [c for r in records.values() if (c := self._candidate(r, account, Side.GOOGLE))]
        now, linked = self._tools.now(), []
        for mine, theirs in pairs(severa, google):
            joined = replace(_joined(records.pop(mine), records.pop(theirs)), due_at=now)
            if not joined.link.doubted:  # Else it is read first, and settled on what is there then.
                joined, change = self._agreed(joined, now)
                await tx.add_history([change])
                linked.append(joined)
            await tx.save([Record(Link(theirs, Side.GOOGLE)), joined])
        await tx.save([self._unmatched(record, account, now) for record in records.values()])
        current = await tx.account(account.user.guid) or account
        total = await tx.count_due(account.user.guid)
        moved = replace(current, stage=Stage.WRITING, total=total, done=0)
        await tx.save_accounts([moved])
        return moved, linked

    def _agreed(self, record: Record, now: datetime) -> tuple[Record, Change]:
        """Settle a pair on what made it one: whatever either side shows from now on is an edit."""
        link = record.link
        view = View(link, self._policy.severa_value(link), self._policy.google_value(link))
        action = next_action(view)
        assert isinstance(action, Settle), "two sides that were never linked are joined"
        agreed = replace(record, link=replace(link, base=action.base))
        return agreed, change_of(agreed, action, "linked", Entry(), now)

    def _report(self, record: Record) -> None:
        activity, copy = record.link.activity, record.link.google
        self._tools.report(
            "entry.linked",
            entry=record.link.id,
            side=Side.SEVERA.value,
            user=record.user,
            activity=activity.ref if activity else "",
            event_id=copy.ref if copy else "",
            rule="C1",
            cause=record.cause,
        )

    def _candidate(self, record: Record, account: Account, side: Side) -> Candidate | None:
        """Return what may be matched: one side alone, of whatever type, and not left out."""
        link = record.link
        seen = link.seen(side)
        if seen is None or link.seen(side.other) is not None or link.claims or link.base != Base():
            return None
        if self._is_out(link, account, side):
            return None
        return Candidate(link.id, seen.ref, seen.entry, link.google.mark if link.google else None)

    def _is_out(self, link: Link, account: Account, side: Side) -> bool:
        seen, value = link.seen(side), self._value(link, side)
        assert seen is not None, "the caller asks for a side that is there"
        if isinstance(value, Hidden) and value.rule != "B2":
            return True
        return self._is_old(seen.entry, account)

    def _is_old(self, entry: Entry, account: Account) -> bool:
        since = account.enabled_at or self._tools.now()
        return self._policy.is_left_out(entry, since, account.user.zone)

    def _value(self, link: Link, side: Side) -> object:
        policy = self._policy
        return policy.severa_value(link) if side is Side.SEVERA else policy.google_value(link)

    def _unmatched(self, record: Record, account: Account, now: datetime) -> Record:
        link = record.link
        for side in Side:
            seen = link.seen(side)
            is_alone = seen is not None and link.seen(side.other) is None and link.base == Base()
            if seen and is_alone and not link.claims and self._is_old(seen.entry, account):
                base = Base().having(side, seen.entry)
                return replace(record, link=replace(link, base=base), due_at=None)
        return replace(record, due_at=now)


async def _all_records(tx: Transaction, user: str) -> dict[str, Record]:
    records: dict[str, Record] = {}
    after = ""
    while page := await tx.records_of_user(user, after=after, limit=RECORDS_A_PAGE):
        records |= {record.link.id: record for record in page}
        after = page[-1].link.id
    return records


def _joined(severa: Record, google: Record) -> Record:
    """Return one record of two; born in Google, so that no change of type ever removes the event."""
    link = replace(
        severa.link,
        born=Side.GOOGLE,
        copies=google.link.copies,
        source=google.link.source,
        standing=LIVE,
        doubted=severa.link.doubted | google.link.doubted,
    )
    return replace(severa, link=link, cause="first sync")
