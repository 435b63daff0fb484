"""One day: people and faults for hours, then calm, then the promises, then an hour in which nothing is written."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from .beside import OUTSIDERS, Host
from .faults import Weather
from .judge import LOOK_MAX, broken_promises, oldest_look
from .ledger import Ledger, number_in
from .people import Person, furnish, live
from .stage import Stage, play
from .town import Town, new_town, start_of
from .witness import Witness

CHANGE = start_of("2026-03-29T01:00")
"""When the clocks in Europe go forward; it is the middle of every day that is played."""
NAMES = ("Anna", "Ben", "Clara", "Dan", "Eva", "Finn", "Gro", "Hugo", "Ida", "Jon")
ZONES = ("Europe/Helsinki", "Europe/Helsinki", "Europe/Oslo", "Europe/London")
SWITCHING_ON_STEPS, SWITCHING_ON_STEP_S = 360, 10.0
CALM_STEPS, CALM_STEP_S = 10, 600.0
"""At most longer than the longest pause between two tries, which is an hour."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much happens in a day."""

    users: int = 8
    hours: float = 2.0
    acts_per_hour: float = 6.0
    entries: int = 6
    """How many each person has on the first morning."""
    poll_s: float = 30.0
    quiet_s: float = 3600.0
    faults: bool = True

    @property
    def start(self) -> datetime:
        """Return when the day begins."""
        return CHANGE - timedelta(hours=self.hours / 2)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a day ended."""

    seed: int
    broken: tuple[str, ...]
    trace: str
    story: tuple[str, ...]
    counts: Counter[str] = field(default_factory=Counter)


def play_day(seed: int, path: Path, plan: Plan) -> Outcome:
    """Play the day of a seed; its files are put into a directory."""
    return play(seed, plan.start, lambda stage: Day(stage, path, plan).run())[0]


class Day:
    """Everybody and everything in a day."""

    def __init__(self, stage: Stage, path: Path, plan: Plan) -> None:
        self.stage, self.plan = stage, plan
        self.town: Town = new_town(stage, path)
        self.ledger = Ledger()
        self.people: list[Person] = []
        self.listed: set[int] = set()
        self.broken: list[str] = []
        self.counts: Counter[str] = Counter()

    async def run(self) -> Outcome:
        """Let the day pass, and judge it."""
        with self.town.listening():
            await self._morning()
            await self._hours()
            await self._evening()
            trace = self.stage.trace()
            await self.town.close()
        return Outcome(
            self.stage.seed, tuple(self.broken), trace, tuple(self.town.story), self.counts
        )

    async def _morning(self) -> None:
        """Furnish the company and let everybody switch the sync on."""
        plan, town = self.plan, self.town
        await town.open(sync={"poll_interval": plan.poll_s})
        self.witness = Witness(town, self.ledger)
        # Of who joins or leaves only a trigger would tell otherwise, and those get lost.
        stamping = replace(town.sandbox.severa.switches, participants_stamp=True)
        town.sandbox.severa.switches = stamping
        for number in range(plan.users):
            name = NAMES[number] if number < len(NAMES) else f"User{number}"
            town.person(name, zone=ZONES[number % len(ZONES)])
            dice = self.stage.rng(f"person {name}")
            self.people.append(Person(name, town, self.ledger, dice))
        for outsider in OUTSIDERS:
            town.sandbox.google.add_user(outsider, outside=True)
        self.host = Host(town, self.ledger, self.stage.rng("host"))
        for person in self.people:
            furnish(person, plan.entries)
            self.host.invite()
        await town.daemon.start()
        await town.set_up()
        await self._everybody_in()
        for _ in range(SWITCHING_ON_STEPS):
            await asyncio.sleep(SWITCHING_ON_STEP_S)
            if {row["state"] for row in await self._ask("users")} == {"idle"}:
                return
        raise AssertionError("Not everybody's first sync came to its end.")

    async def _hours(self) -> None:
        """Let people act while the weather changes."""
        plan, loop = self.plan, self.stage.loop
        until = loop.time() + plan.hours * 3600
        hour = 3600 * min(1.0, plan.hours / 12)
        weather = Weather(self.town, self.stage.rng("weather"), hour=hour)
        async with asyncio.TaskGroup() as group:
            for one in (*self.people, self.host):
                group.create_task(live(one, plan.acts_per_hour, until))
            if plan.faults:
                group.create_task(weather.blow(until))
        await weather.clear_up()
        self.counts.update({f"spell: {name}": n for name, n in weather.spells.items()})

    async def _evening(self) -> None:
        """Let it be calm until all is as promised, or long enough; then see that nothing more is written."""
        began, listed = self.stage.loop.time(), dict[int, str]()
        await self._everybody_in()
        for _ in range(CALM_STEPS):
            await self._approve_what_is_held()
            await asyncio.sleep(CALM_STEP_S)
            self.broken, listed = await self._judged()
            if not self.broken and not listed:
                break
        self.counts["minutes until all was well"] = int(self.stage.loop.time() - began) // 60
        self.counts["listed by the status"] = len(listed)
        self.counts.update({f"listed: {why}": 1 for why in listed.values()})
        before = self.witness.writes
        await asyncio.sleep(self.plan.quiet_s)
        if self.witness.writes != before:
            self.broken.append(f"{self.witness.writes - before} writes in an hour of quiet")
        self._count()

    async def _everybody_in(self) -> None:
        async with asyncio.TaskGroup() as group:
            for person in self.people:
                group.create_task(person.log_in())
                group.create_task(person.switch_on())

    async def _judged(self) -> tuple[list[str], dict[int, str]]:
        """Return what is not as promised, and what the status lists."""
        listed, users = await self._listed(), await self._ask("users")
        self.ledger.excuses.clear()
        broken = broken_promises(self.town, self.ledger, set(listed))
        if (oldest := oldest_look(users, self.stage.now())) > LOOK_MAX:
            broken.append(f"the oldest look is {oldest} old")
        for row in users:
            if row["state"] != "idle":
                broken.append(f"{row['email']} is {row['state']}: {row['reason']}")
        return broken, listed

    async def _listed(self) -> dict[int, str]:
        """Return the entries that the status lists, and why."""
        found: dict[int, str] = {}
        for record in await self._do(self._app.store.problems()):
            titles = [record.link.activity and record.link.activity.entry.title]
            titles += [record.link.google and record.link.google.entry.title]
            numbers = {number_in(title) for title in titles if isinstance(title, str)} - {None}
            why = f"{record.link.standing.stand.value} {record.problem or record.link.standing.reason}"
            found |= dict.fromkeys((n for n in numbers if n is not None), why)
        return found

    async def _approve_what_is_held(self) -> None:
        for group in await self._ask("held"):
            self.counts["deletions that were held"] += group["count"]
            await self._ask("held approve", number=group["id"])

    @property
    def _app(self) -> Any:
        assert self.town.daemon.app is not None, "The daemon runs."
        return self.town.daemon.app

    async def _ask(self, command: str, **arguments: Any) -> Any:
        return await self._do(self._app.admin.ask(command, arguments))

    async def _do(self, work: Any) -> Any:
        return await self.town.as_daemon(work)

    def _count(self) -> None:
        town, counts = self.town, self.counts
        counts["edits"] = self.ledger.edits
        counts["calls of the vendors"] = sum(town.faults.counts.values())
        counts["daemon started"] = town.daemon.starts
        counts["turns of the loop"] = self.stage.loop.turns
        counts.update({f"asked too much: {who}": n for who, n in town.over_limits.items() if n})
        counts.update({f"excused: {why}": n for why, n in self.ledger.excuses.items()})
        counts.update({f"logged: {event}": n for event, n in town.reports.items()})
        counts.update({f"told people: {what}": n for what, n in town.told.items()})
