"""The one place that knows everything: builds, starts and stops the daemon."""

import asyncio
import contextlib
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import aiohttp
from aiohttp import web

from daemon.config import Config
from daemon.core.link import Side
from daemon.errors import SyncError
from daemon.forms import TcpAddress
from daemon.google.client import GoogleClient
from daemon.google.credentials import ServiceAccount
from daemon.google.translate import TRANSLATOR as GOOGLE_TRANSLATOR
from daemon.runtime import control, logs
from daemon.runtime.admin import Admin, Parts
from daemon.runtime.budget import GoogleBudget, Lane, SeveraBudget, is_urgent, lane
from daemon.runtime.channels import NO_ADDRESS, ChannelLoop, channel_loop, push_address
from daemon.runtime.day import KEEP_EVERY_S, Day
from daemon.runtime.google import ConnectedGoogle
from daemon.runtime.loop import Loop, Waker
from daemon.runtime.people import People
from daemon.runtime.presence import Presence
from daemon.runtime.readiness import Readiness
from daemon.runtime.triggers import Triggers, TriggerTokens
from daemon.runtime.wakes import Wake, Wakes
from daemon.severa.client import SeveraClient
from daemon.severa.translate import TRANSLATOR as SEVERA_TRANSLATOR
from daemon.store.secrets import key_in
from daemon.store.store import SqlStore
from daemon.sync.engine import Engine
from daemon.sync.register import Register
from daemon.sync.tools import Rules, Tools
from daemon.web.app import make_app
from daemon.web.connection import Runner
from daemon.web.pace import Pace

STOP_SECONDS: Final = 10
"""How long the round under way may take to finish its writes after a stop was asked for."""
BASE32HEX: Final = "0123456789abcdefghijklmnopqrstuv"
NO_SIGNING_KEY: Final = "Without [web] severa_signing_key_file nobody can switch the sync on."
TOKEN_JITTER_SECONDS: Final = 120
STRANGERS_PER_SECOND: Final = 0.1
STRANGERS_AT_ONCE: Final = 10
"""How often a call for somebody unknown makes us list Severa's users again."""
SYSTEM_RANDOM: Final = random.SystemRandom()
TIMEOUT_SECONDS: Final = 30.0
"""How long a vendor may take to answer one call."""


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
    budgets: "Budgets"


@dataclass(frozen=True, slots=True)
class Budgets:
    """What may be asked of each vendor; both tell how long was waited."""

    severa: SeveraBudget
    google: GoogleBudget


def now() -> datetime:
    """Return the present instant."""
    return datetime.now(UTC)


TRANSLATORS: Final = {Side.SEVERA: SEVERA_TRANSLATOR, Side.GOOGLE: GOOGLE_TRANSLATOR}


def new_id(rng: random.Random) -> str:
    """Return 128 random bits and more in the alphabet of Google's event ids."""
    number = rng.getrandbits(130)
    return "".join(BASE32HEX[(number >> shift) & 31] for shift in range(0, 130, 5))


@asynccontextmanager
async def opened(
    config: Config,
    *,
    clock: Callable[[], datetime] = now,
    rng: random.Random = SYSTEM_RANDOM,
    timeout_s: float = TIMEOUT_SECONDS,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[App]:
    """Build everything on the database of this configuration, and close it all at the end.

    `clock` tells the present instant in UTC, `rng` gives ids and spreads pauses, `timeout_s` is how long a vendor
    may take to answer one call, and `sleep` waits for a turn within the vendors' limits, by the same clock.

    Raises:
        SyncError: The database is in use, a secret cannot be read, or the like.
    """
    async with AsyncExitStack() as stack:
        key = key_in(config.store.encryption_key_file, database=config.store.database)
        store = await stack.enter_async_context(await SqlStore.open(config.store.url, key))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        google, waker = ConnectedGoogle(), Waker()
        budgets = _budgets(config, clock, sleep, rng)
        await budgets.google.day.load(store)
        stack.push_async_callback(_keep_spent, store, budgets.google.day)
        stopping, halted, keep = asyncio.Event(), asyncio.Event(), asyncio.Event()
        tools = Tools(
            severa=_severa(config, session, budgets.severa, clock, timeout_s),
            google=google,
            store=store,
            now=clock,
            new_id=lambda: new_id(rng),
            chance=rng.random,
            report=logs.report,
            rules=_rules(config),
            translators=TRANSLATORS,
            is_stopping=lambda: stopping.is_set() or halted.is_set(),
            lane=_lane_of,
            moved=keep.set,
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
                monotonic=_monotonic(clock),
            ),
        )
        tokens = TriggerTokens(store, now=clock, rng=rng)
        await tokens.load()
        register = Register(clock)
        google.on_looked = register.looked
        wakes = Wakes(
            engine,
            now=_monotonic(clock),
            is_stopping=stopping.is_set,
            wake_round=waker.wake,
            found_nothing=register.found_nothing,
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
            tools, register, url=url, notice=lambda user: wakes.add(Wake(user)), woken=keep
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
            client_of=_google_client(config, session, budgets.google, clock, timeout_s),
            wake=wake,
            now=clock,
            report=logs.report,
            halted=halted,
            admins=config.web.admins,
            channels=channels.keeper,
            push_address=url,
        )
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
        )


async def run(app: App, *, ready: Callable[[str], None]) -> None:
    """Serve and sync until `app.stopping` is set, then stop: no new work, the write in hand finished and kept.

    Raises:
        SyncError: The address to listen on cannot be had.
    """
    async with AsyncExitStack() as stack:
        door = await control.serve(control.socket_path(app.config.store.database), app.admin.ask)
        stack.push_async_callback(door.cleanup)
        await app.channels.keeper.load()
        address = await _listen(app, stack)
        loop = Loop(
            lambda cause: app.engine.round(cause=cause),
            app.waker,
            interval=app.config.sync.poll_interval,
            chance=random.random,
            report=logs.report,
        )
        app.admin.is_daemon = True
        logs.report("daemon.ready", address=address)
        if app.config.web.severa_signing_key_file is None:
            logs.report("config.warning", reason=NO_SIGNING_KEY)
        if app.config.web.public_url is None:
            logs.report("config.warning", reason=NO_ADDRESS)
        ready(address)
        async with asyncio.TaskGroup() as group:
            working = group.create_task(loop.run(), name="loop")
            group.create_task(app.channels.run(), name="channels")
            serving = [
                group.create_task(work, name=f"serving {number}")
                for number, work in enumerate(app.wakes.work())
            ]
            group.create_task(_stop(app, loop, [working, *serving]), name="stop")
            group.create_task(_keep_counting(app), name="units")


async def _stop(app: App, loop: Loop, working: Sequence[asyncio.Task[None]]) -> None:
    await app.stopping.wait()
    logs.report("daemon.stopping")
    loop.stop()
    app.wakes.stop()
    app.channels.stop()
    _, left = await asyncio.wait(working, timeout=STOP_SECONDS)
    for task in left:
        task.cancel()


async def _keep_counting(app: App) -> None:
    """Keep every minute what was spent of Google's day, where that is needed at all."""
    while not app.stopping.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(app.stopping.wait(), KEEP_EVERY_S)
        # A database that is busy now has another minute; the count itself is not lost.
        with contextlib.suppress(SyncError):
            await app.budgets.google.day.keep(app.store)


async def _keep_spent(store: SqlStore, day: Day) -> None:
    """Keep the count at the end; what was kept before runs ahead of it, so that a failure loses nothing."""
    with contextlib.suppress(SyncError):
        await day.keep_exactly(store)


async def _listen(app: App, stack: AsyncExitStack) -> str:
    signing_key = app.config.web.severa_signing_key()
    served = make_app(
        app.people,
        app.triggers,
        signing_key=lambda: signing_key,
        is_ready=Readiness(app.store, app.stopping),
        monotonic=asyncio.get_running_loop().time,
        pushes=app.register,
        notice=lambda user: app.wakes.add(Wake(user, is_early=True)),
        allowed_origins=app.config.web.allowed_origins,
    )
    runner = Runner(served)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    listen = app.config.web.listen
    try:
        if isinstance(listen, TcpAddress):
            await web.TCPSite(runner, listen.host, listen.port).start()
            host, port = runner.addresses[0][:2]
            return f"http://{host}:{port}"
        with control.reachable(listen.path) as name:
            await web.UnixSite(runner, name).start()
        return f"unix:{listen.path}"
    except OSError as error:
        where = f"{listen.host}:{listen.port}" if isinstance(listen, TcpAddress) else listen.path
        # asyncio's own text repeats the address as a Python tuple.
        why = os.strerror(error.errno) if error.errno else str(error)
        raise SyncError(f"Cannot listen on {where} ([web] listen): {why}.") from None


def _budgets(
    config: Config,
    clock: Callable[[], datetime],
    sleep: Callable[[float], Awaitable[None]],
    rng: random.Random,
) -> Budgets:
    monotonic = _monotonic(clock)
    severa = SeveraBudget(
        config.severa.requests_per_second, monotonic=monotonic, sleep=sleep, chance=rng.random
    )
    google = GoogleBudget(
        per_minute=config.google.requests_per_minute,
        per_minute_per_user=config.google.requests_per_minute_per_user,
        per_day=config.google.requests_per_day,
        now=clock,
        monotonic=monotonic,
        sleep=sleep,
        chance=rng.random,
    )
    return Budgets(severa, google)


def _lane_of(user: str, *, is_background: bool) -> AbstractContextManager[None]:
    """Return the turns of a user; what is served at once stays urgent."""
    if is_urgent():
        return lane(Lane.URGENT, user)
    return lane(Lane.BACKGROUND if is_background else Lane.NORMAL, user)


def _severa(
    config: Config,
    session: aiohttp.ClientSession,
    budget: SeveraBudget,
    clock: Callable[[], datetime],
    timeout_s: float,
) -> SeveraClient:
    return SeveraClient(
        config.severa.base_url,
        config.severa.client_id,
        config.severa.client_secret(),
        session=session,
        spend=budget.spend,
        monotonic=_monotonic(clock),
        tell=lambda what: logs.report("severa.unreadable", what=what),
        limited=budget.limited,
        timeout_s=timeout_s,
    )


def _google_client(
    config: Config,
    session: aiohttp.ClientSession,
    budget: GoogleBudget,
    clock: Callable[[], datetime],
    timeout_s: float,
) -> Callable[[ServiceAccount], GoogleClient]:
    monotonic = _monotonic(clock)

    def client_of(account: ServiceAccount) -> GoogleClient:
        return GoogleClient(
            api_root=config.google.api_root,
            token_uri=config.google.token_uri,
            session=session,
            account=account,
            spend=budget.spend,
            limited=budget.limited,
            now=clock,
            monotonic=monotonic,
            jitter=lambda: random.random() * TOKEN_JITTER_SECONDS,  # noqa: S311 - Spreads load.
            timeout_s=timeout_s,
        )

    return client_of


def _monotonic(clock: Callable[[], datetime]) -> Callable[[], float]:
    """Return the seconds that tokens age by: the machine's steady clock, or a clock that was handed in."""
    if clock is now:
        return asyncio.get_running_loop().time
    return lambda: clock().timestamp()


def _rules(config: Config) -> Rules:
    return Rules(
        winner=Side(config.sync.conflict_winner),
        default_type="user" if config.severa.default_type == "user" else "",
        skipped_kinds=config.google.skip_event_types,
        removes_declined=config.google.declined == "remove",
        initial=timedelta(days=config.sync.initial_days),
        history=timedelta(days=config.store.history_days),
        presence_ttl=config.sync.presence_ttl,
        is_login_required=config.sync.require_login,
        domains=config.google.domains,
        poll_interval=config.sync.poll_interval,
    )
