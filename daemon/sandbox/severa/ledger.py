"""The calendar of the sandbox Severa: activities, who takes part, and what may be done to them."""

from dataclasses import replace
from datetime import datetime, timedelta

from daemon.sandbox.severa.calendar import Calendar
from daemon.sandbox.severa.errors import SeveraError, forbidden_operation, invalid, not_found
from daemon.sandbox.severa.fields import require_lengths, settled
from daemon.sandbox.severa.model import STATUSES, Activity, Json, Participant

REPEATED_WITHIN = timedelta(minutes=1)


class Ledger(Calendar):
    """All activities and participations; a change refuses with `SeveraError` what Severa would."""

    def create(self, attributes: Json, *, author: str) -> Activity:
        """Add an activity with these attributes of `Activity`."""
        self._check_choice(None, attributes)
        is_plain_point = not attributes.get("is_all_day") and attributes.get("end") is None
        row = Activity(
            **{
                "has_duration": not is_plain_point,
                "recurrence_type": "Series" if attributes.get("recurrence") else "None",
                **attributes,
                "guid": self.new_guid(),
                "created": self.clock(),
                "created_by": author,
            }
        )
        row = self._settled(row, attributes)
        self.rows[row.guid] = row
        self._list_owner(row, None)
        self.tell()
        return row

    def repeated(self, attributes: Json, *, author: str) -> Activity | None:
        """Return what this author made a moment ago of the same attributes, where the switch has Severa know that."""
        if self.switches.repeated_post == "doubles":
            return None
        since = self.clock() - REPEATED_WITHIN
        for row in self.rows.values():
            is_equal = all(getattr(row, name) == value for name, value in attributes.items())
            if is_equal and row.created_by == author and row.created >= since:
                return row
        return None

    def change(self, guid: str, attributes: Json, *, author: str) -> Activity:
        """Change these attributes of an activity; an occurrence becomes an exception."""
        before = self.find(guid)
        self._check_choice(before, attributes)
        if "recurrence" in attributes:
            attributes = {**attributes, **self._ruled(before, attributes["recurrence"])}
        row = replace(self._writable(before, author), **attributes)
        if set(attributes) != {"has_hours"} or self.switches.hours_stamp:
            row = replace(row, updated=self.clock(), updated_by=author)
        row = self._settled(row, attributes)
        if before.recurrence_type == "Series" and row.recurrence_type == "None":
            self._remove_exceptions(before)
        self._keep(row, before)
        self._list_owner(row, before.owner_guid)
        self.tell()
        return row

    def remove(self, guid: str) -> None:
        """Delete an activity for good, a series with all that belongs to it; one with hours booked stays."""
        row = self.find(guid)
        if row.has_hours and self.switches.hours_keep:
            raise forbidden_operation("An activity with work hours cannot be deleted.")
        if row.recurrence_type == "Occurrence":
            self._refuse_occurrence()
        if row.recurrence_type == "Series":
            self._remove_exceptions(row, is_refusable=self.switches.exceptions_keep)
        if row.original is not None and row.parent_guid in self.rows:
            self._cancel(row.parent_guid, row.original)
        self._drop(row)
        self.tell()

    def reset_exceptions(self, guid: str) -> None:
        """Let a series be as its rule says again; SeveraError 404 if it is none."""
        series = self.row(guid)
        if series.recurrence_type != "Series":
            raise not_found("The recurring activity")
        self._remove_exceptions(series)
        kept = () if self.switches.reset_restores == "all" else series.cancelled
        self.rows[guid] = replace(series, cancelled=kept, updated=self.clock())
        self.tell()

    def invite(
        self,
        guid: str,
        participant_guid: str,
        *,
        author: str,
        kind: str | None = None,
        status: str | None = None,
    ) -> Participant:
        """Add a user, contact or resource to an activity; only users take a status."""
        activity = self._for_participants(guid)
        actual = self._kind_of(participant_guid)
        if kind is None and self.switches.participant_type == "required":
            raise invalid("type", "type is required.")
        if kind not in (None, actual):
            raise invalid("type", f"The participant is of type {actual}.")
        for each in self.seats(activity):
            if each.participant_guid == participant_guid and not self._may_double(each):
                return each
        activity = self._kept(activity, author)
        row = Participant(
            guid=self.new_guid(),
            activity_guid=activity.guid,
            participant_guid=participant_guid,
            status=(status or "Invited") if actual == "User" else "Unknown",
        )
        self.participations.put(row)
        self._stamp_for_participants(activity.guid, author)
        return row

    def uninvite(self, guid: str, participation_guid: str, *, author: str) -> None:
        """Take a participant, named by the guid of its row, out of an activity; an occurrence becomes an exception."""
        activity = self.find(guid)
        row = self.participations.get(participation_guid)
        if row not in self.seats(activity):
            raise not_found("The participant")
        if self.switches.owner_is_listed and row.participant_guid == activity.owner_guid:
            raise forbidden_operation("The owner cannot be taken out.")
        kept = self._kept(activity, author)
        if kept is not activity:
            # What was an occurrence has rows of its own now, so its copy of this one is meant.
            copies = [seat for seat in self.seats(kept) if _is_of_same(seat, row)]
            row = copies[0]
        self.participations.remove(row)
        self._stamp_for_participants(kept.guid, author)

    def answer(self, participation_guid: str, status: str, *, author: str) -> Participant:
        """Change a participant's status."""
        row = self.participations.get(participation_guid)
        if status not in STATUSES:
            raise invalid("status", f"status must be one of {', '.join(STATUSES)}.")
        row = replace(row, status=status)
        self.participations.put(row)
        self._stamp_for_participants(row.activity_guid, author)
        return row

    def _check_choice(self, before: Activity | None, attributes: Json) -> None:
        """Refuse an owner or a type that may not be chosen; what stays is not looked at."""
        require_lengths(attributes, self.switches)
        owner, kind = attributes.get("owner_guid"), attributes.get("type_guid")
        if before is not None:
            owner = None if owner == before.owner_guid else owner
            kind = None if kind == before.type_guid else kind
        if owner is not None and not self._may_own(owner):
            raise invalid("ownerUser", "There is no such active user.")
        if kind is not None and (kind not in self.types or not self.types[kind].is_active):
            raise invalid("activityType", "There is no such active activity type.")
        if before is not None and kind is not None:
            self._check_category(before.type_guid, kind)

    def _may_own(self, owner: str) -> bool:
        user = self.users.get(owner)
        return user is not None and (user.is_active or self.switches.inactive_may_own)

    def _check_category(self, before: str, after: str) -> None:
        is_same = self.types[before].category == self.types[after].category
        if not is_same and not self.switches.category_may_change:
            raise forbidden_operation("The category of an activity cannot be changed.")

    def _settled(self, row: Activity, attributes: Json) -> Activity:
        zone = self.zone_of(row.owner_guid)
        inclusive = self.switches.all_day_end == "inclusive"
        row = settled(row, zone=zone, inclusive=inclusive, touched=attributes)
        is_creators = self.switches.unassigned_owner == "creator" and row.created_by in self.users
        if row.is_unassigned and is_creators:
            row = replace(row, owner_guid=row.created_by)
        return row

    def _ruled(self, before: Activity, recurrence: Json | None) -> Json:
        """Return what follows from another rule, or from none any more."""
        if before.parent_guid is not None:
            raise forbidden_operation("What belongs to a series has no rule of its own.")
        return {"recurrence_type": "Series" if recurrence else "None", "cancelled": ()}

    def _writable(self, activity: Activity, author: str) -> Activity:
        """Return an activity that can be kept: an occurrence as the exception that a write makes of it."""
        if activity.recurrence_type != "Occurrence":
            return activity
        self._refuse_occurrence()
        return self._excepted(activity, author)

    def _excepted(self, occurrence: Activity, author: str) -> Activity:
        has_own_guid = self.switches.occurrence_write == "same-guid"
        return replace(
            occurrence,
            guid=occurrence.guid if has_own_guid else self.new_guid(),
            recurrence_type="Exception",
            created=self.clock(),
            created_by=author,
            updated=None,
            updated_by=None,
        )

    def _refuse_occurrence(self) -> None:
        if self.switches.occurrence_write == "refused":
            raise forbidden_operation("An occurrence cannot be changed alone.")

    def _keep(self, row: Activity, before: Activity) -> None:
        """Keep a row; one that was an occurrence until now takes the participants of its series along."""
        self.rows[row.guid] = row
        if before.recurrence_type != "Occurrence":
            return
        for seat in self.seats(before):
            own = replace(seat, guid=self.new_guid(), activity_guid=row.guid)
            self.participations.put(own)

    def _kept(self, activity: Activity, author: str) -> Activity:
        """Return an activity that is in `rows`, an occurrence as the exception that is made of it."""
        if activity.recurrence_type != "Occurrence":
            return activity
        row = self._excepted(activity, author)
        self._keep(row, activity)
        return row

    def _drop(self, row: Activity) -> None:
        self.rows.pop(row.guid, None)
        for seat in self.participations.of(row.guid):
            self.participations.remove(seat)

    def _cancel(self, series_guid: str, start: datetime) -> None:
        series = self.rows[series_guid]
        cancelled = tuple(sorted({*series.cancelled, start}))
        self.rows[series_guid] = replace(series, cancelled=cancelled, updated=self.clock())

    def _remove_exceptions(self, series: Activity, *, is_refusable: bool = False) -> None:
        exceptions = self.exceptions(series)
        if is_refusable and (exceptions or series.cancelled):
            raise forbidden_operation("A series that has exceptions cannot be deleted.")
        for row in exceptions:
            self._drop(row)

    def _for_participants(self, guid: str) -> Activity:
        try:
            return self.find(guid)
        except SeveraError:
            raise invalid("activityGuid", "There is no such activity.") from None

    def _may_double(self, seat: Participant) -> bool:
        """Tell whether somebody who takes part gets a second row; SeveraError where that is refused."""
        if self.switches.duplicate_participant == "refused":
            raise invalid("participantGuid", "Takes part in the activity already.")
        return self.switches.duplicate_participant == "doubled"

    def _list_owner(self, row: Activity, former: str | None) -> None:
        """Keep the owner's own row among the participants, where the switch wants one."""
        if not self.switches.owner_is_listed or former == row.owner_guid:
            return
        for each in self.participations.of(row.guid):
            if each.participant_guid in (former, row.owner_guid):
                self.participations.remove(each)
        own = Participant(
            guid=self.new_guid(),
            activity_guid=row.guid,
            participant_guid=row.owner_guid,
            status="Accepted",
        )
        self.participations.put(own)

    def _kind_of(self, participant_guid: str) -> str:
        if participant_guid in self.guests:
            return self.guests[participant_guid].kind
        if participant_guid in self.users and self.users[participant_guid].is_active:
            return "User"
        raise invalid("participantGuid", "There is no such active user, contact or resource.")

    def _stamp_for_participants(self, guid: str, author: str) -> None:
        if self.switches.participants_stamp:
            self.rows[guid] = replace(self.rows[guid], updated=self.clock(), updated_by=author)
        self.tell()


def _is_of_same(seat: Participant, other: Participant) -> bool:
    return seat.participant_guid == other.participant_guid
