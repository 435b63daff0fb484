"""The people and activity types of the company, as Severa knows them."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Category(Enum):
    """The five groups of activities (Severa REST API, ActivityCategory)."""

    CALENDAR_ENTRY = "CalendarEntry"
    TODO = "SalesEvent"
    PROJECT_TASK = "Task"
    PERSONAL = "Personal"
    ABSENCE = "Absences"


@dataclass(frozen=True, slots=True)
class ActivityType:
    """One kind of activity that an administrator may select."""

    guid: str
    name: str
    category: Category
    is_active: bool = True
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class User:
    """A Severa user; `email` is in lower case and also the address in Google, `zone` is an IANA name."""

    guid: str
    email: str
    name: str = ""
    zone: str = "UTC"
    is_active: bool = True
    default_type: str = ""
    last_login: datetime | None = None
