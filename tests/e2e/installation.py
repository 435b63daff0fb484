"""A whole installation for a test: a sandbox in this process, the real daemon as a process of its own, real HTTP."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import jwt

from daemon.sandbox.google import make_service_account_key
from daemon.sandbox.server import Sandbox

SIGNING_KEY = "a signing key of this test, long enough"
SERVICE_ACCOUNT = "sync@example-project.iam.gserviceaccount.com"
CLIENT_ID, CLIENT_SECRET = "severa-client", "severa-secret"
SCOPE = "https://www.googleapis.com/auth/calendar"
READY_SECONDS = 20
PATIENCE_SECONDS = 20


@dataclass
class Outcome:
    code: int
    out: str
    err: str


@dataclass
class Installation:
    """One company with its daemon; people are added with `person`."""

    path: Path
    sandbox: Sandbox
    types: dict[str, str] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)
    process: asyncio.subprocess.Process | None = None
    address: str = ""
    log: list[str] = field(default_factory=list)
    overrides: dict[str, dict[str, Any]] = field(default_factory=dict)
    _readers: list[asyncio.Task[None]] = field(default_factory=list)

    # Furnishing

    def furnish(self) -> None:
        key = make_service_account_key(SERVICE_ACCOUNT)
        google, severa = self.sandbox.google, self.sandbox.severa
        google.add_service_account(
            SERVICE_ACCOUNT, key.private_key.public_key(), client_id="117", delegated_scopes=[SCOPE]
        )
        (self.path / "key.p12").write_bytes(key.p12)
        (self.path / "key.json").write_text(key.json_text)
        severa.add_credentials(CLIENT_ID, CLIENT_SECRET)
        severa.requests_per_second = None
        for name, category, is_default in (
            ("Meeting", "CalendarEntry", True),
            ("Travel", "CalendarEntry", False),
            ("To-do", "SalesEvent", False),
            ("Project task", "Task", False),
            ("Personal", "Personal", False),
            ("Vacation", "Absences", False),
        ):
            self.types[name] = severa.add_type(name, category, is_default=is_default)
        for name, content in (("secret", CLIENT_SECRET), ("signing-key", SIGNING_KEY)):
            (self.path / name).write_text(content + "\n")
            (self.path / name).chmod(0o600)

    def person(self, first: str, *, google: bool = True, **user: Any) -> str:
        email = f"{first.lower()}@example.com"
        user.setdefault("last_login", datetime.now(UTC))
        self.people[first] = self.sandbox.severa.add_user(first, "Test", email, **user)
        if google:
            self.sandbox.google.add_user(email, zone=user.get("zone", "Europe/Helsinki"))
        return email

    def configure(self, **sections: dict[str, Any]) -> Path:
        """Write the configuration; `sections` override single keys."""
        for section, keys in sections.items():
            self.overrides.setdefault(section, {}).update(keys)
        config: dict[str, dict[str, Any]] = {
            "severa": {
                "base_url": self.sandbox.severa_url,
                "client_id": CLIENT_ID,
                "client_secret_file": "secret",
                "requests_per_second": 1000,
            },
            "google": {
                "api_root": self.sandbox.google_url,
                "token_uri": self.sandbox.token_uri,
                "requests_per_minute": 1_000_000,
                "requests_per_minute_per_user": 1_000_000,
            },
            "web": {"listen": "127.0.0.1:0", "severa_signing_key_file": "signing-key"},
            "store": {"url": f"sqlite:///{self.path}/severa-gcal.db"},
            "sync": {"poll_interval": 1},
            "log": {"format": "json"},
        }
        for section, keys in self.overrides.items():
            config[section].update(keys)
        lines = []
        for section, keys in config.items():
            lines.append(f"[{section}]")
            lines += [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
        file = self.path / "config.toml"
        file.write_text("\n".join(lines) + "\n")
        return file

    # The command line

    async def cli(self, *arguments: str, stdin: str = "") -> Outcome:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "daemon", "--config", str(self.path / "config.toml"), *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate(stdin.encode())
        assert process.returncode is not None
        return Outcome(process.returncode, out.decode(), err.decode())

    async def good(self, *arguments: str) -> str:
        outcome = await self.cli(*arguments)
        assert outcome.code == 0, outcome
        return outcome.out

    async def json(self, *arguments: str) -> Any:
        return json.loads(await self.good(*arguments, "--json"))

    # The daemon

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "daemon", "--config", str(self.path / "config.toml"), "run",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=1 << 20,
        )  # fmt: skip
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
        return answer

    # A running company

    async def set_up(self, *types: str) -> None:
        """Do what an administrator does, with the commands, while the daemon runs."""
        await self.good(
            "google", "connect", "--service-account", SERVICE_ACCOUNT,
            "--key", str(self.path / "key.p12"), "--test-user", f"{next(iter(self.people)).lower()}@example.com",
        )  # fmt: skip
        await self.good("activity-types", "select", *(types or ("Meeting", "Travel", "To-do")))
        await self.good("integration", "on")

    async def synced(self, *people: str) -> None:
        """Wait until these people's first sync is done."""

        async def is_done() -> bool:
            states = [(await self.call("GET", "/v1/me/sync", person))[1] for person in people]
            return all(state["state"] == "idle" for state in states)

        await eventually(is_done, self)

    # What both calendars show

    def events(self, person: str) -> list[dict[str, Any]]:
        return self.sandbox.google.events(f"{person.lower()}@example.com")

    def activities(self, person: str) -> list[dict[str, Any]]:
        return self.sandbox.severa.activities(self.people[person])

    def subjects(self, person: str) -> list[str]:
        return sorted(event.get("summary", "") for event in self.events(person))

    def names(self, person: str) -> list[str]:
        return sorted(activity["name"] for activity in self.activities(person))

    def writes(self) -> int:
        """Return how many calls that may change something the vendors have answered."""
        return sum(
            call.method in ("POST", "PATCH", "PUT", "DELETE") and "token" not in call.operation
            for call in self.sandbox.faults.journal
        )

    async def polls(self, count: int = 2) -> None:
        """Wait until the company's Severa was looked at so many more times."""

        def looks() -> int:
            return sum(call.operation == "activities.list" for call in self.sandbox.faults.journal)

        # A round makes three listings: changed singles, changed series, the near window.
        target = looks() + 3 * (count + 1)
        await eventually(lambda: looks() >= target, self)

    async def is_quiet(self, polls: int = 2) -> None:
        """Check that further polls write nothing."""
        await self.polls(1)
        before = self.writes()
        await self.polls(polls)
        assert self.writes() == before, list(self.sandbox.faults.journal)[-20:]

    # People's edits

    def at(self, days: float, hours: float = 0) -> datetime:
        """Return an instant: so many days from today's midnight, and hours (UTC)."""
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return today + timedelta(days=days, hours=hours)

    def add_event(
        self, person: str, summary: str, start: datetime, hours: float = 1, **more: Any
    ) -> str:
        body = {
            "summary": summary,
            "start": {"dateTime": start.isoformat()},
            "end": {"dateTime": (start + timedelta(hours=hours)).isoformat()},
        } | more
        return str(self.sandbox.google.person_add(f"{person.lower()}@example.com", body)["id"])

    def add_activity(
        self,
        person: str,
        name: str,
        start: datetime,
        hours: float = 1,
        kind: str = "Meeting",
        **more: Any,
    ) -> str:
        fields = {
            "name": name, "startDateTime": start, "endDateTime": start + timedelta(hours=hours),
            "hasDuration": True, "activityType": self.types[kind],
        } | more  # fmt: skip
        return str(self.sandbox.severa.person_add(self.people[person], **fields)["guid"])

    def edit_event(self, person: str, event_id: str, **changes: Any) -> None:
        self.sandbox.google.person_patch(f"{person.lower()}@example.com", event_id, changes)

    def edit_activity(self, person: str, guid: str, **changes: Any) -> None:
        self.sandbox.severa.person_patch(self.people[person], guid, **changes)


async def eventually(
    is_so: Callable[[], bool | Awaitable[bool]],
    installation: Installation | None = None,
    seconds: float = PATIENCE_SECONDS,
) -> None:
    """Wait until something is so, or fail with the end of the daemon's log."""
    deadline = time.monotonic() + seconds
    while True:
        answer = is_so()
        if answer if isinstance(answer, bool) else await answer:
            return
        if time.monotonic() > deadline:
            raise AssertionError(
                "\n".join(installation.log[-30:]) if installation else "waited too long"
            )
        await asyncio.sleep(0.05)
