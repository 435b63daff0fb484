"""Severa's models as our values, and our changes as Severa's; pure (Severa REST API, ActivityModel)."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from daemon.core.company import ActivityType, Category, User
from daemon.core.entry import UNKNOWN, AllDay, Answer, Entry, Timed, When
from daemon.core.link import Activity
from daemon.core.recurrence import Recurrence
from daemon.core.text import canonical_text
from daemon.severa.errors import Unreadable
from daemon.severa.notes import notes_of
from daemon.severa.times import day_of, day_start, instant_of, is_day_start, text_of, zone_of

Row = Mapping[str, Any]
Scalar = str | bool | None

TRANSLATOR: Final = 1
"""Raise it when the same row comes to another entry than before: nobody has edited it, and nothing is written."""

_PRIVATE: Final = frozenset({Category.PERSONAL, Category.ABSENCE})
_PARTS_OF_SERIES: Final = ("Occurrence", "Exception")
_WORD: Final = re.compile(r"[A-Za-z]{1,40}")
_ONE_DAY: Final = timedelta(days=1)
_ONE_SECOND: Final = timedelta(seconds=1)
_ANSWERS: Final = {
    "Accepted": Answer.ACCEPTED,
    "Tentative": Answer.TENTATIVE,
    "Declined": Answer.DECLINED,
}
_STATUSES: Final = {answer: word for word, answer in _ANSWERS.items()} | {Answer.NONE: "Invited"}


@dataclass(frozen=True, slots=True)
class Participant:
    """That a user takes part in an activity; contacts and resources are none of our people."""

    row: str
    """The guid of the participation itself, by which it is deleted."""
    user: str
    address: str
    """In lower case, empty where the row does not show it."""
    answer: Answer


def is_part_of_series(row: Row) -> bool:
    """Tell whether a row is one time that a series takes place, as its rule says or otherwise."""
    return row.get("recurrenceType") in _PARTS_OF_SERIES


def is_occurrence(row: Row) -> bool:
    """Tell whether a row is one that a series makes of itself, and not kept for its own sake."""
    return row.get("recurrenceType") == "Occurrence"


def activity_of(row: Row, *, zone: str) -> Activity:
    """Return the activity in a row; what belongs to a series has a recurrence.

    `zone` is the owner's: the days of an all-day activity are days there.

    Raises:
        Unreadable: The row lacks what every activity has.
    """
    category = _category(_required(row, "activityType", "category"))
    return Activity(
        ref=_required(row, "guid"),
        user=_required(row, "ownerUser", "guid"),
        entry=_entry_of(row, category, ZoneInfo(zone)),
        type=_required(row, "activityType", "guid"),
        category=category,
        has_hours=row.get("hasHours") is True,
        is_unassigned=row.get("isUnassigned") is True,
        is_bare=_is_bare(row),
        created_at=_instant_or_none(row.get("createdDateTime")),
        created_by=_text(_inside(row, "createdBy", "guid")),
        updated_at=_instant_or_none(row.get("lastUpdatedDateTime")),
        translator=TRANSLATOR,
    )


def body_of(
    entry: Entry, *, user: User, type_guid: str, ends_within: bool = False
) -> dict[str, Any]:
    """Return the model to POST for a new activity of `user`; fields not known are left out.

    With `ends_within` whole days end a second before midnight, for a Severa that takes the end for the last day.
    """
    return {
        **_scalars_of(entry, ZoneInfo(user.zone), ends_within),
        "activityType": {"guid": type_guid},
        "ownerUser": {"guid": user.guid},
    }


def changes_of(
    change: Entry, *, user: User, type_guid: str = "", ends_within: bool = False
) -> list[dict[str, str]]:
    """Return the JSON Patch that writes the known fields, and the type where one is given; never null.

    For `ends_within` see `body_of`.
    """
    scalars = _scalars_of(change, ZoneInfo(user.zone), ends_within)
    if scalars.get("hasDuration") is False:
        # Whether null clears an end is not known, and an old end could lie before the new start.
        scalars["endDateTime"] = scalars["startDateTime"]
    if type_guid:
        scalars["activityType/guid"] = type_guid
    return [
        {"op": "Replace", "path": f"/{name}", "value": _as_text(value)}
        for name, value in scalars.items()
    ]


def is_day_too_long(shown: Entry, wished: Entry) -> bool:
    """Tell whether Severa took the midnight that ends whole days for one more day."""
    match shown.when, wished.when:
        case AllDay(first, date() as until), AllDay(wished_first, date() as wished_until):
            return first == wished_first and until == wished_until + _ONE_DAY
    return False


def participant_of(row: Row) -> Participant | None:
    """Return the participant in a row (ActivityParticipantModel), `None` for a contact or a resource.

    Raises:
        Unreadable: The row lacks what every participant has.
    """
    if row.get("type") != "User":
        return None
    return Participant(
        row=_required(row, "guid"),
        user=_required(row, "participantGuid"),
        address=_text(row.get("email")).lower(),
        answer=_ANSWERS.get(_text(row.get("status")), Answer.NONE),
    )


def participant_body(ref: str, user: str, answer: Answer) -> dict[str, str]:
    """Return the model to POST for a user who is to take part in the activity `ref`."""
    status = _STATUSES[answer]
    return {"activityGuid": ref, "participantGuid": user, "type": "User", "status": status}


def user_of(row: Row) -> User:
    """Return the user in a row (UserOutputModel); a zone that is missing or unknown counts as UTC."""
    names = (_text(row.get("firstName")), _text(row.get("lastName")))
    return User(
        guid=_required(row, "guid"),
        email=_text(row.get("email")).lower(),
        name=" ".join(name for name in names if name),
        zone=zone_of(_inside(row, "timezone", "ianaName")),
        is_active=row.get("isActive") is not False,
        default_type=_text(_inside(row, "defaultActivityType", "guid")),
        last_login=_instant_or_none(row.get("lastLogin")),
    )


def type_of(row: Row) -> ActivityType:
    """Return the activity type in a row (ActivityTypeModel)."""
    return ActivityType(
        guid=_required(row, "guid"),
        name=_text(row.get("name")),
        category=_category(row.get("category")),
        is_active=row.get("isActive") is not False,
        is_default=row.get("isDefault") is True,
    )


def _entry_of(row: Row, category: Category, zone: ZoneInfo) -> Entry:
    return Entry(
        title=_text(row.get("name")),
        when=_when_of(row, zone),
        location=_text(row.get("location")),
        notes=_notes(row.get("notes")),
        private=category in _PRIVATE,
    )


def _when_of(row: Row, zone: ZoneInfo) -> When:
    start = instant_of(row.get("startDateTime")).replace(microsecond=0)
    end = row.get("endDateTime")
    until = None if end is None else instant_of(end).replace(microsecond=0)
    has_length = row.get("hasDuration") is not False
    recurrence = _recurrence_of(row, zone)
    if row.get("isAllDay") is not True:
        return Timed(start, until if has_length else None, recurrence)
    last = _until(start, until, zone) if has_length else None
    return AllDay(day_of(start, zone), last, recurrence)


def _until(start: datetime, end: datetime | None, zone: ZoneInfo) -> date:
    """Return the first day after; Severa does not say whether the end counts, so both are read."""
    try:
        if end is None:
            return day_of(start, zone) + _ONE_DAY
        is_exclusive = end > start and is_day_start(end, zone)
        return day_of(end, zone) + (timedelta() if is_exclusive else _ONE_DAY)
    except OverflowError:
        raise Unreadable("Severa gave a day beyond the calendar.") from None


def _recurrence_of(row: Row, zone: ZoneInfo) -> Recurrence | None:
    if is_part_of_series(row):
        return Recurrence((_part_of(row),), zone.key)
    if row.get("recurrenceType") != "Series":
        return None
    pattern = row.get("recurrence") or {}
    if not isinstance(pattern, Mapping):
        raise Unreadable("Severa gave a series without a rule.")
    # The rule as text has no stated format, and the last occurrence follows from the rest.
    said = {name: pattern.get(name) for name in ("frequency", "pattern", "range", "exceptions")}
    return Recurrence((json.dumps(_without_nulls(said), sort_keys=True),), zone.key)


def _part_of(row: Row) -> str:
    """Say of which series it is a part, in words of ours: Severa does not say which occurrence it was."""
    parent = _text(row.get("recurrenceParentActivityGuid"))
    return f"{row['recurrenceType']} {parent}".strip()


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return value


def _is_bare(row: Row) -> bool:
    models = ("customer", "phase", "projectTaskStatus")
    holds = any(_inside(row, name, key) for name in models for key in ("guid", "name"))
    return not (holds or row.get("hasHours") or row.get("isClosed"))


def _scalars_of(entry: Entry, zone: ZoneInfo, ends_within: bool) -> dict[str, Scalar]:
    scalars: dict[str, Scalar] = {}
    if entry.title is not UNKNOWN:
        scalars["name"] = entry.title
    if entry.when is not UNKNOWN:
        scalars |= _times_of(entry.when, zone, ends_within)
    if entry.location is not UNKNOWN:
        scalars["location"] = entry.location
    if entry.notes is not UNKNOWN:
        scalars["notes"] = entry.notes
    return scalars


def _times_of(when: When, zone: ZoneInfo, ends_within: bool) -> dict[str, Scalar]:
    assert when.recurrence is None, "How Severa takes a changed rule is not known; none is written."
    if isinstance(when, AllDay):
        start = day_start(when.first, zone)
        end = None if when.until is None else day_start(when.until, zone)
        end = end - _ONE_SECOND if end and ends_within else end
    else:
        start, end = when.start, when.end
    return {
        "startDateTime": text_of(start, zone),
        "endDateTime": None if end is None else text_of(end, zone),
        "isAllDay": isinstance(when, AllDay),
        "hasDuration": end is not None,
    }


def _as_text(value: Scalar) -> str:
    # The contract declares every value of a patch a string.
    assert value is not None, "Null in a patch may clear, be refused or be passed over."
    return str(value).lower() if isinstance(value, bool) else value


def _required(row: Row, *names: str) -> str:
    value = _inside(row, *names)
    if isinstance(value, str) and value:
        return value
    raise Unreadable(f"Severa gave a row without {'.'.join(names)}.")


def _inside(row: Row, *names: str) -> Any:
    value: Any = row
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _category(name: object) -> Category:
    try:
        return Category(name)
    except ValueError:
        known_as = f" ({name})" if isinstance(name, str) and _WORD.fullmatch(name) else ""
        raise Unreadable(
            f"Severa gave a category of activities that is not known{known_as}."
        ) from None


def _text(value: object) -> str:
    return canonical_text(value) if isinstance(value, str) else ""


def _notes(value: object) -> str:
    return notes_of(value) if isinstance(value, str) else ""


def _instant_or_none(value: object) -> datetime | None:
    return None if value is None else instant_of(value)
