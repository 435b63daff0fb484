"""What simulators get wrong of Google, point by point; where a point has its tests elsewhere, they are named."""

import importlib
from collections.abc import AsyncIterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from daemon.sandbox.google import Switches
from daemon.sandbox.google import switches as module
from tests.sandbox.google_world import ANNA, BEN, MEETING, World, served

ELSEWHERE = {
    "deleted events stay as cancelled": (
        "events.test_a_deleted_event_is_shown_as_cancelled_and_cannot_be_deleted_again"
    ),
    "a deleted id stays taken": "events.test_an_id_is_taken_even_by_a_deleted_event",
    "a sync token on the last page only": (
        "listing.test_pages_hold_every_event_once_and_only_the_last_a_sync_token"
    ),
    "no sync token with an order": "listing.test_order_by_updated_shows_the_last_change_last",
    "cancelled exceptions in a full sync": (
        "listing.test_a_cancelled_occurrence_is_listed_while_its_series_lives"
    ),
    "sparse tombstones": "series.test_a_cancelled_occurrence_may_not_name_its_series",
    "timeMin looks at the end": "listing.test_the_window_is_open_at_both_ends",
    "a garbled token is 400": "listing.test_a_garbled_or_foreign_sync_token_is_invalid",
    "exceptions follow their series": (
        "series.test_a_series_subject_overwrites_that_of_its_exceptions"
    ),
    "an exception leaves its series' etag": (
        "series.test_a_changed_occurrence_is_an_exception_that_keeps_its_id"
    ),
    "arrays are replaced": (
        "events.test_a_patch_merges_objects_clears_nulls_and_replaces_arrays"
    ),
    "answers are reset with the array": (
        "meetings.test_an_organizers_array_without_answers_resets_them"
    ),
    "reminders move the etag alone": (
        "events.test_a_change_of_reminders_moves_the_etag_and_not_updated"
    ),
    "properties are cut in silence": (
        "events.test_long_keys_vanish_and_long_values_are_cut_without_a_word"
    ),
    "same id on all copies": (
        "meetings.test_every_known_guest_gets_a_copy_with_the_same_id_and_uid"
    ),
    "the organizer's edit overwrites": (
        "meetings.test_a_guests_edit_stays_local_until_the_organizers_next"
    ),
    "200 for a forbidden guest's edit": (
        "meetings.test_a_guests_edit_can_be_ignored_without_a_word"
    ),
    "403 for guest flags": "meetings.test_guest_flags_belong_to_the_organizer",
    "pushes tell of own changes": (
        "channels.test_every_change_is_told_also_ones_own_and_a_deletion"
    ),
    "push numbers have gaps": "channels.test_message_numbers_have_gaps",
    "pushes are not exactly once": "channels.test_what_happens_to_messages_is_switched",
    "4xx is not tried again": "channels.test_any_other_answer_ends_the_message",
    "channel ids are used once": "channels.test_an_id_is_used_once_also_after_its_channel",
    "sync before the answer": (
        "channels.test_a_channel_begins_with_a_sync_message_before_its_answer"
    ),
    "expiration as number or text": (
        "channels.test_a_channel_lives_as_long_as_the_stricter_of_both_says"
    ),
    "split series": "series.test_this_and_following_cuts_a_series_in_two",
    "all-day ends are exclusive": (
        "events.test_an_all_day_event_ends_on_the_day_after_and_has_no_zone"
    ),
    "daylight saving in series": "series.test_a_series_keeps_to_the_clock_on_the_wall",
    "ids by the original start in UTC": (
        "series.test_a_series_has_its_occurrences_under_their_original_start_in_utc"
    ),
    "730 occurrences": "series.test_a_series_without_end_has_730_occurrences",
    "403 for rates": "limits.test_each_user_has_units_for_a_minute_that_slides",
    "one reason under both codes": "limits.test_the_same_refusal_can_come_as_429",
    "limits for one calendar": "errors.test_quick_writes_to_one_calendar_are_limited",
    "cancelled series in plain listings": (
        "series.test_deleted_series_can_be_listed_in_full_but_for_the_summary"
    ),
    "writes to other types fail": "events.test_of_an_event_from_gmail_only_some_fields_can_change",
    "404 may be missing permission": "sharing.test_what_is_not_shared_is_not_found",
    "no suffix twice": "series.test_an_id_with_the_suffix_twice_is_not_found",
    "import replaces whole": (
        "errors.test_an_import_makes_a_private_copy_and_replaces_it_whole"
    ),
    "HTML errors": "../faults.test_a_page_of_html_comes_instead_of_an_answer",
    "holiday ids": "sharing.test_a_calendar_of_holidays_is_read_by_all_and_written_by_none",
}  # fmt: skip


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with served() as one:
        yield one


def switch(world: World, **changes: Any) -> None:
    world.google.switches = replace(world.google.switches, **changes)


@pytest.mark.parametrize("point", ELSEWHERE)
def test_a_point_with_its_test_elsewhere_has_one(point: str) -> None:
    name, _, test = ELSEWHERE[point].removeprefix("../").partition(".")
    prefix = "test_" if ELSEWHERE[point].startswith("../") else "test_google_"

    assert hasattr(importlib.import_module(f"tests.sandbox.{prefix}{name}"), test)


async def test_three_kinds_of_gone_differ(world: World) -> None:
    token = (await world.listed()).json["nextSyncToken"]
    event = (await world.insert())["id"]
    await world.call(ANNA, "DELETE", f"/events/{event}")
    world.google.expire_sync_tokens()

    gone = [
        await world.listed(syncToken=token),
        await world.listed(updatedMin="2026-01-01T00:00:00Z"),
        await world.call(ANNA, "DELETE", f"/events/{event}"),
    ]

    assert [one.status for one in gone] == [410] * 3
    assert [one.reason for one in gone] == ["fullSyncRequired", "updatedMinTooLongAgo", "deleted"]


async def test_a_sync_token_grows_old_as_the_switch_says(world: World) -> None:
    forever = (await world.listed()).json["nextSyncToken"]
    switch(world, sync_token_days=7)
    token = (await world.listed()).json["nextSyncToken"]

    world.clock.forward(days=7)
    world.tokens.clear()
    alive = await world.listed(syncToken=token)
    world.clock.forward(days=1)
    world.tokens.clear()
    dead = await world.listed(syncToken=token)
    switch(world, sync_token_days=None)

    assert (alive.status, dead.status, dead.reason) == (200, 410, "fullSyncRequired")
    assert (await world.listed(syncToken=forever)).status == 200


async def test_a_page_holds_fewer_than_asked_for(world: World) -> None:
    switch(world, page_max=2)
    for _ in range(3):
        await world.insert()

    page = (await world.listed(maxResults=2500)).json

    assert len(page["items"]) == 2
    assert "nextPageToken" in page


async def test_a_guests_answer_moves_the_etag_under_an_organizers_write(world: World) -> None:
    event = await world.insert(attendees=[{"email": BEN}])
    answer = [{"email": BEN, "responseStatus": "accepted"}]
    await world.patch(BEN, event["id"], attendees=answer)

    late = await world.call(
        ANNA, "PATCH", f"/events/{event['id']}", {"summary": "New"},
        headers={"If-Match": event["etag"]},
    )  # fmt: skip
    without = await world.patch(ANNA, event["id"], summary="New")

    assert (late.status, late.reason, without.status) == (412, "conditionNotMet", 200)


@pytest.mark.parametrize("end", ["2026-11-23T10:00:00+02:00", "2026-11-23T09:00:00+02:00"])
async def test_no_length_or_less_is_refused_and_yet_may_be_read(world: World, end: str) -> None:
    body = MEETING | {"end": {"dateTime": end}}

    refused = await world.call(ANNA, "POST", "/events", body)
    old = world.google.person_add(ANNA, body, is_legacy=True)
    listed = (await world.listed()).json["items"]
    renamed = await world.patch(ANNA, old["id"], summary="New")

    assert (refused.status, refused.reason) == (400, "timeRangeEmpty")
    assert [item["end"]["dateTime"] for item in listed] == [end]
    assert renamed.status == 200, "Whoever leaves the times alone may change the rest."


async def test_every_kind_of_event_turns_up_in_a_naive_listing(world: World) -> None:
    day = {"start": {"date": "2026-11-23"}, "end": {"date": "2026-11-24"}}
    shapes: dict[str, dict[str, Any]] = {
        "default": {},
        "birthday": {"visibility": "private", "transparency": "transparent", **day},
        "focusTime": {"focusTimeProperties": {"chatStatus": "doNotDisturb"}},
        "fromGmail": {},
        "outOfOffice": {"outOfOfficeProperties": {"autoDeclineMode": "declineNone"}},
        "workingLocation": {
            "visibility": "public",
            "transparency": "transparent",
            "workingLocationProperties": {"type": "homeOffice", "homeOffice": {}},
        },
    }
    for kind, shape in shapes.items():
        world.google.person_add(ANNA, MEETING | {"eventType": kind, **shape})

    everything = (await world.listed()).json["items"]
    only = (await world.listed(eventTypes="default")).json["items"]
    unknown = await world.listed(eventTypes="holiday")

    assert {item["eventType"] for item in everything} == shapes.keys()
    assert [item["eventType"] for item in only] == ["default"]
    assert (unknown.status, unknown.reason) == (400, "invalid")


async def test_an_increment_reaches_beyond_the_window_of_its_first_listing(world: World) -> None:
    window = {"timeMin": "2026-11-22T00:00:00Z", "timeMax": "2026-11-25T00:00:00Z"}
    token = (await world.listed(**window)).json["nextSyncToken"]

    far = await world.insert(
        start={"dateTime": "2030-01-01T10:00:00Z"}, end={"dateTime": "2030-01-01T11:00:00Z"}
    )

    found = (await world.listed(syncToken=token)).json["items"]
    assert [item["id"] for item in found] == [far["id"]]


def test_every_switch_says_what_it_is_for() -> None:
    lines = Path(module.__file__).read_text(encoding="utf-8").splitlines()
    silent = []
    for one in fields(Switches):
        at = next(n for n, line in enumerate(lines) if line.startswith(f"    {one.name}:"))
        if '"""' not in "".join(lines[at + 1 : at + 4]):
            silent.append(one.name)

    assert silent == []
