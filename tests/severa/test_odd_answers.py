"""Answers of Severa that say it was done and cannot be read: their outcome is unknown, never a refusal."""

from collections.abc import Callable
from typing import Any

import pytest

from daemon.core.entry import Entry
from daemon.errors import RateLimited, Transient
from tests.severa.conftest import World

Row = dict[str, Any]
ODD: dict[str, Callable[[Row], Any]] = {
    "a text": lambda _: "ok",
    "a list in a list": lambda row: [row],
    "nothing in it": lambda _: {},
    "no owner": lambda row: row | {"ownerUser": None},
    "no type": lambda row: row | {"activityType": "Meeting"},
    "an unknown category": lambda row: row | {"activityType": {"guid": "g", "category": ["New"]}},
    "no start": lambda row: row | {"startDateTime": None},
    "a start that is a number": lambda row: row | {"startDateTime": 7},
    "a start without an offset": lambda row: row | {"startDateTime": "2026-03-03T09:00:00"},
    "an occurrence": lambda row: row | {"recurrenceType": "Occurrence"},
    "a recurrence that is a list": lambda row: (
        row | {"recurrenceType": ["Occurrence"]} | {"guid": 7}
    ),
    "a series without a rule": lambda row: (
        row | {"recurrenceType": "Series", "recurrence": "weekly"}
    ),
}


@pytest.mark.parametrize("name", ODD)
async def test_a_write_whose_answer_cannot_be_read_has_an_unknown_outcome(
    world: World, meeting: Entry, name: str
) -> None:
    seen = await world.seen(world.add())
    body = ODD[name](world.state.activity(seen.ref))
    world.fail("activities.create", status=200, body=body)
    world.fail("activities.patch", status=200, body=[body])

    with pytest.raises(Transient):
        await world.client.create(world.anna, meeting, type_guid=world.types["CalendarEntry"])
    with pytest.raises(Transient):
        await world.client.change(world.anna, seen, Entry(title="New"), type_guid="", mark=None)


@pytest.mark.parametrize("status", [400, 401, 403, 429, 503])
async def test_an_owner_who_cannot_be_asked_for_makes_no_refusal_of_a_write(
    world: World, meeting: Entry, status: int
) -> None:
    # Severa gave the activity to somebody whose zone is not known yet, and does not tell it.
    seen = await world.seen(world.add())
    stranger = {"ownerUser": {"guid": world.state.add_user("Ben", "Berg", "ben@example.com")}}
    body = world.state.activity(seen.ref) | stranger
    world.fail("activities.create", status=200, body=body)
    world.fail("activities.patch", status=200, body=[body])
    world.fail("users.get", status=status, times=9)

    with pytest.raises(Transient) as create:
        await world.client.create(world.anna, meeting, type_guid=world.types["CalendarEntry"])
    with pytest.raises(Transient) as change:
        await world.client.change(world.anna, seen, Entry(title="New"), type_guid="", mark=None)

    # A pause that is asked for says of a write that it was not carried out.
    assert not isinstance(create.value, RateLimited)
    assert not isinstance(change.value, RateLimited)


async def test_an_answer_that_is_nested_too_deep_is_unclear(world: World, meeting: Entry) -> None:
    world.fail("activities.create", status=200, body="[" * 100_000)

    with pytest.raises(Transient):
        await world.client.create(world.anna, meeting, type_guid=world.types["CalendarEntry"])
