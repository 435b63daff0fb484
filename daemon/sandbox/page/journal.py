"""Notes who changed what, when and why, and how long a person's edit took to arrive in the other calendar."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from daemon.sandbox.page.change import Change
from daemon.sandbox.page.edits import PENDING_MAX, Edits
from daemon.sandbox.page.lines import Line, Mood, News, Note
from daemon.sandbox.page.pairs import Pairs
from daemon.sandbox.page.shown import SIDES, Shown, Side, calendar
from daemon.sandbox.page.why import FOUND_DONE, OUT_AND_IN, reason, told_of
from daemon.sandbox.page.words import named, told
from daemon.sandbox.people import Company
from daemon.sandbox.server import Sandbox

LINES_MAX = 80
ENTRIES_MAX = 5_000
GUESSED_AFTER = timedelta(seconds=2)
"""So long the daemon may take to say what belongs together."""
REPEATED_WITHIN = timedelta(seconds=10)
EXPLAINED_WITHIN = timedelta(seconds=30)


class Journal:
    """Watches both sides of a sandbox; what is not done `by_hand` was done by the sync.

    Which activity belongs to which event only the sync knows: its log is told with `hear`. `synced` are
    the guids of the activity types that are synced, all of them if it is None.
    """

    def __init__(
        self, sandbox: Sandbox, company: Company, *, synced: frozenset[str] | None = None
    ) -> None:
        self._sandbox = sandbox
        self._company = company
        self._synced = synced
        self._is_by_hand = False
        self._seen = {
            (side, person.email): calendar(sandbox, person, side)
            for side in SIDES
            for person in company.people
        }
        self.pairs = Pairs(sandbox)
        self._edits = Edits()
        self._unpaired: deque[Change] = deque(maxlen=PENDING_MAX)
        self._entries: dict[str, tuple[str, str]] = {}
        self._number = 0
        self.lines: deque[Line] = deque(maxlen=LINES_MAX)
        self.on_news: list[Callable[[News], None]] = []
        self.on_note: list[Callable[[Note], None]] = []
        self.on_line: list[Callable[[Line], None]] = []
        self.on_change: list[Callable[[Change], None]] = []
        sandbox.severa.changed.append(lambda: self._look("severa"))
        sandbox.google.changed.append(lambda: self._look("google"))

    @property
    def news(self) -> list[News]:
        """The changes that arrived, the oldest first."""
        return [line for line in self.lines if isinstance(line, News)]

    @contextmanager
    def by_hand(self) -> Iterator[None]:
        """Count what is done inside as a person's edit."""
        self._is_by_hand = True
        try:
            yield
        finally:
            self._is_by_hand = False

    def hear(self, record: Mapping[str, Any]) -> None:
        """Take a line of the daemon's log: what belongs together, why something was done, what went wrong."""
        event = str(record.get("msg", ""))
        activity, google = str(record.get("activity", "")), str(record.get("event_id", ""))
        if event.startswith("entry."):
            self._know(str(record.get("entry", "")), activity, google)
            self.pair(activity, google)
            self._explain(event.removeprefix("entry."), record, {activity, google})
        told = told_of(record, entry=self._name(record), user=self._user(record))
        if told is not None:
            mood, what, why = told
            self._note_once(what[0].upper() + what[1:], mood, why)

    def note(self, what: str, *, mood: Mood = "plain", why: str = "") -> None:
        """Add a line that is no change of an entry."""
        note = Note(self._sandbox.clock(), what, mood, why, self._next())
        self._add(note)
        for listener in self.on_note:
            listener(note)

    def _note_once(self, what: str, mood: Mood, why: str) -> None:
        """Note what the daemon says, unless it said the same a moment ago, as of another person."""
        since = self._sandbox.clock() - REPEATED_WITHIN
        if not any(line.what == what and line.at > since for line in self.lines):
            self.note(what, mood=mood, why=why)

    def pair(self, activity: str, event: str, *, why: str = "") -> None:
        """Note that an activity and an event are one entry; `why` is put to what arrived with it."""
        if not activity or not event:
            return
        self.pairs.add(activity, event)
        waiting = [change for change in self._unpaired if change.id in (activity, event)]
        for change in waiting:
            self._unpaired.remove(change)
            self._arrived(change, activity, event, why)

    def guess(self) -> None:
        """Pair by their likeness what came without a word of the daemon, as where an answer was lost."""
        until = self._sandbox.clock() - GUESSED_AFTER
        for change in [each for each in self._unpaired if each.at <= until]:
            twin = self._twin_of(change)
            if twin is None:
                continue
            if change.side == "severa":
                self.pair(change.id, twin.id, why=FOUND_DONE)
            else:
                self.pair(twin.id, change.id, why=FOUND_DONE)

    def partner(self, side: Side, entry_id: str) -> str | None:
        """Return the id on the other side of an entry, None while it is not known."""
        return self.pairs.partner(side, entry_id)

    def shown(self, side: Side, email: str) -> dict[str, Shown]:
        """Return a person's calendar on one side, by id."""
        return self._seen[side, email]

    def is_synced(self, kind: str) -> bool:
        """Tell whether activities of a type are synced."""
        return self._synced is None or kind in self._synced

    def waiting(self) -> list[Change]:
        """Return the edits that are on their way to the other side, the oldest first."""
        return [e for e in self._edits.recent(self._sandbox.clock()) if self._is_to_travel(e)]

    def _is_to_travel(self, edit: Change) -> bool:
        if self.partner(edit.side, edit.id) is not None:
            return True
        return edit.after is not None and (edit.side == "google" or self.is_synced(edit.shown.kind))

    def _look(self, side: Side) -> None:
        """Compare with what was seen last: one change of a shared entry is one, in however many calendars."""
        now = self._sandbox.clock()
        found: dict[str, list[Change]] = {}
        for person in self._company.people:
            key = side, person.email
            before, after = self._seen[key], calendar(self._sandbox, person, side)
            self._seen[key] = after
            for entry_id in sorted(before.keys() | after.keys()):
                old, new = before.get(entry_id), after.get(entry_id)
                if old != new:
                    change = Change(now, person, side, old, new)
                    found.setdefault(entry_id, []).append(change)
        for changes in found.values():
            for change in changes:
                for listener in self.on_change:
                    listener(change)
            self._note(next((each for each in changes if each.is_owners), changes[0]))

    def _twin_of(self, change: Change) -> Shown | None:
        """Return the one entry of the other side that is like a new one and has no partner yet."""
        other: Side = "google" if change.side == "severa" else "severa"
        if change.before is not None or change.after is None:
            return None
        found = [
            shown
            for shown in self._seen[other, change.person.email].values()
            if shown.is_like(change.after) and self.partner(other, shown.id) is None
        ]
        return found[0] if len(found) == 1 else None

    def _note(self, change: Change) -> None:
        if self._is_by_hand:
            self._edits.add(change)
            return
        self._edits.overwrite(change)
        partner = self.partner(change.side, change.id)
        if partner is None:
            self._unpaired.append(change)
        elif change.side == "severa":
            self._arrived(change, change.id, partner)
        else:
            self._arrived(change, partner, change.id)

    def _arrived(self, change: Change, activity: str, event: str, why: str = "") -> None:
        origin = activity if change.side == "google" else event
        edit = self._edits.take_behind(change, origin)
        news = News(
            at=change.at,
            person=change.person,
            side=change.side,
            what=told(change.before, change.after, now=change.at),
            latency_s=(change.at - edit.at).total_seconds() if edit else None,
            activity=activity,
            event=event,
            day=change.day,
            number=self._next(),
            why=why or self._reason(change, origin),
        )
        self._add(news)
        for listener in self.on_news:
            listener(news)

    def _reason(self, change: Change, origin: str) -> str:
        """Return why somebody is taken out who is asked on the other side still."""
        if change.side == "google":
            return ""
        event = self._seen["google", change.person.email].get(origin)
        asked = {guest.address for guest in event.guests} if event else set()
        gone = {name for name, value in change.values().items() if value == "out"}
        is_asked_still = any(f"person:{address}" in gone for address in asked)
        return OUT_AND_IN if is_asked_still else ""

    def _explain(self, word: str, record: Mapping[str, Any], ids: set[str]) -> None:
        """Put the daemon's reason to what it has just done to an entry."""
        why = reason(word, str(record.get("rule") or ""))
        since = self._sandbox.clock() - EXPLAINED_WITHIN
        for place, line in enumerate(self.lines):
            if not why or not isinstance(line, News) or line.why or line.at < since:
                continue
            if line.side == record.get("side") and ids & {line.activity, line.event}:
                self.lines[place] = replace(line, why=why)
                self._tell(self.lines[place])

    def _know(self, entry: str, activity: str, event: str) -> None:
        if entry and (activity or event):
            self._entries[entry] = activity, event
            while len(self._entries) > ENTRIES_MAX:
                self._entries.pop(next(iter(self._entries)))

    def _name(self, record: Mapping[str, Any]) -> str:
        """Return what a person calls the entry that a line of the log is about."""
        ids = self._entries.get(str(record.get("entry", "")), ())
        for shown in self._seen.values():
            for entry_id in filter(None, ids):
                if entry_id in shown:
                    return named(shown[entry_id])
        return "an entry"

    def _user(self, record: Mapping[str, Any]) -> str:
        people = self._company.people
        names = (each.first_name for each in people if each.guid == record.get("user"))
        return next(names, "somebody")

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _add(self, line: Line) -> None:
        self.lines.append(line)
        self._tell(line)

    def _tell(self, line: Line) -> None:
        for listener in self.on_line:
            listener(line)
