"""Tells the service manager that we live, as long as the event loop, the database and the rounds move.

What is stuck is logged once, and then there is no sign of life, so that the service manager starts us anew.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import SimpleNamespace
from typing import Final

import aiohttp

from daemon.errors import SyncError, Transient
from daemon.runtime.notify import ServiceManager

BEAT_SECONDS: Final = 10.0
BEATS_A_WATCH: Final = 3
"""How many signs of life there are while the watchdog waits for one."""
LAG_SECONDS: Final = 10.0
LATE_BEATS: Final = 6
"""A loop that is late so often in a row no longer serves anybody; a machine that slept is late once."""
DATABASE_SECONDS: Final = 180.0
"""Three times what a caller waits for its turn: it is held by somebody who will not give it back."""
ROUND_SECONDS: Final = 600.0
"""A call has 30 s and a turn two minutes, so that a round without a call for so long waits for nothing."""

_is_round: ContextVar[bool] = ContextVar("is_round", default=False)


class RoundWatch:
    """Knows whether a round that is under way still moves: whether its calls begin and end."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._moved_at: float | None = None

    @contextmanager
    def round(self) -> Iterator[None]:
        """Watch the round inside, and the calls of all tasks that it starts."""
        token, self._moved_at = _is_round.set(True), self._monotonic()
        try:
            yield
        finally:
            self._moved_at = None
            _is_round.reset(token)

    @property
    def still_s(self) -> float:
        """For how many seconds the round has not moved; 0 while there is none."""
        return 0.0 if self._moved_at is None else self._monotonic() - self._moved_at

    def trace(self) -> aiohttp.TraceConfig:
        """Return what makes a session tell of its calls."""
        config = aiohttp.TraceConfig()
        config.on_request_start.append(self._moved)
        config.on_request_end.append(self._moved)
        config.on_request_exception.append(self._moved)
        return config

    async def _moved(self, _: aiohttp.ClientSession, __: SimpleNamespace, ___: object) -> None:
        # A call for a push says nothing about the round.
        if _is_round.get() and self._moved_at is not None:
            self._moved_at = self._monotonic()


class Question:
    """Asks one small thing again and again, never twice at once, and knows how long no answer came."""

    def __init__(
        self, ask: Callable[[], Awaitable[object]], monotonic: Callable[[], float]
    ) -> None:
        self._ask, self._monotonic = ask, monotonic
        self._task: asyncio.Task[None] | None = None
        self._unanswered_since: float | None = None

    def put(self) -> None:
        """Ask, unless the last one is not answered yet."""
        if self._unanswered_since is None:
            self._unanswered_since = self._monotonic()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._wait(), name="heartbeat's question")

    @property
    def unanswered_s(self) -> float:
        """For how many seconds an answer has been waited for."""
        since = self._unanswered_since
        return 0.0 if since is None else self._monotonic() - since

    async def close(self) -> None:
        """Wait no longer."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _wait(self) -> None:
        try:
            await self._ask()
        except Transient:
            return  # Its turn never came.
        except SyncError:
            pass  # A full disk is an answer too, and no new start makes room there.
        self._unanswered_since = None


class Heartbeat:
    """Beats until the daemon stops."""

    def __init__(
        self,
        manager: ServiceManager,
        *,
        questions: dict[str, Question],
        rounds: RoundWatch,
        status: Callable[[], str],
        monotonic: Callable[[], float],
        report: Callable[..., None],
    ) -> None:
        """`questions` are named for what does not answer where nobody does; `status` says in a line how we are."""
        self._manager, self._questions, self._rounds = manager, questions, rounds
        self._status, self._monotonic, self._report = status, monotonic, report
        self._late_beats = 0
        self._stuck: str | None = None
        self._told = ""
        self.lag_s = 0.0
        """How much later than asked the event loop came back at the last beat."""

    @property
    def interval_s(self) -> float:
        """Seconds from beat to beat."""
        watch = self._manager.watchdog_s
        return BEAT_SECONDS if watch is None else min(BEAT_SECONDS, watch / BEATS_A_WATCH)

    async def run(self, stopping: asyncio.Event) -> None:
        """Beat until `stopping` is set."""
        try:
            while not stopping.is_set():
                self.beat()
                await self._wait(stopping)
        finally:
            for question in self._questions.values():
                await question.close()

    def beat(self) -> None:
        """Look at everything, and tell that we live where nothing is stuck."""
        for question in self._questions.values():
            question.put()
        stuck = self._what_is_stuck()
        if stuck != self._stuck:
            self._change(stuck)
        if stuck is None:
            self._manager.alive()
            self._show(self._status())
        else:
            self._show(f"Stuck: {stuck}. A restart by the watchdog is due.")

    async def _wait(self, stopping: asyncio.Event) -> None:
        began = self._monotonic()
        try:
            async with asyncio.timeout(self.interval_s):
                await stopping.wait()
        except TimeoutError:
            self.lag_s = max(0.0, self._monotonic() - began - self.interval_s)
            self._late_beats = self._late_beats + 1 if self.lag_s > LAG_SECONDS else 0

    def _what_is_stuck(self) -> str | None:
        if self._late_beats >= LATE_BEATS:
            return "the event loop is seconds late"
        for name, question in self._questions.items():
            if question.unanswered_s > DATABASE_SECONDS:
                return name
        if self._rounds.still_s > ROUND_SECONDS:
            return "the round under way makes no calls and does not end"
        return None

    def _change(self, stuck: str | None) -> None:
        if stuck is None:
            self._report("daemon.recovered")
        else:
            self._report("daemon.stuck", reason=stuck)
        self._stuck = stuck

    def _show(self, status: str) -> None:
        if status != self._told:
            self._manager.status(status)
        self._told = status
