"""Connections between the processes of the simulation: in order, with delay, and with what can happen to them."""

import asyncio
import errno
from collections import deque
from collections.abc import Callable
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from random import Random
from typing import Any

from .loop import PROCESS, VirtualLoop

Address = tuple[str, int] | str
"""Host and port, or a path."""
Seen = Callable[[float, str, bytes], None]
"""Is told of everything that is sent: when, on which connection and way, what."""

FIRST_PORT = 40_000
CONNECT_GIVEN_UP_S = 127.0
"""How long Linux tries to connect to somebody who does not answer."""
END = None
RESET = ConnectionResetError(errno.ECONNRESET, "reset by the simulation")
Chunk = bytes | ConnectionResetError | None


@dataclass(slots=True)
class Lines:
    """How the lines to one address are; chances are for each connection, or each chunk that is sent."""

    refuses: bool = False
    """Nobody listens there any more."""
    silent_until: float = 0.0
    """What is sent arrives then, and not before."""
    refused: float = 0.0
    cut_before: float = 0.0
    """The connection breaks, and what was to be sent is lost."""
    cut_after: float = 0.0
    """What was sent arrives, and the connection breaks."""


@dataclass(slots=True)
class Network:
    """Who listens where, and how the lines are."""

    loop: VirtualLoop
    rng: Random
    seen: Seen = lambda at, way, data: None
    latency_s: tuple[float, float] = (0.001, 0.03)
    lines: dict[Address, Lines] = field(default_factory=dict)
    _listeners: dict[Address, "Listener"] = field(default_factory=dict)
    _streams: dict["Stream", None] = field(default_factory=dict)
    _connections: int = 0
    _ports: int = FIRST_PORT

    def lines_to(self, address: Address) -> Lines:
        """Return how the lines to an address are; change it at will."""
        return self.lines.setdefault(address, Lines())

    def listen(self, address: Address, factory: Callable[[], Any]) -> "Listener":
        """Let connections to an address come to a protocol."""
        if isinstance(address, tuple) and address[1] == 0:
            self._ports += 1
            address = (address[0], self._ports)
        if address in self._listeners:
            raise OSError(errno.EADDRINUSE, "Address already in use")
        listener = Listener(self, address, factory)
        self._listeners[address] = listener
        return listener

    def unlisten(self, listener: "Listener") -> None:
        """Refuse further connections."""
        if self._listeners.get(listener.address) is listener:
            del self._listeners[listener.address]

    async def reach(self, address: Address) -> None:
        """Wait until a connection is made, or raise `OSError`."""
        lines, now = self.lines_to(address), self.loop.time()
        if lines.silent_until > now:
            wait = lines.silent_until - now
            await asyncio.sleep(min(wait, CONNECT_GIVEN_UP_S))
            if wait > CONNECT_GIVEN_UP_S:
                raise TimeoutError(errno.ETIMEDOUT, "Connection timed out")
        await asyncio.sleep(self.delay())
        is_refused = lines.refuses or self.happens(lines.refused)
        if is_refused or address not in self._listeners:
            raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")

    def join(self, address: Address, factory: Callable[[], Any]) -> tuple["Stream", Any]:
        """Return transport and protocol of a connection that was reached."""
        listener = self._listeners[address]
        self._connections += 1
        name = f"{self._connections}"
        near = Stream(self, address, f"{name}>", factory(), copy_context())
        far = Stream(self, address, f"{name}<", listener.factory(), listener.context.copy())
        near.other, far.other = far, near
        for stream in (near, far):
            self._streams[stream] = None
        self.loop.call_soon(far.protocol.connection_made, far, context=far.context)
        near.protocol.connection_made(near)
        return near, near.protocol

    def delay(self) -> float:
        """Return how long something is on its way."""
        return self.rng.uniform(*self.latency_s)

    def happens(self, chance: float) -> bool:
        """Throw dice, where there is anything to throw them for."""
        return chance > 0 and self.rng.random() < chance

    def kill(self, process: str) -> None:
        """End what a process has open, as the kernel does for one that died."""
        for listener in list(self._listeners.values()):
            if listener.context.get(PROCESS) == process:
                self.unlisten(listener)
        for stream in list(self._streams):
            if stream.context.get(PROCESS) == process:
                stream.die()

    def forget(self, stream: "Stream") -> None:
        """Keep no stream that has come to its end."""
        self._streams.pop(stream, None)


class Listener(asyncio.AbstractServer):
    """What somebody who listens holds."""

    def __init__(self, network: Network, address: Address, factory: Callable[[], Any]) -> None:
        self.network, self.address, self.factory = network, address, factory
        self.context = copy_context()
        self.sockets = (_Name(address),)

    def close(self) -> None:
        """Refuse further connections."""
        self.network.unlisten(self)

    async def wait_closed(self) -> None:
        """Return at once."""


@dataclass(frozen=True, slots=True)
class _Name:
    """Stands for a socket that is asked where it listens."""

    address: Address

    def getsockname(self) -> Address:
        return self.address


class Stream(asyncio.Transport):
    """One end of a connection: takes what its protocol writes to the other end, which gets it later and in order."""

    other: "Stream"

    def __init__(
        self, network: Network, address: Address, way: str, protocol: Any, context: Context
    ) -> None:
        super().__init__({"peername": address, "sockname": ("127.0.0.1", 0), "socket": None})
        self.network, self.address, self.way = network, address, way
        self.protocol, self.context = protocol, context
        self._coming: deque[tuple[float, Chunk]] = deque()
        self._last_at = 0.0
        self._is_paused = self._is_closing = self._is_lost = self._is_pumped = False

    # What a protocol does

    def write(self, data: Any) -> None:
        """Send; a line that breaks now loses it, or breaks after it has arrived."""
        if self._is_closing or not data:
            return
        lines = self.network.lines_to(self.address)
        sent = bytes(data)
        self.network.seen(self.network.loop.time(), self.way, sent)
        is_lost = self.network.happens(lines.cut_before)
        if not is_lost:
            self.other.come(sent)
        if is_lost or self.network.happens(lines.cut_after):
            self._break()

    def can_write_eof(self) -> bool:
        """Tell that one way can be closed alone."""
        return True

    def write_eof(self) -> None:
        """Send that nothing more comes."""
        self.other.come(END)

    def close(self) -> None:
        """End the connection after what was sent."""
        if not self._is_closing:
            self._is_closing = True
            self.other.come(END)
            self._lose_soon(None)

    def abort(self) -> None:
        """End the connection at once."""
        if not self._is_closing:
            self._is_closing = True
            self.other.come(RESET)
            self._lose_soon(None)

    def die(self) -> None:
        """End the connection without telling the protocol, whose process is no more."""
        self._is_lost = True
        if not self._is_closing:
            self._is_closing = True
            self.other.come(RESET)
        self.network.forget(self)

    def is_closing(self) -> bool:
        """Tell whether nothing can be sent any more."""
        return self._is_closing

    def pause_reading(self) -> None:
        """Take nothing for a while."""
        self._is_paused = True

    def resume_reading(self) -> None:
        """Take again what comes."""
        self._is_paused = False
        self._pump_at(self.network.loop.time())

    def is_reading(self) -> bool:
        """Tell whether anything is taken."""
        return not self._is_paused

    def get_write_buffer_size(self) -> int:
        """Tell that everything is under way."""
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Take any amount."""

    def get_protocol(self) -> Any:
        """Return who gets what comes."""
        return self.protocol

    def set_protocol(self, protocol: Any) -> None:
        """Let somebody else get what comes."""
        self.protocol = protocol

    # What the network does

    def come(self, chunk: Chunk) -> None:
        """Let a chunk arrive after all that was sent before it."""
        if self._is_lost:
            return
        lines = self.network.lines_to(self.address)
        at = max(self.network.loop.time() + self.network.delay(), lines.silent_until)
        self._last_at = max(self._last_at, at)
        self._coming.append((self._last_at, chunk))
        self._pump_at(self._last_at)

    def _pump_at(self, at: float) -> None:
        if not self._is_pumped and self._coming and not self._is_lost:
            self._is_pumped = True
            self.network.loop.call_at(at, self._pump, context=self.context)

    def _pump(self) -> None:
        self._is_pumped = False
        if self._is_paused or self._is_lost:
            return
        at, chunk = self._coming[0]
        if at <= self.network.loop.time():
            self._coming.popleft()
            self._take(chunk)
        if self._coming:
            self._pump_at(self._coming[0][0])

    def _take(self, chunk: Chunk) -> None:
        if isinstance(chunk, bytes):
            if not self._is_closing:
                self.protocol.data_received(chunk)
        elif chunk is END:
            if not self._is_closing and not self.protocol.eof_received():
                self.close()
        else:
            self._is_closing = True
            self._lose(RESET)

    def _break(self) -> None:
        self._is_closing = True
        self.other.come(RESET)
        self._lose_soon(RESET)

    def _lose_soon(self, error: Exception | None) -> None:
        self.network.loop.call_soon(self._lose, error, context=self.context)

    def _lose(self, error: Exception | None) -> None:
        if not self._is_lost:
            self._is_lost = True
            self.network.forget(self)
            self.protocol.connection_lost(error)
