"""Which activity and which event are one entry at the first sync (C1, C4)."""

from dataclasses import replace

import pytest

from daemon.core.entry import UNKNOWN, Entry
from daemon.core.fit import PLACEHOLDER
from daemon.core.match import Candidate, pairs
from daemon.core.recurrence import Recurrence
from daemon.core.seen import Mark

from .given import all_day, entry, people, timed

REVIEW = entry()
WEEKLY = Recurrence(("RRULE:FREQ=WEEKLY",), "Europe/Helsinki")


def candidate(name: str, shown: Entry = REVIEW, mark: Mark | None = None) -> Candidate:
    return Candidate(f"link-{name}", name, shown, mark)


def matched(severa: list[Candidate], google: list[Candidate]) -> set[tuple[str, str]]:
    """Return the pairs by the names of the candidates."""
    found = pairs(severa, google)
    flat = [link_id for pair in found for link_id in pair]
    assert len(flat) == len(set(flat)), "each id at most once"
    return {(mine.removeprefix("link-"), theirs.removeprefix("link-")) for mine, theirs in found}


def match_one(severa: Entry, google: Entry) -> bool:
    return bool(matched([candidate("s", severa)], [candidate("g", google)]))


class TestContent:
    @pytest.mark.parametrize(
        "google",
        [
            REVIEW,
            replace(REVIEW, notes="theirs", location="Room 2", private=True, people=people("ann")),
            replace(REVIEW, people=UNKNOWN),
            replace(REVIEW, title=" Review  "),
        ],
    )
    def test_equal_subject_and_times_match_whatever_the_rest_says_c1(self, google):
        assert match_one(REVIEW, google)

    @pytest.mark.parametrize(
        "google",
        [
            replace(REVIEW, title="Retro"),
            replace(REVIEW, title=""),
            replace(REVIEW, when=timed(10)),
            replace(REVIEW, when=timed(9, 30)),
            replace(REVIEW, when=all_day()),
            replace(REVIEW, when=replace(timed(), recurrence=WEEKLY)),
            replace(REVIEW, title=UNKNOWN),
            replace(REVIEW, when=UNKNOWN),
        ],
    )
    def test_another_subject_time_or_recurrence_does_not_match_c1(self, google):
        assert not match_one(REVIEW, google)

    def test_all_day_entries_match_by_their_dates_c1(self):
        assert match_one(entry(when=all_day(2)), entry(when=all_day(2)))
        assert not match_one(entry(when=all_day(2)), entry(when=all_day(3)))
        assert not match_one(entry(when=all_day(2)), entry(when=all_day(2, 2)))

    def test_entries_that_repeat_alike_match_c1(self):
        weekly = entry(when=replace(timed(), recurrence=WEEKLY))

        assert match_one(weekly, weekly)

    def test_a_placeholder_matches_an_event_without_a_subject_b7(self):
        assert match_one(entry(PLACEHOLDER), entry(""))

    @pytest.mark.parametrize(
        ("todo", "event"),
        [(timed(9, None), timed(9, 15)), (all_day(2, None), all_day(2, 1))],
    )
    def test_a_to_do_matches_the_event_made_of_it_b8(self, todo, event):
        assert match_one(entry(when=todo), entry(when=event))

    @pytest.mark.parametrize("unknown", ["title", "when"])
    def test_what_is_not_known_on_either_side_matches_nothing(self, unknown):
        masked = replace(REVIEW, **{unknown: UNKNOWN})

        assert not match_one(masked, masked)


class TestDuplicates:
    def test_identical_entries_are_matched_one_to_one_c1(self):
        found = matched(
            [candidate(name) for name in ("s1", "s2", "s3")],
            [candidate(name) for name in ("g1", "g2")],
        )

        assert len(found) == 2
        assert {mine for mine, _ in found} < {"s1", "s2", "s3"}
        assert {theirs for _, theirs in found} == {"g1", "g2"}

    def test_the_more_alike_in_the_rest_go_first_c1(self):
        room = replace(REVIEW, location="Room 1", notes="Agenda")

        found = matched(
            [candidate("s1"), candidate("s2", room)], [candidate("g1", room), candidate("g2")]
        )

        assert found == {("s1", "g2"), ("s2", "g1")}

    def test_a_text_that_both_show_says_more_than_one_that_both_lack_c1(self):
        noted = replace(REVIEW, notes="Agenda")
        moved = replace(noted, location="Room 1")

        found = matched([candidate("s1", noted)], [candidate("g1"), candidate("g2", moved)])

        assert found == {("s1", "g2")}

    def test_the_order_of_the_listings_does_not_matter_c1(self):
        severa = [candidate(name) for name in ("s1", "s2", "s3")]
        google = [candidate(name) for name in ("g1", "g2", "g3")]

        assert matched(severa, google) == matched(severa[::-1], google[::-1])

    def test_different_entries_do_not_mix_c1(self):
        severa = [candidate("s1", entry("a")), candidate("s2", entry("b"))]
        google = [candidate("g1", entry("b")), candidate("g2", entry("a"))]

        assert matched(severa, google) == {("s1", "g2"), ("s2", "g1")}


class TestMark:
    def test_a_marked_event_belongs_to_its_activity_whatever_was_edited_c4(self):
        event = candidate("g", entry("edited", when=timed(15)), Mark("s", "g"))

        assert matched([candidate("s")], [event]) == {("s", "g")}

    def test_the_mark_goes_before_equal_content_c4(self):
        marked = candidate("g1", entry("edited"), Mark("s", "g1"))

        assert matched([candidate("s")], [marked, candidate("g2")]) == {("s", "g1")}

    def test_a_copy_of_a_marked_event_is_told_from_the_original_c4(self):
        original = candidate("g1", entry("edited"), Mark("s", "g1"))
        copied = candidate("g2", REVIEW, Mark("s", "g1"))

        assert matched([candidate("s")], [copied, original]) == {("s", "g1")}

    def test_a_copy_alone_is_matched_by_its_content_only_c4(self):
        copied = candidate("g2", entry("edited"), Mark("s", "g1"))

        assert matched([candidate("s")], [copied]) == set()
        assert matched([candidate("s")], [replace(copied, entry=REVIEW)]) == {("s", "g2")}

    def test_the_mark_of_an_activity_that_is_not_there_says_nothing_c4(self):
        event = candidate("g", REVIEW, Mark("s0", "g"))

        assert matched([candidate("s")], [event]) == {("s", "g")}

    def test_two_events_marked_for_one_activity_share_it_out_c4(self):
        events = [candidate(name, REVIEW, Mark("s1", name)) for name in ("g1", "g2")]

        found = matched([candidate("s1"), candidate("s2")], events)

        assert found == {("s1", "g1"), ("s2", "g2")}


def test_nothing_matches_nothing():
    assert pairs([], []) == []
    assert pairs([candidate("s")], []) == []
