"""The company's people, what they do by hand on both sides, and what both calendars show them."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from daemon.sandbox.server import Sandbox
from tests.e2e.calendars import activity_shown, event_shown, midnight, unlike


@dataclass
class World:
    """A company on both sides; people are added with `person`."""

    sandbox: Sandbox
    types: dict[str, str] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)
    zones: dict[str, str] = field(default_factory=dict)
    midnight: datetime = field(init=False)
    """Of the day on which the test began, so that it may run into the next."""

    def __post_init__(self) -> None:
        now = self.sandbox.clock().astimezone(UTC)
        self.midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)

    def person(self, first: str, *, google: bool = True, **user: Any) -> str:
        email = email_of(first)
        user.setdefault("last_login", self.sandbox.clock())
        self.zones[first] = user.setdefault("zone", "Europe/Helsinki")
        self.people[first] = self.sandbox.severa.add_user(first, "Test", email, **user)
        if google:
            self.sandbox.google.add_user(email, zone=user["zone"])
        return email

    # What both calendars show

    def events(self, person: str) -> list[dict[str, Any]]:
        return self.sandbox.google.events(email_of(person))

    def activities(self, person: str) -> list[dict[str, Any]]:
        return self.sandbox.severa.activities(self.people[person])

    def subjects(self, person: str) -> list[str]:
        return sorted(event.get("summary", "") for event in self.events(person))

    def names(self, person: str) -> list[str]:
        return sorted(activity["name"] for activity in self.activities(person))

    def unlike(self, person: str, **exceptions: Any) -> list[str]:
        """Return in words what differs between a person's calendars; see `calendars.unlike`."""
        zone = self.zones[person]
        return unlike(
            [activity_shown(activity, zone) for activity in self.activities(person)],
            [event_shown(event) for event in self.events(person)],
            **exceptions,
        )

    # What people do by hand

    def at(self, days: float, hours: float = 0) -> datetime:
        """Return an instant: so many days from today's midnight, and hours (UTC)."""
        return self.midnight + timedelta(days=days, hours=hours)

    def add_event(
        self, person: str, summary: str, start: datetime, hours: float = 1, **more: Any
    ) -> str:
        body = {"summary": summary, **_span(start, hours)} | more
        return str(self.sandbox.google.person_add(email_of(person), body)["id"])

    def add_day_event(
        self, person: str, summary: str, first: date, days: int = 1, **more: Any
    ) -> str:
        body = {"summary": summary, **_days(first, days)} | more
        return str(self.sandbox.google.person_add(email_of(person), body)["id"])

    def add_activity(
        self,
        person: str,
        name: str,
        start: datetime,
        hours: float = 1,
        kind: str = "Meeting",
        **more: Any,
    ) -> str:
        fields = {
            "name": name, "startDateTime": start, "endDateTime": start + timedelta(hours=hours),
            "hasDuration": True, "activityType": self.types[kind],
        } | more  # fmt: skip
        return str(self.sandbox.severa.person_add(self.people[person], **fields)["guid"])

    def add_day_activity(
        self, person: str, name: str, first: date, days: int = 1, **more: Any
    ) -> str:
        start, end = self._whole_days(person, first, days)
        return self.add_activity(
            person, name, start, **{"endDateTime": end, "isAllDay": True, **more}
        )

    def edit_event(self, person: str, event_id: str, **changes: Any) -> None:
        self.sandbox.google.person_patch(email_of(person), event_id, changes)

    def move_event(self, person: str, event_id: str, start: datetime, hours: float = 1) -> None:
        span = _span(start, hours)
        for point in span.values():
            point["date"] = None
        self.edit_event(person, event_id, **span)

    def move_event_to_days(self, person: str, event_id: str, first: date, days: int = 1) -> None:
        span = _days(first, days)
        for point in span.values():
            point |= {"dateTime": None, "timeZone": None}
        self.edit_event(person, event_id, **span)

    def delete_event(self, person: str, event_id: str) -> None:
        self.sandbox.google.person_delete(email_of(person), event_id)

    def edit_activity(self, person: str, guid: str, **changes: Any) -> None:
        self.sandbox.severa.person_patch(self.people[person], guid, **changes)

    def move_activity(self, person: str, guid: str, start: datetime, hours: float = 1) -> None:
        end = start + timedelta(hours=hours)
        self.edit_activity(person, guid, startDateTime=start, endDateTime=end, isAllDay=False)

    def move_activity_to_days(self, person: str, guid: str, first: date, days: int = 1) -> None:
        start, end = self._whole_days(person, first, days)
        self.edit_activity(person, guid, startDateTime=start, endDateTime=end, isAllDay=True)

    def _whole_days(self, person: str, first: date, days: int) -> tuple[datetime, datetime]:
        """Return start and end as Severa's own pages would send them (Q1)."""
        zone = self.zones[person]
        start, end = midnight(first, zone), midnight(first + timedelta(days=days), zone)
        is_inclusive = self.sandbox.severa.switches.all_day_end == "inclusive"
        return start, end - timedelta(seconds=is_inclusive)

    def delete_activity(self, person: str, guid: str) -> None:
        self.sandbox.severa.person_delete(self.people[person], guid)

    def event_named(self, person: str, summary: str) -> dict[str, Any]:
        return next(event for event in self.events(person) if event.get("summary") == summary)

    def activity_named(self, person: str, name: str) -> dict[str, Any]:
        return next(one for one in self.activities(person) if one["name"] == name)


def email_of(person: str) -> str:
    return f"{person.lower()}@example.com"


def _span(start: datetime, hours: float) -> dict[str, dict[str, Any]]:
    end = start + timedelta(hours=hours)
    return {"start": {"dateTime": start.isoformat()}, "end": {"dateTime": end.isoformat()}}


def _days(first: date, days: int) -> dict[str, dict[str, Any]]:
    until = first + timedelta(days=days)
    return {"start": {"date": first.isoformat()}, "end": {"date": until.isoformat()}}
