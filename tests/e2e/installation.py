"""A whole installation for a test: a sandbox in this process, the real daemon as a process of its own, real HTTP."""

import asyncio
import base64
import json
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import jwt

from daemon.runtime.control import ask_daemon, socket_path
from daemon.sandbox.faults import Fault
from tests.e2e.company import SERVICE_ACCOUNT, SIGNING_KEY, Company
from tests.e2e.forked import Forked
from tests.e2e.world import email_of

READY_SECONDS = 60
PATIENCE_SECONDS = 20


@dataclass
class Outcome:
    code: int
    out: str
    err: str


@dataclass
class Installation(Company):
    """One company with its daemon."""

    process: Forked | asyncio.subprocess.Process | None = None
    is_fresh: bool = False
    """Commands and daemon are started in interpreters of their own, as an operator does."""
    address: str = ""
    log: list[str] = field(default_factory=list)
    enabled: list[str] = field(default_factory=list)
    _readers: list[asyncio.Task[None]] = field(default_factory=list)

    # The command line

    async def cli(self, *arguments: str, stdin: str = "") -> Outcome:
        given = ["--config", str(self.path / "config.toml"), *arguments]
        process: Forked | asyncio.subprocess.Process
        if self.is_fresh:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "daemon", *given,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
            out, err = await process.communicate(stdin.encode())
        else:
            process = await Forked.start(given, stdin=stdin.encode())
            out, err = await process.communicate()
        assert process.returncode is not None
        return Outcome(process.returncode, out.decode(), err.decode())

    async def good(self, *arguments: str) -> str:
        outcome = await self.cli(*arguments)
        assert outcome.code == 0, outcome
        return outcome.out

    async def wrong(self, *arguments: str, code: int = 1, stdin: str = "") -> str:
        """Run a command that is to fail, and return its one line on stderr."""
        outcome = await self.cli(*arguments, stdin=stdin)
        assert outcome.code == code, outcome
        assert outcome.err.endswith("\n"), outcome
        assert outcome.err.count("\n") == 1, outcome
        assert "Traceback" not in outcome.out + outcome.err
        return outcome.err.removesuffix("\n")

    async def json(self, *arguments: str) -> Any:
        return json.loads(await self.good(*arguments, "--json"))

    # The daemon

    async def start(self) -> None:
        given = ["--config", str(self.path / "config.toml"), "run"]
        if self.is_fresh:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "daemon", *given,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=1 << 20,
            )  # fmt: skip
        else:
            self.process = await Forked.start(given)
        assert self.process.stdout
        assert self.process.stderr
        self._readers.append(asyncio.create_task(self._collect(self.process.stderr)))
        async with asyncio.timeout(READY_SECONDS):
            line = (await self.process.stdout.readline()).decode()
        assert line.startswith("severa-gcal is ready on "), (line, self.log)
        self.address = line.split()[-1]

    async def _collect(self, stream: asyncio.StreamReader) -> None:
        while line := await stream.readline():
            self.log.append(line.decode().rstrip())

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """End the daemon with this signal and return its exit code."""
        if self.process is None:
            return 0
        if self.process.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, number)
        async with asyncio.timeout(READY_SECONDS):
            code = await self.process.wait()
            await asyncio.gather(*self._readers)
        self._readers.clear()
        self.process = None
        return code

    async def kill(self) -> None:
        """End the daemon as a power cut would, at once and in the middle of things."""
        assert await self.stop(signal.SIGKILL) == -signal.SIGKILL

    def kill_when(self, is_so: Callable[[], bool]) -> None:
        """Kill the daemon as soon as a vendor has carried out a write that makes this so, before it answers."""
        process, google, severa = self.process, self.sandbox.google, self.sandbox.severa
        assert process

        def look() -> None:
            if is_so():
                google.changed.remove(look)
                severa.changed.remove(look)
                process.kill()

        google.changed.append(look)
        severa.changed.append(look)

    async def died(self) -> None:
        """Wait until a daemon that is to be killed is dead."""
        assert self.process
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.process.wait()
        await self.stop()

    # The interface

    def token(self, person: str, **claims: Any) -> str:
        now = int(time.time())
        body = {
            "iss": "severa", "aud": "severa-gcal", "sub": self.people.get(person, person),
            "iat": now, "exp": now + 600,
        } | claims  # fmt: skip
        return jwt.encode(body, SIGNING_KEY, algorithm="HS256")

    async def call(
        self, method: str, path: str, person: str, body: Any = None, **headers: str
    ) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.token(person)}"} | headers
        timeout = aiohttp.ClientTimeout(total=PATIENCE_SECONDS)
        async with (
            aiohttp.ClientSession(self.address, timeout=timeout) as session,
            session.request(method, path, json=body, headers=headers) as response,
        ):
            return response.status, await response.json(content_type=None)

    async def switch(self, person: str, *, enabled: bool = True) -> Any:
        status, answer = await self.call("PUT", "/v1/me/sync", person, {"enabled": enabled})
        assert status == 200, answer
        if enabled and person not in self.enabled:
            self.enabled.append(person)
        if not enabled:
            self.enabled.remove(person)
        return answer

    # A running company

    async def ask(self, command: str, **arguments: Any) -> Any:
        """Ask the running daemon through the door that its command line uses."""
        return await ask_daemon(socket_path(self.path / "severa-gcal.db"), command, arguments)

    async def set_up(self, *types: str) -> None:
        """Do what an administrator does while the daemon runs."""
        await self.ask(
            "google connect",
            service_account=SERVICE_ACCOUNT,
            key=base64.b64encode((self.path / "key.p12").read_bytes()).decode(),
            test_user=next(
                user for user in self.sandbox.google.accounts.users if user != SERVICE_ACCOUNT
            ),
        )
        await self.ask("activity-types select", names=types or ("Meeting", "Travel", "To-do"))
        await self.ask("integration on")

    async def open(self, *people: str, types: Sequence[str] = ()) -> None:
        """Start the daemon, set it up, and take these people (all) through their first sync."""
        await self.start()
        await self.set_up(*types)
        for person in people or self.people:
            await self.switch(person)
        await self.synced(*(people or self.people))

    async def synced(self, *people: str) -> None:
        """Wait until these people's first sync is done."""

        async def is_done() -> bool:
            states = [await self.state(person) for person in people]
            return all(state["state"] == "idle" for state in states)

        await eventually(is_done, self)

    async def state(self, person: str) -> Any:
        status, answer = await self.call("GET", "/v1/me/sync", person)
        assert status == 200, answer
        return answer

    async def problems(self) -> list[str]:
        """Return what `status` says needs attention."""
        status = await self.ask("status")
        return [f"{row['standing']}: {row['problem']}" for row in status["problems"]]

    def writes(self) -> int:
        """Return how many calls that may change something the vendors have answered."""
        return sum(
            call.method in ("POST", "PATCH", "PUT", "DELETE") and "token" not in call.operation
            for call in self.sandbox.faults.journal
        )

    def calls(self, vendor: str, operation: str, user: str = "") -> int:
        """Return how many such calls were answered, refused or lost (for this Google user)."""
        return sum(
            (call.vendor, call.operation) == (vendor, operation) and user in ("", call.user)
            for call in self.sandbox.faults.journal
        )

    async def visit(self, person: str) -> None:
        """Let an enabled person visit the profile, which makes the daemon look at once."""
        await self.call("PUT", "/v1/me/sync", person, {"enabled": True})

    async def until(
        self, is_so: Callable[[], bool | Awaitable[bool]], seconds: float = PATIENCE_SECONDS
    ) -> None:
        """Wait until something is so, with visits to the profile so that nobody waits for the poll."""

        async def is_so_or_visited() -> bool:
            answer = is_so()
            if answer if isinstance(answer, bool) else await answer:
                return True
            await self.visit(self.enabled[0])
            return False

        await eventually(is_so_or_visited, self, seconds)

    async def rounds(self, count: int = 2) -> None:
        """Wait until the daemon has looked at both sides so many more times, each from start to end.

        A visit to the profile makes it look at once; that saves waiting for the poll.
        """
        person = self.enabled[0]
        # The first look may have begun before, and only the next one's start tells that one has ended.
        for _ in range(count + 2):
            looks = self._looks(person)
            await self.visit(person)
            await eventually(lambda looks=looks: self._looks(person) > looks, self, pause=0.01)  # type: ignore[misc]

    async def polls(self, count: int = 2) -> None:
        """Wait until the timer alone has made the daemon look so many more times."""
        person = self.enabled[0]
        target = self._looks(person) + count + 2
        await eventually(lambda: self._looks(person) >= target, self)

    def _looks(self, person: str) -> int:
        return self.calls("google", "events.list", email_of(person))

    async def is_quiet(self, rounds: int = 2) -> None:
        """Check that looking again writes nothing."""
        await self.rounds(1)
        before = self.writes()
        await self.rounds(rounds)
        assert self.writes() == before, list(self.sandbox.faults.journal)[-20:]

    def fault(self, vendor: str, operation: str, kind: str, **more: Any) -> None:
        """Let something go wrong at the next such call (see `daemon.sandbox.faults`)."""
        self.sandbox.faults.order(Fault(vendor, operation, kind, **more))  # type: ignore[arg-type]

    async def agrees(
        self, *people: str, seconds: float = PATIENCE_SECONDS, **exceptions: Any
    ) -> None:
        """Check that both calendars of these people (all enabled) come to show the same, undoubled, and then rest.

        The exceptions are those of `calendars.unlike`, the same for everybody.
        """
        names = people or tuple(self.enabled)

        def differences() -> list[str]:
            return [f"{name}: {text}" for name in names for text in self.unlike(name, **exceptions)]

        try:
            await self.until(lambda: not differences(), seconds)
        except AssertionError as error:
            raise AssertionError("\n".join([*differences(), str(error)])) from None
        await self.is_quiet()
        assert not differences()


async def eventually(
    is_so: Callable[[], bool | Awaitable[bool]],
    installation: Installation | None = None,
    seconds: float = PATIENCE_SECONDS,
    *,
    pause: float = 0.05,
) -> None:
    """Wait until something is so, or fail with the end of the daemon's log."""
    deadline = time.monotonic() + seconds
    while True:
        answer = is_so()
        if answer if isinstance(answer, bool) else await answer:
            return
        if time.monotonic() > deadline:
            raise AssertionError(
                "\n".join(installation.log[-12:]) if installation else "waited too long"
            )
        await asyncio.sleep(pause)
