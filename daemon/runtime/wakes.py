"""Who is to be served before the next round: users whose calendar was pushed, activities that somebody edits."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, Final

from daemon.errors import CompanyRefused, SyncError
from daemon.runtime.budget import Lane, lane
from daemon.sync.engine import Engine

WAITING_MAX: Final = 20_000
"""How many wait at most; whoever comes after them is seen in the next round."""
AT_ONCE: Final = 16
"""How many are served at the same time; the vendors' limits are kept elsewhere."""
AGAIN_SECONDS: Final = 2.5
"""How long after a push in vain it is looked once more: Google may tell of a change before it lists it."""


@dataclass(frozen=True, slots=True)
class Wake:
    """Something to look at: a user's calendar, or one activity that a user says has changed."""

    user: str
    activity: str = ""
    cause: str = "push"
    is_whole: bool = False
    """Severa is looked at for this user as well."""
    is_early: bool = False
    """What it tells of may not be listed yet: where nothing is found, it is looked once more."""

    @property
    def key(self) -> tuple[str, str]:
        """Return what makes two wakes one."""
        return ("", self.activity) if self.activity else (self.user, "")


@dataclass(frozen=True, slots=True)
class Serving:
    """What is served just now: the cause of a wake, and when the earliest that it is for came."""

    cause: str
    came_at: float


_serving: ContextVar[Serving | None] = ContextVar("serving", default=None)


def served_now() -> Serving | None:
    """Return the wake that this piece of work serves, `None` where it is a round or the like."""
    return _serving.get()


@contextmanager
def _serves(wake: Wake, came_at: float) -> Iterator[None]:
    """Let all of this piece of work, tasks that it starts included, know what it is for."""
    token = _serving.set(Serving(wake.cause, came_at))
    try:
        yield
    finally:
        _serving.reset(token)


class Wakes:
    """Serves those who are waiting, many at once and each by one worker; many wakes of one are one."""

    def __init__(
        self,
        engine: Engine,
        *,
        now: Callable[[], float],
        is_stopping: Callable[[], bool],
        wake_round: Callable[[], None],
        found_nothing: Callable[[str], bool] = lambda user: False,
        served: Callable[[str, float], None] = lambda cause, seconds: None,
        report: Callable[..., None] = lambda event, **fields: None,
    ) -> None:
        """`now` is a steady clock in seconds; `served` is told a cause and how long ago its first wake came.

        `found_nothing` tells of a user whether the latest look found that nothing had changed in Google.
        """
        self._engine, self._now, self._is_stopping = engine, now, is_stopping
        self._wake_round, self._found_nothing = wake_round, found_nothing
        self._served, self._report = served, report
        self._waiting: OrderedDict[tuple[str, str], tuple[Wake, float]] = OrderedDict()
        self._running: set[tuple[str, str]] = set()
        self._again: dict[str, asyncio.TimerHandle] = {}
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._waiting)

    def oldest_s(self) -> float:
        """Return for how many seconds the one that came first has waited, 0 where nobody waits."""
        now = self._now()
        return now - min((came_at for _, came_at in self._waiting.values()), default=now)

    def add(self, wake: Wake) -> bool:
        """Let this be looked at soon, also if it is being looked at now; tell whether it was noted."""
        return self._add(wake, self._now())

    def _add(self, wake: Wake, came_at: float) -> bool:
        known = self._waiting.get(wake.key)
        if self._is_stopping() or (known is None and len(self._waiting) >= WAITING_MAX):
            return False
        first, came_at = known or (wake, came_at)
        kept = wake if wake.is_whole else first
        is_early = first.is_early or wake.is_early
        self._waiting[wake.key] = (replace(kept, is_early=is_early), came_at)
        self._changed.set()
        return True

    def work(self) -> list[Coroutine[Any, Any, None]]:
        """Return the workers; each runs until the daemon stops."""
        return [self._worker() for _ in range(AT_ONCE)]

    def stop(self) -> None:
        """Let the workers end when what they are at is done."""
        for timer in self._again.values():
            timer.cancel()
        self._again.clear()
        self._changed.set()

    async def _worker(self) -> None:
        while not self._is_stopping():
            taken = self._next()
            if taken is None:
                self._changed.clear()
                await self._changed.wait()
                continue
            wake, came_at = taken
            try:
                with lane(Lane.URGENT, wake.user), _serves(wake, came_at):
                    await self._serve(wake)
            finally:
                self._running.discard(wake.key)
                self._changed.set()  # The same may have been woken meanwhile.
            self._served(wake.cause, self._now() - came_at)
            if wake.is_early and self._found_nothing(wake.user):
                self._look_again(wake, came_at)
        self._changed.set()

    def _look_again(self, wake: Wake, came_at: float) -> None:
        """Look once more soon; whoever is pushed again meanwhile waits anew, as that is a look of its own."""
        if (timer := self._again.pop(wake.user, None)) is not None:
            timer.cancel()
        if len(self._again) < WAITING_MAX and not self._is_stopping():
            loop = asyncio.get_running_loop()
            self._again[wake.user] = loop.call_later(AGAIN_SECONDS, self._come_back, wake, came_at)

    def _come_back(self, wake: Wake, came_at: float) -> None:
        """Wait once more, with the time at which it came first: what it told of may not be served yet."""
        del self._again[wake.user]
        self._add(replace(wake, is_early=False), came_at)

    def _next(self) -> tuple[Wake, float] | None:
        for key, (wake, came_at) in self._waiting.items():
            if key not in self._running:
                del self._waiting[key]
                self._running.add(key)
                return wake, came_at
        return None

    async def _serve(self, wake: Wake) -> None:
        """Serve one; what fails is stored or comes with the next round (R3)."""
        try:
            if wake.activity:
                done = self._engine.serve_activity(wake.activity, wake.user, cause=wake.cause)
            else:
                done = self._engine.serve(wake.user, cause=wake.cause, is_whole=wake.is_whole)
            if not await done:
                self._wake_round()
        except CompanyRefused:
            return  # Noted and told by the engine.
        except SyncError as error:
            self._report("wake.failed", cause=wake.cause, reason=type(error).__name__)
        except Exception as error:
            # A fault of this program: it concerns one wake, and is no reason to end for everybody.
            self._report("wake.fault", cause=wake.cause, exc_info=error)
