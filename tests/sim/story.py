"""One story: an unquiet time, then calm, then the promises."""

import asyncio
import hashlib
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any

from daemon.core.account import Account, Settings, Stage, State
from daemon.errors import SyncError
from daemon.sync.engine import Engine
from daemon.sync.tools import Rules, Tools
from tests.doubles.store import MemoryStore

from . import people
from .loop import StoryLoop, StuckError
from .promises import broken_promises
from .weather import Watched, Weather
from .world import PEOPLE, Climate, World, climate_of

ROUNDS_CALM = 24
"""How many rounds the daemon gets to settle, beside one for each entry that its sweep has to come to."""
ROUNDS_QUIET = 3
FAULTS_OF_OUR_OWN = ("entry.fault", "user.fault")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a story ended."""

    seed: int
    broken: tuple[str, ...]
    trace: tuple[str, ...]
    happened: tuple[str, ...]
    operations: int
    faults: int
    counts: dict[str, int]

    @property
    def digest(self) -> str:
        """Return a short form of all that happened."""
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()[:16]


def play(
    seed: int,
    *,
    muted: frozenset[str] = frozenset(),
    climate: Climate | None = None,
    store: Any = None,
) -> Outcome:
    """Play the story of a seed, without what is muted, on a store in memory or on the one that is given."""
    world = World(seed, climate or climate_of(seed), muted, store=store or MemoryStore())
    Story(world).play()
    faults = sum(n for name, n in world.counts.items() if name != "people")
    return Outcome(
        seed,
        tuple(world.book.broken),
        tuple(world.trace),
        tuple(world.happened),
        sum(world.counts.values()),
        faults,
        dict(world.counts + world.book.counts),
    )


class Story:
    """Plays one world to its end."""

    def __init__(self, world: World) -> None:
        self._world, self._loop = world, StoryLoop()
        world.furnish(Weather(world))
        self._store = Watched(world, world.store)
        self._engine = self._born()
        self._backup: tuple[float, Any] | None = None

    def play(self) -> None:
        """Live, calm down, and look."""
        try:
            self._live()
        except StuckError as error:
            self._world.book.broken.append(str(error))
        finally:
            self._loop.end()

    def _live(self) -> None:
        world = self._world
        people.furnish(world, Random(f"furniture {world.seed}"))  # noqa: S311
        self._loop.play(world.store.write(self._set_up))
        for number in range(world.climate.rounds):
            if world.may(f"round {number}"):
                self._between(number)
                self._round()
        self._calm_down()
        for number in range(ROUNDS_CALM + len(world.store.records)):
            world.pass_time(_pause(number))
            self._round()
        before = world.writes
        for _ in range(ROUNDS_QUIET):
            world.pass_time(31)
            self._round()
        if world.writes != before:
            world.book.broken.append("a further round writes")
        world.book.broken[:] = broken_promises(world)

    async def _set_up(self, tx: Any) -> None:
        settings = Settings(is_on=True, selected=self._world.climate.selected)
        await tx.save_settings(settings)
        await tx.save_accounts([Account(user) for user in PEOPLE[: self._world.climate.users]])

    # Between the rounds

    def _between(self, number: int) -> None:
        world, climate = self._world, self._world.climate
        step, dice = world.dice()
        world.pass_time(dice.choice([5, 31, 31, 31, 200, 4000 if dice.random() < 0.2 else 31]))
        world.tell(f"round {number}")
        for user in PEOPLE[: climate.enabled]:
            if user.guid not in world.enabled and dice.random() < 0.6:
                self._switch_on(user.guid)
        for turn in range(3):
            if dice.random() < climate.people and world.may(f"{step}.{turn} people"):
                world.counts["people"] += 1
                people.act(world, dice)
        if climate.restores:
            self._backup_or_restore(step, dice)
        if climate.jumps and dice.random() < 0.2 and world.may(f"{step} clock"):
            self._jump(dice)
        is_away = dice.random() < climate.away and world.may(f"{step} away")
        world.severa.is_away = is_away and dice.random() < 0.5
        world.google.is_away = is_away and not world.severa.is_away
        if is_away:
            world.counts["away"] += 1
            world.tell(f"{'Severa' if world.severa.is_away else 'Google'} finds nothing")

    def _switch_on(self, guid: str) -> None:
        world = self._world
        now = world.daemon_now()
        world.enabled[guid] = now

        async def work(tx: Any) -> None:
            account = await tx.account(guid)
            on = replace(
                account,
                is_enabled=True,
                address=account.user.email,
                state=State.FIRST_SYNC,
                stage=Stage.LISTING,
                enabled_at=now,
                cursor=None,
            )
            await tx.save_accounts([on])

        self._loop.play(world.store.write(work))
        world.tell(f"{guid} switches sync on")

    def _backup_or_restore(self, step: str, dice: Random) -> None:
        world = self._world
        if self._backup is None:
            # Before its first answer the daemon does not know whom Severa names as the maker of its activities.
            if not world.store.settings.api_user:
                return
            if len(world.enabled) == world.climate.enabled and dice.random() < 0.4:
                self._backup = (world.book.minute, world.store.snapshot())
                world.tell("a backup is made")
        elif dice.random() < 0.3 and world.may(f"{step} restore"):
            world.counts["restore"] += 1
            world.pass_time(1000)
            taken_at, kept = self._backup
            world.store.restore(kept)
            self._loop.play(world.store.write(_as_copy))
            world.read_line = kept.last_change
            world.book.put_back(taken_at, _found_again(world))
            self._engine = self._born()
            world.tell("the backup is put back")

    def _jump(self, dice: Random) -> None:
        world = self._world
        # What a vendor still sits on lands before: no claim could outlive a jump of hours.
        for _ in range(30):
            world.pass_time(31)
        world.counts["clock"] += 1
        world.off_by += timedelta(seconds=dice.choice([-3600, -60, 60, 3600, 86400]))
        world.tell(f"the daemon's clock is now off by {world.off_by}")

    def _calm_down(self) -> None:
        world = self._world
        world.is_calm = True
        world.severa.is_away = world.google.is_away = False
        world.tell("calm")
        for user in PEOPLE[: world.climate.enabled]:
            if user.guid not in world.enabled:
                self._switch_on(user.guid)

    # A round

    def _round(self) -> None:
        world = self._world
        for error in self._loop.play(self._at_once()):
            if isinstance(error, SyncError):
                if world.is_calm:
                    world.tell(f"   round ended: {error}")
            elif not world.is_dead:
                world.tell(f"   round failed: {error!r}")
                world.book.broken.append(f"the round failed: {_innermost(error)!r}")
                return
        if world.is_dead:
            world.tell("the process died and starts anew")
            world.is_dead = False
            world.store.restart()
            world.book.dies_with(world.store.records.values())
            self._engine = self._born()

    async def _at_once(self) -> list[BaseException]:
        """Play a round, and beside it what pushes and triggers ask for; return what went wrong."""
        results = await asyncio.gather(
            self._engine.round(cause="poll"), *self._beside(), return_exceptions=True
        )
        return [result for result in results if isinstance(result, BaseException)]

    def _beside(self) -> list[Coroutine[Any, Any, object]]:
        """Return the work of the pushes and triggers of this round; in calm there are none."""
        world = self._world
        if world.is_calm or not world.climate.pushes:
            return []
        step, dice = world.dice()
        work: list[Coroutine[Any, Any, object]] = []
        for number in range(4):
            thrown, user = dice.random(), dice.choice(PEOPLE[: world.climate.users])
            ref = dice.choice(sorted(world.severa.rows) or ["nothing"])
            if thrown >= world.climate.pushes or not world.may(f"{step}.{number} beside"):
                continue
            if thrown < world.climate.pushes / 2:
                world.tell(f"a push for {user.guid}")
                work.append(
                    self._later(
                        dice,
                        self._engine.serve(user.guid, cause="push", is_whole=dice.random() < 0.3),
                    )
                )
            else:
                world.tell(f"a trigger for {ref} by {user.guid}")
                trigger = self._engine.serve_activity(ref, user.guid, cause="trigger")
                work.append(self._later(dice, trigger))
        return work

    async def _later(self, dice: Random, work: Coroutine[Any, Any, object]) -> object:
        """Begin somewhere within the round."""
        for _ in range(dice.choice([0, 0, 3, 10, 30, 100])):
            await asyncio.sleep(0)
        return await work

    def _born(self) -> Engine:
        """Start a process: all that was in memory is gone."""
        world = self._world
        ids = Random(f"ids {world.seed} {world.steps}")  # noqa: S311
        return Engine(
            Tools(
                severa=world.severa,
                google=world.google,
                store=self._store,
                now=world.daemon_now,
                new_id=lambda: f"{ids.getrandbits(128):032x}",
                chance=ids.random,
                report=self._report,
                rules=Rules(
                    winner=world.climate.winner,
                    is_login_required=False,
                    writes_at_once=world.climate.writes_at_once,
                ),
            )
        )

    def _report(self, event: str, /, **fields: Any) -> None:
        world = self._world
        if event in FAULTS_OF_OUR_OWN and not world.is_dead:
            error = fields.get("exc_info")
            world.book.broken.append(f"a fault of the program: {error!r}")
        if event in (
            "entry.held",
            "entry.set-aside",
            "entry.parted",
            "entry.linked",
            "twin.removed",
        ):
            world.tell(f"   reports {event} {fields.get('entry', '')[:6]}")


def _found_again(world: World) -> set[str]:
    """Return the events of which the restored store, or our mark, tells the activity."""
    linked = (r.link for r in world.store.records.values() if r.link.activity)
    marked = {copy.ref for copy in world.google.copies() if copy.mark is not None}
    return marked | {copy.ref for link in linked for copy in link.copies}


async def _as_copy(tx: Any) -> None:
    """Mark a backup as one, as the command that makes it does."""
    await tx.save_settings(replace(await tx.settings(), is_copy=True))


def _pause(number: int) -> float:
    """Return how long it is to the next calm round: back-offs grow to an hour, claims live a quarter of one."""
    return 3700 if number % 8 == 7 else 31 if number % 2 else 1000


def _innermost(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
