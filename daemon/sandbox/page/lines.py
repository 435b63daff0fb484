"""The lines of the page's journal: what arrived, and what else happened to the sync."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from daemon.sandbox.page.shown import Side
from daemon.sandbox.people import Person

Mood = Literal["plain", "bad", "good"]


@dataclass(frozen=True, slots=True)
class News:
    """A change that arrived from the other side; `latency_s` counts from the person's edit, if one is known.

    `why` is what the daemon says of its reason, which is known a moment after the change is seen.
    """

    at: datetime
    person: Person
    side: Side
    what: str
    latency_s: float | None
    activity: str
    event: str
    day: date
    number: int = 0
    why: str = ""

    def json(self) -> dict[str, Any]:
        """Return what the page takes."""
        return {
            "number": self.number,
            "at": self.at.isoformat(),
            "email": self.person.email,
            "name": self.person.first_name,
            "side": self.side,
            "what": self.what,
            "why": self.why,
            "latency": self.latency_s,
            "severa": self.activity,
            "google": self.event,
            "day": self.day.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Note:
    """Something else that a person who watches wants to know: of the daemon, of a fault."""

    at: datetime
    what: str
    mood: Mood = "plain"
    why: str = ""
    number: int = 0

    def json(self) -> dict[str, Any]:
        """Return what the page takes."""
        return {
            "number": self.number,
            "at": self.at.isoformat(),
            "mood": self.mood,
            "what": self.what,
            "why": self.why,
        }


Line = News | Note
