"""The one shape that both calendars are translated into before anything is compared.

Every field may be `UNKNOWN` (not read yet, masked, cut by the vendor). An unknown field equals everything and is
never carried, so an `Entry` with few known fields also serves as a change: it says just what is to be written.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from enum import Enum
from typing import Any, Final

from daemon.core.recurrence import Recurrence


class Unknown(Enum):
    """The type of `UNKNOWN`."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN


@dataclass(frozen=True, slots=True)
class Timed:
    """From one instant to another, both in UTC; `end` is `None` where the entry has no length (a to-do)."""

    start: datetime
    end: datetime | None
    recurrence: Recurrence | None = None


@dataclass(frozen=True, slots=True)
class AllDay:
    """Whole days, `until` exclusive; `until` is `None` where the entry has a day but no length (a to-do)."""

    first: date
    until: date | None
    recurrence: Recurrence | None = None


When = Timed | AllDay


class Answer(Enum):
    """What somebody said to an invitation."""

    NONE = "none"
    ACCEPTED = "accepted"
    TENTATIVE = "tentative"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who takes part; `address` is in lower case."""

    address: str
    answer: Answer = Answer.NONE


@dataclass(frozen=True, slots=True)
class Entry:
    """What a person would call the meeting: two that look the same to a person are equal."""

    title: str | Unknown = UNKNOWN
    when: When | Unknown = UNKNOWN
    location: str | Unknown = UNKNOWN
    notes: str | Unknown = UNKNOWN
    private: bool | Unknown = UNKNOWN
    people: frozenset[Person] | Unknown = UNKNOWN

    def known(self) -> dict[str, Any]:
        """Return the fields whose value is known, by name."""
        return {name: value for name in FIELDS if (value := getattr(self, name)) is not UNKNOWN}

    def only(self, names: Iterable[str]) -> "Entry":
        """Return the same with every other field unknown."""
        return Entry(**{name: getattr(self, name) for name in names})

    def over(self, other: "Entry") -> "Entry":
        """Return `other` with the fields that are known here in place of its own."""
        return replace(other, **self.known())


NO_FIELDS: Final = Entry()
FIELDS: Final[tuple[str, ...]] = tuple(field.name for field in fields(Entry))


def differing(one: Entry, other: Entry) -> frozenset[str]:
    """Return the names of the fields that are known on both and not equal."""
    mine, theirs = one.known(), other.known()
    return frozenset(name for name in mine.keys() & theirs.keys() if mine[name] != theirs[name])


def entry_of(values: Mapping[str, Any]) -> Entry:
    """Return the entry with these fields, the others unknown."""
    return Entry(**values)


class Nothing(Enum):
    """The ways a side can hold no entry of its own, each another thing to say."""

    ABSENT = "absent"
    """It is not there (proved), or was never there."""
    CANCELLED = "cancelled"
    """This occurrence does not take place."""
    AS_SERIES = "as-series"
    """This occurrence is as its series says."""


ABSENT: Final = Nothing.ABSENT
CANCELLED: Final = Nothing.CANCELLED
AS_SERIES: Final = Nothing.AS_SERIES

Half = Entry | Nothing
"""What one side showed when the two last agreed."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """It is there, but a rule keeps it out of the sync; `leaving` where the rule also takes its other side away."""

    entry: Entry
    rule: str
    leaving: bool = False


Value = Entry | Nothing | Hidden
"""What a side shows now, as far as the sync is concerned."""
