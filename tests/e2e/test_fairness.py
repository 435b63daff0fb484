"""A user with very many entries delays nobody (R1, C5); 5 ms a call, so that waiting counts and not this machine."""

import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from random import Random

import pytest

from tests.e2e.installation import Installation, eventually
from tests.e2e.load import free_port, loaded_company
from tests.e2e.test_pushes import listening

CALL_SECONDS = 0.005
MANY, FEW = 3_000, 20
TIMES, GRACE_SECONDS = 4, 3.0
"""How much longer than alone the small one's sync may take, and how much is a busy machine's own."""


@pytest.fixture
async def slow(tmp_path: Path) -> AsyncIterator[Installation]:
    """A company with two users, each call to whose vendors takes a moment."""
    async with loaded_company(tmp_path, free_port()) as company:
        rng = Random(1)  # noqa: S311 - A delay of each call.
        company.sandbox.faults.chance(1.0, rng, ("delay",), seconds=CALL_SECONDS)
        for person, count in (("Anna", MANY), ("Ben", FEW), ("Clara", FEW)):
            company.person(person)
            for number in range(count):
                company.add_event(
                    person, f"{person} {number}", company.at(1 + number // 10, number % 10)
                )
        await company.start()
        await company.set_up()
        yield company


async def seconds_until(company: Installation, is_so: Callable[[], bool]) -> float:
    began = time.monotonic()
    await eventually(is_so, company, 60, pause=0.02)
    return time.monotonic() - began


async def first_sync(company: Installation, person: str) -> float:
    await company.switch(person)
    return await seconds_until(company, lambda: len(company.activities(person)) == FEW)


async def push(company: Installation, person: str, name: str) -> float:
    company.add_event(person, name, company.at(9, 9))
    return await seconds_until(company, lambda: name in company.names(person))


@pytest.mark.timeout(240)
async def test_a_first_sync_of_very_many_entries_delays_neither_a_small_one_nor_pushes(
    slow: Installation,
) -> None:
    alone = await first_sync(slow, "Clara")
    await slow.synced("Clara")
    await listening(slow, "Clara")
    pushed_alone = max([await push(slow, "Clara", f"Alone {number}") for number in range(3)])

    await slow.switch("Anna")
    await eventually(lambda: len(slow.activities("Anna")) > 10, slow, 60)
    beside = await first_sync(slow, "Ben")
    pushed = [await push(slow, "Clara", f"Beside {number}") for number in range(3)]
    left = MANY - len(slow.activities("Anna"))

    print(
        f"first sync {alone:.2f} s alone, {beside:.2f} s beside; push {pushed_alone:.2f} s, {pushed}"
    )
    assert left > 0, "the large one is still under way"
    assert beside <= TIMES * alone + GRACE_SECONDS
    assert max(pushed) <= TIMES * pushed_alone + GRACE_SECONDS
