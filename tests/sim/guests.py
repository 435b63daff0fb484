"""The world's book of who takes part: each person's part in each entry, who changed it where, and what it came to.

Two edits of one part are in order when whoever made the later one could see the earlier; then the later one must have
come through. Else they crossed, and either may have won.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

from daemon.core.entry import PEOPLE, Answer, Entry, address_in
from daemon.core.link import Side

Place = tuple[Side, str]
"""A side and the vendor's id there."""
OUT = Answer.OUT
ATTEMPT_LIFE = 20.0
"""For how many minutes a write may still be taken for the daemon's: a quarter of an hour, and a round."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A value that the daemon set out to write, heard back from or not."""

    value: Any
    minute: float


@dataclass(frozen=True, slots=True)
class Part:
    """What one object shows of one person."""

    value: Any = OUT
    edit: int = 0
    known: frozenset[int] = frozenset()
    sure: frozenset[int] | None = None
    """What was known before a write of the daemon whose outcome it has not stored yet."""
    prior: frozenset[int] | None = None
    """What was known before the daemon took somebody out, which may be half of changing an answer."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What a person made of somebody's part."""

    number: int
    side: Side
    value: Any
    known: frozenset[int]
    is_ours: bool = False
    """Whether it equals what the daemon was just writing there, and so counts as the daemon's (D8)."""


@dataclass(slots=True)
class Guests:
    """Everybody's part in everything."""

    shown: dict[tuple[Place, str], Part] = field(default_factory=dict)
    edits: dict[tuple[Place, str], list[Edit]] = field(default_factory=dict)
    """The edits of each part, by the object on which they were made."""
    graves: dict[Place, frozenset[int]] = field(default_factory=dict)
    numbers: int = 0
    unheard: set[tuple[Place, str]] = field(default_factory=set)
    """Parts that were changed before the daemon knew what had become of its own write to them."""
    written: set[tuple[Place, str]] = field(default_factory=set)
    """Parts that the daemon wrote to."""
    attempts: dict[tuple[Place, str], list[Attempt]] = field(default_factory=dict)
    """What the daemon set out to write and has not heard of."""
    joined: dict[Place, int] = field(default_factory=dict)
    """How many edits there were when an entry was matched with one that was there on the other side."""

    def sets_out(self, place: Place, change: Entry, minute: float) -> None:
        """Note what the daemon is about to write."""
        for name in change.persons():
            attempt = Attempt(change.value(name), minute)
            self.attempts.setdefault((place, name), []).append(attempt)

    def edited(self, place: Place, entry: Entry, minute: float) -> None:
        """Note what a person changed, where the object now shows `entry`."""
        for name in self._names(place, entry):
            value, before = entry.value(name), self.part(place, name)
            if value is before.value:
                continue
            self.numbers += 1
            known = before.known if before.sure is None else before.sure
            if before.sure is not None:
                self.unheard.add((place, name))
            attempts = self.attempts.get((place, name), [])
            is_ours = any(a.value is value and minute - a.minute < ATTEMPT_LIFE for a in attempts)
            edit = Edit(self.numbers, place[0], value, known, is_ours)
            self.edits.setdefault((place, name), []).append(edit)
            self.shown[place, name] = Part(value, self.numbers, known | {self.numbers})

    def wrote(self, place: Place, entry: Entry, other: Place, *, is_unheard: bool) -> None:
        """Note what the daemon changed, where the object now shows `entry`.

        Of a write that it never heard back from it does not know that whoever edits next has seen it (D1).
        """
        for name in self._names(place, entry):
            value, before, theirs = (
                entry.value(name),
                self.part(place, name),
                self.part(other, name),
            )
            if value is before.value:
                continue
            # A new event asks everybody, whatever was answered already.
            is_asked = place[0] is Side.GOOGLE and before.value is OUT and value is Answer.NONE
            is_taken_in = value is theirs.value and not is_unheard and not is_asked
            start = before.known if before.prior is None else before.prior
            known = start | (theirs.known if is_taken_in else frozenset())
            sure = before.known if before.sure is None else before.sure
            self.written.add((place, name))
            if is_unheard:
                self.unheard.add((place, name))
            else:
                attempts = self.attempts.get((place, name), [])
                self.attempts[place, name] = [a for a in attempts if a.value is not value]
            edit = 0 if is_asked else theirs.edit
            prior = start if value is OUT else None
            self.shown[place, name] = Part(value, edit, known, sure, prior)

    def stored(self, places: Collection[Place]) -> None:
        """Note that the daemon knows what became of its writes to these objects."""
        for (at, name), part in self.shown.items():
            if part.sure is not None and at in places:
                self.shown[at, name] = replace(part, sure=None)

    def agreed(self, one: Place, other: Place) -> None:
        """Note that both show the same, so that whoever sees either knows of both."""
        for name in {name for place, name in self.shown if place in (one, other)}:
            mine, theirs = self.part(one, name), self.part(other, name)
            is_carried = mine.edit == theirs.edit != 0 and mine.value is theirs.value
            if is_carried and mine.sure is None and theirs.sure is None:
                known = mine.known | theirs.known
                self.shown[one, name] = Part(mine.value, mine.edit, known)
                self.shown[other, name] = Part(theirs.value, theirs.edit, known)

    def buried(self, place: Place) -> None:
        """Note which edits an object had taken in when it was deleted."""
        parts = [part for (at, _), part in self.shown.items() if at == place]
        self.graves[place] = frozenset[int]().union(*(part.known for part in parts))

    def has_moved(self, place: Place, grave: Place) -> bool:
        """Tell whether somebody's part was changed on an object that another, deleted since, had not taken in."""
        made = [edit for (at, _), edits in self.edits.items() if at == place for edit in edits]
        return place != grave and any(e.number not in self.graves.get(grave, ()) for e in made)

    def part(self, place: Place, name: str) -> Part:
        """Return what an object shows of somebody."""
        return self.shown.get((place, name), Part())

    def lost(self, one: Place, other: Place, name: str, value: Any) -> str:
        """Return which edit of this part should have come through and did not, empty if all is well."""
        made = [*self.edits.get((one, name), []), *self.edits.get((other, name), [])]
        last = [edit for edit in made if not any(edit.number in later.known for later in made)]
        if not last or value in {edit.value for edit in last} or any(e.is_ours for e in last):
            return ""
        return f"{address_in(name)} is {value.value} where {last[-1].value.value} was said last"

    def were_matched(self, one: Place, other: Place, name: str) -> bool:
        """Tell whether two entries were matched that said different things of somebody, and never agreed since (C1)."""
        numbers = [e.number for at in (one, other) for e in self.edits.get((at, name), [])]
        is_old = max(numbers, default=0) <= self.joined.get(one, -1)
        return one in self.joined and (is_old or not {(one, name), (other, name)} & self.written)

    def _names(self, place: Place, entry: Entry) -> set[str]:
        assert PEOPLE in entry.known(), "the vendor knows who takes part"
        return set(entry.persons()) | {name for at, name in self.shown if at == place}
