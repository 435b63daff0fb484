"""Decide what must happen next for both sides of a link to show the same entry.

Each side is compared with its own half of the base, which gives one `Turn` a side. `TABLE` has one row for each pair of
turns, `STANDINGS` says what a row comes to for an entry that is set aside, parted or held, and the functions below the
values fill the row in.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from itertools import product
from typing import Final

from daemon.core.entry import (
    ABSENT,
    AS_SERIES,
    CANCELLED,
    Entry,
    Half,
    Hidden,
    Value,
    differing,
)
from daemon.core.fit import carry
from daemon.core.link import Base, Link, Side, Stand
from daemon.core.seen import Activity

TEXTS: Final = frozenset({"title", "location", "notes"})


class Turn(Enum):
    """What happened on one side since the two last agreed."""

    ABSENT = "absent"
    """There was nothing and there is nothing."""
    NEW = "new"
    """There was nothing and there is something now."""
    SAME = "same"
    EDITED = "edited"
    GONE = "gone"
    HIDDEN = "hidden"
    """A rule keeps it out: nothing is decided by it, and it is never made again."""
    LEAVING = "leaving"
    """A rule takes it out of the sync, and its other side away."""


class Row(Enum):
    """What a pair of turns comes to."""

    NOTHING = "nothing"
    FORGET = "forget"
    SETTLE_GONE = "settle gone"
    """The entry has no pair any more: what is left is no business of the other side."""
    JOIN = "join"
    CREATE_IN_SEVERA = "create in Severa"
    CREATE_IN_GOOGLE = "create in Google"
    CARRY_TO_SEVERA = "carry to Severa"
    CARRY_TO_GOOGLE = "carry to Google"
    MERGE = "merge"
    REMOVE_FROM_SEVERA = "remove from Severa"
    REMOVE_FROM_GOOGLE = "remove from Google"


_T, _R = Turn, Row

TABLE: Final[dict[tuple[Turn, Turn], Row]] = {
    # (Severa, Google)
    (_T.ABSENT, _T.ABSENT): _R.FORGET,
    (_T.ABSENT, _T.NEW): _R.CREATE_IN_SEVERA,
    (_T.ABSENT, _T.SAME): _R.NOTHING,
    (_T.ABSENT, _T.EDITED): _R.CREATE_IN_SEVERA,
    (_T.ABSENT, _T.GONE): _R.FORGET,
    (_T.ABSENT, _T.HIDDEN): _R.NOTHING,
    (_T.ABSENT, _T.LEAVING): _R.NOTHING,
    (_T.NEW, _T.ABSENT): _R.CREATE_IN_GOOGLE,
    (_T.NEW, _T.NEW): _R.JOIN,
    (_T.NEW, _T.SAME): _R.JOIN,
    (_T.NEW, _T.EDITED): _R.JOIN,
    (_T.NEW, _T.GONE): _R.CREATE_IN_GOOGLE,
    (_T.NEW, _T.HIDDEN): _R.NOTHING,
    (_T.NEW, _T.LEAVING): _R.NOTHING,
    (_T.SAME, _T.ABSENT): _R.NOTHING,
    (_T.SAME, _T.NEW): _R.JOIN,
    (_T.SAME, _T.SAME): _R.NOTHING,
    (_T.SAME, _T.EDITED): _R.CARRY_TO_SEVERA,
    (_T.SAME, _T.GONE): _R.REMOVE_FROM_SEVERA,
    (_T.SAME, _T.HIDDEN): _R.NOTHING,
    (_T.SAME, _T.LEAVING): _R.REMOVE_FROM_SEVERA,
    (_T.EDITED, _T.ABSENT): _R.CREATE_IN_GOOGLE,
    (_T.EDITED, _T.NEW): _R.JOIN,
    (_T.EDITED, _T.SAME): _R.CARRY_TO_GOOGLE,
    (_T.EDITED, _T.EDITED): _R.MERGE,
    (_T.EDITED, _T.GONE): _R.CREATE_IN_GOOGLE,
    (_T.EDITED, _T.HIDDEN): _R.NOTHING,
    # An edit is carried before its entry leaves, so that it is not lost.
    (_T.EDITED, _T.LEAVING): _R.CARRY_TO_GOOGLE,
    (_T.GONE, _T.ABSENT): _R.FORGET,
    (_T.GONE, _T.NEW): _R.CREATE_IN_SEVERA,
    (_T.GONE, _T.SAME): _R.REMOVE_FROM_GOOGLE,
    (_T.GONE, _T.EDITED): _R.CREATE_IN_SEVERA,
    (_T.GONE, _T.GONE): _R.FORGET,
    (_T.GONE, _T.HIDDEN): _R.NOTHING,
    (_T.GONE, _T.LEAVING): _R.SETTLE_GONE,
    (_T.HIDDEN, _T.ABSENT): _R.NOTHING,
    (_T.HIDDEN, _T.NEW): _R.NOTHING,
    (_T.HIDDEN, _T.SAME): _R.NOTHING,
    (_T.HIDDEN, _T.EDITED): _R.NOTHING,
    (_T.HIDDEN, _T.GONE): _R.NOTHING,
    (_T.HIDDEN, _T.HIDDEN): _R.NOTHING,
    (_T.HIDDEN, _T.LEAVING): _R.NOTHING,
    (_T.LEAVING, _T.ABSENT): _R.NOTHING,
    (_T.LEAVING, _T.NEW): _R.NOTHING,
    (_T.LEAVING, _T.SAME): _R.REMOVE_FROM_GOOGLE,
    (_T.LEAVING, _T.EDITED): _R.CARRY_TO_SEVERA,
    (_T.LEAVING, _T.GONE): _R.SETTLE_GONE,
    (_T.LEAVING, _T.HIDDEN): _R.NOTHING,
    (_T.LEAVING, _T.LEAVING): _R.NOTHING,
}

_REMOVALS = frozenset({_R.REMOVE_FROM_SEVERA, _R.REMOVE_FROM_GOOGLE})
_FINAL = frozenset({_R.NOTHING, _R.FORGET})

STANDINGS: Final[dict[tuple[Stand, Row], Row]] = {
    (stand, row): row
    if stand in (Stand.LIVE, Stand.RESTORED)
    or row in _FINAL
    # What is held is a removal; an edit of the entry takes the reason to hold it away.
    or (stand is Stand.HELD and row not in _REMOVALS)
    else Row.NOTHING
    for stand, row in product(Stand, Row)
}


@dataclass(frozen=True, slots=True)
class Create:
    """Make the entry on a side that does not have it."""

    side: Side
    entry: Entry
    takes_in: Entry
    rule: str


@dataclass(frozen=True, slots=True)
class Write:
    """Make a side show these fields."""

    side: Side
    change: Entry
    takes_in: Entry
    rule: str


@dataclass(frozen=True, slots=True)
class Remove:
    """Take the entry off a side."""

    side: Side
    rule: str


@dataclass(frozen=True, slots=True)
class Settle:
    """Both sides agree, as far as they ever will: remember what each showed."""

    base: Base
    rule: str
    is_first_match: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """The two sides no longer follow each other, and neither is made again."""

    rule: str


@dataclass(frozen=True, slots=True)
class Forget:
    """Neither side has it: there is nothing to remember."""


Action = Create | Write | Remove | Settle | Part | Forget


@dataclass(frozen=True, slots=True)
class View:
    """A link as the policy shows it: the one thing that is decided about."""

    link: Link
    severa: Value
    google: Value
    winner: Side = Side.SEVERA

    def on(self, side: Side) -> Value:
        """Return what a side shows."""
        return self.severa if side is Side.SEVERA else self.google

    def entry_on(self, side: Side) -> Entry:
        """Return the entry that a side shows, hidden or not."""
        value = self.on(side)
        if isinstance(value, Hidden):
            return value.entry
        assert isinstance(value, Entry), "the row asks for a side that shows an entry"
        return value

    def is_writable(self, side: Side) -> bool:
        """Tell whether the daemon may change this side (D6)."""
        seen = self.link.seen(side)
        return seen is None or seen.is_writable

    def edits(self, side: Side) -> Entry:
        """Return the fields in which a side differs from its own half of the base."""
        entry, base = self.entry_on(side), self.link.base
        half = base.on(side)
        if not isinstance(half, Entry):
            return entry
        names = differing(entry, half)
        if "private" in names and base.hides_from(side.other):
            names |= TEXTS  # What was hidden while it was private is shown again.
        return entry.only(names)


def turn(value: Value, half: Half) -> Turn:
    """Compare what a side shows with its own half of the base."""
    if isinstance(value, Hidden):
        return Turn.LEAVING if value.leaving else Turn.HIDDEN
    was_there = half is not ABSENT and half is not CANCELLED
    if value is ABSENT or value is CANCELLED:
        return Turn.GONE if was_there else Turn.ABSENT
    if not was_there:
        return Turn.NEW
    if value is AS_SERIES or half is AS_SERIES:
        return Turn.SAME if value is half else Turn.EDITED
    assert isinstance(value, Entry), "the other kinds of value were met above"
    assert isinstance(half, Entry), "the other kinds of half were met above"
    return Turn.EDITED if differing(value, half) else Turn.SAME


def row_of(view: View) -> Row:
    """Return the one row that is meant for this link."""
    base = view.link.base
    row = TABLE[turn(view.severa, base.severa), turn(view.google, base.google)]
    return STANDINGS[view.link.standing.stand, row]


def next_action(view: View) -> Action | None:
    """Return what must happen next, `None` when the link is settled."""
    return _ACT[row_of(view)](view)


def _create(view: View, side: Side) -> Action:
    source, base = view.entry_on(side.other), view.link.base
    was_there = base.on(side) is not ABSENT
    rule = "D2" if was_there else {Side.SEVERA: "B1", Side.GOOGLE: "B2"}[side]
    return Create(side, carry(source, side, base), source, rule)


def _carry(view: View, edits: Entry, to: Side) -> Action | None:
    """Write one side's edits to the other, where it does not show them already."""
    shown = view.entry_on(to)
    edits = edits.only(edits.known().keys() & shown.known().keys())
    if not edits.known():
        return None  # What the other side shows of these fields is not known yet.
    carried = carry(edits, to, view.link.base)
    if view.link.base.hides_from(to) and edits.private is not False:
        carried = shown.only(TEXTS & edits.known().keys()).over(carried)
    lacking = differing(carried, shown)
    if not lacking:
        base = view.link.base.agreeing(to, shown.only(carried.known()), edits)
        return Settle(base, "D1")
    if not view.is_writable(to):
        return _set_back(view, edits.only(lacking), to.other)
    return Write(to, carried.only(lacking), edits.only(lacking), "D1")


def _carry_alone(view: View, to: Side) -> Action | None:
    """Carry the edits of the one side that stays; of a side that leaves, its own edits may win (D1)."""
    edits, moved = view.edits(to.other), view.edits(to)
    if isinstance(view.on(to), Hidden):
        # What became private goes with its event; a placeholder would outlive it and hide nothing.
        edits = edits.only(edits.known().keys() - {"private"})
    if to is view.winner:
        edits = edits.only(edits.known().keys() - moved.known().keys())
    return _carry(view, edits, to) if edits.known() else _remove(view, to.other)


def _set_back(view: View, edits: Entry, side: Side) -> Action:
    """Undo edits whose other side may not be changed: what is said there now is said here again."""
    if not view.is_writable(side):
        return Part("D6")
    half, names = view.link.base.on(side), edits.known().keys()
    assert isinstance(half, Entry), "only an entry that was there can have been edited"
    moved = view.edits(side.other)
    again = carry(moved.only(moved.known().keys() & names), side, view.link.base)
    return Write(side, again.over(half.only(names)), view.entry_on(side.other).only(names), "D6")


def _merge(view: View) -> Action | None:
    """Cross the edits of both sides; where both changed a field, the winner's value goes over."""
    edited = {side: view.edits(side) for side in Side}
    both = edited[Side.SEVERA].known().keys() & edited[Side.GOOGLE].known().keys()
    loser = view.winner.other
    going = {
        view.winner: edited[view.winner],
        loser: edited[loser].only(edited[loser].known().keys() - both),
    }
    crossing = (_carry(view, going[side], side.other) for side in Side)
    return next((action for action in crossing if action is not None), None)


def _join(view: View) -> Action:
    """Pair two entries that were found to be one: nothing is overwritten, what is empty is filled (C1)."""
    severa, google = view.entry_on(Side.SEVERA), view.entry_on(Side.GOOGLE)
    kind = view.link.activity.type if view.link.activity else ""
    is_masked = "private" in differing(severa, google)
    base = Base(severa, google, kind, is_masked)
    if not is_masked:
        base = replace(base, severa=_unfilled(severa, google), google=_unfilled(google, severa))
    return Settle(base, "C1", is_first_match=True)


def _unfilled(entry: Entry, other: Entry) -> Entry:
    """Return what counts as agreed: a text that only this side has counts as an edit since."""
    if entry.location and other.location == "":
        entry = replace(entry, location="")
    if entry.notes and other.notes == "":
        entry = replace(entry, notes="")
    return entry


def _remove(view: View, side: Side) -> Action:
    seen = view.link.seen(side)
    if view.link.standing.stand is Stand.RESTORED:
        return Part("D5") if isinstance(view.on(side.other), Hidden) else _create(view, side.other)
    if isinstance(seen, Activity) and seen.has_hours:
        return Part("B9")
    if not view.is_writable(side):
        return Part("D6")
    leaving = view.on(side.other)
    if isinstance(leaving, Hidden):
        is_born_there = view.link.born is not side
        return Remove(side, leaving.rule) if is_born_there else Part(leaving.rule)
    return Remove(side, "D2")


def _tidy(view: View) -> Action | None:
    """Agree on what nobody has to write: another type, and fields that were not known before."""
    link, severa, google = view.link, view.severa, view.google
    is_live = link.standing.stand is Stand.LIVE and link.base.is_pair
    if not (is_live and isinstance(severa, Entry) and isinstance(google, Entry)):
        return None
    known = severa.known().keys() & google.known().keys()
    new = known - (_known(link.base.severa) & _known(link.base.google))
    if new:
        return Settle(link.base.agreeing(Side.SEVERA, severa.only(new), google.only(new)), "C1")
    if link.activity is not None and link.activity.type != link.base.type:
        return Settle(link.agreeing_on_type().base, "B5")
    return None


def _known(half: Half) -> frozenset[str]:
    return frozenset(half.known()) if isinstance(half, Entry) else frozenset()


_ACT: Final[dict[Row, Callable[[View], Action | None]]] = {
    Row.NOTHING: _tidy,
    Row.FORGET: lambda _: Forget(),
    Row.SETTLE_GONE: lambda _: Settle(Base(), "B5"),
    Row.JOIN: _join,
    Row.CREATE_IN_SEVERA: lambda view: _create(view, Side.SEVERA),
    Row.CREATE_IN_GOOGLE: lambda view: _create(view, Side.GOOGLE),
    Row.CARRY_TO_SEVERA: lambda view: _carry_alone(view, Side.SEVERA),
    Row.CARRY_TO_GOOGLE: lambda view: _carry_alone(view, Side.GOOGLE),
    Row.MERGE: _merge,
    Row.REMOVE_FROM_SEVERA: lambda view: _remove(view, Side.SEVERA),
    Row.REMOVE_FROM_GOOGLE: lambda view: _remove(view, Side.GOOGLE),
}
