"""What is decided about, and what can be decided: a link as the policy shows it, and the actions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from daemon.core.entry import Answer, Entry, Hidden, Value, address_in, differing
from daemon.core.link import Base, Link, Side

TEXTS: Final = frozenset({"title", "location", "notes"})


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
    user: str = ""
    """Whose own copy is written to, where it is not the one that speaks: somebody's own answer."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Make an occurrence as its series says."""

    side: Side
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


Action = Create | Write | Reset | Remove | Settle | Part | Forget


@dataclass(frozen=True, slots=True)
class View:
    """A link as the policy shows it: the one thing that is decided about."""

    link: Link
    severa: Value
    google: Value
    winner: Side = Side.SEVERA
    keepers: Mapping[Side, str] = field(default_factory=dict)
    """The address of the activity's owner and of the event's organizer, who are no guests there."""
    paused: Side | None = None
    """A side that takes no writes for hours; what goes to the other one is not to wait for it (R1)."""

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
            # What was hidden while it was private is shown again, but where the open side was edited since.
            open_, agreed = self.entry_on(side.other), base.on(side.other)
            edited = differing(open_, agreed) if isinstance(agreed, Entry) else frozenset()
            names |= TEXTS - edited
        return entry.only(names)

    def copy_for_answer(self, name: str) -> str:
        """Return the user on whose own copy this person's answer is changed, empty where it is not known."""
        address = address_in(name)
        copies = (c for c in self.link.copies if address and c.address == address)
        return next((copy.user for copy in copies if not copy.is_organizer), "")

    def is_answer(self, name: str, side: Side, value: object) -> bool:
        """Tell whether this changes what somebody answered who takes part on this side already."""
        is_part = self.entry_on(side).value(name) is not Answer.OUT
        return bool(address_in(name)) and is_part and value is not Answer.OUT

    def is_unheld(self, name: str, side: Side, value: object) -> bool:
        """Tell whether a side cannot hold this of a person (E5): what differs there is agreed to differ."""
        if address_in(name) and address_in(name) == self.keepers.get(side):
            return True
        is_open = self.is_writable(side) or bool(self.copy_for_answer(name))
        return side is Side.GOOGLE and not is_open and self.is_answer(name, side, value)
