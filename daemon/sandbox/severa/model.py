"""The values that the sandbox Severa keeps."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, TypeVar

Json = dict[str, Any]
Value = TypeVar("Value")

CATEGORIES = ("Personal", "Absences", "CalendarEntry", "SalesEvent", "Task")
RECURRENCE_TYPES = ("None", "Occurrence", "Exception", "Series")
FREQUENCIES = ("Daily", "Weekly", "Monthly", "Yearly")
STATUSES = ("Unknown", "Invited", "Accepted", "Tentative", "Declined")
PARTICIPANT_TYPES = ("User", "Contact", "Resource", "Other")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityType:
    """A kind of activity, with the category that decides what can be done with it."""

    guid: str
    name: str
    category: str
    is_default: bool
    is_active: bool
    created: datetime
    updated: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person who works in the company."""

    guid: str
    first_name: str
    last_name: str
    email: str | None
    zone: str | None
    is_active: bool
    last_login: datetime | None
    default_type: str | None
    created: datetime
    updated: datetime | None = None
    code: str | None = None
    business_unit: str | None = None
    superior: str | None = None
    keywords: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return the name as people read it."""
        return f"{self.first_name} {self.last_name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """A contact or a resource: it can take part in an activity and never own one."""

    guid: str
    name: str
    kind: str
    email: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A phase of a project, with what listings ask of its project; `parent` is the phase that it is part of."""

    guid: str
    name: str
    project: str
    project_owner: str | None = None
    business_unit: str | None = None
    parent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """An entry of the calendar; the end of an all-day one is the midnight after its last day."""

    guid: str
    name: str
    start: datetime
    end: datetime | None = None
    type_guid: str
    owner_guid: str
    created: datetime
    created_by: str
    updated: datetime | None = None
    updated_by: str | None = None
    is_all_day: bool = False
    has_duration: bool = True
    is_closed: bool = False
    is_unassigned: bool = False
    has_hours: bool = False
    notes: str | None = None
    location: str | None = None
    customer: Json | None = None
    phase: Json | None = None
    task_status: Json | None = None
    recurrence: Json | None = None
    recurrence_type: str = "None"
    parent_guid: str | None = None
    original: datetime | None = None
    """Of an occurrence or exception: where its series has it; no answer tells it."""
    cancelled: tuple[datetime, ...] = ()
    """Of a series: the original starts of the occurrences that were deleted."""

    @property
    def stamp(self) -> datetime:
        """Return when it was last added or changed, the time that `changedSince` looks at."""
        return max(self.created, self.updated or self.created)


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """That somebody, or something, takes part in an activity."""

    guid: str
    activity_guid: str
    participant_guid: str
    status: str


def dump_value(value: Any) -> Json:
    """Return a value of this module as plain JSON."""
    return {key: _dumped(item) for key, item in asdict(value).items()}


def load_value(kind: type[Value], stored: Mapping[str, Any]) -> Value:
    """Return the value that `dump_value` wrote."""
    types = {field.name: str(field.type) for field in fields(kind)}  # type: ignore[arg-type]
    return kind(**{key: _loaded(types[key], item) for key, item in stored.items()})


def _dumped(item: Any) -> Any:
    if isinstance(item, tuple):
        return [_dumped(each) for each in item]
    return item.isoformat() if isinstance(item, datetime) else item


def _loaded(type_: str, item: Any) -> Any:
    if isinstance(item, list):
        return tuple(_loaded(type_, each) for each in item)
    return datetime.fromisoformat(item) if item and "datetime" in type_ else item
