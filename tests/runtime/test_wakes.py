"""Who waits to be served is kept within bounds, and nothing of what was told about them gets lost (T5)."""

import asyncio
from typing import Any

import pytest

from daemon.runtime import wakes as module
from daemon.runtime.wakes import WAITING_MAX, Wake, Wakes


class Looks:
    """What the workers need of an engine: a note of each look, which takes a moment."""

    def __init__(self) -> None:
        self.served: list[tuple[str, bool]] = []

    async def serve(self, user: str, *, cause: str, is_whole: bool = False) -> bool:
        self.served.append((user, is_whole))
        await asyncio.sleep(0)
        return True


def waiting(looks: Any, *, found_nothing: bool = True, **given: Any) -> Wakes:
    return Wakes(
        looks,
        now=lambda: 0.0,
        is_stopping=given.pop("is_stopping", lambda: False),
        wake_round=lambda: None,
        found_nothing=lambda user: found_nothing,
        **given,
    )


async def worked(wakes: Wakes, seconds: float = 0.3) -> None:
    """Let the workers work for so long, as a daemon would until it is stopped."""
    tasks = [asyncio.create_task(work) for work in wakes.work()]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def test_t5_what_is_too_much_is_not_noted_and_told_so() -> None:
    wakes = waiting(Looks())
    for number in range(WAITING_MAX):
        assert wakes.add(Wake(f"user {number}"))

    assert not wakes.add(Wake("one more"))
    assert wakes.add(Wake("user 7")), "who waits already needs no more room"
    assert len(wakes) == WAITING_MAX


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_t5_a_push_and_a_trigger_that_wait_together_are_one_look_that_does_both(
    order: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AGAIN_SECONDS", 0.05)
    looks = Looks()
    wakes = waiting(looks)
    both = (Wake("anna", is_early=True), Wake("anna", cause="trigger", is_whole=True))
    for which in order:
        wakes.add(both[which])

    await worked(wakes)

    assert looks.served == [("anna", True), ("anna", True)], "whole, and once more"


@pytest.mark.parametrize(("is_early", "found_nothing"), [(True, False), (False, True)])
async def test_it_is_looked_once_where_that_is_enough(
    is_early: bool, found_nothing: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AGAIN_SECONDS", 0.05)
    looks = Looks()
    wakes = waiting(looks, found_nothing=found_nothing)
    wakes.add(Wake("anna", is_early=is_early))

    await worked(wakes)

    assert looks.served == [("anna", False)]


async def test_nobody_is_looked_at_again_after_a_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AGAIN_SECONDS", 0.2)
    looks = Looks()
    wakes = waiting(looks)
    wakes.add(Wake("anna", is_early=True))
    await worked(wakes, 0.05)

    wakes.stop()
    await asyncio.sleep(0.3)

    assert len(looks.served) == 1
    assert len(wakes) == 0


async def test_a_fault_of_this_program_in_one_look_ends_no_worker_r3() -> None:
    class Broken(Looks):
        async def serve(self, user: str, *, cause: str, is_whole: bool = False) -> bool:
            if user == "broken":
                raise KeyError(user)
            return await super().serve(user, cause=cause, is_whole=is_whole)

    looks, told = Broken(), list[str]()
    wakes = waiting(looks, report=lambda event, **fields: told.append(event))
    for user in ["broken"] * 20 + ["anna"]:
        wakes.add(Wake(user))
        await worked(wakes, 0.01)

    assert looks.served == [("anna", False)]
    assert told == ["wake.fault"] * 20


def test_t2_who_is_about_to_stop_notes_nothing_more() -> None:
    assert not waiting(Looks(), is_stopping=lambda: True).add(Wake("anna", "a1", "trigger"))
