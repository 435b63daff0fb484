"""What others see of a calendar in the sandbox Google, and what they may do there."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from tests.sandbox.google_world import ANNA, BEN, MEETING, ROBOT, SCOPE, Answer, World, served

OPEN, SECRET = {"visibility": "public"}, {"visibility": "private"}
FREEBUSY = f"{SCOPE}.events.freebusy"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with served() as one:
        yield one


async def annas(world: World, method: str = "GET", path: str = "/events", **more: Any) -> Answer:
    """Let Ben call Anna's calendar."""
    return await world.call(BEN, method, path, more.pop("body", None), calendar=ANNA, **more)


async def see(world: World, role: str, **changes: Any) -> dict[str, Any]:
    """Return how Ben sees an event of Anna's in a role."""
    event = await world.insert(description="Notes", location="Oulu", **changes)
    world.google.share(ANNA, BEN, role)
    return dict((await annas(world, path=f"/events/{event['id']}")).json)


async def test_what_is_not_shared_is_not_found(world: World) -> None:
    assert [(await annas(world)).status, (await annas(world, path="")).status] == [404, 404]

    world.google.share(ANNA, BEN, "reader")
    shared = await annas(world)
    world.google.share(ANNA, BEN, "none")

    assert (shared.status, shared.json["accessRole"]) == (200, "reader")
    assert (await annas(world)).status == 404


@pytest.mark.parametrize(
    ("role", "changes", "is_masked"),
    [
        ("freeBusyReader", {}, True),
        ("freeBusyReader", SECRET, True),
        ("freeBusyReader", OPEN, False),
        ("reader", {}, False),
        ("reader", SECRET, True),
        ("reader", {"visibility": "confidential"}, True),
        ("writerWithoutPrivateAccess", SECRET, True),
        ("writer", SECRET, False),
        ("owner", SECRET, False),
    ],
)
async def test_details_are_hidden_from_whom_they_are_none_of(
    world: World, role: str, changes: dict[str, Any], is_masked: bool
) -> None:
    event = await see(world, role, attendees=[{"email": "x@elsewhere.example"}], **changes)

    hidden = {"summary", "description", "location", "attendees", "creator", "organizer"}
    assert event.keys() & hidden == (set() if is_masked else hidden)
    assert event["start"]["dateTime"] == "2026-11-23T10:00:00+02:00"
    assert not is_masked or event["visibility"] == "private"


async def test_a_masked_event_may_be_called_busy(world: World) -> None:
    world.google.switches = replace(world.google.switches, masked_events="busy")

    assert (await see(world, "freeBusyReader"))["summary"] == "Busy"


async def test_hidden_details_are_not_found_either(world: World) -> None:
    await see(world, "reader", extendedProperties={"shared": {"a": "1"}}, **SECRET)

    for query in ({"q": "Oulu"}, {"sharedExtendedProperty": "a=1"}):
        assert (await annas(world, **query)).json["items"] == []
        assert len((await world.listed(ANNA, **query)).json["items"]) == 1


async def test_a_token_for_busy_times_sees_nothing_else_of_the_own_calendar(world: World) -> None:
    world.google.add_service_account(ROBOT, _key(world), delegated_scopes=[SCOPE, FREEBUSY])
    zoned = {k: MEETING[k] | {"timeZone": "Europe/Helsinki"} for k in ("start", "end")}
    await world.insert(**zoned, recurrence=["RRULE:FREQ=DAILY;COUNT=2"])
    granted = await world.token_answer(world.signed(sub=ANNA, scope=FREEBUSY))
    world.tokens[ANNA] = granted.json["access_token"]

    answer = await world.listed()
    written = await world.call(ANNA, "POST", "/events", MEETING)

    assert answer.json["accessRole"] == "freeBusyReader"
    assert len(answer.json["items"]) == 2, "Always as single events."
    assert all("summary" not in item for item in answer.json["items"])
    assert (written.status, written.reason) == (403, "insufficientPermissions")


def _key(world: World) -> str:
    return next(iter(world.google.accounts.service_accounts[ROBOT].keys.values()))


@pytest.mark.parametrize("role", ["freeBusyReader", "reader"])
async def test_a_reader_writes_nothing(world: World, role: str) -> None:
    event = await see(world, role)

    for method, path, body in (
        ("POST", "/events", MEETING),
        ("PATCH", f"/events/{event['id']}", {"summary": "No"}),
        ("PUT", f"/events/{event['id']}", MEETING),
        ("DELETE", f"/events/{event['id']}", None),
    ):
        answer = await annas(world, method, path, body=body)
        assert (answer.status, answer.reason) == (403, "requiredAccessLevel")


async def test_a_writer_writes_for_the_owner(world: World) -> None:
    world.google.share(ANNA, BEN, "writer")

    event = (await annas(world, "POST", body=MEETING)).json

    assert (event["creator"], event["organizer"]) == ({"email": BEN}, {"email": ANNA, "self": True})
    assert [one["id"] for one in world.google.events(ANNA)] == [event["id"]]
    assert world.google.events(BEN) == []


async def test_a_writer_without_private_access_leaves_private_events_alone(world: World) -> None:
    event = await see(world, "writerWithoutPrivateAccess", **SECRET)

    answer = await annas(world, "PATCH", f"/events/{event['id']}", body={"summary": "No"})
    made = await annas(world, "POST", body=MEETING)

    assert (answer.status, answer.reason, made.status) == (403, "forbidden", 200)


async def test_a_change_of_sharing_ends_the_calendars_sync_tokens(world: World) -> None:
    token = (await world.listed()).json["nextSyncToken"]
    bens = (await world.listed(BEN)).json["nextSyncToken"]

    world.google.share(ANNA, BEN, "reader")

    dead, alive = await world.listed(syncToken=token), await world.listed(BEN, syncToken=bens)
    assert (dead.status, dead.reason, alive.status) == (410, "fullSyncRequired", 200)


async def test_a_sync_token_is_its_users_alone(world: World) -> None:
    world.google.share(ANNA, BEN, "reader")
    token = (await world.listed()).json["nextSyncToken"]

    answer = await annas(world, syncToken=token)

    assert (answer.status, answer.message) == (400, "Invalid sync token value.")


async def test_a_calendar_of_holidays_is_read_by_all_and_written_by_none(world: World) -> None:
    holidays = "en.fi#holiday@group.v.calendar.google.com"
    world.google.add_generated_calendar(holidays)
    day = {"start": {"date": "2026-12-06"}, "end": {"date": "2026-12-07"}, "visibility": "public"}
    world.google.google_add(holidays, {"id": "20261206_60o30dr5", "summary": "Free", **day})
    path = holidays.replace("#", "%23")

    listed = await world.call(ANNA, "GET", "/events", calendar=path)
    written = await world.call(ANNA, "POST", "/events", MEETING, calendar=path)

    assert [item["id"] for item in listed.json["items"]] == ["20261206_60o30dr5"]
    assert "recurringEventId" not in listed.json["items"][0]
    assert (written.status, written.reason) == (403, "requiredAccessLevel")


async def test_sharing_is_kept_with_the_world(world: World) -> None:
    world.google.share(ANNA, BEN, "reader")
    world.google.load(world.google.dump())

    assert (await annas(world)).status == 200
