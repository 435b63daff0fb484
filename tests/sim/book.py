"""The world's own book of who wrote what where, and its judgement of every write the daemon makes.

Each field of each object has a `Cell`: the person's edit that it shows, and all edits that were known when it was
written. The daemon only carries, so a value that it writes must come from an edit on the other side; it may put it over
another person's edit only where D1, D2 or D8 say so.
"""

from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from daemon.core.entry import Entry, Half
from daemon.core.link import Base, Claim, Deed, Side
from daemon.core.record import Record

from .alike import ELLIPSIS, FIELDS, alike, is_long
from .guests import ATTEMPT_LIFE, Attempt, Guests, Place

MASKS = {"title": "(private)", "notes": ""}


@dataclass(frozen=True, slots=True)
class Cell:
    """What one field of one object shows."""

    edit: int
    value: Any
    before: Any
    """What the field showed when the edit was made, `None` for an entry's first value."""
    known: frozenset[int]
    """The edits that whoever wrote this could know of, also those that the other side showed alike."""
    chain: frozenset[int]
    """The edits that went over this very field, or were carried to it."""
    tick: int
    typed_at: float = 0.0
    """In which minute a person typed it."""


NOBODY = Cell(0, None, None, frozenset(), frozenset(), 0)


@dataclass(frozen=True, slots=True)
class Grave:
    """A deletion."""

    by_person: bool
    tick: int
    minute: float
    cells: dict[str, Cell]
    seen: frozenset[int]
    """The edits that the deleted object itself had taken in."""

    @property
    def known(self) -> frozenset[int]:
        return frozenset[int]().union(*(cell.known for cell in self.cells.values()))


@dataclass(slots=True)
class Book:
    """Who wrote what where."""

    winner: Side = Side.SEVERA
    is_privacy_kept: bool = True
    """Severa has a type for what is private."""
    tick: int = 0
    minute: float = 0.0
    """The world's clock, in minutes."""
    cells: dict[Place, dict[str, Cell]] = field(default_factory=dict)
    graves: dict[Place, Grave] = field(default_factory=dict)
    origin: dict[Place, int] = field(default_factory=dict)
    touched: set[Place] = field(default_factory=set)
    """What a person has saved since it was made, with a change in it or without."""
    changed: set[Place] = field(default_factory=set)
    """What a person has changed since it was made."""
    partners: dict[Place, str] = field(default_factory=dict)
    history: dict[tuple[Side, str, str], list[Cell]] = field(default_factory=dict)
    joined: dict[Place, Half] = field(default_factory=dict)
    """What was matched with what was there on the other side, and what counted as agreed then."""
    matched_as: dict[Place, int] = field(default_factory=dict)
    """Events that were matched with an activity, and the entry that each was before."""
    attempts: dict[tuple[Side, str, str], list[Attempt]] = field(default_factory=dict)
    made_unheard: list[Place] = field(default_factory=list)
    """What the daemon made without hearing of it."""
    taken_for: dict[int, frozenset[int]] = field(default_factory=dict)
    """Entries of which two were made alike and unheard, so that either may be taken for the other."""
    died_with: list[Claim] = field(default_factory=list)
    """The writes that the daemon was at when it died."""
    long: set[tuple[Side, str, str]] = field(default_factory=set)
    read_at: dict[str, int] = field(default_factory=dict)
    """When the adapter last read an activity right before writing to it."""
    read_only: set[Place] = field(default_factory=set)
    """What the daemon may not change, so that a change of its other side is set back (D6)."""
    retyped: set[str] = field(default_factory=set)
    """Activities that a person gave another type."""
    restored: list[tuple[float, float]] = field(default_factory=list)
    """Backups that were put back: when taken, when put back."""
    carried_over: set[int] = field(default_factory=set)
    """The deletions by people, by tick, for which the daemon removed something."""
    broken: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    unheard: set[int] = field(default_factory=set)
    """The ticks of those of the daemon's writes that were carried out without its knowing."""
    edits: int = 0
    origins: int = 0
    removals: dict[Place, float] = field(default_factory=dict)
    """When the daemon last set out to delete something."""
    guests: Guests = field(default_factory=Guests)

    # People

    def person_added(self, place: Place, entry: Entry) -> None:
        """Note a new entry, each of its fields an edit."""
        self.origins += 1
        self.origin[place] = self.origins
        self.guests.edited(place, entry, self.minute)
        for name in FIELDS:
            self._person(place, name, getattr(entry, name), before=None)

    def person_edited(self, place: Place, entry: Entry) -> None:
        """Note what a person changed, where the object now shows `entry`."""
        self.touched.add(place)
        edits = self.edits + self.guests.numbers
        self.guests.agreed(place, self.partner(place))
        self.guests.edited(place, entry, self.minute)
        for name in FIELDS:
            before = self.cells[place][name].value
            if getattr(entry, name) != before:
                self._person(place, name, getattr(entry, name), before=before)
        if self.edits + self.guests.numbers > edits:
            self.changed.add(place)

    def person_deleted(self, place: Place) -> None:
        """Note that a person deleted an object."""
        self._bury(place, by_person=True)

    def _person(self, place: Place, name: str, value: Any, before: Any) -> None:
        self.tick += 1
        self.edits += 1
        own = {self.edits}
        mine = self.cells.get(place, {}).get(name)
        chain = (mine.chain if mine else frozenset()) | own
        known = self._known(place, name) | own
        cell = Cell(self.edits, value, before, known, chain, self.tick, self.minute)
        self._put(place, name, cell)

    def _known(self, place: Place, name: str) -> frozenset[int]:
        """Return what whoever sees this field knows of: also the other side's edits, where both show the same."""
        mine = self.cells.get(place, {}).get(name)
        if mine is None:
            return frozenset()
        other = self.cells.get(self.partner(place), {}).get(name)
        if other is not None and self.alike(place, name, mine.value, other.value):
            return mine.known | other.known
        return mine.known

    # The daemon

    def daemon_joined(self, activity: str, event: str, base: Base) -> None:
        """Note that the daemon took two entries for one: what they showed is agreed, even where it differs (C1)."""
        places = (Side.SEVERA, activity), (Side.GOOGLE, event)
        self._pair(places[0], event)
        if not all(place in self.cells for place in places):
            return
        self._mix_up(*places)
        self.matched_as.setdefault(places[1], self.origin[places[1]])
        self.origin[places[1]] = self.origin[places[0]]
        self.guests.joined |= dict.fromkeys(places, self.guests.numbers)
        for name in FIELDS:
            for place in places:
                mine, other = self.cells[place][name], self.partner(place)
                half = base.on(other[0])
                shown = getattr(half, name) if isinstance(half, Entry) else None
                agreed = [c for c in self.history[(*other, name)] if c.value == shown]
                known = mine.known | (agreed[-1].known if agreed else frozenset())
                self.cells[place][name] = replace(mine, known=known)
                self.history[(*place, name)][-1] = self.cells[place][name]
                if place in self.graves:
                    self.graves[place].cells[name] = replace(mine, known=known)
            self.joined |= {place: base.on(place[0]) for place in places}

    def _mix_up(self, activity: Place, event: Place) -> None:
        """Note that after a backup two were taken for one of which either was known to be another's (C1, C4)."""
        mine, theirs = self.origin[activity], self.origin[event]
        is_others = any(
            (at[0] is Side.GOOGLE and origin == mine and at != event)
            or (at[0] is Side.SEVERA and origin == theirs and at != activity)
            for at, origin in self.origin.items()
        )
        if self.restored and mine != theirs and is_others:
            both = self.stems(mine) | self.stems(theirs)
            self.taken_for |= dict.fromkeys(both, both)

    def put_back(self, taken_at: float, found_again: Container[str]) -> None:
        """Note that a backup was put back, and which events still tell their activity.

        What had only been matched since nobody knows any more: a match writes nothing (C4).
        """
        self.restored.append((taken_at, self.minute))
        for place in [at for at in self.matched_as if at[1] not in found_again]:
            self.origin[place] = self.matched_as.pop(place)

    def dies_with(self, records: Iterable[Record]) -> None:
        """Note what the daemon was about to write when it died: it cannot know whether it still did."""
        claims = (claim for record in records for claim in record.link.claims)
        for claim in (replace(claim, is_checked=False) for claim in claims):
            if claim.deed is Deed.CHANGE and claim not in self.died_with:
                self.died_with.append(claim)
                self.sets_out((claim.side, claim.ref), claim.values)

    def sets_out(self, place: Place, change: Entry) -> None:
        """Note what the daemon is about to write."""
        self.guests.sets_out(place, change, self.minute)
        for name, value in change.known().items():
            if name in FIELDS:
                key = (*place, name)
                self.attempts.setdefault(key, []).append(Attempt(value, self.minute))

    def daemon_created(
        self, place: Place, entry: Entry, partner: str, *, is_unheard: bool = False
    ) -> None:
        """Note an object that the daemon made out of its other side."""
        self.tick += 1
        self._pair(place, partner)
        other = (place[0].other, partner)
        if other in self.origin:
            self.origin[place] = self.origin[other]
        self.guests.wrote(place, entry, other, is_unheard=is_unheard)
        for name in FIELDS:
            value = getattr(entry, name)
            source = self._source(other, name, value, place[0])
            if source is None and other in self.cells and self.was_long(place, name):
                source = self._begins(other, name, value)
            source = source or NOBODY
            self._put(
                place,
                name,
                Cell(source.edit, value, None, source.known, source.chain, self.tick),
            )
        if is_unheard:
            self._interchange(place)
            self.made_unheard.append(place)

    def stems(self, origin: int) -> frozenset[int]:
        """Return the entries of which one may be taken for another, this one among them."""
        return self.taken_for.get(origin, frozenset({origin}))

    def _interchange(self, place: Place) -> None:
        for other in self.made_unheard:
            is_alike = other[0] is place[0] and self._made_as(other) == self._made_as(place)
            if is_alike and place in self.origin and other in self.origin:
                both = self.stems(self.origin[place]) | self.stems(self.origin[other])
                self.taken_for |= dict.fromkeys(both, both)

    def daemon_wrote(
        self,
        place: Place,
        entry: Entry,
        partner: str,
        *,
        is_late: bool,
        is_unheard: bool = False,
    ) -> None:
        """Note and judge what the daemon changed, where the object now shows `entry`."""
        self.tick += 1
        if not is_late:  # Else its other side may have been made again since.
            self._pair(place, partner)
        other = (place[0].other, partner)
        self.guests.wrote(place, entry, other, is_unheard=is_unheard)
        for name in FIELDS:
            value, old = getattr(entry, name), self.cells[place][name]
            if value == old.value:
                if entry.title == MASKS["title"]:
                    # What is hidden behind a mask is agreed as it is, shown or not (B4).
                    known = old.known | self.cells[other][name].known
                    self._put(place, name, replace(old, known=known))
                continue
            source = self._source(other, name, value, place[0])
            if entry.title == MASKS["title"] and self._is_mask(other, name, value):
                source = self.cells[other][name]
            if source is None and other[1] and self.was_long(place, name):
                source = self._begins(other, name, value)
            self._judge(place, name, old, source, value, is_late=is_late)
            source = source or NOBODY
            known, chain = old.known | source.known, old.chain | source.chain
            self._put(place, name, Cell(source.edit, value, old.value, known, chain, self.tick))

    def daemon_removed(self, place: Place, partner: str, *, is_late: bool, reason: str) -> None:
        """Note and judge a deletion; `reason` is a rule that takes the object away, if there is one."""
        self.tick += 1
        self._pair(place, partner)
        grave = self._grave_of(place, partner)
        if reason:
            self.counts[f"removed by {reason}"] += 1
        elif grave is not None and grave.by_person:
            self.carried_over.add(grave.tick)
            self._judge_removal(place, grave, is_late=is_late)
        elif grave := self._grave_of_alike(place):
            self.carried_over.add(grave.tick)
            self.counts["one of two alike was removed for the other"] += 1
        else:
            self.broken.append(f"{_named(place)} was deleted, and nobody had deleted {partner}")
        self._bury(place, by_person=False)

    def _grave_of(self, place: Place, partner: str) -> Grave | None:
        """Return the deletion by a person of the other side, or of another one that this was made of before."""
        grave = self.graves.get((place[0].other, partner))
        if grave is not None and grave.by_person:
            return grave
        origin = self.origin.get(place)
        relatives = (
            other
            for at, other in self.graves.items()
            if at[0] is place[0].other and origin is not None and self.origin.get(at) == origin
        )
        by_person = (other for other in relatives if other.by_person)
        return max(by_person, key=lambda other: other.tick, default=grave)

    def _grave_of_alike(self, place: Place) -> Grave | None:
        """Return a deletion by a person that was not carried over yet, of what one made just like this stems from.

        Where both creates were never answered, nobody can tell which of the two is whose.
        """
        mine = self._made_as(place)
        alike = (
            self._grave_of(other, self.partner(other)[1])
            for other in self.cells
            if other != place and other[0] is place[0] and mine and self._made_as(other) == mine
        )
        left = (g for g in alike if g and g.by_person and g.tick not in self.carried_over)
        return next(left, None)

    def _made_as(self, place: Place) -> dict[str, Any]:
        names = self.cells.get(place, {})
        return {name: self.history[(*place, name)][0].value for name in names}

    def _judge(
        self,
        place: Place,
        name: str,
        old: Cell,
        source: Cell | None,
        value: Any,
        *,
        is_late: bool,
    ) -> None:
        """Break a promise where the daemon writes over an edit that it had to keep."""
        verdict = self._verdict(place, name, old, source, value)
        if verdict and not self._is_excused(place, name, old, is_late=is_late):
            self.broken.append(f"{name} of {_named(place)} {verdict}")

    def _verdict(self, place: Place, name: str, old: Cell, source: Cell | None, value: Any) -> str:
        """Return what is wrong with writing `value` over `old`, empty if it is as it should be."""
        agreed = self.joined.get(place)
        was_empty = isinstance(agreed, Entry) and getattr(agreed, name) == ""
        if old.edit == 0:
            return ""
        mine = self.origin.get(place)
        if any(p == self.partner(place) or self.origin.get(p) == mine for p in self.read_only):
            return self._counted("set back (D6)")
        if old.value == "" and (old.before is None or was_empty):
            return self._counted("filled where it was empty (C1)")
        if source is None:
            return f"became {value!r}, which nobody wrote, over {old.value!r}"
        if old.edit in source.known or any(
            self.alike(place, name, old.value, kept) for kept in (source.before, source.value)
        ):
            return ""
        if excuse := self._excuse(place, name, old, source):
            return self._counted(excuse)
        if source.edit in old.chain:
            return "" if self.restored else f"went back to {value!r} over the later {old.value!r}"
        if place[0] is self.winner and not self.restored:
            return f"{old.value!r} lost to {value!r}, though its side wins"
        return self._counted("lost to the other side's edit (D1)")

    def _excuse(self, place: Place, name: str, old: Cell, source: Cell) -> str:
        """Return why the daemon could not know of an edit here, or may write over it; empty where it may not."""
        if self._is_back(place, name, old, source):
            return "edited there and back again, unseen (D8)"
        if source.edit in old.chain:
            is_unheard = self._was_unheard(place, name, source)
            return "written, never heard of, edited, lost (D1)" if is_unheard else ""
        halves = [self.joined.get(at) for at in (place, self.partner(place))]
        privacies = {half.private for half in halves if isinstance(half, Entry)}
        is_masked = len(privacies) > 1 or self.was_ever(
            self.partner(place), "title", MASKS["title"]
        )
        return "not told to an open activity, and edited there (B4)" if is_masked else ""

    def _counted(self, what: str) -> str:
        self.counts[what] += 1
        return ""

    def _is_excused(
        self, place: Place, name: str, old: Cell, *, is_late: bool, is_removal: bool = False
    ) -> bool:
        """Tell whether D8 lets this edit be lost, and count it.

        The last attempt at a field is the write that is judged, but for a removal.
        """
        is_severa = place[0] is Side.SEVERA
        if is_severa and (is_late or old.tick > self.read_at.get(place[1], 0)):
            self._counted("lost between reading and writing (D8)")
            return True
        attempts = self.attempts.get((*place, name), [])
        if any(
            self._may_have_landed(attempt, old)
            and self.alike(place, name, attempt.value, old.value)
            for attempt in (attempts if is_removal else attempts[:-1])
        ):
            self._counted("typed what the daemon was writing (D8)")
            return True
        return False

    def _may_have_landed(self, attempt: Attempt, typed: Cell) -> bool:
        """Tell whether the attempt was open when something was typed, or is still."""
        is_open = 0 <= typed.typed_at - attempt.minute < ATTEMPT_LIFE
        return is_open or self.minute - attempt.minute < ATTEMPT_LIFE

    def _judge_removal(self, place: Place, grave: Grave, *, is_late: bool) -> None:
        is_open = grave.cells["private"].value is not self.cells[place]["private"].value
        if is_open or grave.cells["title"].value == MASKS["title"]:
            return  # What changes on a side that is private alone is agreed as it is (B4).
        for name, cell in self.cells[place].items():
            at_deletion = grave.cells[name]
            is_known = cell.edit in at_deletion.known or cell.edit == 0
            is_same = self.alike(place, name, cell.value, at_deletion.value)
            is_same = is_same or self._is_back(place, name, cell, at_deletion)
            if is_known or is_same:
                continue
            if self._is_excused(place, name, cell, is_late=is_late, is_removal=True):
                continue
            if not self.restored:
                self.broken.append(
                    f"{_named(place)} was deleted with the edit {name}={cell.value!r} in it (D2)"
                )

    def _is_back(self, place: Place, name: str, cell: Cell, at_deletion: Cell) -> bool:
        """Tell whether a field was edited to what the deleted side had taken in, or showed when they were matched."""
        half = self.joined.get(self.partner(place))
        if isinstance(half, Entry) and self.alike(place, name, getattr(half, name), cell.value):
            return True
        cells = self.history[(*place, name)][:-1]
        return any(c.edit in at_deletion.known and c.value == cell.value for c in cells)

    def _source(self, other: Place, name: str, value: Any, to: Side) -> Cell | None:
        """Return the latest edit on the other side that the daemon can have carried over as `value`."""
        cells = self.history.get((*other, name), [])
        fitting = (
            cell for cell in reversed(cells) if self.alike((to, ""), name, value, cell.value)
        )
        return next(fitting, None)

    def _begins(self, other: Place, name: str, value: str) -> Cell:
        """Return the edit on the other side that stands before the part that was cut off (B7)."""
        cells = self.history[(*other, name)]
        fitting = (c for c in reversed(cells) if value.startswith(c.value.removesuffix(ELLIPSIS)))
        return next(fitting, cells[-1])

    def _is_mask(self, other: Place, name: str, value: Any) -> bool:
        """Tell whether a value stands in Severa for one that is private in Google (B4)."""
        is_google, was_private = other[0] is Side.GOOGLE, self.was_ever(other, "private", True)
        return is_google and was_private and MASKS.get(name) == value

    # Both

    def alike(self, place: Place, name: str, mine: Any, other: Any) -> bool:
        """Tell whether a value on this side and one on the other are the same to a person."""
        if mine is None or other is None:
            return False
        if name == "private" and not self.is_privacy_kept:
            return True
        severa, google = (mine, other) if place[0] is Side.SEVERA else (other, mine)
        return alike(name, severa, google)

    def partner(self, place: Place) -> Place:
        """Return the other side of an object, as far as the book knows it."""
        return place[0].other, self.partners.get(place, "")

    def twins(self, place: Place, *, is_living: bool = True) -> set[Place]:
        """Return the other (living) objects on this side that stem from the same entry."""
        mine = self.origin.get(place)
        return {
            other
            for other, origin in self.origin.items()
            if other != place
            and other[0] is place[0]
            and mine is not None
            and origin == mine
            and not (is_living and other in self.graves)
        }

    def was_ever(self, place: Place, name: str, value: Any) -> bool:
        """Tell whether a field ever showed this."""
        return any(cell.value == value for cell in self.history.get((*place, name), []))

    def was_long(self, place: Place, name: str) -> bool:
        """Tell whether a text on either side of this entry was ever too long for one of them."""
        return bool({(*place, name), (*self.partner(place), name)} & self.long)

    def _pair(self, place: Place, partner: str) -> None:
        if partner:
            self.partners[place] = partner
            self.partners[place[0].other, partner] = place[1]

    def _put(self, place: Place, name: str, cell: Cell) -> None:
        self.cells.setdefault(place, {})[name] = cell
        self.history.setdefault((*place, name), []).append(cell)
        if is_long(name, cell.value):
            self.long.add((*place, name))

    def _bury(self, place: Place, *, by_person: bool) -> None:
        self.tick += 1
        cells = {
            name: replace(cell, known=self._known(place, name))
            for name, cell in self.cells[place].items()
        }
        seen = frozenset[int]().union(*(cell.chain for cell in self.cells[place].values()))
        self.guests.buried(place)
        self.graves[place] = Grave(by_person, self.tick, self.minute, cells, seen)

    def _was_unheard(self, place: Place, name: str, source: Cell) -> bool:
        """Tell whether this edit had been carried here by a write that the daemon never heard back from."""
        cells = self.history.get((*place, name), [])
        return any(cell.edit == source.edit and cell.tick in self.unheard for cell in cells)


def _named(place: Place) -> str:
    return f"{place[0].value} {place[1]}"
