"""The weather of a day: spells in which something is wrong with vendors, network, pushes, or the machine."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from typing import Any

from daemon.sandbox.faults import Fault
from daemon.sandbox.google.switches import Switches

from .network import Lines
from .town import ADDRESSES, DAEMON, Town

KINDS = ("refuse", "html", "lose_reply", "cut", "drop", "delay", "late", "short", "repeat")
LATE_S = (20.0, 300.0)
"""A delay longer than the daemon waits, and a request that is carried out long after its connection broke."""


@dataclass(slots=True)
class Weather:
    """Lets one spell follow another until it is over; `hour` is how long an hour's outage lasts in this day."""

    town: Town
    rng: Random
    hour: float = 3600.0
    spells: Counter[str] = field(default_factory=Counter)
    _until: float = 0.0

    async def blow(self, until: float) -> None:
        """Change the weather until the loop's clock shows `until`, then let it be fair."""
        self._until = until
        while self._until > self.town.stage.loop.time():
            spell = self.rng.choices(tuple(SPELLS), list(SPELLS.values()))[0]
            self.spells[spell.__name__] += 1
            self.town.tell(f"--- {spell.__name__}")
            await spell(self)
            await self._lasts(0.02, 0.15)
            await self.clear_up()

    async def clear_up(self) -> None:
        """End every spell, and let the daemon run."""
        town = self.town
        town.tell("--- fair")
        town.faults.clear()
        town.stage.network.lines.clear()
        town.stage.databases.told = lambda: None
        town.stage.databases.full = 0.0
        town.sandbox.google.switches = Switches()
        town.daemon.off_by = timedelta()
        if not town.daemon.is_running:
            await town.daemon.start()

    # Vendors

    async def fair(self) -> None:
        """Let nothing be wrong."""
        await self._lasts(0.1, 0.3)

    async def rough(self) -> None:
        """Let calls fail by chance in every way there is."""
        vendor = self.rng.choice(("severa", "google", "*"))
        kinds = self.rng.sample(KINDS, self.rng.randint(2, len(KINDS)))
        dice = Random(self.rng.random())  # noqa: S311 - By the seed.
        chance = self.rng.choice((0.02, 0.1, 0.3))
        self.town.faults.chance(
            chance,
            dice,
            kinds,
            vendor=vendor,
            status=self.rng.choice((500, 502, 503, 504)),
            seconds=self.rng.uniform(*LATE_S),
        )
        await self._lasts(0.1, 0.5)

    async def outage(self) -> None:
        """Let a vendor answer nothing but errors, or nothing at all."""
        vendor = self.rng.choice(("severa", "google"))
        how = self.rng.choice(("errors", "refuses", "html"))
        if how == "refuses":
            self._lines(vendor).refuses = True
        else:
            kind = "refuse" if how == "errors" else "html"
            dice = Random(self.rng.random())  # noqa: S311
            self.town.faults.chance(1.0, dice, (kind,), vendor=vendor, status=503)
        self.town.tell(f"    of {vendor}: {how}")
        await self._lasts(0.5, 3)

    async def limits(self) -> None:
        """Let a vendor say that it was asked too much."""
        wait = {"Retry-After": str(self.rng.choice((1, 10, 60, 300)))}
        headers = wait if self.rng.random() < 0.6 else {}
        times = self.rng.choice((1, 5, 50))
        if self.rng.random() < 0.3:
            fault = Fault("severa", "*", "refuse", 429, headers=headers, times=times)
        else:
            names = ("userRateLimitExceeded", "rateLimitExceeded", "rateLimitExceeded:429")
            error = self.rng.choice(names)
            fault = Fault("google", "*", "refuse", error=error, headers=headers, times=times)
        self.town.faults.order(fault)
        await self._lasts(0.1, 0.3)

    async def forgotten(self) -> None:
        """Let Google forget tokens, sync tokens or channels."""
        google = self.town.sandbox.google
        self.rng.choice((google.expire_tokens, google.expire_sync_tokens, google.expire_channels))()
        if self.rng.random() < 0.5:
            self.town.sandbox.severa.expire_tokens()

    # Pushes

    async def pushes(self) -> None:
        """Let pushes be lost, doubled, late or out of order."""
        google = self.town.sandbox.google
        google.switches = replace(
            google.switches,
            push_loses_every=self.rng.choice((0, 2, 3)),
            push_doubles=self.rng.random() < 0.5,
            push_swaps=self.rng.random() < 0.5,
            push_delay_s=self.rng.choice((0.0, 0.2, 5.0, 120.0)),
            push_merges=self.rng.random() < 0.3,
        )
        await self._lasts(0.2, 0.6)

    # Network

    async def silence(self) -> None:
        """Let nothing get through to somebody for minutes; then all of it arrives."""
        self._somebody().silent_until = self.town.stage.loop.time() + self.rng.uniform(20, 600)
        await self._lasts(0.1, 0.2)

    async def breaking(self) -> None:
        """Let connections break before or after what was sent has arrived."""
        lines = self._somebody()
        lines.cut_before, lines.cut_after, lines.refused = (self.rng.uniform(0, 0.1) for _ in "123")
        await self._lasts(0.1, 0.4)

    # The machine

    async def killed(self) -> None:
        """Kill the daemon in the middle of things, once or a few times, and start it again."""
        for _ in range(self.rng.randint(1, 4)):
            dead = asyncio.Event()
            self.town.daemon.kill_after(self.rng.choice((5, 50, 500)), dead.set)
            await dead.wait()
            self.town.witness_kill()
            await asyncio.sleep(self.rng.uniform(0.1, 60))
            await self.town.daemon.start()

    async def restarted(self) -> None:
        """Stop the daemon in order and start it again."""
        await self.town.daemon.stop()
        await asyncio.sleep(self.rng.uniform(0.1, 20))
        await self.town.daemon.start()

    async def away(self) -> None:
        """Let the daemon be away for hours."""
        if self.rng.random() < 0.5:
            self.town.daemon.kill()
            self.town.witness_kill()
        else:
            await self.town.daemon.stop()
        await self._lasts(1, 8)
        await self.town.daemon.start()

    async def disk_full(self) -> None:
        """Let the disk have room for nothing, or only now and then."""
        self.town.stage.databases.full = self.rng.choice((0.05, 0.5, 1.0))
        await self._lasts(0.02, 0.3)

    async def clock_set(self) -> None:
        """Set the machine's clock forward or back; it is put right later."""
        self.town.daemon.off_by = timedelta(seconds=self.rng.uniform(-3600, 3600))
        self.town.tell(f"    the clock is off by {self.town.daemon.off_by}")
        await self._lasts(0.1, 0.5)

    def _lines(self, vendor: str) -> Lines:
        return self.town.stage.network.lines_to(ADDRESSES[vendor])

    def _somebody(self) -> Lines:
        return self.town.stage.network.lines_to(self.rng.choice((*ADDRESSES.values(), DAEMON)))

    async def _lasts(self, least: float, most: float) -> None:
        """Let so many hours pass, or what is left of the day."""
        left = self._until - self.town.stage.loop.time()
        await asyncio.sleep(min(self.hour * self.rng.uniform(least, most), max(left, 0.0)))


SPELLS: dict[Callable[[Weather], Awaitable[Any]], float] = {
    Weather.fair: 2,
    Weather.rough: 4,
    Weather.outage: 1,
    Weather.limits: 2,
    Weather.forgotten: 2,
    Weather.pushes: 2,
    Weather.silence: 1.5,
    Weather.breaking: 2,
    Weather.killed: 3,
    Weather.restarted: 1,
    Weather.away: 0.5,
    Weather.clock_set: 1,
    Weather.disk_full: 1,
}
