"""The one place that knows everything: builds the daemon, and closes what it built."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import aiohttp

from daemon.config import Config
from daemon.core.link import Side
from daemon.errors import SyncError
from daemon.google.translate import TRANSLATOR as GOOGLE_TRANSLATOR
from daemon.runtime import logs
from daemon.runtime.admin import Admin, Parts
from daemon.runtime.channels import ChannelLoop, channel_loop, push_address
from daemon.runtime.day import Day
from daemon.runtime.gauges import Watched
from daemon.runtime.google import ConnectedGoogle
from daemon.runtime.heartbeat import RoundWatch
from daemon.runtime.loop import Waker
from daemon.runtime.metrics import Metrics
from daemon.runtime.people import People
from daemon.runtime.presence import Presence
from daemon.runtime.triggers import Triggers, TriggerTokens
from daemon.runtime.vendors import (
    Budgets,
    budgets_of,
    google_clients,
    lane_of,
    monotonic_of,
    new_id,
    now,
    rules_of,
    severa_client,
)
from daemon.runtime.wakes import Wake, Wakes
from daemon.severa.translate import TRANSLATOR as SEVERA_TRANSLATOR
from daemon.store.secrets import key_in
from daemon.store.store import SqlStore
from daemon.sync.engine import MORE, Engine
from daemon.sync.register import Register
from daemon.sync.tools import Tools
from daemon.web.pace import Pace

STRANGERS_PER_SECOND: Final = 0.1
STRANGERS_AT_ONCE: Final = 10
"""How often a call for somebody unknown makes us list Severa's users again."""
SYSTEM_RANDOM: Final = random.SystemRandom()
TIMEOUT_SECONDS: Final = 30.0
"""How long a vendor may take to answer one call."""
TRANSLATORS: Final = {Side.SEVERA: SEVERA_TRANSLATOR, Side.GOOGLE: GOOGLE_TRANSLATOR}


@dataclass(frozen=True, slots=True)
class App:
    """The parts of one daemon, built and ready to run."""

    config: Config
    store: SqlStore
    engine: Engine
    people: People
    triggers: Triggers
    admin: Admin
    waker: Waker
    wakes: Wakes
    register: Register
    channels: ChannelLoop
    stopping: asyncio.Event
    budgets: Budgets
    metrics: Metrics
    rounds: RoundWatch
    now: Callable[[], datetime]
    chance: Callable[[], float]


@asynccontextmanager
async def opened(
    config: Config,
    *,
    clock: Callable[[], datetime] = now,
    monotonic: Callable[[], float] | None = None,
    rng: random.Random = SYSTEM_RANDOM,
    timeout_s: float = TIMEOUT_SECONDS,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[App]:
    """Build everything on the database of this configuration, and close it all at the end.

    `clock` tells the present instant in UTC, `monotonic` seconds that nobody sets (else the machine's, or those of the
    `clock` that is given), `rng` gives ids and spreads pauses, `timeout_s` is how long a vendor may take to answer one
    call, and `sleep` waits for a turn within the vendors' limits, by the same clock.

    Raises:
        SyncError: The database is in use, a secret cannot be read, or the like.
    """
    async with AsyncExitStack() as stack:
        key = key_in(config.store.encryption_key_path(), database=config.store.database)
        store = await stack.enter_async_context(await SqlStore.open(config.store.url, key))
        steady = monotonic or monotonic_of(clock)
        rounds = RoundWatch(steady)
        session = await stack.enter_async_context(
            aiohttp.ClientSession(trace_configs=[rounds.trace()])
        )
        google, waker = ConnectedGoogle(), Waker()
        budgets = budgets_of(config, clock, steady, sleep, rng)
        await budgets.google.day.load(store)
        stack.push_async_callback(_keep_spent, store, budgets.google.day)
        metrics = Metrics(now=clock, monotonic=steady)
        stopping, halted, keep = asyncio.Event(), asyncio.Event(), asyncio.Event()
        register = Register(clock)
        google.on_looked = register.looked
        tools = Tools(
            severa=severa_client(
                config, session, budgets.severa, steady, timeout_s, metrics.called("severa")
            ),
            google=google,
            store=store,
            now=clock,
            new_id=lambda: new_id(rng),
            chance=rng.random,
            report=logs.report,
            rules=rules_of(config),
            translators=TRANSLATORS,
            is_stopping=lambda: stopping.is_set() or halted.is_set(),
            lane=lane_of,
            moved=keep.set,
            wrote=metrics.wrote,
            is_healthy=register.is_healthy,
            severa_spent=lambda: budgets.severa.spent,
        )
        engine = Engine(tools)
        presence = Presence(
            store,
            tools.rules,
            now=clock,
            refresh=engine.refresh_company,
            refreshes=Pace(
                per_second=STRANGERS_PER_SECOND,
                burst=STRANGERS_AT_ONCE,
                monotonic=steady,
            ),
        )
        tokens = TriggerTokens(store, now=clock, rng=rng)
        await tokens.load()
        wakes = Wakes(
            engine,
            now=steady,
            is_stopping=stopping.is_set,
            wake_round=lambda: waker.wake(MORE),
            found_nothing=register.found_nothing,
            served=metrics.served,
            report=logs.report,
        )
        triggers = Triggers(
            presence,
            tokens,
            wake_user=lambda user, cause: wakes.add(Wake(user, cause=cause, is_whole=True)),
            wake_activity=lambda ref, user, cause: wakes.add(Wake(user, ref, cause)),
        )
        url = push_address(config.web.public_url)
        channels = channel_loop(
            tools,
            register,
            url=url,
            notice=lambda user: wakes.add(Wake(user, cause="poll")),
            woken=keep,
        )

        def wake(cause: str) -> None:
            waker.wake(cause)
            channels.wake()

        people = People(store, engine, presence, tokens, now=clock, wake=wake, report=logs.report)
        parts = Parts(
            store=store,
            engine=engine,
            people=people,
            google=google,
            client_of=google_clients(
                config,
                session,
                budgets.google,
                clock,
                steady,
                chance=rng.random,
                timeout_s=timeout_s,
                called=metrics.called("google"),
            ),
            wake=wake,
            now=clock,
            report=logs.report,
            halted=halted,
            admins=config.web.admins,
            channels=channels.keeper,
            push_address=url,
        )
        metrics.watch(Watched(store.statistics, engine.looked_at, wakes, register, budgets))
        admin = Admin(parts)
        await admin.load_connection()
        yield App(
            config=config,
            store=store,
            engine=engine,
            people=people,
            triggers=triggers,
            admin=admin,
            waker=waker,
            wakes=wakes,
            register=register,
            channels=channels,
            stopping=stopping,
            budgets=budgets,
            metrics=metrics,
            rounds=rounds,
            now=clock,
            chance=rng.random,
        )


async def _keep_spent(store: SqlStore, day: Day) -> None:
    """Keep the count at the end; what was kept before runs ahead of it, so that a failure loses nothing."""
    with contextlib.suppress(SyncError):
        await day.keep_exactly(store)
