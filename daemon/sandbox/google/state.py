"""The sandbox Google's whole state, and what clients and people do to it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

from daemon.sandbox.google import errors, importing, listing, meetings, series, writing
from daemon.sandbox.google import query as queries
from daemon.sandbox.google.access import View, view_of
from daemon.sandbox.google.calendars import Calendar, Copy, etag
from daemon.sandbox.google.channels import Channel
from daemon.sandbox.google.fields import WRITABLE, merged
from daemon.sandbox.google.resource import Lens, shown
from daemon.sandbox.google.world import CALENDAR_SCOPE, GoogleWorld

__all__ = ["CALENDAR_SCOPE", "Event", "GoogleState"]

Event = dict[str, Any]
Parameters = Mapping[str, Sequence[str]]


class GoogleState(GoogleWorld):
    """What clients and people do; ``email`` names a calendar, ``by`` who acts if not its owner."""

    # What a client does; refusals are ``ApiError``.

    def calendar(self, email: str, by: str = "") -> Calendar:
        """Return a calendar that a user may see; refuse one who has no Calendar at all."""
        return self._opened(email, by, is_blind=False)[0]

    def list_events(
        self,
        email: str,
        parameters: Parameters,
        *,
        by: str = "",
        is_blind: bool = False,
        page_max: int | None = None,
    ) -> dict[str, Any]:
        """Answer events.list; with ``is_blind`` (a token for busy times only) details are hidden."""
        return listing.listed(self._desk(email, by, is_blind, page_max), parameters)

    def list_instances(
        self,
        email: str,
        event_id: str,
        parameters: Parameters,
        *,
        by: str = "",
        is_blind: bool = False,
        page_max: int | None = None,
    ) -> dict[str, Any]:
        """Answer events.instances."""
        desk = self._desk(email, by, is_blind, page_max)
        copy = self._calendars.found(email, event_id)
        if meetings.is_cancelled(copy) and not queries.flag(parameters, "showDeleted"):
            raise errors.deleted()
        return listing.instances(desk, copy, parameters)

    def get(
        self,
        email: str,
        event_id: str,
        *,
        by: str = "",
        is_blind: bool = False,
        parameters: Parameters | None = None,
    ) -> Event:
        """Answer events.get; a deleted event is shown with status cancelled."""
        calendar, view = self._opened(email, by, is_blind=is_blind)
        copy = self._found(calendar, event_id)
        return shown(copy, calendar, self._lens(view, calendar, parameters or {}))

    def insert(
        self, email: str, body: Any, *, by: str = "", parameters: Parameters | None = None
    ) -> Event:
        """Answer events.insert."""
        calendar, view = self._writable(email, by, body)
        self._use(view.user, body, [], creates=1)
        copy = writing.insert(self._calendars, calendar, body, creator=view.user, by_google=False)
        return self._written(copy, calendar, view, parameters)

    def import_event(
        self, email: str, body: Any, *, by: str = "", parameters: Parameters | None = None
    ) -> Event:
        """Answer events.import: made, or replaced whole where its iCalUID is known."""
        calendar, view = self._writable(email, by, body)
        self._use(view.user, body, [], creates=1)
        copy = importing.imported(self._calendars, calendar, body, creator=view.user)
        return self._written(copy, calendar, view, parameters)

    def patch(
        self,
        email: str,
        event_id: str,
        changes: Any,
        *,
        if_match: str | None = None,
        by: str = "",
        parameters: Parameters | None = None,
    ) -> Event:
        """Answer events.patch: objects merge, null clears, arrays are replaced."""
        calendar, view = self._writable(email, by, changes)
        copy = self._held(calendar, view, event_id, if_match)
        self._use(view.user, changes, copy.get("attendees", []))
        known = {k: v for k, v in changes.items() if k in WRITABLE}
        body = merged(writing.writable(copy), known)
        with self._kept(calendar, copy) as own:
            writing.replace(self._calendars, calendar, own, body)
        return self._written(own, calendar, view, parameters)

    def update(
        self,
        email: str,
        event_id: str,
        body: Any,
        *,
        if_match: str | None = None,
        untouched: Sequence[str] = (),
        by: str = "",
        parameters: Parameters | None = None,
    ) -> Event:
        """Answer events.update: what the body lacks is cleared, but for the ``untouched`` fields."""
        calendar, view = self._writable(email, by, body)
        copy = self._held(calendar, view, event_id, if_match)
        self._use(view.user, body, copy.get("attendees", []))
        kept = {k: copy[k] for k in (*untouched, "eventType") if k in copy and k not in body}
        with self._kept(calendar, copy) as own:
            writing.replace(self._calendars, calendar, own, {**body, **kept})
        return self._written(own, calendar, view, parameters)

    def delete(
        self, email: str, event_id: str, *, if_match: str | None = None, by: str = ""
    ) -> None:
        """Answer events.delete; of an occurrence, a cancelled exception stays."""
        calendar, view = self._opened(email, by, is_blind=False)
        if meetings.is_cancelled(self._found(calendar, event_id)):
            raise errors.deleted()
        with self._kept(calendar, self._held(calendar, view, event_id, if_match)) as own:
            meetings.remove(self._calendars, calendar, own)
        self._tell()

    def watch(self, email: str, body: Any, *, by: str, client: str, uri: str) -> Channel:
        """Answer events.watch with a new channel."""
        calendar, view = self._opened(email, by, is_blind=False)
        now = self._calendars.now_ms()
        channel = self.channels.opened(calendar, body, view.user, client, uri, self.switches, now)
        self._tell()
        return channel

    def stop(self, body: Any, *, by: str, client: str) -> None:
        """Answer channels.stop."""
        self.channels.stop(body, by, client, self._calendars.now_ms())
        self._tell()

    # What a person does by hand in Google's own pages; refusals are the same.

    def person_add(self, email: str, body: Event, *, is_legacy: bool = False) -> Event:
        """Add an event by hand, of any type (Google makes some types by itself).

        One that ``is_legacy`` was made when Google still took events that last no time or less.
        """
        calendar, view = self._writable(email, "", body)
        copy = writing.insert(
            self._calendars, calendar, body, creator=email, by_google=True, is_legacy=is_legacy
        )
        return self._written(copy, calendar, view, None)

    def google_add(self, calendar_id: str, body: Event) -> Event:
        """Let Google put an event on a calendar that it fills, as a holiday."""
        calendar = self._calendars.get(calendar_id)
        assert calendar is not None, "The calendar was added before."
        copy = writing.insert(self._calendars, calendar, body, creator=calendar_id, by_google=True)
        return self._written(copy, calendar, View(calendar_id, "owner"), None)

    def person_patch(self, email: str, event_id: str, changes: Event) -> Event:
        """Change fields of an event by hand; ``attendees`` is how a guest answers."""
        return self.patch(email, event_id, changes)

    def person_delete(self, email: str, event_id: str) -> None:
        """Delete an event by hand."""
        self.delete(email, event_id)

    def person_answers(self, email: str, organizer: str, event_id: str, answer: str) -> None:
        """Answer an invitation from its mail, also where it is not in the guest's calendar yet."""
        copy = self._calendars.found(organizer, event_id)
        row = meetings.row_of(copy, email)
        assert row is not None, "Who answers was asked."
        row["responseStatus"] = answer
        home = self._calendars.get(organizer)
        assert home is not None, "Where an event is, there is a calendar."
        self._calendars.touch(home, copy)
        meetings.propagate(self._calendars, copy, set())
        self._tell()

    def person_splits(self, email: str, series_id: str, event_id: str) -> Event:
        """Change "this and following" of a series by hand: it is cut in two at an occurrence."""
        calendar, view = self._opened(email, "", is_blind=False)
        copy = self._calendars.found(email, series_id)
        original = self._found(calendar, event_id)["originalStartTime"]
        start = original.get("date") or original["dateTime"]
        return self._written(series.split(self._calendars, calendar, copy, start), calendar, view)

    def events(self, email: str) -> list[Event]:
        """Return the living events on a user's calendar, oldest first."""
        self.deliver()
        calendar = self._calendars.get(email)
        living = [] if calendar is None else calendar.events.values()
        return [
            shown(copy, calendar, Lens(self.switches))
            for copy in sorted(living, key=lambda one: (one["created"], one["id"]))
            if calendar is not None and not meetings.is_cancelled(copy)
        ]

    def event(self, email: str, event_id: str) -> Event:
        """Return one event on a user's calendar, deleted or not."""
        self.deliver()
        calendar = self._calendars.open(email, "UTC")
        return shown(self._found(calendar, event_id), calendar, Lens(self.switches))

    # Shared by those above.

    def _opened(self, email: str, by: str, *, is_blind: bool) -> tuple[Calendar, View]:
        self.deliver()
        user = self.accounts.users.get(by or email)
        calendar = self._calendars.get(email)
        if user is not None and (user.suspended or not user.calendar):
            raise errors.not_a_calendar_user()
        if calendar is None:
            raise errors.not_a_calendar_user() if (by or email) == email else errors.not_found()
        return calendar, view_of(calendar, by or email, is_blind=is_blind)

    def _writable(self, email: str, by: str, body: Any) -> tuple[Calendar, View]:
        calendar, view = self._opened(email, by, is_blind=False)
        if not isinstance(body, dict):
            raise errors.bad_request()
        view.check_write()
        if body.get("attendees") and view.user in self.accounts.service_accounts:
            raise errors.for_service_account()
        return calendar, view

    def _found(self, calendar: Calendar, event_id: str) -> Copy:
        """Return a copy that is kept, or an occurrence that nobody changed yet."""
        if event_id in calendar.events:
            return calendar.events[event_id]
        found = series.occurrence(calendar, event_id)
        if found is None:
            raise errors.not_found()
        return found

    def _held(self, calendar: Calendar, view: View, event_id: str, if_match: str | None) -> Copy:
        copy = self._found(calendar, event_id)
        view.check_write(copy)
        tags = [tag.strip() for tag in (if_match or "*").split(",")]
        if "*" not in tags and etag(copy) not in tags:
            raise errors.condition_not_met()
        return copy

    @contextmanager
    def _kept(self, calendar: Calendar, copy: Copy) -> Iterator[Copy]:
        """Give the copy itself to change; an occurrence becomes an exception, if nothing is refused.

        What a guest does to an occurrence needs the organizer's exception too, to answer there.
        """
        made: list[Calendar] = []
        home = self._calendars.get(copy["organizer"])
        for one in (home, calendar):
            if one is not None and copy["id"] not in one.events:
                found = series.occurrence(one, copy["id"])
                if found is not None:
                    self._calendars.add(one, deepcopy(found))
                    made.append(one)
        try:
            yield calendar.events[copy["id"]]
        except errors.ApiError:
            for one in made:
                del one.events[copy["id"]]
            raise

    def _use(
        self, user: str, body: Event, before: list[dict[str, Any]], *, creates: int = 0
    ) -> None:
        known = {row["email"] for row in before}
        company = user.rpartition("@")[2]
        rows = body.get("attendees")
        addresses = {
            str(row.get("email", "")).lower()
            for row in (rows if isinstance(rows, list) else [])
            if isinstance(row, dict)
        }
        outside = {one for one in addresses - known if one.rpartition("@")[2] != company}
        now = self.clock()
        self.quota.use(self.limits, user, creates=creates, invites=len(outside), now=now)

    def _lens(self, view: View, calendar: Calendar, parameters: Parameters) -> Lens:
        zone = queries.zone(parameters, calendar.zone)
        guests_max = queries.number(parameters, "maxAttendees")
        return Lens(self.switches, view, zone, guests_max)

    def _desk(self, email: str, by: str, is_blind: bool, page_max: int | None) -> listing.Desk:
        calendar, view = self._opened(email, by, is_blind=is_blind)
        generation = self._generation + calendar.generation
        return listing.Desk(calendar, view, self.switches, generation, self.clock(), page_max)

    def _written(
        self, copy: Copy, calendar: Calendar, view: View, parameters: Parameters | None = None
    ) -> Event:
        self._tell()
        return shown(copy, calendar, self._lens(view, calendar, parameters or {}))
