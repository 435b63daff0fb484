"""What Google pushes: `POST /v1/google/notifications` (Push notifications).

A message says that something changed and nothing of what; it is trusted for no more than a wish to look sooner.
"""

from collections.abc import Callable
from typing import Final, Protocol

from aiohttp import web

from daemon.web.problems import problem

PATH: Final = "/v1/google/notifications"
GREETING: Final = "sync"
"""The state of a new channel's first message, which tells of no change."""


class Pushes(Protocol):
    """The channels that a message may belong to."""

    def hear(self, name: str, token: str, resource_id: str, *, is_news: bool) -> str | None:
        """Take a message and return whose calendar it is about, `None` for one that is not of ours."""
        ...


def routes(pushes: Pushes, notice: Callable[[str], bool]) -> web.RouteTableDef:
    """Return the route; `notice` notes in memory that a user is to be looked at, or tells that it cannot."""
    table = web.RouteTableDef()

    @table.post(PATH)
    async def take(request: web.Request) -> web.Response:
        said = request.headers
        is_news = said.get("X-Goog-Resource-State", "") != GREETING
        user = pushes.hear(
            said.get("X-Goog-Channel-ID", ""),
            said.get("X-Goog-Channel-Token", ""),
            said.get("X-Goog-Resource-ID", ""),
            is_news=is_news,
        )
        if user is None:
            return problem(404, "Not Found")
        if is_news and not notice(user):
            # Google sends it again after 500, 502, 503 and 504, and after nothing else.
            return problem(503, "Service Unavailable")
        return web.Response(status=204)

    return table
