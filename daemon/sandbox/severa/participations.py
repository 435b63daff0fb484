"""Keeps who takes part in which activity, found by the row's own guid and by the activity's."""

from collections.abc import Iterable, Iterator

from daemon.sandbox.severa.errors import not_found
from daemon.sandbox.severa.model import Participant


class Participations:
    """Every participation in the company."""

    def __init__(self, rows: Iterable[Participant] = ()) -> None:
        self._rows: dict[str, Participant] = {}
        self._by_activity: dict[str, dict[str, Participant]] = {}
        for row in rows:
            self.put(row)

    def __iter__(self) -> Iterator[Participant]:
        return iter(self._rows.values())

    def get(self, guid: str) -> Participant:
        """Return a participation by its own guid; SeveraError 404 if there is none."""
        if guid not in self._rows:
            raise not_found("The participant")
        return self._rows[guid]

    def of(self, activity_guid: str) -> list[Participant]:
        """Return the participations in one activity."""
        return list(self._by_activity.get(activity_guid, {}).values())

    def members(self, activity_guid: str) -> set[str]:
        """Return the guids of all who take part in an activity."""
        return {row.participant_guid for row in self.of(activity_guid)}

    def put(self, row: Participant) -> None:
        """Add a participation, or take the place of the one with its guid."""
        self._rows[row.guid] = row
        self._by_activity.setdefault(row.activity_guid, {})[row.guid] = row

    def remove(self, row: Participant) -> None:
        """Take a participation out."""
        del self._rows[row.guid]
        seats = self._by_activity[row.activity_guid]
        del seats[row.guid]
        if not seats:
            del self._by_activity[row.activity_guid]
