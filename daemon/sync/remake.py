"""Making a removed entry again on one side, at most once; the ordinary decision then makes it on the other (D7, E7).

The link has an id that follows from the change that is undone, and is being restored: when the create shows, answered
or not, its side agrees with itself and the other counts as gone, which comes to making it there again.
"""

from collections.abc import Awaitable
from dataclasses import replace
from functools import partial
from typing import Final, TypeVar

from daemon.core.account import Account
from daemon.core.company import Category
from daemon.core.entry import NO_FIELDS, UNKNOWN, Answer, Entry, People
from daemon.core.link import RESTORED, Claim, Deed, Link, Side
from daemon.core.record import Change, Record
from daemon.core.seen import Activity, Copy
from daemon.core.undo import id_of_restored
from daemon.errors import Exists, RateLimited, Refused, Transient
from daemon.sync.apply import CLOCK_SLACK
from daemon.sync.history import fields_of, told_left_out
from daemon.sync.proxy import CAUSE, Proxy, asked
from daemon.sync.tools import Tools

T = TypeVar("T")

GENERATIONS_MAX: Final = 5


class Remake:
    """Makes removed entries again."""

    def __init__(self, tools: Tools, proxy: Proxy) -> None:
        self._tools, self._proxy = tools, proxy

    async def make(
        self, former: Record | None, change: Change, values: Entry, original: str = ""
    ) -> tuple[str, ...]:
        """Make what `change` removed again on its side; `former` is what an earlier try left behind.

        It gets what the `original` held besides, and what the vendor did not take of that is returned in words.
        """
        # Of unknown origin, so it counts as Google's: nothing is taken away because of its type (B5).
        link = Link(id_of_restored(change), Side.GOOGLE, source=change.user, standing=RESTORED)
        owner = await self._proxy.owner(link, change.user)
        if former is not None:
            link = replace(link, claims=former.link.claims, generation=former.link.generation)
        make = self._event if change.side is Side.GOOGLE else self._activity
        return await make(link, owner, values, original)

    async def _activity(
        self, link: Link, owner: Account, values: Entry, original: str
    ) -> tuple[str, ...]:
        if any(claim.deed is Deed.CREATE and not claim.is_checked for claim in link.claims):
            raise Transient("The next look at Severa tells whether an earlier try made it.")
        kind = await self._proxy.type_for(values, owner, original)
        is_private = await self._is_personal(kind)
        entry = _begun(replace(values, private=is_private), owner, Side.SEVERA)
        since = await self._tools.severa.time() - CLOCK_SLACK
        claim = replace(self._claim(Side.SEVERA, entry, owner), since=since)
        record = await self._claimed(link, claim)
        made = await self._creating(
            record,
            claim,
            self._tools.severa.create(owner.user, entry, type_guid=kind, original=original),
        )
        record = await self._made(record, claim, made)
        # Nobody else may be written to before the create is kept: of those we lose nothing but a guest.
        await self._invite(record, _uninvited(values, entry))
        return made.left_out

    async def _invite(self, record: Record, guests: Entry) -> None:
        if guests.known():
            link = await self._proxy.write(record.link, Side.SEVERA, guests)
            await self._proxy.keep(replace(record, link=link))

    async def _is_personal(self, type_guid: str) -> bool:
        settings = await self._tools.store.read(lambda tx: tx.settings())
        personal = [t.guid for t in settings.types if t.category is Category.PERSONAL]
        return type_guid in personal

    async def _event(
        self, link: Link, owner: Account, values: Entry, original: str
    ) -> tuple[str, ...]:
        """Make the event under the id of its link, or under the next where a deletion used that up."""
        access, guid = await self._proxy.access(), owner.user.guid
        google, entry = self._tools.google, _begun(values, owner, Side.GOOGLE)
        for generation in range(link.generation, link.generation + GENERATIONS_MAX):
            trying = replace(link, generation=generation)
            ref = trying.event_id
            claim = replace(self._claim(Side.GOOGLE, entry, owner), ref=ref)
            record = await self._claimed(trying, claim)
            create = partial(google.create, ref=ref, entry=entry, mark=None, original=original)
            made: Copy | None
            try:
                made = await self._creating(record, claim, access.in_google(link, guid, create))
            except Exists:
                read = partial(google.read, ref=ref)
                made = await asked(access.in_google(link, guid, read))
            if made is not None:
                await self._made(record, claim, made)
                return made.left_out
        raise Refused("Every id under which the event could be made is used up.")

    def _claim(self, side: Side, values: Entry, owner: Account) -> Claim:
        # It takes in nothing: the other side is made from what this one then shows.
        now = self._tools.now()
        return Claim(side, Deed.CREATE, now, values, NO_FIELDS, user=owner.user.guid)

    async def _claimed(self, link: Link, claim: Claim) -> Record:
        record = Record(link.claiming(claim), cause=CAUSE)
        await self._proxy.keep(record)
        return record

    async def _creating(self, record: Record, claim: Claim, call: Awaitable[T]) -> T:
        """Make the call; what certainly made nothing takes its claim back."""
        try:
            return await asked(call)
        except (RateLimited, Refused):
            await self._proxy.keep(replace(record, link=record.link.without(claim)))
            raise

    async def _made(self, record: Record, claim: Claim, made: Activity | Copy) -> Record:
        done = replace(record, link=record.link.answered(claim, made))
        line = self._proxy.line(done, claim.side, "created", fields_of(NO_FIELDS, claim.values))
        line = told_left_out(line, made)
        maker = made.created_by if isinstance(made, Activity) else ""
        await self._proxy.keep(done, line, maker=maker)
        return done


def _begun(values: Entry, owner: Account, side: Side) -> Entry:
    """Return what one call makes: Severa takes participants one at a time, and guests in Google are asked anew."""
    if values.people is UNKNOWN:
        return values
    guests = {address: Answer.NONE for address, _ in values.people.answers}
    asked_now = guests if side is Side.GOOGLE else {}
    return replace(values, people=People.of(asked_now | {owner.user.email: Answer.ACCEPTED}))


def _uninvited(values: Entry, made: Entry) -> Entry:
    """Return the people that are to be added to what was made."""
    missing = values.persons() - made.persons()
    names = {name.partition(":")[2]: Answer.NONE for name in missing}
    return Entry(people=People.of(names, is_whole=False)) if names else NO_FIELDS
