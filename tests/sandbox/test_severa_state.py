import json
from datetime import timedelta

import pytest

from daemon.sandbox.severa import SeveraError, SeveraState
from tests.contract.severa_document import check_answer, document
from tests.sandbox.severa_company import Company, company


async def test_the_world_is_the_same_after_dump_and_load() -> None:
    async with company() as severa:
        row = await severa.create(notes="Agenda", recurrence={"frequency": "Daily"})
        severa.state.person_invite(severa.anna, row["guid"], severa.ben)
        severa.state.person_login(severa.anna)
        severa.state.add_guest("Room 1", kind="Resource")
        saved = json.loads(json.dumps(severa.state.dump()))

        other = SeveraState(clock=severa.clock)
        other.load(saved)

        assert other.dump() == severa.state.dump()
        assert other.activity(row["guid"]) == row
        assert other.participants(row["guid"]) == severa.state.participants(row["guid"])


async def test_a_token_is_good_in_the_loaded_world() -> None:
    async with company() as severa:
        saved = severa.state.dump()
        severa.state.expire_tokens()
        severa.state.load(saved)

        assert (await severa.call("GET", "/v1/users")).status == 200


async def test_every_change_is_told_and_no_look_is() -> None:
    async with company() as severa:
        told: list[None] = []
        severa.state.changed.append(lambda: told.append(None))

        row = await severa.create()
        await severa.patch(row["guid"], name="x")
        severa.state.person_patch(severa.anna, row["guid"], name="y")
        changes = len(told)
        await severa.call("GET", f"/v1/activities/{row['guid']}")
        await severa.patch(row["guid"], colour="red")
        await severa.names()

        assert (changes, len(told)) == (3, 3)


async def test_a_persons_calendar_holds_what_is_owned_and_joined() -> None:
    async with company() as severa:
        await severa.create(name="Annas")
        shared = await severa.create(name="Shared")
        severa.state.person_invite(severa.anna, shared["guid"], severa.ben)

        names = {row["name"] for row in severa.state.activities(severa.ben)}

        assert names == {"Shared"}
        assert len(severa.state.activities()) == 2


async def test_a_person_adds_with_the_default_type_and_owns_it() -> None:
    async with company() as severa:
        start = severa.clock()
        row = severa.state.person_add(
            severa.ben, name="Lunch", startDateTime=start, endDateTime=start + timedelta(hours=1)
        )

        assert row["ownerUser"]["guid"] == severa.ben
        assert row["activityType"]["guid"] == severa.types["CalendarEntry"]
        assert (await severa.call("GET", f"/v1/activities/{row['guid']}")).body == row


def _change_unknown(severa: Company) -> None:
    severa.state.person_patch(severa.anna, "unknown", name="x")


def _add_too_long(severa: Company) -> None:
    severa.state.person_add(severa.anna, name="x" * 201, startDateTime=severa.clock())


@pytest.mark.parametrize(("edit", "status"), [(_change_unknown, 404), (_add_too_long, 400)])
async def test_a_person_is_refused_as_the_api_is(edit: object, status: int) -> None:
    async with company() as severa:
        assert callable(edit)

        with pytest.raises(SeveraError) as refusal:
            edit(severa)

        assert refusal.value.status == status


@pytest.mark.parametrize(
    "change", [{"startDateTime": "tomorrow"}, {"name": ""}, {"isClosed": None}, {"name": 7}]
)
async def test_the_check_against_the_document_sees_a_wrong_answer(
    change: dict[str, object],
) -> None:
    async with company() as severa:
        row = await severa.create()

        with pytest.raises(AssertionError, match="not as the document"):
            check_answer("GET", "/v1/activities/x", 200, "application/json", {**row, **change})


async def test_answers_hold_every_field_of_the_document() -> None:
    async with company() as severa:
        row = await severa.create()
        user = (await severa.call("GET", f"/v1/users/{severa.anna}")).body
        kind = (await severa.call("GET", f"/v1/activitytypes/{severa.types['Task']}")).body

        for schema, model in (
            ("ActivityModel", row),
            ("UserOutputModel", user),
            ("ActivityTypeModel", kind),
        ):
            assert set(model) == document_fields(schema)


def document_fields(schema: str) -> set[str]:
    return set(document()["components"]["schemas"][schema]["properties"])
