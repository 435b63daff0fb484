"""Which deletions wait for a person (D5)."""

import pytest

from daemon.core.guard import Census, Removal, held

WHOLE_COMPANY = Census(links=1_000_000, removed=0)


def plan(count: int, user: str = "ann") -> list[Removal]:
    return [Removal(f"{user}-{number}", user) for number in range(count)]


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
    reasons = held(plan(planned), {"ann": Census(links, removed)}, WHOLE_COMPANY)

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
    removals = [Removal(f"l{number}", f"user-{number}") for number in range(planned)]
    users = {removal.user: Census(100, 0) for removal in removals}

    reasons = held(removals, users, Census(links, removed))

    assert len(reasons) == (planned if is_held else 0)


def test_one_users_flood_does_not_hold_anothers_deletion_d5():
    users = {"ann": Census(50, 0), "bob": Census(50, 0)}

    reasons = held([*plan(20), *plan(1, "bob")], users, WHOLE_COMPANY)

    assert set(reasons) == {f"ann-{number}" for number in range(20)}


def test_the_reason_names_the_figures_d5():
    users = {"ann": Census(links=40, removed=2)}

    reasons = held(plan(10), users, WHOLE_COMPANY)

    assert set(reasons.values()) == {
        "12 of 42 entries of this user would be deleted within 24 hours"
    }


def test_a_users_reason_goes_before_the_companys_d5():
    reasons = held(plan(30), {"ann": Census(30, 0)}, Census(30, 0))

    assert set(reasons.values()) == {"all 30 entries of this user would be deleted"}


def test_an_empty_plan_holds_nothing_d5():
    assert held([], {}, Census(0, 0)) == {}
