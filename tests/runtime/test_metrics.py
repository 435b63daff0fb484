"""What Prometheus is told is measured as its help says, and told whatever the database is doing."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from daemon.core.account import State
from daemon.core.link import Stand
from daemon.errors import SyncError
from daemon.runtime import gauges as module
from daemon.runtime import wakes as wakes_module
from daemon.runtime.budget import GoogleBudget, Lane, SeveraBudget, lane
from daemon.runtime.gauges import Watched
from daemon.runtime.metrics import Metrics, outcome_of
from daemon.runtime.vendors import Budgets
from daemon.runtime.wakes import Wake, Wakes
from daemon.store.statistics import Statistics
from daemon.sync.register import Register
from tests.runtime.virtual import VirtualTime

ROOT = Path(__file__).parents[2]
FIGURES = Statistics(
    entries=dict.fromkeys(Stand, 0) | {Stand.LIVE: 7, Stand.HELD: 2},
    problems=3,
    held_deletions=1,
    users=dict.fromkeys(State, 0) | {State.IDLE: 2},
    looked_at=frozenset({"anna", "ben"}),
    is_on=True,
    has_fault=False,
    size_bytes=4096,
)
WROTE = "severa_gcal_wake_to_write_seconds"


class Looks:
    """What the workers need of an engine; each look does what the test gave it to do."""

    def __init__(self, *deeds: Callable[[], Awaitable[None]]) -> None:
        self._deeds = list(deeds)

    async def serve(self, user: str, *, cause: str, is_whole: bool = False) -> bool:
        if self._deeds:
            await self._deeds.pop(0)()
        return True

    async def serve_activity(self, ref: str, user: str, *, cause: str) -> bool:
        return await self.serve(user, cause=cause)


class Measured:
    """A daemon's metrics with the parts that they watch, on a clock that is moved by hand."""

    def __init__(self, looks: Any = None, *, statistics: Any = None, **options: Any) -> None:
        self.time = VirtualTime()
        self.metrics = Metrics(now=self.time.now, monotonic=self.time.monotonic)
        self.looked_at: dict[str, Any] = {}
        self.asked = 0
        self.wakes = Wakes(
            looks or Looks(),
            now=self.time.monotonic,
            is_stopping=lambda: False,
            wake_round=lambda: None,
            served=self.metrics.served,
            **options,
        )

        async def answer() -> Statistics:
            self.asked += 1
            return FIGURES

        parts: Any = {
            "monotonic": self.time.monotonic,
            "sleep": self.time.sleep,
            "chance": lambda: 0.5,
        }
        limits = dict.fromkeys(("per_minute", "per_minute_per_user", "per_day"), 1000)
        self.severa = SeveraBudget(1.0, **parts)
        google = GoogleBudget(now=self.time.now, **limits, **parts)
        self.metrics.watch(
            Watched(
                statistics or answer,
                self.looked_at,
                self.wakes,
                Register(self.time.now),
                Budgets(self.severa, google),
            )
        )

    async def scrape(self) -> dict[str, float]:
        """Return what is told, by name and labels as Prometheus writes them; read as Prometheus reads it."""
        text = (await self.metrics.text()).decode()
        return {
            sample.name + "".join(f" {value}" for _, value in sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }  # fmt: skip

    async def write(self, after_s: float = 0.0) -> None:
        """Do as the engine does when a vendor answers a write to what was noticed just now."""
        noticed_at = self.time.now()
        self.time.seconds += after_s
        self.metrics.wrote(noticed_at)

    async def work(self, seconds: float = 0.05) -> None:
        tasks = [asyncio.create_task(work) for work in self.wakes.work()]
        await asyncio.sleep(seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


# From a wake to a write


async def test_a_write_counts_from_the_earliest_push_that_it_serves() -> None:
    measured = Measured(Looks(lambda: measured.write(after_s=0.5)))
    measured.wakes.add(Wake("anna"))
    measured.time.seconds += 3
    measured.wakes.add(Wake("anna"))

    await measured.work()

    told = await measured.scrape()
    assert told[f"{WROTE}_count push"] == 1
    assert told[f"{WROTE}_sum push"] == pytest.approx(3.5)
    assert told[f"{WROTE}_count trigger"] == 0


async def test_each_write_counts_also_those_of_tasks_that_the_serving_starts() -> None:
    async def writes() -> None:
        await asyncio.gather(measured.write(), measured.write())

    measured = Measured(Looks(writes))
    measured.wakes.add(Wake("anna", "activity 1", cause="trigger"))

    await measured.work()

    assert (await measured.scrape())[f"{WROTE}_count trigger"] == 2


async def test_a_push_that_led_to_no_write_counts_as_served_only() -> None:
    measured = Measured()
    measured.wakes.add(Wake("anna"))

    await measured.work()

    told = await measured.scrape()
    assert told[f"{WROTE}_count push"] == 0
    assert told["severa_gcal_wake_served_seconds_count push"] == 1


async def test_what_was_noticed_before_the_push_came_does_not_count_for_it() -> None:
    async def write_what_waited() -> None:
        measured.metrics.wrote(measured.time.now() - timedelta(seconds=11))

    measured = Measured(Looks(write_what_waited))
    measured.wakes.add(Wake("anna"))
    measured.time.seconds += 10

    await measured.work()

    assert (await measured.scrape())[f"{WROTE}_count push"] == 0


async def test_a_write_of_a_round_counts_for_no_push() -> None:
    measured = Measured()

    await measured.write()
    await measured.work()
    await measured.write()

    assert (await measured.scrape())[f"{WROTE}_count push"] == 0


async def test_what_the_second_look_finds_counts_from_the_push_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wakes_module, "AGAIN_SECONDS", 0.02)

    async def nothing() -> None:
        measured.time.seconds += 2.5

    looks = Looks(nothing, lambda: measured.write())
    measured = Measured(looks, found_nothing=lambda user: True)
    measured.wakes.add(Wake("anna", is_early=True))

    await measured.work(0.15)

    assert (await measured.scrape())[f"{WROTE}_sum push"] == pytest.approx(2.5)


# What happens


async def test_requests_are_counted_by_what_came_of_them() -> None:
    measured = Measured()
    called = measured.metrics.called("google")

    for status in (200, 204, 429, 0):
        called("events.list", status, 0.2)

    told = await measured.scrape()
    calls = "severa_gcal_vendor_calls_total events.list"
    assert told[f"{calls} ok google"] == 2
    assert told[f"{calls} limited google"] == told[f"{calls} unanswered google"] == 1
    assert told["severa_gcal_vendor_call_seconds_sum events.list google"] == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, "ok"), (204, "ok"), (302, "refused"), (400, "refused"), (401, "unauthorized"),
     (403, "forbidden"), (404, "gone"), (409, "conflict"), (410, "gone"), (412, "conflict"),
     (418, "refused"), (429, "limited"), (500, "failed"), (599, "failed"), (777, "failed"),
     (0, "unanswered")],
)  # fmt: skip
def test_an_outcome_is_a_word_of_ours_whatever_a_vendor_answers(status: int, outcome: str) -> None:
    assert outcome_of(status) == outcome


async def test_rounds_are_counted_with_their_time_and_their_end() -> None:
    measured = Measured()

    async def round_(result: bool | None) -> bool:
        measured.time.seconds += 4
        if result is None:
            raise SyncError("It is down.")
        return result

    assert await measured.metrics.round(round_(True))
    succeeded_at = measured.time.now()
    with pytest.raises(SyncError):
        await measured.metrics.round(round_(None))

    told = await measured.scrape()
    rounds = "severa_gcal_rounds_total"
    assert [told[f"{rounds} {end}"] for end in ("done", "unfinished", "failed")] == [1, 0, 1]
    assert told["severa_gcal_round_seconds_sum"] == 8
    last = told["severa_gcal_round_last_success_timestamp_seconds"]
    assert last == succeeded_at.timestamp()


# How things stand


async def test_what_waits_is_told_with_the_age_of_the_oldest() -> None:
    measured = Measured()
    assert (await measured.scrape())["severa_gcal_wakes_oldest_seconds"] == 0
    measured.wakes.add(Wake("anna"))
    measured.time.seconds += 5
    measured.wakes.add(Wake("ben"))

    told = await measured.scrape()

    assert told["severa_gcal_wakes_waiting"] == 2
    assert told["severa_gcal_wakes_oldest_seconds"] == 5


async def test_waits_for_a_vendors_limit_are_told_by_lane() -> None:
    measured = Measured()

    async def three() -> None:
        with lane(Lane.BACKGROUND):
            for _ in range(3):
                await measured.severa.spend()

    await measured.time.run(three())

    told = await measured.scrape()
    waited = "severa_gcal_budget_wait_seconds_total"
    assert told[f"{waited} background severa"] == pytest.approx(2)
    assert told[f"{waited} urgent severa"] == told[f"{waited} background google"] == 0


async def test_the_oldest_look_is_that_of_somebody_who_is_to_be_looked_at() -> None:
    measured = Measured()
    now = measured.time.now()
    measured.looked_at |= {"clara": now - timedelta(days=2), "anna": now, "ben": now}
    await measured.scrape()

    measured.time.seconds += 60
    measured.looked_at["anna"] = measured.time.now()

    assert (await measured.scrape())["severa_gcal_oldest_look_seconds"] == 60, "Ben's"


async def test_a_look_from_before_an_absence_is_not_late() -> None:
    measured = Measured()
    now = measured.time.now()
    measured.looked_at |= {"anna": now - timedelta(days=2), "ben": now}

    assert (await measured.scrape())["severa_gcal_oldest_look_seconds"] == 0


# The database


async def test_the_database_is_asked_twice_a_minute_at_most() -> None:
    measured = Measured()

    await asyncio.gather(*(measured.scrape() for _ in range(5)))
    assert measured.asked == 1
    measured.time.seconds += 29
    await measured.scrape()
    assert measured.asked == 1
    measured.time.seconds += 2
    await measured.scrape()

    assert measured.asked == 2


async def test_counting_that_takes_long_is_done_less_often() -> None:
    async def slow() -> Statistics:
        measured.time.seconds += 6
        measured.asked += 1
        return FIGURES

    measured = Measured(statistics=slow)
    await measured.scrape()
    measured.time.seconds += 100
    await measured.scrape()
    assert measured.asked == 1
    measured.time.seconds += 21
    await measured.scrape()

    assert measured.asked == 2


async def test_a_database_that_does_not_answer_keeps_nobody_waiting_and_the_rest_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.05)
    is_free = asyncio.Event()

    async def stuck() -> Statistics:
        await is_free.wait()
        return FIGURES

    measured = Measured(statistics=stuck)
    began = time.monotonic()
    told = await measured.scrape()
    assert time.monotonic() - began < 4
    assert told["severa_gcal_database_answers"] == 0
    assert told["severa_gcal_wakes_waiting"] == 0
    assert not any(name.startswith("severa_gcal_entries") for name in told)

    is_free.set()
    told = await measured.scrape()

    assert told["severa_gcal_database_answers"] == 1
    assert told["severa_gcal_entries live"] == 7


async def test_a_database_that_fails_is_told_so_and_its_last_figures_for_five_minutes() -> None:
    answers: list[Statistics | None] = [FIGURES, None, None]

    async def failing() -> Statistics:
        answer = answers.pop(0)
        if answer is None:
            raise SyncError("The disk is full.")
        return answer

    measured = Measured(statistics=failing)
    assert (await measured.scrape())["severa_gcal_database_answers"] == 1
    measured.time.seconds += 60
    told = await measured.scrape()
    assert (told["severa_gcal_database_answers"], told["severa_gcal_entries live"]) == (0, 7)
    measured.time.seconds += 300

    assert "severa_gcal_entries live" not in await measured.scrape()


# Names


async def test_every_metric_is_explained_and_every_explained_one_exists() -> None:
    text = (await Measured().metrics.text()).decode()
    families = list(text_string_to_metric_families(text))
    # The parser takes the end off a counter's name, as it belongs to the sample.
    ends = {"counter": "_total"}
    told = {family.name + ends.get(family.type, ""): family.type for family in families}

    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", (ROOT / "daemon/METRICS.md").read_text(), re.M)

    assert dict(rows) == {n: kind for n, kind in told.items() if not n.startswith("process_")}
    assert all(family.documentation for family in families)


@pytest.mark.parametrize("document", ["README.md", "daemon/DESIGN.md", "daemon/METRICS.md"])
async def test_no_document_speaks_of_a_metric_that_is_not_there(document: str) -> None:
    text = (await Measured().metrics.text()).decode()

    named = set(re.findall(r"severa_gcal_[a-z]\w+", (ROOT / document).read_text()))

    assert {name for name in named if not re.search(rf"^# HELP {name} ", text, re.M)} == set()


async def test_the_daemons_of_one_process_do_not_count_each_others() -> None:
    one, other = Measured(), Measured()

    one.metrics.called("severa")("list users", 200, 0.1)

    assert "severa_gcal_vendor_calls_total list users ok severa" in await one.scrape()
    assert "severa_gcal_vendor_calls_total list users ok severa" not in await other.scrape()
