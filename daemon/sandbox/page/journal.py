"""Notes who changed what, when, and how long a person's edit took to arrive in the other calendar."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from daemon.sandbox.page.shown import SIDES, Shown, Side, calendar
from daemon.sandbox.page.words import told
from daemon.sandbox.people import Company, Person
from daemon.sandbox.server import Sandbox

NEWS_MAX = 50
PENDING_MAX = 500
PAIRS_MAX = 5_000
CARRIED = ("title", "start", "end", "is_all_day", "location", "notes", "is_private")


@dataclass(frozen=True, slots=True)
class Change:
    """One entry before and after something was done to it; None where there was or is none."""

    at: datetime
    person: Person
    side: Side
    before: Shown | None
    after: Shown | None

    @property
    def id(self) -> str:
        """The entry's id on its side."""
        return self._shown.id

    @property
    def day(self) -> date:
        """The day on which the entry begins, or began."""
        return self._shown.start.date()

    @property
    def _shown(self) -> Shown:
        shown = self.after or self.before
        assert shown is not None, "A change has something before or after it."
        return shown

    def values(self) -> dict[str, Any]:
        """Return the fields that an edit gave a new value, with that value."""
        if self.before is None or self.after is None:
            return {"is_there": self.after is not None}
        pairs = ((name, getattr(self.before, name), getattr(self.after, name)) for name in CARRIED)
        return {name: new for name, old, new in pairs if old != new}


@dataclass(frozen=True, slots=True)
class News:
    """A change that arrived from the other side; `latency_s` counts from the person's edit, if one is known."""

    at: datetime
    person: Person
    side: Side
    what: str
    latency_s: float | None
    activity: str
    event: str
    day: date

    def json(self) -> dict[str, Any]:
        """Return what the page takes."""
        return {
            "at": self.at.isoformat(),
            "email": self.person.email,
            "name": self.person.first_name,
            "side": self.side,
            "what": self.what,
            "latency": self.latency_s,
            "severa": self.activity,
            "google": self.event,
            "day": self.day.isoformat(),
        }


class Journal:
    """Watches both sides of a sandbox; what is not done `by_hand` was done by the sync.

    Which activity belongs to which event only the sync knows: it is told with `pair`, and kept with the world.
    """

    def __init__(self, sandbox: Sandbox, company: Company) -> None:
        self._sandbox = sandbox
        self._company = company
        self._is_by_hand = False
        self._seen = {
            (side, person.email): calendar(sandbox, person, side)
            for side in SIDES
            for person in company.people
        }
        self._pairs: dict[str, str] = sandbox.notes.setdefault("pairs", {})
        self._activity_of = {event: activity for activity, event in self._pairs.items()}
        self._edits: deque[Change] = deque(maxlen=PENDING_MAX)
        self._unpaired: deque[Change] = deque(maxlen=PENDING_MAX)
        self.news: deque[News] = deque(maxlen=NEWS_MAX)
        self.on_news: list[Callable[[News], None]] = []
        self.on_change: list[Callable[[Change], None]] = []
        sandbox.severa.changed.append(lambda: self._look("severa"))
        sandbox.google.changed.append(lambda: self._look("google"))

    @contextmanager
    def by_hand(self) -> Iterator[None]:
        """Count what is done inside as a person's edit."""
        self._is_by_hand = True
        try:
            yield
        finally:
            self._is_by_hand = False

    def pair(self, activity: str, event: str) -> None:
        """Note that an activity and an event are one entry."""
        if not activity or not event:
            return
        if self._pairs.get(activity) != event:
            self._pairs[activity] = event
            self._activity_of[event] = activity
            while len(self._pairs) > PAIRS_MAX:
                self._activity_of.pop(self._pairs.pop(next(iter(self._pairs))), None)
            self._sandbox.save_notes()
        waiting = [change for change in self._unpaired if change.id in (activity, event)]
        for change in waiting:
            self._unpaired.remove(change)
            self._arrived(change, activity, event)

    def partner(self, side: Side, entry_id: str) -> str | None:
        """Return the id on the other side of an entry, None while it is not known."""
        pairs = self._pairs if side == "severa" else self._activity_of
        return pairs.get(entry_id)

    def shown(self, side: Side, email: str) -> dict[str, Shown]:
        """Return a person's calendar on one side, by id."""
        return self._seen[side, email]

    def _look(self, side: Side) -> None:
        now = self._sandbox.clock()
        for person in self._company.people:
            key = side, person.email
            before, after = self._seen[key], calendar(self._sandbox, person, side)
            self._seen[key] = after
            for entry_id in before.keys() | after.keys():
                old, new = before.get(entry_id), after.get(entry_id)
                if old != new:
                    self._note(Change(now, person, side, old, new))

    def _note(self, change: Change) -> None:
        for listener in self.on_change:
            listener(change)
        if self._is_by_hand:
            self._edit(change)
            return
        partner = self.partner(change.side, change.id)
        if partner is None:
            self._unpaired.append(change)
        elif change.side == "severa":
            self._arrived(change, change.id, partner)
        else:
            self._arrived(change, partner, change.id)

    def _edit(self, change: Change) -> None:
        """Note a person's edit in place of those of the same fields, which will never arrive."""
        later = change.values().keys()
        for edit in [each for each in self._edits if each.id == change.id]:
            if edit.side == change.side and edit.values().keys() <= later:
                self._edits.remove(edit)
        self._edits.append(change)

    def _arrived(self, change: Change, activity: str, event: str) -> None:
        origin = activity if change.side == "google" else event
        edit = self._edit_behind(change, origin)
        news = News(
            at=change.at,
            person=change.person,
            side=change.side,
            what=told(change.before, change.after, now=change.at),
            latency_s=(change.at - edit.at).total_seconds() if edit else None,
            activity=activity,
            event=event,
            day=change.day,
        )
        self.news.append(news)
        for listener in self.on_news:
            listener(news)

    def _edit_behind(self, change: Change, origin: str) -> Change | None:
        """Take out the edits that this arrival carries, and return the first of them."""
        carried = [
            edit
            for edit in self._edits
            if edit.id == origin and edit.side != change.side and _carries(change, edit)
        ]
        for edit in carried:
            self._edits.remove(edit)
        return carried[0] if carried else None


def _carries(change: Change, edit: Change) -> bool:
    """Tell whether a change on one side brings what a person did on the other."""
    if change.before is None:
        return edit.after is not None
    arrived, wanted = change.values(), edit.values()
    return any(name in arrived and arrived[name] == value for name, value in wanted.items())


assert set(CARRIED) < {field.name for field in fields(Shown)}, "CARRIED names fields of Shown."
