"""Which deletions and creations wait for a person (D5), and which writes are a ping-pong (R4)."""

from datetime import date, timedelta

import pytest

from daemon.core.entry import UNKNOWN, AllDay, Timed
from daemon.core.guard import (
    WHOLE,
    Census,
    Step,
    held_creations,
    held_removals,
    is_loop,
    is_old,
)
from daemon.core.link import Side
from daemon.core.record import Change
from daemon.core.recurrence import Recurrence

from .given import NOW

WHOLE_COMPANY = Census(links=1_000_000, removed=0)


def plan(count: int, user: str = "ann") -> list[Step]:
    return [Step(f"{user}-{number}", user) for number in range(count)]


@pytest.mark.parametrize(
    ("links", "removed", "planned", "is_held"),
    [
        # At least 10, and more than 10 % of the user's links.
        (99, 0, 9, False),
        (99, 0, 10, True),
        (100, 0, 10, False),
        (100, 0, 11, True),
        (500, 0, 50, False),
        (500, 0, 51, True),
        # What went within 24 hours counts along, and counts as one of the links there were.
        (90, 9, 1, True),
        (91, 8, 1, False),
        (90, 10, 0, False),
        (91, 9, 1, False),
        # All of a user's links.
        (3, 0, 3, True),
        (9, 0, 9, True),
        (1, 2, 1, True),
        # So few that losing all is an ordinary deletion.
        (1, 0, 1, False),
        (2, 0, 2, False),
        (9, 0, 8, False),
    ],
)
def test_a_users_flood_of_deletions_is_held_d5(links, removed, planned, is_held):
    reasons = held_removals(plan(planned), {"ann": Census(links, removed)}, WHOLE_COMPANY)

    assert len(reasons) == (planned if is_held else 0)


@pytest.mark.parametrize(
    ("links", "removed", "planned", "is_held"),
    [
        # At least 25, and more than 1 % of the company's links.
        (2_000, 0, 24, False),
        (2_000, 0, 25, True),
        (2_500, 0, 25, False),
        (2_500, 0, 26, True),
        (2_400, 24, 1, True),
        (2_400, 23, 1, False),
        (2_476, 24, 1, False),
    ],
)
def test_a_companys_flood_of_deletions_is_held_d5(links, removed, planned, is_held):
    removals = [Step(f"l{number}", f"user-{number}") for number in range(planned)]
    users = {removal.user: Census(100, 0) for removal in removals}

    reasons = held_removals(removals, users, Census(links, removed))

    assert len(reasons) == (planned if is_held else 0)


def test_one_users_flood_does_not_hold_anothers_deletion_d5():
    users = {"ann": Census(50, 0), "bob": Census(50, 0)}

    reasons = held_removals([*plan(20), *plan(1, "bob")], users, WHOLE_COMPANY)

    assert set(reasons) == {f"ann-{number}" for number in range(20)}


def test_the_reason_names_the_figures_d5():
    users = {"ann": Census(links=40, removed=2)}

    reasons = held_removals(plan(10), users, WHOLE_COMPANY)

    assert set(reasons.values()) == {
        "12 of 42 entries of this user would be deleted within 24 hours"
    }


def test_a_users_reason_goes_before_the_companys_d5():
    reasons = held_removals(plan(30), {"ann": Census(30, 0)}, Census(30, 0))

    assert set(reasons.values()) == {"all 30 entries of this user would be deleted"}


def test_an_empty_plan_holds_nothing_d5():
    assert held_removals([], {}, Census(0, 0)) == {}


@pytest.mark.parametrize(
    ("others", "planned", "is_held"),
    [
        (0, 49, False),
        (0, 50, True),
        (49, 1, True),
        (48, 1, False),
        (1_000, 0, False),
    ],
)
def test_a_users_flood_of_creations_is_held_d5(others, planned, is_held):
    reasons = held_creations(plan(planned), {"ann": others})

    assert len(reasons) == (planned if is_held else 0)


def test_one_users_flood_does_not_hold_anothers_creation_d5():
    creations = [*plan(50), *plan(49, "bob")]

    reasons = held_creations(creations, {"ann": 0, "bob": 0})

    assert set(reasons) == {f"ann-{number}" for number in range(50)}


def test_what_was_approved_is_counted_and_goes_ahead_d5():
    approved = [Step(f"a{number}", "ann", is_approved=True) for number in range(60)]

    deletions = held_removals([*approved, *plan(1)], {"ann": Census(500, 0)}, WHOLE_COMPANY)
    creations = held_creations([*approved, *plan(1)], {"ann": 0})

    assert list(deletions) == list(creations) == ["ann-0"]


def test_the_reason_says_what_and_how_many_would_be_created_d5():
    reasons = held_creations(plan(20), {"ann": 40})

    assert set(reasons.values()) == {
        "60 entries of this user that ended more than 30 days ago would be created within 24 hours"
    }


DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
MIDNIGHT = NOW.replace(hour=0, minute=0)
SERIES = Recurrence(("RRULE:FREQ=WEEKLY",), "UTC")


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (Timed(NOW - 31 * DAY, NOW - 30 * DAY - SECOND), True),
        (Timed(NOW - 31 * DAY, NOW - 30 * DAY), False),
        (Timed(NOW - 31 * DAY, None), True),
        (Timed(NOW - 90 * DAY, NOW + DAY), False),
        (Timed(NOW - 90 * DAY, NOW - 89 * DAY, SERIES), False),
        (AllDay(NOW.date() - 40 * DAY, NOW.date() - 31 * DAY), True),
        (AllDay(NOW.date() - 40 * DAY, NOW.date() - 29 * DAY), False),
        (AllDay(date(2020, 1, 1), None), True),
        (AllDay(date(2020, 1, 1), None, SERIES), False),
        (UNKNOWN, False),
    ],
)
def test_old_is_what_ended_more_than_30_days_ago_and_does_not_repeat_d5(when, expected):
    assert is_old(when, NOW, "UTC") is expected


def test_an_old_day_ends_at_its_owners_midnight_d5():
    when = AllDay(NOW.date() - 31 * DAY, NOW.date() - 30 * DAY)

    assert is_old(when, MIDNIGHT - 2 * timedelta(hours=1), "Asia/Tokyo")
    assert not is_old(when, MIDNIGHT - 2 * timedelta(hours=1), "UTC")


def test_what_a_first_sync_was_told_to_bring_is_no_flood_d5():
    when = Timed(NOW - 90 * DAY, NOW - 90 * DAY)

    assert not is_old(when, NOW, "UTC", initial=100 * DAY)
    assert is_old(when, NOW, "UTC", initial=80 * DAY)
    assert not is_old(Timed(NOW - 20 * DAY, NOW - 20 * DAY), NOW, "UTC", initial=DAY)


def line(action: str, *names: str, side: Side = Side.SEVERA) -> Change:
    values = {"before": "a", "after": None if action == "removed" else "b"}
    return Change(NOW, "l1", "ann", side, action, "poll", "D1", dict.fromkeys(names, values))


PERSONS = [f"person:p{number}@example.com" for number in range(20)]
LOOP = [line("changed", "title")] * 10


@pytest.mark.parametrize(
    ("past", "names", "expected"),
    [
        ([], ["title"], False),
        (LOOP[:9], ["title"], False),
        (LOOP, ["title"], True),
        # Each field is counted apart, and one in a loop is enough.
        (LOOP, ["notes"], False),
        (LOOP, ["notes", "title"], True),
        ([line("changed", person) for person in PERSONS], PERSONS[:1], False),
        ([line("changed", PERSONS[0])] * 10, PERSONS[:1], True),
        ([line("changed", "title", "notes")] * 5 + [line("changed", "notes")] * 5, ["notes"], True),
        # A creation writes every field; the entry itself is made and removed.
        ([line("created", "title")] * 10, ["title"], True),
        ([line("created", "title"), line("removed", "title")] * 5, ["title"], False),
        ([line("created", "title"), line("removed", "title")] * 5, [WHOLE], True),
        ([line("created", "title"), line("removed", "title")] * 4, [WHOLE], False),
        ([line("replaced")] * 10, [WHOLE], True),
        (LOOP, [WHOLE], False),
        # What wrote to no side, or to the other.
        ([line("linked")] * 10, [WHOLE], False),
        ([line("parted", "title")] * 10, ["title"], False),
        ([line("changed", "title", side=Side.GOOGLE)] * 10, ["title"], False),
    ],
)
def test_a_loop_is_one_field_written_more_than_ten_times_an_hour_r4(past, names, expected):
    assert is_loop(past, Side.SEVERA, names) is expected
