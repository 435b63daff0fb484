"""An entry as each side last showed it, as the two last agreed on it, and our writes still in doubt.

The base moves in these ways only, each a method: `answered` (a write of ours was heard back from), `showing` (a write
of ours is recognised in what a side shows, or another copy speaks for Google), `made_and_gone` (what we made was seen
deleted), `agreeing_on_type`, `forgetting`; and by a decision to `Settle` (reconcile.py), which carries the new base.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime

from daemon.core.claim import APPROVED as APPROVED
from daemon.core.claim import CLAIM_LIFE as CLAIM_LIFE
from daemon.core.claim import LIVE as LIVE
from daemon.core.claim import RESTORED as RESTORED
from daemon.core.claim import Claim as Claim
from daemon.core.claim import Deed as Deed
from daemon.core.claim import Side as Side
from daemon.core.claim import Stand as Stand
from daemon.core.claim import Standing as Standing
from daemon.core.entry import (
    ABSENT,
    UNKNOWN,
    Answer,
    Entry,
    Half,
    differing,
    entry_of,
    person,
)
from daemon.core.meeting import anchored, copy_of, is_unspoken, remembering, shown_by, speaking
from daemon.core.seen import Activity as Activity
from daemon.core.seen import Copy as Copy
from daemon.core.seen import Mark as Mark
from daemon.core.seen import Seen as Seen
from daemon.core.translation import (
    is_reread,
    reread_activity,
    reread_claim,
    reread_copy,
    reread_half,
)


@dataclass(frozen=True, slots=True)
class Base:
    """The pair of what the two sides showed when they last agreed; a side is compared with its own half only."""

    severa: Half = ABSENT
    google: Half = ABSENT
    type: str = ""
    """The activity type they agreed under (rule B5 asks whether another one was given since)."""
    is_masked: bool = False
    """They agreed to differ in privacy: no text goes from the private side to the open one (B4)."""

    @property
    def is_pair(self) -> bool:
        """Both sides held the entry."""
        return isinstance(self.severa, Entry) and isinstance(self.google, Entry)

    def hides_from(self, side: Side) -> bool:
        """Tell whether the other side's texts are private and this one is open to colleagues (B4)."""
        open_, private = self.on(side), self.on(side.other)
        if not isinstance(open_, Entry) or not isinstance(private, Entry):
            return False
        return self.is_masked and private.private is True and open_.private is False

    def on(self, side: Side) -> Half:
        """Return one half."""
        return self.severa if side is Side.SEVERA else self.google

    def having(self, side: Side, half: Half) -> "Base":
        """Return the pair with one half replaced."""
        return replace(self, severa=half) if side is Side.SEVERA else replace(self, google=half)

    def begun(self, claim: "Claim", shown: Entry) -> "Base":
        """Return the pair after one side was made of the other: what was agreed before is over."""
        return (
            Base(type=self.type).having(claim.side, shown).having(claim.side.other, claim.takes_in)
        )

    def agreeing(self, side: Side, shown: Entry, other: Entry) -> "Base":
        """Return the pair after both sides agreed on the known fields of `shown` here and `other` there."""
        moved = self.having(side, _laid_over(shown, self.on(side)))
        return moved.having(side.other, _laid_over(other, self.on(side.other)))


def _unsaid(base: Base, copy: Copy) -> Base:
    """Open an answer again that had nowhere to go before this copy came (E5)."""
    severa, google, name = base.severa, base.google, person(copy.address)
    if not copy.address or copy.is_organizer or not isinstance(severa, Entry):
        return base
    is_said = severa.value(name) not in (Answer.OUT, UNKNOWN)
    is_unheard = isinstance(google, Entry) and google.value(name) is Answer.NONE
    if not is_said or not is_unheard:
        return base
    return base.having(Side.SEVERA, entry_of({name: Answer.NONE}).over(severa))


def _laid_over(fields_: Entry, half: Half) -> Half:
    return fields_.over(half if isinstance(half, Entry) else Entry())


@dataclass(frozen=True, slots=True)
class Link:
    """One entry of the company."""

    id: str
    """128 random bits in base32hex, never a sequence: a restored backup must not meet newer ids."""
    born: Side
    activity: Activity | None = None
    copies: tuple[Copy, ...] = ()
    source: str = ""
    """The user whose copy speaks for Google; chosen once and kept while that copy lives."""
    base: Base = field(default_factory=Base)
    claims: tuple[Claim, ...] = ()
    standing: Standing = LIVE
    generation: int = 0
    """How many times the event id of this link was used up by a deletion that was seen."""
    doubted: frozenset[Side] = frozenset()
    """Sides that must be read by id before anything is decided."""
    left: frozenset[str] = frozenset()
    """Users whose copy, or whose part in Severa, went since this was settled last: what is left is theirs to settle."""
    parent: str = ""
    """The link of the series that this is an occurrence of; empty where it is none."""
    original: datetime | date | None = None
    """Which occurrence: where the series would have it, never where it was moved to."""

    @property
    def is_born_in_severa(self) -> bool:
        """The entry was first made in Severa."""
        return self.born is Side.SEVERA

    @property
    def event_id(self) -> str:
        """The id under which the daemon makes this entry's event; each id is good once, even when deleted."""
        return f"{self.id}{self.generation}"

    @property
    def google(self) -> Copy | None:
        """The copy that speaks for Google."""
        return copy_of(self.copies, self.source)

    def seen(self, side: Side) -> Seen | None:
        """Return what a side last showed."""
        return self.activity if side is Side.SEVERA else self.google

    def shows(self, side: Side) -> Entry | None:
        """Return the entry that a side last showed, from all that was seen of it."""
        if side is Side.GOOGLE:
            return shown_by(self.copies, self.source)
        return self.activity.entry if self.activity else None

    @property
    def is_empty(self) -> bool:
        """Nothing is left on either side, nor under way."""
        return self.activity is None and not self.copies and not self.claims

    @property
    def unread(self) -> frozenset[Side]:
        """Sides that must be read by id first: doubted ones, and those with a write of unknown outcome."""
        unheard = {claim.side for claim in self.claims if not claim.is_checked}
        return self.doubted | unheard | ({Side.SEVERA} if self.lacks_people else set())

    @property
    def lacks_people(self) -> bool:
        """The activity was listed without those who take part in it."""
        return self.activity is not None and self.activity.entry.people is UNKNOWN

    def claiming(self, claim: Claim) -> "Link":
        """Note a write that is about to be made."""
        # What is made anew is made as the other side shows itself: a change that is still on its way there carried
        # what is gone by now, and from here on the same is anybody's edit (D1).
        over = (claim.side.other, Deed.CHANGE) if claim.deed is Deed.CREATE else None
        kept = (other for other in self.claims if (other.side, other.deed) != over)
        return replace(self, claims=(*kept, claim))

    def checked(self, side: Side, now: datetime) -> "Link":
        """Note that a side was read by id: its claims are no longer open, and the oldest are let go."""
        claims = tuple(
            replace(claim, is_checked=True) if claim.side is side else claim
            for claim in self.claims
            if not (claim.side is side and claim.made_at + CLAIM_LIFE < now)
        )
        return replace(self, claims=claims, doubted=self.doubted - {side})

    def letting_go(self, now: datetime) -> "Link":
        """Drop changes that can land no more: what a person types later is not to be taken for ours.

        A create stays until its side is read by id: it speaks once only, when something is there for the first time. So
        does what no listing shows, which may have landed before its life ended and be seen only after.
        """
        claims = tuple(
            claim
            for claim in self.claims
            if claim.deed is Deed.CREATE
            or claim.lands_unseen
            or not claim.is_checked
            or claim.made_at + CLAIM_LIFE >= now
        )
        return self if claims == self.claims else replace(self, claims=claims)

    def outliving(self, side: Side, now: datetime) -> "Link":
        """Drop removals that can land no more, on a side that was just seen alive."""
        if self.seen(side) is None:
            return self
        claims = tuple(
            claim
            for claim in self.claims
            if (claim.side, claim.deed) != (side, Deed.REMOVE)
            or not claim.is_checked
            or claim.made_at + CLAIM_LIFE >= now
        )
        return self if claims == self.claims else replace(self, claims=claims)

    def without(self, claim: Claim) -> "Link":
        """Take a claim back whose answer came."""
        return replace(self, claims=tuple(other for other in self.claims if other != claim))

    def showing(self, side: Side, seen: Seen | None, *, user: str = "") -> "Link":
        """Record what a side shows now (`user` names the calendar where a copy is gone) and know our own writes."""
        known = self.read_anew(side, seen)
        before = known.seen(side)
        link = known._put(side, known._peopled(seen), user)
        if before is None:
            link = link._made_by_us(side)
        elif link.seen(side) is None:
            link = link._removed_by_us(side, before.ref)
        return link._recognising(side)

    def read_anew(self, side: Side, seen: Seen | None) -> "Link":
        """Return the link in the words of a new translator, where that has read the very object we know."""
        known = copy_of(self.copies, seen.user) if isinstance(seen, Copy) else self.activity
        if known is None or seen is None or not is_reread(known, seen):
            return self
        if isinstance(known, Activity) and isinstance(seen, Activity):
            link = replace(self, activity=reread_activity(known, seen))
        else:
            assert isinstance(known, Copy), "what was read again is of the same kind"
            assert isinstance(seen, Copy), "what was read again is of the same kind"
            copies = (reread_copy(c, seen) if c is known else c for c in self.copies)
            link = replace(self, copies=tuple(copies))
        then, now = self.shows(side), link.shows(side)
        base = self.base.having(side, reread_half(self.base.on(side), then, now))
        claims = tuple(reread_claim(claim, side, then, now) for claim in self.claims)
        return replace(link, base=base, claims=claims)

    def answered(self, claim: Claim, seen: Seen | None) -> "Link":
        """Record the answer to a write of ours: what it shows of the fields we wrote is what both agree on."""
        link = self.without(claim)._put(claim.side, seen, claim.user)
        if seen is None:
            return replace(link, base=Base())
        names, shown = claim.values.known(), link.shows(claim.side) or seen.entry
        if claim.deed is Deed.CREATE:
            base = link.base.begun(claim, shown.only(names))
        else:
            base = link.base.agreeing(claim.side, shown.only(names), claim.takes_in.only(names))
        return replace(link, base=_typed(link.base, base, seen))._recognising(claim.side)

    def made_and_gone(self, claim: Claim) -> "Link":
        """Record that what we created was seen deleted: somebody saw it there and took it away (D2)."""
        link = replace(self.without(claim), base=self.base.begun(claim, claim.values))
        return replace(link, generation=self.generation + (claim.ref == self.event_id))

    def forgetting(self, now: datetime) -> "Link":
        """Return what is left to remember of an entry that is gone: creates that may still land."""
        claims = tuple(
            claim
            for claim in self.claims
            if claim.deed is Deed.CREATE and claim.made_at + CLAIM_LIFE > now
        )
        kept = replace(self, activity=None, copies=(), base=Base(), claims=claims)
        standing = self.standing if self.standing.stand is Stand.RESTORED else LIVE
        return replace(kept, standing=standing, doubted=frozenset(), left=frozenset())

    @property
    def is_unspoken(self) -> bool:
        """A guest's copy changed to what the copy that speaks does not show, or not yet."""
        return is_unspoken(self.copies, self.source)

    def settled(self, *, is_heard: bool = True) -> "Link":
        """Return the link at rest: nobody's leaving, and no copy's change, is waited for any more.

        Changes of copies are kept while the one that speaks was not looked at again (`is_heard`).
        """
        copies = tuple(replace(copy, before=None) if copy.before else copy for copy in self.copies)
        return replace(self, copies=copies if is_heard else self.copies, left=frozenset())

    def agreeing_on_type(self) -> "Link":
        """Note that the two sides agree under the activity's present type."""
        kind = self.activity.type if self.activity else ""
        return replace(self, base=replace(self.base, type=kind))

    def _put(self, side: Side, seen: Seen | None, user: str) -> "Link":
        if side is Side.SEVERA:
            assert not isinstance(seen, Copy), "Severa shows activities"
            gone = self.activity.members if self.activity and seen is None else frozenset()
            return replace(self, activity=seen, left=self.left | gone)
        assert not isinstance(seen, Activity), "Google shows copies of events"
        return self._with_copy(seen, seen.user if seen else user)._using_up(self.google)

    def _with_copy(self, seen: Copy | None, user: str) -> "Link":
        """Return the link with one user's copy as it is now, which may change who speaks for Google."""
        old = copy_of(self.copies, user)
        others = [copy for copy in self.copies if copy.user != user]
        kept = remembering(old, seen)
        copies = tuple(sorted([*others, *([kept] if kept else [])], key=lambda copy: copy.user))
        source = speaking(copies, self.google, self.source)
        half = anchored(self.base.google, self.copies, self.source, copies, source)
        base = self.base.having(Side.GOOGLE, half)
        if kept is not None and old is None:
            base = _unsaid(base, kept)
        left = self.left | ({user} if old is not None and kept is None else set())
        return replace(self, copies=copies, source=source, base=base, left=left)

    def _using_up(self, spoke: Copy | None) -> "Link":
        """Return the link with the next event id where ours is gone: each is good once (Google keeps deleted ones)."""
        is_used_up = spoke is not None and spoke.ref == self.event_id and self.google is None
        return replace(self, generation=self.generation + is_used_up)

    def _peopled(self, seen: Seen | None) -> Seen | None:
        """Return an activity that a listing shows as we know it with the people it had."""
        known = self.activity
        if known is None or not isinstance(seen, Activity) or seen.entry.people is not UNKNOWN:
            return seen
        entry = replace(seen.entry, people=known.entry.people)
        members = known.members | seen.members
        same = replace(seen, entry=entry, members=members)
        # After an edit they are to be read anew, and who took part until now still waits for that.
        return same if same == known else replace(seen, members=members)

    def _removed_by_us(self, side: Side, ref: str) -> "Link":
        """A removal of ours that lands late is nobody's wish any more if the other side was made again since (D2)."""
        ours = [c for c in self.claims if c.deed is Deed.REMOVE and (c.side, c.ref) == (side, ref)]
        if not ours or self.seen(side.other) is None:
            return self
        claims = tuple(claim for claim in self.claims if claim not in ours)
        return replace(self, base=Base(), claims=claims)

    def _made_by_us(self, side: Side) -> "Link":
        """Move the base over a create of ours that shows for the first time; what differs is somebody's edit since."""
        seen = self.seen(side)
        made = [c for c in self.claims if c.side is side and c.deed is Deed.CREATE]
        ours = [c for c in made if seen is not None and c.ref in ("", seen.ref)]
        if not ours or seen is None:
            return self
        # Of several tries the one that made it is the one it is most like, the latest of those; and what shows as
        # another try wanted it is nobody's edit either.
        made_it = min(reversed(ours), key=lambda c: len(differing(c.values, seen.entry)))
        base = self.base.begun(made_it, made_it.values)
        for claim in ours:
            base = _counted_as_ours(base, claim, seen.entry)
        if isinstance(seen, Activity):
            base = replace(base, type=seen.type)
        return replace(self, base=base)

    def _recognising(self, side: Side) -> "Link":
        """Move the base over the fields that show what an open change of ours wrote and are not yet agreed."""
        seen, shown, base = self.seen(side), self.shows(side), self.base
        if seen is None or shown is None:
            return self
        for claim in reversed(self.claims):
            is_change = claim.side is side and claim.deed is Deed.CHANGE
            if is_change and claim.ref == seen.ref:
                base = _counted_as_ours(base, claim, shown)
        claims = tuple(claim for claim in self.claims if not self._is_over(claim))
        return replace(self, base=_typed(self.base, base, seen), claims=claims)

    def _is_over(self, claim: Claim) -> bool:
        """Tell whether a write has landed, or never will: in Google its id is used, or its version is no more."""
        if claim.side is Side.SEVERA:
            return self.activity is not None and claim.has_taken_out(self.activity.entry)
        copy = copy_of(self.copies, claim.user)
        if copy is None or claim.ref != copy.ref:
            return False
        if claim.deed is Deed.CREATE:
            return True  # Kept, it would take our own removal later for a person's.
        return bool(claim.version) and claim.version != copy.version


def _typed(before: Base, after: Base, seen: Seen) -> Base:
    """Agree on the type where we changed the privacy: nobody gave the activity another type (B5)."""
    halves = before.severa, after.severa
    if not isinstance(seen, Activity) or not all(isinstance(half, Entry) for half in halves):
        return after
    was, is_now = (half.private for half in halves if isinstance(half, Entry))
    return after if was == is_now else replace(after, type=seen.type)


def _counted_as_ours(base: Base, claim: Claim, shown: Entry) -> Base:
    half = base.on(claim.side)
    if not isinstance(half, Entry):
        return base
    written = claim.values.known()
    ours = [
        name
        for name, value in written.items()
        if shown.value(name) == value and half.value(name) != value
    ]
    return base.agreeing(claim.side, shown.only(ours), claim.takes_in.only(ours)) if ours else base
