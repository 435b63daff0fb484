"""The calendar of the sandbox Severa: activities, who takes part, and what may be done to them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from daemon.sandbox.severa.company import DEFAULT, Company
from daemon.sandbox.severa.errors import forbidden_operation, invalid, not_found
from daemon.sandbox.severa.fields import settled
from daemon.sandbox.severa.model import STATUSES, Activity, Json, Participant, Switches
from daemon.sandbox.severa.participations import Participations
from daemon.sandbox.severa.times import utc_now


class Ledger(Company):
    """All activities and participations; a change refuses with `SeveraError` what Severa would."""

    def __init__(
        self,
        *,
        clock: Callable[[], datetime] = utc_now,
        switches: Switches = DEFAULT,
        new_guid: Callable[[], str] = lambda: str(uuid4()),
    ) -> None:
        super().__init__(clock=clock, switches=switches, new_guid=new_guid)
        self.rows: dict[str, Activity] = {}
        self.participations = Participations()

    def row(self, guid: str) -> Activity:
        """Return an activity as it is kept; SeveraError 404 if there is none."""
        if guid not in self.rows:
            raise not_found("The activity")
        return self.rows[guid]

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

    def change(self, guid: str, attributes: Json, *, author: str) -> Activity:
        """Change these attributes of an activity."""
        before = self.row(guid)
        self._check_choice(before, attributes)
        row = replace(before, **attributes, updated=self.clock(), updated_by=author)
        row = self._settled(row, attributes)
        self.rows[guid] = row
        self._list_owner(row, before.owner_guid)
        self.tell()
        return row

    def remove(self, guid: str) -> None:
        """Delete an activity for good; one with hours booked stays."""
        if self.row(guid).has_hours:
            raise forbidden_operation("An activity with work hours cannot be deleted.")
        del self.rows[guid]
        for row in self.participations.of(guid):
            self.participations.remove(row)
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
        if guid not in self.rows:
            raise invalid("activityGuid", "There is no such activity.")
        actual = self._kind_of(participant_guid)
        if kind not in (None, actual):
            raise invalid("type", f"The participant is of type {actual}.")
        if participant_guid in self.participations.members(guid):
            raise invalid("participantGuid", "Takes part in the activity already.")
        row = Participant(
            guid=self.new_guid(),
            activity_guid=guid,
            participant_guid=participant_guid,
            status=(status or "Invited") if actual == "User" else "Unknown",
        )
        self.participations.put(row)
        self._stamp_for_participants(guid, author)
        return row

    def uninvite(self, guid: str, participation_guid: str, *, author: str) -> None:
        """Take a participant, named by the guid of its row, out of an activity."""
        row = self.participations.get(participation_guid)
        if row.activity_guid != guid:
            raise not_found("The participant")
        if self.switches.owner_is_listed and row.participant_guid == self.row(guid).owner_guid:
            raise forbidden_operation("The owner cannot be taken out.")
        self.participations.remove(row)
        self._stamp_for_participants(guid, author)

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
        owner, kind = attributes.get("owner_guid"), attributes.get("type_guid")
        if before is not None:
            owner = None if owner == before.owner_guid else owner
            kind = None if kind == before.type_guid else kind
            if "recurrence" in attributes:
                raise forbidden_operation("The recurrence of an activity cannot be changed.")
        if owner is not None and (owner not in self.users or not self.users[owner].is_active):
            raise invalid("ownerUser", "There is no such active user.")
        if kind is not None and (kind not in self.types or not self.types[kind].is_active):
            raise invalid("activityType", "There is no such active activity type.")
        if before is not None and kind is not None:
            self._check_category(before.type_guid, kind)

    def _check_category(self, before: str, after: str) -> None:
        is_same = self.types[before].category == self.types[after].category
        if not is_same and not self.switches.category_may_change:
            raise forbidden_operation("The category of an activity cannot be changed.")

    def _settled(self, row: Activity, attributes: Json) -> Activity:
        zone = self.zone_of(row.owner_guid)
        inclusive = self.switches.all_day_end == "inclusive"
        return settled(row, zone=zone, inclusive=inclusive, touched=attributes)

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
