"""The edits that people make in the demo, a little story on both sides."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from daemon.sandbox.page import Desk, Journal, Refused
from daemon.sandbox.page.shown import Side
from daemon.sandbox.people import Company, Person

PACE_S: Final = 2.5
LOOK_S: Final = 0.1
LOOKS_MAX: Final = 120


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
class Add:
    """Somebody adds an entry; `name` is what the later edits call it."""

    name: str
    person: Person
    side: Side
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """Its owner changes fields of an entry, on either side."""

    name: str
    side: Side
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Delete:
    """Its owner deletes an entry, on either side."""

    name: str
    side: Side


@dataclass(frozen=True, slots=True)
class Reply:
    """Somebody who was asked answers, on either side."""

    name: str
    person: Person
    side: Side
    answer: str


Edit = Add | Change | Delete | Reply


class Story:
    """Plays a scene of edits every few seconds; each waits until the entry has come to the side it is made on."""

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
        self._desk, self._journal, self._company = desk, journal, company
        self._subjects = PLAYS[play % len(PLAYS)]
        self._today = today
        self._sleep = sleep
        self._added: dict[str, tuple[Add, str]] = {}

    async def play(self) -> None:
        """Make the edits; one that is not possible, because somebody was faster, is left out."""
        for scene in self._scenes():
            ids = [await self._id_for(edit) for edit in scene]
            for edit, entry_id in zip(scene, ids, strict=True):
                with suppress(Refused):
                    self._make(edit, entry_id)
            await self._sleep(PACE_S)

    def _scenes(self) -> list[list[Edit]]:
        """Return the edits; those of one scene are made at the same time."""
        say, on = self._subjects, self._timed
        anna, ben, clara = self._company.people
        workshop = {"title": say.workshop, "location": "Meeting room 2", **on(0, 13, 2)}
        trip = {
            "title": say.trip,
            "kind": self._company.types["Travel"],
            **self._whole_day(1),
        }
        private = {"title": say.private, "private": True, **on(1, 17, 1)}
        return [
            [Add("workshop", anna, "severa", workshop)],
            [Add("lunch", ben, "google", {"title": say.lunch, **on(1, 11, 1)})],
            [Change("workshop", "google", on(1, 14, 2))],
            [Add("call", clara, "severa", {"title": say.call, **on(0, 16, 1)})],
            [Change("lunch", "severa", {"title": say.lunch_later})],
            [
                # Different fields on both sides at once: both stay.
                Change("workshop", "severa", {"location": "Meeting room 1"}),
                Change("workshop", "google", {"title": say.workshop_later}),
            ],
            [Change("workshop", "google", {"people": [ben.email]})],
            [Change("call", "google", on(1, 18, 1))],
            [Reply("workshop", ben, "google", "yes")],
            [Add("private", anna, "google", private)],
            [Delete("lunch", "google")],
            [Add("trip", ben, "severa", trip)],
            [Delete("call", "severa")],
        ]

    async def _id_for(self, edit: Edit) -> str | None:
        """Return the id of an entry on the edit's side, once it has arrived there; None if it does not in good time."""
        if isinstance(edit, Add) or edit.name not in self._added:
            return None
        added, entry_id = self._added[edit.name]
        person = edit.person if isinstance(edit, Reply) else added.person
        for _ in range(LOOKS_MAX):
            is_origin = added.side == edit.side
            here = entry_id if is_origin else self._journal.partner(added.side, entry_id)
            if here in self._journal.shown(edit.side, person.email):
                return here
            if is_origin and person == added.person:
                return None  # Somebody deleted it.
            await self._sleep(LOOK_S)
        return None

    def _make(self, edit: Edit, entry_id: str | None) -> None:
        if isinstance(edit, Add):
            made = self._desk.add(edit.person, edit.side, edit.fields)
            self._added[edit.name] = edit, made
        elif isinstance(edit, Reply) and entry_id is not None:
            self._desk.answer(edit.person, edit.side, entry_id, edit.answer)
        elif entry_id is not None:
            person = self._added[edit.name][0].person
            if isinstance(edit, Change):
                self._desk.change(person, edit.side, entry_id, edit.fields)
            else:
                self._desk.delete(person, edit.side, entry_id)

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
