"""What nobody knows about the real Severa (Q1 to Q26): each switch of the sandbox in every position."""

from dataclasses import fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from daemon.sandbox.severa import DEFAULT, Switches
from tests.sandbox.severa_company import CLIENT_ID, SECRET, Company, company


def test_every_switch_is_tried_in_some_test() -> None:
    texts = "".join(path.read_text() for path in Path(__file__).parent.glob("test_severa_*.py"))

    assert not [each.name for each in fields(Switches) if f"{each.name}=" not in texts]


async def _patch(severa: Company, guid: str, *operations: dict[str, Any]) -> Any:
    return await severa.call("PATCH", f"/v1/activities/{guid}", list(operations))


def _replace(path: str, value: Any, op: str = "Replace") -> dict[str, Any]:
    return {"op": op, "path": path, "value": value}


async def _invite(severa: Company, guid: str, **more: Any) -> Any:
    body = {"activityGuid": guid, "participantGuid": severa.ben, **more}
    return await severa.call("POST", "/v1/activityparticipants", body)


@pytest.mark.parametrize("found", [True, False])
async def test_q9_what_was_never_updated_is_found_or_not(found: bool) -> None:
    async with company(Switches(finds_never_updated=found)) as severa:
        since = severa.clock().isoformat()
        await severa.create(name="new")
        edited = await severa.create(name="old")
        await severa.patch(edited["guid"], name="edited")

        assert await severa.names(changedSince=since) == (
            ["edited", "new"] if found else ["edited"]
        )


@pytest.mark.parametrize("stamps", [True, False])
async def test_q10_hours_stamp_or_not(stamps: bool) -> None:
    async with company(Switches(hours_stamp=stamps)) as severa:
        row = await severa.create()

        after = severa.state.person_patch(severa.anna, row["guid"], hasHours=True)

        assert (after["lastUpdatedDateTime"] is not None) is stamps


@pytest.mark.parametrize("echoed", [True, False])
async def test_q11_participants_are_echoed_or_not(echoed: bool) -> None:
    async with company(Switches(participants_echo=echoed)) as severa:
        row = await severa.create()
        await _invite(severa, row["guid"])

        answer = await severa.call("GET", f"/v1/activities/{row['guid']}")

        assert ("participants" in answer.body) is echoed


@pytest.mark.parametrize(("needed", "status"), [("inferred", 201), ("required", 400)])
async def test_q12_the_type_of_a_participant_is_inferred_or_needed(
    needed: Any, status: int
) -> None:
    async with company(Switches(participant_type=needed)) as severa:
        row = await severa.create()

        assert (await _invite(severa, row["guid"])).status == status
        if status == 400:
            assert (await _invite(severa, row["guid"], type="User")).status == 201


@pytest.mark.parametrize(
    ("form", "status", "rows"), [("refused", 400, 1), ("doubled", 201, 2), ("kept", 201, 1)]
)
async def test_q12_who_takes_part_already(form: Any, status: int, rows: int) -> None:
    async with company(Switches(duplicate_participant=form)) as severa:
        guid = (await severa.create())["guid"]
        await _invite(severa, guid)

        again = await _invite(severa, guid)

        assert again.status == status
        assert len(severa.state.participants(guid)) == rows


@pytest.mark.parametrize(("works", "status"), [(True, 200), (False, 400)])
async def test_q12_a_status_can_be_patched_or_not(works: bool, status: int) -> None:
    async with company(Switches(participant_patch=works)) as severa:
        seat = (await _invite(severa, (await severa.create())["guid"])).body["guid"]

        operations = [_replace("/status", "Accepted")]
        answer = await severa.call("PATCH", f"/v1/activityparticipants/{seat}", operations)

        assert answer.status == status


@pytest.mark.parametrize(("keep", "status"), [(True, 400), (False, 204)])
async def test_q13_hours_keep_an_activity_or_not(keep: bool, status: int) -> None:
    async with company(Switches(hours_keep=keep)) as severa:
        guid = (await severa.create())["guid"]
        severa.state.person_patch(severa.anna, guid, hasHours=True)

        assert (await severa.call("DELETE", f"/v1/activities/{guid}")).status == status


@pytest.mark.parametrize("private_texts", ["full", "hidden"])
@pytest.mark.parametrize("category", ["Personal", "Absences", "CalendarEntry"])
async def test_q15_private_texts_are_told_or_not(private_texts: Any, category: str) -> None:
    async with company(Switches(private_texts=private_texts)) as severa:
        kind = {"guid": severa.types[category]}
        row = await severa.create(name="Dentist", notes="Tooth", activityType=kind)

        hidden = private_texts == "hidden" and category != "CalendarEntry"
        assert (row["name"], row["notes"]) == ((category, None) if hidden else ("Dentist", "Tooth"))
        assert severa.state.activity(row["guid"])["name"] == "Dentist"


@pytest.mark.parametrize(("values", "status"), [("any", 200), ("strings", 400)])
async def test_q16_truth_values_as_json_or_as_strings(values: Any, status: int) -> None:
    async with company(Switches(patch_values=values)) as severa:
        guid = (await severa.create())["guid"]

        assert (await _patch(severa, guid, _replace("/isClosed", True))).status == status
        assert (await _patch(severa, guid, _replace("/isClosed", "true"))).status == 200


@pytest.mark.parametrize(
    ("null", "status", "kept"),
    [("clears", 200, None), ("refused", 400, "Agenda"), ("ignored", 200, "Agenda")],
)
async def test_q16_null_in_a_patch(null: Any, status: int, kept: str | None) -> None:
    async with company(Switches(patch_null=null)) as severa:
        guid = (await severa.create(notes="Agenda"))["guid"]

        assert (await _patch(severa, guid, _replace("/notes", None))).status == status
        assert severa.state.activity(guid)["notes"] == kept


@pytest.mark.parametrize(("allowed", "status"), [(True, 200), (False, 400)])
async def test_q16_small_spelling_and_parts_of_nothing(allowed: bool, status: int) -> None:
    switches = Switches(patch_lower_case=allowed, patch_under_null=allowed)
    async with company(switches) as severa:
        guid = (await severa.create())["guid"]

        small = await _patch(severa, guid, _replace("/name", "New", "replace"))
        part = await _patch(severa, guid, _replace("/customer/guid", "c-1"))

        assert (small.status, part.status) == (status, status)


@pytest.mark.parametrize("form", ["two-lists", "array", "refused"])
async def test_q17_a_patch_of_several(form: Any) -> None:
    async with company(Switches(patch_of_many=form)) as severa:
        one, other = (await severa.create())["guid"], (await severa.create())["guid"]

        answer = await _patch(severa, f"{one},nobody,{other}", _replace("/name", "New"))

        if form == "refused":
            assert answer.status == 400
            return
        assert answer.status == 200
        rows = answer.body["succeeded"] if form == "two-lists" else answer.body
        assert [(row["guid"], row["name"]) for row in rows] == [(one, "New"), (other, "New")]
        if form == "two-lists":
            assert [error["guid"] for error in answer.body["errors"]] == ["nobody"]


@pytest.mark.parametrize(("form", "status"), [("clamped", 200), ("refused", 400)])
async def test_q18_more_rows_than_there_may_be(form: Any, status: int) -> None:
    async with company(Switches(rows_over_max=form)) as severa:
        answers = [
            await severa.call("GET", "/v1/activities", params={"rowCount": count})
            for count in ("100", "101")
        ]

        assert [answer.status for answer in answers] == [200, status]


@pytest.mark.parametrize(("life_s", "status"), [(600, 200), (5, 400)])
async def test_q18_the_life_of_a_page_token(life_s: int, status: int) -> None:
    async with company(Switches(page_token_s=life_s)) as severa:
        for _ in range(2):
            await severa.create()
        first = await severa.call("GET", "/v1/activities", params={"rowCount": "1"})
        severa.clock.advance(seconds=6)

        token = first.headers["NextPageToken"]
        params = {"rowCount": "1", "pageToken": token}

        assert (await severa.call("GET", "/v1/activities", params=params)).status == status


@pytest.mark.parametrize("order", ["guid", "latest-first"])
async def test_q18_the_order_of_a_listing(order: Any) -> None:
    async with company(Switches(order=order)) as severa:
        guids = []
        for _ in range(4):
            guids.append((await severa.create())["guid"])
            severa.clock.advance(minutes=1)
        await severa.patch(guids[0], name="edited")

        rows = (await severa.call("GET", "/v1/activities")).body

        latest_first = [guids[0], guids[3], guids[2], guids[1]]
        expected = sorted(guids) if order == "guid" else latest_first
        assert [row["guid"] for row in rows] == expected


@pytest.mark.parametrize(
    ("by", "status"), [("client", 200), ("address", 429), ("organization", 429)]
)
async def test_q19_whose_calls_are_counted_together(by: Any, status: int) -> None:
    async with company(Switches(limit_by=by)) as severa:
        severa.state.requests_per_second = 1
        signed = {"Authorization": f"Bearer {severa.token}"}

        await severa.call("GET", "/v1/users", headers={**signed, "Client_Id": "one"})
        other = await severa.call("GET", "/v1/users", headers={**signed, "Client_Id": "two"})

        assert other.status == status


@pytest.mark.parametrize(
    ("form", "pause"), [("", None), ("seconds", "1"), ("date", "Mon, 02 Mar 2026 06:00:01 GMT")]
)
@pytest.mark.parametrize("body", ["text", "json"])
async def test_q19_a_call_too_many(form: Any, pause: str | None, body: Any) -> None:
    async with company(Switches(retry_after=form, limit_body=body)) as severa:
        severa.state.requests_per_second = 1
        await severa.call("GET", "/v1/users")

        answer = await severa.call("GET", "/v1/users")

        assert (answer.status, answer.headers.get("Retry-After")) == (429, pause)
        told = answer.body if body == "text" else answer.body["error"]["details"][0]["message"]
        assert told == "API calls quota exceeded! maximum admitted 1 per 1s."


@pytest.mark.parametrize(
    ("unit", "stated"), [("seconds", 7200), ("minutes", 120), ("milliseconds", 7_200_000)]
)
@pytest.mark.parametrize("zone", ["z", "offset"])
async def test_q20_how_long_a_token_lives(unit: Any, stated: int, zone: Any) -> None:
    switches = Switches(expiry_unit=unit, expiry_zone=zone, token_s=7200)
    async with company(switches) as severa:
        answer = await severa.log_in()

        assert answer.body["access_token_expires_in"] == stated
        until = answer.body["access_token_expires_utc"]
        assert until.endswith("Z" if zone == "z" else "+02:00")
        assert datetime.fromisoformat(until) == severa.clock() + timedelta(hours=2)


@pytest.mark.parametrize(("once", "status"), [(True, 401), (False, 200)])
async def test_q20_a_refresh_token_used_twice(once: bool, status: int) -> None:
    async with company(Switches(refresh_once=once)) as severa:
        refresh = (await severa.log_in()).body["refresh_token"]

        await severa.call("POST", "/v1/refreshtoken", refresh, headers={})
        again = await severa.call("POST", "/v1/refreshtoken", refresh, headers={})

        assert again.status == status


@pytest.mark.parametrize(("live", "status"), [(True, 200), (False, 401)])
async def test_q20_tokens_given_out_before(live: bool, status: int) -> None:
    async with company(Switches(old_tokens_live=live)) as severa:
        old = severa.token
        await severa.log_in()
        severa.token = old

        assert (await severa.call("GET", "/v1/users")).status == status


@pytest.mark.parametrize(("scope_status", "invalid_status"), [(403, 400), (401, 422)])
async def test_q21_the_status_of_a_missing_scope_and_of_bad_input(
    scope_status: Any, invalid_status: Any
) -> None:
    switches = Switches(scope_status=scope_status, invalid_status=invalid_status)
    async with company(switches) as severa:
        bad = await severa.call("GET", "/v1/activities", params={"closed": "maybe"})
        await severa.log_in("users:read")
        scope = await severa.call("GET", "/v1/activities")

        assert (bad.status, bad.kind) == (invalid_status, "InvalidParameter")
        assert (scope.status, scope.kind) == (scope_status, "InsufficientApiScope")


@pytest.mark.parametrize(("form", "left"), [("one", {"Chat"}), ("per-category", {"Chat", "Task"})])
async def test_q22_one_default_for_the_company_or_for_each_category(
    form: Any, left: set[str]
) -> None:
    async with company(replace(DEFAULT, default_types=form)) as severa:
        severa.state.change_type(severa.types["Task"], is_default=True)
        severa.state.change_type(severa.types["CalendarEntry"], is_default=True)
        severa.state.add_type("Chat", "CalendarEntry", is_default=True)

        rows = (await severa.call("GET", "/v1/activitytypes")).body

        assert {row["name"] for row in rows if row["isDefault"]} == left


@pytest.mark.parametrize("may", [True, False])
async def test_q22_a_default_that_is_made_inactive(may: bool) -> None:
    async with company(Switches(default_may_be_inactive=may)) as severa:
        guid = severa.types["CalendarEntry"]
        severa.state.change_type(guid, is_active=False)

        kind = (await severa.call("GET", f"/v1/activitytypes/{guid}")).body

        assert (kind["isActive"], kind["isDefault"]) == (False, may)


@pytest.mark.parametrize("form", ["creator", "given"])
async def test_q23_whom_an_unassigned_activity_names(form: Any) -> None:
    async with company(Switches(unassigned_owner=form)) as severa:
        row = severa.state.person_add(
            severa.ben, name="Free", startDateTime=severa.clock(), isUnassigned=True,
            ownerUser=severa.anna,
        )  # fmt: skip

        assert row["ownerUser"]["guid"] == (severa.ben if form == "creator" else severa.anna)


@pytest.mark.parametrize("end", ["null", "start"])
async def test_q23_the_end_of_what_has_no_duration(end: Any) -> None:
    async with company(Switches(point_end=end)) as severa:
        row = await severa.create(hasDuration=False)

        assert row["endDateTime"] == (None if end == "null" else row["startDateTime"])


@pytest.mark.parametrize("listed", [True, False])
async def test_q24_activities_of_inactive_users_are_listed_or_not(listed: bool) -> None:
    async with company(Switches(inactive_owners_listed=listed)) as severa:
        await severa.create()
        severa.state.change_user(severa.anna, is_active=False)

        assert await severa.names() == (["Kick-off"] if listed else [])


@pytest.mark.parametrize(("may", "status"), [(True, 201), (False, 400)])
async def test_q24_an_inactive_user_can_own_or_not(may: bool, status: int) -> None:
    async with company(Switches(inactive_may_own=may)) as severa:
        severa.state.change_user(severa.anna, is_active=False)

        assert (await severa.call("POST", "/v1/activities", severa.wish())).status == status


@pytest.mark.parametrize(("form", "count"), [("doubles", 2), ("answered", 1)])
async def test_q25_a_post_that_is_repeated(form: Any, count: int) -> None:
    async with company(Switches(repeated_post=form)) as severa:
        await severa.create()
        await severa.create()
        assert len(severa.state.activities()) == count

        severa.clock.advance(minutes=2)
        await severa.create()
        await severa.create(name="Other")
        assert len(severa.state.activities()) == count + 2


@pytest.mark.parametrize(
    ("form", "told"), [("plain", "1 < 2\n\nEnd"), ("html", "<p>1 &lt; 2</p><p><br></p><p>End</p>")]
)
async def test_q26_notes_as_text_or_as_html(form: Any, told: str) -> None:
    async with company(Switches(notes_form=form)) as severa:
        row = await severa.create(notes="1 < 2\n\nEnd")

        assert row["notes"] == told
        assert severa.state.activity(row["guid"])["notes"] == "1 < 2\n\nEnd"


@pytest.mark.parametrize(("name_max", "notes_max"), [(200, 10_000), (60, 100)])
async def test_q26_how_long_a_text_may_be(name_max: int, notes_max: int) -> None:
    async with company(Switches(name_max=name_max, notes_max=notes_max)) as severa:
        for field, longest in (("name", name_max), ("notes", notes_max)):
            await severa.create(**{field: "x" * longest})
            wish = severa.wish(**{field: "x" * (longest + 1)})
            assert (await severa.call("POST", "/v1/activities", wish)).status == 400


async def test_switches_outlive_a_restart() -> None:
    async with company(Switches(order="latest-first", token_s=60)) as severa:
        saved = severa.state.dump()
        severa.state.switches = DEFAULT

        severa.state.load(saved)

        assert severa.state.switches == Switches(order="latest-first", token_s=60)
        assert severa.state.tokens.issue(CLIENT_ID, SECRET, None)["access_token_expires_in"] == 60
