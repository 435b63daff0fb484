from typing import Any

import pytest

from daemon.sandbox.severa import Switches
from tests.sandbox.severa_company import Company, company


def _at(hour: int, minute: int = 0) -> str:
    return f"2026-03-03T{hour:02}:{minute:02}:00+00:00"


async def _furnish(severa: Company) -> None:
    """Add one activity for each thing that a filter can look at."""
    types, ben = severa.types, {"guid": severa.ben}
    await severa.create(name="early", startDateTime=_at(6), endDateTime=_at(7))
    await severa.create(name="late", startDateTime=_at(20), endDateTime=_at(21))
    await severa.create(name="bens", ownerUser=ben)
    await severa.create(name="todo", activityType={"guid": types["SalesEvent"]}, endDateTime=...)
    await severa.create(name="task", activityType={"guid": types["Task"]}, isClosed=True)
    await severa.create(name="free", isUnassigned=True)
    rule = {"frequency": "Daily", "range": {"maxOccurrences": 2}}
    april = {"startDateTime": "2026-04-01T09:00:00Z", "endDateTime": "2026-04-01T10:00:00Z"}
    await severa.create(name="series", recurrence=rule, **april)
    booked = await severa.create(name="booked")
    severa.state.person_patch(severa.anna, booked["guid"], hasHours=True)
    joined = await severa.create(name="joined")
    severa.state.person_invite(severa.anna, joined["guid"], severa.ben)


async def _listed(params: dict[str, Any]) -> set[str]:
    async with company() as severa:
        await _furnish(severa)
        known = {"ANNA": severa.anna, "BEN": severa.ben, **severa.types}
        query = {
            name: [known[each] for each in given] if name.endswith("Guids") else given
            for name, given in params.items()
        }
        return set(await severa.names(**query))


SINGLES = {"early", "late", "bens", "todo", "task", "free", "booked", "joined"}
ALL = SINGLES | {"series"}


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({}, ALL),
        ({"recurrenceType": "None"}, SINGLES),
        ({"recurrenceType": "Occurrence"}, {"series"}),
        ({"recurrenceType": "Series"}, {"series"}),
        ({"recurrenceType": "Exception"}, set()),
        ({"userGuids": ["BEN"]}, {"bens"}),
        ({"userGuids": ["BEN", "ANNA"]}, ALL),
        ({"userGuids": ["BEN"], "includeAsMember": "true"}, {"bens", "joined"}),
        ({"includeAsMember": "true"}, ALL),
        ({"activityCategories": ["Task", "SalesEvent"]}, {"task", "todo"}),
        ({"activityTypeGuids": ["SalesEvent"]}, {"todo"}),
        ({"closed": "true"}, {"task"}),
        ({"closed": "False"}, ALL - {"task"}),
        ({"hasHours": "true"}, {"booked"}),
        ({"isUnassigned": "true"}, {"free"}),
        ({"hasDuration": "false"}, {"todo"}),
        ({"endDateTime": _at(6)}, {"early"}),
        ({"endDateTime": _at(5, 59)}, set()),
        ({"startDateTime": _at(21)}, {"late", "series"}),
        ({"startDateTime": _at(21, 1)}, {"series"}),
        ({"startDateTime": _at(6, 30), "endDateTime": _at(6, 40)}, {"early"}),
        (
            {
                "startDateTime": _at(6),
                "endDateTime": _at(7),
                "useStrictStartAndEndDateTime": "true",
            },
            {"early", "todo"},
        ),
        (
            {
                "startDateTime": _at(6, 1),
                "endDateTime": _at(7),
                "useStrictStartAndEndDateTime": "true",
            },
            {"todo"},
        ),
    ],
)
async def test_a_filter_keeps_what_it_names(params: dict[str, Any], names: set[str]) -> None:
    assert await _listed(params) == names


async def _in_projects(severa: Company) -> dict[str, str]:
    """Add activities of two projects, a sub-phase, customers and a contact, and return what they go by."""
    state = severa.state
    build = state.add_phase("Build", project="p-1", project_owner=severa.ben, business_unit="u-1")
    wall = state.add_phase("Wall", project="p-1", parent=build)
    brick = state.add_phase("Brick", project="p-1", parent=wall)
    sell = state.add_phase("Sell", project="p-2", project_owner=severa.anna)
    for name, phase in (("build", build), ("wall", wall), ("brick", brick), ("sell", sell)):
        await severa.create(name=name, phase={"guid": phase})
    await severa.create(name="bought", customer={"guid": "c-1"})
    await severa.create(name="sold", customer={"guid": "c-2"}, projectTaskStatus={"guid": "s-1"})
    contact = state.add_guest("Client")
    met = await severa.create(name="met")
    state.person_invite(severa.anna, met["guid"], contact)
    state.change_user(severa.ben, keywords=("k-1",))
    await severa.create(name="bens", ownerUser={"guid": severa.ben})
    return {"build": build, "wall": wall, "sell": sell, "contact": contact, "ben": severa.ben}


NO_PHASE = {"bought", "sold", "met", "bens"}
NO_CUSTOMER = {"build", "wall", "brick", "sell", "met", "bens"}


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({"projectGuids": ["p-1"]}, {"build", "wall", "brick"} | NO_PHASE),
        (
            {"projectGuids": ["p-1"], "includeTasksWithNoProject": "false"},
            {"build", "wall", "brick"},
        ),
        ({"includeTasksWithNoProject": "false"}, {"build", "wall", "brick", "sell"}),
        ({"projectBusinessUnitGuids": ["u-1"]}, {"build"}),
        ({"projectOwnerGuids": ["ben"]}, {"build"}),
        ({"phaseGuids": ["build"]}, {"build"}),
        ({"phaseGuids": ["build"], "includeSubPhases": "true"}, {"build", "wall", "brick"}),
        ({"phaseGuids": ["wall", "sell"], "includeSubPhases": "true"}, {"wall", "sell"}),
        ({"customerGuids": ["c-1"]}, {"bought"} | NO_CUSTOMER),
        ({"customerGuids": ["c-1"], "includeTasksWithNoCustomer": "false"}, {"bought"}),
        ({"includeTasksWithNoCustomer": "false"}, {"bought", "sold"}),
        ({"projectTaskStatusGuids": ["s-1"]}, {"sold"}),
        ({"contactGuids": ["contact"]}, {"met"}),
        ({"userKeywordGuids": ["k-1"]}, {"bens"}),
    ],
)
async def test_a_filter_of_projects_customers_and_contacts(
    params: dict[str, Any], names: set[str]
) -> None:
    async with company() as severa:
        known = await _in_projects(severa)
        query = {
            name: [known.get(each, each) for each in given] if isinstance(given, list) else given
            for name, given in params.items()
        }

        assert set(await severa.names(**query)) == names


async def test_a_phase_is_told_with_its_project() -> None:
    async with company() as severa:
        phase = severa.state.add_phase("Build", project="p-1", project_owner=severa.ben)

        row = await severa.create(phase={"guid": phase})

        assert row["phase"]["projectGuid"] == "p-1"
        assert (row["phase"]["name"], row["phase"]["projectOwnerGuid"]) == ("Build", severa.ben)


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({"code": "C7"}, {"Carl"}),
        ({"businessUnitGuids": "u-1"}, {"Carl"}),
        ({"supervisorUserGuids": "ANNA"}, {"Carl"}),
        ({"keywordGuids": "k-1"}, {"Carl"}),
        ({"keywordGuids": "k-2"}, set()),
    ],
)
async def test_users_are_listed_by_their_place_in_the_company(
    params: dict[str, str], names: set[str]
) -> None:
    async with company() as severa:
        severa.state.add_user(
            "Carl", "Berg", "carl@example.com",
            code="C7", business_unit="u-1", superior=severa.anna, keywords=("k-1",),
        )  # fmt: skip
        params = {name: severa.anna if text == "ANNA" else text for name, text in params.items()}

        answer = await severa.call("GET", "/v1/users", params=params)

        assert {row["firstName"] for row in answer.body} == names


async def test_a_purpose_that_is_none_is_refused() -> None:
    async with company() as severa:
        answer = await severa.call("GET", "/v1/users", params={"purpose": "Dancing"})

        assert (answer.status, answer.kind) == (400, "InvalidParameter")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("closed", "maybe"),
        ("startDateTime", "2026-03-03T09:00:00"),
        ("changedSince", "yesterday"),
        ("recurrenceType", "Sometimes"),
        ("activityCategories", "Meetings"),
        ("rowCount", "0"),
        ("rowCount", "many"),
        ("pageToken", "3"),
        ("pageToken", "é"),
        ("rowCount", "-1"),
        ("rowCount", "99999999999"),
    ],
)
async def test_a_bad_filter_is_refused(name: str, value: str) -> None:
    async with company() as severa:
        answer = await severa.call("GET", "/v1/activities", params={name: value})

        assert (answer.status, answer.kind) == (400, "InvalidParameter")
        location = answer.body["error"]["details"][0]["location"]
        assert (location["type"], location["name"]) == ("UriParameter", name)


async def test_changed_since_is_inclusive_and_sees_additions_and_changes() -> None:
    async with company() as severa:
        await severa.create(name="old")
        changed = await severa.create(name="to change")
        severa.clock.advance(minutes=30)
        await severa.create(name="new")
        await severa.patch(changed["guid"], name="changed")
        since = severa.clock().isoformat()

        at = await severa.names(changedSince=since)
        severa.clock.advance(seconds=1)
        after = await severa.names(changedSince=severa.clock().isoformat())

        assert (at, after) == (["changed", "new"], [])


async def test_paging_gives_every_row_once_in_order_of_guid() -> None:
    async with company() as severa:
        for number in range(7):
            await severa.create(name=str(number))
        pages, token = [], None
        while True:
            params = {"rowCount": "3"} | ({"pageToken": token} if token else {})
            answer = await severa.call("GET", "/v1/activities", params=params)
            pages.append([row["guid"] for row in answer.body])
            token = answer.headers.get("NextPageToken")
            if token is None:
                break

        guids = [guid for page in pages for guid in page]
        assert [len(page) for page in pages] == [3, 3, 1]
        assert guids == sorted(row["guid"] for row in severa.state.activities())


@pytest.mark.parametrize(("asked", "given"), [(None, 20), ("100", 100), ("1000", 100)])
async def test_a_page_has_20_rows_unless_asked_and_100_at_most(
    asked: str | None, given: int
) -> None:
    async with company() as severa:
        for number in range(101):
            severa.state.person_add(severa.anna, name=str(number), startDateTime=severa.clock())

        params = {"rowCount": asked} if asked else {}
        answer = await severa.call("GET", "/v1/activities", params=params)

        assert len(answer.body) == given
        assert answer.headers["NextPageToken"]


async def test_a_full_last_page_has_no_next_token() -> None:
    async with company() as severa:
        await severa.create()

        answer = await severa.call("GET", "/v1/activities", params={"rowCount": "1"})

        assert "NextPageToken" not in answer.headers


@pytest.mark.parametrize(("minutes", "status"), [(10, 200), (11, 400)])
async def test_a_page_token_lives_for_ten_minutes(minutes: int, status: int) -> None:
    async with company() as severa:
        await severa.create()
        await severa.create()
        first = await severa.call("GET", "/v1/activities", params={"rowCount": "1"})
        severa.clock.advance(minutes=minutes)

        token = first.headers["NextPageToken"]
        second = await severa.call(
            "GET", "/v1/activities", params={"rowCount": "1", "pageToken": token}
        )

        assert second.status == status


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({}, {"CalendarEntry", "SalesEvent", "Task", "Personal", "Absences", "Retired"}),
        ({"active": "true", "category": "Task"}, {"Task"}),
        ({"active": "false"}, {"Retired"}),
        ([("category", "Task"), ("category", "Personal")], {"Task", "Personal"}),
        ({"changedSince": "2026-03-02T06:01:00Z"}, {"Retired"}),
    ],
)
async def test_activity_types_are_listed_by_their_filters(params: Any, names: set[str]) -> None:
    async with company() as severa:
        severa.clock.advance(minutes=1)
        severa.state.add_type("Retired", "CalendarEntry", active=False)

        answer = await severa.call("GET", "/v1/activitytypes", params=params)

        assert {row["name"] for row in answer.body} == names


async def test_one_type_and_one_user_are_found_by_their_guids() -> None:
    async with company() as severa:
        kind = severa.types["CalendarEntry"]
        one_type = await severa.call("GET", f"/v1/activitytypes/{kind}")
        one_user = await severa.call("GET", f"/v1/users/{severa.ben}")

        assert (one_type.body["isDefault"], one_type.body["guid"]) == (True, kind)
        assert one_user.body["timezone"]["ianaName"] == "Europe/Oslo"
        assert (await severa.call("GET", "/v1/activitytypes/x")).status == 404
        assert (await severa.call("GET", "/v1/users/x")).status == 404


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({}, {"Anna", "Ben", "Carl"}),
        ({"isActive": "true"}, {"Anna", "Ben"}),
        ({"isActive": "false"}, {"Carl"}),
        ({"purpose": "ActivityOwner"}, {"Anna", "Ben"}),
        ({"email": "ANNA@example.com"}, {"Anna"}),
        ({"email": "nobody@example.com"}, set()),
        ({"changedSince": "2026-03-02T06:01:00Z"}, {"Carl"}),
    ],
)
async def test_users_are_listed_by_their_filters(params: Any, names: set[str]) -> None:
    async with company() as severa:
        severa.clock.advance(minutes=1)
        severa.state.add_user("Carl", "Berg", None, zone=None, active=False)

        answer = await severa.call("GET", "/v1/users", params=params)

        assert {row["firstName"] for row in answer.body} == names


async def test_a_switch_answers_404_for_an_unknown_address() -> None:
    async with company(Switches(unknown_email_is_404=True)) as severa:
        unknown = await severa.call("GET", "/v1/users", params={"email": "x@example.com"})
        known = await severa.call("GET", "/v1/users", params={"email": "anna@example.com"})

        assert (unknown.status, known.status) == (404, 200)


async def test_a_login_shows_in_the_user() -> None:
    async with company() as severa:
        before = await severa.call("GET", f"/v1/users/{severa.anna}")
        severa.state.person_login(severa.anna)
        after = await severa.call("GET", f"/v1/users/{severa.anna}")

        assert before.body["lastLogin"] is None
        assert after.body["lastLogin"] == "2026-03-02T06:00:00+00:00"
