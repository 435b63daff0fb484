"""Rounds come about every poll interval, whatever each takes, one at a time (T3), and go on after failures (T7)."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import pairwise

from daemon.errors import Transient
from daemon.runtime.loop import PAUSE_MAX, Loop, Waker
from daemon.sync.engine import MORE

INTERVAL = timedelta(seconds=30)
HOURS = 8 * 3600.0


class Time(Waker):
    """A clock that passes where the loop waits, and where a round takes its time."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    async def wait(self, at_most: timedelta) -> str:
        self.seconds += at_most.total_seconds()
        return "poll"


class Rounds:
    """Rounds that take as long as they are told to; the loop stops after the last."""

    def __init__(
        self, *seconds: float, is_done: Callable[[int], bool] = lambda number: True
    ) -> None:
        self.time, self.starts, self.causes = Time(), list[float](), list[str]()
        self._seconds, self._is_done = seconds, is_done
        self._is_running = False
        self.loop = looping(self.round, self.time)

    async def round(self, cause: str) -> bool:
        assert not self._is_running, "never two rounds at once"
        self._is_running = True
        self.starts.append(self.time.seconds)
        self.causes.append(cause)
        number = len(self.starts)
        self.time.seconds += self._seconds[number - 1]
        if number == len(self._seconds):
            self.loop.stop()
        self._is_running = False
        return self._is_done(number)

    async def gaps(self) -> list[float]:
        """Run them and return how long after each other they began."""
        await self.loop.run()
        return [after - before for before, after in pairwise(self.starts)]


def looping(round_: Callable[[str], Awaitable[bool]], time: Time) -> Loop:
    return Loop(
        round_,
        time,
        interval=INTERVAL,
        now=time.now,
        chance=lambda: 0.5,
        report=lambda event, **fields: None,
    )


async def test_t3_rounds_begin_every_thirty_seconds_however_long_one_takes() -> None:
    assert await Rounds(0.5, 20, 26, 1, 0).gaps() == [30, 30, 30, 30]


async def test_t3_a_round_that_takes_longer_is_followed_by_the_next_after_a_short_pause() -> None:
    assert await Rounds(50, 28, 200, 0).gaps() == [53, 31, 203]


async def test_what_a_round_leaves_is_gone_on_with_at_once() -> None:
    rounds = Rounds(5, 5, 5, 0, is_done=lambda number: number == 3)

    assert await rounds.gaps() == [5, 5, 30]
    assert rounds.causes == ["poll", MORE, MORE, "poll"]


async def test_t7_after_hours_of_outage_a_vendor_is_looked_at_again_within_five_minutes() -> None:
    time, starts = Time(), list[float]()

    async def failing(cause: str) -> bool:
        starts.append(time.seconds)
        time.seconds += 3.0
        if time.seconds > HOURS:
            loop.stop()
        raise Transient("Severa does not answer.")

    loop = looping(failing, time)
    await loop.run()

    gaps = [after - before for before, after in pairwise(starts)]
    assert max(gaps) <= PAUSE_MAX.total_seconds() + 3.0
    assert len(starts) < 150, "a vendor that is down is not asked all the time"


async def test_a_fault_of_this_program_in_a_round_ends_no_daemon_r3() -> None:
    time, rounds = Time(), list[str]()

    async def broken(cause: str) -> bool:
        rounds.append(cause)
        if len(rounds) == 2:
            loop.stop()
        raise KeyError("an odd activity")

    loop = looping(broken, time)
    await loop.run()

    assert len(rounds) == 2
    assert time.seconds >= INTERVAL.total_seconds()
