"""The activities of the sandbox Severa as they are kept, and the occurrences that its series make of themselves."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

from daemon.sandbox.severa.company import Company
from daemon.sandbox.severa.errors import not_found
from daemon.sandbox.severa.model import Activity, Participant
from daemon.sandbox.severa.participations import Participations
from daemon.sandbox.severa.series import DAYS_MAX, last_slot, occurrence, occurrence_guid, slots
from daemon.sandbox.severa.switches import DEFAULT, Switches
from daemon.sandbox.severa.times import utc_now


class Calendar(Company):
    """All activities and participations, to be looked at.

    Singles, series and exceptions are kept in `rows`; an occurrence is worked out of its series each time.
    """

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

    def find(self, guid: str) -> Activity:
        """Return an activity or an occurrence; SeveraError 404 if there is neither."""
        if guid in self.rows:
            return self.rows[guid]
        for series in self._series_of(guid):
            until = series.start + timedelta(days=DAYS_MAX)
            for each in self.occurrences(series, until):
                if each.guid == guid:
                    return each
        raise not_found("The activity")

    def occurrences(self, series: Activity, until: datetime) -> Iterator[Activity]:
        """Yield the occurrences of a series that are as the rule says, up to an instant."""
        zone = self.zone_of(series.owner_guid)
        taken = {*series.cancelled, *self.moved(series)}
        for start in slots(series, zone, until):
            if start not in taken:
                guid = occurrence_guid(series, start, self.switches.occurrence_ids)
                found = occurrence(series, start, zone, guid)
                yield found if self.switches.series_edit_stamps else _unstamped(found)

    def expanded(self, until: datetime | None) -> Iterator[Activity]:
        """Yield the occurrences of all series, up to an instant or for as long as Severa looks ahead."""
        ahead = self.clock() + timedelta(days=self.switches.endless_days)
        for series in self._all_series():
            end = until or (last_slot(series, self.zone_of(series.owner_guid)) or ahead)
            yield from self.occurrences(series, end)

    def exceptions(self, series: Activity) -> list[Activity]:
        """Return the exceptions of a series that differ; the deleted are in its `cancelled`."""
        return [row for row in self.rows.values() if row.parent_guid == series.guid]

    def moved(self, series: Activity) -> list[datetime]:
        """Return the original starts of the exceptions of a series."""
        return [row.original for row in self.exceptions(series) if row.original is not None]

    def exception_starts(self, series: Activity) -> list[datetime]:
        """Return what a series lists as its exceptions."""
        moved = self.moved(series) if self.switches.exceptions_listed == "all" else []
        return sorted({*series.cancelled, *moved})

    def seats(self, activity: Activity) -> list[Participant]:
        """Return who takes part; in an occurrence those who take part in its series."""
        return self.participations.of(_place_of(activity))

    def last_start(self, series: Activity) -> datetime | None:
        """Return when the last occurrence of a series begins, None for an endless one."""
        return last_slot(series, self.zone_of(series.owner_guid))

    def _all_series(self) -> list[Activity]:
        return [row for row in self.rows.values() if row.recurrence_type == "Series"]

    def _series_of(self, guid: str) -> list[Activity]:
        """Return the series that an occurrence may belong to."""
        if self.switches.occurrence_ids == "plain":
            return self._all_series()
        parent = self.rows.get(guid.partition(";")[0])
        return [parent] if parent is not None and parent.recurrence_type == "Series" else []


def _place_of(activity: Activity) -> str:
    if activity.recurrence_type == "Occurrence":
        return activity.parent_guid or ""
    return activity.guid


def _unstamped(occurrence: Activity) -> Activity:
    return replace(occurrence, updated=None, updated_by=None)
