"""Plays days on virtual time: `.ci/virtual SECONDS`, `.ci/virtual --seed N --users 50 --hours 24`."""

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import SystemRandom
from tempfile import TemporaryDirectory

from .day import Outcome, Plan, play_day

USUAL = Plan()


def main() -> int:
    """Return 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog=".ci/virtual", description=__doc__)
    parser.add_argument("seconds", nargs="?", type=float, default=60.0)
    parser.add_argument("--seed", type=int, help="play this day")
    parser.add_argument("--first", type=int, help="the first seed; chance chooses otherwise")
    parser.add_argument("--users", type=int, default=USUAL.users)
    parser.add_argument("--hours", type=float, default=USUAL.hours)
    parser.add_argument("--acts", type=float, default=USUAL.acts_per_hour, help="of each, an hour")
    parser.add_argument("--poll", type=float, default=USUAL.poll_s)
    parser.add_argument("--quiet", type=float, default=USUAL.quiet_s, help="seconds, at the end")
    parser.add_argument("--fair", action="store_true", help="let nothing go wrong")
    parser.add_argument("--about", help="tell of what contains this only, a number (#7) or a word")
    parser.add_argument("--story", type=Path, help="write the whole story to this file")
    parser.add_argument("--counts", action="store_true", help="tell what happened how often")
    asked = parser.parse_args()
    plan = Plan(
        asked.users,
        asked.hours,
        asked.acts,
        poll_s=asked.poll,
        quiet_s=asked.quiet,
        faults=not asked.fair,
    )
    broken = 0
    for seed in _seeds(asked):
        broken += _played(seed, plan, asked)
    return 1 if broken else 0


def _seeds(asked: argparse.Namespace) -> Iterator[int]:
    if asked.seed is not None:
        yield asked.seed
        return
    seed = SystemRandom().randrange(10**6) if asked.first is None else asked.first
    until = time.monotonic() + asked.seconds
    while time.monotonic() < until:
        yield seed
        seed += 1


def _played(seed: int, plan: Plan, asked: argparse.Namespace) -> int:
    began = time.process_time()
    with TemporaryDirectory() as path:
        outcome = play_day(seed, Path(path), plan)
    took = time.process_time() - began
    counts = outcome.counts
    print(
        f"seed {seed}: {counts['edits']} edits, {counts['calls of the vendors']} calls,"
        f" {counts['daemon started']} starts, {took:.1f} s of CPU, trace {outcome.trace},"
        f" {len(outcome.broken)} broken promises",
        flush=True,
    )
    _tell(outcome, plan, asked)
    return len(outcome.broken)


def _tell(outcome: Outcome, plan: Plan, asked: argparse.Namespace) -> None:
    if asked.counts:
        for name, count in sorted(outcome.counts.items()):
            print(f"{count:9} {name}")
    if asked.story:
        asked.story.write_text("\n".join(outcome.story) + "\n")
    lines = [line for line in outcome.story if asked.about and asked.about in line]
    print(*lines, sep="\n", end="\n" if lines else "")
    for line in outcome.broken:
        print(f"BROKEN {line}")
    if outcome.broken:
        print(
            f"Again: .ci/virtual --seed {outcome.seed} --users {plan.users} --hours {plan.hours:g}"
            f" --acts {plan.acts_per_hour:g} --poll {plan.poll_s:g}"
        )


if __name__ == "__main__":
    sys.exit(main())
