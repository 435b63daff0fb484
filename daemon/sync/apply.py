"""Carrying one decision out: claim, call, answer; and reading back by id what became of a write we never heard of."""

from dataclasses import replace
from datetime import datetime, timedelta

from daemon.core.account import Account
from daemon.core.company import ActivityType, Category
from daemon.core.entry import Entry, address_in, differing, entry_of
from daemon.core.fit import MASKS
from daemon.core.link import CLAIM_LIFE, Claim, Deed, Link, Side, Stand, Standing
from daemon.core.meeting import copy_of
from daemon.core.policy import Policy
from daemon.core.record import Record
from daemon.core.seen import Activity, Mark, Seen
from daemon.core.view import Action, Create, Forget, Part, Remove, Reset, Settle, Write
from daemon.errors import Forbidden, Refused, Transient
from daemon.sync.access import Access, copy_written
from daemon.sync.again import former_type, originals_of
from daemon.sync.history import change_of, told_left_out
from daemon.sync.keeper import Keeper
from daemon.sync.landed import landed
from daemon.sync.observe import learn_maker, lifted
from daemon.sync.partners import Partners
from daemon.sync.readback import ReadBack
from daemon.sync.resting import TICK
from daemon.sync.tools import Tools

KEEPS_ITS_TYPE = "Severa keeps this activity's type, so it does not follow the event's privacy."
CLOCK_SLACK = timedelta(seconds=2)
"""Severa's clock is known by whole seconds of its latest answer."""


class Apply:
    """Carries decisions out, one entry at a time."""

    def __init__(self, tools: Tools, policy: Policy, access: Access) -> None:
        self._tools, self._policy, self._access = tools, policy, access
        self._reading = ReadBack(tools, self._access)
        self._keeper = Keeper(tools)
        self._partners = Partners(tools, access, self._keeper)
        self._api_user = ""

    async def read_back(self, record: Record) -> Record:
        """Read by id every side about which there is doubt; what is gone is gone with proof only (D4)."""
        now = self._tools.now()
        link = record.link.letting_go(now)
        for side in sorted(link.unread, key=lambda side: side.value):
            began = self._tools.writes.now()
            link = await self._reading.side(link, side)
            if (before := record.link.seen(side)) and link.seen(side) is None:
                self._tools.writes.note_gone(side, before.ref)
            if not self._tools.writes.is_outdated(link.id, began):
                link = link.checked(side, now)
        read = replace(record, link=lifted(record.link, link), looked_at=now)
        found = landed(self._tools, record, read)
        return await self._keeper.keep(
            read, stood=record.link.standing, found=found, before=record.link
        )

    async def perform(self, record: Record, action: Action) -> Record:
        """Carry out one action and return the record as it was kept; see `errors` for what may be raised."""
        match action:
            case Settle():
                return await self._settle(record, action)
            case Forget():
                return await self._forget(record)
            case Part(rule):
                standing = Standing(Stand.PARTED, rule)
                return await self._keeper.keep(
                    _with_link(record, standing=standing), action, "parted"
                )
            case Create():
                return await self._create(record, action)
            case Write():
                return await self._write(record, action)
            case Remove():
                return await self._remove(record, action)
            case Reset():
                raise AssertionError("No calendar shows occurrences of a series yet.")

    async def _settle(self, record: Record, action: Settle) -> Record:
        link = replace(record.link, base=action.base)
        if action.is_first_match:
            return await self._keeper.keep(replace(record, link=link), action, "linked")
        return await self._keeper.keep(replace(record, link=link))

    async def _forget(self, record: Record) -> Record:
        """Drop the link, but wait for a create of unknown outcome, and look once more when it can land no more."""
        now, link = self._tools.now(), record.link
        if any(c.deed is Deed.CREATE and c.made_at + CLAIM_LIFE < now for c in link.claims):
            unread = tuple(replace(claim, is_checked=False) for claim in link.claims)
            return await self._keeper.keep(
                replace(record, link=replace(link, claims=unread), due_at=now)
            )
        link = link.forgetting(now)
        due_at = min((c.made_at + CLAIM_LIFE + TICK for c in link.claims), default=None)
        return await self._keeper.keep(replace(record, link=link, due_at=due_at))

    # Writing

    async def _create(self, record: Record, action: Create) -> Record:
        if action.side is Side.SEVERA:
            owner = self._access.owner_for(record.link)
            if why := self._access.bar(record.link, owner.user.guid):
                raise Transient(f"Its owner's activities may not be written: {why}")
            return await self._create_activity(record, action, owner)
        organizer = self._access.organizer_for(record.link)
        if why := self._access.bar(record.link, organizer.user.guid):
            raise Transient(f"Its owner's calendar may not be written to: {why}")
        return await self._create_event(record, action, organizer)

    async def _create_activity(self, record: Record, action: Create, owner: Account) -> Record:
        if found := await self._partners.activity_of(record, owner):
            return found
        if owner.is_enabled:
            return await self._make_activity(record, action, owner)
        async with self._tools.hands.for_others:  # Else two that are alike could find the same one.
            if equal := await self._reading.equal(record.link, owner, action):
                return await self._keeper.keep(replace(record, link=equal), before=record.link)
            return await self._make_activity(record, action, owner)

    async def _make_activity(self, record: Record, action: Create, owner: Account) -> Record:
        kept = await originals_of(self._tools, record.link.id, Side.SEVERA)
        former, original = former_type(self._tools.severa, self._policy, kept, action.entry)
        kind = former or self._type_for(action.entry, owner)
        # What the type cannot say is not claimed either: an open type shows an open entry.
        entry = replace(action.entry, private=kind.category is Category.PERSONAL)
        since = await self._tools.severa.time() - CLOCK_SLACK
        claim = self._claim_of(action, entry, user=owner.user.guid, since=since)
        record = await self._keeper.claim(record, claim)
        made = await self._tools.severa.create(
            owner.user, entry, type_guid=kind.guid, original=original
        )
        await self._learn_maker(made)
        return await self._answered(record, claim, made, action, "created")

    async def _create_event(self, record: Record, action: Create, owner: Account) -> Record:
        # What is on an enabled user's calendar was listed; but one that is made again may be there already (C4).
        is_looked_for = not owner.is_enabled or record.link.generation > 0
        if is_looked_for and (found := await self._partners.event_of(record, owner)):
            return found
        ref, guid = record.link.event_id, owner.user.guid
        claim = self._claim_of(action, action.entry, user=guid, ref=ref)
        record = await self._keeper.claim(record, claim)
        mark = _mark(record.link, ref)
        kept = await originals_of(self._tools, record.link.id, Side.GOOGLE)
        original = next(iter(kept), "")
        made = await self._access.in_google(
            record.link,
            guid,
            lambda user: self._tools.google.create(
                user, ref, action.entry, mark=mark, original=original
            ),
        )
        return await self._answered(record, claim, made, action, "created")

    def _claim_of(
        self,
        action: Create | Write,
        values: Entry,
        *,
        user: str,
        ref: str = "",
        since: datetime | None = None,
        version: str = "",
    ) -> Claim:
        deed = Deed.CREATE if isinstance(action, Create) else Deed.CHANGE
        return Claim(
            action.side,
            deed,
            self._tools.now(),
            values=values,
            takes_in=action.takes_in,
            ref=ref,
            user=user,
            since=since,
            version=version,
        )

    async def _learn_maker(self, made: Activity) -> None:
        if made.created_by and self._api_user != made.created_by:
            self._api_user = made.created_by
            await self._tools.store.write(lambda tx: learn_maker(tx, made.created_by))

    async def _write(self, record: Record, action: Write) -> Record:
        link = record.link
        if action.rule == "D6" and action.side is Side.SEVERA:
            # The organizer may be a colleague whose own event can be changed, or is gone, and was not seen yet.
            link = await self._reading.side(link, Side.GOOGLE)
            if link != record.link:
                return await self._keeper.keep(replace(record, link=link))
        seen = link.seen(action.side)
        if action.side is Side.GOOGLE:
            seen = copy_of(link.copies, copy_written(link, action.user))
        assert seen is not None, "only what was seen is written to"
        guid = seen.user
        claim = self._claim_of(action, action.change, user=guid, ref=seen.ref, version=seen.version)
        if isinstance(seen, Activity):
            return await self._write_activity(
                await self._keeper.claim(record, claim), claim, seen, action
            )
        if why := self._access.bar(link, guid):
            raise Transient(f"A calendar it needs may not be used: {why}")
        record, copy = await self._keeper.claim(record, claim), seen
        # The mark is the speaking copy's; an answer leaves the own copy as it is.
        mark = copy.mark if action.user else _mark(link, copy.ref)
        after = await self._access.in_google(
            link,
            guid,
            lambda user: self._tools.google.change(
                user, copy, action.change, type_guid="", mark=mark
            ),
        )
        return await self._changed(record, claim, seen, after, action)

    async def _changed(
        self, record: Record, claim: Claim, before: Seen, after: Seen, action: Write
    ) -> Record:
        """Keep what a change came to; Google answers 200 to some edits of guests and changes nothing.

        Raises:
            Refused: Some of it was not carried out, which is kept apart from what was.
        """
        unmoved = _unmoved(before, action.change, after)
        if not unmoved:
            return await self._answered(record, claim, after, action, "changed")
        moved = claim.values.known().keys() - unmoved
        part = replace(claim, values=claim.values.only(moved), takes_in=claim.takes_in.only(moved))
        link = record.link.without(claim).claiming(part)
        await self._answered(replace(record, link=link), part, after, action, "changed")
        names = ", ".join(sorted(unmoved))
        raise Refused(f"The vendor accepted the change and did not carry out: {names}.")

    async def _write_activity(
        self, record: Record, claim: Claim, seen: Activity, action: Write
    ) -> Record:
        """Write to Severa, where privacy is a matter of the type, and the type may refuse to change (B4)."""
        account = self._access.account(claim.user)
        type_guid = self._new_type(seen, action.change, account)
        if "private" in action.change.known() and not type_guid:
            return await self._keep_type(record, claim, seen, action)
        try:
            after = await self._tools.severa.change(
                account.user, seen, action.change, type_guid=type_guid, mark=None
            )
        except Forbidden as error:
            if not type_guid or error.reason != "InvalidOperation":
                raise
            can_replace = seen.is_bare and not seen.has_hours
            instead = self._make_anew if can_replace else self._keep_type
            return await instead(record, claim, seen, action)
        return await self._changed(record, claim, seen, after, action)

    async def _make_anew(
        self, record: Record, claim: Claim, seen: Activity, action: Write
    ) -> Record:
        """Remove an activity that holds nothing but synced fields; its event makes it again, of the right type.

        Should we die in between, the event is changed and the activity is gone, which comes to the same (D2).
        """
        removing = replace(claim, deed=Deed.REMOVE, values=Entry(), takes_in=Entry())
        link = record.link.without(claim)
        self._tools.writes.note_taking(removing.side, seen.ref, seen.original)
        record = await self._keeper.claim(replace(record, link=link), removing)
        await self._tools.severa.remove(self._access.account(claim.user).user, seen)
        return await self._answered(record, removing, None, action, "replaced")

    async def _keep_type(
        self, record: Record, claim: Claim, seen: Activity, action: Write
    ) -> Record:
        """Write all but the privacy; what became private is hidden behind a placeholder, and the problem shown."""
        google = record.link.google
        assert google is not None, "privacy is carried from an event"
        change = action.change.only(action.change.known().keys() - {"private"})
        if action.change.private is True:
            change = entry_of(MASKS).over(change)
        values = replace(change, private=seen.entry.private)
        kept = replace(claim, values=values, takes_in=google.entry.only(values.known()))
        base = replace(record.link.base, is_masked=action.change.private is True)
        standing = Standing(reason=KEEPS_ITS_TYPE)
        link = replace(record.link.without(claim), standing=standing, base=base)
        record = await self._keeper.claim(replace(record, link=link), kept)
        after = await self._tools.severa.change(
            self._access.account(claim.user).user, seen, change, type_guid="", mark=None
        )
        return await self._answered(record, kept, after, action, "changed")

    async def _remove(self, record: Record, action: Remove) -> Record:
        """Read what is to be removed once more, and remove it if it is still what was decided about."""
        link, side = record.link, action.side
        seen, user = link.seen(side), self._access.user_on(link, side)
        assert seen is not None, "only what was seen is removed"
        fresh = replace(link, doubted=link.doubted | {side})
        record = await self.read_back(replace(record, link=fresh))
        seen_now = record.link.seen(side)
        if seen_now is None or _has_moved(seen, seen_now):
            return record
        claim = Claim(
            side,
            Deed.REMOVE,
            self._tools.now(),
            ref=seen_now.ref,
            user=user.user.guid,
            version=seen_now.version,
        )
        self._tools.writes.note_taking(side, seen_now.ref, seen_now.original)
        record = await self._keeper.claim(record, claim)
        if isinstance(seen_now, Activity):
            await self._tools.severa.remove(user.user, seen_now)
        else:
            copy = seen_now
            await self._access.in_google(
                link, user.user.guid, lambda user: self._tools.google.remove(user, copy)
            )
        return await self._answered(record, claim, None, action, "removed")

    async def _answered(
        self, record: Record, claim: Claim, seen: Seen | None, action: Action, word: str
    ) -> Record:
        taken = record.link.seen(claim.side) if seen is None else None
        # Of what is replaced, it is told what was to be changed: by that it can be put back.
        fields = action.change if word == "replaced" and isinstance(action, Write) else claim.values
        now = self._tools.now()
        change = told_left_out(change_of(record, action, word, fields, now), seen)
        change = replace(change, original=taken.original if taken else "")
        return await self._keeper.answered(
            record, claim, seen, change, is_new=isinstance(action, Create)
        )

    # Types

    def _type_for(self, entry: Entry, account: Account) -> ActivityType:
        chosen = self._policy.type_for(entry, account.user)
        if chosen is None:
            hint = "make an active activity type of the category CalendarEntry in Severa"
            raise Transient(f"Severa has no default activity type; {hint}.")
        return chosen

    def _new_type(self, seen: Seen, change: Entry, account: Account) -> str:
        """Return the type that a change of privacy asks for, empty where it asks for none (B4)."""
        if not isinstance(seen, Activity) or "private" not in change.known():
            return ""
        wanted = self._type_for(replace(seen.entry, private=change.private), account)
        # A type that does not make it private would show it in the open.
        fits = (wanted.category is Category.PERSONAL) is (change.private is True)
        return wanted.guid if fits and wanted.guid != seen.type else ""


def _with_link(record: Record, *, standing: Standing) -> Record:
    return replace(record, link=replace(record.link, standing=standing, base=record.link.base))


def _mark(link: Link, ref: str) -> Mark | None:
    return Mark(link.activity.ref, ref) if link.activity else None


def _has_moved(before: Seen, now: Seen) -> bool:
    """Tell whether what is to be removed is not any more what the decision was about."""
    if isinstance(before, Activity) and isinstance(now, Activity):
        facts = (before.has_hours, before.type, before.user)
        return before.entry != now.entry or facts != (now.has_hours, now.type, now.user)
    return before.entry != now.entry


def _unmoved(before: Seen, change: Entry, after: Seen) -> frozenset[str]:
    """Return the fields that a change left as they were; people that a side does not take are agreed to differ (E5)."""
    unmoved = differing(change, after.entry) - differing(before.entry, after.entry)
    return frozenset(name for name in unmoved if not address_in(name))
