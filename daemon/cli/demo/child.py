"""The demo's daemon: a real process of its own, which ends when the demo does."""

import asyncio
import contextlib
import ctypes
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, Self

import daemon
from daemon.cli.group import one_line
from daemon.errors import SyncError

READY: Final = "severa-gcal is ready on "
READY_S: Final = 60
STOP_S: Final = 15
STALE_LOOKS: Final = 150
LOOK_S: Final = 0.1
LINE_MAX: Final = 1024 * 1024
PR_SET_PDEATHSIG: Final = 1
ERRORS: Final = frozenset({"error", "critical"})

OnRecord = Callable[[dict[str, Any]], None]


class Child:
    """A daemon that runs; `on_record` gets every line of its log."""

    def __init__(self, process: asyncio.subprocess.Process, pid: Path, on_record: OnRecord) -> None:
        self._process = process
        self._pid = pid
        self._on_record = on_record
        self._address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._readers = [
            asyncio.create_task(self._read(process.stdout, self._said), name="daemon's stdout"),
            asyncio.create_task(self._read(process.stderr, self._logged), name="daemon's stderr"),
        ]
        self.last_error = ""

    @property
    def number(self) -> int:
        """The number of its process."""
        return self._process.pid

    @classmethod
    async def start(cls, config: Path, pid: Path, on_record: OnRecord) -> Self:
        """Start the daemon with a configuration and note its number in `pid`."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            *("-m", "daemon", "--config", str(config), "run"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=LINE_MAX,
            env=_environment(),
            # Ctrl-C in the terminal is for the demo, which then stops the daemon in order.
            start_new_session=True,
            preexec_fn=_ending_with(os.getpid()),
        )
        _note(pid, process.pid)
        return cls(process, pid, on_record)

    async def ready(self) -> str:
        """Wait until the daemon is ready and return its address; `SyncError` if that takes too long."""
        try:
            async with asyncio.timeout(READY_S):
                return await self._address
        except TimeoutError:
            raise SyncError(f"The daemon was not ready after {READY_S} seconds.") from None

    async def ended(self) -> str:
        """Wait for the daemon's end and return, as the end of a sentence in one line, what its end was."""
        code = await self._process.wait()
        await asyncio.wait(self._readers, timeout=1)
        if code == -signal.SIGKILL:
            return "was killed (kill -9)"
        how = f"exit code {code}" if code >= 0 else f"signal {-code}"
        why = f": {self.last_error}" if self.last_error else ""
        return f"ended with {how}{why}"

    def forget(self) -> None:
        """Let go of what reads the output of a daemon that has ended."""
        for reader in self._readers:
            reader.cancel()
        self._address.cancel()

    async def stop(self) -> None:
        """Let the daemon stop in order; kill it if it does not."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
            try:
                async with asyncio.timeout(STOP_S):
                    await self._process.wait()
            except TimeoutError:
                self.kill()
                await self._process.wait()
        await asyncio.wait(self._readers, timeout=1)
        self.forget()
        await asyncio.gather(*self._readers, return_exceptions=True)
        self._pid.unlink(missing_ok=True)

    def kill(self) -> None:
        """End the daemon at once."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def _read(self, stream: asyncio.StreamReader | None, take: Callable[[str], None]) -> None:
        assert stream is not None, "Both outputs of the daemon are pipes."
        while True:
            try:
                line = await stream.readline()
            except ValueError:
                continue  # A line without end is passed over.
            if not line:
                return
            take(line.decode(errors="replace").strip())

    def _said(self, line: str) -> None:
        if line.startswith(READY) and not self._address.done():
            self._address.set_result(line.removeprefix(READY))

    def _logged(self, line: str) -> None:
        if not line:
            return
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        if not isinstance(record, dict):
            # The command line's own errors, and what Python says of a fault, are no JSON.
            self.last_error = one_line(line).removeprefix("severa-gcal: ")
            return
        if record.get("level") in ERRORS:
            self.last_error = error_text(record)
        self._on_record(record)


def error_text(record: dict[str, Any]) -> str:
    """Return in one line what a log record of a fault says."""
    text = str(record.get("msg", "fault"))
    if reason := record.get("reason"):
        return one_line(f"{text}: {reason}")
    match record.get("exception"):
        case [{"exc_type": kind, "exc_value": value}, *_]:
            return one_line(f"{text}: {kind}: {value}")
    return one_line(text)


async def end_stale(pid: Path, config: Path, *, sleep: Callable[[float], Awaitable[None]]) -> None:
    """End the daemon that a killed demo left behind, if the process noted in `pid` is that daemon."""
    number = _noted(pid)
    for look in range(STALE_LOOKS):
        if number is None or not _is_ours(number, config):
            break
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if look in (0, STALE_LOOKS - 20):
                os.kill(number, signal.SIGKILL if look else signal.SIGTERM)
        await sleep(LOOK_S)
    else:
        raise SyncError(f"The daemon of an earlier demo, process {number}, does not end.")
    _note(pid, None)


def _note(pid: Path, number: int | None) -> None:
    if number is None:
        pid.unlink(missing_ok=True)
    else:
        pid.write_text(str(number))


def _noted(pid: Path) -> int | None:
    try:
        return int(pid.read_text())
    except (OSError, ValueError):
        return None


def _is_ours(number: int, config: Path) -> bool:
    """Tell whether a process is a daemon with this configuration; a number may have been given anew."""
    try:
        command = Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return os.fsencode(config) in command and b"run" in command


def _environment() -> dict[str, str]:
    """Return the child's environment, in which it finds the same program as this one."""
    source = str(Path(daemon.__file__).parent.parent)
    paths = [source, *filter(None, [os.environ.get("PYTHONPATH")])]
    # With a journal the daemon would put a priority before each line.
    kept = {name: text for name, text in os.environ.items() if name != "JOURNAL_STREAM"}
    return kept | {"PYTHONPATH": os.pathsep.join(paths)}


def _ending_with(parent: int) -> Callable[[], None] | None:
    """Return what a child does so that the kernel ends it with its parent, None where that cannot be (prctl(2))."""
    try:
        prctl = ctypes.CDLL(None).prctl
    except (OSError, AttributeError):
        return None

    def prepare() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return prepare
