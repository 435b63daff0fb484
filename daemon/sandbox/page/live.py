"""Sends what happens to every open page, as Server-Sent Events."""

import asyncio
import json
from typing import Any

from aiohttp import web

PAGES_MAX = 32
QUEUE_MAX = 200
HEARTBEAT_S = 15.0
RETRY_MS = 1_000


class Hub:
    """The open pages; one that does not keep up is let go, comes back by itself and reads everything anew."""

    def __init__(self, *, heartbeat_s: float = HEARTBEAT_S) -> None:
        self._heartbeat_s = heartbeat_s
        self._pages: set[asyncio.Queue[bytes | None]] = set()

    def send(self, event: str, content: Any) -> None:
        """Tell every page."""
        line = f"event: {event}\ndata: {json.dumps(content)}\n\n".encode()
        for page in list(self._pages):
            # The last place is kept for the end.
            if page.qsize() < QUEUE_MAX - 1:
                page.put_nowait(line)
            else:
                self._let_go(page)

    async def close(self, _: web.Application | None = None) -> None:
        """Let every page go."""
        for page in list(self._pages):
            self._let_go(page)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Keep one page informed until it leaves."""
        if len(self._pages) >= PAGES_MAX:
            raise web.HTTPServiceUnavailable
        page: asyncio.Queue[bytes | None] = asyncio.Queue(QUEUE_MAX)
        self._pages.add(page)
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        answer.headers["Cache-Control"] = "no-store"
        try:
            await answer.prepare(request)
            await answer.write(f"retry: {RETRY_MS}\n\n".encode())
            while (line := await self._next(page)) is not None:
                await answer.write(line)
        except ConnectionError:
            pass  # The page was closed.
        finally:
            self._pages.discard(page)
        return answer

    async def _next(self, page: asyncio.Queue[bytes | None]) -> bytes | None:
        try:
            async with asyncio.timeout(self._heartbeat_s):
                return await page.get()
        except TimeoutError:
            return b": still here\n\n"

    def _let_go(self, page: asyncio.Queue[bytes | None]) -> None:
        self._pages.discard(page)
        page.put_nowait(None)
