"""What every call to the sandbox Severa passes: rate limit, form of errors, token and scope."""

import math
from collections.abc import Callable
from datetime import datetime, timedelta

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from daemon.sandbox.faults import USER
from daemon.sandbox.severa.errors import SeveraError
from daemon.sandbox.severa.state import SeveraState
from daemon.sandbox.severa.tokens import unauthenticated

WINDOW = timedelta(seconds=1)
ANONYMOUS = "anonymous"
AUTHOR = web.RequestKey("AUTHOR", str)

# The scope that each operation asks for; one that is not listed needs no token.
SCOPE_OF = {
    "heartbeat.authorized": None,
    "activities.list": "activities:read",
    "activities.get": "activities:read",
    "activities.create": "activities:write",
    "activities.patch": "activities:write",
    "activities.delete": "activities:delete",
    "participants.list": "activities:read",
    "participants.get": "activities:read",
    "participants.create": "activities:write",
    "participants.patch": "activities:write",
    "participants.delete": "activities:delete",
    "activitytypes.list": "settings:read",
    "activitytypes.get": "settings:read",
    "users.list": "users:read",
    "users.get": "users:read",
}


class RateLimit:
    """Counts the calls of each `Client_Id` in windows of one second, begun by a first call."""

    def __init__(self, state: SeveraState, clock: Callable[[], datetime]) -> None:
        self._state = state
        self._clock = clock
        self._windows: dict[str, tuple[datetime, int]] = {}

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer 429 in plain text, as AspNetCoreRateLimit does, to a call too many."""
        limit = self._state.requests_per_second
        if limit is None:
            return await handler(request)
        wait = self._wait(request.headers.get("Client_Id", ANONYMOUS), limit)
        if wait is None:
            return await handler(request)
        headers = {"Retry-After": str(wait)} if self._state.switches.retry_after else {}
        text = f"API calls quota exceeded! maximum admitted {limit} per 1s."
        return web.Response(status=429, text=text, headers=headers)

    def _wait(self, client_id: str, limit: int) -> int | None:
        """Count one call; return None if it may pass, else the whole seconds to wait."""
        now = self._clock()
        # Windows that are over are dropped, so the table holds only who called within a second.
        self._windows = {
            key: window for key, window in self._windows.items() if now - window[0] < WINDOW
        }
        start, count = self._windows.get(client_id, (now, 0))
        self._windows[client_id] = (start, count + 1)
        if count < limit:
            return None
        return max(1, math.ceil((start + WINDOW - now).total_seconds()))


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a refusal with its status and an `ExceptionModel`."""
    try:
        return await handler(request)
    except TimeoutError:
        return web.Response(status=408)
    except SeveraError as refusal:
        body = refusal.body(str(request.rel_url))
        if body is None:
            return web.Response(status=refusal.status)
        return web.json_response(body, status=refusal.status)


def authorization(state: SeveraState) -> Middleware:
    """Return the middleware that looks at the token and at its scopes."""

    @web.middleware
    async def authorize(request: web.Request, handler: Handler) -> web.StreamResponse:
        operation = (request.match_info.route.name or "").partition(":")[2]
        if operation not in SCOPE_OF:
            return await handler(request)
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise unauthenticated("A bearer token is required.")
        credentials, scopes = state.tokens.bearer(text)
        request[AUTHOR] = credentials.user_guid
        request[USER] = credentials.client_id
        needed = SCOPE_OF[operation]
        if needed is not None and needed not in scopes:
            message = f"The scope {needed} is required."
            raise SeveraError(403, "InsufficientApiScope", message, location="RequestHeader")
        return await handler(request)

    return authorize
