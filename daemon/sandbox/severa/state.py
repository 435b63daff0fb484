"""The world of the sandbox Severa, as people use it by hand and as it is saved."""

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from daemon.sandbox.severa.errors import not_found
from daemon.sandbox.severa.fields import from_hand
from daemon.sandbox.severa.ledger import Ledger
from daemon.sandbox.severa.model import (
    Activity,
    ActivityType,
    Guest,
    Json,
    Participant,
    Phase,
    User,
    dump_value,
    load_value,
)
from daemon.sandbox.severa.participations import Participations
from daemon.sandbox.severa.switches import DEFAULT, Switches
from daemon.sandbox.severa.times import utc_now
from daemon.sandbox.severa.views import activity_model, participant_model, told
from daemon.sandbox.severa.witness import Exchange


class SeveraState(Ledger):
    """A company in Severa: what the API shows of it, and what its people do in the user interface.

    `switches` and `requests_per_second` (None lifts the limit) may be set at any time. Edits by
    hand raise `SeveraError` where the product would refuse them. Whoever wants to see the calls of the
    API joins `witnesses`.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], datetime] = utc_now,
        switches: Switches = DEFAULT,
        new_guid: Callable[[], str] = lambda: str(uuid4()),
    ) -> None:
        super().__init__(clock=clock, switches=switches, new_guid=new_guid)
        self.witnesses: list[Callable[[Exchange], None]] = []

    def person_add(self, user_guid: str, **fields: Any) -> Json:
        """Let a person add an activity, as its owner unless `ownerUser` is given, and return it.

        The fields have the model's names; `activityType` is the default type unless given.
        """
        if "activityType" not in fields:
            fields["activityType"] = self._default_type()
        attributes = from_hand({"ownerUser": user_guid, **fields})
        return self.model(self.create(attributes, author=user_guid))

    def person_patch(self, user_guid: str, guid: str, **fields: Any) -> Json:
        """Let a person change fields of an activity and return it."""
        return self.model(self.change(guid, from_hand(fields), author=user_guid))

    def person_delete(self, user_guid: str, guid: str) -> None:
        """Let a person delete an activity."""
        assert user_guid in self.users, "Only a user of the company deletes by hand."
        self.remove(guid)

    def person_invite(
        self, user_guid: str, guid: str, participant_guid: str, *, status: str | None = None
    ) -> Json:
        """Let a person add a participant to an activity and return the participant's row."""
        row = self.invite(guid, participant_guid, author=user_guid, status=status)
        return self.participant(row)

    def person_uninvite(self, user_guid: str, guid: str, participant_guid: str) -> None:
        """Let a person take a participant out of an activity."""
        row = self._participation(guid, participant_guid)
        self.uninvite(guid, row.guid, author=user_guid)

    def person_answer(self, user_guid: str, guid: str, status: str) -> None:
        """Let a participant say whether they come: one of the statuses of the model."""
        self.answer(self._participation(guid, user_guid).guid, status, author=user_guid)

    def activity(self, guid: str) -> Json:
        """Return one activity or occurrence; SeveraError 404 if there is none."""
        return self.model(self.find(guid))

    def activities(self, user_guid: str | None = None) -> list[Json]:
        """Return the activities, or those that a person owns or takes part in, in order of time.

        A series is one of them, as its exceptions are; its occurrences are not.
        """
        rows = sorted(self.rows.values(), key=lambda row: (row.start, row.guid))
        return [
            self.model(row)
            for row in rows
            if user_guid in (None, row.owner_guid)
            or user_guid in self.participations.members(row.guid)
        ]

    def participants(self, guid: str) -> list[Json]:
        """Return who takes part in an activity or occurrence, as the API tells it."""
        activity = self.find(guid)
        rows = (replace(row, activity_guid=guid) for row in self.seats(activity))
        return [self.participant(row) for row in rows]

    def model(self, row: Activity) -> Json:
        """Return an activity as people see it, in the form of the API."""
        return activity_model(self, row)

    def told(self, row: Activity) -> Json:
        """Return an activity as the API tells it, which the switches may make less."""
        return told(self, row)

    def participant(self, row: Participant) -> Json:
        """Return a participant as the API shows it."""
        person = self.users.get(row.participant_guid) or self.guests[row.participant_guid]
        return participant_model(row, person)

    def dump(self) -> Json:
        """Return the whole world as plain JSON."""
        return {
            "switches": asdict(self.switches),
            "requests_per_second": self.requests_per_second,
            "tokens": self.tokens.dump(),
            "participations": [dump_value(each) for each in self.participations],
            **{
                name: [dump_value(each) for each in getattr(self, name).values()]
                for name in _COLLECTIONS
            },
        }

    def load(self, stored: Json) -> None:
        """Become the world that `dump` returned."""
        self.switches = Switches(**stored["switches"])
        self.requests_per_second = stored["requests_per_second"]
        self.tokens.load(stored["tokens"])
        self.participations = Participations(
            load_value(Participant, each) for each in stored["participations"]
        )
        for name, kind in _COLLECTIONS.items():
            values = [load_value(kind, each) for each in stored.get(name, ())]
            setattr(self, name, {value.guid: value for value in values})

    def _default_type(self) -> str:
        for kind in self.types.values():
            if kind.is_default and kind.is_active:
                return kind.guid
        raise AssertionError("The company has no default activity type.")

    def _participation(self, guid: str, participant_guid: str) -> Participant:
        for row in self.seats(self.find(guid)):
            if row.participant_guid == participant_guid:
                return row
        raise not_found("The participant")


_COLLECTIONS: dict[str, Any] = {
    "types": ActivityType,
    "users": User,
    "guests": Guest,
    "phases": Phase,
    "rows": Activity,
}
