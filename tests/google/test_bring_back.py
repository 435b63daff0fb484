"""An event made again gets what Google held of the one that was deleted, as far as it takes it (D7)."""

import json
from typing import Any

import pytest

from daemon.core.entry import Answer, Entry, People
from daemon.core.link import Copy
from daemon.errors import CompanyRefused, Exists, Transient
from tests.google.conftest import ANNA, BEN, World
from tests.google.test_client import BODY, MARK

REF = "aaaaabbbbb"
GUEST, ROOM = "guest@elsewhere.example", "room1@resource.example"
HELD: dict[str, Any] = {
    "colorId": "5",
    "transparency": "transparent",
    "reminders": {"useDefault": False, "overrides": [{"method": "popup", "minutes": 7}]},
    "attachments": [{"fileUrl": "https://drive.example/x", "title": "Plan"}],
    "guestsCanModify": True,
    "guestsCanInviteOthers": False,
    "source": {"title": "CRM", "url": "https://crm.example/1"},
    "visibility": "public",
    "description": "<b>Bold</b> words",
    "extendedProperties": {"private": {"crm": "42", "severaEvent": "old"}, "shared": {"a": "b"}},
}
GUESTS: list[dict[str, Any]] = [
    {"email": BEN.email, "responseStatus": "accepted", "optional": True, "comment": "Late"},
    {"email": GUEST, "responseStatus": "declined", "displayName": "Guest"},
    {"email": ROOM, "responseStatus": "accepted", "resource": True},
]


async def removed(world: World, **fields: Any) -> Copy:
    """Return an event with everything, as it was read before it was deleted."""
    client, body = world.client(), {**BODY, **HELD, "attendees": GUESTS, **fields}
    ref = world.state.person_add(ANNA.email, body)["id"]
    seen = await client.read(ANNA, ref)
    assert seen is not None
    await client.remove(ANNA, seen)
    return seen


async def again(world: World, seen: Copy) -> Copy:
    return await world.client().create(ANNA, REF, seen.entry, mark=MARK, original=seen.original)


async def test_colour_reminders_attachments_and_flags_come_back_in_one_call(world: World) -> None:
    seen = await removed(world)

    made = await again(world, seen)

    event = world.state.event(ANNA.email, REF)
    kept = {name: event[name] for name in HELD.keys() - {"extendedProperties"}}
    assert kept == {name: HELD[name] for name in kept}
    properties = event["extendedProperties"]
    assert properties["shared"] == {"a": "b"}
    assert properties["private"] == {
        "crm": "42", "severaActivity": MARK.activity, "severaEvent": MARK.event,
    }  # fmt: skip
    assert (made.left_out, made.mark) == ((), MARK)
    assert (made.entry.title, made.entry.notes) == (seen.entry.title, seen.entry.notes)
    assert [name for name, _ in world.calls() if name in ("events.insert", "events.patch")] == [
        "events.insert"
    ]


async def test_guests_are_asked_anew_with_their_flags_and_rooms_booked_again_and_nobody_is_mailed(
    world: World,
) -> None:
    seen = await removed(world)

    await again(world, seen)

    rows = {row["email"]: row for row in world.state.event(ANNA.email, REF)["attendees"]}
    assert rows[BEN.email]["optional"] is True
    assert "comment" not in rows[BEN.email]
    assert rows[GUEST]["displayName"] == "Guest"
    assert rows[ROOM]["resource"] is True
    assert {rows[BEN.email]["responseStatus"], rows[GUEST]["responseStatus"]} <= {
        "needsAction", "accepted", "declined",
    }  # fmt: skip


async def test_what_is_refused_together_comes_back_one_by_one(world: World) -> None:
    seen = await removed(world)
    world.order("events.insert", "refuse", status=400)

    made = await again(world, seen)

    event = world.state.event(ANNA.email, REF)
    assert made.left_out == ()
    assert (event["colorId"], event["attachments"]) == ("5", HELD["attachments"])
    assert event["extendedProperties"]["private"]["severaEvent"] == MARK.event
    assert made == await world.client().read(ANNA, REF)


async def test_what_google_will_not_take_is_said_and_the_rest_comes_back(world: World) -> None:
    seen = await removed(world)
    world.order("events.insert", "refuse", status=400)
    world.order("events.patch", "refuse", status=400)

    made = await again(world, seen)

    event = world.state.event(ANNA.email, REF)
    assert made.left_out == ("the colour",)
    assert "colorId" not in event
    assert event["transparency"] == "transparent"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "lose_reply"}, Transient),
        ({"kind": "refuse", "error": "accessNotConfigured"}, CompanyRefused),
        ({"kind": "refuse", "status": 409}, Exists),
    ],
)
async def test_what_may_have_been_made_or_is_everybodys_fault_is_not_tried_without(
    world: World, fault: dict[str, Any], error: type[Exception]
) -> None:
    seen = await removed(world)
    world.order("events.insert", **fault)

    with pytest.raises(error):
        await again(world, seen)

    assert [name for name, _ in world.calls()].count("events.insert") == 1


async def test_a_form_that_says_something_else_than_the_entry_stays_away(world: World) -> None:
    seen = await removed(world)
    entry = seen.entry.only(("title", "when"))
    private = Entry(
        title=entry.title, when=entry.when, notes="Other words", private=True,
        people=People.of({ANNA.email: Answer.ACCEPTED}),
    )  # fmt: skip

    made = await world.client().create(ANNA, REF, private, mark=None, original=seen.original)

    event = world.state.event(ANNA.email, REF)
    assert (event["description"], event["visibility"]) == ("Other words", "private")
    assert {row["email"] for row in event.get("attendees", [])} <= {ANNA.email, ROOM}
    assert made.entry.private is True


@pytest.mark.parametrize(
    ("event", "lost"),
    [
        ({}, ()),
        ({"conferenceData": {"conferenceId": "abc"}}, ("the conference link",)),
        ({"hangoutLink": "https://meet.example/abc"}, ("the conference link",)),
        ({"eventType": "focusTime"}, ("that it was focus time",)),
        ({"eventType": "default"}, ()),
    ],
)
def test_what_no_insert_brings_back_is_said(
    world: World, event: dict[str, Any], lost: tuple[str, ...]
) -> None:
    assert world.client().lost_in(json.dumps(event)) == lost


@pytest.mark.parametrize(
    "original",
    ["", "{", "[]", "null", '{"attendees": 7, "attachments": {}, "extendedProperties": [1]}'],
)
async def test_an_original_that_says_nothing_brings_nothing(world: World, original: str) -> None:
    seen = await removed(world)

    made = await world.client().create(ANNA, REF, seen.entry, mark=None, original=original)

    assert made.left_out == ()
    assert "colorId" not in world.state.event(ANNA.email, REF)
