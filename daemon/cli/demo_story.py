"""The edits that people make in the demo, a little story on both sides."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from daemon.sandbox.page import Desk, Journal, Refused
from daemon.sandbox.page.shown import Side
from daemon.sandbox.people import Company, Person

PACE_S: Final = 2.5
LOOK_S: Final = 0.1
LOOKS_MAX: Final = 150


@dataclass(frozen=True, slots=True)
class Subjects:
    """What one play of the story is about."""

    workshop: str
    workshop_later: str
    lunch: str
    lunch_later: str
    call: str
    private: str
    trip: str


PLAYS: Final = (
    Subjects(
        workshop="Workshop: Kuusela",
        workshop_later="Workshop: Kuusela, second round",
        lunch="Team lunch",
        lunch_later="Team lunch at the harbour",
        call="Call: Solberg",
        private="Haircut",
        trip="Visit to Oulu",
    ),
    Subjects(
        workshop="Planning: Aurora",
        workshop_later="Planning: Aurora and Borealis",
        lunch="Coffee with the designers",
        lunch_later="Coffee and cake with the designers",
        call="Review: Holm",
        private="Optician",
        trip="Visit to Umeå",
    ),
    Subjects(
        workshop="Offer: Lindqvist",
        workshop_later="Offer: Lindqvist, final",
        lunch="Welcome lunch",
        lunch_later="Welcome lunch for Elin",
        call="Call: Berg",
        private="School play",
        trip="Visit to Bergen",
    ),
)


@dataclass(frozen=True, slots=True)
class Written:
    """An entry that somebody made in this play."""

    person: Person
    side: Side
    id: str


class Story:
    """Plays about ten edits, one every few seconds; each waits until the entry has come to the side it is made on."""

    def __init__(
        self,
        desk: Desk,
        journal: Journal,
        company: Company,
        *,
        play: int,
        today: date,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._desk, self._journal = desk, journal
        self._anna, self._ben, self._clara = company.people
        self._types = company.types
        self._subjects = PLAYS[play % len(PLAYS)]
        self._today = today
        self._sleep = sleep
        self._written: dict[str, Written] = {}

    async def play(self) -> None:
        """Make the edits; one that is not possible (a person was faster) is left out."""
        for edits in self._scenes():
            ids = [await self._id_on(name, side) for name, side, _ in edits]
            for entry_id, (name, side, fields) in zip(ids, edits, strict=True):
                if entry_id is not None:
                    self._change(name, side, entry_id, fields)
            await self._sleep(PACE_S)

    def _scenes(self) -> Iterator[list[tuple[str, Side, dict[str, Any] | None]]]:
        """Yield the edits of each scene, those of one made at once; adding is done before its scene."""
        say, on = self._subjects, self._timed
        place = {"location": "Meeting room 2"}
        self._add("workshop", self._anna, "severa", title=say.workshop, **on(0, 13, 2), **place)
        yield []
        self._add("lunch", self._ben, "google", title=say.lunch, **on(1, 11, 1))
        yield []
        yield [("workshop", "google", on(1, 14, 2))]
        self._add("call", self._clara, "severa", title=say.call, **on(0, 16, 1))
        yield []
        yield [("lunch", "severa", {"title": say.lunch_later})]
        # Different fields on both sides at once: both stay.
        yield [
            ("workshop", "severa", {"location": "Meeting room 1"}),
            ("workshop", "google", {"title": say.workshop_later}),
        ]
        yield [("call", "google", on(1, 8, 1))]
        self._add("private", self._anna, "google", title=say.private, private=True, **on(1, 17, 1))
        yield []
        yield [("lunch", "google", None)]
        travel = {"kind": self._types["Travel"], **self._whole_day(1)}
        self._add("trip", self._ben, "severa", title=say.trip, **travel)
        yield []
        yield [("call", "severa", None)]

    def _add(self, name: str, person: Person, side: Side, **fields: Any) -> None:
        self._written[name] = Written(person, side, self._desk.add(person, side, fields))

    async def _id_on(self, name: str, side: Side) -> str | None:
        """Return the id of an entry on a side, once it has arrived there; None if it does not in good time."""
        written = self._written[name]
        if written.side == side:
            return written.id
        for _ in range(LOOKS_MAX):
            entry_id = self._journal.partner(written.side, written.id)
            if entry_id is not None:
                return entry_id
            await self._sleep(LOOK_S)
        return None

    def _change(self, name: str, side: Side, entry_id: str, fields: dict[str, Any] | None) -> None:
        person = self._written[name].person
        try:
            if fields is None:
                self._desk.delete(person, side, entry_id)
            else:
                self._desk.change(person, side, entry_id, fields)
        except Refused:
            return

    def _timed(self, days: int, hour: int, hours: int) -> dict[str, Any]:
        day = self._day(days)
        return {
            "allDay": False,
            "start": f"{day}T{hour:02}:00",
            "end": f"{day}T{hour + hours:02}:00",
        }

    def _whole_day(self, days: int) -> dict[str, Any]:
        day = self._day(days).isoformat()
        return {"allDay": True, "start": day, "end": day}

    def _day(self, days: int) -> date:
        """Return a day from today on, but still in the week that the page shows."""
        sunday = self._today + timedelta(days=6 - self._today.weekday())
        return min(self._today + timedelta(days=days), sunday)
