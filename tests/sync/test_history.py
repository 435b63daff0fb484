"""What stands in the history can be written back as it was (D7)."""

import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.entry import PEOPLE, UNKNOWN, AllDay, Answer, Entry, People, Timed, When, person
from daemon.core.link import Side
from daemon.core.record import Change
from daemon.core.recurrence import Recurrence
from daemon.sync.history import fields_of, from_plain, past_of, plain

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
INSTANTS = st.datetimes(timezones=st.just(UTC))
ADDRESSES = st.sampled_from(["ann@example.com", "ben@example.com", "o'hara@example.com"])
RECURRENCES = st.none() | st.builds(
    Recurrence, st.lists(st.text(max_size=9), max_size=2).map(tuple), st.text(max_size=9)
)
WHENS: st.SearchStrategy[When] = st.builds(
    Timed, INSTANTS, st.none() | INSTANTS, RECURRENCES
) | st.builds(AllDay, st.dates(), st.none() | st.dates(), RECURRENCES)
LISTS = st.builds(
    lambda answers, is_whole: People.of(answers, is_whole=is_whole),
    st.dictionaries(ADDRESSES, st.sampled_from(Answer)),
    st.booleans(),
)
TEXTS = st.text(max_size=20)


def known(values: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.just(UNKNOWN) | values


ENTRIES = st.builds(
    Entry,
    title=known(TEXTS),
    when=known(WHENS),
    location=known(TEXTS),
    notes=known(TEXTS),
    private=known(st.booleans()),
    people=known(LISTS),
)


def kept(fields: dict[str, dict[str, object]]) -> Change:
    """Return a line of history after it was stored."""
    stored = json.loads(json.dumps(fields))
    return Change(NOW, "l1", "ann", Side.GOOGLE, "changed", "poll", "D1", stored)


def person_parts(entry: Entry) -> bool:
    return isinstance(entry.people, People) and not entry.people.is_whole


@given(before=ENTRIES, after=ENTRIES)
def test_every_field_of_a_change_can_be_read_back(before: Entry, after: Entry) -> None:
    names = sorted(after.known())

    was, became = past_of(kept(fields_of(before, after)))

    assert became == after.only(names)
    for name in names:
        # Beside a whole list of people one that is not whole says nothing.
        is_part = name == PEOPLE and person_parts(before)
        assert was.value(name) == (UNKNOWN if is_part else before.value(name))


@given(entry=ENTRIES)
def test_an_entry_that_went_away_can_be_read_back_whole(entry: Entry) -> None:
    was, became = past_of(kept(fields_of(entry, Entry(), is_whole=True)))

    assert was == entry.only(entry.known())
    assert became == Entry()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Timed(NOW, None), {"start": "2026-03-02T09:00:00Z", "end": None}),
        (
            AllDay(date(2026, 3, 2), date(2026, 3, 3)),
            {"first": "2026-03-02", "until": "2026-03-03"},
        ),
        (People.of({"ben@example.com": Answer.ACCEPTED}), {"ben@example.com": "accepted"}),
        (Answer.OUT, "out"),
        (UNKNOWN, None),
    ],
)
def test_values_are_written_for_people_and_programs(value: object, expected: object) -> None:
    assert plain(value) == expected


def test_a_persons_part_is_read_back_as_an_answer() -> None:
    assert from_plain(person("ben@example.com"), "tentative") is Answer.TENTATIVE


def test_a_field_that_this_version_does_not_know_is_left_out() -> None:
    change = kept({"title": {"before": "a", "after": "b"}, "colour": {"before": 1, "after": 2}})

    assert past_of(change) == (Entry(title="a"), Entry(title="b"))
