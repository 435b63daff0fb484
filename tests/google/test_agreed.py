"""What counts as agreed is what Google shows after a write, not what was sent (D1, E8)."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from daemon.core.entry import UNKNOWN, AllDay, Answer, Entry, People, Timed
from daemon.core.link import Copy
from daemon.errors import Forbidden
from tests.google.conftest import ANNA, BEN, World
from tests.google.test_client import BODY, WEEKLY

REF = "aaaaabbbbb"
LATER = Timed(datetime(2026, 3, 3, 10, tzinfo=UTC), datetime(2026, 3, 3, 11, tzinfo=UTC))
SENT = Entry(title="Weekly plan ", when=LATER, location="Room 2", notes="a\n<b>", private=True)

# What Google makes of it, and what we take from that.
ALTERED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "taken as it was sent": ({}, {}),
    "a title that is cut": ({"summary": "Weekly"}, {"title": "Weekly"}),
    "a title that is dropped": ({"summary": None}, {"title": ""}),
    "a description written anew": ({"description": "<p>a</p><p>&lt;b&gt;</p>"}, {"notes": "a\n\n<b>"}),
    "a description that reads the same": ({"description": "<div>a</div><div>&lt;b&gt;</div>"}, {}),
    "a place that Google found": ({"location": "Room 2, Helsinki"}, {"location": "Room 2, Helsinki"}),
    "another privacy": ({"visibility": "public"}, {"private": False}),
    "another length": (
        {"end": {"dateTime": "2026-03-03T13:30:00+02:00"}},
        {"when": replace(LATER, end=datetime(2026, 3, 3, 11, 30, tzinfo=UTC))},
    ),
    "times in another zone": (
        {
            "start": {"dateTime": "2026-03-03T11:00:00+01:00", "timeZone": "Europe/Oslo"},
            "end": {"dateTime": "2026-03-03T12:00:00+01:00", "timeZone": "Europe/Oslo"},
        },
        {},
    ),
    "whole days": (
        {"start": {"date": "2026-03-03"}, "end": {"date": "2026-03-03"}, "recurrence": None},
        {"when": AllDay(date(2026, 3, 3), date(2026, 3, 4))},
    ),
    "somebody added": (
        {"attendees": [{"email": BEN.email, "responseStatus": "accepted"}]},
        {"people": People.of({ANNA.email: Answer.ACCEPTED, BEN.email: Answer.ACCEPTED})},
    ),
}  # fmt: skip


def expected(shown: Copy, changes: dict[str, Any]) -> Entry:
    return replace(SENT, **{"title": "Weekly plan", "people": shown.entry.people, **changes})


@pytest.mark.parametrize("name", ALTERED)
@pytest.mark.parametrize("deed", ["create", "change"])
async def test_d1_what_google_made_of_a_write_is_what_was_agreed(
    world: World, name: str, deed: str
) -> None:
    altered, changes = ALTERED[name]
    client = world.client()
    seen = await client.create(ANNA, REF, WEEKLY, mark=None)
    whole = await client.change(ANNA, seen, SENT, mark=None)
    shown = {**world.state.event(ANNA.email, REF), **altered}
    operation = {"create": "events.insert", "change": "events.patch"}[deed]
    body = {key: value for key, value in shown.items() if value is not None}
    world.order(operation, "refuse", status=200, body=body)

    if deed == "create":
        copy = await client.create(ANNA, REF, SENT, mark=None)
    else:
        copy = await client.change(ANNA, whole, SENT, mark=None)

    assert copy.entry == expected(copy, changes)
    assert copy.version == shown["etag"]


@pytest.mark.parametrize("switch", ["stored", "ignored"])
async def test_d6_a_guests_edit_that_google_does_not_take_shows_as_not_done(
    world: World, switch: Any
) -> None:
    world.state.switches = replace(world.state.switches, guest_edits=switch)
    ref = world.state.person_add(ANNA.email, {**BODY, "attendees": [{"email": BEN.email}]})["id"]
    client = world.client()
    seen = await client.read(BEN, ref)
    assert seen is not None

    after = await client.change(BEN, seen, Entry(title="Ben's own"), mark=None)

    assert after.entry.title == ("Ben's own" if switch == "stored" else "By hand")
    assert world.state.event(ANNA.email, ref)["summary"] == "By hand"


async def test_e8_the_organizers_answer_is_googles_to_say(world: World) -> None:
    people = People.of({ANNA.email: Answer.DECLINED, BEN.email: Answer.NONE})

    made = await world.client().create(ANNA, REF, replace(WEEKLY, people=people), mark=None)

    assert made.entry.people is not UNKNOWN
    assert made.entry.people.answer(ANNA.email) is Answer.ACCEPTED


async def test_e8_a_list_that_is_cut_while_it_is_written_is_shown_as_cut(world: World) -> None:
    ref = world.state.person_add(ANNA.email, {**BODY, "attendees": [{"email": BEN.email}]})["id"]
    client = world.client()
    seen = await client.read(ANNA, ref)
    assert seen is not None
    cut = world.state.event(ANNA.email, ref) | {"attendeesOmitted": True, "attendees": []}
    world.order("events.patch", "refuse", status=200, body=cut)
    change = Entry(people=People.of({"cara@example.com": Answer.NONE}, is_whole=False))

    after = await client.change(ANNA, seen, change, mark=None)

    assert after.entry.people is not UNKNOWN
    assert not after.entry.people.is_whole
    assert after.entry.people.answer("cara@example.com") is UNKNOWN


async def test_e8_a_list_that_was_whole_when_it_was_seen_is_not_written_once_it_is_cut(
    world: World,
) -> None:
    ref = world.state.person_add(ANNA.email, {**BODY, "attendees": [{"email": BEN.email}]})["id"]
    client = world.client()
    seen = await client.read(ANNA, ref)
    assert seen is not None
    cut = world.state.event(ANNA.email, ref) | {"attendeesOmitted": True}
    world.order("events.get", "refuse", status=200, body=cut)
    change = Entry(title="New", people=People.of({BEN.email: Answer.OUT}, is_whole=False))

    with pytest.raises(Forbidden) as refused:
        await client.change(ANNA, seen, change, mark=None)

    assert refused.value.reason == "attendees-omitted"
    assert world.calls("events.patch") == [], "Not even the title is written without the list."
    assert world.state.event(ANNA.email, ref)["summary"] == "By hand"
