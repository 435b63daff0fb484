"""What is decided where a rule speaks: read-only sides, removals, standings, types, privacy (D5, D6, B3 to B9)."""

from dataclasses import replace

import pytest

from daemon.core.entry import ABSENT, UNKNOWN, Entry
from daemon.core.fit import MASK, PLACEHOLDER
from daemon.core.link import Base, Stand
from daemon.core.reconcile import next_action
from daemon.core.view import Create, Forget, Part, Remove, Settle, Write

from .given import (
    SELECTED,
    G,
    S,
    entry,
    hidden,
    leaving,
    timed,
    view,
)

A, B, C = entry("a"), entry("b"), entry("c")
AA, NONE = (A, A), (ABSENT, ABSENT)


def title(text: str) -> Entry:
    return Entry(title=text)


class TestReadOnly:
    @pytest.mark.parametrize("side", [S, G])
    def test_a_change_against_a_side_that_may_not_be_changed_is_set_back_d6(self, side):
        sides = {side: A, side.other: B}

        action = next_action(view(sides[S], sides[G], AA, read_only=[side]))

        assert action == Write(side.other, title("a"), title("a"), "D6")

    def test_setting_back_restores_what_that_side_itself_showed_d6(self):
        severa, google = replace(A, title=PLACEHOLDER), replace(A, title="")

        action = next_action(view(B, google, (severa, google), read_only=[G]))

        assert action == Write(S, title(PLACEHOLDER), title(""), "D6")

    @pytest.mark.parametrize("side", [S, G])
    def test_a_change_made_on_the_read_only_side_is_carried_d6(self, side):
        sides = {side: B, side.other: A}

        action = next_action(view(sides[S], sides[G], AA, read_only=[side]))

        assert action == Write(side.other, title("b"), title("b"), "D1")

    def test_both_read_only_part_d6(self):
        assert next_action(view(B, A, AA, read_only=[S, G])) == Part("D6")

    @pytest.mark.parametrize(("side", "winner"), [(S, S), (G, G)])
    def test_a_read_only_side_that_wins_is_carried_d6(self, side, winner):
        sides = {side: C, side.other: B}

        action = next_action(view(sides[S], sides[G], AA, read_only=[side], winner=winner))

        assert action == Write(side.other, title("c"), title("c"), "D1")

    @pytest.mark.parametrize(("side", "winner"), [(S, G), (G, S)])
    def test_a_read_only_side_is_followed_whoever_wins_conflicts_d6(self, side, winner):
        sides = {side: C, side.other: B}

        action = next_action(view(sides[S], sides[G], AA, read_only=[side], winner=winner))

        assert isinstance(action, Write)
        assert (action.side, action.change) == (side.other, title("c"))

    def test_the_same_change_on_both_sides_is_not_set_back_d6(self):
        assert isinstance(next_action(view(B, B, AA, read_only=[G])), Settle)

    def test_an_activity_of_a_read_only_event_stays_away_when_deleted_d6(self):
        assert next_action(view(ABSENT, A, AA, read_only=[G])) == Part("D6")

    def test_an_absence_is_not_deleted_from_a_calendar_b11(self):
        assert next_action(view(A, ABSENT, AA, read_only=[S])) == Part("D6")


class TestRemoving:
    def test_an_activity_with_hours_is_parted_b9(self):
        assert next_action(view(A, ABSENT, AA, has_hours=True)) == Part("B9")

    def test_the_event_of_a_deleted_activity_goes_whatever_hours_it_had_b9(self):
        assert next_action(view(ABSENT, A, AA)) == Remove(G, "D2")

    @pytest.mark.parametrize("rule", ["B3", "B5"])
    def test_only_what_was_born_in_severa_loses_its_event_b5(self, rule):
        assert next_action(view(leaving(rule), A, AA, born=S)) == Remove(G, rule)
        assert next_action(view(leaving(rule), A, AA, born=G)) == Part(rule)

    def test_an_edit_reaches_severa_before_its_event_is_removed_b5(self):
        edited = next_action(view(leaving("B5", A), B, AA))
        after = next_action(view(leaving("B5", B), B, (B, B)))

        assert edited == Write(S, title("b"), title("b"), "D1")
        assert after == Remove(G, "B5")


class TestStanding:
    CASES = (
        (B, A, AA),
        (A, B, AA),
        (B, C, AA),
        (ABSENT, A, AA),
        (A, ABSENT, AA),
        (ABSENT, B, AA),
        (A, ABSENT, NONE),
        (A, A, NONE),
        (leaving(), A, AA),
        (leaving(), ABSENT, AA),
    )

    @pytest.mark.parametrize("stand", [Stand.SET_ASIDE, Stand.PARTED])
    @pytest.mark.parametrize("case", CASES)
    def test_set_aside_and_parted_entries_are_left_alone(self, stand, case):
        assert next_action(view(*case, stand=stand)) is None

    @pytest.mark.parametrize("stand", Stand)
    def test_what_is_gone_from_both_sides_is_forgotten_whatever_its_standing_d2(self, stand):
        assert next_action(view(ABSENT, ABSENT, AA, stand=stand)) == Forget()

    @pytest.mark.parametrize(
        ("severa", "google"), [(ABSENT, A), (A, ABSENT), (leaving(), A), (A, leaving())]
    )
    def test_a_held_removal_waits_d5(self, severa, google):
        assert next_action(view(severa, google, AA, stand=Stand.HELD)) is None

    @pytest.mark.parametrize(("severa", "google", "side"), [(ABSENT, B, S), (B, ABSENT, G)])
    def test_an_edit_of_a_held_entry_releases_it_d5(self, severa, google, side):
        action = next_action(view(severa, google, AA, stand=Stand.HELD))

        assert action == Create(side, B, B, "D2")


class TestType:
    def test_a_settled_link_learns_the_type_it_has_b5(self):
        action = next_action(view(A, A, AA, kind="", type=SELECTED))

        assert action == Settle(Base(A, A, SELECTED), "B5")

    def test_a_hidden_or_unlinked_activity_teaches_no_type_b5(self):
        assert next_action(view(hidden(), A, AA, kind="")) is None
        assert next_action(view(hidden(), ABSENT, NONE, kind="")) is None

    def test_a_set_aside_link_teaches_no_type_b5(self):
        assert next_action(view(A, A, AA, kind="", stand=Stand.SET_ASIDE)) is None

    def test_fields_first_known_on_both_sides_are_agreed_upon_as_they_stand_c1(self):
        severa, google = replace(A, notes="ours"), replace(A, notes="theirs")
        unread = replace(A, notes=UNKNOWN)

        action = next_action(view(severa, google, (unread, unread)))

        assert action == Settle(Base(severa, google, SELECTED), "C1")

    def test_a_field_known_on_one_side_only_waits_b6(self):
        unread = replace(A, people=UNKNOWN)

        assert next_action(view(A, unread, (unread, unread))) is None

    def test_edits_go_before_the_type_b5(self):
        assert isinstance(next_action(view(B, A, AA, kind="")), Write)


class TestPrivacy:
    SHOWN = (entry(MASK), entry("Doctor", notes="Bring papers", private=True))
    MASKED = Base(*SHOWN, SELECTED, is_masked=True)

    def test_an_edit_of_what_is_hidden_writes_nothing_b4(self):
        severa, google = self.SHOWN

        action = next_action(view(severa, replace(google, title="Dentist"), self.MASKED))

        assert isinstance(action, Settle)
        assert action.base.severa == severa
        assert action.base.google.title == "Dentist"

    def test_an_event_made_open_is_shown_again_b4(self):
        severa, google = self.SHOWN

        action = next_action(view(severa, replace(google, private=False), self.MASKED))

        shown = Entry(title="Doctor", notes="Bring papers")
        assert action == Write(S, shown, shown, "D1")

    def test_being_made_private_is_carried_b4(self):
        action = next_action(view(A, replace(A, private=True), AA))

        assert action == Write(S, Entry(private=True), Entry(private=True), "D1")


class TestMadeAgain:
    def test_an_edit_beside_a_cut_text_is_made_again_with_the_whole_text_b7(self):
        whole = "n" * 9_000
        severa = replace(A, notes=whole)
        google = replace(A, notes=whole[:7_999] + "…")
        edited = replace(google, title="b")

        action = next_action(view(ABSENT, edited, (severa, google)))

        assert isinstance(action, Create)
        assert action.entry.notes == whole

    def test_a_to_do_is_made_again_without_the_made_up_length_b8(self):
        severa, google = replace(A, when=timed(9, None)), replace(A, when=timed(9, 15))

        action = next_action(view(ABSENT, replace(google, title="b"), (severa, google)))

        assert isinstance(action, Create)
        assert action.entry.when == timed(9, None)

    def test_a_to_do_gets_its_length_when_made_in_google_b8(self):
        action = next_action(view(replace(A, when=timed(9, None)), ABSENT))

        assert isinstance(action, Create)
        assert action.entry.when == timed(9, 15)
        assert action.takes_in.when == timed(9, None)


class TestBroughtBack:
    def back(self, severa, google, base):
        return next_action(view(severa, google, base, stand=Stand.RESTORED))

    def test_what_was_held_is_made_again_from_the_side_that_has_it_d5(self):
        assert self.back(ABSENT, A, AA) == Create(S, A, A, "D2")
        assert self.back(A, ABSENT, AA) == Create(G, A, A, "D2")

    def test_what_came_back_by_itself_is_left_as_it_is_d5(self):
        assert self.back(A, A, AA) is None

    def test_what_is_brought_back_has_its_whole_text_b7(self):
        whole = "n" * 9_000
        severa, google = replace(A, notes=whole), replace(A, notes=whole[:7_999] + "…")

        action = self.back(ABSENT, google, (severa, google))

        assert isinstance(action, Create)
        assert action.entry.notes == whole

    def test_what_is_brought_back_has_no_made_up_length_b8(self):
        severa, google = replace(A, when=timed(9, None)), replace(A, when=timed(9, 15))

        action = self.back(ABSENT, google, (severa, google))

        assert isinstance(action, Create)
        assert action.entry.when == timed(9, None)
