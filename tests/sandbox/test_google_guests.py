"""Between the copies of a meeting in the sandbox Google: delays, permissions, what stays private, by every switch."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from tests.sandbox.google_world import ANNA, BEN, CLARA, MEETING, World, served, until

GUESTS = [{"email": BEN}, {"email": CLARA}]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with served() as one:
        yield one


def switch(world: World, **changes: Any) -> None:
    world.google.switches = replace(world.google.switches, **changes)


def answers(event: dict[str, Any]) -> dict[str, str]:
    return {row["email"]: row["responseStatus"] for row in event["attendees"]}


def own(email: str, answer: str) -> list[dict[str, str]]:
    return [{"email": email, "responseStatus": answer}]


async def test_what_is_under_way_arrives_when_its_time_has_come(world: World) -> None:
    switch(world, propagation_s=5)
    event = (await world.insert(attendees=GUESTS))["id"]
    at_once = await world.call(BEN, "GET", f"/events/{event}")

    world.clock.forward(seconds=5)
    arrived = await world.get(BEN, event)
    await world.patch(BEN, event, attendees=own(BEN, "accepted"))
    here, there = await world.get(BEN, event), await world.get(ANNA, event)
    world.clock.forward(seconds=5)

    assert (at_once.status, arrived["summary"]) == (404, "Meeting")
    assert (answers(here)[BEN], answers(there)[BEN]) == ("accepted", "needsAction")
    assert answers(await world.get(ANNA, event))[BEN] == "accepted"
    assert answers(await world.get(CLARA, event))[BEN] == "accepted"
    await world.call(ANNA, "DELETE", f"/events/{event}")
    assert len(world.google.events(BEN)) == 1
    world.clock.forward(seconds=5)
    assert world.google.events(BEN) == []


async def test_what_is_under_way_arrives_without_anybody_asking(world: World) -> None:
    switch(world, propagation_s=0.02)
    told: list[int] = []
    await world.insert(attendees=GUESTS)
    world.google.changed.append(lambda: told.append(1))

    world.clock.forward(seconds=1)

    await until(lambda: bool(told))
    assert not world.google.has_post


async def test_an_answer_under_way_is_not_undone_by_an_edit_that_crosses_it(world: World) -> None:
    event = (await world.insert(attendees=GUESTS))["id"]
    switch(world, propagation_s=5)

    await world.patch(ANNA, event, summary="New")
    await world.patch(BEN, event, attendees=own(BEN, "accepted"))
    world.clock.forward(seconds=10)
    ben, anna = await world.get(BEN, event), await world.get(ANNA, event)

    assert (ben["summary"], answers(ben)[BEN]) == ("New", "accepted")
    assert answers(anna)[BEN] == "accepted"


async def test_what_is_under_way_is_kept_with_the_world(world: World) -> None:
    switch(world, propagation_s=5)
    await world.insert(attendees=GUESTS)
    world.google.load(world.google.dump())

    world.clock.forward(seconds=5)

    assert [event["summary"] for event in world.google.events(BEN)] == ["Meeting"]


async def test_an_invitation_may_appear_only_when_it_is_answered(world: World) -> None:
    switch(world, invitations_appear="when_answered")
    event = (await world.insert(attendees=GUESTS))["id"]
    before = world.google.events(BEN)

    world.google.person_answers(BEN, ANNA, event, "accepted")

    assert before == world.google.events(CLARA) == []
    assert [one["id"] for one in world.google.events(BEN)] == [event]
    assert answers(await world.get(ANNA, event)) == {BEN: "accepted", CLARA: "needsAction"}


@pytest.mark.parametrize(("switched", "status"), [("stored", 200), ("refused", 403)])
async def test_a_guests_edit_of_shared_fields_may_be_refused(
    world: World, switched: Any, status: int
) -> None:
    switch(world, guest_edits=switched)
    event = (await world.insert(attendees=GUESTS))["id"]

    edit = await world.patch(BEN, event, location="Oulu")
    coloured = await world.patch(BEN, event, colorId="3")
    answered = await world.patch(BEN, event, attendees=own(BEN, "tentative"))

    assert [edit.status, coloured.status, answered.status] == [status, 200, 200]
    assert "location" not in await world.get(ANNA, event)


@pytest.mark.parametrize(
    ("switched", "flags", "is_asked"),
    [
        ("ignored", {}, False),
        ("delivered", {}, True),
        ("delivered", {"guestsCanInviteOthers": False}, False),
    ],
)
async def test_guests_of_a_guest_are_asked_as_the_switch_and_the_event_say(
    world: World, switched: Any, flags: dict[str, bool], is_asked: bool
) -> None:
    switch(world, guest_invites=switched)
    event = (await world.insert(attendees=[{"email": BEN}], **flags))["id"]

    await world.patch(BEN, event, attendees=[{"email": BEN}, {"email": CLARA}])

    assert (CLARA in answers(await world.get(ANNA, event))) == is_asked
    assert len(world.google.events(CLARA)) == int(is_asked)


@pytest.mark.parametrize("is_told", [True, False])
async def test_guests_who_see_no_others_see_themselves(world: World, is_told: bool) -> None:
    switch(world, hidden_guests_told=is_told)
    event = (await world.insert(attendees=GUESTS, guestsCanSeeOtherGuests=False))["id"]

    shown = await world.get(BEN, event)
    await world.patch(BEN, event, attendees=own(BEN, "accepted"))

    assert answers(shown) == {BEN: "needsAction"}
    assert shown.get("attendeesOmitted", False) == is_told
    assert answers(await world.get(ANNA, event)) == {BEN: "accepted", CLARA: "needsAction"}


@pytest.mark.parametrize(("switched", "answer"), [("kept", "accepted"), ("reset", "needsAction")])
async def test_an_answer_that_the_organizer_writes_down_stays_as_the_switch_says(
    world: World, switched: Any, answer: str
) -> None:
    switch(world, prefilled_answers=switched)
    event = await world.insert(attendees=own(BEN, "accepted"))

    assert answers(event)[BEN] == answer
    await world.patch(BEN, event["id"], attendees=own(BEN, "declined"))
    edited = await world.patch(ANNA, event["id"], attendees=own(BEN, "accepted"))
    assert answers(edited.json)[BEN] == ("declined" if switched == "reset" else "accepted")


async def test_of_very_many_guests_answers_reach_nobody(world: World) -> None:
    crowd = [{"email": f"guest{n}@elsewhere.example"} for n in range(200)]
    event = (await world.insert(attendees=[{"email": BEN}, *crowd]))["id"]

    await world.patch(BEN, event, attendees=own(BEN, "accepted"))

    assert answers(await world.get(BEN, event))[BEN] == "accepted"
    assert answers(await world.get(ANNA, event))[BEN] == "needsAction"


async def test_private_properties_are_each_copys_own_and_count_together(world: World) -> None:
    many = {f"k{n}": "v" for n in range(200)}
    event = await world.insert(
        attendees=GUESTS, extendedProperties={"private": many, "shared": {"s": "1"}}
    )
    copy = await world.get(BEN, event["id"])

    fits = await world.patch(BEN, event["id"], extendedProperties={"private": {"own": "1"}})
    over = await world.patch(BEN, event["id"], extendedProperties={"private": many})

    assert copy["extendedProperties"] == {"shared": {"s": "1"}}
    assert fits.json["extendedProperties"] == {"private": {"own": "1"}, "shared": {"s": "1"}}
    assert (over.status, over.reason) == (400, "invalid")
    assert "own" not in (await world.get(ANNA, event["id"]))["extendedProperties"]["private"]


async def test_properties_have_a_size_together(world: World) -> None:
    large = {f"k{n}": "v" * 1024 for n in range(32)}

    answer = await world.call(
        ANNA, "POST", "/events", MEETING | {"extendedProperties": {"private": large}}
    )

    assert (answer.status, answer.reason) == (400, "invalid")


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("Two\nlines & more", "Two<br>lines &amp; more"),
        ("<strong>Bold</strong> <em>soft</em>", "<b>Bold</b> <i>soft</i>"),
        ("<p style='x'>See <a href='https://a.example/?b=1&c' class='y'>it</a></p>",
         '<p>See <a href="https://a.example/?b=1&amp;c">it</a></p>'),
        ("See https://a.example/x.", 'See <a href="https://a.example/x">https://a.example/x</a>.'),
        ("<script>bad()</script><table><tr><td>Cell</td></tr></table>", "Cell"),
        ("1 < 2", "1 &lt; 2"),
        ("Plain", "Plain"),
    ],
)  # fmt: skip
async def test_a_description_may_come_back_as_googles_editor_writes_it(
    world: World, sent: str, shown: str
) -> None:
    kept = await world.insert(description=sent)
    switch(world, html="rewritten")

    event = await world.insert(description=sent)
    again = await world.patch(ANNA, event["id"], description=event["description"])

    assert kept["description"] == sent
    assert event["description"] == again.json["description"] == shown
    assert again.json["etag"] == event["etag"]


async def test_a_read_or_write_may_ask_for_few_guests_and_another_zone(world: World) -> None:
    event = (await world.insert(attendees=[{"email": ANNA}, *GUESTS]))["id"]
    asked = {"maxAttendees": "1", "timeZone": "UTC"}

    read = await world.call(ANNA, "GET", f"/events/{event}", **asked)
    written = await world.call(ANNA, "PATCH", f"/events/{event}", {"summary": "New"}, **asked)

    for answer in (read, written):
        assert answer.json["attendeesOmitted"] is True
        assert [row["email"] for row in answer.json["attendees"]] == [ANNA]
        assert answer.json["start"]["dateTime"] == "2026-11-23T08:00:00Z"
    assert len((await world.get(BEN, event))["attendees"]) == 3
