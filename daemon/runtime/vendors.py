"""What a configuration means for each vendor: clients, budgets, rules."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import aiohttp

from daemon.config import Config
from daemon.core.link import Side
from daemon.core.pollplan import allowance_of
from daemon.google.client import GoogleClient
from daemon.google.credentials import ServiceAccount
from daemon.runtime import logs
from daemon.runtime.budget import GoogleBudget, Lane, SeveraBudget, is_urgent, lane
from daemon.severa.client import SeveraClient
from daemon.sync.tools import Rules

BASE32HEX: Final = "0123456789abcdefghijklmnopqrstuv"
TOKEN_JITTER_SECONDS: Final = 120

Called = Callable[[str, int, float], None]
"""Takes a method's name, the answer's status (0 for none) and how many seconds it took."""


@dataclass(frozen=True, slots=True)
class Budgets:
    """What may be asked of each vendor; both tell how long was waited."""

    severa: SeveraBudget
    google: GoogleBudget


def now() -> datetime:
    """Return the present instant."""
    return datetime.now(UTC)


def new_id(rng: random.Random) -> str:
    """Return 128 random bits and more in the alphabet of Google's event ids."""
    number = rng.getrandbits(130)
    return "".join(BASE32HEX[(number >> shift) & 31] for shift in range(0, 130, 5))


def budgets_of(
    config: Config,
    clock: Callable[[], datetime],
    monotonic: Callable[[], float],
    sleep: Callable[[float], Awaitable[None]],
    rng: random.Random,
) -> Budgets:
    """Return the limits that both vendors set, as the configuration has them."""
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


def lane_of(user: str, *, is_background: bool) -> AbstractContextManager[None]:
    """Return the turns of a user; what is served at once stays urgent."""
    if is_urgent():
        return lane(Lane.URGENT, user)
    return lane(Lane.BACKGROUND if is_background else Lane.NORMAL, user)


def severa_client(
    config: Config,
    session: aiohttp.ClientSession,
    budget: SeveraBudget,
    monotonic: Callable[[], float],
    timeout_s: float,
    called: Called,
) -> SeveraClient:
    """Return the client of the company that is configured; `called` is told of each request."""
    return SeveraClient(
        config.severa.base_url,
        config.severa.client_id,
        config.severa.client_secret(),
        session=session,
        spend=budget.spend,
        monotonic=monotonic,
        tell=lambda what: logs.report("severa.unreadable", what=what),
        limited=budget.limited,
        called=called,
        timeout_s=timeout_s,
    )


def google_clients(
    config: Config,
    session: aiohttp.ClientSession,
    budget: GoogleBudget,
    clock: Callable[[], datetime],
    monotonic: Callable[[], float],
    *,
    chance: Callable[[], float],
    timeout_s: float,
    called: Called,
) -> Callable[[ServiceAccount], GoogleClient]:
    """Return what makes a client for a service account; `called` is told of each request."""

    def client_of(account: ServiceAccount) -> GoogleClient:
        return GoogleClient(
            api_root=config.google.api_root,
            token_uri=config.google.token_uri,
            session=session,
            account=account,
            spend=budget.spend,
            limited=budget.limited,
            called=called,
            now=clock,
            monotonic=monotonic,
            jitter=lambda: chance() * TOKEN_JITTER_SECONDS,
            timeout_s=timeout_s,
        )

    return client_of


def monotonic_of(clock: Callable[[], datetime]) -> Callable[[], float]:
    """Return the seconds that tokens age by: the machine's steady clock, or a clock that was handed in."""
    if clock is now:
        return asyncio.get_running_loop().time
    return lambda: clock().timestamp()


def rules_of(config: Config) -> Rules:
    """Return what the engine is to know of the configuration."""
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
        polls=allowance_of(
            config.google.requests_per_minute,
            config.google.requests_per_minute_per_user,
            config.google.requests_per_day,
        ),
        severa_per_second=config.severa.requests_per_second,
    )
