"""Two perfect calendars with one entry, and a daemon that does what is decided until nothing is left to do."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import count

from daemon.core.entry import ABSENT, FIELDS, Entry
from daemon.core.fit import ELLIPSIS, carry
from daemon.core.link import Base, Claim, Deed, Link, Side, Stand, Standing
from daemon.core.reconcile import (
    Action,
    Create,
    Forget,
    Part,
    Remove,
    Settle,
    View,
    Write,
    next_action,
)
from daemon.core.seen import Copy, Seen

from .given import NOW, SELECTED, G, S, activity, copy, entry

STEPS_MAX = 8


class Reply(Enum):
    """What becomes of one call."""

    ANSWERED = "answered"
    LOST = "carried out, the answer lost"
    REFUSED = "not carried out, the answer lost"
    LATE = "carried out after the next call, where the vendor has no precondition"


@dataclass
class World:
    """Both calendars and what the daemon knows of them."""

    link: Link
    sides: dict[Side, Seen | None]
    winner: Side = S
    replies: list[Reply] = field(default_factory=list)
    late: list[Write] = field(default_factory=list)
    steps: int = 0
    numbers: Iterator[int] = field(default_factory=lambda: count(2))

    @property
    def entries(self) -> dict[Side, Entry | None]:
        return {side: seen.entry if seen else None for side, seen in self.sides.items()}

    @property
    def view(self) -> View:
        shown = {side: seen.entry if seen else ABSENT for side, seen in self.sides.items()}
        return View(self.link, shown[S], shown[G], self.winner)

    def edit(self, side: Side, shown: Entry | None) -> None:
        """Let a person make a side show this, and the daemon see it."""
        seen = self.sides[side]
        assert seen is not None, "what is not there cannot be edited"
        self.sides[side] = replace(seen, entry=shown) if shown else None
        self.look(side)

    def edit_copy(self, *, is_writable: bool) -> None:
        """Let Google say whether its event may be changed."""
        seen = self.sides[G]
        assert isinstance(seen, Copy), "the event is there"
        self.sides[G] = replace(seen, is_writable=is_writable)
        self.look(G)

    def look(self, side: Side) -> None:
        """Read a side by id."""
        self.link = self.link.showing(side, self.sides[side], user="ann").checked(side, NOW)

    def run(self) -> Action | None:
        """Do what is decided until the link is settled, and return the last word: `None`, `Part` or `Forget`."""
        while True:
            action = next_action(self.view)
            if action is None or isinstance(action, Forget):
                if self.late:
                    self.land()
                    continue
                return action
            if isinstance(action, Part):
                self.link = replace(self.link, standing=Standing(Stand.PARTED))
                return action
            self.steps += 1
            assert self.steps <= STEPS_MAX, f"no end: {action}"
            self.do(action)

    def do(self, action: Create | Write | Remove | Settle) -> None:
        if isinstance(action, Settle):
            self.link = replace(self.link, base=action.base)
            return
        landing = list(self.late)
        claim = self.claim(action)
        self.link = self.link.claiming(claim)
        reply = self.replies.pop() if self.replies else Reply.ANSWERED
        if reply is Reply.LATE and isinstance(action, Write) and action.side is S:
            self.late.append(action)
        elif reply in (Reply.ANSWERED, Reply.LOST):
            self.carry_out(action, claim)
        if reply is Reply.ANSWERED:
            self.link = self.link.answered(claim, self.sides[claim.side])
        else:
            self.look(claim.side)
        if landing:
            self.land()

    def land(self) -> None:
        """Carry out what a vendor sat on."""
        for write in self.late:
            if seen := self.sides[write.side]:
                self.sides[write.side] = replace(seen, entry=write.change.over(seen.entry))
        sides = {write.side for write in self.late}
        self.late.clear()
        for side in sides:
            self.link = self.link.showing(side, self.sides[side], user="ann")

    def claim(self, action: Create | Write | Remove) -> Claim:
        seen = self.link.seen(action.side)
        if isinstance(action, Create):
            ref = self.link.event_id if action.side is G else ""
            return Claim(
                action.side, Deed.CREATE, NOW, action.entry, action.takes_in, ref=ref, user="ann"
            )
        assert seen is not None, "only what was seen is changed"
        if isinstance(action, Remove):
            return Claim(action.side, Deed.REMOVE, NOW, ref=seen.ref, user="ann")
        return Claim(
            action.side, Deed.CHANGE, NOW, action.change, action.takes_in, ref=seen.ref, user="ann"
        )

    def carry_out(self, action: Create | Write | Remove, claim: Claim) -> None:
        match action:
            case Create(side=Side.SEVERA):
                made = action.entry.over(entry())
                self.sides[S] = activity(made, ref=f"a{next(self.numbers)}")
            case Create():
                self.sides[G] = copy(action.entry.over(entry()), ref=claim.ref)
            case Write():
                seen = self.sides[action.side]
                assert seen is not None, "only what is there is written"
                self.sides[action.side] = replace(seen, entry=action.change.over(seen.entry))
            case Remove():
                self.sides[action.side] = None


def agreed_on(shown: Entry, born: Side) -> tuple[Entry, Entry]:
    """Return Severa's and Google's entry after `shown` was carried over from the side it was made on."""
    other = carry(shown, born.other, Base())
    return (shown, other) if born is S else (other, shown)


def settled(severa: Entry, google: Entry, winner: Side = S, replies: Sequence[Reply] = ()) -> World:
    """Return a world whose two sides have agreed on these."""
    sides: dict[Side, Seen | None] = {S: activity(severa), G: copy(google)}
    link = Link("l1", S, activity(severa), (copy(google),), "ann", Base(severa, google, SELECTED))
    return World(link, sides, winner, list(replies))


def unlike(world: World) -> list[str]:
    """Return the fields in which the two sides differ by more than what one of them cannot hold."""
    severa, google = world.entries[S], world.entries[G]
    assert severa is not None, "both sides are there"
    assert google is not None, "both sides are there"
    base = world.link.base
    there, back = carry(severa, G, base), carry(google, S, base)
    return [
        name
        for name in FIELDS
        if getattr(there, name) != getattr(google, name)
        and getattr(back, name) != getattr(severa, name)
        and not _is_cut(getattr(severa, name), getattr(google, name))
    ]


def _is_cut(one: object, other: object) -> bool:
    """Tell whether one text is the other with its end hidden."""
    if not isinstance(one, str) or not isinstance(other, str):
        return False
    short, whole = sorted((one.removesuffix(ELLIPSIS), other.removesuffix(ELLIPSIS)), key=len)
    return whole.startswith(short)
