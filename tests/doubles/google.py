"""Google in memory, as the engine sees it, with the habits that break sync programs (Google Calendar API v3).

Ids are never free again, deletions leave tombstones, a whole listing does not show them, sync tokens expire, a change
may be listed some time after it can be read, and writes against an old etag are refused. Every guest has a copy: what
the organizer edits flows to it, what a guest edits stays there, and only the own answer flows back.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

from daemon.core.channel import Opened
from daemon.core.company import User
from daemon.core.entry import (
    NO_FIELDS,
    UNKNOWN,
    AllDay,
    Answer,
    Entry,
    People,
    When,
    address_in,
    differing,
    person,
)
from daemon.core.link import Copy, Mark
from daemon.core.listing import Page
from daemon.core.text import canonical_text
from daemon.errors import CursorExpired, Exists, Forbidden, Gone, Refused, Stale, UserRefused
from daemon.secret import Secret

from .furnishings import Furnishings
from .line import STRAIGHT, Call, Line

DESCRIPTION_MAX = 8192
TODO_LENGTH = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Event:
    """One user's copy of an event, or its remains."""

    copy: Copy
    is_cancelled: bool = False


class GoogleDouble:
    """The users' primary calendars; `user.guid` names a calendar."""

    def __init__(
        self,
        *,
        line: Line = STRAIGHT,
        now: Callable[[], datetime] = lambda: datetime(2026, 3, 2, 9, tzinfo=UTC),
        page_size: int = 250,
        people: Sequence[User] = (),
    ) -> None:
        self.line, self._now, self._page_size = line, now, page_size
        self.calendars: dict[str, dict[str, Event]] = {}
        self.is_away = False
        """Every calendar answers as if it were not there."""
        self._etags, self._refs = count(1), count(1)
        self.furnishings = Furnishings(frozenset({"conference link"}))
        self._journal: dict[str, list[tuple[datetime, str]]] = {}
        self._listed: dict[str, list[str]] = {}
        self._epoch: dict[str, int] = {}
        self._addresses = {user.guid: user.email for user in people}
        self._calendars_at = {user.email: user.guid for user in people}
        self.lateness = timedelta()
        """How long after it was made a change comes up in listings."""
        self.channels: dict[str, str] = {}
        """The open channels by id, each with its user."""
        self.opened_as: dict[str, str] = {}
        """The address on which each channel was ever opened, by id."""

    # What the engine calls

    async def changes(self, user: User, cursor: str | None) -> AsyncIterator[Page[Copy]]:
        size, says = self._page_size, "whole" if cursor is None else ""

        def first() -> tuple[Page[Copy], list[str], str]:
            refs, reached = self._to_list(user.guid, cursor)
            now, left = refs[:size], refs[size:]
            return self._page(user.guid, now, None if left else reached), left, reached

        page, left, reached = await self.line.carry(self._call("list", user, says=says), first)
        yield page
        while left:
            now, left = left[:size], left[size:]
            yield await self.line.carry(
                self._call("list", user, says="next page"),
                partial(self._page, user.guid, now, None if left else reached),
            )

    async def read(self, user: User, ref: str) -> Copy | None:
        event = await self.line.carry(
            self._call("get", user, ref), lambda: self._found(user.guid, ref)
        )
        original = event.copy.original or self.furnishings.original(ref)
        return None if event.is_cancelled else replace(event.copy, original=original)

    async def answers(self, user: User, witness: str) -> bool:
        return await self.line.carry(self._call("get calendar", user), lambda: not self.is_away)

    async def marked(self, user: User, activity: str) -> Copy | None:
        def found() -> Copy | None:
            if self.is_away:
                raise UserRefused("Google finds no calendar.")
            events = self.calendars.get(user.guid, {}).items()
            marks = {ref: Mark(activity, ref) for ref, _ in events}
            return next(
                (e.copy for ref, e in events if not e.is_cancelled and e.copy.mark == marks[ref]),
                None,
            )

        return await self.line.carry(self._call("list", user, says="marked"), found)

    async def create(
        self, user: User, ref: str, entry: Entry, *, mark: Mark | None, original: str = ""
    ) -> Copy:
        def create() -> Copy:
            made = self._create(user.guid, ref, entry, mark)
            left_out = self.furnishings.give_back(ref, original)
            return replace(made, left_out=left_out)

        return await self.line.carry(
            self._call("insert", user, ref, is_write=True, change=entry), create
        )

    def lost_in(self, original: str) -> tuple[str, ...]:
        return self.furnishings.lost_in(original)

    async def change(
        self, user: User, seen: Copy, change: Entry, *, type_guid: str, mark: Mark | None
    ) -> Copy:
        return await self.line.carry(
            self._call("patch", user, seen.ref, is_write=True, change=change),
            lambda: self._change(user.guid, seen, change, mark),
        )

    async def remove(self, user: User, seen: Copy) -> None:
        return await self.line.carry(
            self._call("delete", user, seen.ref, is_write=True),
            lambda: self._remove(user.guid, seen),
        )

    async def watch(
        self, user: User, name: str, token: Secret, *, address: str, life: timedelta
    ) -> Opened:
        return await self.line.carry(
            self._call("watch", user, name), lambda: self._watch(user, name, life)
        )

    async def stop(self, user: User, name: str, resource_id: str) -> None:
        await self.line.carry(
            self._call("stop", user, name), lambda: self._stop(user, name, resource_id)
        )

    # What people do

    def person_add(self, user: str, entry: Entry, **fields: object) -> str:
        """Add an event by hand and return its id; an address stands for a calendar of somebody outside."""
        ref = f"e{next(self._refs)}"
        made = self._fresh(user, ref, entry, is_by_hand=True)
        self._organize(replace(made, **fields))  # type: ignore[arg-type]
        return ref

    def person_edit(self, user: str, ref: str, change: Entry) -> None:
        """Change fields by hand, also the people; a person's eyes see the newest version."""
        self._edit(self.event(user, ref), change)

    def person_answers(self, user: str, ref: str, answer: Answer) -> None:
        """Answer an invitation by hand."""
        self._edit(self.event(user, ref), _part(self._address(user), answer))

    def person_delete(self, user: str, ref: str) -> None:
        """Delete by hand; a guest leaves."""
        self._bury(self.event(user, ref))

    def person_duplicate(self, user: str, ref: str) -> str:
        """Duplicate by hand: Google copies extended properties along, our mark among them."""
        copy = self.event(user, ref)
        alone = replace(copy.entry, people=UNKNOWN)
        return self.person_add(user, alone, mark=copy.mark)

    # What the world looks like

    def event(self, user: str, ref: str) -> Copy:
        """Return a living copy."""
        event = self.calendars[user][ref]
        assert not event.is_cancelled, f"{ref} is deleted"
        return event.copy

    def copies(self) -> list[Copy]:
        """Return every living copy, in order of calendar and id."""
        return [
            event.copy
            for user in sorted(self.calendars)
            for _, event in sorted(self.calendars[user].items())
            if not event.is_cancelled
        ]

    def living(self) -> dict[str, Copy]:
        """Return every living event by id; copies of one event count once, the organizer's."""
        return {
            copy.ref: copy for copy in sorted(self.copies(), key=lambda copy: copy.is_organizer)
        }

    def expire_cursors(self, user: str) -> None:
        """Let every sync token of a calendar die."""
        self._epoch[user] = self._epoch.get(user, 0) + 1

    # Inside

    def _call(
        self,
        name: str,
        user: User,
        ref: str = "",
        *,
        is_write: bool = False,
        change: Entry = NO_FIELDS,
        says: str = "",
    ) -> Call:
        return Call("google", name, ref, user.guid, is_write, change, says)

    def _to_list(self, user: str, cursor: str | None) -> tuple[list[str], str]:
        if self.is_away:
            raise UserRefused("Google finds no calendar.", reason="no-calendar")
        self._publish(user)
        epoch, listed = self._epoch.get(user, 0), self._listed.get(user, [])
        reached = f"{epoch}:{len(listed)}"
        if cursor is None:
            events = self.calendars.get(user, {})
            return [ref for ref, event in events.items() if not event.is_cancelled], reached
        of_epoch, _, since = cursor.partition(":")
        if int(of_epoch) != epoch or int(since) > len(listed):
            raise CursorExpired("Google does not know the sync token any more.")
        return list(dict.fromkeys(listed[int(since) :])), reached

    def _publish(self, user: str) -> None:
        """Bring up in listings what was made long enough ago; what is shown is always the newest version."""
        pending, due = self._journal.get(user, []), self._now()
        newest = {ref: at for at, ref in pending}
        ready = [(at, ref) for at, ref in pending if newest[ref] <= due]
        self._listed.setdefault(user, []).extend(ref for _, ref in ready)
        self._journal[user] = [row for row in pending if row not in ready]

    def _page(self, user: str, refs: list[str], cursor: str | None) -> Page[Copy]:
        events = [self.calendars[user][ref] for ref in refs]
        return Page(
            seen=tuple(event.copy for event in events if not event.is_cancelled),
            gone=tuple(event.copy.ref for event in events if event.is_cancelled),
            cursor=cursor,
        )

    def _found(self, user: str, ref: str) -> Event:
        event = self.calendars.get(user, {}).get(ref)
        if event is None or self.is_away:
            raise Gone("Google does not find the event.")
        return event

    def _create(self, user: str, ref: str, entry: Entry, mark: Mark | None) -> Copy:
        if self.is_away:
            raise Gone("Google finds no calendar.")
        if ref in self.calendars.get(user, {}):
            raise Exists("The id is taken.")
        return self._organize(replace(self._fresh(user, ref, _sent(entry)), mark=mark))

    def _fresh(self, user: str, ref: str, entry: Entry, *, is_by_hand: bool = False) -> Copy:
        """Return the organizer's copy of a new event; answers given for others do not count."""
        own = self._address(user)
        asked = dict(entry.people.answers) if entry.people is not UNKNOWN else {}
        if not is_by_hand:
            asked = dict.fromkeys(asked, Answer.NONE)
        people = People.of(asked | {own: Answer.ACCEPTED})
        entry = replace(shown(entry.over(EMPTY)), people=people)
        return Copy(ref, user, entry, uid=f"{ref}@google.com", address=own, organizer=own)

    def _address(self, user: str) -> str:
        return self._addresses.get(user, user if "@" in user else f"{user}@example.com")

    def _edit(self, copy: Copy, change: Entry) -> Copy:
        """Carry an edit out on one copy, and what flows from it on the others."""
        own = person(copy.address)
        if copy.is_organizer:
            names = change.known().keys() - {own}
            return self._organize(replace(copy, entry=shown(change.only(names).over(copy.entry))))
        local = {name for name in change.known() if not address_in(name)}
        if local:
            copy = self._put(replace(copy, entry=shown(change.only(local).over(copy.entry))))
        if change.value(own) not in (UNKNOWN, Answer.OUT, copy.entry.value(own)):
            self._answer(copy, change.value(own))
        return self.event(copy.user, copy.ref)

    def _answer(self, copy: Copy, answer: Answer) -> None:
        """Let a guest's answer flow to the organizer, and from there to everybody."""
        organizer = self._calendars_at.get(copy.organizer, copy.organizer)
        part = _part(copy.address, answer)
        theirs = self.event(organizer, copy.ref)
        self._organize(replace(theirs, entry=part.over(theirs.entry)))

    def _organize(self, copy: Copy) -> Copy:
        """Keep the organizer's copy and let what changed flow to the guests'."""
        event = self.calendars.get(copy.user, {}).get(copy.ref)
        before = event.copy.entry if event and not event.is_cancelled else None
        kept = self._put(copy)
        people = kept.entry.people
        assert people is not UNKNOWN, "an organizer knows who is asked"
        guests = {self._calendars_at.get(address, "") for address, _ in people.answers} - {
            kept.user
        }
        for guest in sorted(guests - {""}):
            self._flow(kept, before, guest)
        for user in sorted(self.calendars):
            theirs = self.calendars[user].get(kept.ref)
            if theirs and not theirs.is_cancelled and user not in {kept.user, *guests}:
                self._lay_down(theirs.copy)
        return kept

    def _flow(self, organizers: Copy, before: Entry | None, guest: str) -> None:
        event, own = self.calendars.get(guest, {}).get(organizers.ref), self._address(guest)
        is_new = before is None or before.value(person(own)) is Answer.OUT
        if event is None or (event.is_cancelled and is_new):
            mine = replace(organizers, user=guest, address=own, mark=None)
            self._put(replace(mine, is_organizer=False, is_writable=False))
        elif not event.is_cancelled and before is not None:
            names = differing(before, organizers.entry)
            entry = organizers.entry.only(names).over(event.copy.entry)
            if entry != event.copy.entry:
                self._put(replace(event.copy, entry=entry))

    def _change(self, user: str, seen: Copy, change: Entry, mark: Mark | None) -> Copy:
        event = self._found(user, seen.ref)
        if event.copy.version != seen.version:
            raise Stale("The etag is another one.")
        if event.is_cancelled:
            raise Forbidden("A deleted event is not written to.")
        asked = change.only(change.known().keys() - {person(event.copy.organizer)})
        is_so = mark in (None, event.copy.mark) and not differing(asked, event.copy.entry)
        if change.persons() and is_so:
            return event.copy
        return self._edit(replace(event.copy, mark=mark or event.copy.mark), _sent(change))

    def _watch(self, user: User, name: str, life: timedelta) -> Opened:
        if self.is_away:
            raise UserRefused("Google finds no calendar.", reason="no-calendar")
        if name in self.opened_as:
            raise Refused("The id was used before.", reason="channelIdNotUnique")
        self.opened_as[name] = user.email
        self.channels[name] = user.guid
        return Opened(f"resource-{user.guid}", self._now() + life)

    def _stop(self, user: User, name: str, resource_id: str) -> None:
        is_theirs = self.opened_as.get(name) == user.email
        if is_theirs and resource_id == f"resource-{user.guid}":
            self.channels.pop(name, None)

    def _remove(self, user: str, seen: Copy) -> None:
        event = self._found(user, seen.ref)
        if event.is_cancelled:
            raise Gone("It is deleted already.")
        if event.copy.version != seen.version:
            raise Stale("The etag is another one.")
        self._bury(event.copy)

    def _put(self, copy: Copy) -> Copy:
        kept = replace(copy, version=f'"{next(self._etags)}"')
        self.calendars.setdefault(kept.user, {})[kept.ref] = Event(kept)
        self._journal.setdefault(kept.user, []).append((self._now() + self.lateness, kept.ref))
        return kept

    def _bury(self, copy: Copy) -> None:
        """Delete: with the organizer's copy go the guests', and a guest who goes has declined."""
        self._lay_down(copy)
        if not copy.is_organizer:
            self._answer(copy, Answer.DECLINED)
            return
        for user in sorted(self.calendars):
            theirs = self.calendars[user].get(copy.ref)
            if theirs and not theirs.is_cancelled:
                self._lay_down(theirs.copy)

    def _lay_down(self, copy: Copy) -> None:
        kept = self._put(copy)
        self.calendars[kept.user][kept.ref] = Event(kept, is_cancelled=True)


EMPTY = Entry(title="", location="", notes="", private=False)


def _part(address: str, answer: Answer) -> Entry:
    return Entry(people=People.of({address: answer}, is_whole=False))


def shown(entry: Entry) -> Entry:
    """Return the entry as Google keeps it: trimmed, and never without a length."""
    if entry.notes is not UNKNOWN and len(entry.notes) > DESCRIPTION_MAX:
        raise Refused("The description is too long.")
    texts: dict[str, Any] = {
        name: canonical_text(text) for name, text in entry.known().items() if isinstance(text, str)
    }
    when = entry.when if entry.when is UNKNOWN else _lasting(entry.when)
    return replace(entry, **texts, when=when)


def _sent(entry: Entry) -> Entry:
    """Return what the client sends: it cuts a description that Google would refuse."""
    if entry.notes is UNKNOWN or len(entry.notes) <= DESCRIPTION_MAX:
        return entry
    return replace(entry, notes=entry.notes[: DESCRIPTION_MAX - 1] + "…")


def _lasting(when: When) -> When:
    if isinstance(when, AllDay):
        until = when.until or when.first
        if until < when.first:
            raise Forbidden("An entry that ends before it starts.")
        return replace(when, until=max(until, when.first + timedelta(days=1)))
    end = when.end or when.start
    if end < when.start:
        raise Forbidden("An entry that ends before it starts.")
    return replace(when, end=when.start + TODO_LENGTH if end == when.start else end)
