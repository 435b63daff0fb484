"""How a link comes to be, is made again, and is forgotten (D2, D8)."""

from dataclasses import replace

from daemon.core.entry import ABSENT, Entry
from daemon.core.link import CLAIM_LIFE, Base, Link
from daemon.core.reconcile import next_action
from daemon.core.table import Turn
from daemon.core.view import Remove, View

from .given import (
    NOW,
    SELECTED,
    G,
    S,
    activity,
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
)

OLD = entry("old")


class TestCreating:
    def test_an_activity_found_after_a_lost_reply_is_ours(self):
        claim = create(S, OLD)
        link = linked(OLD, activity=None, base=Base()).claiming(claim)

        link = link.showing(S, activity(OLD, ref="a9"))

        assert turns(link) == (Turn.SAME, Turn.SAME)

    def test_an_event_found_after_a_lost_reply_is_ours(self):
        claim = create(G, OLD)
        link = Link("l1", S, activity(OLD)).claiming(claim)

        link = link.showing(G, copy(OLD, ref="l10"))

        assert turns(link) == (Turn.SAME, Turn.SAME)

    def test_what_was_edited_before_it_was_found_is_an_edit(self):
        link = linked(OLD, activity=None, base=Base()).claiming(create(S, OLD))

        link = link.showing(S, activity(entry("typed")))

        assert turns(link) == (Turn.EDITED, Turn.SAME)

    def test_a_field_that_was_not_written_is_not_agreed_upon(self):
        sent = OLD.only(["title", "when"])
        link = linked(OLD, activity=None, base=Base()).claiming(create(S, sent))

        link = link.showing(S, activity(OLD))

        assert link.base.severa == sent
        assert link.base.google == sent

    def test_an_entry_made_again_is_recognised_beside_its_old_base_d2(self):
        edited = entry("edited")
        link = linked(OLD).showing(G, None, user="ann").showing(S, activity(edited))
        link = link.claiming(create(G, edited))

        link = link.showing(G, copy(edited, ref="l10"))

        assert turns(link) == (Turn.SAME, Turn.SAME)

    def test_what_landed_and_was_deleted_by_a_person_does_not_come_back_d2(self):
        claim = create(G, OLD)
        link = Link("l1", S, activity(OLD)).claiming(claim)

        link = link.made_and_gone(claim)

        assert turns(link) == (Turn.SAME, Turn.GONE)
        assert next_action(View(link, OLD, ABSENT)) == Remove(S, "D2")
        assert link.claims == ()

    def test_an_edit_since_outlives_the_deletion_of_what_we_made_d2(self):
        claim = create(G, OLD)
        link = Link("l1", S, activity(OLD)).claiming(claim)

        link = retitled(link, S, "typed").made_and_gone(claim)

        assert turns(link) == (Turn.EDITED, Turn.GONE)

    def test_a_crash_between_an_activity_and_its_participants_uninvites_nobody(self):
        invited = replace(OLD, people=people("bob"))
        first, second = create(S, OLD.only(["title", "when"])), Entry(people=people("bob"))
        link = Link("l1", G, copies=(copy(invited),), source="ann")
        link = link.claiming(first).claiming(change(S, second, ref="a1"))

        link = link.showing(S, activity(OLD)).checked(S, NOW)

        assert "people" not in View(link, OLD, invited).edits(S).known()

    def test_an_event_restored_from_the_bin_is_not_removed_by_an_old_change(self):
        gone = Link("l1", S, source="ann").claiming(retitling(G, "old")).checked(G, NOW)

        link = gone.showing(G, copy(OLD))

        assert turns(link) == (Turn.ABSENT, Turn.NEW)

    def test_an_event_restored_from_the_bin_is_not_removed_by_an_old_removal(self):
        gone = Link("l1", S, source="ann").claiming(remove(G)).checked(G, NOW)

        link = gone.showing(G, copy(OLD))

        assert turns(link) == (Turn.ABSENT, Turn.NEW)

    def test_an_activity_made_again_and_found_agrees_under_its_new_type_b5(self):
        link = replace(linked(OLD, base=Base(OLD, entry("old"), "type-before")), activity=None)
        link = link.claiming(create(S, entry("new"), takes_in=entry("new")))

        link = link.showing(S, activity(entry("new"), ref="a9", type=SELECTED))

        assert link.base.type == SELECTED

    def test_a_value_typed_back_before_our_create_was_seen_is_an_edit_d2(self):
        link = replace(linked(OLD), activity=None)
        link = link.claiming(create(S, entry("new"), takes_in=entry("new")))

        link = link.showing(S, activity(OLD, ref="a9"))

        assert link.base.severa.title == "new"
        assert turns(link)[0] is Turn.EDITED

    def test_what_shows_as_an_earlier_try_wanted_it_is_nobodys_edit_d1(self):
        first, second = entry("old", notes=""), entry("new", notes="x")
        link = Link("l1", S, activity(second)).claiming(create(G, first))
        link = link.claiming(create(G, second))

        link = link.showing(G, copy(entry("old", notes="x"), ref="l10"))

        assert turns(link) == (Turn.EDITED, Turn.SAME)
        assert next_action(View(link, second, link.google.entry)).change == Entry(title="new")

    def test_an_old_create_does_not_take_a_later_edit_for_its_own(self):
        link = linked(OLD).claiming(create(S, OLD)).checked(S, NOW)
        link = retitled(link, S, "new")
        link = replace(link, base=link.base.agreeing(S, entry("new"), entry("new")))

        link = link.showing(S, activity(OLD))

        assert turns(link)[0] is Turn.EDITED

    def test_a_removal_of_ours_that_lands_late_takes_nothing_else_away_d2(self):
        link = linked(OLD).claiming(remove(S, ref="a1")).checked(S, NOW)
        link = retitled(link, G, "made again")

        link = link.showing(S, None)

        assert turns(link) == (Turn.ABSENT, Turn.NEW)

    def test_a_removal_by_a_person_is_no_late_one_of_ours_d2(self):
        link = linked(OLD).claiming(remove(S, ref="another")).checked(S, NOW)

        link = link.showing(S, None)

        assert turns(link) == (Turn.GONE, Turn.SAME)


class TestForgetting:
    def test_creates_that_may_still_land_are_remembered(self):
        link = linked(OLD).claiming(create(S, OLD)).claiming(retitling(S, "x")).claiming(remove(G))

        left = link.forgetting(NOW)

        assert left.claims == (create(S, OLD),)
        assert left.base == Base()
        assert not left.is_empty
        assert link.forgetting(NOW + CLAIM_LIFE).is_empty

    def test_a_create_that_lands_after_its_other_side_is_gone_is_taken_away_d2(self):
        link = linked(OLD, activity=None, base=Base()).claiming(create(S, OLD))
        link = link.showing(G, None, user="ann").forgetting(NOW)

        link = link.showing(S, activity(OLD))

        assert next_action(View(link, OLD, ABSENT)) == Remove(S, "D2")


class TestGeneration:
    def ours(self) -> Link:
        return linked(OLD, copies=(copy(OLD, ref="l10"),))

    def test_the_event_id_is_made_of_the_link_id_and_the_generation(self):
        assert linked(OLD).event_id == "l10"
        assert linked(OLD, generation=3).event_id == "l13"

    def test_a_deletion_that_was_seen_uses_the_event_id_up(self):
        assert self.ours().showing(G, None, user="ann").event_id == "l11"

    def test_a_deletion_is_counted_once(self):
        link = self.ours().showing(G, None, user="ann").showing(G, None, user="ann")

        assert link.generation == 1

    def test_a_deletion_of_our_own_uses_the_event_id_up(self):
        claim = remove(G, ref="l10")

        assert self.ours().claiming(claim).answered(claim, None).generation == 1

    def test_an_event_made_and_gone_uses_its_id_up(self):
        claim = create(G, OLD)

        assert Link("l1", S, activity(OLD)).claiming(claim).made_and_gone(claim).generation == 1

    def test_an_old_event_id_is_not_counted_again(self):
        claim = create(G, OLD)
        link = Link("l1", S, activity(OLD), generation=1).claiming(claim)

        assert link.made_and_gone(claim).generation == 1

    def test_an_event_that_google_named_uses_nothing_up(self):
        assert linked(OLD).showing(G, None, user="ann").generation == 0

    def test_a_guests_copy_uses_nothing_up(self):
        guest = copy(OLD, ref="l10", user="bob", is_organizer=False)

        link = self.ours().showing(G, guest).showing(G, None, user="bob")

        assert link.generation == 0


class TestBase:
    def test_agreeing_moves_the_known_fields_of_both_halves(self):
        base = Base(OLD, OLD, SELECTED).agreeing(G, Entry(title="g"), Entry(title="s"))

        assert base == Base(replace(OLD, title="s"), replace(OLD, title="g"), SELECTED)

    def test_a_pair_needs_both_halves(self):
        assert Base(OLD, OLD).is_pair
        assert not Base(OLD, ABSENT).is_pair
        assert not Base(ABSENT, OLD).is_pair

    def test_a_link_is_empty_without_sides_and_claims(self):
        assert Link("l1", S).is_empty
        assert not Link("l1", S, activity()).is_empty
        assert not Link("l1", S, copies=(copy(),)).is_empty
        assert not Link("l1", S).claiming(create(S, OLD)).is_empty

    def test_the_type_agreed_under_is_the_activitys(self):
        assert linked(OLD, base=Base()).agreeing_on_type().base.type == SELECTED
        assert linked(OLD, activity=None).agreeing_on_type().base.type == ""


class TestWhoIsLeft:
    def test_what_a_deletion_leaves_is_settled_for_those_who_took_part_d2_e1(self):
        shared = linked(entry())
        shared = replace(shared, activity=replace(shared.activity, members=frozenset({"cat"})))

        gone = shared.showing(S, None)

        assert gone.left == {"cat"}
        assert gone.settled().left == frozenset()


class TestACreateThatWasSeen:
    def test_our_own_removal_of_it_is_not_a_persons_d2_d3(self):
        link = Link("l1", S, activity=activity()).claiming(create(G, entry(), user="ann"))
        event = copy(entry(), ref="l10", user="ann")

        seen = link.showing(G, event)

        assert seen.base.is_pair
        assert seen.claims == ()
