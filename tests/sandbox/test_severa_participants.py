from typing import Any

import pytest

from daemon.sandbox.severa import Switches
from tests.sandbox.severa_company import Answer, Company, company


async def _invite(severa: Company, guid: str, person: str, **more: Any) -> Answer:
    body = {"activityGuid": guid, "participantGuid": person, **more}
    return await severa.call("POST", "/v1/activityparticipants", body)


async def _rows(severa: Company, guid: str) -> Any:
    return (await severa.call("GET", f"/v1/activities/{guid}/activityparticipants")).body


async def test_the_owner_is_no_participant() -> None:
    async with company() as severa:
        row = await severa.create()

        assert await _rows(severa, row["guid"]) == []


async def test_an_added_participant_is_invited_and_listed() -> None:
    async with company() as severa:
        row = await severa.create()

        answer = await _invite(severa, row["guid"], severa.ben)

        assert answer.status == 201
        assert (answer.body["type"], answer.body["status"]) == ("User", "Invited")
        assert answer.body["email"] == "ben@example.com"
        assert await _rows(severa, row["guid"]) == [answer.body]
        one = await severa.call("GET", f"/v1/activityparticipants/{answer.body['guid']}")
        assert one.body == answer.body


async def test_contacts_and_resources_take_part_without_a_status() -> None:
    async with company() as severa:
        row = await severa.create()
        room = severa.state.add_guest("Room 1", kind="Resource")

        answer = await _invite(severa, row["guid"], room, type="Resource", status="Accepted")

        assert (answer.body["type"], answer.body["status"]) == ("Resource", "Unknown")


@pytest.mark.parametrize(
    "changes",
    [
        {"activityGuid": "unknown"},
        {"activityGuid": None},
        {"participantGuid": "unknown"},
        {"type": "Contact"},
        {"type": "Robot"},
        {"status": "Perhaps"},
    ],
)
async def test_a_bad_participant_is_refused(changes: dict[str, Any]) -> None:
    async with company() as severa:
        row = await severa.create()

        body = {"activityGuid": row["guid"], "participantGuid": severa.ben, **changes}
        answer = await severa.call("POST", "/v1/activityparticipants", body)

        assert (answer.status, answer.kind) == (400, "InvalidParameter")
        assert await _rows(severa, row["guid"]) == []


async def test_nobody_takes_part_twice() -> None:
    async with company() as severa:
        row = await severa.create()
        await _invite(severa, row["guid"], severa.ben)

        again = await _invite(severa, row["guid"], severa.ben)

        assert again.status == 400
        assert len(await _rows(severa, row["guid"])) == 1


async def test_a_participant_is_taken_out_by_the_guid_of_the_row() -> None:
    async with company() as severa:
        row = await severa.create()
        seat = (await _invite(severa, row["guid"], severa.ben)).body["guid"]
        path = f"/v1/activities/{row['guid']}/activityparticipants/"

        by_user = await severa.call("DELETE", path + severa.ben)
        by_row = await severa.call("DELETE", path + seat)
        again = await severa.call("DELETE", path + seat)

        assert (by_user.status, by_row.status, again.status) == (404, 204, 404)
        assert (await severa.call("GET", f"/v1/activityparticipants/{seat}")).status == 404


async def test_another_activitys_participant_is_not_found() -> None:
    async with company() as severa:
        row, other = await severa.create(), await severa.create()
        seat = (await _invite(severa, row["guid"], severa.ben)).body["guid"]

        answer = await severa.call(
            "DELETE", f"/v1/activities/{other['guid']}/activityparticipants/{seat}"
        )

        assert answer.status == 404
        assert len(await _rows(severa, row["guid"])) == 1


async def _patch(severa: Company, seat: str, path: str, value: str) -> Answer:
    operation = {"op": "Replace", "path": path, "value": value}
    return await severa.call("PATCH", f"/v1/activityparticipants/{seat}", [operation])


async def test_only_the_status_can_be_patched() -> None:
    async with company() as severa:
        row = await severa.create()
        seat = (await _invite(severa, row["guid"], severa.ben)).body["guid"]

        accepted = await _patch(severa, seat, "/status", "Accepted")
        confirmed = await _patch(severa, seat, "/isConfirmed", "true")
        bad = await _patch(severa, seat, "/status", "Perhaps")
        unknown = await _patch(severa, "unknown", "/status", "Accepted")

        assert (accepted.status, accepted.body[0]["status"]) == (200, "Accepted")
        assert (confirmed.status, bad.status, unknown.status) == (400, 400, 404)
        assert (await _rows(severa, row["guid"]))[0]["status"] == "Accepted"


async def test_participants_leave_the_activitys_stamp_alone() -> None:
    async with company() as severa:
        row = await severa.create()

        await _invite(severa, row["guid"], severa.ben)

        assert severa.state.activity(row["guid"])["lastUpdatedDateTime"] is None


async def test_a_switch_lets_participants_stamp_the_activity() -> None:
    async with company(Switches(participants_stamp=True)) as severa:
        row = await severa.create()

        await _invite(severa, row["guid"], severa.ben)

        assert severa.state.activity(row["guid"])["lastUpdatedDateTime"] is not None


async def test_a_switch_lists_the_owner_who_cannot_be_taken_out() -> None:
    async with company(Switches(owner_is_listed=True)) as severa:
        row = await severa.create()
        seats = await _rows(severa, row["guid"])

        duplicate = await _invite(severa, row["guid"], severa.anna)
        removed = await severa.call(
            "DELETE", f"/v1/activities/{row['guid']}/activityparticipants/{seats[0]['guid']}"
        )
        await severa.patch(row["guid"], ownerUser__guid=severa.ben)

        assert [seat["participantGuid"] for seat in seats] == [severa.anna]
        assert (duplicate.status, removed.status) == (400, 400)
        after = await _rows(severa, row["guid"])
        assert [seat["participantGuid"] for seat in after] == [severa.ben]


async def test_people_invite_answer_and_leave_by_hand() -> None:
    async with company() as severa:
        row = await severa.create()
        state = severa.state

        state.person_invite(severa.anna, row["guid"], severa.ben)
        state.person_answer(severa.ben, row["guid"], "Declined")
        answered = await _rows(severa, row["guid"])
        state.person_uninvite(severa.anna, row["guid"], severa.ben)

        assert [seat["status"] for seat in answered] == ["Declined"]
        assert state.participants(row["guid"]) == []


async def test_deleting_an_activity_takes_its_participants_along() -> None:
    async with company() as severa:
        row = await severa.create()
        seat = (await _invite(severa, row["guid"], severa.ben)).body["guid"]

        severa.state.person_delete(severa.anna, row["guid"])

        assert (await severa.call("GET", f"/v1/activityparticipants/{seat}")).status == 404
