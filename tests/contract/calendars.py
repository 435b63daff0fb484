"""Both vendors twice: as doubles in memory, and as the real clients over loopback against the sandbox."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from daemon.core.company import ActivityType, Category, User
from daemon.core.entry import UNKNOWN, AllDay, Answer, Entry, Timed
from daemon.google.client import GoogleClient
from daemon.google.credentials import read_key
from daemon.sandbox.faults import Faults
from daemon.sandbox.google import GoogleState, Limits, make_service_account_key
from daemon.sandbox.google import make_app as make_google
from daemon.sandbox.severa import SeveraState
from daemon.sandbox.severa import make_app as make_severa
from daemon.secret import Secret
from daemon.severa.client import SeveraClient
from daemon.sync.ports import GoogleCalendar, SeveraCalendar
from tests.contract.google_watch import watched
from tests.contract.severa_document import Watch
from tests.doubles.google import GoogleDouble
from tests.doubles.severa import Company, SeveraDouble

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
ROBOT = "sync@example-project.iam.gserviceaccount.com"
SECRET = "swordfish"
KINDS = (
    ("Meeting", Category.CALENDAR_ENTRY),
    ("Internal", Category.CALENDAR_ENTRY),
    ("Call", Category.TODO),
    ("Personal", Category.PERSONAL),
)


class Clock:
    """The vendors' clock, moved by hand."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def move(self, **step: float) -> None:
        self.now += timedelta(**step)


class GooglePeople(Protocol):
    """What people and Google itself do."""

    def add(self, user: User, entry: Entry) -> str: ...
    def edit(self, user: User, ref: str, change: Entry) -> None: ...
    def answer(self, user: User, ref: str, answer: Answer) -> None: ...
    def delete(self, user: User, ref: str) -> None: ...
    def expire_cursors(self, user: User) -> None: ...
    def furnish(self, user: User, ref: str) -> None: ...
    def furnished(self, user: User, ref: str) -> Mapping[str, Any]: ...


class SeveraPeople(Protocol):
    """What people do."""

    def add(self, user: User, entry: Entry, kind: str) -> str: ...
    def edit(self, user: User, ref: str, change: Entry) -> None: ...
    def retype(self, user: User, ref: str, kind: str) -> None: ...
    def delete(self, user: User, ref: str) -> None: ...
    def book_hours(self, ref: str) -> None: ...
    def furnish(self, ref: str) -> None: ...
    def furnished(self, ref: str) -> Mapping[str, Any]: ...


@dataclass
class Google:
    """Google, as the daemon sees it and as people do."""

    calendar: GoogleCalendar
    people: GooglePeople
    clock: Clock
    anna: User
    ben: User
    cara: User


@dataclass
class Severa:
    """Severa, as the daemon sees it and as people do."""

    calendar: SeveraCalendar
    people: SeveraPeople
    clock: Clock
    anna: User
    ben: User
    cara: User
    kinds: dict[str, str]


# Google


class _DoublePeople:
    def __init__(self, double: GoogleDouble) -> None:
        self._double = double

    def add(self, user: User, entry: Entry) -> str:
        return self._double.person_add(user.guid, entry)

    def edit(self, user: User, ref: str, change: Entry) -> None:
        self._double.person_edit(user.guid, ref, change)

    def answer(self, user: User, ref: str, answer: Answer) -> None:
        self._double.person_answers(user.guid, ref, answer)

    def delete(self, user: User, ref: str) -> None:
        self._double.person_delete(user.guid, ref)

    def expire_cursors(self, user: User) -> None:
        self._double.expire_cursors(user.guid)

    def furnish(self, user: User, ref: str) -> None:
        self._double.furnishings.put(ref, {"colour": "5", "conference link": "abc"})

    def furnished(self, user: User, ref: str) -> Mapping[str, Any]:
        held = self._double.furnishings.of(ref)
        return {name: word for name, word in held.items() if name != "conference link"}


class _ServedPeople:
    def __init__(self, state: GoogleState) -> None:
        self._state = state

    def add(self, user: User, entry: Entry) -> str:
        invited = {address: {"email": address} for address, _ in _answers(entry)}
        invited.pop(user.email, None)
        for address, answer in _answers(entry):
            if address in invited:
                invited[address]["responseStatus"] = GOOGLE_ANSWERS[answer]
        body = _event(entry) | ({"attendees": list(invited.values())} if invited else {})
        ref: str = self._state.person_add(user.email, body)["id"]
        return ref

    def edit(self, user: User, ref: str, change: Entry) -> None:
        rows = {
            row["email"]: row for row in self._state.event(user.email, ref).get("attendees", [])
        }
        for address, answer in _answers(change):
            if answer is Answer.OUT:
                rows.pop(address, None)
            else:
                row = rows.get(address, {"email": address})
                rows[address] = row | {"responseStatus": GOOGLE_ANSWERS[answer]}
        people = {"attendees": list(rows.values())} if _answers(change) else {}
        self._state.person_patch(user.email, ref, _event(change) | people)

    def answer(self, user: User, ref: str, answer: Answer) -> None:
        own = {"email": user.email, "responseStatus": GOOGLE_ANSWERS[answer]}
        self._state.person_patch(user.email, ref, {"attendees": [own]})

    def delete(self, user: User, ref: str) -> None:
        self._state.person_delete(user.email, ref)

    def expire_cursors(self, user: User) -> None:
        self._state.expire_sync_tokens()

    def furnish(self, user: User, ref: str) -> None:
        reminders = {"useDefault": False, "overrides": [{"method": "popup", "minutes": 7}]}
        held = {"colorId": "5", "transparency": "transparent", "reminders": reminders}
        conference = {"conferenceData": {"conferenceId": "abc"}}
        self._state.person_patch(user.email, ref, {**held, **conference})

    def furnished(self, user: User, ref: str) -> Mapping[str, Any]:
        event = self._state.event(user.email, ref)
        names = ("colorId", "transparency", "reminders")
        return {name: event[name] for name in names if name in event}


ANNA = User("anna", "anna@example.com", zone="Europe/Helsinki")
BEN = User("ben", "ben@example.com", zone="Europe/Helsinki")
CARA = User("cara", "cara@example.com", zone="Europe/Helsinki")
GOOGLE_ANSWERS = {
    Answer.NONE: "needsAction",
    Answer.ACCEPTED: "accepted",
    Answer.TENTATIVE: "tentative",
    Answer.DECLINED: "declined",
}
SEVERA_STATUSES = {
    Answer.NONE: "Invited",
    Answer.ACCEPTED: "Accepted",
    Answer.TENTATIVE: "Tentative",
    Answer.DECLINED: "Declined",
}


@asynccontextmanager
async def google_double() -> AsyncIterator[Google]:
    clock = Clock()
    double = GoogleDouble(now=clock, people=(ANNA, BEN, CARA))
    yield Google(double, _DoublePeople(double), clock, ANNA, BEN, CARA)


@asynccontextmanager
async def google_served() -> AsyncIterator[Google]:
    clock, key = Clock(), make_service_account_key(ROBOT, client_id="100000000000000000001")
    state, faults = GoogleState(), Faults(clock=clock)
    state.limits = Limits(None, None, None)
    app = make_google(state, faults, clock=clock)
    watch = watched(app)
    async with (
        TestServer(app, host="127.0.0.1") as server,
        ClientSession() as session,
    ):
        for user in (ANNA, BEN, CARA):
            state.add_user(user.email)
        state.add_service_account(ROBOT, key.private_key)
        url = str(server.make_url("")).rstrip("/")
        client = GoogleClient(
            api_root=url,
            token_uri=f"{url}/token",
            session=session,
            account=read_key(key.p12, None, email=ROBOT),
            spend=_spend_google,
            now=clock,
            monotonic=lambda: 0.0,
            jitter=lambda: 0.0,
            timeout_s=5.0,
        )
        yield Google(client, _ServedPeople(state), clock, ANNA, BEN, CARA)
    watch.assert_none()


async def _spend_google(user: str, units: int) -> None:
    """Spend nothing."""


def _event(entry: Entry) -> dict[str, Any]:
    names = {"title": "summary", "location": "location", "notes": "description"}
    known = entry.known()
    body: dict[str, Any] = {names[name]: known[name] for name in names if name in known}
    if "private" in known:
        body["visibility"] = "private" if known["private"] else "default"
    match known.get("when"):
        case Timed(start, datetime() as end):
            body |= {"start": {"dateTime": _text(start)}, "end": {"dateTime": _text(end)}}
        case AllDay(first, date() as until):
            body |= {"start": {"date": str(first)}, "end": {"date": str(until)}}
    return body


def _answers(entry: Entry) -> tuple[tuple[str, Answer], ...]:
    return () if entry.people is UNKNOWN else entry.people.answers


def _text(at: datetime) -> str:
    return at.isoformat()


# Severa


class _DoubleColleagues:
    def __init__(self, double: SeveraDouble) -> None:
        self._double = double

    def add(self, user: User, entry: Entry, kind: str) -> str:
        return self._double.person_add(user.guid, entry, kind).ref

    def edit(self, user: User, ref: str, change: Entry) -> None:
        self._double.person_edit(ref, change)

    def retype(self, user: User, ref: str, kind: str) -> None:
        self._double.person_edit(ref, Entry(), kind)

    def delete(self, user: User, ref: str) -> None:
        self._double.person_delete(ref)

    def book_hours(self, ref: str) -> None:
        self._double.person_books_hours(ref)

    def furnish(self, ref: str) -> None:
        self._double.person_furnishes(ref, customer="Acme", closed="yes")

    def furnished(self, ref: str) -> Mapping[str, Any]:
        return self._double.furnishings.of(ref)


class _ServedColleagues:
    def __init__(self, state: SeveraState) -> None:
        self._state = state

    def add(self, user: User, entry: Entry, kind: str) -> str:
        fields = {**_activity(entry), "activityType": kind}
        ref: str = self._state.person_add(user.guid, **fields)["guid"]
        for address, answer in _answers(entry):
            if address != user.email:
                self._seat(user, ref, address, answer)
        return ref

    def edit(self, user: User, ref: str, change: Entry) -> None:
        for address, answer in _answers(change):
            self._seat(user, ref, address, answer)
        if fields := _activity(change):
            self._state.person_patch(user.guid, ref, **fields)

    def _seat(self, user: User, ref: str, address: str, answer: Answer) -> None:
        guids = {one.email: one.guid for one in self._state.users.values()}
        rows = {row["participantGuid"] for row in self._state.participants(ref)}
        if answer is Answer.OUT:
            self._state.person_uninvite(user.guid, ref, guids[address])
        elif guids[address] in rows:
            self._state.person_answer(guids[address], ref, SEVERA_STATUSES[answer])
        else:
            status = SEVERA_STATUSES[answer]
            self._state.person_invite(user.guid, ref, guids[address], status=status)

    def retype(self, user: User, ref: str, kind: str) -> None:
        self._state.person_patch(user.guid, ref, activityType=kind)

    def delete(self, user: User, ref: str) -> None:
        self._state.person_delete(user.guid, ref)

    def book_hours(self, ref: str) -> None:
        self._state.person_patch(ANNA.guid, ref, hasHours=True)

    def furnish(self, ref: str) -> None:
        held = {"customer": {"guid": "c1"}, "phase": {"guid": "p1"}, "isClosed": True}
        self._state.person_patch(ANNA.guid, ref, **held)

    def furnished(self, ref: str) -> Mapping[str, Any]:
        row = self._state.activity(ref)
        guids = {name: (row[name] or {}).get("guid") for name in ("customer", "phase")}
        held = {**guids, "closed": row["isClosed"]}
        return {name: value for name, value in held.items() if value}


@asynccontextmanager
async def severa_double() -> AsyncIterator[Severa]:
    clock = Clock()
    kinds = tuple(
        ActivityType(name.lower(), name, category, is_default=name == "Meeting")
        for name, category in KINDS
    )
    double = SeveraDouble(Company((ANNA, BEN, CARA), kinds), now=clock)
    named = {kind.name: kind.guid for kind in kinds}
    yield Severa(double, _DoubleColleagues(double), clock, ANNA, BEN, CARA, named)


@asynccontextmanager
async def severa_served() -> AsyncIterator[Severa]:
    clock = Clock()
    state, faults = SeveraState(clock=clock), Faults(clock=clock)
    state.requests_per_second = None
    state.add_credentials("acme", SECRET)
    watch = Watch(lets_refused_pass=True)
    state.witnesses.append(watch)
    async with (
        TestServer(make_severa(state, faults, clock=clock), host="127.0.0.1") as server,
        ClientSession() as session,
    ):
        kinds = {
            name: state.add_type(name, category.value, is_default=name == "Meeting")
            for name, category in KINDS
        }
        anna, ben, cara = (
            User(state.add_user(one.guid.title(), "X", one.email), one.email, zone=one.zone)
            for one in (ANNA, BEN, CARA)
        )
        client = SeveraClient(
            str(server.make_url("/rest-api")),
            "acme",
            Secret(SECRET),
            session=session,
            spend=_spend_severa,
            monotonic=lambda: 0.0,
            timeout_s=5.0,
        )
        await client.users()
        yield Severa(client, _ServedColleagues(state), clock, anna, ben, cara, kinds)
    watch.require_none()


async def _spend_severa() -> None:
    """Spend nothing."""


def _activity(entry: Entry) -> dict[str, Any]:
    names = {"title": "name", "location": "location", "notes": "notes"}
    known = entry.known()
    fields: dict[str, Any] = {names[name]: known[name] for name in names if name in known}
    match known.get("when"):
        case Timed(start, end):
            fields |= {"startDateTime": _text(start), "endDateTime": end and _text(end)}
    return fields
