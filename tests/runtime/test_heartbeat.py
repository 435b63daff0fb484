"""The heartbeat: a sign of life while things move, and none once the database, the loop or a round is stuck."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from daemon.errors import SyncError, Transient
from daemon.runtime.heartbeat import (
    BEAT_SECONDS,
    DATABASE_SECONDS,
    LAG_SECONDS,
    LATE_BEATS,
    ROUND_SECONDS,
    Heartbeat,
    Question,
    RoundWatch,
)
from daemon.runtime.notify import NOBODY, ServiceManager


@dataclass
class Time:
    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Listener(ServiceManager):
    """A manager that keeps what it is told; how telling works is proved over a socket in tests/systemd."""

    told: list[str] = field(default_factory=list)

    def _tell(self, message: str) -> None:
        self.told.append(message)


@dataclass
class Heart:
    """A heartbeat with a database that answers as it is told to."""

    time: Time = field(default_factory=Time)
    manager: Listener = field(default_factory=lambda: Listener(watchdog_s=30.0))
    events: list[tuple[str, Any]] = field(default_factory=list)
    answer: Callable[[], Awaitable[object]] = lambda: asyncio.sleep(0)

    def __post_init__(self) -> None:
        self.rounds = RoundWatch(self.time)
        self.beating = Heartbeat(
            self.manager,
            questions={"the database does not answer": Question(lambda: self.answer(), self.time)},
            rounds=self.rounds,
            status=lambda: "Well.",
            monotonic=self.time,
            report=lambda event, **fields: self.events.append((event, fields.get("reason"))),
        )

    async def beats(self, pause_s: float) -> bool:
        """Beat after a pause, and tell whether there was a sign of life."""
        self.time.now += pause_s
        before = self.manager.told.count("WATCHDOG=1")
        self.beating.beat()
        for _ in range(3):
            await asyncio.sleep(0)
        return self.manager.told.count("WATCHDOG=1") > before


async def never() -> None:
    await asyncio.Event().wait()


async def test_while_all_answer_there_is_a_sign_of_life_at_each_beat() -> None:
    heart = Heart()

    assert [await heart.beats(BEAT_SECONDS) for _ in range(100)] == [True] * 100
    assert heart.events == []
    assert heart.manager.told.count("STATUS=Well.") == 1


async def test_a_database_that_does_not_answer_is_told_once_and_there_is_no_sign_of_life() -> None:
    heart = Heart(answer=never)

    assert await heart.beats(0)
    assert await heart.beats(DATABASE_SECONDS)
    assert not await heart.beats(1)
    assert not await heart.beats(BEAT_SECONDS)

    assert heart.events == [("daemon.stuck", "the database does not answer")]
    assert heart.manager.told[-1].startswith("STATUS=Stuck: the database does not answer.")


async def test_a_database_that_answers_again_in_time_saves_the_daemon() -> None:
    held = asyncio.Event()
    heart = Heart(answer=held.wait)
    await heart.beats(0)
    assert not await heart.beats(DATABASE_SECONDS + 1)

    held.set()
    await heart.beats(1)

    assert await heart.beats(1)
    assert [event for event, _ in heart.events] == ["daemon.stuck", "daemon.recovered"]
    assert heart.manager.told[-1] == "STATUS=Well."


async def test_a_question_whose_turn_never_comes_is_not_answered() -> None:
    async def refused() -> None:
        raise Transient("The database is overloaded.")

    heart = Heart(answer=refused)
    await heart.beats(0)

    assert await heart.beats(DATABASE_SECONDS - 1)
    assert not await heart.beats(2)


async def test_a_full_disk_is_no_reason_to_start_anew() -> None:
    async def refused() -> None:
        raise SyncError("The database cannot be used: disk full.")

    heart = Heart(answer=refused)

    assert [await heart.beats(DATABASE_SECONDS) for _ in range(5)] == [True] * 5


@asynccontextmanager
async def calls_watched_by(rounds: RoundWatch) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Yield what makes one call over a session that tells of its calls."""

    async def page(_: web.Request) -> web.Response:
        return web.Response()

    app = web.Application()
    app.router.add_get("/", page)
    server = TestServer(app)
    await server.start_server()
    try:
        async with aiohttp.ClientSession(trace_configs=[rounds.trace()]) as session:

            async def call() -> None:
                async with session.get(server.make_url("/")):
                    pass

            yield call
    finally:
        await server.close()


async def test_a_round_that_lasts_for_hours_is_fine_as_long_as_its_calls_move() -> None:
    heart = Heart()

    async with calls_watched_by(heart.rounds) as call:
        with heart.rounds.round():
            for _ in range(10):
                # Rounds call from tasks of their own.
                await asyncio.ensure_future(call())
                assert await heart.beats(ROUND_SECONDS)


async def test_a_round_that_hangs_is_not_hidden_by_calls_for_pushes() -> None:
    heart, ended = Heart(), asyncio.Event()

    async def hang() -> None:
        with heart.rounds.round():
            await ended.wait()

    async with calls_watched_by(heart.rounds) as call:
        hanging = asyncio.create_task(hang())
        await asyncio.sleep(0)
        assert await heart.beats(ROUND_SECONDS)
        await call()

        is_alive = await heart.beats(1)
        ended.set()
        await hanging

        assert not is_alive
        reason = "the round under way makes no calls and does not end"
        assert heart.events == [("daemon.stuck", reason)]
        assert await heart.beats(1)


async def test_hours_between_rounds_are_no_hang() -> None:
    heart = Heart()
    with heart.rounds.round():
        pass

    assert await heart.beats(10 * ROUND_SECONDS)


@pytest.mark.parametrize(
    ("watchdog_s", "interval_s"), [(None, BEAT_SECONDS), (120.0, BEAT_SECONDS), (3.0, 1.0)]
)
async def test_the_pause_is_a_third_of_the_watchdogs_at_most(
    watchdog_s: float | None, interval_s: float
) -> None:
    heart = Heart(manager=Listener(watchdog_s=watchdog_s))

    assert heart.beating.interval_s == interval_s


async def test_a_loop_that_is_late_again_and_again_is_stuck_and_one_that_slept_once_is_not() -> (
    None
):
    heart = Heart(manager=Listener(watchdog_s=0.03))
    stopping, lags = asyncio.Event(), []

    class Late(Time):
        """A clock on which each pause has taken longer than it should."""

        def __call__(self) -> float:
            self.now += LAG_SECONDS + 1
            return self.now

    beat = heart.beating.beat

    def watched() -> None:
        lags.append(heart.beating.lag_s)
        beat()
        if len(lags) > LATE_BEATS + 1:
            stopping.set()

    heart.beating.beat = watched  # type: ignore[method-assign]
    heart.beating._monotonic = Late()
    await heart.beating.run(stopping)

    assert lags[0] == 0.0
    assert all(lag > LAG_SECONDS for lag in lags[1:])
    assert heart.manager.told.count("WATCHDOG=1") == LATE_BEATS
    assert heart.events == [("daemon.stuck", "the event loop is seconds late")]


def test_nobody_is_told_nothing() -> None:
    NOBODY.ready("Ready.")
    NOBODY.alive()
