"""One run of the demo: starts the sandbox, the page and the daemon, sets up, plays, and stops it all."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import date, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from aiohttp import web

from daemon.cli.demo.child import ERRORS, Child, end_stale, error_text
from daemon.cli.demo.home import Home
from daemon.cli.demo.screen import Screen
from daemon.cli.demo.setup import Setup
from daemon.cli.demo.story import Story
from daemon.errors import SyncError
from daemon.sandbox.page import Desk, Journal, make_page
from daemon.sandbox.people import Company, furnish
from daemon.sandbox.server import Sandbox

HOST: Final = "127.0.0.1"
SETTLE_S: Final = 1.0


class Demo:
    """One run of the demo."""

    def __init__(
        self,
        home: Home,
        *,
        port: int,
        has_script: bool,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._home, self._port, self._has_script, self._sleep = home, port, has_script, sleep
        self._stop = asyncio.Event()
        self._screen = Screen(on_lost=self._stop.set)
        self._child: Child | None = None

    async def run(self, seconds: float | None, *, is_fresh: bool) -> None:
        """Start everything, show it until told to stop, and stop in order.

        Raises:
            SyncError: Something does not start, or the daemon died.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._asked_to_stop)
        if seconds is not None:
            loop.call_later(seconds, self._stop.set)
        await end_stale(self._home.pid, self._home.config, sleep=self._sleep)
        if is_fresh:
            self._home.clear()
        async with AsyncExitStack() as stack:
            sandbox = self._world()
            company = furnish(sandbox, monday=_monday(sandbox))
            journal = Journal(sandbox, company)
            page = await self._serve_page(stack, make_page(sandbox, company, journal=journal))
            await _start(sandbox, stack)
            self._home.configure(sandbox, company)
            self._screen.title("Severa and Google Calendar in step, on this machine only")
            self._child = child = await Child.start(
                self._home.config, self._home.pid, lambda record: self._noted(record, journal)
            )
            stack.push_async_callback(child.stop)
            await self._until_stopped(child, self._show(child, sandbox, company, journal, page))
            self._screen.line("Stopping …")
        self._screen.line(
            "Stopped. `severa-gcal demo` goes on from here, with --fresh it starts over."
        )

    def _asked_to_stop(self) -> None:
        """Stop in order; whoever asks a second time does not want to wait."""
        if self._stop.is_set() and self._child is not None:
            self._child.kill()
        self._stop.set()

    async def _show(
        self, child: Child, sandbox: Sandbox, company: Company, journal: Journal, page: str
    ) -> None:
        """Set up, tell where the page is, and play the story."""
        address = await child.ready()
        self._screen.step("Daemon", f"ready on {address}")
        setup = Setup(
            self._home,
            company,
            self._screen,
            address=address,
            now=sandbox.clock,
            sleep=self._sleep,
        )
        await setup.administrate()
        await setup.switch_on()
        await setup.first_sync()
        self._screen.line()
        self._screen.title(f"Both calendars, side by side: {page}")
        self._screen.line("Change something there by hand. Ctrl-C stops the demo.")
        self._screen.line()
        journal.on_news.append(self._screen.news)
        if self._has_script:
            await self._sleep(SETTLE_S)
            await self._play(sandbox, company, journal)

    async def _play(self, sandbox: Sandbox, company: Company, journal: Journal) -> None:
        play = int(sandbox.notes.get("plays", 0))
        sandbox.notes["plays"] = play + 1
        sandbox.save_notes()
        today = sandbox.clock().astimezone(ZoneInfo(company.people[0].zone)).date()
        desk = Desk(sandbox, journal)
        story = Story(desk, journal, company, play=play, today=today, sleep=self._sleep)
        await story.play()

    async def _until_stopped(self, child: Child, show: Any) -> None:
        """Run the show; a stop ends it, and so does the end of the daemon, as an error."""
        shown = asyncio.create_task(show, name="show")
        ended = asyncio.create_task(child.ended(), name="daemon's end")
        stopped = asyncio.create_task(self._stop.wait(), name="stop")
        waiting: set[asyncio.Task[Any]] = {shown, ended, stopped}
        try:
            while not stopped.done():
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                if ended.done() and not stopped.done():
                    raise SyncError(ended.result())
                if shown in waiting and shown.done():
                    waiting.discard(shown)
                    shown.result()
        finally:
            for task in (shown, ended, stopped):
                task.cancel()
            await asyncio.gather(shown, ended, stopped, return_exceptions=True)

    def _noted(self, record: dict[str, Any], journal: Journal) -> None:
        """Take from the daemon's log what belongs together, and show its faults."""
        if str(record.get("msg", "")).startswith("entry."):
            journal.pair(str(record.get("activity", "")), str(record.get("event_id", "")))
        if record.get("level") in ERRORS:
            self._screen.fault(error_text(record))

    def _world(self) -> Sandbox:
        try:
            return Sandbox(state_file=self._home.world)
        except (OSError, ValueError, KeyError, TypeError):
            hint = "start over with --fresh"
            raise SyncError(f"The world in {self._home.world} cannot be read; {hint}.") from None

    async def _serve_page(self, stack: AsyncExitStack, app: web.Application) -> str:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        try:
            await web.TCPSite(runner, HOST, self._port).start()
        except OSError as error:
            why = f"Port {self._port} cannot be had ({error.strerror or error})"
            raise SyncError(f"{why}; choose another with --port.") from None
        return f"http://{HOST}:{runner.addresses[0][1]}/"


async def _start(sandbox: Sandbox, stack: AsyncExitStack) -> None:
    """Start the sandbox on the ports it had before, or on free ones where those are taken."""
    ports = sandbox.notes.get("ports", {"google_port": 0, "severa_port": 0})
    try:
        await sandbox.start(**ports)
    except OSError:
        await sandbox.start()
    stack.push_async_callback(sandbox.stop)
    addresses = {"google_port": sandbox.google_url, "severa_port": sandbox.severa_url}
    sandbox.notes["ports"] = {name: _port(url) for name, url in addresses.items()}
    sandbox.save_notes()


def _port(url: str) -> int:
    return int(url.split(":")[2].split("/")[0])


def _monday(sandbox: Sandbox) -> date:
    today = sandbox.clock().astimezone(ZoneInfo("Europe/Helsinki")).date()
    return today - timedelta(days=today.weekday())
