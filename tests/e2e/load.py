"""Pushes by the thousand while everybody edits in both calendars: nothing is lost or doubled, memory stays bounded."""

import argparse
import asyncio
import json
import socket
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from daemon.sandbox.google.channels import Channel
from daemon.sandbox.google.switches import Limits
from daemon.sandbox.server import Sandbox
from tests.e2e.installation import Installation, eventually
from tests.e2e.world import email_of

POLL_SECONDS = 5
QUIET_SECONDS = 180.0
EDITS_EACH = 4
KILL_AT = 0.4
"""After which part of the load the daemon is killed."""
ANSWERS = {"204", "503"}


@dataclass
class Report:
    """What became of a load."""

    pushes: dict[str, Any] = field(default_factory=dict)
    rss_before: float = 0.0
    """MiB, as is the other."""
    rss_after: float = 0.0
    settled_s: float = 0.0
    failures: list[str] = field(default_factory=list)


class Load:
    """One company under load."""

    def __init__(self, company: Installation, users: int, *, rate: float, seconds: float) -> None:
        self._company, self._rate, self._seconds = company, rate, seconds
        self._people = [f"P{number:03}" for number in range(users)]
        self.report = Report()

    async def run(self, *, is_killed: bool = False) -> Report:
        """Open the company, load it, and see that both sides come to be equal, and all that was written is there."""
        company = self._company
        both = {}
        for person in self._people:
            company.person(person)
            guid = company.add_activity(person, "Both", company.at(1, 9))
            both[person] = guid, company.add_event(person, "Both", company.at(1, 9))
        await company.open(*self._people)
        await eventually(lambda: all(map(self._channels, self._people)), company, QUIET_SECONDS)
        self.report.rss_before = rss_mib(company)
        pushing = asyncio.create_task(self._push())
        killing = asyncio.create_task(self._kill() if is_killed else asyncio.sleep(0))
        await self._edit(both)
        self.report.pushes = await pushing
        await killing
        await self._settled(both)
        self.report.rss_after = rss_mib(company)
        return self.report

    # The load

    def _channels(self, person: str) -> list[Channel]:
        now = int(self._company.sandbox.clock().timestamp() * 1000)
        return list(self._company.sandbox.google.channels.live(email_of(person), now))

    async def _push(self) -> Any:
        channels = [self._channels(person)[0] for person in self._people]
        asked = {
            "url": self._company.address,
            "channels": [[one.id, one.token or "", one.resource_id] for one in channels],
            "rate": self._rate,
            "seconds": self._seconds,
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.e2e.pusher",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, _ = await process.communicate(json.dumps(asked).encode())
        assert process.returncode == 0, "the pusher tells what became of its pushes"
        return json.loads(out)

    async def _edit(self, both: dict[str, tuple[str, str]]) -> None:
        """Let everybody edit both calendars, spread over the time of the load."""
        company, pause = self._company, self._seconds / (len(self._people) * EDITS_EACH)
        started, done = time.monotonic(), 0
        for turn in range(EDITS_EACH):
            for person in self._people:
                guid, event = both[person]
                if turn == 0:
                    company.add_event(person, f"Google {person}", company.at(2, 9))
                elif turn == 1:
                    company.add_activity(person, f"Severa {person}", company.at(3, 9))
                elif turn == 2:
                    company.edit_event(person, event, location=f"Room {person}")
                else:
                    company.edit_activity(person, guid, notes=f"Notes of {person}")
                done += 1
                await asyncio.sleep(max(0.0, started + done * pause - time.monotonic()))

    async def _kill(self) -> None:
        await asyncio.sleep(self._seconds * KILL_AT)
        await self._company.kill()
        await self._company.start()

    # The end

    async def _settled(self, both: dict[str, tuple[str, str]]) -> None:
        began = time.monotonic()
        try:
            await eventually(
                lambda: not self._differences(), self._company, QUIET_SECONDS, pause=2.0
            )
            await asyncio.sleep(POLL_SECONDS)  # What is doubled late is doubled by now.
        except AssertionError:
            pass
        self.report.settled_s = time.monotonic() - began
        self.report.failures = self._differences()

    def _differences(self) -> list[str]:
        return [text for person in self._people for text in self._different(person)]

    def _different(self, person: str) -> list[str]:
        company = self._company
        found = [f"{person}: {text}" for text in company.unlike(person)]
        wanted = sorted(["Both", f"Google {person}", f"Severa {person}"])
        if company.subjects(person) != wanted:
            found.append(f"{person}: {company.subjects(person)} in Google")
        kept = [e for e in company.events(person) if e.get("summary") == "Both"]
        if [(e.get("location"), e.get("description")) for e in kept] != [
            (f"Room {person}", f"Notes of {person}")
        ]:
            found.append(f"{person}: an edit is missing")
        return found


def rss_mib(company: Installation) -> float:
    """Return the memory that the daemon holds."""
    assert company.process is not None
    status = Path(f"/proc/{company.process.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


@asynccontextmanager
async def loaded_company(path: Path, port: int) -> AsyncIterator[Installation]:
    """Open a company whose daemon Google pushes to, without limits on either side."""
    address = f"127.0.0.1:{port}"
    async with Sandbox() as sandbox:
        sandbox.google.limits = Limits(user_minute=None, project_minute=None, project_day=None)
        company = Installation(sandbox, path=path)
        company.furnish()
        company.configure(
            web={"listen": address, "public_url": f"http://{address}"},
            sync={"poll_interval": POLL_SECONDS},
            severa={"requests_per_second": 10_000},
            google={"requests_per_minute": 10**8, "requests_per_minute_per_user": 10**8},
        )
        try:
            yield company
        finally:
            await company.stop()


async def loaded(
    path: Path, port: int, users: int, *, rate: float, seconds: float, is_killed: bool = False
) -> Report:
    """Load a company and return what became of it."""
    async with loaded_company(path, port) as company:
        return await Load(company, users, rate=rate, seconds=seconds).run(is_killed=is_killed)


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def main(arguments: Sequence[str] | None = None) -> int:
    """Load a company as asked for, tell what became of it, and return the exit code."""
    parser = argparse.ArgumentParser(prog=".ci/load", description=__doc__)
    parser.add_argument("--users", type=int, default=200)
    parser.add_argument("--rate", type=float, default=1_000.0, help="pushes a second")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--kill", action="store_true", help="kill the daemon meanwhile")
    asked = parser.parse_args(arguments)
    with TemporaryDirectory() as path:
        report = asyncio.run(
            loaded(
                Path(path), free_port(), asked.users,
                rate=asked.rate, seconds=asked.seconds, is_killed=asked.kill,
            )
        )  # fmt: skip
    print(f"pushes: {report.pushes}")
    print(f"memory: {report.rss_before:.0f} MiB before, {report.rss_after:.0f} MiB after")
    print(f"both sides were equal {report.settled_s:.1f} s after the load")
    print("\n".join(report.failures[:20]))
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
