"""Everything below the daemon and the vendors in one place: loop, clock, network, database, and a book of the wire."""

import asyncio
import hashlib
import re
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from types import SimpleNamespace
from typing import Any, TypeVar

import aiohttp.connector
import aiohttp.helpers

from .loop import OUTSIDE, PROCESS, NumberedTask, VirtualLoop
from .network import Network
from .sqlite import Databases

T = TypeVar("T")

SIGNED = re.compile(rb"assertion=[^&]*")
"""Signed with a key that is made anew each time."""


@dataclass(slots=True)
class Stage:
    """One simulated world; with the same seed everything happens again, in the same order."""

    seed: int
    start: datetime
    loop: VirtualLoop
    network: Network
    databases: Databases
    digest: Any = field(default_factory=hashlib.sha256)
    chunks: int = 0
    graves: list[NumberedTask] = field(default_factory=list)
    """What the dead were at; kept, since a coroutine that is forgotten runs its `finally`."""

    def rng(self, what: str) -> Random:
        """Return dice of their own for a purpose."""
        return Random(f"{what} {self.seed}")  # noqa: S311 - The same each time.

    def now(self) -> datetime:
        """Return the true time, which no clock need show."""
        return self.start + timedelta(seconds=self.loop.time())

    def in_process(
        self, name: str, work: Coroutine[Any, Any, T], *, task: str = ""
    ) -> asyncio.Task[T]:
        """Start something as a process of its own."""
        token = PROCESS.set(name)
        try:
            return self.loop.create_task(work, name=task or name)
        finally:
            PROCESS.reset(token)

    def outside(self) -> Context:
        """Return where nothing belongs to any process."""
        context = copy_context()
        context.run(PROCESS.set, OUTSIDE)
        return context

    def kill(self, process: str) -> None:
        """End a process as `kill -9` does: nothing of it runs any more, not even a `finally`."""
        self.graves += self.loop.kill(process)
        self.network.kill(process)
        self.databases.kill(process)

    def trace(self) -> str:
        """Return what was sent on all wires until now, as a short text to compare."""
        return f"{self.digest.hexdigest()[:16]} {self.chunks}"

    def note(self, at: float, way: str, data: bytes) -> None:
        """Take what is sent into the trace."""
        self.chunks += 1
        self.digest.update(f"{at:.6f} {way} ".encode())
        self.digest.update(SIGNED.sub(b"assertion=", data) if b"assertion=" in data else data)


def play(
    seed: int, start: datetime, work: Callable[[Stage], Coroutine[Any, Any, T]]
) -> tuple[T, Stage]:
    """Let something happen in a world of its own, from its start on."""
    loop = VirtualLoop(seed)
    rng = Random(f"network {seed}")  # noqa: S311 - The same each time.
    databases = Databases(Random(f"databases {seed}"))  # noqa: S311
    stage = Stage(seed, start.astimezone(UTC), loop, Network(loop, rng), databases)
    stage.network.seen = stage.note
    loop.wires = stage.network
    asyncio.set_event_loop(loop)
    try:
        with databases.installed(), _clocks(stage):
            try:
                return loop.run_until_complete(work(stage)), stage
            finally:
                _bury(stage)
    finally:
        asyncio.set_event_loop(None)
        loop.close()


@contextmanager
def _clocks(stage: Stage) -> Iterator[None]:
    """Let aiohttp, which asks the machine, ask the loop: for idle connections and the header `Date`."""
    aiohttp.connector.monotonic = stage.loop.time  # type: ignore[attr-defined]
    aiohttp.helpers.time = SimpleNamespace(  # type: ignore[attr-defined]
        time=lambda: stage.now().timestamp(), gmtime=time.gmtime
    )
    try:
        yield
    finally:
        aiohttp.connector.monotonic = time.monotonic  # type: ignore[attr-defined]
        aiohttp.helpers.time = time  # type: ignore[attr-defined]


def _bury(stage: Stage) -> None:
    """Let all that is left come to an end, with nobody left to hear of it."""
    loop = stage.loop
    loop.set_exception_handler(lambda loop, context: None)
    loop.raise_the_dead()
    for _ in range(10):
        left = [*stage.graves, *asyncio.all_tasks(loop)]
        left = sorted({t for t in left if not t.done()}, key=hash)
        if not left:
            break
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.wait(left, timeout=600))
    for task in stage.graves:
        if task.done() and not task.cancelled():
            task.exception()
    ending = loop.create_task(loop.shutdown_asyncgens())
    loop.run_until_complete(asyncio.wait([ending], timeout=600))
