"""Who takes part and what each answered is decided person by person (C1, D1, D2, E3 to E5)."""

from dataclasses import replace

import pytest

from daemon.core.entry import ABSENT, UNKNOWN, Entry, People, person
from daemon.core.link import Base
from daemon.core.reconcile import next_action
from daemon.core.seen import Mark
from daemon.core.view import Create, Remove, Settle, View, Write

from .given import (
    SELECTED,
    G,
    S,
    activity,
    after_settling,
    copy,
    create,
    joining,
    leaving_it,
    linked,
    people,
    view,
)
from .meetings import (
    ANN,
    ANNS,
    BOB,
    MAYBE,
    NO,
    NONE,
    OUT,
    YES,
    ZOE,
    A,
    address_of,
    asked,
    decided,
    done,
    just,
    met,
)


class TestFirstMatch:
    def test_people_are_united_c1(self):
        severa, google = met(bob=NONE), met(cid=NONE)
        both = met(bob=NONE, cid=NONE)

        first = done(severa, google)

        bob, cid = Write(G, *just("bob"), "D1"), Write(S, *just("cid"), "D1")
        assert first in (bob, cid)
        assert {done(severa, both), done(both, google)} == {bob, cid}
        assert done(both, both) is None

    def test_nobody_is_taken_out_by_a_first_match_c1(self):
        # Google may drop an answer that is given for somebody else: who joins is asked, and the answer follows.
        assert done(met(bob=YES), met()) == Write(G, *just("bob"), "D1")
        assert done(met(), met(bob=YES)) == Write(S, *just("bob", YES), "D1")

    @pytest.mark.parametrize("said", [YES, MAYBE, NO])
    def test_an_answer_is_filled_in_where_there_is_none_c1(self, said):
        # Severa changes no answer: who has one already is taken out, and joins anew.
        assert done(met(bob=NONE), met(bob=said)) == Write(S, *just("bob", OUT), "D1")
        assert done(met(bob=said), met(bob=NONE)) == Write(G, *just("bob", said), "D1")

    def test_two_different_answers_stay_as_they_are_c1(self):
        assert done(met(bob=YES), met(bob=NO)) is None

    def test_people_who_become_known_later_are_united_then_c1(self):
        unread = replace(A, people=UNKNOWN)
        assert done(unread, met(cid=NONE)) is None
        joined = decided(unread, met(cid=NONE))
        assert isinstance(joined, Settle)

        action = done(met(bob=NONE), met(cid=NONE), joined.base)

        assert isinstance(action, Write)
        assert action.change in (joining("bob"), joining("cid"))

    def test_a_list_that_was_cut_is_united_with_nothing_e8(self):
        assert done(met(bob=NONE), met(is_whole=False, cid=NONE)) is None

    def test_what_the_mark_tells_belongs_together_is_united_too_c4(self):
        shown = view(met(bob=NONE), met(cid=NONE), keepers=ANNS)
        (event,) = shown.link.copies
        marked = replace(shown.link, copies=(replace(event, mark=Mark("a1", "e1")),))

        action = after_settling(replace(shown, link=marked))

        assert isinstance(action, Write)
        assert action.change in (joining("bob"), joining("cid"))

    def test_of_a_read_only_event_nobody_is_taken_out_or_added_at_a_first_match_c1_d6(self):
        severa, google = met(bob=NONE), met(cid=NONE)

        assert done(severa, google, read_only=[G]) == Write(S, *just("cid"), "D1")
        assert done(met(bob=NONE, cid=NONE), google, read_only=[G]) is None


class TestMerging:
    BASE = (met(bob=NONE, cid=NONE), met(bob=NONE, cid=NONE))

    def test_different_persons_cross_d1(self):
        severa, google = met(bob=NONE, cid=NONE, dee=NONE), met(cid=NONE)

        to_google = decided(severa, google, self.BASE)
        half = replace(
            google, people=People.of(dict(google.people.answers) | {address_of("dee"): NONE})
        )
        to_severa = decided(severa, half, (severa, met(bob=NONE, cid=NONE, dee=NONE)))

        assert to_google == Write(G, *just("dee"), "D1")
        assert to_severa == Write(S, *just("bob", OUT), "D1")

    @pytest.mark.parametrize(("winner", "side", "said"), [(S, G, NO), (G, S, OUT)])
    def test_of_two_answers_of_one_person_the_winners_stays_d1(self, winner, side, said):
        severa, google = met(bob=NO, cid=NONE), met(bob=YES, cid=NONE)

        action = decided(severa, google, self.BASE, winner=winner)

        assert isinstance(action, Write)
        assert (action.side, action.change) == (side, asked("bob", said))

    def test_who_was_taken_out_on_one_side_and_answered_on_the_other_is_as_the_winner_says_d1(self):
        severa, google = met(cid=NONE), met(bob=YES, cid=NONE)

        assert decided(severa, google, self.BASE) == Write(G, *just("bob", OUT), "D1")
        assert decided(severa, google, self.BASE, winner=G) == Write(S, *just("bob", YES), "D1")

    def test_the_same_person_added_on_both_sides_is_agreed_d1(self):
        both = met(bob=NONE, cid=NONE, dee=NONE)

        assert isinstance(decided(both, both, self.BASE), Settle)

    def test_nobody_is_touched_by_an_edit_of_a_field_e8(self):
        google = replace(self.BASE[1], title="b")

        action = decided(self.BASE[0], google, self.BASE)

        assert action == Write(S, Entry(title="b"), Entry(title="b"), "D1")

    def test_people_who_differ_by_agreement_are_not_touched_by_an_edit_of_another_e5(self):
        severa, google = met(bob=YES, cid=NONE), met(bob=NO, cid=NONE)

        action = decided(severa, met(bob=NO, cid=NONE, dee=NONE), (severa, google))

        assert action == Write(S, *just("dee"), "D1")


class TestSeveraTakesOneAtATime:
    BASE = (met(bob=NONE), met(bob=NONE))

    def test_fields_go_before_people(self):
        google = replace(met(cid=NONE), title="b")

        action = decided(self.BASE[0], google, self.BASE)

        assert action == Write(S, Entry(title="b"), Entry(title="b"), "D1")

    def test_people_go_one_by_one(self):
        action = decided(self.BASE[0], met(cid=NONE, dee=NONE), self.BASE)

        assert isinstance(action, Write)
        assert len(action.change.known()) == 1

    def test_google_takes_fields_and_people_together(self):
        severa = replace(met(cid=NONE, dee=NONE), title="b")

        action = decided(severa, self.BASE[1], self.BASE)

        assert isinstance(action, Write)
        assert action.change.known().keys() == {
            "title",
            *map(person, map(address_of, ("bob", "cid", "dee"))),
        }

    def test_an_answer_is_changed_by_leaving_and_joining_e5(self):
        out = decided(met(bob=NONE), met(bob=YES), self.BASE)
        base = Base(*self.BASE).agreeing(S, leaving_it("bob"), leaving_it("bob"))
        back = decided(met(), met(bob=YES), base)

        assert out == Write(S, leaving_it("bob"), leaving_it("bob"), "D1")
        assert back == Write(S, *just("bob", YES), "D1")


class TestKeepers:
    BASE = (met(bob=NONE), met(bob=NONE))

    def test_the_owner_is_never_taken_out_of_the_activity_e3(self):
        google = replace(met(bob=NONE), people=people("bob"))

        assert isinstance(
            decided(self.BASE[0], google, self.BASE, keepers={S: ANN, G: BOB}), Settle
        )

    def test_the_organizer_is_never_taken_out_of_the_event_e3(self):
        severa = replace(met(bob=NONE), people=people("bob"))

        assert isinstance(
            decided(severa, self.BASE[1], self.BASE, keepers={S: BOB, G: ANN}), Settle
        )

    def test_the_answer_of_the_owner_is_the_owners_e5(self):
        google = replace(met(bob=NONE), people=People.of({ANN: NO, BOB: NONE}))

        assert isinstance(decided(self.BASE[0], google, self.BASE), Settle)

    def test_another_guest_is_taken_out_beside_a_keeper_who_stays_e3(self):
        severa = replace(A, people=people())

        assert decided(severa, self.BASE[1], self.BASE) == Write(G, *just("bob", OUT), "D1")

    def test_an_owner_who_does_not_organize_is_a_guest_in_google_e3(self):
        severa = met(bob=NONE)

        action = decided(severa, replace(A, people=people("bob")), (A, A), keepers={S: ANN, G: BOB})

        assert isinstance(action, Write)
        assert action.change.people.answer(ANN) is NONE


class TestCalledOff:
    """E6: that somebody answered does not bring back what was deleted, any other edit does."""

    AGREED = met(bob=NONE)
    BASE = (AGREED, AGREED)

    @pytest.mark.parametrize("side", [S, G])
    def test_an_answer_does_not_bring_it_back_e6(self, side):
        shown = {side: ABSENT, side.other: met(bob=NO)}

        assert decided(shown[S], shown[G], self.BASE) == Remove(side.other, "D2")

    @pytest.mark.parametrize("side", [S, G])
    @pytest.mark.parametrize(
        "edited", [met(bob=NONE, cid=NONE), met(), replace(met(bob=NO), title="b")]
    )
    def test_another_edit_does_d2(self, side, edited):
        shown = {side: ABSENT, side.other: edited}

        action = decided(shown[S], shown[G], self.BASE)

        assert isinstance(action, Create)
        assert action.side is side


class TestCreating:
    INVITED = met(bob=YES, cid=NONE)

    def made(self, side, shown: Entry = INVITED, **fields) -> tuple[Create, Base]:
        """Return what makes the entry on a side, and what is agreed once it was carried out to the letter."""
        action = decided(*((ABSENT, shown) if side is S else (shown, ABSENT)), **fields)
        assert isinstance(action, Create)
        assert action.side is side
        return action, Base(type=SELECTED).agreeing(side, action.entry, action.takes_in)

    def test_severa_is_given_nobody_but_the_owner_e4(self):
        action, _ = self.made(S)

        assert action.entry.people.answers == ((ANN, YES),)
        assert replace(action.entry, people=UNKNOWN) == replace(A, people=UNKNOWN)

    def test_an_owner_unknown_to_the_event_carries_nobody_e4(self):
        action, _ = self.made(S, keepers={S: ZOE, G: ANN})

        assert action.entry.people.answers == ((ZOE, YES),)

    def test_google_is_given_everybody_and_nobodys_answer_e3(self):
        action, _ = self.made(G)

        assert action.entry == met(bob=NONE, cid=NONE)

    def test_answers_follow_the_event_that_was_made_e5(self):
        action, base = self.made(G)

        assert done(self.INVITED, action.entry, base) == Write(G, *just("bob", YES), "D1")

    def test_people_follow_the_activity_that_was_made_e4(self):
        _, base = self.made(S)

        first = done(met(), self.INVITED, base)

        assert first in (Write(S, *just("bob", YES), "D1"), Write(S, *just("cid"), "D1"))

    @pytest.mark.parametrize("side", [S, G])
    def test_an_entry_without_guests_needs_one_call_e3(self, side):
        action, base = self.made(side, met())

        shown = {side: replace(A, people=action.entry.people), side.other: met()}
        assert next_action(view(shown[S], shown[G], base, keepers=ANNS)) is None

    def test_somebody_taken_out_before_everybody_was_carried_stays_out_d1(self):
        _, base = self.made(S)

        assert done(met(), met(cid=NONE), base) == Write(S, *just("cid"), "D1")

    def test_somebody_taken_out_before_every_answer_was_carried_stays_out_d1(self):
        action, base = self.made(G)

        assert done(met(cid=NONE), action.entry, base) == Write(G, *just("bob", OUT), "D1")

    def test_an_owner_whose_answer_google_does_not_give_keeps_his_e5(self):
        tentative = replace(A, people=People.of({ANN: MAYBE, BOB: NONE}))
        action, base = self.made(G, tentative)

        assert action.entry.people.answer(ANN) is YES
        assert done(tentative, action.entry, base) is None

    def test_unknown_people_are_not_given_e8(self):
        action, _ = self.made(G, replace(A, people=UNKNOWN))

        assert action.entry.people is UNKNOWN


class TestMadeAgain:
    """D2: what somebody deleted and somebody edited is made again, with everybody."""

    AGREED = met(bob=YES, cid=NONE)
    EDITED = replace(AGREED, title="b")

    def again(self, side):
        """Return what happens once the entry was made again on a side, as a vendor shows it then."""
        other = self.EDITED
        link = linked(self.AGREED, activity=None) if side is S else linked(self.AGREED, copies=())
        link = link.showing(side.other, replace(link.seen(side.other), entry=other))
        shown = (ABSENT, other) if side is S else (other, ABSENT)
        action = next_action(View(link, *shown, keepers=ANNS))
        assert isinstance(action, Create)
        claim = create(side, action.entry, action.takes_in)
        alone = met() if side is S else met(bob=NONE, cid=NONE)
        made = replace(other, people=alone.people)
        link = link.claiming(claim).answered(
            claim, activity(made) if side is S else copy(made, ref="l10")
        )
        return after_settling(View(link, link.shows(S), link.shows(G), keepers=ANNS))

    def test_an_activity_made_again_uninvites_nobody_d2(self):
        action = self.again(S)

        assert isinstance(action, Write)
        assert action.side is S
        assert action.change in (joining("bob", answer=YES), joining("cid"))

    def test_an_event_made_again_is_given_the_answers_d2_e5(self):
        assert self.again(G) == Write(G, *just("bob", YES), "D1")
