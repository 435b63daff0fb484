"""Reads what a request brings along: little of it, soon, and as JSON."""

import asyncio
import json
from typing import Any, Final

from aiohttp import web
from aiohttp.typedefs import Handler

BODY_MAX: Final = 64 * 1024
BODY_SECONDS = web.AppKey("BODY_SECONDS", float)
"""How long a body may take to arrive."""
TAKEN: Final = ("application/json", "text/plain", "application/octet-stream")
"""What pages and scripts call JSON; `fetch` calls a text `text/plain` unless it is told otherwise."""


async def json_body(request: web.Request) -> Any:
    """Return the body, `None` where it is no JSON.

    Raises:
        HTTPUnsupportedMediaType: It calls itself something else.
        HTTPRequestTimeout: It did not arrive in time.
        HTTPRequestEntityTooLarge: It is too long.
    """
    if request.content_type not in TAKEN:
        raise web.HTTPUnsupportedMediaType
    try:
        async with asyncio.timeout(request.app[BODY_SECONDS]):
            return json.loads(await request.read())
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except (ValueError, RecursionError, web.RequestPayloadError):
        return None


async def word_in(request: web.Request, member: str) -> str:
    """Return one text of a JSON object, empty where there is none."""
    body = await json_body(request)
    word = body.get(member) if isinstance(body, dict) else None
    return word if isinstance(word, str) else ""


@web.middleware
async def small_bodies(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a body that says itself that it is too long, whoever sends it; others are counted as they are read."""
    if (length := request.content_length) is not None and length > BODY_MAX:
        raise web.HTTPRequestEntityTooLarge(max_size=BODY_MAX, actual_size=length)
    return await handler(request)
