"""Series in the sandbox Google: occurrences, exceptions and what listings show of them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from tests.sandbox.google_world import ANNA, BEN, MEETING, Answer, World, served

ZONED = {which: MEETING[which] | {"timeZone": "Europe/Helsinki"} for which in ("start", "end")}
WEEKLY: dict[str, Any] = ZONED | {"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=4"]}
STARTS = ["2026-11-23", "2026-11-30", "2026-12-07", "2026-12-14"]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with served() as one:
        yield one


def by_id(answer: Answer) -> dict[str, Any]:
    assert answer.status == 200, answer.text
    return {item["id"]: item for item in answer.json["items"]}


async def instances(world: World, series: str, user: str = ANNA, **query: Any) -> Answer:
    return await world.call(user, "GET", f"/events/{series}/instances", **query)


async def token_of(world: World, user: str = ANNA, **query: Any) -> str:
    return str((await world.listed(user, **query)).json["nextSyncToken"])


async def test_a_series_has_its_occurrences_under_their_original_start_in_utc(world: World) -> None:
    series = await world.insert(**WEEKLY)

    found = by_id(await instances(world, series["id"]))

    assert list(found) == [f"{series['id']}_{day.replace('-', '')}T080000Z" for day in STARTS]
    for item, day in zip(found.values(), STARTS, strict=True):
        assert item["start"]["dateTime"] == f"{day}T10:00:00+02:00"
        assert item["originalStartTime"] == item["start"]
        assert (item["recurringEventId"], item["iCalUID"]) == (series["id"], series["iCalUID"])
        assert "recurrence" not in item


async def test_an_all_day_series_has_dates_for_ids(world: World) -> None:
    day = {"start": {"date": "2026-11-23"}, "end": {"date": "2026-11-25"}}
    series = await world.insert(recurrence=["RRULE:FREQ=DAILY;COUNT=2"], **day)

    found = by_id(await instances(world, series["id"]))

    assert list(found) == [f"{series['id']}_{one}" for one in ("20261123", "20261124")]
    assert [item["end"]["date"] for item in found.values()] == ["2026-11-25", "2026-11-26"]


async def test_a_series_keeps_to_the_clock_on_the_wall(world: World) -> None:
    start = {"dateTime": "2026-10-19T10:00:00+03:00", "timeZone": "Europe/Helsinki"}
    end = {"dateTime": "2026-10-19T11:00:00+03:00", "timeZone": "Europe/Helsinki"}
    series = await world.insert(start=start, end=end, recurrence=["RRULE:FREQ=WEEKLY;COUNT=2"])

    found = by_id(await instances(world, series["id"]))

    starts = [item["start"]["dateTime"] for item in found.values()]
    assert starts == ["2026-10-19T10:00:00+03:00", "2026-10-26T10:00:00+02:00"]
    assert [one.rpartition("_")[2] for one in found] == ["20261019T070000Z", "20261026T080000Z"]


@pytest.mark.parametrize(
    ("lines", "days"),
    [
        (["RRULE:FREQ=WEEKLY;UNTIL=20261130T080000Z"], STARTS[:2]),
        (["RRULE:FREQ=WEEKLY;UNTIL=20261130T075959Z"], STARTS[:1]),
        (["RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE:20261130T080000Z"], [STARTS[0], STARTS[2]]),
        (
            ["RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE;TZID=Europe/Helsinki:20261130T100000"],
            [STARTS[0], STARTS[2]],
        ),
        (["RDATE:20261125T080000Z,20261126T080000Z"], [STARTS[0], "2026-11-25", "2026-11-26"]),
        (
            ["RRULE:FREQ=WEEKLY;COUNT=4", "EXRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=2"],
            [STARTS[1], STARTS[3]],
        ),
        (["RRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=1"], [STARTS[0], "2026-11-24"]),
    ],
)
async def test_rules_and_dates_make_the_occurrences(
    world: World, lines: list[str], days: list[str]
) -> None:
    series = await world.insert(**ZONED, recurrence=lines)

    found = by_id(await instances(world, series["id"]))

    assert [item["start"]["dateTime"][:10] for item in found.values()] == days


@pytest.mark.parametrize(
    "line",
    [
        "RRULE:FREQ=DAILY;INTERVAL=0",
        "RRULE:FREQ=SECONDLY",
        "RRULE:FREQ=SOMETIMES",
        "RRULE:X-NEW=1",
        "EXDATE:yesterday",
        "RDATE;TZID=Mars/Base:20261123T100000",
    ],
)
async def test_a_rule_that_cannot_be_followed_is_refused(world: World, line: str) -> None:
    answer = await world.call(ANNA, "POST", "/events", MEETING | ZONED | {"recurrence": [line]})

    assert (answer.status, answer.reason) == (400, "invalid")


async def test_a_rule_that_never_hits_is_followed_to_an_end(world: World) -> None:
    never = ["RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"]
    series = await world.insert(**ZONED, recurrence=never)

    assert len(by_id(await instances(world, series["id"]))) == 1


async def test_a_series_without_end_has_730_occurrences(world: World) -> None:
    series = await world.insert(**ZONED, recurrence=["RRULE:FREQ=WEEKLY"])

    found = by_id(await instances(world, series["id"], maxResults=2500))

    assert len(found) == 730
    assert max(item["start"]["dateTime"] for item in found.values()).startswith("2040-")


async def test_occurrences_come_in_pages_and_within_a_window_that_is_closed(world: World) -> None:
    series = (await world.insert(**WEEKLY))["id"]
    first = (await instances(world, series, maxResults=3)).json
    second = await instances(world, series, maxResults=3, pageToken=first["nextPageToken"])
    bounds = {"timeMin": "2026-11-30T09:00:00Z", "timeMax": "2026-12-14T08:00:00Z"}
    inside = by_id(await instances(world, series, **bounds))
    listed = by_id(await world.listed(singleEvents="true", **bounds))
    one = by_id(await instances(world, series, originalStart="2026-12-07T08:00:00Z"))

    assert [len(first["items"]), len(second.json["items"])] == [3, 1]
    assert "nextPageToken" not in second.json
    assert [item["start"]["dateTime"][:10] for item in inside.values()] == STARTS[1:3]
    assert [item["start"]["dateTime"][:10] for item in listed.values()] == STARTS[2:3]
    assert list(one) == [f"{series}_20261207T080000Z"]


async def test_instances_of_what_is_no_series_are_none_and_of_the_deleted_are_gone(
    world: World,
) -> None:
    single, series = (await world.insert())["id"], (await world.insert(**WEEKLY))["id"]
    await world.call(ANNA, "DELETE", f"/events/{series}")

    assert by_id(await instances(world, single)) == {}
    assert (await instances(world, "nothere")).status == 404
    gone = await instances(world, series)
    assert (gone.status, gone.reason) == (410, "deleted")


async def test_a_listing_shows_series_or_their_occurrences(world: World) -> None:
    series, single = await world.insert(**WEEKLY), await world.insert()

    masters = by_id(await world.listed())
    ones = by_id(await world.listed(singleEvents="true"))

    assert masters.keys() == {series["id"], single["id"]}
    assert masters[series["id"]]["recurrence"] == WEEKLY["recurrence"]
    assert len(ones) == 5
    assert series["id"] not in ones
    assert "nextSyncToken" in (await world.listed(singleEvents="true")).json


async def test_a_changed_occurrence_is_an_exception_that_keeps_its_id(world: World) -> None:
    series = await world.insert(**WEEKLY)
    token = await token_of(world)
    one = f"{series['id']}_20261130T080000Z"
    moved = {
        "start": {"dateTime": "2026-12-01T12:00:00+02:00"},
        "end": {"dateTime": "2026-12-01T13:00:00+02:00"},
    }

    answer = await world.patch(ANNA, one, summary="Moved", **moved)

    assert answer.status == 200, answer.text
    increment = by_id(await world.listed(syncToken=token))
    assert increment.keys() == {one}
    assert increment[one]["originalStartTime"]["dateTime"] == "2026-11-30T10:00:00+02:00"
    assert increment[one]["recurringEventId"] == series["id"]
    assert (await world.get(ANNA, series["id"]))["etag"] == series["etag"]
    assert by_id(await world.listed()).keys() == {series["id"], one}
    assert len(by_id(await world.listed(singleEvents="true"))) == 4
    assert len(by_id(await instances(world, series["id"]))) == 4


async def test_a_refused_edit_of_an_occurrence_leaves_none(world: World) -> None:
    series = await world.insert(**WEEKLY)
    one = f"{series['id']}_20261130T080000Z"

    refused = await world.patch(ANNA, one, visibility="secret")

    assert refused.status == 400
    assert by_id(await world.listed()).keys() == {series["id"]}


async def test_a_deleted_occurrence_is_a_cancelled_exception(world: World) -> None:
    series = await world.insert(**WEEKLY)
    token = await token_of(world)
    one = f"{series['id']}_20261130T080000Z"

    assert (await world.call(ANNA, "DELETE", f"/events/{one}")).status == 204

    again = await world.call(ANNA, "DELETE", f"/events/{one}")
    assert (again.status, again.reason) == (410, "deleted")
    skeleton = by_id(await world.listed(syncToken=token))[one]
    assert skeleton.keys() == {
        "kind", "etag", "id", "status", "recurringEventId", "originalStartTime",
    }  # fmt: skip
    assert by_id(await world.listed())[one] == skeleton, "A full listing without showDeleted too."
    assert by_id(await world.listed(singleEvents="true")).keys() & {one} == set()
    assert by_id(await world.listed(singleEvents="true", showDeleted="true"))[one]["summary"]
    assert len(by_id(await instances(world, series["id"]))) == 3
    assert len(by_id(await instances(world, series["id"], showDeleted="true"))) == 4


async def test_a_cancelled_occurrence_may_not_name_its_series(world: World) -> None:
    world.google.switches = replace(world.google.switches, sparse_tombstones=True)
    series = await world.insert(**WEEKLY)
    token = await token_of(world)
    one = f"{series['id']}_20261130T080000Z"

    await world.call(ANNA, "DELETE", f"/events/{one}")

    item = by_id(await world.listed(syncToken=token))[one]
    assert item.keys() == {"kind", "etag", "id", "status"}


async def test_a_series_subject_overwrites_that_of_its_exceptions(world: World) -> None:
    series = (await world.insert(**WEEKLY))["id"]
    titled, called_off = (f"{series}_{day}T080000Z" for day in ("20261130", "20261207"))
    before = (await world.patch(ANNA, titled, summary="Own", location="Oulu")).json
    await world.call(ANNA, "DELETE", f"/events/{called_off}")
    token = await token_of(world, showDeleted="true")

    await world.patch(ANNA, series, summary="New")

    after = by_id(await world.listed(syncToken=token, showDeleted="true"))
    assert after.keys() == {series, titled, called_off}
    assert {item["summary"] for item in after.values()} == {"New"}
    assert (after[titled]["location"], after[called_off]["status"]) == ("Oulu", "cancelled")
    assert after[titled]["etag"] != before["etag"]


async def test_an_edit_of_one_occurrence_moves_the_etags_of_the_others(world: World) -> None:
    series = (await world.insert(**WEEKLY))["id"]
    one, other = (f"{series}_{day}T080000Z" for day in ("20261130", "20261207"))
    old = (await world.get(ANNA, other))["etag"]
    await world.patch(ANNA, one, summary="Own")

    stale = await world.call(
        ANNA, "PATCH", f"/events/{other}", {"summary": "Late"}, headers={"If-Match": old}
    )

    assert (stale.status, stale.reason) == (412, "conditionNotMet")


@pytest.mark.parametrize(("switch", "status"), [("kept", "confirmed"), ("dropped", "cancelled")])
async def test_new_times_of_a_series_do_with_exceptions_as_the_switch_says(
    world: World, switch: Any, status: str
) -> None:
    world.google.switches = replace(world.google.switches, exceptions_on_new_times=switch)
    series = (await world.insert(**WEEKLY))["id"]
    one = f"{series}_20261130T080000Z"
    await world.patch(ANNA, one, location="Oulu")

    await world.patch(ANNA, series, recurrence=["RRULE:FREQ=WEEKLY;COUNT=5"])

    assert (await world.get(ANNA, one))["status"] == status


@pytest.mark.parametrize(("switch", "told"), [("all", 2), ("master", 1)])
async def test_a_deleted_series_tells_of_its_exceptions_as_the_switch_says(
    world: World, switch: Any, told: int
) -> None:
    world.google.switches = replace(world.google.switches, deleted_series_tells=switch)
    series = (await world.insert(**WEEKLY))["id"]
    await world.patch(ANNA, f"{series}_20261130T080000Z", summary="Own")
    token = await token_of(world)

    await world.call(ANNA, "DELETE", f"/events/{series}")

    found = by_id(await world.listed(syncToken=token))
    assert len(found) == told
    assert found[series].keys() == {"kind", "etag", "id", "status"}, (
        "No word of its having been one."
    )
    assert by_id(await world.listed()) == {}
    assert by_id(await world.listed(singleEvents="true")) == {}


async def test_with_single_events_a_change_of_a_series_is_one_of_each_occurrence(
    world: World,
) -> None:
    series = (await world.insert(**WEEKLY))["id"]
    token = await token_of(world, singleEvents="true")
    await world.patch(ANNA, series, summary="New")
    changed = by_id(await world.listed(singleEvents="true", syncToken=token))
    token = await token_of(world, singleEvents="true")
    await world.call(ANNA, "DELETE", f"/events/{series}")

    deleted = by_id(await world.listed(singleEvents="true", syncToken=token))

    assert {item["summary"] for item in changed.values()} == {"New"}
    assert changed.keys() == deleted.keys()
    assert len(changed) == 4
    assert {item["status"] for item in deleted.values()} == {"cancelled"}


async def test_deleted_series_can_be_listed_in_full_but_for_the_summary(world: World) -> None:
    world.google.switches = replace(world.google.switches, cancelled_series_listed=True)
    series, single = (await world.insert(**WEEKLY))["id"], (await world.insert())["id"]
    for one in (series, single):
        await world.call(ANNA, "DELETE", f"/events/{one}")

    found = by_id(await world.listed())

    assert found.keys() == {series}
    assert (found[series]["status"], "summary" in found[series]) == ("cancelled", False)
    assert found[series]["recurrence"]
    assert found[series]["start"]


async def test_a_guest_has_the_series_and_its_exceptions_too(world: World) -> None:
    series = (await world.insert(**WEEKLY, attendees=[{"email": BEN}]))["id"]
    moved, off = (f"{series}_{day}T080000Z" for day in ("20261130", "20261207"))

    await world.patch(ANNA, moved, summary="Moved")
    await world.call(ANNA, "DELETE", f"/events/{off}")

    found = by_id(await world.listed(BEN))
    assert found.keys() == {series, moved, off}
    assert (found[moved]["summary"], found[off]["status"]) == ("Moved", "cancelled")
    assert len(by_id(await instances(world, series, BEN))) == 3


async def test_a_guest_answers_for_one_occurrence(world: World) -> None:
    series = (await world.insert(**WEEKLY, attendees=[{"email": BEN}]))["id"]
    one = f"{series}_20261130T080000Z"

    await world.patch(BEN, one, attendees=[{"email": BEN, "responseStatus": "declined"}])

    exception, master = await world.get(ANNA, one), await world.get(ANNA, series)
    assert exception["attendees"][0]["responseStatus"] == "declined"
    assert master["attendees"][0]["responseStatus"] == "needsAction"


async def test_this_and_following_cuts_a_series_in_two(world: World) -> None:
    marked = {"extendedProperties": {"private": {"link": "7"}}}
    series = await world.insert(**ZONED, recurrence=["RRULE:FREQ=WEEKLY"], **marked)
    early, late = (f"{series['id']}_{day}T080000Z" for day in ("20261130", "20261214"))
    for one in (early, late):
        await world.patch(ANNA, one, summary="Own")
    token = await token_of(world)

    tail = world.google.person_splits(ANNA, series["id"], f"{series['id']}_20261207T080000Z")

    found = by_id(await world.listed(syncToken=token))
    assert tail["id"] == f"{series['id']}_R20261207T080000"
    assert found.keys() == {series["id"], tail["id"], late}
    assert found[series["id"]]["recurrence"] == ["RRULE:FREQ=WEEKLY;UNTIL=20261207T075959Z"]
    assert found[tail["id"]]["extendedProperties"] == marked["extendedProperties"]
    assert found[tail["id"]]["created"] == series["created"]
    assert found[tail["id"]]["iCalUID"] != series["iCalUID"]
    assert found[late]["recurringEventId"] == tail["id"]
    firsts = list(by_id(await instances(world, tail["id"])))[:3]
    assert firsts == [
        f"{series['id']}_{day}T080000Z" for day in ("20261207", "20261214", "20261221")
    ]
    assert len(by_id(await instances(world, series["id"]))) == 2
    assert (await world.get(ANNA, firsts[2]))["recurringEventId"] == tail["id"]


async def test_an_id_with_the_suffix_twice_is_not_found(world: World) -> None:
    series = (await world.insert(**WEEKLY))["id"]
    one = f"{series}_20261130T080000Z"
    await world.patch(ANNA, one, summary="Own")

    for wrong in (f"{one}_20261130T080000Z", f"{series}_20261201T080000Z", f"{series}_"):
        assert (await world.call(ANNA, "GET", f"/events/{wrong}")).status == 404
        assert (await world.patch(ANNA, wrong, summary="No")).status == 404


async def test_a_stricter_visibility_of_one_occurrence_is_that_of_all(world: World) -> None:
    series = (await world.insert(**WEEKLY))["id"]
    one, other = (f"{series}_{day}T080000Z" for day in ("20261130", "20261207"))

    await world.patch(ANNA, one, visibility="private")
    lax = await world.patch(ANNA, other, visibility="public")

    assert (await world.get(ANNA, series))["visibility"] == "private"
    assert (lax.status, lax.json["visibility"]) == (200, "private")
