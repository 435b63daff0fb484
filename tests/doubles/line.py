"""The line between the daemon and a vendor: every call of a double goes over it, and tests decide what it does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from daemon.core.entry import NO_FIELDS, AllDay, Entry, Timed

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Call:
    """One request as the vendor would get it."""

    vendor: str
    name: str
    ref: str = ""
    user: str = ""
    is_write: bool = False
    change: Entry = NO_FIELDS
    """The fields that a write names."""
    says: str = ""

    def __str__(self) -> str:
        parts = (self.vendor, self.name, self.ref, self.says, said(self.change))
        return " ".join(part for part in parts if part)


class Line(Protocol):
    """Carries a request to the vendor and its answer back, or not."""

    async def carry(self, call: Call, do: Callable[[], R]) -> R:
        """Let the vendor `do` it at one instant: now, later, twice or never."""
        ...


class Straight:
    """A line on which nothing ever goes wrong."""

    async def carry(self, call: Call, do: Callable[[], R]) -> R:
        return do()


STRAIGHT = Straight()


def said(entry: Entry) -> str:
    """Return the known fields in a few words, for a story."""
    return " ".join(f"{name}={_short(value)}" for name, value in entry.known().items())


def _short(value: object) -> str:
    if isinstance(value, Timed):
        length = "" if value.end is None else f"+{value.end - value.start}"
        return f"{value.start:%d.%m.%H:%M}{length}"
    if isinstance(value, AllDay):
        return f"{value.first}..{value.until}"
    text = str(value)
    return repr(text if len(text) < 20 else f"{text[:8]}…[{len(text)}]…{text[-4:]}")
