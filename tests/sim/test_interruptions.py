"""Kill at every step: each scenario once without and once with an interruption at step 1, 2, … n, to the same end."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from daemon.store.secrets import key_in
from daemon.store.store import SqlStore
from daemon.sync import engine
from daemon.sync.ports import Store
from tests.doubles.store import MemoryStore

from .interrupted import Harm
from .scenarios import SCENARIOS, check
from .scenes import SCENES, show

STRIDE_ON_SQLITE = 40
MADE_IN_SEVERA = (
    "first sync",
    "created in Google",
    "deleted and edited",
    "made private, so made anew",
    "a meeting made in Google",
)
"""What needs a create in Severa, which is set aside while Severa does not even find the type."""


@pytest.fixture
async def memory() -> Store:
    return MemoryStore()


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Store]:
    async with await SqlStore.open(f"sqlite:///{tmp_path}/state.db", key_in(tmp_path / "key")) as s:
        yield s


@pytest.mark.parametrize("name", SCENARIOS)
async def test_the_end_is_the_same_wherever_the_process_dies_before_a_step(
    memory: Store, name: str
) -> None:
    # Before one step is after the one before, but for what goes on at the same time.
    await check(memory, name, Harm.DIES_BEFORE, stride=3)


@pytest.mark.parametrize("name", SCENARIOS)
async def test_the_end_is_the_same_wherever_the_process_dies_after_a_step(
    memory: Store, name: str
) -> None:
    await check(memory, name, Harm.DIES_AFTER)


@pytest.mark.parametrize("name", SCENARIOS)
async def test_the_end_is_the_same_whichever_answer_is_lost(memory: Store, name: str) -> None:
    await check(memory, name, Harm.ANSWER_LOST)


@pytest.mark.parametrize("name", SCENARIOS)
async def test_the_end_is_the_same_whatever_the_store_cannot_keep(memory: Store, name: str) -> None:
    await check(memory, name, Harm.STORE_FAILS)


@pytest.mark.parametrize("name", SCENARIOS)
async def test_the_end_is_the_same_on_sqlite(
    sqlite: Store, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One look at a time: of two guests of an outsider, whoever is read first owns the activity.
    monkeypatch.setattr(engine, "LOOKS_AT_ONCE", 1)
    # All steps pass as well, and take minutes; the scenarios begin at different ones.
    await check(sqlite, name, Harm.DIES_AFTER, stride=STRIDE_ON_SQLITE)


@pytest.mark.parametrize("name", SCENARIOS)
async def test_what_google_does_not_find_for_a_while_is_not_gone_d4(
    memory: Store, name: str
) -> None:
    await check(memory, name, Harm.GOOGLE_AWAY, stride=3)


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name not in MADE_IN_SEVERA])
async def test_what_severa_does_not_find_for_a_while_is_not_gone_d4(
    memory: Store, name: str
) -> None:
    await check(memory, name, Harm.SEVERA_AWAY, stride=3)


@pytest.mark.parametrize("name", SCENES)
async def test_a_scene_ends_well(memory: Store, name: str) -> None:
    await show(memory, name)
