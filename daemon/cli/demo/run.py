"""One run of the demo: starts the sandbox, the page and the daemon, sets up, plays, and stops it all."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import date, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from aiohttp import web

from daemon.cli.demo.child import ERRORS, end_stale, error_text
from daemon.cli.demo.home import Home
from daemon.cli.demo.keeper import Keeper
from daemon.cli.demo.screen import Screen
from daemon.cli.demo.setup import SELECTED, Setup
from daemon.cli.demo.story import Story
from daemon.errors import SyncError
from daemon.sandbox.page import Desk, Journal, Process, make_page
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
        self._keeper: Keeper | None = None

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
            synced = frozenset(company.types[name] for name in SELECTED)
            journal = Journal(sandbox, company, synced=synced)
            process = Process(journal, clock=sandbox.clock)
            app = make_page(sandbox, company, journal=journal, process=process)
            page = await self._serve_page(stack, app)
            await _start(sandbox, stack)
            self._home.configure(sandbox, company)
            self._screen.title("Severa and Google Calendar in step, on this machine only")
            self._keeper = keeper = Keeper(
                self._home,
                process,
                on_record=lambda record: self._noted(record, journal),
                now=sandbox.clock,
                sleep=self._sleep,
            )
            stack.push_async_callback(keeper.stop)
            await keeper.start()
            await self._until_stopped(keeper, self._show(keeper, sandbox, company, journal, page))
            self._screen.line("Stopping …")
        self._screen.line(
            "Stopped. `severa-gcal demo` goes on from here, with --fresh it starts over."
        )

    def _asked_to_stop(self) -> None:
        """Stop in order; whoever asks a second time does not want to wait."""
        if self._stop.is_set() and self._keeper is not None:
            self._keeper.kill()
        self._stop.set()

    async def _show(
        self, keeper: Keeper, sandbox: Sandbox, company: Company, journal: Journal, page: str
    ) -> None:
        """Set up, tell where the page is, and play the story."""
        address = await keeper.ready()
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
        keeper.may_be_killed()
        self._screen.line()
        self._screen.title(f"Both calendars, side by side: {page}")
        self._screen.line("Change something there by hand. Ctrl-C stops the demo.")
        self._screen.line()
        journal.on_news.append(self._screen.news)
        journal.on_note.append(self._screen.note)
        if self._has_script:
            await self._sleep(SETTLE_S)
            await self._play(sandbox, company, journal)

    async def _play(self, sandbox: Sandbox, company: Company, journal: Journal) -> None:
        play = int(sandbox.notes.get("plays", 0))
        sandbox.notes["plays"] = play + 1
        sandbox.save_notes()
        today = sandbox.clock().astimezone(ZoneInfo(company.people[0].zone)).date()
        desk = Desk(sandbox, company, journal)
        story = Story(desk, journal, company, play=play, today=today, sleep=self._sleep)
        await story.play()

    async def _until_stopped(self, keeper: Keeper, show: Any) -> None:
        """Run the show and keep the daemon running; a stop ends both, and what fails in either is raised."""
        shown = asyncio.create_task(show, name="show")
        kept = asyncio.create_task(keeper.keep(), name="keeper")
        stopped = asyncio.create_task(self._stop.wait(), name="stop")
        waiting: set[asyncio.Task[Any]] = {shown, kept, stopped}
        try:
            while not stopped.done():
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                if kept.done() and not stopped.done():
                    kept.result()
                if shown in waiting and shown.done():
                    waiting.discard(shown)
                    shown.result()
        finally:
            for task in (shown, kept, stopped):
                task.cancel()
            await asyncio.gather(shown, kept, stopped, return_exceptions=True)

    def _noted(self, record: dict[str, Any], journal: Journal) -> None:
        """Hand the daemon's log to the page's journal, and show its faults."""
        journal.hear(record)
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
            said = os.strerror(error.errno) if error.errno else str(error)
            why = f"Port {self._port} cannot be had ({said})"
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
