"""Events of real life there and back: what is read, written and read again is what a person sees."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.company import User
from daemon.core.entry import PEOPLE, UNKNOWN, AllDay, Entry, Timed, Unknown, differing
from daemon.core.link import Copy
from daemon.errors import Forbidden
from daemon.google.translate import body_of, changes_of, copy_of, shown
from tests.contract.google_document import check_answer, check_request
from tests.google.real_events import ANNA, OWN, REAL, USUAL, days

USER = User("guid-anna", ANNA, zone="Europe/Helsinki")
EVENTS = "/calendar/v3/calendars/primary/events"
SINGLE = {name: real for name, real in REAL.items() if "recurrence" not in real[0]}
CHANGED = {
    "title": "Something else 🎉",
    "when": Timed(datetime(2026, 4, 1, 9, tzinfo=UTC), datetime(2026, 4, 1, 10, tzinfo=UTC)),
    "location": "Elsewhere",
    "notes": "<b>not bold</b> & plain\n\nend",
    "private": True,
}


def read(event: dict[str, Any]) -> Copy:
    copy = copy_of(event, user=USER, zone="Europe/Helsinki")
    assert copy is not None
    return copy


def patched(event: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """Merge as Google does: objects merge, null clears (Events: patch)."""
    merged = dict(event)
    for name, value in patch.items():
        if isinstance(value, dict):
            merged[name] = patched(merged.get(name, {}), value)
        elif value is None:
            merged.pop(name, None)
        else:
            merged[name] = value
    return merged


@pytest.mark.parametrize("name", REAL)
def test_b6_an_event_is_read_as_a_person_sees_it(name: str) -> None:
    event, entry = REAL[name]

    assert read(event).entry == entry


# The document declares no event without an end, nor an instant without an offset; both are read all the same.
UNDECLARED = {"no end", "floating, in a zone of Windows"}


@pytest.mark.parametrize("name", [name for name in REAL if name not in UNDECLARED])
def test_the_events_are_such_as_google_declares(name: str) -> None:
    check_answer("GET", f"{EVENTS}/x", 200, "application/json", REAL[name][0])


@pytest.mark.parametrize("name", REAL)
def test_what_was_read_and_written_elsewhere_reads_back_equal(name: str) -> None:
    event, _ = REAL[name]
    entry = replace(read(event).entry, people=UNKNOWN)
    if _is_backwards(entry):
        with pytest.raises(Forbidden):
            body_of(entry, zone="Europe/Oslo", mark=None)
        return

    body = body_of(entry, zone="Europe/Oslo", mark=None)
    again = replace(read({**OWN, **body}).entry, people=UNKNOWN)

    check_request("POST", EVENTS, [], body)
    assert again == shown(entry)
    assert body_of(again, zone="Europe/Oslo", mark=None) == body


@pytest.mark.parametrize("field", CHANGED)
@pytest.mark.parametrize("name", SINGLE)
def test_b6_one_changed_field_leaves_every_other_as_it_was(name: str, field: str) -> None:
    event, entry = SINGLE[name]
    change = Entry(**{field: CHANGED[field]})

    patch = changes_of(change, seen=read(event), zone="Europe/Helsinki", mark=None)
    after = patched(event, patch)

    check_request("PATCH", f"{EVENTS}/x", [], patch)
    assert differing(read(after).entry, change) == frozenset()
    assert differing(read(after).entry, entry) <= {field}
    touched = {
        "title": {"summary"},
        "when": {"start", "end"},
        "notes": {"description"},
        "private": {"visibility"},
    }
    assert {n for n in after | event if after.get(n) != event.get(n)} <= touched.get(field, {field})


def test_masked_events_are_not_taken_for_emptied_ones() -> None:
    # What somebody else's calendar shows to those who may only see when its user is busy.
    masked = {
        name: USUAL[name]
        for name in (
            "kind",
            "etag",
            "id",
            "status",
            "updated",
            "start",
            "end",
            "iCalUID",
            "eventType",
        )
    }

    for event in (
        masked,
        {**masked, "visibility": "private"},
        {**masked, **days("2026-03-02", "2026-03-03")},
    ):
        with pytest.raises(Forbidden) as refused:
            read(event)
        assert refused.value.reason == "masked"


@pytest.mark.parametrize(
    "kind", ["birthday", "fromGmail", "focusTime", "outOfOffice", "workingLocation", "new"]
)
def test_d6_what_google_makes_itself_is_read_only(kind: str) -> None:
    copy = read({**USUAL, "eventType": kind})

    assert copy.kind == kind
    assert copy.is_writable is (kind not in ("birthday", "fromGmail"))


texts = st.text(max_size=40)
markup = st.lists(
    st.sampled_from(
        [
            "<p>",
            "</p>",
            "<br>",
            "&amp;",
            "&nbsp;",
            "<b>",
            "</b>",
            "<li>",
            "a",
            "ä",
            "🎉",
            "\n",
            " ",
            "<",
            "&",
        ]
    ),
    max_size=20,
).map("".join)
zones = st.sampled_from(
    ["Europe/Helsinki", "America/New_York", "Asia/Kolkata", "FLE Standard Time", None]
)
starts = st.datetimes(datetime(1971, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
points = st.builds(
    lambda start, minutes, zone: {
        "start": _point(start, zone), "end": _point(start + timedelta(minutes=minutes), zone),
    },
    starts, st.integers(-90, 10_000), zones,
)  # fmt: skip
spans = st.builds(
    lambda first, length: days(str(first), str(first + timedelta(days=length))),
    st.dates(date(1971, 1, 1), date(2099, 1, 1)),
    st.integers(0, 400),
)
events = st.builds(
    lambda span, fields: {**OWN, **span, **fields},
    points | spans,
    st.fixed_dictionaries(
        {},
        optional={
            "summary": texts,
            "description": texts | markup,
            "location": texts,
            "visibility": st.sampled_from(["default", "public", "private", "confidential"]),
            "transparency": st.sampled_from(["opaque", "transparent"]),
        },
    ),
)


def _point(instant: datetime, zone: str | None) -> dict[str, Any]:
    text = instant.replace(microsecond=0).isoformat()
    return {"dateTime": text} | ({"timeZone": zone} if zone else {})


def _is_backwards(entry: Entry) -> bool:
    when = entry.when
    assert not isinstance(when, Unknown)
    if isinstance(when, AllDay):
        return when.until is not None and when.until < when.first
    return when.end is not None and when.end < when.start


@given(events)
def test_an_event_that_goes_there_and_back_stays_as_it_is(event: dict[str, Any]) -> None:
    entry = replace(read(event).entry, people=UNKNOWN)
    if _is_backwards(entry):
        return

    once = {**OWN, **body_of(entry, zone="Europe/Helsinki", mark=None)}
    twice = {**OWN, **body_of(read(once).entry, zone="Europe/Helsinki", mark=None)}

    assert replace(read(once).entry, people=UNKNOWN) == shown(entry)
    assert twice == once


@given(events, events)
def test_a_change_that_was_written_reads_back_as_it_was_meant(
    event: dict[str, Any], wished: dict[str, Any]
) -> None:
    before, wish = read(event), replace(read(wished).entry, people=UNKNOWN)
    names = [name for name in differing(before.entry, wish) if name != PEOPLE]
    change = wish.only(names)
    if not names or _is_backwards(wish):
        return

    after = read(patched(event, changes_of(change, seen=before, zone="Europe/Oslo", mark=None)))

    assert differing(after.entry, shown(change)) == frozenset()
    assert differing(after.entry, before.entry) <= set(names)
