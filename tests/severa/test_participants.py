"""Who takes part in an activity, against a served Severa: read, joined, left."""

from dataclasses import replace
from typing import Any

import pytest

from daemon.core.company import User
from daemon.core.entry import UNKNOWN, Answer, Entry, People, entry_of, person
from daemon.core.link import Activity
from daemon.errors import (
    CompanyRefused,
    Forbidden,
    Gone,
    RateLimited,
    Refused,
    Stale,
    SyncError,
    Transient,
)
from daemon.severa.errors import Unreadable
from tests.severa.conftest import CLIENT_ID, SECRET, START, World

ANNA, BEN, CARA = "anna@example.com", "ben@example.com", "cara@example.com"


@pytest.fixture
async def ben(world: World) -> User:
    guid = world.state.add_user("Ben", "Lind", "Ben@Example.com")
    await world.client.users()
    return User(guid, BEN, zone="Europe/Helsinki")


@pytest.fixture
async def cara(world: World) -> User:
    guid = world.state.add_user("Cara", "Berg", CARA)
    await world.client.users()
    return User(guid, CARA, zone="Europe/Helsinki")


def people(**answers: Answer) -> People:
    found = {f"{name}@example.com": answer for name, answer in answers.items()}
    return People.of({ANNA: Answer.ACCEPTED} | found)


def part(address: str, answer: Answer) -> Entry:
    return entry_of({person(address): answer})


async def change(world: World, seen: Activity, address: str, answer: Answer) -> Activity:
    return await world.calendar.change(
        world.anna, seen, part(address, answer), type_guid="", mark=None
    )


def rows(world: World, guid: str) -> list[tuple[str, str]]:
    return [(row["participantGuid"], row["status"]) for row in world.state.participants(guid)]


# Reading


async def test_an_activity_reads_with_its_owner_and_its_participants(
    world: World, ben: User, cara: User
) -> None:
    guid = world.add()
    world.state.person_invite(world.anna.guid, guid, ben.guid)
    world.state.person_invite(world.anna.guid, guid, cara.guid, status="Tentative")

    seen = await world.seen(guid)

    assert seen.entry.people == people(ben=Answer.NONE, cara=Answer.TENTATIVE)
    assert seen.members == {ben.guid, cara.guid}


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        ("Unknown", Answer.NONE),
        ("Invited", Answer.NONE),
        ("Accepted", Answer.ACCEPTED),
        ("Tentative", Answer.TENTATIVE),
        ("Declined", Answer.DECLINED),
    ],
)
async def test_every_status_is_an_answer(
    world: World, ben: User, status: str, answer: Answer
) -> None:
    guid = world.add()
    world.state.person_invite(world.anna.guid, guid, ben.guid, status=status)

    assert (await world.seen(guid)).entry.people == people(ben=answer)


async def test_the_people_of_what_was_listed_cost_one_request(world: World, ben: User) -> None:
    guid = world.add(notes="As listed")
    world.state.person_invite(world.anna.guid, guid, ben.guid)
    (listed,) = [a async for page in world.client.changes(START) for a in page.seen]
    world.state.person_patch(world.anna.guid, guid, notes="Edited since")
    world.faults.journal.clear()

    seen = await world.calendar.people(world.anna, listed)

    assert (listed.entry.people, listed.members) == (UNKNOWN, frozenset())
    assert seen == replace(
        listed,
        entry=replace(listed.entry, people=people(ben=Answer.NONE)),
        members=frozenset({ben.guid}),
    )
    assert [call.operation for call in world.faults.journal] == ["participants.list"]


async def test_contacts_resources_and_users_without_an_address_are_nobody(world: World) -> None:
    guid = world.add()
    silent = world.state.add_user("Dan", "Holm", None)
    contact = world.state.add_guest("Client", email="client@elsewhere.test")
    room = world.state.add_guest("Room 1", kind="Resource", email="room@example.com")
    for one in (contact, room, silent):
        world.state.person_invite(world.anna.guid, guid, one)

    seen = await world.seen(guid)

    assert seen.entry.people == people()
    assert seen.members == {silent}


async def test_q11_an_owner_who_is_listed_is_no_guest(world: World, ben: User) -> None:
    world.state.switches = replace(world.state.switches, owner_is_listed=True)
    guid = world.add()
    world.state.person_answer(world.anna.guid, guid, "Declined")
    world.state.person_invite(world.anna.guid, guid, ben.guid)

    seen = await world.seen(guid)

    assert (world.anna.guid, "Declined") in rows(world, guid)
    assert seen.entry.people == people(ben=Answer.NONE)
    assert seen.members == {ben.guid}


async def test_somebody_who_is_listed_twice_counts_once(world: World, ben: User) -> None:
    guid = world.add()
    world.state.person_invite(world.anna.guid, guid, ben.guid, status="Accepted")
    (row,) = world.state.participants(guid)
    twice = [row, {**row, "guid": "another-row", "status": "Invited"}]
    world.fail("participants.list", status=200, body=twice)

    seen = await world.seen(guid)

    assert seen.entry.people == people(ben=Answer.ACCEPTED)
    assert seen.members == {ben.guid}


async def test_an_address_that_the_row_lacks_is_known_from_the_listing_of_users(
    world: World, ben: User
) -> None:
    guid = world.add()
    row = {"guid": "p-1", "type": "User", "participantGuid": ben.guid, "status": "Accepted"}
    odd = [{**row, "email": None}, {"type": "Contact"}, {"type": None}]
    world.fail("participants.list", status=200, body=odd)

    assert (await world.seen(guid)).entry.people == people(ben=Answer.ACCEPTED)


async def test_an_owner_other_than_expected_is_known_by_guid(world: World, ben: User) -> None:
    guid = world.add(ownerUser=ben.guid)

    seen = await world.seen(guid)

    assert seen.entry.people == People.of({BEN: Answer.ACCEPTED})


async def test_an_owner_without_an_address_takes_part_unnamed(world: World, ben: User) -> None:
    guid = world.add()
    world.state.person_invite(world.anna.guid, guid, ben.guid)

    seen = await world.client.read(replace(world.anna, email=""), guid)

    assert seen is not None
    assert seen.entry.people == People.of({BEN: Answer.NONE})


@pytest.mark.parametrize("body", [{}, "ok", [1], [{"type": "User"}], [{"type": "User", "guid": 7}]])
async def test_participants_that_cannot_be_read_are_unclear(world: World, body: Any) -> None:
    guid = world.add()
    world.fail("participants.list", status=200, body=body)

    with pytest.raises(Unreadable):
        await world.client.read(world.anna, guid)


async def test_what_was_deleted_has_no_people(world: World) -> None:
    guid = world.add()
    seen = await world.seen(guid)
    world.state.person_delete(world.anna.guid, guid)

    with pytest.raises(Gone):
        await world.client.people(world.anna, seen)


async def test_a_create_shows_the_owner_alone_and_asks_for_nobody(
    world: World, meeting: Entry
) -> None:
    wished = replace(meeting, people=people(ben=Answer.NONE))

    made = await world.client.create(world.anna, wished, type_guid=world.types["CalendarEntry"])

    assert (made.entry.people, made.members) == (people(), frozenset())
    assert world.calls("participants.list") == 0
    assert await world.seen(made.ref) == made


async def test_a_listing_of_users_brings_what_they_take_part_in(world: World, ben: User) -> None:
    joined, other = world.add(), world.add()
    world.state.person_invite(world.anna.guid, joined, ben.guid)

    pages = [page async for page in world.calendar.of_users([ben.guid], None, None)]

    (listed,) = [activity for page in pages for activity in page.seen]
    assert (listed.ref, listed.user, listed.entry.people) == (joined, world.anna.guid, UNKNOWN)
    assert other != joined


# Changing


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Answer.NONE, "Invited"),
        (Answer.ACCEPTED, "Accepted"),
        (Answer.TENTATIVE, "Tentative"),
        (Answer.DECLINED, "Declined"),
    ],
)
async def test_somebody_joins_with_an_answer(
    world: World, ben: User, answer: Answer, status: str
) -> None:
    seen = await world.seen(world.add())

    after = await change(world, seen, BEN, answer)

    assert rows(world, seen.ref) == [(ben.guid, status)]
    assert after.entry == replace(seen.entry, people=people(ben=answer))
    assert after.members == {ben.guid}
    assert after == await world.seen(seen.ref)


async def test_somebody_leaves_and_the_others_stay(world: World, ben: User, cara: User) -> None:
    guid = world.add()
    world.state.person_invite(world.anna.guid, guid, ben.guid, status="Accepted")
    world.state.person_invite(world.anna.guid, guid, cara.guid, status="Declined")
    contact = world.state.add_guest("Client", email=BEN)
    world.state.person_invite(world.anna.guid, guid, contact)

    after = await change(world, await world.seen(guid), BEN, Answer.OUT)

    assert after.entry.people == people(cara=Answer.DECLINED)
    assert rows(world, guid) == [(cara.guid, "Declined"), (contact, "Unknown")]


async def test_one_person_costs_two_reads_and_a_write(world: World, ben: User) -> None:
    seen = await world.seen(world.add())
    world.faults.journal.clear()
    world.spent = 0

    await change(world, seen, BEN, Answer.NONE)

    assert [call.operation for call in world.faults.journal] == [
        "activities.get",
        "participants.list",
        "participants.create",
    ]
    assert world.spent == 3


@pytest.mark.parametrize("answer", [Answer.ACCEPTED, Answer.OUT])
async def test_what_is_so_already_is_not_written(world: World, ben: User, answer: Answer) -> None:
    guid = world.add()
    if answer is not Answer.OUT:
        world.state.person_invite(world.anna.guid, guid, ben.guid, status="Accepted")
    seen = await world.seen(guid)
    world.faults.journal.clear()

    assert await change(world, seen, BEN, answer) == seen

    assert [call.operation for call in world.faults.journal] == [
        "activities.get",
        "participants.list",
    ]


async def test_an_answer_is_never_changed_in_place(world: World, ben: User) -> None:
    guid = world.add()
    world.state.person_invite(world.anna.guid, guid, ben.guid, status="Declined")
    seen = await world.seen(guid)

    with pytest.raises(Stale):
        await change(world, seen, BEN, Answer.ACCEPTED)

    assert rows(world, guid) == [(ben.guid, "Declined")]


@pytest.mark.parametrize("is_listed", [True, False])
@pytest.mark.parametrize("answer", [Answer.OUT, Answer.DECLINED, Answer.ACCEPTED])
async def test_the_owner_stays(world: World, is_listed: bool, answer: Answer) -> None:
    world.state.switches = replace(world.state.switches, owner_is_listed=is_listed)
    seen = await world.seen(world.add())
    await world.client.users()

    after = await change(world, seen, ANNA, answer)

    assert after == seen
    assert world.calls("participants.create") == world.calls("participants.delete") == 0


async def test_what_a_person_edited_meanwhile_stays_and_is_shown(world: World, ben: User) -> None:
    guid = world.add()
    seen = await world.seen(guid)
    world.state.person_patch(world.anna.guid, guid, name="Anna's own")

    after = await change(world, seen, BEN, Answer.NONE)

    assert after.entry.title == "Anna's own"


async def test_a_new_owner_is_looked_at_before_anybody_joins(world: World, ben: User) -> None:
    guid = world.add()
    seen = await world.seen(guid)
    world.state.person_patch(world.anna.guid, guid, ownerUser=ben.guid)

    with pytest.raises(Stale):
        await change(world, seen, BEN, Answer.NONE)


async def test_nobody_joins_what_is_deleted(world: World, ben: User) -> None:
    seen = await world.seen(world.add())
    world.state.person_delete(world.anna.guid, seen.ref)

    with pytest.raises(Gone):
        await change(world, seen, BEN, Answer.NONE)


async def test_somebody_who_is_no_user_is_refused_by_name_of_the_problem(
    world: World, ben: User
) -> None:
    world.state.change_user(ben.guid, is_active=False)
    await world.client.users()
    seen = await world.seen(world.add())

    for address in ("nobody@elsewhere.test", BEN):
        with pytest.raises(Forbidden, match="No active user of Severa") as refused:
            await change(world, seen, address, Answer.NONE)
        assert address not in str(refused.value)


async def test_two_users_with_one_address_are_not_told_apart(world: World, ben: User) -> None:
    world.state.add_user("Benny", "Lind", BEN)
    await world.client.users()
    seen = await world.seen(world.add())

    with pytest.raises(Forbidden, match="More than one"):
        await change(world, seen, BEN, Answer.NONE)


async def test_before_the_users_were_listed_nobody_is_refused(world: World, ben: User) -> None:
    seen = await world.seen(world.add())
    world.client = world.new_client()

    with pytest.raises(Transient):
        await change(world, seen, BEN, Answer.NONE)


async def test_q12_somebody_who_joined_a_moment_ago_is_no_duplicate(
    world: World, ben: User
) -> None:
    guid = world.add()
    seen = await world.seen(guid)
    world.state.person_invite(world.anna.guid, guid, ben.guid)
    world.fail("participants.list", status=200, body=[])

    after = await change(world, seen, BEN, Answer.NONE)

    assert after.entry.people == people(ben=Answer.NONE)
    assert len(rows(world, guid)) == 1


@pytest.mark.parametrize("status", [400, 404])
async def test_somebody_whom_severa_does_not_take_is_refused(
    world: World, ben: User, status: int
) -> None:
    seen = await world.seen(world.add())
    world.fail("participants.create", status=status)

    with pytest.raises(Refused):
        await change(world, seen, BEN, Answer.NONE)


async def test_what_is_deleted_while_somebody_joins_is_gone(world: World, ben: User) -> None:
    seen = await world.seen(world.add())
    listed: list[Any] = []
    world.fail("participants.list", status=200, body=listed)
    world.fail("activities.get", status=200, body=world.state.activity(seen.ref))
    world.state.person_delete(world.anna.guid, seen.ref)

    with pytest.raises(Gone):
        await change(world, seen, BEN, Answer.NONE)


async def test_somebody_who_left_a_moment_ago_has_left(world: World, ben: User) -> None:
    guid = world.add()
    world.state.person_invite(world.anna.guid, guid, ben.guid)
    seen = await world.seen(guid)
    stale = world.state.participants(guid)
    world.state.person_uninvite(world.anna.guid, guid, ben.guid)
    world.fail("participants.list", status=200, body=stale)

    after = await change(world, seen, BEN, Answer.OUT)

    assert after.entry.people == people()


@pytest.mark.parametrize("body", [[], {}, {"type": "Contact"}, "Accepted"])
async def test_an_answer_that_does_not_show_whom_it_added_is_unclear(
    world: World, ben: User, body: Any
) -> None:
    seen = await world.seen(world.add())
    world.fail("participants.create", status=201, body=body)

    with pytest.raises(Unreadable):
        await change(world, seen, BEN, Answer.NONE)


@pytest.mark.parametrize("operation", ["participants.list", "participants.create"])
@pytest.mark.parametrize(
    ("how", "error"),
    [
        ({"status": 429}, RateLimited),
        ({"status": 503}, Transient),
        ({"kind": "cut"}, Transient),
    ],
)
async def test_a_fault_is_told_for_what_it_is(
    world: World, ben: User, operation: str, how: dict[str, Any], error: type[SyncError]
) -> None:
    seen = await world.seen(world.add())
    world.fail(operation, **how)

    with pytest.raises(error):
        await change(world, seen, BEN, Answer.NONE)


async def test_a_join_whose_reply_was_lost_is_not_made_twice(world: World, ben: User) -> None:
    seen = await world.seen(world.add())
    world.fail("participants.create", "lose_reply")
    with pytest.raises(Transient):
        await change(world, seen, BEN, Answer.NONE)

    after = await change(world, seen, BEN, Answer.NONE)

    assert after.entry.people == people(ben=Answer.NONE)
    assert len(rows(world, seen.ref)) == 1


async def test_taking_out_asks_for_the_scope_to_delete(world: World, ben: User) -> None:
    guid = world.add()
    world.state.person_invite(world.anna.guid, guid, ben.guid)
    seen = await world.seen(guid)
    scopes = ["activities:read", "activities:write", "users:read"]
    world.state.add_credentials(CLIENT_ID, SECRET, scopes=scopes)
    world.state.expire_tokens()

    with pytest.raises(CompanyRefused, match="activities:delete"):
        await change(world, seen, BEN, Answer.OUT)


async def test_a_field_is_written_without_asking_for_people(world: World, ben: User) -> None:
    guid = world.add()
    world.state.person_invite(world.anna.guid, guid, ben.guid)
    seen = await world.seen(guid)
    world.faults.journal.clear()

    after = await world.client.change(world.anna, seen, Entry(title="New"), type_guid="", mark=None)

    assert (after.entry.people, after.members) == (seen.entry.people, seen.members)
    assert world.calls("participants.list") == 0


@pytest.mark.parametrize(
    "both",
    [
        {person(BEN): Answer.NONE, "title": "New"},
        {person(BEN): Answer.NONE, person(CARA): Answer.NONE},
        {"people": People.of({BEN: Answer.NONE})},
    ],
)
async def test_severa_is_given_one_person_at_a_time(
    world: World, ben: User, both: dict[str, Any]
) -> None:
    seen = await world.seen(world.add())

    with pytest.raises(AssertionError):
        await world.client.change(world.anna, seen, entry_of(both), type_guid="", mark=None)

    assert rows(world, seen.ref) == []


@pytest.mark.parametrize("stamps", [True, False])
async def test_q10_whether_or_not_participants_leave_a_stamp(
    world: World, ben: User, stamps: bool
) -> None:
    world.state.switches = replace(world.state.switches, participants_stamp=stamps)
    seen = await world.seen(world.add())
    world.advance(minutes=1)

    after = await change(world, seen, BEN, Answer.NONE)

    assert after.entry.people == people(ben=Answer.NONE)
    assert bool((await world.seen(seen.ref)).updated_at) is stamps
