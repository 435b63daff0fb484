"""Every line of Google's error catalogue can be had from the sandbox: by order, or by what leads to it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from daemon.sandbox.faults import Fault
from daemon.sandbox.google import Limits
from daemon.sandbox.google.refusals import API, TOKEN
from tests.sandbox.google_world import ANNA, BEN, KEY, MEETING, ROBOT, SCOPE, World, served

CATALOGUE = {
    (400, "required"), (400, "invalid"), (400, "badRequest"), (400, "timeRangeEmpty"),
    (400, "syncTokenWithRequestRestrictions"), (400, "eventDurationExceedsLimit"),
    (400, "participantIsNeitherOrganizerNorAttendee"), (400, "eventTypeRestriction"),
    (400, "malformedWorkingLocationEvent"), (400, "channelIdNotUnique"),
    (400, "push.webhookUrlNotHttps"), (400, "pushNotSupportedForRequestedResource"),
    (401, "authError"), (401, "required"), (401, "push.webhookUrlUnauthorized"),
    (403, "userRateLimitExceeded"), (403, "rateLimitExceeded"), (403, "quotaExceeded"),
    (403, "dailyLimitExceeded"), (403, "accessNotConfigured"), (403, "insufficientPermissions"),
    (403, "forbiddenForNonOrganizer"), (403, "requiredAccessLevel"), (403, "forbidden"),
    (403, "forbiddenForServiceAccounts"), (403, "notACalendarUser"),
    (403, "cannotChangeOrganizer"), (400, "cannotChangeOrganizerOfInstance"), (404, "notFound"),
    (409, "duplicate"), (409, "conflict"), (410, "fullSyncRequired"),
    (410, "updatedMinTooLongAgo"), (410, "deleted"), (412, "conditionNotMet"),
    (429, "rateLimitExceeded"), (500, "backendError"), (501, "notImplemented"),
    (502, "serviceNotAvailable"), (503, "serviceNotAvailable"), (504, "serviceNotAvailable"),
}  # fmt: skip
TOKEN_CATALOGUE = {
    "invalid_grant", "invalid_request", "disabled_client", "deleted_client", "invalid_client",
    "invalid_scope", "unauthorized_client", "access_denied", "admin_policy_enforced",
    "org_internal", "invalid_account", "internal_failure", "temporarily_unavailable",
    "server_error",
}  # fmt: skip


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with served() as one:
        yield one


def switch(world: World, **changes: Any) -> None:
    world.google.switches = replace(world.google.switches, **changes)


def test_the_catalogue_is_whole() -> None:
    assert {(error.status, error.reason) for error in API.values()} >= CATALOGUE
    assert {error for _, error, _ in TOKEN.values()} == TOKEN_CATALOGUE


@pytest.mark.parametrize("name", API)
async def test_every_refusal_can_be_ordered_by_its_name(world: World, name: str) -> None:
    world.faults.order(Fault("google", "events.list", "refuse", error=name))

    answer = await world.listed()

    body = answer.json["error"]
    assert (answer.status, answer.reason) == (API[name].status, name.partition(":")[0])
    assert body["code"] == answer.status
    assert body["message"]
    assert body["errors"][0].keys() >= {"domain", "reason", "message"}


@pytest.mark.parametrize("name", TOKEN)
async def test_every_refusal_of_a_token_can_be_ordered_by_its_name(world: World, name: str) -> None:
    world.faults.order(Fault("google", "token", "refuse", error=name))

    answer = await world.token_answer(world.signed(sub=ANNA))

    status, error, description = TOKEN[name]
    told = {} if description is None else {"error_description": description}
    assert (answer.status, answer.json) == (status, {"error": error, **told})


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, "invalid_grant"), (401, "unauthorized_client"), (500, "internal_failure"),
        (502, "server_error"), (503, "temporarily_unavailable"),
    ],
)  # fmt: skip
async def test_a_token_is_refused_in_the_token_endpoints_shape(
    world: World, status: int, error: str
) -> None:
    world.faults.order(Fault("google", "token", "refuse", status=status))

    answer = await world.token_answer(world.signed(sub=ANNA))

    assert (answer.status, answer.json["error"]) == (status, error)


async def test_the_state_of_accounts_and_keys_leads_to_refusals_of_a_token(world: World) -> None:
    google = world.google

    async def refusal(**claims: Any) -> tuple[int, str, str | None]:
        answer = await world.token_answer(world.signed(**({"sub": ANNA} | claims)))
        return answer.status, answer.json["error"], answer.json.get("error_description")

    assert await refusal(iss="somebody") == TOKEN["invalid_grant:issuer"]
    assert await refusal(scope=f"{SCOPE}.colour") == TOKEN["invalid_scope"]
    google.disable_service_account_key(ROBOT)
    assert await refusal() == TOKEN["disabled_client"]
    google.remove_service_account(ROBOT)
    google.add_service_account(ROBOT, KEY.private_key)
    google.disable_service_account(ROBOT)
    assert await refusal() == TOKEN["invalid_grant:robot"]
    google.disable_service_account(ROBOT, disabled=False)
    google.delete_user(ANNA)
    assert await refusal() == TOKEN["invalid_grant:deleted"]
    google.delete_user(ANNA, long_ago=True)
    assert await refusal() == TOKEN["invalid_request"]


async def test_a_disabled_account_and_key_are_kept_with_the_world(world: World) -> None:
    world.google.disable_service_account_key(ROBOT)
    world.google.load(world.google.dump())

    answer = await world.token_answer(world.signed(sub=ANNA))

    assert answer.json["error"] == "disabled_client"


async def test_the_seconds_of_a_token_may_come_as_text(world: World) -> None:
    switch(world, expires_in="text")

    assert (await world.token_answer(world.signed(sub=ANNA))).json["expires_in"] == "3599"


async def test_an_event_that_lasts_too_long_is_refused(world: World) -> None:
    switch(world, event_days_max=2)
    days = {"start": {"date": "2026-11-23"}, "end": {"date": "2026-11-26"}}

    answer = await world.call(ANNA, "POST", "/events", MEETING | days)

    assert (answer.status, answer.reason) == (400, "eventDurationExceedsLimit")


async def test_a_type_may_be_refused_with_403(world: World) -> None:
    switch(world, event_type_status=403)

    answer = await world.call(ANNA, "POST", "/events", MEETING | {"eventType": "fromGmail"})

    assert (answer.status, answer.reason) == (403, "eventTypeRestriction")


@pytest.mark.parametrize(
    "fields",
    [
        {"eventType": "focusTime"},
        {"eventType": "outOfOffice"},
        {"eventType": "outOfOffice", "outOfOfficeProperties": {}, "transparency": "transparent"},
        {"eventType": "focusTime", "focusTimeProperties": {}, "transparency": "transparent"},
    ],
)
async def test_a_status_event_needs_its_properties_and_blocks_time(
    world: World, fields: dict[str, Any]
) -> None:
    answer = await world.call(ANNA, "POST", "/events", MEETING | fields)

    assert (answer.status, answer.reason) == (400, "eventTypeRestriction")


async def test_a_birthday_of_a_contact_keeps_its_date(world: World) -> None:
    shape = {
        "eventType": "birthday", "visibility": "private", "transparency": "transparent",
        "recurrence": ["RRULE:FREQ=YEARLY"],
        "start": {"date": "2026-11-23"}, "end": {"date": "2026-11-24"},
    }  # fmt: skip
    own = world.google.person_add(ANNA, {"summary": "Mine", **shape})
    contact = world.google.person_add(
        ANNA, {"summary": "Ida", "birthdayProperties": {"contact": "people/c1"}, **shape}
    )
    moved = {"start": {"date": "2026-11-24"}, "end": {"date": "2026-11-25"}}

    assert (await world.patch(ANNA, own["id"], **moved)).status == 200
    assert (await world.patch(ANNA, contact["id"], **moved)).reason == "eventTypeRestriction"
    assert (await world.patch(ANNA, contact["id"], summary="Ida!")).status == 200
    assert (await world.call(ANNA, "DELETE", f"/events/{contact['id']}")).status == 204


# Limits


async def test_a_refusal_for_too_much_may_say_when_to_come_again_and_of_which_metric(
    world: World,
) -> None:
    world.google.limits = Limits(user_minute=0)
    plain = await world.listed()
    switch(world, retry_after_s=17, limit_words="metric", limit_status=429)

    full = await world.listed()

    assert "Retry-After" not in plain.headers
    assert (full.status, full.headers["Retry-After"]) == (429, "17")
    assert full.message.startswith("Quota exceeded for quota metric 'Queries'")


async def test_quick_writes_to_one_calendar_are_limited(world: World) -> None:
    world.google.limits = Limits(calendar_writes_minute=2)
    made = [(await world.insert())["id"] for _ in range(2)]

    third = await world.call(ANNA, "DELETE", f"/events/{made[0]}")
    other = await world.call(BEN, "POST", "/events", MEETING)
    read = await world.listed()
    world.clock.forward(minutes=1)

    assert (third.status, third.reason) == (403, "rateLimitExceeded")
    assert [other.status, read.status] == [200, 200]
    assert (await world.call(ANNA, "DELETE", f"/events/{made[0]}")).status == 204


async def test_who_made_too_much_can_only_read(world: World) -> None:
    world.google.limits = Limits(user_creates=1)
    event = await world.insert()

    refused = await world.call(ANNA, "POST", "/events", MEETING)

    assert (refused.status, refused.reason) == (403, "quotaExceeded")
    assert refused.message == "Calendar usage limits exceeded."
    assert (await world.get(ANNA, event["id"]))["id"] == event["id"]
    assert (await world.call(BEN, "POST", "/events", MEETING)).status == 200
    world.clock.forward(days=1)
    world.tokens.clear()
    assert (await world.call(ANNA, "POST", "/events", MEETING)).status == 200


async def test_who_invited_too_many_outsiders_can_still_write_without_guests(world: World) -> None:
    world.google.limits = Limits(user_invitations=2)
    outsiders = [{"email": f"guest{n}@elsewhere.example"} for n in range(3)]

    event = await world.insert(attendees=outsiders[:2])
    more = await world.patch(ANNA, event["id"], attendees=outsiders)
    colleague = await world.patch(ANNA, event["id"], attendees=[*outsiders[:2], {"email": BEN}])
    without = await world.call(ANNA, "POST", "/events", MEETING)

    assert (more.status, more.reason) == (403, "quotaExceeded")
    assert [colleague.status, without.status] == [200, 200]


# Imports


def outside(**changes: Any) -> dict[str, Any]:
    event = MEETING | {
        "iCalUID": "0400@outlook.test",
        "organizer": {"email": "chief@elsewhere.example"},
        "attendees": [{"email": ANNA}],
    }
    return event | changes


async def test_an_import_makes_a_private_copy_and_replaces_it_whole(world: World) -> None:
    first = await world.call(ANNA, "POST", "/events/import", outside(location="Oulu"))
    second = await world.call(ANNA, "POST", "/events/import", outside(summary="New"))

    assert first.status == second.status == 200
    assert first.json["privateCopy"] is True
    assert first.json["organizer"] == {"email": "chief@elsewhere.example"}
    assert first.json["id"].startswith("_")
    assert second.json["id"] == first.json["id"]
    assert (second.json["summary"], "location" in second.json) == ("New", False)
    assert len(world.google.events(ANNA)) == 1


async def test_an_import_for_somebody_else_or_under_an_id_is_refused(world: World) -> None:
    made = await world.call(ANNA, "POST", "/events/import", outside(sequence=3))
    assert made.json["sequence"] == 3
    for body, reason in (
        (outside(attendees=[{"email": BEN}]), "participantIsNeitherOrganizerNorAttendee"),
        (outside(id="mine0"), "invalid"),
        (outside(iCalUID=None), "required"),
        (outside(sequence=2), "invalid"),
        (outside(start=None), "required"),
    ):
        answer = await world.call(ANNA, "POST", "/events/import", body)
        assert (answer.status, answer.reason) == (400, reason)


async def test_an_import_of_another_type_becomes_default(world: World) -> None:
    answer = await world.call(ANNA, "POST", "/events/import", outside(eventType="focusTime"))

    assert answer.json["eventType"] == "default"
