"""Which user's copy speaks for a meeting, and what counts as an edit of it (E2, E6)."""

from dataclasses import replace

import pytest

from daemon.core.entry import ABSENT, UNKNOWN
from daemon.core.link import Link, Side
from daemon.core.meeting import anchored, speaking
from daemon.core.table import Turn, turn

from .given import G, S, activity, copy, entry, linked, people, retitled

OLD = entry("old")


def organizer(user: str = "ann", title: str = "old"):
    return copy(entry(title), user=user)


def guest(user: str, title: str = "old"):
    return copy(entry(title), user=user, is_organizer=False)


def met(*copies, source: str) -> Link:
    return linked(OLD, copies=copies, source=source)


def google_turn(link: Link) -> Turn:
    return turn(link.google.entry if link.google else ABSENT, link.base.google)


ANN, BOB, CID = organizer(), guest("bob"), guest("cid")


@pytest.mark.parametrize(
    ("copies", "spoke", "source", "expected"),
    [
        # Nobody was chosen yet.
        ([], None, "", ""),
        ([ANN], None, "", "ann"),
        ([BOB, ANN], None, "", "ann"),
        ([BOB, CID], None, "", "bob"),
        # The chosen one stays, a guest until an organizer is there or the copy goes.
        ([ANN, BOB], ANN, "ann", "ann"),
        ([BOB, CID], CID, "cid", "cid"),
        ([BOB, ANN], BOB, "bob", "ann"),
        ([BOB], CID, "cid", "bob"),
        ([], BOB, "bob", ""),
        # An organizer speaks on when the event is gone, until there is another.
        ([BOB], ANN, "ann", "ann"),
        ([BOB, CID], None, "ann", "ann"),
        ([], ANN, "ann", "ann"),
        ([organizer("bob")], ANN, "ann", "bob"),
        ([organizer("bob"), organizer("cid")], organizer("cid"), "cid", "cid"),
        # Who organized and is a guest now still speaks.
        ([guest("ann"), BOB], ANN, "ann", "ann"),
    ],
)
def test_one_copy_speaks_for_all_e2(copies, spoke, source, expected):
    assert speaking(copies, spoke, source) == expected


class TestWhoSpeaks:
    def test_a_guest_speaks_until_the_organizer_is_seen_e2(self):
        link = met(guest("bob"), source="bob").showing(G, organizer())

        assert link.google == organizer()

    def test_a_chosen_guest_stays_chosen_e2(self):
        link = met(guest("bob"), source="bob").showing(G, guest("aaron"))

        assert link.source == "bob"

    def test_a_meeting_lives_while_a_guest_has_a_copy_e6(self):
        link = met(guest("bob"), guest("cid"), source="bob").showing(G, None, user="bob")

        assert link.source == "cid"
        assert google_turn(link) is Turn.SAME

    def test_a_meeting_of_outsiders_is_gone_with_the_last_copy_e6(self):
        link = met(guest("bob"), source="bob").showing(G, None, user="bob")

        assert google_turn(link) is Turn.GONE

    def test_a_meeting_is_gone_when_its_organizers_event_is_e6(self):
        link = met(organizer(), guest("bob"), source="ann").showing(G, None, user="ann")

        assert google_turn(link) is Turn.GONE

    def test_a_guest_who_leaves_changes_nothing_e6(self):
        link = met(organizer(), guest("bob"), source="ann").showing(G, None, user="bob")

        assert google_turn(link) is Turn.SAME
        assert link.google == organizer()

    @pytest.mark.parametrize("said", [None, guest("bob")])
    def test_a_cancelled_meeting_stays_cancelled_when_guests_copies_move_e6(self, said):
        link = met(organizer(), guest("bob"), guest("cid"), source="ann")
        link = link.showing(G, None, user="ann")

        link = link.showing(G, said, user="bob")

        assert google_turn(link) is Turn.GONE

    def test_a_meeting_that_got_a_new_organizer_is_not_gone_e6(self):
        link = met(organizer(), guest("bob"), source="ann").showing(G, organizer("bob"))

        link = link.showing(G, None, user="ann")

        assert link.source == "bob"
        assert google_turn(link) is Turn.SAME

    def test_an_event_made_again_for_the_organizer_speaks_e6(self):
        link = met(organizer(), source="ann").showing(G, None, user="ann")

        link = link.showing(G, replace(organizer(), ref="e2"))

        assert link.google.ref == "e2"


class TestWhatIsAnEdit:
    def test_another_guests_copy_that_speaks_differently_is_no_edit_e2(self):
        link = met(guest("bob"), guest("cid", "other"), source="bob").showing(G, None, user="bob")

        assert link.google == guest("cid", "other")
        assert google_turn(link) is Turn.SAME

    def test_what_a_guest_shows_who_is_asked_only_now_is_the_organizers_word_e2(self):
        link = met(guest("bob"), source="bob")

        moved = link.showing(G, guest("cid", "other")).showing(G, None, user="bob")
        settled = link.showing(G, guest("cid", "own words")).settled()

        assert google_turn(moved) is Turn.EDITED
        assert google_turn(settled.showing(G, None, user="bob")) is Turn.SAME

    def test_what_one_guest_shows_is_news_until_the_copy_that_speaks_was_looked_at_e2(self):
        link = met(guest("bob"), guest("cid"), source="bob").showing(G, guest("cid", "other"))

        assert link.is_unspoken
        assert not link.showing(G, guest("bob", "other")).is_unspoken, "the organizer changed it"
        assert not link.settled().is_unspoken, "these are Cid's own words"
        moved = {
            is_heard: link.settled(is_heard=is_heard).showing(G, None, user="bob")
            for is_heard in (True, False)
        }
        assert google_turn(moved[True]) is Turn.SAME
        assert google_turn(moved[False]) is Turn.EDITED

    def test_who_is_on_one_guests_list_alone_is_news_too_e2(self):
        asked = replace(OLD, people=people("bob", "cid"))
        alone = replace(OLD, people=people("bob"))
        spoke = copy(alone, user="bob", is_organizer=False)
        link = linked(alone, copies=(spoke,), source="bob")

        link = link.showing(G, copy(asked, user="cid", is_organizer=False))

        assert link.is_unspoken
        link = link.settled(is_heard=False).showing(G, None, user="bob")
        assert google_turn(link) is Turn.EDITED

    def test_the_organizer_has_the_last_word_when_the_own_event_is_seen_e2(self):
        link = met(guest("bob"), source="bob").showing(G, organizer(title="other"))

        assert google_turn(link) is Turn.EDITED
        assert google_turn(met(guest("bob"), source="bob").showing(G, organizer())) is Turn.SAME

    def test_a_change_within_the_copy_that_speaks_is_an_edit_e2(self):
        link = met(guest("bob"), source="bob").showing(G, organizer(title="other"))

        link = link.showing(G, organizer(title="edited"))

        assert google_turn(link) is Turn.EDITED

    def test_a_change_of_a_copy_that_does_not_speak_is_none_e2(self):
        link = met(organizer(), guest("bob"), source="ann").showing(G, guest("bob", "own words"))

        assert google_turn(link) is Turn.SAME

    def test_an_edit_that_was_not_carried_yet_outlives_a_change_of_speaker_e2(self):
        link = met(guest("bob"), source="bob").showing(G, guest("bob", "edited"))

        link = link.showing(G, organizer(title="edited"))

        assert google_turn(link) is Turn.EDITED

    def test_one_copy_per_calendar_is_kept(self):
        link = met(organizer(), source="ann").showing(G, organizer(title="edited"))

        assert [shown.entry for shown in link.copies] == [entry("edited")]


class TestAnchoring:
    def test_agreed_fields_are_agreed_again_and_others_are_not(self):
        spoke = copy(entry("edited", location="Room 1"), user="bob")
        speaks = copy(entry("edited", location="Room 2"), user="ann", is_organizer=False)

        half = anchored(entry("old", location="Room 1"), [spoke], "bob", [speaks], "ann")

        assert half == entry("old", location="Room 2")

    def test_what_the_new_copy_does_not_show_stays_as_agreed(self):
        half = replace(OLD, people=people("bob"))
        spoke, speaks = copy(half), copy(replace(OLD, people=UNKNOWN), user="bob")

        assert anchored(half, [spoke], "ann", [spoke, speaks], "bob") == half

    @pytest.mark.parametrize(
        ("before", "after"), [([], [ANN]), ([ANN], []), ([ANN], [ANN]), ([ANN], [ANN, BOB])]
    )
    def test_nothing_is_anchored_while_the_same_copy_speaks_unchanged(self, before, after):
        assert anchored(OLD, before, "ann", after, "ann") is OLD

    def test_nothing_is_anchored_before_anything_was_agreed(self):
        assert anchored(ABSENT, [ANN], "ann", [organizer("bob")], "bob") is ABSENT


def test_a_copy_is_no_activity():
    with pytest.raises(AssertionError):
        linked(OLD).showing(S, copy())
    with pytest.raises(AssertionError):
        linked(OLD).showing(G, activity())


def test_each_side_keeps_its_own_edits_apart():
    link = retitled(linked(OLD), Side.SEVERA, "typed")

    assert link.activity.entry.title == "typed"
    assert link.google.entry.title == "old"
