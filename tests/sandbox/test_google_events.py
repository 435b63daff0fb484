from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from tests.sandbox.google_world import ANNA, BEN, MEETING, ROBOT, World, served

ALPHABET = set("0123456789abcdefghijklmnopqrstuv")
HELSINKI = "Europe/Helsinki"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with served() as one:
        yield one


def timed(start: str, end: str, zone: str | None = None) -> dict[str, Any]:
    named = {} if zone is None else {"timeZone": zone}
    return {"start": {"dateTime": start, **named}, "end": {"dateTime": end, **named}}


def all_day(start: str, end: str) -> dict[str, Any]:
    return {"start": {"date": start}, "end": {"date": end}}


async def test_an_event_looks_as_googles_own(world: World) -> None:
    event = await world.insert()

    assert len(event["id"]) == 26
    assert set(event["id"]) <= ALPHABET
    assert event["kind"] == "calendar#event"
    assert event["iCalUID"] == f"{event['id']}@google.com"
    assert event["creator"] == event["organizer"] == {"email": ANNA, "self": True}
    assert (event["status"], event["sequence"], event["eventType"]) == ("confirmed", 0, "default")
    assert event["reminders"] == {"useDefault": True}
    assert event["created"] == event["updated"] == "2026-11-22T12:00:00.000Z"
    assert event["htmlLink"].startswith("https://www.google.com/calendar/event?eid=")
    assert event == await world.get(ANNA, event["id"])


async def test_an_event_by_hand_has_an_id_of_the_same_kind(world: World) -> None:
    event = world.google.person_add(ANNA, MEETING)

    assert len(event["id"]) == 26
    assert set(event["id"]) <= ALPHABET
    assert event == await world.get(ANNA, event["id"])


@pytest.mark.parametrize("event_id", ["abcde", "0" * 1024, "v0v0v"])
async def test_a_client_may_choose_the_id(world: World, event_id: str) -> None:
    event = await world.insert(id=event_id)

    assert (event["id"], event["iCalUID"]) == (event_id, f"{event_id}@google.com")


@pytest.mark.parametrize(
    "event_id", ["abcd", "0" * 1025, "wxyz0", "ABCDE", "ab-cde", "ab_cde", 12345]
)
async def test_a_bad_id_is_refused(world: World, event_id: Any) -> None:
    answer = await world.call(ANNA, "POST", "/events", MEETING | {"id": event_id})

    assert (answer.status, answer.reason) == (400, "invalid")
    assert answer.message == "Invalid resource id value."


async def test_an_id_is_taken_even_by_a_deleted_event(world: World) -> None:
    await world.insert(id="mine0")
    alive = await world.call(ANNA, "POST", "/events", MEETING | {"id": "mine0"})
    await world.call(ANNA, "DELETE", "/events/mine0")
    deleted = await world.call(ANNA, "POST", "/events", MEETING | {"id": "mine0"})
    elsewhere = await world.call(BEN, "POST", "/events", MEETING | {"id": "mine0"})

    for answer in (alive, deleted):
        assert (answer.status, answer.reason) == (409, "duplicate")
        assert answer.message == "The requested identifier already exists."
    assert elsewhere.status == 200


async def test_the_etag_is_twice_the_time_of_change_and_always_grows(world: World) -> None:
    event = await world.insert()
    seen = [event["etag"]]
    for number in range(3):
        seen.append((await world.patch(ANNA, event["id"], summary=f"{number}")).json["etag"])

    updated = datetime.fromisoformat((await world.get(ANNA, event["id"]))["updated"])
    numbers = [int(etag.strip('"')) for etag in seen]
    assert numbers == sorted(set(numbers))
    assert seen[-1] == f'"{round(updated.timestamp() * 1000) * 2000}"'


async def test_a_change_of_reminders_moves_the_etag_and_not_updated(world: World) -> None:
    event = await world.insert()
    reminders = {"useDefault": False, "overrides": [{"method": "popup", "minutes": 5}]}

    changed = (await world.patch(ANNA, event["id"], reminders=reminders)).json

    assert changed["reminders"] == reminders
    assert changed["etag"] != event["etag"]
    assert changed["updated"] == event["updated"]


async def test_a_write_that_changes_nothing_leaves_the_etag(world: World) -> None:
    event = await world.insert()

    assert (await world.patch(ANNA, event["id"], summary="Meeting")).json == event


@pytest.mark.parametrize(
    ("times", "reason", "message"),
    [
        ({"start": None}, "required", "Missing start time."),
        ({"end": None}, "required", "Missing end time."),
        ({"start": {"timeZone": HELSINKI}}, "required", "Missing start time."),
        (
            {"start": {"date": "2026-11-23"}},
            "invalid",
            "Start and end times must either both be date or both be dateTime.",
        ),
        (
            {"start": {"date": "2026-11-23", "dateTime": "2026-11-23T10:00:00Z"}},
            "invalid",
            "Invalid start time.",
        ),
        (
            timed("2026-11-23T10:00:00Z", "2026-11-23T10:00:00Z"),
            "timeRangeEmpty",
            "The specified time range is empty.",
        ),
        (
            timed("2026-11-23T10:00:00Z", "2026-11-23T11:00:00+02:00"),
            "timeRangeEmpty",
            "The specified time range is empty.",
        ),
        (
            all_day("2026-11-23", "2026-11-23"),
            "timeRangeEmpty",
            "The specified time range is empty.",
        ),
        (
            {"start": {"dateTime": "2026-11-23T10:00:00", "timeZone": "Europe/Atlantis"}},
            "invalid",
            "Invalid time zone definition for start time.",
        ),
        ({"start": {"dateTime": "2026-11-23 10:00"}}, "badRequest", "Bad Request"),
        ({"start": {"date": "2026-02-30"}}, "badRequest", "Bad Request"),
        ({"start": "tomorrow"}, "badRequest", "Bad Request"),
        (
            {"recurrence": ["RRULE:FREQ=DAILY"]},
            "required",
            "Missing time zone definition for start time.",
        ),
    ],
)
async def test_wrong_times_are_refused(
    world: World, times: dict[str, Any], reason: str, message: str
) -> None:
    answer = await world.call(ANNA, "POST", "/events", MEETING | times)

    assert (answer.status, answer.reason, answer.message) == (400, reason, message)


@pytest.mark.parametrize(
    ("sent", "zone", "shown"),
    [
        ("2026-11-23T10:00:00Z", None, "2026-11-23T12:00:00+02:00"),
        ("2026-11-23T10:00:00.250-05:00", None, "2026-11-23T17:00:00+02:00"),
        ("2026-11-23T10:00:00", None, "2026-11-23T10:00:00+02:00"),
        ("2026-11-23T10:00:00", "America/New_York", "2026-11-23T17:00:00+02:00"),
        ("2026-07-23T10:00:00", "UTC", "2026-07-23T13:00:00+03:00"),
    ],
)
async def test_times_come_back_with_the_calendars_offset_beside_their_own_zone(
    world: World, sent: str, zone: str | None, shown: str
) -> None:
    end = "2027-01-01T00:00:00Z"

    event = await world.insert(**timed(sent, end, zone))

    assert event["start"]["dateTime"] == shown
    assert event["start"].get("timeZone") == zone


async def test_a_listing_gives_times_in_the_zone_that_it_asks_for(world: World) -> None:
    await world.insert()

    item = (await world.listed(timeZone="UTC")).json["items"][0]

    assert item["start"] == {"dateTime": "2026-11-23T08:00:00Z"}


async def test_an_all_day_event_ends_on_the_day_after_and_has_no_zone(world: World) -> None:
    day = all_day("2026-11-23", "2026-11-24")
    day["start"]["timeZone"] = HELSINKI

    event = await world.insert(**day)

    assert (event["start"], event["end"]) == ({"date": "2026-11-23"}, {"date": "2026-11-24"})


async def test_what_is_absent_is_what_is_default(world: World) -> None:
    plain = await world.insert(
        visibility="default",
        transparency="opaque",
        guestsCanModify=False,
        guestsCanInviteOthers=True,
        description="",
    )

    absent = {"visibility", "transparency", "guestsCanModify", "guestsCanInviteOthers"}
    assert not (absent | {"description", "attendees", "location"}) & plain.keys()


async def test_html_in_a_description_is_kept(world: World) -> None:
    html = "<b>Agenda</b><br><a href='https://example.com/?a=1&amp;b=2'>link</a>"

    assert (await world.insert(description=html))["description"] == html


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"description": "x" * 8193}, "invalid"),
        ({"visibility": "secret"}, "invalid"),
        ({"transparency": "clear"}, "invalid"),
        ({"status": "done"}, "invalid"),
        ({"summary": 5}, "badRequest"),
        ({"attendees": [{}]}, "required"),
        ({"attendees": [{"email": "nobody"}]}, "invalid"),
        ({"attendees": [{"email": BEN, "responseStatus": "maybe"}]}, "invalid"),
        ({"recurrence": ["DTSTART:20261123"]}, "invalid"),
        ({"extendedProperties": {"private": {"a": 1}}}, "badRequest"),
        (
            {"extendedProperties": {"private": {f"k{n}": "v" for n in range(301)}}},
            "invalid",
        ),
        ({"reminders": {"overrides": [{"method": "popup", "minutes": 40321}]}}, "invalid"),
        (
            {"reminders": {"overrides": [{"method": "popup", "minutes": 1}] * 6}},
            "invalid",
        ),
    ],
)
async def test_a_wrong_field_is_refused(world: World, fields: dict[str, Any], reason: str) -> None:
    answer = await world.call(ANNA, "POST", "/events", MEETING | fields)

    assert (answer.status, answer.reason) == (400, reason)


@pytest.mark.parametrize("text", ["", "{", "[]", "null"])
async def test_a_body_that_is_no_object_is_refused(world: World, text: str) -> None:
    await world.listed()
    headers = {"Authorization": f"Bearer {world.tokens[ANNA]}"}

    answer = await world.send(
        "POST", "/calendar/v3/calendars/primary/events", data=text, headers=headers
    )

    assert (answer.status, answer.reason) == (400, "badRequest")


async def test_long_keys_vanish_and_long_values_are_cut_without_a_word(world: World) -> None:
    properties = {"private": {"k" * 44: "v" * 1025, "k" * 45: "gone", "same": "v"}}

    event = await world.insert(extendedProperties=properties)

    assert event["extendedProperties"] == {"private": {"k" * 44: "v" * 1024, "same": "v"}}


async def test_a_patch_merges_objects_clears_nulls_and_replaces_arrays(world: World) -> None:
    event = await world.insert(
        location="Oulu",
        description="Text",
        attendees=[{"email": BEN, "responseStatus": "accepted"}],
        extendedProperties={"private": {"a": "1", "b": "2"}},
    )

    changed = (
        await world.patch(
            ANNA,
            event["id"],
            description=None,
            attendees=[{"email": "guest@elsewhere.test"}],
            extendedProperties={"private": {"a": None, "c": "3"}},
        )
    ).json

    assert (changed["summary"], changed["location"]) == ("Meeting", "Oulu")
    assert "description" not in changed
    assert changed["extendedProperties"] == {"private": {"b": "2", "c": "3"}}
    assert changed["attendees"] == [
        {"email": "guest@elsewhere.test", "responseStatus": "needsAction"}
    ]


async def test_a_patch_from_timed_to_all_day_must_clear_the_other_form(world: World) -> None:
    event = await world.insert()

    both = await world.patch(ANNA, event["id"], **all_day("2026-11-23", "2026-11-24"))
    cleared = await world.patch(
        ANNA,
        event["id"],
        start={"date": "2026-11-23", "dateTime": None},
        end={"date": "2026-11-24", "dateTime": None},
    )

    assert (both.status, both.message) == (400, "Invalid start time.")
    assert cleared.json["start"] == {"date": "2026-11-23"}


async def test_an_update_clears_what_it_does_not_name(world: World) -> None:
    event = await world.insert(
        location="Oulu", visibility="private", extendedProperties={"private": {"a": "1"}}
    )

    changed = (await world.call(ANNA, "PUT", f"/events/{event['id']}", MEETING)).json

    assert not {"location", "visibility", "extendedProperties"} & changed.keys()
    kept = ("id", "iCalUID", "created", "creator", "organizer", "summary")
    assert {k: changed[k] for k in kept} == {k: event[k] for k in kept}


async def test_an_event_that_was_read_can_be_written_back(world: World) -> None:
    event = await world.insert(
        attendees=[{"email": BEN}],
        recurrence=["RRULE:FREQ=DAILY"],
        **timed("2026-11-23T10:00:00", "2026-11-23T11:00:00", HELSINKI),
    )

    again = await world.call(ANNA, "PUT", f"/events/{event['id']}", event)

    assert again.json == event


async def test_what_a_write_did_not_speak_of_is_left_alone(world: World) -> None:
    conference = {"conferenceId": "abc-defg-hij"}
    event = world.google.person_add(ANNA, MEETING | {"conferenceData": conference})

    path = f"/events/{event['id']}"
    patched = await world.patch(ANNA, event["id"], conferenceData=None, summary="New")
    updated = await world.call(ANNA, "PUT", path, MEETING)
    spoken = await world.call(
        ANNA, "PATCH", path, {"conferenceData": None}, conferenceDataVersion=1
    )

    assert patched.json["conferenceData"] == updated.json["conferenceData"] == conference
    assert "conferenceData" not in spoken.json


async def test_a_change_of_time_raises_the_sequence_and_a_subject_does_not(world: World) -> None:
    event = await world.insert()

    titled = (await world.patch(ANNA, event["id"], summary="New")).json
    moved = (
        await world.patch(ANNA, event["id"], end={"dateTime": "2026-11-23T12:00:00+02:00"})
    ).json
    raised = (await world.patch(ANNA, event["id"], sequence=5)).json
    lowered = await world.patch(ANNA, event["id"], sequence=4)

    assert [one["sequence"] for one in (titled, moved, raised)] == [0, 1, 5]
    assert (lowered.status, lowered.reason) == (400, "invalid")
    assert lowered.message.startswith("Invalid sequence value.")


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
async def test_a_write_under_an_old_etag_is_refused(world: World, method: str) -> None:
    event = await world.insert()
    path = f"/events/{event['id']}"
    new = (await world.patch(ANNA, event["id"], summary="New")).json
    body = None if method == "DELETE" else MEETING | {"summary": "Newer"}

    old = await world.call(ANNA, method, path, body, headers={"If-Match": event["etag"]})
    unchanged = await world.get(ANNA, event["id"])
    good = await world.call(ANNA, method, path, body, headers={"If-Match": new["etag"]})

    assert old.status == 412
    assert old.json["error"]["errors"] == [
        {
            "domain": "global",
            "reason": "conditionNotMet",
            "message": "Precondition Failed",
            "locationType": "header",
            "location": "If-Match",
        }
    ]
    assert unchanged == new
    assert good.status == (204 if method == "DELETE" else 200)


async def test_an_unchanged_event_is_not_sent_again(world: World) -> None:
    event = await world.insert()
    headers = {"If-None-Match": event["etag"]}

    same = await world.call(ANNA, "GET", f"/events/{event['id']}", headers=headers)
    await world.patch(ANNA, event["id"], summary="New")
    new = await world.call(ANNA, "GET", f"/events/{event['id']}", headers=headers)

    assert (same.status, same.text) == (304, "")
    assert (new.status, new.headers["ETag"]) == (200, new.json["etag"])


async def test_a_deleted_event_is_shown_as_cancelled_and_cannot_be_deleted_again(
    world: World,
) -> None:
    event = await world.insert()
    path = f"/events/{event['id']}"

    first = await world.call(ANNA, "DELETE", path)
    shown = await world.call(ANNA, "GET", path)
    second = await world.call(ANNA, "DELETE", path)

    assert (first.status, first.text) == (204, "")
    assert (shown.status, shown.json["status"]) == (200, "cancelled")
    assert shown.json["summary"] == "Meeting"
    assert (second.status, second.reason) == (410, "deleted")
    assert second.message == "Resource has been deleted"
    assert world.google.events(ANNA) == []


@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "DELETE"])
async def test_an_unknown_event_is_not_found(world: World, method: str) -> None:
    answer = await world.call(ANNA, method, "/events/nothere", {} if method[0] == "P" else None)

    assert (answer.status, answer.reason) == (404, "notFound")


async def test_a_status_of_cancelled_deletes(world: World) -> None:
    event = await world.insert()

    answer = await world.patch(ANNA, event["id"], status="cancelled")

    assert (answer.status, answer.json["status"]) == (200, "cancelled")
    assert world.google.events(ANNA) == []


@pytest.mark.parametrize(("switch", "status"), [("forbidden", 403), ("revive", 200)])
async def test_a_write_to_a_deleted_event_goes_as_the_switch_says(
    world: World, switch: Any, status: int
) -> None:
    world.google.switches = replace(world.google.switches, write_to_deleted=switch)
    event = await world.insert()
    await world.call(ANNA, "DELETE", f"/events/{event['id']}")

    still_deleted = await world.patch(ANNA, event["id"], summary="New")
    revived = await world.patch(ANNA, event["id"], status="confirmed", summary="New")

    assert (still_deleted.status, still_deleted.reason) == (403, "forbidden")
    assert revived.status == status
    assert len(world.google.events(ANNA)) == int(status == 200)


async def test_clients_may_not_make_what_google_makes(world: World) -> None:
    for fields, reason in (
        ({"eventType": "fromGmail"}, "eventTypeRestriction"),
        ({"eventType": "birthday"}, "eventTypeRestriction"),
        ({"eventType": "focusTime", **all_day("2026-11-23", "2026-11-24")}, "eventTypeRestriction"),
        ({"eventType": "workingLocation"}, "malformedWorkingLocationEvent"),
    ):
        answer = await world.call(ANNA, "POST", "/events", MEETING | fields)
        assert (answer.status, answer.reason) == (400, reason)


async def test_a_working_location_and_a_birthday_of_the_right_shape_are_taken(
    world: World,
) -> None:
    location = await world.insert(
        eventType="workingLocation",
        visibility="public",
        transparency="transparent",
        workingLocationProperties={"type": "homeOffice", "homeOffice": {}},
        **all_day("2026-11-23", "2026-11-24"),
    )
    birthday = await world.insert(
        eventType="birthday",
        visibility="private",
        transparency="transparent",
        recurrence=["RRULE:FREQ=YEARLY"],
        **all_day("2026-11-23", "2026-11-24"),
    )

    assert [location["eventType"], birthday["eventType"]] == ["workingLocation", "birthday"]


async def test_of_an_event_from_gmail_only_some_fields_can_change(world: World) -> None:
    flight = world.google.person_add(ANNA, MEETING | {"eventType": "fromGmail"})

    coloured = await world.patch(ANNA, flight["id"], colorId="5")
    titled = await world.patch(ANNA, flight["id"], summary="New")
    typed = await world.patch(ANNA, flight["id"], eventType="default")

    assert coloured.json["colorId"] == "5"
    assert [one.reason for one in (titled, typed)] == ["eventTypeRestriction"] * 2


async def test_a_service_account_by_itself_has_a_calendar_and_invites_nobody(
    world: World,
) -> None:
    granted = await world.token_answer(world.signed())
    world.tokens[ROBOT] = granted.json["access_token"]

    event = await world.insert(ROBOT)
    invited = await world.patch(ROBOT, event["id"], attendees=[{"email": BEN}])

    assert event["organizer"]["email"] == ROBOT
    assert (invited.status, invited.reason) == (403, "forbiddenForServiceAccounts")


async def test_id_and_uid_cannot_both_be_chosen(world: World) -> None:
    uid = "0400@outlook.test"

    alone = await world.insert(iCalUID=uid)
    both = await world.call(ANNA, "POST", "/events", MEETING | {"id": "mine0", "iCalUID": uid})

    assert alone["iCalUID"] == uid
    assert (both.status, both.message) == (400, "Invalid resource id value.")
