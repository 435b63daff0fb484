"""Days of people and faults on virtual time, the whole daemon and real HTTP in them (T1 to T7, R1 to R4, Q6)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .day import Plan, play_day

SHORT = Plan(users=4, hours=1.0, acts_per_hour=15, poll_s=60, quiet_s=900)
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("seed", [1, 13])
def test_a_day_with_all_faults_keeps_every_promise(seed: int, tmp_path: Path) -> None:
    outcome = play_day(seed, tmp_path, SHORT)

    told = [
        *outcome.broken,
        f"Again: .ci/virtual --seed {seed} --users 4 --hours 1 --acts 15 --poll 60",
    ]
    assert not outcome.broken, "\n".join(told)
    assert outcome.counts["edits"] > 150
    assert outcome.counts["daemon started"] > 1


def test_the_same_seed_is_the_same_day_in_another_process() -> None:
    asked = [
        "--seed",
        "4",
        "--users",
        "2",
        "--hours",
        "0.25",
        "--acts",
        "30",
        "--poll",
        "120",
        "--quiet",
        "60",
    ]
    days = [
        subprocess.run(  # noqa: S603 - This very program.
            [sys.executable, "-m", "tests.simnet", *asked],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": number, "TZ": zone},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        ).stdout
        for number, zone in (("1", "UTC"), ("2", "Europe/Helsinki"))
    ]

    traces = [day.partition("trace ")[2].partition(",")[0] for day in days]
    assert traces[0], days
    assert traces[0] == traces[1], days
