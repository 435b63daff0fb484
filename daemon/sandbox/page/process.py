"""What is known of the daemon's process, so that the page can show it and kill it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Literal

from daemon.sandbox.page.journal import Journal

LOOKED_AFTER = timedelta(seconds=3)
State = Literal["absent", "starting", "running", "dead"]


class Process:
    """The daemon as the page shows it; whoever runs it tells what becomes of it, and sets `kill`."""

    def __init__(self, journal: Journal, *, clock: Callable[[], datetime]) -> None:
        self._journal = journal
        self._clock = clock
        self._died_at: datetime | None = None
        self._running_since: datetime | None = None
        self._number: int | None = None
        self.state: State = "absent"
        self.deaths = 0
        self.kill: Callable[[], None] | None = None

    def starting(self, number: int) -> None:
        """Note that a process was started."""
        self.state, self._number = "starting", number

    def running(self) -> None:
        """Note that the daemon is at work, and how long it was away if it had died."""
        self.state = "running"
        self._running_since = self._clock()
        if self._died_at is None:
            return
        away = (self._clock() - self._died_at).total_seconds()
        self._died_at = None
        self._journal.note(
            f"The daemon is back after {away:.1f} s",
            mood="good",
            why="It reads what it had noted, looks at both calendars and goes on where it was.",
        )

    def died(self, how: str) -> None:
        """Note the daemon's end, told as the end of a sentence: "was killed (kill -9)"."""
        self.state, self._number = "dead", None
        self.deaths += 1
        self._died_at = self._clock()
        why = "It had no time to tidy up. It is started again."
        self._journal.note(f"The daemon {how}", mood="bad", why=why)

    def has_looked(self) -> bool:
        """Tell whether the daemon has had the time to look at what it left undone; true if there is none."""
        if self.state != "running" or self._running_since is None:
            return self.state == "absent"
        return self._clock() - self._running_since > LOOKED_AFTER

    def json(self) -> dict[str, Any]:
        """Return what the page takes."""
        return {
            "state": self.state,
            "number": self._number,
            "deaths": self.deaths,
            "since": self._died_at.isoformat() if self._died_at else None,
        }
