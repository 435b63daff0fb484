"""Stories on the real store, whose process dies with its journal not folded in: the same promises (Q6)."""

import pytest

from .shelf import play_on_sqlite
from .shrink import shrunk
from .story import play
from .world import RESTORES_FROM

SEEDS = (
    *(1, 61, 264, 581, 3031, 10976, 33162),
    *(100023, 100183, 100433, 100745, 114731, 60006626),
    *(RESTORES_FROM, 1000000017, 1000000053, 1000000085, 1000000122),
)
"""Of every climate a few, those among them that were hardest to get right."""


@pytest.mark.parametrize("seed", SEEDS)
def test_every_promise_holds_on_the_real_store(seed: int) -> None:
    outcome = play_on_sqlite(seed)

    assert not outcome.broken, "\n".join(
        [
            f"play it again with: .ci/sim --seed {seed} --store sqlite",
            *shrunk(outcome, play_on_sqlite)[0].trace,
            *outcome.broken,
        ]
    )


def test_the_same_seed_tells_the_same_story_on_the_real_store() -> None:
    assert play_on_sqlite(581).trace == play_on_sqlite(581).trace


def test_without_chance_in_it_a_story_is_the_same_on_the_double() -> None:
    for seed in (0, 1, 2, 3):
        assert play_on_sqlite(seed).trace == play(seed).trace
