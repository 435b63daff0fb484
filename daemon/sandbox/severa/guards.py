"""What every call to the sandbox Severa passes: rate limit, form of errors, token and scope."""

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import format_datetime

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
    "exceptions.delete": "activities:delete",
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
        wait = self._wait(self._caller(request), limit)
        if wait is None:
            return await handler(request)
        text = f"API calls quota exceeded! maximum admitted {limit} per 1s."
        headers = self._pause(wait)
        if self._state.switches.limit_body == "json":
            body = SeveraError(429, "InvalidRequest", text, location="RequestHeader")
            return web.json_response(body.body(str(request.rel_url)), status=429, headers=headers)
        return web.Response(status=429, text=text, headers=headers)

    def _caller(self, request: web.Request) -> str:
        match self._state.switches.limit_by:
            case "client":
                return request.headers.get("Client_Id", ANONYMOUS)
            case "address":
                return request.remote or ANONYMOUS
            case _:
                return "organization"

    def _pause(self, wait: int) -> dict[str, str]:
        match self._state.switches.retry_after:
            case "seconds":
                return {"Retry-After": str(wait)}
            case "date":
                until = self._clock() + timedelta(seconds=wait)
                return {"Retry-After": format_datetime(until, usegmt=True)}
            case _:
                return {}

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


def errors(state: SeveraState) -> Middleware:
    """Return the middleware that answers a refusal with its status and an `ExceptionModel`."""

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except TimeoutError:
            refusal = SeveraError(408, "InvalidRequest", "The body did not come in time.")
        except web.HTTPException as error:
            refusal = SeveraError(error.status, "InvalidRequest", error.reason)
        except SeveraError as error:
            refusal = error
        body = refusal.body(str(request.rel_url))
        if body is None:
            return web.Response(status=refusal.status)
        status = refusal.status
        if status == 400 and refusal.kind in ("InvalidParameter", "InvalidRequest"):
            status = state.switches.invalid_status
            body["error"]["httpStatusCode"] = status
        return web.json_response(body, status=status)

    return answer


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
            status = state.switches.scope_status
            raise SeveraError(status, "InsufficientApiScope", message, location="RequestHeader")
        return await handler(request)

    return authorize
