"""What Prometheus is told: counts and times of what happens here, and how things stand when it asks.

Everything belongs to one daemon, none of it to the process; labels are words of ours, never guids, addresses or texts.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from daemon.runtime.gauges import Gauges, Watched
from daemon.runtime.wakes import served_now

CAUSES: Final = ("push", "trigger")
"""Of what is served at once, that which comes from outside."""
WAKE_BUCKETS_S: Final = (0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30, 60, 120, 300)
CALL_BUCKETS_S: Final = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
ROUND_BUCKETS_S: Final = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800)
OUTCOMES: Final = {
    0: "unanswered",
    401: "unauthorized",
    403: "forbidden",
    404: "gone",
    409: "conflict",
    410: "gone",
    412: "conflict",
    429: "limited",
}
"""What an answer's status means, where it says more than its first digit; 0 is no answer."""
CLASSES: Final = {2: "ok", 3: "refused", 4: "refused"}

# Each series would else have a twin that tells when it began; for the whole process, as all daemons want it.
disable_created_metrics()  # type: ignore[no-untyped-call]  # It is not typed.


class Metrics:
    """The figures of one daemon, under names that begin with `severa_gcal_`."""

    def __init__(self, *, now: Callable[[], datetime], monotonic: Callable[[], float]) -> None:
        """`now` and `monotonic` are the clocks of the engine and of its wakes."""
        self._now, self._monotonic = now, monotonic
        self._registry = CollectorRegistry()
        self._gauges: Gauges | None = None
        ProcessCollector(registry=self._registry)
        since = "From the earliest push or trigger not yet served to the"
        self._wrote = self._histogram(
            "wake_to_write",
            f"{since} vendor's answer to a write that it led to.",
            WAKE_BUCKETS_S,
            "cause",
        )
        self._served = self._histogram(
            "wake_served", f"{since} end of looking and writing.", WAKE_BUCKETS_S, "cause"
        )
        self._calls = self._counter(
            "vendor_calls",
            "Requests to Severa and Google by what came of them.",
            "vendor",
            "method",
            "outcome",
        )
        took = "How long requests to Severa and Google took, without the wait for their turn."
        self._call_seconds = self._histogram(
            "vendor_call", took, CALL_BUCKETS_S, "vendor", "method"
        )
        self._rounds = self._counter(
            "rounds",
            "Looks at everybody by how they ended: done, with work left, or failed.",
            "outcome",
        )
        took = "How long looks at everybody took, failed ones too."
        self._round_seconds = self._histogram("round", took, ROUND_BUCKETS_S)
        self._round_succeeded_at = self._gauge(
            "round_last_success_timestamp_seconds",
            "When the latest look at everybody ended that did not fail; 0 for never.",
        )
        self._lag = self._gauge(
            "loop_lag_seconds", "How much later than asked the event loop came back last."
        )
        build = self._gauge("build_info", "Which version this is; always 1.", "version")
        build.labels(_version()).set(1)
        self._begin_at_zero()

    def watch(self, watched: Watched) -> None:
        """Let the state of these parts be told, too; to be called once."""
        assert self._gauges is None, "The parts of a daemon are built once."
        self._gauges = Gauges(watched, now=self._now, monotonic=self._monotonic)
        self._registry.register(self._gauges)

    def watch_lag(self, lag_s: Callable[[], float]) -> None:
        """Let the lag of the event loop be told, in seconds."""
        self._lag.set_function(lag_s)

    async def text(self) -> bytes:
        """Return everything in Prometheus' text format 0.0.4, within seconds even where the database is stuck."""
        if self._gauges is not None:
            await self._gauges.refresh()
        return generate_latest(self._registry)

    # What happens

    def called(self, vendor: str) -> Callable[[str, int, float], None]:
        """Return what is told of each request to a vendor: which method, the answer's status or 0, and the seconds."""

        def note(method: str, status: int, seconds: float) -> None:
            self._calls.labels(vendor, method, outcome_of(status)).inc()
            self._call_seconds.labels(vendor, method).observe(seconds)

        return note

    def served(self, cause: str, seconds: float) -> None:
        """Take note that a wake was served so long after it came."""
        if cause in CAUSES:
            self._served.labels(cause).observe(seconds)

    def wrote(self, noticed_at: datetime | None) -> None:
        """Take note that a vendor answered a write to an entry whose change was noticed at that time.

        It counts where it is made while a push or trigger is served, from the earliest that is served by it, and only
        if what it carries was not noticed before that one came. What fails then and is made up for by a later round
        does not count here; the rounds and the vendors' answers tell of that.
        """
        wake = served_now()
        if wake is None or wake.cause not in CAUSES:
            return
        seconds = self._monotonic() - wake.came_at
        if noticed_at is None or noticed_at >= self._now() - timedelta(seconds=seconds):
            self._wrote.labels(wake.cause).observe(seconds)

    async def round(self, work: Awaitable[bool]) -> bool:
        """Do a round, and count it with its time and its end."""
        began, outcome = self._monotonic(), "failed"
        try:
            is_done = await work
            outcome = "done" if is_done else "unfinished"
            self._round_succeeded_at.set(self._now().timestamp())
        finally:
            self._rounds.labels(outcome).inc()
            self._round_seconds.observe(self._monotonic() - began)
        return is_done

    def _begin_at_zero(self) -> None:
        """Show what has not happened yet as well, so that its first time is seen as a rise."""
        for cause in CAUSES:
            self._wrote.labels(cause)
            self._served.labels(cause)
        for outcome in ("done", "unfinished", "failed"):
            self._rounds.labels(outcome)

    def _counter(self, name: str, told: str, *labels: str) -> Counter:
        return Counter(f"severa_gcal_{name}", told, labels, registry=self._registry)

    def _gauge(self, name: str, told: str, *labels: str) -> Gauge:
        return Gauge(f"severa_gcal_{name}", told, labels, registry=self._registry)

    def _histogram(self, of: str, told: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        name = f"severa_gcal_{of}_seconds"
        return Histogram(name, told, labels, buckets=buckets, registry=self._registry)


def outcome_of(status: int) -> str:
    """Return in a word what an HTTP status means for the call; 0 is no answer."""
    return OUTCOMES.get(status) or CLASSES.get(status // 100, "failed")


def _version() -> str:
    try:
        return version("severa-gcal")
    except PackageNotFoundError:  # It runs from its source.
        return "unknown"
