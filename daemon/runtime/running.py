"""Runs what was built: listens, syncs until told to stop, and stops in order."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any, Final

from aiohttp import web

from daemon.errors import SyncError
from daemon.forms import TcpAddress, UnixAddress
from daemon.runtime import control, logs
from daemon.runtime.app import App
from daemon.runtime.channels import NO_ADDRESS
from daemon.runtime.condition import heartbeat
from daemon.runtime.day import KEEP_EVERY_S
from daemon.runtime.loop import Loop
from daemon.runtime.notify import NOBODY, ServiceManager
from daemon.runtime.readiness import Readiness
from daemon.runtime.wakes import Wake
from daemon.web.app import make_app
from daemon.web.connection import Runner

STOP_SECONDS: Final = 10
"""How long the round under way may take to finish its writes after a stop was asked for."""
NO_SIGNING_KEY: Final = "Without [web] severa_signing_key_file nobody can switch the sync on."


async def run(app: App, *, ready: Callable[[str], None], manager: ServiceManager = NOBODY) -> None:
    """Serve and sync until `app.stopping` is set, then stop: no new work, the write in hand finished and kept.

    `ready` is told the address once calls are answered there; `manager` is told how we are from then on.

    Raises:
        SyncError: The address to listen on cannot be had.
    """
    async with AsyncExitStack() as stack:
        door = await control.serve(control.socket_path(app.config.store.database), app.admin.ask)
        stack.push_async_callback(door.cleanup)
        heart = heartbeat(app, manager)
        app.metrics.watch_lag(lambda: heart.lag_s)
        await app.channels.keeper.load()
        address = await _listen(app, stack, manager.sockets)
        loop = Loop(
            lambda cause: _watched_round(app, cause),
            app.waker,
            interval=app.config.sync.poll_interval,
            now=asyncio.get_running_loop().time,
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
        manager.ready("Ready.")
        async with asyncio.TaskGroup() as group:
            working = group.create_task(loop.run(), name="loop")
            group.create_task(app.channels.run(), name="channels")
            serving = [
                group.create_task(work, name=f"serving {number}")
                for number, work in enumerate(app.wakes.work())
            ]
            group.create_task(_stop(app, manager, loop, [working, *serving]), name="stop")
            group.create_task(heart.run(app.stopping), name="heartbeat")
            group.create_task(_keep_counting(app), name="units")


async def _watched_round(app: App, cause: str) -> bool:
    with app.rounds.round():
        return await app.metrics.round(app.engine.round(cause=cause))


async def _stop(
    app: App, manager: ServiceManager, loop: Loop, working: Sequence[asyncio.Task[None]]
) -> None:
    await app.stopping.wait()
    logs.report("daemon.stopping")
    manager.stopping("Stopping: what is being written is finished and kept.")
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


async def _listen(app: App, stack: AsyncExitStack, given: Sequence[socket.socket]) -> str:
    runner = Runner(_served(app), sleep=asyncio.sleep)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    wanted = app.config.web.listen
    for each in given:
        await web.SockSite(runner, each).start()
    if not given:
        await _listen_ourselves(runner, wanted)
    address = _shown(runner.addresses[0], wanted)
    if given and app.config.web.is_listen_set and not any(_is_at(wanted, s) for s in given):
        reason = f"[web] listen is not used: the service manager listens for us, on {address}."
        logs.report("config.warning", reason=reason)
    return address


def _is_at(listen: TcpAddress | UnixAddress, given: socket.socket) -> bool:
    name = given.getsockname()
    if isinstance(listen, UnixAddress):
        return bool(name == str(listen.path))
    return given.family != socket.AF_UNIX and tuple(name[:2]) == (listen.host, listen.port)


def _served(app: App) -> web.Application:
    signing_key = app.config.web.severa_signing_key()
    return make_app(
        app.people,
        app.triggers,
        signing_key=lambda: signing_key,
        is_ready=Readiness(app.store, app.stopping),
        metrics=app.metrics.text,
        now=app.now,
        monotonic=asyncio.get_running_loop().time,
        pushes=app.register,
        notice=lambda user: app.wakes.add(Wake(user, is_early=True)),
        allowed_origins=app.config.web.allowed_origins,
    )


async def _listen_ourselves(runner: Runner, listen: TcpAddress | UnixAddress) -> None:
    try:
        if isinstance(listen, TcpAddress):
            await web.TCPSite(runner, listen.host, listen.port).start()
        else:
            with control.reachable(listen.path) as name:
                await web.UnixSite(runner, name).start()
    except OSError as error:
        where = f"{listen.host}:{listen.port}" if isinstance(listen, TcpAddress) else listen.path
        # asyncio's own text repeats the address as a Python tuple.
        why = os.strerror(error.errno) if error.errno else str(error)
        raise SyncError(f"Cannot listen on {where} ([web] listen): {why}.") from None


def _shown(address: Any, listen: TcpAddress | UnixAddress) -> str:
    if not isinstance(address, str):
        return f"http://{address[0]}:{address[1]}"
    if isinstance(listen, UnixAddress) and address.startswith("/proc/self/fd/"):
        return f"unix:{listen.path}"  # The path was too long for a socket, and reached by a shorter name.
    return f"unix:{address}"
