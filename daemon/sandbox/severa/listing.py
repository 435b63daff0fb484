"""Answers the listings of the sandbox Severa: which rows pass the filters of a query."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TypeVar

from daemon.sandbox.severa.errors import SeveraError
from daemon.sandbox.severa.ledger import Ledger
from daemon.sandbox.severa.model import (
    CATEGORIES,
    RECURRENCE_TYPES,
    Activity,
    ActivityType,
    Phase,
    User,
)
from daemon.sandbox.severa.query import Query

Row = TypeVar("Row", Activity, ActivityType, User)
Test = Callable[[Row], bool]

PURPOSES = (
    "AbsenceOwner",
    "AccountOwner",
    "ActivityOwner",
    "ActivityParticipant",
    "BillingContact",
    "ProjectManager",
    "SalesPerson",
    "SuperiorUser",
    "TermsOfServiceApprover",
)
_FLAGS = {
    "closed": "is_closed",
    "hasDuration": "has_duration",
    "hasHours": "has_hours",
    "isUnassigned": "is_unassigned",
}


def activities(ledger: Ledger, query: Query) -> list[Activity]:
    """Return the activities that the query asks for."""
    tests: list[Test[Activity]] = [
        *_by_people(ledger, query),
        *_by_kind(ledger, query),
        *_by_project(ledger, query),
        *_by_window(query),
        *_by_change(ledger, query),
    ]
    for name, attribute in _FLAGS.items():
        wanted = query.flag(name)
        if wanted is not None:
            tests.append(_flagged(attribute, wanted=wanted))
    return _passing(ledger, _candidates(ledger, query), tests)


def _candidates(ledger: Ledger, query: Query) -> Iterator[Activity]:
    """Yield what is kept, and the occurrences of series where these are asked for."""
    kinds = query.choices("recurrenceType", RECURRENCE_TYPES)
    kinds = kinds or frozenset(RECURRENCE_TYPES) - {"Series"}
    yield from (row for row in ledger.rows.values() if row.recurrence_type in kinds)
    if "Occurrence" in kinds:
        yield from ledger.expanded(query.instant("endDateTime"))


def _flagged(attribute: str, *, wanted: bool) -> Test[Activity]:
    return lambda row: getattr(row, attribute) is wanted


def _by_people(ledger: Ledger, query: Query) -> Iterable[Test[Activity]]:
    users = query.texts("userGuids")
    if users and not query.flag("includeAsMember"):
        yield lambda row: row.owner_guid in users
    elif users:
        yield lambda row: row.owner_guid in users or _has_seat(ledger, row, users)
    contacts = query.texts("contactGuids")
    if contacts:
        yield lambda row: _has_seat(ledger, row, contacts)
    keywords = query.texts("userKeywordGuids")
    if keywords:
        yield lambda row: not keywords.isdisjoint(ledger.users[row.owner_guid].keywords)
    if not ledger.switches.inactive_owners_listed:
        yield lambda row: ledger.users[row.owner_guid].is_active


def _has_seat(ledger: Ledger, row: Activity, guids: frozenset[str]) -> bool:
    return any(seat.participant_guid in guids for seat in ledger.seats(row))


def _by_kind(ledger: Ledger, query: Query) -> Iterable[Test[Activity]]:
    categories = query.choices("activityCategories", CATEGORIES)
    if categories:
        yield lambda row: ledger.types[row.type_guid].category in categories
    types = query.texts("activityTypeGuids")
    if types:
        yield lambda row: row.type_guid in types
    statuses = query.texts("projectTaskStatusGuids")
    if statuses:
        yield lambda row: row.task_status is not None and row.task_status["guid"] in statuses


def _by_project(ledger: Ledger, query: Query) -> Iterable[Test[Activity]]:
    """Yield the tests of customer and project; who has none is kept unless told otherwise."""
    customers = query.texts("customerGuids")
    if customers:
        yield lambda row: row.customer is None or row.customer["guid"] in customers
    if query.flag("includeTasksWithNoCustomer") is False:
        yield lambda row: row.customer is not None
    if query.flag("includeTasksWithNoProject") is False:
        yield lambda row: row.phase is not None
    phases = query.texts("phaseGuids")
    if phases:
        within = _with_parts(ledger, phases) if query.flag("includeSubPhases") else phases
        yield lambda row: row.phase is not None and row.phase["guid"] in within
    for name, attribute in (
        ("projectGuids", "project"),
        ("projectBusinessUnitGuids", "business_unit"),
        ("projectOwnerGuids", "project_owner"),
    ):
        wanted = query.texts(name)
        if wanted:
            yield _in_project(ledger, attribute, wanted)


def _in_project(ledger: Ledger, attribute: str, wanted: frozenset[str]) -> Test[Activity]:
    def test(row: Activity) -> bool:
        if row.phase is None:
            return attribute == "project"
        phase = ledger.phases.get(row.phase["guid"])
        return phase is not None and getattr(phase, attribute) in wanted

    return test


def _with_parts(ledger: Ledger, phases: frozenset[str]) -> frozenset[str]:
    """Return a phase with the phases below it; of several only themselves."""
    if len(phases) > 1:
        return phases
    found, below = phases, phases
    while below:
        below = frozenset(_parts(ledger.phases.values(), below)) - found
        found |= below
    return found


def _parts(phases: Iterable[Phase], above: frozenset[str]) -> Iterable[str]:
    return (phase.guid for phase in phases if phase.parent in above)


def _by_window(query: Query) -> Iterable[Test[Activity]]:
    first, last = query.instant("startDateTime"), query.instant("endDateTime")
    is_strict = query.flag("useStrictStartAndEndDateTime")
    if first is not None:
        yield lambda row: (row.start if is_strict else row.end or row.start) >= first
    if last is not None:
        yield lambda row: ((row.end or row.start) if is_strict else row.start) <= last


def _by_change(ledger: Ledger, query: Query) -> Iterable[Test[Activity]]:
    since = query.instant("changedSince")
    if since is None:
        return
    if ledger.switches.finds_never_updated:
        yield lambda row: row.stamp >= since
    else:
        yield lambda row: row.updated is not None and row.updated >= since


def activity_types(ledger: Ledger, query: Query) -> list[ActivityType]:
    """Return the activity types that the query asks for."""
    tests: list[Test[ActivityType]] = [*_changed(query)]
    categories = query.choices("category", CATEGORIES)
    if categories:
        tests.append(lambda kind: kind.category in categories)
    is_active = query.flag("active")
    if is_active is not None:
        tests.append(lambda kind: kind.is_active is is_active)
    return _passing(ledger, ledger.types.values(), tests)


def users(ledger: Ledger, query: Query) -> list[User]:
    """Return the users that the query asks for."""
    tests: list[Test[User]] = [*_changed(query), *_by_place(query)]
    is_active = query.flag("isActive")
    if is_active is not None:
        tests.append(lambda user: user.is_active is is_active)
    if query.choices("purpose", PURPOSES):
        # Which of the active are fit for what is not modelled.
        tests.append(lambda user: user.is_active)
    code, email = query.text("code"), query.text("email")
    if code is not None:
        tests.append(lambda user: user.code == code)
    if email is not None:
        tests.append(lambda user: (user.email or "").lower() == email.lower())
    found = _passing(ledger, ledger.users.values(), tests)
    if email is not None and not found and ledger.switches.unknown_email_is_404:
        raise SeveraError(404, "InvalidParameter", "There is no such user.", name="email")
    return found


def _by_place(query: Query) -> Iterable[Test[User]]:
    units, superiors = query.texts("businessUnitGuids"), query.texts("supervisorUserGuids")
    if units:
        yield lambda user: user.business_unit in units
    if superiors:
        yield lambda user: user.superior in superiors
    keywords = query.texts("keywordGuids")
    if keywords:
        yield lambda user: not keywords.isdisjoint(user.keywords)


def _changed(query: Query) -> Iterable[Callable[[ActivityType | User], bool]]:
    since = query.instant("changedSince")
    if since is not None:
        yield lambda row: (row.updated or row.created) >= since


def _passing(ledger: Ledger, rows: Iterable[Row], tests: list[Test[Row]]) -> list[Row]:
    found = sorted((row for row in rows if all(test(row) for test in tests)), key=_by_guid)
    if ledger.switches.order == "latest-first":
        found.sort(key=_latest, reverse=True)
    return found


def _by_guid(row: Activity | ActivityType | User) -> str:
    return row.guid


def _latest(row: Activity | ActivityType | User) -> datetime:
    return max(row.created, row.updated or row.created)
