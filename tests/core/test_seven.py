"""The seven failures of the first sketch of this heart, each of which its simulator could not see."""

from dataclasses import replace

import pytest

from daemon.core.entry import ABSENT, AS_SERIES, CANCELLED, Answer, Entry
from daemon.core.link import CLAIM_LIFE, Base, Link, Stand
from daemon.core.policy import Policy
from daemon.core.reconcile import next_action
from daemon.core.table import Turn
from daemon.core.view import Create, Remove, Settle, View, Write

from .given import (
    NOW,
    SELECTED,
    UNSELECTED,
    G,
    S,
    activity,
    after_settling,
    change,
    copy,
    create,
    entry,
    linked,
    people,
    remove,
    retitled,
    retitling,
    turns,
    view,
)

BOTH = pytest.mark.parametrize("side", [S, G])
OLD = entry("old")
POLICY = Policy(selected={SELECTED})
ANN, BOB = "ann@example.com", "bob@example.com"
KEEPERS = {S: ANN, G: ANN}


def decided(link: Link, **fields):
    """Return what is done next to a link, where the two sides have not only to agree."""
    return after_settling(
        View(link, POLICY.severa_value(link), POLICY.google_value(link), **fields)
    )


def test_first_a_first_match_with_different_notes_overwrites_none_c1():
    severa, google = replace(OLD, notes="ours"), replace(OLD, notes="theirs")
    link = linked(activity=activity(severa), copies=(copy(google),), base=Base())

    joined = next_action(View(link, severa, google))
    assert isinstance(joined, Settle)
    link = replace(link, base=joined.base)

    assert decided(link) is None
    assert decided(retitled(link, G, "new")) == Write(
        S, Entry(title="new"), Entry(title="new"), "D1"
    )


class TestSecondACrashBetweenActivityAndParticipantsUninvitesNobody:
    INVITED = replace(OLD, people=people("ann", "bob", answer=Answer.ACCEPTED))
    MADE = replace(OLD, people=people("ann", answer=Answer.ACCEPTED))

    def made(self) -> Link:
        """Return the event and the claim of its activity, as they stand when the process dies."""
        link = Link("l1", G, copies=(copy(self.INVITED),), source="ann")
        action = decided(link, keepers=KEEPERS)
        assert isinstance(action, Create)
        assert action.side is S
        return link.claiming(create(S, action.entry, action.takes_in))

    def test_where_the_reply_was_lost(self):
        link = self.made().showing(S, activity(self.MADE)).checked(S, NOW)

        action = decided(link, keepers=KEEPERS)

        assert isinstance(action, Write)
        assert (action.side, action.change.people.answer(BOB)) == (S, Answer.ACCEPTED)

    def test_where_the_answer_came(self):
        link = self.made()
        link = link.answered(link.claims[0], activity(self.MADE))

        action = decided(link, keepers=KEEPERS)

        assert isinstance(action, Write)
        assert (action.side, action.change.people.answer(BOB)) == (S, Answer.ACCEPTED)

    def test_where_a_listing_shows_it_without_its_people(self):
        listed = activity(replace(self.MADE, people=Entry().people))
        link = self.made().showing(S, listed)

        assert S in link.unread
        assert not isinstance(decided(link, keepers=KEEPERS), Write | Remove)


class TestThirdAHiddenActivityIsNotMadeTwice:
    def test_an_activity_of_a_type_that_is_not_selected_b2(self):
        assert decided(Link("l1", S, activity(OLD, type=UNSELECTED))) is None

    def test_an_activity_that_leaves_and_its_event_that_is_made_again_b5(self):
        link = linked(OLD, activity=activity(OLD, type=UNSELECTED))
        removing = decided(link)
        assert removing == Remove(G, "B5")
        claim = remove(G)
        link = link.claiming(claim).answered(claim, None)

        assert decided(link) is None

    @pytest.mark.parametrize("hiding", [{"is_unassigned": True}, {"type": UNSELECTED}])
    def test_an_activity_that_a_rule_hides_while_its_event_is_edited_b8(self, hiding):
        link = linked(OLD, born=G, activity=activity(OLD, **hiding))
        link = retitled(link, G, "edited")

        assert not isinstance(decided(link), Create)


@BOTH
@pytest.mark.parametrize("stand", [Stand.LIVE, Stand.HELD])
def test_fourth_a_cancelled_occurrence_is_not_an_unchanged_one_f2(side, stand):
    shown = {side: CANCELLED, side.other: AS_SERIES}
    one = view(shown[S], shown[G], (AS_SERIES, AS_SERIES), stand=stand)

    expected = Remove(side.other, "D2") if stand is Stand.LIVE else None
    assert next_action(one) == expected


class TestFifthACreateThatLandedAndWasDeletedByAPersonDoesNotComeBack:
    def test_in_google_d2(self):
        claim = create(G, OLD)
        link = Link("l1", S, activity(OLD)).claiming(claim)

        link = link.made_and_gone(claim)

        assert decided(link) == Remove(S, "D2")
        assert link.event_id != "l10", "a deleted event keeps its id"

    def test_in_google_when_it_was_seen_alive_between_d2(self):
        link = Link("l1", S, activity(OLD), source="ann").claiming(create(G, OLD))

        link = link.showing(G, copy(OLD, ref="l10")).showing(G, None, user="ann")

        assert decided(link) == Remove(S, "D2")

    def test_in_severa_when_it_was_seen_alive_between_d2(self):
        link = Link("l1", G, copies=(copy(OLD),), source="ann").claiming(create(S, OLD))

        link = link.showing(S, activity(OLD)).showing(S, None)

        assert decided(link) == Remove(G, "D2")

    def test_unless_its_other_side_was_edited_d2(self):
        claim = create(G, OLD)
        link = retitled(Link("l1", S, activity(OLD)).claiming(claim), S, "edited")

        assert isinstance(decided(link.made_and_gone(claim)), Create)


class TestSixthAPatchCarriedOutLateIsNotTakenForAnEdit:
    @BOTH
    def test_after_a_first_look_found_nothing(self, side):
        link = retitled(linked(OLD), side.other, "new").claiming(retitling(side, "new"))
        link = retitled(link, side, "old").checked(side, NOW)
        typed = retitled(link, side.other, "newest")

        landed = retitled(typed, side, "new")

        assert turns(landed)[side is G] is Turn.SAME
        assert decided(landed) == Write(side, Entry(title="newest"), Entry(title="newest"), "D1")

    @BOTH
    def test_for_as_long_as_a_vendor_may_sit_on_it(self, side):
        link = retitled(linked(OLD), side.other, "new").claiming(retitling(side, "new"))

        link = link.checked(side, NOW + CLAIM_LIFE).letting_go(NOW + CLAIM_LIFE)

        assert turns(retitled(link, side, "new"))[side is G] is Turn.SAME

    def test_of_one_person_too(self):
        both = replace(OLD, people=people("ann", "bob"))
        out = Entry(people=replace(people("bob"), is_whole=False, answers=((BOB, Answer.OUT),)))
        joined = replace(OLD, people=people("ann", "bob", answer=Answer.ACCEPTED))
        link = linked(both).claiming(change(S, out)).checked(S, NOW)
        link = replace(link.showing(S, activity(joined)), base=Base(joined, joined, SELECTED))
        link = link.showing(G, copy(joined))

        late = link.showing(S, activity(replace(OLD, people=people("ann", answer=Answer.ACCEPTED))))

        action = decided(late)
        assert isinstance(action, Write)
        assert (action.side, action.change.people.answer(BOB)) == (S, Answer.ACCEPTED)


class TestSeventhAListingOlderThanAWriteDoesNotFlipTheValueBack:
    """The heart cannot tell an old reading from an edit, so what was read meanwhile is read again (`WriteLog`)."""

    @BOTH
    def test_while_the_write_is_under_way_an_old_reading_changes_nothing(self, side):
        link = retitled(linked(OLD), side.other, "new").claiming(retitling(side, "new"))

        stale = retitled(link, side, "old")

        assert stale.unread == {side}
        assert decided(stale) == Write(side, Entry(title="new"), Entry(title="new"), "D1")

    @BOTH
    def test_after_the_answer_an_old_reading_is_put_right_by_the_next(self, side):
        claim = retitling(side, "new")
        link = retitled(linked(OLD), side.other, "new").claiming(claim)
        new = replace(link.seen(side), entry=entry("new"))
        link = link.answered(claim, new)
        doubted = replace(retitled(link, side, "old"), doubted=frozenset({side}))
        assert doubted.unread == {side}, "nothing is decided before it was read again"

        link = doubted.showing(side, new).checked(side, NOW)

        assert turns(link) == (Turn.SAME, Turn.SAME)
        assert decided(link) is None

    @BOTH
    def test_an_old_reading_of_what_we_made_since_is_put_right_by_the_next(self, side):
        claim = create(side, OLD)
        link = replace(linked(OLD), base=Base(type=SELECTED))
        made = link.seen(side)
        link = replace(link, activity=None) if side is S else replace(link, copies=())
        link = link.claiming(claim).answered(claim, made)

        # The reading from before it was made says that it is not there, which alone proves nothing.
        doubted = replace(link, doubted=frozenset({side}))

        assert doubted.unread == {side}
        assert decided(doubted.showing(side, made).checked(side, NOW)) is None


def test_what_was_agreed_is_what_each_side_showed_not_what_was_sent_c1():
    """All seven came of comparing one side with the other, or with what was meant, instead of with its own half."""
    severa, google = replace(OLD, notes="Agenda"), replace(OLD, notes="<b>Agenda</b>")
    link = linked(activity=activity(severa), copies=(copy(google),), base=Base(severa, google))

    assert turns(link) == (Turn.SAME, Turn.SAME)
    assert isinstance(next_action(view(severa, ABSENT, (severa, google))), Remove)
    assert not isinstance(next_action(view(severa, google, (severa, google))), Write | Create)
    assert isinstance(next_action(view(severa, google)), Settle)
