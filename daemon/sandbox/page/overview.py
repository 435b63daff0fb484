"""The state of the whole that every page shows: the verdict, what is on its way, the faults and the daemon."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

from aiohttp import web

from daemon.sandbox.page.change import Change
from daemon.sandbox.page.journal import Journal
from daemon.sandbox.page.process import Process
from daemon.sandbox.page.troubles import Troubles
from daemon.sandbox.page.verdict import judge
from daemon.sandbox.page.words import told
from daemon.sandbox.people import Company
from daemon.sandbox.server import Sandbox

LOOK_S = 0.25
SHOWN_MAX = 20


class Overview:
    """Looks a few times a second and tells `on_change` when anything is another than before."""

    def __init__(
        self,
        sandbox: Sandbox,
        company: Company,
        journal: Journal,
        process: Process,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._sandbox, self._company, self._journal = sandbox, company, journal
        self._process, self._sleep = process, sleep
        self._told: dict[str, Any] = {}
        self.troubles = Troubles(sandbox, journal, process)
        self.on_change: list[Callable[[dict[str, Any]], None]] = []

    def json(self) -> dict[str, Any]:
        """Return what the page takes; `now` is the moment of the answer."""
        return {**self._state(), "now": self._sandbox.clock().isoformat()}

    def look(self) -> None:
        """Tell the pages if something changed."""
        self.troubles.look()
        if self._process.has_looked():
            self._journal.guess()
        state = self._state()
        if state == self._told:
            return
        self._told = state
        for listener in self.on_change:
            listener(self.json())

    async def kept_fresh(self, _: web.Application) -> AsyncIterator[None]:
        """Look until the application ends."""
        task = asyncio.create_task(self._run(), name="overview")
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def _run(self) -> None:
        while True:
            self.look()
            await self._sleep(LOOK_S)

    def _state(self) -> dict[str, Any]:
        waiting = self._journal.waiting()
        return {
            "verdict": judge(self._journal, self._company).json(),
            "waiting": [_waiting(edit) for edit in waiting[:SHOWN_MAX]],
            "waitingCount": len(waiting),
            "faults": self.troubles.json(),
            "daemon": self._process.json(),
        }


def _waiting(edit: Change) -> dict[str, Any]:
    return {
        "side": edit.side,
        "id": edit.id,
        "email": edit.person.email,
        "name": edit.person.first_name,
        "at": edit.at.isoformat(),
        "what": told(edit.before, edit.after, now=edit.at),
    }
