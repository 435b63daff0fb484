"""Plays the representative day with every fault at every call, or with those that are asked for."""

import argparse
import asyncio
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from tests.e2e.replay import ALL_STEPS, FAULTS, Part, Played, Trouble, play, played, quietly
from tests.e2e.switches import settings


def main() -> int:
    """Play what was asked for and return the exit code."""
    asked = _asked()
    wanted = _reference()
    if asked.switches:
        return _switches(wanted)
    plays = list(plays_of(asked.fault, asked.call, asked.step, wanted))
    started, met, failed = time.monotonic(), Counter[str](), 0
    # Not forked: a lock that a thread of the reference still held would be held for ever.
    afresh = get_context("spawn")
    with ProcessPoolExecutor(asked.processes, afresh, initializer=quietly) as pool:
        running = {pool.submit(played, one, wanted): one for one in plays}
        for number, done in enumerate(as_completed(running), start=1):
            print(f"{number} of {len(plays)} days", end="\r", file=sys.stderr)
            trouble, day = running[done], done.result()
            met += day.met
            failed += bool(day.failures)
            _tell(trouble, day)
    took = time.monotonic() - started
    for operation, times in sorted(met.items()):
        print(f"{times:6} {operation}")
    print(
        f"{met.total()} faults of {len({p.fault for p in plays})} kinds at "
        f"{sum(len(part.calls) for part in wanted.values())} calls of {len(wanted)} steps, "
        f"in {len(plays)} days: {failed} days ended badly ({took:.0f} s)"
    )
    return 1 if failed else 0


def plays_of(
    faults: Sequence[str], calls: Sequence[int], steps: Sequence[str], wanted: Mapping[str, Part]
) -> Iterator[Trouble]:
    """Yield the days to play: each meets one kind of fault, at the same call of each step that makes so many."""
    for call in calls or range(max(len(part.calls) for part in wanted.values())):
        met = [name for name in steps or wanted if call < len(wanted[name].calls)]
        for fault in faults or FAULTS if met else ():
            yield Trouble(fault, call, met)


def _switches(wanted: Mapping[str, Part]) -> int:
    """Play the day under each setting of each switch of the sandbox, one at a time."""
    failed = []
    for setting in settings():
        try:
            failures = asyncio.run(play(wanted=wanted, prepare=setting.apply)).failures
        except Exception as error:
            failures = [f"somebody could not go on by hand: {error!r}"]
        print(f"{'FAILED' if failures else 'well'} {setting}", *failures[:6], sep="\n    ")
        failed += [setting] if failures else []
    print(f"{len(list(settings()))} settings: {len(failed)} days ended badly")
    return 1 if failed else 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=".ci/day", description=__doc__)
    parser.add_argument("--fault", action="append", choices=tuple(FAULTS), default=[])
    parser.add_argument("--call", action="append", type=int, default=[])
    parser.add_argument("--step", action="append", choices=tuple(ALL_STEPS), default=[])
    parser.add_argument("--switches", action="store_true", help="each switch alone, and no faults")
    parser.add_argument("--processes", type=int, default=2)
    return parser.parse_args()


def _reference() -> Mapping[str, Part]:
    quietly()
    day = asyncio.run(play())
    assert not day.failures, day.failures
    return day.parts


def _tell(trouble: Trouble, day: Played) -> None:
    if day.failures:
        print(f"FAILED .ci/day --fault {trouble.fault} --call {trouble.call}", flush=True)
        for failure in day.failures[:6]:
            print(f"    {failure}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
