"""Plays the representative day with a daemon that is killed at random moments."""

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from aiohttp import web

from daemon.sandbox.faults import Fault, Faults, Handler
from daemon.sandbox.google.switches import Limits
from daemon.sandbox.server import Sandbox
from tests.e2e.day import STEPS, TYPES, USERS, Day, unlike_pictures
from tests.e2e.installation import Installation
from tests.e2e.replay import FIRST, Part, play, quietly

CALLS_MAX = 30
"""A step of the day makes about so many calls."""
MOMENT_MAX_S = 0.6
LIVES_MAX_S = 3.0
"""A step that makes fewer calls than a kill was to wait for is over by then."""
PATIENCE_S = 40.0


class Reaper(Faults):
    """Calls that kill whom they come from: when they arrive, or when they are carried out and not answered yet."""

    def __init__(self) -> None:
        super().__init__()
        self._calls, self._is_before, self._kill = 0, False, lambda: None

    def arm(self, kill: Callable[[], None], *, calls: int, is_before: bool) -> None:
        """Kill at this many calls from now."""
        self._kill, self._calls, self._is_before = kill, calls, is_before

    async def _answer(
        self,
        request: web.Request,
        handler: Handler,
        call: tuple[str, str, str],
        fault: Fault | None,
    ) -> web.StreamResponse:
        self._calls -= 1
        is_now = self._calls == 0
        if is_now and self._is_before:
            self._kill()
        answer = await super()._answer(request, handler, call, fault)
        if is_now:
            self._kill()
        return answer


class Killer:
    """Plays days of one company, each step with one or two kills, and counts them."""

    def __init__(self, wanted: Mapping[str, Part], chance: Random, kills_max: int) -> None:
        self._wanted, self._chance = wanted, chance
        self._left = kills_max
        self.kills = 0
        self.steps = 0

    async def day(self) -> None:
        """Play one day; after each step both sides are to be as on a day without kills, and quiet at the end."""
        async with _company() as (company, reaper):
            day = Day(company)
            day.furnish()
            await company.start()
            await company.set_up(*TYPES)
            await self._step(company, reaper, day, FIRST, lambda: _switch_on(company))
            for name, step in STEPS.items():
                if self._left > self.kills:
                    await self._step(company, reaper, day, name, lambda step=step: _act(step, day))  # type: ignore[misc]
            await company.is_quiet(3)
            assert await company.problems() == []

    async def _step(
        self,
        company: Installation,
        reaper: Reaper,
        day: Day,
        name: str,
        act: Callable[[], Awaitable[None]],
    ) -> None:
        await act()
        for _ in range(min(self._chance.randint(1, 2), self._left - self.kills)):
            await self._kill(company, reaper)
        wanted = self._wanted[name].picture
        with suppress(AssertionError):
            await company.until(lambda: day.picture() == wanted, PATIENCE_S)
        differences = unlike_pictures(wanted, day.picture())
        assert not differences, "\n".join([f"{name}, {self.kills} kills:", *differences])
        self.steps += 1

    async def _kill(self, company: Installation, reaper: Reaper) -> None:
        """Wake the daemon, kill it at one of its next calls or at any moment, and start it again."""
        process = company.process
        assert process is not None
        seconds = LIVES_MAX_S
        if self._chance.random() < 0.3:
            seconds = self._chance.uniform(0, MOMENT_MAX_S)
        else:
            calls = self._chance.randint(1, CALLS_MAX)
            is_before = self._chance.random() < 0.3
            reaper.arm(process.kill, calls=calls, is_before=is_before)
        # Whoever visits the profile is told nothing when the daemon dies of it.
        visiting = asyncio.create_task(company.visit(USERS[0]))
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), seconds)
        if process.returncode is None:
            process.kill()
        await company.died()
        await asyncio.gather(visiting, return_exceptions=True)
        self.kills += 1
        await company.start()


@asynccontextmanager
async def _company() -> AsyncIterator[tuple[Installation, Reaper]]:
    with TemporaryDirectory() as path:
        sandbox, reaper = Sandbox(), Reaper()
        sandbox.faults = reaper
        async with sandbox:
            sandbox.google.limits = Limits(user_minute=None, project_minute=None, project_day=None)
            company = Installation(sandbox, path=Path(path))
            company.furnish()
            company.configure()
            try:
                yield company, reaper
            finally:
                await company.stop()


async def _switch_on(company: Installation) -> None:
    for person in USERS:
        await company.switch(person)


async def _act(step: Callable[[Day], None], day: Day) -> None:
    step(day)


async def killed(kills: int, seed: int, days_max: int = 1000) -> Killer:
    """Play days until the daemon was killed so often, or so many days are over."""
    reference = await play()
    assert not reference.failures, reference.failures
    killer = Killer(reference.parts, Random(seed), kills)  # noqa: S311 - The same kills each time.
    for _ in range(days_max):
        if killer.kills >= kills:
            break
        await killer.day()
    return killer


def main() -> int:
    """Play what was asked for and return the exit code."""
    parser = argparse.ArgumentParser(prog=".ci/kills", description=__doc__)
    parser.add_argument("kills", type=int, nargs="?", default=100)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    quietly()
    started = time.monotonic()
    try:
        killer = asyncio.run(killed(asked.kills, asked.seed))
    except AssertionError as error:
        print(f"FAILED .ci/kills {asked.kills} --seed {asked.seed}\n{error}")
        return 1
    took = time.monotonic() - started
    print(f"{killer.kills} kills in {killer.steps} steps, each ended as it should ({took:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
