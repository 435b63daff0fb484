from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from tests.sandbox.google_world import ANNA, BEN, CLARA, MEETING, World, served

GUEST = "guest@elsewhere.test"
EVERYONE = [{"email": ANNA}, {"email": BEN}, {"email": CLARA}, {"email": GUEST}]
LATER = {
    "start": {"dateTime": "2026-11-23T14:00:00+02:00"},
    "end": {"dateTime": "2026-11-23T15:00:00+02:00"},
}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with served() as one:
        yield one


async def meeting(world: World, **more: Any) -> str:
    return str((await world.insert(attendees=EVERYONE, **more))["id"])


async def answers(world: World, user: str, event_id: str) -> dict[str, str]:
    event = await world.get(user, event_id)
    return {row["email"]: row["responseStatus"] for row in event["attendees"]}


async def answer(world: World, user: str, event_id: str, status: str) -> Any:
    rows = (await world.get(user, event_id))["attendees"]
    changed = [row | {"responseStatus": status} if row.get("self") else row for row in rows]
    return (await world.patch(user, event_id, attendees=changed)).json


async def test_every_known_guest_gets_a_copy_with_the_same_id_and_uid(world: World) -> None:
    event_id = await meeting(world, location="Oulu", colorId="5", visibility="private")

    own, copy = await world.get(ANNA, event_id), await world.get(BEN, event_id)

    shared = ("id", "iCalUID", "summary", "location", "start", "end", "sequence", "visibility")
    assert {k: copy[k] for k in shared} == {k: own[k] for k in shared}
    assert copy["organizer"] == copy["creator"] == {"email": ANNA}
    assert "colorId" not in copy
    assert copy["etag"] != own["etag"]


async def test_each_copy_says_who_is_self_and_who_organizes(world: World) -> None:
    event_id = await meeting(world)

    for user in (ANNA, BEN, CLARA):
        rows = (await world.get(user, event_id))["attendees"]
        assert [row["email"] for row in rows if row.get("self")] == [user]
        assert [row["email"] for row in rows if row.get("organizer")] == [ANNA]


async def test_the_organizers_own_answer_is_accepted_whatever_was_sent(world: World) -> None:
    event_id = await meeting(world)

    assert await answers(world, BEN, event_id) == {
        ANNA: "accepted",
        BEN: "needsAction",
        CLARA: "needsAction",
        GUEST: "needsAction",
    }
    assert await answer(world, ANNA, event_id, "declined")
    assert (await answers(world, ANNA, event_id))[ANNA] == "accepted"


async def test_an_edit_by_the_organizer_reaches_every_copy(world: World) -> None:
    event_id = await meeting(world)
    token = (await world.listed(BEN)).json["nextSyncToken"]

    await world.patch(ANNA, event_id, summary="New", **LATER)

    item = (await world.listed(BEN, syncToken=token)).json["items"][0]
    assert (item["id"], item["summary"], item["sequence"]) == (event_id, "New", 1)
    assert item["start"]["dateTime"] == "2026-11-23T14:00:00+02:00"
    oslo = await world.get(CLARA, event_id)
    assert oslo["start"]["dateTime"] == "2026-11-23T13:00:00+01:00"


async def test_what_each_copy_has_for_itself_stays_there(world: World) -> None:
    event_id = await meeting(
        world, extendedProperties={"private": {"a": "1"}, "shared": {"s": "1"}}
    )
    etag = (await world.get(BEN, event_id))["etag"]

    await world.patch(ANNA, event_id, colorId="7", transparency="transparent")
    own = {"private": {"b": "2"}}
    untouched = (await world.get(BEN, event_id))["etag"]
    await world.patch(BEN, event_id, extendedProperties=own, colorId="3")
    await world.patch(ANNA, event_id, summary="New")

    copy = await world.get(BEN, event_id)
    assert untouched == etag
    assert copy["extendedProperties"] == {"private": {"b": "2"}, "shared": {"s": "1"}}
    assert (copy["colorId"], copy["summary"]) == ("3", "New")
    assert (await world.get(ANNA, event_id))["extendedProperties"]["private"] == {"a": "1"}


async def test_a_guests_answer_flows_to_every_copy_and_moves_the_organizers_etag(
    world: World,
) -> None:
    event_id = await meeting(world)
    before = (await world.get(ANNA, event_id))["etag"]

    await answer(world, BEN, event_id, "tentative")

    for user in (ANNA, BEN, CLARA):
        assert (await answers(world, user, event_id))[BEN] == "tentative"
    stale = await world.call(
        ANNA, "PATCH", f"/events/{event_id}", {"summary": "X"}, headers={"If-Match": before}
    )
    assert stale.status == 412


async def test_a_guest_answers_for_nobody_else_and_invites_nobody(world: World) -> None:
    event_id = await meeting(world)
    rows = [
        {"email": BEN, "responseStatus": "accepted"},
        {"email": CLARA, "responseStatus": "declined"},
        {"email": "dan@example.com"},
    ]

    await world.patch(BEN, event_id, attendees=rows)

    expected = {
        ANNA: "accepted",
        BEN: "accepted",
        CLARA: "needsAction",
        GUEST: "needsAction",
    }
    for user in (ANNA, BEN):
        assert await answers(world, user, event_id) == expected


async def test_with_attendees_omitted_only_the_own_answer_is_written(world: World) -> None:
    event_id = await meeting(world)
    own = [{"email": BEN, "responseStatus": "accepted"}]

    await world.patch(BEN, event_id, attendeesOmitted=True, attendees=own)
    await world.patch(ANNA, event_id, attendeesOmitted=True, attendees=[{"email": ANNA}])

    assert (await answers(world, ANNA, event_id))[BEN] == "accepted"
    assert "attendeesOmitted" not in await world.get(ANNA, event_id)


async def test_an_organizers_array_without_answers_resets_them(world: World) -> None:
    event_id = await meeting(world)
    await answer(world, BEN, event_id, "accepted")

    await world.patch(ANNA, event_id, attendees=[{"email": ANNA}, {"email": BEN}])

    assert await answers(world, BEN, event_id) == {ANNA: "accepted", BEN: "needsAction"}


async def test_a_guests_edit_stays_local_until_the_organizers_next(world: World) -> None:
    event_id = await meeting(world)

    edited = (await world.patch(BEN, event_id, summary="Mine", location="Here")).json
    organizers = await world.get(ANNA, event_id)
    await world.patch(ANNA, event_id, description="Agenda")
    later = await world.get(BEN, event_id)

    assert (edited["summary"], edited["location"]) == ("Mine", "Here")
    assert organizers["summary"] == "Meeting"
    assert (later["summary"], later["description"]) == ("Meeting", "Agenda")
    assert "location" not in later


async def test_what_the_organizer_changes_for_himself_leaves_a_guests_edit(world: World) -> None:
    event_id = await meeting(world)
    await world.patch(BEN, event_id, summary="Mine")

    await world.patch(ANNA, event_id, colorId="7")

    assert (await world.get(BEN, event_id))["summary"] == "Mine"


async def test_a_guest_named_twice_is_one_guest(world: World) -> None:
    rows = [{"email": BEN, "displayName": "Ben"}, {"email": "BEN@example.com"}]

    event = await world.insert(attendees=rows)

    assert event["attendees"] == [
        {"email": BEN, "displayName": "Ben", "responseStatus": "needsAction"}
    ]


async def test_an_answer_elsewhere_does_not_undo_a_guests_local_edit(world: World) -> None:
    event_id = await meeting(world)
    await world.patch(BEN, event_id, summary="Mine")

    await answer(world, CLARA, event_id, "accepted")

    assert (await world.get(BEN, event_id))["summary"] == "Mine"
    assert (await answers(world, BEN, event_id))[CLARA] == "accepted"


async def test_a_guests_edit_can_be_ignored_without_a_word(world: World) -> None:
    world.google.switches = replace(world.google.switches, guest_edits="ignored")
    event_id = await meeting(world)
    before = await world.get(BEN, event_id)

    answered = await world.patch(BEN, event_id, summary="Mine", description="More")

    assert (answered.status, answered.json) == (200, before)


async def test_a_guest_who_may_modify_edits_for_all(world: World) -> None:
    event_id = await meeting(world, guestsCanModify=True)

    edited = (await world.patch(BEN, event_id, summary="Ours")).json

    assert edited["summary"] == "Ours"
    for user in (ANNA, CLARA):
        assert (await world.get(user, event_id))["summary"] == "Ours"


async def test_guest_flags_belong_to_the_organizer(world: World) -> None:
    event_id = await meeting(world, guestsCanModify=True)
    path = f"/events/{event_id}"

    patched = await world.patch(BEN, event_id, guestsCanInviteOthers=False)
    replaced = await world.call(BEN, "PUT", path, MEETING)

    for refused in (patched, replaced):
        assert (refused.status, refused.reason) == (403, "forbiddenForNonOrganizer")
        assert refused.json["error"]["errors"][0]["domain"] == "calendar"


async def test_a_guest_who_deletes_has_declined_for_the_others(world: World) -> None:
    event_id = await meeting(world)

    deleted = await world.call(BEN, "DELETE", f"/events/{event_id}")

    own = await world.get(BEN, event_id)
    assert deleted.status == 204
    assert (own["status"], own["summary"]) == ("cancelled", "Meeting")
    for user in (ANNA, CLARA):
        event = await world.get(user, event_id)
        assert event["status"] == "confirmed"
        assert (await answers(world, user, event_id))[BEN] == "declined"


async def test_a_guest_who_left_is_not_brought_back_by_an_edit_but_by_an_invitation(
    world: World,
) -> None:
    event_id = await meeting(world)
    await world.call(BEN, "DELETE", f"/events/{event_id}")

    await world.patch(ANNA, event_id, summary="New")
    away = await world.get(BEN, event_id)
    await world.patch(ANNA, event_id, attendees=EVERYONE)
    back = await world.get(BEN, event_id)

    assert (away["status"], back["status"], back["summary"]) == ("cancelled", "confirmed", "New")


async def test_the_organizers_deletion_cancels_every_copy(world: World) -> None:
    event_id = await meeting(world)
    token = (await world.listed(CLARA)).json["nextSyncToken"]

    await world.call(ANNA, "DELETE", f"/events/{event_id}")

    for user in (ANNA, BEN, CLARA):
        assert (await world.get(user, event_id))["status"] == "cancelled"
    items = (await world.listed(CLARA, syncToken=token)).json["items"]
    assert [(item["id"], item["status"]) for item in items] == [(event_id, "cancelled")]


async def test_a_guest_who_is_struck_off_loses_the_copy(world: World) -> None:
    event_id = await meeting(world)

    await world.patch(ANNA, event_id, attendees=[{"email": ANNA}, {"email": CLARA}])
    struck = await world.get(BEN, event_id)
    await world.patch(ANNA, event_id, attendees=EVERYONE)

    assert struck["status"] == "cancelled"
    assert (await world.get(CLARA, event_id))["status"] == "confirmed"
    assert (await world.get(BEN, event_id))["status"] == "confirmed"


async def test_an_organizer_of_another_domain_invites_like_any_other(world: World) -> None:
    world.google.add_user(GUEST, outside=True)
    event = world.google.person_add(GUEST, MEETING | {"attendees": [{"email": ANNA}]})

    await answer(world, ANNA, event["id"], "accepted")

    assert (await world.get(ANNA, event["id"]))["organizer"] == {"email": GUEST}
    assert world.google.event(GUEST, event["id"])["attendees"][0]["responseStatus"] == "accepted"


async def test_people_edit_by_hand_with_the_same_consequences(world: World) -> None:
    event = world.google.person_add(ANNA, MEETING | {"attendees": EVERYONE})

    world.google.person_patch(ANNA, event["id"], {"summary": "New"})
    world.google.person_delete(BEN, event["id"])

    assert [one["summary"] for one in world.google.events(CLARA)] == ["New"]
    assert world.google.events(BEN) == []
    assert (await answers(world, ANNA, event["id"]))[BEN] == "declined"
