"""What is synced, and as which type (B1 to B5, B8, B11, C1, C2)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from daemon.core.company import ActivityType, Category, User
from daemon.core.entry import ABSENT, UNKNOWN, AllDay, Entry, Hidden, Timed
from daemon.core.link import RESTORED, Base, Link
from daemon.core.policy import Policy, ended_at
from daemon.core.reconcile import next_action
from daemon.core.recurrence import Recurrence
from daemon.core.view import Remove, Settle, View

from .given import (
    SELECTED,
    UNSELECTED,
    G,
    S,
    activity,
    all_day,
    copy,
    entry,
    linked,
    people,
    remove,
    timed,
)

OLD = entry()
WEEKLY = replace(OLD, when=replace(timed(), recurrence=Recurrence(("RRULE:FREQ=WEEKLY",), "UTC")))
POLICY = Policy(selected={SELECTED})


def unlinked(**fields) -> Link:
    return Link("l1", S, activity(**fields))


def typed(kind: str, *, born=S, agreed: str = SELECTED, **fields) -> Link:
    """Return a link whose activity has one type now and had another when the sides agreed."""
    return linked(
        OLD, born=born, activity=activity(OLD, type=kind, **fields), base=Base(OLD, OLD, agreed)
    )


class TestSevera:
    def test_a_selected_type_is_synced_b2(self):
        assert POLICY.severa_value(unlinked()) == OLD

    def test_a_type_that_is_not_selected_is_not_created_in_google_b2(self):
        assert POLICY.severa_value(unlinked(type=UNSELECTED)) == Hidden(OLD, "B2")

    @pytest.mark.parametrize("category", [c for c in Category if c is not Category.PROJECT_TASK])
    def test_every_other_category_follows_the_selection_b2(self, category):
        shown = POLICY.severa_value(unlinked(category=category))

        assert isinstance(shown, Entry)
        assert replace(shown, people=OLD.people) == OLD
        assert isinstance(POLICY.severa_value(unlinked(category=category, type=UNSELECTED)), Hidden)

    @pytest.mark.parametrize("category", [Category.PERSONAL, Category.ABSENCE])
    def test_what_is_on_the_owners_calendar_alone_says_nothing_of_people_b4_b11(self, category):
        met = replace(OLD, people=people("ann", "bob"))

        shown = POLICY.severa_value(Link("l1", S, activity(met, category=category)))

        assert shown == replace(OLD, people=UNKNOWN)

    @pytest.mark.parametrize("category", [Category.CALENDAR_ENTRY, Category.TODO])
    def test_every_other_activity_says_who_takes_part_e3(self, category):
        met = replace(OLD, people=people("ann", "bob"))

        assert POLICY.severa_value(Link("l1", S, activity(met, category=category))) == met

    def test_a_project_task_is_never_synced_whatever_is_selected_b3(self):
        shown = POLICY.severa_value(unlinked(category=Category.PROJECT_TASK))

        assert shown == Hidden(OLD, "B3")

    def test_a_link_that_becomes_a_project_task_leaves_b3(self):
        shown = POLICY.severa_value(typed(SELECTED, category=Category.PROJECT_TASK))

        assert shown == Hidden(OLD, "B3", leaving=True)

    @pytest.mark.parametrize("born", [S, G])
    def test_a_link_stays_whatever_its_type_b5(self, born):
        assert POLICY.severa_value(typed(UNSELECTED, born=born, agreed=UNSELECTED)) == OLD

    def test_unselecting_a_type_changes_nothing_that_exists_b5(self):
        assert Policy(selected=()).severa_value(typed(SELECTED)) == OLD

    def test_a_severa_born_link_given_a_type_that_is_not_selected_leaves_b5(self):
        assert POLICY.severa_value(typed(UNSELECTED)) == Hidden(OLD, "B5", leaving=True)

    @pytest.mark.parametrize("is_private", [True, False])
    def test_a_private_event_stays_that_asks_for_the_type_its_activity_was_given_b4_b5(
        self, is_private
    ):
        """Our own change of type may be forgotten, with a backup that was put back."""
        given = typed(UNSELECTED, category=Category.PERSONAL)
        link = replace(given, copies=(copy(replace(OLD, private=is_private)),))

        assert isinstance(POLICY.severa_value(link), Hidden) is not is_private

    def test_a_google_born_link_stays_whatever_type_it_is_given_b5(self):
        assert POLICY.severa_value(typed(UNSELECTED, born=G)) == OLD

    def test_a_link_given_another_selected_type_stays_b5(self):
        assert POLICY.severa_value(typed(SELECTED, agreed="type-before")) == OLD

    def test_what_is_brought_back_is_made_again_whatever_its_type_d5(self):
        held = typed(UNSELECTED, agreed=UNSELECTED).showing(G, None, user="ann")

        assert POLICY.severa_value(replace(held, standing=RESTORED)) == OLD

    def test_what_lost_its_event_by_its_type_is_not_made_again_b5(self):
        claim = remove(G)
        link = typed(UNSELECTED).claiming(claim).answered(claim, None)

        assert POLICY.severa_value(link) == Hidden(OLD, "B2")

    def test_unassigned_activities_are_left_out_b8(self):
        assert POLICY.severa_value(unlinked(is_unassigned=True)) == Hidden(OLD, "B8")

    def test_a_deleted_activity_is_absent(self):
        assert POLICY.severa_value(linked(activity=None)) is ABSENT

    def test_a_series_is_kept_out_so_far_f1(self):
        assert POLICY.severa_value(Link("l1", S, activity(WEEKLY))) == Hidden(WEEKLY, "F1")

    def test_a_match_is_synced_whatever_its_type_c1(self):
        matched = linked(OLD, activity=activity(OLD, type=UNSELECTED), base=Base())

        assert POLICY.severa_value(matched) == OLD

    def test_a_first_match_of_an_unselected_type_deletes_nothing_c1(self):
        matched = typed(UNSELECTED, agreed="")
        joined = next_action(View(replace(matched, base=Base()), OLD, OLD))
        assert isinstance(joined, Settle)

        link = replace(matched, base=joined.base)
        action = next_action(View(link, POLICY.severa_value(link), POLICY.google_value(link)))

        assert not isinstance(action, Remove)


class TestOutsiders:
    INVITED = replace(OLD, people=people("ann", "bob", "zoe"))
    KNOWING = replace(POLICY, addresses={"ann@example.com", "bob@example.com"})

    def test_people_whom_severa_does_not_know_are_not_shown_to_it_e8(self):
        link = linked(self.INVITED)

        assert self.KNOWING.google_value(link) == replace(OLD, people=people("ann", "bob"))
        assert self.KNOWING.severa_value(link) == replace(OLD, people=people("ann", "bob"))

    def test_people_not_read_yet_stay_unknown_e8(self):
        unread = replace(OLD, people=UNKNOWN)

        assert self.KNOWING.google_value(linked(unread)) == unread

    def test_a_list_that_is_not_whole_stays_so_e8(self):
        cut = replace(self.INVITED.people, is_whole=False)
        link = linked(replace(OLD, people=cut))

        shown = self.KNOWING.google_value(link)

        assert shown.people == replace(people("ann", "bob"), is_whole=False)

    def test_what_a_rule_keeps_out_is_filtered_too_e8(self):
        shown = self.KNOWING.severa_value(Link("l1", S, activity(self.INVITED, type=UNSELECTED)))

        assert shown == Hidden(replace(OLD, people=people("ann", "bob")), "B2")


class TestGoogle:
    @pytest.mark.parametrize("kind", ["default", "outOfOffice", "focusTime", "birthday", "x"])
    def test_every_event_is_synced_whatever_its_kind_b1(self, kind):
        link = Link("l1", G, copies=(copy(OLD, kind=kind),), source="ann")

        assert POLICY.google_value(link) == OLD

    def test_a_skipped_kind_is_left_out_b1(self):
        policy = replace(POLICY, skipped_kinds={"workingLocation"})
        link = Link("l1", G, copies=(copy(OLD, kind="workingLocation"),), source="ann")

        assert policy.google_value(link) == Hidden(OLD, "B1")

    def test_a_link_stays_when_its_kind_is_skipped_later_b1(self):
        policy = replace(POLICY, skipped_kinds={"focusTime"})

        assert policy.google_value(linked(copies=(copy(OLD, kind="focusTime"),))) == OLD

    def test_a_series_is_kept_out_so_far_f1(self):
        assert POLICY.google_value(linked(copies=(copy(WEEKLY),))) == Hidden(WEEKLY, "F1")

    def test_without_a_copy_it_is_absent(self):
        assert POLICY.google_value(linked(copies=())) is ABSENT


MEETING = ActivityType("t1", "Meeting", Category.CALENDAR_ENTRY)
VISIT = ActivityType("t2", "Customer visit", Category.CALENDAR_ENTRY)
STANDARD = ActivityType("t3", "Standard", Category.CALENDAR_ENTRY, is_default=True)
PERSONAL = ActivityType("t4", "Personal", Category.PERSONAL)
ERRAND = ActivityType("t5", "Errand", Category.PERSONAL)
FINNISH = ActivityType("t6", "Henkilökohtainen", Category.PERSONAL)
CALL = ActivityType("t7", "Call", Category.TODO, is_default=True)
ANN = User("ann", "ann@example.com")


def inactive(kind: ActivityType) -> ActivityType:
    return replace(kind, is_active=False)


class TestType:
    @pytest.mark.parametrize(
        ("types", "private", "expected"),
        [
            ((STANDARD, PERSONAL), True, PERSONAL),
            ((STANDARD, PERSONAL), False, STANDARD),
            ((STANDARD, PERSONAL), UNKNOWN, STANDARD),
            ((STANDARD,), True, STANDARD),
            ((STANDARD, inactive(PERSONAL)), True, STANDARD),
            ((STANDARD, ERRAND, PERSONAL), True, PERSONAL),
            ((STANDARD, ERRAND, FINNISH), True, FINNISH),
            ((STANDARD, ERRAND), True, ERRAND),
            ((), True, None),
            ((CALL,), False, None),
        ],
    )
    def test_a_private_event_becomes_a_personal_activity_if_there_is_such_a_type_b4(
        self, types, private, expected
    ):
        assert Policy(types=types).type_for(entry(private=private), ANN) == expected

    @pytest.mark.parametrize(
        ("types", "default", "own", "expected"),
        [
            ((MEETING, STANDARD), "", "", STANDARD),
            ((MEETING, STANDARD), "", "t1", STANDARD),
            ((MEETING, STANDARD), "user", "t1", MEETING),
            ((MEETING, STANDARD), "user", "", STANDARD),
            ((inactive(MEETING), STANDARD), "user", "t1", STANDARD),
            ((CALL, STANDARD), "user", "t7", STANDARD),
            ((MEETING, STANDARD), "t1", "", MEETING),
            ((MEETING, STANDARD), "Meeting", "t3", MEETING),
            ((MEETING, STANDARD), "no such type", "", STANDARD),
            ((MEETING, VISIT), "", "", VISIT),
            ((inactive(STANDARD), MEETING), "", "", MEETING),
        ],
    )
    def test_every_other_event_gets_the_default_type_b4(self, types, default, own, expected):
        policy = Policy(types=types, default_type=default)

        assert policy.default_for(replace(ANN, default_type=own)) == expected


SWITCHED_ON = datetime(2026, 4, 20, 12, tzinfo=UTC)
LIMIT = SWITCHED_ON - timedelta(days=30)
SECOND = timedelta(seconds=1)


class TestHorizon:
    @pytest.mark.parametrize(
        ("end", "expected"),
        [(LIMIT - SECOND, True), (LIMIT, False), (LIMIT + SECOND, False), (SWITCHED_ON, False)],
    )
    def test_what_ended_more_than_thirty_days_before_is_left_out_c2(self, end, expected):
        old = entry(when=Timed(end - timedelta(hours=1), end))

        # The thirty days hold the change to daylight saving; they are thirty times 24 hours all the same.
        assert POLICY.is_left_out(old, SWITCHED_ON, "Europe/Helsinki") is expected

    def test_a_long_entry_counts_by_its_end_c2(self):
        long = entry(when=Timed(LIMIT - timedelta(days=90), LIMIT + SECOND))

        assert not POLICY.is_left_out(long, SWITCHED_ON, "UTC")

    @pytest.mark.parametrize(("start", "expected"), [(LIMIT - SECOND, True), (LIMIT, False)])
    def test_a_to_do_without_length_ends_when_it_starts_c2(self, start, expected):
        assert POLICY.is_left_out(entry(when=Timed(start, None)), SWITCHED_ON, "UTC") is expected

    @pytest.mark.parametrize(
        ("zone", "hour", "expected"),
        [
            # 20 March ends at midnight in Helsinki, 22:00 UTC.
            ("Europe/Helsinki", 22, False),
            ("Europe/Helsinki", 23, True),
            ("UTC", 23, False),
            ("Pacific/Auckland", 11, False),
            ("Pacific/Auckland", 12, True),
        ],
    )
    def test_a_whole_day_ends_at_midnight_where_its_user_is_c2(self, zone, hour, expected):
        day = entry(when=AllDay(date(2026, 3, 20), date(2026, 3, 21)))
        switched_on = datetime(2026, 4, 19, hour, tzinfo=UTC)

        assert POLICY.is_left_out(day, switched_on, zone) is expected

    def test_what_repeats_is_not_left_out_by_its_first_day_c2(self):
        assert not POLICY.is_left_out(WEEKLY, SWITCHED_ON + timedelta(days=999), "UTC")

    def test_what_has_no_known_time_is_not_left_out_c2(self):
        assert not POLICY.is_left_out(entry(when=UNKNOWN), SWITCHED_ON, "UTC")

    def test_the_horizon_is_configured_c2(self):
        policy = Policy(initial=timedelta(days=7))
        old = entry(when=Timed(LIMIT, LIMIT + timedelta(hours=1)))

        assert policy.is_left_out(old, SWITCHED_ON, "UTC")


@pytest.mark.parametrize(
    ("when", "zone", "expected"),
    [
        (timed(9, 60), "Europe/Helsinki", datetime(2026, 3, 2, 10, tzinfo=UTC)),
        (timed(9, None), "Europe/Helsinki", datetime(2026, 3, 2, 9, tzinfo=UTC)),
        (all_day(28), "Europe/Helsinki", datetime(2026, 3, 28, 22, tzinfo=UTC)),
        (all_day(29), "Europe/Helsinki", datetime(2026, 3, 29, 21, tzinfo=UTC)),
        (all_day(29, None), "Europe/Helsinki", datetime(2026, 3, 29, 21, tzinfo=UTC)),
        # In Beirut the clock skips the midnight that ends 28 March.
        (all_day(28), "Asia/Beirut", datetime(2026, 3, 28, 22, tzinfo=UTC)),
    ],
)
def test_an_entry_is_over_at_an_instant_c2(when, zone, expected):
    assert ended_at(when, zone) == expected
