"""A small service manager for tests: what systemd does to a daemon, done over real sockets.

It runs a unit's own command line with the sockets, credentials and addresses that systemd would give, and keeps the
sockets open when the daemon dies.
"""

import asyncio
import os
import shlex
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import aiohttp

from tests.systemd.units import FOLDER, PROGRAM, SERVICE, Unit

PATIENCE_SECONDS = 30.0

# systemd.exec(5): descriptors begin at 3, and the variable names the process that they are for.
LAUNCH = """
import os, sys
for place, fd in enumerate(int(text) for text in sys.argv[1].split(",") if text):
    os.dup2(fd, 3 + place)
os.environ["LISTEN_PID"] = os.environ["WATCHDOG_PID"] = str(os.getpid())
os.execv(sys.argv[2], sys.argv[2:])
"""


@dataclass
class ServiceManager:
    """Runs one unit."""

    folder: Path
    config: Path
    unit: Unit = SERVICE
    sockets: list[socket.socket] = field(default_factory=list)
    watchdog_s: float = 2.0
    credentials: dict[str, str] = field(default_factory=dict)
    is_abstract: bool = False
    told: list[str] = field(default_factory=list)
    """What the daemon told, one message each."""
    log: list[str] = field(default_factory=list)
    process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        # Short, as a socket's path has little room.
        name = "\0severa-gcal-test-" + str(os.getpid()) + str(self.folder)
        self._inbox = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._inbox.bind(name[:100] if self.is_abstract else str(self._path("notify")))
        self._inbox.setblocking(False)
        asyncio.get_running_loop().add_reader(self._inbox, self._hear)
        directory = self._path("credentials")
        directory.mkdir(exist_ok=True)
        for given, content in self.credentials.items():
            (directory / given).write_text(content)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()
        asyncio.get_running_loop().remove_reader(self._inbox)
        self._inbox.close()
        for each in self.sockets:
            each.close()

    @property
    def command(self) -> list[str]:
        """The unit's own command line, with this test's interpreter and configuration."""
        program, *arguments = shlex.split(self.unit.one("ExecStart"))
        assert program == PROGRAM
        at = arguments.index("--config") + 1
        arguments[at] = str(self.config)
        return [sys.executable, "-m", "daemon", *arguments]

    def environ(self) -> dict[str, str]:
        address = self._inbox.getsockname()
        given = {
            "NOTIFY_SOCKET": "@" + address[1:].decode() if self.is_abstract else str(address),
            "WATCHDOG_USEC": str(int(self.watchdog_s * 1_000_000)),
            "CREDENTIALS_DIRECTORY": str(self._path("credentials")),
            "LISTEN_FDS": str(len(self.sockets)),
            "LISTEN_FDNAMES": ":".join("web" for _ in self.sockets),
            "PYTHONPATH": str(FOLDER.parent),
        }
        return {**os.environ, **given}

    async def start(self) -> None:
        """Start the daemon and return at once."""
        fds = [each.fileno() for each in self.sockets]
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", LAUNCH, ",".join(map(str, fds)), *self.command,
            env=self.environ(), pass_fds=fds,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert self.process.stderr
        self._reader = asyncio.create_task(self._read(self.process.stderr))

    async def started(self) -> None:
        """Start the daemon and wait until it says that it is ready, as Type=notify does."""
        self.told.clear()
        await self.start()
        await self.until(lambda: any("READY=1" in message for message in self.told))

    async def ended(self, number: int | None = None) -> int:
        """Wait for the daemon's end, after this signal where one is given, and return its exit code."""
        assert self.process
        if number is not None:
            self.process.send_signal(number)
        async with asyncio.timeout(PATIENCE_SECONDS):
            code = await self.process.wait()
            await self._reader
        return code

    async def kill(self) -> None:
        assert await self.ended(signal.SIGKILL) == -signal.SIGKILL

    async def until(self, is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not is_so():
            has_ended = self.process is None or self.process.returncode is not None
            assert not has_ended, self.log[-12:]
            assert time.monotonic() < deadline, [*self.told[-5:], *self.log[-12:]]
            await asyncio.sleep(0.02)

    def _hear(self) -> None:
        self.told.append(self._inbox.recv(4096).decode())

    async def _read(self, stream: asyncio.StreamReader) -> None:
        while line := await stream.readline():
            self.log.append(line.decode().rstrip())

    def _path(self, name: str) -> Path:
        return self.folder / name


def listening(address: str | tuple[str, int] = ("127.0.0.1", 0)) -> socket.socket:
    """Return a socket as a .socket unit makes it."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.bind(address)
    made.listen(128)
    return made


async def health(address: str) -> int:
    """Ask whether the daemon lives, and wait for it while it restarts."""
    timeout = aiohttp.ClientTimeout(total=40)
    async with (
        aiohttp.ClientSession(address, timeout=timeout) as session,
        session.get("/healthz") as response,
    ):
        return response.status
