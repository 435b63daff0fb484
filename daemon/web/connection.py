"""Connections that must bring their headers soon, and whose refusals have the same form as everybody's."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web
from aiohttp.typedefs import Handler

from daemon.web.access import AccessLog
from daemon.web.problems import as_problem, problem_of

access_log = logging.getLogger("severa-gcal.web")

HEADER_SECONDS: Final = 10.0
"""How long the headers of a request may take from their first byte, or a new connection to send any."""
KEEPALIVE_SECONDS: Final = 75.0
"""Longer than the minute for which nginx keeps a connection, or it would send requests into closed ones."""
ANSWER_SECONDS: Final = 30.0
"""How long a caller may take to receive an answer that is ready."""
LINGERING_SECONDS: Final = 2.0
"""How long a body that nobody wants is still taken, so that its sender gets to read why."""
STEP_SECONDS: Final = 0.02
TURNS: Final = 20
"""More turns of the event loop than it takes from taking a connection to reading from it."""
STEPS_MAX: Final = 100
"""For so many steps a stop waits for the requests of connections that were taken already."""
HEADERS_MAX: Final = 64
HEADER_BYTES_MAX: Final = 8190


class Connection(web.RequestHandler):
    """One connection; aiohttp by itself gives headers as long as it keeps an idle connection."""

    __slots__ = ("_answer_seconds", "_deadline", "_header_seconds", "_is_serving")

    def __init__(
        self, *args: Any, header_seconds: float, answer_seconds: float, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._header_seconds, self._answer_seconds = header_seconds, answer_seconds
        self._deadline: asyncio.TimerHandle | None = None
        self._is_serving = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Expect headers from now on."""
        super().connection_made(transport)
        self._expect_headers()

    def data_received(self, data: bytes) -> None:
        """Expect the rest of the headers that begin here."""
        if not self._is_serving and self._deadline is None:
            self._expect_headers()
        super().data_received(data)

    @property
    def expects_headers(self) -> bool:
        """Tell whether a request may be on its way on a new connection, or has begun to arrive."""
        return self._deadline is not None

    def headers_arrived(self) -> None:
        """Wait for no more headers until this request is answered."""
        self._is_serving = True
        self._stop_waiting()

    async def finish_response(
        self, request: Any, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send an answer, in our form also where it comes from outside the middlewares."""
        if isinstance(resp, web.HTTPException) and resp.status >= 400:
            resp = as_problem(resp)
        try:
            async with asyncio.timeout(self._answer_seconds):
                return await super().finish_response(request, resp, start_time)
        except TimeoutError:
            if isinstance(self.transport, asyncio.Transport):
                self.transport.abort()  # Closing it would wait for the caller to receive the rest.
            return resp, True
        finally:
            self._is_serving = False

    def handle_error(
        self,
        request: Any,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is no HTTP, without a word of what it was."""
        if request.writer.output_size > 0:
            raise ConnectionError("An answer is on its way already.")
        response = problem_of(status)
        response.force_close()
        return response

    def connection_lost(self, exc: BaseException | None) -> None:
        """Wait for nothing any more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _expect_headers(self) -> None:
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(self._header_seconds, self.force_close)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


@web.middleware
async def headers_in_time(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Tell the connection that this request's headers have arrived."""
    if isinstance(request.protocol, Connection):
        request.protocol.headers_arrived()
    return await handler(request)


class Runner(web.AppRunner):
    """Serves an application over such connections; sites are added to it as to any runner."""

    def __init__(
        self,
        app: web.Application,
        *,
        sleep: Callable[[float], Awaitable[None]],
        header_seconds: float = HEADER_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
        lingering_seconds: float = LINGERING_SECONDS,
        shutdown_seconds: float = 2.0,
    ) -> None:
        super().__init__(
            app, access_log=None, shutdown_timeout=shutdown_seconds, handler_cancellation=False
        )
        self._header_seconds, self._answer_seconds = header_seconds, answer_seconds
        self._lingering_seconds, self._sleep = lingering_seconds, sleep

    async def cleanup(self) -> None:
        """Take no new connections, and answer those that were taken before all are closed."""
        self._leave_to_the_next()
        for _ in range(TURNS):
            await self._sleep(0)
        for site in list(self.sites):
            await site.stop()
        for _ in range(STEPS_MAX):
            await self._sleep(STEP_SECONDS)
            for _ in range(TURNS):
                await self._sleep(0)
            if not self._has_unheard():
                break
        await super().cleanup()

    def _leave_to_the_next(self) -> None:
        """Accept nothing more, with the sockets open still: asyncio drops what it took in the turn of their closing."""
        loop = asyncio.get_running_loop()
        for site in self.sites:
            server = site._server  # aiohttp names its sockets nowhere else.
            for listening in server.sockets if isinstance(server, asyncio.Server) else ():
                loop.remove_reader(listening.fileno())

    def _has_unheard(self) -> bool:
        server = super().server
        return server is not None and any(
            one.expects_headers for one in server.connections if isinstance(one, Connection)
        )

    @property
    def server(self) -> Any:
        """Return what makes a connection's protocol, or `None` before `setup`."""
        made = super().server
        return made and self._connection

    def _connection(self) -> Connection:
        server = super().server
        assert server is not None, "Connections come between setup and cleanup."
        return Connection(
            server,
            loop=asyncio.get_running_loop(),
            access_log=access_log,
            access_log_class=AccessLog,
            keepalive_timeout=KEEPALIVE_SECONDS,
            lingering_time=self._lingering_seconds,
            max_headers=HEADERS_MAX,
            max_line_size=HEADER_BYTES_MAX,
            max_field_size=HEADER_BYTES_MAX,
            header_seconds=self._header_seconds,
            answer_seconds=self._answer_seconds,
        )
