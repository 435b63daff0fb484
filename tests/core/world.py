"""Two perfect calendars with one entry, and a daemon that does what is decided until nothing is left to do."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import count

from daemon.core.entry import FIELDS, UNKNOWN, Answer, Entry, People, address_in, entry_of, person
from daemon.core.fit import ELLIPSIS, carry
from daemon.core.link import Base, Claim, Deed, Link, Side, Stand, Standing
from daemon.core.policy import Policy
from daemon.core.reconcile import next_action
from daemon.core.seen import Copy, Seen
from daemon.core.view import Action, Create, Forget, Part, Remove, Settle, View, Write

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
    """The activity, and the copy of the event that speaks."""
    winner: Side = S
    replies: list[Reply] = field(default_factory=list)
    late: list[tuple[Write, int]] = field(default_factory=list)
    """Writes that a vendor sits on, and the seat that each was about."""
    steps: int = 0
    steps_max: int = STEPS_MAX
    numbers: Iterator[int] = field(default_factory=lambda: count(2))
    policy: Policy = field(default_factory=lambda: Policy(selected={SELECTED}))
    keepers: dict[Side, str] = field(default_factory=dict)
    calendars: frozenset[str] = frozenset()
    """Whose own copies of the event are looked at too, where they take part."""
    guests: dict[str, Copy] = field(default_factory=dict)
    is_deaf: bool = False
    """Google drops what is said of an answer that somebody else is to give."""
    asked: set[str] = field(default_factory=set)
    """Whom the daemon asked to the event, by field."""
    seats: dict[str, int] = field(default_factory=dict)
    """Who takes part in the activity, by field, and how often that was begun anew."""

    @property
    def entries(self) -> dict[Side, Entry | None]:
        return {side: seen.entry if seen else None for side, seen in self.sides.items()}

    @property
    def view(self) -> View:
        shown = self.policy.severa_value(self.link), self.policy.google_value(self.link)
        return View(self.link, *shown, self.winner, self.keepers)

    # What people do

    def edit(self, side: Side, shown: Entry | None) -> None:
        """Let a person make a side show this, and the daemon see it."""
        seen = self.sides[side]
        assert seen is not None, "what is not there cannot be edited"
        self.sides[side] = replace(seen, entry=shown) if shown else None
        self._flow()
        self.look(side)

    def answer(self, user: str, said: Answer) -> None:
        """Let somebody answer on the own calendar, and the daemon see it."""
        self._answer_on_own_copy(user, said)
        self.look(G)

    def edit_copy(self, *, is_writable: bool) -> None:
        """Let Google say whether its event may be changed."""
        seen = self.sides[G]
        assert isinstance(seen, Copy), "the event is there"
        self.sides[G] = replace(seen, is_writable=is_writable)
        self.look(G)

    # What the daemon does

    def look(self, side: Side) -> None:
        """Read a side by id, and of Google the guests' copies too."""
        seen = self.sides[side]
        user = seen.user if seen else self.link.source or "ann"
        link = self.link.showing(side, seen, user=user)
        if side is G:
            for guest in sorted(self.calendars - {user}):
                link = link.showing(G, self.guests.get(guest), user=guest)
        self.link = link.checked(side, NOW)

    def run(self) -> Action | None:
        """Do what is decided until the link is settled, and return the last word: `None`, `Part` or `Forget`.

        What seems settled is looked at once more, for what flowed from one copy of the event to the others.
        """
        is_fresh = False
        while True:
            action = next_action(self.view)
            if action is None or isinstance(action, Forget):
                if self.late:
                    self.land()
                elif action is not None or is_fresh:
                    return action
                else:
                    for side in Side:
                        self.look(side)
                    is_fresh = True
                continue
            if isinstance(action, Part):
                self.link = replace(self.link, standing=Standing(Stand.PARTED))
                return action
            self.steps += 1
            assert self.steps <= self.steps_max, f"no end: {action}"
            is_fresh = False
            self.do(action)

    def do(self, action: Action) -> None:
        if isinstance(action, Settle):
            self.link = replace(self.link, base=action.base)
            return
        assert isinstance(action, Create | Write | Remove), "no series lives here"
        landing = bool(self.late)
        claim = self.claim(action)
        self.link = self.link.claiming(claim)
        reply = self.replies.pop() if self.replies else Reply.ANSWERED
        if reply is Reply.LATE and isinstance(action, Write) and action.side is S:
            self.late.append((action, self._seat_of(action)))
        elif reply in (Reply.ANSWERED, Reply.LOST):
            self.carry_out(action, claim)
        if reply is Reply.ANSWERED:
            seen = self.guests.get(claim.user) if action.side is G else None
            self.link = self.link.answered(claim, seen or self.sides[claim.side])
        else:
            self.look(claim.side)
        if landing:
            self.land()

    def land(self) -> None:
        """Carry out what a vendor sat on, as far as it still can be."""
        for write, seat in self.late:
            if self._seat_of(write) == seat and _would_take(write, self.entries[S]):
                self._write(write)
        self.late.clear()
        self.link = self.link.showing(S, self.sides[S], user="ann")

    def claim(self, action: Create | Write | Remove) -> Claim:
        seen = self.link.seen(action.side)
        if isinstance(action, Create):
            ref = self.link.event_id if action.side is G else ""
            return Claim(
                action.side, Deed.CREATE, NOW, action.entry, action.takes_in, ref=ref, user="ann"
            )
        assert seen is not None, "only what was seen is changed"
        if isinstance(action, Remove):
            return Claim(action.side, Deed.REMOVE, NOW, ref=seen.ref, user=seen.user)
        user = action.user or seen.user
        return Claim(
            action.side, Deed.CHANGE, NOW, action.change, action.takes_in, ref=seen.ref, user=user
        )

    # What the vendors do

    def carry_out(self, action: Create | Write | Remove, claim: Claim) -> None:
        match action:
            case Create(side=Side.SEVERA):
                self._make_activity(action.entry)
            case Create():
                self._make_event(action.entry, claim.ref)
            case Write():
                self._write(action)
            case Remove():
                self.sides[action.side] = None
        self._flow()

    def _make_activity(self, made: Entry) -> None:
        owner = self.keepers.get(S, "")
        assert made.persons() <= {person(owner)}, "Severa takes participants one at a time"
        people = People.of({owner: Answer.ACCEPTED} if owner else {})
        shown = replace(made.over(entry()), people=people)
        self.sides[S] = activity(shown, ref=f"a{next(self.numbers)}")

    def _make_event(self, made: Entry, ref: str) -> None:
        organizer, asked = self.keepers.get(G, ""), made.people
        assert asked is UNKNOWN or set(dict(asked.answers).values()) <= {
            Answer.NONE,
            Answer.ACCEPTED,
        }, "no answer is given for somebody else"
        own = {organizer: Answer.ACCEPTED} if organizer else {}
        people = People.of((dict(asked.answers) if asked is not UNKNOWN else {}) | own)
        self.asked |= made.persons()
        shown = replace(made.over(entry()), people=people)
        self.sides[G] = copy(shown, ref=ref, address=organizer, organizer=organizer)

    def _write(self, write: Write) -> None:
        seen, change = self.sides[write.side], write.change
        assert seen is not None, "only what is there is written"
        assert person(self.keepers.get(write.side, "")) not in change.persons(), "no guest there"
        if write.user:
            assert isinstance(seen, Copy), "Severa has no copies"
            (name,) = change.known()
            self._answer_on_own_copy(write.user, change.value(name))
            return
        if write.side is S and (name := _person_of(write)):
            assert change.known().keys() == {name}, "one person is one call"
            assert _would_take(write, seen.entry), "Severa changes no answer"
            self.seats[name] = self.seats.get(name, 0) + (change.value(name) is not Answer.OUT)
        if write.side is G:
            assert seen.is_writable, "it may not be written to"
            self.asked |= {n for n in change.persons() if seen.entry.value(n) is Answer.OUT}
            change = entry_of(
                {name: self._heard(name, change, seen.entry) for name in change.known()}
            )
        self.sides[write.side] = replace(seen, entry=change.over(seen.entry))

    def _heard(self, name: str, change: Entry, shown: Entry) -> object:
        """Return what the organizer's event shows of a value: no answer that a deaf Google did not hear."""
        value, now = change.value(name), shown.value(name)
        if not self.is_deaf or not address_in(name) or value is Answer.OUT:
            return value
        return Answer.NONE if now is Answer.OUT else now

    def _answer_on_own_copy(self, user: str, said: Answer) -> None:
        speaks = self.sides[G]
        assert isinstance(speaks, Copy), "the event is there"
        own = speaks if speaks.user == user else self.guests[user]
        part = Entry(people=People.of({own.address: said}, is_whole=False))
        self.sides[G] = replace(speaks, entry=part.over(speaks.entry))
        self._flow()

    def _flow(self) -> None:
        """Let the guests' copies be as the organizer's event is."""
        speaks = self.sides[G]
        self.guests = {}
        if not isinstance(speaks, Copy) or speaks.entry.people is UNKNOWN:
            return
        for user in self.calendars - {speaks.user}:
            address = f"{user}@example.com"
            if speaks.entry.people.answer(address) is not Answer.OUT:
                mine = replace(speaks, user=user, address=address)
                self.guests[user] = replace(mine, is_organizer=False, is_writable=False)

    def _seat_of(self, write: Write) -> int:
        return self.seats.get(_person_of(write), 0)


def _person_of(write: Write) -> str:
    """Return the person that a write is about, empty where it is about the fields."""
    return min(write.change.persons(), default="")


def _would_take(write: Write, shown: Entry | None) -> bool:
    """Tell whether Severa takes it: who takes part is not added, and nobody else taken out."""
    name = _person_of(write)
    if not name or shown is None:
        return shown is not None
    return (write.change.value(name) is Answer.OUT) is (shown.value(name) is not Answer.OUT)


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
