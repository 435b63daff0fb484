"""Plays stories for some seconds, or one of them again: `.ci/sim SECONDS`, `.ci/sim --seed N`."""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from random import SystemRandom

from .shelf import play_on_sqlite
from .shrink import shrunk
from .story import Outcome, play
from .world import RESTORES_FROM

PLAYS = {"memory": play, "sqlite": play_on_sqlite}
"""What the daemon keeps its state in: a double, or the real store."""

RESTORED_EVERY = 4
"""In one of so many stories a backup is put back."""

TOLD_MAX = 5
"""How many broken stories are told in full; the others are named."""


def main() -> int:
    """Return 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog=".ci/sim", description=__doc__)
    parser.add_argument("seconds", nargs="?", type=float, default=60.0)
    parser.add_argument("--seed", type=int, help="play this story and tell it")
    parser.add_argument("--first", type=int, help="the first seed; chance chooses otherwise")
    parser.add_argument("--whole", action="store_true", help="do not look for a shorter story")
    parser.add_argument(
        "--restores", action="store_true", help="a backup is put back in every story"
    )
    parser.add_argument("--store", choices=PLAYS, default="memory", help="what the daemon keeps")
    asked = parser.parse_args()
    if asked.seed is not None:
        outcome = PLAYS[asked.store](asked.seed)
        tell(outcome, asked.store, is_whole=asked.whole or not outcome.broken)
        return _total([outcome])
    first = SystemRandom().randrange(10**9) if asked.first is None else asked.first
    every = 1 if asked.restores else RESTORED_EVERY
    return _total(_played(first, time.monotonic() + asked.seconds, asked.store, every))


def _played(first: int, until: float, store: str, restored_every: int) -> Iterator[Outcome]:
    told, seed = 0, first
    while time.monotonic() < until:
        is_restored = seed % restored_every == 0 and seed < RESTORES_FROM
        outcome = PLAYS[store](seed + RESTORES_FROM if is_restored else seed)
        if outcome.broken:
            told += 1
            if told <= TOLD_MAX:
                tell(outcome, store)
            else:
                print(f"{replay(outcome, store)}   {outcome.broken[0]}")
        yield outcome
        seed += 1


def tell(outcome: Outcome, store: str = "memory", *, is_whole: bool = False) -> None:
    """Print a story, a line a step, as short as it can be made."""
    told, muted = (outcome, frozenset()) if is_whole else shrunk(outcome, PLAYS[store])
    print(f"\nThe story of seed {outcome.seed}; play it again with: {replay(outcome, store)}")
    if muted:
        print(f"({len(muted)} things that happened in it do not matter and are left out)")
    print(*told.trace, sep="\n")
    for line in told.broken:
        print(f"BROKEN {line}")


def replay(outcome: Outcome, store: str = "memory") -> str:
    """Return the command that plays a story again."""
    return f".ci/sim --seed {outcome.seed}{'' if store == 'memory' else f' --store {store}'}"


def _total(outcomes: Iterator[Outcome] | list[Outcome]) -> int:
    totals, happened = Counter[str](), Counter[str]()
    for outcome in outcomes:
        totals["stories"] += 1
        totals["operations"] += outcome.operations
        totals["faults"] += outcome.faults
        totals["broken"] += len(outcome.broken)
        happened.update(outcome.counts)
    print("\nWhat happened:")
    for name, number in sorted(happened.items(), key=lambda row: (-row[1], row[0])):
        print(f"{number:9} {name}")
    print(
        f"{totals['stories']} stories, {totals['operations']} operations"
        f" ({totals['faults']} of them faults), {totals['broken']} broken promises"
    )
    return 1 if totals["broken"] else 0


if __name__ == "__main__":
    sys.exit(main())
