"""Runs what was built: listens, syncs until told to stop, and stops in order."""

import asyncio
import contextlib
import os
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Final

from aiohttp import web

from daemon.errors import SyncError
from daemon.forms import TcpAddress
from daemon.runtime import control, logs
from daemon.runtime.app import App
from daemon.runtime.channels import NO_ADDRESS
from daemon.runtime.day import KEEP_EVERY_S
from daemon.runtime.loop import Loop
from daemon.runtime.readiness import Readiness
from daemon.runtime.wakes import Wake
from daemon.web.app import make_app
from daemon.web.connection import Runner

STOP_SECONDS: Final = 10
"""How long the round under way may take to finish its writes after a stop was asked for."""
NO_SIGNING_KEY: Final = "Without [web] severa_signing_key_file nobody can switch the sync on."


async def run(app: App, *, ready: Callable[[str], None]) -> None:
    """Serve and sync until `app.stopping` is set, then stop: no new work, the write in hand finished and kept.

    Raises:
        SyncError: The address to listen on cannot be had.
    """
    async with AsyncExitStack() as stack:
        door = await control.serve(control.socket_path(app.config.store.database), app.admin.ask)
        stack.push_async_callback(door.cleanup)
        await app.channels.keeper.load()
        address = await _listen(app, stack)
        loop = Loop(
            lambda cause: app.engine.round(cause=cause),
            app.waker,
            interval=app.config.sync.poll_interval,
            chance=app.chance,
            report=logs.report,
        )
        app.admin.is_daemon = True
        logs.report("daemon.ready", address=address)
        if app.config.web.severa_signing_key_file is None:
            logs.report("config.warning", reason=NO_SIGNING_KEY)
        if app.config.web.public_url is None:
            logs.report("config.warning", reason=NO_ADDRESS)
        ready(address)
        async with asyncio.TaskGroup() as group:
            working = group.create_task(loop.run(), name="loop")
            group.create_task(app.channels.run(), name="channels")
            serving = [
                group.create_task(work, name=f"serving {number}")
                for number, work in enumerate(app.wakes.work())
            ]
            group.create_task(_stop(app, loop, [working, *serving]), name="stop")
            group.create_task(_keep_counting(app), name="units")


async def _stop(app: App, loop: Loop, working: Sequence[asyncio.Task[None]]) -> None:
    await app.stopping.wait()
    logs.report("daemon.stopping")
    loop.stop()
    app.wakes.stop()
    app.channels.stop()
    _, left = await asyncio.wait(working, timeout=STOP_SECONDS)
    for task in left:
        task.cancel()


async def _keep_counting(app: App) -> None:
    """Keep every minute what was spent of Google's day, where that is needed at all."""
    while not app.stopping.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(app.stopping.wait(), KEEP_EVERY_S)
        # A database that is busy now has another minute; the count itself is not lost.
        with contextlib.suppress(SyncError):
            await app.budgets.google.day.keep(app.store)


async def _listen(app: App, stack: AsyncExitStack) -> str:
    signing_key = app.config.web.severa_signing_key()
    served = make_app(
        app.people,
        app.triggers,
        signing_key=lambda: signing_key,
        is_ready=Readiness(app.store, app.stopping),
        now=app.now,
        monotonic=asyncio.get_running_loop().time,
        pushes=app.register,
        notice=lambda user: app.wakes.add(Wake(user, is_early=True)),
        allowed_origins=app.config.web.allowed_origins,
    )
    runner = Runner(served)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    listen = app.config.web.listen
    try:
        if isinstance(listen, TcpAddress):
            await web.TCPSite(runner, listen.host, listen.port).start()
            host, port = runner.addresses[0][:2]
            return f"http://{host}:{port}"
        with control.reachable(listen.path) as name:
            await web.UnixSite(runner, name).start()
        return f"unix:{listen.path}"
    except OSError as error:
        where = f"{listen.host}:{listen.port}" if isinstance(listen, TcpAddress) else listen.path
        # asyncio's own text repeats the address as a Python tuple.
        why = os.strerror(error.errno) if error.errno else str(error)
        raise SyncError(f"Cannot listen on {where} ([web] listen): {why}.") from None
