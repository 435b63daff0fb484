"""How fast one caller may go, so that nobody's page in a loop is in the others' way."""

from collections.abc import Callable
from typing import Final

CALLERS_MAX: Final = 10_000


class Pace:
    """Admits `burst` requests of a caller at once, and then `per_second` (the generic cell rate algorithm)."""

    def __init__(self, *, per_second: float, burst: int, monotonic: Callable[[], float]) -> None:
        """`monotonic` returns seconds of a clock that is never set."""
        self._step, self._leeway = 1 / per_second, (burst - 1) / per_second
        self._monotonic = monotonic
        self._until: dict[str, float] = {}
        """When each caller has used up what was admitted; who is past it is as good as new."""

    def wait_for(self, caller: str) -> float:
        """Admit a request and return 0, or return in how many seconds the next one is admitted."""
        now = self._monotonic()
        until = max(now, self._until.get(caller, now))
        if until - now > self._leeway:
            return until - now - self._leeway
        if len(self._until) >= CALLERS_MAX:
            self._until = {name: at for name, at in self._until.items() if at > now}
            if len(self._until) >= CALLERS_MAX:
                self._until.clear()
        self._until[caller] = until + self._step
        return 0.0
