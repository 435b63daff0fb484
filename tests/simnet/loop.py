"""An event loop whose time passes only when everybody waits, and whose chance comes from a seed.

It leans on how CPython 3.11 runs its loop (`_ready`, `_scheduled`, the order in `_run_once`); `test_loop` pins that.
"""

import asyncio
import heapq
import socket
from collections.abc import Callable, Coroutine, Iterable
from contextvars import ContextVar
from random import Random
from typing import Any, Protocol

TURN_SECONDS = 1e-6
"""What a turn of the loop costs, or a waiting that is rounded down to nothing would be repeated for ever."""

OUTSIDE = ""
PROCESS: ContextVar[str] = ContextVar("PROCESS", default=OUTSIDE)
"""Which of the simulated processes something runs in; tasks and callbacks inherit it."""


class Deadlock(RuntimeError):
    """Everybody waits, and nobody will ever wake up."""


class Wires(Protocol):
    """What the loop asks of the network."""

    async def reach(self, address: tuple[str, int] | str) -> None:
        """Wait until a connection is made, or raise `OSError`."""

    def join(self, address: tuple[str, int] | str, factory: Callable[[], Any]) -> tuple[Any, Any]:
        """Return transport and protocol of a connection that was reached."""

    def listen(
        self, address: tuple[str, int] | str, factory: Callable[[], Any]
    ) -> asyncio.AbstractServer:
        """Let connections to an address come to a protocol."""


class _Patience:
    """Stands where sockets would be waited for: moves the clock to the next timer."""

    def __init__(self, loop: "VirtualLoop") -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise Deadlock("Everybody waits, and there is no timer.")
        if timeout > 0:
            self._loop.pass_until_next_timer(timeout)
        return []


class NumberedTask(asyncio.Task[Any]):
    """A task that sets hold in the order of birth, in every process alike; by itself it hashes by address."""

    def __init__(self, coro: Any, *, loop: "VirtualLoop", number: int, **kwargs: Any) -> None:
        self._number = number
        self.process = PROCESS.get()
        super().__init__(coro, loop=loop, **kwargs)

    def __hash__(self) -> int:
        return self._number

    def __eq__(self, other: object) -> bool:
        return self is other


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs what is ready, tasks in an order by chance; timers cost no real time."""

    def __init__(self, seed: int | str) -> None:
        super().__init__()
        self.turns = 0
        self.wires: Wires | None = None
        self._now = 0.0
        self._births = 0
        self._dead: set[str] = set()
        self._rng = Random(f"loop {seed}")  # noqa: S311 - The same order each time.
        self._selector = _Patience(self)
        self._clock_resolution = 1e-9
        self._asked: dict[int, tuple[str, int]] = {}
        self.set_task_factory(self._new_task)

    def time(self) -> float:
        """Return the seconds since this loop was made."""
        return self._now

    def pass_until_next_timer(self, at_most: float) -> None:
        """Move the clock to the next timer."""
        due = self._scheduled[0]._when if self._scheduled else self._now + at_most  # type: ignore[attr-defined]
        self._now = max(self._now, min(due, self._now + at_most))

    def kill(self, process: str) -> list[NumberedTask]:
        """Let nothing of a process run any more, and return its tasks as they stand."""
        self._dead.add(process)
        self._drop_the_dead(self._ready)  # type: ignore[attr-defined]
        self._drop_the_dead(self._scheduled)  # type: ignore[attr-defined]
        return [
            task
            for task in asyncio.all_tasks(self)
            if isinstance(task, NumberedTask) and task.process == process
        ]

    def raise_the_dead(self) -> None:
        """Let everybody run again, so that they can be ended."""
        self._dead.clear()

    def _drop_the_dead(self, handles: Iterable[asyncio.Handle]) -> None:
        for handle in handles:
            if handle._context.get(PROCESS, OUTSIDE) in self._dead:  # type: ignore[attr-defined]
                handle.cancel()

    # What asyncio asks of a loop

    def _new_task(
        self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any], **kwargs: Any
    ) -> NumberedTask:
        self._births += 1
        if (own := kwargs.get("context")) is not None:
            own.run(PROCESS.set, PROCESS.get())
        return NumberedTask(work, loop=self, number=self._births, **kwargs)

    def _process_events(self, event_list: list[Any]) -> None:
        """Gather who is due and let chance order the tasks; other callbacks rely on their order."""
        self.turns += 1
        self._now += TURN_SECONDS
        ready, scheduled = self._ready, self._scheduled  # type: ignore[attr-defined]
        end = self._now + self._clock_resolution
        while scheduled and scheduled[0]._when < end:
            timer = heapq.heappop(scheduled)
            timer._scheduled = False
            ready.append(timer)
        if self._dead:
            # Whoever lives may still wake them: what they wait for can be shared.
            self._drop_the_dead(ready)
        if len(ready) > 1:
            places = [at for at, handle in enumerate(ready) if _is_step(handle)]
            steps = [ready[at] for at in places]
            self._rng.shuffle(steps)
            for at, step in zip(places, steps, strict=True):
                ready[at] = step

    def _write_to_self(self) -> None:
        """Nobody else could wake this loop."""

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:
        """Do it at once: threads have an order of their own."""
        future = self.create_future()
        try:
            result = func(*args)
        except Exception as error:
            future.set_exception(error)
        else:
            future.set_result(result)
        return future

    # What aiohttp asks of a loop

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        """Reach an address; the socket itself stays unconnected."""
        assert self.wires is not None, "A network was put under this loop."
        await self.wires.reach(address)
        self._asked[sock.fileno()] = address

    async def create_connection(self, protocol_factory: Any, *args: Any, **kwargs: Any) -> Any:
        """Join what `sock_connect` reached."""
        assert self.wires is not None, "A network was put under this loop."
        sock = kwargs["sock"]
        address = self._asked.pop(sock.fileno())
        sock.close()
        return self.wires.join(address, protocol_factory)

    async def create_unix_connection(
        self, protocol_factory: Any, path: Any = None, **kwargs: Any
    ) -> Any:
        """Reach and join a path."""
        assert self.wires is not None, "A network was put under this loop."
        await self.wires.reach(str(path))
        return self.wires.join(str(path), protocol_factory)

    async def create_server(
        self, protocol_factory: Any, host: Any = None, port: Any = None, **kwargs: Any
    ) -> Any:
        """Listen on an address; port 0 takes a free one."""
        assert self.wires is not None, "A network was put under this loop."
        return self.wires.listen((host, port), protocol_factory)

    async def create_unix_server(
        self, protocol_factory: Any, path: Any = None, **kwargs: Any
    ) -> Any:
        """Listen on a path."""
        assert self.wires is not None, "A network was put under this loop."
        return self.wires.listen(str(path), protocol_factory)


def _is_step(handle: Any) -> bool:
    callback = handle._callback
    is_step = type(callback).__name__ in ("TaskStepMethWrapper", "TaskWakeupMethWrapper")
    return is_step or isinstance(getattr(callback, "__self__", None), asyncio.Task)
