"""Looking: which listings are asked for, and how far each has looked; `observe` stores what they show."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from daemon.core.account import Account
from daemon.core.link import Link, Side
from daemon.core.listing import Page
from daemon.core.record import Record
from daemon.core.seen import Activity
from daemon.errors import CompanyRefused, CursorExpired, Gone, Refused, Transient
from daemon.sync.landed import tell
from daemon.sync.observe import Activities, Copies, Looking, doubted, move_cursor, told
from daemon.sync.ports import Transaction
from daemon.sync.tools import Tools

OVERLAP: Final = timedelta(minutes=5)
"""How far each company listing reaches back: rows that change while it is paged may be missed."""
NEAR_BEFORE: Final = timedelta(days=1)
NEAR_AFTER: Final = timedelta(days=14)
USERS_A_NEAR_LISTING: Final = 50
STRANGERS_KEPT: Final = 10_000


class Pull:
    """Brings what both vendors show into the store."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._strangers: dict[str, tuple[datetime | None, bool]] = {}
        """Activities in which no enabled user takes part: the stamp they had, and whether one's listing had them."""

    async def severa_changes(self, *, cause: str) -> tuple[Activity, ...]:
        """Look at what changed in the company's Severa; return late twins of our own creates."""
        store, looking = self._tools.store, self._looking(cause)
        settings = await store.read(lambda tx: tx.settings())
        if settings.cursor is None:
            start = await self._tools.severa.time()
            await store.write(lambda tx: _move_company_cursor(tx, start.isoformat()))
            return ()
        since, began = datetime.fromisoformat(settings.cursor), self._tools.now()
        twins: list[Activity] = []
        is_whole = False
        async for page in self._tools.severa.changes(since - OVERLAP):
            page = replace(page, seen=await self._concerning(page.seen))
            twins += await self._observe_page(
                page, looking, max(since, _instant(page.cursor, since))
            )
            is_whole = page.cursor is not None
        if not is_whole:
            raise Transient("Severa's listing ended without its last page.")
        self._tools.writes.severa_listed_at = began
        return tuple(twins)

    async def _observe_page(
        self, page: Page[Activity], looking: Looking, reached: datetime
    ) -> Sequence[Activity]:
        observation = Activities(self._tools, looking)
        if not page.seen and page.cursor is None:
            return ()

        async def work(tx: Transaction) -> None:
            await observation.store(tx, page.seen)
            if page.cursor is not None:
                await _move_company_cursor(tx, reached.isoformat())

        await self._tools.store.write(work)
        tell(self._tools, observation.landed)
        return observation.twins

    async def activity(self, ref: str, user: str, *, cause: str) -> tuple[str, ...]:
        """Look at one activity that this user says has changed; return the entries that it concerns.

        One that is known is read when it is settled, and one that is gone needs its proof there (D4).
        """
        if known := await self._doubt_activities([ref], cause, is_urgent=True):
            return known
        account = await self._tools.store.read(lambda tx: tx.account(user))
        if account is None:
            return ()
        looking = self._looking(cause)
        try:
            activity = await self._tools.severa.read(account.user, ref)
        except CompanyRefused:
            raise
        except (Gone, Refused):
            return ()
        observation = Activities(self._tools, looking)
        seen = await self._concerning([activity] if activity else [])
        await self._tools.store.write(partial(observation.store, activities=seen))
        tell(self._tools, observation.landed)
        found = await self._tools.store.read(lambda tx: tx.records_of_activities([ref]))
        return tuple(record.link.id for record in found)

    async def severa_of(self, account: Account) -> None:
        """List everything that a user owns in Severa, for the first sync; what was linked and is missing is doubted."""
        looking, is_whole = self._looking("first sync", is_first=True), False
        listed: set[str] = set()
        async for page in self._tools.severa.of_users([account.user.guid], None, None):
            listed |= {activity.ref for activity in page.seen}
            observation = Activities(self._tools, looking)
            seen = [_listed_for(account.user.guid, activity) for activity in page.seen]
            await self._tools.store.write(partial(observation.store, activities=seen))
            tell(self._tools, observation.landed)
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
            observation = Activities(self._tools, looking)
            seen = await self._concerning(page.seen, listed_for=frozenset(users))
            await self._tools.store.write(partial(observation.store, activities=seen))
            tell(self._tools, observation.landed)
        expected = await self._tools.store.read(
            lambda tx: tx.activities_between(users, start + NEAR_BEFORE / 2, end - NEAR_BEFORE)
        )
        missing = [ref for ref in expected if ref not in listed]
        await self._doubt_activities(missing, cause)

    async def _concerning(
        self, activities: Sequence[Activity], listed_for: Set[str] = frozenset()
    ) -> tuple[Activity, ...]:
        """Return those that may concern an enabled user; of strangers the people are read to tell (R5).

        They are also read where an activity was `listed_for` users none of whom is known to take part: whoever joins
        leaves no stamp.
        """

        async def asked(
            tx: Transaction,
        ) -> tuple[Mapping[str, Account], dict[str, set[str]], set[str]]:
            records = await tx.records_of_activities([activity.ref for activity in activities])
            creating = {c.user for r in await tx.records_creating() for c in r.link.claims}
            known = {r.link.activity.ref: _members(r.link) for r in records if r.link.activity}
            return (await tx.roster()).accounts, known, creating

        if not activities:
            return ()
        accounts, known, creating = await self._tools.store.read(asked)
        kept = []
        for activity in activities:
            owner = accounts.get(activity.user)
            members = known.get(activity.ref)
            is_joined = members is not None and bool(listed_for) and not members & listed_for
            is_stranger = members is None and owner is not None and not owner.is_enabled
            if owner is None or not (is_joined or is_stranger):
                kept.append(activity)
            elif peopled := await self._peopled(owner, activity, is_listed=bool(listed_for)):
                is_ours = any(accounts[g].is_enabled for g in peopled.members if g in accounts)
                is_ours = is_ours or activity.user in creating
                self._note_stranger(activity, is_listed=bool(listed_for), is_ours=is_ours)
                kept += [peopled] if is_ours or is_joined else []
        return tuple(kept)

    async def _peopled(
        self, owner: Account, activity: Activity, *, is_listed: bool
    ) -> Activity | None:
        """Return an activity with its people, `None` where it was found to be nobody's before, or cannot be read."""
        if self._strangers.get(activity.ref) == (activity.updated_at, is_listed):
            return None
        try:
            return await self._tools.severa.people(owner.user, activity)
        except CompanyRefused:
            raise
        except (Gone, Refused):
            return None

    def _note_stranger(self, activity: Activity, *, is_listed: bool, is_ours: bool) -> None:
        self._strangers.pop(activity.ref, None)
        if not is_ours:
            self._strangers[activity.ref] = (activity.updated_at, is_listed)
        if len(self._strangers) > STRANGERS_KEPT:
            del self._strangers[next(iter(self._strangers))]

    async def _doubt_activities(
        self, refs: Sequence[str], cause: str, *, is_urgent: bool = False
    ) -> tuple[str, ...]:
        """Let these be read by id, at once where it is urgent; return the entries that they are of."""

        async def work(tx: Transaction) -> tuple[str, ...]:
            records: Sequence[Record] = await tx.records_of_activities(refs)
            now = self._tools.now()
            if is_urgent:
                records = [replace(record, due_at=now, cause=cause) for record in records]
            await tx.save([self._doubted(record, Side.SEVERA, now, cause) for record in records])
            return tuple(record.link.id for record in records)

        return await self._tools.store.write(work) if refs else ()

    async def google_changes(self, account: Account, *, cause: str, is_first: bool = False) -> None:
        """Look at what changed on a user's calendar, or at all of it where the cursor is lost."""
        async with self._tools.turns.of(account.user.guid):
            await self._google_changes(await self._as_it_is(account), cause, is_first=is_first)

    async def _as_it_is(self, account: Account) -> Account:
        """Return the account with the cursor of the look that ended while this one waited for its turn."""
        current = await self._tools.store.read(lambda tx: tx.account(account.user.guid))
        return replace(account, cursor=current.cursor) if current and account.cursor else account

    async def _google_changes(self, account: Account, cause: str, *, is_first: bool) -> None:
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
            if not (page.seen or page.gone) and reached in (None, cursor):
                continue
            observation = Copies(self._tools, account, looking, listed)
            kept = page if cursor is not None else replace(page, cursor=None)
            await self._tools.store.write(partial(observation.store, page=kept))
            listed |= {copy.ref for copy in page.seen}
            tell(self._tools, observation.landed)
        if reached is None:
            raise Transient("Google's listing ended without a sync token.")
        if cursor is None:
            await self._doubt_missing(account, Side.GOOGLE, listed, looking.cause)
            await self._tools.store.write(partial(move_cursor, account=account, cursor=reached))

    async def _doubt_missing(
        self, account: Account, side: Side, listed: set[str], cause: str
    ) -> None:
        """After a whole listing: what it does not show of this user's is read by id."""
        user, now = account.user.guid, self._tools.now()

        async def page(tx: Transaction, after: str) -> str:
            records = await tx.records_of_user(user, after=after)
            missing = [r for r in records if _refs(r.link, side, user) - listed]
            await tx.save([self._doubted(record, side, now, cause) for record in missing])
            return records[-1].link.id if records else ""

        after = ""
        while after := await self._tools.store.write(partial(page, after=after)):
            pass

    def _doubted(self, record: Record, side: Side, now: datetime, cause: str) -> Record:
        return told(self._tools, doubted(record, side, now, cause), side)

    def _looking(self, cause: str, *, is_first: bool = False) -> Looking:
        return Looking(self._tools.writes.now(), cause, is_first)


def _refs(link: Link, side: Side, user: str) -> set[str]:
    """Return what a side of this link is called in a user's calendar, or as a user's activity."""
    if side is Side.GOOGLE:
        return {copy.ref for copy in link.copies if copy.user == user}
    activity = link.activity
    return {activity.ref} if activity is not None and user in _members(link) else set()


def _members(link: Link) -> set[str]:
    """Return who takes part in the activity of this link."""
    return {link.activity.user, *link.activity.members} if link.activity else set()


def _listed_for(user: str, activity: Activity) -> Activity:
    """Return an activity that was listed for a user with this user as a member, unless it is the owner."""
    if activity.user == user:
        return activity
    return replace(activity, members=activity.members | {user})


async def _move_company_cursor(tx: Transaction, cursor: str) -> None:
    settings = await tx.settings()
    if settings.cursor != cursor:
        await tx.save_settings(replace(settings, cursor=cursor))


def _instant(text: str | None, otherwise: datetime) -> datetime:
    return datetime.fromisoformat(text) if text else otherwise
