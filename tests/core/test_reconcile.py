"""What happens next for each pair of sides, base and standing (D1, D2, D6, B3, B5, B9, C1)."""

from dataclasses import replace
from itertools import product

import pytest

from daemon.core.entry import ABSENT, AS_SERIES, CANCELLED, UNKNOWN, Entry
from daemon.core.fit import PLACEHOLDER
from daemon.core.link import Base, Stand
from daemon.core.reconcile import next_action, row_of
from daemon.core.table import STANDINGS, TABLE, Row, Turn, turn
from daemon.core.view import Create, Forget, Part, Remove, Settle, View, Write

from .given import (
    SELECTED,
    UNSELECTED,
    G,
    S,
    after_settling,
    all_day,
    entry,
    hidden,
    joining,
    leaving,
    people,
    timed,
    view,
)

A, B, C = entry("a"), entry("b"), entry("c")
AA, NONE = (A, A), (ABSENT, ABSENT)


def title(text: str) -> Entry:
    return Entry(title=text)


def test_every_pair_of_turns_has_exactly_one_row():
    assert set(TABLE) == set(product(Turn, Turn))


def test_every_row_has_one_meaning_under_every_standing():
    assert set(STANDINGS) == set(product(Stand, Row))


def test_every_row_is_reached_by_some_pair():
    assert set(TABLE.values()) == set(Row)


@pytest.mark.parametrize(
    ("value", "half", "expected"),
    [
        (ABSENT, ABSENT, Turn.ABSENT),
        (A, ABSENT, Turn.NEW),
        (A, A, Turn.SAME),
        (B, A, Turn.EDITED),
        (ABSENT, A, Turn.GONE),
        (CANCELLED, A, Turn.GONE),
        (CANCELLED, AS_SERIES, Turn.GONE),
        (CANCELLED, CANCELLED, Turn.ABSENT),
        (A, CANCELLED, Turn.NEW),
        (AS_SERIES, CANCELLED, Turn.NEW),
        (AS_SERIES, AS_SERIES, Turn.SAME),
        (AS_SERIES, A, Turn.EDITED),
        (A, AS_SERIES, Turn.EDITED),
        (hidden(shown=B), A, Turn.HIDDEN),
        (hidden(), ABSENT, Turn.HIDDEN),
        (leaving(), A, Turn.LEAVING),
        (replace(A, people=UNKNOWN), A, Turn.SAME),
        (A, replace(A, people=UNKNOWN), Turn.SAME),
    ],
)
def test_a_side_is_compared_with_its_own_half_only(value, half, expected):
    assert turn(value, half) is expected


def test_a_cancelled_occurrence_is_not_an_unchanged_one():
    cancelled = view(CANCELLED, A, (AS_SERIES, A))

    assert next_action(cancelled) == Remove(G, "D2")


@pytest.mark.parametrize(
    ("severa", "google", "base", "action"),
    [
        # Nothing happened.
        (A, A, AA, None),
        (ABSENT, ABSENT, NONE, Forget()),
        # D2: gone on both sides; gone on one, untouched on the other; gone on one, changed on the other.
        (ABSENT, ABSENT, AA, Forget()),
        (ABSENT, A, AA, Remove(G, "D2")),
        (A, ABSENT, AA, Remove(S, "D2")),
        (ABSENT, B, AA, Create(S, B, B, "D2")),
        (B, ABSENT, AA, Create(G, B, B, "D2")),
        (CANCELLED, A, AA, Remove(G, "D2")),
        (CANCELLED, B, AA, Create(S, B, B, "D2")),
        # B1, B2: made on one side.
        (ABSENT, A, NONE, Create(S, A, A, "B1")),
        (A, ABSENT, NONE, Create(G, A, A, "B2")),
        # D1: changed on one side, on both alike, on both differently.
        (B, A, AA, Write(G, title("b"), title("b"), "D1")),
        (A, B, AA, Write(S, title("b"), title("b"), "D1")),
        (B, B, AA, Settle(Base(B, B, SELECTED), "D1")),
        (B, C, AA, Write(G, title("b"), title("b"), "D1")),
        # Hidden: kept out by a rule, never created again, never removed.
        (hidden(), ABSENT, NONE, None),
        (ABSENT, hidden(), NONE, None),
        (hidden(), A, NONE, None),
        (hidden(), A, AA, None),
        (hidden(), B, AA, None),
        (hidden(), ABSENT, AA, None),
        (A, hidden(), AA, None),
        (B, hidden(), AA, None),
        (ABSENT, hidden(), AA, None),
        (hidden(), hidden(), AA, None),
        # B5, B3: a rule takes it out, and its other side away.
        (leaving("B5"), A, AA, Remove(G, "B5")),
        (leaving("B3"), A, AA, Remove(G, "B3")),
        (leaving("B5"), ABSENT, AA, Settle(Base(), "B5")),
        (leaving("B5", A), B, AA, Write(S, title("b"), title("b"), "D1")),
        (leaving("B5"), hidden(), AA, None),
        (A, leaving("B10"), AA, Part("B10")),
    ],
)
def test_what_happens_next(severa, google, base, action):
    assert next_action(view(severa, google, base)) == action


def test_edits_of_different_fields_cross_d1():
    severa, google = replace(A, title="b"), replace(A, location="Room 1")

    first = next_action(view(severa, google, AA))
    second = next_action(view(severa, replace(google, title="b"), (severa, replace(A, title="b"))))

    assert first == Write(G, title("b"), title("b"), "D1")
    assert second == Write(S, Entry(location="Room 1"), Entry(location="Room 1"), "D1")


def test_a_merge_writes_first_to_the_side_that_takes_writes_r1():
    severa, google = replace(A, title="b"), replace(A, location="Room 1")

    action = next_action(replace(view(severa, google, AA), paused=G))

    assert action == Write(S, Entry(location="Room 1"), Entry(location="Room 1"), "D1")


def test_a_merge_writes_only_what_the_other_side_lacks_d1():
    severa, google = replace(A, title="b", location="Room 1"), replace(A, title="b")

    action = next_action(view(severa, google, AA))

    assert action == Write(G, Entry(location="Room 1"), Entry(location="Room 1"), "D1")


@pytest.mark.parametrize(("winner", "loser", "value"), [(S, G, "b"), (G, S, "c")])
def test_the_winner_of_a_conflict_is_as_configured_d1(winner, loser, value):
    action = next_action(view(B, C, AA, winner=winner))

    assert action == Write(loser, title(value), title(value), "D1")


@pytest.mark.parametrize("winner", [S, G])
def test_the_loser_of_one_field_keeps_its_other_edits_d1(winner):
    severa = replace(A, title="b", location="Room 1")
    google = replace(A, title="c", notes="Agenda")

    to_google = next_action(view(severa, google, AA, winner=winner))

    assert isinstance(to_google, Write)
    assert to_google.side is G
    assert to_google.change.location == "Room 1"
    assert (to_google.change.title == "b") is (winner is S)
    assert to_google.change.notes is UNKNOWN


def test_start_end_and_recurrence_are_one_field_d1():
    severa, google = replace(A, when=timed(10)), replace(A, when=timed(9, 30))

    action = next_action(view(severa, google, AA))

    assert action == Write(G, Entry(when=timed(10)), Entry(when=timed(10)), "D1")


def test_becoming_all_day_is_carried_b6():
    action = next_action(view(A, replace(A, when=all_day()), AA))

    assert action == Write(S, Entry(when=all_day()), Entry(when=all_day()), "D1")


def test_values_agreed_to_differ_are_never_compared_across_c1():
    severa, google = replace(A, notes="ours"), replace(A, notes="theirs")

    assert next_action(view(severa, google, (severa, google))) is None


def test_an_edit_beside_values_agreed_to_differ_leaves_them_apart_c1():
    severa, google = replace(A, notes="ours"), replace(A, notes="theirs")

    action = next_action(view(replace(severa, title="b"), google, (severa, google)))

    assert action == Write(G, title("b"), title("b"), "D1")


def test_an_edit_ends_an_agreement_to_differ_c1():
    severa, google = replace(A, notes="ours"), replace(A, notes="theirs")

    action = next_action(view(replace(severa, notes="new"), google, (severa, google)))

    assert action == Write(G, Entry(notes="new"), Entry(notes="new"), "D1")


def test_a_write_says_what_it_takes_in_as_the_other_side_shows_it_b7():
    google = replace(A, title="")

    action = next_action(view(A, google, AA))

    assert action == Write(S, title(PLACEHOLDER), title(""), "D1")


class TestFirstMatch:
    def test_two_that_are_alike_are_paired_and_left_alone_c1(self):
        joined = next_action(view(A, A))

        assert isinstance(joined, Settle)
        assert joined.is_first_match
        assert joined.base.is_pair
        assert after_settling(view(A, A)) is None

    @pytest.mark.parametrize("field", ["location", "notes"])
    @pytest.mark.parametrize("full", [S, G])
    def test_an_empty_text_is_filled_from_the_other_side_c1(self, field, full):
        sides = {full: replace(A, **{field: "text"}), full.other: A}
        joined = next_action(view(sides[S], sides[G]))
        assert isinstance(joined, Settle)

        action = next_action(view(sides[S], sides[G], (joined.base.severa, joined.base.google)))

        filling = Entry(**{field: "text"})
        assert action == Write(full.other, filling, filling, "D1")

    @pytest.mark.parametrize(
        ("field", "ours", "theirs"),
        [
            ("notes", "ours", "theirs"),
            ("location", "Room 1", "Room 2"),
            ("private", False, True),
            ("title", "Weekly review", "Weekly  review"),
        ],
    )
    def test_two_different_values_stay_as_they_are_c1(self, field, ours, theirs):
        severa, google = replace(A, **{field: ours}), replace(A, **{field: theirs})

        joined = next_action(view(severa, google))

        assert isinstance(joined, Settle)
        assert joined.is_first_match
        assert joined.base.is_masked is (field == "private")
        halves = joined.base.severa, joined.base.google
        assert [getattr(half, field) for half in halves] == [ours, theirs]
        assert after_settling(view(severa, google, joined.base)) is None

    @pytest.mark.parametrize("private", [S, G])
    def test_a_first_match_shows_nobody_what_the_other_side_keeps_private_b4(self, private):
        sides = {
            side: replace(A, private=side is private, notes="", location="") for side in (S, G)
        }
        sides[private] = replace(sides[private], notes="Bring papers", location="Clinic")
        joined = next_action(view(sides[S], sides[G]))
        assert isinstance(joined, Settle)

        assert after_settling(view(sides[S], sides[G], joined.base)) is None
        edited = {**sides, private: replace(sides[private], notes="Bring more papers")}
        assert isinstance(next_action(view(edited[S], edited[G], joined.base)), Settle)

    def test_a_to_do_and_the_event_it_matches_keep_their_lengths_b8(self):
        severa, google = replace(A, when=timed(9, None)), replace(A, when=timed(9, 15))

        joined = next_action(view(severa, google))

        assert isinstance(joined, Settle)
        assert (joined.base.severa.when, joined.base.google.when) == (severa.when, google.when)
        assert after_settling(view(severa, google)) is None

    def test_a_match_agrees_on_the_type_it_was_found_with_c1(self):
        joined = next_action(view(A, A, kind="", type=UNSELECTED))

        assert isinstance(joined, Settle)
        assert joined.base.type == UNSELECTED


class TestUnknown:
    def test_an_unknown_field_is_never_carried_to_a_new_entry(self):
        google = replace(B, people=UNKNOWN)

        action = next_action(view(ABSENT, google))

        assert isinstance(action, Create)
        assert action.entry.people is UNKNOWN

    def test_an_unknown_field_is_no_edit(self):
        assert next_action(view(replace(A, people=UNKNOWN), A, AA)) is None

    def test_an_unknown_field_of_the_other_side_is_not_written(self):
        severa = replace(A, people=people("ann"), title="b")
        google = replace(A, people=UNKNOWN)

        action = next_action(view(severa, google, AA))

        assert action == Write(G, title("b"), title("b"), "D1")

    def test_an_edit_of_a_field_that_the_other_side_does_not_show_waits_until_it_does(self):
        severa, unread = replace(A, people=people("ann")), replace(A, people=UNKNOWN)
        first = next_action(view(severa, unread, AA))
        base = (first.base.severa, first.base.google) if isinstance(first, Settle) else AA

        action = next_action(view(severa, A, base))

        assert isinstance(action, Write)
        assert action.change == joining("ann")

    def test_beside_an_edit_that_waits_the_type_is_agreed_on_b5(self):
        severa, unread = replace(A, people=people("ann")), replace(A, people=UNKNOWN)

        action = next_action(view(severa, unread, AA, kind=SELECTED, type=UNSELECTED))

        assert isinstance(action, Settle)
        assert action.base.type == UNSELECTED

    def test_a_field_first_read_after_linking_is_followed_from_then_on_b6(self):
        unread = replace(A, people=UNKNOWN)
        base = (unread, unread)
        learnt = next_action(view(A, A, base))
        if isinstance(learnt, Settle):
            base = (learnt.base.severa, learnt.base.google)

        action = next_action(view(replace(A, people=people("ann")), A, base))

        assert isinstance(action, Write)
        assert action.change == joining("ann")


def test_the_row_depends_on_what_is_shown_and_not_on_what_was_seen():
    shown = view(A, A, AA)

    assert row_of(View(shown.link, hidden(), A)) is Row.NOTHING
    assert row_of(View(shown.link, ABSENT, A)) is Row.REMOVE_FROM_GOOGLE
