"""A representative day of a company, step by step: what people do by hand, and how the calendars stand then."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from tests.e2e.calendars import Shown, activity_shown, event_shown
from tests.e2e.world import World, email_of

FIRST_DAY = date(2026, 3, 2)
HOST = "host@elsewhere.example"
GUEST = "guest@elsewhere.example"
USERS = ("Anna", "Ben")
"""Who uses the sync; Clara does not, and shares meetings with those who do."""
EVERYBODY = (*USERS, "Clara")
TYPES = ("Meeting", "Travel", "To-do", "Personal")
LONG_SUBJECT = "A subject that is longer than Severa can hold. " * 6
LONG_NOTES = "Notes that are longer than Google can hold. " * 220
ZONE = {"timeZone": "Europe/Helsinki"}
WEEKLY: Mapping[str, Any] = {
    "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=4"],
    "start": ZONE,
    "end": ZONE,
}


@dataclass(frozen=True, slots=True)
class Row:
    """One entry as it stands in one person's calendar, with its people; `is_by_hand` where a person made it there."""

    shown: Shown
    people: tuple[tuple[str, str], ...]
    is_by_hand: bool

    def __str__(self) -> str:
        """Return what a person needs to know it by."""
        shown, people = self.shown, ", ".join(f"{a.partition('@')[0]} {s}" for a, s in self.people)
        texts = f"{shown.location[:40]!r} {shown.notes[:40]!r}{' private' * shown.is_private}"
        by = "" if self.is_by_hand else " by us"
        return f"{shown.title[:40]!r} {shown.start}-{shown.end} {texts} [{people}]{by}"


Picture = Mapping[tuple[str, str], tuple[Row, ...]]
"""Everything that stands anywhere, by person and side."""


class Day:
    """The steps of the day, in the order of `STEPS`; each is to be settled before the next."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._by_hand: set[str] = set()
        self._left: list[str] = []
        """Meetings that Ben has left: the activity stays, with his answer."""

    # Before anybody uses the sync

    def furnish(self) -> None:
        """Let the company have been at work on both sides for a while."""
        world, at = self.world, self.world.at
        for person, zone in zip(EVERYBODY, ("Helsinki", "London", "Oslo"), strict=True):
            world.person(person, zone=f"Europe/{zone}")
        for outside in (HOST, GUEST):
            world.sandbox.google.add_user(outside, outside=True)
        self._pair("Anna", "Planning", 1, 9, notes="In Severa", description="In Google")
        self._pair("Anna", "Offer", 1, 11, notes="Bring the numbers", place="Room 2")
        self._pair("Ben", "Standup", 1, 8)
        self._pair("Ben", "Retro", 2, 8)
        self.activity("Anna", "Severa's own", at(1, 13), location="Turku")
        self.event("Anna", "Google's own", at(1, 14), description="First<br><b>second</b>")
        self.activity("Ben", "Ben in Severa", at(3, 9))
        self.event("Ben", "Ben in Google", at(3, 11))
        self._remarkable()
        for number in range(4):
            self.activity("Ben", f"Routine {number}", at(4 + number, 7))
            self.event("Anna", f"Habit {number}", at(4 + number, 7))

    def _remarkable(self) -> None:
        """Add what is of a kind of its own."""
        at, day = self.world.at, self.world.at(5).date()
        self.day_activity("Anna", "Fair", day, 3, kind="Travel")
        self.day_event("Anna", "School holiday", day, 2)
        self.event("Anna", "Doctor", at(2, 10), visibility="private")
        self.activity("Anna", "Dentist", at(2, 11), kind="Personal")
        self.event("Anna", "", at(2, 12))
        self.event("Anna", LONG_SUBJECT.strip(), at(2, 13))
        self.activity("Anna", "Long notes", at(2, 14), notes=LONG_NOTES.strip())
        self.activity("Anna", "Call", at(2, 15), kind="To-do", endDateTime=None, hasDuration=False)
        self.activity("Anna", "Build", at(2, 16), kind="Project task")
        self.event("Anna", "Long ago", at(-60, 9))
        self.activity("Anna", "Long ago too", at(-60, 11))
        self.world.edit_event("Anna", self.event("Anna", "Every week", at(1, 16)), **WEEKLY)
        series = {"frequency": "Weekly", "pattern": None, "range": None}
        self.activity("Anna", "Every week too", at(1, 17), recurrence=series)
        self.event("Anna", "Review", at(3, 13), attendees=_rows("Ben", "Clara", GUEST))
        self.hosted("Tender", at(3, 15))

    # The steps

    def creations(self) -> None:
        at, day = self.world.at, self.world.at(8).date()
        self.activity("Anna", "New in Severa", at(6, 9), notes="Line 1\nLine 2 < 3 & more")
        self.event("Anna", "New in Google", at(6, 10), location="Oslo")
        self.day_activity("Anna", "Whole day in Severa", day)
        self.day_event("Anna", "Whole days in Google", day, 2)
        self.event("Ben", "Ben's secret", at(6, 11), visibility="private")
        self.activity("Ben", "Ben's own matter", at(6, 12), kind="Personal")

    def words(self) -> None:
        self.edit_activity("Anna", "Severa's own", name="Severa's own, renamed", location="Åbo 🏢")
        self.edit_activity("Anna", "Google's own", location="A room for Google's")
        self.edit_event("Anna", "New in Severa", summary="New in Severa, renamed")
        self.edit_event("Ben", "Ben in Google", description="Words<br>and <i>more</i>")
        self.edit_event("Anna", "Call", location="By telephone")
        self.edit_activity("Anna", "Fair", notes="Stand 7")

    def times(self) -> None:
        world, at, day = self.world, self.world.at, self.world.at(9).date()
        world.move_activity("Anna", self.guid("Anna", "New in Google"), at(7, 9), 2.5)
        world.move_event("Anna", self.event_id("Anna", "Severa's own, renamed"), at(7, 13), 0.5)
        world.move_activity_to_days("Ben", self.guid("Ben", "Ben in Severa"), day, 3)
        world.move_event_to_days("Ben", self.event_id("Ben", "Ben in Google"), day)
        world.move_event("Anna", self.event_id("Anna", "Whole day in Severa"), at(9, 11))

    def emptied(self) -> None:
        self.edit_activity("Anna", "New in Google", location=None)
        self.edit_event("Anna", "New in Severa, renamed", description="")

    def meeting_in_google(self) -> None:
        people = _rows("Ben", "Clara", GUEST)
        self.event("Anna", "Kick-off", self.world.at(6, 13), attendees=people)

    def meeting_in_severa(self) -> None:
        guid = self.activity("Anna", "Workshop", self.world.at(6, 15))
        self.invite("Anna", guid, "Ben")
        self.invite("Anna", self.activity("Ben", "Steering", self.world.at(6, 16)), "Ben", "Clara")

    def answers(self) -> None:
        self.answer("Ben", "Kick-off", "tentative")
        guid = self.guid("Anna", "Workshop")
        self.world.sandbox.severa.person_answer(self.world.people["Ben"], guid, "Accepted")
        # Severa tells of participants alone only when something else of the activity is touched (Q10).
        self.edit_activity("Ben", "Workshop", location="Library")

    def guests(self) -> None:
        """Let people come and go on the other side than the one that asked them."""
        self.edit_event("Anna", "Workshop", attendees=[*self._guests("Workshop"), *_rows("Clara")])
        guid, severa = self.guid("Anna", "Review"), self.world.sandbox.severa
        severa.person_uninvite(self.world.people["Anna"], guid, self.world.people["Ben"])
        self.edit_activity("Anna", "Review", location="Big room")

    def on_both_sides(self) -> None:
        """Let different fields of one entry be changed on both sides, and the same field of another."""
        self.edit_activity("Anna", "Offer", location="Room S")
        self.edit_event("Anna", "Offer", summary="Offer, final")
        self.edit_activity("Ben", "Standup", location="Severa's room")
        self.edit_event("Ben", "Standup", location="Google's room")

    def made_private(self) -> None:
        self.edit_event("Anna", "Habit 0", visibility="private")
        self.edit_event("Ben", "Ben's secret", visibility="default")

    def back_and_forth(self) -> None:
        """Repeat values: there and back between two looks, and what the other side says already."""
        self.edit_event("Anna", "Habit 1", location="Gym")
        self.edit_event("Anna", "Habit 1", location="")
        self.edit_event("Anna", "Habit 2", location="Pool")
        self.edit_activity("Anna", "Habit 2", location="Pool")

    def outsider(self) -> None:
        """Let a host outside the company and a guest inside change the same meeting: the guest's change is set back."""
        google = self.world.sandbox.google
        google.person_patch(HOST, self.event_id("Anna", "Tender"), {"location": "Hall"})
        self.edit_activity("Anna", "Tender", name="Tender, ours")

    def deletions(self) -> None:
        world = self.world
        world.delete_activity("Anna", self.guid("Anna", "Severa's own, renamed"))
        world.delete_event("Anna", self.event_id("Anna", "New in Severa, renamed"))
        world.delete_event("Anna", self.event_id("Anna", "Google's own"))
        world.delete_activity("Ben", self.guid("Ben", "Ben in Google"))
        # Gone on one side and changed on the other: the change wins, each way.
        world.delete_event("Ben", self.event_id("Ben", "Routine 0"))
        self.edit_activity("Ben", "Routine 0", location="Still needed in Severa")
        world.delete_activity("Anna", self.guid("Anna", "Habit 3"))
        self.edit_event("Anna", "Habit 3", location="Still needed in Google")
        world.delete_activity("Ben", self.guid("Ben", "Routine 1"))
        world.delete_event("Ben", self.event_id("Ben", "Routine 1"))

    def the_same_again(self) -> None:
        """Make again what was deleted, in every word."""
        self.activity("Ben", "Routine 1", self.world.at(5, 7))
        self.event("Anna", "Google's own", self.world.at(1, 14))

    def called_off(self) -> None:
        self.world.delete_event("Ben", self.event_id("Ben", "Workshop"))
        self._left.append("Workshop")
        self.world.delete_event("Anna", self.event_id("Anna", "Kick-off"))
        self.world.delete_activity("Ben", self.guid("Ben", "Steering"))

    def series(self) -> None:
        """Touch what recurs, which is not synced yet."""
        self.edit_event("Anna", "Every week", location="Room 1")
        self.edit_activity("Anna", "Every week too", location="Room 2")
        self.edit_event("Anna", "Habit 2", location="Sauna")

    def nothing(self) -> None:
        """Let nobody do anything."""

    # By hand, by name

    def activity(self, person: str, name: str, *when: Any, **more: Any) -> str:
        guid = self.world.add_activity(person, name, *when, **more)
        self._by_hand.add(guid)
        return guid

    def day_activity(self, person: str, name: str, *when: Any, **more: Any) -> None:
        self._by_hand.add(self.world.add_day_activity(person, name, *when, **more))

    def event(self, person: str, summary: str, *when: Any, **more: Any) -> str:
        event_id = self.world.add_event(person, summary, *when, **more)
        self._by_hand.add(event_id)
        return event_id

    def day_event(self, person: str, summary: str, *when: Any, **more: Any) -> None:
        self._by_hand.add(self.world.add_day_event(person, summary, *when, **more))

    def hosted(self, summary: str, start: Any) -> None:
        end = start + timedelta(hours=1)
        span = {"start": {"dateTime": start.isoformat()}, "end": {"dateTime": end.isoformat()}}
        body = {"summary": summary, **span, "attendees": _rows("Anna")}
        self._by_hand.add(self.world.sandbox.google.person_add(HOST, body)["id"])

    def invite(self, by: str, guid: str, *people: str) -> None:
        severa, guids = self.world.sandbox.severa, self.world.people
        for person in people:
            if severa.activity(guid)["ownerUser"]["guid"] != guids[person]:
                severa.invite(guid, guids[person], author=guids[by], kind="User")

    def answer(self, person: str, summary: str, status: str) -> None:
        event = self.world.event_named(person, summary)
        rows = [r | {"responseStatus": status} if r.get("self") else r for r in event["attendees"]]
        self.world.edit_event(person, event["id"], attendees=rows)

    def edit_activity(self, person: str, known: str, /, **changes: Any) -> None:
        self.world.edit_activity(person, self.guid(person, known), **changes)

    def edit_event(self, person: str, known: str, /, **changes: Any) -> None:
        self.world.edit_event(person, self.event_id(person, known), **changes)

    def guid(self, person: str, name: str) -> str:
        return str(self.world.activity_named(person, name)["guid"])

    def event_id(self, person: str, summary: str) -> str:
        return str(self.world.event_named(person, summary)["id"])

    def _guests(self, summary: str) -> list[dict[str, Any]]:
        return list(self.world.event_named("Anna", summary).get("attendees", []))

    def _pair(
        self,
        person: str,
        name: str,
        day: float,
        hour: float,
        *,
        notes: str = "",
        description: str = "",
        place: str = "",
    ) -> None:
        start = self.world.at(day, hour)
        self.activity(person, name, start, notes=notes or None)
        self.event(person, name, start, description=description, location=place)

    # How it stands

    def picture(self) -> Picture:
        """Return everything that stands anywhere, as people see it, as if the day were always the same."""
        world = self.world
        pictured: dict[tuple[str, str], tuple[Row, ...]] = {}
        for person in EVERYBODY:
            zone = world.zones[person]
            pictured[person, "Severa"] = _sorted(
                self._row(a["guid"], activity_shown(a, zone), self._participants(a))
                for a in world.activities(person)
            )
            pictured[person, "Google"] = _sorted(
                self._row(e["id"], event_shown(e), _attendees(e)) for e in world.events(person)
            )
        return pictured

    def _row(self, ref: str, shown: Shown, people: Iterable[tuple[str, str]]) -> Row:
        away = FIRST_DAY - self.world.midnight.date()
        moved = replace(shown, start=shown.start + away, end=shown.end + away)
        return Row(moved, tuple(sorted(people)), ref in self._by_hand)

    def _participants(self, activity: Mapping[str, Any]) -> list[tuple[str, str]]:
        owner = activity["ownerUser"]["guid"]
        rows = self.world.sandbox.severa.participants(activity["guid"])
        named = {guid: email_of(name) for name, guid in self.world.people.items()}
        others = [(r["email"], r["status"]) for r in rows if r["email"] != named[owner]]
        return [*others, (named[owner], "owner")]

    def complaints(self) -> list[str]:
        """Return what keeps the two sides from being the same where everything was carried over."""
        alone = {
            "only_severa": ["Build", "Long ago too", "Every week too"],
            "only_google": ["Long ago", "Every week"],
        }
        apart = {"Planning": ["notes"], "Long notes": ["notes"]}
        told = []
        for person in USERS:
            mine: dict[str, Any] = alone if person == "Anna" else {"only_severa": self._left}
            told += [f"{person}: {c}" for c in self.world.unlike(person, apart=apart, **mine)]
        return [c for c in told if LONG_SUBJECT[:100] not in c]


STEPS: Mapping[str, Callable[[Day], None]] = {
    step.__name__.replace("_", "-"): step
    for step in (
        Day.creations,
        Day.words,
        Day.times,
        Day.emptied,
        Day.meeting_in_google,
        Day.meeting_in_severa,
        Day.answers,
        Day.guests,
        Day.on_both_sides,
        Day.made_private,
        Day.back_and_forth,
        Day.outsider,
        Day.deletions,
        Day.the_same_again,
        Day.called_off,
        Day.series,
        Day.nothing,
    )
}


def unlike_pictures(wanted: Picture, found: Picture) -> list[str]:
    """Return in words how one picture differs from another."""
    return [
        f"{person}, {side}: {what} {row}"
        for person, side in wanted
        for what, rows, others in (
            ("lacks", wanted[person, side], found[person, side]),
            ("has", found[person, side], wanted[person, side]),
        )
        for row in _without(rows, others)
    ]


def _without(rows: Iterable[Row], others: Iterable[Row]) -> list[Row]:
    left = list(others)
    missing = []
    for row in rows:
        if row in left:
            left.remove(row)
        else:
            missing.append(row)
    return missing


def _sorted(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(sorted(rows, key=repr))


def _rows(*names: str) -> list[dict[str, Any]]:
    return [{"email": name if "@" in name else email_of(name)} for name in names]


def _attendees(event: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(row["email"], row["responseStatus"]) for row in event.get("attendees", ())]
