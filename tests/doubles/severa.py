"""Severa in memory, as the engine sees it, with the habits of its REST API.

No precondition but the adapter's own reading just before a write, no id of our choice, no feed of deletions (404 is all
there is), a repeated create makes a twin, a change feed by Severa's own clock that shows the last row again, and types
that refuse to change their category. Participants are rows of their own: no listing shows them, they leave no stamp,
and none can be changed but by taking it out and adding it again.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from functools import partial
from itertools import count
from typing import Any, TypeVar

from daemon.core.company import ActivityType, Category, User
from daemon.core.entry import (
    NO_FIELDS,
    UNKNOWN,
    AllDay,
    Answer,
    Entry,
    People,
    Unknown,
    When,
    address_in,
    differing,
    entry_of,
    person,
)
from daemon.core.link import Activity, Mark
from daemon.core.listing import Page
from daemon.core.text import canonical_text
from daemon.errors import Forbidden, Gone, RateLimited, Refused, Stale, Transient, Unwritten

from .furnishings import Furnishings
from .line import STRAIGHT, Call, Line

R = TypeVar("R")

NAME_MAX, LOCATION_MAX, NOTES_MAX = 200, 1_000, 10_000
ROBOT = "api-user"
PRIVATE = (Category.PERSONAL, Category.ABSENCE)


@dataclass(frozen=True, slots=True)
class Company:
    """Who works there and which types of activities they use."""

    people: tuple[User, ...]
    kinds: tuple[ActivityType, ...]


class SeveraDouble:
    """The company's activities."""

    def __init__(
        self,
        company: Company,
        *,
        line: Line = STRAIGHT,
        now: Callable[[], datetime] = lambda: datetime(2026, 3, 2, 9, tzinfo=UTC),
        page_size: int = 100,
        category_may_change: bool = False,
    ) -> None:
        self.company, self.line, self._now = company, line, now
        self._page_size, self._category_may_change = page_size, category_may_change
        self.rows: dict[str, Activity] = {}
        self.is_away = False
        """It answers to everything that it does not find it."""
        self._refs = count(1)
        self._date: datetime | None = None
        self.furnishings = Furnishings()
        self._seats: dict[tuple[str, str], int] = {}
        self._seat_numbers = count(1)

    # What the engine calls

    async def read(self, user: User, ref: str) -> Activity | None:
        row = await self._current("get", ref)
        return replace(row, original=row.original or self.furnishings.original(ref, row.type))

    async def answers(self, user: User, witness: str) -> bool:
        def is_there() -> bool:
            known = self.rows if witness else {one.guid: one for one in self.company.people}
            return not self.is_away and (witness or user.guid) in known

        return await self._carry(Call("severa", "get witness", witness), is_there)

    async def create(
        self, user: User, entry: Entry, *, type_guid: str, original: str = ""
    ) -> Activity:
        def create() -> Activity:
            made = self._create(user.guid, entry, type_guid, ROBOT)
            left_out = self.furnishings.give_back(made.ref, original)
            row = replace(made, is_bare=not self.furnishings.of(made.ref))
            self.rows[made.ref] = row
            return replace(row, left_out=left_out)

        call = Call("severa", "post", "", user.guid, is_write=True, change=entry)
        return await self._carry(call, create)

    def type_in(self, original: str) -> str:
        return self.furnishings.kind_in(original)

    def lost_in(self, original: str) -> tuple[str, ...]:
        return self.furnishings.lost_in(original)

    async def change(
        self, user: User, seen: Activity, change: Entry, *, type_guid: str, mark: Mark | None
    ) -> Activity:
        if persons := change.persons():
            return await self._change_person(seen, min(persons), change.value(min(persons)))
        now = await self._current("get before patch", seen.ref, change)
        new_type = "" if change.private is UNKNOWN or type_guid == now.type else type_guid
        _require_unchanged(now, seen, frozenset(change.known()), type_too=bool(new_type))
        change = replace(change, private=UNKNOWN)
        if not change.known() and not new_type:
            return now
        call = Call("severa", "patch", seen.ref, seen.user, is_write=True, change=change)
        return await self._carry(call, lambda: self._change(seen.ref, change, new_type))

    async def _change_person(self, seen: Activity, name: str, answer: Answer) -> Activity:
        """Take one person in or out, as the client does: look, write, look again."""
        ref, part = seen.ref, entry_of({name: answer})
        now = await self._current("get before person", ref, part)
        if now.user != seen.user:
            raise Stale("The activity has another owner.")
        if now.entry.value(name) is answer or name == person(self._address(now.user)):
            return now
        seat = self._seats.get((ref, name), 0)
        if answer is Answer.OUT:
            call = Call("severa", "delete person", ref, seen.user, is_write=True, change=part)
            await self._carry(call, lambda: self._stand_up(ref, name, seat))
        elif now.entry.value(name) is not Answer.OUT:
            raise Stale("The participant has another answer.")
        else:
            call = Call("severa", "post person", ref, seen.user, is_write=True, change=part)
            await self._carry(call, lambda: self._sit_down(ref, name, answer))
        people = part.over(Entry(people=now.entry.people)).people
        members = self._members(people, now.user)
        return replace(now, entry=replace(now.entry, people=people), members=members)

    async def people(self, user: User, seen: Activity) -> Activity:
        now = await self._current("list people", seen.ref)
        entry = replace(seen.entry, people=now.entry.people)
        return replace(seen, entry=entry, members=now.members)

    async def remove(self, user: User, seen: Activity) -> None:
        now = await self._current("get before delete", seen.ref)
        if now.has_hours:
            raise Forbidden("Hours are booked on it.", reason="hasHours")
        _require_unchanged(now, seen, frozenset(seen.entry.known()), type_too=True)
        call = Call("severa", "delete", seen.ref, seen.user, is_write=True)
        await self._carry(call, lambda: self._remove(seen.ref))

    async def changes(self, since: datetime) -> AsyncIterator[Page[Activity]]:
        latest = since
        async for rows in self._pages("list changes", lambda row: stamp(row) >= since):
            latest = max([latest, *(stamp(row) for row in rows)])
            yield Page(seen=tuple(map(_listed, rows)))
        yield Page(cursor=latest.isoformat())

    async def of_users(
        self, users: Sequence[str], start: datetime | None, end: datetime | None
    ) -> AsyncGenerator[Page[Activity], None]:
        def fits(row: Activity) -> bool:
            is_theirs = bool({row.user, *row.members} & set(users))
            return is_theirs and _overlaps(row.entry.when, start, end)

        async for rows in self._pages("list of users", fits):
            yield Page(seen=tuple(map(_listed, rows)))
        yield Page(cursor="complete")

    async def find(self, user: User, entry: Entry, *, since: datetime) -> tuple[Activity, ...]:
        wanted = entry.only(("title", "when"))

        def found() -> tuple[Activity, ...]:
            if self.is_away:
                return ()
            return tuple(
                _listed(row)
                for row in self.rows.values()
                if row.user == user.guid and row.created_at is not None
                if row.created_at >= since and not differing(wanted, row.entry)
            )

        return await self._carry(Call("severa", "find", "", user.guid, change=wanted), found)

    async def time(self) -> datetime:
        if self._date is None:
            await self._carry(Call("severa", "heartbeat"), lambda: None)
        assert self._date is not None, "every answer carries a date"
        return self._date

    async def types(self) -> tuple[ActivityType, ...]:
        return await self._carry(Call("severa", "list types"), lambda: self.company.kinds)

    async def users(self) -> tuple[User, ...]:
        return await self._carry(Call("severa", "list users"), lambda: self.company.people)

    # What people do

    def person_add(
        self, user: str, entry: Entry, type_guid: str = "", **fields: object
    ) -> Activity:
        """Add an activity by hand, of the default type unless one is given."""
        default = next(kind.guid for kind in self.company.kinds if kind.is_default)
        row = self._create(user, entry, type_guid or default, user)
        self.rows[row.ref] = replace(row, **fields)  # type: ignore[arg-type]
        people = entry.people
        for address, answer in people.answers if people is not UNKNOWN else ():
            if address != self._address(user):
                self._sit_down(row.ref, person(address), answer)
        return self.rows[row.ref]

    def person_edit(self, ref: str, change: Entry, type_guid: str = "") -> Activity:
        """Change fields, people or the type by hand."""
        for name in sorted(change.persons()):
            if (answer := change.value(name)) is Answer.OUT:
                self._stand_up(ref, name, self._seats.get((ref, name), 0))
            elif name != person(self._address(self.rows[ref].user)):
                self._seat(ref, name, answer)
        rest = {name for name in change.known() if not address_in(name)}
        return (
            self._change(ref, change.only(rest), type_guid) if rest or type_guid else self.rows[ref]
        )

    def person_delete(self, ref: str) -> None:
        """Delete by hand."""
        self._remove(ref)

    def person_furnishes(self, ref: str, **words: str) -> None:
        """Give an activity what no calendar of Google's holds."""
        self.furnishings.put(ref, words)
        self.rows[ref] = replace(self.rows[ref], is_bare=False)

    def person_books_hours(self, ref: str) -> None:
        """Book hours, which leaves no stamp."""
        self.rows[ref] = replace(self.rows[ref], has_hours=True, is_bare=False)

    # Inside

    def _address(self, guid: str) -> str:
        return next((one.email for one in self.company.people if one.guid == guid), "")

    def _sit_down(self, ref: str, name: str, answer: Answer) -> None:
        """Add a participant, who cannot take part twice."""
        if self._found(ref).entry.value(name) is not Answer.OUT:
            raise Refused("This participant takes part already.", reason="InvalidParameter")
        self._seat(ref, name, answer)

    def _seat(self, ref: str, name: str, answer: Answer) -> None:
        self._seats[ref, name] = next(self._seat_numbers)
        self._put_people(ref, name, answer)

    def _stand_up(self, ref: str, name: str, seat: int) -> None:
        """Take out the participant's row that was seen; one that joined again since is another."""
        self._found(ref)
        if seat and self._seats.get((ref, name)) == seat:
            del self._seats[ref, name]
            self._put_people(ref, name, Answer.OUT)

    def _put_people(self, ref: str, name: str, answer: Answer) -> None:
        row = self.rows[ref]
        entry = entry_of({name: answer}).over(row.entry)
        self.rows[ref] = replace(row, entry=entry, members=self._members(entry.people, row.user))

    def _members(self, people: People | Unknown, owner: str) -> frozenset[str]:
        assert people is not UNKNOWN, "Severa knows who takes part"
        taking_part = {address for address, _ in people.answers}
        users = {one.guid for one in self.company.people if one.email in taking_part}
        return frozenset(users - {owner})

    async def _carry(self, call: Call, do: Callable[[], R]) -> R:
        def dated() -> R:
            self._date = self._now().replace(microsecond=0)
            return do()

        return await self.line.carry(call, dated)

    async def _current(self, name: str, ref: str, change: Entry = NO_FIELDS) -> Activity:
        call = Call("severa", name, ref, change=change)
        try:
            return await self._carry(call, lambda: self._found(ref))
        except Transient as error:
            if isinstance(error, RateLimited) or not name.startswith("get before"):
                raise
            raise Unwritten(str(error)) from error

    async def _pages(
        self, name: str, fits: Callable[[Activity], bool]
    ) -> AsyncIterator[tuple[Activity, ...]]:
        """Show what fits, by id; each page shows how things stand when it is asked for."""
        after = ""
        while True:
            rows, after = await self._carry(
                Call("severa", name, says=after and "next page"), partial(self._page, fits, after)
            )
            yield rows
            if not after:
                return

    def _page(
        self, fits: Callable[[Activity], bool], after: str
    ) -> tuple[tuple[Activity, ...], str]:
        if self.is_away:
            raise Transient("Severa does not find its own listing.")
        refs = sorted(r for r, row in self.rows.items() if r > after and fits(row))
        shown = refs[: self._page_size]
        rows = tuple(self.rows[ref] for ref in shown)
        return rows, shown[-1] if len(shown) < len(refs) else ""

    def _found(self, ref: str) -> Activity:
        if ref not in self.rows or self.is_away:
            raise Gone("Severa does not find the activity.")
        return self.rows[ref]

    def _create(self, user: str, entry: Entry, type_guid: str, author: str) -> Activity:
        if self.is_away:
            raise Refused("Severa does not find the type.", reason="NotFound")
        kind = self._kind(type_guid)
        alone = People.of({self._address(user): Answer.ACCEPTED})
        made = Activity(
            ref=f"a{next(self._refs):04}",
            user=user,
            entry=replace(_checked(entry.over(EMPTY), kind), people=alone),
            type=kind.guid,
            category=kind.category,
            created_at=self._now(),
            created_by=author,
        )
        self.rows[made.ref] = made
        return made

    def _change(self, ref: str, change: Entry, type_guid: str) -> Activity:
        row = self._found(ref)
        kind = self._kind(type_guid or row.type)
        if kind.category is not row.category and not self._category_may_change:
            raise Forbidden("The category stays.", reason="InvalidOperation")
        entry = _checked(change.over(row.entry), kind)
        changed = replace(row, entry=entry, type=kind.guid, category=kind.category)
        self.rows[ref] = replace(changed, updated_at=self._now())
        return self.rows[ref]

    def _remove(self, ref: str) -> None:
        if self._found(ref).has_hours:
            raise Forbidden("Hours are booked on it.", reason="InvalidOperation")
        del self.rows[ref]

    def _kind(self, guid: str) -> ActivityType:
        return next(kind for kind in self.company.kinds if kind.guid == guid)


EMPTY = Entry(location="", notes="")


def _listed(row: Activity) -> Activity:
    """Return an activity as listings show it."""
    return replace(row, entry=replace(row.entry, people=UNKNOWN), members=frozenset())


def stamp(row: Activity) -> datetime:
    """Return when a row was changed last, or made."""
    assert row.created_at is not None, "every row was made some time"
    return row.updated_at or row.created_at


def _checked(entry: Entry, kind: ActivityType) -> Entry:
    """Return the entry as Severa keeps it, trimmed; privacy is a matter of the type."""
    texts: dict[str, Any] = {
        name: canonical_text(text) for name, text in entry.known().items() if isinstance(text, str)
    }
    entry = replace(entry, **texts, private=kind.category in PRIVATE)
    limits = (("title", NAME_MAX), ("location", LOCATION_MAX), ("notes", NOTES_MAX))
    too_long = [name for name, most in limits if len(getattr(entry, name)) > most]
    if too_long or not entry.title:
        raise Refused(f"Severa does not take this {too_long or 'empty name'}.")
    return entry


def _require_unchanged(
    now: Activity, seen: Activity, fields: frozenset[str], *, type_too: bool
) -> None:
    changed = differing(now.entry.only(fields), seen.entry.only(fields))
    if changed or now.user != seen.user or (type_too and now.type != seen.type):
        raise Stale("The activity has changed in Severa.")


def _overlaps(when: When | Unknown, start: datetime | None, end: datetime | None) -> bool:
    """Count the limits of the window as inside."""
    assert not isinstance(when, Unknown), "a row has a time"
    if isinstance(when, AllDay):
        first = datetime.combine(when.first, time(), UTC)
        last = datetime.combine(when.until or when.first + timedelta(days=1), time(), UTC)
    else:
        first, last = when.start, when.end or when.start
    return (end is None or first <= end) and (start is None or last >= start)
