"""A thousand pushes a second while people edit in both calendars (T5, Q6); `.ci/load` loads longer, and more people."""

from pathlib import Path

import pytest

from tests.e2e.load import ANSWERS, free_port, loaded

USERS, RATE, SECONDS = 30, 1_000.0, 3.0
P99_MS = 1_500
"""A good deal more than on a machine that does nothing else, and a good deal less than Google waits."""
GROWTH_MIB = 48


@pytest.mark.timeout(240)
async def test_a_thousand_pushes_a_second_lose_nothing_and_memory_stays_bounded(
    tmp_path: Path,
) -> None:
    report = await loaded(tmp_path, free_port(), USERS, rate=RATE, seconds=SECONDS)

    assert report.failures == []
    assert report.pushes["statuses"].keys() <= ANSWERS
    assert sum(report.pushes["statuses"].values()) == RATE * SECONDS
    assert report.pushes["p99"] <= P99_MS
    assert report.rss_after - report.rss_before <= GROWTH_MIB


@pytest.mark.timeout(240)
async def test_t7_a_kill_under_load_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    report = await loaded(tmp_path, free_port(), USERS, rate=RATE, seconds=SECONDS, is_killed=True)

    assert report.failures == []
    assert report.pushes["statuses"]["204"] > 0
    assert report.pushes["statuses"].keys() - ANSWERS <= {
        "ConnectionRefusedError",
        "ConnectionResetError",
        "IncompleteReadError",
    }
