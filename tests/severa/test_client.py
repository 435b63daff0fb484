"""The adapter against a served Severa, object by object."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from daemon.core.company import Category, User
from daemon.core.entry import UNKNOWN, AllDay, Answer, Entry, People, Timed
from daemon.errors import CompanyRefused, Forbidden, Gone, RateLimited, Refused, Stale, Transient
from daemon.severa.errors import Unreadable
from tests.severa.conftest import CLIENT_ID, SECRET, World

NINE = datetime(2026, 3, 4, 7, 0, tzinfo=UTC)
LATER = Timed(NINE, NINE + timedelta(hours=2))


async def test_what_is_created_reads_as_it_was_written(world: World, meeting: Entry) -> None:
    type_guid = world.types["CalendarEntry"]

    made = await world.calendar.create(world.anna, meeting, type_guid=type_guid)

    assert made.entry == replace(meeting, people=People.of({world.anna.email: Answer.ACCEPTED}))
    assert (made.user, made.type) == (world.anna.guid, type_guid)
    assert made.category is Category.CALENDAR_ENTRY
    assert await world.seen(made.ref) == made


async def test_what_is_read_by_id_comes_with_severas_own_words_d7(
    world: World, meeting: Entry
) -> None:
    made = await world.calendar.create(world.anna, meeting, type_guid=world.types["CalendarEntry"])

    found = await world.calendar.read(world.anna, made.ref)

    assert found is not None
    assert json.loads(found.original)["guid"] == made.ref


WHENS = [
    AllDay(date(2026, 3, 28), date(2026, 3, 30)),
    AllDay(date(2026, 3, 28), None),
    Timed(NINE, None),
    LATER,
]


@pytest.mark.parametrize("when", WHENS)
async def test_every_kind_of_time_is_taken(world: World, when: Any) -> None:
    entry = Entry(title="Fair", when=when)

    made = await world.client.create(world.anna, entry, type_guid=world.types["SalesEvent"])

    assert made.entry.when == when


async def test_q1_a_severa_that_counts_the_last_day_is_understood_after_one_answer(
    world: World,
) -> None:
    world.state.switches = replace(world.state.switches, all_day_end="inclusive")
    fair = Entry(title="Fair", when=AllDay(date(2026, 3, 28), date(2026, 3, 30)))
    kind = world.types["CalendarEntry"]

    made = [await world.client.create(world.anna, fair, type_guid=kind) for _ in range(3)]

    assert {activity.entry.when for activity in made} == {fair.when}
    assert world.calls("activities.patch") == 1
    ends = {row["endDateTime"] for row in world.state.activities()}
    assert ends == {"2026-03-29T20:59:59+00:00"}


async def test_days_that_cannot_be_put_right_are_shown_as_they_are(world: World) -> None:
    world.state.switches = replace(world.state.switches, all_day_end="inclusive")
    fair = Entry(title="Fair", when=AllDay(date(2026, 3, 28), date(2026, 3, 30)))
    world.fail("activities.patch", status=503)

    made = await world.client.create(world.anna, fair, type_guid=world.types["CalendarEntry"])

    assert made.entry.when == AllDay(date(2026, 3, 28), date(2026, 3, 31))


@pytest.mark.parametrize("when", WHENS)
async def test_every_kind_of_time_can_become_any_other(world: World, when: Any) -> None:
    guid = world.add()

    for each in [when, *WHENS, when]:
        seen = await world.seen(guid)
        shown = await world.client.change(
            world.anna, seen, Entry(when=each), type_guid="", mark=None
        )
        assert shown.entry.when == each


async def test_a_change_writes_its_fields_and_nothing_else(world: World) -> None:
    guid = world.add(notes="Bring cake", location="Room 1", isClosed=True)
    seen = await world.seen(guid)
    before = world.state.activity(guid)

    shown = await world.client.change(
        world.anna, seen, Entry(title="New", notes=""), type_guid="", mark=None
    )

    after = world.state.activity(guid)
    differing = {name for name in after if after[name] != before[name]}
    assert differing == {"name", "notes", "lastUpdatedDateTime", "lastUpdatedBy"}
    assert shown.entry == replace(seen.entry, title="New", notes="")


async def test_a_change_costs_one_read_and_one_write(world: World) -> None:
    seen = await world.seen(world.add())
    world.faults.journal.clear()

    await world.client.change(world.anna, seen, Entry(title="New"), type_guid="", mark=None)

    assert [call.operation for call in world.faults.journal] == [
        "activities.get",
        "activities.patch",
    ]


async def test_a_field_that_changed_meanwhile_is_not_written_over(world: World) -> None:
    guid = world.add()
    seen = await world.seen(guid)
    world.state.person_patch(world.anna.guid, guid, name="Anna's own")

    with pytest.raises(Stale):
        await world.client.change(world.anna, seen, Entry(title="New"), type_guid="", mark=None)

    assert world.state.activity(guid)["name"] == "Anna's own"


async def test_another_field_that_changed_meanwhile_stays_and_is_shown(world: World) -> None:
    guid = world.add()
    seen = await world.seen(guid)
    world.state.person_patch(world.anna.guid, guid, location="Room 9")

    shown = await world.client.change(world.anna, seen, Entry(title="New"), type_guid="", mark=None)

    assert (shown.entry.title, shown.entry.location) == ("New", "Room 9")


async def test_a_new_owner_is_looked_at_before_anything_is_written(world: World) -> None:
    guid = world.add()
    seen = await world.seen(guid)
    ben = world.state.add_user("Ben", "Lind", "ben@example.com", zone="Europe/Oslo")
    world.state.person_patch(world.anna.guid, guid, ownerUser=ben)

    with pytest.raises(Stale):
        await world.client.change(world.anna, seen, Entry(title="New"), type_guid="", mark=None)


async def test_a_single_that_became_a_series_is_looked_at_first(world: World) -> None:
    guid = world.add()
    seen = await world.seen(guid)
    series = {**world.state.activity(guid), "recurrenceType": "Series"}
    world.fail("activities.get", status=200, body=series)

    with pytest.raises(Stale):
        await world.client.change(world.anna, seen, Entry(title="New"), type_guid="", mark=None)


async def test_a_type_that_changed_meanwhile_is_not_written_over(world: World) -> None:
    travel = world.state.add_type("Travel", "CalendarEntry")
    guid = world.add()
    seen = await world.seen(guid)
    world.state.person_patch(world.anna.guid, guid, activityType=travel)
    personal = world.types["Personal"]

    with pytest.raises(Stale):
        await world.client.change(
            world.anna, seen, Entry(private=True), type_guid=personal, mark=None
        )
    with pytest.raises(Stale):
        await world.client.remove(world.anna, seen)


async def test_a_change_of_what_is_gone_says_so(world: World) -> None:
    guid = world.add()
    seen = await world.seen(guid)
    world.state.person_delete(world.anna.guid, guid)

    with pytest.raises(Gone):
        await world.client.change(world.anna, seen, Entry(title="New"), type_guid="", mark=None)
    with pytest.raises(Gone):
        await world.client.remove(world.anna, seen)


async def test_the_type_changes_with_privacy_and_only_with_it(world: World) -> None:
    world.state.switches = replace(world.state.switches, category_may_change=True)
    personal = world.types["Personal"]
    seen = await world.seen(world.add())

    titled = await world.client.change(
        world.anna, seen, Entry(title="New"), type_guid=personal, mark=None
    )
    hidden = await world.client.change(
        world.anna, titled, Entry(private=True), type_guid=personal, mark=None
    )

    assert (titled.type, titled.entry.private) == (seen.type, False)
    assert (hidden.type, hidden.entry.private) == (personal, True)


async def test_a_category_that_severa_keeps_is_refused_for_this_entry_only(world: World) -> None:
    seen = await world.seen(world.add())
    change = Entry(private=True)

    with pytest.raises(Forbidden) as caught:
        await world.client.change(
            world.anna, seen, change, type_guid=world.types["Personal"], mark=None
        )

    assert caught.value.reason == "InvalidOperation"


async def test_what_was_not_carried_out_shows_in_the_answer(world: World) -> None:
    seen = await world.seen(world.add())
    untouched = [world.state.activity(seen.ref)]
    world.fail("activities.patch", status=200, body=untouched)

    shown = await world.client.change(world.anna, seen, Entry(title="New"), type_guid="", mark=None)

    assert shown.entry.title == "Kick-off"


@pytest.mark.parametrize("body", [[], [{}, {}], [{}], {"succeeded": []}, "ok", [1]])
async def test_an_answer_that_does_not_show_the_change_is_unclear(world: World, body: Any) -> None:
    seen = await world.seen(world.add())
    world.fail("activities.patch", status=200, body=body)

    with pytest.raises(Transient):
        await world.client.change(world.anna, seen, Entry(title="New"), type_guid="", mark=None)


async def test_a_deletion_deletes(world: World) -> None:
    guid = world.add()

    await world.client.remove(world.anna, await world.seen(guid))

    assert world.state.activities() == []
    with pytest.raises(Gone):
        await world.client.read(world.anna, guid)


async def test_hours_booked_a_moment_ago_keep_an_activity(world: World) -> None:
    guid = world.add()
    seen = await world.seen(guid)
    world.state.person_patch(world.anna.guid, guid, hasHours=True)

    with pytest.raises(Forbidden) as caught:
        await world.client.remove(world.anna, seen)

    assert caught.value.reason == "hasHours"
    assert world.calls("activities.delete") == 0


async def test_what_was_edited_meanwhile_is_not_deleted(world: World) -> None:
    guid = world.add()
    seen = await world.seen(guid)
    world.state.person_patch(world.anna.guid, guid, location="Room 9")

    with pytest.raises(Stale):
        await world.client.remove(world.anna, seen)

    assert len(world.state.activities()) == 1


async def test_a_single_that_became_a_series_is_not_deleted(world: World) -> None:
    guid = world.add()
    seen = await world.seen(guid)
    series = {**world.state.activity(guid), "recurrenceType": "Series"}
    world.fail("activities.get", status=200, body=series)

    with pytest.raises(Stale):
        await world.client.remove(world.anna, seen)


@pytest.mark.parametrize("kind", ["Occurrence", "Exception"])
async def test_what_became_part_of_a_series_is_neither_gone_nor_written_to(
    world: World, kind: str
) -> None:
    guid = world.add()
    seen = await world.seen(guid)
    part = {**world.state.activity(guid), "recurrenceType": kind}
    world.fail("activities.get", status=200, body=part, times=3)

    shown = await world.seen(guid)

    assert isinstance(shown.entry.when, Timed)
    assert shown.entry.when.recurrence is not None
    with pytest.raises(Stale):
        await world.client.change(world.anna, seen, Entry(title="New"), type_guid="", mark=None)
    with pytest.raises(Stale):
        await world.client.remove(world.anna, seen)


async def test_a_witness_answers_while_it_is_there(world: World) -> None:
    guid = world.add()
    stranger = User("nobody", "nobody@example.com")

    assert await world.client.answers(world.anna, guid)
    assert await world.client.answers(world.anna, "")
    assert not await world.client.answers(stranger, "")
    assert not await world.client.answers(world.anna, "no-such-guid")


async def test_a_witness_that_cannot_be_asked_is_no_witness(world: World) -> None:
    guid = world.add()
    world.fail("activities.get", status=503)

    with pytest.raises(Transient):
        await world.client.answers(world.anna, guid)


async def test_a_create_whose_answer_was_lost_is_found(world: World, meeting: Entry) -> None:
    type_guid = world.types["CalendarEntry"]
    world.add()
    world.advance(minutes=1)
    since = world.now
    world.fail("activities.create", "lose_reply")

    with pytest.raises(Transient):
        await world.client.create(world.anna, meeting, type_guid=type_guid)

    (found,) = await world.calendar.find(world.anna, meeting, since=since)
    assert found.entry == meeting
    assert len(world.state.activities()) == 2


@pytest.mark.parametrize("when", WHENS)
async def test_a_lost_create_is_found_whatever_its_time(world: World, when: Any) -> None:
    entry = Entry(title="Fair", when=when)
    made = await world.client.create(world.anna, entry, type_guid=world.types["SalesEvent"])

    found = await world.client.find(world.anna, entry, since=world.now)

    assert found == (replace(made, entry=replace(made.entry, people=UNKNOWN)),)


async def test_only_what_has_the_name_the_time_the_owner_and_is_new_is_found(
    world: World, meeting: Entry
) -> None:
    ben = world.state.add_user("Ben", "Lind", "ben@example.com")
    world.add()
    since = world.now + timedelta(minutes=1)
    world.advance(minutes=2)
    world.add(name="Other")
    world.add(endDateTime="2026-03-03T11:00:00+02:00")
    world.add(ownerUser=ben)

    assert await world.client.find(world.anna, meeting, since=since) == ()


async def test_a_create_that_only_half_answered_is_unclear(world: World, meeting: Entry) -> None:
    world.fail("activities.create", "cut")

    with pytest.raises(Unreadable):
        await world.client.create(world.anna, meeting, type_guid=world.types["CalendarEntry"])


async def test_an_owner_or_type_that_is_not_there_is_refused(world: World, meeting: Entry) -> None:
    meeting_type = world.types["CalendarEntry"]

    with pytest.raises(Refused):
        await world.client.create(world.anna, meeting, type_guid="no-such-type")
    world.fail("activities.create", status=404)
    with pytest.raises(Refused):
        await world.client.create(world.anna, meeting, type_guid=meeting_type)


async def test_a_text_that_is_too_long_is_refused_without_being_repeated(
    world: World, meeting: Entry
) -> None:
    entry = replace(meeting, title="Secret " * 40)

    with pytest.raises(Refused) as caught:
        await world.client.create(world.anna, entry, type_guid=world.types["CalendarEntry"])

    assert caught.value.reason == "InvalidParameter"
    assert "(name)" in str(caught.value)
    assert "Secret" not in str(caught.value)


async def test_a_missing_scope_is_named(world: World) -> None:
    world.state.add_credentials(CLIENT_ID, SECRET, scopes=["activities:read", "users:read"])
    seen = await world.seen(world.add())

    with pytest.raises(CompanyRefused, match="activities:delete"):
        await world.client.remove(world.anna, seen)
    with pytest.raises(CompanyRefused, match="activities:write"):
        await world.client.change(world.anna, seen, Entry(title="New"), type_guid="", mark=None)


async def test_too_many_requests_ask_for_a_pause(world: World) -> None:
    await world.client.types()
    world.state.requests_per_second = 1
    await world.client.types()

    with pytest.raises(RateLimited) as caught:
        await world.client.types()

    assert caught.value.retry_after is None


async def test_every_request_is_paid_for(world: World) -> None:
    await world.seen(world.add())

    # A token, the activity, its owner's zone, and who takes part.
    assert world.spent == len(world.faults.journal) == 4


async def test_a_call_that_hangs_ends(world: World) -> None:
    world.fail("activitytypes.list", "delay", seconds=1.0)
    client = world.new_client(timeout_s=0.2)

    with pytest.raises(Transient, match="in time"):
        await client.types()


async def test_a_token_does_not_follow_a_redirect(world: World) -> None:
    away = {"Location": f"{world.base_url}/heartbeat/server"}
    world.fail("activitytypes.list", status=302, headers=away)

    with pytest.raises(Transient, match="302"):
        await world.client.types()

    assert world.calls("heartbeat.server") == 0


async def test_a_server_that_is_not_there_may_come_back(world: World) -> None:
    world.base_url = "http://127.0.0.1:9/rest-api"

    with pytest.raises(Transient):
        await world.new_client().types()


@pytest.mark.parametrize("body", ["<html>", "{", "[1]", '{"a": 1}', ""])
async def test_a_listing_that_is_none_is_unclear(world: World, body: str) -> None:
    world.fail("users.list", status=200, body=body)

    with pytest.raises(Unreadable):
        await world.client.users()


async def test_types_and_users_are_told_whole(world: World) -> None:
    inactive = world.state.add_type("Old", "CalendarEntry", active=False)
    many = [world.state.add_user("A", str(i), None, active=False) for i in range(150)]

    types = {kind.guid: kind for kind in await world.calendar.types()}
    users = {user.guid: user for user in await world.calendar.users()}

    assert types.keys() == {*world.types.values(), inactive}
    assert not types[inactive].is_active
    assert [kind.guid for kind in types.values() if kind.is_default] == [
        world.types["CalendarEntry"]
    ]
    assert users.keys() == {world.anna.guid, *many}
    assert users[world.anna.guid] == world.anna
    assert not users[many[0]].is_active


async def test_an_odd_row_does_not_hide_the_others(world: World) -> None:
    rows = [{"guid": "t-1", "name": "Party", "category": "Party"}, {"name": "No guid"}]
    rows += [{"guid": "t-2", "name": "Meeting", "category": "CalendarEntry"}]

    for _ in range(2):
        world.fail("activitytypes.list", status=200, body=rows)
        assert [kind.guid for kind in await world.client.types()] == ["t-2"]

    assert world.told == [
        "Severa gave a category of activities that is not known (Party).",
        "Severa gave a row without guid.",
    ]


async def test_severas_clock_is_that_of_its_latest_answer(world: World) -> None:
    dates = ("Mon, 02 Mar 2026 06:00:00 GMT", "Mon, 02 Mar 2026 06:05:00 GMT")
    world.fail("heartbeat.server", status=200, headers={"Date": dates[0]})
    world.fail("activitytypes.list", status=200, body=[], headers={"Date": dates[1]})

    first = await world.calendar.time()
    await world.client.types()

    assert first == datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
    assert await world.client.time() == datetime(2026, 3, 2, 6, 5, tzinfo=UTC)


async def test_an_owner_whose_zone_changed_is_read_in_the_new_one(world: World) -> None:
    when = AllDay(date(2026, 3, 28), date(2026, 3, 29))
    entry = Entry(title="Fair", when=when)
    await world.client.users()
    world.state.change_user(world.anna.guid, zone="Europe/Oslo")
    await world.client.users()

    made = await world.client.create(world.anna, entry, type_guid=world.types["CalendarEntry"])

    assert made.entry.when == when
    assert world.calls("users.get") == 0
