"""The table has one answer for whatever the two sides may show, and never fails to give it (D1, D2, D5, F2)."""

from dataclasses import replace
from itertools import product

import pytest

from daemon.core.entry import ABSENT, AS_SERIES, CANCELLED, Entry, Hidden, Value
from daemon.core.link import Base, Side, Stand
from daemon.core.reconcile import next_action, row_of
from daemon.core.table import STANDINGS, TABLE, Row, Turn, turn
from daemon.core.view import Action, Create, Forget, Part, Remove, Reset, Settle, View, Write

from .given import SELECTED, G, S, entry, hidden, leaving, people, view

AGREED, MOVED, OTHER = entry("agreed"), entry("moved"), entry("other")
SHOWN: tuple[Value, ...] = (
    AGREED,
    MOVED,
    ABSENT,
    CANCELLED,
    AS_SERIES,
    hidden(shown=AGREED),
    leaving(shown=AGREED),
    leaving(shown=MOVED),
)
HALVES = (AGREED, OTHER, ABSENT, CANCELLED, AS_SERIES)
READ_ONLY = ((), (S,), (G,), (S, G))


def views(*, stands=tuple(Stand), read_only=()) -> list[View]:
    """Return a view for every combination of what is shown, what was agreed and the standing."""
    return [
        view(severa, google, (one, other), stand=stand, read_only=read_only)
        for severa, google in product(SHOWN, SHOWN)
        for one, other in product(HALVES, HALVES)
        for stand in stands
    ]


def failing(shown: list[View]) -> list[str]:
    """Return the views about which nothing can be decided, and why."""
    found = []
    for one in shown:
        try:
            next_action(one)
        except AssertionError as error:
            found.append(f"{names(one)}: {error}")
    return found


def names(one: View) -> str:
    halves = one.link.base.severa, one.link.base.google
    return " | ".join(map(name_of, (one.severa, one.google, *halves)))


def name_of(value: Value) -> str:
    if isinstance(value, Hidden):
        return f"{'leaving' if value.leaving else 'hidden'} {value.entry.title}"
    return str(value.title) if isinstance(value, Entry) else value.value


@pytest.mark.parametrize("stand", Stand)
def test_whatever_is_shown_has_one_answer_under_every_standing(stand):
    shown = views(stands=[stand])

    assert len(shown) == len(SHOWN) ** 2 * len(HALVES) ** 2
    assert failing(shown) == []


@pytest.mark.parametrize("read_only", READ_ONLY)
def test_whatever_is_shown_has_one_answer_whatever_side_may_not_be_changed_d6(read_only):
    assert failing(views(stands=[Stand.LIVE, Stand.RESTORED], read_only=read_only)) == []


def after(one: View, action: Action) -> View:
    """Return what is decided about next, once the action was carried out to the letter."""
    base, shown = one.link.base, {S: one.severa, G: one.google}
    match action:
        case Settle(base):
            pass
        case Create(side, made, takes_in):
            shown[side], base = made, base.agreeing(side, made, takes_in)
        case Write(side, change, takes_in):
            shown[side] = change.over(one.entry_on(side))
            base = base.agreeing(side, change, takes_in)
        case Reset(side):
            shown[side], base = AS_SERIES, Base(AS_SERIES, AS_SERIES)
        case Remove(side):
            shown[side], base = ABSENT, Base()
    return view(shown[S], shown[G], base, stand=one.link.standing.stand)


def test_whatever_is_shown_comes_to_rest_in_a_few_steps_d3():
    for start in views(stands=[Stand.LIVE, Stand.HELD, Stand.SET_ASIDE, Stand.PARTED]):
        one, steps = start, []
        while not isinstance(action := next_action(one), None | Forget | Part):
            steps.append(action)
            assert len(steps) <= 4, (names(start), steps)
            one = after(one, action)


def test_nothing_is_ever_written_to_a_side_that_a_rule_keeps_out_b2_b5():
    for one in views(stands=[Stand.LIVE, Stand.RESTORED]):
        for side in Side:
            if isinstance(one.on(side), Hidden) and not one.on(side).leaving:
                assert row_of(one) in (Row.NOTHING, Row.FORGET), names(one)


def test_only_what_is_gone_or_leaving_on_one_side_is_removed_from_the_other_d2():
    for one in views(stands=[Stand.LIVE]):
        action = next_action(one)
        if isinstance(action, Remove):
            other, mine = one.on(action.side.other), one.on(action.side)
            if other in (ABSENT, CANCELLED):
                assert turn(mine, one.link.base.on(action.side)) is Turn.SAME, names(one)
            else:
                assert other.leaving, names(one)


def test_a_standing_other_than_live_never_does_more_than_live_does_d5():
    for stand in (Stand.HELD, Stand.SET_ASIDE, Stand.PARTED):
        live, waiting = views(stands=[Stand.LIVE]), views(stands=[stand])
        for one, other in zip(live, waiting, strict=True):
            action = next_action(other)
            assert action is None or action == next_action(one), (stand, names(one))


def test_every_kind_of_action_is_reached():
    reached = {type(next_action(one)) for one in views(stands=[Stand.LIVE])}

    # The sides that `views` shows part where what leaves was born on the other side.
    assert reached == {Create, Write, Reset, Remove, Settle, Forget, Part, type(None)}


def test_the_table_is_whole():
    assert set(TABLE) == set(product(Turn, Turn))
    assert set(STANDINGS) == set(product(Stand, Row))
    assert set(TABLE.values()) == set(Row)


def test_both_sides_are_treated_alike():
    mirrored = {
        Row.CREATE_IN_SEVERA: Row.CREATE_IN_GOOGLE,
        Row.CARRY_TO_SEVERA: Row.CARRY_TO_GOOGLE,
        Row.REMOVE_FROM_SEVERA: Row.REMOVE_FROM_GOOGLE,
    }
    mirrored |= {there: here for here, there in mirrored.items()}

    for (one, other), row in TABLE.items():
        assert TABLE[other, one] is mirrored.get(row, row), (one, other)


def test_who_takes_part_turns_an_entry_as_any_field_does_d1():
    agreed = replace(AGREED, people=people("ann"))

    assert turn(agreed, agreed) is Turn.SAME
    assert turn(replace(agreed, people=people("ann", "bob")), agreed) is Turn.EDITED
    assert turn(replace(agreed, people=people()), agreed) is Turn.EDITED


def test_the_type_it_agreed_under_does_not_turn_it_b5():
    assert next_action(view(AGREED, AGREED, (AGREED, AGREED), kind=SELECTED)) is None
