"""The ledger tells what the rules let be lost from what they do not; else no day would ever be broken."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.calendars import Shown

from .ledger import Ledger

NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
ONE = Shown("one #1", NOON, LATER, "Oslo", "")
MOVED = replace(ONE, location="Turku")
NOTED = replace(ONE, location="Bergen")
NOTED_ELSEWHERE = replace(NOTED, notes="bring cake")


def both(ledger: Ledger) -> None:
    """Let the entry stand on both sides."""
    ledger.new()
    ledger.added("severa", 1, "a", ONE, NOON)
    ledger.added("google", 1, "g", ONE, NOON)


def edited_in_google(ledger: Ledger) -> None:
    both(ledger)
    ledger.edited("google", 1, ONE, MOVED, LATER)


def edited_on_both(ledger: Ledger) -> None:
    edited_in_google(ledger)
    ledger.edited("severa", 1, ONE, NOTED, LATER)


def edited_one_after_the_other(ledger: Ledger) -> None:
    edited_in_google(ledger)
    ledger.edited("severa", 1, MOVED, NOTED, LATER)
    ledger.edited("google", 1, NOTED, ONE, LATER)


def raced(ledger: Ledger) -> None:
    edited_on_both(ledger)
    ledger.wrote_between(1, NOON, LATER)


def unheard(ledger: Ledger) -> None:
    edited_on_both(ledger)
    ledger.unheard(1, LATER)


def deleted(ledger: Ledger) -> None:
    both(ledger)
    ledger.deleted("google", 1, ONE, [ONE], LATER)


def deleted_with_an_edit_unseen(ledger: Ledger) -> None:
    edited_in_google(ledger)
    ledger.deleted("severa", 1, ONE, [MOVED], LATER)


def deleted_and_edited_then(ledger: Ledger) -> None:
    deleted(ledger)
    ledger.edited("severa", 1, ONE, NOTED, LATER)


def deleted_with_the_edit_on_both(ledger: Ledger) -> None:
    edited_on_both(ledger)
    ledger.deleted("severa", 1, NOTED, [MOVED], LATER)


def lost_and_then_deleted_with_another_edit_unseen(ledger: Ledger) -> None:
    edited_on_both(ledger)
    ledger.edited("google", 1, NOTED, NOTED_ELSEWHERE, LATER)
    ledger.deleted("severa", 1, NOTED, [NOTED_ELSEWHERE], LATER)


@pytest.mark.parametrize(
    ("done", "severa", "google", "complaints"),
    [
        (both, [ONE], [ONE], 0),
        (both, [ONE], [], 1),
        (both, [], [], 1),
        (both, [ONE, ONE], [ONE], 1),
        (both, [ONE], [MOVED], 1),
        (both, [MOVED], [MOVED], 1),
        (edited_in_google, [MOVED], [MOVED], 0),
        (edited_in_google, [ONE], [ONE], 1),
        (edited_on_both, [NOTED], [NOTED], 0),
        (edited_on_both, [MOVED], [MOVED], 1),
        (edited_one_after_the_other, [ONE], [ONE], 0),
        (edited_one_after_the_other, [NOTED], [NOTED], 1),
        (raced, [MOVED], [MOVED], 0),
        (unheard, [MOVED], [MOVED], 0),
        (deleted, [], [], 0),
        (deleted, [ONE], [ONE], 1),
        (deleted_with_an_edit_unseen, [MOVED], [MOVED], 0),
        (deleted_with_an_edit_unseen, [], [], 1),
        (deleted_with_the_edit_on_both, [MOVED], [MOVED], 0),
        (deleted_with_the_edit_on_both, [], [], 1),
        (
            lost_and_then_deleted_with_another_edit_unseen,
            [NOTED_ELSEWHERE],
            [NOTED_ELSEWHERE],
            0,
        ),
        (deleted_and_edited_then, [NOTED], [NOTED], 0),
        (deleted_and_edited_then, [], [], 1),
    ],
)
def test_a_lost_edit_a_double_and_an_undone_deletion_are_told_of(
    done: Callable[[Ledger], None], severa: list[Shown], google: list[Shown], complaints: int
) -> None:
    ledger = Ledger()
    done(ledger)

    told = list(ledger.complaints(1, {"severa": severa, "google": google}))

    assert len(told) == complaints, told
