"""What reviews found in entries that several people share, or could take for shared: each once, from both calendars."""

from dataclasses import replace

import pytest

from daemon.core.company import User
from daemon.core.entry import UNKNOWN, People
from daemon.core.fit import MASK
from daemon.core.link import Mark, Side, Stand
from daemon.core.reconcile import next_action
from daemon.core.view import Write
from tests.core.given import view
from tests.core.meetings import ANNS, just, met
from tests.doubles.severa import Company
from tests.doubles.store import MemoryStore

from .interrupted import ANN, BEN, CAT, Guests, Interrupted, _entry
from .scenarios import NONE, OUT, YES, one_synced
from .world import INTERNAL, KINDS, OUTSIDE, PERSONAL

LONG_AGO_H = -40 * 24


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
async def office(store: MemoryStore) -> Interrupted:
    """Return three people's calendars with two entries of Ann's in step."""
    office = Interrupted(store, with_others=True)
    await office.switch_on()
    one_synced(office)
    await office.settle()
    return office


def stands(store: MemoryStore) -> set[Stand]:
    return {record.link.standing.stand for record in store.records.values()}


def plan_of(owner: User, office: Interrupted, guests: Guests) -> str:
    """Let somebody make a meeting in Severa."""
    return office.severa.person_add(owner.guid, _entry("shared", 5, guests)).ref


def marked_for(office: Interrupted, user: User, ref: str, activity: str) -> None:
    """Put our mark on somebody's event, as anybody can who writes to that calendar."""
    copy = office.google.event(user.guid, ref)
    office.google._put(replace(copy, mark=Mark(activity, ref)))


async def test_a_mark_on_ones_own_event_reaches_nobody_elses_activity_c4(
    office: Interrupted,
) -> None:
    anns = office.add_activity("Ann's", 5, kind=INTERNAL.guid)
    await office.settle()

    bens = office.add_event("Ben's", 6, organizer=BEN.guid)
    marked_for(office, BEN, bens, anns)
    await office.settle((31, 31, 1000))
    office.edit_activity("Ann's", notes="not for Ben")
    await office.settle((31, 31, 1000))

    assert office.entry(Side.GOOGLE, "Ben's").notes == ""
    assert office.severa.rows[anns].entry.title == "Ann's"
    assert office.titles(Side.SEVERA) == ["Ann's", "Ben's", "kept", "plan"]


async def test_what_became_private_is_told_to_nobody_without_a_personal_type_b4(
    store: MemoryStore,
) -> None:
    office = Interrupted(store, with_others=True)
    kinds = tuple(kind for kind in KINDS if kind != PERSONAL)
    office.severa.company = Company(office.users, kinds)
    await office.switch_on()
    office.add_event("plan", 2)
    await office.settle()
    ref = office.activity("plan")
    office.edit_activity("plan", INTERNAL.guid)
    await office.settle()

    told = []
    for named, change in (
        ("plan", {"title": "doctor", "notes": "knee", "private": True}),
        ("doctor", {"notes": "hip", "location": "clinic"}),
    ):
        office.edit_event(named, **change)
        await office.settle((31, 31, 1000))
        shown = office.severa.rows[ref].entry
        told.append((shown.title, shown.notes, shown.location))

    assert told == [(MASK, "", "")] * 2
    assert (office.severa.rows[ref].type, list(office.severa.rows)) == (INTERNAL.guid, [ref])


class TestAMeetingOfSomebodyWithoutSync:
    """E1, D2: Cat does not use the sync and owns a meeting that Ann shares."""

    @pytest.fixture
    async def shared(self, office: Interrupted) -> Interrupted:
        asked = plan_of(CAT, office, {ANN: NONE})
        await office.settle((31, 31, 1000))
        assert office.google.event(CAT.guid, office.event("shared")).is_organizer
        assert asked in office.severa.rows
        return office

    async def test_deleted_in_severa_it_goes_from_google_and_is_not_held_d2_e1(
        self, shared: Interrupted, store: MemoryStore
    ) -> None:
        shared.delete_activity("shared")
        await shared.settle((31, 31, 1000))

        assert "shared" not in shared.titles(Side.GOOGLE)
        assert stands(store) == {Stand.LIVE}

    async def test_deleted_in_google_it_goes_from_severa_and_is_not_held_d2_e1(
        self, shared: Interrupted, store: MemoryStore
    ) -> None:
        shared.delete_event("shared", CAT)
        await shared.settle((31, 31, 1000))

        assert "shared" not in shared.titles(Side.SEVERA)
        assert stands(store) == {Stand.LIVE}


async def test_who_joins_a_meeting_that_concerned_nobody_is_seen_in_the_near_window_e1(
    office: Interrupted,
) -> None:
    plan_of(CAT, office, {})
    await office.settle((31, 31))
    assert "shared" not in office.titles(Side.GOOGLE)

    office.invite_in_severa("shared", {BEN: NONE})  # Which leaves no stamp.
    await office.settle((31, 31, 1000))

    assert office.taking_part(Side.GOOGLE, "shared")["ben"] is NONE


async def test_who_comes_back_to_a_meeting_that_concerned_nobody_any_more_is_seen_e1(
    office: Interrupted,
) -> None:
    plan_of(CAT, office, {BEN: NONE})
    await office.settle((31, 31, 1000))
    office.invite_in_severa("shared", {BEN: OUT})
    await office.settle((31, 31, 1000))
    assert "ben" not in office.taking_part(Side.GOOGLE, "shared")

    office.invite_in_severa("shared", {BEN: NONE})
    await office.settle((31, 31, 1000))

    assert office.taking_part(Side.GOOGLE, "shared")["ben"] is NONE


def test_who_is_invited_before_the_people_are_agreed_is_invited_c1_d1() -> None:
    asked, alone = met(bob=NONE), met()
    base = (replace(asked, people=UNKNOWN), alone)

    action = next_action(view(asked, alone, base, keepers=ANNS))

    assert action == Write(Side.GOOGLE, *just("bob"), "D1")


async def test_a_deletion_that_only_the_sweep_sees_lifts_what_was_set_aside_r3(
    office: Interrupted, store: MemoryStore
) -> None:
    far_ahead = office.add_activity("far", 40 * 24)
    office.edit_activity("far", notes="two words")
    await office.settle()
    with office.short_of_words():
        office.edit_activity("far", notes="two words more")
        await office.settle()
    assert Stand.SET_ASIDE in stands(store), "Google did not take the third word"

    office.severa.person_delete(far_ahead)
    await office.settle((31,) * 8)

    assert office.titles(Side.GOOGLE) == ["kept", "plan"]


async def test_a_guest_calls_nothing_off_for_a_deletion_in_severa_d6(
    office: Interrupted, store: MemoryStore
) -> None:
    ref = office.add_event("theirs", 5, guests={ANN: NONE, BEN: NONE}, organizer=OUTSIDE)
    for guest in (ANN, BEN):  # The organizer lets guests change it.
        office.google._put(replace(office.google.event(guest.guid, ref), is_writable=True))
    await office.settle()

    office.delete_activity("theirs")
    await office.settle((31, 31, 1000))

    assert {copy.user for copy in office.google.copies() if copy.ref == ref} == {
        ANN.guid,
        BEN.guid,
        OUTSIDE,
    }
    assert office.titles(Side.SEVERA) == ["kept", "plan"]
    assert Stand.PARTED in stands(store)


async def test_one_who_takes_part_organizes_for_an_owner_unknown_to_google_e3(
    office: Interrupted,
) -> None:
    office.closed.add(CAT.guid)

    plan_of(CAT, office, {BEN: NONE})
    await office.settle((31, 31, 1000))

    assert office.titles(Side.SEVERA) == office.titles(Side.GOOGLE) == ["kept", "plan", "shared"]
    assert office.google.living()[office.event("shared")].organizer == BEN.email


@pytest.mark.parametrize("side", Side)
async def test_an_old_pair_is_matched_unwritten_and_edited_later_without_a_double_c2_c3(
    store: MemoryStore, side: Side
) -> None:
    office = Interrupted(store, with_others=True)
    await office.switch_on()
    office.add_activity("old", LONG_AGO_H)
    office.add_event("old", LONG_AGO_H)
    await office.settle()
    assert office.writes == 0

    edit = office.edit_event if side is Side.GOOGLE else office.edit_activity
    edit("old", notes="minutes")
    await office.settle((31, 31, 1000))

    assert [office.entry(one, "old").notes for one in Side] == ["minutes", "minutes"]


def test_a_person_without_an_address_is_on_no_list_e8() -> None:
    listed = {"": NONE, BEN.email: YES}

    lists = [People.of(listed), People.of(listed, is_whole=False)]

    assert [dict(people.answers) for people in lists] == [{BEN.email: YES}] * 2


async def test_a_person_without_an_address_harms_no_meeting_e8(store: MemoryStore) -> None:
    nameless = User("api", "")
    office = Interrupted(store, with_others=True)
    office.severa.company = Company((*office.users, nameless), KINDS)
    await office.switch_on()

    plan_of(nameless, office, {ANN: YES, BEN: NONE})
    await office.settle((31, 31, 1000))

    assert office.taking_part(Side.GOOGLE, "shared") == {"ben": NONE}
    assert office.google.living()[office.event("shared")].organizer == ANN.email
    assert office.titles(Side.SEVERA) == ["shared"], "it was not doubled"
