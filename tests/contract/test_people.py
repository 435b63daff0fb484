"""One suite for people on both calendars: doubles and real clients agree on who takes part and who answered what."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from daemon.core.company import User
from daemon.core.entry import UNKNOWN, Answer, Entry, People, Timed, differing, entry_of, person
from daemon.core.link import Activity, Copy
from daemon.errors import Gone, Stale

from . import calendars
from .calendars import START, Google, Severa

HOUR = timedelta(hours=1)
LONG_AGO = START - timedelta(days=1)
REF = "0123456789abcdefghijklmnopqrstuv0"
GUEST = "guest@elsewhere.test"


@pytest.fixture(params=["double", "served"])
async def google(request: pytest.FixtureRequest) -> AsyncIterator[Google]:
    kind = calendars.google_double if request.param == "double" else calendars.google_served
    async with kind() as opened:
        yield opened


@pytest.fixture(params=["double", "served"])
async def severa(request: pytest.FixtureRequest) -> AsyncIterator[Severa]:
    kind = calendars.severa_double if request.param == "double" else calendars.severa_served
    async with kind() as opened:
        yield opened


def meeting(*invited: User, **fields: Any) -> Entry:
    asked = {user.email: Answer.NONE for user in invited}
    people = People.of({calendars.ANNA.email: Answer.ACCEPTED, **asked})
    rest = {"location": "Room 1", "notes": "Bring the plan.", "private": False}
    when = Timed(START + HOUR, START + 2 * HOUR)
    return Entry(**{"title": "Review", "when": when, **rest, "people": people, **fields})


def part(user: User, answer: Answer) -> Entry:
    return entry_of({person(user.email): answer})


def answers(seen: Copy | Activity | None) -> dict[str, Answer]:
    assert seen is not None, "it is there"
    assert seen.entry.people is not UNKNOWN, "its people were read"
    assert seen.entry.people.is_whole
    return dict(seen.entry.people.answers)


# Google


async def copy(google: Google, user: User, ref: str = REF) -> Copy:
    seen = await google.calendar.read(user, ref)
    assert seen is not None
    return seen


async def listed(google: Google, user: User, cursor: str | None) -> tuple[set[str], set[str], str]:
    """Return which events a listing shows, which it says are gone, and its cursor."""
    seen, gone, reached = set(), set(), None
    async for page in google.calendar.changes(user, cursor):
        seen |= {copy.ref for copy in page.seen}
        gone |= set(page.gone)
        reached = page.cursor
    assert reached is not None, "a listing ends with a cursor"
    return seen, gone, reached


async def change(google: Google, user: User, seen: Copy, change: Entry) -> Copy:
    return await google.calendar.change(user, seen, change, type_guid="", mark=seen.mark)


async def test_an_event_for_one_shows_its_organizer(google: Google) -> None:
    made = await google.calendar.create(google.anna, REF, meeting(), mark=None)

    assert answers(made) == {google.anna.email: Answer.ACCEPTED}
    assert (made.address, made.organizer) == (google.anna.email, google.anna.email)
    with pytest.raises(Gone):
        await google.calendar.read(google.ben, REF)


async def test_e2_a_meeting_shows_the_same_people_on_every_copy(google: Google) -> None:
    entry = meeting(google.ben, google.cara)

    made = await google.calendar.create(google.anna, REF, entry, mark=None)

    assert made.entry == entry
    for user in (google.ben, google.cara):
        theirs = await copy(google, user)
        assert theirs.entry == made.entry
        assert (theirs.ref, theirs.uid, theirs.user) == (made.ref, made.uid, user.guid)
        assert (theirs.address, theirs.organizer) == (user.email, google.anna.email)
        assert not theirs.is_organizer
        assert theirs.mark is None


@pytest.mark.parametrize("is_by_hand", [True, False])
async def test_e5_a_guests_own_answer_flows_to_every_copy(google: Google, is_by_hand: bool) -> None:
    entry = meeting(google.ben, google.cara)
    made = await google.calendar.create(google.anna, REF, entry, mark=None)

    if is_by_hand:
        google.people.answer(google.ben, REF, Answer.TENTATIVE)
    else:
        own = part(google.ben, Answer.TENTATIVE)
        after = await change(google, google.ben, await copy(google, google.ben), own)
        assert after == await copy(google, google.ben)

    expected = answers(made) | {google.ben.email: Answer.TENTATIVE}
    for user in (google.anna, google.ben, google.cara):
        assert answers(await copy(google, user)) == expected
    assert (await copy(google, google.anna)).version != made.version


async def test_an_answer_that_came_meanwhile_is_not_written_over(google: Google) -> None:
    entry = meeting(google.ben)
    made = await google.calendar.create(google.anna, REF, entry, mark=None)
    google.people.answer(google.ben, REF, Answer.ACCEPTED)

    with pytest.raises(Stale):
        await change(google, google.anna, made, part(google.cara, Answer.NONE))

    assert google.cara.email not in answers(await copy(google, google.anna))


async def test_e8_of_the_people_only_those_named_are_touched(google: Google) -> None:
    people = People.of({google.ben.email: Answer.DECLINED, GUEST: Answer.TENTATIVE})
    ref = google.people.add(google.anna, meeting(people=people))
    seen = await copy(google, google.anna, ref)
    before = answers(seen)

    joined = await change(google, google.anna, seen, part(google.cara, Answer.NONE))
    left = await change(google, google.anna, joined, part(google.ben, Answer.OUT))

    assert before == dict(people.answers) | {google.anna.email: Answer.ACCEPTED}
    assert answers(joined) == before | {google.cara.email: Answer.NONE}
    assert answers(left) == {a: v for a, v in answers(joined).items() if a != google.ben.email}
    assert not differing(left.entry, joined.entry) - {person(google.ben.email)}


async def test_who_is_added_has_a_copy_and_who_is_taken_out_has_none(google: Google) -> None:
    made = await google.calendar.create(google.anna, REF, meeting(google.ben), mark=None)
    cursors = {user: (await listed(google, user, None))[2] for user in (google.ben, google.cara)}
    google.clock.move(seconds=5)

    swap = entry_of({person(google.ben.email): Answer.OUT, person(google.cara.email): Answer.NONE})
    await change(google, google.anna, made, swap)

    assert await google.calendar.read(google.ben, REF) is None
    assert answers(await copy(google, google.cara)) == answers(await copy(google, google.anna))
    assert (await listed(google, google.ben, cursors[google.ben]))[:2] == (set(), {REF})
    assert (await listed(google, google.cara, cursors[google.cara]))[:2] == ({REF}, set())


async def test_people_and_fields_are_changed_together(google: Google) -> None:
    made = await google.calendar.create(google.anna, REF, meeting(), mark=None)
    both = part(google.ben, Answer.NONE).over(Entry(title="New"))

    after = await change(google, google.anna, made, both)

    assert (after.entry.title, answers(after)) == ("New", answers(await copy(google, google.ben)))
    assert google.ben.email in answers(after)


async def test_the_organizers_edit_reaches_the_guests_and_leaves_the_answers(
    google: Google,
) -> None:
    await google.calendar.create(google.anna, REF, meeting(google.ben), mark=None)
    google.people.answer(google.ben, REF, Answer.ACCEPTED)

    after = await change(google, google.anna, await copy(google, google.anna), Entry(title="New"))

    assert (await copy(google, google.ben)).entry == after.entry
    assert answers(after)[google.ben.email] is Answer.ACCEPTED


async def test_what_is_so_already_is_not_written(google: Google) -> None:
    made = await google.calendar.create(google.anna, REF, meeting(google.ben), mark=None)

    same = await change(google, google.anna, made, part(google.ben, Answer.NONE))
    owner = await change(google, google.anna, made, part(google.anna, Answer.OUT))

    assert same == owner == made == await copy(google, google.anna)


@pytest.mark.parametrize("is_by_hand", [True, False])
async def test_e6_whoever_deletes_the_own_copy_declines(google: Google, is_by_hand: bool) -> None:
    entry = meeting(google.ben, google.cara)
    made = await google.calendar.create(google.anna, REF, entry, mark=None)

    if is_by_hand:
        google.people.delete(google.ben, REF)
    else:
        await google.calendar.remove(google.ben, await copy(google, google.ben))

    assert await google.calendar.read(google.ben, REF) is None
    for user in (google.anna, google.cara):
        expected = answers(made) | {google.ben.email: Answer.DECLINED}
        assert answers(await copy(google, user)) == expected


@pytest.mark.parametrize("is_by_hand", [True, False])
async def test_e6_with_the_organizers_event_all_copies_go(google: Google, is_by_hand: bool) -> None:
    entry = meeting(google.ben, google.cara)
    made = await google.calendar.create(google.anna, REF, entry, mark=None)

    if is_by_hand:
        google.people.delete(google.anna, REF)
    else:
        await google.calendar.remove(google.anna, made)

    for user in (google.anna, google.ben, google.cara):
        assert await google.calendar.read(user, REF) is None


# Severa


async def make(severa: Severa) -> Activity:
    kind = severa.kinds["Meeting"]
    return await severa.calendar.create(severa.anna, meeting(severa.ben), type_guid=kind)


async def seat(severa: Severa, seen: Activity, user: User, answer: Answer) -> Activity:
    return await severa.calendar.change(
        severa.anna, seen, part(user, answer), type_guid="", mark=None
    )


async def all_changes(severa: Severa, since: datetime) -> list[Activity]:
    return [one async for page in severa.calendar.changes(since) for one in page.seen]


async def test_an_activity_is_made_with_its_owner_alone(severa: Severa) -> None:
    made = await make(severa)

    assert answers(made) == {severa.anna.email: Answer.ACCEPTED}
    assert made.members == frozenset()
    assert await severa.calendar.read(severa.anna, made.ref) == made


@pytest.mark.parametrize("answer", [one for one in Answer if one is not Answer.OUT])
async def test_somebody_joins_with_an_answer_and_leaves(severa: Severa, answer: Answer) -> None:
    made = await make(severa)

    joined = await seat(severa, made, severa.ben, answer)
    both = await seat(severa, joined, severa.cara, Answer.NONE)
    left = await seat(severa, both, severa.ben, Answer.OUT)

    assert answers(joined) == answers(made) | {severa.ben.email: answer}
    assert joined.members == {severa.ben.guid}
    assert answers(both) == answers(joined) | {severa.cara.email: Answer.NONE}
    assert answers(left) == answers(made) | {severa.cara.email: Answer.NONE}
    assert await severa.calendar.read(severa.anna, made.ref) == left


async def test_an_answer_is_not_changed_in_place(severa: Severa) -> None:
    joined = await seat(severa, await make(severa), severa.ben, Answer.NONE)

    with pytest.raises(Stale):
        await seat(severa, joined, severa.ben, Answer.ACCEPTED)

    assert await severa.calendar.read(severa.anna, joined.ref) == joined


async def test_what_is_so_already_stays_as_it_is(severa: Severa) -> None:
    joined = await seat(severa, await make(severa), severa.ben, Answer.DECLINED)

    assert await seat(severa, joined, severa.ben, Answer.DECLINED) == joined
    assert await seat(severa, joined, severa.cara, Answer.OUT) == joined


@pytest.mark.parametrize("answer", list(Answer))
async def test_the_owner_stays(severa: Severa, answer: Answer) -> None:
    made = await make(severa)

    assert await seat(severa, made, severa.anna, answer) == made


async def test_people_change_by_hand_and_are_read_by_activity(severa: Severa) -> None:
    invited = meeting(severa.ben, severa.cara)
    ref = severa.people.add(severa.anna, invited, severa.kinds["Meeting"])
    severa.people.edit(severa.anna, ref, part(severa.ben, Answer.TENTATIVE))
    severa.people.edit(severa.anna, ref, part(severa.cara, Answer.OUT))
    (row,) = await all_changes(severa, LONG_AGO)

    read = await severa.calendar.read(severa.anna, ref)
    asked = await severa.calendar.people(severa.anna, row)

    assert (row.entry.people, row.members) == (UNKNOWN, frozenset())
    assert answers(read) == {
        severa.anna.email: Answer.ACCEPTED,
        severa.ben.email: Answer.TENTATIVE,
    }
    assert asked == read


async def test_a_participant_leaves_no_stamp(severa: Severa) -> None:
    made = await make(severa)
    severa.clock.move(minutes=10)
    since = severa.clock.now

    await seat(severa, made, severa.ben, Answer.NONE)
    severa.people.edit(severa.anna, made.ref, part(severa.cara, Answer.NONE))

    assert await all_changes(severa, since) == []


async def test_a_window_shows_what_these_users_take_part_in(severa: Severa) -> None:
    made = await make(severa)
    await make(severa)
    await seat(severa, made, severa.ben, Answer.DECLINED)

    pages = severa.calendar.of_users([severa.ben.guid], None, None)
    (row,) = [one async for page in pages for one in page.seen]

    assert (row.ref, row.user) == (made.ref, severa.anna.guid)
    assert (row.entry.people, row.members) == (UNKNOWN, frozenset())


async def test_a_changed_field_leaves_the_people(severa: Severa) -> None:
    joined = await seat(severa, await make(severa), severa.ben, Answer.ACCEPTED)

    after = await severa.calendar.change(
        severa.anna, joined, Entry(title="New"), type_guid="", mark=None
    )

    assert (answers(after), after.members) == (answers(joined), joined.members)
    assert await severa.calendar.read(severa.anna, joined.ref) == after


async def test_what_is_deleted_has_no_people(severa: Severa) -> None:
    made = await make(severa)
    severa.people.delete(severa.anna, made.ref)

    with pytest.raises(Gone):
        await severa.calendar.people(severa.anna, made)
    with pytest.raises(Gone):
        await seat(severa, made, severa.ben, Answer.NONE)
