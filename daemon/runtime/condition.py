"""How the daemon is, in one line for `systemctl status`, and whether its database still takes questions."""

import asyncio

from daemon.core.account import Settings
from daemon.runtime import logs
from daemon.runtime.app import App
from daemon.runtime.heartbeat import Heartbeat, Question
from daemon.runtime.notify import ServiceManager


class Condition:
    """Looks at the settings now and then, and puts what it saw into words."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._settings: Settings | None = None

    async def read(self) -> None:
        """Look at the settings, which the line is about."""
        self._settings = await self._app.store.read(lambda tx: tx.settings())
        await self._app.store.read(lambda tx: tx.spent())  # Settings may be answered from memory.

    async def write(self) -> None:
        """Take the place of who writes, and write nothing."""
        await self._app.store.write(lambda tx: tx.spent())

    def line(self) -> str:
        """Return how we are; without names and addresses, as everybody on the machine may read it."""
        if self._settings is None:
            return "Ready."
        if not self._settings.is_on:
            return "The integration is off: nothing is synced."
        if self._settings.fault:
            return "Nothing can be synced: `severa-gcal status` says why."
        looked_at, waiting = len(self._app.engine.looked_at), len(self._app.wakes)
        return (
            f"Calendars looked at since the start: {looked_at}; waiting for their turn: {waiting}."
        )


def heartbeat(app: App, manager: ServiceManager) -> Heartbeat:
    """Return what tells `manager` that this daemon lives."""
    condition, monotonic = Condition(app), asyncio.get_running_loop().time
    return Heartbeat(
        manager,
        questions={
            "the database does not answer": Question(condition.read, monotonic),
            "the database takes no writes": Question(condition.write, monotonic),
        },
        rounds=app.rounds,
        status=condition.line,
        monotonic=monotonic,
        report=logs.report,
    )
