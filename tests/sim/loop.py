"""An event loop without a world around it: no sockets, no timers, the same order every time."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

R = TypeVar("R")


class StuckError(Exception):
    """Everybody waits for somebody else."""


class _Nothing:
    """Stands where sockets would be waited for."""

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise StuckError("Nothing is left that could go on.")
        return []


class StoryLoop(asyncio.BaseEventLoop):
    """Runs what is ready, in the order in which it became ready."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = _Nothing()

    def _process_events(self, event_list: list[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody else could wake this loop."""

    def play(self, work: Coroutine[Any, Any, R]) -> R:
        """Run one piece of work to its end."""
        return self.run_until_complete(work)

    def end(self) -> None:
        """Let what was left half read come to its end, end what waits for the dead, and close."""
        self.run_until_complete(self.shutdown_asyncgens())
        while left := asyncio.all_tasks(self):
            try:
                self.run_until_complete(asyncio.wait(left))
            except StuckError:
                for task in left:
                    task.cancel()
        self.close()
