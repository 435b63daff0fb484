"""Errors as `application/problem+json` (RFC 9457), for our own and for the server's, and what every answer says."""

import json
import logging
from http import HTTPStatus
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from daemon.errors import SyncError

log = logging.getLogger("severa-gcal.web")

KEPT_HEADERS: Final = ("Allow", "Retry-After", "WWW-Authenticate")
"""What an answer of 405, of 429 and of 401 must say (RFC 9110, RFC 6585)."""
EVERYWHERE: Final = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    # aiohttp would name itself and Python with their versions.
    "Server": "severa-gcal",
}
"""Headers that let nobody frame, sniff or keep an answer, or learn what gave it."""


def problem(status: int, title: str, detail: str = "") -> web.Response:
    """Return an error answer; `detail` says what to do."""
    body = {"type": "about:blank", "title": title, "status": status}
    if detail:
        body["detail"] = detail
    return web.Response(
        status=status,
        text=json.dumps(body),
        content_type="application/problem+json",
        headers=EVERYWHERE,
    )


def problem_of(status: int) -> web.Response:
    """Return an error answer that says no more than its status."""
    return problem(status, HTTPStatus(status).phrase)


def no_user() -> web.Response:
    """Return the answer to somebody whom Severa vouches for, and who is no active user."""
    return problem(403, "Forbidden", "No active user of this Severa.")


def as_problem(error: web.HTTPException) -> web.Response:
    """Return an error that aiohttp, or one of our calls, raised in the form of ours."""
    response = problem(error.status, error.reason)
    response.headers.update(
        {name: error.headers[name] for name in KEPT_HEADERS if name in error.headers}
    )
    if error.status == HTTPStatus.REQUEST_TIMEOUT:
        response.force_close()
    return response


@web.middleware
async def as_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error in one form, and everything with the same headers."""
    try:
        response = await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return as_problem(error)
    except ConnectionError:
        raise  # The caller has hung up in the middle of a body, and nobody is left to be answered.
    except SyncError as error:
        log.warning("web.failed", extra={"reason": str(error)})
        return problem(503, "Service Unavailable", "Severa or the database does not answer.")
    except Exception:
        log.exception("web.fault")
        return problem_of(500)
    for name, value in EVERYWHERE.items():
        response.headers.setdefault(name, value)
    return response
