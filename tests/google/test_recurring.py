"""Series and their occurrences: recognised, kept out of the sync, and harming nothing (F)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from daemon.core.entry import AllDay, Hidden, Timed
from daemon.core.link import Copy, Link, Side
from daemon.core.listing import Page
from daemon.core.policy import Policy
from daemon.core.recurrence import Recurrence
from daemon.errors import Forbidden
from tests.google.conftest import ANNA, World
from tests.google.test_client import BODY

ZONE = {"timeZone": "Europe/Helsinki"}
DAILY = ["RRULE:FREQ=DAILY;COUNT=9"]
SERIES: dict[str, Any] = {
    "summary": "Daily",
    "recurrence": DAILY,
    "start": {"dateTime": "2026-03-04T10:00:00+02:00", **ZONE},
    "end": {"dateTime": "2026-03-04T11:00:00+02:00", **ZONE},
}


async def listed(world: World, cursor: str | None = None) -> Page[Copy]:
    (page,) = [page async for page in world.client().changes(ANNA, cursor)]
    return page


def occurrence(world: World, series: str, day: int, **fields: Any) -> str:
    """Let somebody change one occurrence, which makes an exception of it."""
    original = {"dateTime": f"2026-03-{day:02}T10:00:00+02:00", **ZONE}
    body = {
        **BODY,
        "id": f"{series}_202603{day:02}T080000Z",
        "recurringEventId": series,
        "originalStartTime": original,
        **fields,
    }
    return str(world.state.person_add(ANNA.email, body)["id"])


def shown_of(copy: Copy) -> object:
    """Return what the policy makes of a copy that stands alone."""
    link = Link("l", born=Side.GOOGLE, copies=(copy,), source=copy.user)
    return Policy(selected=frozenset()).google_value(link)


async def test_f1_a_series_is_seen_once_with_its_rule_and_kept_out_of_the_sync(
    world: World,
) -> None:
    series = world.state.person_add(ANNA.email, SERIES)["id"]
    occurrence(world, series, 5, summary="Daily, moved")
    occurrence(world, series, 6, status="cancelled")
    single = world.state.person_add(ANNA.email, BODY)["id"]

    page = await listed(world)

    copies = {copy.ref: copy for copy in page.seen}
    assert copies.keys() == {series, single}
    assert page.gone == ()
    assert page.skipped == 2
    when = copies[series].entry.when
    assert isinstance(when, Timed)
    assert when.recurrence == Recurrence(tuple(DAILY), "Europe/Helsinki")
    hidden = shown_of(copies[series])
    assert isinstance(hidden, Hidden)
    assert (hidden.rule, hidden.leaving) == ("F1", False)
    assert shown_of(copies[single]) == copies[single].entry


async def test_f1_changed_and_cancelled_occurrences_in_an_increment_are_nobodys_deletion(
    world: World,
) -> None:
    series = world.state.person_add(ANNA.email, SERIES)["id"]
    moved = occurrence(world, series, 5)
    cursor = (await listed(world)).cursor
    world.state.person_patch(ANNA.email, moved, {"summary": "Daily, moved again"})
    occurrence(world, series, 6, status="cancelled")

    page = await listed(world, cursor)

    assert (page.seen, page.gone, page.skipped) == ((), (), 2)


async def test_f1_a_deleted_series_is_gone_and_so_are_not_its_occurrences_one_by_one(
    world: World,
) -> None:
    series = world.state.person_add(ANNA.email, SERIES)["id"]
    occurrence(world, series, 5)
    cursor = (await listed(world)).cursor
    world.state.person_delete(ANNA.email, series)

    page = await listed(world, cursor)

    assert (page.seen, page.gone) == ((), (series,))


OCCURRENCES: dict[str, dict[str, Any]] = {
    "cancelled": {"status": "cancelled", "recurringEventId": "s", "originalStartTime": SERIES["start"]},
    "cancelled, without its series": {"status": "cancelled", "originalStartTime": SERIES["start"]},
    "cancelled, without its slot": {"status": "cancelled", "recurringEventId": "s"},
    "moved": {**BODY, "status": "confirmed", "recurringEventId": "s", "originalStartTime": SERIES["start"]},
    "moved to a whole day": {
        "status": "confirmed", "recurringEventId": "s", "start": {"date": "2026-03-05"},
        "end": {"date": "2026-03-06"}, "originalStartTime": {"date": "2026-03-04"},
    },
    "of a series whose id Google cut": {**BODY, "recurringEventId": "s_R20260304T080000"},
}  # fmt: skip


@pytest.mark.parametrize("name", OCCURRENCES)
async def test_f1_an_occurrence_in_whatever_shape_is_counted_only(world: World, name: str) -> None:
    item = {"id": "s_20260304T080000Z", "etag": '"1"', **OCCURRENCES[name]}
    listing = {"items": [item], "nextSyncToken": "next"}
    world.order("events.list", "refuse", status=200, body=listing)

    page = await listed(world, "cursor")

    assert (page.seen, page.gone, page.skipped) == ((), (), 1)


async def test_f1_an_occurrence_of_which_only_the_id_is_told_is_the_end_of_no_other_event(
    world: World,
) -> None:
    series = world.state.person_add(ANNA.email, SERIES)["id"]
    sparse = {"id": f"{series}_20260305T080000Z", "status": "cancelled"}
    world.order("events.list", "refuse", status=200, body={"items": [sparse], "nextSyncToken": "s"})

    page = await listed(world, "cursor")

    assert page.gone == (sparse["id"],)
    assert series not in page.gone


async def test_f1_an_occurrence_that_is_read_by_id_is_refused_and_not_called_deleted(
    world: World,
) -> None:
    series = world.state.person_add(ANNA.email, SERIES)["id"]
    moved = occurrence(world, series, 5)

    with pytest.raises(Forbidden) as refused:
        await world.client().read(ANNA, moved)

    assert refused.value.reason == "occurrence"


async def test_f1_an_event_that_begins_to_repeat_and_ends_to_is_the_same_event(
    world: World,
) -> None:
    single = world.state.person_add(
        ANNA.email, {**BODY, "start": SERIES["start"], "end": SERIES["end"]}
    )
    cursor = (await listed(world)).cursor

    world.state.person_patch(ANNA.email, single["id"], {"recurrence": DAILY})
    repeating = await listed(world, cursor)
    world.state.person_patch(ANNA.email, single["id"], {"recurrence": None})
    again = await listed(world, repeating.cursor)

    assert [copy.ref for page in (repeating, again) for copy in page.seen] == [single["id"]] * 2
    assert isinstance(shown_of(repeating.seen[0]), Hidden)
    assert shown_of(again.seen[0]) == again.seen[0].entry


async def test_f1_a_split_series_is_two_and_neither_is_taken_for_the_other(world: World) -> None:
    mark = {"private": {"severaActivity": "guid-activity", "severaEvent": "s0"}}
    tail = {
        **SERIES, "id": "s0_R20260306T080000", "iCalUID": "s0_R20260306T080000@google.com",
        "extendedProperties": mark, "etag": '"2"', "start": {"dateTime": "2026-03-06T10:00:00+02:00", **ZONE},
        "end": {"dateTime": "2026-03-06T11:00:00+02:00", **ZONE},
    }  # fmt: skip
    head = {**SERIES, "id": "s0", "iCalUID": "s0@google.com", "extendedProperties": mark}
    listing = {"items": [head, tail], "nextSyncToken": "next"}
    world.order("events.list", "refuse", status=200, body=listing)

    first, second = (await listed(world)).seen

    assert first.mark == second.mark
    assert first.mark is not None
    assert first.mark.event == first.ref != second.ref, "The mark tells the copy from its original."
    assert first.uid != second.uid
    assert all(isinstance(shown_of(copy), Hidden) for copy in (first, second))


@pytest.mark.parametrize(
    "lines",
    [
        ["RRULE:FREQ=MONTHLY;BYSETPOS=-1;BYDAY=MO,TU", "EXRULE:FREQ=YEARLY", "RDATE;VALUE=DATE:20260401"],
        ["RRULE:DATE;TZID=Europe/Helsinki:20260302T100000"],
        ["RRULE:FREQ=DAILY;UNTIL=20260301"],
        ["something Google has yet to invent"],
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "span", [SERIES, {"start": {"date": "2026-03-04"}, "end": {"date": "2026-03-05"}}]
)
async def test_f1_a_rule_is_kept_as_google_spells_it(
    world: World, lines: list[str], span: dict[str, Any]
) -> None:
    item = {
        **SERIES,
        "id": "aaaaabbbbb",
        "start": span["start"],
        "end": span["end"],
        "recurrence": lines,
    }
    world.order("events.list", "refuse", status=200, body={"items": [item], "nextSyncToken": "s"})

    (copy,) = (await listed(world)).seen

    assert isinstance(copy.entry.when, Timed | AllDay)
    assert copy.entry.when.recurrence is not None
    assert copy.entry.when.recurrence.lines == tuple(lines)


async def test_a_rule_without_lines_repeats_nothing(world: World) -> None:
    item = {**SERIES, "id": "aaaaabbbbb", "recurrence": []}
    world.order("events.list", "refuse", status=200, body={"items": [item], "nextSyncToken": "s"})

    (copy,) = (await listed(world)).seen

    start, end = datetime(2026, 3, 4, 8, tzinfo=UTC), datetime(2026, 3, 4, 9, tzinfo=UTC)
    assert copy.entry.when == Timed(start, end)
