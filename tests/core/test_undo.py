"""What goes back when a change is undone, and what is asked about instead (D7)."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.entry import UNKNOWN, Answer, Entry, People, entry_of, person
from daemon.core.link import Side
from daemon.core.record import Change
from daemon.core.undo import (
    LOST_ANSWERS,
    Plan,
    cannot_come_back,
    disowning,
    id_of_restored,
    left_by_us,
    plan_of,
    touched,
)

from .given import NOW, G, S, change, create, entry, linked, retitled, timed, turns

BEN, EVA = person("ben@example.com"), person("eva@example.com")


def parts(**answers: Answer) -> People:
    named = {f"{name}@example.com": answer for name, answer in answers.items()}
    return People.of(named, is_whole=False)


def line(**fields: Any) -> Change:
    rest: dict[str, Any] = {
        "at": NOW, "entry": "l1", "user": "ann", "side": G, "action": "removed", "cause": "poll",
        "rule": "D2", "id": 7,
    }  # fmt: skip
    return Change(**(rest | fields))


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        pytest.param("new", Plan(back=Entry(title="old")), id="it holds the result"),
        pytest.param("other", Plan(changed_since=frozenset({"title"})), id="it was changed since"),
        pytest.param("old", Plan(done=frozenset({"title"})), id="it is undone already"),
        pytest.param(UNKNOWN, Plan(lost=frozenset({"title"})), id="nobody knows what it shows"),
    ],
)
def test_a_field_goes_back_only_where_it_still_holds_the_result(shown: Any, expected: Plan) -> None:
    assert plan_of(Entry(title="old"), Entry(title="new"), entry(title=shown)) == expected


def test_a_field_that_was_changed_since_goes_back_where_that_was_asked_for() -> None:
    before, after = Entry(title="old", notes="a"), Entry(title="new", notes="b")

    plan = plan_of(before, after, entry(title="other", notes="b"), is_forced=True)

    assert plan == Plan(back=before)


def test_what_was_there_before_and_is_unknown_is_never_made_up() -> None:
    plan = plan_of(Entry(), Entry(title="new"), entry(title="new"), is_forced=True)

    assert plan == Plan(lost=frozenset({"title"}))


def test_people_go_back_one_by_one() -> None:
    before = Entry(people=parts(ben=Answer.OUT, eva=Answer.NONE))
    after = Entry(people=parts(ben=Answer.NONE, eva=Answer.OUT))
    now = People.of({"ben@example.com": Answer.ACCEPTED, "cat@example.com": Answer.NONE})

    plan = plan_of(before, after, entry(people=now))

    assert plan.back == Entry(people=parts(eva=Answer.NONE))
    assert plan.changed_since == {BEN}
    assert plan_of(before, after, plan.back.over(entry(people=now))).done == {EVA}


def test_what_was_created_is_untouched_until_a_field_of_it_was_changed() -> None:
    after = Entry(title="Review", when=timed(), notes="")

    assert not touched(after, entry(location="somebody's own"))
    assert touched(after, entry(title="Another", location="here")) == {"title"}


def test_what_the_sync_itself_wrote_later_does_not_touch_what_it_created() -> None:
    made = Entry(title="Review", people=People.of({"ann@example.com": Answer.ACCEPTED}))
    invited = Entry(people=parts(ben=Answer.NONE))
    result = left_by_us(made, [Entry(title="Plan"), invited, Entry(title="Report")])
    everybody = People.of({"ann@example.com": Answer.ACCEPTED, "ben@example.com": Answer.NONE})

    assert not touched(result, entry("Report", people=everybody))
    assert touched(result, entry("Plan", people=everybody)) == {"title"}


def test_the_answers_of_guests_are_said_to_be_lost_where_there_were_guests() -> None:
    alone = People.of({"ann@example.com": Answer.ACCEPTED})
    both = People.of({"ann@example.com": Answer.ACCEPTED, "ben@example.com": Answer.NONE})

    assert cannot_come_back(entry(), dict.fromkeys(Side, ())) == ()
    assert cannot_come_back(entry(people=alone), {G: ()}) == ()
    assert cannot_come_back(entry(people=both), {G: ()}) == (LOST_ANSWERS,)
    assert cannot_come_back(entry(people=parts(ben=Answer.ACCEPTED)), {G: ()}) == (LOST_ANSWERS,)
    assert cannot_come_back(entry(people=both), {S: ()}) == (), "Severa brings its answers back"


def test_what_each_side_loses_is_said_severas_first() -> None:
    lost = {G: ("the conference link",), S: ("the booked hours",)}

    assert cannot_come_back(entry(), lost) == ("the booked hours", "the conference link")


def test_each_change_has_one_id_under_which_it_is_made_again() -> None:
    ids = {id_of_restored(one) for one in (line(), line(id=8), line(entry="l2"))}

    assert len(ids) == 3
    assert id_of_restored(line()) == id_of_restored(line(cause="push"))
    for link_id in ids:
        assert len(link_id) == 26
        assert set(link_id) <= set("0123456789abcdefghijklmnopqrstuv")


@pytest.mark.parametrize("side", [S, G])
def test_what_goes_back_is_not_taken_for_a_late_landing_of_an_older_write(side: Side) -> None:
    older = change(side, Entry(title="old", notes="x"), Entry(title="old", notes="x"))
    link = linked(entry("new"), claims=(older, create(side.other, entry("old"))))

    undone = disowning(link, side, Entry(title="old"))
    late = retitled(link, side, "old")
    seen = retitled(undone, side, "old")

    assert undone.claims[0].values == undone.claims[0].takes_in == Entry(notes="x")
    assert undone.claims[1] == link.claims[1]
    assert turns(seen) != turns(late), "only without that claim it is an edit"
    assert disowning(link, side, Entry(title="old", notes="x")).claims == link.claims[1:]


VALUES: Mapping[str, st.SearchStrategy[Any]] = {
    "title": st.sampled_from(["a", "b", "c"]),
    "notes": st.sampled_from(["a", "b", ""]),
    "private": st.booleans(),
    BEN: st.sampled_from(Answer),
    EVA: st.sampled_from(Answer),
}
ENTRIES = st.fixed_dictionaries({}, optional=dict(VALUES)).map(entry_of)


@given(before=ENTRIES, after=ENTRIES, shown=ENTRIES, is_forced=st.booleans())
def test_undoing_touches_nothing_but_the_result_and_is_done_when_done(
    before: Entry, after: Entry, shown: Entry, is_forced: bool
) -> None:
    plan = plan_of(before, after, shown, is_forced=is_forced)

    for name, value in plan.back.known().items():
        assert value == before.value(name)
        assert is_forced or shown.value(name) == after.value(name)
    said = plan.back.known().keys() | plan.changed_since | plan.done | plan.lost
    assert said == after.known().keys()
    again = plan_of(before, after, plan.back.over(shown), is_forced=is_forced)
    assert again.back.known() == {}
    assert again.done == plan.done | plan.back.known().keys()
    assert again.changed_since == plan.changed_since
