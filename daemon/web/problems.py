"""Errors as `application/problem+json` (RFC 9457), for our own and for the server's."""

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from daemon.errors import SyncError

log = logging.getLogger("severa-gcal.web")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

KEPT_HEADERS: Final = ("Allow", "WWW-Authenticate")
"""What an answer of 405 and of 401 must say (RFC 9110)."""


def problem(status: int, title: str, detail: str = "") -> web.Response:
    """Return an error answer; `detail` says what to do."""
    body = {"type": "about:blank", "title": title, "status": status}
    if detail:
        body["detail"] = detail
    return web.Response(
        status=status, text=json.dumps(body), content_type="application/problem+json"
    )


@web.middleware
async def as_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error in one form, and with headers that let nobody frame, sniff or keep it."""
    try:
        response = await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        response = problem(error.status, error.reason)
        response.headers.update(
            {name: error.headers[name] for name in KEPT_HEADERS if name in error.headers}
        )
    except SyncError as error:
        log.warning("web.failed: %s", error)
        response = problem(503, "Service Unavailable", "Severa or the database does not answer.")
    except Exception:
        log.exception("web.fault")
        response = problem(500, "Internal Server Error")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
    return response
