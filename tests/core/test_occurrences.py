"""Changed, moved and cancelled single occurrences are carried both ways (F2)."""

from dataclasses import replace

import pytest

from daemon.core.entry import ABSENT, AS_SERIES, CANCELLED, Entry
from daemon.core.link import Base, Link, Side, Stand
from daemon.core.reconcile import next_action
from daemon.core.table import Turn
from daemon.core.view import Create, Part, Remove, Reset, Settle, View, Write

from .given import (
    G,
    S,
    activity,
    after_settling,
    at,
    change,
    copy,
    entry,
    leaving,
    linked,
    people,
    retitled,
    retitling,
    timed,
    turns,
    view,
)

A, B, C = entry("a"), entry("b"), entry("c")
AA, PLAIN, OFF = (A, A), (AS_SERIES, AS_SERIES), (CANCELLED, CANCELLED)
BOTH = pytest.mark.parametrize("side", [S, G])


def occurrence(side: Side, shown, other, base, **fields) -> View:
    """Return a view of an occurrence where `side` shows one value and the opposite side the other."""
    sides = {side: shown, side.other: other}
    one, two = base
    halves = {side: one, side.other: two}
    return view(sides[S], sides[G], (halves[S], halves[G]), **fields)


def title(text: str) -> Entry:
    return Entry(title=text)


class TestCancelled:
    @BOTH
    @pytest.mark.parametrize("half", [A, AS_SERIES])
    def test_a_cancelled_occurrence_is_not_an_unchanged_one(self, side, half):
        assert next_action(occurrence(side, CANCELLED, half, (half, half))) is not None

    @BOTH
    @pytest.mark.parametrize("half", [A, AS_SERIES])
    def test_cancelled_on_one_side_is_cancelled_on_the_other(self, side, half):
        cancelled = occurrence(side, CANCELLED, half, (half, half))

        assert next_action(cancelled) == Remove(side.other, "D2")

    def test_what_is_cancelled_on_both_sides_is_nobodys_business(self):
        assert not isinstance(next_action(view(CANCELLED, CANCELLED, PLAIN)), Remove | Create)

    @BOTH
    def test_an_edit_outlives_a_cancellation_d2(self, side):
        edited = occurrence(side, CANCELLED, B, AA)

        assert next_action(edited) == Create(side, B, B, "D2")

    @BOTH
    def test_an_exception_made_while_the_other_side_cancelled_outlives_it_d2(self, side):
        made = occurrence(side, CANCELLED, B, PLAIN)

        assert next_action(made) == Create(side, B, B, "D2")

    @BOTH
    def test_what_takes_place_again_does_so_on_both_sides(self, side):
        assert next_action(occurrence(side, AS_SERIES, CANCELLED, OFF)) == Reset(side.other, "F2")
        again = next_action(occurrence(side, B, CANCELLED, OFF))
        assert isinstance(again, Create)
        assert (again.side, again.entry) == (side.other, B)

    @BOTH
    def test_a_held_cancellation_waits_d5(self, side):
        held = occurrence(side, CANCELLED, A, AA, stand=Stand.HELD)

        assert next_action(held) is None

    @BOTH
    def test_a_held_cancellation_that_is_not_wanted_is_taken_back_d5(self, side):
        held = occurrence(side, CANCELLED, AS_SERIES, PLAIN, stand=Stand.RESTORED)

        assert next_action(held) == Reset(side, "D5")


class TestException:
    @BOTH
    def test_an_exception_made_on_one_side_is_made_on_the_other(self, side):
        made = occurrence(side, B, AS_SERIES, PLAIN)

        assert next_action(made) == Create(side.other, B, B, "F2")

    @BOTH
    def test_an_exception_edited_on_one_side_is_edited_on_the_other_d1(self, side):
        edited = occurrence(side, B, A, AA)

        assert next_action(edited) == Write(side.other, title("b"), title("b"), "D1")

    @BOTH
    def test_an_exception_that_was_reset_is_reset_on_the_other_side(self, side):
        assert next_action(occurrence(side, AS_SERIES, A, AA)) == Reset(side.other, "F2")

    @BOTH
    @pytest.mark.parametrize("winner", [S, G])
    def test_of_a_reset_and_an_edit_the_winners_stays_d1(self, side, winner):
        both = occurrence(side, AS_SERIES, B, AA, winner=winner)

        action = next_action(both)

        if winner is side:
            assert action == Reset(side.other, "F2")
        else:
            assert action == Create(side, B, B, "F2")

    @BOTH
    @pytest.mark.parametrize("base", [AA, (A, AS_SERIES), (AS_SERIES, A), OFF])
    def test_what_both_sides_show_as_the_series_is_agreed_upon(self, side, base):
        shown = occurrence(side, AS_SERIES, AS_SERIES, base)

        assert next_action(shown) == Settle(Base(AS_SERIES, AS_SERIES), "F2")

    @pytest.mark.parametrize("winner", [S, G])
    def test_exceptions_made_on_both_sides_are_merged_d1(self, winner):
        moved = replace(C, when=timed(15))

        action = next_action(view(B, moved, PLAIN, winner=winner))

        won = {S: B, G: moved}[winner].only(["title", "when"])
        assert action == Write(winner.other, won, won, "D1")

    def test_two_exceptions_found_at_a_first_match_stay_as_they_are_c1(self):
        severa, google = entry("a", notes="ours"), entry("a", notes="theirs")

        joined = next_action(view(severa, google))

        assert isinstance(joined, Settle)
        assert joined.is_first_match
        assert after_settling(view(severa, google)) is None

    def test_an_exception_goes_before_what_is_as_its_series_at_a_first_match_c1(self):
        assert next_action(view(B, AS_SERIES)) == Create(G, B, B, "F2")
        assert next_action(view(AS_SERIES, B)) == Create(S, B, B, "F2")

    def test_an_exception_that_was_carried_asks_for_nothing_more_d3(self):
        assert next_action(view(B, B, Base(B, B, view(B, B).link.activity.type))) is None
        assert next_action(view(AS_SERIES, AS_SERIES, PLAIN)) is None

    def test_people_of_an_exception_are_carried_one_by_one_as_of_any_entry_e4(self):
        met = replace(B, people=people("ann", "bob"))
        keepers = {S: "ann@example.com", G: "ann@example.com"}

        made = next_action(view(AS_SERIES, met, PLAIN, keepers=keepers))

        assert isinstance(made, Create)
        assert set(dict(made.entry.people.answers)) <= {"ann@example.com"}


class TestSeriesGone:
    @BOTH
    def test_an_edited_occurrence_survives_its_series_as_a_single_d2(self, side):
        assert next_action(occurrence(side, ABSENT, B, AA)) == Create(side, B, B, "D2")
        assert next_action(occurrence(side, ABSENT, B, PLAIN)) == Create(side, B, B, "D2")

    @BOTH
    def test_an_occurrence_that_nobody_edited_goes_with_its_series_d2(self, side):
        assert next_action(occurrence(side, ABSENT, A, AA)) == Remove(side.other, "D2")
        assert next_action(occurrence(side, ABSENT, AS_SERIES, PLAIN)) == Remove(side.other, "D2")

    @BOTH
    @pytest.mark.parametrize("half", [A, ABSENT])
    def test_nothing_is_reset_where_there_is_no_series(self, side, half):
        action = next_action(occurrence(side, ABSENT, AS_SERIES, (half, half)))

        assert not isinstance(action, Reset)

    @BOTH
    def test_nothing_is_reset_where_there_is_no_series_when_it_is_brought_back_d5(self, side):
        gone = occurrence(side, ABSENT, AS_SERIES, PLAIN, stand=Stand.RESTORED)

        assert not isinstance(next_action(gone), Reset)

    def test_an_exception_that_leaves_takes_its_other_side_along_b5(self):
        assert next_action(view(leaving("B5", A), A, AA)) == Remove(G, "B5")
        assert next_action(view(leaving("B5", A), AS_SERIES, PLAIN)) == Remove(G, "B5")


class TestReadOnly:
    @BOTH
    def test_a_reset_against_a_side_that_may_not_be_changed_is_set_back_d6(self, side):
        action = next_action(occurrence(side, AS_SERIES, A, AA, read_only=[side.other]))

        assert action == Part("D6") or (isinstance(action, Create) and action.side is side)

    def test_exceptions_made_on_both_sides_of_a_read_only_series_are_decided_d6(self):
        assert next_action(view(B, C, PLAIN, read_only=[G])) is not None


class TestLink:
    def test_an_occurrence_knows_its_series_and_its_slot(self):
        one = linked(A, parent="l0", original=at(9))

        moved = one.showing(G, copy(replace(A, when=timed(15))))

        assert (moved.parent, moved.original) == ("l0", at(9))
        assert (moved.showing(S, None).parent, moved.doubted) == ("l0", frozenset())

    def test_an_occurrence_that_is_forgotten_while_a_create_may_land_keeps_its_slot(self):
        one = linked(A, parent="l0", original=at(9))

        left = one.forgetting(at(12))

        assert (left.parent, left.original) == ("l0", at(9))


class TestRewrittenByItsMaster:
    """A write to a Google master rewrites its exceptions: that is our doing, and ours to put back."""

    MASTER = linked(entry("Weekly"))
    EXCEPTION = linked(
        entry("Planning"),
        id="l2",
        activity=activity(entry("Planning"), ref="a2"),
        copies=(copy(entry("Planning"), ref="e1_20260302T090000Z"),),
        parent="l1",
        original=at(9),
    )

    def written(self, *, is_claimed: bool) -> Link:
        """Rename the series in Severa, carry that to the master, and return the exception as it is seen then."""
        master = retitled(self.MASTER, S, "Fortnightly")
        action = next_action(View(master, master.shows(S), master.shows(G)))
        assert action == Write(G, title("Fortnightly"), title("Fortnightly"), "D1")
        claim = change(G, action.change, action.takes_in)
        exception = self.EXCEPTION
        if is_claimed:
            rewritten = claim.values.only(["title"])
            side_effect = replace(
                claim, values=rewritten, takes_in=rewritten, ref=exception.google.ref
            )
            exception = exception.claiming(side_effect)
        return retitled(exception, G, "Fortnightly").checked(G, at(12))

    def decided(self, link: Link):
        return next_action(View(link, link.shows(S), link.shows(G)))

    def test_the_exceptions_own_title_is_put_back(self):
        link = self.written(is_claimed=True)

        assert turns(link) == (Turn.EDITED, Turn.SAME)
        assert self.decided(link) == Write(G, title("Planning"), title("Planning"), "D1")

    def test_what_was_put_back_stays_d3(self):
        link = self.written(is_claimed=True)
        putting = replace(retitling(G, "Planning"), ref=link.google.ref)
        back = replace(link.google, entry=entry("Planning"))

        link = link.claiming(putting).answered(putting, back)

        assert turns(link) == (Turn.SAME, Turn.SAME)
        assert self.decided(link) is None

    def test_without_the_claim_the_rewrite_would_travel_to_severa(self):
        link = self.written(is_claimed=False)

        assert self.decided(link) == Write(S, title("Fortnightly"), title("Fortnightly"), "D1")

    def test_an_edit_of_another_field_made_meanwhile_is_carried_d1(self):
        link = self.written(is_claimed=True)
        moved = replace(link.google.entry, when=timed(15))
        link = link.showing(G, replace(link.google, entry=moved))

        names = set()
        for _ in range(2):
            action = self.decided(link)
            names |= {(action.side, *action.change.known())}
            claim = change(action.side, action.change, action.takes_in)
            seen = link.seen(action.side)
            claim = replace(claim, ref=seen.ref)
            shown = replace(seen, entry=action.change.over(seen.entry))
            link = link.claiming(claim).answered(claim, shown)

        assert names == {(G, "title"), (S, "when")}
        assert self.decided(link) is None
