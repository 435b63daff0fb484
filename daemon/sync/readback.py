"""Reading by id what became of a write we never heard of, and whether what is missing is really gone."""

from collections.abc import Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from functools import partial
from typing import Final

from daemon.core.account import Account
from daemon.core.company import User
from daemon.core.entry import UNKNOWN
from daemon.core.link import Claim, Deed, Link, Side
from daemon.core.meeting import copy_of
from daemon.core.seen import Copy
from daemon.core.view import Create
from daemon.errors import Gone, Refused, Transient, UserRefused
from daemon.sync.access import Access
from daemon.sync.ports import Transaction
from daemon.sync.strangers import is_made_by
from daemon.sync.tools import Tools

EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
WITNESSES_MAX: Final = 3
"""How many activities are asked for before a deletion in Severa is put off as not proved."""


class ReadBack:
    """Reads sides of a link by id; what is gone is gone with proof only (D4)."""

    def __init__(self, tools: Tools, access: Access) -> None:
        self._tools, self._access = tools, access

    async def side(self, link: Link, side: Side) -> Link:
        """Return the link with a side as it is now; see `daemon.errors` for what may be raised."""
        return await (self._severa(link) if side is Side.SEVERA else self._google(link))

    async def _google(self, link: Link) -> Link:
        """Read every copy that may be read; one that may not is not known to be gone."""
        link = await self._other_guests(await self._organizers(link))
        asked = {copy.ref for copy in link.copies if copy.is_organizer}
        for copy in link.copies:
            if self._access.bar(link, copy.user):
                continue
            try:
                seen = await self._read_copy(link, copy.user, copy.ref)
            except UserRefused:
                if copy.user == link.source:
                    raise
                continue  # One guest's closed calendar is not to hold up the others.
            link = link.showing(Side.GOOGLE, seen, user=copy.user)
        if asked and any(copy.ref not in asked for copy in link.copies):
            # Made again since a backup: a guest's copy tells its id (C4).
            link = await self._organizers(link)
        for claim in link.claims:
            if _is_open_create(claim, Side.GOOGLE) and not _holds(link, claim):
                link = await self._created_event(link, claim)
        return link

    async def _other_guests(self, link: Link) -> Link:
        """Ask for colleagues' copies where one guest's is all that is known: with it the meeting would go (E6)."""
        if len(link.copies) != 1 or link.copies[0].is_organizer:
            return link
        copy = link.copies[0]
        people = copy.entry.people
        for address, _ in people.answers if people is not UNKNOWN else ():
            guest = self._access.at(address)
            if guest is None or guest.user.guid == copy.user or not guest.is_enabled:
                continue
            if self._access.bar(link, guest.user.guid):
                continue
            try:
                seen = await self._read_copy(link, guest.user.guid, copy.ref)
            except Refused:
                continue
            link = link.showing(Side.GOOGLE, seen) if seen else link
        return link

    async def _organizers(self, link: Link) -> Link:
        """Ask for the organizer's own event, also where the organizer does not use the sync (E1)."""
        speaks = link.google or next(iter(link.copies), None)
        organizer = self._access.at(speaks.organizer) if speaks else None
        if speaks is None or organizer is None or any(copy.is_organizer for copy in link.copies):
            return link
        guid = organizer.user.guid
        if self._access.bar(link, guid) or copy_of(link.copies, guid):
            return link
        try:
            seen = await self._read_copy(link, guid, speaks.ref)
        except Refused:
            return link  # Without it the copy of one who takes part speaks.
        return link.showing(Side.GOOGLE, seen) if seen and seen.is_organizer else link

    async def _created_event(self, link: Link, claim: Claim) -> Link:
        try:
            seen = await self._access.in_google(
                link, claim.user, lambda user: self._tools.google.read(user, claim.ref)
            )
        except Gone:
            return link
        return link.made_and_gone(claim) if seen is None else link.showing(Side.GOOGLE, seen)

    async def _read_copy(self, link: Link, guid: str, ref: str) -> Copy | None:
        google = self._tools.google
        try:
            return await self._access.in_google(link, guid, lambda user: google.read(user, ref))
        except Gone:
            if await self._access.in_google(link, guid, lambda user: google.answers(user, ref)):
                return None
            raise Transient("Google finds neither the event nor its calendar.") from None

    async def _severa(self, link: Link) -> Link:
        if link.activity is None:
            return await self._created_activity(link)
        user, ref = self._access.user_on(link, Side.SEVERA).user, link.activity.ref
        is_known = Side.SEVERA not in link.doubted and all(
            claim.is_checked for claim in link.claims if claim.side is Side.SEVERA
        )
        try:
            if is_known:  # But for its people.
                return link.showing(
                    Side.SEVERA, await self._tools.severa.people(user, link.activity)
                )
            return link.showing(Side.SEVERA, await self._tools.severa.read(user, ref))
        except Gone:
            if await self._severa_answers(user, ref):
                return link.showing(Side.SEVERA, None)
            raise Transient(
                "Severa finds neither the activity nor one that must be there."
            ) from None

    async def _severa_answers(self, user: User, ref: str) -> bool:
        """Ask for activities that were seen alive lately; when all of them are gone too, for what is listed now."""
        excluded = [ref]
        for _ in range(WITNESSES_MAX):
            witness = await self._tools.store.read(partial(_living, other_than=tuple(excluded)))
            if not witness:
                break
            if await self._tools.severa.answers(user, witness):
                return True
            excluded.append(witness)
        listed = await self._listed(user)
        if not listed:  # The last of all is gone as well when its owner is there.
            return await self._tools.severa.answers(user, "")
        if ref in listed:
            return False
        return await self._tools.severa.answers(user, listed[0])

    async def _listed(self, user: User) -> list[str]:
        """Return the activities on the first page of the user's listing that has any."""
        async with aclosing(self._tools.severa.of_users([user.guid], None, None)) as pages:
            async for page in pages:
                if page.seen:
                    return [activity.ref for activity in page.seen]
        return []

    async def _created_activity(self, link: Link) -> Link:
        """Look whether a create that we heard nothing of was carried out, and adopt what it made."""
        for claim in link.claims:
            if not _is_open_create(claim, Side.SEVERA) or claim.since is None:
                continue
            listed_at = self._tools.writes.severa_listed_at
            if listed_at is None or listed_at <= claim.made_at:
                # The listing knows it again though a person has edited it; looking for it by name does not.
                raise Transient("The next look at Severa tells whether it was made.")
            user = self._access.account(claim.user).user
            found = await self._tools.severa.find(user, claim.values, since=claim.since)
            maker = (await self._tools.store.read(lambda tx: tx.settings())).api_user
            ours = [activity for activity in found if is_made_by(claim, activity, maker)]
            linked = await self._linked([activity.ref for activity in ours])
            for activity in sorted(ours, key=lambda activity: activity.ref):
                if activity.ref not in linked:
                    return link.showing(Side.SEVERA, activity)
        return link

    async def equal(self, link: Link, owner: Account, action: Create) -> Link | None:
        """Return the link with an equal activity of somebody who does not use the sync and was never listed (E2)."""
        found = await self._tools.severa.find(owner.user, action.entry, since=EVER)
        linked = await self._linked([activity.ref for activity in found])
        free = sorted((a for a in found if a.ref not in linked), key=lambda activity: activity.ref)
        return link.showing(Side.SEVERA, free[0]) if free else None

    async def _linked(self, refs: list[str]) -> set[str]:
        records = await self._tools.store.read(lambda tx: tx.records_of_activities(refs))
        return {record.link.activity.ref for record in records if record.link.activity}


async def _living(tx: Transaction, other_than: Sequence[str]) -> str:
    return await tx.living_activity(other_than)


def _is_open_create(claim: Claim, side: Side) -> bool:
    return claim.side is side and claim.deed is Deed.CREATE and not claim.is_checked


def _holds(link: Link, claim: Claim) -> bool:
    """Tell whether the organizer's event that a claim set out to create was seen; a guest's copy is another's."""
    return any((copy.ref, copy.user) == (claim.ref, claim.user) for copy in link.copies)
