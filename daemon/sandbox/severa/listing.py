"""Reads the query of a listing and answers it: filters, windows and pages of the sandbox Severa."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

from multidict import MultiMapping

from daemon.sandbox.severa.errors import SeveraError, invalid
from daemon.sandbox.severa.ledger import Ledger
from daemon.sandbox.severa.model import CATEGORIES, RECURRENCE_TYPES, Activity, ActivityType, User
from daemon.sandbox.severa.times import parse_instant

Row = TypeVar("Row", Activity, ActivityType, User)
Test = Callable[[Row], bool]

ROWS_DEFAULT = 20
ROWS_MAX = 100
PAGE_TOKEN_LIFETIME = timedelta(minutes=10)

_FLAGS = {
    "closed": "is_closed",
    "hasDuration": "has_duration",
    "hasHours": "has_hours",
    "isUnassigned": "is_unassigned",
}
_PURPOSES_FOR_ACTIVE = ("ActivityOwner", "ActivityParticipant", "AbsenceOwner")
_NOT_BUILT = (
    "projectGuids",
    "projectBusinessUnitGuids",
    "projectOwnerGuids",
    "userKeywordGuids",
    "includeSubPhases",
    "contactGuids",
    "businessUnitGuids",
    "keywordGuids",
    "supervisorUserGuids",
)


class Query:
    """The parameters of a GET, read as Severa declares them; SeveraError 400 for a bad value."""

    def __init__(self, given: MultiMapping[str]) -> None:
        self._given = given
        for name in _NOT_BUILT:
            if name in given:
                # A filter passed over in silence would answer with rows that were not asked for.
                raise _invalid(name, "is not built into the sandbox.")

    def text(self, name: str) -> str | None:
        """Return a text, None if absent or blank."""
        return self._given.get(name) or None

    def texts(self, name: str) -> frozenset[str]:
        """Return the values of a repeated key."""
        return frozenset(self._given.getall(name, []))

    def flag(self, name: str) -> bool | None:
        """Return true, false, or None if absent."""
        text = self.text(name)
        if text is None:
            return None
        if text.lower() not in ("true", "false"):
            raise _invalid(name, "must be true or false.")
        return text.lower() == "true"

    def instant(self, name: str) -> datetime | None:
        """Return an instant, None if absent."""
        text = self.text(name)
        try:
            return parse_instant(text) if text else None
        except ValueError:
            raise _invalid(name, "must be a date-time with an offset.") from None

    def number(self, name: str) -> int | None:
        """Return a whole number from 1, None if absent."""
        text = self.text(name)
        if text is None:
            return None
        if not text.isdecimal() or int(text) < 1:
            raise _invalid(name, "must be a positive number.")
        return int(text)

    def choices(self, name: str, allowed: Iterable[str]) -> frozenset[str]:
        """Return the values of a repeated key, each one of those allowed."""
        found = self.texts(name)
        if not found <= frozenset(allowed):
            raise _invalid(name, f"must be one of {', '.join(allowed)}.")
        return found


def activities(ledger: Ledger, query: Query) -> list[Activity]:
    """Return the activities that the query asks for, in order of guid."""
    tests: list[Test[Activity]] = [
        *_by_people(ledger, query),
        *_by_kind(ledger, query),
        *_by_window(query),
    ]
    for name, attribute in _FLAGS.items():
        wanted = query.flag(name)
        if wanted is not None:
            tests.append(_flagged(attribute, wanted=wanted))
    since = query.instant("changedSince")
    if since is not None:
        tests.append(lambda row: row.stamp >= since)
    return _passing(ledger.rows, tests)


def _flagged(attribute: str, *, wanted: bool) -> Test[Activity]:
    return lambda row: getattr(row, attribute) is wanted


def _by_people(ledger: Ledger, query: Query) -> Iterable[Test[Activity]]:
    users = query.texts("userGuids")
    with_members = query.flag("includeAsMember")
    if not users:
        return
    if not with_members:
        yield lambda row: row.owner_guid in users
        return
    joined = {
        each.activity_guid for each in ledger.participations if each.participant_guid in users
    }
    yield lambda row: row.owner_guid in users or row.guid in joined


def _by_kind(ledger: Ledger, query: Query) -> Iterable[Test[Activity]]:
    categories = query.choices("activityCategories", CATEGORIES)
    if categories:
        yield lambda row: ledger.types[row.type_guid].category in categories
    types = query.texts("activityTypeGuids")
    if types:
        yield lambda row: row.type_guid in types
    recurrence = query.choices("recurrenceType", RECURRENCE_TYPES)
    if recurrence:
        yield lambda row: row.recurrence_type in recurrence
    else:
        yield lambda row: row.recurrence_type != "Series"
    for name, attribute, keeps_none in (
        ("customerGuids", "customer", query.flag("includeTasksWithNoCustomer") is not False),
        ("phaseGuids", "phase", query.flag("includeTasksWithNoProject") is not False),
        ("projectTaskStatusGuids", "task_status", False),
    ):
        wanted = query.texts(name)
        if wanted:
            yield _refers(attribute, wanted, keeps_none=keeps_none)


def _refers(attribute: str, wanted: frozenset[str], *, keeps_none: bool) -> Test[Activity]:
    def test(row: Activity) -> bool:
        value = getattr(row, attribute)
        return keeps_none if value is None else value["guid"] in wanted

    return test


def _by_window(query: Query) -> Iterable[Test[Activity]]:
    first, last = query.instant("startDateTime"), query.instant("endDateTime")
    is_strict = query.flag("useStrictStartAndEndDateTime")
    if first is not None:
        yield lambda row: (row.start if is_strict else row.end or row.start) >= first
    if last is not None:
        yield lambda row: ((row.end or row.start) if is_strict else row.start) <= last


def activity_types(ledger: Ledger, query: Query) -> list[ActivityType]:
    """Return the activity types that the query asks for, in order of guid."""
    tests: list[Test[ActivityType]] = []
    categories = query.choices("category", CATEGORIES)
    if categories:
        tests.append(lambda kind: kind.category in categories)
    is_active = query.flag("active")
    if is_active is not None:
        tests.append(lambda kind: kind.is_active is is_active)
    since = query.instant("changedSince")
    if since is not None:
        tests.append(lambda kind: (kind.updated or kind.created) >= since)
    return _passing(ledger.types, tests)


def users(ledger: Ledger, query: Query) -> list[User]:
    """Return the users that the query asks for, in order of guid."""
    tests: list[Test[User]] = []
    is_active = query.flag("isActive")
    if is_active is not None:
        tests.append(lambda user: user.is_active is is_active)
    if query.text("purpose") in _PURPOSES_FOR_ACTIVE:
        tests.append(lambda user: user.is_active)
    since = query.instant("changedSince")
    if since is not None:
        tests.append(lambda user: (user.updated or user.created) >= since)
    email = query.text("email")
    if email is not None:
        tests.append(lambda user: (user.email or "").lower() == email.lower())
    found = _passing(ledger.users, tests)
    if email is not None and not found and ledger.switches.unknown_email_is_404:
        raise SeveraError(404, "InvalidParameter", "There is no such user.", name="email")
    return found


def page(rows: list[Row], query: Query, *, now: datetime) -> tuple[list[Row], str | None]:
    """Return the rows of the page that the query asks for, and the token of the next one.

    A page is a place in the list, so rows that come or go while paging shift what follows.
    """
    size = min(query.number("rowCount") or ROWS_DEFAULT, ROWS_MAX)
    start = _read_token(query.text("pageToken"), now)
    following = start + size
    token = _write_token(following, now) if following < len(rows) else None
    return rows[start:following], token


def _write_token(start: int, now: datetime) -> str:
    text = json.dumps({"start": start, "issued": now.isoformat()})
    return urlsafe_b64encode(text.encode()).decode()


def _read_token(token: str | None, now: datetime) -> int:
    if token is None:
        return 0
    try:
        held = json.loads(urlsafe_b64decode(token.encode()))
        issued, start = datetime.fromisoformat(held["issued"]), int(held["start"])
    except (ValueError, KeyError, TypeError):
        raise _invalid("pageToken", "is not a page token.") from None
    if now - issued > PAGE_TOKEN_LIFETIME:
        raise _invalid("pageToken", "has expired.")
    return start


def _passing(rows: Mapping[str, Row], tests: list[Test[Row]]) -> list[Row]:
    return [rows[guid] for guid in sorted(rows) if all(test(rows[guid]) for test in tests)]


def _invalid(name: str, message: str) -> SeveraError:
    return invalid(name, f"{name} {message}", location="UriParameter")
