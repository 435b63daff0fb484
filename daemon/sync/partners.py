"""The other side of an entry that we made once and know no more: a backup was put back, or all was begun anew (C4).

First matching finds it in the listings of everybody who uses the sync (C1). For a colleague who does not, nothing is
listed: what is to be made there is looked for by our mark first.
"""

from dataclasses import replace
from typing import Final

from daemon.core.account import Account
from daemon.core.link import LIVE, Base, Copy, Link, Side, Stand, Standing
from daemon.core.record import Record
from daemon.core.view import Part
from daemon.errors import CompanyRefused, Gone, Refused, Transient, UserRefused
from daemon.sync.access import Access
from daemon.sync.hands import Disturbed
from daemon.sync.keeper import Keeper
from daemon.sync.ports import Transaction
from daemon.sync.tools import Tools

POSSIBLE_DOUBLE: Final = "It looks like an entry that is there already: a possible double."


class Partners:
    """Looks for the other side of one entry before it is made, and brings the two together."""

    def __init__(self, tools: Tools, access: Access, keeper: Keeper) -> None:
        self._tools, self._access, self._keeper = tools, access, keeper

    async def activity_of(self, record: Record, owner: Account) -> Record | None:
        """Return the entry with the activity that the mark on its event names.

        That is `None` where it is gone, cannot be read, or is somebody else's, and where there is no mark. Where the
        activity has another event by now, what is returned is parted as a possible double.

        Raises:
            Transient: Somebody else works on that activity's entry just now.
        """
        copy = record.link.google
        if copy is None or copy.mark is None or not copy.is_marked:
            return None
        ref = copy.mark.activity
        for other in await self._tools.store.read(lambda tx: tx.records_of_activities([ref])):
            known = other.link.activity
            if known is not None and known.ref == ref:
                return await self._together(record, other) if known.concerns(copy.user) else None
        try:
            seen = await self._tools.severa.read(owner.user, ref)
        except (UserRefused, CompanyRefused):
            raise
        except (Gone, Refused):  # The mark is a hint, and anybody may change it.
            return None
        if seen is None or not seen.concerns(copy.user):
            return None
        link = record.link.showing(Side.SEVERA, seen)
        return await self._keeper.keep(replace(record, link=link), before=record.link)

    async def event_of(self, record: Record, organizer: Account) -> Record | None:
        """Return the entry with the event on this calendar that bears our mark of its activity, `None` without one.

        Raises:
            Transient: Somebody else works on that event's entry just now.
        """
        link, activity = record.link, record.link.activity
        assert activity is not None, "an event is made for an activity"
        seen = await self._access.in_google(
            link, organizer.user.guid, lambda user: self._tools.google.marked(user, activity.ref)
        )
        if seen is None or not activity.concerns(seen.user):
            return None
        known = await self._tools.store.read(lambda tx: tx.records_of_events([seen.ref], []))
        for other in known:
            if other.link.id != link.id and _has(other.link, seen):
                return await self._together(record, other)
        whole = link.showing(Side.GOOGLE, seen)
        return await self._keeper.keep(replace(record, link=whole), before=link)

    async def _together(self, record: Record, other: Record) -> Record:
        """Join two records in one transaction; who works on the other one decides anew."""

        async def work(tx: Transaction) -> Record | None:
            if self._tools.hands.is_disturbed(record.link.id):
                raise Disturbed
            current = await tx.record(other.link.id)
            if current is None or current.link.claims:
                raise Transient("Its other side is being written just now.")
            if _is_paired(current.link):
                return None
            sides = (record, current) if record.link.activity else (current, record)
            link = joined(*sides).link
            own = record.link
            link = replace(link, id=own.id, generation=own.generation, claims=own.claims)
            whole = replace(record, link=link, due_at=self._tools.now(), attempts=0, problem="")
            self._tools.hands.disturb(current.link.id)
            await tx.save([Record(Link(current.link.id, Side.GOOGLE)), whole])
            return whole

        whole = await self._tools.store.write(work)
        if whole is not None:
            return whole
        standing = Standing(Stand.PARTED, POSSIBLE_DOUBLE)
        parted = replace(record, link=replace(record.link, standing=standing))
        return await self._keeper.keep(
            replace(parted, due_at=None, problem=POSSIBLE_DOUBLE), Part("C4"), "parted"
        )


def joined(severa: Record, google: Record) -> Record:
    """Return one record of two that were never agreed on; no change of type ever removes the event of one."""
    link = replace(
        severa.link,
        born=Side.GOOGLE,
        copies=google.link.copies,
        source=google.link.source,
        base=Base(),
        standing=LIVE,
        doubted=severa.link.doubted | google.link.doubted,
    )
    return replace(severa, link=link, cause="first sync")


def _has(link: Link, seen: Copy) -> bool:
    return any(copy.ref == seen.ref for copy in link.copies)


def _is_paired(link: Link) -> bool:
    return link.activity is not None and bool(link.copies)
