"""The daemon as a process of the simulation: started, stopped in order, killed at any await, with its own clock."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from daemon.config import load
from daemon.runtime.app import App, opened
from daemon.runtime.running import run

from .stage import Stage

NAME = "daemon"
OPENING_STEP_SECONDS = 0.05
READY_SECONDS = 120.0


@dataclass(slots=True)
class DaemonProcess:
    """What systemd and the machine do with the daemon; its state is a file."""

    stage: Stage
    config: Path
    off_by: timedelta = timedelta()
    """How far the machine's wall clock is off; the steady clock never is."""
    app: App | None = None
    starts: int = 0
    died_of: list[BaseException] = field(default_factory=list)
    """Why it ended by itself, which it never should."""
    _task: asyncio.Task[None] | None = None
    _ready: asyncio.Event = field(default_factory=asyncio.Event)
    _steps: int = 0
    """After so many more statements it is killed; 0 for never."""

    def clock(self) -> datetime:
        """Return what the machine's clock shows."""
        return self.stage.now() + self.off_by

    @property
    def is_running(self) -> bool:
        """Tell whether it was started and has not ended."""
        return self._task is not None and not self._task.done()

    async def start(self) -> None:
        """Start it and wait until it serves."""
        assert not self.is_running, "It is started once."
        self.starts += 1
        self._ready = asyncio.Event()
        self._task = self.stage.in_process(f"{NAME} {self.starts}", self._main())
        ready = asyncio.ensure_future(self._ready.wait())
        done, _ = await asyncio.wait(
            [ready, self._task], timeout=READY_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        assert ready in done, f"The daemon did not start: {self._task}"

    async def stop(self) -> None:
        """Tell it to stop and wait until it has."""
        if self._task is None or self.app is None:
            return
        self.app.stopping.set()
        await asyncio.wait([self._task])
        self.app = self._task = None

    def kill(self) -> None:
        """End it at once, wherever it is."""
        if self.app is None or not self.is_running:
            return
        self.stage.kill(f"{NAME} {self.starts}")
        # The kernel lets go of a dead process's locks; this one lives in a process that goes on.
        self.app.store._lock.release()
        self.app = self._task = None

    def kill_after(self, statements: int, killed: Callable[[], None]) -> None:
        """Kill it in the middle of things: when it has asked its database so many times more."""
        self._steps = statements

        def step() -> None:
            self._steps -= 1
            if self._steps == 0:
                self.stage.databases.told = lambda: None
                self.stage.loop.call_soon(lambda: (self.kill(), killed()), context=outside)

        outside = self.stage.outside()
        self.stage.databases.told = step

    async def _main(self) -> None:
        rng = Random(f"daemon {self.starts} {self.stage.seed}")  # noqa: S311 - The same each time.
        try:
            async with opened(
                load(self.config), clock=self.clock, monotonic=self.stage.loop.time, rng=rng
            ) as app:
                self.app = app
                await run(app, ready=lambda address: self._ready.set())
        except Exception as error:
            self.died_of.append(error)
            raise
