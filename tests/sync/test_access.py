"""Whose calendar or activity an entry is on, and whose addresses count."""

from dataclasses import replace

from daemon.core.account import Account
from daemon.core.company import Category, User
from daemon.core.link import Link, Side
from daemon.core.seen import Activity, Copy
from daemon.sync.access import Access
from tests.core.given import entry

ANN, BEN = (User(name, f"{name}@example.com", name) for name in ("ann", "ben"))


def access(*accounts: Account, domains: tuple[str, ...] = ()) -> Access:
    return Access({account.user.guid: account for account in accounts}, domains)


def enabled(user: User) -> Account:
    return Account(user, is_enabled=True, address=user.email)


def owned_by_ann(category: Category) -> Link:
    activity = Activity("a1", "ann", entry(), "kind", category, members=frozenset({"ben"}))
    return Link("l1", Side.SEVERA, activity)


def test_ones_own_event_is_ones_own_whoever_has_the_same_address_a4_e4() -> None:
    twin = Account(replace(ANN, guid="twin"))
    copy = Copy("e1", "ann", entry(), uid="u1", address=ANN.email, organizer=ANN.email)
    link = Link("l1", Side.GOOGLE, copies=(copy,), source="ann")

    # Neither order is to decide, nor who of the two uses the sync.
    owners = [
        access(*both).owner_for(link).user.guid
        for ann in (Account(ANN), enabled(ANN))
        for twins in (twin, replace(twin, is_enabled=True))
        for both in ((ann, twins), (twins, ann))
    ]

    assert owners == ["ann"] * 8


def test_an_address_of_two_is_that_of_the_one_who_uses_the_sync_e4() -> None:
    twin = Account(replace(ANN, guid="twin"))

    found = [access(*both).at(ANN.email) for both in ((enabled(ANN), twin), (twin, enabled(ANN)))]

    assert found == [enabled(ANN)] * 2


def test_a_personal_activity_goes_to_nobody_elses_calendar_b4_b11() -> None:
    away = Account(replace(ANN, is_active=False))
    asked = access(away, enabled(BEN))

    organizers = {
        category: asked.organizer_for(owned_by_ann(category)).user.guid for category in Category
    }

    assert organizers[Category.PERSONAL] == organizers[Category.ABSENCE] == "ann"
    assert organizers[Category.CALENDAR_ENTRY] == "ben", "others are organized by who takes part"


def test_a_personal_activity_stays_its_owners_whom_google_refused_b4() -> None:
    asked = access(enabled(ANN), enabled(BEN))
    asked.refused = {"ann"}

    organizer = asked.organizer_for(owned_by_ann(Category.PERSONAL))

    assert organizer.user == ANN


def test_an_address_that_moved_counts_only_when_it_is_confirmed_a5() -> None:
    moved = replace(enabled(ANN), address="before@example.com")

    asked = access(moved, enabled(BEN))

    assert asked.addresses == {BEN.email}


def test_an_address_of_a_foreign_domain_does_not_count_a5() -> None:
    foreign = User("zoe", "zoe@elsewhere.example")

    asked = access(enabled(ANN), Account(foreign), domains=("example.com",))

    assert asked.addresses == {ANN.email}


def test_no_domain_configured_lets_every_address_count_a5() -> None:
    foreign = User("zoe", "zoe@elsewhere.example")

    asked = access(enabled(ANN), Account(foreign))

    assert asked.addresses == {ANN.email, foreign.email}


def test_somebody_without_an_address_is_at_none_e8() -> None:
    nameless = Account(User("api", ""))

    asked = access(nameless, enabled(ANN))

    assert asked.addresses == {ANN.email}
    assert asked.at("") is None
