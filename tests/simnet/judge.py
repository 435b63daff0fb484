"""What the daemon promises, looked at from outside when all is calm."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from tests.e2e.calendars import Shown, activity_shown, event_shown
from tests.e2e.world import email_of

from .beside import HOST, OUTSIDERS, meddled_with
from .ledger import SIDES, Ledger, Side, number_in
from .town import Town

LOOK_MAX = timedelta(minutes=5)
OVER_LIMITS_A_START = 10
SEVERA_SAYS = {
    "Accepted": "accepted",
    "Tentative": "tentative",
    "Declined": "declined",
}

Standing = dict[int, dict[Side, list[Shown]]]


def standing(town: Town) -> Standing:
    """Return what both sides show of each entry; a meeting of many is one."""
    found: Standing = defaultdict(lambda: {side: [] for side in SIDES})
    names = {guid: name for name, guid in town.people.items()}
    for row in town.sandbox.severa.activities():
        number = number_in(row["name"])
        if number is not None:
            zone = town.zones[names[row["ownerUser"]["guid"]]]
            found[number]["severa"].append(activity_shown(row, zone))
    for event in _organized(town):
        number = number_in(event.get("summary"))
        if number is not None:
            found[number]["google"].append(event_shown(event))
    return found


def broken_promises(town: Town, ledger: Ledger, listed: set[int]) -> list[str]:
    """Return in words what is not as it has to be; what the status lists is left out."""
    found, told = standing(town), []
    for number in ledger.accounts:
        if number not in listed:
            told += list(ledger.complaints(number, found[number]))
    told += [*_unlike_people(town, listed), *meddled_with(town, ledger)]
    told += [*town.own_faults, *_deaths(town)]
    return [*told, *_limits(town)]


def _limits(town: Town) -> Iterator[str]:
    """Neither vendor is asked more than it allows, but for a little after a start that remembers nothing (R1)."""
    for vendor, times in town.over_limits.items():
        if times > OVER_LIMITS_A_START * town.daemon.starts:
            yield f"{vendor} was asked too much {times} times"


def _deaths(town: Town) -> Iterator[str]:
    for error in town.daemon.died_of:
        yield f"the daemon ended by itself: {error!r}"


def _unlike_people(town: Town, listed: set[int]) -> Iterator[str]:
    """Both sides have the same people with the same answers."""
    emails = {guid: email_of(name) for name, guid in town.people.items()}
    severa = {
        number: _participants(town, row) | {emails[row["ownerUser"]["guid"]]: "here"}
        for row in town.sandbox.severa.activities()
        if (number := number_in(row["name"]))
    }
    for event in _organized(town):
        number = number_in(event.get("summary"))
        if number is None or number in listed or number not in severa:
            continue
        organizer, google = event["organizer"]["email"], _attendees(event)
        if organizer == HOST:
            # Nobody can be asked to it in Severa (D6), and one of those who were asked owns the activity.
            here = _owners(severa[number])
            severa[number] = {email: severa[number].get(email, "out") for email in google}
            if {**google, **dict.fromkeys(here, "here")} != severa[number] | dict.fromkeys(
                here, "here"
            ):
                yield f"#{number}: people are {severa[number]} in Severa and {google} in Google"
            continue
        google |= {organizer: "here"}
        mine = severa[number] | {organizer: "here"}
        if {**google, **dict.fromkeys(_owners(severa[number]), "here")} != mine:
            yield f"#{number}: people are {mine} in Severa and {google} in Google"


def _owners(people: dict[str, str]) -> list[str]:
    return [email for email, answer in people.items() if answer == "here"]


def _participants(town: Town, row: dict[str, Any]) -> dict[str, str]:
    seats = town.sandbox.severa.participants(row["guid"])
    return {seat["email"]: SEVERA_SAYS.get(seat["status"], "needsAction") for seat in seats}


def _attendees(event: dict[str, Any]) -> dict[str, str]:
    rows = (row for row in event.get("attendees", ()) if row["email"] not in OUTSIDERS)
    return {row["email"]: row["responseStatus"] for row in rows}


def _organized(town: Town) -> Iterator[dict[str, Any]]:
    """Return each event once, as its organizer has it."""
    calendars = [*map(town.events, town.people), town.sandbox.google.events(HOST)]
    for events in calendars:
        yield from (e for e in events if e.get("organizer", {}).get("self"))


def oldest_look(users: list[dict[str, Any]], now: datetime) -> timedelta:
    """Return how long ago the user was looked at whom nobody has looked at longest."""
    looks = [
        datetime.fromisoformat(row["lastSyncedAt"])
        for row in users
        if row["enabled"] and row["lastSyncedAt"]
    ]
    return max((now - look for look in looks), default=timedelta())
