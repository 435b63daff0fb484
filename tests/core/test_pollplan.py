"""Who is polled when polls would take more than half of Google's limits (R2)."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.pollplan import (
    SPREAD_MAX,
    Allowance,
    Looked,
    allowance_of,
    due,
    pace_of,
)

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
POLL = timedelta(seconds=30)


class Company:
    """Users who are polled round after round, the healthy ones named with an h."""

    def __init__(self, healthy: int, others: int, allowed: Allowance) -> None:
        self.healthy = [f"h{n}" for n in range(healthy)]
        self.users = [*self.healthy, *(f"o{n}" for n in range(others))]
        self.allowed = allowed
        self.pace = pace_of(healthy, others, POLL, allowed)
        self.looked: dict[str, datetime] = {}
        self.before: datetime | None = None
        self.longest: dict[str, timedelta] = {}

    def round(self, now: datetime) -> frozenset[str]:
        asked = [Looked(u, self.looked.get(u), u.startswith("h")) for u in self.users]
        polled = due(asked, self.pace, now, interval=POLL, before=self.before)
        for user in polled:
            if user in self.looked:
                gap = now - self.looked[user]
                self.longest[user] = max(gap, self.longest.get(user, gap))
            self.looked[user] = now
        self.before = now
        return polled


def hour(company: Company, every: timedelta = POLL) -> list[int]:
    """Poll for an hour after a first round with everybody, and return how many were polled in each round."""
    now = START
    assert len(company.round(now)) == len(company.users)
    counts = []
    while now < START + timedelta(hours=1):
        now += every
        counts.append(len(company.round(now)))
    return counts


def test_everybody_is_polled_in_each_round_while_that_takes_at_most_half() -> None:
    company = Company(100, 50, Allowance(of_all=300))

    counts = hour(company)

    assert not company.pace.is_spread
    assert set(counts) == {150}


def test_those_with_a_healthy_channel_give_way_first() -> None:
    company = Company(200, 50, Allowance(of_all=300))

    counts = hour(company)

    assert company.pace.is_spread
    assert company.pace.others == POLL
    assert company.pace.healthy == timedelta(seconds=60)
    assert set(counts) == {150}


def test_two_thousand_users_under_small_limits_all_have_their_turn_within_five_minutes() -> None:
    company = Company(1_700, 300, Allowance(of_all=940))

    counts = hour(company)

    assert company.pace == pace_of(1_700, 300, POLL, company.allowed)
    assert max(counts) * 2 <= 940 + 4
    assert company.longest.keys() == set(company.users)
    assert max(company.longest.values()) <= SPREAD_MAX
    assert {company.longest[user] for user in company.users[1_700:]} == {POLL}


def test_where_even_five_minutes_take_more_than_half_nobody_waits_longer() -> None:
    company = Company(1_500, 500, Allowance(of_all=100))

    counts = hour(company, every=timedelta(seconds=37))

    assert company.pace.healthy == company.pace.others == SPREAD_MAX
    assert max(company.longest.values()) <= SPREAD_MAX
    assert max(counts) < 2_000 / 4, "they do not come all at once"


def test_after_a_pause_everybody_is_polled_in_one_round_t7() -> None:
    company = Company(1_700, 300, Allowance(of_all=940))
    hour(company)

    assert len(company.round(START + timedelta(hours=9))) == 2_000


def test_rounds_that_somebody_woke_do_not_poll_more() -> None:
    company = Company(600, 0, Allowance(of_all=300))
    now, polled = START, 0
    company.round(now)
    for _ in range(600):
        now += timedelta(seconds=1)
        polled += len(company.round(now))

    assert polled <= 10 * 300 * 1.1


@pytest.mark.parametrize(
    ("limits", "allowed"),
    [
        ((9_000, 540, 900_000), Allowance(312.5, 270)),
        ((100, 540, 900_000), Allowance(50, 270)),
        ((9_000, 1, 10**9), Allowance(4_500, 0.5)),
    ],
)
def test_half_of_the_tightest_limit_is_for_polls(
    limits: tuple[float, ...], allowed: Allowance
) -> None:
    assert allowance_of(*limits) == allowed


def test_no_users_own_limit_is_used_up_by_half() -> None:
    pace = pace_of(0, 3, timedelta(seconds=1), Allowance(of_each=6))

    assert pace.others == timedelta(seconds=10)
    assert pace.is_spread


@given(
    healthy=st.integers(0, 3_000),
    others=st.integers(0, 3_000),
    interval=st.integers(1, 900),
    of_all=st.floats(0.5, 10_000),
)
def test_polls_take_at_most_half_unless_that_takes_longer_than_five_minutes(
    healthy: int, others: int, interval: int, of_all: float
) -> None:
    usual = timedelta(seconds=interval)

    pace = pace_of(healthy, others, usual, Allowance(of_all=of_all))

    longest = max(SPREAD_MAX, usual)
    assert usual <= pace.others <= longest
    assert usual <= pace.healthy <= longest
    assert pace.others <= pace.healthy + timedelta(milliseconds=1) or not healthy
    a_minute = 60 * (healthy / pace.healthy.total_seconds() + others / pace.others.total_seconds())
    ends = {every for users, every in ((healthy, pace.healthy), (others, pace.others)) if users}
    assert a_minute <= of_all * 1.001 or ends == {longest}


@given(
    ages=st.lists(st.one_of(st.none(), st.integers(0, 400)), max_size=60),
    passed=st.integers(1, 60),
)
def test_whoever_is_polled_waited_at_least_as_long_as_who_is_not(
    ages: list[int | None], passed: int
) -> None:
    looked = [
        Looked(f"u{n}", None if age is None else START - timedelta(seconds=age), is_healthy=False)
        for n, age in enumerate(ages)
    ]
    pace = pace_of(0, len(looked), POLL, Allowance(of_all=5))
    before = START - timedelta(seconds=passed)

    polled = due(looked, pace, START, interval=POLL, before=before)

    waited = {one.user: one.at or START - timedelta(days=1) for one in looked}
    rest = [waited[one.user] for one in looked if one.user not in polled]
    assert len(Counter(polled)) == len(polled)
    assert not rest or all(waited[user] <= min(rest) for user in polled)
