"""The calls with which Severa's pages tell that somebody is there, or changed an entry (T1, T2, T4)."""

import re
from typing import Final, Protocol

from aiohttp import web

from daemon.secret import Secret
from daemon.web.bodies import word_in
from daemon.web.gate import Gate
from daemon.web.problems import no_user, problem

CHANGES: Final = ("created", "updated", "deleted")
ACTIVITY: Final = re.compile(r"[A-Za-z0-9;._-]{1,100}")
"""A guid, or the two that Severa gives an occurrence of a series."""


class Triggers(Protocol):
    """What the calls need of the daemon; an answer says whether there is such an active user."""

    def owner_of(self, token: Secret) -> str | None:
        """Return whose trigger token this is, `None` for nobody's."""
        ...

    async def navigated(self, user: str) -> bool:
        """Sync a user who went to another section, or logged in."""
        ...

    async def changed(self, user: str, activity: str, change: str) -> bool:
        """Sync an activity, which may be one that nobody knows."""
        ...

    async def logged_out(self, user: str) -> bool:
        """Sync a user no more until the next sign."""
        ...


def routes(triggers: Triggers, gate: Gate) -> web.RouteTableDef:
    """Return the routes of this module."""
    table = web.RouteTableDef()

    @table.post("/v1/severa/navigation")
    async def navigation(request: web.Request) -> web.Response:
        user = gate.sender(request)
        if not await word_in(request, "section"):
            return problem(400, "Bad Request", 'The body is to be {"section": "…"}.')
        return _noted(await triggers.navigated(user))

    @table.post("/v1/severa/activities/{guid}")
    async def activity(request: web.Request) -> web.Response:
        user, guid = gate.sender(request), request.match_info["guid"]
        change = await word_in(request, "change")
        if change not in CHANGES:
            words = '"created", "updated" or "deleted"'
            return problem(400, "Bad Request", f'The body is to be {{"change": …}}, with {words}.')
        if not ACTIVITY.fullmatch(guid):
            return problem(400, "Bad Request", "The address is to end in the guid of an activity.")
        return _noted(await triggers.changed(user, guid, change))

    @table.post("/v1/severa/session")
    async def session(request: web.Request) -> web.Response:
        user, state = gate.sender(request), await word_in(request, "state")
        if state == "login":
            return _noted(await triggers.navigated(user))
        if state == "logout":
            return _noted(await triggers.logged_out(user))
        return problem(400, "Bad Request", 'The body is to be {"state": "login"} or "logout".')

    return table


def _noted(is_user: bool) -> web.Response:
    return web.Response(status=202) if is_user else no_user()
