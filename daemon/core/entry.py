"""The one shape that both calendars are translated into before anything is compared.

Every field may be `UNKNOWN` (not read yet, masked, cut by the vendor). An unknown field equals everything and is
never carried, so an `Entry` with few known fields also serves as a change: it says just what is to be written.
"""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import Enum
from typing import Any, Final

from daemon.core.recurrence import Recurrence


class Unknown(Enum):
    """The type of `UNKNOWN`."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN
PEOPLE: Final = "people"
PERSON: Final = "person:"


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
    OUT = "out"
    """Nobody asked: this person does not take part."""


@dataclass(frozen=True, slots=True)
class People:
    """Who takes part, and what each answered; a list that is not whole says nothing about whom it does not name."""

    answers: tuple[tuple[str, Answer], ...] = ()
    """Address in lower case → answer, in order of address; a whole list has no `OUT`."""
    is_whole: bool = True

    @classmethod
    def of(cls, answers: Mapping[str, Answer], *, is_whole: bool = True) -> "People":
        """Return the list with these answers."""
        rows = sorted((row for row in answers.items() if row[0]), key=lambda row: row[0])
        return cls(tuple(r for r in rows if not is_whole or r[1] is not Answer.OUT), is_whole)

    def answer(self, address: str) -> "Answer | Unknown":
        """Return what somebody answered, `OUT` who does not take part, unknown whom the list does not tell about."""
        return dict(self.answers).get(address, Answer.OUT if self.is_whole else UNKNOWN)

    def among(self, addresses: Container[str]) -> "People":
        """Return those of these addresses."""
        kept = tuple(row for row in self.answers if row[0] in addresses)
        return People(kept, self.is_whole)


def person(address: str) -> str:
    """Return the name of the field that is one person's part: people are compared and merged one by one (D1)."""
    return f"{PERSON}{address}"


def address_in(name: str) -> str:
    """Return whose part a field is, empty where it is none."""
    return name.removeprefix(PERSON) if name.startswith(PERSON) else ""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a person would call the meeting: two that look the same to a person are equal."""

    title: str | Unknown = UNKNOWN
    when: When | Unknown = UNKNOWN
    location: str | Unknown = UNKNOWN
    notes: str | Unknown = UNKNOWN
    private: bool | Unknown = UNKNOWN
    people: People | Unknown = UNKNOWN

    def value(self, name: str) -> Any:
        """Return the value of a field, or one person's answer."""
        address = address_in(name)
        if not address:
            return getattr(self, name)
        return UNKNOWN if self.people is UNKNOWN else self.people.answer(address)

    def known(self) -> dict[str, Any]:
        """Return the fields whose value is known, by name; of a list of people that is not whole, each person."""
        known = {name: value for name in FIELDS if (value := getattr(self, name)) is not UNKNOWN}
        people = known.get(PEOPLE)
        if people is not None and not people.is_whole:
            del known[PEOPLE]
            known |= {person(address): answer for address, answer in people.answers}
        return known

    def only(self, names: Iterable[str]) -> "Entry":
        """Return the same with every other field unknown."""
        return entry_of({name: self.value(name) for name in names})

    def known_in(self, other: "Entry") -> "Entry":
        """Return the known fields that are known in `other` as well."""
        return self.only(name for name in self.known() if other.value(name) is not UNKNOWN)

    def over(self, other: "Entry") -> "Entry":
        """Return `other` with the fields that are known here in place of its own."""
        mine, theirs = self.known(), other.known()
        if PEOPLE in mine:
            theirs = {name: value for name, value in theirs.items() if not address_in(name)}
        return entry_of(theirs | mine)

    def persons(self) -> frozenset[str]:
        """Return the fields that are a person's part, of those who are named."""
        people = self.people
        return (
            frozenset(person(row[0]) for row in people.answers)
            if people is not UNKNOWN
            else frozenset()
        )


FIELDS: Final[tuple[str, ...]] = tuple(field.name for field in fields(Entry))
NO_FIELDS: Final = Entry()


def differing(one: Entry, other: Entry) -> frozenset[str]:
    """Return the names of the fields that are known on both and not equal, people one by one."""
    names = {name for name in FIELDS if name != PEOPLE} | one.persons() | other.persons()
    return frozenset(name for name in names if _is_unequal(one.value(name), other.value(name)))


def _is_unequal(mine: Any, theirs: Any) -> bool:
    return mine is not UNKNOWN and theirs is not UNKNOWN and mine != theirs


def entry_of(values: Mapping[str, Any]) -> Entry:
    """Return the entry with these fields, the others unknown; a person's part goes over a whole list of people."""
    plain = {name: value for name, value in values.items() if not address_in(name)}
    parts = {
        address: value
        for name, value in values.items()
        if (address := address_in(name)) and value is not UNKNOWN
    }
    if parts:
        whole = plain.get(PEOPLE, UNKNOWN)
        is_whole = whole is not UNKNOWN and whole.is_whole
        before = dict(whole.answers) if whole is not UNKNOWN else {}
        plain[PEOPLE] = People.of(before | parts, is_whole=is_whole)
    return Entry(**plain)


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
