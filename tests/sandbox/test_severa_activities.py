from typing import Any

import pytest

from daemon.sandbox.severa import SeveraError, Switches
from tests.sandbox.severa_company import CLIENT_ID, company

MIDNIGHT_3 = "2026-03-03T00:00:00+02:00"
MIDNIGHT_4 = "2026-03-04T00:00:00+02:00"
MIDNIGHT_5 = "2026-03-05T00:00:00+02:00"


async def test_a_created_activity_is_answered_whole() -> None:
    async with company() as severa:
        row = await severa.create(notes="Bring <b>cake</b>", location="Room 1")

        assert row["startDateTime"] == "2026-03-03T07:00:00+00:00"
        assert row["endDateTime"] == "2026-03-03T08:00:00+00:00"
        assert row["notes"] == "Bring <b>cake</b>"
        assert row["activityType"]["category"] == "CalendarEntry"
        assert row["ownerUser"]["name"] == "Anna Virtanen"
        assert (row["isAllDay"], row["hasDuration"], row["hasHours"]) == (False, True, False)
        assert (row["recurrenceType"], row["createdDateTime"]) == (
            "None",
            "2026-03-02T06:00:00+00:00",
        )
        assert (await severa.call("GET", f"/v1/activities/{row['guid']}")).body == row


async def test_a_repeated_post_makes_a_double() -> None:
    async with company() as severa:
        first, second = await severa.create(), await severa.create()

        assert first["guid"] != second["guid"]
        assert len(severa.state.activities()) == 2


async def test_what_is_read_only_is_passed_over_on_create() -> None:
    async with company() as severa:
        row = await severa.create(guid="mine", hasHours=True, recurrenceType="Series", unknown=1)

        assert (row["guid"] != "mine", row["hasHours"]) == (True, False)
        assert row["recurrenceType"] == "None"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ...),
        ("name", None),
        ("name", ""),
        ("name", "x" * 201),
        ("name", 7),
        ("notes", "x" * 10_001),
        ("location", "x" * 1_001),
        ("startDateTime", ...),
        ("startDateTime", "2026-03-03T09:00:00"),
        ("startDateTime", "2026-03-03T09:00:00 02:00"),
        ("startDateTime", "2026-03-03"),
        ("startDateTime", "2026-02-30T09:00:00Z"),
        ("startDateTime", 5),
        ("endDateTime", "2026-03-03T08:59:59+02:00"),
        ("activityType", ...),
        ("activityType", {}),
        ("activityType", {"guid": "unknown"}),
        ("ownerUser", ...),
        ("ownerUser", {"guid": "unknown"}),
        ("isAllDay", "true"),
        ("recurrence", {"frequency": "Hourly"}),
    ],
)
async def test_a_bad_field_is_refused_on_create(field: str, value: Any) -> None:
    async with company() as severa:
        answer = await severa.call("POST", "/v1/activities", severa.wish(**{field: value}))

        assert (answer.status, answer.kind) == (400, "InvalidParameter")
        location = answer.body["error"]["details"][0]["location"]
        assert (location["type"], location["name"]) in [
            ("RequestBody", field),
            ("RequestBody", f"{field}.guid"),
        ]
        assert severa.state.activities() == []


@pytest.mark.parametrize(
    ("field", "length"), [("name", 200), ("notes", 10_000), ("location", 1000)]
)
async def test_the_longest_text_is_kept_as_sent(field: str, length: int) -> None:
    async with company() as severa:
        row = await severa.create(**{field: "å" * length})

        assert row[field] == "å" * length


@pytest.mark.parametrize("body", [None, "text", [1]])
async def test_a_body_that_is_no_activity_is_an_invalid_request(body: Any) -> None:
    async with company() as severa:
        answer = await severa.call("POST", "/v1/activities", body)

        assert (answer.status, answer.kind) == (400, "InvalidRequest")


async def test_an_inactive_user_cannot_become_owner() -> None:
    async with company() as severa:
        row = await severa.create()
        severa.state.change_user(severa.ben, is_active=False)

        created = await severa.call(
            "POST", "/v1/activities", severa.wish(ownerUser={"guid": severa.ben})
        )
        patched = await severa.patch(row["guid"], ownerUser__guid=severa.ben)

        assert (created.status, patched.status) == (400, 400)


async def test_an_inactive_owner_keeps_activities_that_can_be_changed() -> None:
    async with company() as severa:
        row = await severa.create()
        severa.state.change_user(severa.anna, is_active=False)

        patched = await severa.patch(row["guid"], name="Later")

        assert patched.status == 200
        assert await severa.names() == ["Later"]


async def test_an_inactive_type_cannot_be_given() -> None:
    async with company() as severa:
        severa.state.change_type(severa.types["CalendarEntry"], is_active=False)

        answer = await severa.call("POST", "/v1/activities", severa.wish())

        assert (answer.status, answer.kind) == (400, "InvalidParameter")


async def test_an_entry_without_an_end_is_a_point_in_time() -> None:
    async with company() as severa:
        absent = await severa.create(endDateTime=...)
        ended = await severa.create(hasDuration=False)

        assert (absent["hasDuration"], absent["endDateTime"]) == (False, None)
        assert (ended["hasDuration"], ended["endDateTime"]) == (False, None)


async def test_a_timed_entry_with_a_duration_needs_an_end() -> None:
    async with company() as severa:
        wish = severa.wish(endDateTime=None, hasDuration=True)
        answer = await severa.call("POST", "/v1/activities", wish)

        assert (answer.status, answer.kind) == (400, "InvalidParameter")


@pytest.mark.parametrize(
    ("end", "kept"),
    [
        (MIDNIGHT_5, "2026-03-04T22:00:00+00:00"),
        (MIDNIGHT_3, "2026-03-03T22:00:00+00:00"),
        (None, "2026-03-03T22:00:00+00:00"),
        (..., "2026-03-03T22:00:00+00:00"),
    ],
)
async def test_all_day_ends_at_the_midnight_after_its_last_day(end: Any, kept: str) -> None:
    async with company() as severa:
        row = await severa.create(isAllDay=True, startDateTime=MIDNIGHT_3, endDateTime=end)

        assert row["startDateTime"] == "2026-03-02T22:00:00+00:00"
        assert (row["endDateTime"], row["hasDuration"]) == (kept, True)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-03-03T00:00:00Z", "2026-03-04T00:00:00Z"),
        ("2026-03-03T00:00:00+01:00", "2026-03-04T00:00:00+01:00"),
        (MIDNIGHT_3, "2026-03-03T23:59:59+02:00"),
    ],
)
async def test_all_day_is_by_the_owners_midnights(start: str, end: str) -> None:
    async with company() as severa:
        days = {"isAllDay": True, "startDateTime": start, "endDateTime": end}
        answer = await severa.call("POST", "/v1/activities", severa.wish(**days))

        assert (answer.status, answer.kind) == (400, "InvalidParameter")


async def test_an_owner_in_oslo_has_midnights_of_oslo() -> None:
    async with company() as severa:
        row = await severa.create(
            ownerUser={"guid": severa.ben},
            isAllDay=True,
            startDateTime="2026-03-03T00:00:00+01:00",
            endDateTime="2026-03-04T00:00:00+01:00",
        )

        assert row["endDateTime"] == "2026-03-03T23:00:00+00:00"


async def test_a_day_with_a_change_of_clock_ends_at_its_own_midnight() -> None:
    async with company() as severa:
        row = await severa.create(
            isAllDay=True, startDateTime="2026-03-29T00:00:00+02:00", endDateTime=...
        )

        assert row["endDateTime"] == "2026-03-29T21:00:00+00:00"


async def test_a_switch_ends_all_day_a_second_before_midnight() -> None:
    async with company(Switches(all_day_end="inclusive")) as severa:
        row = await severa.create(
            isAllDay=True,
            startDateTime=MIDNIGHT_3,
            endDateTime="2026-03-04T23:59:59+02:00",
        )
        patched = await severa.patch(row["guid"], name="Same days")

        assert row["endDateTime"] == "2026-03-04T21:59:59+00:00"
        assert patched.body[0]["endDateTime"] == row["endDateTime"]


async def test_a_switch_writes_times_in_the_owners_zone() -> None:
    async with company(Switches(times="owner")) as severa:
        row = await severa.create()

        assert row["startDateTime"] == "2026-03-03T09:00:00+02:00"


async def test_a_patch_changes_only_what_it_names_and_stamps() -> None:
    async with company() as severa:
        row = await severa.create(notes="Agenda")
        assert (row["lastUpdatedDateTime"], row["lastUpdatedBy"]) == (None, None)
        severa.clock.advance(minutes=5)

        answer = await severa.patch(row["guid"], name="Kick-off 2")

        assert answer.status == 200
        assert len(answer.body) == 1
        changed = {name for name in row if answer.body[0][name] != row[name]}
        assert changed == {"name", "lastUpdatedDateTime", "lastUpdatedBy"}
        assert answer.body[0]["lastUpdatedDateTime"] == "2026-03-02T06:05:00+00:00"


@pytest.mark.parametrize(
    ("path", "value", "field", "kept"),
    [
        ("isClosed", "true", "isClosed", True),
        ("isClosed", True, "isClosed", True),
        ("isUnassigned", "True", "isUnassigned", True),
        ("endDateTime", "2026-03-03T11:00:00+02:00", "endDateTime", "2026-03-03T09:00:00+00:00"),
        ("notes", None, "notes", None),
        ("location", "", "location", ""),
        ("hasDuration", "false", "endDateTime", None),
        ("customer/guid", "c-1", "customer", {"guid": "c-1", "name": None}),
    ],
)
async def test_a_patch_takes_scalars_as_strings_or_native(
    path: str, value: Any, field: str, kept: Any
) -> None:
    async with company() as severa:
        row = await severa.create(notes="Agenda", location="Room 1")

        answer = await severa.patch(row["guid"], **{path: value})

        assert answer.status == 200
        assert answer.body[0][field] == kept


async def test_a_patch_reaches_type_and_owner_by_their_guids() -> None:
    async with company() as severa:
        travel = severa.state.add_type("Travel", "CalendarEntry")
        row = await severa.create()

        answer = await severa.patch(
            row["guid"], activityType__guid=travel, ownerUser__guid=severa.ben
        )

        assert answer.body[0]["activityType"]["name"] == "Travel"
        assert answer.body[0]["ownerUser"]["guid"] == severa.ben


async def test_a_patch_is_settled_as_a_whole() -> None:
    async with company() as severa:
        row = await severa.create()

        answer = await severa.patch(
            row["guid"], isAllDay="true", startDateTime=MIDNIGHT_4, endDateTime=MIDNIGHT_5
        )

        assert answer.status == 200
        assert answer.body[0]["startDateTime"] == "2026-03-03T22:00:00+00:00"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("colour", "red"),
        ("guid", "mine"),
        ("hasHours", "true"),
        ("activityType/category", "Task"),
        ("activityType", "x"),
        ("recurrence/frequency", "Daily"),
        ("createdDateTime", "2026-03-03T11:00:00+02:00"),
        ("Name", "x"),
        ("name", None),
        ("name", 7),
        ("isClosed", "yes"),
        ("isClosed", None),
        ("startDateTime", "2026-03-03T23:00:00+02:00"),
        ("endDateTime", None),
    ],
)
async def test_a_bad_patch_changes_nothing(path: str, value: Any) -> None:
    async with company() as severa:
        row = await severa.create()

        answer = await severa.patch(row["guid"], location="Room 2", **{path: value})

        assert (answer.status, answer.kind) == (400, "InvalidParameter")
        assert severa.state.activity(row["guid"]) == row


@pytest.mark.parametrize("op", ["Add", "Remove", "Move", "Copy", "add", "REPLACE"])
async def test_only_replace_works(op: str) -> None:
    async with company() as severa:
        row = await severa.create()

        answer = await severa.call(
            "PATCH", f"/v1/activities/{row['guid']}", [{"op": op, "path": "/name", "value": "x"}]
        )

        assert (answer.status, answer.kind) == (400, "InvalidOperation")


async def test_replace_may_be_spelled_small() -> None:
    async with company() as severa:
        row = await severa.create()

        operation = {"op": "replace", "path": "/name", "value": "x"}
        answer = await severa.call("PATCH", f"/v1/activities/{row['guid']}", [operation])

        assert answer.body[0]["name"] == "x"


async def test_an_activity_cannot_move_to_another_category() -> None:
    async with company() as severa:
        row = await severa.create()

        answer = await severa.patch(row["guid"], activityType__guid=severa.types["Personal"])

        assert (answer.status, answer.kind) == (400, "InvalidOperation")
        with pytest.raises(SeveraError):
            severa.state.person_patch(
                severa.anna, row["guid"], activityType=severa.types["Personal"]
            )


async def test_a_switch_lets_the_category_change() -> None:
    async with company(Switches(category_may_change=True)) as severa:
        row = await severa.create()

        answer = await severa.patch(row["guid"], activityType__guid=severa.types["Personal"])

        assert answer.body[0]["activityType"]["category"] == "Personal"


async def test_a_deleted_activity_is_gone_for_every_call() -> None:
    async with company() as severa:
        row = await severa.create()
        path = f"/v1/activities/{row['guid']}"

        first = await severa.call("DELETE", path)
        rest = [
            await severa.call("DELETE", path),
            await severa.call("GET", path),
            await severa.patch(row["guid"], name="x"),
            await severa.call("GET", path + "/activityparticipants"),
        ]

        assert (first.status, first.body) == (204, "")
        assert [(answer.status, answer.body) for answer in rest] == [(404, "")] * 4
        assert await severa.names(changedSince="2026-01-01T00:00:00Z") == []


async def test_an_activity_with_hours_is_not_deleted() -> None:
    async with company() as severa:
        row = await severa.create()
        severa.state.person_patch(severa.anna, row["guid"], hasHours=True)

        answer = await severa.call("DELETE", f"/v1/activities/{row['guid']}")

        assert (answer.status, answer.kind) == (400, "InvalidOperation")
        assert severa.state.activity(row["guid"])["hasHours"] is True


async def test_the_authors_are_the_api_user_and_the_person() -> None:
    async with company() as severa:
        by_api = await severa.create()
        by_hand = severa.state.person_add(
            severa.ben, name="Lunch", startDateTime=severa.clock(), endDateTime=severa.clock()
        )
        api_user = severa.state.add_credentials(CLIENT_ID, "changed")

        severa.state.person_patch(severa.ben, by_api["guid"], name="By Ben")
        patched = await severa.patch(by_hand["guid"], name="By the API")

        assert by_api["createdBy"]["guid"] == api_user
        assert by_hand["createdBy"]["guid"] == severa.ben
        assert severa.state.activity(by_api["guid"])["lastUpdatedBy"]["guid"] == severa.ben
        assert patched.body[0]["lastUpdatedBy"]["guid"] == api_user


async def test_a_series_is_kept_with_its_rule_which_no_patch_changes() -> None:
    async with company() as severa:
        row = await severa.create(recurrence={"frequency": "Weekly", "range": None})

        assert row["recurrenceType"] == "Series"
        assert row["recurrence"]["frequency"] == "Weekly"
        refused = await severa.patch(row["guid"], recurrence="x")
        assert refused.status == 400
