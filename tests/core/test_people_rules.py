"""What may be written of people where a rule speaks: answers, read-only events, outsiders (D6, E5, E8, B4, B11)."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.core.company import Category
from daemon.core.entry import UNKNOWN, People, person
from daemon.core.link import Base, Link
from daemon.core.policy import Policy
from daemon.core.reconcile import next_action
from daemon.core.view import Create, Part, Remove, Settle, View, Write

from .given import (
    SELECTED,
    G,
    S,
    activity,
    after_settling,
    copy,
    entry,
    linked,
    view,
)
from .meetings import (
    ANN,
    ANNS,
    BOB,
    NO,
    NONE,
    OUT,
    YES,
    ZOE,
    claim_of,
    decided,
    just,
    met,
    own_copy,
)


class TestAnswers:
    """E5, D6: own answers are free, and what a side cannot hold is agreed to differ."""

    AGREED = met(bob=NONE)
    SAID = met(bob=YES)

    def test_an_answer_is_written_to_the_own_copy_e5(self):
        action = decided(
            self.SAID,
            self.AGREED,
            (self.AGREED, self.AGREED),
            copies=[own_copy("bob", self.AGREED)],
        )

        assert action == Write(G, *just("bob", YES), "E5", "bob")

    def test_an_answer_is_written_even_where_the_event_is_read_only_d6(self):
        action = decided(
            self.SAID,
            self.AGREED,
            (self.AGREED, self.AGREED),
            read_only=[G],
            keepers={S: ANN, G: ZOE},
            copies=[own_copy("bob", self.AGREED)],
        )

        assert action == Write(G, *just("bob", YES), "E5", "bob")

    def test_on_a_read_only_event_an_answer_without_an_own_copy_is_agreed_to_differ_e5(self):
        shown = (self.SAID, self.AGREED)

        action = decided(*shown, (self.AGREED, self.AGREED), read_only=[G])

        assert isinstance(action, Settle)
        assert decided(*shown, action.base, read_only=[G]) is None

    def test_an_answer_that_google_did_not_hear_is_agreed_to_differ_e5(self):
        link = linked(
            activity=activity(self.SAID),
            copies=(copy(self.AGREED),),
            base=Base(self.AGREED, self.AGREED, SELECTED),
        )
        write = next_action(View(link, self.SAID, self.AGREED, keepers=ANNS))
        assert isinstance(write, Write)
        claim = claim_of(write)

        link = link.claiming(claim).answered(claim, copy(self.AGREED))

        assert link.base.severa.value(person(BOB)) is YES
        assert link.base.google.value(person(BOB)) is NONE
        assert next_action(View(link, self.SAID, self.AGREED, keepers=ANNS)) is None

    def test_the_answer_of_the_organizer_is_not_written_e5(self):
        severa = replace(self.AGREED, people=People.of({ANN: NO, BOB: NONE}))

        assert isinstance(decided(severa, self.AGREED, (self.AGREED, self.AGREED)), Settle)


class TestReadOnly:
    AGREED = met(bob=NONE)
    BASE = (AGREED, AGREED)

    def test_somebody_added_in_severa_is_set_back_d6(self):
        action = decided(met(bob=NONE, cid=NONE), self.AGREED, self.BASE, read_only=[G])

        assert action == Write(S, *just("cid", OUT), "D6")

    def test_somebody_taken_out_in_severa_is_set_back_d6(self):
        action = decided(met(), self.AGREED, self.BASE, read_only=[G])

        assert action == Write(S, *just("bob", NONE), "D6")

    def test_several_are_set_back_one_by_one_d6(self):
        severa = met(bob=NONE, cid=NONE, dee=YES)

        action = decided(severa, self.AGREED, self.BASE, read_only=[G])

        assert isinstance(action, Write)
        assert (action.side, len(action.change.known())) == (S, 1)

    def test_who_joins_or_leaves_the_event_does_so_in_severa_d6(self):
        action = decided(self.AGREED, met(cid=NO), self.BASE, read_only=[G])

        assert action in (Write(S, *just("cid", NO), "D1"), Write(S, *just("bob", OUT), "D1"))

    def test_people_of_two_sides_that_may_not_be_changed_part_d6(self):
        assert decided(met(), self.AGREED, self.BASE, read_only=[S, G]) == Part("D6")


class TestUnknownPeople:
    """E8: a list that Google says is incomplete is unknown and never written."""

    AGREED = met(bob=NONE)
    CUT = met(is_whole=False)

    def test_who_is_not_named_on_a_cut_list_was_not_taken_out_e8(self):
        assert decided(self.AGREED, self.CUT, (self.AGREED, self.AGREED)) is None

    def test_a_person_added_in_severa_waits_for_a_list_that_is_whole_e8(self):
        severa = met(bob=NONE, cid=NONE)

        assert decided(severa, self.CUT, (self.AGREED, self.AGREED)) is None
        assert decided(severa, self.AGREED, (self.AGREED, self.AGREED)) == Write(
            G, *just("cid"), "D1"
        )

    def test_a_person_taken_out_in_severa_waits_for_a_list_that_is_whole_e8(self):
        assert decided(met(), self.CUT, (self.AGREED, self.AGREED)) is None

    def test_who_is_named_on_a_cut_list_is_not_taken_out_of_it_either_e8(self):
        cut = met(is_whole=False, bob=NONE)

        action = decided(met(), cut, (self.AGREED, self.AGREED))

        assert not isinstance(action, Write) or action.side is S

    def test_the_own_answer_is_known_and_free_on_a_cut_list_too_d6(self):
        cut = met(is_whole=False, bob=NONE)
        copies = [own_copy("bob", cut)]

        action = decided(met(bob=YES), cut, (self.AGREED, self.AGREED), copies=copies)

        assert action == Write(G, *just("bob", YES), "E5", "bob")

    def test_an_answer_seen_on_a_cut_list_is_carried_e5(self):
        cut = met(is_whole=False, bob=YES)

        action = decided(self.AGREED, cut, (self.AGREED, self.AGREED))

        assert action == Write(S, *just("bob", OUT), "D1")


class TestByThePolicy:
    """Outsiders never travel, and what is on the owner's calendar alone carries nobody (E8, B4, B11)."""

    POLICY = Policy(selected={SELECTED}, addresses={ANN, BOB})

    def decided(self, link: Link):
        policy = self.POLICY
        shown = policy.severa_value(link), policy.google_value(link)
        return next_action(View(link, *shown, keepers=ANNS))

    def test_an_outsider_who_is_invited_in_google_never_travels_e8(self):
        both = met(bob=NONE)
        link = linked(both).showing(G, copy(met(bob=NONE, zoe=YES)))

        assert self.decided(link) is None

    def test_an_outsider_on_a_new_event_never_travels_e8(self):
        link = Link("l1", G, copies=(copy(met(bob=NONE, zoe=YES)),), source="ann")

        action = self.decided(link)

        assert isinstance(action, Create)
        assert ZOE not in dict(action.takes_in.people.answers)

    def test_an_outsider_is_not_taken_out_of_the_event_by_an_answer_to_our_write_e8(self):
        both = met(bob=NONE)
        link = linked(both).showing(S, activity(met()))
        write = self.decided(link)
        assert write == Write(G, *just("bob", OUT), "D1")
        claim = claim_of(write)

        link = link.claiming(claim).answered(claim, copy(met(zoe=YES)))

        assert self.decided(link) is None

    def test_who_leaves_the_company_is_not_taken_out_of_anything_e8(self):
        link = linked(met(bob=NONE, zoe=NONE))

        action = self.decided(link)

        assert not isinstance(action, Write | Remove)

    @pytest.mark.parametrize("category", [Category.PERSONAL, Category.ABSENCE])
    def test_what_is_the_owners_alone_carries_nobody_b4_b11(self, category):
        alone = activity(met(bob=NONE), category=category)
        made = self.decided(Link("l1", S, alone))
        linked_ = linked(met(), activity=alone)

        assert isinstance(made, Create)
        assert made.entry.people is UNKNOWN
        assert self.decided(linked_) is None

    @pytest.mark.parametrize("category", [Category.PERSONAL, Category.ABSENCE])
    def test_guests_of_what_is_the_owners_alone_stay_in_google_b4_b11(self, category):
        link = linked(met(), activity=activity(met(), category=category))
        link = link.showing(G, copy(met(bob=NONE)))

        assert self.decided(link) is None


COMPANY = ("ann", "bob", "cid")
LISTS = st.one_of(
    st.just(UNKNOWN),
    st.builds(
        lambda said, is_whole: met(is_whole, **said).people,
        st.dictionaries(st.sampled_from(COMPANY), st.sampled_from([NONE, YES, NO])),
        st.booleans(),
    ),
)
LISTED = st.builds(lambda listed, title: entry(title, people=listed), LISTS, st.sampled_from("ab"))
NOT_CUT = LISTED.filter(lambda shown: shown.people is UNKNOWN or shown.people.is_whole)


@settings(max_examples=400)
@given(
    st.tuples(NOT_CUT, LISTED),
    st.tuples(LISTED, LISTED),
    st.sets(st.sampled_from([S, G])),
    st.sets(st.sampled_from(["bob", "cid"])),
    st.sampled_from([S, G]),
)
def test_whatever_lists_were_agreed_on_it_comes_to_rest_d3(shown, agreed, closed, own, winner):
    sides, base = {S: shown[0], G: shown[1]}, Base(*agreed, SELECTED)
    for _ in range(30):
        copies = [own_copy(name, sides[G]) for name in sorted(own)]
        one = view(
            sides[S], sides[G], base, read_only=closed, copies=copies, winner=winner, keepers=ANNS
        )
        match next_action(one):
            case None | Part():
                return
            case Settle(base):
                pass
            case Write(side, change, takes_in, _, user):
                assert user or side not in closed
                sides[side] = change.over(sides[side])
                base = base.agreeing(side, change, takes_in)
    raise AssertionError(f"no end: {sides}")


def test_two_lists_that_are_cut_come_to_rest_e8():
    cut = met(is_whole=False)

    assert after_settling(view(cut, cut, (met(), met()))) is None
