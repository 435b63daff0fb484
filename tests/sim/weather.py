"""What befalls the calls of the daemon: people in between, refusals, lost and late answers, death."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from copy import copy
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any, TypeVar

from daemon.core.link import Claim, Side
from daemon.core.record import Record
from daemon.errors import RateLimited, SyncError, Transient
from daemon.sync.ports import Store, Transaction
from tests.doubles.line import Call

from . import people
from .world import OUTSIDE, Landing, World

R = TypeVar("R")

LATE_MAX_S = 14 * 60
PEOPLE_ACT_MAX = 150
"""What people do between calls causes calls; without a bound some stories would never end."""
FAULTS = {
    "refused": 3,
    "limited": 1,
    "lost": 4,
    "never": 2,
    "late": 3,
    "twice": 2,
    "expired": 1,
}


CLAIMING: ContextVar[str] = ContextVar("claiming", default="")
"""The entry that this task claimed a write for last, which is the one it is about to make."""
CLAIMED: ContextVar[Record | None] = ContextVar("claimed", default=None)
"""That entry as it was claimed: what it is made out of may be gone when the call is made."""


class Crash(BaseException):
    """The process dies here."""


class Weather:
    """The line between the daemon and both vendors of a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def carry(self, call: Call, do: Callable[[], R]) -> R:
        world = self._world
        step, dice = world.dice()
        await gap(world, step, dice)
        fault = self._fault(step, dice, call)
        deed = _Deed(world, call, do)
        world.pass_time(dice.uniform(0.05, 1.5))
        result: R
        if fault is None:
            result = deed()
            await self._come_back(step, dice)
        else:
            world.tell(f"   {call}: {fault}")
            result = await self._suffer(fault, dice, call, deed)
        return result

    async def _suffer(self, fault: str, dice: Random, call: Call, do: "_Deed") -> Any:
        world = self._world
        match fault:
            case "refused":
                raise Transient("refused")
            case "limited":
                raise RateLimited("limited", retry_after=dice.choice([None, 3.0, 40.0]))
            case "expired":
                world.google.expire_cursors(call.user)
            case "lost":
                _quietly(do.unheard())
                raise Transient("the answer was lost")
            case "never":
                world.pass_time(30)
                raise Transient("timed out")
            case "late":
                seconds = dice.choice([1.0, 31.0, 35.0, 100.0, dice.uniform(1, LATE_MAX_S)])
                due = world.now + timedelta(seconds=seconds)
                late = do.later()
                world.landings.append(Landing(due, lambda: _quietly(late), str(call)))
                world.pass_time(30)
                raise Transient("timed out")
            case "twice":
                _quietly(do.unheard())
                return do.later()()
            case "die before":
                die(world)
            case "die after":
                _quietly(do.unheard())
                die(world)
        return do()

    def _fault(self, step: str, dice: Random, call: Call) -> str | None:
        world, climate = self._world, self._world.climate
        thrown = dice.random()
        name = None
        if thrown < climate.crashes:
            name = dice.choice(["die before", "die after"])
        elif thrown < climate.crashes + climate.faults:
            name = dice.choices(list(FAULTS), list(FAULTS.values()))[0]
            if not call.is_write and name in ("late", "twice"):
                name = "never"
            if call.name.startswith("post") and name == "twice":
                name = "lost"  # An HTTP client repeats on its own only what is idempotent.
            if name == "expired" and call.name != "list":
                name = "refused"
        if name is None or not world.may(f"{step} {name}"):
            return None
        world.counts[name] += 1
        return name

    async def _come_back(self, step: str, dice: Random) -> None:
        """Let an answer be on its way for a while, in which others go on."""
        if dice.random() < self._world.climate.slow:
            await gap(self._world, f"{step}b", dice)


class Watched:
    """A store with people, other tasks and death between its transactions."""

    def __init__(self, world: World, store: Store) -> None:
        self._world, self._store = world, store
        self._turn = asyncio.Lock()

    async def write(self, work: Callable[[Transaction], Awaitable[R]]) -> R:
        step, dice = self._world.dice()
        await gap(self._world, step, dice)
        is_fatal = dice.random() < self._world.climate.crashes
        is_before = dice.random() < 0.5
        if is_fatal and self._world.may(f"{step} die at the store"):
            self._world.counts["die at the store"] += 1
            if not is_before:
                await self._noted(work)
            die(self._world)
        return await self._noted(work)

    async def _noted(self, work: Callable[[Transaction], Awaitable[R]]) -> R:
        """Carry a transaction out and let the book take down what it tells of the daemon."""
        async with self._turn:  # Else another task's records would count as this one's.
            before = dict(self._world.store.records)
            result = await self._store.write(work)
            self._note(before)
        return result

    def _note(self, before: Mapping[str, Record]) -> None:
        world = self._world
        for link_id, record in list(world.store.records.items()):
            known = before.get(link_id)
            if record.link.activity:
                world.known.add(record.link.activity.ref)
            if _claims(record) - _claims(known):
                CLAIMING.set(link_id)
                CLAIMED.set(record)
            elif record is not known:
                world.unstored.pop(link_id, None)
                if all(claim.is_checked for claim in record.link.claims):
                    world.book.guests.stored(_places(record))
        lines = [change for change in world.store.history if change.id > world.read_line]
        for change in lines:
            world.read_line = change.id
            linked = world.store.records.get(change.entry)
            if change.action == "linked" and linked is not None:
                link = linked.link
                world.joined_at[link.id] = world.book.tick
                if link.activity and link.google:
                    world.book.daemon_joined(link.activity.ref, link.google.ref, link.base)

    async def read(self, work: Callable[[Transaction], Awaitable[R]]) -> R:
        if self._world.is_dead:
            raise Crash
        return await self._store.read(work)


async def gap(world: World, step: str, dice: Random) -> None:
    """Let others go on, and people do something."""
    for _ in range(dice.choice([0, 0, 1, 1, 2, 5])):
        await asyncio.sleep(0)
    if world.is_dead:
        raise Crash
    is_busy = world.counts["people"] < PEOPLE_ACT_MAX and dice.random() < world.climate.people
    if is_busy and world.may(f"{step} people"):
        world.counts["people"] += 1
        people.act(world, dice)


def die(world: World) -> None:
    """End the process: from here on nothing it does has any effect."""
    world.is_dead = True
    world.book.unheard |= {tick for ticks in world.unstored.values() for tick in ticks}
    world.unstored.clear()
    raise Crash


def _quietly(do: Callable[[], Any]) -> None:
    try:
        do()
    except SyncError:
        return


class _Deed:
    """One request with what the book has to know of it, found out before it is carried out."""

    def __init__(self, world: World, call: Call, do: Callable[[], Any]) -> None:
        self._world, self._call, self._do = world, call, do
        self._is_late = self._is_unheard = False
        self._side, self._link_id = Side(call.vendor), CLAIMING.get()
        record = world.store.records.get(self._link_id) if call.is_write else None
        known = world.book.partners.get((self._side, call.ref), "")
        claimed = CLAIMED.get() if call.is_write else None
        self._partner = _partner(record, self._side) or known or _partner(claimed, self._side)
        self._announce()

    def later(self) -> "_Deed":
        """Return the same request as it is carried out behind everybody's back."""
        late = copy(self)
        late._is_late = late._is_unheard = True
        return late

    def unheard(self) -> "_Deed":
        """Return the same request as it is carried out without the daemon hearing of it."""
        unheard = copy(self)
        unheard._is_unheard = True
        return unheard

    def _announce(self) -> None:
        call, book = self._call, self._world.book
        is_before = call.name.startswith("get before")
        if is_before:
            book.read_at[call.ref] = book.tick
        if call.name in ("delete", "get before delete"):
            book.removals[self._side, call.ref] = book.minute
        if (call.is_write or is_before) and call.ref:
            book.sets_out((self._side, call.ref), call.change)

    def __call__(self) -> Any:
        if not self._call.is_write:
            return self._do()
        before = self._shown(self._call.ref)
        result = self._do()
        self._world.writes += 1
        self._world.tell(f"   daemon: {self._call}{' (again or late)' if self._is_late else ''}")
        self._note(before, result)
        return result

    def _shown(self, ref: str) -> Any:
        world = self._world
        if self._side is Side.SEVERA:
            return world.severa.rows.get(ref)
        return world.google.living().get(ref)

    def _note(self, before: Any, result: Any) -> None:
        book, is_late = self._world.book, self._is_late
        place = (self._side, before.ref if before else result.ref)
        after = self._shown(place[1])
        if before is None:
            book.daemon_created(place, after.entry, self._partner, is_unheard=self._is_unheard)
            if self._is_unheard and not self._world.store.settings.api_user:
                self._world.unknown.add(place)
            book.sets_out(place, self._call.change)
            if is_late:
                self._world.late.add(place)
        elif after is None:
            reason = self._reason(before)
            book.daemon_removed(place, self._partner, is_late=is_late, reason=reason)
        else:
            book.daemon_wrote(
                place, after.entry, self._partner, is_late=is_late, is_unheard=self._is_unheard
            )
        if self._is_unheard:
            book.unheard.add(book.tick)
        else:
            self._world.unstored.setdefault(self._link_id, set()).add(book.tick)

    def _reason(self, removed: Any) -> str:
        """Return the rule that takes an object away though nobody deleted its other side."""
        world = self._world
        if self._side is Side.GOOGLE:
            return "B5" if self._partner in world.book.retyped else ""
        event = world.google.living().get(self._partner)
        if event and self._world.book.was_ever(
            (Side.GOOGLE, event.ref), "private", not removed.entry.private
        ):
            return "B4"
        is_left = event and (event.ref in world.abandoned or not _enabled_copies(world, event.ref))
        if event and event.user == OUTSIDE and is_left:
            return "E6"
        place = (self._side, removed.ref)
        if place not in world.book.changed and world.book.twins(place, is_living=False):
            return "twin"
        return ""


def _claims(record: Record | None) -> set[Claim]:
    claims = record.link.claims if record else ()
    return {replace(claim, is_checked=False) for claim in claims}


def _places(record: Record) -> list[tuple[Side, str]]:
    seen = [(side, record.link.seen(side)) for side in Side]
    return [(side, one.ref) for side, one in seen if one]


def _enabled_copies(world: World, ref: str) -> list[str]:
    users = (copy.user for copy in world.google.copies() if copy.ref == ref)
    return [user for user in users if user in world.enabled]


def _partner(record: Record | None, side: Side) -> str:
    seen = record.link.seen(side.other) if record else None
    return seen.ref if seen else ""
