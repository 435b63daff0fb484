"""Serves the sandbox Severa and the sandbox Google on loopback, and keeps their world in a file."""

import json
from collections.abc import Callable
from contextvars import ContextVar
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from types import TracebackType
from typing import Any, Self

from aiohttp import web
from aiohttp.typedefs import Handler

from daemon.sandbox import google, severa
from daemon.sandbox.control import make_control
from daemon.sandbox.faults import Faults
from daemon.sandbox.google import GoogleState
from daemon.sandbox.severa import SeveraState
from daemon.sandbox.severa.times import utc_now

FORMAT = 1
# Spent twice by aiohttp, before and after the reading side is cancelled.
SHUTDOWN_TIMEOUT_S = 0.2
KEEPALIVE_TIMEOUT_S = 75.0


class Sandbox:
    """Both vendors in one process, on ports of 127.0.0.1; with a file, the same world after a restart.

    A third port is the sandbox's own (see ``control``): what shall go wrong, and every switch.

    The world is read when the object is made and saved whenever it changed, before the answer to
    the call that changed it. `notes` is saved with it, for whoever furnishes the world.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], datetime] = utc_now,
        state_file: Path | None = None,
    ) -> None:
        self.clock = clock
        self.google = GoogleState(clock=clock)
        self.severa = SeveraState(clock=clock)
        self.faults = Faults(clock=clock)
        self.notes: dict[str, Any] = {}
        self.google_url = ""
        self.severa_url = ""
        self.control_url = ""
        self._runners: list[web.AppRunner] = []
        self._file = WorldFile(state_file, self._dump) if state_file else None
        if self._file:
            self._restore(self._file)

    @property
    def token_uri(self) -> str:
        """Return where Google gives out tokens, also the `aud` of an assertion."""
        return self.google_url + "/token"

    async def start(
        self,
        host: str = "127.0.0.1",
        google_port: int = 0,
        severa_port: int = 0,
        control_port: int = 0,
    ) -> None:
        """Listen on each port; 0 takes a free one."""
        google_app = google.make_app(self.google, self.faults, clock=self.clock)
        severa_app = severa.make_app(self.severa, self.faults, clock=self.clock)
        try:
            self.google_url = await self._serve(google_app, host, google_port)
            self.severa_url = await self._serve(severa_app, host, severa_port) + severa.ROOT
            control = make_control(self.faults, self.google, self.severa)
            self.control_url = await self._serve(control, host, control_port)
        except OSError:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Close the ports, after the calls in hand or a moment."""
        while self._runners:
            await self._runners.pop().cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    def save_notes(self) -> None:
        """Save `notes` after a change to them."""
        if self._file:
            self._file.mark()

    async def _serve(self, app: web.Application, host: str, port: int) -> str:
        if self._file:
            app.middlewares.append(self._file.middleware)
        runner = web.AppRunner(
            app,
            access_log=None,
            keepalive_timeout=KEEPALIVE_TIMEOUT_S,
            shutdown_timeout=SHUTDOWN_TIMEOUT_S,
        )
        self._runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, host, port).start()
        return f"http://{host}:{runner.addresses[0][1]}"

    def _dump(self) -> dict[str, Any]:
        return {
            "google": self.google.dump(),
            "severa": self.severa.dump(),
            "notes": self.notes,
        }

    def _restore(self, file: "WorldFile") -> None:
        world = file.read()
        if world is not None:
            self.google.load(world["google"])
            self.severa.load(world["severa"])
            self.notes = world["notes"]
        self.google.changed.append(file.mark)
        self.severa.changed.append(file.mark)


class WorldFile:
    """Keeps a world in a file that is always whole: written beside it, then renamed into place."""

    def __init__(self, path: Path, dump: Callable[[], dict[str, Any]]) -> None:
        self._path = path
        self._dump = dump
        self._is_dirty = False
        self._in_call: ContextVar[bool] = ContextVar("in_call", default=False)

    def read(self) -> dict[str, Any] | None:
        """Return the world that was saved, None if none was; ValueError if it is of another format."""
        if not self._path.exists():
            return None
        world: dict[str, Any] = json.loads(self._path.read_text())
        if world.get("format") != FORMAT:
            raise ValueError(f"{self._path} is not a sandbox's world of format {FORMAT}.")
        return world

    def mark(self) -> None:
        """Note a change: saved before the answer if a call made it, else at once."""
        self._is_dirty = True
        if not self._in_call.get():
            self.flush()

    def flush(self) -> None:
        """Save the world if it changed."""
        if not self._is_dirty:
            return
        text = json.dumps({"format": FORMAT, **self._dump()})
        with NamedTemporaryFile(
            "w", dir=self._path.parent, prefix=f".{self._path.name}.", delete=False
        ) as file:
            file.write(text)
        Path(file.name).replace(self._path)
        self._is_dirty = False

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Save once what a call changed, before its answer goes out."""
        token = self._in_call.set(True)
        try:
            return await handler(request)
        finally:
            self._in_call.reset(token)
            self.flush()
