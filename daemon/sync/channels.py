"""Keeps one live push channel for each enabled user, and stops those that are wanted no more (T6).

A row is stored before Google is asked, so that no channel is open that nobody knows of.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from daemon.core.account import Account, Settings
from daemon.core.channel import (
    ADDRESS_REFUSALS,
    ADDRESS_REFUSED_FOR,
    LIFE_ASKED,
    LIMITED,
    REFUSED_FOR,
    Channel,
    ChannelState,
    Target,
    begun,
    ending,
    opened,
    put_off,
    refused,
    unclear,
)
from daemon.core.channel_plan import Opening, Plan, planned, targets
from daemon.core.company import User
from daemon.core.schedule import pause
from daemon.errors import (
    CompanyRefused,
    RateLimited,
    Refused,
    SyncError,
    Transient,
    UserRefused,
)
from daemon.secret import Secret
from daemon.sync.ports import Transaction
from daemon.sync.register import Register
from daemon.sync.tools import Tools

CALLS_MAX: Final = 100
"""How many calls one turn makes at most, so that it notices what has changed meanwhile."""
CALLS_AT_ONCE: Final = 4
STOPS_AT_ONCE: Final = 16
"""At the very end nothing else needs the line."""
REST_MAX: Final = timedelta(minutes=5)
NOT_UNIQUE: Final = "channelIdNotUnique"


class ChannelKeeper:
    """Opens, renews and stops channels, a bounded number at a time; one user's failure is that user's alone."""

    def __init__(
        self, tools: Tools, register: Register, *, url: str, notice: Callable[[str], object]
    ) -> None:
        """`url` is where Google is to push to, empty for nowhere; `notice` asks for a look at a user's calendar."""
        self._tools, self._register, self._url, self._notice = tools, register, url, notice
        self._turn = asyncio.Lock()
        self._is_loaded = False
        self._faults = 0
        self._rests_until: datetime | None = None

    async def load(self) -> None:
        """Take up the channels that were kept; pushes that come before are not known."""
        self._register.keep(await self._tools.store.read(lambda tx: tx.channels()))
        self._is_loaded = True

    async def channels(self) -> Mapping[str, Sequence[Channel]]:
        """Return the channels by user, as they were heard of last."""
        kept: dict[str, list[Channel]] = {}
        stored = () if self._is_loaded else await self._tools.store.read(lambda tx: tx.channels())
        for channel in self._register.channels if self._is_loaded else stored:
            kept.setdefault(channel.user, []).append(channel)
        return kept

    async def keep(self) -> datetime | None:
        """Do what is due now, at most `CALLS_MAX` calls, and return when to be called again.

        Raises:
            SyncError: The store does not answer.
        """
        async with self._turn:
            if self._is_resting():
                return self._rests_until
            wanted = await self._wanted()
            self._register.judge()
            await self._keep(save=self._register.unsaved())
            plan = self._plan(wanted)
            await self._keep(forget=plan.forget)
            calls = [partial(self._open, opening) for opening in plan.open]
            stops = [partial(self._stop, channel) for channel in plan.stop]
            await _together([*calls, *stops][:CALLS_MAX], at_once=CALLS_AT_ONCE)
            if self._is_resting():
                return self._rests_until
            plan = self._plan(wanted)
            is_more = plan.open or plan.stop or plan.forget
            return self._tools.now() if is_more else plan.next_at

    async def stop_all(self, within_s: float) -> None:
        """Stop what can be stopped within this time; the rest ends by itself, or is taken up at the next start."""
        async with self._turn:
            stops = [partial(self._stop, channel) for channel in self._plan({}).stop]
            try:
                async with asyncio.timeout(within_s):
                    await _together(stops, at_once=STOPS_AT_ONCE)
            except TimeoutError:
                left = sum(c.state is not ChannelState.REFUSED for c in self._register.channels)
                self._tools.report("channels.left", count=left)

    # What is due

    async def _wanted(self) -> Mapping[str, Target]:
        async def asked(tx: Transaction) -> tuple[Settings, Sequence[Account]]:
            settings = await tx.settings()
            return settings, await tx.accounts() if settings.is_on and self._url else ()

        settings, accounts = await self._tools.store.read(asked)
        return targets(
            accounts,
            url=self._url,
            maker=settings.service_account,
            domains=self._tools.rules.domains,
        )

    def _plan(self, wanted: Mapping[str, Target]) -> Plan:
        return planned(wanted, self._register.channels, self._tools.now())

    def _is_resting(self) -> bool:
        return self._rests_until is not None and self._rests_until > self._tools.now()

    def _rest(self) -> None:
        """Nothing works for anybody: the engine tells that; here it is only waited for."""
        wait = min(pause(self._faults, self._tools.chance()), REST_MAX)
        self._faults += 1
        self._rests_until = self._tools.now() + wait

    # Opening

    async def _open(self, opening: Opening) -> None:
        if self._is_resting() or self._is_refused(opening.target.url):
            return
        token = Secret(self._tools.new_id() + self._tools.new_id())
        now, name = self._tools.now(), self._tools.new_id()
        row = begun(name, opening.user, opening.target, token, now=now, before=opening.before)
        was_refused = [c for c in self._register.of(row.user) if c.state is ChannelState.REFUSED]
        await self._keep(save=[row], forget=was_refused)
        try:
            answer = await self._tools.google.watch(
                _user(row), row.id, token, address=row.target.url, life=LIFE_ASKED
            )
        except CompanyRefused:
            await self._keep(forget=[row])
            self._rest()
        except SyncError as error:
            await self._failed(row, opening.attempts, error)
        except Exception as error:
            self._tools.report("channel.fault", user=row.user, exc_info=error)
            await self._failed(row, opening.attempts, Transient(type(error).__name__))
        else:
            self._faults, now = 0, self._tools.now()
            row = opened(self._latest(row), answer, now=now, chance=self._tools.chance())
            await self._keep(save=[row, *self._replaced(row)])
            self._tools.report("channel.opened", user=row.user)
            if opening.before is None:
                # What changed while nobody listened has not been told.
                self._notice(row.user)

    def _replaced(self, by: Channel) -> list[Channel]:
        channels = self._register.of(by.user)
        return [
            ending(one) for one in channels if one.id != by.id and one.state is ChannelState.ACTIVE
        ]

    async def _failed(self, row: Channel, attempts: int, error: SyncError) -> None:
        row, now, chance = self._latest(row), self._tools.now(), self._tools.chance()
        reason = _reason(error)
        if isinstance(error, RateLimited):
            wait = _wait(error, attempts, chance)
            row = refused(row, LIMITED, wait, attempts, now=now)
        elif isinstance(error, Transient) or reason == NOT_UNIQUE:
            # Of our random ids one is only taken if an earlier try was carried out after all.
            row = unclear(row, attempts, now=now, chance=chance)
        else:
            row = refused(row, reason, _how_long(error, reason), attempts, now=now)
        await self._keep(save=[row])
        is_refused = row.state is ChannelState.REFUSED and row.reason != LIMITED
        self._tools.report(
            "channel.refused" if is_refused else "channel.failed", user=row.user, reason=reason
        )

    def _is_refused(self, url: str) -> bool:
        """Tell whether somebody's channel was refused just now for an address that is everybody's."""
        now = self._tools.now()
        return any(
            c.target.url == url and c.reason.startswith(ADDRESS_REFUSALS) and c.is_paused(now)
            for c in self._register.channels
            if c.state is ChannelState.REFUSED
        )

    # Stopping

    async def _stop(self, channel: Channel) -> None:
        if self._is_resting():
            return
        try:
            await self._tools.google.stop(_user(channel), channel.id, channel.resource_id)
        except CompanyRefused:
            self._rest()
        except SyncError as error:
            await self._unstopped(channel, error)
        except Exception as error:
            self._tools.report("channel.fault", user=channel.user, exc_info=error)
            await self._unstopped(channel, Transient(type(error).__name__))
        else:
            self._faults = 0
            await self._keep(forget=[channel])
            self._tools.report("channel.stopped", user=channel.user)

    async def _unstopped(self, channel: Channel, error: SyncError) -> None:
        """It is heard until it is stopped or has ended."""
        latest = self._latest(channel)
        attempts = latest.attempts if latest.state is ChannelState.EXPIRING else 0
        wait = _wait(error, attempts, self._tools.chance())
        now, reason = self._tools.now(), _reason(error)
        row = put_off(ending(latest), reason, wait, attempts=attempts + 1, now=now)
        await self._keep(save=[row])
        self._tools.report("channel.failed", user=row.user, reason=reason)

    # The store

    def _latest(self, row: Channel) -> Channel:
        """Return a channel with what was heard of it since: the greeting comes before the answer."""
        return self._register.channel(row.id) or row

    async def _keep(self, save: Sequence[Channel] = (), forget: Collection[Channel] = ()) -> None:
        names = [channel.id for channel in forget]

        async def work(tx: Transaction) -> None:
            await tx.forget_channels(names)
            await tx.save_channels(save)

        if save or names:
            await self._tools.store.write(work)
            self._register.drop(names)
            self._register.keep(save)


async def _together(jobs: Sequence[Callable[[], Awaitable[None]]], *, at_once: int) -> None:
    """Do all of these, so many at once; one that fails keeps no other from its end."""
    slots = asyncio.Semaphore(at_once)

    async def one(job: Callable[[], Awaitable[None]]) -> None:
        async with slots:
            await job()

    done = await asyncio.gather(*map(one, jobs), return_exceptions=True)
    for result in done:
        if isinstance(result, BaseException):
            raise result


def _user(channel: Channel) -> User:
    """Return whom a channel belongs to in Google, which may be the address of before."""
    return User(channel.user, channel.target.calendar)


def _reason(error: SyncError) -> str:
    return (error.reason if isinstance(error, Refused) else "") or type(error).__name__


def _wait(error: SyncError, attempts: int, chance: float) -> timedelta:
    wait = pause(attempts, chance)
    if isinstance(error, RateLimited) and error.retry_after is not None:
        return max(wait, timedelta(seconds=error.retry_after))
    return wait


def _how_long(error: SyncError, reason: str) -> timedelta:
    is_mended_by_hand = isinstance(error, UserRefused) or reason.startswith(ADDRESS_REFUSALS)
    return ADDRESS_REFUSED_FOR if is_mended_by_hand else REFUSED_FOR
