"""Severa's rows and our values: one meaning, there and back."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.company import ActivityType, Category, User
from daemon.core.entry import UNKNOWN, AllDay, Entry, Timed, When
from daemon.core.link import Activity
from daemon.core.recurrence import Recurrence
from daemon.severa.errors import Unreadable
from daemon.severa.translate import (
    TRANSLATOR,
    activity_of,
    body_of,
    changes_of,
    participant_of,
    type_of,
    user_of,
)

HELSINKI = "Europe/Helsinki"
# Midnight is skipped in spring in Beirut, São Paulo and Havana, and comes twice in autumn in Havana.
ZONES = (
    "UTC",
    HELSINKI,
    "Europe/Oslo",
    "America/New_York",
    "America/Havana",
    "America/Sao_Paulo",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
)


def row(**fields: Any) -> dict[str, Any]:
    return {
        "guid": "a-1",
        "name": "Kick-off",
        "startDateTime": "2026-03-03T07:00:00+00:00",
        "endDateTime": "2026-03-03T08:00:00+00:00",
        "isAllDay": False,
        "hasDuration": True,
        "isClosed": False,
        "hasHours": False,
        "isUnassigned": False,
        "notes": None,
        "location": None,
        "activityType": {"guid": "t-1", "name": "Meeting", "category": "CalendarEntry"},
        "ownerUser": {"guid": "u-1", "name": "Anna"},
        "customer": None,
        "phase": None,
        "projectTaskStatus": None,
        "recurrence": None,
        "recurrenceType": "None",
        "createdDateTime": "2026-03-01T08:00:00.1234567Z",
        "createdBy": {"guid": "u-9"},
        "lastUpdatedDateTime": None,
        **fields,
    }


def read(zone: str = HELSINKI, **fields: Any) -> Activity:
    return activity_of(row(**fields), zone=zone)


def typed(category: str) -> dict[str, Any]:
    return {"guid": "t-2", "category": category}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def anna(zone: str = HELSINKI) -> User:
    return User("u-1", "anna@example.com", zone=zone)


def test_an_activity_is_read_whole() -> None:
    activity = read(notes=" Agenda:\r\n1. Start\r\n", location=" Room 1 ", name=" Kick-off ")

    assert activity == Activity(
        ref="a-1",
        user="u-1",
        entry=Entry(
            title="Kick-off",
            when=Timed(at("2026-03-03T07:00:00Z"), at("2026-03-03T08:00:00Z")),
            location="Room 1",
            notes="Agenda:\n1. Start",
            private=False,
        ),
        type="t-1",
        category=Category.CALENDAR_ENTRY,
        created_at=at("2026-03-01T08:00:00.123456Z"),
        created_by="u-9",
        translator=TRANSLATOR,
    )


def test_participants_are_unknown_because_an_activity_does_not_show_them() -> None:
    assert read().entry.people is UNKNOWN


@pytest.mark.parametrize(
    ("category", "private"),
    [
        ("CalendarEntry", False),
        ("SalesEvent", False),
        ("Task", False),
        ("Personal", True),
        ("Absences", True),
    ],
)
def test_personal_entries_and_absences_are_private(category: str, private: bool) -> None:
    assert read(activityType=typed(category)).entry.private is private


HOLDINGS: tuple[dict[str, Any], ...] = (
    {"customer": {"guid": "c-1"}},
    {"phase": {"guid": "p-1", "isLocked": False}},
    {"projectTaskStatus": {"name": "In progress"}},
    {"hasHours": True},
    {"isClosed": True},
)


@pytest.mark.parametrize("holding", HOLDINGS)
def test_an_activity_that_holds_more_than_is_synced_is_not_bare(holding: dict[str, Any]) -> None:
    assert read(customer={"guid": None, "name": None}).is_bare

    assert not read(**holding).is_bare


@pytest.mark.parametrize(
    ("end", "until"),
    [
        ("2026-03-20T22:00:00Z", "2026-03-21"),  # Local midnight: the day is not part of it.
        ("2026-03-20T21:59:59Z", "2026-03-21"),  # The last second of the last day.
        ("2026-03-20T10:00:00Z", "2026-03-21"),
        ("2026-03-15T22:00:00Z", "2026-03-17"),  # Equal to the start: one day.
        (None, "2026-03-17"),
        ("2026-03-16T22:00:00Z", "2026-03-17"),
    ],
)
def test_both_ways_to_end_an_all_day_entry_mean_the_same_days(end: str | None, until: str) -> None:
    activity = read(isAllDay=True, startDateTime="2026-03-15T22:00:00Z", endDateTime=end)

    assert activity.entry.when == AllDay(date(2026, 3, 16), date.fromisoformat(until))


@pytest.mark.parametrize("fields", [{"hasDuration": False}, {"endDateTime": None}])
def test_a_to_do_has_a_time_and_no_length(fields: dict[str, Any]) -> None:
    assert read(**fields).entry.when == Timed(at("2026-03-03T07:00:00Z"), None)


def test_a_to_do_of_a_day_has_no_length() -> None:
    activity = read(
        isAllDay=True,
        hasDuration=False,
        startDateTime="2026-03-15T22:00:00Z",
        endDateTime=None,
    )

    assert activity.entry.when == AllDay(date(2026, 3, 16), None)


def test_zero_length_is_read_as_it_stands() -> None:
    start = "2026-03-03T07:00:00Z"

    assert read(startDateTime=start, endDateTime=start).entry.when == Timed(at(start), at(start))


def test_a_time_means_the_same_in_any_offset() -> None:
    local = read(
        startDateTime="2026-03-03T09:00:00+02:00", endDateTime="2026-03-03T10:00:00.0000000+02:00"
    )

    assert local.entry == read().entry


def test_times_are_whole_seconds_as_in_google() -> None:
    finer = read(
        startDateTime="2026-03-03T07:00:00.25Z", endDateTime="2026-03-03T08:00:00.9999999Z"
    )

    assert finer.entry == read().entry


def test_a_midnight_that_comes_twice_ends_an_entry_either_time() -> None:
    for end in ("2025-11-02T04:00:00Z", "2025-11-02T05:00:00Z"):
        activity = read(
            "America/Havana",
            isAllDay=True,
            startDateTime="2025-11-01T04:00:00Z",
            endDateTime=end,
        )

        assert activity.entry.when == AllDay(date(2025, 11, 1), date(2025, 11, 2))


def test_a_midnight_that_is_skipped_begins_and_ends_a_day() -> None:
    before, after = (AllDay(date(2026, 3, day), date(2026, 3, day + 1)) for day in (28, 29))

    for when in (before, after):
        body = body_of(Entry(title="Any", when=when), user=anna("Asia/Beirut"), type_guid="t-1")
        times = {name: body[name] for name in ("startDateTime", "endDateTime")}
        assert read("Asia/Beirut", isAllDay=True, **times).entry.when == when


def test_an_offset_with_seconds_is_never_written() -> None:
    when = Timed(at("1910-01-01T00:00:00Z"), None)

    body = body_of(Entry(title="Old", when=when), user=anna(), type_guid="t-1")

    assert body["startDateTime"] == "1910-01-01T00:00:00+00:00"


@pytest.mark.parametrize("kind", ["Occurrence", "Exception"])
def test_a_part_of_a_series_recurs(kind: str) -> None:
    when = read(recurrenceType=kind, guid="s-1;o-1", recurrenceParentActivityGuid="s-1").entry.when

    assert isinstance(when, Timed)
    assert when.recurrence == Recurrence((f"{kind} s-1",), HELSINKI)


def test_a_series_is_recognised_by_its_rule_however_nulls_are_told() -> None:
    weekly = {"interval": 1, "monday": True}
    short = {"frequency": "Weekly", "pattern": {"weekly": weekly}}
    long = {**short, "range": None, "exceptions": None, "lastOccurrenceDateTime": "2027-01-01"}
    long["pattern"] = {"daily": None, "weekly": {"monday": True, "interval": 1}}

    first, second = (
        read(recurrenceType="Series", recurrence=said).entry.when for said in (short, long)
    )

    rule = '{"frequency": "Weekly", "pattern": {"weekly": {"interval": 1, "monday": true}}}'
    assert isinstance(first, Timed)
    assert first.recurrence == Recurrence((rule,), HELSINKI)
    assert first == second


def test_a_series_without_a_rule_still_recurs() -> None:
    when = read(recurrenceType="Series").entry.when

    assert isinstance(when, Timed)
    assert when.recurrence is not None


BROKEN: tuple[dict[str, Any], ...] = (
    {"guid": None},
    {"ownerUser": None},
    {"ownerUser": {"guid": ""}},
    {"activityType": {"guid": "t-1"}},
    {"activityType": {"guid": "t-1", "category": "Party"}},
    {"startDateTime": None},
    {"startDateTime": "2026-03-03T07:00:00"},
    {"startDateTime": 5},
    {"endDateTime": "soon"},
    {"endDateTime": "9999-12-31T23:59:59Z", "isAllDay": True},
    {"startDateTime": "0001-01-01T00:00:00+14:00"},
)


@pytest.mark.parametrize("broken", BROKEN)
def test_a_row_that_lacks_what_every_activity_has_is_unreadable(broken: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        activity_of(row(**broken), zone="UTC")


def test_a_write_says_its_times_on_the_wall_clock_of_the_owner() -> None:
    when = AllDay(date(2026, 3, 28), date(2026, 3, 30))
    body = body_of(Entry(title="Fair", when=when), user=anna(), type_guid="t-1")

    assert body == {
        "name": "Fair",
        "startDateTime": "2026-03-28T00:00:00+02:00",
        "endDateTime": "2026-03-30T00:00:00+03:00",
        "isAllDay": True,
        "hasDuration": True,
        "activityType": {"guid": "t-1"},
        "ownerUser": {"guid": "u-1"},
    }


def test_a_change_names_only_its_known_fields_as_texts() -> None:
    start = at("2026-03-03T07:00:00Z")

    changes = changes_of(
        Entry(when=Timed(start, None), notes="", private=True), user=anna(), type_guid="t-2"
    )

    assert changes == [
        {"op": "Replace", "path": "/startDateTime", "value": "2026-03-03T09:00:00+02:00"},
        {"op": "Replace", "path": "/endDateTime", "value": "2026-03-03T09:00:00+02:00"},
        {"op": "Replace", "path": "/isAllDay", "value": "false"},
        {"op": "Replace", "path": "/hasDuration", "value": "false"},
        {"op": "Replace", "path": "/notes", "value": ""},
        {"op": "Replace", "path": "/activityType/guid", "value": "t-2"},
    ]


def test_a_change_of_one_field_is_one_operation() -> None:
    changes = changes_of(Entry(title="New"), user=anna())

    assert changes == [{"op": "Replace", "path": "/name", "value": "New"}]


def test_a_user_is_read_with_what_may_be_missing() -> None:
    bare = user_of({"guid": "u-1", "firstName": "Anna", "lastName": "Virtanen", "email": None})
    full = user_of(
        {
            "guid": "u-2",
            "firstName": "Ben",
            "lastName": "Lind",
            "email": "Ben@Example.com",
            "isActive": False,
            "timezone": {"ianaName": HELSINKI, "systemName": "FLE Standard Time"},
            "defaultActivityType": {"guid": "t-1"},
            "lastLogin": "2026-03-01T08:00:00+02:00",
        }
    )

    assert bare == User("u-1", "", "Anna Virtanen", "UTC")
    login = at("2026-03-01T06:00:00Z")
    assert full == User("u-2", "ben@example.com", "Ben Lind", HELSINKI, False, "t-1", login)


@pytest.mark.parametrize("name", ["FLE Standard Time", "", "../etc/passwd", "Europe", None, 7])
def test_a_zone_that_is_none_counts_as_utc(name: Any) -> None:
    assert user_of({"guid": "u-1", "timezone": {"ianaName": name}}).zone == "UTC"


def test_a_type_is_read() -> None:
    given_row = {"guid": "t-1", "name": "To-do", "category": "SalesEvent", "isActive": False}

    assert type_of(given_row) == ActivityType("t-1", "To-do", Category.TODO, is_active=False)


DATES = st.dates(date(1972, 1, 1), date(2090, 1, 1))
INSTANTS = st.integers(63_072_000, 3_786_912_000).map(lambda at: datetime.fromtimestamp(at, UTC))
LENGTHS = st.one_of(
    st.just(timedelta()), st.integers(1, 10**7).map(lambda seconds: timedelta(seconds=seconds))
)
TIMED = st.builds(
    lambda start, length: Timed(start, None if length is None else start + length),
    INSTANTS,
    st.none() | LENGTHS,
)
ALL_DAY = st.builds(
    lambda first, count: AllDay(first, None if count is None else first + timedelta(days=count)),
    DATES,
    st.none() | st.integers(1, 60),
)


@given(when=TIMED | ALL_DAY, zone=st.sampled_from(ZONES))
def test_a_time_that_is_written_reads_the_same(when: When, zone: str) -> None:
    entry = Entry(title="Any", when=when)
    body = body_of(entry, user=anna(zone), type_guid="t-1")

    again = activity_of({**row(), **body, "activityType": typed("CalendarEntry")}, zone=zone)

    assert again.entry.when == when


@given(when=TIMED | ALL_DAY, zone=st.sampled_from(ZONES))
def test_a_time_reads_the_same_whatever_offset_severa_answers_in(when: When, zone: str) -> None:
    body = body_of(Entry(title="Any", when=when), user=anna(zone), type_guid="t-1")
    for name in ("startDateTime", "endDateTime"):
        body[name] = body[name] and at(body[name]).isoformat()

    again = activity_of({**row(), **body, "activityType": typed("CalendarEntry")}, zone=zone)

    assert again.entry.when == when


@given(first=DATES, count=st.integers(1, 60), zone=st.sampled_from(ZONES), cut=st.integers(1, 3600))
def test_an_all_day_entry_that_ends_within_its_last_day_has_the_same_days(
    first: date, count: int, zone: str, cut: int
) -> None:
    when = AllDay(first, first + timedelta(days=count))
    body = body_of(Entry(title="Any", when=when), user=anna(zone), type_guid="t-1")
    body["endDateTime"] = (at(body["endDateTime"]) - timedelta(seconds=cut)).isoformat()

    again = activity_of({**row(), **body, "activityType": typed("CalendarEntry")}, zone=zone)

    assert again.entry.when == when


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
EMOJI = st.sampled_from(["🎉", "👩‍👩‍👧", "🇫🇮", "é", "שלום", "日本語", "x" * 500])
NAMES = st.builds("{}{}{}".format, TEXTS, EMOJI, TEXTS)


@given(name=NAMES, notes=TEXTS, location=NAMES)
def test_texts_that_are_written_read_the_same(name: str, notes: str, location: str) -> None:
    read_once = read(name=name, notes=notes, location=location).entry
    body = body_of(read_once, user=anna(), type_guid="t-1")
    changes = {each["path"][1:]: each["value"] for each in changes_of(read_once, user=anna())}

    for texts in (body, changes):
        fields = {key: texts[key] for key in ("name", "notes", "location")}
        again = read(**fields).entry
        assert (again.title, again.location) == (read_once.title, read_once.location)
        assert again.notes == read_once.notes


@given(when=TIMED | ALL_DAY, zone=st.sampled_from(ZONES))
def test_a_time_that_is_changed_reads_the_same_however_severa_ends_things(
    when: When, zone: str
) -> None:
    for ends_within in (False, True):
        operations = changes_of(Entry(when=when), user=anna(zone), ends_within=ends_within)
        values = {each["path"][1:]: each["value"] for each in operations}
        assert None not in values.values()
        flags = {name: values.pop(name) == "true" for name in ("isAllDay", "hasDuration")}

        assert read(zone, **values, **flags).entry.when == when


OPTIONAL = sorted(set(row()) - {"guid", "startDateTime", "activityType", "ownerUser"})


@given(missing=st.sets(st.sampled_from(OPTIONAL)), empty=st.sets(st.sampled_from(OPTIONAL)))
def test_what_is_not_required_may_be_missing_or_null(missing: set[str], empty: set[str]) -> None:
    given_row = {name: value for name, value in row().items() if name not in missing}
    given_row |= dict.fromkeys(empty - missing)

    activity = activity_of(given_row, zone=HELSINKI)

    assert (activity.ref, activity.user, activity.type) == ("a-1", "u-1", "t-1")
    assert isinstance(activity.entry.when, Timed)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(fields=st.dictionaries(st.sampled_from(sorted(row())), JSON, max_size=4))
def test_a_row_is_read_or_said_to_be_unreadable_whatever_it_holds(fields: dict[str, Any]) -> None:
    try:
        activity = activity_of({**row(), **fields}, zone=HELSINKI)
    except Unreadable:
        return

    assert activity.ref
    assert activity.entry.when is not UNKNOWN


@given(fields=st.dictionaries(st.sampled_from(sorted(row())), JSON, max_size=4))
def test_users_types_and_participants_are_read_or_unreadable(fields: dict[str, Any]) -> None:
    names = ("firstName", "email", "timezone", "defaultActivityType", "lastLogin", "category")
    odd = dict(zip(names, fields.values(), strict=False))
    for translate in (user_of, type_of, participant_of):
        with suppress(Unreadable):
            translate({**row(), "category": "Task", "type": "User", **odd})


SPRING, AUTUMN = "2026-03-29", "2026-10-25"


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (f"{SPRING}T00:30:00Z", f"{SPRING}T01:30:00Z"),  # 02:30 to 04:30 by the wall clock.
        (f"{AUTUMN}T00:30:00Z", f"{AUTUMN}T01:30:00Z"),  # 03:30 to 03:30, an hour later.
        (f"{AUTUMN}T00:30:00Z", f"{AUTUMN}T00:30:00Z"),
        (f"{SPRING}T01:00:00Z", None),
    ],
)
def test_an_hour_that_comes_twice_or_never_is_written_as_it_is(start: str, end: str | None) -> None:
    when = Timed(at(start), at(end) if end else None)
    body = body_of(Entry(title="Any", when=when), user=anna(), type_guid="t-1")

    names = ("startDateTime", "endDateTime", "hasDuration")
    assert read(**{name: body[name] for name in names}).entry.when == when
    assert at(body["startDateTime"]) == when.start


@pytest.mark.parametrize("day", [SPRING, AUTUMN])
def test_a_day_of_23_or_25_hours_is_one_day(day: str) -> None:
    first = date.fromisoformat(day)
    when = AllDay(first, first + timedelta(days=1))
    body = body_of(Entry(title="Any", when=when), user=anna(), type_guid="t-1")

    length = at(body["endDateTime"]) - at(body["startDateTime"])
    assert length == timedelta(hours=23 if day == SPRING else 25)
