"""Looking: what the vendors show is stored as it is, together with the cursor that says how far we have looked.

Nothing is decided here. An observation that may be older than one of our writes is not stored; its side is doubted and
read again by id.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Self

from daemon.core.account import Account
from daemon.core.entry import differing
from daemon.core.link import APPROVED, LIVE, Claim, Deed, Link, Side, Stand
from daemon.core.listing import Page
from daemon.core.record import Record
from daemon.core.seen import Activity, Copy
from daemon.errors import CursorExpired, Transient
from daemon.sync.ports import Transaction
from daemon.sync.tools import Tools

OVERLAP: Final = timedelta(minutes=5)
"""How far each company listing reaches back: rows that change while it is paged may be missed."""
NEAR_BEFORE: Final = timedelta(days=1)
NEAR_AFTER: Final = timedelta(days=14)
USERS_A_NEAR_LISTING: Final = 50


@dataclass(frozen=True, slots=True)
class Looking:
    """One reading: when it began, what caused it, and whether what it finds waits for the first matching."""

    began: int
    cause: str
    is_first: bool = False


class Pull:
    """Brings what both vendors show into the store."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def severa_changes(self, *, cause: str) -> tuple[Activity, ...]:
        """Look at what changed in the company's Severa; return late twins of our own creates."""
        store, looking = self._tools.store, self._looking(cause)
        settings = await store.read(lambda tx: tx.settings())
        if settings.cursor is None:
            start = await self._tools.severa.time()
            await store.write(lambda tx: _move_company_cursor(tx, start.isoformat()))
            return ()
        since = datetime.fromisoformat(settings.cursor)
        twins: list[Activity] = []
        is_whole = False
        async for page in self._tools.severa.changes(since - OVERLAP):
            twins += await self._observe_page(
                page, looking, max(since, _instant(page.cursor, since))
            )
            is_whole = page.cursor is not None
        if not is_whole:
            raise Transient("Severa's listing ended without its last page.")
        return tuple(twins)

    async def _observe_page(
        self, page: Page[Activity], looking: Looking, reached: datetime
    ) -> Sequence[Activity]:
        observation = _Activities(self._tools, looking)
        if not page.seen and page.cursor is None:
            return ()

        async def work(tx: Transaction) -> None:
            await observation.store(tx, page.seen)
            if page.cursor is not None:
                await _move_company_cursor(tx, reached.isoformat())

        await self._tools.store.write(work)
        return observation.twins

    async def severa_of(self, account: Account) -> None:
        """List everything that a user owns in Severa, for the first sync; what was linked and is missing is doubted."""
        looking, is_whole = self._looking("first sync", is_first=True), False
        listed: set[str] = set()
        async for page in self._tools.severa.of_users([account.user.guid], None, None):
            listed |= {activity.ref for activity in page.seen}
            observation = _Activities(self._tools, looking)
            await self._tools.store.write(partial(observation.store, activities=page.seen))
            is_whole = page.cursor is not None
        if not is_whole:
            raise Transient("Severa's listing ended without its last page.")
        await self._doubt_missing(account, Side.SEVERA, listed, looking.cause)

    async def near_window(self, accounts: Sequence[Account], *, cause: str) -> None:
        """List yesterday to 14 days ahead of these users; what is missing there is doubted, not gone (D4)."""
        now, looking = self._tools.now(), self._looking(cause)
        users = [account.user.guid for account in accounts[:USERS_A_NEAR_LISTING]]
        start, end = now - NEAR_BEFORE, now + NEAR_AFTER
        listed: set[str] = set()
        async for page in self._tools.severa.of_users(users, start, end):
            listed |= {activity.ref for activity in page.seen}
            observation = _Activities(self._tools, looking)
            await self._tools.store.write(partial(observation.store, activities=page.seen))
        expected = await self._tools.store.read(
            lambda tx: tx.activities_between(users, start + NEAR_BEFORE / 2, end - NEAR_BEFORE)
        )
        missing = [ref for ref in expected if ref not in listed]
        await self._doubt_activities(missing, cause)

    async def _doubt_activities(self, refs: Sequence[str], cause: str) -> None:
        if not refs:
            return

        async def work(tx: Transaction) -> None:
            records = await tx.records_of_activities(refs)
            await tx.save([_doubted(r, Side.SEVERA, self._tools.now(), cause) for r in records])

        await self._tools.store.write(work)

    async def google_changes(self, account: Account, *, cause: str, is_first: bool = False) -> None:
        """Look at what changed on a user's calendar, or at all of it where the cursor is lost."""
        try:
            await self._google(account, account.cursor, self._looking(cause, is_first=is_first))
        except CursorExpired:
            self._tools.report("cursor.expired", user=account.user.guid)
            await self._google(account, None, self._looking(cause, is_first=is_first))

    async def _google(self, account: Account, cursor: str | None, looking: Looking) -> None:
        """List the changes or, without a cursor, everything; then the new cursor is the last thing stored."""
        listed: set[str] = set()
        reached = None
        async for page in self._tools.google.changes(account.user, cursor):
            reached = page.cursor
            listed |= {copy.ref for copy in page.seen}
            if not (page.seen or page.gone) and reached in (None, cursor):
                continue
            observation = _Copies(self._tools, account, looking)
            kept = page if cursor is not None else replace(page, cursor=None)
            await self._tools.store.write(partial(observation.store, page=kept))
        if reached is None:
            raise Transient("Google's listing ended without a sync token.")
        if cursor is None:
            await self._doubt_missing(account, Side.GOOGLE, listed, looking.cause)
            await self._tools.store.write(partial(_move_cursor, account=account, cursor=reached))

    async def _doubt_missing(
        self, account: Account, side: Side, listed: set[str], cause: str
    ) -> None:
        """After a whole listing: what it does not show of this user's is read by id."""
        user, now = account.user.guid, self._tools.now()

        async def page(tx: Transaction, after: str) -> str:
            records = await tx.records_of_user(user, after=after)
            missing = [r for r in records if _refs(r.link, side, user) - listed]
            await tx.save([_doubted(record, side, now, cause) for record in missing])
            return records[-1].link.id if records else ""

        after = ""
        while after := await self._tools.store.write(partial(page, after=after)):
            pass

    def _looking(self, cause: str, *, is_first: bool = False) -> Looking:
        return Looking(self._tools.writes.now(), cause, is_first)


class _Activities:
    """Stores one page of activities."""

    def __init__(self, tools: Tools, looking: Looking) -> None:
        self._tools, self._looking = tools, looking
        self.twins: list[Activity] = []

    async def store(self, tx: Transaction, activities: Sequence[Activity]) -> None:
        refs = [activity.ref for activity in activities]
        known = {
            r.link.activity.ref: r
            for r in await tx.records_of_activities(refs)
            if r.link.activity is not None
        }
        strangers = await _Strangers.of(tx) if len(known) < len(set(refs)) else None
        saved: dict[str, Record] = {}
        for activity in activities:
            record = known.get(activity.ref)
            if record is None and strangers is not None:
                record = self._record_of(activity, strangers, saved)
            if record is not None:
                after = self._observed(record, activity)
                if after is not record:
                    saved[after.link.id] = after
        if saved:
            await tx.save(list(saved.values()))

    def _record_of(
        self, stranger: Activity, strangers: "_Strangers", saved: Mapping[str, Record]
    ) -> Record | None:
        """Return the record whose create made it, a fresh one, or none where it is a twin or nobody's."""
        makers = [saved.get(r.link.id, r) for r in strangers.makers_of(stranger)]
        for record in makers:
            if record.link.activity is None:
                return record
        if any(r.link.activity and r.link.activity.ref != stranger.ref for r in makers):
            self.twins.append(stranger)
            return None
        is_ours = stranger.user in strangers.enabled
        return Record(Link(self._tools.new_id(), born=Side.SEVERA)) if is_ours else None

    def _observed(self, record: Record, activity: Activity) -> Record:
        if not record.link.is_empty and self._tools.writes.is_outdated(
            record.link.id, self._looking.began
        ):
            return _doubted(record, Side.SEVERA, self._tools.now(), self._looking.cause)
        now = self._tools.now()
        link = record.link.letting_go(now).showing(Side.SEVERA, activity)
        return _noticed(record, link, now, self._looking)


@dataclass(frozen=True, slots=True)
class _Strangers:
    """What it takes to say whose an activity is that nobody knows yet."""

    enabled: frozenset[str]
    creating: tuple[Record, ...]
    api_user: str

    @classmethod
    async def of(cls, tx: Transaction) -> Self:
        enabled = frozenset(a.user.guid for a in await tx.accounts() if a.is_enabled)
        settings = await tx.settings()
        return cls(enabled, await tx.records_creating(), settings.api_user)

    def makers_of(self, activity: Activity) -> list[Record]:
        """Return the records with a create of unknown outcome that may have made it."""
        return [
            record
            for record in self.creating
            if any(is_made_by(claim, activity, self.api_user) for claim in record.link.claims)
        ]


class _Copies:
    """Stores one page of a user's calendar, and the cursor with the last page."""

    def __init__(self, tools: Tools, account: Account, looking: Looking) -> None:
        self._tools, self._account, self._looking = tools, account, looking

    async def store(self, tx: Transaction, page: Page[Copy]) -> None:
        refs = [*(copy.ref for copy in page.seen), *page.gone]
        records = await tx.records_of_events(refs, [copy.uid for copy in page.seen])
        saved: dict[str, Record] = {}
        for copy in page.seen:
            record = self._record_of(copy, [saved.get(r.link.id, r) for r in records])
            self._keep(saved, record, self._shown(record, copy))
        for ref in page.gone:
            for record in records:
                record = saved.get(record.link.id, record)
                self._keep(saved, record, self._gone(record, ref))
        if saved:
            await tx.save(list(saved.values()))
        if page.cursor is not None:
            await _move_cursor(tx, self._account, page.cursor)

    @staticmethod
    def _keep(saved: dict[str, Record], before: Record, after: Record) -> None:
        if after is not before:
            saved[after.link.id] = after

    def _record_of(self, copy: Copy, records: Sequence[Record]) -> Record:
        by_ref = [r for r in records if _has_ref(r.link, copy.ref)]
        by_uid = [r for r in records if _is_copied_by(r.link, copy)]
        fresh = Record(Link(self._tools.new_id(), born=Side.GOOGLE))
        return next(iter([*by_ref, *by_uid]), fresh)

    def _shown(self, record: Record, copy: Copy) -> Record:
        if self._is_outdated(record):
            return _doubted(record, Side.GOOGLE, self._tools.now(), self._looking.cause)
        now = self._tools.now()
        link = record.link.letting_go(now).showing(Side.GOOGLE, copy)
        return _noticed(record, link, now, self._looking)

    def _gone(self, record: Record, ref: str) -> Record:
        user, link = self._account.user.guid, record.link
        if self._is_outdated(record) and _has_ref(link, ref):
            return _doubted(record, Side.GOOGLE, self._tools.now(), self._looking.cause)
        if any(copy.user == user and copy.ref == ref for copy in link.copies):
            link = link.showing(Side.GOOGLE, None, user=user)
        elif claim := creating_event(link, ref):
            link = link.made_and_gone(claim)
        return _noticed(record, link, self._tools.now(), self._looking)

    def _is_outdated(self, record: Record) -> bool:
        if record.link.is_empty:
            return False
        return self._tools.writes.is_outdated(record.link.id, self._looking.began)


def _refs(link: Link, side: Side, user: str) -> set[str]:
    """Return what a side of this link is called in a user's calendar, or as a user's activity."""
    if side is Side.GOOGLE:
        return {copy.ref for copy in link.copies if copy.user == user}
    activity = link.activity
    return {activity.ref} if activity is not None and activity.user == user else set()


def is_made_by(claim: Claim, activity: Activity, api_user: str) -> bool:
    """Tell whether an activity that nobody knows is what this claim set out to create.

    `api_user` is whom Severa names as the maker of what we create; until that was learnt, nobody's own entry counts.
    """
    is_our_maker = (
        activity.created_by == api_user if api_user else activity.created_by != claim.user
    )
    return (
        is_our_maker
        and claim.side is Side.SEVERA
        and claim.deed is Deed.CREATE
        and claim.user == activity.user
        and not differing(claim.values.only(("title", "when")), activity.entry)
        and claim.since is not None
        and activity.created_at is not None
        and activity.created_at >= claim.since
    )


def creating_event(link: Link, ref: str) -> Claim | None:
    """Return the claim that set out to create the event `ref`, if it is still open and nothing was seen there."""
    return next(
        (
            claim
            for claim in link.claims
            if claim.side is Side.GOOGLE and claim.deed is Deed.CREATE and claim.ref == ref
        ),
        None,
    )


def _is_copied_by(link: Link, copy: Copy) -> bool:
    """Tell whether this is another user's copy of the same event."""
    is_same = any(other.uid == copy.uid for other in link.copies)
    return is_same and all(other.user != copy.user for other in link.copies)


def _has_ref(link: Link, ref: str) -> bool:
    return any(copy.ref == ref for copy in link.copies) or creating_event(link, ref) is not None


def _doubted(record: Record, side: Side, now: datetime, cause: str) -> Record:
    link = replace(record.link, doubted=record.link.doubted | {side})
    return replace(record, link=link, due_at=record.due_at or now, cause=record.cause or cause)


def _noticed(record: Record, link: Link, now: datetime, looking: Looking) -> Record:
    """Return the record with what was seen, due if it is news; the very same record if it is none."""
    if link == record.link:
        return record
    is_lifted = link.standing.stand is Stand.SET_ASIDE or link.standing == APPROVED
    if is_lifted and _content(link) != _content(record.link):
        link = replace(link, standing=LIVE)
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


def _content(link: Link) -> tuple[object, ...]:
    """Return what a person can see of a link: stamps and etags move without anybody's doing."""
    activity = link.activity
    return (
        activity and (activity.entry, activity.type, activity.user, activity.has_hours),
        tuple((copy.user, copy.entry) for copy in link.copies),
    )


async def _move_cursor(tx: Transaction, account: Account, cursor: str) -> None:
    current = await tx.account(account.user.guid)
    if current is not None and current.cursor != cursor:
        await tx.save_accounts([replace(current, cursor=cursor)])


async def _move_company_cursor(tx: Transaction, cursor: str) -> None:
    settings = await tx.settings()
    if settings.cursor != cursor:
        await tx.save_settings(replace(settings, cursor=cursor))


def _instant(text: str | None, otherwise: datetime) -> datetime:
    return datetime.fromisoformat(text) if text else otherwise
