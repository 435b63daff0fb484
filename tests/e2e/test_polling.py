"""What polling costs each vendor, over real HTTP (R2)."""

from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from daemon.sandbox.faults import Fault
from tests.e2e.inside import Inside, inside
from tests.e2e.installation import Installation

POLL = timedelta(seconds=20)
FEW, SOME, MANY = 5, 150, 100
ENOUGH_ROUNDS = 30


async def people(company: Inside, count: int) -> list[str]:
    """Take so many people through their first sync, and let everything come to rest."""
    names = [f"P{number:03}" for number in range(count)]
    for name in names:
        company.person(name)
    await company.switch_on(*names)
    for _ in range(ENOUGH_ROUNDS):
        await company.round(POLL)
        if await idle(company) == count:
            break
    await company.round(POLL)
    assert await idle(company) == count
    return names


async def idle(company: Inside) -> int:
    rows = await company.app.admin.ask("users", {})
    return sum(row["state"] == "idle" for row in rows)


async def calls_of_a_round(company: Inside) -> Counter[str]:
    """Return what one round asks of both vendors, by operation, and how many of its listings were whose."""
    company.faults.journal.clear()
    await company.round(POLL)
    counts = Counter(f"{call.vendor} {call.operation}" for call in company.faults.journal)
    listings = [c for c in company.faults.journal if c.operation == "activities.list"]
    counts["changes"] = sum("changedSince" in call.query for call in listings)
    counts["near"] = sum("userGuids" in call.query for call in listings)
    return counts


@pytest.mark.parametrize("count", [FEW, MANY])
async def test_r2_a_quiet_poll_takes_three_listings_of_severa_and_one_request_a_calendar(
    tmp_path: Path, count: int
) -> None:
    async with inside(tmp_path, severa={"requests_per_second": 8}) as company:
        await people(company, count)

        calls = await calls_of_a_round(company)

        assert calls["changes"] == 3
        assert calls["google events.list"] == count
        per_round = 8 * POLL.total_seconds()
        assert 3 <= calls["near"] <= (per_round - 3) / 2
        assert calls["severa activities.list"] == calls["changes"] + calls["near"]
        assert {name for name in calls if name.startswith("google")} == {"google events.list"}
        company.faults.journal.clear()


async def test_r2_near_windows_take_at_most_half_of_what_is_left_the_oldest_first(
    tmp_path: Path,
) -> None:
    async with inside(tmp_path, severa={"requests_per_second": 1}) as company:
        names = await people(company, SOME)
        guids = {company.people[name] for name in names}
        seen: list[set[str]] = []
        for _ in range(4):
            calls = await calls_of_a_round(company)
            assert calls["changes"] == 3
            assert calls["near"] <= (20 - 3) / 2
            seen.append(
                {
                    guid
                    for call in company.faults.journal
                    if "userGuids" in call.query
                    for guid in guids
                    if guid in call.query
                }
            )

    assert set.union(*seen) == guids, "in a few rounds everybody had a turn"
    assert all(len(users) < SOME for users in seen)
    assert seen[0] | seen[1] == guids, "whoever was listed in one round waits for the others"


async def test_r2_polls_are_spread_out_where_they_take_more_than_half_and_the_status_says_so(
    tmp_path: Path,
) -> None:
    limits = {"requests_per_minute": 120}
    async with inside(tmp_path, google=limits) as company:
        names = await people(company, 40)
        counts, began = [], company.clock()
        for _ in range(9):
            calls = await calls_of_a_round(company)
            counts.append(calls["google events.list"])
        minutes = (company.clock() - began) / timedelta(minutes=1)
        status: Any = await company.app.admin.ask("status", {})
        polls = status["polls"]

    assert polls["spread"] is True
    assert polls["everySeconds"] == 40
    assert sum(counts) / minutes <= 120 / 2 * 1.1
    assert polls["oldestLookAt"] is not None
    assert 20 <= polls["oldestLookSeconds"] <= 65
    assert len(names) == 40


async def test_r2_a_change_in_severa_does_not_wait_for_its_users_turn_to_be_polled(
    tmp_path: Path,
) -> None:
    async with inside(tmp_path, google={"requests_per_minute": 60}) as company:
        names = await people(company, 40)

        for name in names:
            company.add_activity(name, f"For {name}", company.at(1, 9))
        await company.round(POLL)

        assert [company.subjects(name) for name in names] == [[f"For {name}"] for name in names]


async def test_r2_the_command_line_says_that_polls_are_spread_out_and_how_old_the_oldest_look_is(
    company: Installation,
) -> None:
    company.configure(google={"requests_per_minute": 60})
    company.person("Anna")
    await company.open()
    await company.rounds(1)

    told = await company.good("status")
    polls = (await company.json("status"))["polls"]

    assert "Polls are spread out to keep within Google's limits" in told
    assert "every 2 s; the oldest look is" in told
    assert (polls["spread"], polls["everySeconds"]) == (True, 2)


async def test_a_severa_that_has_just_failed_is_asked_no_further_in_that_round(
    tmp_path: Path,
) -> None:
    async with inside(tmp_path) as company:
        await people(company, FEW)
        company.faults.order(
            Fault("severa", "activities.list", "refuse", times=100, where="userGuids")
        )

        calls = await calls_of_a_round(company)

        assert calls["near"] == 1
        assert calls["google events.list"] == FEW
