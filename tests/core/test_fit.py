"""What one side cannot hold is carried as far as it goes, and the rest never travels back (B7, B8)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from daemon.core.entry import UNKNOWN, AllDay, Entry, Timed, When
from daemon.core.fit import (
    ELLIPSIS,
    LIMITS,
    PLACEHOLDER,
    carry,
    has_length,
    with_length,
)
from daemon.core.link import Base

from .given import G, S, all_day, at, entry, people, timed

NOTHING_AGREED = Base()


def carried(field: str, value: object, to, *, severa: Entry | None = None, google=None) -> object:
    """Return what a value becomes on the other side, after these two halves were agreed."""
    base = Base(severa, google) if severa is not None else NOTHING_AGREED
    return carry(Entry(**{field: value}), to, base).known()[field]


class TestPlaceholder:
    def test_an_event_without_a_subject_gets_a_placeholder_b7(self):
        assert carried("title", "", S) == PLACEHOLDER

    def test_the_placeholder_never_travels_back_b7(self):
        assert carried("title", PLACEHOLDER, G) == ""

    def test_an_activity_without_a_name_stays_without_b7(self):
        assert carried("title", "", G) == ""


CUT = [(side, field) for side in (S, G) for field in ("title", "location", "notes")]


class TestCutting:
    @pytest.mark.parametrize(("to", "field"), CUT)
    def test_a_text_that_just_fits_is_carried_whole_b7(self, to, field):
        text = "x" * LIMITS[to][field]

        assert carried(field, text, to) == text

    @pytest.mark.parametrize(("to", "field"), CUT)
    def test_a_text_too_long_is_cut_with_an_ellipsis_b7(self, to, field):
        limit = LIMITS[to][field]

        cut = carried(field, "x" * (limit + 1), to)

        assert cut == "x" * (limit - 1) + ELLIPSIS

    def test_an_edit_of_a_cut_text_replaces_the_visible_part_only_b7(self):
        whole = "old " + "n" * 9_000
        before = whole[:7_999] + ELLIPSIS
        edited = before.replace("old", "new")

        mended = carried("notes", edited, S, severa=entry(notes=whole), google=entry(notes=before))

        assert mended == "new " + "n" * 9_000

    def test_an_edit_of_a_cut_name_replaces_the_visible_part_only_b7(self):
        whole = "t" * 250
        before = whole[:189] + ELLIPSIS

        mended = carried(
            "title", "A " + before, G, severa=entry(title=before), google=entry(title=whole)
        )

        assert mended == "A " + whole

    def test_an_ellipsis_deleted_by_a_person_deletes_nothing_else_b7(self):
        whole = "n" * 9_000
        before = whole[:7_999] + ELLIPSIS

        mended = carried(
            "notes", whole[:7_999], S, severa=entry(notes=whole), google=entry(notes=before)
        )

        assert mended == whole

    def test_a_text_that_was_never_cut_is_replaced_whole_b7(self):
        mended = carried("notes", "new", S, severa=entry(notes="old"), google=entry(notes="old"))

        assert mended == "new"

    def test_a_long_text_agreed_to_differ_is_replaced_whole_c1(self):
        long, other = "n" * 9_000, "something else"

        mended = carried("notes", "new", S, severa=entry(notes=long), google=entry(notes=other))

        assert mended == "new"

    def test_a_new_text_on_the_whole_side_is_cut_anew_b7(self):
        before = "n" * 7_999 + ELLIPSIS

        cut = carried(
            "notes", "m" * 9_000, G, severa=entry(notes="n" * 9_000), google=entry(notes=before)
        )

        assert cut == "m" * 7_999 + ELLIPSIS

    def test_a_second_edit_of_a_cut_text_keeps_the_hidden_part_too_b7(self):
        hidden = "t" * 61
        shown, whole = "Kickoff" + ELLIPSIS, "Kickoff" + hidden

        mended = carried(
            "title", "Kick-off…", G, severa=entry(title=shown), google=entry(title=whole)
        )

        assert mended == "Kick-off" + hidden

    def test_a_mended_text_is_held_to_the_limit_like_any_other_b7(self):
        whole = "n" * 9_000
        before = whole[:7_999] + ELLIPSIS

        mended = carried(
            "notes",
            "m" * 2_000 + before,
            S,
            severa=entry(notes=whole),
            google=entry(notes=before),
        )

        assert len(str(mended)) <= LIMITS[S]["notes"]


class TestLength:
    @pytest.mark.parametrize(
        ("when", "expected"),
        [
            (timed(9, 60), True),
            (timed(9, 0), False),
            (timed(9, -30), False),
            (timed(9, None), False),
            (all_day(2, 1), True),
            (all_day(2, 0), False),
            (all_day(2, None), False),
        ],
    )
    def test_what_has_a_length_b8(self, when: When, expected: bool):
        assert has_length(when) is expected

    @pytest.mark.parametrize(
        ("when", "shown"),
        [
            (timed(9, None), timed(9, 15)),
            (timed(9, 0), timed(9, 15)),
            (timed(9, -30), timed(9, 15)),
            (timed(9, 60), timed(9, 60)),
            (all_day(2, None), all_day(2, 1)),
            (all_day(2, 0), all_day(2, 1)),
            (all_day(2, 3), all_day(2, 3)),
        ],
    )
    def test_google_is_given_a_length_b8(self, when: When, shown: When):
        assert carried("when", when, G) == shown
        assert with_length(shown) == shown

    @pytest.mark.parametrize(
        ("todo", "event", "expected"),
        [
            # Moved, the made-up length kept: still without a length.
            (timed(9, None), timed(11, 15), timed(11, None)),
            (all_day(2, None), all_day(5, 1), all_day(5, None)),
            # Resized, moved or not: the length is a person's now.
            (timed(9, None), timed(9, 30), timed(9, 30)),
            (timed(9, None), timed(11, 30), timed(11, 30)),
            (all_day(2, None), all_day(2, 2), all_day(2, 2)),
            # Made all day or timed.
            (timed(9, None), all_day(2, 1), all_day(2, None)),
            (all_day(2, None), timed(9, 60), timed(9, 60)),
            # What had a length has one of its own, fifteen minutes or not.
            (timed(9, 60), timed(9, 15), timed(9, 15)),
            (all_day(2, 2), all_day(2, 1), all_day(2, 1)),
        ],
    )
    def test_a_made_up_length_never_travels_back_until_somebody_changes_it_b8(
        self, todo: When, event: When, expected: When
    ):
        halves = {"severa": entry(when=todo), "google": entry(when=with_length(todo))}

        assert carried("when", event, S, **halves) == expected

    def test_a_new_event_of_fifteen_minutes_keeps_them_b8(self):
        assert carried("when", timed(9, 15), S) == timed(9, 15)

    def test_an_event_of_no_length_is_carried_as_it_stands_b8(self):
        assert carried("when", timed(9, 0), S) == timed(9, 0)

    def test_an_event_of_negative_length_is_never_written_so_b8(self):
        assert carried("when", timed(9, -30), S) == timed(9, 0)

    def test_the_made_up_length_holds_across_daylight_saving_b8(self):
        before_the_gap = Timed(at(0, 55, day=29), None)

        event = carried("when", before_the_gap, G)

        assert event == Timed(at(0, 55, day=29), at(1, 10, day=29))

    def test_a_made_up_day_keeps_its_date_b8(self):
        assert carried("when", AllDay(all_day(29).first, None), G) == all_day(29)
        assert all_day(29).until - all_day(29).first == timedelta(days=1)


class TestOtherFields:
    def test_unknown_fields_are_not_carried(self):
        assert carry(Entry(title="t", people=UNKNOWN), G, NOTHING_AGREED) == Entry(title="t")

    def test_privacy_and_people_are_carried_as_they_stand_b6(self):
        change = Entry(private=True, people=people("ann"))

        assert carry(change, S, NOTHING_AGREED) == change
        assert carry(change, G, NOTHING_AGREED) == change

    def test_what_fits_is_carried_as_it_stands_b6(self):
        whole = replace(entry(), location="Room 1", notes="Agenda")

        assert carry(whole, S, NOTHING_AGREED) == whole
        assert carry(whole, G, NOTHING_AGREED) == whole
