"""Google's events and our copies of them, both ways."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.company import User
from daemon.core.entry import UNKNOWN, AllDay, Answer, Entry, People, Timed, When
from daemon.core.link import Copy, Mark
from daemon.core.recurrence import Recurrence
from daemon.errors import Forbidden
from daemon.google.translate import TRANSLATOR, body_of, changes_of, copy_of, shown

ANNA = User("guid-anna", "anna@example.com", zone="Europe/Helsinki")
ZONES = ("UTC", "Europe/Helsinki", "America/New_York", "Asia/Kolkata", "Pacific/Apia")


def utc(day: int, hour: int, minute: int = 0, *, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def event(**fields: Any) -> dict[str, Any]:
    """Return an event as Google lists it, with some fields of its own."""
    return {
        "kind": "calendar#event",
        "etag": '"3181161784712000"',
        "id": "7hekmtle9s5u0pl6kh7gq1fm3s",
        "status": "confirmed",
        "htmlLink": "https://www.google.com/calendar/event?eid=N2hl",
        "created": "2026-03-01T10:00:00.000Z",
        "updated": "2026-03-01T10:00:00.123Z",
        "summary": "Weekly",
        "creator": {"email": "anna@example.com", "self": True},
        "organizer": {"email": "anna@example.com", "self": True},
        "start": {"dateTime": "2026-03-02T10:00:00+02:00", "timeZone": "Europe/Helsinki"},
        "end": {"dateTime": "2026-03-02T11:00:00+02:00", "timeZone": "Europe/Helsinki"},
        "iCalUID": "7hekmtle9s5u0pl6kh7gq1fm3s@google.com",
        "sequence": 0,
        "reminders": {"useDefault": True},
        "eventType": "default",
        **fields,
    }


def read(**fields: Any) -> Copy:
    """Return our copy of such an event; it must be one that is synced."""
    copy = copy_of(event(**fields), user=ANNA, zone="Europe/Helsinki")
    assert copy is not None
    return copy


OF_GOOGLE: dict[str, Any] = {
    "id": "abcde",
    "creator": {"email": "anna@example.com", "self": True},
    "organizer": {"email": "anna@example.com", "self": True},
}


def written(entry: Entry, *, zone: str = "Europe/Helsinki") -> Entry:
    """Return what an entry reads back as after an insert."""
    body = {**body_of(entry, zone=zone, mark=None), **OF_GOOGLE}
    copy = copy_of(body, user=ANNA, zone="Asia/Tokyo")
    assert copy is not None
    return copy.entry


def test_an_event_becomes_a_copy() -> None:
    copy = read(location=" Room 1 ", description="<p>Plan</p>", visibility="public")

    assert copy == Copy(
        ref="7hekmtle9s5u0pl6kh7gq1fm3s",
        user="guid-anna",
        entry=Entry(
            title="Weekly",
            when=Timed(utc(2, 8), utc(2, 9)),
            location="Room 1",
            notes="Plan",
            private=False,
            people=People.of({"anna@example.com": Answer.ACCEPTED}),
        ),
        uid="7hekmtle9s5u0pl6kh7gq1fm3s@google.com",
        version='"3181161784712000"',
        address="anna@example.com",
        organizer="anna@example.com",
        translator=TRANSLATOR,
    )


def test_what_an_event_lacks_is_empty_and_not_unknown() -> None:
    bare = event()
    for name in ("summary", "organizer", "eventType", "iCalUID", "etag", "status"):
        del bare[name]

    copy = copy_of(bare, user=ANNA, zone="UTC")

    assert copy is not None
    assert (copy.entry.title, copy.entry.location, copy.entry.notes) == ("", "", "")
    assert copy.entry.private is False
    assert copy.is_organizer
    assert copy.kind == "default"


TIMES: dict[str, tuple[dict[str, Any], dict[str, Any], When]] = {
    "offset": (
        {"dateTime": "2026-03-02T10:00:00+02:00"},
        {"dateTime": "2026-03-02T11:30:00+02:00"},
        Timed(utc(2, 8), utc(2, 9, 30)),
    ),
    "Z": (
        {"dateTime": "2026-03-02T10:00:00Z", "timeZone": "Europe/Helsinki"},
        {"dateTime": "2026-03-02T11:00:00Z", "timeZone": "Europe/Helsinki"},
        Timed(utc(2, 10), utc(2, 11)),
    ),
    "own zone": (
        {"dateTime": "2026-03-02T10:00:00", "timeZone": "America/New_York"},
        {"dateTime": "2026-03-02T11:00:00", "timeZone": "America/New_York"},
        Timed(utc(2, 15), utc(2, 16)),
    ),
    "calendar's zone": (
        {"dateTime": "2026-03-02T10:00:00"},
        {"dateTime": "2026-03-02T11:00:00"},
        Timed(utc(2, 8), utc(2, 9)),
    ),
    "zone that nobody knows": (
        {"dateTime": "2026-03-02T10:00:00", "timeZone": "Mars/Olympus"},
        {"dateTime": "2026-03-02T11:00:00", "timeZone": "GMT+02:00"},
        Timed(utc(2, 8), utc(2, 9)),
    ),
    "two zones": (
        {"dateTime": "2026-03-02T10:00:00+02:00", "timeZone": "Europe/Helsinki"},
        {"dateTime": "2026-03-02T10:00:00+01:00", "timeZone": "Europe/Oslo"},
        Timed(utc(2, 8), utc(2, 9)),
    ),
    "over the change to summer time": (
        {"dateTime": "2026-03-29T02:00:00", "timeZone": "Europe/Helsinki"},
        {"dateTime": "2026-03-29T05:00:00", "timeZone": "Europe/Helsinki"},
        Timed(utc(29, 0), utc(29, 2)),
    ),
    "milliseconds": (
        {"dateTime": "2026-03-02T10:00:00.500Z"},
        {"dateTime": "2026-03-02T11:00:00.999Z"},
        Timed(utc(2, 10), utc(2, 11)),
    ),
    "no length": (
        {"dateTime": "2026-03-02T10:00:00Z"},
        {"dateTime": "2026-03-02T10:00:00Z"},
        Timed(utc(2, 10), utc(2, 10)),
    ),
    "backwards": (
        {"dateTime": "2026-03-02T10:00:00Z"},
        {"dateTime": "2026-03-02T09:00:00Z"},
        Timed(utc(2, 10), utc(2, 9)),
    ),
    "without an end": ({"dateTime": "2026-03-02T10:00:00Z"}, {}, Timed(utc(2, 10), None)),
    "one day": (
        {"date": "2026-03-02"},
        {"date": "2026-03-03"},
        AllDay(date(2026, 3, 2), date(2026, 3, 3)),
    ),
    "week": (
        {"date": "2026-03-02"},
        {"date": "2026-03-09"},
        AllDay(date(2026, 3, 2), date(2026, 3, 9)),
    ),
    "day that ends when it starts": (
        {"date": "2026-03-02"},
        {"date": "2026-03-02"},
        AllDay(date(2026, 3, 2), date(2026, 3, 3)),
    ),
    "days backwards": (
        {"date": "2026-03-02"},
        {"date": "2026-03-01"},
        AllDay(date(2026, 3, 2), date(2026, 3, 1)),
    ),
}


@pytest.mark.parametrize(("start", "end", "when"), TIMES.values(), ids=TIMES.keys())
def test_times_are_read_as_they_stand(
    start: dict[str, Any], end: dict[str, Any], when: When
) -> None:
    assert read(start=start, end=end).entry.when == when


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ({"date": "0000-00-00"}, {"date": "0000-00-00"}),
        ({}, {}),
        (None, None),
        ({"dateTime": "soon"}, {"dateTime": "later"}),
        ({"dateTime": "0001-01-01T00:00:00+05:00"}, {"dateTime": "2026-03-02T10:00:00Z"}),
        ({"date": 20260302}, {"date": 20260303}),
    ],
)
def test_an_event_whose_time_cannot_be_read_says_so(start: Any, end: Any) -> None:
    with pytest.raises(Forbidden) as refused:
        read(start=start, end=end)

    assert refused.value.reason == "unreadable"


@pytest.mark.parametrize(
    ("visibility", "is_private"),
    [("private", True), ("confidential", True), ("public", False), ("default", False)],
)
def test_private_and_confidential_are_private(visibility: str, is_private: bool) -> None:
    assert read(visibility=visibility).entry.private is is_private


def test_a_series_keeps_googles_lines_and_the_zone_it_repeats_in() -> None:
    lines = ["EXDATE;TZID=Europe/Oslo:20260309T100000", "RRULE:FREQ=WEEKLY;BYDAY=MO"]
    start = {"dateTime": "2026-03-02T10:00:00+01:00", "timeZone": "Europe/Oslo"}

    when = read(recurrence=lines, start=start).entry.when

    assert isinstance(when, Timed)
    assert when.recurrence == Recurrence(tuple(lines), "Europe/Oslo")


def test_a_series_of_days_repeats_in_no_zone() -> None:
    days = {"start": {"date": "2026-03-02"}, "end": {"date": "2026-03-03"}}

    when = read(recurrence=["RRULE:FREQ=YEARLY"], **days).entry.when

    assert isinstance(when, AllDay)
    assert when.recurrence == Recurrence(("RRULE:FREQ=YEARLY",), "")


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "cancelled"},
        {"recurringEventId": "7hekmtle9s5u0pl6kh7gq1fm3s"},
        {"status": "cancelled", "recurringEventId": "7hekmtle9s5u0pl6kh7gq1fm3s"},
    ],
)
def test_what_is_no_entry_is_not_one(fields: dict[str, Any]) -> None:
    assert copy_of(event(**fields), user=ANNA, zone="UTC") is None


def test_a_tombstone_of_two_fields_is_no_entry() -> None:
    assert copy_of({"id": "abcde", "status": "cancelled"}, user=ANNA, zone="UTC") is None


ELSEWHERE = {"email": "boss@other.example"}
WRITABLE: dict[str, tuple[dict[str, Any], bool, bool]] = {
    "own": ({}, True, True),
    "somebody's": ({"organizer": ELSEWHERE}, False, False),
    "open to guests": ({"organizer": ELSEWHERE, "guestsCanModify": True}, False, True),
    "locked": ({"locked": True}, True, False),
    "birthday": ({"eventType": "birthday"}, True, False),
    "from Gmail": ({"eventType": "fromGmail"}, True, False),
    "focus time": ({"eventType": "focusTime"}, True, True),
}


@pytest.mark.parametrize(
    ("fields", "is_organizer", "is_writable"), WRITABLE.values(), ids=WRITABLE.keys()
)
def test_d6_what_the_user_may_not_change_is_read_only(
    fields: dict[str, Any], is_organizer: bool, is_writable: bool
) -> None:
    copy = read(**fields)

    assert (copy.is_organizer, copy.is_writable) == (is_organizer, is_writable)


def test_the_kind_is_googles() -> None:
    assert read(eventType="workingLocation").kind == "workingLocation"


def test_the_mark_is_read_from_the_private_properties() -> None:
    ours = {"private": {"severaActivity": "guid-1", "severaEvent": "abcde", "other": "x"}}

    assert read(extendedProperties=ours).mark == Mark("guid-1", "abcde")
    assert read(extendedProperties={"private": {"other": "x"}}).mark is None
    assert read(extendedProperties={"shared": {"severaActivity": "x"}}).mark is None


@pytest.mark.parametrize("odd", ["", "..", "a/b", "a b", "guid-1?x", "%2e", "x" * 65, "é"])
def test_a_mark_that_names_no_id_is_none_whoever_wrote_it(odd: str) -> None:
    forged = {"private": {"severaActivity": odd, "severaEvent": "abcde"}}

    assert read(extendedProperties=forged).mark is None


def test_an_insert_says_what_is_known_and_shows_the_owners_zone() -> None:
    entry = Entry(
        title="Weekly",
        when=Timed(utc(30, 7), utc(30, 8)),
        location="Room 1",
        notes="R&D",
        private=True,
    )

    body = body_of(entry, zone="Europe/Helsinki", mark=Mark("guid-1", "abcde"))

    assert body == {
        "summary": "Weekly",
        "location": "Room 1",
        "description": "R&amp;D",
        "visibility": "private",
        "start": {"dateTime": "2026-03-30T10:00:00+03:00", "timeZone": "Europe/Helsinki"},
        "end": {"dateTime": "2026-03-30T11:00:00+03:00", "timeZone": "Europe/Helsinki"},
        "extendedProperties": {"private": {"severaActivity": "guid-1", "severaEvent": "abcde"}},
    }


def test_a_series_is_written_in_its_own_zone() -> None:
    recurrence = Recurrence(("RRULE:FREQ=DAILY",), "America/New_York")

    body = body_of(
        Entry(when=Timed(utc(30, 7), utc(30, 8), recurrence)), zone="Europe/Helsinki", mark=None
    )

    assert body == {
        "start": {"dateTime": "2026-03-30T03:00:00-04:00", "timeZone": "America/New_York"},
        "end": {"dateTime": "2026-03-30T04:00:00-04:00", "timeZone": "America/New_York"},
        "recurrence": ["RRULE:FREQ=DAILY"],
    }


def test_b8_a_todo_gets_a_length_that_google_takes() -> None:
    at_ten = body_of(Entry(when=Timed(utc(2, 10), None)), zone="UTC", mark=None)
    some_day = body_of(Entry(when=AllDay(date(2026, 3, 2), None)), zone="UTC", mark=None)

    assert at_ten["end"] == {"dateTime": "2026-03-02T10:15:00+00:00", "timeZone": "UTC"}
    assert some_day["end"] == {"date": "2026-03-03"}


@pytest.mark.parametrize(
    "when", [Timed(utc(2, 10), utc(2, 9)), AllDay(date(2026, 3, 2), date(2026, 3, 1))]
)
def test_b8_what_ends_before_it_starts_is_never_written(when: When) -> None:
    with pytest.raises(Forbidden):
        body_of(Entry(when=when), zone="UTC", mark=None)


def test_b6_a_patch_names_only_what_changed() -> None:
    seen = read()

    assert changes_of(Entry(title="New"), seen=seen, zone="UTC", mark=None) == {"summary": "New"}
    assert changes_of(Entry(notes=""), seen=seen, zone="UTC", mark=None) == {"description": ""}
    assert changes_of(Entry(private=False), seen=seen, zone="UTC", mark=None) == {
        "visibility": "default"
    }


def test_a_moved_event_keeps_the_zone_it_is_shown_in() -> None:
    change = Entry(when=Timed(utc(2, 12), utc(2, 13)))

    assert changes_of(change, seen=read(), zone="UTC", mark=None) == {
        "start": {"dateTime": "2026-03-02T12:00:00+00:00", "date": None},
        "end": {"dateTime": "2026-03-02T13:00:00+00:00", "date": None},
    }


def test_a_timed_event_that_becomes_all_day_loses_its_time() -> None:
    change = Entry(when=AllDay(date(2026, 3, 2), date(2026, 3, 4)))

    assert changes_of(change, seen=read(), zone="UTC", mark=None) == {
        "start": {"date": "2026-03-02", "dateTime": None, "timeZone": None},
        "end": {"date": "2026-03-04", "dateTime": None, "timeZone": None},
    }


def test_an_all_day_event_that_becomes_timed_loses_its_day_and_gets_a_zone() -> None:
    seen = read(start={"date": "2026-03-02"}, end={"date": "2026-03-03"})

    body = changes_of(
        Entry(when=Timed(utc(2, 12), utc(2, 13))), seen=seen, zone="Europe/Oslo", mark=None
    )

    assert body["start"] == {
        "dateTime": "2026-03-02T13:00:00+01:00",
        "timeZone": "Europe/Oslo",
        "date": None,
    }


def test_a_series_that_becomes_single_loses_its_rule() -> None:
    seen = read(recurrence=["RRULE:FREQ=DAILY"])

    body = changes_of(Entry(when=Timed(utc(2, 12), utc(2, 13))), seen=seen, zone="UTC", mark=None)

    assert body["recurrence"] is None


def test_the_mark_is_written_only_where_it_is_another() -> None:
    mark = Mark("guid-1", "abcde")
    marked = replace(read(), mark=mark)

    assert changes_of(Entry(title="x"), seen=marked, zone="UTC", mark=mark) == {"summary": "x"}
    assert changes_of(Entry(), seen=read(), zone="UTC", mark=mark) == {
        "extendedProperties": {"private": {"severaActivity": "guid-1", "severaEvent": "abcde"}}
    }


texts = st.text(max_size=200)
instants = st.datetimes(
    min_value=datetime(1971, 1, 1),  # noqa: DTZ001 Hypothesis adds the zone.
    max_value=datetime(2099, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
days = st.dates(min_value=date(1971, 1, 1), max_value=date(2099, 1, 1))
rules = st.none() | st.sampled_from(ZONES).map(lambda zone: Recurrence(("RRULE:FREQ=DAILY",), zone))
timed = st.builds(
    lambda start, length, rule: Timed(
        start.replace(microsecond=0), start.replace(microsecond=0) + length, rule
    ),
    instants,
    st.integers(1, 10**6).map(lambda seconds: timedelta(seconds=seconds)),
    rules,
)
all_day = st.builds(
    lambda first, length: AllDay(first, first + timedelta(days=length)), days, st.integers(1, 400)
)


@given(timed | all_day, st.sampled_from(ZONES))
def test_written_times_read_back_equal(when: When, zone: str) -> None:
    assert written(Entry(when=when), zone=zone).when == when


@given(timed | all_day, timed | all_day, st.sampled_from(ZONES))
def test_a_patched_time_reads_back_equal(before: When, after: When, zone: str) -> None:
    body = {**body_of(Entry(when=before), zone=zone, mark=None), **OF_GOOGLE}
    seen = copy_of(body, user=ANNA, zone="UTC")
    assert seen is not None

    patch = changes_of(Entry(when=after), seen=seen, zone=zone, mark=None)
    shown_then = copy_of(_patched(body, patch), user=ANNA, zone="UTC")

    assert shown_then is not None
    assert shown_then.entry.when == after


@given(
    st.builds(Entry, title=texts, when=timed | all_day, location=texts, notes=texts),
    st.booleans(),
)
def test_an_entry_reads_back_as_it_is_said_to_be_shown(entry: Entry, is_private: bool) -> None:
    entry = replace(entry, private=is_private)

    assert replace(written(entry), people=UNKNOWN) == shown(entry)
    assert shown(shown(entry)) == shown(entry)


@given(st.sampled_from(ZONES), instants)
def test_a_todo_reads_back_with_the_length_it_was_given(zone: str, start: datetime) -> None:
    todo = Entry(when=Timed(start.replace(microsecond=0), None))

    assert written(todo, zone=zone).when == shown(todo).when != todo.when


def test_every_zone_of_the_table_is_known_here() -> None:
    assert [ZoneInfo(name).key for name in ZONES] == list(ZONES)


def _patched(body: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """Merge as Google does: objects merge, null clears (Events: patch)."""
    merged = dict(body)
    for name, value in patch.items():
        if isinstance(value, dict):
            merged[name] = _patched(merged.get(name, {}), value)
        elif value is None:
            merged.pop(name, None)
        else:
            merged[name] = value
    return merged
