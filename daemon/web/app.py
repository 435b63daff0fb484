"""The daemon's web application, put together from its modules."""

from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from pathlib import Path
from typing import Final

from aiohttp import web

from daemon.secret import Secret
from daemon.web import me as me_calls
from daemon.web import notifications
from daemon.web import triggers as trigger_calls
from daemon.web.bodies import BODY_MAX, BODY_SECONDS, small_bodies
from daemon.web.connection import headers_in_time
from daemon.web.gate import Gate
from daemon.web.me import Me
from daemon.web.origins import cross_origin
from daemon.web.pace import Pace
from daemon.web.problems import as_problems, problem
from daemon.web.triggers import Triggers

DESCRIPTION: Final = Path(__file__).with_name("openapi.json")
"""What is served here, for programs (OpenAPI 3.1); a test keeps it equal to the routes."""
METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""Prometheus' text format (Exposition formats)."""
CALLS_PER_SECOND: Final = 20
CALLS_AT_ONCE: Final = 40
"""So many calls of one user are answered at once; somebody who drags entries about stays far below."""


def make_app(
    me: Me,
    triggers: Triggers,
    *,
    signing_key: Callable[[], Secret | None],
    is_ready: Callable[[], Awaitable[bool]],
    metrics: Callable[[], Awaitable[bytes]],
    now: Callable[[], datetime],
    monotonic: Callable[[], float],
    pushes: notifications.Pushes,
    notice: Callable[[str], bool],
    allowed_origins: Collection[str] = (),
    body_seconds: float = 5.0,
) -> web.Application:
    """Return the application.

    `is_ready` tells whether calls can be answered, `metrics` what Prometheus is to know, `now` the present instant,
    by which proofs are judged, `monotonic`
    seconds of a clock that is never set, and `body_seconds` is how long a body may take to arrive. `pushes` knows the
    channels that Google's messages belong to, and `notice` notes whose calendar changed, or tells that it cannot.
    """
    guards = [headers_in_time, cross_origin(allowed_origins), as_problems, small_bodies]
    app = web.Application(client_max_size=BODY_MAX, middlewares=guards)
    app[BODY_SECONDS] = body_seconds
    pace = Pace(per_second=CALLS_PER_SECOND, burst=CALLS_AT_ONCE, monotonic=monotonic)
    gate = Gate(signing_key, triggers.owner_of, now, pace)
    app.add_routes(_routes(is_ready, metrics))
    app.add_routes(me_calls.routes(me, gate))
    app.add_routes(trigger_calls.routes(triggers, gate))
    app.add_routes(notifications.routes(pushes, notice))
    return app


def _routes(
    is_ready: Callable[[], Awaitable[bool]], metrics: Callable[[], Awaitable[bytes]]
) -> web.RouteTableDef:
    table, description = web.RouteTableDef(), DESCRIPTION.read_bytes()

    @table.get("/healthz")
    async def health(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    @table.get("/readyz")
    async def readiness(_: web.Request) -> web.Response:
        if await is_ready():
            return web.json_response({"status": "ready"})
        return problem(503, "Service Unavailable", "The database does not answer.")

    @table.get("/metrics")
    async def measured(_: web.Request) -> web.Response:
        return web.Response(body=await metrics(), headers={"Content-Type": METRICS_TYPE})

    @table.get("/v1/openapi.json")
    async def described(_: web.Request) -> web.Response:
        return web.Response(body=description, content_type="application/json")

    return table
