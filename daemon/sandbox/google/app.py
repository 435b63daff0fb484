"""The sandbox Google over HTTP: the token endpoint and Calendar API v3."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from aiohttp import web

from daemon.sandbox.faults import USER, Faults
from daemon.sandbox.google import errors, tokens
from daemon.sandbox.google.errors import ApiError, TokenError
from daemon.sandbox.google.state import GoogleState

STATE = web.AppKey("STATE", GoogleState)
BODY_MAX, BODY_TIMEOUT_S = 1024 * 1024, 10
QUOTA_USER_MAX = 40

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Operation = Callable[[GoogleState, web.Request, str], Awaitable[web.Response]]

_SCOPE = "https://www.googleapis.com/auth/"
_WRITE = frozenset(
    _SCOPE + name
    for name in ("calendar", "calendar.events", "calendar.events.owned", "calendar.app.created")
)
_READ = _WRITE | frozenset(
    _SCOPE + name
    for name in (
        "calendar.readonly",
        "calendar.events.readonly",
        "calendar.events.owned.readonly",
        "calendar.events.freebusy",
        "calendar.events.public.readonly",
    )
)
_METADATA = frozenset(
    _SCOPE + name
    for name in ("calendar", "calendar.readonly", "calendar.calendars", "calendar.app.created")
) | {_SCOPE + "calendar.calendars.readonly"}


def make_app(
    state: GoogleState, faults: Faults, *, clock: Callable[[], datetime] | None = None
) -> web.Application:
    """Build the application that serves a state; a clock replaces the state's own."""
    if clock is not None:
        state.clock = clock
    faults.speak("google", lambda status: errors.backend_error(status).body())
    app = web.Application(client_max_size=BODY_MAX, middlewares=[faults.middleware, _answers])
    app[STATE] = state
    calendar = "/calendar/v3/calendars/{calendarId}"
    event = calendar + "/events/{eventId}"
    app.router.add_post("/token", _token, name="google:token")
    for method, path, name, operation, scopes, units in (
        ("GET", calendar, "calendars.get", _calendar, _METADATA, 1),
        ("GET", calendar + "/events", "events.list", _list, _READ, 1),
        ("POST", calendar + "/events", "events.insert", _insert, _WRITE, 1),
        ("GET", event, "events.get", _get, _READ, 1),
        ("PATCH", event, "events.patch", _patch, _WRITE, 3),
        ("PUT", event, "events.update", _update, _WRITE, 1),
        ("DELETE", event, "events.delete", _delete, _WRITE, 1),
    ):
        handler = _handler(name, operation, scopes, units)
        app.router.add_route(method, path, handler, name=f"google:{name}")
    return app


@web.middleware
async def _answers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn refusals into Google's bodies and date every answer by the sandbox's clock."""
    answer: web.StreamResponse
    try:
        answer = await handler(request)
    except ApiError as error:
        answer = _json(error.body(), status=error.status, headers=error.headers)
    except TokenError as error:
        answer = _json(error.body(), status=error.status)
    except TimeoutError:
        answer = web.Response(status=408)
    answer.headers["Date"] = format_datetime(request.app[STATE].clock(), usegmt=True)
    return answer


async def _token(request: web.Request) -> web.Response:
    async with asyncio.timeout(BODY_TIMEOUT_S):
        form = await request.post()
    fields = {name: [str(one) for one in form.getall(name)] for name in form}
    own_url = f"{request.scheme}://{request.host}{request.path}"
    return _json(request.app[STATE].grant_token(fields, own_url))


def _handler(name: str, operation: Operation, scopes: frozenset[str], units: int) -> Handler:
    """Wrap an operation in what comes before each: token, scope, project, quota, calendar."""
    method = "calendar.v3." + ".".join(part.capitalize() for part in name.split("."))

    async def handle(request: web.Request) -> web.Response:
        state = request.app[STATE]
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not text:
            raise errors.no_credential(method)
        token = state.token(text.strip())
        if token is None:
            raise errors.bad_credential()
        request[USER] = token.user
        if not scopes & set(token.scopes):
            raise errors.insufficient_scope(method)
        if not state.switches.api_enabled:
            raise errors.not_configured()
        who = _quota_user(request) or token.service_account
        status = state.switches.limit_status
        state.quota.spend(state.limits, who, units, state.clock(), status)
        if request.match_info["calendarId"].lower() not in ("primary", token.user):
            raise errors.not_found()
        return await operation(state, request, token.user)

    return handle


def _quota_user(request: web.Request) -> str | None:
    named = request.query.get("quotaUser") or request.headers.get("x-goog-quota-user")
    if named is not None and len(named) > QUOTA_USER_MAX:
        raise errors.invalid_value("quotaUser")
    return named


async def _calendar(state: GoogleState, request: web.Request, email: str) -> web.Response:
    calendar = state.calendar(email)
    shown = {
        "kind": "calendar#calendar",
        "etag": f'"{tokens.digest(email + calendar.zone)}"',
        "id": email,
        "summary": email,
        "timeZone": calendar.zone,
        "conferenceProperties": {"allowedConferenceSolutionTypes": ["hangoutsMeet"]},
    }
    return _json(shown)


async def _list(state: GoogleState, request: web.Request, email: str) -> web.Response:
    parameters = {name: request.query.getall(name) for name in request.query}
    answer = state.list_events(email, parameters)
    return _conditional(request, answer)


async def _get(state: GoogleState, request: web.Request, email: str) -> web.Response:
    return _conditional(request, state.get(email, request.match_info["eventId"]))


async def _insert(state: GoogleState, request: web.Request, email: str) -> web.Response:
    body = _without(await _body(request), _gated(request))
    return _event(state.insert(email, body))


async def _patch(state: GoogleState, request: web.Request, email: str) -> web.Response:
    body = _without(await _body(request), _gated(request))
    event_id, if_match = request.match_info["eventId"], request.headers.get("If-Match")
    return _event(state.patch(email, event_id, body, if_match=if_match))


async def _update(state: GoogleState, request: web.Request, email: str) -> web.Response:
    gated = _gated(request)
    body = _without(await _body(request), gated)
    event_id, if_match = request.match_info["eventId"], request.headers.get("If-Match")
    return _event(state.update(email, event_id, body, if_match=if_match, untouched=gated))


async def _delete(state: GoogleState, request: web.Request, email: str) -> web.Response:
    event_id, if_match = request.match_info["eventId"], request.headers.get("If-Match")
    state.delete(email, event_id, if_match=if_match)
    return web.Response(status=204)


def _gated(request: web.Request) -> Sequence[str]:
    """Return the fields that a write leaves alone because the request did not speak of them."""
    query = request.query
    conference = () if query.get("conferenceDataVersion") == "1" else ("conferenceData",)
    attachments = () if query.get("supportsAttachments") == "true" else ("attachments",)
    return (*conference, *attachments)


def _without(body: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {k: v for k, v in body.items() if k not in names}


async def _body(request: web.Request) -> dict[str, Any]:
    async with asyncio.timeout(BODY_TIMEOUT_S):
        raw = await request.read()
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise errors.bad_request() from error
    if not isinstance(body, dict):
        raise errors.bad_request()
    return body


def _conditional(request: web.Request, body: dict[str, Any]) -> web.Response:
    if request.headers.get("If-None-Match") == body["etag"]:
        return web.Response(status=304, headers={"ETag": body["etag"]})
    return _event(body)


def _event(body: dict[str, Any]) -> web.Response:
    return _json(body, headers={"ETag": body["etag"]})


def _json(
    body: dict[str, Any], *, status: int = 200, headers: dict[str, str] | None = None
) -> web.Response:
    content = {"Content-Type": "application/json; charset=UTF-8", **(headers or {})}
    return web.Response(status=status, headers=content, body=json.dumps(body).encode())
