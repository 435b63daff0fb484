"""How a link knows the daemon's own writes, late and unanswered ones too (D3, D8)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from daemon.core.entry import UNKNOWN, Answer, Entry, People
from daemon.core.link import CLAIM_LIFE, Base, Claim, Deed, Link, Side
from daemon.core.table import Turn

from .given import (
    NOW,
    SELECTED,
    G,
    S,
    activity,
    change,
    create,
    entry,
    linked,
    people,
    remove,
    retitled,
    retitling,
    turns,
)

OLD = entry("old")
BOTH = pytest.mark.parametrize("side", [S, G])


def asking(side: Side, title: str) -> tuple[Link, Claim]:
    """Return a link where `title` was typed on the other side and its write is on its way."""
    claim = retitling(side, title)
    return retitled(linked(OLD), side.other, title).claiming(claim), claim


class TestLostReplies:
    @BOTH
    def test_our_own_write_is_recognised_after_a_lost_reply_d3(self, side):
        link, _ = asking(side, "new")

        link = retitled(link, side, "new").checked(side, NOW)

        assert turns(link) == (Turn.SAME, Turn.SAME)

    @BOTH
    def test_a_write_that_did_not_land_is_still_to_be_made(self, side):
        link, _ = asking(side, "new")

        link = retitled(link, side, "old").checked(side, NOW)

        assert turns(link)[side is S] is Turn.EDITED
        assert link.unread == frozenset()

    @BOTH
    def test_a_late_landing_of_a_checked_claim_is_ours_d3(self, side):
        link, _ = asking(side, "late")
        link = retitled(link, side, "old").checked(side, NOW)
        again = retitling(side, "later")
        link = retitled(link, side.other, "later").claiming(again)
        link = link.answered(again, replace(link.seen(side), entry=entry("later")))
        assert turns(link) == (Turn.SAME, Turn.SAME)

        link = retitled(link, side, "late")

        assert turns(link)[side is G] is Turn.SAME
        assert turns(link)[side is S] is Turn.EDITED, "the later title is carried over once more"

    @BOTH
    def test_a_late_landing_is_ours_even_over_an_edit_made_between(self, side):
        link, _ = asking(side, "late")
        link = retitled(link, side, "typed").checked(side, NOW)
        crossing = retitling(side.other, "typed")
        link = link.claiming(crossing)
        link = link.answered(crossing, replace(link.seen(side.other), entry=entry("typed")))

        link = retitled(link, side, "late")

        assert turns(link)[side is G] is Turn.SAME
        assert turns(link)[side is S] is Turn.EDITED, "the typed title comes back"

    @BOTH
    def test_an_edit_made_between_is_a_persons(self, side):
        link, _ = asking(side, "ours")

        link = retitled(link, side, "typed").checked(side, NOW)

        assert turns(link) == (Turn.EDITED, Turn.EDITED)

    @BOTH
    def test_fields_are_recognised_one_by_one(self, side):
        claim = change(side, Entry(title="new", location="Room 1"))
        link = linked(OLD).claiming(claim)
        half_typed = entry("new", location="Room 2")

        link = link.showing(side, replace(link.seen(side), entry=half_typed))

        assert link.base.on(side).title == "new"
        assert link.base.on(side).location == ""
        assert link.base.on(side.other).location == ""

    @BOTH
    def test_a_recognised_write_takes_in_what_the_other_side_showed_when_it_was_decided(self, side):
        claim = change(side, Entry(notes="cut…"), Entry(notes="cut and more"))
        link = linked(OLD).claiming(claim)

        link = link.showing(side, replace(link.seen(side), entry=replace(OLD, notes="cut…")))

        assert link.base.on(side).notes == "cut…"
        assert link.base.on(side.other).notes == "cut and more"

    def test_an_edit_made_while_the_write_was_on_its_way_is_still_carried(self):
        link, _ = asking(S, "new")
        link = retitled(link, G, "newer")

        link = retitled(link, S, "new")

        assert turns(link) == (Turn.SAME, Turn.EDITED)

    def test_a_claim_on_one_side_explains_nothing_on_the_other(self):
        link = linked(OLD).claiming(retitling(G, "typed"))

        link = retitled(link, S, "typed")

        assert turns(link) == (Turn.EDITED, Turn.SAME)

    def test_a_create_under_way_on_one_side_explains_nothing_on_the_other(self):
        link = linked(OLD, activity=None, base=Base()).claiming(create(S, OLD))

        link = retitled(link, G, "typed")

        assert link.base == Base()

    def test_a_claim_explains_nothing_of_another_object(self):
        link = linked(OLD).claiming(change(G, Entry(title="typed"), ref="e0"))

        link = retitled(link, G, "typed")

        assert turns(link) == (Turn.SAME, Turn.EDITED)

    def test_of_two_open_writes_either_is_recognised(self):
        link = linked(OLD).claiming(retitling(S, "one")).claiming(retitling(S, "two"))

        assert turns(retitled(link, S, "one"))[0] is Turn.SAME
        assert turns(retitled(link, S, "two"))[0] is Turn.SAME
        assert turns(retitled(link, S, "three"))[0] is Turn.EDITED

    def test_a_recognised_write_teaches_a_field_that_the_base_did_not_know(self):
        unread = replace(OLD, people=UNKNOWN)
        link = linked(OLD, base=Base(unread, unread, SELECTED))
        link = link.claiming(change(S, Entry(people=people("ann"))))

        link = link.showing(S, activity(replace(OLD, people=people("ann"))))

        assert link.base.severa.people == people("ann")


class TestChecking:
    def test_a_write_of_unknown_outcome_asks_for_a_read(self):
        link = linked(OLD).claiming(retitling(G, "new"))

        assert link.unread == {G}
        assert link.checked(S, NOW).unread == {G}
        assert link.checked(G, NOW).unread == frozenset()

    def test_a_doubted_side_asks_for_a_read(self):
        link = linked(OLD, doubted=frozenset({S, G}))

        assert link.unread == {S, G}
        assert link.checked(G, NOW).unread == {S}

    def test_a_checked_claim_is_kept_for_a_quarter_of_an_hour(self):
        link = linked(OLD).claiming(retitling(S, "new"))

        assert link.checked(S, NOW + CLAIM_LIFE).claims != ()
        assert link.checked(S, NOW + CLAIM_LIFE + timedelta(seconds=1)).claims == ()
        assert timedelta(minutes=15) == CLAIM_LIFE

    def test_old_claims_of_the_other_side_stay(self):
        link = linked(OLD).claiming(retitling(S, "new"))

        assert link.checked(G, NOW + timedelta(days=1)).claims == link.claims

    def test_after_a_long_stop_a_landed_write_is_recognised_before_its_claim_goes(self):
        link, _ = asking(S, "new")

        link = retitled(link, S, "new").checked(S, NOW + timedelta(days=1))

        assert turns(link) == (Turn.SAME, Turn.SAME)
        assert link.claims == ()

    def test_what_equals_a_claim_that_was_let_go_is_an_edit_d8(self):
        link = linked(OLD).claiming(retitling(S, "new"))
        link = link.checked(S, NOW + timedelta(minutes=16))

        assert turns(retitled(link, S, "new")) == (Turn.EDITED, Turn.SAME)


class TestAnswers:
    @BOTH
    def test_an_answered_write_is_agreed_and_its_claim_goes(self, side):
        link, claim = asking(side, "new")

        link = link.answered(claim, replace(link.seen(side), entry=entry("new")))

        assert turns(link) == (Turn.SAME, Turn.SAME)
        assert link.claims == ()

    @BOTH
    def test_a_value_that_the_vendor_normalised_is_agreed_as_shown_d3(self, side):
        claim = change(side, Entry(notes="a \n"))
        other = linked(OLD).seen(side.other)
        link = linked(OLD).showing(side.other, replace(other, entry=replace(OLD, notes="a \n")))

        link = link.claiming(claim).answered(
            claim, replace(link.seen(side), entry=replace(OLD, notes="a"))
        )

        assert turns(link) == (Turn.SAME, Turn.SAME)

    @BOTH
    def test_what_an_answer_shows_besides_is_an_edit(self, side):
        link, claim = asking(side, "new")

        answer = replace(link.seen(side), entry=entry("new", location="Room 1"))
        link = link.answered(claim, answer)

        assert turns(link)[side is G] is Turn.EDITED
        assert link.base.on(side).location == ""

    @BOTH
    def test_an_edit_that_came_before_the_answer_is_still_carried(self, side):
        link, claim = asking(side, "new")
        link = retitled(link, side.other, "newer")

        link = link.answered(claim, replace(link.seen(side), entry=entry("new")))

        assert turns(link)[side is S] is Turn.EDITED

    def test_only_the_answered_claim_goes(self):
        first, second = retitling(S, "one"), change(S, Entry(location="Room 1"))
        link = linked(OLD).claiming(first).claiming(second)

        link = link.answered(second, activity(entry("old", location="Room 1")))

        assert link.claims == (first,)

    @BOTH
    def test_an_answer_also_shows_an_earlier_write_whose_reply_was_lost_d3(self, side):
        link, _ = asking(side, "new")
        second = change(side, Entry(location="Room 1"))
        shown = entry("new", location="Room 1")
        link = link.showing(side.other, replace(link.seen(side.other), entry=shown))

        link = link.claiming(second).answered(second, replace(link.seen(side), entry=shown))

        assert turns(link) == (Turn.SAME, Turn.SAME)

    @BOTH
    def test_an_answered_removal_leaves_nothing_agreed(self, side):
        claim = remove(side)

        link = linked(OLD).claiming(claim).answered(claim, None)

        assert link.base == Base()
        assert link.seen(side) is None
        assert link.claims == ()


def test_a_taking_out_is_over_when_it_showed_and_not_before() -> None:
    out = Entry(people=People.of({"ben@example.com": Answer.OUT}, is_whole=False))
    claim = Claim(Side.SEVERA, Deed.CHANGE, NOW, out, out, ref="a1")

    def takes_part(answer: Answer) -> Entry:
        return Entry(people=People.of({"ben@example.com": answer}))

    assert claim.has_taken_out(takes_part(Answer.OUT))
    assert not claim.has_taken_out(takes_part(Answer.NONE))
    assert not claim.has_taken_out(Entry()), "who takes part was not read"
    moved = replace(claim, values=replace(out, location="there"))
    assert not moved.has_taken_out(replace(takes_part(Answer.OUT), location="there"))
    assert not replace(claim, values=Entry()).has_taken_out(takes_part(Answer.OUT))
