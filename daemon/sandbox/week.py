"""What three people have in their calendars in one week: some on both sides, some on one only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

OLD = -40
"""A day so long before the week that a first sync leaves it out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One entry: `day` counts from Monday, times are the person's local ones, `more` is Google's.

    Without a start it lasts all day, `days` of them; without an end it is a point in time. `guests`
    are the first names of the colleagues who are asked.
    """

    name: str | None
    day: int
    start: str | None = None
    end: str | None = None
    days: int = 1
    kind: str = "Meeting"
    location: str | None = None
    notes: str | None = None
    guests: tuple[str, ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """A person's entries: the same in both calendars, in Severa only, in Google only."""

    both: tuple[Plan, ...]
    severa: tuple[Plan, ...]
    google: tuple[Plan, ...]


_PRIVATE = {"visibility": "private"}


def _working_at_home() -> dict[str, Any]:
    return {
        "eventType": "workingLocation",
        "visibility": "public",
        "transparency": "transparent",
        "workingLocationProperties": {"type": "homeOffice", "homeOffice": {}},
    }


ANNA = Week(
    both=(
        Plan(name="Sales meeting", day=0, start="09:00", end="10:00", location="Meeting room 1"),
        Plan(name="Offer review: Nordwind", day=1, start="13:00", end="14:30"),
        Plan(
            name="Lunch with Fjordtech", day=2, start="11:30", end="12:30", location="Café Ursula"
        ),
        Plan(name="Trade fair in Tampere", day=3, days=2, kind="Travel", location="Tampere"),
    ),
    severa=(
        Plan(
            name="Kick-off: Nordwind",
            day=1,
            start="10:00",
            end="11:30",
            location="Meeting room 2",
            notes="Goals, schedule, who does what.",
        ),
        Plan(name="Call Fjordtech about the contract", day=2, start="09:00", kind="To-do"),
        Plan(name="Write the offer", day=2, start="14:00", end="16:00", kind="Project task"),
        Plan(name="Customer visit in Turku", day=1, kind="Travel", location="Turku"),
        Plan(
            name="Product council",
            day=1,
            start="15:30",
            end="16:30",
            guests=("Ben", "Clara"),
        ),
        Plan(name="Dentist", day=4, start="08:15", end="09:00", kind="Personal"),
        Plan(name="Autumn planning", day=OLD, start="09:00", end="12:00"),
    ),
    google=(
        Plan(name="Physiotherapist", day=0, start="16:30", end="17:15", more=_PRIVATE),
        Plan(name=None, day=2, start="17:00", end="18:00"),
        Plan(name="School holiday", day=4, days=3),
        Plan(name="Home", day=0, more=_working_at_home()),
        Plan(
            name="Demo for Solberg",
            day=3,
            start="15:00",
            end="16:00",
            location="https://meet.example.com/solberg",
            notes="<p>Agenda:</p><ul><li>Resourcing</li><li><b>Invoicing</b></li></ul>",
        ),
        Plan(name="Old team day", day=OLD, days=1),
    ),
)

BEN = Week(
    both=(
        Plan(name="Sales meeting", day=0, start="09:00", end="10:00", location="Meeting room 1"),
        Plan(name="Sprint planning", day=0, start="13:00", end="15:00"),
        Plan(name="One to one with Anna", day=3, start="10:00", end="10:30"),
        Plan(name="Training: first aid", day=4, location="Espoo"),
    ),
    severa=(
        Plan(name="Architecture workshop", day=1, start="09:00", end="12:00", location="Lab"),
        Plan(name="Order new laptops", day=1, start="15:00", kind="To-do"),
        Plan(name="Migrate the invoices", day=2, start="08:30", end="15:30", kind="Project task"),
        Plan(name="Installation in Vaasa", day=3, kind="Travel", location="Vaasa"),
        Plan(name="Winter holiday", day=7, days=5, kind="Vacation"),
        Plan(name="Go-live rehearsal", day=OLD, start="12:00", end="16:00"),
    ),
    google=(
        Plan(name="Choir", day=1, start="18:00", end="20:00", more=_PRIVATE),
        Plan(name=None, day=4, start="12:00", end="12:45"),
        Plan(name="Parents visiting", day=5, days=2),
        Plan(name="Design review", day=3, start="13:00", end="14:00", guests=("Anna",)),
        Plan(name="Home", day=2, more=_working_at_home()),
        Plan(
            name="Code review",
            day=2,
            start="16:00",
            end="16:45",
            notes="Branch <code>invoices</code>, see <a href='https://example.com/1'>the list</a>",
        ),
        Plan(name="Old retrospective", day=OLD, start="14:00", end="15:00"),
    ),
)

CLARA = Week(
    both=(
        Plan(name="Sales meeting", day=0, start="08:00", end="09:00", location="Online"),
        Plan(name="Budget follow-up", day=1, start="14:00", end="15:00"),
        Plan(name="Interview: consultant", day=2, start="10:00", end="11:00"),
        Plan(name="Board meeting", day=4, start="12:00", end="16:00", location="Oslo"),
    ),
    severa=(
        Plan(name="Steering group: Solberg", day=1, start="09:00", end="10:30", notes="Phase 2"),
        Plan(name="Send the invoices", day=4, start="09:00", kind="To-do"),
        Plan(name="Close the quarter", day=3, start="08:00", end="12:00", kind="Project task"),
        Plan(name="Oslo to Helsinki", day=2, kind="Travel", days=2),
        Plan(name="Parents' evening", day=1, start="17:30", end="19:00", kind="Personal"),
        Plan(name="Old audit", day=OLD, start="09:00", end="15:00"),
    ),
    google=(
        Plan(name="Doctor", day=3, start="13:00", end="13:30", more=_PRIVATE),
        Plan(name=None, day=0, start="11:00", end="11:30"),
        Plan(name="Moving house", day=5),
        Plan(name="Home", day=3, more=_working_at_home()),
        Plan(
            name="Coffee with the auditors",
            day=0,
            start="14:00",
            end="14:30",
            notes="Bring the <i>signed</i> reports.<br>Room to be told.",
        ),
        Plan(name="Old ski trip", day=OLD, days=2),
    ),
)
