"""The faults that are planted in the running daemon, and what finds each: a story, a scenario, a scene or the table.

`.ci/mutants` plants every one and tells which promise it broke.
"""

import asyncio
import importlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from daemon.core import link as links
from daemon.core import reconcile
from daemon.core.link import Link, Side
from daemon.core.policy import Policy
from daemon.core.table import TABLE, Row, Turn
from daemon.sync import apply, brakes, companylook, firstsync
from daemon.sync.brakes import Brakes
from daemon.sync.keeper import Keeper
from daemon.sync.observe import Copies
from daemon.sync.partners import Partners
from daemon.sync.readback import ReadBack
from daemon.sync.tools import WriteLog
from tests.doubles.store import MemoryStore

from .interrupted import Harm
from .plants import (
    Plant,
    agree_blindly,
    agree_on_half_an_answer,
    agree_on_what_is_there_now,
    agree_on_what_was_written,
    always,
    answer_for_others,
    ask_no_organizer,
    believe,
    believe_404,
    believe_absence,
    check_and_drop,
    claim_in_memory,
    claim_nothing,
    count_whole,
    create_and_agree_on_all,
    find_no_partner,
    find_nobody,
    hear_the_speaker_alone,
    hold_nothing,
    itself,
    keep_deleted,
    keep_old_people,
    keep_the_id,
    know_no_links,
    leave_twins,
    let_changes_go,
    let_go_of_all_that_is_old,
    let_project_tasks_in,
    let_removals_go,
    look_no_more,
    look_nowhere,
    lose,
    never,
    outlive_at_once,
    release_what_is_held,
    save_google_cursor_first,
    save_watermark_by_own_clock,
    save_watermark_first,
    save_whole_cursor_first,
    set_back_without_asking,
    setting,
    speak_for_the_gone,
    store_old_listing,
    take_anything_for_ours,
    take_away_by_present_type,
    take_guests_deletion_for_the_end,
    take_hidden_for_absent,
    take_unread_for_nobody,
    unite_nobody,
    unsay_nothing,
    withdraw_always,
    write_cut_lists,
    write_whole_lists,
)
from .scenarios import check
from .scenes import show
from .story import play

SEARCHED_MAX = 300
"""How many more stories are played when the one that found a fault does not find it any more."""


@dataclass(frozen=True, slots=True)
class Seed:
    """The story of a seed finds it, or one of those that follow."""

    seed: int

    def __str__(self) -> str:
        return f"story {self.seed}"

    def tries(self) -> Iterator["Seed"]:
        """Return what may find it, the likeliest first; every second story has meetings."""
        return (Seed(seed) for seed in range(self.seed, self.seed + 2 * SEARCHED_MAX, 2))

    def broken(self) -> str:
        """Return the promise that is broken, empty while all is well."""
        return next(iter(play(self.seed).broken), "")


@dataclass(frozen=True, slots=True)
class Kill:
    """A scenario finds it that is interrupted at every step."""

    name: str
    harm: Harm

    def __str__(self) -> str:
        return f"scenario “{self.name}”"

    def tries(self) -> Iterator["Kill"]:
        """Return what may find it."""
        return iter([self])

    def broken(self) -> str:
        """Return the promise that is broken, empty while all is well."""
        return _failure(lambda: asyncio.run(check(MemoryStore(), self.name, self.harm)))


@dataclass(frozen=True, slots=True)
class Scene:
    """A scene finds it, named for the promise."""

    name: str

    def __str__(self) -> str:
        return "scene"

    def tries(self) -> Iterator["Scene"]:
        """Return what may find it."""
        return iter([self])

    def broken(self) -> str:
        """Return the promise that is broken, empty while all is well."""
        found = _failure(lambda: asyncio.run(show(MemoryStore(), self.name)))
        return found and self.name.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Table:
    """A test of the heart finds it that plays through every combination, or random ones."""

    module: str
    test: str

    def __str__(self) -> str:
        return self.module

    def tries(self) -> Iterator["Table"]:
        """Return what may find it."""
        return iter([self])

    def broken(self) -> str:
        """Return the promise that is broken, empty while all is well."""
        importlib.import_module("tests.conftest")  # The same examples each time.
        test = getattr(importlib.import_module(f"tests.core.{self.module}"), self.test)
        return _failure(test) and self.test.removeprefix("test_").replace("_", " ")


Catch = Seed | Kill | Scene | Table


def _failure(test: Callable[[], object]) -> str:
    try:
        test()
    except Exception as error:
        lines = str(error).splitlines()
        return lines[0] if lines else repr(error)
    return ""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One planted fault, named in plain words."""

    name: str
    group: str
    plant: Plant
    caught_by: Catch

    def broken(self, catch: Catch) -> str:
        """Return the promise that breaks with the fault planted, empty where nobody notices."""
        with pytest.MonkeyPatch.context() as patch:
            self.plant(patch)
            return catch.broken()

    def found(self) -> tuple[Catch, str] | None:
        """Return what notices the fault, and is whole without it, with the promise that broke."""
        for catch in self.caught_by.tries():
            if (promise := self.broken(catch)) and not catch.broken():
                return catch, promise
        return None


CLAIMS = "a claim is not stored, or cleared early"
CURSORS = "a cursor is saved early"
READINGS = "an old reading is accepted"
ECHOES = "an echo is assumed"
PROOFS = "a proof is skipped"
BRAKES = "a brake is off"
EXITS = "an exit of the policy is taken for absence"
PEOPLE = "people are written in part"
EFFECTS = "a side effect is not claimed"
IDS = "an event id is used twice"
LATE = "a late write is not known again"
TWINS = "a late twin"
TWINS_OF_YESTERDAY = "a twin that a backup does not know"
MEETINGS = "one meeting, several copies"
DECISIONS = "the table decides otherwise"

FAULTS: dict[str, dict[str, tuple[Catch, Plant]]] = {
    CLAIMS: {
        "nothing is claimed before it is written": (
            Seed(100005),
            setting(Keeper, "claim", claim_nothing),
        ),
        "claims are kept in memory only": (
            Seed(100005),
            setting(Keeper, "claim", claim_in_memory),
        ),
        "a claim is dropped as soon as its side was read": (
            Scene("a_create_that_lands_late_leaves_no_twin_c4"),
            setting(Link, "checked", check_and_drop),
        ),
        "a claim is withdrawn though the answer was lost": (
            Scene("a_create_that_lands_late_leaves_no_twin_c4"),
            withdraw_always,
        ),
        "our own writes are not recognised": (
            Scene("a_change_that_lands_late_is_nobodys_edit_d3"),
            setting(Link, "_recognising", itself),
        ),
        "our own creates are not recognised": (
            Seed(100375),
            setting(Link, "_made_by_us", itself),
        ),
    },
    CURSORS: {
        "Google's cursor is saved before what it covers": (
            Seed(101055),
            save_google_cursor_first,
        ),
        "a whole listing's cursor is saved before what it lacks is doubted": (
            Kill("deleted in Google behind a lost cursor", Harm.DIES_AFTER),
            save_whole_cursor_first,
        ),
        "Severa's watermark is saved before what it covers": (
            Kill("created in Severa, far ahead", Harm.DIES_BEFORE),
            save_watermark_first,
        ),
        "Severa's watermark follows the daemon's clock": (
            Seed(100005),
            save_watermark_by_own_clock,
        ),
    },
    READINGS: {
        "no reading is ever older than it looks": (
            Scene("a_page_listed_before_a_write_is_not_stored_after_it"),
            setting(WriteLog, "is_outdated", never),
        ),
        "a listing of Severa is stored over a later write": (
            Scene("a_page_listed_before_a_write_is_not_stored_after_it"),
            store_old_listing,
        ),
        "what was removed since a listing began is taken for new": (
            Scene("what_is_removed_while_a_listing_is_read_is_not_taken_for_new_c4"),
            setting(WriteLog, "is_gone", never),
        ),
    },
    ECHOES: {
        "what was written is agreed, shown or not": (
            Seed(100001),
            setting(Link, "answered", agree_blindly),
        ),
        "the base moves to what was written, not to what was shown": (
            Scene("what_a_vendor_makes_of_our_words_is_no_edit_b7"),
            agree_on_what_was_written,
        ),
        "a claim counts whole when a part of it shows": (
            Seed(2269),
            setting(links, "_counted_as_ours", count_whole),
        ),
        "what the other side shows by now is taken in": (
            Seed(100007),
            agree_on_what_is_there_now,
        ),
    },
    PROOFS: {
        "an event is gone on a 404 alone": (
            Kill("given a type that is not selected", Harm.GOOGLE_AWAY),
            setting(ReadBack, "_read_copy", believe_404),
        ),
        "an activity is gone on a 404 alone": (
            Kill("crossing edits", Harm.SEVERA_AWAY),
            setting(ReadBack, "_severa_answers", believe),
        ),
        "an activity that a listing lacks is gone": (Seed(178), believe_absence(Side.SEVERA)),
        "an event that a listing lacks is gone": (
            Scene("a_whole_listing_that_comes_short_proves_nothing_d4"),
            believe_absence(Side.GOOGLE),
        ),
        "what has changed since it was decided about is removed": (
            Seed(78),
            setting(apply, "_has_moved", never),
        ),
        "nobody looks once more before a removal": (Seed(100025), look_no_more),
        "what is in doubt is not read first": (
            Seed(100001),
            setting(Link, "unread", property(lambda _: frozenset())),
        ),
        "tombstones are not read": (Seed(1), setting(Copies, "_gone", keep_deleted)),
    },
    BRAKES: {
        "a flood of deletions is not held": (
            Scene("a_flood_of_deletions_waits_d5"),
            setting(brakes, "held_removals", hold_nothing),
        ),
        "a flood of old entries is not held": (
            Scene("a_flood_of_old_entries_waits_d5"),
            setting(brakes, "held_creations", hold_nothing),
        ),
        "what was deleted while sync was off is not held": (
            Scene("what_was_deleted_while_sync_was_off_waits_c4"),
            setting(Brakes, "_gone_while_off", lambda *_: {}),
        ),
        "what is held goes ahead": (
            Scene("what_was_deleted_while_sync_was_off_waits_c4"),
            release_what_is_held,
        ),
        "a loop of writes is not noticed": (
            Scene("the_eleventh_write_within_an_hour_waits_r4"),
            setting(brakes, "is_loop", never),
        ),
    },
    EXITS: {
        "what a rule hides counts as gone": (
            Scene("a_type_that_is_not_selected_takes_an_event_away_though_it_was_edited_b5"),
            take_hidden_for_absent,
        ),
        "another type that was given is ignored": (
            Kill("given a type that is not selected", Harm.DIES_AFTER),
            setting(Policy, "_is_taken_away", staticmethod(never)),
        ),
        "a type that was always so takes an entry away": (
            Seed(37),
            setting(Policy, "_is_taken_away", staticmethod(take_away_by_present_type)),
        ),
        "a project task takes part": (
            Scene("a_project_task_is_nobodys_event_b3"),
            let_project_tasks_in,
        ),
    },
    PEOPLE: {
        "a create carries some people and agrees on all": (
            Seed(100001),
            setting(reconcile, "_begun", create_and_agree_on_all),
        ),
        "an answer is agreed while its participant is out": (
            Seed(100043),
            agree_on_half_an_answer,
        ),
        "an unread list of people counts as empty": (Seed(100001), take_unread_for_nobody),
        "after an edit people are not read anew": (
            Scene("people_are_read_anew_after_an_edit_e5"),
            keep_old_people,
        ),
        "a list that was cut is written": (
            Scene("a_list_that_was_cut_is_never_written_e8"),
            write_cut_lists,
        ),
        "one person's change writes the whole list": (Seed(101161), write_whole_lists),
        "a first match does not unite people": (
            Seed(100001),
            setting(reconcile, "_unite", unite_nobody),
        ),
        "Severa is told of people it does not know": (
            Scene("nobody_from_outside_is_told_of_to_severa_e8"),
            setting(Policy, "_of_company", lambda _, entry: entry),
        ),
        "answers are given on the organizer's event": (
            Table("test_people_world", "test_a_first_match_unites_everybody_c1"),
            answer_for_others,
        ),
    },
    EFFECTS: {
        "a create does not agree on its type": (
            Seed(100001),
            setting(Link, "agreeing_on_type", itself),
        ),
        "an answer that had nowhere to go counts as agreed": (
            Table("test_people_world", "test_what_is_made_on_one_side_has_everybody_on_both_e3_e4"),
            setting(links, "_unsaid", unsay_nothing),
        ),
        "events are not marked": (Seed(1000000841), setting(apply, "_mark", lambda *_: None)),
    },
    IDS: {
        "an event id is used again after its deletion": (
            Seed(100029),
            setting(Link, "event_id", property(lambda self: f"{self.id}0")),
        ),
        "what was made and deleted unseen does not use its id up": (
            Scene("what_was_deleted_unseen_is_made_again_for_an_edit_d2"),
            setting(Link, "made_and_gone", keep_the_id),
        ),
        "a backup goes on with the event ids of its day": (
            Scene("an_event_id_that_was_used_up_since_is_no_deletion_d2"),
            setting(firstsync, "with_fresh_id", itself),
        ),
    },
    TWINS_OF_YESTERDAY: {
        "what was replaced since a backup counts as deleted": (
            Scene("an_activity_that_was_replaced_since_is_the_events_still_c4"),
            setting(firstsync, "without_replaced", lambda *_: ()),
        ),
        "nobody looks for an event of a colleague without sync": (
            Scene("the_event_of_a_colleague_without_sync_is_found_by_its_mark_c4"),
            setting(Partners, "event_of", find_nobody),
        ),
        "nobody looks for an activity of a colleague without sync": (
            Scene("the_activity_of_a_colleague_without_sync_is_found_by_the_mark_c4"),
            find_no_partner,
        ),
    },
    LATE: {
        "what is old is let go, seen or not": (
            Scene("a_create_is_looked_for_however_long_nobody_could_look_c4"),
            setting(Link, "letting_go", let_go_of_all_that_is_old),
        ),
        "removals are let go when their side was read": (
            Scene("a_removal_that_lands_late_is_nobodys_wish_d2"),
            setting(Link, "letting_go", let_removals_go),
        ),
        "changes are let go when their side was read": (
            Scene("a_change_that_lands_late_is_nobodys_edit_d3"),
            setting(Link, "letting_go", let_changes_go),
        ),
        "a removal is over when its side is seen alive": (
            Scene("a_removal_that_lands_late_is_nobodys_wish_d2"),
            setting(Link, "outliving", outlive_at_once),
        ),
        "a late removal of ours counts as a person's": (
            Scene("a_removal_that_lands_late_is_nobodys_wish_d2"),
            setting(Link, "_removed_by_us", lambda self, *_: self),
        ),
        "claims are kept for ever": (
            Scene("what_is_typed_an_hour_later_is_nobodys_echo_d1"),
            setting(Link, "letting_go", itself),
        ),
        "a claim lives for a minute": (
            Scene("a_change_that_lands_late_is_nobodys_edit_d3"),
            setting(links, "CLAIM_LIFE", timedelta(minutes=1)),
        ),
        "a new etag does not end a claim": (
            Scene("a_write_has_landed_when_its_etag_moved_d1"),
            setting(Link, "_is_over", never),
        ),
    },
    TWINS: {
        "nobody looks for a create that was not heard of": (Seed(100473), look_nowhere),
        "a twin is adopted that is linked already": (
            Scene("of_two_alike_neither_is_taken_for_the_other_c4"),
            setting(ReadBack, "_linked", know_no_links),
        ),
        "a twin that a person touched is removed": (
            Scene("a_twin_that_somebody_joined_stays_c4"),
            setting(companylook, "_is_untouched", always),
        ),
        "late twins are left": (Scene("a_create_that_lands_late_leaves_no_twin_c4"), leave_twins),
        "anything new of the owner is taken for ours": (
            Scene("what_another_program_makes_for_the_owner_is_not_ours_c4"),
            take_anything_for_ours,
        ),
    },
    MEETINGS: {
        "an edit in another copy counts as an edit": (
            Scene("what_one_guest_calls_a_meeting_is_no_edit_e2"),
            setting(links, "anchored", lambda half, *_: half),
        ),
        "a guest who leaves goes on speaking": (
            Seed(100373),
            setting(links, "speaking", speak_for_the_gone),
        ),
        "a guest's deletion counts as the meeting's": (
            Seed(100043),
            take_guests_deletion_for_the_end,
        ),
        "a guest's own answer is not heard": (
            Scene("an_answer_counts_before_the_other_copies_show_it_e5"),
            hear_the_speaker_alone,
        ),
        "an edit is set back without asking the organizer": (
            Scene("a_colleague_who_organizes_is_asked_before_an_edit_is_set_back_d6"),
            set_back_without_asking,
        ),
        "the organizer's own event is not asked for": (
            Seed(100185),
            setting(ReadBack, "_organizers", ask_no_organizer),
        ),
        "an answer brings back what was called off": (
            Kill("called off in Severa while a guest answers", Harm.DIES_AFTER),
            setting(reconcile, "_is_answered", never),
        ),
    },
    DECISIONS: {
        "a deletion beats an edit": (
            Table(
                "test_table",
                "test_only_what_is_gone_or_leaving_on_one_side_is_removed_from_the_other_d2",
            ),
            lambda patch: patch.setitem(TABLE, (Turn.GONE, Turn.EDITED), Row.REMOVE_FROM_GOOGLE),
        ),
        "an edit in Severa beats nothing": (
            Seed(100015),
            lambda patch: patch.setitem(TABLE, (Turn.EDITED, Turn.EDITED), Row.CARRY_TO_SEVERA),
        ),
        "where both sides changed a field, the loser wins": (
            Kill("clashing edits", Harm.DIES_AFTER),
            lose(Side.GOOGLE),
        ),
    },
}
MUTANTS: tuple[Mutant, ...] = tuple(
    Mutant(name, group, plant, caught_by)
    for group, faults in FAULTS.items()
    for name, (caught_by, plant) in faults.items()
)


def main() -> int:
    """Print which fault is found by what, and return 1 where one survives."""
    survivors = 0
    for mutant in MUTANTS:
        found = mutant.found()
        survivors += found is None
        catch, promise = found if found else ("NOBODY", "it survives")
        print(f"{mutant.group:45} | {mutant.name:66} | {catch!s:45} | {promise}", flush=True)
    print(f"{len(MUTANTS)} faults planted, {len(MUTANTS) - survivors} found, {survivors} survived")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
