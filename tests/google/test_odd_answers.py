"""Answers of Google that say it was done and cannot be read: their outcome is unknown, never a refusal."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from daemon.core.entry import Entry, Timed
from daemon.errors import Forbidden, Transient
from tests.google.conftest import ANNA, World

START = datetime(2026, 3, 3, 8, tzinfo=UTC)
WEEKLY = Entry(title="Weekly", when=Timed(START, START + timedelta(hours=1)))
TIMES = {"start": {"dateTime": "2026-03-03T09:00:00Z"}, "end": {"dateTime": "2026-03-03T10:00:00Z"}}
UNREADABLE: dict[str, Any] = {
    "a text": "ok",
    "a list": [],
    "no id": TIMES,
    "an id that is none": {**TIMES, "id": 7},
    "no times": {"id": "aaaaabbbbb"},
    "times that are none": {"id": "aaaaabbbbb", "start": "soon", "end": ["later"]},
    "a date that is none": {"id": "aaaaabbbbb", "start": {"date": "2026-02-30"}},
    "an instant that is a number": {"id": "aaaaabbbbb", "start": {"dateTime": 7}},
    "a cancelled event": {**TIMES, "id": "aaaaabbbbb", "status": "cancelled"},
    "an occurrence": {**TIMES, "id": "aaaaabbbbb", "recurringEventId": "series"},
    "a title that is none": {**TIMES, "id": "aaaaabbbbb", "summary": 7},
    "a description that is none": {**TIMES, "id": "aaaaabbbbb", "description": {"a": 1}},
    "an organizer that is none": {**TIMES, "id": "aaaaabbbbb", "organizer": "anna"},
    "a visibility that is none": {**TIMES, "id": "aaaaabbbbb", "visibility": []},
    "an etag that is none": {**TIMES, "id": "aaaaabbbbb", "etag": 7},
    "a uid that is none": {**TIMES, "id": "aaaaabbbbb", "iCalUID": {}},
    "a type that is none": {**TIMES, "id": "aaaaabbbbb", "eventType": 7},
    "a rule that is none": {**TIMES, "id": "aaaaabbbbb", "recurrence": 7},
    "an organizer's address that is none": {**TIMES, "id": "aaaaabbbbb", "organizer": {"email": 7}},
    "guests that are a text": {**TIMES, "id": "aaaaabbbbb", "attendees": "ben@example.com"},
    "guests that are a number": {**TIMES, "id": "aaaaabbbbb", "attendees": 7},
    "a guest who is a text": {**TIMES, "id": "aaaaabbbbb", "attendees": ["ben@example.com"]},
    "a guest's address that is none": {**TIMES, "id": "aaaaabbbbb", "attendees": [{"email": 7}]},
    "an answer that is none": {
        **TIMES, "id": "aaaaabbbbb", "attendees": [{"email": "b@e.com", "responseStatus": []}],
    },
    "properties that are none": {**TIMES, "id": "aaaaabbbbb", "extendedProperties": {"private": 7}},
    "a mark that is none": {
        **TIMES, "id": "aaaaabbbbb", "extendedProperties": {"private": {"severaActivity": 7}},
    },
}  # fmt: skip


@pytest.mark.parametrize("name", UNREADABLE)
async def test_a_write_whose_answer_cannot_be_read_has_an_unknown_outcome(
    world: World, name: str
) -> None:
    # Whatever it shows, Google carried it out: who takes it for refused makes the event once more.
    client = world.client()
    seen = await client.create(ANNA, "cccccddddd", WEEKLY, mark=None)
    world.order("events.insert", "refuse", status=200, body=UNREADABLE[name])
    world.order("events.patch", "refuse", status=200, body=UNREADABLE[name])

    with pytest.raises(Transient):
        await client.create(ANNA, "aaaaabbbbb", WEEKLY, mark=None)
    with pytest.raises(Transient):
        await client.change(ANNA, seen, Entry(title="New"), mark=None)


async def test_a_write_whose_answer_is_cut_has_an_unknown_outcome(world: World) -> None:
    client = world.client()
    seen = await client.create(ANNA, "cccccddddd", WEEKLY, mark=None)
    world.order("events.insert", "cut")
    world.order("events.patch", "cut")

    with pytest.raises(Transient):
        await client.create(ANNA, "aaaaabbbbb", WEEKLY, mark=None)
    with pytest.raises(Transient):
        await client.change(ANNA, seen, Entry(title="New"), mark=None)


@pytest.mark.parametrize("name", list(UNREADABLE)[4:])
async def test_an_event_that_cannot_be_read_is_left_out_of_a_listing(
    world: World, name: str
) -> None:
    odd = {"items": [UNREADABLE[name], {**TIMES, "id": "eeeeefffff"}], "nextSyncToken": "next"}
    world.order("events.list", "refuse", status=200, body=odd)

    (page,) = [page async for page in world.client().changes(ANNA, None)]

    assert [copy.ref for copy in page.seen] == ["eeeeefffff"]


async def test_what_cannot_be_written_is_refused_before_anything_is_sent(world: World) -> None:
    start = datetime(2026, 3, 9, 8, tzinfo=UTC)
    backwards = Entry(title="Odd", when=Timed(start, start - timedelta(hours=1)))

    with pytest.raises(Forbidden):
        await world.client().create(ANNA, "aaaaabbbbb", backwards, mark=None)

    assert world.calls() == []
