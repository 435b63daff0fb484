"""One suite for the ports of both calendars: doubles and real clients agree in all that the engine can see."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from daemon.core.channel import Opened
from daemon.core.company import User
from daemon.core.entry import Entry, Timed, differing
from daemon.core.link import Mark
from daemon.errors import CursorExpired, Exists, Forbidden, Gone, Refused, Stale
from daemon.secret import Secret

from . import calendars
from .calendars import START, Google, Severa

HOUR = timedelta(hours=1)
LONG_AGO = START - timedelta(days=1)
REF = "0123456789abcdefghijklmnopqrstuv0"


def entry(title: str = "Review", **fields: Any) -> Entry:
    rest: dict[str, Any] = {
        "when": Timed(START + HOUR, START + 2 * HOUR),
        "location": "Room 1",
        "notes": "Bring the plan.",
        "private": False,
    }
    return Entry(title=title, **(rest | fields))


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


# Google


async def listed(google: Google, cursor: str | None = None) -> tuple[set[str], set[str], str]:
    """Return which events a listing shows, which it says are gone, and its cursor."""
    seen, gone, reached = set(), set(), None
    async for page in google.calendar.changes(google.anna, cursor):
        seen |= {copy.ref for copy in page.seen}
        gone |= set(page.gone)
        reached = page.cursor
    assert reached is not None, "a listing ends with a cursor"
    return seen, gone, reached


async def test_an_event_is_made_under_the_id_that_was_chosen(google: Google) -> None:
    mark = Mark("a1", REF)

    made = await google.calendar.create(google.anna, REF, entry(), mark=mark)

    assert (made.ref, made.user, made.mark) == (REF, google.anna.guid, mark)
    assert not differing(made.entry, entry())
    assert await google.calendar.read(google.anna, REF) == made
    assert made.is_organizer
    assert made.is_writable


async def test_an_event_is_found_by_the_mark_that_it_was_given_and_no_copy_of_it_is_c4(
    google: Google,
) -> None:
    mark, other = Mark("a1", REF), REF[:-1] + "1"
    await google.calendar.create(google.anna, other, entry("Copy"), mark=mark)
    assert await google.calendar.marked(google.anna, "a1") is None
    made = await google.calendar.create(google.anna, REF, entry(), mark=mark)

    assert await google.calendar.marked(google.anna, "a1") == made
    assert await google.calendar.marked(google.anna, "a2") is None

    await google.calendar.remove(google.anna, made)
    assert await google.calendar.marked(google.anna, "a1") is None


async def test_an_id_is_never_free_again(google: Google) -> None:
    made = await google.calendar.create(google.anna, REF, entry(), mark=None)
    with pytest.raises(Exists):
        await google.calendar.create(google.anna, REF, entry(), mark=None)

    await google.calendar.remove(google.anna, made)

    with pytest.raises(Exists):
        await google.calendar.create(google.anna, REF, entry(), mark=None)


async def test_a_deleted_event_reads_as_none_and_an_unknown_one_is_gone(google: Google) -> None:
    ref = google.people.add(google.anna, entry())
    google.people.delete(google.anna, ref)

    assert await google.calendar.read(google.anna, ref) is None
    with pytest.raises(Gone):
        await google.calendar.read(google.ben, ref)
    assert await google.calendar.answers(google.ben, ref)


async def test_a_change_touches_nothing_but_what_it_names(google: Google) -> None:
    ref = google.people.add(google.anna, entry())
    seen = await google.calendar.read(google.anna, ref)
    assert seen is not None

    after = await google.calendar.change(
        google.anna, seen, Entry(title="New"), type_guid="", mark=None
    )

    assert after.entry.title == "New"
    assert differing(after.entry, entry()) == {"title"}
    assert after.version != seen.version
    assert await google.calendar.read(google.anna, ref) == after


async def test_nothing_is_written_over_what_changed_meanwhile(google: Google) -> None:
    ref = google.people.add(google.anna, entry())
    seen = await google.calendar.read(google.anna, ref)
    assert seen is not None
    google.people.edit(google.anna, ref, Entry(notes="Changed."))

    with pytest.raises(Stale):
        await google.calendar.change(google.anna, seen, Entry(title="New"), type_guid="", mark=None)
    with pytest.raises(Stale):
        await google.calendar.remove(google.anna, seen)


async def test_nothing_is_written_to_what_is_deleted(google: Google) -> None:
    ref = google.people.add(google.anna, entry())
    seen = await google.calendar.read(google.anna, ref)
    assert seen is not None
    google.people.delete(google.anna, ref)

    with pytest.raises(Stale):
        await google.calendar.change(google.anna, seen, Entry(title="New"), type_guid="", mark=None)
    with pytest.raises(Gone):
        await google.calendar.remove(google.anna, seen)


async def test_a_whole_listing_shows_what_lives_and_an_increment_what_changed(
    google: Google,
) -> None:
    kept = google.people.add(google.anna, entry("kept"))
    lost = google.people.add(google.anna, entry("lost"))
    google.people.add(google.ben, entry("of Ben"))
    seen, gone, cursor = await listed(google)
    assert (seen, gone) == ({kept, lost}, set())
    assert await listed(google, cursor) == (set(), set(), cursor)

    google.clock.move(seconds=5)
    google.people.delete(google.anna, lost)
    google.people.edit(google.anna, kept, Entry(title="edited"))

    seen, gone, later = await listed(google, cursor)
    assert (seen, gone) == ({kept}, {lost})
    assert later != cursor
    assert (await listed(google))[:2] == ({kept}, set())


async def test_a_cursor_expires(google: Google) -> None:
    _, _, cursor = await listed(google)
    google.people.expire_cursors(google.anna)

    with pytest.raises(CursorExpired):
        await listed(google, cursor)


async def test_google_gives_a_length_to_what_has_none(google: Google) -> None:
    todo = entry(when=Timed(START, None))

    made = await google.calendar.create(google.anna, REF, todo, mark=None)

    assert made.entry.when == Timed(START, START + timedelta(minutes=15))


async def test_a_description_that_is_too_long_is_cut(google: Google) -> None:
    made = await google.calendar.create(google.anna, REF, entry(notes="x" * 9000), mark=None)

    assert made.entry.notes == "x" * 8191 + "…"


async def test_an_event_made_again_gets_what_the_deleted_one_held_d7(google: Google) -> None:
    ref = google.people.add(google.anna, entry())
    google.people.furnish(google.anna, ref)
    held = google.people.furnished(google.anna, ref)
    seen = await google.calendar.read(google.anna, ref)
    assert seen is not None
    await google.calendar.remove(google.anna, seen)

    made = await google.calendar.create(
        google.anna, REF, seen.entry, mark=None, original=seen.original
    )

    assert held
    assert google.people.furnished(google.anna, made.ref) == held
    assert (made.entry, made.left_out) == (seen.entry, ())
    lost = google.calendar.lost_in(seen.original)
    assert [words.removeprefix("the ") for words in lost] == ["conference link"]


# Severa


async def all_changes(severa: Severa, since: datetime) -> tuple[list[str], datetime]:
    """Return what a listing of changes shows, in any order, and how far it came."""
    refs, reached = [], None
    async for page in severa.calendar.changes(since):
        refs += [activity.ref for activity in page.seen]
        reached = page.cursor
    assert reached is not None, "a listing ends with a cursor"
    return sorted(refs), datetime.fromisoformat(reached)


async def make(severa: Severa, shown: Entry | None = None, kind: str = "Meeting") -> Any:
    return await severa.calendar.create(severa.anna, shown or entry(), type_guid=severa.kinds[kind])


async def test_an_activity_is_made_and_names_its_maker(severa: Severa) -> None:
    by_hand = severa.people.add(severa.anna, entry("by hand"), severa.kinds["Meeting"])

    made = await make(severa)

    assert not differing(made.entry, entry())
    assert made.user == severa.anna.guid
    assert made.created_at == START
    assert made.updated_at is None
    assert await severa.calendar.read(severa.anna, made.ref) == made
    other = await severa.calendar.read(severa.anna, by_hand)
    assert other is not None
    assert made.created_by not in ("", other.created_by)


async def test_a_create_that_is_repeated_makes_a_twin_and_both_are_found(severa: Severa) -> None:
    one, two = await make(severa), await make(severa)
    await make(severa, entry("another"))

    found = await severa.calendar.find(severa.anna, entry(), since=START)

    assert {activity.ref for activity in found} == {one.ref, two.ref}
    assert not await severa.calendar.find(severa.ben, entry(), since=START)
    assert not await severa.calendar.find(severa.anna, entry(), since=START + HOUR)


async def test_a_deleted_activity_is_not_found_and_leaves_no_trace(severa: Severa) -> None:
    kept, lost = await make(severa), await make(severa)
    severa.people.delete(severa.anna, lost.ref)

    with pytest.raises(Gone):
        await severa.calendar.read(severa.anna, lost.ref)
    assert await severa.calendar.answers(severa.anna, kept.ref)
    assert not await severa.calendar.answers(severa.anna, lost.ref)
    assert await severa.calendar.answers(severa.anna, "")
    assert (await all_changes(severa, LONG_AGO))[0] == [kept.ref]


async def test_a_change_asks_only_whether_its_own_fields_are_as_they_were(severa: Severa) -> None:
    seen = await make(severa)
    severa.clock.move(minutes=1)
    severa.people.edit(severa.anna, seen.ref, Entry(notes="Changed."))

    after = await severa.calendar.change(
        severa.anna, seen, Entry(title="New"), type_guid="", mark=None
    )
    with pytest.raises(Stale):
        await severa.calendar.change(
            severa.anna, seen, Entry(title="Newer"), type_guid="", mark=None
        )

    assert (after.entry.title, after.entry.notes) == ("New", "Changed.")
    assert after.updated_at == severa.clock.now


async def test_a_removal_asks_whether_anything_is_another(severa: Severa) -> None:
    seen = await make(severa)
    severa.people.edit(severa.anna, seen.ref, Entry(notes="Changed."))

    with pytest.raises(Stale):
        await severa.calendar.remove(severa.anna, seen)

    now = await severa.calendar.read(severa.anna, seen.ref)
    assert now is not None
    await severa.calendar.remove(severa.anna, now)
    with pytest.raises(Gone):
        await severa.calendar.remove(severa.anna, now)
    with pytest.raises(Gone):
        await severa.calendar.change(severa.anna, now, Entry(title="New"), type_guid="", mark=None)


async def test_an_activity_with_hours_stays(severa: Severa) -> None:
    seen = await make(severa)
    severa.people.book_hours(seen.ref)

    with pytest.raises(Forbidden):
        await severa.calendar.remove(severa.anna, seen)

    now = await severa.calendar.read(severa.anna, seen.ref)
    assert now is not None
    assert now.has_hours
    assert not now.is_bare


async def test_an_activity_made_again_gets_what_the_deleted_one_held_d7(severa: Severa) -> None:
    ref = severa.people.add(severa.anna, entry(), severa.kinds["Internal"])
    severa.people.furnish(ref)
    held = severa.people.furnished(ref)
    seen = await severa.calendar.read(severa.anna, ref)
    assert seen is not None
    await severa.calendar.remove(severa.anna, seen)
    kind = severa.calendar.type_in(seen.original)

    made = await severa.calendar.create(
        severa.anna, seen.entry, type_guid=kind, original=seen.original
    )

    assert held
    assert severa.people.furnished(made.ref) == held
    assert (made.type, made.is_bare) == (severa.kinds["Internal"], False)
    assert (made.entry, made.left_out) == (seen.entry, ())
    assert severa.calendar.lost_in(seen.original) == ()


async def test_a_type_says_what_is_private_and_keeps_its_category(severa: Severa) -> None:
    secret = await make(severa, entry(private=True), "Personal")
    seen = await make(severa)
    assert secret.entry.private is True

    with pytest.raises(Forbidden) as refused:
        await severa.calendar.change(
            severa.anna,
            seen,
            Entry(private=True),
            type_guid=severa.kinds["Personal"],
            mark=None,
        )

    assert refused.value.reason == "InvalidOperation"
    severa.people.retype(severa.anna, seen.ref, severa.kinds["Internal"])
    now = await severa.calendar.read(severa.anna, seen.ref)
    assert now is not None
    assert (now.type, now.entry) == (severa.kinds["Internal"], seen.entry)


async def test_changes_are_listed_from_their_very_stamp_on_and_once_more(severa: Severa) -> None:
    old = await make(severa)
    severa.clock.move(minutes=10)
    new = await make(severa)
    reached = severa.clock.now

    assert await all_changes(severa, LONG_AGO) == (sorted([old.ref, new.ref]), reached)
    assert await all_changes(severa, reached) == ([new.ref], reached)

    severa.clock.move(minutes=10)
    severa.people.edit(severa.anna, old.ref, Entry(title="edited"))

    both = sorted([old.ref, new.ref])
    assert await all_changes(severa, reached) == (both, severa.clock.now)


async def test_a_window_shows_what_these_users_own_in_it(severa: Severa) -> None:
    inside = await make(severa)
    later = START + timedelta(days=40)
    outside = await make(severa, entry(when=Timed(later, later + HOUR)))
    severa.people.add(severa.ben, entry(), severa.kinds["Meeting"])

    async def owned(start: datetime | None, end: datetime | None) -> set[str]:
        pages = severa.calendar.of_users([severa.anna.guid], start, end)
        return {activity.ref async for page in pages for activity in page.seen}

    assert await owned(START, START + timedelta(days=14)) == {inside.ref}
    assert await owned(None, None) == {inside.ref, outside.ref}


@pytest.mark.parametrize(
    "shown", [entry("x" * 201), entry(""), entry(notes="x" * 10_001), entry(location="x" * 1_001)]
)
async def test_severa_refuses_what_is_too_long_or_has_no_name(severa: Severa, shown: Entry) -> None:
    with pytest.raises(Refused):
        await make(severa, shown)


async def test_severa_tells_its_time_its_types_and_its_users(severa: Severa) -> None:
    severa.clock.move(seconds=90.5)

    kinds, users = await severa.calendar.types(), await severa.calendar.users()

    assert await severa.calendar.time() == severa.clock.now.replace(microsecond=0)
    assert {kind.name: kind.guid for kind in kinds} == severa.kinds
    assert [kind.name for kind in kinds if kind.is_default] == ["Meeting"]
    staff = (severa.anna, severa.ben, severa.cara)
    assert {user.email for user in users} == {user.email for user in staff}


# Push channels

WEEK = timedelta(days=7)
ADDRESS = "http://127.0.0.1:9/v1/google/notifications"


async def watched(google: Google, user: User, name: str) -> Opened:
    token = Secret("a token that nobody guesses")
    return await google.calendar.watch(user, name, token, address=ADDRESS, life=WEEK)


async def test_a_channel_has_an_end_and_its_calendars_own_resource(google: Google) -> None:
    one = await watched(google, google.anna, "c-1")
    two = await watched(google, google.anna, "c-2")
    bens = await watched(google, google.ben, "c-3")

    assert one.resource_id == two.resource_id != bens.resource_id
    assert google.clock.now < one.expires_at <= google.clock.now + WEEK


async def test_a_channels_id_is_used_once(google: Google) -> None:
    opened = await watched(google, google.anna, "c-1")
    await google.calendar.stop(google.anna, "c-1", opened.resource_id)

    with pytest.raises(Refused) as refused:
        await watched(google, google.anna, "c-1")

    assert refused.value.reason == "channelIdNotUnique"


async def test_a_channel_that_is_gone_or_was_never_there_is_stopped(google: Google) -> None:
    opened = await watched(google, google.anna, "c-1")

    for name, resource in (("c-1", opened.resource_id), ("c-1", opened.resource_id), ("c-9", "x")):
        await google.calendar.stop(google.anna, name, resource)
