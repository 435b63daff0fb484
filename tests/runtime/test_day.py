"""Google's units of a day are counted across restarts, never exceeded, and spread when they run short (R1)."""

from datetime import UTC, date, datetime, timedelta

import pytest

from daemon.core.spent import Spent, day_of, end_of, gap_after
from daemon.errors import RateLimited
from daemon.runtime.budget import GoogleBudget
from daemon.runtime.day import AHEAD_MIN, Day
from daemon.runtime.turns import WAIT_MAX_S
from tests.doubles.store import MemoryStore
from tests.runtime.virtual import NOON, VirtualTime

TODAY = date(2026, 3, 2)
HOURS_12 = 12 * 3600


class CountingStore(MemoryStore):
    """A store that counts what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0

    async def write(self, work):  # type: ignore[no-untyped-def]  # The same as its parent's.
        self.writes += 1
        return await super().write(work)

    async def spent(self) -> Spent | None:
        return await self.read(lambda tx: tx.spent())


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 3, 2, 7, 59, tzinfo=UTC), date(2026, 3, 1)),
        (datetime(2026, 3, 2, 8, 0, tzinfo=UTC), date(2026, 3, 2)),
        (datetime(2026, 7, 2, 6, 59, tzinfo=UTC), date(2026, 7, 1)),
        (datetime(2026, 7, 2, 7, 0, tzinfo=UTC), date(2026, 7, 2)),
    ],
)
def test_r1_googles_day_begins_at_midnight_in_california(instant: datetime, day: date) -> None:
    assert day_of(instant) == day


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 7), 24), (date(2026, 3, 8), 23), (date(2026, 11, 1), 25)]
)
def test_r1_a_day_is_as_long_as_its_clocks_make_it(day: date, hours: int) -> None:
    assert end_of(day) - end_of(day - timedelta(days=1)) == timedelta(hours=hours)


def test_r1_nothing_is_held_up_before_the_last_quarter() -> None:
    rest = timedelta(hours=12)

    assert gap_after(3, 251, 1000, rest) == timedelta()
    assert gap_after(3, 250, 1000, rest) == rest * 3 / 250


def spending(day: Day, units: int) -> None:
    for _ in range(units):
        day.take(1)


async def test_r1_a_busy_day_gets_slower_and_lasts_until_midnight() -> None:
    time = VirtualTime()
    day, went = Day(1000, time.now), 0
    while time.seconds < HOURS_12 - 1:
        if wait_s := day.wait_s(1):
            time.seconds += wait_s
            continue
        day.take(1)
        went += 1

    assert 999 <= went <= 1001
    assert day.units <= 1000, "the new day has begun, or the old one is not exceeded"


async def test_r1_the_limit_of_a_day_is_never_exceeded_and_the_next_day_is_free() -> None:
    time = VirtualTime(NOON)
    budget = GoogleBudget(
        per_minute=10**6, per_minute_per_user=10**6, per_day=100,
        now=time.now, monotonic=time.monotonic, sleep=time.sleep, chance=lambda: 0.0,
    )  # fmt: skip
    spending(budget.day, 98)

    with pytest.raises(RateLimited) as refused:
        await budget.spend("anna", 3)
    await time.pass_by(HOURS_12)
    await time.run(budget.spend("anna", 3))

    assert refused.value.retry_after == pytest.approx(HOURS_12, abs=1)
    assert refused.value.retry_after > WAIT_MAX_S
    assert budget.day.units == 3


async def test_r1_the_count_survives_a_restart_and_another_day_begins_at_nothing() -> None:
    time, store = VirtualTime(), CountingStore()
    before = Day(1000, time.now)
    spending(before, 70)
    await before.keep_exactly(store)

    after = Day(1000, time.now)
    await after.load(store)
    assert after.units == 70

    time.seconds += HOURS_12
    tomorrow = Day(1000, time.now)
    await tomorrow.load(store)
    assert tomorrow.units == after.units == 0


async def test_r1_after_a_crash_it_counts_too_many_rather_than_too_few() -> None:
    time, store = VirtualTime(), CountingStore()
    day = Day(900_000, time.now)
    for _ in range(60):
        spending(day, 700)
        await day.keep(store)
        spending(day, 700)

        after = Day(900_000, time.now)
        await after.load(store)
        assert after.units >= day.units
        assert after.units <= day.units + 3 * 1400

    assert store.writes <= 60


async def test_q4_polls_of_an_idle_company_are_no_reason_to_write() -> None:
    time, store = VirtualTime(), CountingStore()
    day = Day(900_000, time.now)
    for _ in range(11 * 60):
        spending(day, 2)
        await day.keep(store)
        time.seconds += 60

    assert store.writes <= 11 * 60 * 2 / AHEAD_MIN + 1
    spent = await store.spent()
    assert spent is not None
    assert spent.units >= day.units


async def test_nothing_is_kept_of_a_day_on_which_nothing_was_spent() -> None:
    time, store = VirtualTime(), CountingStore()
    day = Day(1000, time.now)

    await day.keep(store)
    await day.keep_exactly(store)

    assert store.writes == 0


async def test_a_clock_that_jumped_far_ahead_and_back_does_not_stop_the_count_for_years() -> None:
    time, store = VirtualTime(), CountingStore()
    day = Day(1000, time.now)
    spending(day, 10)
    time.seconds += 10 * 366 * 86400
    spending(day, 5)
    await day.keep_exactly(store)

    time.seconds = 60.0
    assert day.units == 5
    restarted = Day(1000, time.now)
    await restarted.load(store)
    assert restarted.units == 0
    time.seconds += HOURS_12
    assert day.units == 0
