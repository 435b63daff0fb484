import base64
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from tests.sandbox.google_world import ANNA, BEN, MEETING, World, served

UTC_10 = "2026-11-23T10:00:00Z"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with served() as one:
        yield one


def ids(answer: Any) -> set[str]:
    return {item["id"] for item in answer.json["items"]}


async def pages(world: World, **query: Any) -> list[Any]:
    found = [(await world.listed(**query)).json]
    while "nextPageToken" in found[-1]:
        answer = await world.listed(**query, pageToken=found[-1]["nextPageToken"])
        assert answer.status == 200, answer.text
        found.append(answer.json)
        assert len(found) < 50
    return found


async def synced(world: World, **query: Any) -> str:
    return str((await world.listed(**query)).json["nextSyncToken"])


async def test_the_envelope_names_the_calendar(world: World) -> None:
    body = (await world.listed()).json

    assert body["kind"] == "calendar#events"
    assert (body["summary"], body["timeZone"]) == (ANNA, "Europe/Helsinki")
    assert (body["accessRole"], body["items"]) == ("owner", [])
    assert body["defaultReminders"]
    assert "nextPageToken" not in body


async def test_the_calendar_is_named_by_primary_or_by_its_address(world: World) -> None:
    own = await world.call(ANNA, "GET", calendar="anna%40example.com")
    other = await world.call(ANNA, "GET", calendar="ben%40example.com")

    assert own.json["timeZone"] == "Europe/Helsinki"
    assert (own.json["id"], own.json["summary"]) == (ANNA, ANNA)
    assert (other.status, other.reason, other.message) == (404, "notFound", "Not Found")


async def test_a_user_without_calendar_is_told(world: World) -> None:
    world.google.add_user("dan@example.com", calendar=False)

    answer = await world.listed("dan@example.com")

    assert (answer.status, answer.reason) == (403, "notACalendarUser")
    assert answer.json["error"]["errors"][0]["domain"] == "calendar"


@pytest.mark.parametrize("size", [1, 3, 7, 8])
async def test_pages_hold_every_event_once_and_only_the_last_a_sync_token(
    world: World, size: int
) -> None:
    made = {(await world.insert())["id"] for _ in range(7)}

    found = await pages(world, maxResults=size)

    seen = [item["id"] for page in found for item in page["items"]]
    assert len(seen) == 7
    assert set(seen) == made
    assert all(len(page["items"]) <= size for page in found)
    assert [page for page in found if "nextSyncToken" in page] == [found[-1]]


async def test_an_empty_page_can_come_before_each_full_one(world: World) -> None:
    made = {(await world.insert())["id"] for _ in range(4)}
    world.google.switches = replace(world.google.switches, empty_pages=True)

    found = await pages(world, maxResults=3)

    assert [len(page["items"]) for page in found] == [0, 3, 0, 1]
    assert {item["id"] for page in found for item in page["items"]} == made


async def test_what_changes_between_pages_comes_with_the_next_increment(world: World) -> None:
    made = [(await world.insert())["id"] for _ in range(6)]
    first = (await world.listed(maxResults=3)).json
    shown = first["items"][0]["id"]
    await world.patch(ANNA, shown, summary="Changed between pages")
    new = (await world.insert())["id"]

    second = (await world.listed(maxResults=3, pageToken=first["nextPageToken"])).json
    while "nextPageToken" in second:
        second = (await world.listed(maxResults=3, pageToken=second["nextPageToken"])).json
    increment = await world.listed(syncToken=second["nextSyncToken"])

    assert made
    assert ids(increment) == {shown, new}


async def test_a_page_token_belongs_to_its_request(world: World) -> None:
    for _ in range(3):
        await world.insert()
    token = (await world.listed(maxResults=2)).json["nextPageToken"]

    for answer in (
        await world.listed(maxResults=1, pageToken=token),
        await world.listed(BEN, maxResults=2, pageToken=token),
        await world.listed(maxResults=2, pageToken="garbage"),
    ):
        assert (answer.status, answer.reason) == (400, "invalid")


async def test_an_increment_holds_what_changed_and_what_was_deleted(world: World) -> None:
    kept, changed, gone = [(await world.insert())["id"] for _ in range(3)]
    token = await synced(world)
    await world.patch(ANNA, changed, summary="New")
    await world.call(ANNA, "DELETE", f"/events/{gone}")
    new = (await world.insert())["id"]

    answer = await world.listed(syncToken=token)

    assert ids(answer) == {changed, gone, new}
    assert kept not in ids(answer)
    tombstone = next(item for item in answer.json["items"] if item["id"] == gone)
    assert tombstone.keys() == {"kind", "etag", "id", "status"}
    assert tombstone["status"] == "cancelled"


async def test_an_increment_comes_in_pages_too(world: World) -> None:
    token = await synced(world)
    made = {(await world.insert())["id"] for _ in range(5)}

    found = await pages(world, syncToken=token, maxResults=2)

    assert [len(page["items"]) for page in found] == [2, 2, 1]
    assert {item["id"] for page in found for item in page["items"]} == made
    assert (await world.listed(syncToken=found[-1]["nextSyncToken"])).json["items"] == []


async def test_details_of_the_deleted_come_if_they_were_asked_for_from_the_start(
    world: World,
) -> None:
    made = (await world.insert())["id"]
    token = await synced(world, showDeleted="true")
    await world.call(ANNA, "DELETE", f"/events/{made}")

    item = (await world.listed(syncToken=token, showDeleted="true")).json["items"][0]

    assert (item["status"], item["summary"]) == ("cancelled", "Meeting")
    assert "start" in item


async def test_details_of_the_deleted_do_not_come_if_they_are_asked_for_late(world: World) -> None:
    made = (await world.insert())["id"]
    token = await synced(world)
    await world.call(ANNA, "DELETE", f"/events/{made}")

    item = (await world.listed(syncToken=token, showDeleted="true")).json["items"][0]

    assert item.keys() == {"kind", "etag", "id", "status"}


async def test_a_quiet_calendar_gives_the_same_sync_token_again(world: World) -> None:
    await world.insert()
    token = await synced(world)
    await world.insert(BEN)

    answer = await world.listed(syncToken=token)

    assert (answer.json["items"], answer.json["nextSyncToken"]) == ([], token)


async def test_an_old_sync_token_gives_the_union_of_what_followed(world: World) -> None:
    token = await synced(world)
    first = (await world.insert())["id"]
    await world.listed(syncToken=token)
    second = (await world.insert())["id"]

    assert ids(await world.listed(syncToken=token)) == {first, second}


@pytest.mark.parametrize(
    "filters",
    [
        {"timeMin": UTC_10},
        {"timeMax": UTC_10},
        {"updatedMin": UTC_10},
        {"q": "word"},
        {"orderBy": "updated"},
        {"iCalUID": "x@google.com"},
        {"privateExtendedProperty": "a=b"},
        {"sharedExtendedProperty": "a=b"},
        {"showDeleted": "false"},
    ],
)
async def test_a_filter_beside_a_sync_token_is_refused(
    world: World, filters: dict[str, str]
) -> None:
    answer = await world.listed(syncToken=await synced(world), **filters)

    assert (answer.status, answer.reason) == (400, "syncTokenWithRequestRestrictions")
    assert answer.message == "Sync token cannot be used with other request restrictions."


async def test_a_garbled_or_foreign_sync_token_is_invalid(world: World) -> None:
    token = await synced(world)
    garbled = token[:20] + ("A" if token[20] != "A" else "B") + token[21:]

    for user, text in ((ANNA, "garbage"), (ANNA, garbled), (ANNA, ""), (BEN, token)):
        answer = await world.listed(user, syncToken=text)
        assert (answer.status, answer.reason) == (400, "invalid")
        assert answer.message == "Invalid sync token value."


async def test_a_sync_token_cannot_be_made_up(world: World) -> None:
    await world.insert()
    text = base64.urlsafe_b64decode(await synced(world)).decode()
    forged = re.sub(r'"position": \d+', '"position": 0', text)

    answer = await world.listed(syncToken=base64.urlsafe_b64encode(forged.encode()).decode())

    assert forged != text
    assert (answer.status, answer.message) == (400, "Invalid sync token value.")


async def test_an_expired_sync_token_asks_for_a_full_sync(world: World) -> None:
    token = await synced(world)
    world.google.expire_sync_tokens()

    answer = await world.listed(syncToken=token)

    assert answer.status == 410
    assert answer.json["error"]["errors"] == [
        {
            "domain": "calendar",
            "reason": "fullSyncRequired",
            "message": "Sync token is no longer valid, a full sync is required.",
            "locationType": "parameter",
            "location": "syncToken",
        }
    ]
    assert (await world.listed(syncToken=await synced(world))).status == 200


async def test_a_full_listing_leaves_the_deleted_out_unless_asked(world: World) -> None:
    living, gone = [(await world.insert())["id"] for _ in range(2)]
    await world.call(ANNA, "DELETE", f"/events/{gone}")

    assert ids(await world.listed()) == {living}
    assert ids(await world.listed(showDeleted="true")) == {living, gone}


async def test_a_cancelled_occurrence_is_listed_while_its_series_lives(world: World) -> None:
    weekly = {
        "start": MEETING["start"] | {"timeZone": "Europe/Helsinki"},
        "end": MEETING["end"] | {"timeZone": "Europe/Helsinki"},
        "recurrence": ["RRULE:FREQ=WEEKLY"],
    }
    series = await world.insert(**weekly)
    occurrence = world.google.person_add(
        ANNA,
        MEETING
        | {
            "id": f"{series['id']}_20261130T080000Z",
            "recurringEventId": series["id"],
            "originalStartTime": {"dateTime": "2026-11-30T10:00:00+02:00"},
            "status": "cancelled",
        },
    )

    while_it_lives = {item["id"]: item for item in (await world.listed()).json["items"]}
    await world.call(ANNA, "DELETE", f"/events/{series['id']}")
    afterwards = ids(await world.listed())

    assert while_it_lives.keys() == {series["id"], occurrence["id"]}
    shown = while_it_lives[occurrence["id"]]
    assert (shown["status"], shown["recurringEventId"]) == ("cancelled", series["id"])
    assert shown["originalStartTime"]["dateTime"] == "2026-11-30T10:00:00+02:00"
    assert afterwards == set()


async def test_the_deletion_of_a_series_takes_its_exceptions_along(world: World) -> None:
    zoned = {which: MEETING[which] | {"timeZone": "Europe/Helsinki"} for which in ("start", "end")}
    series = await world.insert(recurrence=["RRULE:FREQ=WEEKLY"], **zoned)
    exception = {
        "id": f"{series['id']}_20261123T080000Z",
        "recurringEventId": series["id"],
        "originalStartTime": MEETING["start"],
        "summary": "Moved",
    }
    world.google.person_add(ANNA, MEETING | exception)

    before = {one["summary"] for one in world.google.events(ANNA)}
    world.google.person_delete(ANNA, series["id"])

    assert before == {"Meeting", "Moved"}
    assert world.google.events(ANNA) == []


@pytest.mark.parametrize(
    ("bounds", "is_listed"),
    [
        ({"timeMin": "2026-11-23T08:59:59Z"}, True),
        ({"timeMin": "2026-11-23T09:00:00Z"}, False),
        ({"timeMin": "2026-11-23T10:59:59+02:00"}, True),
        ({"timeMax": "2026-11-23T08:00:00Z"}, False),
        ({"timeMax": "2026-11-23T08:00:01.5Z"}, True),
        ({"timeMin": "2026-11-23T08:30:00Z", "timeMax": "2026-11-23T08:31:00Z"}, True),
    ],
)
async def test_the_window_is_open_at_both_ends(
    world: World, bounds: dict[str, str], is_listed: bool
) -> None:
    await world.insert()

    assert len((await world.listed(**bounds)).json["items"]) == int(is_listed)


async def test_all_day_events_meet_the_window_at_the_calendars_midnight(world: World) -> None:
    await world.insert(start={"date": "2026-11-23"}, end={"date": "2026-11-24"})

    inside = await world.listed(timeMin="2026-11-23T21:59:59Z")
    outside = await world.listed(timeMin="2026-11-23T22:00:00Z")

    assert [len(answer.json["items"]) for answer in (inside, outside)] == [1, 0]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"timeMin": "2026-11-23T10:00:00"}, "badRequest"),
        ({"timeMin": "yesterday"}, "badRequest"),
        ({"timeMin": UTC_10, "timeMax": UTC_10}, "timeRangeEmpty"),
        ({"maxResults": "0"}, "invalid"),
        ({"maxResults": "many"}, "invalid"),
        ({"timeZone": "Mars/Base"}, "invalid"),
        ({"showDeleted": "True"}, "invalid"),
        ({"orderBy": "startTime"}, "badRequest"),
        ({"orderBy": "colour"}, "invalid"),
        ({"privateExtendedProperty": "no-value"}, "invalid"),
        ({"quotaUser": "u" * 41}, "invalid"),
    ],
)
async def test_a_wrong_parameter_is_refused(
    world: World, query: dict[str, str], reason: str
) -> None:
    answer = await world.listed(**query)

    assert (answer.status, answer.reason) == (400, reason)


async def test_too_large_a_page_is_capped(world: World) -> None:
    await world.insert()

    assert len((await world.listed(maxResults=99999)).json["items"]) == 1


async def test_updated_min_shows_changes_and_deletions_since(world: World) -> None:
    _old, changed, gone = [(await world.insert())["id"] for _ in range(3)]
    world.clock.forward(minutes=10)
    await world.patch(ANNA, changed, summary="New")
    await world.call(ANNA, "DELETE", f"/events/{gone}")

    answer = await world.listed(updatedMin="2026-11-22T12:05:00Z")

    assert ids(answer) == {changed, gone}
    assert "nextSyncToken" not in answer.json


async def test_an_updated_min_long_ago_is_refused(world: World) -> None:
    answer = await world.listed(updatedMin="2026-10-20T12:00:00Z")

    assert (answer.status, answer.reason) == (410, "updatedMinTooLongAgo")
    assert answer.json["error"]["errors"][0]["location"] == "updatedMin"


async def test_events_are_found_by_property_uid_type_and_words(world: World) -> None:
    marked = await world.insert(extendedProperties={"private": {"link": "7"}})
    shared = await world.insert(extendedProperties={"shared": {"link": "7"}}, location="Oulu")
    away = await world.insert(eventType="outOfOffice", outOfOfficeProperties={}, summary="Away")

    for query, found in (
        ({"privateExtendedProperty": "link=7"}, marked),
        ({"sharedExtendedProperty": "link=7"}, shared),
        ({"iCalUID": marked["iCalUID"]}, marked),
        ({"eventTypes": "outOfOffice"}, away),
        ({"q": "meeting OULU"}, shared),
    ):
        assert ids(await world.listed(**query)) == {found["id"]}


@pytest.mark.parametrize(("switch", "hits"), [("and", 0), ("or", 2)])
async def test_two_property_filters_meet_as_the_switch_says(
    world: World, switch: Any, hits: int
) -> None:
    world.google.switches = replace(world.google.switches, property_filters=switch)
    await world.insert(extendedProperties={"private": {"a": "1"}})
    await world.insert(extendedProperties={"private": {"b": "2"}})
    query = [("privateExtendedProperty", "a=1"), ("privateExtendedProperty", "b=2")]
    await world.listed()

    answer = await world.send(
        "GET",
        "/calendar/v3/calendars/primary/events",
        params=query,
        headers={"Authorization": f"Bearer {world.tokens[ANNA]}"},
    )

    assert len(answer.json["items"]) == hits


async def test_order_by_updated_shows_the_last_change_last(world: World) -> None:
    first, second = [(await world.insert())["id"] for _ in range(2)]
    await world.patch(ANNA, first, summary="New")

    answer = await world.listed(orderBy="updated")

    assert [item["id"] for item in answer.json["items"]] == [second, first]
    assert "nextSyncToken" not in answer.json


async def test_order_by_start_time_shows_the_earliest_first(world: World) -> None:
    day = {"start": {"date": "2026-11-20"}, "end": {"date": "2026-11-21"}}
    timed, whole = await world.insert(), await world.insert(**day)

    answer = await world.listed(orderBy="startTime", singleEvents="true")

    assert [item["id"] for item in answer.json["items"]] == [whole["id"], timed["id"]]


async def test_too_many_guests_are_omitted(world: World) -> None:
    await world.insert(attendees=[{"email": ANNA}, {"email": BEN}])

    item = (await world.listed(maxAttendees=1)).json["items"][0]

    assert item["attendeesOmitted"] is True
    assert [guest["email"] for guest in item["attendees"]] == [ANNA]


async def test_an_unchanged_listing_is_not_sent_again(world: World) -> None:
    await world.insert()
    etag = (await world.listed()).json["etag"]
    headers = {"If-None-Match": etag}

    same = await world.call(ANNA, "GET", "/events", headers=headers)
    await world.insert()
    other = await world.call(ANNA, "GET", "/events", headers=headers)

    assert (same.status, same.text, other.status) == (304, "", 200)
