"""An activity made again gets what Severa held of the one that was deleted, as far as it takes it (D7)."""

import json
from typing import Any

import pytest

from daemon.core.entry import Entry
from daemon.core.link import Activity
from daemon.errors import CompanyRefused, Refused, Transient
from tests.severa.conftest import World

CUSTOMER, PHASE = {"guid": "c1", "name": "Acme"}, {"guid": "p1", "name": "Build"}
HELD: dict[str, Any] = {"customer": CUSTOMER, "phase": PHASE, "isClosed": True}


async def removed(world: World) -> tuple[Activity, str]:
    """Return an activity with everything, as it was read before it was deleted, and its type."""
    kind = world.types["SalesEvent"]
    seen = await world.seen(world.add(activityType=kind, **HELD))
    await world.client.remove(world.anna, seen)
    return seen, kind


def held(world: World, made: Activity) -> dict[str, Any]:
    """Return what Severa now holds besides what is synced, models by their guids."""
    row = world.state.activity(made.ref)
    return {
        "customer": (row["customer"] or {}).get("guid"),
        "phase": (row["phase"] or {}).get("guid"),
        "isClosed": row["isClosed"],
    }


ALL = {"customer": "c1", "phase": "p1", "isClosed": True}


async def test_customer_phase_and_closed_come_back_in_one_call(world: World) -> None:
    seen, kind = await removed(world)

    made = await world.calendar.create(
        world.anna, seen.entry, type_guid=kind, original=seen.original
    )

    assert held(world, made) == ALL
    assert (made.left_out, made.is_bare, made.entry) == ((), False, seen.entry)
    assert (world.calls("activities.create"), world.calls("activities.patch")) == (1, 0)
    assert world.calendar.type_in(seen.original) == kind
    assert world.calendar.lost_in(seen.original) == ()


async def test_what_is_refused_together_comes_back_one_by_one(world: World) -> None:
    seen, kind = await removed(world)
    world.fail("activities.create", status=404)

    made = await world.calendar.create(
        world.anna, seen.entry, type_guid=kind, original=seen.original
    )

    assert (held(world, made), made.left_out) == (ALL, ())
    assert len(world.state.activities()) == 1


async def test_what_severa_will_not_take_is_said_and_the_rest_comes_back(world: World) -> None:
    seen, kind = await removed(world)
    world.fail("activities.create", status=400)
    world.fail("activities.patch", status=400)

    made = await world.calendar.create(
        world.anna, seen.entry, type_guid=kind, original=seen.original
    )

    assert held(world, made) == ALL | {"customer": None}
    assert made.left_out == ("the customer",)
    assert made.entry == seen.entry


async def test_a_severa_out_of_reach_afterwards_leaves_the_entry_and_says_the_rest(
    world: World,
) -> None:
    seen, kind = await removed(world)
    world.fail("activities.create", status=400)
    world.fail("activities.patch", "drop", times=9)

    made = await world.calendar.create(
        world.anna, seen.entry, type_guid=kind, original=seen.original
    )

    assert made.left_out == ("the customer", "the phase", "that it was closed")
    assert world.calls("activities.patch") == 1


async def test_an_entry_that_is_refused_itself_is_not_made(world: World) -> None:
    seen, kind = await removed(world)

    with pytest.raises(Refused):
        await world.calendar.create(
            world.anna, Entry(title="x" * 500, when=seen.entry.when), type_guid=kind,
            original=seen.original,
        )  # fmt: skip

    assert world.state.activities() == []


@pytest.mark.parametrize(
    ("how", "error"),
    [({"kind": "lose_reply"}, Transient), ({"status": 403, "body": None}, CompanyRefused)],
)
async def test_what_may_have_been_made_or_is_everybodys_fault_is_not_tried_without(
    world: World, how: dict[str, Any], error: type[Exception]
) -> None:
    seen, kind = await removed(world)
    if "status" in how:
        how["body"] = {"error": {"httpStatusCode": 403, "type": "InsufficientApiScope"}}
    world.fail("activities.create", **how)

    with pytest.raises(error):
        await world.calendar.create(world.anna, seen.entry, type_guid=kind, original=seen.original)

    assert world.calls("activities.create") == 1


@pytest.mark.parametrize(
    "original",
    ["", "{", "[]", "null", '{"customer": "Acme", "phase": {"guid": 7}, "isClosed": "true"}'],
)
async def test_an_original_that_says_nothing_brings_nothing(
    world: World, meeting: Entry, original: str
) -> None:
    kind = world.types["CalendarEntry"]

    made = await world.calendar.create(world.anna, meeting, type_guid=kind, original=original)

    assert made.is_bare
    assert made.left_out == ()
    assert world.calendar.type_in(original) == ""


async def test_booked_hours_are_said_to_be_lost(world: World) -> None:
    assert world.calendar.lost_in(json.dumps({"hasHours": True})) == ("the booked hours",)
