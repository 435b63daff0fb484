"""The adapter's promises under every position of every switch: no open question about Severa matters to them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from daemon.core.company import User
from daemon.core.entry import AllDay, Answer, Entry, People, Timed, When, entry_of, person
from daemon.core.link import Activity
from daemon.errors import CompanyRefused, Forbidden, Gone, RateLimited, Refused, Transient
from daemon.sandbox.severa import DEFAULT, Switches
from tests.severa.conftest import CLIENT_ID, SECRET, World

OTHERWISE: dict[str, list[Any]] = {
    "all_day_end": ["inclusive"],
    "times": ["owner"],
    "occurrence_ids": ["plain", "unstable"],
    "exceptions_listed": ["deleted"],
    "occurrence_write": ["same-guid", "refused"],
    "reset_restores": ["changed"],
    "series_post": [False],
    "series_patch": [True],
    "rule_text": [False],
    "endless_days": [30],
    "series_edit_stamps": [False],
    "finds_never_updated": [False],
    "participants_stamp": [True],
    "hours_stamp": [True],
    "owner_is_listed": [True],
    "participants_echo": [True],
    "participant_type": ["required"],
    "duplicate_participant": ["doubled", "kept"],
    "participant_patch": [False],
    "hours_keep": [False],
    "exceptions_keep": [True],
    "category_may_change": [True],
    "private_texts": ["hidden"],
    "patch_values": ["strings"],
    "patch_null": ["refused", "ignored"],
    "patch_lower_case": [False],
    "patch_under_null": [False],
    "patch_of_many": ["array", "refused"],
    "rows_over_max": ["refused"],
    "page_token_s": [5],
    "order": ["latest-first"],
    "limit_by": ["address", "organization"],
    "retry_after": ["seconds", "date"],
    "limit_body": ["json"],
    "token_s": [20],
    "expiry_unit": ["minutes", "milliseconds"],
    "expiry_zone": ["offset"],
    "refresh_once": [False],
    "old_tokens_live": [False],
    "scope_status": [401],
    "invalid_status": [422],
    "unknown_email_is_404": [True],
    "default_types": ["per-category"],
    "default_may_be_inactive": [True],
    "unassigned_owner": ["given"],
    "point_end": ["start"],
    "inactive_owners_listed": [False],
    "inactive_may_own": [True],
    "repeated_post": ["answered"],
    "notes_form": ["html"],
    "name_max": [80],
    "notes_max": [300],
}
# About what the adapter never asks for: these are turned all at once only.
NEVER_ASKED = {
    *("reset_restores", "series_post", "series_patch", "rule_text", "endless_days"),
    *("exceptions_keep", "participant_patch", "patch_of_many", "rows_over_max", "refresh_once"),
    *("unknown_email_is_404", "default_types", "default_may_be_inactive", "unassigned_owner"),
    *("inactive_may_own", "series_edit_stamps", "exceptions_listed", "occurrence_write"),
    *("patch_lower_case", "patch_under_null", "limit_by", "hours_stamp", "participants_echo"),
}
TURNED = [(n, v) for n, values in OTHERWISE.items() for v in values if n not in NEVER_ASKED]
SETTINGS = [
    DEFAULT,
    *(Switches(**{name: value}) for name, value in TURNED),
    Switches(**{name: values[0] for name, values in OTHERWISE.items()}),
    Switches(**{name: values[-1] for name, values in OTHERWISE.items()}),
]
NAMES = ["as assumed", *(f"{name}={value}" for name, value in TURNED), "all", "all, the last"]

NINE = datetime(2026, 3, 4, 7, 0, tzinfo=UTC)
NOTES = "Agenda:\n1. Start <b>early</b> & end\n\n2. Ende 🎉"
MEETING = Entry(
    title="Kick-off 🎉",
    when=Timed(NINE, NINE + timedelta(hours=1)),
    location="Room 1",
    notes=NOTES,
    private=False,
)
WHENS: list[When] = [
    Timed(NINE, NINE + timedelta(hours=2)),
    AllDay(date(2026, 3, 28), date(2026, 3, 30)),
    Timed(NINE + timedelta(days=30), None),
    AllDay(date(2026, 10, 24), date(2026, 10, 26)),
    AllDay(date(2026, 4, 2), None),
    Timed(NINE, NINE),
]
BEN = "ben@example.com"


@pytest.fixture(params=SETTINGS, ids=NAMES)
async def severa(request: pytest.FixtureRequest, world: World) -> World:
    world.state.switches = request.param
    for category, guid in world.types.items():
        world.state.change_type(guid, is_default=category == "CalendarEntry")
    world.state.add_user("Ben", "Lind", BEN)
    await world.client.users()
    return world


def test_every_switch_is_turned() -> None:
    positions = Switches(**{name: values[0] for name, values in OTHERWISE.items()})

    assert set(OTHERWISE) == set(Switches.__slots__)
    assert all(getattr(positions, name) != getattr(DEFAULT, name) for name in OTHERWISE)


async def create(severa: World, entry: Entry = MEETING, kind: str = "CalendarEntry") -> Activity:
    return await severa.calendar.create(severa.anna, entry, type_guid=severa.types[kind])


async def change(severa: World, seen: Activity, wish: Entry) -> Activity:
    return await severa.calendar.change(severa.anna, seen, wish, type_guid="", mark=None)


async def listed(severa: World, since: datetime) -> dict[str, Activity]:
    pages = [page async for page in severa.calendar.changes(since)]
    assert pages[-1].cursor
    return {activity.ref: activity for page in pages for activity in page.seen}


async def test_what_is_written_reads_the_same(severa: World) -> None:
    made = await create(severa)

    assert replace(made.entry, people=MEETING.people) == MEETING
    assert await severa.seen(made.ref) == made


async def test_every_time_is_written_and_becomes_any_other(severa: World) -> None:
    seen = await create(severa, Entry(title="Fair", when=WHENS[0]))

    for when in [*WHENS, *reversed(WHENS)]:
        seen = await change(severa, seen, Entry(when=when))
        assert seen.entry.when == when
        assert (await severa.seen(seen.ref)).entry.when == when


@pytest.mark.parametrize("when", WHENS)
async def test_every_time_can_be_begun_with(severa: World, when: When) -> None:
    made = await create(severa, Entry(title="Fair", when=when), "SalesEvent")

    assert made.entry.when == when


async def test_a_field_is_emptied_and_filled(severa: World) -> None:
    seen = await create(severa)

    bare = await change(severa, seen, Entry(notes="", location=""))
    full = await change(severa, bare, Entry(notes=NOTES, title="New", location="Room 2"))

    assert (bare.entry.notes, bare.entry.location) == ("", "")
    assert (full.entry.notes, full.entry.title, full.entry.location) == (NOTES, "New", "Room 2")
    assert await severa.seen(full.ref) == full


async def test_people_join_once_and_leave(severa: World) -> None:
    seen = await severa.seen((await create(severa)).ref)
    part = entry_of({person(BEN): Answer.TENTATIVE})

    joined = await change(severa, seen, part)
    again = await change(severa, joined, part)
    left = await change(severa, again, entry_of({person(BEN): Answer.OUT}))

    both = People.of({severa.anna.email: Answer.ACCEPTED, BEN: Answer.TENTATIVE})
    assert joined.entry.people == again.entry.people == both
    assert left.entry.people == seen.entry.people
    others = [row for row in severa.state.participants(seen.ref) if row["email"] == BEN]
    assert others == []


async def test_a_join_whose_reply_was_lost_is_made_once(severa: World) -> None:
    seen = await severa.seen((await create(severa)).ref)
    part = entry_of({person(BEN): Answer.NONE})
    severa.fail("participants.create", "lose_reply")

    with pytest.raises(Transient):
        await change(severa, seen, part)
    await change(severa, seen, part)

    rows = [row for row in severa.state.participants(seen.ref) if row["email"] == BEN]
    assert len(rows) == 1


async def test_a_create_whose_reply_was_lost_is_found(severa: World) -> None:
    since = severa.now
    severa.fail("activities.create", "lose_reply")

    with pytest.raises(Transient):
        await create(severa)

    (found,) = await severa.calendar.find(severa.anna, MEETING, since=since)
    assert found.entry == MEETING


async def test_a_change_shows_in_the_listing_and_moves_the_cursor(severa: World) -> None:
    made = [await create(severa, replace(MEETING, title=f"No. {n}")) for n in range(3)]
    severa.advance(minutes=10)
    since = severa.now
    await change(severa, made[1], Entry(title="New"))

    found = await listed(severa, since)

    assert [activity.entry.title for activity in found.values()] == ["New"]


async def test_a_listing_is_whole_however_it_is_paged(severa: World) -> None:
    guids = {severa.add(name=f"No. {number}") for number in range(205)}

    pages = [page async for page in severa.calendar.of_users([severa.anna.guid], None, None)]

    assert sorted(a.ref for page in pages for a in page.seen) == sorted(guids)


async def test_series_never_come_as_their_occurrences(severa: World) -> None:
    rule = {"frequency": "Daily", "range": {"maxOccurrences": 30}}
    guid = severa.add(recurrence=rule)
    single = severa.add()

    pages = [page async for page in severa.calendar.of_users([severa.anna.guid], None, None)]

    assert {a.ref for page in pages for a in page.seen} == {guid, single}


async def test_a_deletion_deletes_and_is_told(severa: World) -> None:
    made = await create(severa)
    seen = await severa.seen(made.ref)

    await severa.calendar.remove(severa.anna, seen)

    with pytest.raises(Gone):
        await severa.calendar.read(severa.anna, made.ref)
    assert not await severa.calendar.answers(severa.anna, made.ref)


async def test_hours_keep_an_activity(severa: World) -> None:
    seen = await severa.seen((await create(severa)).ref)
    severa.state.person_patch(severa.anna.guid, seen.ref, hasHours=True)

    with pytest.raises(Forbidden):
        await severa.calendar.remove(severa.anna, seen)

    assert severa.state.activity(seen.ref)["hasHours"]


async def test_what_is_too_long_is_refused_for_this_entry(severa: World) -> None:
    with pytest.raises(Refused) as refused:
        await create(severa, replace(MEETING, title="x" * 500))

    assert not isinstance(refused.value, CompanyRefused)


async def test_a_missing_scope_is_named(severa: World) -> None:
    seen = await severa.seen((await create(severa)).ref)
    severa.state.add_credentials(CLIENT_ID, SECRET, scopes=["activities:read", "users:read"])
    severa.state.expire_tokens()

    with pytest.raises(CompanyRefused, match="activities:delete"):
        await severa.calendar.remove(severa.anna, seen)


async def test_a_call_too_many_asks_for_a_pause(severa: World) -> None:
    await severa.client.types()
    severa.state.requests_per_second = 1
    await severa.client.types()

    with pytest.raises(RateLimited) as limited:
        await severa.client.types()

    pause = limited.value.retry_after
    assert pause == (1.0 if severa.state.switches.retry_after else None)
    assert severa.limited == [pause], "the budget slows everybody down, not this caller alone"


async def test_the_token_is_good_for_as_long_as_it_takes(severa: World) -> None:
    for _ in range(5):
        severa.advance(seconds=25)
        await severa.client.types()

    assert severa.calls("token.create") <= 6


async def test_users_and_types_are_told_whole(severa: World) -> None:
    guids = {severa.state.add_user("A", str(n), None, active=n % 2 == 0) for n in range(120)}

    users = {user.guid for user in await severa.calendar.users()}
    types = {kind.guid for kind in await severa.calendar.types()}

    assert users > guids
    assert User(severa.anna.guid, severa.anna.email).guid in users
    assert types == set(severa.types.values())


async def test_private_entries_stay_private(severa: World) -> None:
    made = await create(severa, replace(MEETING, private=True), "Personal")

    again = await severa.seen(made.ref)

    assert again.entry.private is True
    assert again == made
