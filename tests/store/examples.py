"""Entries, users and changes to keep, each different from the other by a name only."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from daemon.core.account import Account
from daemon.core.company import Category, User
from daemon.core.entry import Answer, Entry, People, Timed
from daemon.core.link import Base, Claim, Deed, Link, Side
from daemon.core.record import Change, Record
from daemon.core.seen import Activity, Copy

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

ENTRY = Entry(
    title="Kick-off",
    when=Timed(NOW, NOW + timedelta(hours=1)),
    location="Hall",
    notes="Bring the plan.",
    private=False,
    people=People.of({"a@example.com": Answer.NONE, "b@example.com": Answer.ACCEPTED}),
)


def activity(ref: str, user: str = "anna") -> Activity:
    return Activity(
        ref=ref, user=user, entry=ENTRY, type="meeting", category=Category.CALENDAR_ENTRY
    )


def event(ref: str, user: str = "anna", uid: str = "") -> Copy:
    return Copy(ref=ref, user=user, entry=ENTRY, uid=uid or f"{ref}@google.com")


def create_claim(user: str = "anna") -> Claim:
    return Claim(side=Side.SEVERA, deed=Deed.CREATE, made_at=NOW, values=ENTRY, user=user)


def linked(name: str, user: str = "anna", **kept: Any) -> Record:
    """Return an entry with both sides, `activity-NAME` and `event-NAME`."""
    link = Link(
        id=name,
        born=Side.SEVERA,
        activity=activity(f"activity-{name}", user),
        copies=(event(f"event-{name}", user),),
        source=user,
        base=Base(ENTRY, ENTRY),
    )
    return Record(link, **{"looked_at": NOW, **kept})


def with_link(record: Record, **changed: Any) -> Record:
    return replace(record, link=replace(record.link, **changed))


def in_severa(name: str, user: str = "anna", **kept: Any) -> Record:
    """Return an entry with a Severa side only."""
    return with_link(linked(name, user, **kept), copies=(), source="")


def in_google(name: str, user: str = "anna", **kept: Any) -> Record:
    """Return an entry with a Google side only."""
    return with_link(linked(name, user, **kept), activity=None)


def with_members(record: Record, *members: str) -> Record:
    assert record.link.activity, "members are those of an activity"
    return with_link(record, activity=replace(record.link.activity, members=frozenset(members)))


def account(guid: str, email: str = "", **state: Any) -> Account:
    return Account(User(guid=guid, email=email or f"{guid}@example.com"), **state)


def change(entry: str, action: str = "changed", user: str = "anna", at: datetime = NOW) -> Change:
    return Change(
        at=at,
        entry=entry,
        user=user,
        side=Side.GOOGLE,
        action=action,
        cause="push",
        rule="D1",
        fields={"title": {"before": "Kick-off", "after": "Start"}},
    )


def ids(records: tuple[Record, ...]) -> list[str]:
    return [record.link.id for record in records]
