"""What every part of the engine is given to work with."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from daemon.core.link import Side
from daemon.core.policy import Policy
from daemon.core.pollplan import Allowance
from daemon.sync.hands import Gate, Hands, Turns
from daemon.sync.ports import GoogleCalendar, SeveraCalendar, Store

R = TypeVar("R")


class Report(Protocol):
    """Takes note of one thing that happened: an event name of the glossary, and fields without personal data."""

    def __call__(self, event: str, /, **fields: Any) -> None:
        """Take note."""
        ...


@dataclass(frozen=True, slots=True)
class Rules:
    """What the configuration says about deciding."""

    winner: Side = Side.SEVERA
    default_type: str = ""
    skipped_kinds: tuple[str, ...] = ()
    removes_declined: bool = False
    initial: timedelta = timedelta(days=30)
    history: timedelta = timedelta(days=30)
    presence_ttl: timedelta = timedelta(hours=12)
    is_login_required: bool = True
    domains: tuple[str, ...] = ()
    """Domains whose addresses are used; none: whatever delegation reaches."""
    poll_interval: timedelta = timedelta(seconds=30)
    polls: Allowance = field(default_factory=Allowance)
    """What polling may take of Google's limits (R2)."""
    severa_per_second: float = 8.0
    """How many requests Severa is sent at most; near windows and sweeps take their part of what a round leaves."""
    writes_at_once: int = 8


@dataclass(frozen=True, slots=True)
class Tools:
    """Both calendars, the store, time and chance."""

    severa: SeveraCalendar
    google: GoogleCalendar
    store: Store
    now: Callable[[], datetime]
    """The present instant in UTC."""
    new_id: Callable[[], str]
    """A fresh link id: 128 random bits in base32hex."""
    chance: Callable[[], float]
    """A random number in [0, 1)."""
    report: Report
    rules: Rules = field(default_factory=Rules)
    is_stopping: Callable[[], bool] = lambda: False
    """Tells that no new write may be begun."""
    writes: "WriteLog" = field(default_factory=lambda: WriteLog())
    hands: Hands = field(default_factory=Hands)
    lane: Callable[..., AbstractContextManager[None]] = lambda user, *, is_background: nullcontext()
    """Lets all calls made inside take their turns as this user's, behind all others where they can wait."""
    gate: Gate = field(default_factory=Gate)
    turns: Turns = field(default_factory=Turns)
    moved: Callable[[], None] = lambda: None
    """Told that somebody was paused, or is no longer."""
    wrote: Callable[[datetime | None], None] = lambda noticed_at: None
    """Told of each write that a vendor answered, with when the change that it carries was noticed."""
    is_healthy: Callable[[str], bool] = lambda user: False
    """Tells whether a push will tell of a user's changes, so that the poll may come later."""
    severa_spent: Callable[[], int] = lambda: 0
    """Tells how many requests were sent to Severa so far."""
    translators: Mapping[Side, int] = field(default_factory=dict)
    """The numbers of the translators that read each side now."""


class WriteLog:
    """Tells whether an entry was written to since a reading began: every reading is older than it looks.

    It lives in memory, as readings do: neither outlives the process. `KEPT` bounds it; what falls out is taken for
    written to.
    """

    KEPT = 10_000
    TAKEN_KEPT = 100
    """Of so many objects that are being removed it is known what they held: a few calls at once, and answers lost."""

    def __init__(self) -> None:
        self._count = 0
        self._forgotten = 0
        self._last: dict[str, int] = {}
        self._gone: dict[tuple[Side, str], int] = {}
        self._taken: dict[tuple[Side, str], str] = {}
        self.severa_listed_at: datetime | None = None
        """When the latest whole listing of the company's changes began."""

    def now(self) -> int:
        """Return the mark to take before a reading begins."""
        return self._count

    def note(self, link_id: str) -> None:
        """Note that a write to this entry is about to be made, or was just answered."""
        self._count += 1
        self._last.pop(link_id, None)
        self._last[link_id] = self._count
        if len(self._last) > self.KEPT:
            oldest = next(iter(self._last))
            self._forgotten = self._last.pop(oldest)

    def note_gone(self, side: Side, ref: str) -> None:
        """Note that an object is about to be removed, or was found gone: who listed it before shows it still."""
        self._count += 1
        self._gone.pop((side, ref), None)
        self._gone[side, ref] = self._count
        if len(self._gone) > self.KEPT:
            del self._gone[next(iter(self._gone))]

    def is_gone(self, side: Side, ref: str, began: int) -> bool:
        """Tell whether an object that a reading from this mark on shows is gone since."""
        return self._gone.get((side, ref), began) > began

    def note_taking(self, side: Side, ref: str, original: str) -> None:
        """Note what an object held that is about to be removed: the answer may be lost (D7)."""
        self._taken[side, ref] = original
        if len(self._taken) > self.TAKEN_KEPT:
            del self._taken[next(iter(self._taken))]

    def taken(self, side: Side, ref: str) -> str:
        """Return what a removed object held, empty where that is not known."""
        return self._taken.get((side, ref), "")

    def is_outdated(self, link_id: str, began: int) -> bool:
        """Tell whether a reading that began at this mark may miss a write to this entry."""
        return self._last.get(link_id, self._forgotten) > began


async def policy_of(store: Store, rules: Rules) -> Policy:
    """Return what the company has chosen."""
    settings = await store.read(lambda tx: tx.settings())
    return Policy(
        types=settings.types,
        selected=settings.selected,
        default_type=rules.default_type,
        skipped_kinds=rules.skipped_kinds,
        removes_declined=rules.removes_declined,
        initial=rules.initial,
    )
