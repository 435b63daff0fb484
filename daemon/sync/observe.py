"""Storing one page of what a vendor showed: which link it belongs to, what is news, and what may be outdated.

Nothing is decided here. An observation that may be older than one of our writes is not stored; its side is doubted and
read again by id.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from daemon.core.account import Account, Stage
from daemon.core.entry import UNKNOWN
from daemon.core.link import APPROVED, LIVE, Claim, Deed, Link, Side, Stand
from daemon.core.listing import Page
from daemon.core.record import Record
from daemon.core.seen import Activity, Copy, Seen
from daemon.sync.landed import Landed, landed
from daemon.sync.ports import Transaction
from daemon.sync.strangers import Strangers, unlike
from daemon.sync.tools import Tools

GENERATION_DIGITS: Final = 3
"""How many digits of an event id are looked at for its generation."""


@dataclass(frozen=True, slots=True)
class Looking:
    """One reading: when it began, what caused it, and whether what it finds waits for the first matching."""

    began: int
    cause: str
    is_first: bool = False


class Activities:
    """Stores one page of activities; `twins` are late creates of ours beside one that is linked."""

    def __init__(self, tools: Tools, looking: Looking) -> None:
        self._tools, self._looking = tools, looking
        self.twins: list[Activity] = []
        self.landed: list[Landed] = []
        self._forgotten: set[str] = set()
        self._maker = ""

    async def store(self, tx: Transaction, activities: Sequence[Activity]) -> None:
        """Keep what a page shows of enabled users' activities, and of those that are known already."""
        refs = [activity.ref for activity in activities]
        known = {
            r.link.activity.ref: r
            for r in await tx.records_of_activities(refs)
            if r.link.activity is not None
        }
        strangers = await Strangers.of(tx) if len(known) < len(set(refs)) else None
        saved: dict[str, Record] = {}
        self.landed = []
        for activity in activities:
            record = known.get(activity.ref)
            if record is None and strangers is not None:
                record = self._record_of(activity, strangers, saved)
            if record is not None:
                after = self._observed(record, activity)
                if after is not record:
                    saved[after.link.id] = after
                    self.landed += landed(self._tools, record, after)
        await _kept(self._tools, tx, saved, self.landed, Side.SEVERA)
        if self._maker:
            await learn_maker(tx, self._maker)
        await self._match_again(tx)

    async def _match_again(self, tx: Transaction) -> None:
        """Match anew for owners of activities that we made and know nothing of: the database is of yesterday (C4)."""
        accounts = [a for guid in sorted(self._forgotten) if (a := await tx.account(guid))]
        again = [replace(a, stage=Stage.MATCHING) for a in accounts if a.stage is Stage.DONE]
        await tx.save_accounts(again)

    def _record_of(
        self, stranger: Activity, strangers: Strangers, saved: Mapping[str, Record]
    ) -> Record | None:
        """Return the record whose create made it, a fresh one, or none where it is a twin or nobody's."""
        if self._tools.writes.is_gone(Side.SEVERA, stranger.ref, self._looking.began):
            return None
        makers = [saved.get(r.link.id, r) for r in strangers.makers_of(stranger)]
        for record in makers:
            if record.link.activity is None:
                self._maker = stranger.created_by
                return record
        claims = [claim for record in makers for claim in record.link.claims]
        is_alike = any(not unlike(c, stranger) for c in claims if c.deed is Deed.CREATE)
        if is_alike and stranger.updated_at is None:
            self.twins.append(stranger)
            return None
        if not {stranger.user, *stranger.members} & strangers.enabled:
            return None
        if strangers.api_user and stranger.created_by == strangers.api_user:
            self._forgotten.add(stranger.user)
        return Record(Link(self._tools.new_id(), born=Side.SEVERA))

    def _observed(self, record: Record, activity: Activity) -> Record:
        if not record.link.is_empty and self._tools.writes.is_outdated(
            record.link.id, self._looking.began
        ):
            return doubted(record, Side.SEVERA, self._tools.now(), self._looking.cause)
        now, record = self._tools.now(), _read_anew(record, activity)
        link = record.link.showing(Side.SEVERA, activity).letting_go(now)
        return _noticed(record, link.outliving(Side.SEVERA, now), now, self._looking)


class Copies:
    """Stores one page of a user's calendar, and the cursor with the last page; `listed` were on the pages before."""

    def __init__(
        self, tools: Tools, account: Account, looking: Looking, listed: Set[str] = frozenset()
    ) -> None:
        self._tools, self._account, self._looking = tools, account, looking
        self._listed = listed
        self._colleagues: frozenset[str] = frozenset()
        self.landed: list[Landed] = []
        self._silent: frozenset[str] = frozenset()
        """The addresses of colleagues, and of those who do not use the sync."""

    async def store(self, tx: Transaction, page: Page[Copy]) -> None:
        """Keep what a page shows, and with the last page of a listing how far it has looked."""
        refs = [*(copy.ref for copy in page.seen), *page.gone]
        records = await tx.records_of_events(refs, [copy.uid for copy in page.seen])
        if page.gone or not all(copy.is_organizer for copy in page.seen):
            known = [a for a in await tx.accounts() if a.user.email]
            self._colleagues = frozenset(a.user.email for a in known)
            self._silent = frozenset(a.user.email for a in known if not a.is_enabled)
        marked = [copy.mark.activity for copy in page.seen if copy.mark]
        records = (*records, *(await tx.records_of_activities(marked) if marked else ()))
        records = (*records, *await _made_as(tx, refs, records))
        saved: dict[str, Record] = {}
        self.landed = []
        listed = set[str]()
        for copy in page.seen:
            current = [saved.get(r.link.id, r) for r in records]
            if self._is_removed(copy, current):
                continue
            record = self._record_of(copy, current)
            after = self._shown(record, copy)
            self._keep(saved, record, after)
            listed.add(copy.ref)
            for other in _displaced(record.link, after.link, copy.user):
                if other.ref in self._listed or other.ref in listed:
                    # It lives, while its entry was given this event since the backup: one more entry (C4).
                    fresh = self._fresh()
                    self._keep(saved, fresh, self._shown(fresh, other))
        for ref in page.gone:
            for record in records:
                record = saved.get(record.link.id, record)
                self._keep(saved, record, self._gone(record, ref))
        await _kept(self._tools, tx, saved, self.landed, Side.GOOGLE)
        if page.cursor is not None:
            await move_cursor(tx, self._account, page.cursor)

    def _keep(self, saved: dict[str, Record], before: Record, after: Record) -> None:
        if after is not before:
            saved[after.link.id] = after
            self.landed += landed(self._tools, before, after)

    def _is_removed(self, copy: Copy, records: Sequence[Record]) -> bool:
        """Tell whether an event that nobody knows any more was removed since this listing began."""
        is_known = any(_has_ref(record.link, copy.ref) for record in records)
        writes, began = self._tools.writes, self._looking.began
        return not is_known and writes.is_gone(Side.GOOGLE, copy.ref, began)

    def _record_of(self, copy: Copy, records: Sequence[Record]) -> Record:
        by_ref = [r for r in records if _has_ref(r.link, copy.ref)]
        by_id = [r for r in records if _generation(r.link, copy.ref) is not None]
        by_uid = [r for r in records if _is_copied_by(r.link, copy)]
        by_mark = [r for r in records if _is_marked_for(r.link, copy)]
        return next(iter([*by_ref, *by_id, *by_uid, *by_mark]), self._fresh())

    def _fresh(self) -> Record:
        return Record(Link(self._tools.new_id(), born=Side.GOOGLE))

    def _shown(self, record: Record, copy: Copy) -> Record:
        if self._is_outdated(record):
            return doubted(record, Side.GOOGLE, self._tools.now(), self._looking.cause)
        now, record = self._tools.now(), _read_anew(record, copy)
        link = _raised(record.link, copy.ref).showing(Side.GOOGLE, copy).letting_go(now)
        after = _noticed(record, link.outliving(Side.GOOGLE, now), now, self._looking)
        return after if after is record else self._asked(after)

    def _gone(self, record: Record, ref: str) -> Record:
        user, link = self._account.user.guid, record.link
        if self._is_outdated(record) and _has_ref(link, ref):
            return doubted(record, Side.GOOGLE, self._tools.now(), self._looking.cause)
        if any(copy.user == user and copy.ref == ref for copy in link.copies):
            if self._lacks_organizer(link) or self._is_last_of_several(link):
                # A guest may have left; whether the meeting is over only its organizer's own event tells (E6).
                return doubted(record, Side.GOOGLE, self._tools.now(), self._looking.cause)
            link = link.showing(Side.GOOGLE, None, user=user)
        elif claim := creating_event(link, ref, user):
            link = link.made_and_gone(claim)
        after = _noticed(record, link, self._tools.now(), self._looking)
        return after if after is record else self._asked(after)

    def _lacks_organizer(self, link: Link) -> bool:
        """Tell whether a colleague organizes it whose own event was not seen yet."""
        is_seen = any(copy.is_organizer for copy in link.copies)
        return not is_seen and bool({copy.organizer for copy in link.copies} & self._colleagues)

    def _is_last_of_several(self, link: Link) -> bool:
        """Tell whether colleagues take part in an outsider's meeting of which one copy is known."""
        if len(link.copies) != 1 or link.copies[0].is_organizer:
            return False
        people = link.copies[0].entry.people
        others = {address for address, _ in people.answers} if people is not UNKNOWN else set()
        return bool((others - {link.copies[0].address}) & self._colleagues)

    def _asked(self, record: Record) -> Record:
        """Doubt a meeting whose organizer's own event nobody looks at, or was not seen yet: it may have moved (E1)."""
        is_silent = bool({copy.organizer for copy in record.link.copies} & self._silent)
        if not is_silent and not self._lacks_organizer(record.link):
            return record
        doubted_sides = record.link.doubted | {Side.GOOGLE}
        return replace(record, link=replace(record.link, doubted=doubted_sides))

    def _is_outdated(self, record: Record) -> bool:
        if record.link.is_empty:
            return False
        return self._tools.writes.is_outdated(record.link.id, self._looking.began)


async def _kept(
    tools: Tools,
    tx: Transaction,
    saved: Mapping[str, Record],
    found: Sequence[Landed],
    side: Side,
) -> None:
    """Keep what was seen on a side, with a line for each of our own writes that it shows."""
    if saved:
        await tx.save([told(tools, record, side) for record in saved.values()])
    if found:
        await tx.add_history([one.change for one in found])


def creating_event(link: Link, ref: str, user: str = "") -> Claim | None:
    """Return the claim that set out to create the event `ref` (on this calendar), if it is still open."""
    return next(
        (
            claim
            for claim in link.claims
            if claim.side is Side.GOOGLE and claim.deed is Deed.CREATE and claim.ref == ref
            if user in ("", claim.user)
        ),
        None,
    )


async def _made_as(tx: Transaction, refs: Sequence[str], known: Sequence[Record]) -> list[Record]:
    """Return the records that events were made for which they do not know yet: the database is of yesterday (C4)."""
    found = []
    for ref in refs:
        if any(_has_ref(record.link, ref) for record in known):
            continue
        for digits in range(1, GENERATION_DIGITS + 1):
            record = await tx.record(ref[:-digits])
            if record is not None and _generation(record.link, ref) is not None:
                found.append(record)
    return found


def _generation(link: Link, ref: str) -> int | None:
    """Return which generation of a link's event this is, if it is one."""
    number = ref.removeprefix(link.id)
    return int(number) if number != ref and number.isdecimal() else None


def _raised(link: Link, ref: str) -> Link:
    """Return the link as it was when this event of it was made."""
    generation = _generation(link, ref)
    if generation is None or generation <= link.generation:
        return link
    older = tuple(copy for copy in link.copies if _generation(link, copy.ref) is None)
    return replace(link, generation=generation, copies=older, source="")


def _is_copied_by(link: Link, copy: Copy) -> bool:
    """Tell whether this is another user's copy of the same event."""
    is_same = any(other.uid == copy.uid for other in link.copies)
    return is_same and all(other.user != copy.user for other in link.copies)


def _is_marked_for(link: Link, copy: Copy) -> bool:
    """Tell whether we marked this very event as the other side of this link's activity, which has none now (C4)."""
    mark, activity = copy.mark, link.activity
    if mark is None or activity is None or link.copies:
        return False
    # A mark on anybody's event is not to bring it together with anybody's activity.
    is_theirs = activity.concerns(copy.user)
    return is_theirs and (mark.event, mark.activity) == (copy.ref, activity.ref)


def _displaced(before: Link, after: Link, user: str) -> list[Copy]:
    """Return what was known on this calendar in whose place another event of the link is seen now."""
    shown = {copy.ref for copy in after.copies}
    return [copy for copy in before.copies if copy.user == user and copy.ref not in shown]


def _has_ref(link: Link, ref: str) -> bool:
    return any(copy.ref == ref for copy in link.copies) or creating_event(link, ref) is not None


def doubted(record: Record, side: Side, now: datetime, cause: str) -> Record:
    """Return the record with a side that is to be read by id before anything is decided."""
    link = replace(record.link, doubted=record.link.doubted | {side})
    return replace(record, link=link, due_at=record.due_at or now, cause=record.cause or cause)


def told(tools: Tools, record: Record, side: Side) -> Record:
    """Return a record with news on a side; whoever works on it is told, and may be writing to that side just now."""
    if not tools.hands.disturb(record.link.id):
        return record
    return replace(record, link=replace(record.link, doubted=record.link.doubted | {side}))


def _read_anew(record: Record, seen: Seen) -> Record:
    """Return the record in the words of a new translator, which is no news; the very same where it reads no other."""
    side = Side.SEVERA if isinstance(seen, Activity) else Side.GOOGLE
    link = record.link.read_anew(side, seen)
    return record if link is record.link else replace(record, link=link)


def _noticed(record: Record, link: Link, now: datetime, looking: Looking) -> Record:
    """Return the record with what was seen, due if it is news; the very same record if it is none."""
    if link == record.link:
        return record
    link = lifted(record.link, link)
    due_at = None if looking.is_first and not link.base.is_pair else now
    return replace(
        record,
        link=link,
        due_at=due_at,
        attempts=0,
        cause=looking.cause,
        noticed_at=record.noticed_at or now,
        looked_at=now,
    )


def lifted(before: Link, link: Link) -> Link:
    """Return the link as it takes part again where a person changed what was set aside or approved (R3, D5)."""
    may_be = link.standing.stand is Stand.SET_ASIDE or link.standing == APPROVED
    return replace(link, standing=LIVE) if may_be and _content(link) != _content(before) else link


def _content(link: Link) -> tuple[object, ...]:
    """Return what a person can see of a link: stamps and etags move without anybody's doing."""
    activity = link.activity
    return (
        activity and (activity.entry, activity.type, activity.user, activity.has_hours),
        tuple((copy.user, copy.entry) for copy in link.copies),
    )


async def learn_maker(tx: Transaction, maker: str) -> None:
    """Keep whom Severa names as the maker of what we create: by that we know it again."""
    settings = await tx.settings()
    if settings.api_user != maker:
        await tx.save_settings(replace(settings, api_user=maker))


async def move_cursor(tx: Transaction, account: Account, cursor: str) -> None:
    """Keep how far a user's calendar was looked at."""
    current = await tx.account(account.user.guid)
    if current is not None and current.cursor != cursor:
        await tx.save_accounts([replace(current, cursor=cursor)])
