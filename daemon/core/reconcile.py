"""Decide what must happen next for both sides of a link to show the same entry.

Each side is compared with its own half of the base, which gives one `Turn` a side. `TABLE` has one row for each pair of
turns, `STANDINGS` says what a row comes to for an entry that is set aside, parted or held, and the functions here fill
the row in.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from daemon.core.entry import (
    ABSENT,
    AS_SERIES,
    CANCELLED,
    FIELDS,
    PEOPLE,
    UNKNOWN,
    Answer,
    Entry,
    Half,
    Hidden,
    People,
    address_in,
    differing,
    entry_of,
)
from daemon.core.fit import carry
from daemon.core.link import Base, Link, Side, Stand
from daemon.core.match import key_of
from daemon.core.seen import Activity, Copy
from daemon.core.table import STANDINGS, TABLE, Row, Turn, turn
from daemon.core.view import (
    TEXTS,
    Action,
    Create,
    Forget,
    Part,
    Remove,
    Reset,
    Settle,
    View,
    Write,
)


def row_of(view: View) -> Row:
    """Return the one row that is meant for this link."""
    base = view.link.base
    turns = {side: turn(view.on(side), base.on(side)) for side in Side}
    for side in Side:
        if (
            turns[side.other] is Turn.GONE
            and turns[side] is Turn.EDITED
            and _is_answered(view, side)
        ):
            turns[side] = Turn.SAME
    row = TABLE[turns[Side.SEVERA], turns[Side.GOOGLE]]
    return STANDINGS[view.link.standing.stand, row]


def _is_answered(view: View, side: Side) -> bool:
    """Tell whether there is no other edit than answers, which do not bring back what was called off (E6)."""
    half, entry = view.link.base.on(side), view.on(side)
    if not (isinstance(half, Entry) and isinstance(entry, Entry)):
        return False
    return all(
        bool(address_in(name)) and Answer.OUT not in (entry.value(name), half.value(name))
        for name in differing(entry, half)
    )


def next_action(view: View) -> Action | None:
    """Return what must happen next, `None` when the link is settled."""
    row = row_of(view)
    if AS_SERIES in (view.severa, view.google) and row in _LEADS:
        return _occurrence(view, row)
    return _ACT[row](view)


def _create(view: View, side: Side) -> Action:
    source, base = view.entry_on(side.other), view.link.base
    was_there = base.on(side) is not ABSENT
    rule = "D2" if was_there else {Side.SEVERA: "B1", Side.GOOGLE: "B2"}[side]
    entry, takes_in = _begun(view, carry(source, side, base), source, side)
    return Create(side, entry, takes_in, rule)


def _begun(view: View, entry: Entry, source: Entry, side: Side) -> tuple[Entry, Entry]:
    """Return what one call makes, and what it takes in; on the rest of the people the two have still to agree.

    Severa takes participants one at a time. Google may drop an answer that is given for somebody else, so that all are
    asked, and what they answered follows.
    """
    if source.people is UNKNOWN:
        return entry, source
    keeper = view.keepers.get(side, "")
    others = {address for address, _ in source.people.answers} - {keeper}
    owns = {keeper: Answer.ACCEPTED} if keeper else {}
    if side is Side.SEVERA:
        return replace(entry, people=People.of(owns, is_whole=not others)), source
    asked = dict.fromkeys(others, Answer.NONE)
    own = dict(source.people.among({keeper}).answers)
    takes_in = replace(source, people=People.of(asked | own))
    return replace(entry, people=People.of(asked | owns)), takes_in


def _carry(view: View, edits: Entry, to: Side) -> Action | None:
    """Write one side's edits to the other, where it does not show them already."""
    shown = view.entry_on(to)
    edits = edits.known_in(shown)
    if to is Side.GOOGLE and not _is_whole(shown):
        # A list that was cut is never written (E8), but for somebody's own answer.
        edits = edits.only(n for n in edits.known() if n in FIELDS or view.copy_for_answer(n))
    if not edits.known():
        return None  # What the other side shows of these fields is not known yet.
    carried = carry(edits, to, view.link.base)
    if view.link.base.hides_from(to) and edits.private is not False:
        carried = shown.only(TEXTS & edits.known().keys()).over(carried)
    lacking = frozenset(
        name
        for name in differing(carried, shown)
        if not view.is_unheld(name, to, carried.value(name))
    )
    if not lacking:
        base = view.link.base.agreeing(to, shown.only(carried.known()), edits)
        return Settle(base, "D1")
    answers = {name for name in lacking if _is_own_answer(view, name, to, carried)}
    rest = lacking - answers
    if not rest:
        name = min(answers)
        user = view.copy_for_answer(name)
        return Write(to, carried.only([name]), edits.only([name]), "E5", user)
    if not view.is_writable(to):
        return _set_back(view, edits.only(rest), to.other)
    return _in_one_call(view, Write(to, carried.only(rest), edits.only(rest), "D1"))


def _is_own_answer(view: View, name: str, to: Side, carried: Entry) -> bool:
    """Tell whether this is written to somebody's own copy, which is always free to be answered (D6)."""
    is_answer = to is Side.GOOGLE and view.is_answer(name, to, carried.value(name))
    return is_answer and bool(view.copy_for_answer(name))


def _in_one_call(view: View, write: Write) -> Write:
    """Return as much of a write as one call carries: Severa takes the fields together, and people one by one."""
    persons = sorted(name for name in write.change.known() if address_in(name))
    if write.side is Side.GOOGLE:
        joining = {n for n in persons if view.entry_on(Side.GOOGLE).value(n) is Answer.OUT}
        asked = entry_of(dict.fromkeys(joining, Answer.NONE))
        return replace(write, change=asked.over(write.change), takes_in=asked.over(write.takes_in))
    if not persons:
        return write
    if rest := write.change.known().keys() - persons:
        return replace(write, change=write.change.only(rest), takes_in=write.takes_in.only(rest))
    name = persons[0]
    if view.is_answer(name, write.side, write.change.value(name)):
        # Severa changes no answer: the participant is taken out, and then is somebody who joined.
        out = entry_of({name: Answer.OUT})
        return replace(write, change=out, takes_in=out)
    return replace(write, change=write.change.only([name]), takes_in=write.takes_in.only([name]))


def _carry_alone(view: View, to: Side) -> Action | None:
    """Carry the edits of the one side that stays; of a side that leaves, its own edits may win (D1)."""
    edits, moved = view.edits(to.other), view.edits(to)
    if isinstance(view.on(to), Hidden):
        # What became private goes with its event; a placeholder would outlive it and hide nothing.
        edits = edits.only(edits.known().keys() - {"private"})
    if to is view.winner:
        edits = edits.only(edits.known().keys() - moved.known().keys())
    return (_carry(view, edits, to) or _tidy(view)) if edits.known() else _remove(view, to.other)


def _set_back(view: View, edits: Entry, side: Side) -> Action:
    """Undo edits whose other side may not be changed: what is said there now is said here again."""
    if not view.is_writable(side):
        return Part("D6")
    half, names = view.link.base.on(side), edits.known().keys()
    if half is AS_SERIES:
        return Reset(side, "D6")
    assert isinstance(half, Entry), "only an entry that was there can have been edited"
    moved = view.edits(side.other)
    again = carry(moved.only(moved.known().keys() & names), side, view.link.base)
    change, takes_in = again.over(half.only(names)), view.entry_on(side.other).only(names)
    return _in_one_call(view, Write(side, change, takes_in, "D6"))


def _merge(view: View) -> Action | None:
    """Cross the edits of both sides; where both changed a field, the winner's value goes over."""
    edited = {side: view.edits(side) for side in Side}
    both = edited[Side.SEVERA].known().keys() & edited[Side.GOOGLE].known().keys()
    loser = view.winner.other
    going = {
        view.winner: edited[view.winner],
        loser: edited[loser].only(edited[loser].known().keys() - both),
    }
    crossing = (
        _carry(view, going[to.other], to) for to in _later_if_paused(view, Side.GOOGLE, Side.SEVERA)
    )
    return next((action for action in crossing if action is not None), None) or _tidy(view)


def _later_if_paused(view: View, *sides: Side) -> list[Side]:
    """Return the sides in this order, but for one that takes no writes just now."""
    return sorted(sides, key=lambda side: side is view.paused)


def _join(view: View) -> Action:
    """Pair two entries that were found to be one: nothing is overwritten, what is empty is filled (C1)."""
    severa, google = view.entry_on(Side.SEVERA), view.entry_on(Side.GOOGLE)
    kind = view.link.activity.type if view.link.activity else ""
    is_masked = "private" in differing(severa, google)
    halves = {Side.SEVERA: severa, Side.GOOGLE: google}
    if not _is_whole(severa) or severa.people != google.people:  # They agree on each person apart.
        halves = {side: replace(half, people=UNKNOWN) for side, half in halves.items()}
    if not is_masked:
        halves = {side: _unfilled(halves[side], view.entry_on(side.other)) for side in Side}
    if _were_linked(view.link) or key_of(severa) != key_of(google):
        # Linked before, or edited since they were matched: one of the two wins (C4, D1).
        names = TEXTS | {"when"} if _were_linked(view.link) else frozenset({"title", "when"})
        edited = view.entry_on(view.winner.other).only({"when"} if is_masked else names)
        halves[view.winner] = edited.over(halves[view.winner])
        halves[view.winner.other] = edited.over(halves[view.winner.other])
    base = Base(halves[Side.SEVERA], halves[Side.GOOGLE], kind, is_masked)
    return Settle(base, "C1", is_first_match=True)


def _were_linked(link: Link) -> bool:
    """Tell whether the mark says that we linked just these two before."""
    copy, activity = link.google, link.activity
    if copy is None or activity is None or copy.mark is None:
        return False
    return (copy.mark.event, copy.mark.activity) == (copy.ref, activity.ref)


def _unfilled(entry: Entry, other: Entry) -> Entry:
    """Return what counts as agreed: a text that only this side has counts as an edit since."""
    if entry.location and other.location == "":
        entry = replace(entry, location="")
    if entry.notes and other.notes == "":
        entry = replace(entry, notes="")
    return entry


def _unite(view: View) -> Action | None:
    """Bring together who takes part on either side, where the two have never agreed on it (C1)."""
    base, severa, google = view.link.base, view.entry_on(Side.SEVERA), view.entry_on(Side.GOOGLE)
    halves = [half for half in (base.severa, base.google) if isinstance(half, Entry)]
    if all(_is_whole(half) for half in halves) or not (_is_whole(severa) and _is_whole(google)):
        return None
    names = severa.persons() | google.persons()
    open_ = {name for name in names if any(half.value(name) is UNKNOWN for half in halves)}
    for to in _later_if_paused(view, *Side):
        there, shown = view.entry_on(to.other), view.entry_on(to)
        known = {n for n in open_ if _value(base.on(to), n) is shown.value(n) is not UNKNOWN}
        new = {n for n in known if _value(base.on(to.other), n) is UNKNOWN}
        news = {n for n in open_ if _is_more(there.value(n), shown.value(n), is_new=n in new)}
        if not view.is_writable(to):
            news = {name for name in news if _is_own_answer(view, name, to, there)}
        action = _carry(view, there.only(news), to)
        if isinstance(action, Write):
            return action
    agreed = base.agreeing(Side.SEVERA, severa.only([PEOPLE]), google.only([PEOPLE]))
    return Settle(agreed, "C1")


def _is_more(there: Answer, shown: Answer, *, is_new: bool) -> bool:
    """Tell whether one side says of a person what the other is silent about, or said before (`is_new`)."""
    if shown is Answer.OUT:
        return there is not Answer.OUT
    silent = (Answer.OUT, Answer.NONE)
    is_said = there not in silent if is_new else there is not Answer.OUT
    return there is not shown and is_said and (shown in silent or is_new)


def _value(half: Half, name: str) -> object:
    return half.value(name) if isinstance(half, Entry) else UNKNOWN


def _is_whole(entry: Entry) -> bool:
    return entry.people is not UNKNOWN and entry.people.is_whole


def _remove(view: View, side: Side) -> Action:
    seen = view.link.seen(side)
    if view.link.standing.stand is Stand.RESTORED:
        if view.on(side) is AS_SERIES:
            is_gone = view.on(side.other) is ABSENT
            rested = Settle(Base().having(side, AS_SERIES), "D5")
            return rested if is_gone else Reset(side.other, "D5")
        return Part("D5") if isinstance(view.on(side.other), Hidden) else _create(view, side.other)
    if isinstance(seen, Activity) and seen.has_hours:
        return Part("B9")
    is_guest = isinstance(seen, Copy) and not seen.is_organizer
    if is_guest or not view.is_writable(side):
        return Part("D6")  # A guest can leave a meeting, not call it off.
    leaving = view.on(side.other)
    if isinstance(leaving, Hidden):
        is_born_there = view.link.born is not side
        return Remove(side, leaving.rule) if is_born_there else Part(leaving.rule)
    return Remove(side, "D2")


def _tidy(view: View) -> Action | None:
    """Agree on what nobody has to write, also beside edits of what the other side does not show now.

    That is another type, and fields that were not known before.
    """
    link, severa, google = view.link, view.severa, view.google
    is_live = link.standing.stand is Stand.LIVE and link.base.is_pair
    if not (is_live and isinstance(severa, Entry) and isinstance(google, Entry)):
        return None
    known = {n for n in severa.known().keys() & google.known().keys() if n in FIELDS} - {PEOPLE}
    new = known - (_known(link.base.severa) & _known(link.base.google))
    if new:
        agreed = link.base.agreeing(Side.SEVERA, severa.only(new), google.only(new))
        return Settle(agreed, "C1")
    if link.activity is not None and link.activity.type != link.base.type:
        return Settle(link.agreeing_on_type().base, "B5")
    return _unite(view)


def _known(half: Half) -> frozenset[str]:
    return frozenset(half.known()) if isinstance(half, Entry) else frozenset()


def _occurrence(view: View, row: Row) -> Action:
    """Carry what one side says of an occurrence to the other, where one of them shows it as the series has it (F2)."""
    if view.severa is view.google:
        return Settle(Base(AS_SERIES, AS_SERIES), "F2")
    exceptions = [side for side in Side if isinstance(view.on(side), Entry)]
    lead = _LEADS[row] or (view.winner if row is Row.MERGE else exceptions[0])
    rule = "F2"
    if not view.is_writable(lead.other):
        lead, rule = lead.other, "D6"
        if not view.is_writable(lead.other):
            return Part("D6")
    if view.on(lead) is not AS_SERIES:
        return _exception(view, lead, rule)
    if view.on(lead.other) is ABSENT:
        # The series is gone there, and with it what was as it says.
        return Settle(Base().having(lead, AS_SERIES), rule)
    return Reset(lead.other, rule)


def _exception(view: View, lead: Side, rule: str) -> Action:
    """Make the exception that one side shows on the other."""
    if view.on(lead) is CANCELLED or view.on(lead) is ABSENT:
        return Remove(lead.other, rule)
    entry, to = view.entry_on(lead), lead.other
    made, takes_in = _begun(view, carry(entry, to, view.link.base), entry, to)
    return Create(to, made, takes_in, rule)


_LEADS: Final[dict[Row, Side | None]] = {
    Row.JOIN: None,
    Row.MERGE: None,
    Row.CREATE_IN_SEVERA: Side.GOOGLE,
    Row.CREATE_IN_GOOGLE: Side.SEVERA,
    Row.CARRY_TO_SEVERA: Side.GOOGLE,
    Row.CARRY_TO_GOOGLE: Side.SEVERA,
}
"""Which side's word on an occurrence goes over; `None` where both have one."""

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
