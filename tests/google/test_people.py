"""The client and the people of an event, against the sandbox over real HTTP."""

from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from daemon.core.company import User
from daemon.core.entry import Answer, Entry, People
from daemon.core.link import Copy, Mark
from daemon.errors import Forbidden, Gone, RateLimited, Stale, Transient
from tests.google.conftest import ANNA, BEN, World
from tests.google.test_client import BODY, WEEKLY

CARA = User("guid-cara", "cara@example.com", zone="Europe/Helsinki")
OUTSIDER = {"email": "guest@elsewhere.test", "optional": True, "comment": "By phone"}
ROOM = {"email": "room@resource.calendar.google.com", "resource": True}
GUESTS: list[dict[str, Any]] = [
    {"email": BEN.email, "comment": "Late", "optional": True, "additionalGuests": 1},
    OUTSIDER,
    ROOM,
]


def part(user: User, answer: Answer, **fields: Any) -> Entry:
    return Entry(people=People.of({user.email: answer}, is_whole=False), **fields)


async def seen(world: World, user: User, ref: str) -> Copy:
    copy = await world.client().read(user, ref)
    assert copy is not None
    return copy


async def meeting(world: World, **more: Any) -> str:
    """Let Anna invite Ben, a guest from outside and a room by hand."""
    world.state.add_user(CARA.email)
    made = world.state.person_add(ANNA.email, {**BODY, "attendees": GUESTS, **more})
    return str(made["id"])


def said(reason: str) -> dict[str, Any]:
    return {"error": {"errors": [{"domain": "global", "reason": reason}]}}


def rows(world: World, ref: str, user: User = ANNA) -> dict[str, dict[str, Any]]:
    found = world.state.event(user.email, ref).get("attendees", [])
    return {row["email"]: row for row in found}


async def test_an_insert_invites_everybody_but_the_organizer(world: World) -> None:
    people = People.of({ANNA.email: Answer.ACCEPTED, BEN.email: Answer.NONE})

    made = await world.client().create(
        ANNA, "aaaaabbbbb", replace(WEEKLY, people=people), mark=None
    )

    assert made.entry.people == people
    assert list(rows(world, "aaaaabbbbb")) == [BEN.email]
    assert (await seen(world, BEN, "aaaaabbbbb")).entry.people == people


async def test_an_insert_for_one_has_no_list(world: World) -> None:
    alone = replace(WEEKLY, people=People.of({ANNA.email: Answer.ACCEPTED}))

    await world.client().create(ANNA, "aaaaabbbbb", alone, mark=None)

    assert "attendees" not in world.state.event(ANNA.email, "aaaaabbbbb")


async def test_a_guests_copy_names_its_user_and_its_organizer(world: World) -> None:
    copy = await seen(world, BEN, await meeting(world))

    assert (copy.address, copy.organizer) == (BEN.email, ANNA.email)
    assert not copy.is_organizer


async def test_e8_who_is_added_or_taken_out_leaves_everybody_else_as_they_were(
    world: World,
) -> None:
    ref = await meeting(world)
    before = rows(world, ref)

    added = await world.client().change(
        ANNA, await seen(world, ANNA, ref), part(CARA, Answer.NONE), mark=None
    )
    after = rows(world, ref)
    taken = await world.client().change(ANNA, added, part(CARA, Answer.OUT), mark=None)

    assert after.pop(CARA.email)["responseStatus"] == "needsAction"
    assert after == before == rows(world, ref)
    assert added.entry.value(f"person:{CARA.email}") is Answer.NONE
    assert taken.entry.value(f"person:{CARA.email}") is Answer.OUT


async def test_people_and_fields_go_in_one_patch(world: World) -> None:
    ref = await meeting(world)
    copy = await seen(world, ANNA, ref)
    world.faults.journal.clear()
    world.spent.clear()

    after = await world.client().change(
        ANNA, copy, part(BEN, Answer.OUT, title="New"), mark=Mark("a-1", ref)
    )

    assert after.entry.title == "New"
    assert after.mark == Mark("a-1", ref)
    assert list(rows(world, ref)) == [OUTSIDER["email"], ROOM["email"]]
    assert world.calls() == [("events.get", 200), ("events.patch", 200)]
    assert world.spent == [(ANNA.guid, 1), (ANNA.guid, 3)]


async def test_a_change_of_no_person_reads_nothing_and_leaves_the_list_alone(
    world: World,
) -> None:
    ref = await meeting(world)
    copy, before = await seen(world, ANNA, ref), rows(world, ref)
    world.faults.journal.clear()

    await world.client().change(ANNA, copy, Entry(title="New"), mark=None)

    assert world.calls() == [("events.patch", 200)]
    assert rows(world, ref) == before


async def test_what_is_so_already_is_returned_without_a_write(world: World) -> None:
    ref = await meeting(world)
    copy = await seen(world, ANNA, ref)
    world.faults.journal.clear()

    same = await world.client().change(ANNA, copy, part(BEN, Answer.NONE), mark=None)

    assert same == copy
    assert world.calls() == [("events.get", 200)]


async def test_a_list_that_is_so_already_does_not_hold_up_the_other_fields(world: World) -> None:
    ref = await meeting(world)
    copy, before = await seen(world, ANNA, ref), rows(world, ref)

    after = await world.client().change(ANNA, copy, part(BEN, Answer.NONE, title="New"), mark=None)

    assert after.entry.title == "New"
    assert rows(world, ref) == before


async def test_e5_a_guests_own_answer_is_written_to_the_own_copy_and_reaches_the_others(
    world: World,
) -> None:
    ref = await meeting(world)
    copy = await seen(world, BEN, ref)

    after = await world.client().change(BEN, copy, part(BEN, Answer.TENTATIVE), mark=copy.mark)

    assert after.entry.value(f"person:{BEN.email}") is Answer.TENTATIVE
    bens = rows(world, ref)[BEN.email]
    assert (bens["responseStatus"], bens["comment"], bens["optional"]) == (
        "tentative",
        "Late",
        True,
    )
    assert rows(world, ref).keys() == {row["email"] for row in GUESTS}


async def test_what_google_does_not_take_shows_in_the_answer(world: World) -> None:
    ref = await meeting(world)
    copy = await seen(world, BEN, ref)

    after = await world.client().change(BEN, copy, part(CARA, Answer.NONE), mark=copy.mark)

    assert after.entry.value(f"person:{CARA.email}") is Answer.OUT
    assert CARA.email not in rows(world, ref)


async def test_an_answer_that_came_meanwhile_is_looked_at_first(world: World) -> None:
    ref = await meeting(world)
    copy = await seen(world, ANNA, ref)
    own = [{"email": BEN.email, "responseStatus": "declined"}]
    world.state.person_patch(BEN.email, ref, {"attendees": own})
    world.faults.journal.clear()

    with pytest.raises(Stale):
        await world.client().change(ANNA, copy, part(CARA, Answer.NONE), mark=None)

    assert world.calls() == [("events.get", 200)]
    assert rows(world, ref)[BEN.email]["responseStatus"] == "declined"


async def test_an_answer_that_comes_between_reading_and_writing_is_not_written_over(
    world: World,
) -> None:
    ref = await meeting(world)
    copy = await seen(world, ANNA, ref)
    read = world.state.event(ANNA.email, ref)
    own = [{"email": BEN.email, "responseStatus": "declined"}]
    world.state.person_patch(BEN.email, ref, {"attendees": own})
    world.order("events.get", "refuse", status=200, body=read)

    with pytest.raises(Stale):
        await world.client().change(ANNA, copy, part(CARA, Answer.NONE), mark=None)

    assert world.calls("events.patch") == [("events.patch", 412)]
    assert rows(world, ref)[BEN.email]["responseStatus"] == "declined"


async def test_e8_a_list_that_google_cut_is_unknown_and_never_written(world: World) -> None:
    ref = await meeting(world)
    cut = world.state.event(BEN.email, ref)
    cut["attendeesOmitted"] = True
    cut["attendees"] = [row for row in cut["attendees"] if row.get("self")]
    world.order("events.get", "refuse", status=200, body=cut, times=2)

    copy = await seen(world, BEN, ref)
    with pytest.raises(Forbidden) as refused:
        await world.client().change(BEN, copy, part(BEN, Answer.ACCEPTED), mark=None)

    assert copy.entry.people == People.of({BEN.email: Answer.NONE}, is_whole=False)
    assert refused.value.reason == "attendees-omitted"
    assert "events.patch" not in {name for name, _ in world.calls()}


async def test_nobody_is_invited_to_what_is_deleted(world: World) -> None:
    ref = await meeting(world)
    copy = await seen(world, ANNA, ref)
    world.state.person_delete(ANNA.email, ref)

    with pytest.raises(Stale):
        await world.client().change(ANNA, copy, part(CARA, Answer.NONE), mark=None)


@pytest.mark.parametrize(
    ("operation", "how", "error"),
    [
        ("events.get", {"kind": "refuse", "status": 404}, Gone),
        ("events.get", {"kind": "refuse", "status": 410, "body": said("deleted")}, Gone),
        ("events.get", {"kind": "refuse", "status": 429}, RateLimited),
        ("events.get", {"kind": "refuse", "status": 503}, Transient),
        ("events.get", {"kind": "cut"}, Transient),
        ("events.patch", {"kind": "refuse", "status": 404}, Gone),
        ("events.patch", {"kind": "refuse", "status": 412}, Stale),
        ("events.patch", {"kind": "refuse", "status": 403, "body": said("forbidden")}, Forbidden),
        ("events.patch", {"kind": "lose_reply"}, Transient),
        ("events.patch", {"kind": "cut"}, Transient),
    ],
)
async def test_a_change_of_people_says_what_went_wrong(
    world: World, operation: str, how: dict[str, Any], error: type[Exception]
) -> None:
    ref = await meeting(world)
    copy = await seen(world, ANNA, ref)
    world.order(operation, **how)

    with pytest.raises(error):
        await world.client().change(ANNA, copy, part(CARA, Answer.NONE), mark=None)


async def test_e7_inviting_tells_nobody(world: World, odd_server: Any) -> None:
    queries: list[tuple[str, str | None]] = []
    event = {**BODY, "id": "aaaaabbbbb", "etag": '"1"'}

    async def answer(request: web.Request) -> web.Response:
        if request.path.endswith("/token"):
            return web.json_response({"access_token": "t", "expires_in": 3600})
        queries.append((request.method, request.query.get("sendUpdates")))
        return web.json_response(event)

    url = await odd_server(answer)
    client = world.client(api_root=url, token_uri=f"{url}/token")
    copy = await client.read(ANNA, "aaaaabbbbb")
    assert copy is not None

    await client.change(ANNA, copy, part(BEN, Answer.NONE), mark=None)

    assert queries == [("GET", None), ("GET", None), ("PATCH", "none")]
