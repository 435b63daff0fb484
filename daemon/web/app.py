"""The daemon's web application, put together from its modules."""

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from daemon.secret import Secret
from daemon.web import notifications
from daemon.web.me import Me, routes
from daemon.web.problems import as_problems, problem

BODY_MAX: Final = 64 * 1024


def make_app(
    me: Me,
    signing_key: Callable[[], Secret | None],
    is_ready: Callable[[], Awaitable[bool]],
    *,
    pushes: notifications.Pushes | None = None,
    notice: Callable[[str], bool] = lambda user: False,
) -> web.Application:
    """Return the application; `is_ready` tells whether the database answers.

    `pushes` knows the channels that Google's messages belong to, and `notice` notes whose calendar changed.
    """
    app = web.Application(client_max_size=BODY_MAX, middlewares=[as_problems])

    async def health(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def readiness(_: web.Request) -> web.Response:
        if await is_ready():
            return web.json_response({"status": "ready"})
        return problem(503, "Service Unavailable", "The database does not answer.")

    app.router.add_get("/healthz", health)
    app.router.add_get("/readyz", readiness)
    app.add_routes(routes(me, signing_key))
    if pushes is not None:
        app.add_routes(notifications.routes(pushes, notice))
    return app
