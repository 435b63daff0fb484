"""The calendars that the sandbox Google keeps, and the stamps that order every change.

A copy of an event is a plain dictionary: the fields that a client may write (as ``fields`` cleans
them) beside Google's own: ``id``, ``iCalUID``, ``creator`` and ``organizer`` (addresses),
``created``, ``updated`` and ``stamp`` (Unix milliseconds), ``order`` (its place in listings).
"""

import copy as copies
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from daemon.sandbox.google import errors
from daemon.sandbox.google.switches import Switches

ID_ALPHABET = "0123456789abcdefghijklmnopqrstuv"

Copy = dict[str, Any]


@dataclass(slots=True)
class Calendar:
    """One user's primary calendar, or one that is ``generated`` (of holidays, say) and has no user.

    ``stamp`` is that of its last change, ``roles`` says what others may do with it ("*" for all),
    and ``generation`` grows when its sync tokens die.
    """

    email: str
    zone: str
    stamp: int = 0
    events: dict[str, Copy] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    generation: int = 0
    is_generated: bool = False


class Calendars:
    """All calendars by address, under one clock."""

    def __init__(self, clock: Callable[[], datetime], rng: Random) -> None:
        self.clock = clock
        self.switches = Switches()
        self.post: list[dict[str, Any]] = []
        """What is on its way to other copies (see ``meetings``), in the order of its sending."""
        self.touched: set[str] = set()
        """The calendars that changed since somebody last looked."""
        self._rng = rng
        self._stamp = 0
        self._of: dict[str, Calendar] = {}

    def open(self, email: str, zone: str) -> Calendar:
        """Open a user's calendar, or return the one there is."""
        return self._of.setdefault(email, Calendar(email, zone))

    def get(self, email: str) -> Calendar | None:
        """Return a user's calendar, or None where there is none in this world."""
        return self._of.get(email)

    def close(self, email: str) -> None:
        """Let a calendar go, with all that is in it."""
        self._of.pop(email, None)

    def found(self, email: str, event_id: str) -> Copy:
        """Return a copy of an event, deleted or not, or refuse with 404."""
        calendar = self._of.get(email)
        if calendar is None or event_id not in calendar.events:
            raise errors.not_found()
        return calendar.events[event_id]

    def new_id(self) -> str:
        """Make an event id as Google's own look: 26 characters of its alphabet."""
        return "".join(self._rng.choices(ID_ALPHABET, k=26))

    def add(self, calendar: Calendar, copy: Copy) -> None:
        """Put a new copy into a calendar."""
        copy["order"] = place_of(copy["id"])
        calendar.events[copy["id"]] = copy
        self.touch(calendar, copy)

    def touch(self, calendar: Calendar, copy: Copy, *, main: bool = True) -> None:
        """Give a changed copy its new etag, and its ``updated`` where main data changed."""
        calendar.stamp = copy["stamp"] = self._next_stamp()
        self.touched.add(calendar.email)
        if main:
            copy["updated"] = calendar.stamp
            copy.setdefault("created", calendar.stamp)

    def copies(self, copy: Copy) -> Iterator[tuple[Calendar, Copy]]:
        """Find every copy of one meeting: the organizer's first, then those of its attendees."""
        guests = [guest["email"] for guest in copy.get("attendees", ())]
        for email in dict.fromkeys([copy["organizer"], *guests]):
            calendar = self._of.get(email)
            found = calendar.events.get(copy["id"]) if calendar else None
            if calendar and found and found["iCalUID"] == copy["iCalUID"]:
                yield calendar, found

    def now_ms(self) -> int:
        """Return the clock's time in Unix milliseconds."""
        return int(self.clock().timestamp() * 1000)

    def dump(self) -> dict[str, Any]:
        """Return everything as JSON-able values."""
        calendars = {
            email: {
                "zone": one.zone,
                "stamp": one.stamp,
                "events": one.events,
                "roles": one.roles,
                "generation": one.generation,
                "is_generated": one.is_generated,
            }
            for email, one in self._of.items()
        }
        whole = {"stamp": self._stamp, "calendars": calendars, "post": self.post}
        return copies.deepcopy(whole)

    def load(self, dumped: dict[str, Any]) -> None:
        """Take everything back from ``dump``."""
        self._stamp = dumped["stamp"]
        whole = copies.deepcopy(dumped)
        self._of = {email: Calendar(email, **one) for email, one in whole["calendars"].items()}
        self.post = whole.get("post", [])

    def _next_stamp(self) -> int:
        # A sync token is a stamp, so no two changes may share one.
        self._stamp = max(self.now_ms(), self._stamp + 1)
        return self._stamp


def place_of(event_id: str) -> str:
    """Return a copy's place in listings: Google promises a stable order and no particular one."""
    return hashlib.blake2s(event_id.encode(), digest_size=6).hexdigest()


def etag(copy: Copy) -> str:
    """Return a copy's etag: twice its stamp in microseconds, quoted."""
    return f'"{copy["stamp"] * 2000}"'
