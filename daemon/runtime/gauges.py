"""How things stand when Prometheus asks: what waits, who is in which state, and what the database holds."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final, TypeVar

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from daemon.core.channel import ChannelState
from daemon.errors import SyncError
from daemon.runtime.budget import Lane
from daemon.runtime.turns import Turns
from daemon.runtime.vendors import Budgets
from daemon.runtime.wakes import Wakes
from daemon.store.statistics import Statistics
from daemon.sync.register import Register

Word = TypeVar("Word", bound=Enum)

PATIENCE_SECONDS: Final = 2.0
"""How long the database may keep whoever asks for the figures waiting."""
FRESH_SECONDS: Final = 30.0
"""How old what the database told may be without its being asked again."""
STALE_SECONDS: Final = 300.0
"""How old it may be where the database does not answer."""
SHARE: Final = 20
"""Counting that takes long is done less often, in one part of this many of the time."""


@dataclass(frozen=True, slots=True)
class Watched:
    """The parts of a daemon whose state is told."""

    statistics: Callable[[], Awaitable[Statistics]]
    looked_at: Mapping[str, datetime]
    """When each user's calendar was last looked at without a fault."""
    wakes: Wakes
    register: Register
    budgets: Budgets


class Figures:
    """What the database told last; it is asked one question at a time, however many ask us."""

    def __init__(
        self, ask: Callable[[], Awaitable[Statistics]], monotonic: Callable[[], float]
    ) -> None:
        self._ask, self._monotonic = ask, monotonic
        self._question: asyncio.Task[None] | None = None
        self._ask_at = self._told_at = float("-inf")
        self._told: Statistics | None = None
        self.is_answered = False
        """The latest question was answered in time."""

    @property
    def told(self) -> Statistics | None:
        """Return the latest answer, `None` where there is none that is worth telling."""
        is_stale = self._monotonic() - self._told_at > STALE_SECONDS
        return None if is_stale else self._told

    async def refresh(self) -> None:
        """Ask again where it is time to, and wait for the answer for two seconds at most."""
        question = self._question
        if question is None or question.done():
            if self._monotonic() < self._ask_at:
                return
            self._question = question = asyncio.create_task(self._answer(), name="figures")
        # Not cancelled when it takes too long: a transaction is always waited for.
        done, _ = await asyncio.wait({question}, timeout=PATIENCE_SECONDS)
        if done:
            question.result()
        else:
            self.is_answered = False

    async def _answer(self) -> None:
        began = self._monotonic()
        try:
            self._told = await self._ask()
        except SyncError:
            self.is_answered = False
            return
        self._told_at = self._monotonic()
        self._ask_at = self._told_at + max(FRESH_SECONDS, SHARE * (self._told_at - began))
        self.is_answered = True


class Gauges(Collector):
    """Tells the state of the watched parts to a registry that is asked."""

    def __init__(
        self, watched: Watched, *, now: Callable[[], datetime], monotonic: Callable[[], float]
    ) -> None:
        self._watched, self._now = watched, now
        self._figures = Figures(watched.statistics, monotonic)
        self._since: dict[str, datetime] = {}
        """Since when somebody is known to be looked at, which may be before the first look."""

    async def refresh(self) -> None:
        """Learn what the database says; to be called before the registry is asked."""
        await self._figures.refresh()

    def collect(self) -> Iterator[Metric]:
        """Tell all of it; what the database did not say is left out."""
        yield from self._waiting()
        yield from self._turns()
        states = Counter(channel.state for channel in self._watched.register.channels)
        yield _by_word("channels", "Push channels by state.", "state", ChannelState, states)
        yield _gauge(
            "database_answers",
            "1 if the database answered the latest question for these figures in time, else 0.",
            self._figures.is_answered,
        )
        if (told := self._figures.told) is not None:
            yield from self._kept(told)

    def _waiting(self) -> Iterator[Metric]:
        wakes = self._watched.wakes
        yield _gauge(
            "wakes_waiting", "Users and activities that wait to be served at once.", len(wakes)
        )
        yield _gauge(
            "wakes_oldest_seconds",
            "How long the one that has waited longest has waited; 0 when nobody does.",
            wakes.oldest_s(),
        )

    def _turns(self) -> Iterator[Metric]:
        budgets = self._watched.budgets
        each = {"severa": budgets.severa.turns, "google": budgets.google.turns}
        yield _waited(each)
        refused = CounterMetricFamily(
            "severa_gcal_budget_refusals",
            "Requests put off because their turn within the vendor's limit would come too late.",
            labels=["vendor"],
        )
        queued = GaugeMetricFamily(
            "severa_gcal_budget_waiting",
            "Requests that wait for their turn within the vendor's limit.",
            labels=["vendor"],
        )
        for vendor, turns in each.items():
            refused.add_metric([vendor], turns.refused)
            queued.add_metric([vendor], turns.waiting)
        yield from (refused, queued)
        yield _gauge(
            "google_day_units",
            "Quota units spent of Google's present day.",
            budgets.google.day.units,
        )

    def _kept(self, told: Statistics) -> Iterator[Metric]:
        yield _by_word("entries", "Entries by standing.", "standing", told.entries, told.entries)
        yield _by_word("users", "Severa's users by state.", "state", told.users, told.users)
        yield _gauge("entries_with_problem", "Entries of which something failed.", told.problems)
        yield _gauge("held_deletions", "Deletions that wait for a decision.", told.held_deletions)
        yield _gauge(
            "oldest_look_seconds",
            "Age of the oldest look at the calendar of somebody who is to be looked at; 0 where nobody is.",
            self._oldest_look_s(told.looked_at if told.is_on else ()),
        )
        yield _gauge("integration_on", "1 if the sync is switched on, else 0.", told.is_on)
        yield _gauge(
            "company_fault", "1 if nothing works for the whole company, else 0.", told.has_fault
        )
        yield _gauge(
            "database_size_bytes", "Size of the database with its journal.", told.size_bytes
        )

    def _oldest_look_s(self, users: Iterable[str]) -> float:
        now, looked_at = self._now(), self._watched.looked_at
        # Whoever was away was not to be looked at, so a look from before that is not late.
        self._since = {user: self._since.get(user, now) for user in users}
        looks = (max(since, looked_at.get(user, since)) for user, since in self._since.items())
        return max((now - min(looks, default=now)).total_seconds(), 0.0)


def _gauge(name: str, told: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"severa_gcal_{name}", told, value=float(value))


def _by_word(
    name: str, told: str, label: str, words: Iterable[Word], counts: Mapping[Word, int]
) -> GaugeMetricFamily:
    """Return a gauge with a value for each word of ours, also for those of which there is nothing."""
    family = GaugeMetricFamily(f"severa_gcal_{name}", told, labels=[label])
    for word in words:
        family.add_metric([str(word.value)], counts.get(word, 0))
    return family


def _waited(each: Mapping[str, Turns]) -> CounterMetricFamily:
    family = CounterMetricFamily(
        "severa_gcal_budget_wait_seconds",
        "How long requests waited for their turn within the vendor's limit, all together.",
        labels=["vendor", "lane"],
    )
    for vendor, turns in each.items():
        for lane in Lane:
            family.add_metric([vendor, lane.name.lower()], turns.waited_s[lane])
    return family
