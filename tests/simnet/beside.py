"""What stands beside people's own entries: series, which are not synced, and outsiders (D6, E6, E8)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.e2e.calendars import Shown, activity_shown, event_shown
from tests.e2e.world import email_of

from .ledger import Ledger, number_in, values_of
from .town import Town

HOST, GUEST = "host@elsewhere.example", "guest@elsewhere.example"
OUTSIDERS = (HOST, GUEST)
SERIES = "Series"
"""How the titles of what repeats begin."""
WEEKLY = ["RRULE:FREQ=WEEKLY;COUNT=6"]
WEEKLY_IN_SEVERA: dict[str, Any] = {"frequency": "Weekly", "pattern": None, "range": None}
ZONE = {"timeZone": "Europe/Helsinki"}

# Series


def begin_series(town: Town, ledger: Ledger, name: str, start: datetime) -> None:
    """Let something of a person's repeat on each side."""
    ref = town.add_event(name, f"{SERIES} in Google", start)
    town.edit_event(name, ref, recurrence=WEEKLY, start=ZONE, end=ZONE)
    town.add_activity(name, f"{SERIES} in Severa", start, recurrence=WEEKLY_IN_SEVERA)
    ledger.series[name] = series_of(town, name)


def change_series(town: Town, ledger: Ledger, name: str, rng: Random) -> None:
    """Change a whole series or one occurrence, or leave one out."""
    google, email = town.sandbox.google, email_of(name)
    master = next(e for e in town.events(name) if "recurrence" in e)
    occurrences = google.list_instances(email, master["id"], {})["items"]
    what, one = rng.choice(("all", "one", "out", "severa")), rng.choice(occurrences)
    if what == "severa":
        row = next(a for a in town.activities(name) if a["name"].startswith(SERIES))
        town.edit_activity(name, row["guid"], location=f"w{rng.randrange(10**6)}")
    elif what == "all":
        google.person_patch(email, master["id"], {"location": f"w{rng.randrange(10**6)}"})
    elif what == "one":
        google.person_patch(email, one["id"], {"summary": f"{SERIES}, w{rng.randrange(10**6)}"})
    elif len(occurrences) > 1:
        google.person_delete(email, one["id"])
    ledger.series[name] = series_of(town, name)
    town.tell(f"{name} changes a series: {what}")


def series_of(town: Town, name: str) -> list[Any]:
    """Return all that a person has of series, with the vendors' versions, on both sides."""
    google = [e for e in town.events(name) if str(e.get("summary")).startswith(SERIES)]
    severa = [a for a in town.activities(name) if a["name"].startswith(SERIES)]
    return [*google, *severa]


# A guest from outside


def ask_or_excuse(town: Town, ledger: Ledger, name: str, event: dict[str, Any]) -> None:
    """Ask the guest from outside to an event of one's own, or take the guest out."""
    rows = list(event.get("attendees", ()))
    left = [row for row in rows if row["email"] != GUEST]
    is_asked = len(left) == len(rows)
    rows = [*rows, {"email": GUEST}] if is_asked else left
    town.edit_event(name, event["id"], attendees=rows)
    ledger.guested[event["id"]] = is_asked
    town.tell(f"{name} {'asks' if is_asked else 'takes out'} {GUEST}: {event.get('summary')}")


@dataclass(slots=True)
class Host:
    """Somebody of another company, who asks people to meetings that only their host may change."""

    town: Town
    ledger: Ledger
    rng: Random

    async def act(self) -> None:
        """Do one thing."""
        acts = (self.invite, self.invite, self.edit, self.edit, self.guests, self.call_off)
        self.rng.choice(acts)()

    def invite(self) -> None:
        """Ask one or two people to a new meeting."""
        number, google = self.ledger.new(), self.town.sandbox.google
        self.ledger.hosted.add(number)
        names = self.rng.sample(sorted(self.town.people), self.rng.randint(1, 2))
        body = {
            "summary": f"w{self.rng.randrange(10**6)} #{number}",
            "attendees": [{"email": email_of(name)} for name in names],
            **self._span(),
        }
        event = google.person_add(HOST, body)
        self.ledger.added("google", number, event["id"], event_shown(event), self._now)
        self.town.tell(f"{HOST} asks {names} to {body['summary']}")

    def edit(self) -> None:
        """Rename or move a meeting."""
        if (event := self._meeting()) is None:
            return
        number, google = number_in(event["summary"]), self.town.sandbox.google
        assert number is not None, "The host gives each a number."
        title = {"summary": f"w{self.rng.randrange(10**6)} #{number}"}
        change = self.rng.choice((title, self._span(), {"location": "Oslo"}))
        after = google.person_patch(HOST, event["id"], change)
        shown = event_shown(event), event_shown(after)
        self.ledger.edited("google", number, *shown, self._now)
        self.town.tell(f"{HOST} edits #{number}: {change}")

    def guests(self) -> None:
        """Ask one more, or take one of several out."""
        if (event := self._meeting()) is None:
            return
        rows, email = list(event["attendees"]), email_of(self.rng.choice(sorted(self.town.people)))
        left = [row for row in rows if row["email"] != email]
        if not left:
            return
        rows = left if len(left) < len(rows) else [*rows, {"email": email}]
        self.town.sandbox.google.person_patch(HOST, event["id"], {"attendees": rows})
        self.town.tell(f"{HOST} asks or takes out {email}: {event['summary']}")

    def call_off(self) -> None:
        """Call a meeting off."""
        if (event := self._meeting()) is None:
            return
        number = number_in(event["summary"])
        assert number is not None, "The host gives each a number."
        self.town.sandbox.google.person_delete(HOST, event["id"])
        self.ledger.deleted("google", number, event_shown(event), [], self._now)
        if self._is_edited(number, event_shown(event)):
            self.ledger.accounts[number].fate = "either"
        self.town.tell(f"{HOST} calls #{number} off")

    def _is_edited(self, number: int, shown: Shown) -> bool:
        """Tell whether an edit in Severa is not set back yet, so that the meeting may live on (D2)."""
        town = self.town
        names = {guid: name for name, guid in town.people.items()}
        rows = [a for a in town.sandbox.severa.activities() if number_in(a["name"]) == number]
        zones = [town.zones[names[row["ownerUser"]["guid"]]] for row in rows]
        there = [activity_shown(row, zone) for row, zone in zip(rows, zones, strict=True)]
        return any(values_of(one) != values_of(shown) for one in there)

    @property
    def _now(self) -> datetime:
        return self.town.stage.now()

    def _meeting(self) -> dict[str, Any] | None:
        events = self.town.sandbox.google.events(HOST)
        return self.rng.choice(events) if events else None

    def _span(self) -> dict[str, Any]:
        start = self.town.midnight + timedelta(
            days=self.rng.randint(0, 9), hours=self.rng.randint(6, 16)
        )
        end = start + timedelta(hours=1)
        return {"start": {"dateTime": start.isoformat()}, "end": {"dateTime": end.isoformat()}}


# What must hold


def meddled_with(town: Town, ledger: Ledger) -> Iterator[str]:
    """Return in words what the daemon did to what is not its business."""
    for name, left in ledger.series.items():
        if series_of(town, name) != left:
            yield f"{name}'s series are not as people left them"
    for name in town.people:
        for event in town.events(name):
            is_asked = ledger.guested.get(event["id"])
            emails = {row["email"] for row in event.get("attendees", ())}
            if is_asked is not None and is_asked is not (GUEST in emails):
                yield f"{GUEST} was {'taken out of' if is_asked else 'put into'} {event['summary']}"
    for row in town.sandbox.severa.activities():
        for seat in town.sandbox.severa.participants(row["guid"]):
            if seat["email"] in OUTSIDERS:
                yield f"Severa was told of {seat['email']} in {row['name']}"
