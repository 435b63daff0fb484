"""How fast calls may go: a bucket of units, and pauses that grow; arithmetic on given seconds."""

from dataclasses import dataclass
from typing import Final

CALM_S: Final = 60.0
"""How long after a pause the limit must not be met for the next pause to be a short one again."""
EASED: Final = 0.7
"""Which part of the rate is left after a limit was met: the same rate again would meet it again."""
SHARE_MIN: Final = 0.1
SHARE_A_SECOND: Final = 0.1 / 300
"""How fast the whole rate comes back: so slowly that the limit is not met again before it counts as calm."""
EPSILON: Final = 1e-6


@dataclass(slots=True)
class Bucket:
    """Lets `burst` units go at once and `flow` a second after that; together they bound every span of time."""

    burst: float
    flow: float
    level: float = 0.0
    at: float = float("-inf")
    """When the level was as it says, in seconds of the monotonic clock; ahead of it during a pause."""
    share: float = 1.0
    """Which part of the flow is used at present."""

    def wait_s(self, units: int, now: float) -> float:
        """Return after how many seconds these units may go."""
        assert units <= self.burst, "what is more than a burst would wait for ever"
        over = self._level(max(now, self.at)) + units - self.burst
        wait = max(0.0, self.at - now) + max(0.0, over / (self.flow * self.share))
        return wait if wait > EPSILON else 0.0

    def take(self, units: int, now: float) -> None:
        """Count units that go now."""
        self.level, self.at = self._level(now) + units, max(now, self.at)

    def pause(self, until: float) -> None:
        """Let nothing go until then, and no burst right after: whoever waited would meet the limit again together."""
        self.level, self.at = self.burst, max(until, self.at)

    def _level(self, now: float) -> float:
        return max(0.0, self.level - max(0.0, now - self.at) * self.flow * self.share)


def by_the_minute(units: int) -> Bucket:
    """Return a bucket that lets so many units go in any minute, a ninth of them at once."""
    burst = max(3.0, units / 9)
    return Bucket(burst, max(units - burst, 1.0) / 60)


@dataclass(slots=True)
class Slowdown:
    """One pause for all calls that share a limit; calls on their way meet it many times, and it grows once."""

    first_s: float
    longest_s: float
    until: float = float("-inf")
    times: int = 0
    eased_to: float = 1.0
    eased_at: float = 0.0

    def share(self, now: float) -> float:
        """Return which part of the rate may be used: less after each pause, and all again a while later."""
        return min(1.0, self.eased_to + max(0.0, now - self.eased_at) * SHARE_A_SECOND)

    def meet(self, now: float, asked_s: float | None, chance: float) -> float:
        """Return until when everybody waits, now that the limit was met.

        `asked_s` is what the vendor asks for; `chance` in [0, 1) puts the end off by up to a quarter.
        """
        if now < self.until:
            self.until = max(self.until, now + (asked_s or 0.0))
            return self.until
        if now >= self.until + CALM_S:
            self.times = 0
        self.eased_to, self.eased_at = max(SHARE_MIN, self.share(now) * EASED), now
        grown_s = min(self.first_s * 2.0 ** min(self.times, 20), self.longest_s)
        self.times += 1
        self.until = now + max(asked_s or 0.0, grown_s) * (1 + chance / 4)
        return self.until
