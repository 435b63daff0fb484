"""The calls a signed-in person makes about the own sync: `GET` and `PUT /v1/me/sync`."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, Final, Protocol

from aiohttp import web

from daemon.errors import Refused
from daemon.secret import Secret
from daemon.web.problems import problem
from daemon.web.tokens import Unproven, user_of

BODY_SECONDS: Final = 10
"""How long a body may take to arrive."""
ADDRESS_TAKEN: Final = "address-taken"


class Me(Protocol):
    """What the calls need of the daemon; `None` stands for an unknown or inactive user."""

    async def sync_of(self, guid: str) -> dict[str, Any] | None:
        """Return the user's sync state."""
        ...

    async def switch(self, guid: str, *, enabled: bool) -> dict[str, Any] | None:
        """Switch sync on or off; an empty answer says that the integration is off.

        Raises:
            Refused: Another user has switched sync on with the same address (`reason` is "address-taken").
        """
        ...


def routes(me: Me, signing_key: Callable[[], Secret | None]) -> web.RouteTableDef:
    """Return the routes of this module."""
    table = web.RouteTableDef()

    @table.get("/v1/me/sync")
    async def show(request: web.Request) -> web.Response:
        return _answered(await me.sync_of(_caller(request, signing_key())))

    @table.put("/v1/me/sync")
    async def switch(request: web.Request) -> web.Response:
        guid = _caller(request, signing_key())
        body = await _body(request)
        enabled = body.get("enabled") if isinstance(body, dict) else None
        if not isinstance(enabled, bool):
            return problem(400, "Bad Request", 'The body is to be {"enabled": true} or false.')
        try:
            return _answered(await me.switch(guid, enabled=enabled))
        except Refused as error:
            if error.reason != ADDRESS_TAKEN:
                raise
            return problem(409, "Conflict", str(error))

    return table


def _caller(request: web.Request, key: Secret | None) -> str:
    try:
        return user_of(request.headers.get("Authorization", ""), key)
    except Unproven:
        raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Bearer"}) from None


async def _body(request: web.Request) -> Any:
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return json.loads(await request.read())
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except (ValueError, RecursionError):
        return None


def _answered(state: dict[str, Any] | None) -> web.Response:
    if state is None:
        return problem(403, "Forbidden", "No active user of this Severa.")
    if not state:
        return problem(409, "Conflict", "The administrator has not switched the integration on.")
    return web.json_response(state)
