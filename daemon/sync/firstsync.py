"""A user's first sync: list both sides whole, match what is one entry, leave out what is old, then write (C1, C2, C5).

Each stage is stored, so that it can be stopped and continued at any point.
"""

from collections.abc import Hashable, Iterable, Sequence, Set
from dataclasses import replace
from datetime import datetime

from daemon.core.account import Account, Stage
from daemon.core.backup import (
    made_alone,
    may_be_replaced,
    with_fresh_id,
    without_creates,
    without_replaced,
)
from daemon.core.entry import Entry, Hidden
from daemon.core.link import Base, Link, Side, Stand, Standing
from daemon.core.match import Candidate, is_made_by_us, key_of, pairs, possible_doubles
from daemon.core.policy import Policy
from daemon.core.reconcile import next_action
from daemon.core.record import Change, Record
from daemon.core.roster import Roster
from daemon.core.view import Part, Settle
from daemon.errors import CompanyRefused, Refused, UserRefused
from daemon.sync.access import Access
from daemon.sync.hands import Held
from daemon.sync.history import change_of
from daemon.sync.partners import POSSIBLE_DOUBLE, joined
from daemon.sync.ports import Transaction
from daemon.sync.pull import Pull
from daemon.sync.readback import ReadBack
from daemon.sync.tools import Tools
from daemon.sync.viewing import Viewer

RECORDS_A_PAGE = 1_000
TRIES_MAX = 20
"""How often a matching gives way to others before it waits for the next round."""


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
            gone = await self._gone(account) if account.is_again else set()
            account, linked = await self._matched(account, gone)
            for record in linked:
                self._report(record)
        return account

    async def _gone(self, account: Account) -> Set[str]:
        """Return the activities that a backup knows, that are proved to be gone, and that we may have replaced since.

        Raises:
            SyncError: Nothing can be proved now; the matching waits, or the event would go with the activity.
        """
        everybody = await self._tools.store.read(lambda tx: tx.roster())
        access = Access(everybody.accounts, self._tools.rules.domains, everybody.index)
        reading, gone = ReadBack(self._tools, access), set()
        records = await self._tools.store.read(lambda tx: _all_records(tx, account.user.guid))
        api_user = (await self._tools.store.read(lambda tx: tx.settings())).api_user
        links = [record.link for record in records.values()]
        made = made_alone(links, api_user)
        for link in (link for link in links if may_be_replaced(link, made)):
            assert link.activity is not None, "what is replaced was there"
            try:
                seen = await reading.side(link, Side.SEVERA)
            except (UserRefused, CompanyRefused):
                raise
            except Refused:
                continue  # Severa does not show this one, and never will.
            if seen.activity is None:
                gone.add(link.activity.ref)
        return gone

    async def _matched(self, account: Account, gone: Set[str]) -> tuple[Account, list[Record]]:
        for _ in range(TRIES_MAX):
            try:
                return await self._tools.store.write(lambda tx: self._match(tx, account, gone))
            except Held as held:  # Somebody else's sync works on an entry that they share.
                await self._tools.hands.until_free(held.link_ids)
        return account, []

    async def _to_stage(self, account: Account, stage: Stage) -> Account:
        async def work(tx: Transaction) -> Account:
            current = await tx.account(account.user.guid) or account
            if current.enabled_at != account.enabled_at:
                return current  # Switched off and on meanwhile: it begins anew.
            moved = replace(current, stage=stage)
            await tx.save_accounts([moved])
            return moved

        return await self._tools.store.write(work)

    async def _match(
        self, tx: Transaction, account: Account, gone: Set[str]
    ) -> tuple[Account, list[Record]]:
        """Pair, leave out and make due, in one transaction; return also what was paired."""
        records = await _all_records(tx, account.user.guid)
        self._tools.hands.require_free(records)
        api_user = (await tx.settings()).api_user
        everybody = await tx.roster()
        if account.is_again:
            restored_at = (await tx.settings()).restored_at
            records = self._of_yesterday(records, account, everybody, restored_at)
        access = Access(everybody.accounts, self._tools.rules.domains, everybody.index)
        viewer = Viewer(self._policy, access, self._tools.rules.winner)
        severa = [c for r in records.values() if (c := self._candidate(r, account, Side.SEVERA))]
        google = [c for r in records.values() if (c := self._candidate(r, account, Side.GOOGLE))]
        now, linked = self._tools.now(), []
        found = pairs(severa, google)
        if gone:
            found += self._pairs_of_replaced(records, account, gone, api_user, found)
        for mine, theirs in found:
            is_old = self._is_old_alone(records[mine].link, account)
            whole = joined(records.pop(mine), records.pop(theirs))
            # What is long over is known to belong together, and left as it is until somebody edits it (C2, C3).
            whole = replace(whole, due_at=now if not is_old or whole.link.doubted else None)
            if not whole.link.doubted:  # Else it is read first, and settled on what is there then.
                whole, change = self._agreed(viewer, whole, now)
                await tx.add_history([change])
                linked.append(whole)
            await tx.save([Record(Link(theirs, Side.GOOGLE)), whole])
        shared = _shared_keys(records.values(), account.user.guid)
        links = [record.link for record in records.values()]
        asked = [link for link in links if self._may_be_double(link, account, api_user)]
        alike = possible_doubles(asked, api_user, is_again=account.is_again)
        for record in records.values():
            is_double = record.link.id in alike or _keys(record.link) & shared
            if record.link.base == Base() and is_double and not record.link.claims:
                parted, change = _doubling(record, now)
                await tx.save([parted])
                await tx.add_history([change])
            else:
                await tx.save([self._unmatched(record, account, now)])
        current = await tx.account(account.user.guid) or account
        total = await tx.count_due(account.user.guid)
        moved = replace(current, stage=Stage.WRITING, is_again=False, total=total, done=0)
        await tx.save_accounts([moved])
        return moved, linked

    def _of_yesterday(
        self,
        records: dict[str, Record],
        account: Account,
        everybody: Roster,
        restored_at: datetime | None,
    ) -> dict[str, Record]:
        """Return what a backup knows, without what it cannot know any more (C4)."""
        known = {}
        for name, record in records.items():
            link = record.link
            if restored_at is not None:
                link = without_creates(link, Side.GOOGLE, restored_at)
            # Once for each entry: of those who share it its owner, if that one is matched at all.
            if record.user == account.user.guid or record.user not in everybody.index.enabled:
                link = with_fresh_id(link, self._tools.chance())
            known[name] = replace(record, link=link)
        return known

    def _pairs_of_replaced(
        self,
        records: dict[str, Record],
        account: Account,
        gone: Set[str],
        api_user: str,
        found: Sequence[tuple[str, str]],
    ) -> list[tuple[str, str]]:
        """Pair what we made and nobody else took with the events whose activity it replaced, which are freed here."""
        taken = {name for pair in found for name in pair}
        left = {name: record for name, record in records.items() if name not in taken}
        made = made_alone((record.link for record in left.values()), api_user)
        freed = list(without_replaced((record.link for record in left.values()), gone, made))
        records |= {link.id: replace(records[link.id], link=link) for link in freed}
        severa = [c for r in left.values() if (c := self._candidate(r, account, Side.SEVERA))]
        google = [
            c for link in freed if (c := self._candidate(records[link.id], account, Side.GOOGLE))
        ]
        return pairs(severa, google)

    def _may_be_double(self, link: Link, account: Account, api_user: str) -> bool:
        """Tell whether it matters if an entry is there twice: what is long over is written by nobody (C2).

        But an edit would bring what we made ourselves to its other side again, which is there unknown to a backup.
        """
        is_old = self._is_old_alone(link, account)
        return not is_old or (account.is_again and is_made_by_us(link, api_user))

    def _agreed(self, viewer: Viewer, record: Record, now: datetime) -> tuple[Record, Change]:
        """Settle a pair on what made it one: whatever either side shows from now on is an edit."""
        link = record.link
        action = next_action(viewer.view(link))
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
        return isinstance(value, Hidden) and value.rule != "B2"

    def _is_old_alone(self, link: Link, account: Account) -> bool:
        entries = [entry for side in Side if (entry := link.shows(side)) is not None]
        return link.base == Base() and any(self._is_old(entry, account) for entry in entries)

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
            if (
                seen
                and is_alone
                and not link.claims
                and isinstance(self._value(link, side), Hidden)
            ):
                return replace(record, due_at=None)
        return replace(record, due_at=now)


def _shared_keys(records: Iterable[Record], user: str) -> set[Hashable]:
    """Return what the meetings look like that a user has from somebody else: one meeting is one entry (E2)."""
    return {key for r in records if _is_from_another(r.link, user) for key in _keys(r.link)}


def _is_from_another(link: Link, user: str) -> bool:
    if link.activity is None or link.google is None or not link.base.is_pair:
        return False
    return link.activity.user != user or link.google.user != user


def _keys(link: Link) -> set[Hashable]:
    shown = (link.shows(side) for side in Side)
    return {key for entry in shown if entry is not None and (key := key_of(entry)) is not None}


def _doubling(record: Record, now: datetime) -> tuple[Record, Change]:
    """Leave an entry where it is that looks like a meeting its user has already: a possible double, listed (C4, E2)."""
    part = Part("E2")
    link = replace(record.link, standing=Standing(Stand.PARTED, POSSIBLE_DOUBLE))
    parted = replace(record, link=link, due_at=None, problem=POSSIBLE_DOUBLE)
    return parted, change_of(parted, part, "parted", Entry(), now)


async def _all_records(tx: Transaction, user: str) -> dict[str, Record]:
    records: dict[str, Record] = {}
    after = ""
    while page := await tx.records_of_user(user, after=after, limit=RECORDS_A_PAGE):
        records |= {record.link.id: record for record in page}
        after = page[-1].link.id
    return records
