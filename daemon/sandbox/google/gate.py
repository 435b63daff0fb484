"""What every call to Calendar API v3 passes before it is carried out: token, scope, project, quota."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from daemon.sandbox.faults import USER
from daemon.sandbox.google import errors
from daemon.sandbox.google.accounts import Token
from daemon.sandbox.google.state import GoogleState

STATE = web.AppKey("STATE", GoogleState)
QUOTA_USER_MAX = 40

_SCOPE = "https://www.googleapis.com/auth/"
_BLIND = frozenset({_SCOPE + "calendar.events.freebusy"})


def _scopes(*names: str) -> frozenset[str]:
    return frozenset(_SCOPE + name for name in names)


WRITE = _scopes("calendar", "calendar.events", "calendar.events.owned", "calendar.app.created")
READ = (
    WRITE
    | _BLIND
    | _scopes(
        "calendar.readonly",
        "calendar.events.readonly",
        "calendar.events.owned.readonly",
        "calendar.events.public.readonly",
    )
)
METADATA = _scopes(
    "calendar",
    "calendar.readonly",
    "calendar.calendars",
    "calendar.calendars.readonly",
    "calendar.app.created",
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, through which service account, on which calendar; ``is_blind`` sees busy times only."""

    user: str
    client: str
    calendar: str
    is_blind: bool


Operation = Callable[[GoogleState, web.Request, Caller], Awaitable[web.Response]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def guarded(name: str, operation: Operation, scopes: frozenset[str], units: int) -> Handler:
    """Wrap an operation in what comes before it; one of the scopes is needed."""
    method = "calendar.v3." + ".".join(part.strip("_").capitalize() for part in name.split("."))

    async def handle(request: web.Request) -> web.Response:
        state = request.app[STATE]
        token = _token(state, request, method)
        request[USER] = token.user
        held = scopes & set(token.scopes)
        if not held:
            raise errors.insufficient_scope(method)
        if not state.switches.api_enabled:
            raise errors.not_configured()
        who = _quota_user(request) or token.service_account
        state.quota.spend(state.limits, who, units, state.clock(), state.switches)
        named = request.match_info.get("calendarId", "primary").lower()
        calendar = token.user if named == "primary" else named
        if scopes is WRITE:
            state.quota.write(state.limits, calendar, state.clock(), state.switches)
        caller = Caller(token.user, token.service_account, calendar, held <= _BLIND)
        return await operation(state, request, caller)

    return handle


def _token(state: GoogleState, request: web.Request, method: str) -> Token:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not text:
        raise errors.no_credential(method)
    token = state.token(text.strip())
    if token is None:
        raise errors.bad_credential()
    return token


def _quota_user(request: web.Request) -> str | None:
    named = request.query.get("quotaUser") or request.headers.get("x-goog-quota-user")
    if named is not None and len(named) > QUOTA_USER_MAX:
        raise errors.invalid_value("quotaUser")
    return named
