"""A small company with two calendars, impatient people and a bad network; one seed, one story."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from daemon.core.company import ActivityType, Category, User
from daemon.core.link import Side
from tests.doubles.google import GoogleDouble
from tests.doubles.line import Line
from tests.doubles.severa import Company, SeveraDouble
from tests.doubles.store import MemoryStore

from .book import Book

BEGINNING = datetime(2026, 3, 2, 8, tzinfo=UTC)
MEETING = ActivityType("meeting", "Meeting", Category.CALENDAR_ENTRY, is_default=True)
INTERNAL = ActivityType("internal", "Internal", Category.CALENDAR_ENTRY)
CALL = ActivityType("call", "Call", Category.TODO)
TASK = ActivityType("task", "Task", Category.PROJECT_TASK)
PERSONAL = ActivityType("personal", "Personal", Category.PERSONAL)
HOLIDAY = ActivityType("holiday", "Holiday", Category.ABSENCE)
KINDS = (MEETING, INTERNAL, CALL, TASK, PERSONAL, HOLIDAY)
PEOPLE = tuple(User(name, f"{name}@example.com", name) for name in ("ann", "ben", "cat"))


OUTSIDE = "boss@elsewhere.example"
"""Somebody who is not of the company, and organizes meetings."""

GUEST = "guest@elsewhere.example"
"""Somebody who is not of the company, and is asked to meetings."""
MEETINGS_FROM = 100_000
"""In every other story from this seed on people meet each other."""
RESTORES_FROM = 10**9
"""In all stories from this seed on a backup is put back; `.ci/sim --restores` plays them."""


@dataclass(frozen=True, slots=True)
class Climate:
    """How much happens in a story; chances are for each call."""

    people: float = 0.1
    faults: float = 0.05
    crashes: float = 0.0
    slow: float = 0.2
    """How often an answer is on its way while others go on."""
    rounds: int = 12
    users: int = 2
    enabled: int = 2
    before: int = 3
    """How many entries there are on each side before anything is synced."""
    selected: frozenset[str] = frozenset({"meeting", "call"})
    has_personal: bool = True
    category_may_change: bool = False
    winner: Side = Side.SEVERA
    restores: bool = False
    jumps: bool = False
    away: float = 0.0
    """How often a vendor answers to a round that it finds nothing."""
    late_listing: timedelta = timedelta()
    page_size: int = 100
    writes_at_once: int = 8
    has_meetings: bool = False
    pushes: float = 0.0
    """How often somebody's push or trigger is served beside a round."""
    acts: tuple[str, ...] = ()
    """What people do; empty for everything."""


def climate_of(seed: int) -> Climate:
    """Return the climate of a story: most have a little of everything, some a lot of one thing."""
    dice = Random(f"climate {seed}")  # noqa: S311
    is_rough = dice.random() < 0.75
    selected = {"meeting", "call"} | {k for k in ("personal", "holiday") if dice.random() < 0.5}
    users = dice.choice([1, 1, 2, 2, 3])
    if seed >= MEETINGS_FROM and seed % 2 == 1:
        users = max(users, 2)
    return Climate(
        people=dice.choice([0.02, 0.05, 0.1, 0.2]),
        faults=dice.choice([0.02, 0.06, 0.15]) if is_rough else 0.0,
        crashes=dice.choice([0.0, 0.005, 0.02]) if is_rough else 0.0,
        slow=dice.choice([0.0, 0.2, 0.5]),
        rounds=dice.randint(4, 14),
        users=users,
        enabled=dice.randint(1, users),
        before=dice.choice([0, 0, 1, 3, 5]),
        selected=frozenset(selected),
        has_personal=dice.random() < 0.8,
        category_may_change=dice.random() < 0.2,
        winner=Side.GOOGLE if dice.random() < 0.15 else Side.SEVERA,
        restores=seed >= RESTORES_FROM,
        jumps=dice.random() < 0.1,
        away=0.1 if is_rough and dice.random() < 0.2 else 0.0,
        late_listing=timedelta(seconds=dice.choice([0, 0, 0, 5, 40])),
        page_size=dice.choice([1, 2, 3, 100, 100]),
        writes_at_once=dice.choice([1, 8]),
        has_meetings=seed >= MEETINGS_FROM and seed % 2 == 1,
        pushes=dice.choice([0.0, 0.3, 0.8]),
    )


@dataclass(frozen=True, slots=True)
class Landing:
    """A request that the vendor still sits on."""

    due: datetime
    do: Any
    says: str


@dataclass(slots=True)
class World:
    """Everything there is in a story."""

    seed: int
    climate: Climate
    muted: frozenset[str] = frozenset()
    """Things that do not happen this time, by name; how a failing story is made shorter."""
    now: datetime = BEGINNING
    off_by: timedelta = timedelta()
    """How far the daemon's clock is off."""
    store: Any = field(default_factory=MemoryStore)
    """One in memory, or `tests.sim.shelf.Shelf`."""
    book: Book = field(default_factory=Book)
    counts: Counter[str] = field(default_factory=Counter)
    trace: list[str] = field(default_factory=list)
    happened: list[str] = field(default_factory=list)
    """The names of what people did and what went wrong, in order."""
    guested: set[str] = field(default_factory=set)
    """Events to which the guest from outside was asked."""
    abandoned: set[str] = field(default_factory=set)
    """Events of outsiders that no enabled user had for a while: whoever is asked again is asked anew."""
    unknown: set[tuple[Side, str]] = field(default_factory=set)
    """Activities made unheard before the daemon knew whom Severa names as their maker."""
    late: set[tuple[Side, str]] = field(default_factory=set)
    """What the daemon's creates made after they were given up."""
    landings: list[Landing] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    """Activities that the daemon ever stored, or people made."""
    is_calm: bool = False
    is_dead: bool = False
    steps: int = 0
    writes: int = 0
    enabled: dict[str, datetime] = field(default_factory=dict)
    joined_at: dict[str, int] = field(default_factory=dict)
    """When, by the tick of the book, an entry was matched."""
    unstored: dict[str, set[int]] = field(default_factory=dict)
    """The ticks of the writes whose answer is not stored yet, by entry."""
    read_line: int = 0
    """The line of the history that the book read last."""
    severa: SeveraDouble = field(init=False)
    google: GoogleDouble = field(init=False)

    def furnish(self, line: Line) -> None:
        """Put both vendors at the other end of a line."""
        kinds = tuple(k for k in KINDS if k is not PERSONAL or self.climate.has_personal)
        self.severa = SeveraDouble(
            Company(PEOPLE[: self.climate.users], kinds),
            line=line,
            now=lambda: self.now + timedelta(minutes=-7),
            page_size=self.climate.page_size,
            category_may_change=self.climate.category_may_change,
        )
        self.google = GoogleDouble(
            line=line,
            now=lambda: self.now,
            page_size=self.climate.page_size,
            people=PEOPLE[: self.climate.users],
        )
        self.google.lateness = self.climate.late_listing
        self.book.winner = self.climate.winner
        self.book.is_privacy_kept = self.climate.has_personal

    def note_abandoned(self, ref: str) -> None:
        """Note whether no enabled user has a copy of an outsider's event any more that the daemon knows of."""
        copies = [copy for copy in self.google.copies() if copy.ref == ref]
        is_outside = any(copy.organizer == OUTSIDE for copy in copies)
        links = (record.link for record in self.store.records.values())
        known = {copy.user for link in links for copy in link.copies if copy.ref == ref}
        holders = self.enabled.keys() & {copy.user for copy in copies}
        if is_outside and not (holders & known if known else holders):
            self.abandoned.add(ref)

    def daemon_now(self) -> datetime:
        """Return what the daemon's clock shows."""
        return self.now + self.off_by

    def dice(self) -> tuple[str, Random]:
        """Return the name of the next step, and dice that belong to that step alone."""
        self.steps += 1
        return str(self.steps), Random(self.seed * 1_000_003 + self.steps)  # noqa: S311

    def may(self, name: str) -> bool:
        """Tell whether something that was thrown may happen, and note it."""
        if self.is_calm or name in self.muted:
            return False
        self.happened.append(name)
        return True

    def pass_time(self, seconds: float) -> None:
        """Move the clock, and let the vendors carry out what they sat on."""
        until = self.now + timedelta(seconds=seconds)
        while due := [landing for landing in self.landings if landing.due <= until]:
            landing = min(due, key=lambda landing: landing.due)
            self.landings.remove(landing)
            self._move_to(max(self.now, landing.due))
            self.tell(f"   … late: {landing.says}")
            landing.do()
        self._move_to(until)

    def _move_to(self, now: datetime) -> None:
        self.now = now
        self.book.minute = (now - BEGINNING).total_seconds() / 60

    def tell(self, line: str) -> None:
        """Add a line to the story."""
        since = self.now - BEGINNING
        minutes, seconds = divmod(since.total_seconds(), 60)
        self.trace.append(f"{int(minutes):5}:{seconds:04.1f} {line}")
