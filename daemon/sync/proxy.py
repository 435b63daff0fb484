"""Writing for a person: an edit that is not claimed, so that it differs from the base like anybody's edit."""

from collections.abc import Awaitable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, TypeVar

from daemon.core.account import Account
from daemon.core.entry import UNKNOWN, Answer, Entry, address_in
from daemon.core.link import Link, Side
from daemon.core.record import Change, Record
from daemon.core.seen import Activity, Copy, Mark, Seen
from daemon.errors import Forbidden, Gone, RateLimited, Refused, Stale, SyncError, Transient
from daemon.sync.access import Access
from daemon.sync.again import former_type
from daemon.sync.observe import learn_maker
from daemon.sync.ports import Transaction
from daemon.sync.tools import Tools, policy_of

T = TypeVar("T")

CAUSE: Final = "undo"
RULE: Final = "D7"
Fields = dict[str, dict[str, Any]]


class Proxy:
    """Reads, writes and keeps an entry for a person; what it raises (`SyncError`) is worded for that person."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def access(self) -> Access:
        """Return who is who, and whose calendars may be used."""
        roster = await self._tools.store.read(lambda tx: tx.roster())
        return Access(roster.accounts, self._tools.rules.domains, roster.index)

    async def owner(self, link: Link, guid: str) -> Account:
        """Return a user whose calendars may be written to for this entry."""
        access = await self.access()
        if why := access.bar(link, guid):
            raise Transient(f"The owner's calendars may not be written to: {why}")
        return access.account(guid)

    # The vendors

    async def read(self, link: Link, side: Side) -> Seen | None:
        """Return what a side that was seen shows right now, nothing where it is gone."""
        seen, access = link.seen(side), await self.access()
        assert seen is not None, "only what was seen is read"
        try:
            if isinstance(seen, Activity):
                return await self._tools.severa.read(access.account(seen.user).user, seen.ref)
            read = partial(self._tools.google.read, ref=seen.ref)
            return await access.in_google(link, seen.user, read)
        except Gone:
            return None

    async def write(self, link: Link, side: Side, values: Entry) -> Link:
        """Write fields in one call and each person in one of its own, as Severa takes them; return what then shows."""
        persons = sorted(values.persons())
        rest = sorted(values.known().keys() - set(persons))
        for names in [rest, *([name] for name in persons)]:
            seen = _written_to(link, side, names, values)
            if names and seen is not None:
                link = link.showing(side, await asked(self._write(link, seen, values.only(names))))
        return link

    async def _write(self, link: Link, seen: Seen, values: Entry) -> Seen:
        if isinstance(seen, Copy):
            mark = Mark(link.activity.ref, seen.ref) if link.activity else None
            google = self._tools.google
            change = partial(google.change, seen=seen, change=values, type_guid="", mark=mark)
            return await (await self.access()).in_google(link, seen.user, change)
        account, kind = await self.owner(link, seen.user), ""
        if values.private is not UNKNOWN:
            kind = await self.type_for(replace(seen.entry, private=values.private), account)
        severa = self._tools.severa
        return await severa.change(account.user, seen, values, type_guid=kind, mark=None)

    async def remove(self, link: Link, seen: Seen) -> None:
        """Remove what was seen; that it is gone already is what was wanted."""
        try:
            await asked(self._remove(link, seen))
        except Gone:
            return

    async def _remove(self, link: Link, seen: Seen) -> None:
        if isinstance(seen, Copy):
            remove = partial(self._tools.google.remove, seen=seen)
            await (await self.access()).in_google(link, seen.user, remove)
        else:
            account = await self.owner(link, seen.user)
            await self._tools.severa.remove(account.user, seen)

    async def type_for(self, entry: Entry, owner: Account, original: str = "") -> str:
        """Return the guid of the type that an entry has in Severa (B4): what its `original` had, if that fits."""
        policy = await policy_of(self._tools.store, self._tools.rules)
        former, _ = former_type(self._tools.severa, policy, [original], entry)
        kind = former or policy.type_for(entry, owner.user)
        if kind is None:
            raise SyncError("Severa has no default activity type.")
        return kind.guid

    # The store

    async def about_to(self, record: Record, link: Link, side: Side) -> Record:
        """Keep a link whose side is about to be written to, so that it is read by id should we die meanwhile."""
        doubted = replace(link, doubted=link.doubted | {side})
        kept = replace(record, link=doubted, due_at=self._tools.now(), cause=CAUSE)
        await self.keep(kept)
        return kept

    async def keep(self, record: Record, line: Change | None = None, *, maker: str = "") -> None:
        """Keep an entry, due at once, together with a line of history and whom Severa names as the maker of it."""
        now = self._tools.now()
        kept = replace(record, due_at=now, attempts=0, problem="", noticed_at=now)

        async def work(tx: Transaction) -> None:
            await tx.save([kept])
            if line is not None:
                await tx.add_history([line])
            if maker:
                await learn_maker(tx, maker)

        await self._tools.store.write(work)
        if line is not None:
            self._report(record.link, line)

    def line(self, record: Record, side: Side, action: str, fields: Fields) -> Change:
        """Return the line of history of something that was just done."""
        now, user = self._tools.now(), record.user
        return Change(now, record.link.id, user, side, action, CAUSE, RULE, fields)

    def _report(self, link: Link, line: Change) -> None:
        activity, copy = link.activity, link.google
        self._tools.report(
            f"entry.{line.action}",
            entry=link.id,
            side=line.side.value,
            user=line.user,
            activity=activity.ref if activity else "",
            event_id=copy.ref if copy else "",
            rule=line.rule,
            cause=line.cause,
        )


def _written_to(link: Link, side: Side, names: Sequence[str], values: Entry) -> Seen | None:
    """Return what these fields are written to: an answer to the answerer's own copy, where that is seen (E5)."""
    address = address_in(names[0]) if names else ""
    is_out = bool(address) and values.value(names[0]) is Answer.OUT
    own = [c for c in link.copies if address and c.address == address and not c.is_organizer]
    return own[0] if own and side is Side.GOOGLE and not is_out else link.seen(side)


async def asked(call: Awaitable[T]) -> T:
    """Wait for a vendor's answer, and put its errors into words for somebody who waits for it."""
    try:
        return await call
    except Stale:
        raise Stale("It is being changed at this very moment; try again.") from None
    except Forbidden as error:
        if error.reason != "InvalidOperation":
            raise
        raise Refused("Severa does not allow this for the activity.", reason=error.reason) from None
    except RateLimited:
        raise
    except Transient as error:
        raise Transient(f"{error} Run the same again: nothing is done twice.") from None
