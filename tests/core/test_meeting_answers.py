"""Each attendee's own copy knows the answer best, and only a change within a copy is an edit (E2, E5, E6)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.entry import ABSENT, UNKNOWN, Answer, Entry, People, differing, person
from daemon.core.link import Base, Link
from daemon.core.meeting import shown_by
from daemon.core.reconcile import next_action
from daemon.core.seen import Copy
from daemon.core.table import Turn, turn
from daemon.core.view import Part, Remove, View, Write

from .given import SELECTED, G, S, activity, copy, entry, joining, linked

NONE, YES, MAYBE, NO, OUT = (
    Answer.NONE,
    Answer.ACCEPTED,
    Answer.TENTATIVE,
    Answer.DECLINED,
    Answer.OUT,
)
BOB, CID = person("bob@example.com"), person("cid@example.com")
ANNS = {S: "ann@example.com", G: "ann@example.com"}


def met(title: str = "old", *, is_whole: bool = True, **answers: Answer) -> Entry:
    named = {f"{name}@example.com": said for name, said in ({"ann": YES} | answers).items()}
    return entry(title, people=People.of(named, is_whole=is_whole))


def of(user: str, shown: Entry, *, organizer: str = "ann") -> Copy:
    """Return somebody's copy of the meeting."""
    is_own = user == organizer
    return copy(
        shown,
        user=user,
        address=f"{user}@example.com",
        organizer=f"{organizer}@example.com",
        is_organizer=is_own,
        is_writable=is_own,
    )


OLD = met(bob=NONE, cid=NONE)
ANN = of("ann", OLD)


def link_of(*copies: Copy, source: str = "ann") -> Link:
    """Return a link that agreed on what these copies show."""
    shown = shown_by(copies, source)
    base = Base(OLD, shown, SELECTED)
    return linked(OLD, activity=activity(OLD), copies=copies, source=source, base=base)


def outside(user: str, shown: Entry = OLD) -> Copy:
    return of(user, shown, organizer="zoe")


def turned(link: Link) -> Turn:
    return turn(link.shows(G), link.base.google)


def edits(link: Link) -> Entry:
    return View(link, link.shows(S), link.shows(G)).edits(G)


class TestOwnCopy:
    def test_it_knows_the_answer_best_e5(self):
        shown = shown_by([ANN, of("bob", met(bob=YES, cid=NO))], "ann")

        assert shown == met(bob=YES, cid=NONE)

    def test_it_invites_nobody_who_is_not_on_the_list_e5(self):
        assert shown_by([of("ann", met(cid=NONE)), of("bob", met(bob=YES))], "ann") == met(cid=NONE)

    def test_one_that_does_not_name_its_owner_says_nothing_e5(self):
        assert shown_by([ANN, of("bob", met(cid=YES))], "ann") == OLD
        unread = replace(OLD, people=UNKNOWN)
        assert shown_by([ANN, of("bob", unread)], "ann") == OLD
        assert shown_by([ANN, replace(of("bob", met(bob=YES)), address="")], "ann") == OLD

    def test_of_people_who_are_unknown_it_knows_nothing_e8(self):
        masked = of("ann", replace(OLD, people=UNKNOWN))

        assert shown_by([masked, of("bob", met(bob=YES))], "ann") == masked.entry

    def test_without_one_that_speaks_there_is_nothing(self):
        assert shown_by([ANN], "bob") is None
        assert shown_by([], "") is None

    def test_the_organizers_own_answer_is_on_the_organizers_copy(self):
        shown = shown_by([ANN, of("bob", replace(met(ann=NO, bob=NONE)))], "ann")

        assert shown.people.answer("ann@example.com") is YES


class TestWhatIsAnEdit:
    def test_an_answer_given_on_the_own_copy_is_one_e5(self):
        link = link_of(ANN, of("bob", OLD)).showing(G, of("bob", met(bob=YES, cid=NONE)))

        assert edits(link) == joining("bob", answer=YES)

    def test_an_answer_that_comes_with_a_new_copy_is_one_e5(self):
        link = link_of(ANN).showing(G, of("bob", met(bob=MAYBE, cid=NONE)))

        assert edits(link) == joining("bob", answer=MAYBE)

    def test_a_new_copy_that_says_the_same_is_none_e2(self):
        assert turned(link_of(ANN).showing(G, of("bob", OLD))) is Turn.SAME

    def test_an_answer_that_the_list_learns_is_one_and_once_e5(self):
        link = link_of(ANN).showing(G, of("ann", met(bob=YES, cid=NONE)))
        again = link.showing(G, of("bob", met(bob=YES, cid=NONE)))

        assert edits(link) == edits(again) == joining("bob", answer=YES)

    def test_what_an_attendee_changes_on_the_own_copy_is_none_e2(self):
        link = link_of(ANN, of("bob", OLD))

        link = link.showing(G, of("bob", replace(OLD, title="mine", notes="remember the keys")))

        assert turned(link) is Turn.SAME
        assert link.shows(G) == OLD

    def test_what_an_attendee_says_of_others_is_none_e5(self):
        link = link_of(ANN, of("bob", OLD)).showing(G, of("bob", met(bob=NONE, cid=NO)))

        assert turned(link) is Turn.SAME

    def test_two_copies_that_differ_are_none_e2(self):
        link = link_of(outside("bob"), outside("cid", replace(OLD, title="other")), source="bob")

        link = link.showing(G, outside("cid", replace(OLD, title="another")))

        assert turned(link) is Turn.SAME

    def test_a_copy_that_vanishes_edits_nothing_that_the_list_does_not_say_otherwise_e6(self):
        link = link_of(ANN, of("bob", replace(OLD, title="mine")))

        assert turned(link.showing(G, None, user="bob")) is Turn.SAME

    def test_who_deletes_the_copy_has_declined_as_soon_as_the_list_says_so_e6(self):
        answered = met(bob=YES, cid=NONE)
        link = link_of(of("ann", answered), of("bob", answered))
        declined = of("ann", met(bob=NO, cid=NONE))

        first_the_list = link.showing(G, declined).showing(G, None, user="bob")
        first_the_copy = link.showing(G, None, user="bob").showing(G, declined)

        assert edits(first_the_list) == edits(first_the_copy) == joining("bob", answer=NO)

    def test_an_answer_that_was_not_carried_yet_is_still_one_when_another_copy_comes_e5(self):
        link = link_of(ANN, of("bob", OLD)).showing(G, of("bob", met(bob=YES, cid=NONE)))

        link = link.showing(G, of("cid", OLD))

        assert edits(link) == joining("bob", answer=YES)

    def test_somebody_the_organizer_invites_or_takes_out_is_one_d1(self):
        link = link_of(ANN, of("bob", OLD)).showing(G, of("ann", met(bob=NONE, dee=NONE)))

        assert edits(link).people.answer("dee@example.com") is NONE
        assert edits(link).people.answer("cid@example.com") is OUT


class TestWhoSpeaks:
    def test_the_organizer_who_appears_later_speaks_and_has_the_last_word_e2(self):
        guest = of("bob", met("as Bob has it", bob=YES, cid=NONE))
        link = link_of(guest, source="bob")

        link = link.showing(G, of("ann", met("as Ann has it", bob=NONE, cid=NO)))

        assert link.source == "ann"
        assert link.shows(G) == met("as Ann has it", bob=YES, cid=NO)
        assert differing(link.shows(G), link.base.google) == {"title", CID}

    def test_an_answer_known_from_the_own_copy_stays_when_the_organizer_appears_e5(self):
        guest = of("bob", met(bob=YES, cid=NONE))
        link = link_of(guest, source="bob")

        link = link.showing(G, ANN)

        assert turned(link) is Turn.SAME
        assert link.shows(G).value(BOB) is YES

    def test_the_organizers_next_change_is_an_edit_e2(self):
        link = link_of(of("bob", OLD), source="bob").showing(G, ANN)
        assert turned(link) is Turn.SAME

        link = link.showing(G, of("ann", met("c", bob=NONE, cid=NONE)))

        assert differing(link.shows(G), link.base.google) == {"title"}

    def test_another_attendees_copy_that_takes_over_edits_nothing_e2(self):
        link = link_of(
            outside("bob", met("b", bob=YES, cid=NONE)),
            outside("cid", met("c", bob=YES, cid=NO, dee=NONE)),
            source="bob",
        )

        link = link.showing(G, None, user="bob")

        assert link.source == "cid"
        assert turned(link) is Turn.SAME

    def test_one_whose_list_was_cut_takes_nobody_out_e8(self):
        link = link_of(outside("bob"), outside("cid", met(is_whole=False, cid=NONE)), source="bob")

        link = link.showing(G, None, user="bob")

        assert turned(link) is Turn.SAME
        assert edits(link).known() == {}

    @given(
        st.permutations(
            [
                of("ann", met("a", bob=NONE, cid=NONE)),
                of("bob", met("b", bob=YES, cid=NONE)),
                of("cid", met("c", bob=NONE, cid=NO)),
            ]
        )
    )
    def test_in_whatever_order_users_are_synced_it_is_one_meeting_e2(self, copies):
        link = Link("l1", G)

        for one in copies:
            link = link.showing(G, one)

        assert (link.source, link.shows(G)) == ("ann", met("a", bob=YES, cid=NO))
        assert len(link.copies) == 3


class TestLeaving:
    """E6: who deletes the own copy has declined; when the meeting is gone depends on who organizes it."""

    def decided(self, link: Link):
        google = link.shows(G)

        return next_action(View(link, link.shows(S), google or ABSENT, keepers=ANNS))

    def test_an_attendee_who_deletes_the_copy_declines_and_the_activity_stays_e6(self):
        link = link_of(ANN, of("bob", OLD)).showing(G, None, user="bob")
        assert self.decided(link) is None

        link = link.showing(G, of("ann", met(bob=NO, cid=NONE)))

        assert self.decided(link) == Write(
            S, joining("bob", answer=OUT), joining("bob", answer=OUT), "D1"
        )

    def test_a_meeting_of_the_company_is_gone_with_the_organizers_event_e6(self):
        link = link_of(ANN, of("bob", OLD), of("cid", OLD)).showing(G, None, user="ann")

        assert self.decided(link) == Remove(S, "D2")

    @pytest.mark.parametrize("order", [("bob", "cid"), ("cid", "bob")])
    def test_a_meeting_of_somebody_outside_is_gone_with_the_last_copy_e6(self, order):
        link = link_of(outside("bob"), outside("cid"), source="bob")
        first, last = order

        link = link.showing(G, None, user=first)
        assert self.decided(link) is None
        link = link.showing(G, None, user=last)

        assert self.decided(link) == Remove(S, "D2")

    def test_a_meeting_of_somebody_outside_that_was_deleted_in_severa_stays_away_d6(self):
        link = link_of(outside("bob"), source="bob").showing(S, None)

        assert next_action(View(link, ABSENT, link.shows(G))) == Part("D6")
