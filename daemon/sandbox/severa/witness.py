"""Lets a test look at every request that reaches the sandbox Severa and at what was answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from multidict import MultiMapping

if TYPE_CHECKING:
    from daemon.sandbox.severa.state import SeveraState


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer, as they were; `path` begins with the API's root."""

    method: str
    path: str
    query: MultiMapping[str]
    request_headers: Mapping[str, str]
    request_body: bytes
    status: int
    answer_headers: Mapping[str, str]
    answer_body: bytes


def witnessed(state: "SeveraState") -> Middleware:
    """Return the middleware that shows every exchange to `state.witnesses`."""

    @web.middleware
    async def witness(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not state.witnesses:
            return await handler(request)
        answer = await handler(request)
        exchange = await _exchange(request, answer)
        for each in state.witnesses:
            each(exchange)
        return answer

    return witness


async def _exchange(request: web.Request, answer: web.StreamResponse) -> Exchange:
    # Whatever refused the request may not have read it; what was read is kept by aiohttp.
    body = await request.read() if answer.status not in (408, 413) else b""
    told = answer.body if isinstance(answer, web.Response) else b""
    return Exchange(
        method=request.method,
        path=request.rel_url.raw_path,
        query=request.query,
        request_headers=request.headers,
        request_body=body,
        status=answer.status,
        answer_headers=answer.headers,
        answer_body=told if isinstance(told, bytes) else b"",
    )
