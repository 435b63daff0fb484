"""Whatever people do and whatever becomes of the calls, two perfect calendars come to agree (D1 to D3)."""

from dataclasses import replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from daemon.core.entry import (
    FIELDS,
    NO_FIELDS,
    PEOPLE,
    UNKNOWN,
    Answer,
    Entry,
    People,
    differing,
    entry_of,
    person,
)
from daemon.core.fit import PLACEHOLDER, carry
from daemon.core.link import Base
from daemon.core.match import key_of
from daemon.core.reconcile import next_action
from daemon.core.view import Forget

from .given import G, S, activity, all_day, copy, people, timed
from .world import Reply, World, agreed_on, settled, unlike

TEXTS = st.sampled_from(["", "one", "two", "three"])
VALUES = {
    "title": st.sampled_from(["one", "two", "three", "", PLACEHOLDER]),
    "when": st.sampled_from([timed(9), timed(10), timed(9, 15), all_day(2), all_day(3, 2)]),
    "location": TEXTS,
    "notes": TEXTS,
    "private": st.booleans(),
    "people": st.sampled_from([people(), people("ann"), people("ann", "bob")]),
}
LONG = {
    S: {"notes": "n" * 9_000, "when": timed(11, None)},
    G: {"title": "t" * 250, "notes": "m" * 7_000},
}
SIDES = st.sampled_from([S, G])
ENTRIES = st.fixed_dictionaries(VALUES).map(entry_of)
PARTIAL = st.fixed_dictionaries({}, optional=VALUES).map(entry_of)
EDITS = st.fixed_dictionaries({}, optional=VALUES)
REPLIES = st.lists(st.sampled_from(Reply), max_size=2)


@st.composite
def made(draw, side):
    """Draw an entry as people may make it on this side, with what the other side cannot hold."""
    odd = {name: st.just(value) for name, value in LONG[side].items()}
    return entry_of(draw(ENTRIES).known() | draw(st.fixed_dictionaries({}, optional=odd)))


@st.composite
def agreements(draw) -> World:
    born = draw(SIDES)
    severa, google = agreed_on(draw(made(born)), born)
    return settled(severa, google, draw(SIDES), draw(REPLIES))


def edited(shown: Entry, edits: dict[str, object]) -> Entry:
    return entry_of(edits).over(shown)


def is_at_rest(world: World) -> bool:
    base, entries = world.link.base, world.entries
    return (base.severa, base.google) == (entries[S], entries[G]) and not world.late


@given(agreements())
def test_a_settled_link_asks_for_nothing_d3(world):
    assert next_action(world.view) is None


@settings(max_examples=400)
@given(agreements(), EDITS, EDITS)
def test_edits_on_both_sides_end_in_agreement_d1(world, on_severa, on_google):
    before = world.entries
    world.edit(S, edited(before[S], on_severa))
    world.edit(G, edited(before[G], on_google))

    assert world.run() is None

    assert is_at_rest(world)
    assert unlike(world) == []


@settings(max_examples=400)
@given(agreements(), EDITS, EDITS)
def test_no_field_that_one_side_alone_changed_is_lost_d1(world, on_severa, on_google):
    before = world.entries
    typed = {S: edited(before[S], on_severa), G: edited(before[G], on_google)}
    changed = {side: differing(typed[side], before[side]) for side in (S, G)}
    for side in (S, G):
        world.edit(side, typed[side])

    world.run()

    for side in (S, G):
        alone = changed[side] - changed[side.other]
        assert world.entries[side].only(alone) == typed[side].only(alone)
    untouched = {name for name in FIELDS if name != PEOPLE} - changed[S] - changed[G]
    for side in (S, G):
        assert world.entries[side].only(untouched) == before[side].only(untouched)
        persons = typed[S].persons() | typed[G].persons()
        for name in persons - changed[S] - changed[G]:
            assert world.entries[side].value(name) == before[side].value(name)


@settings(max_examples=400)
@given(agreements(), EDITS, EDITS)
def test_of_a_field_that_both_changed_the_winners_value_stays_d1(world, on_severa, on_google):
    before = world.entries
    typed = {S: edited(before[S], on_severa), G: edited(before[G], on_google)}
    both = differing(typed[S], before[S]) & differing(typed[G], before[G])
    for side in (S, G):
        world.edit(side, typed[side])

    world.run()

    winner = world.winner
    assert world.entries[winner].only(both) == typed[winner].only(both)


@settings(max_examples=200)
@given(agreements(), EDITS, EDITS)
def test_a_read_only_event_is_followed_and_never_written_d6(world, on_severa, on_google):
    world.edit_copy(is_writable=False)
    typed = edited(world.entries[G], on_google)
    world.edit(S, edited(world.entries[S], on_severa))
    world.edit(G, typed)

    assert world.run() is None

    assert world.entries[G] == typed
    assert is_at_rest(world)
    assert unlike(world) == []


@given(agreements(), SIDES, EDITS)
def test_a_deletion_is_carried_and_an_edit_outlives_it_d2(world, side, edits):
    kept = edited(world.entries[side.other], edits)
    is_edited = kept != world.entries[side.other]
    world.edit(side, None)
    world.edit(side.other, kept)

    last = world.run()

    if is_edited:
        assert last is None
        assert world.entries[side.other] == kept
        assert is_at_rest(world)
        assert unlike(world) == []
    else:
        assert isinstance(last, Forget)
        assert world.sides == {S: None, G: None}


@given(agreements())
def test_what_is_deleted_on_both_sides_is_forgotten_d2(world):
    world.edit(S, None)
    world.edit(G, None)

    assert isinstance(world.run(), Forget)
    assert world.steps == 0


@settings(max_examples=200)
@given(SIDES, st.data(), REPLIES)
def test_what_is_made_on_one_side_comes_to_be_on_both_b1_b2(side, data, replies):
    shown = data.draw(made(side))
    world = settled(shown, shown, replies=replies)
    world.sides[side.other] = None
    world.link = replace(
        world.link,
        base=Base(),
        activity=activity(shown) if side is S else None,
        copies=(copy(shown),) if side is G else (),
    )

    assert world.run() is None

    assert world.entries[side] == shown
    assert is_at_rest(world)
    assert unlike(world) == []


@settings(max_examples=200)
@given(made(S), made(G), REPLIES)
def test_a_first_match_loses_no_text_c1(severa, google, replies):
    world = settled(severa, google, replies=replies)
    world.link = replace(world.link, base=Base())

    assert world.run() is None

    for side, other in ((S, google), (G, severa)):
        was, now = {S: severa, G: google}[side], world.entries[side]
        is_alike = severa.private == google.private  # Else nothing private is shown to others.
        names = ("location", "notes") if is_alike else ()
        filled = {name for name in names if not getattr(was, name)}
        # What is no match was one when it was matched: it was edited since, and the winner's edit goes over.
        moved = {"title", "when"} if key_of(severa) != key_of(google) else set()
        assert differing(was, now) <= filled | now.persons() | moved, "people are united"
        assert was.persons() <= now.persons()
        assert all(getattr(now, name) or not getattr(other, name) for name in filled)


@settings(max_examples=200)
@given(agreements(), st.lists(st.tuples(SIDES, EDITS), max_size=5))
def test_a_story_of_edits_ends_in_agreement_however_calls_end_d3(world, story):
    for side, edits in story:
        world.edit(side, edited(world.entries[side], edits))
        world.steps = 0
        assert world.run() is None

    assert is_at_rest(world)
    assert unlike(world) == []


@given(agreements(), EDITS)
def test_what_is_settled_stays_so_after_another_look_d3(world, edits):
    world.edit(S, edited(world.entries[S], edits))
    world.run()
    steps = world.steps

    world.look(S)
    world.look(G)

    assert next_action(world.view) is None
    assert world.steps == steps


@given(SIDES, st.data())
def test_what_is_carried_there_and_back_is_stable_b7_b8(side, data):
    shown = data.draw(made(side))
    # A name typed to equal the placeholder, and no name in Severa, are one and the same to Google.
    assume(shown.title != PLACEHOLDER and (shown.title or side is G))
    there = carry(shown, side.other, Base())
    base = Base(shown, there) if side is S else Base(there, shown)

    back = carry(there, side, base)

    assert back == shown
    assert carry(back, side.other, base) == there


@given(PARTIAL, PARTIAL)
def test_differing_is_symmetric_and_sees_known_fields_only(one, other):
    names = differing(one, other)

    assert names == differing(other, one)
    assert differing(one, one) == frozenset()
    for name in names:
        assert UNKNOWN not in (one.value(name), other.value(name))
        assert one.value(name) != other.value(name)


@given(PARTIAL, PARTIAL)
def test_laying_over_takes_what_is_known_and_leaves_the_rest(one, other):
    over = one.over(other)

    assert over.only(one.known()) == one
    rest = set(FIELDS) - one.known().keys()
    assert over.only(rest) == other.only(rest)
    assert differing(one, over) == frozenset()


@given(PARTIAL, PARTIAL, PARTIAL)
def test_laying_over_is_associative_and_nothing_changes_nothing(one, two, three):
    assert one.over(two).over(three) == one.over(two.over(three))
    assert one.over(one) == one
    assert NO_FIELDS.over(one) == one
    assert one.over(NO_FIELDS) == one


@given(PARTIAL, st.sets(st.sampled_from(FIELDS)), st.sets(st.sampled_from(FIELDS)))
def test_only_keeps_the_named_fields(shown, names, others):
    kept = shown.only(names)

    assert kept.known().keys() == shown.known().keys() & names
    assert kept.only(others) == shown.only(names & others)
    assert kept.over(shown) == shown
    assert shown.only(FIELDS) == shown
    assert shown.only([]) == NO_FIELDS


@given(PARTIAL)
def test_an_entry_is_made_of_its_known_fields(shown):
    assert entry_of(shown.known()) == shown
    assert UNKNOWN not in shown.known().values()


PARTS = st.dictionaries(st.sampled_from(["ann", "bob", "cid"]), st.sampled_from(Answer), min_size=1)


@st.composite
def lists(draw) -> Entry:
    """Draw who takes part: a whole list, a part of one, or nothing that is known."""
    said = {f"{name}@example.com": answer for name, answer in draw(PARTS).items()}
    listed = People.of(said, is_whole=draw(st.booleans()))
    return Entry(people=draw(st.sampled_from([listed, listed, UNKNOWN])))


@given(lists(), lists(), lists())
def test_people_are_laid_over_one_by_one_in_any_order_d1(one, two, three):
    assert one.over(two).over(three) == one.over(two.over(three))
    assert one.over(one) == one
    for address in ("ann@example.com", "bob@example.com"):
        name = person(address)
        laid = one.value(name) if one.value(name) is not UNKNOWN else two.value(name)
        assert one.over(two).value(name) == laid


@given(lists(), lists())
def test_people_differ_one_by_one_where_both_lists_tell_d1(one, other):
    names = differing(one, other)

    assert names == differing(other, one)
    assert differing(one.only(names).over(other), one) == frozenset()
    known = {person(f"{name}@example.com") for name in ("ann", "bob", "cid")}
    for name in known - names:
        assert UNKNOWN in (one.value(name), other.value(name)) or one.value(name) is other.value(
            name
        )


@given(lists())
def test_a_list_of_people_is_made_of_its_parts(one):
    assert entry_of(one.known()) == one
    assert one.only(one.known()) == one
    assert one.known_in(one) == one
