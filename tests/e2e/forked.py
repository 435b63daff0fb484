"""The command line in processes of its own, forked from one that has imported the program already.

Starting an interpreter and importing everything takes longer than most tests; what is run is the same. Tests of the
command line itself start a fresh interpreter (`Installation.is_fresh`).
"""

import asyncio
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Sequence
from multiprocessing.reduction import DupFd
from typing import Any

PRELOADED = ["daemon.cli", "daemon.runtime.app", "daemon.runtime.running"]
LINE_MAX = 1 << 20


class Forked:
    """One process, with the few attributes of `asyncio.subprocess.Process` that tests use."""

    def __init__(self, process: Any, stdout: asyncio.StreamReader, stderr: asyncio.StreamReader):
        self._process, self.stdout, self.stderr = process, stdout, stderr

    @classmethod
    async def start(cls, arguments: Sequence[str], *, stdin: bytes = b"") -> "Forked":
        """Run `severa-gcal` with these arguments; what it reads is short enough for a pipe."""
        (given, to_give), (out, to_out), (err, to_err) = os.pipe(), os.pipe(), os.pipe()
        os.write(to_give, stdin)
        os.close(to_give)
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(PRELOADED)
        handed = [_Handed(fd) for fd in (given, to_out, to_err)]
        process = context.Process(target=_run, args=(list(arguments), handed))
        process.start()
        for fd in (given, to_out, to_err):
            os.close(fd)
        return cls(process, await _reader(out), await _reader(err))

    @property
    def pid(self) -> int:
        return int(self._process.pid)

    @property
    def returncode(self) -> int | None:
        code = self._process.exitcode
        return None if code is None else int(code)

    async def wait(self) -> int:
        """Wait until it has ended and return its exit code, negative for a signal."""
        ended, loop = asyncio.Event(), asyncio.get_running_loop()
        if self.returncode is None:
            loop.add_reader(self._process.sentinel, ended.set)
            try:
                await ended.wait()
            finally:
                loop.remove_reader(self._process.sentinel)
        self._process.join()
        code = self.returncode
        assert code is not None, "it has ended"
        return code

    async def communicate(self) -> tuple[bytes, bytes]:
        """Read all it says and wait for its end."""
        out, err = await asyncio.gather(self.stdout.read(), self.stderr.read())
        await self.wait()
        return out, err

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class _Handed:
    """A file descriptor that goes along to the new process."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def __reduce__(self) -> tuple[Callable[[Any], int], tuple[Any]]:
        return _taken, (DupFd(self._fd),)


def _taken(duplicate: Any) -> int:
    return int(duplicate.detach())


def _run(arguments: list[str], fds: list[int]) -> None:
    for number, fd in enumerate(fds):
        os.dup2(fd, number)
        os.close(fd)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - It stays open to the end.
    sys.argv = ["severa-gcal", *arguments]

    from daemon.cli import main

    main()


async def _reader(fd: int) -> asyncio.StreamReader:
    reader, loop = asyncio.StreamReader(limit=LINE_MAX), asyncio.get_running_loop()
    pipe = os.fdopen(fd, "rb", 0)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    return reader
