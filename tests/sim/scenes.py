"""Scenes that take more than one interruption: floods, late landings, odd listings; each named for its promise."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from daemon.core.account import Stage, State
from daemon.core.company import User
from daemon.core.entry import UNKNOWN
from daemon.core.link import Side
from daemon.errors import Gone, Transient
from daemon.sync.ports import Store, Transaction
from daemon.sync.pull import Pull
from daemon.sync.settle import Settle
from daemon.sync.tools import policy_of
from tests.doubles.severa import ROBOT, Company

from .backups import BACKUPS_ALONE, BACKUPS_TOGETHER
from .beside import BESIDE_ALONE, BESIDE_TOGETHER
from .interrupted import ANN, BEN, CAT, Harm, Interrupted, _entry, part
from .scenarios import (
    NONE,
    OUT,
    YES,
    asked_by_an_outsider,
    left,
    one_from_google,
    one_synced,
    renamed_own_copy,
    shows,
)
from .world import INTERNAL, MEETING, PERSONAL, TASK


def in_step(office: Interrupted) -> Awaitable[None]:
    one_synced(office)
    return office.settle()


async def a_flood_of_deletions_waits_d5(office: Interrupted) -> None:
    for number in range(30):
        office.add_activity(f"plan {number}", number)
    await office.settle()
    for number in range(12):
        office.delete_event(f"plan {number}")
    await office.settle((31, 31, 4000))
    assert len(office.titles(Side.SEVERA)) == 30, "a flood waits"


async def a_flood_of_old_entries_waits_d5(office: Interrupted) -> None:
    await office.settle()
    for number in range(60):
        office.add_event(f"old {number}", -40 * 24 - number)
    await office.settle((31, 31, 4000))
    assert office.titles(Side.SEVERA) == [], "a flood waits"


async def what_was_deleted_while_sync_was_off_waits_c4(office: Interrupted) -> None:
    async def switch_on_again(tx: Transaction) -> None:
        account = await tx.account(ANN.guid)
        assert account is not None, "Ann uses the sync"
        again = replace(account, stage=Stage.LISTING, state=State.FIRST_SYNC, cursor=None)
        await tx.save_accounts([again])

    await in_step(office)
    office.delete_event("plan")
    await office.write(switch_on_again)
    await office.settle((31, 31, 31, 4000))
    left("kept", severa=("kept", "plan"))(office)


async def the_eleventh_write_within_an_hour_waits_r4(office: Interrupted) -> None:
    await in_step(office)
    office.hurt(0, Harm.DIES_AFTER)
    for number in range(16):
        office.edit_activity("plan", location=f"room {number}")
        await office.settle((200,))
    written = [step for step in office.steps if step.startswith("google patch")]
    assert len(written) <= 10, "another program answers us"


async def a_project_task_is_nobodys_event_b3(office: Interrupted) -> None:
    task = office.add_activity("plan", 2, kind=TASK.guid)
    office.add_event("plan", 2)
    await office.settle()
    office.edit_event("plan", notes="not for the project")
    await office.settle()
    left("plan", severa=("plan", "plan"))(office)
    assert office.severa.rows[task].entry.notes == ""


async def a_type_that_is_not_selected_takes_an_event_away_though_it_was_edited_b5(
    office: Interrupted,
) -> None:
    await in_step(office)
    office.edit_activity("plan", kind=INTERNAL.guid)
    office.edit_event("plan", notes="edited")
    await office.settle((31, 31, 4000))
    left("kept", severa=("kept", "plan"))(office)
    assert office.entry(Side.SEVERA, "plan").notes == "edited"


async def what_a_person_types_after_an_event_was_made_again_is_not_ours_d1(
    office: Interrupted,
) -> None:
    await in_step(office)
    office.edit_event("plan", notes="the same")
    office.late["patch"] = None
    await office.settle((31,))
    assert office.late.pop("patch"), "it never reaches Severa"
    office.delete_event("plan")
    office.edit_activity("plan", location="room 9")
    await office.settle((31, 31))
    assert office.entry(Side.GOOGLE, "plan").notes == ""
    office.edit_activity("plan", notes="the same")
    await office.settle((31, 31, 4000))
    shows("plan", notes="the same", location="room 9")(office)


async def a_whole_listing_that_comes_short_proves_nothing_d4(office: Interrupted) -> None:
    await in_step(office)
    office.google.expire_cursors(ANN.guid)
    with office.unlisted(office.event("plan")):
        await office.settle()
    await office.settle()
    left("kept", "plan")(office)


async def nobody_from_outside_is_told_of_to_severa_e8(office: Interrupted) -> None:
    zoe = User("zoe", "zoe@elsewhere.example", "Zoe")
    office.add_event("plan", 2, guests={BEN: NONE, zoe: NONE})
    await office.settle()
    office.answer("plan", BEN, YES)
    await office.settle((31, 31, 4000))
    assert office.taking_part(Side.SEVERA, "plan") == {"ben": YES}
    assert office.taking_part(Side.GOOGLE, "plan") == {"ben": YES, "zoe": NONE}


async def a_list_that_was_cut_is_never_written_e8(office: Interrupted) -> None:
    ref = office.add_event("plan", 2, guests={BEN: NONE})
    await office.settle()
    whole = office.google.event(ANN.guid, ref)
    cut = replace(part({ANN: YES}), title="cut")
    office.google._put(replace(whole, entry=cut.over(replace(whole.entry, people=UNKNOWN))))
    await office.settle()
    office.invite_in_severa("cut", {CAT: NONE})
    office.hurt(0, Harm.DIES_AFTER)
    await office.settle((31, 31, 4000))
    assert not [step for step in office.steps if step.startswith("google patch")]


async def who_was_added_unheard_is_nobodys_edit_however_late_that_is_seen_d2(
    office: Interrupted,
) -> None:
    office.add_event("plan", 24 * 60, guests={BEN: NONE})
    await office.settle()
    office.late["post person"] = None
    office.invite_in_google("plan", {CAT: NONE})
    await office.settle((31,))
    office.invite_in_google("plan", {CAT: OUT})
    await office.settle((31, 200, 31))
    office.land()
    office.wait(1200)
    office.delete_event("plan")
    await office.settle((31, 31, 4000))
    left()(office)


async def people_are_read_anew_after_an_edit_e5(office: Interrupted) -> None:
    for number in range(5):
        office.add_activity(f"other {number}", 5)
    office.add_activity("plan", 2, guests={BEN: NONE})
    await office.settle()
    office.invite_in_severa("plan", {CAT: NONE})
    office.edit_activity("plan", notes="with Cat")
    await office.settle((5,))
    assert office.taking_part(Side.GOOGLE, "plan") == {"ben": NONE, "cat": NONE}


async def a_removal_that_lands_late_is_nobodys_wish_d2(office: Interrupted) -> None:
    await in_step(office)
    office.delete_event("plan")
    office.late["delete"] = None
    await office.settle((31,))
    office.edit_activity("plan", notes="still wanted")
    await office.settle()
    office.land()
    await office.settle((31, 31, 1000, 4000, 31))
    left("kept", "plan")(office)


async def a_replacement_that_was_carried_out_unheard_is_nobodys_deletion_b4(
    office: Interrupted,
) -> None:
    one_from_google(office)
    await office.settle()

    async def repeated() -> None:
        """Answer the second of two requests; meanwhile what asked for it is taken back."""
        office.edit_event("plan", private=False)
        raise Gone("Severa does not find it any more.")

    office.edit_event("plan", private=True)
    office.meanwhile["delete"] = repeated
    await office.settle((31, 31, 4000))
    left("kept", "plan")(office)


async def what_is_typed_like_a_write_that_was_never_made_is_an_edit_d8(office: Interrupted) -> None:
    await in_step(office)

    async def lost() -> None:
        raise Transient("The answer was lost.")

    office.edit_event("plan", notes="x")
    office.meanwhile["get before patch"] = lost
    await office.settle((31,))
    office.delete_event("plan")
    office.edit_activity("plan", notes="x")
    await office.settle((31, 31, 4000))
    left("kept", "plan")(office)


async def a_create_that_lands_after_its_other_side_was_deleted_goes_d2(office: Interrupted) -> None:
    await in_step(office)
    office.add_activity("new", 5)
    office.late["insert"] = None
    await office.settle((31,))
    office.delete_activity("new")
    await office.settle((31, 31, 200))
    office.land()
    await office.settle((31, 31, 1000, 31))
    left("kept", "plan")(office)


async def a_create_that_lands_late_leaves_no_twin_c4(office: Interrupted) -> None:
    await in_step(office)
    office.add_event("new", 5)
    office.late["post"] = None
    await office.settle((31, 31, 200))
    left("kept", "new", "plan")(office)
    office.land()
    await office.settle()
    left("kept", "new", "plan")(office)


async def a_change_that_lands_late_is_nobodys_edit_d3(office: Interrupted) -> None:
    await in_step(office)
    office.edit_event("plan", notes="x")
    office.late["patch"] = None
    await office.settle((31, 31, 100))
    office.edit_activity("plan", notes="y")
    await office.settle()
    office.land()
    await office.settle()
    shows("plan", notes="y")(office)


async def what_is_typed_an_hour_later_is_nobodys_echo_d1(office: Interrupted) -> None:
    await in_step(office)
    office.edit_event("plan", notes="x")
    office.late["patch"] = None
    await office.settle((31, 31, 100))
    office.late.clear()
    office.edit_event("plan", notes="y")
    await office.settle((31, 3600))
    office.edit_activity("plan", notes="x")
    await office.settle()
    shows("plan", notes="x")(office)


async def a_write_has_landed_when_its_etag_moved_d1(office: Interrupted) -> None:
    await in_step(office)
    office.edit_activity("plan", notes="x")
    office.late["patch"] = None
    await office.settle((31,))
    office.land()
    await office.settle()
    office.edit_event("plan", notes="y")
    await office.settle()
    office.edit_event("plan", notes="x")
    await office.settle()
    shows("plan", notes="x")(office)


async def a_page_listed_before_a_write_is_not_stored_after_it(office: Interrupted) -> None:
    await in_step(office)
    tools = await office.tools()
    accounts = await tools.store.read(lambda tx: tx.accounts())
    office.edit_activity("plan", notes="x")
    office.edit_event("plan", location="room 1")
    office.meanwhile["list changes"] = lambda: office.settle((31,))
    await Pull(tools).severa_changes(cause="poll")
    await Settle(tools, await policy_of(tools.store, tools.rules), accounts).run([ANN.guid])
    shows("plan", location="room 1", notes="x")(office)


async def what_a_vendor_makes_of_our_words_is_no_edit_b7(office: Interrupted) -> None:
    await in_step(office)
    with office.short_of_words():
        office.edit_activity("plan", notes="more than it keeps")
        await office.settle()
    assert office.entry(Side.SEVERA, "plan").notes == "more than it keeps"
    assert office.entry(Side.GOOGLE, "plan").notes == "more than"


async def a_colleague_who_organizes_is_asked_before_an_edit_is_set_back_d6(
    office: Interrupted,
) -> None:
    office.closed.add(CAT.guid)
    office.add_event("plan", 2, guests={ANN: NONE, BEN: NONE}, organizer=CAT.guid)
    await office.settle()
    office.closed.clear()
    office.edit_activity("plan", notes="Cat will know")
    await office.settle()
    shows("plan", notes="Cat will know")(office)


async def a_create_that_was_renamed_unheard_is_found_by_the_listing_d8(
    office: Interrupted,
) -> None:
    async def renamed() -> None:
        office.edit_activity("new", title="renamed")
        raise Transient("The answer was lost.")

    await in_step(office)
    office.add_event("new", 5)
    office.meanwhile["post"] = renamed
    await office.settle((31, 31, 200, 1000))
    left("kept", "plan", "renamed")(office)


async def of_two_alike_neither_is_taken_for_the_other_c4(office: Interrupted) -> None:
    await in_step(office)
    office.add_event("same", 5)
    office.add_event("same", 5)
    office.late["post"] = None
    await office.settle((31,))
    office.late.clear()
    await office.settle((31, 200, 1000))
    left("kept", "plan", "same", "same")(office)


async def what_was_deleted_unseen_is_made_again_for_an_edit_d2(office: Interrupted) -> None:
    async def deleted_and_edited() -> None:
        office.delete_event("new")
        office.edit_activity("new", notes="still wanted")
        raise Transient("The answer was lost.")

    await in_step(office)
    office.add_activity("new", 5)
    office.meanwhile["insert"] = deleted_and_edited
    await office.settle((31, 31, 200, 1000))
    shows("new", notes="still wanted")(office)


async def no_create_takes_the_twin_of_another_c4(office: Interrupted) -> None:
    await in_step(office)
    office.add_event("one", 5)
    office.late["post"] = None
    await office.settle((31, 31, 200))
    twin, office.late["post"] = office.late["post"], None
    office.add_event("other", 6)
    await office.settle((31,))
    assert twin is not None, "the first create is still under way"
    twin()
    office.late.clear()
    await office.settle((31, 31, 200, 1000))
    left("kept", "one", "other", "plan")(office)


async def what_another_program_makes_for_the_owner_is_not_ours_c4(office: Interrupted) -> None:
    await in_step(office)
    office.add_event("one", 5)
    office.late["post"] = None
    await office.settle((31,))
    office.severa.person_add(ANN.guid, _entry("of another program", 7), created_by=ROBOT)
    await office.settle((31, 200, 1000))
    left("kept", "of another program", "one", "plan")(office)


async def an_event_that_is_private_no_more_stays_whatever_type_that_gives_b4_b5(
    office: Interrupted,
) -> None:
    by_default = replace(INTERNAL, is_default=True)
    others = replace(MEETING, is_default=False), PERSONAL
    office.severa.company = Company(office.users, (by_default, *others))
    await in_step(office)
    office.add_activity("open again", 5, kind=MEETING.guid)
    await office.settle()
    for is_private in (True, False):
        office.edit_event("open again", private=is_private)
        await office.settle((31, 31, 1000))
    left("kept", "open again", "plan")(office)


async def a_twin_that_somebody_joined_stays_c4(office: Interrupted) -> None:
    await in_step(office)
    office.add_event("new", 5)
    office.late["post"] = None
    await office.settle((31, 31, 200))
    office.land()
    office.severa.person_edit(max(office.severa.rows), part({CAT: NONE}))
    await office.settle()
    left("kept", "new", "plan", severa=("kept", "new", "new", "plan"))(office)


async def what_one_guest_calls_a_meeting_is_no_edit_e2(office: Interrupted) -> None:
    asked_by_an_outsider(office)
    await office.settle()
    renamed_own_copy(office)
    await office.settle()
    office.delete_event("plan", ANN)
    await office.settle((31, 31, 4000))
    left("plan")(office)


async def an_answer_counts_before_the_other_copies_show_it_e5(office: Interrupted) -> None:
    asked_by_an_outsider(office)
    await office.settle()
    ref = office.event("plan")
    own = office.google.event(BEN.guid, ref)
    office.google._put(replace(own, entry=part({BEN: YES}).over(own.entry)))
    await office.settle()
    assert office.taking_part(Side.SEVERA, "plan")["ben"] is YES


Scene = Callable[[Interrupted], Awaitable[None]]

ALONE: tuple[Scene, ...] = (
    *BESIDE_ALONE,
    *BACKUPS_ALONE,
    a_flood_of_deletions_waits_d5,
    a_flood_of_old_entries_waits_d5,
    what_was_deleted_while_sync_was_off_waits_c4,
    the_eleventh_write_within_an_hour_waits_r4,
    a_project_task_is_nobodys_event_b3,
    a_type_that_is_not_selected_takes_an_event_away_though_it_was_edited_b5,
    what_a_person_types_after_an_event_was_made_again_is_not_ours_d1,
    a_whole_listing_that_comes_short_proves_nothing_d4,
    a_removal_that_lands_late_is_nobodys_wish_d2,
    a_replacement_that_was_carried_out_unheard_is_nobodys_deletion_b4,
    what_is_typed_like_a_write_that_was_never_made_is_an_edit_d8,
    a_create_that_lands_after_its_other_side_was_deleted_goes_d2,
    a_create_that_lands_late_leaves_no_twin_c4,
    a_create_that_was_renamed_unheard_is_found_by_the_listing_d8,
    of_two_alike_neither_is_taken_for_the_other_c4,
    what_was_deleted_unseen_is_made_again_for_an_edit_d2,
    no_create_takes_the_twin_of_another_c4,
    what_another_program_makes_for_the_owner_is_not_ours_c4,
    an_event_that_is_private_no_more_stays_whatever_type_that_gives_b4_b5,
    a_change_that_lands_late_is_nobodys_edit_d3,
    what_is_typed_an_hour_later_is_nobodys_echo_d1,
    a_write_has_landed_when_its_etag_moved_d1,
    a_page_listed_before_a_write_is_not_stored_after_it,
    what_a_vendor_makes_of_our_words_is_no_edit_b7,
)
"""Scenes of Ann alone, named for the promise."""
TOGETHER: tuple[Scene, ...] = (
    *BESIDE_TOGETHER,
    *BACKUPS_TOGETHER,
    a_colleague_who_organizes_is_asked_before_an_edit_is_set_back_d6,
    a_twin_that_somebody_joined_stays_c4,
    what_one_guest_calls_a_meeting_is_no_edit_e2,
    an_answer_counts_before_the_other_copies_show_it_e5,
    nobody_from_outside_is_told_of_to_severa_e8,
    people_are_read_anew_after_an_edit_e5,
    who_was_added_unheard_is_nobodys_edit_however_late_that_is_seen_d2,
    a_list_that_was_cut_is_never_written_e8,
)
"""Scenes of all three."""
SCENES: Mapping[str, Scene] = {scene.__name__: scene for scene in (*ALONE, *TOGETHER)}


async def show(store: Store, name: str) -> None:
    """Play a scene, which fails where a promise is broken."""
    scene = SCENES[name]
    office = Interrupted(store, with_others=scene in TOGETHER)
    await office.switch_on()
    await scene(office)
