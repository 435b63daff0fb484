"""One company of the simulation: both vendors, their people, and the daemon, each a process on the same network."""

import asyncio
import base64
import traceback
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import aiohttp
import jwt
import structlog
from aiohttp import web

from daemon.sandbox.faults import Call, Faults
from daemon.sandbox.google import GoogleState
from daemon.sandbox.google.errors import ApiError
from daemon.sandbox.server import Sandbox
from tests.e2e.company import SERVICE_ACCOUNT, SIGNING_KEY, Company

from .daemon_process import DaemonProcess
from .stage import Stage

SEVERA, GOOGLE, DAEMON = ("127.0.0.1", 8001), ("127.0.0.1", 8002), ("127.0.0.1", 8080)
ADDRESSES = {"severa": SEVERA, "google": GOOGLE}
TYPES = ("Meeting", "Travel", "To-do")
PATIENCE = aiohttp.ClientTimeout(total=20)
STORY_MAX = 100_000
SET_UP_WRONG = "company.fault"
"""What the daemon reports of the company's set-up; every other fault is one of its own."""


class Tally(Faults):
    """Faults, and a count of all calls by vendor, operation and status; faults that were ordered count apart."""

    def __init__(self, clock: Any) -> None:
        super().__init__(clock=clock)
        self.counts: Counter[tuple[str, str, int]] = Counter()
        self.watchers: list[Any] = []
        """Are told of each call that was dealt with."""

    def _note(self, request: web.Request, *rest: Any) -> None:
        super()._note(request, *rest)
        call: Call = self.journal[-1]
        self.counts[call.vendor, call.fault or call.operation, call.status] += 1
        for watcher in self.watchers:
            watcher(call)


@dataclass
class Town(Company):
    """The company, with what happens to it; `tell` keeps the story."""

    stage: Stage = field(kw_only=True)
    daemon: DaemonProcess = field(init=False)
    story: deque[str] = field(default_factory=lambda: deque(maxlen=STORY_MAX))
    reports: Counter[str] = field(default_factory=Counter)
    """What the daemon logged, by event."""
    over_limits: Counter[str] = field(default_factory=Counter)
    """How often a vendor was really asked too much, by vendor; limits that were only said to be met do not count."""
    own_faults: list[str] = field(default_factory=list)
    """What the daemon called a fault of its own."""
    told: Counter[str] = field(default_factory=Counter)
    """What people were answered, by call and status."""
    at_kill: list[Callable[[], None]] = field(default_factory=list)
    _errands: set[asyncio.Task[object]] = field(default_factory=set)
    _http: aiohttp.ClientSession | None = None

    @property
    def faults(self) -> Tally:
        assert isinstance(self.sandbox.faults, Tally)
        return self.sandbox.faults

    def errands(self, work: Coroutine[Any, Any, object]) -> None:
        """Let something happen beside all else."""
        task = asyncio.create_task(work)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    def witness_kill(self) -> None:
        """Tell everybody who wants to know that the daemon was killed."""
        self.tell("    the daemon is killed")
        for told in self.at_kill:
            told()

    def tell(self, line: str) -> None:
        """Add a line to the story."""
        self.story.append(f"{self.stage.now():%a %H:%M:%S.%f} {line}")

    async def open(self, **sections: dict[str, Any]) -> None:
        """Start both vendors and write the configuration; nobody works here yet."""
        stage, sandbox = self.stage, self.sandbox
        self._seed()
        stage.loop.set_exception_handler(self._fault)
        await stage.in_process(
            "vendors", sandbox.start(google_port=GOOGLE[1], severa_port=SEVERA[1])
        )
        self.furnish()
        sandbox.severa.requests_per_second = 10
        listen = f"{DAEMON[0]}:{DAEMON[1]}"
        limits = {"requests_per_minute": 9_000, "requests_per_minute_per_user": 550}
        given = {
            "severa": {"requests_per_second": 8},
            "google": limits,
            "web": {"listen": listen, "public_url": f"http://{listen}"},
            "sync": {"poll_interval": 30},
        }
        for section, keys in sections.items():
            given.setdefault(section, {}).update(keys)
        self.daemon = DaemonProcess(stage, self.configure(**given))
        self._http = aiohttp.ClientSession(timeout=PATIENCE, cookie_jar=aiohttp.DummyCookieJar())

    async def close(self) -> None:
        """Stop everything."""
        await self.daemon.stop()
        if self._http is not None:
            await self._http.close()
        await self.stage.in_process("vendors", self.sandbox.stop())

    def _fault(self, loop: Any, context: dict[str, Any]) -> None:
        self.own_faults.append(f"{context.get('message')}: {context.get('exception')!r}")

    def _log(self, logger: Any, method: str, fields: MutableMapping[str, Any]) -> Any:
        """Take what the daemon reports into the story."""
        event, error = fields.pop("event"), fields.pop("exc_info", None)
        self.reports[event] += 1
        if error or (event.endswith(".fault") and event != SET_UP_WRONG):
            trace = "".join(traceback.format_exc(limit=-6)).strip()
            self.own_faults.append(f"{event} {fields}: {trace}")
        self.tell(f"    {event} {fields}")
        raise structlog.DropEvent

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hear what the daemon reports."""
        before = structlog.get_config()
        structlog.configure(processors=[self._log], cache_logger_on_first_use=False)
        try:
            yield
        finally:
            structlog.configure(**before)

    def _seed(self) -> None:
        """Let all that the vendors leave to chance come from the seed."""
        stage, sandbox = self.stage, self.sandbox
        sandbox.google = GoogleState(clock=stage.now, rng=stage.rng("google"))
        sandbox.google.accounts.new_secret = _secrets(stage.rng("google's tokens"))
        guids = stage.rng("severa's guids")
        sandbox.severa.new_guid = lambda: str(UUID(int=guids.getrandbits(128)))
        sandbox.severa.tokens.new_secret = _secrets(stage.rng("severa's tokens"))
        sandbox.faults = Tally(stage.now)
        sandbox.google.quota.spend = self._spending(sandbox.google.quota.spend)  # type: ignore[method-assign]
        sandbox.faults.watchers.append(self._note_limit)

    def _spending(self, spend: Callable[..., None]) -> Callable[..., None]:
        def spent(*asked: Any) -> None:
            try:
                spend(*asked)
            except ApiError:
                self.over_limits["google"] += 1
                raise

        return spent

    def _note_limit(self, call: Call) -> None:
        self.over_limits["severa"] += (
            call.vendor == "severa" and call.status == 429 and not call.fault
        )

    async def set_up(self) -> None:
        """Do what an administrator does while the daemon runs."""
        assert self.daemon.app is not None, "The daemon runs."
        key = base64.b64encode((self.path / "key.p12").read_bytes()).decode()
        ask = self.daemon.app.admin.ask
        tester = next(
            user for user in self.sandbox.google.accounts.users if user != SERVICE_ACCOUNT
        )
        connection = {"service_account": SERVICE_ACCOUNT, "key": key, "test_user": tester}
        await self.as_daemon(ask("google connect", connection))
        await self.as_daemon(ask("activity-types select", {"names": list(TYPES)}))
        await self.as_daemon(ask("integration on", {}))

    async def as_daemon(self, work: Any) -> Any:
        """Do something within the daemon's process."""
        return await self.stage.in_process(f"daemon {self.daemon.starts}", work)

    # What people ask of the daemon

    async def call(self, person: str, method: str, path: str, body: Any = None) -> int:
        """Call the daemon as Severa's pages do; return the status, 0 where it did not answer."""
        assert self._http is not None, "The company is open."
        now = int(self.stage.now().timestamp())
        claims = {
            "iss": "severa", "aud": "severa-gcal", "sub": self.people[person],
            "iat": now, "exp": now + 3600,
        }  # fmt: skip
        token = jwt.encode(claims, SIGNING_KEY, algorithm="HS256")
        url, headers = f"http://{DAEMON[0]}:{DAEMON[1]}{path}", {"Authorization": f"Bearer {token}"}
        try:
            async with self._http.request(method, url, json=body, headers=headers) as response:
                await response.read()
                status = response.status
        except (aiohttp.ClientError, TimeoutError):
            status = 0
        self.told[f"{method} {path.rpartition('/')[0]} {status}"] += 1
        return status


def new_town(stage: Stage, path: Path) -> Town:
    """Return a company where nothing runs yet."""
    return Town(Sandbox(clock=stage.now), path=path, stage=stage)


def _secrets(rng: Random) -> Any:
    return lambda size: f"{rng.getrandbits(8 * size):0{2 * size}x}"


def start_of(day: str) -> datetime:
    """Return an instant of which the day, and maybe the time in UTC, is given."""
    return datetime.fromisoformat(day).replace(tzinfo=UTC)
