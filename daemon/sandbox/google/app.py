"""The sandbox Google over HTTP: the token endpoint and Calendar API v3."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Any

import jwt
from aiohttp import web

from daemon.sandbox.faults import PAGE_MAX, Faults
from daemon.sandbox.google import errors, refusals, tokens
from daemon.sandbox.google.courier import Courier
from daemon.sandbox.google.errors import ApiError, TokenError
from daemon.sandbox.google.gate import METADATA, READ, STATE, WRITE, Caller, Operation, guarded
from daemon.sandbox.google.state import GoogleState

COURIER = web.AppKey("COURIER", Courier)
BODY_MAX, BODY_TIMEOUT_S = 1024 * 1024, 10

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(
    state: GoogleState, faults: Faults, *, clock: Callable[[], datetime] | None = None
) -> web.Application:
    """Build the application that serves a state; a clock replaces the state's own."""
    if clock is not None:
        state.clock = clock
    faults.speak("google", refusals.by_status, named=refusals.by_name, who=_who(state))
    faults.speak(
        "google:token", refusals.token_by_status, named=refusals.token_by_name, who=_subject
    )
    app = web.Application(client_max_size=BODY_MAX, middlewares=[faults.middleware, _answers])
    app[STATE] = state
    app[COURIER] = Courier(state, faults, state.rng)
    app.cleanup_ctx.append(_couriers)
    app.router.add_post("/token", _token, name="google:token")
    for method, path, name, operation, scopes, units in _table():
        handler = guarded(name, operation, scopes, units)
        app.router.add_route(method, path, handler, name=f"google:{name}")
    return app


def _table() -> Sequence[tuple[str, str, str, Operation, frozenset[str], int]]:
    """Return method, path, name, operation, scopes (one is needed) and units of every call.

    ``import`` alone is a word of Python, which aiohttp takes in no name.
    """
    root = "/calendar/v3"
    calendar = root + "/calendars/{calendarId}"
    events = calendar + "/events"
    event = events + "/{eventId}"
    return (
        ("GET", calendar, "calendars.get", _calendar, METADATA, 1),
        ("GET", events, "events.list", _list, READ, 1),
        ("POST", events, "events.insert", _insert, WRITE, 1),
        ("POST", events + "/import", "events.import_", _import, WRITE, 1),
        ("POST", events + "/watch", "events.watch", _watch, READ, 1),
        ("GET", event, "events.get", _get, READ, 1),
        ("GET", event + "/instances", "events.instances", _instances, READ, 1),
        ("PATCH", event, "events.patch", _patch, WRITE, 3),
        ("PUT", event, "events.update", _update, WRITE, 1),
        ("DELETE", event, "events.delete", _delete, WRITE, 1),
        ("POST", root + "/channels/stop", "channels.stop", _stop, READ, 1),
    )


async def _couriers(app: web.Application) -> AsyncIterator[None]:
    """Carry push messages, and what is on its way between calendars, while the server runs."""
    courier, state = app[COURIER], app[STATE]
    await courier.start()
    post = _Post(state)
    state.changed.append(post.look)
    yield
    state.changed.remove(post.look)
    post.stop()
    await courier.stop()


class _Post:
    """Delivers what is under way between calendars when its time has come, if nobody asks before."""

    def __init__(self, state: GoogleState) -> None:
        self._state = state
        self._timer: asyncio.TimerHandle | None = None

    def look(self) -> None:
        if self._timer is None and self._state.has_post:
            seconds = max(0.01, self._state.switches.propagation_s)
            self._timer = asyncio.get_running_loop().call_later(seconds, self._deliver)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _deliver(self) -> None:
        self._timer = None
        self._state.deliver()
        self.look()


def _who(state: GoogleState) -> Callable[[web.Request], Awaitable[str]]:
    async def who(request: web.Request) -> str:
        """Tell whose token a call carries; of a call for a token, for whom it is."""
        if request.path == "/token":
            return await _subject(request)
        token = state.token(request.headers.get("Authorization", "").partition(" ")[2].strip())
        return token.user if token else ""

    return who


async def _subject(request: web.Request) -> str:
    form = await request.post()
    try:
        claims = jwt.decode(str(form.get("assertion")), options={"verify_signature": False})
    except jwt.InvalidTokenError:
        return ""
    return str(claims.get("sub") or claims.get("iss", ""))


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


async def _calendar(state: GoogleState, request: web.Request, caller: Caller) -> web.Response:
    calendar = state.calendar(caller.calendar, caller.user)
    shown = {
        "kind": "calendar#calendar",
        "etag": f'"{tokens.digest(calendar.email + calendar.zone)}"',
        "id": calendar.email,
        "summary": calendar.email,
        "timeZone": calendar.zone,
        "conferenceProperties": {"allowedConferenceSolutionTypes": ["hangoutsMeet"]},
    }
    return _json(shown)


async def _list(state: GoogleState, request: web.Request, caller: Caller) -> web.Response:
    answer = state.list_events(
        caller.calendar,
        _parameters(request),
        by=caller.user,
        is_blind=caller.is_blind,
        page_max=request.get(PAGE_MAX),
    )
    return _conditional(request, answer)


async def _instances(state: GoogleState, request: web.Request, caller: Caller) -> web.Response:
    answer = state.list_instances(
        caller.calendar,
        request.match_info["eventId"],
        _parameters(request),
        by=caller.user,
        is_blind=caller.is_blind,
        page_max=request.get(PAGE_MAX),
    )
    return _conditional(request, answer)


async def _get(state: GoogleState, request: web.Request, caller: Caller) -> web.Response:
    event = state.get(
        caller.calendar,
        request.match_info["eventId"],
        by=caller.user,
        is_blind=caller.is_blind,
        parameters=_parameters(request),
    )
    return _conditional(request, event)


async def _insert(state: GoogleState, request: web.Request, caller: Caller) -> web.Response:
    body = _without(await _body(request), _gated(request))
    asked = _parameters(request)
    return _event(state.insert(caller.calendar, body, by=caller.user, parameters=asked))


async def _import(state: GoogleState, request: web.Request, caller: Caller) -> web.Response:
    body = _without(await _body(request), _gated(request))
    asked = _parameters(request)
    return _event(state.import_event(caller.calendar, body, by=caller.user, parameters=asked))


async def _patch(state: GoogleState, request: web.Request, caller: Caller) -> web.Response:
    event = state.patch(
        caller.calendar,
        request.match_info["eventId"],
        _without(await _body(request), _gated(request)),
        if_match=request.headers.get("If-Match"),
        by=caller.user,
        parameters=_parameters(request),
    )
    return _event(event)


async def _update(state: GoogleState, request: web.Request, caller: Caller) -> web.Response:
    gated = _gated(request)
    event = state.update(
        caller.calendar,
        request.match_info["eventId"],
        _without(await _body(request), gated),
        if_match=request.headers.get("If-Match"),
        untouched=gated,
        by=caller.user,
        parameters=_parameters(request),
    )
    return _event(event)


async def _delete(state: GoogleState, request: web.Request, caller: Caller) -> web.Response:
    event_id, if_match = request.match_info["eventId"], request.headers.get("If-Match")
    state.delete(caller.calendar, event_id, if_match=if_match, by=caller.user)
    return web.Response(status=204)


async def _watch(state: GoogleState, request: web.Request, caller: Caller) -> web.Response:
    named = request.match_info["calendarId"]
    uri = f"{request.scheme}://{request.host}/calendar/v3/calendars/{named}/events?alt=json"
    channel = state.watch(
        caller.calendar, await _body(request), by=caller.user, client=caller.client, uri=uri
    )
    await request.app[COURIER].greet(channel)
    return _json(channel.shown(state.switches))


async def _stop(state: GoogleState, request: web.Request, caller: Caller) -> web.Response:
    state.stop(await _body(request), by=caller.user, client=caller.client)
    return web.Response(status=204)


def _parameters(request: web.Request) -> Mapping[str, Sequence[str]]:
    return {name: request.query.getall(name) for name in request.query}


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
