"""Whoever takes part and however calls end, nobody is lost and it comes to rest (C1, D1, E3 to E8)."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.core.entry import UNKNOWN, Answer, Entry, People, person
from daemon.core.link import Base, Link
from daemon.core.policy import Policy

from .given import SELECTED, G, S, activity, copy, entry
from .world import Reply, World

COMPANY = ("ann", "bob", "cid", "dee")
ZOE = "zoe@example.com"
AT = {name: f"{name}@example.com" for name in COMPANY}
POLICY = Policy(selected={SELECTED}, addresses=frozenset(AT.values()))
STEPS = 40
NONE, YES, NO, OUT = Answer.NONE, Answer.ACCEPTED, Answer.DECLINED, Answer.OUT

ANSWERS = st.sampled_from([NONE, YES, NO])
GUESTS = st.dictionaries(st.sampled_from(COMPANY[1:]), ANSWERS)
OUTSIDERS = st.sampled_from([{}, {ZOE: YES}])
REPLIES = st.lists(st.sampled_from(Reply), max_size=4)
CALENDARS = st.frozensets(st.sampled_from(COMPANY[1:]))


def shown(said: Mapping[str, Answer], **fields) -> Entry:
    named = {AT.get(name, name): answer for name, answer in said.items()}
    return entry(people=People.of(named), **fields)


def world(severa: Entry | None, google: Entry | None, base: Base, **fields) -> World:
    """Return a world of Ann's activity and the event that she organizes, whose guests have these calendars."""
    event = google and copy(google, address=AT["ann"], organizer=AT["ann"])
    link = Link("l1", S if severa else G, severa and activity(severa), source="ann", base=base)
    rest = {"policy": POLICY, "keepers": {S: AT["ann"], G: AT["ann"]}, "steps_max": STEPS}
    one = World(link, {S: severa and activity(severa), G: event}, **(rest | fields))
    one.link = replace(link, copies=(event,) if event else ())
    one._flow()
    if event:
        one.look(G)
        half = one.link.base.google if base.is_pair else base.google
        one.link = replace(one.link, base=replace(base, google=half))
    return one


def outside(severa: Entry, google: Entry, **fields) -> World:
    """Return a world of a meeting that somebody outside organizes, which Bob owns in Severa."""
    base = Base(severa, google, SELECTED)
    event = copy(
        google, user="bob", address=AT["bob"], organizer=ZOE, is_organizer=False, is_writable=False
    )
    link = Link("l1", G, activity(severa, user="bob"), (event,), "bob", base)
    keepers = {S: AT["bob"], G: ZOE}
    sides = {S: activity(severa, user="bob"), G: event}
    one = World(link, sides, policy=POLICY, keepers=keepers, steps_max=STEPS, **fields)
    one._flow()
    one.look(G)
    return one


def said(one: World, side, name: str) -> Answer:
    return one.entries[side].people.answer(AT.get(name, name))


def taking_part(one: World, side) -> set[str]:
    return {name for name in COMPANY if said(one, side, name) is not OUT}


def is_excused(one: World, name: str) -> bool:
    """Tell whether a rule lets somebody's two answers differ (E5)."""
    if AT[name] in one.keepers.values():
        return True
    has_own_copy = name in one.guests or one.sides[G].address == AT[name]
    return not has_own_copy and (one.is_deaf or not one.sides[G].is_writable)


def rests(one: World, *, matched: bool = False) -> None:
    """Check that all is quiet, that the same people are on both sides, and that answers agree or are excused."""
    steps = one.steps
    assert one.run() is None
    assert one.steps == steps, "a look finds nothing new"
    assert taking_part(one, S) == taking_part(one, G)
    assert said(one, S, ZOE) is OUT
    for name in taking_part(one, S):
        one_, other = said(one, S, name), said(one, G, name)
        is_kept = matched and NONE not in (one_, other)
        assert one_ is other or is_excused(one, name) or is_kept, (name, one_, other)


MEETINGS = st.fixed_dictionaries(
    {"calendars": CALENDARS, "is_deaf": st.booleans(), "replies": REPLIES}
)


@settings(max_examples=200)
@given(GUESTS, GUESTS, OUTSIDERS, MEETINGS)
def test_a_first_match_unites_everybody_c1(on_severa, on_google, outsiders, meeting):
    google = shown({"ann": YES} | on_google | outsiders)
    one = world(shown({"ann": YES} | on_severa), google, Base(), **meeting)

    assert one.run() is None

    assert taking_part(one, S) == {"ann", *on_severa, *on_google}
    rests(one, matched=True)
    assert said(one, G, ZOE) is outsiders.get(ZOE, OUT)
    for name in on_severa.keys() & on_google.keys():
        if NONE not in (on_severa[name], on_google[name]):
            assert said(one, S, name) is on_severa[name], "two answers stay as they are"
            assert said(one, G, name) is on_google[name], "two answers stay as they are"


@settings(max_examples=300)
@given(GUESTS, GUESTS, GUESTS, OUTSIDERS, st.sampled_from([S, G]), MEETINGS)
def test_people_are_merged_one_by_one_d1(agreed, on_severa, on_google, outsiders, winner, meeting):
    both = shown({"ann": YES} | agreed)
    start = shown({"ann": YES} | agreed | outsiders)
    replies = meeting["replies"]
    one = world(
        both, start, Base(both, start, SELECTED), winner=winner, **meeting | {"replies": []}
    )
    assert one.run() is None
    one.replies = list(replies)

    one.edit(S, shown({"ann": YES} | on_severa))
    one.edit(G, shown({"ann": YES} | on_google | outsiders))
    assert one.run() is None

    rests(one)
    assert said(one, G, ZOE) is outsiders.get(ZOE, OUT)
    for name in COMPANY[1:]:
        was = agreed.get(name, OUT)
        typed = {S: on_severa.get(name, OUT), G: on_google.get(name, OUT)}
        changed = [side for side in (S, G) if typed[side] is not was]
        wanted = winner if len(changed) == 2 else next(iter(changed), S)
        expected = typed[wanted] is not OUT
        assert (name in taking_part(one, S)) is expected, (name, was, typed)


ACTS = st.lists(
    st.tuples(st.sampled_from(["severa", "google", "answer"]), GUESTS, ANSWERS, REPLIES), max_size=4
)


@settings(max_examples=200)
@given(GUESTS, st.sampled_from([S, G]), MEETINGS, ACTS)
def test_a_story_of_people_ends_with_the_same_on_both_sides_d1_d3(guests, winner, meeting, acts):
    both = shown({"ann": YES} | guests)
    one = world(both, both, Base(both, both, SELECTED), winner=winner, **meeting | {"replies": []})
    assert one.run() is None

    for who, named, said_now, replies in acts:
        one.steps, one.replies = 0, list(replies)
        if who == "answer":
            for guest in sorted(one.guests):
                one.answer(guest, said_now)
        else:
            one.edit(S if who == "severa" else G, shown({"ann": YES} | named))
        assert one.run() is None

    rests(one)


@settings(max_examples=200)
@given(GUESTS, GUESTS, st.sampled_from([S, G]), MEETINGS)
def test_what_was_deleted_here_and_edited_there_is_made_again_with_everybody_d2(
    agreed, edited, side, meeting
):
    both = shown({"ann": YES} | agreed)
    one = world(both, both, Base(both, both, SELECTED), **meeting | {"replies": []})
    assert one.run() is None
    one.replies = list(meeting["replies"])

    one.edit(side, None)
    one.edit(side.other, shown({"ann": YES} | edited, title="b"))
    assert one.run() is None

    assert taking_part(one, side) == {"ann", *edited}
    rests(one)


@settings(max_examples=200)
@given(GUESTS, OUTSIDERS, st.sampled_from([S, G]), MEETINGS)
def test_what_is_made_on_one_side_has_everybody_on_both_e3_e4(guests, outsiders, side, meeting):
    made = shown({"ann": YES} | guests | (outsiders if side is G else {}))
    one = world(made if side is S else None, made if side is G else None, Base(), **meeting)

    assert one.run() is None

    assert taking_part(one, S) == {"ann", *guests}
    rests(one)


@settings(max_examples=200)
@given(GUESTS, GUESTS, st.booleans(), REPLIES)
def test_a_meeting_of_somebody_outside_is_followed_and_never_written_e4_d6(
    agreed, on_severa, has_cid_too, replies
):
    google = shown({"bob": YES} | agreed | {ZOE: YES})
    severa = shown({"bob": YES} | agreed)
    one = outside(severa, google, calendars=frozenset({"cid"} if has_cid_too else ()))
    assert one.run() is None
    one.replies = list(replies)

    one.edit(S, shown({"bob": YES} | on_severa))
    assert one.run() is None

    assert taking_part(one, G) == {"bob", *agreed}, "the guest list is not ours"
    rests(one)


@pytest.mark.parametrize("reply", Reply)
@pytest.mark.parametrize("call", range(4))
def test_an_answer_given_in_google_loses_nobody_however_a_call_ends_e5(call, reply):
    both = shown({"ann": YES, "bob": NONE, "cid": NONE})
    one = world(both, both, Base(both, both, SELECTED), calendars=frozenset({"bob", "cid"}))
    assert one.run() is None
    one.replies = [reply, *[Reply.ANSWERED] * call]

    one.answer("bob", YES)
    one.answer("cid", NO)
    assert one.run() is None

    assert {name: said(one, S, name) for name in ("bob", "cid")} == {"bob": YES, "cid": NO}
    rests(one)


@pytest.mark.parametrize("reply", Reply)
@pytest.mark.parametrize("step", range(5))
def test_a_crash_between_activity_and_participants_uninvites_nobody(step, reply):
    made = shown({"ann": YES, "bob": YES, "cid": NONE}, title="Kick-off")
    one = world(None, made, Base(), calendars=frozenset({"bob"}))
    one.replies = [reply, *[Reply.ANSWERED] * step]

    assert one.run() is None

    assert one.entries[G] == made
    assert taking_part(one, S) == {"ann", "bob", "cid"}
    rests(one)


def test_people_of_an_activity_listed_without_them_wait_and_nobody_is_lost_e8():
    both = shown({"ann": YES, "bob": NONE})
    one = world(both, both, Base(both, both, SELECTED))
    one.link = one.link.showing(S, activity(replace(both, title="b", people=UNKNOWN)))

    assert one.link.unread == {S}
    assert one.run() is None

    assert taking_part(one, G) == {"ann", "bob"}


def test_a_guest_who_deletes_the_own_copy_has_declined_for_the_others_too_e6():
    both = shown({"ann": YES, "bob": NONE, "cid": NONE})
    one = world(both, both, Base(both, both, SELECTED), calendars=frozenset({"bob", "cid"}))

    one.link = one.link.showing(G, None, user="bob")
    one.edit(G, shown({"ann": YES, "bob": NO, "cid": NONE}))
    assert one.run() is None

    assert said(one, S, "bob") is NO
    assert taking_part(one, S) == {"ann", "bob", "cid"}


def test_who_is_taken_out_of_the_activity_loses_the_event_e9():
    both = shown({"ann": YES, "bob": YES, "cid": NONE})
    one = world(both, both, Base(both, both, SELECTED), calendars=frozenset({"bob", "cid"}))

    one.edit(S, shown({"ann": YES, "cid": NONE}))
    assert one.run() is None

    assert one.guests.keys() == {"cid"}
    rests(one)
    assert one.link.shows(G).value(person(AT["bob"])) is OUT


@pytest.mark.parametrize("is_new", [True, False])
def test_an_answer_given_on_joining_reaches_the_own_copy_e5(is_new):
    invited, alone = shown({"ann": YES, "bob": YES}), shown({"ann": YES})
    bob = {"calendars": frozenset({"bob"}), "is_deaf": True}
    if is_new:
        one = world(invited, None, Base(), **bob)
    else:
        one = world(alone, alone, Base(alone, alone, SELECTED), **bob)
        one.edit(S, invited)

    assert one.run() is None

    assert said(one, G, "bob") is YES
