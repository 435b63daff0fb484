"""Watches a served Google: every request that comes, and every answer that it gives by itself, against the document."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from daemon.sandbox.server import Sandbox
from tests.contract.google_document import check_answer, check_request

SHOWN_MAX = 20

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Watch:
    """What was seen so far; a server must not fail for it, so whoever began it asks at the end."""

    requests: int = 0
    answers: int = 0
    violations: list[str] = field(default_factory=list)

    def assert_none(self) -> None:
        """Fail if anything was seen that the document does not declare."""
        shown = "\n".join(dict.fromkeys(self.violations[:SHOWN_MAX]))
        assert not self.violations, f"{len(self.violations)} violations, among them:\n{shown}"

    @web.middleware
    async def on_requests(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Check a request before anything, an ordered fault also, answers it."""
        if _is_googles(request):
            await self._see_request(request)
        return await handler(request)

    @web.middleware
    async def on_answers(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Check an answer as it leaves the sandbox."""
        answer = await handler(request)
        if _is_googles(request):
            assert isinstance(answer, web.Response), "The sandbox answers with whole bodies."
            self.answers += 1
            body = _parsed(answer.body)
            self._note(request, check_answer, answer.status, answer.content_type, body)
        return answer

    async def _see_request(self, request: web.Request) -> None:
        self.requests += 1
        query = parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True)
        self._note(request, check_request, query, await _body_of(request))

    def _note(self, request: web.Request, check: Callable[..., None], *seen: Any) -> None:
        try:
            check(request.method, request.rel_url.raw_path, *seen)
        except AssertionError as error:
            self.violations.append(f"{request.method} {request.rel_url.raw_path}: {error}")


def watched(app: web.Application, *, requests: bool = True) -> Watch:
    """Watch a sandbox's application before it is served.

    What was ordered to go wrong is Google's no more: the middleware of the faults stands outside of the one that
    checks answers. `requests` is false where a test itself sends what no client should.
    """
    watch = Watch()
    if requests:
        app.middlewares.insert(0, watch.on_requests)
    app.middlewares.insert(2 if requests else 1, watch.on_answers)
    return watch


class WatchedSandbox(Sandbox):
    """A sandbox whose Google is watched."""

    watch: Watch

    async def _serve(self, app: web.Application, host: str, port: int) -> str:
        if any(resource.name == "google:token" for resource in _named(app)):
            self.watch = watched(app)
        return await super()._serve(app, host, port)


def _named(app: web.Application) -> list[Any]:
    return list(app.router.named_resources().values())


def _is_googles(request: web.Request) -> bool:
    """Tell whether a call is for Google: not for another door of the sandbox; what leads nowhere is."""
    name = request.match_info.route.name or ""
    return name.startswith("google:") or not name


async def _body_of(request: web.Request) -> Any:
    raw = await request.read()
    if not raw:
        return None
    if request.content_type == "application/x-www-form-urlencoded":
        return dict(parse_qsl(raw.decode()))
    return _parsed(raw)


def _parsed(raw: Any) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return raw
