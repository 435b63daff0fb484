"""Keeps the demo's daemon running: one that dies is started again, as systemd would do."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final

from daemon.cli.demo.child import Child
from daemon.cli.demo.home import Home
from daemon.errors import SyncError
from daemon.sandbox.page import Process

PAUSE_S: Final = 1.0
DEATHS_MAX: Final = 5
DEATHS_WITHIN: Final = timedelta(minutes=1)


class Keeper:
    """The daemon of one demo, in however many processes one after the other."""

    def __init__(
        self,
        home: Home,
        process: Process,
        *,
        on_record: Callable[[dict[str, Any]], None],
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._home, self._process, self._on_record = home, process, on_record
        self._now, self._sleep = now, sleep
        self._child: Child | None = None
        self._unasked: deque[datetime] = deque(maxlen=DEATHS_MAX)
        self._is_asked_for = False

    async def start(self) -> None:
        """Start the daemon."""
        self._child = await Child.start(self._home.config, self._home.pid, self._on_record)
        self._process.starting(self._child.number)

    async def ready(self) -> str:
        """Wait until the daemon is ready and return its address; `SyncError` if it does not get ready."""
        assert self._child is not None, "It is started before it is waited for."
        address = await self._child.ready()
        self._process.running()
        return address

    def may_be_killed(self) -> None:
        """Let people kill the daemon from the page, which nothing that sets it up would survive."""
        self._process.kill = self._kill_when_asked

    async def keep(self) -> None:
        """Start the daemon again whenever it dies; `SyncError` if it cannot start, or dies again and again."""
        assert self._child is not None, "It is started before it is kept."
        while True:
            how = await self._child.ended()
            was_ready = self._process.state == "running"
            if not was_ready or self._dies_too_often():
                raise SyncError(f"The daemon {how}")
            self._process.died(how)
            self._child.forget()
            await self._sleep(PAUSE_S)
            await self.start()
            await self._until_ready(self._child)

    async def stop(self) -> None:
        """Let the daemon stop in order."""
        if self._child is not None:
            await self._child.stop()

    def kill(self) -> None:
        """End the daemon at once, for good."""
        if self._child is not None:
            self._child.kill()

    async def _until_ready(self, child: Child) -> None:
        """Wait until a new process is ready; one that ends before is left to whoever waits for its end."""
        ready = asyncio.create_task(self.ready(), name="daemon's readiness")
        ended = asyncio.create_task(child.ended(), name="daemon's early end")
        try:
            await asyncio.wait({ready, ended}, return_when=asyncio.FIRST_COMPLETED)
            if ready.done():
                ready.result()
        finally:
            ready.cancel()
            ended.cancel()
            await asyncio.gather(ready, ended, return_exceptions=True)

    def _kill_when_asked(self) -> None:
        self._is_asked_for = True
        self.kill()

    def _dies_too_often(self) -> bool:
        """Count a death that nobody asked for."""
        if self._is_asked_for:
            self._is_asked_for = False
            return False
        now = self._now()
        self._unasked.append(now)
        return len(self._unasked) == DEATHS_MAX and now - self._unasked[0] < DEATHS_WITHIN
