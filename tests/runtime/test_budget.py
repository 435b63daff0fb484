"""The vendors' limits are kept, met limits slow all traffic that they concern, and turns are fair (R1)."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Coroutine, Sequence
from typing import Any

import pytest

from daemon.errors import RateLimited
from daemon.google.errors import Limit
from daemon.runtime import turns
from daemon.runtime.budget import GoogleBudget, Lane, SeveraBudget, lane
from daemon.runtime.turns import PATIENCE, WAIT_MAX_S
from tests.runtime.virtual import YIELDS, VirtualTime

PATCH = 3
MINUTE = 60.0


@pytest.fixture
async def time() -> AsyncIterator[VirtualTime]:
    yield VirtualTime()
    for _ in range(YIELDS):
        await asyncio.sleep(0)
    names = {task.get_name() for task in asyncio.all_tasks()}
    assert "turns" not in names, "nobody hands out turns when nobody waits"


def severa(time: VirtualTime, per_second: float = 8.0) -> SeveraBudget:
    return SeveraBudget(per_second, monotonic=time.monotonic, sleep=time.sleep, chance=lambda: 0.0)


def google(time: VirtualTime, **limits: int) -> GoogleBudget:
    given: dict[str, Any] = {
        "per_minute": 9000, "per_minute_per_user": 540, "per_day": 900_000, **limits
    }  # fmt: skip
    return GoogleBudget(
        **given, now=time.now, monotonic=time.monotonic, sleep=time.sleep, chance=lambda: 0.0
    )


class Calls:
    """When which user's calls went."""

    def __init__(self, time: VirtualTime, budget: SeveraBudget | GoogleBudget) -> None:
        self._time, self._budget = time, budget
        self.went: list[tuple[float, str, Lane]] = []
        self.refused: list[RateLimited] = []

    async def call(self, user: str = "", of: Lane = Lane.NORMAL, units: int = 1) -> None:
        try:
            with lane(of, user):
                if isinstance(self._budget, GoogleBudget):
                    await self._budget.spend(user, units)
                else:
                    await self._budget.spend()
        except RateLimited as error:
            self.refused.append(error)
        else:
            self.went.append((self._time.seconds, user, of))

    async def many(
        self, number: int, user: str = "", of: Lane = Lane.NORMAL, units: int = 1
    ) -> None:
        await asyncio.gather(*(self.call(user, of, units) for _ in range(number)))

    def last(self, user: str) -> float:
        return max(at for at, who, _ in self.went if who == user)

    def order(self) -> list[str]:
        return [who for _, who, _ in self.went]


def busiest(times: Sequence[float], span: float) -> int:
    """Return the most that happened in any such span."""
    within: deque[float] = deque()
    most = 0
    for at in sorted(times):
        within.append(at)
        while within[0] <= at - span:
            within.popleft()
        most = max(most, len(within))
    return most


async def begun(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Return the work as a task whose calls have all asked for their turns."""
    task = asyncio.create_task(work)
    for _ in range(YIELDS):
        await asyncio.sleep(0)
    return task


# The limits themselves.


async def test_r1_severas_requests_are_spaced_whatever_waits(time: VirtualTime) -> None:
    calls = Calls(time, severa(time, per_second=8))

    await time.run(calls.many(100))

    assert busiest([at for at, _, _ in calls.went], 0.999) <= 8
    assert time.seconds == pytest.approx(99 / 8, abs=0.5)


@pytest.mark.parametrize("units", [1, PATCH])
async def test_r1_no_minute_of_one_user_holds_more_than_the_limit(
    time: VirtualTime, units: int
) -> None:
    calls = Calls(time, google(time, per_minute_per_user=54))

    await time.run(calls.many(90 // units, "anna", units=units))

    assert not calls.refused
    assert busiest([at for at, _, _ in calls.went], MINUTE) * units <= 54


async def test_r1_no_minute_of_the_project_holds_more_than_the_limit(time: VirtualTime) -> None:
    calls = Calls(time, google(time, per_minute=90))

    await time.run(asyncio.gather(*(calls.many(5, f"user-{n}") for n in range(30))))

    assert not calls.refused
    assert busiest([at for at, _, _ in calls.went], MINUTE) <= 90


async def test_r1_what_a_user_could_not_spend_while_all_waited_does_not_go_at_once_later(
    time: VirtualTime,
) -> None:
    budget = google(time, per_minute_per_user=54)
    calls = Calls(time, budget)
    budget.limited("", Limit.PROJECT, 55.0)

    await time.run(calls.many(50, "anna"))

    assert min(at for at, _, _ in calls.went) >= 55.0
    assert busiest([at for at, _, _ in calls.went], MINUTE) <= 54


# Fairness and lanes.


async def test_r1_a_user_with_thousands_of_calls_does_not_delay_one_with_twenty(
    time: VirtualTime,
) -> None:
    calls = Calls(time, severa(time))

    many = await begun(calls.many(800, "anna"))
    few = asyncio.ensure_future(calls.many(20, "ben"))
    await time.run(asyncio.gather(many, few))

    assert not calls.refused
    assert calls.last("ben") <= 42 / 8
    assert calls.last("anna") > 100


async def test_r1_in_google_too_turns_go_round_among_users(time: VirtualTime) -> None:
    calls = Calls(time, google(time, per_minute=540, per_minute_per_user=540))

    users = [
        asyncio.ensure_future(calls.many(number, f"user-{number}")) for number in (400, 20, 19)
    ]
    await time.run(asyncio.gather(*users))

    assert calls.last("user-20") < 10
    assert calls.last("user-400") > 30


async def test_r1_a_user_at_the_own_limit_holds_up_nobody(time: VirtualTime) -> None:
    calls = Calls(time, google(time, per_minute_per_user=27))

    slow = await begun(calls.many(40, "anna"))
    await time.run(calls.many(3, "ben"))

    assert time.seconds == 0.0
    await time.run(slow)
    assert calls.last("anna") > 60


async def test_r1_a_trigger_goes_before_polls_and_polls_before_a_first_sync(
    time: VirtualTime,
) -> None:
    calls = Calls(time, severa(time))
    waits = [Lane.BACKGROUND] * 4 + [Lane.NORMAL] * 4 + [Lane.URGENT] * 4

    await calls.call()
    await time.run(asyncio.gather(*(calls.call("anna", of) for of in waits)))

    assert [of for _, _, of in calls.went[1:]] == sorted(waits)


async def test_r1_the_background_never_starves(time: VirtualTime) -> None:
    calls = Calls(time, severa(time))

    urgent = asyncio.ensure_future(calls.many(300, "anna", Lane.URGENT))
    normal = asyncio.ensure_future(calls.many(40, "ben"))
    await time.run(calls.many(10, "cleo", Lane.BACKGROUND))

    share = Counter(of for _, _, of in calls.went)
    assert share[Lane.URGENT] <= 10 * (PATIENCE + 1) + 1
    assert share[Lane.URGENT] >= 60
    assert share[Lane.NORMAL] >= 9
    urgent.cancel()
    normal.cancel()
    await asyncio.gather(urgent, normal, return_exceptions=True)
    await time.pass_by(WAIT_MAX_S)


async def test_r1_a_piece_of_work_hands_its_lane_to_the_tasks_it_starts(time: VirtualTime) -> None:
    budget = severa(time)
    await budget.spend()

    with lane(Lane.URGENT):
        task = asyncio.ensure_future(budget.spend())
    await time.run(task)

    assert budget.turns.waited_s[Lane.URGENT] == pytest.approx(1 / 8)
    assert budget.turns.waited_s[Lane.NORMAL] == 0.0


# Limits that were met.


async def test_r1_one_request_too_many_pauses_everybody_once(time: VirtualTime) -> None:
    budget = severa(time)
    calls = Calls(time, budget)

    for _ in range(8):
        budget.limited(None)  # What was on its way at once meets the same limit.
    await time.run(calls.many(16))

    assert min(at for at, _, _ in calls.went) >= 1.0
    assert busiest([at for at, _, _ in calls.went], 0.999) <= 8
    assert time.seconds < 4


async def test_r1_a_pause_that_severa_asks_for_is_kept_by_everybody(time: VirtualTime) -> None:
    budget = severa(time)
    calls = Calls(time, budget)
    waiting = await begun(calls.many(4))

    budget.limited(7.0)
    await time.run(asyncio.gather(waiting, calls.many(4)))

    late = [at for at, _, _ in calls.went if at > 0]
    assert len(late) == 7
    assert min(late) >= 7.0


async def test_r1_pauses_grow_while_the_limit_is_met_again_and_begin_small_after_a_calm(
    time: VirtualTime,
) -> None:
    budget = severa(time)

    async def pause() -> float:
        began = time.seconds
        budget.limited(None)
        await time.run(budget.spend())
        return round(time.seconds - began)

    growing = [await pause() for _ in range(7)]
    await time.pass_by(90)

    # The next call comes a little after the end of a pause, as all go slower by then.
    assert growing == [pytest.approx(s, abs=1.3) for s in (1, 2, 4, 8, 16, 30, 30)]
    assert await pause() <= 2


async def test_r1_after_a_met_limit_all_go_slower_and_come_back_to_their_rate(
    time: VirtualTime,
) -> None:
    budget = severa(time, 12.0)
    calls = Calls(time, budget)
    budget.limited(None)
    await time.run(calls.many(200))
    eased = [at for at, _, _ in calls.went]

    assert busiest(eased, 10.0) <= 100, "no more than the ten a second that Severa allows"
    await time.pass_by(1000)
    began = time.seconds
    await time.run(calls.many(200))
    assert len([at for at, _, _ in calls.went if began <= at < began + 10]) >= 115


async def test_r1_a_rate_that_is_too_high_finds_one_that_is_not(time: VirtualTime) -> None:
    budget = severa(time, 40.0)
    sent: list[float] = []
    refused = 0
    while time.seconds < 600:
        await time.run(budget.spend())
        sent.append(time.seconds)
        if sum(at > time.seconds - 1 for at in sent[-11:]) > 10:
            refused += 1
            budget.limited(None)

    assert len(sent) > 600 * 5, "more than half of what is allowed gets through"
    assert refused < len(sent) / 50


async def test_r1_a_users_limit_pauses_that_user_alone(time: VirtualTime) -> None:
    budget = google(time)
    calls = Calls(time, budget)
    budget.limited("anna", Limit.USER, 20.0)

    await time.run(asyncio.gather(calls.call("anna"), calls.call("ben")))

    assert calls.order() == ["ben", "anna"]
    assert calls.last("ben") == 0.0
    assert calls.last("anna") >= 20.0


async def test_r1_a_limit_without_a_name_is_the_users_until_several_meet_it(
    time: VirtualTime,
) -> None:
    budget = google(time)
    calls = Calls(time, budget)

    budget.limited("anna", Limit.UNSAID, 20.0)
    budget.limited("ben", Limit.UNSAID, 20.0)
    await time.run(calls.call("cleo"))
    assert calls.last("cleo") == 0.0

    budget.limited("dora", Limit.UNSAID, 30.0)
    await time.run(calls.call("cleo"))
    assert calls.last("cleo") >= 30.0


async def test_r1_a_calendars_own_limit_slows_no_looking(time: VirtualTime) -> None:
    budget = google(time)
    budget.limited("anna", Limit.CALENDAR, None)

    await time.run(budget.spend("anna", 1))

    assert time.seconds == 0.0


async def test_r1_a_day_that_google_calls_used_up_is_tried_again_within_the_hour(
    time: VirtualTime,
) -> None:
    budget = google(time)
    budget.limited("anna", Limit.DAY, None)

    with pytest.raises(RateLimited) as refused:
        await budget.spend("ben", 1)
    await time.pass_by(3601)
    await time.run(budget.spend("ben", 1))

    assert refused.value.retry_after == pytest.approx(3600, abs=1)


# Waits are bounded and counted.


async def test_r1_nobody_waits_longer_than_the_bound_and_what_was_waited_is_counted(
    time: VirtualTime,
) -> None:
    budget = severa(time, per_second=0.5)
    calls = Calls(time, budget)

    await time.run(calls.many(100))

    assert len(calls.went) == pytest.approx(WAIT_MAX_S / 2 + 1, abs=1)
    assert len(calls.refused) == budget.turns.refused == 100 - len(calls.went)
    assert time.seconds <= WAIT_MAX_S + 1
    assert budget.turns.waited_s[Lane.NORMAL] == pytest.approx(
        sum(at for at, _, _ in calls.went) + len(calls.refused) * WAIT_MAX_S, rel=0.01
    )
    assert budget.turns.waiting == 0


async def test_r1_a_long_pause_sends_everybody_away_at_once_with_its_length(
    time: VirtualTime,
) -> None:
    budget = severa(time)
    calls = Calls(time, budget)
    waiting = await begun(calls.many(20))

    budget.limited(600.0)
    await time.run(waiting)
    await calls.call()

    assert time.seconds < 1
    assert len(calls.refused) == 20
    assert all(598 < (error.retry_after or 0) < 602 for error in calls.refused)


async def test_r1_no_more_wait_than_there_is_room_for(
    time: VirtualTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "WAITING_MAX", 10)
    calls = Calls(time, severa(time))

    await time.run(calls.many(30))

    assert len(calls.refused) == 19


async def test_a_caller_that_gives_up_costs_the_others_nothing(time: VirtualTime) -> None:
    calls = Calls(time, severa(time))
    gone = [await begun(calls.many(50, "anna")) for _ in range(2)]
    stays = await begun(calls.many(8, "ben"))

    for task in gone:
        task.cancel()
    await asyncio.gather(*gone, return_exceptions=True)
    await time.run(stays)

    assert time.seconds <= 9 / 8
