"""The company's activities, types and users in Severa, object by object and as listings."""

from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Sequence,
)
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from aiohttp import ClientSession

from daemon.core.company import ActivityType, User
from daemon.core.entry import UNKNOWN, AllDay, Entry, When, address_in, differing
from daemon.core.link import Activity, Mark
from daemon.core.listing import Page
from daemon.errors import (
    CompanyRefused,
    Forbidden,
    Gone,
    RateLimited,
    Refused,
    SyncError,
    Transient,
    Unwritten,
)
from daemon.secret import Secret
from daemon.severa.errors import (
    CHANGE,
    CREATE,
    LIST,
    LIST_TYPES,
    LIST_USERS,
    READ,
    READ_USER,
    REMOVE,
    Unreadable,
)
from daemon.severa.listing import pages
from daemon.severa.original import WORDS, kept_in, lacking, lost_in, operation_of, row_in, type_in
from daemon.severa.participants import Participants
from daemon.severa.reader import Reader, Shown, user_path
from daemon.severa.times import day_start
from daemon.severa.translate import (
    Row,
    body_of,
    changes_of,
    is_day_too_long,
    type_of,
    user_of,
)
from daemon.severa.transport import Params, Transport, segment
from daemon.severa.unchanged import require_unchanged

T = TypeVar("T")

USERS_A_LISTING: Final = 50
"""How many guids go into one address, which servers and proxies cut at some thousand characters."""

LONG_AGO: Final = timedelta(days=20 * 365)
FAR_AHEAD: Final = timedelta(days=10 * 365)
COMPLETE: Final = "complete"
"""The cursor of a listing that shows how things stand and has nothing to continue from."""

_SINGLES: Final = ("recurrenceType", "None")
_KINDS: Final = (_SINGLES, ("recurrenceType", "Series"), ("recurrenceType", "Exception"))
"""The three listings: without this filter one would bring every occurrence, and no series."""

_AS_MEMBER: Final = ("includeAsMember", "true")
_AROUND: Final = timedelta(days=1)


class SeveraClient:
    """Severa as the engine needs it; safe for use by many tasks at once."""

    def __init__(
        self,
        base_url: str,
        client_id: str,
        client_secret: Secret,
        *,
        session: ClientSession,
        spend: Callable[[], Awaitable[None]],
        monotonic: Callable[[], float],
        timeout_s: float = 30.0,
        tell: Callable[[str], None] = lambda what: None,
        limited: Callable[[float | None], None] = lambda after_s: None,
        called: Callable[[str, int, float], None] = lambda operation, status, seconds: None,
    ) -> None:
        """`tell` is told once of each kind of thing in Severa that cannot be read and is left alone.

        `limited` is told of each call that was one too many, with the seconds that Severa asks to wait if it names any.
        `called` is told of each request, in words, with its status (0 for no answer) and seconds.
        """
        self._transport = Transport(
            base_url,
            client_id,
            client_secret,
            session=session,
            spend=spend,
            monotonic=monotonic,
            timeout_s=timeout_s,
            limited=limited,
            called=called,
        )
        self._reader = Reader(self._transport, tell)
        self._ends_within = False
        self._participants = Participants(self._transport, self._reader)

    async def read(self, user: User, ref: str) -> Activity | None:
        """Return the activity of `user` as it is now; Severa never says that one is deleted, so never `None`.

        Raises:
            Gone: It is not found.
        """
        return await self._participants.shown(await self._current(ref), user)

    async def people(self, user: User, seen: Activity) -> Activity:
        """Return an activity of `user` with those who take part in it now; the rest is as seen.

        Raises:
            Gone: It is not there any more.
        """
        return await self._participants.shown(seen, user)

    async def answers(self, user: User, witness: str) -> bool:
        """Tell whether the activity `witness` is there, or, where none is known, the user."""
        operation, path = (READ, _path(witness)) if witness else (READ_USER, user_path(user.guid))
        try:
            await self._transport.call(operation, "GET", path)
        except Gone:
            return False
        return True

    async def create(
        self, user: User, entry: Entry, *, type_guid: str, original: str = ""
    ) -> Activity:
        """Create an activity with its owner alone; after an unclear answer use `find` before trying again.

        With an `original` it gets what that held besides, too, but for what Severa does not take.
        """
        owner = await self._in_own_zone(user)
        body = body_of(entry, user=owner, type_guid=type_guid, ends_within=self._ends_within)
        kept = kept_in(row_in(original))
        made = await self._posted(body, kept)
        made = await self._with_right_days(made, entry, owner)
        made = await self._completed(made, kept)
        return await self._participants.peopled(made, user)

    def type_in(self, original: str) -> str:
        """Return the guid of the activity type that an original had, empty where that is not known."""
        return type_in(original)

    def lost_in(self, original: str) -> tuple[str, ...]:
        """Return in words what an original held that no create brings back."""
        return lost_in(original)

    async def change(
        self, user: User, seen: Activity, change: Entry, *, type_guid: str, mark: Mark | None
    ) -> Activity:
        """Write the known fields of `change`, and the type where privacy is one of them; or one person's part.

        Severa may answer well and not carry a field out: compare what is returned. Who takes part is as `seen` says
        where it was not written to, since Severa does not show it.

        Raises:
            Stale: A field to be written, the owner or the recurrence is not as `seen` says.
            Gone: It is not there any more.
        """
        if change.persons():
            return await self._change_person(user, seen, change)
        now = await self._before_writing(seen.ref)
        new_type = "" if change.private is UNKNOWN or type_guid == now.type else type_guid
        require_unchanged(now, seen, change.known().keys(), type_too=bool(new_type))
        owner = await self._in_own_zone(replace(user, guid=now.user))
        operations = changes_of(
            change, user=owner, type_guid=new_type, ends_within=self._ends_within
        )
        if not operations:
            return _with_people_of(seen, now)
        shown = await self._with_right_days(
            await self._patched(seen.ref, operations), change, owner
        )
        return _with_people_of(seen, shown)

    async def remove(self, user: User, seen: Activity) -> None:
        """Delete it, unless hours have been booked on it.

        Raises:
            Stale: It is not any more what `seen` says.
            Gone: It was deleted already.
            Forbidden: It has hours.
        """
        now = await self._before_writing(seen.ref)
        if now.has_hours:
            raise Forbidden("Hours are booked on the activity in Severa.", reason="hasHours")
        require_unchanged(now, seen, seen.entry.known().keys(), type_too=True)
        await self._transport.call(REMOVE, "DELETE", _path(seen.ref))

    async def changes(self, since: datetime) -> AsyncIterator[Page[Activity]]:
        """List what was created or changed at or after `since`, by Severa's own clock.

        The last page carries the latest stamp seen as its cursor. What changes while the listing runs may
        be missed, so begin the next one some minutes before that.
        """
        shown: Shown = {}
        latest = since
        for kind in _KINDS:
            filters = [("changedSince", since.isoformat()), kind]
            async for page in self._listed(filters, shown):
                latest = max([latest, *_stamps(page)])
                yield page
        yield Page(cursor=latest.isoformat())

    async def of_users(
        self, users: Sequence[str], start: datetime | None, end: datetime | None
    ) -> AsyncGenerator[Page[Activity], None]:
        """List the activities that these users own or take part in and that overlap the window.

        Severa counts its limits as inside, so one that ends as the window starts comes as well.
        """
        now = await self.time()
        window = _window(start or now - LONG_AGO, end or now + FAR_AHEAD)
        shown: Shown = {}
        for first in range(0, len(users), USERS_A_LISTING):
            batch = [("userGuids", guid) for guid in users[first : first + USERS_A_LISTING]]
            for kind in _KINDS:
                filters = [*batch, _AS_MEMBER, *window, kind]
                async for page in self._listed(filters, shown):
                    yield page
        yield Page(cursor=COMPLETE)

    async def find(self, user: User, entry: Entry, *, since: datetime) -> tuple[Activity, ...]:
        """Return the activities of `user` with the name and times of `entry` made at or after `since`."""
        assert entry.when is not UNKNOWN, "What was to be created has a time."
        owner = await self._in_own_zone(user)
        window = _window(*_span(entry.when, ZoneInfo(owner.zone)))
        filters = [("userGuids", user.guid), *window, _SINGLES]
        wanted = entry.only(("title", "when"))
        found: dict[str, Activity] = {}
        async for page in self._listed(filters, {}):
            for activity in page.seen:
                is_new = activity.created_at is not None and activity.created_at >= since
                if is_new and not differing(wanted, activity.entry):
                    found[activity.ref] = activity
        return tuple(found.values())

    async def time(self) -> datetime:
        """Return Severa's own clock as it was at its latest answer (whole seconds, rounded down)."""
        if self._transport.date is None:
            await self._transport.ping()
        if self._transport.date is None:
            raise Transient("Severa's answer does not say what time it is there.")
        return self._transport.date

    async def types(self) -> tuple[ActivityType, ...]:
        """Return all activity types, inactive ones included; those of unknown categories are not."""
        found: dict[str, ActivityType] = {}
        async for rows in pages(self._transport, LIST_TYPES, "/v1/activitytypes"):
            found |= {kind.guid: kind for kind in self._readable(rows, type_of)}
        return tuple(found.values())

    async def users(self) -> tuple[User, ...]:
        """Return all users, inactive ones included."""
        found: dict[str, User] = {}
        async for rows in pages(self._transport, LIST_USERS, "/v1/users"):
            found |= {user.guid: user for user in self._readable(rows, user_of)}
        self._reader.learn(found.values())
        return tuple(found.values())

    async def _change_person(self, user: User, seen: Activity, change: Entry) -> Activity:
        (name, answer), *rest = change.known().items()
        address = "" if rest else address_in(name)
        assert address, "One person is changed at a time, and nothing else with them."
        now = await self._before_writing(seen.ref)
        require_unchanged(now, seen, (), type_too=False)
        return await self._participants.change(now, user, address, answer)

    async def _posted(self, body: dict[str, Any], kept: dict[str, Any]) -> Activity:
        """Make the activity with all that is kept of it or, where that is refused, with nothing of that."""
        try:
            answer = await self._transport.call(CREATE, "POST", "/v1/activities", body=body | kept)
        except CompanyRefused:
            raise
        except (Refused, Gone) as error:
            if kept:
                return await self._posted(body, {})
            if isinstance(error, Gone):
                # Not the activity, which is yet to be: its type or its owner.
                raise Refused(str(error), reason="NotFound") from error
            raise
        return await self._reader.written(answer.content)

    async def _completed(self, made: Activity, kept: dict[str, Any]) -> Activity:
        """Write what it does not show of what is kept, each alone, and say what Severa would not take."""
        for name in lacking(kept, row_in(made.original)):
            try:
                made = await self._patched(made.ref, [operation_of(name, kept)])
            except (Refused, Gone):
                continue
            except SyncError:
                # It is made, and its answer is what counts; the rest is said to be missing.
                break
        left_out = (WORDS[name] for name in lacking(kept, row_in(made.original)))
        return replace(made, left_out=tuple(left_out))

    async def _patched(self, ref: str, operations: list[dict[str, str]]) -> Activity:
        answer = await self._transport.call(CHANGE, "PATCH", _path(ref), body=operations)
        return await self._reader.written(_only_row(answer.content))

    async def _with_right_days(self, shown: Activity, wished: Entry, owner: User) -> Activity:
        """Return what was written; whole days that Severa took for one more are said again as it says them.

        Whether their end counts is not documented, so the first answer tells, for all later writes as well.
        """
        if self._ends_within or not is_day_too_long(shown.entry, wished):
            return shown
        self._ends_within = True
        operations = changes_of(Entry(when=wished.when), user=owner, ends_within=True)
        try:
            return await self._patched(shown.ref, operations)
        except SyncError:
            # The write itself was carried out, and its answer is what counts.
            return shown

    async def _before_writing(self, ref: str) -> Activity:
        """Return an activity as it is now, right before it is written to.

        Raises:
            Unwritten: It could not be read, so that nothing is written.
        """
        try:
            return await self._current(ref)
        except RateLimited:
            raise
        except Transient as error:
            raise Unwritten(str(error)) from error

    async def _current(self, ref: str) -> Activity:
        answer = await self._transport.call(READ, "GET", _path(ref))
        return await self._reader.single(answer.content)

    async def _listed(self, filters: Params, shown: Shown) -> AsyncIterator[Page[Activity]]:
        async for rows in pages(self._transport, LIST, "/v1/activities", filters):
            yield await self._reader.page(rows, shown)

    def _readable(self, rows: Iterable[Row], translate: Callable[[Row], T]) -> Iterator[T]:
        """Yield what can be read: one odd row must not hide all the others."""
        for row in rows:
            try:
                yield translate(row)
            except Unreadable as error:
                self._reader.unreadable(error)

    async def _in_own_zone(self, user: User) -> User:
        return replace(user, zone=(await self._reader.user(user.guid)).zone)


def _path(ref: str) -> str:
    return f"/v1/activities/{segment(ref)}"


def _stamps(page: Page[Activity]) -> Iterator[datetime]:
    for activity in page.seen:
        yield from (at for at in (activity.created_at, activity.updated_at) if at)


def _with_people_of(seen: Activity, now: Activity) -> Activity:
    if now.user != seen.user:
        return now
    return replace(now, entry=replace(now.entry, people=seen.entry.people), members=seen.members)


def _only_row(content: Any) -> Any:
    """Return the one row of the array that a PATCH answers with."""
    if isinstance(content, list) and len(content) == 1:
        return content[0]
    raise Unreadable("Severa did not show what it changed.")


def _window(start: datetime, end: datetime) -> Params:
    return [("startDateTime", start.isoformat()), ("endDateTime", end.isoformat())]


def _span(when: When, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return a stretch of time that surely overlaps the entry, however Severa reads its days."""
    start = day_start(when.first, zone) if isinstance(when, AllDay) else when.start
    return start - _AROUND, start + _AROUND
