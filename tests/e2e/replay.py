"""Plays the representative day with faults: at the same call of every step, each judged by a day without any."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from daemon.runtime import logs
from daemon.sandbox.faults import Call, Fault
from tests.e2e.day import STEPS, TYPES, USERS, Day, Picture, unlike_pictures
from tests.e2e.inside import PAUSE, Inside, inside

FIRST = "first-sync"
ALL_STEPS: Mapping[str, Callable[[Day], None]] = {FIRST: Day.nothing, **STEPS}
HTML = {"Content-Type": "text/html"}
PAGE = "<html><body>Please come back later.</body></html>"
FAULTS: Mapping[str, Fault] = {
    "refused": Fault("*", "*", "refuse", status=503),
    "limited": Fault("*", "*", "refuse", status=429, headers={"Retry-After": "30"}),
    "unauthorized": Fault("*", "*", "refuse", status=401),
    "page": Fault("*", "*", "refuse", status=200, body=PAGE, headers=HTML),
    "reset": Fault("*", "*", "drop"),
    "lost": Fault("*", "*", "lose_reply"),
    "cut": Fault("*", "*", "cut"),
    # Carried out when the daemon has given up: at the end of that round, or two rounds later.
    "late": Fault("*", "*", "delay", seconds=1),
    "much-later": Fault("*", "*", "delay", seconds=3),
    # Of listings; any other call is answered as ever.
    "short": Fault("*", "*", "short"),
    "repeated": Fault("*", "*", "repeat"),
}
LATE_TIMEOUT_S = 0.3
TIMEOUT_S = 30.0
ROUNDS_MAX = 60
SOON = 12
"""For so many rounds the clock moves as the timer does; then faster, so that pauses and claims come to an end."""
WAIT = timedelta(minutes=6)
CLAIMS_OVER = timedelta(minutes=20)


@dataclass(frozen=True, slots=True)
class Part:
    """One step of a day without faults: how it ended, and the calls until nothing was left to write."""

    picture: Picture
    calls: tuple[Call, ...]


@dataclass
class Played:
    """A day as it was played, and what was wrong with it."""

    parts: dict[str, Part] = field(default_factory=dict)
    met: Counter[str] = field(default_factory=Counter)
    """How often a call (vendor and operation) met the fault."""
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Trouble:
    """One kind of fault at one call (counted from 0) of each of these steps."""

    fault: str
    call: int
    steps: Collection[str]


Prepare = Callable[[Inside], None]


async def play(
    trouble: Trouble | None = None,
    *,
    wanted: Mapping[str, Part] | None = None,
    steps: Sequence[str] = tuple(ALL_STEPS),
    prepare: Prepare = lambda _: None,
) -> Played:
    """Play these steps of the day; each is to end as `wanted`, or where nothing is, with both sides the same."""
    kind = FAULTS[trouble.fault].kind if trouble else ""
    timeout_s = LATE_TIMEOUT_S if kind == "delay" else TIMEOUT_S
    with TemporaryDirectory() as path:
        async with inside(Path(path), timeout_s=timeout_s) as company:
            company.selected = TYPES
            prepare(company)
            day = Day(company)
            day.furnish()
            await company.switch_on(*USERS)
            return await _Player(company, day, trouble, wanted).play(steps)


def played(trouble: Trouble, wanted: Mapping[str, Part]) -> Played:
    """Play the day up to the step after the last one that meets the fault."""
    names = list(ALL_STEPS)
    last = max(names.index(name) for name in trouble.steps)
    return asyncio.run(play(trouble, wanted=wanted, steps=names[: last + 2]))


def quietly() -> None:
    """Keep the daemon's log lines out of what is printed."""
    logs.configure("critical", "console")


class _Player:
    def __init__(
        self,
        company: Inside,
        day: Day,
        trouble: Trouble | None,
        wanted: Mapping[str, Part] | None,
    ) -> None:
        self._company, self._day = company, day
        self._trouble, self._wanted = trouble, wanted
        self._played = Played()

    async def play(self, steps: Sequence[str]) -> Played:
        for name in steps:
            await self._step(name)
            if self._played.failures:
                return self._played
        await self._rest(steps[-1])
        return self._played

    async def _step(self, name: str) -> None:
        faults = self._company.faults
        faults.journal.clear()
        if self._trouble and name in self._trouble.steps:
            faults.order(replace(FAULTS[self._trouble.fault], after=self._trouble.call))
        ALL_STEPS[name](self._day)
        calls, is_settled = await self._settle(name)
        if faults.hit:
            self._played.met[f"{faults.hit[0]} {faults.hit[1]}"] += 1
        faults.forget()
        self._played.parts[name] = Part(self._day.picture(), calls)
        if not is_settled:
            self._fail(name)

    async def _settle(self, name: str) -> tuple[tuple[Call, ...], bool]:
        """Go round until nothing is written any more; return the calls until then, and whether all is well."""
        company, calls, quiet = self._company, 0, 0
        for number in range(ROUNDS_MAX):
            before = company.writes()
            await company.round(PAUSE if number < SOON else WAIT)
            if company.writes() > before or not number:
                calls, quiet = len(company.faults.journal), 0
            else:
                quiet += 1
            if quiet and self._is_as_wanted(name):
                return tuple(company.faults.journal)[:calls], True
        return tuple(company.faults.journal), False

    async def _rest(self, name: str) -> None:
        """Let every claim come to its end, and check that it changes nothing and that then nothing is written."""
        for _ in range(2):
            await self._company.round(CLAIMS_OVER)
        before = self._company.writes()
        for _ in range(2):
            await self._company.round()
        if self._company.writes() > before:
            self._played.failures.append(f"{name}: it is not quiet at the end")
        if not self._is_as_wanted(name):
            self._fail(f"{name}, at rest")
        self._played.failures += [f"at the end: {one}" for one in await self._company.problems()]
        if odd := set(self._company.faults.mails) - {"none"}:
            self._played.failures.append(f"guests are mailed: {odd}")

    def _is_as_wanted(self, name: str) -> bool:
        return not self._differences(name)

    def _differences(self, name: str) -> list[str]:
        if self._wanted is None:
            return self._day.complaints()
        return unlike_pictures(self._wanted[name].picture, self._day.picture())

    def _fail(self, name: str) -> None:
        step = name.partition(",")[0]
        told = self._differences(step)
        self._played.failures += [f"{name}: {one}" for one in told or ["it does not come to rest"]]
