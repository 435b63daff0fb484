"""What people do all day: in both calendars, in Severa's pages, and with the switch in their profile."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Protocol

from daemon.sandbox.google.errors import ApiError
from daemon.sandbox.severa.errors import SeveraError
from tests.e2e.calendars import Shown, activity_shown, event_shown
from tests.e2e.world import email_of

from .beside import ask_or_excuse, begin_series, change_series
from .judge import standing
from .ledger import Ledger, number_in
from .town import Town

REPEATED = 0.2
"""How many of the edits set a value that others have too (Q6)."""
TOLD = 0.85
"""How many edits Severa's pages tell of."""
GUESTED = 0.5
"""To how many of the first morning's events somebody from outside was asked."""
ANSWERS = ("accepted", "tentative", "declined")


class Lively(Protocol):
    """One who does things."""

    town: Town
    rng: Random

    async def act(self) -> None:
        """Do one thing."""


async def live(one: Lively, acts_per_hour: float, until: float) -> None:
    """Let somebody do things at random moments until the loop's clock shows `until`."""
    loop = one.town.stage.loop
    while True:
        wait = one.rng.expovariate(acts_per_hour / 3600)
        if loop.time() + wait >= until:
            return
        await asyncio.sleep(wait)
        await one.act()


@dataclass(slots=True)
class Person:
    """One who works here, at random moments by dice of their own."""

    name: str
    town: Town
    ledger: Ledger
    rng: Random
    is_enabled: bool = False
    is_logged_in: bool = False

    async def act(self) -> None:
        """Do one thing; what a product refuses does not happen."""
        acts = tuple(ACTS)
        act = self.rng.choices(acts, [ACTS[one] for one in acts])[0]
        try:
            await act(self)
        except (ApiError, SeveraError) as error:
            self.town.tell(f"{self.name} could not {act.__name__}: {error}")

    # What there is to do it to

    @property
    def _now(self) -> datetime:
        return self.town.stage.now()

    def own_events(self) -> list[dict[str, Any]]:
        """Return the events that this person organizes."""
        events = self.town.events(self.name)
        return [e for e in events if e.get("organizer", {}).get("self") and self._known(e)]

    def own_activities(self) -> list[dict[str, Any]]:
        """Return the activities that this person owns."""
        guid, rows = self.town.people[self.name], self.town.activities(self.name)
        return [a for a in rows if a["ownerUser"]["guid"] == guid and number_in(a["name"])]

    def _known(self, event: dict[str, Any]) -> bool:
        return number_in(event.get("summary")) is not None

    def _event(self) -> dict[str, Any] | None:
        events = self.own_events()
        return self.rng.choice(events) if events else None

    def _activity(self) -> dict[str, Any] | None:
        rows = self.own_activities()
        return self.rng.choice(rows) if rows else None

    def _shown(self, activity: dict[str, Any]) -> Shown:
        return activity_shown(activity, self.town.zones[self.name])

    # In Google

    async def add_event(self) -> None:
        """Make an event, now and then with colleagues."""
        number, town = self.ledger.new(), self.town
        guests = self._colleagues() if self.rng.random() < 0.3 else []
        more = {**self._texts("location", "description")}
        if guests:
            more["attendees"] = [{"email": email_of(name)} for name in guests]
            self.ledger.asked(number, self._now)
        title = self._title(number)
        if self.rng.random() < 0.15:
            ref = town.add_day_event(self.name, title, self._day(), self.rng.randint(1, 3), **more)
        else:
            ref = town.add_event(self.name, title, self._start(), self._hours(), **more)
        shown = event_shown(town.sandbox.google.get(email_of(self.name), ref))
        self.ledger.added("google", number, ref, shown, self._now)
        town.tell(f"{self.name} adds {title} in Google with {guests}")

    async def edit_event(self) -> None:
        """Change one or two fields of an event."""
        if (event := self._event()) is None:
            return
        before, number = event_shown(event), number_in(event["summary"])
        assert number is not None, "Only those with a number are chosen."
        what = self.rng.choice(("title", "when", "location", "notes"))
        if what == "when":
            self.town.move_event(self.name, event["id"], self._start(), self._hours())
        else:
            key = {"title": "summary", "location": "location", "notes": "description"}[what]
            value = self._title(number) if what == "title" else self._word()
            self.town.edit_event(self.name, event["id"], **{key: value})
        after = event_shown(self.town.sandbox.google.get(email_of(self.name), event["id"]))
        self.ledger.edited("google", number, before, after, self._now)
        self.town.tell(f"{self.name} edits {what} of #{number} in Google: {_said(after)}")

    async def delete_event(self) -> None:
        """Delete an event of one's own."""
        if (event := self._event()) is None:
            return
        number = number_in(event["summary"])
        assert number is not None, "Only those with a number are chosen."
        self.town.delete_event(self.name, event["id"])
        left = standing(self.town)[number]["severa"]
        self.ledger.deleted("google", number, event_shown(event), left, self._now)
        self.town.tell(f"{self.name} deletes #{number} in Google: {_said(event_shown(event))}")

    async def change_guests(self) -> None:
        """Ask somebody to an event, or take somebody out."""
        if (event := self._event()) is None:
            return
        number, rows = number_in(event["summary"]), list(event.get("attendees", ()))
        assert number is not None, "Only those with a number are chosen."
        email = email_of(self._colleagues()[0])
        left = [row for row in rows if row["email"] != email]
        rows = left if len(left) < len(rows) else [*rows, {"email": email}]
        self.town.edit_event(self.name, event["id"], attendees=rows)
        self.ledger.asked(number, self._now)
        self.town.tell(f"{self.name} asks or takes out {email} of #{number} in Google")

    async def ask_from_outside(self) -> None:
        """Ask somebody of another company to an event, or take that guest out."""
        if (event := self._event()) is not None:
            ask_or_excuse(self.town, self.ledger, self.name, event)

    async def change_series(self) -> None:
        """Change something that repeats."""
        change_series(self.town, self.ledger, self.name, self.rng)

    async def answer(self) -> None:
        """Answer an invitation in the own calendar."""
        invited = [
            event
            for event in self.town.events(self.name)
            if any(
                row.get("self") and not row.get("organizer") for row in event.get("attendees", ())
            )
        ]
        if not invited:
            return
        event, said = self.rng.choice(invited), self.rng.choice(ANSWERS)
        rows = [r | {"responseStatus": said} if r.get("self") else r for r in event["attendees"]]
        self.town.edit_event(self.name, event["id"], attendees=rows)
        self.town.tell(f"{self.name} answers {event.get('summary')} in Google: {said}")

    # In Severa

    async def add_activity(self) -> None:
        """Make an activity, now and then with colleagues."""
        number, town = self.ledger.new(), self.town
        more: dict[str, Any] = {**self._texts("location", "notes")}
        more["kind"] = self.rng.choice(("Meeting", "Meeting", "Travel"))
        title = self._title(number)
        if self.rng.random() < 0.15:
            days = self.rng.randint(1, 3)
            ref = town.add_day_activity(self.name, title, self._day(), days, **more)
        else:
            ref = town.add_activity(self.name, title, self._start(), self._hours(), **more)
        guests = self._colleagues() if self.rng.random() < 0.2 else []
        for name in guests:
            town.sandbox.severa.person_invite(town.people[self.name], ref, town.people[name])
            self.ledger.asked(number, self._now)
        shown = self._shown(town.sandbox.severa.activity(ref))
        self.ledger.added("severa", number, ref, shown, self._now)
        town.tell(f"{self.name} adds {title} in Severa with {guests}")
        self._tell(ref, "created")

    async def edit_activity(self) -> None:
        """Change a field of an activity."""
        if (row := self._activity()) is None:
            return
        before, number, guid = self._shown(row), number_in(row["name"]), row["guid"]
        assert number is not None, "Only those with a number are chosen."
        what = self.rng.choice(("title", "when", "location", "notes"))
        if what == "when":
            self.town.move_activity(self.name, guid, self._start(), self._hours())
        else:
            key = {"title": "name"}.get(what, what)
            value = self._title(number) if what == "title" else self._word()
            self.town.edit_activity(self.name, guid, **{key: value})
        after = self._shown(self.town.sandbox.severa.activity(guid))
        self.ledger.edited("severa", number, before, after, self._now)
        self.town.tell(f"{self.name} edits {what} of #{number} in Severa: {_said(after)}")
        self._tell(guid, "updated")

    async def delete_activity(self) -> None:
        """Delete an activity of one's own."""
        if (row := self._activity()) is None:
            return
        number = number_in(row["name"])
        assert number is not None, "Only those with a number are chosen."
        self.town.delete_activity(self.name, row["guid"])
        left = standing(self.town)[number]["google"]
        self.ledger.deleted("severa", number, self._shown(row), left, self._now)
        self.town.tell(f"{self.name} deletes #{number} in Severa: {_said(self._shown(row))}")
        self._tell(row["guid"], "deleted")

    async def change_participants(self) -> None:
        """Ask somebody to an activity, or take somebody out."""
        if (row := self._activity()) is None:
            return
        severa, number = self.town.sandbox.severa, number_in(row["name"])
        assert number is not None, "Only those with a number are chosen."
        name, guid = self._colleagues()[0], row["guid"]
        mine, theirs = self.town.people[self.name], self.town.people[name]
        if any(seat["email"] == email_of(name) for seat in severa.participants(guid)):
            severa.person_uninvite(mine, guid, theirs)
        else:
            severa.person_invite(mine, guid, theirs)
        self.ledger.asked(number, self._now)
        self.town.tell(f"{self.name} asks or takes out {name} of #{number} in Severa")
        self._tell(guid, "updated")

    # In Severa's pages and in the profile

    async def navigate(self) -> None:
        """Go from one section to another."""
        if self.is_logged_in:
            await self._call("POST", "/v1/severa/navigation", {"section": "calendar"})

    async def log_in_or_out(self) -> None:
        """Begin or end a day's work."""
        await self.log_out() if self.is_logged_in else await self.log_in()

    async def log_in(self) -> None:
        """Sign in to Severa, whose page tells of it."""
        self.is_logged_in = True
        self.town.sandbox.severa.person_login(self.town.people[self.name])
        await self._call("POST", "/v1/severa/session", {"state": "login"})

    async def log_out(self) -> None:
        """Sign out of Severa."""
        self.is_logged_in = False
        await self._call("POST", "/v1/severa/session", {"state": "logout"})

    async def switch(self) -> None:
        """Switch the sync off, or on again."""
        if await self._call("PUT", "/v1/me/sync", {"enabled": not self.is_enabled}) == 200:
            self.is_enabled = not self.is_enabled

    async def switch_on(self) -> None:
        """Switch the sync on, however often it takes."""
        is_on = False
        while not is_on:
            is_on = await self._call("PUT", "/v1/me/sync", {"enabled": True}) == 200
            await asyncio.sleep(1)
        self.is_enabled = True

    async def _call(self, method: str, path: str, body: Any) -> int:
        status = await self.town.call(self.name, method, path, body)
        self.town.tell(f"{self.name}: {method} {path} {body} → {status}")
        return status

    def _tell(self, guid: str, change: str) -> None:
        """Let Severa's page tell of an edit, if it does."""
        if self.rng.random() < TOLD:
            work = self._call("POST", f"/v1/severa/activities/{guid}", {"change": change})
            self.town.errands(work)

    # Values

    def _title(self, number: int) -> str:
        return f"{self._word()} #{number}"

    def _word(self) -> str:
        if self.rng.random() < REPEATED:
            return self.rng.choice(("Oslo", "Turku", "call back"))
        return f"w{self.rng.randrange(10**6)}"

    def _texts(self, *names: str) -> dict[str, str]:
        return {name: self._word() for name in names if self.rng.random() < 0.5}

    def _start(self) -> datetime:
        day, quarter = self.rng.randint(0, 9), self.rng.randint(24, 64)
        return self.town.midnight + timedelta(days=day, minutes=15 * quarter)

    def _day(self) -> Any:
        return (self.town.midnight + timedelta(days=self.rng.randint(0, 9))).date()

    def _hours(self) -> float:
        return self.rng.choice((0.25, 0.5, 1, 1.5))

    def _colleagues(self) -> list[str]:
        others = [name for name in self.town.people if name != self.name]
        return self.rng.sample(others, min(len(others), self.rng.randint(1, 3)))


ACTS: dict[Callable[[Person], Awaitable[None]], float] = {
    Person.add_event: 3,
    Person.add_activity: 3,
    Person.edit_event: 8,
    Person.edit_activity: 8,
    Person.delete_event: 1,
    Person.delete_activity: 1,
    Person.change_guests: 2,
    Person.change_participants: 2,
    Person.answer: 3,
    Person.ask_from_outside: 1,
    Person.change_series: 1,
    Person.navigate: 4,
    Person.log_in_or_out: 0.7,
    Person.switch: 0.15,
}


def furnish(person: Person, entries: int) -> None:
    """Let a person have been at work on both sides for a while; some entries stand on both."""
    town, rng, ledger = person.town, person.rng, person.ledger
    begin_series(town, ledger, person.name, person._start())
    for _ in range(entries):
        number = ledger.new()
        where = rng.choice(("severa", "google", "both"))
        title, start, hours = person._title(number), person._start(), person._hours()
        if where != "severa":
            ref = town.add_event(person.name, title, start, hours)
            event = town.sandbox.google.get(email_of(person.name), ref)
            ledger.added("google", number, ref, event_shown(event), town.stage.now())
            if rng.random() < GUESTED:
                ask_or_excuse(town, ledger, person.name, event)
        if where != "google":
            ref = town.add_activity(person.name, title, start, hours)
            shown = person._shown(town.sandbox.severa.activity(ref))
            ledger.added("severa", number, ref, shown, town.stage.now())


def _said(shown: Shown) -> str:
    return f"{shown.title} {shown.start}/{shown.end} {shown.location!r} {shown.notes!r}"
