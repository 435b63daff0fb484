"""Pages of other origins: those of `[web] allowed_origins` may call, nobody else's (Fetch standard, CORS)."""

from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from daemon.web.problems import EVERYWHERE, problem

PREFLIGHT_SECONDS: Final = 600
"""How long a browser need not ask again whether a page may call."""
PATHS: Final = "/v1/"


def cross_origin(allowed_origins: Collection[str]) -> Middleware:
    """Return the middleware that answers OPTIONS, lets these origins in, and turns other ones away."""
    allowed = frozenset(origin.lower() for origin in allowed_origins)

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith(PATHS):
            return await _answered(request, handler)
        origin = request.headers.get(hdrs.ORIGIN)
        is_ours = origin is None or _is_own(origin, request.host)
        if not is_ours and origin not in allowed:
            response: web.StreamResponse = problem(
                403, "Forbidden", "Pages of this origin may not call; see [web] allowed_origins."
            )
        else:
            response = await _answered(request, handler)
            if origin is not None and not is_ours:
                _allow(request, response, origin)
        # Also without an origin: a cache must not give one page's answer to another.
        response.headers[hdrs.VARY] = hdrs.ORIGIN
        return response

    return guard


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    response = await handler(request)
    if request.method == hdrs.METH_OPTIONS and response.status == 405:
        allow = f"{response.headers[hdrs.ALLOW]},{hdrs.METH_OPTIONS}"
        return web.Response(status=204, headers={**EVERYWHERE, hdrs.ALLOW: allow})
    return response


def _is_own(origin: str, host: str) -> bool:
    """Tell whether a page came from this daemon itself; whether by TLS only the proxy before it knows."""
    try:
        return urlsplit(origin).netloc == host
    except ValueError:
        return False


def _allow(request: web.Request, response: web.StreamResponse, origin: str) -> None:
    # Without Access-Control-Allow-Credentials: who calls is told by a header, never by a cookie.
    response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
    response.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = hdrs.RETRY_AFTER
    is_asked = hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers
    if request.method == hdrs.METH_OPTIONS and response.status == 204 and is_asked:
        response.headers[hdrs.ACCESS_CONTROL_ALLOW_METHODS] = response.headers[hdrs.ALLOW]
        response.headers[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = "Authorization, Content-Type"
        response.headers[hdrs.ACCESS_CONTROL_MAX_AGE] = str(PREFLIGHT_SECONDS)
