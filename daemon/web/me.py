"""The calls a signed-in person makes about the own sync: `GET` and `PUT /v1/me/sync`, and the own trigger token."""

from typing import Any, Final, Protocol

from aiohttp import web

from daemon.errors import Refused
from daemon.secret import Secret
from daemon.web.bodies import json_body
from daemon.web.gate import Gate
from daemon.web.problems import no_user, problem

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

    async def make_trigger_token(self, guid: str) -> Secret | None:
        """Return a new token that only triggers, in place of an earlier one."""
        ...

    async def forget_trigger_token(self, guid: str) -> bool:
        """Take the user's trigger token back."""
        ...


def routes(me: Me, gate: Gate) -> web.RouteTableDef:
    """Return the routes of this module."""
    table = web.RouteTableDef()

    @table.get("/v1/me/sync")
    async def show(request: web.Request) -> web.Response:
        return _answered(await me.sync_of(gate.user(request)))

    @table.put("/v1/me/sync")
    async def switch(request: web.Request) -> web.Response:
        guid = gate.user(request)
        body = await json_body(request)
        enabled = body.get("enabled") if isinstance(body, dict) else None
        if not isinstance(enabled, bool):
            return problem(400, "Bad Request", 'The body is to be {"enabled": true} or false.')
        try:
            return _answered(await me.switch(guid, enabled=enabled))
        except Refused as error:
            if error.reason != ADDRESS_TAKEN:
                raise
            return problem(409, "Conflict", str(error))

    @table.post("/v1/me/trigger-token")
    async def make_token(request: web.Request) -> web.Response:
        token = await me.make_trigger_token(gate.user(request))
        if token is None:
            return no_user()
        return web.json_response({"token": token.reveal()}, status=201)

    @table.delete("/v1/me/trigger-token")
    async def forget_token(request: web.Request) -> web.Response:
        is_user = await me.forget_trigger_token(gate.user(request))
        return web.Response(status=204) if is_user else no_user()

    return table


def _answered(state: dict[str, Any] | None) -> web.Response:
    if state is None:
        return no_user()
    if not state:
        return problem(409, "Conflict", "The administrator has not switched the integration on.")
    return web.json_response(state)
