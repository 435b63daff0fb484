"""Floods of old entries wait for a person (D5), and a side is not written to for ever (R4): on the doubles."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from daemon.core.entry import Timed
from daemon.core.link import Stand
from daemon.core.record import Record
from daemon.runtime.held import Held
from daemon.store.secrets import key_in
from daemon.store.store import SqlStore
from daemon.sync.ports import Transaction

from .interrupted import Interrupted
from .world import BEGINNING

R = TypeVar("R")

DAY_H = 24
OLD_H = -40 * DAY_H
"""When the old entries begin, counted as `Interrupted.add_event` does."""
HOUR_S, DAY_S = 3_600, 86_400
WITHIN_AN_HOUR = [200.0] * 16


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    url = f"sqlite:///{tmp_path}/state.db"
    async with await SqlStore.open(url, key_in(tmp_path / "key")) as opened:
        yield opened


@pytest.fixture
async def ann(store: SqlStore) -> Interrupted:
    """Ann, whose two calendars are in step."""
    ann = Interrupted(store)
    ann.add_activity("kept", 1)
    await ann.switch_on()
    await ann.settle()
    return ann


def held_of(store: SqlStore) -> Held:
    return Held(store, lambda: BEGINNING, lambda _: None)


def in_severa(ann: Interrupted) -> list[str]:
    return sorted(str(row.entry.title) for row in ann.severa.rows.values())


def in_google(ann: Interrupted) -> list[str]:
    return sorted(str(copy.entry.title) for copy in ann.google.living().values())


def add_old(ann: Interrupted, numbers: range) -> list[str]:
    for number in numbers:
        ann.add_event(f"old {number}", OLD_H - number)
    return sorted(f"old {number}" for number in numbers)


async def standings(store: SqlStore) -> list[Stand]:
    return [record.link.standing.stand for record in await store.problems()]


async def test_a_flood_of_old_entries_waits_and_comes_when_approved_d5(
    ann: Interrupted, store: SqlStore
) -> None:
    names = add_old(ann, range(120))
    ann.add_event("new", 5)
    await ann.settle()
    assert in_severa(ann) == ["kept", "new"]

    (group,) = await held_of(store).listed()
    assert (group["side"], group["count"]) == ("severa", 120)
    assert group["reason"] == (
        "120 entries of this user that ended more than 30 days ago would be created within 24 hours"
    )
    answer = await held_of(store).approve(number=group["id"])
    await ann.settle()

    assert answer["what"] == "creations"
    assert in_severa(ann) == ["kept", "new", *names]
    assert await store.problems() == ()


async def test_the_flood_of_activities_waits_as_well_d5(ann: Interrupted, store: SqlStore) -> None:
    for number in range(50):
        ann.add_activity(f"old {number}", OLD_H - number)
    await ann.settle()

    assert in_google(ann) == ["kept"]
    (group,) = await held_of(store).listed()
    assert (group["side"], group["count"]) == ("google", 50)


async def test_what_is_restored_stays_where_it_is_and_is_parted_d5(
    ann: Interrupted, store: SqlStore
) -> None:
    names = add_old(ann, range(60))
    await ann.settle()
    (group,) = await held_of(store).listed()

    await held_of(store).restore(number=group["id"])
    await ann.settle()
    ann.edit_event("old 7", notes="edited since")
    await ann.settle([31, DAY_S, 31])

    assert in_severa(ann) == ["kept"]
    assert in_google(ann) == ["kept", *names]
    assert await standings(store) == [Stand.PARTED] * 60
    assert await held_of(store).listed() == []
    parted = [line for line in await store.history() if line.action == "parted"]
    assert len(parted) == 60


async def test_a_flood_is_counted_over_24_hours_and_no_longer_d5(
    ann: Interrupted, store: SqlStore
) -> None:
    before = add_old(ann, range(30))
    await ann.settle()
    assert in_severa(ann) == ["kept", *before]

    add_old(ann, range(30, 49))
    await ann.settle()
    add_old(ann, range(49, 60))
    await ann.settle()
    assert len(in_severa(ann)) == 50
    assert await standings(store) == [Stand.HELD] * 11

    await ann.settle([DAY_S])
    ann.add_event("one more", OLD_H)
    await ann.settle()
    assert len(in_severa(ann)) == 51
    assert await standings(store) == [Stand.HELD] * 11


async def test_those_that_are_held_count_along_d5(ann: Interrupted, store: SqlStore) -> None:
    add_old(ann, range(50))
    await ann.settle()

    for number in range(50, 53):
        add_old(ann, range(number, number + 1))
        await ann.settle([31, DAY_S])

    assert in_severa(ann) == ["kept"]
    assert await standings(store) == [Stand.HELD] * 53


async def test_an_edit_does_not_release_a_held_creation_but_a_new_date_does_d5(
    ann: Interrupted, store: SqlStore
) -> None:
    add_old(ann, range(60))
    await ann.settle()
    for number in range(20, 60):
        ann.delete_event(f"old {number}")
    await ann.settle()

    ann.edit_event("old 3", notes="edited")
    start = BEGINNING + timedelta(days=2)
    ann.edit_event("old 4", when=Timed(start, start + timedelta(hours=1)))
    await ann.settle([31, 31, DAY_S, DAY_S, 31])

    assert in_severa(ann) == ["kept", "old 4"]
    assert await standings(store) == [Stand.HELD] * 19


async def test_an_approval_is_for_what_was_shown_d5(ann: Interrupted, store: SqlStore) -> None:
    add_old(ann, range(60))
    await ann.settle()
    (group,) = await held_of(store).listed()

    await held_of(store).approve(number=group["id"])
    ann.edit_event("old 3", notes="edited since")
    add_old(ann, range(60, 61))
    await ann.settle()

    assert len(in_severa(ann)) == 60
    assert "old 3" not in in_severa(ann)
    assert "old 60" not in in_severa(ann)
    assert await standings(store) == [Stand.HELD] * 2


class Decided(Interrupted):
    """Ann, and somebody who approves what is held just after the daemon has taken one that is held."""

    is_watching = False

    async def write(self, work: Callable[[Transaction], Awaitable[R]]) -> R:
        result = await super().write(work)
        records = result if isinstance(result, tuple) else ()
        if self.is_watching and any(
            isinstance(r, Record) and r.link.standing.stand is Stand.HELD for r in records
        ):
            self.is_watching = False
            assert isinstance(self._store, SqlStore)
            (group,) = await held_of(self._store).listed()
            await held_of(self._store).approve(number=group["id"])
        return result


async def test_a_decision_made_while_a_pass_is_under_way_stands_d5(store: SqlStore) -> None:
    ann = Decided(store)
    ann.add_activity("kept", 1)
    await ann.switch_on()
    await ann.settle()
    names = add_old(ann, range(50))
    await ann.settle()

    ann.edit_event("old 3", notes="edited")
    ann.is_watching = True
    await ann.settle()

    assert not ann.is_watching
    assert in_severa(ann) == ["kept", *names]


async def test_a_held_entry_that_is_deleted_is_forgotten_d5(
    ann: Interrupted, store: SqlStore
) -> None:
    add_old(ann, range(50))
    await ann.settle()

    ann.delete_event("old 3")
    await ann.settle()

    assert await standings(store) == [Stand.HELD] * 49
    assert in_severa(ann) == ["kept"]


async def test_held_creations_are_no_held_deletions_d5(ann: Interrupted, store: SqlStore) -> None:
    names = [f"plan {number}" for number in range(100)]
    for name in names:
        ann.add_event(name, 5)
    await ann.settle()
    add_old(ann, range(60))
    await ann.settle()

    for name in names[:9]:
        ann.delete_event(name)
    await ann.settle()

    assert len(in_severa(ann)) == 92
    assert await standings(store) == [Stand.HELD] * 60


async def test_fields_are_counted_apart_and_of_one_the_eleventh_write_waits_r4(
    ann: Interrupted, store: SqlStore
) -> None:
    await ann.settle([HOUR_S])  # Its creation was a write, too.
    for number, pause_s in enumerate(WITHIN_AN_HOUR):
        ann.edit_activity("kept", location=f"room {number}")
        await ann.settle([pause_s])
        ann.edit_activity("kept", notes=f"note {number}")
        await ann.settle([1])
    writes = [line for line in await store.history() if line.action == "changed"]
    assert Counter(name for line in writes for name in line.fields) == {"location": 10, "notes": 10}
    assert any("another program" in record.problem for record in await store.problems())

    # Nothing is lost: when the hour is over, the latest of each is carried.
    await ann.settle([600.0] * 7)
    (shown,) = [copy.entry for copy in ann.google.living().values()]
    assert (shown.location, shown.notes) == ("room 15", "note 15")
    assert await store.problems() == ()
