"""Scenes in which yesterday's database is put back: what was made, replaced or removed since, it does not know (C4)."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from daemon.core.entry import Answer, Entry
from daemon.core.link import Side
from daemon.sync.anew import begin_anew
from daemon.sync.ports import Transaction
from tests.doubles.store import Kept, MemoryStore

from .interrupted import ANN, CAT, Interrupted, _entry, part
from .scenarios import MAYBE, NONE, left
from .world import INTERNAL, MEETING, OUTSIDE

CALM = (31, 31, 4000, 31)


def backup(office: Interrupted) -> Kept:
    assert isinstance(office._store, MemoryStore), "scenes are played on the double"
    return office._store.snapshot()


async def put_back(office: Interrupted, kept: Kept) -> None:
    """Put a backup in the place of the database, as an operator does, and start the daemon anew."""

    async def as_copy(tx: Transaction) -> None:
        await tx.save_settings(replace(await tx.settings(), is_copy=True))

    assert isinstance(office._store, MemoryStore)
    office._store.restore(kept)
    await office._store.write(as_copy)
    office._engine = office._born()


def add_for_cat(office: Interrupted, title: str) -> None:
    """Let Cat, who does not use the sync, make a meeting with Ann in Severa."""
    office.severa.person_add(
        CAT.guid, _entry(title, 5, {CAT: Answer.ACCEPTED, ANN: NONE}), MEETING.guid
    )


async def backup_of_what_is_replaced(office: Interrupted) -> Kept:
    """Return a backup that does not know that the activity of an event was made anew since."""
    office.add_event("first", 9)
    office.add_event("plan", 11)
    await office.settle()
    kept, before = backup(office), office.activity("plan")
    office.edit_event("plan", private=True)
    await office.settle(CALM)
    assert office.activity("plan") != before, "Severa takes no change of category"
    return kept


async def an_activity_that_was_replaced_since_is_the_events_still_c4(office: Interrupted) -> None:
    await put_back(office, await backup_of_what_is_replaced(office))
    await office.settle(CALM)

    left("first", "plan")(office)


async def one_that_was_replaced_and_renamed_since_is_shown_as_a_possible_double_c4(
    office: Interrupted,
) -> None:
    await put_back(office, await backup_of_what_is_replaced(office))
    office.edit_activity("plan", title="renamed")
    await office.settle(CALM)

    left("first", "plan", severa=("first", "renamed"))(office)


async def an_event_id_that_was_used_up_since_is_no_deletion_d2(office: Interrupted) -> None:
    office.add_activity("kept", 1)
    office.add_activity("plan", 2, kind=INTERNAL.guid)
    await office.settle()
    kept = backup(office)
    office.edit_activity("plan", kind=MEETING.guid)
    await office.settle(CALM)
    assert "plan" in office.titles(Side.GOOGLE)
    office.edit_activity("plan", kind=INTERNAL.guid)
    await office.settle(CALM)
    assert "plan" not in office.titles(Side.GOOGLE)
    await put_back(office, kept)
    await office.settle(CALM)
    office.edit_activity("plan", kind=MEETING.guid)
    await office.settle(CALM)

    left("kept", "plan")(office)


async def a_deletion_is_none_of_what_was_replaced_though_a_namesake_was_made_since_c4(
    office: Interrupted,
) -> None:
    office.add_event("first", 9)
    office.add_event("lunch", 2)
    await office.settle()
    kept = backup(office)
    deleted = office.activity("lunch")
    office.add_event("lunch", 30)
    await office.settle(CALM)
    await put_back(office, kept)
    office.severa.person_delete(deleted)
    await office.settle(CALM)

    assert office.titles(Side.SEVERA) == ["first", "lunch"], "nobody undoes the deletion"


async def what_was_on_its_way_to_google_then_and_removed_since_is_no_deletion_d2(
    office: Interrupted,
) -> None:
    office.late["insert"] = None
    office.add_activity("plan", 2)
    await office.settle((31,))
    kept = backup(office)
    office.land()
    await office.settle(CALM)
    assert "plan" in office.titles(Side.GOOGLE)
    office.edit_activity("plan", kind=INTERNAL.guid)
    await office.settle(CALM)
    await put_back(office, kept)
    office.edit_activity("plan", kind=MEETING.guid)
    await office.settle(CALM)

    left("plan")(office)


async def put_back_a_day_without_cats_plan(office: Interrupted) -> None:
    """Put a backup back that knows nothing of a meeting of Cat's on either side."""
    office.add_activity("kept", 1)
    await office.settle()
    kept = backup(office)
    add_for_cat(office, "plan")
    await office.settle(CALM)
    await put_back(office, kept)


async def the_event_of_a_colleague_without_sync_is_found_by_its_mark_c4(
    office: Interrupted,
) -> None:
    await put_back_a_day_without_cats_plan(office)
    office.google.person_delete(ANN.guid, office.event("plan"))
    office.edit_activity("plan", title="renamed")
    await office.settle(CALM)

    left("kept", "renamed")(office)


async def the_activity_of_a_colleague_without_sync_is_found_by_the_mark_c4(
    office: Interrupted,
) -> None:
    await put_back_a_day_without_cats_plan(office)
    ref = office.event("plan")
    office.google.person_edit(
        CAT.guid, ref, replace(_entry("moved", 20), people=office.entry(Side.GOOGLE, "plan").people)
    )
    office.edit_activity("plan", notes="edited")
    office.google.person_answers(ANN.guid, ref, MAYBE)
    await office.settle(CALM)

    assert len(office.titles(Side.GOOGLE)) == len(office.titles(Side.SEVERA)) == 2


async def a_meeting_whose_entry_was_given_another_event_since_is_one_more_entry_c4(
    office: Interrupted,
) -> None:
    office.add_activity("kept", 1)
    ref = office.add_event("plan", 2, guests={ANN: NONE}, organizer=OUTSIDE)
    await office.settle()
    kept, invited = backup(office), office.entry(Side.GOOGLE, "plan").people
    office.google.person_edit(OUTSIDE, ref, part({ANN: Answer.OUT}))
    office.edit_activity("plan", title="renamed")
    await office.settle(CALM)
    assert "renamed" in office.titles(Side.GOOGLE)
    await put_back(office, kept)
    office.google.person_edit(OUTSIDE, ref, Entry(people=invited))
    await office.settle(CALM)

    left("kept", "plan", "renamed")(office)


async def an_event_that_was_made_again_since_is_not_forgotten_with_its_activity_c4(
    office: Interrupted,
) -> None:
    office.add_activity("kept", 1)
    office.google.person_add(CAT.guid, _entry("plan", 2, {CAT: Answer.ACCEPTED, ANN: NONE}))
    await office.settle(CALM)
    kept = backup(office)
    office.delete_event("plan", CAT)
    office.edit_activity("plan", title="renamed")
    await office.settle(CALM)
    assert "renamed" in office.titles(Side.GOOGLE)
    await put_back(office, kept)
    office.delete_activity("renamed")
    await office.settle(CALM)

    left("kept", "renamed")(office)


async def a_trigger_makes_nothing_again_before_the_calendar_was_listed_c4(
    office: Interrupted,
) -> None:
    office.add_activity("kept", 1)
    office.add_event("plan", 2)
    await office.settle()
    kept = backup(office)
    await put_back(office, kept)
    await office.settle(CALM)
    office.delete_event("plan")
    office.edit_activity("plan", notes="edited")
    await office.settle(CALM)
    assert "plan" in office.titles(Side.GOOGLE), "made again, under a fresh id"
    await put_back(office, kept)
    await begin_anew(await office.tools())
    await office._engine.serve_activity(office.activity("plan"), ANN.guid, cause="trigger")
    await office.settle(CALM)

    left("kept", "plan")(office)


BACKUPS_ALONE: tuple[Callable[[Interrupted], Awaitable[None]], ...] = (
    an_activity_that_was_replaced_since_is_the_events_still_c4,
    one_that_was_replaced_and_renamed_since_is_shown_as_a_possible_double_c4,
    an_event_id_that_was_used_up_since_is_no_deletion_d2,
    a_deletion_is_none_of_what_was_replaced_though_a_namesake_was_made_since_c4,
    what_was_on_its_way_to_google_then_and_removed_since_is_no_deletion_d2,
    a_trigger_makes_nothing_again_before_the_calendar_was_listed_c4,
)
BACKUPS_TOGETHER: tuple[Callable[[Interrupted], Awaitable[None]], ...] = (
    the_event_of_a_colleague_without_sync_is_found_by_its_mark_c4,
    the_activity_of_a_colleague_without_sync_is_found_by_the_mark_c4,
    a_meeting_whose_entry_was_given_another_event_since_is_one_more_entry_c4,
    an_event_that_was_made_again_since_is_not_forgotten_with_its_activity_c4,
)
