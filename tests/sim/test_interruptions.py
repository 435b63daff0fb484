"""Kill at every step: each scenario once without and once with an interruption at step 1, 2, … n, to the same end."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from daemon.store.secrets import key_in
from daemon.store.store import SqlStore
from daemon.sync.ports import Store
from tests.doubles.store import MemoryStore

from .interrupted import PAUSES_S, Harm, Interrupted
from .world import INTERNAL

ROUNDS_HURT = 2
"""In how many rounds after people did something each step is interrupted; by then all is done."""


@dataclass(frozen=True)
class Scenario:
    """What is there and synced before, and what people do then."""

    before: Callable[[Interrupted], object] = lambda _: None
    then: Callable[[Interrupted], object] = lambda _: None
    is_first_sync: bool = False


def some_of_all(ann: Interrupted) -> None:
    ann.add_activity("alike", 1)
    ann.add_event("alike", 1)
    ann.add_activity("in Severa", 2)
    ann.add_event("in Google", 3)


def one_synced(ann: Interrupted) -> None:
    ann.add_activity("kept", 1)
    ann.add_activity("plan", 2)


def one_from_google(ann: Interrupted) -> None:
    ann.add_activity("kept", 1)
    ann.add_event("plan", 2)


def crossing(ann: Interrupted) -> None:
    ann.edit_activity("plan", notes="from Severa")
    ann.edit_event("plan", title="from Google")


def clashing(ann: Interrupted) -> None:
    ann.edit_activity("plan", title="Severa wins")
    ann.edit_event("plan", title="Google loses")


def deleted_and_edited(ann: Interrupted) -> None:
    ann.delete_activity("plan")
    ann.edit_event("plan", notes="still wanted")


SCENARIOS = {
    "first sync": Scenario(then=some_of_all, is_first_sync=True),
    "created in Severa": Scenario(one_synced, lambda ann: ann.add_activity("new", 5)),
    "created in Google": Scenario(one_synced, lambda ann: ann.add_event("new", 5)),
    "edited in Severa": Scenario(one_synced, lambda ann: ann.edit_activity("plan", notes="new")),
    "edited in Google": Scenario(one_synced, lambda ann: ann.edit_event("plan", notes="new")),
    "crossing edits": Scenario(one_synced, crossing),
    "clashing edits": Scenario(one_synced, clashing),
    "deleted in Severa": Scenario(one_synced, lambda ann: ann.delete_activity("plan")),
    "deleted in Google": Scenario(one_synced, lambda ann: ann.delete_event("plan")),
    "deleted and edited": Scenario(one_synced, deleted_and_edited),
    "given a type that is not selected": Scenario(
        one_synced, lambda ann: ann.edit_activity("plan", INTERNAL.guid)
    ),
    "made private, so made anew": Scenario(
        one_from_google, lambda ann: ann.edit_event("plan", private=True)
    ),
}


@pytest.fixture
async def memory() -> Store:
    return MemoryStore()


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Store]:
    async with await SqlStore.open(f"sqlite:///{tmp_path}/state.db", key_in(tmp_path / "key")) as s:
        yield s


async def play(store: Store, scenario: Scenario, step: int, harm: Harm) -> tuple[Interrupted, int]:
    ann = Interrupted(store)
    await ann.switch_on()
    scenario.before(ann)
    if not scenario.is_first_sync:
        await ann.settle()
    scenario.then(ann)
    ann.hurt(step, harm)
    await ann.settle(PAUSES_S[:ROUNDS_HURT])
    steps = ann.step
    await ann.settle(PAUSES_S[ROUNDS_HURT:])
    return ann, steps


async def check(store: Store, name: str, harm: Harm, stride: int = 1) -> None:
    """Interrupt a scenario at each step in turn, or at every so many."""
    scenario = SCENARIOS[name]
    undisturbed, steps = await play(store, scenario, 0, harm)
    assert undisturbed.writes, "a scenario has something to do"

    first = 1 + list(SCENARIOS).index(name) % stride
    for step in range(first, steps + 1, stride):
        ann, _ = await play(store, scenario, step, harm)

        assert ann.was_hurt, "the step was reached"
        hurt = f"{name}: {harm.value} step {step}, {ann.steps[step - 1]}"
        assert ann.shown() == undisturbed.shown(), hurt
        writes = ann.writes
        await ann.settle()
        assert ann.writes == writes, f"{hurt}: a further round writes"


@pytest.mark.parametrize("name", SCENARIOS)
async def test_the_end_is_the_same_wherever_the_process_dies_before_a_step(
    memory: Store, name: str
) -> None:
    await check(memory, name, Harm.DIES_BEFORE)


@pytest.mark.parametrize("name", SCENARIOS)
async def test_the_end_is_the_same_wherever_the_process_dies_after_a_step(
    memory: Store, name: str
) -> None:
    await check(memory, name, Harm.DIES_AFTER)


@pytest.mark.parametrize("name", SCENARIOS)
async def test_the_end_is_the_same_whichever_answer_is_lost(memory: Store, name: str) -> None:
    await check(memory, name, Harm.ANSWER_LOST)


@pytest.mark.parametrize("name", SCENARIOS)
async def test_the_end_is_the_same_on_sqlite(sqlite: Store, name: str) -> None:
    # All steps pass as well, and take minutes; the scenarios begin at different ones.
    await check(sqlite, name, Harm.DIES_AFTER, stride=12)
