"""`severa-gcal run`: the daemon."""

import asyncio
import faulthandler
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from daemon.config import Config, load

if TYPE_CHECKING:
    from daemon.runtime.notify import ServiceManager


@click.command()
@click.pass_obj
def run(config_path: Path) -> None:
    """Run the daemon until it is told to stop (SIGTERM or Ctrl-C)."""
    config = load(config_path)
    from daemon.runtime import logs
    from daemon.runtime.notify import service_manager

    logs.configure(config.log.level, config.log.format, config.secrets())
    logs.take_over()
    for warning in config.warnings():
        logs.report("config.warning", reason=warning)
    manager = service_manager(os.environ, pid=os.getpid())
    # A watchdog ends us with SIGABRT: where we were stuck is the one thing to know then; values are not shown.
    faulthandler.enable()
    asyncio.run(_run(config, manager))


async def _run(config: Config, manager: "ServiceManager") -> None:
    from daemon.runtime import app, logs, running

    loop = asyncio.get_running_loop()
    loop.set_exception_handler(logs.loop_fault)
    async with app.opened(config) as parts:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, _stop, parts.stopping)
        await running.run(parts, ready=_say_ready, manager=manager)


def _say_ready(address: str) -> None:
    click.echo(f"severa-gcal is ready on {address}")


def _stop(stopping: asyncio.Event) -> None:
    """Stop in order; a second signal ends at once."""
    if stopping.is_set():
        os._exit(1)
    stopping.set()
