"""The real daemon is killed at random moments of the representative day (T7); `.ci/kills` kills more often."""

import pytest

from tests.e2e.kills import killed


@pytest.mark.timeout(300)
async def test_kills_at_any_moment_change_nothing_about_how_the_day_ends() -> None:
    killer = await killed(6, seed=7, days_max=1)

    assert killer.kills == 6
