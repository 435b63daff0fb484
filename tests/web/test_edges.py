"""The edges of the server: one form for every refusal, bounds on size and time, and no word of what is inside (I)."""

import asyncio
import json
import socket
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from daemon.errors import Transient
from daemon.runtime.readiness import Readiness
from daemon.web.bodies import BODY_MAX
from daemon.web.connection import HEADERS_MAX, Runner
from daemon.web.pace import CALLERS_MAX, Pace
from daemon.web.problems import as_problems
from tests.doubles.store import MemoryStore
from tests.web.door import Door, Ticks, bearer, open_door

SYNC, SESSION = "/v1/me/sync", "/v1/severa/session"
SOON = 3.0
"""Seconds by which what takes a third of a second here is over on a busy machine, too."""


@pytest.fixture
async def brisk(tmp_path: Path) -> AsyncIterator[Door]:
    """A door at which nothing may take longer than a third of a second."""
    runner = {"header_seconds": 0.3, "answer_seconds": 0.3, "lingering_seconds": 0.3}
    async with open_door(tmp_path, body_seconds=0.3, runner=runner) as door:
        yield door


@asynccontextmanager
async def wire(door: Door) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    host, port = door.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield reader, writer
    finally:
        writer.close()


async def spoken(
    door: Door, *parts: bytes, pause: float = 0.0
) -> tuple[int, dict[str, str], bytes]:
    """Say this, then listen until the connection is closed; return status, headers and body."""
    async with wire(door) as (reader, writer):
        for part in parts:
            writer.write(part)
            await asyncio.sleep(pause)
        async with asyncio.timeout(SOON):
            try:
                return answer_in(await reader.read())
            except ConnectionError:
                return answer_in(b"")


def answer_in(heard: bytes) -> tuple[int, dict[str, str], bytes]:
    if not heard:
        return 0, {}, b""
    head, _, body = heard.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return int(first.split()[1]), headers, body


def head(method: str, path: str, *lines: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: daemon", *lines, "", ""]).encode()


def require_problem(status: int, headers: dict[str, str], body: bytes) -> None:
    told = json.loads(body)
    assert headers["Content-Type"].startswith("application/problem+json")
    assert (told["type"], told["status"]) == ("about:blank", status)
    assert told.keys() <= {"type", "title", "status", "detail"}
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Server"] == "severa-gcal"
    for word in (b"aiohttp", b"Python", b"Traceback", b"line "):
        assert word not in body


# One form

REFUSED: dict[str, tuple[bytes, int]] = {
    "no HTTP": (b"hello\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "a header without a colon": (head("GET", "/healthz", "nonsense"), 400),
    "a header with a zero byte": (head("GET", "/healthz", "X: a\0b"), 400),
    "two hosts": (head("GET", "/healthz", "Host: other"), 400),
    "two lengths": (head("POST", SESSION, "Content-Length: 2", "Content-Length: 3"), 400),
    "a length and chunks": (
        head("POST", SESSION, "Content-Length: 2", "Transfer-Encoding: chunked"), 400,
    ),
    "a negative length": (head("POST", SESSION, "Content-Length: -1"), 400),
    "a long address": (head("GET", "/" + "a" * 9_000), 400),
    "a long header": (head("GET", "/healthz", "X: " + "a" * 9_000), 400),
    "many headers": (head("GET", "/healthz", *["X: a"] * (HEADERS_MAX + 1)), 400),
    "what we cannot expect": (head("GET", "/healthz", "Expect: cake", "Connection: close"), 417),
    "a method of another kind": (head("PROPFIND", "/healthz", "Connection: close"), 405),
    "TRACE": (head("TRACE", "/healthz", "Connection: close"), 405),
    "the server as a whole": (head("OPTIONS", "*", "Connection: close"), 404),
    "an unknown path": (head("GET", "/v1/severa", "Connection: close"), 404),
    "a path upwards": (head("GET", "/../../etc/passwd", "Connection: close"), 404),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
async def test_every_refusal_has_one_form_and_says_nothing_of_what_is_inside(
    brisk: Door, name: str
) -> None:
    said, expected = REFUSED[name]

    status, headers, body = await spoken(brisk, said)

    assert status == expected
    require_problem(status, headers, body)
    assert (await brisk.call("GET", None, path="/healthz")).status == 200


@pytest.mark.parametrize(
    ("error", "status"),
    [(RuntimeError("secret /etc/key"), 500), (TimeoutError(), 500), (Transient("secret"), 503)],
)
async def test_a_fault_of_ours_says_nothing_of_itself(error: Exception, status: int) -> None:
    async def fails(_: web.Request) -> web.StreamResponse:
        raise error

    response = await as_problems(make_mocked_request("GET", "/"), fails)

    assert isinstance(response, web.Response)
    assert isinstance(response.body, bytes)
    assert response.status == status
    require_problem(status, dict(response.headers), response.body)
    assert b"secret" not in response.body


async def test_head_and_options_are_answered_as_get_without_its_body(door: Door) -> None:
    for path in ("/healthz", "/readyz", "/v1/openapi.json"):
        full, bare = (
            await door.call("GET", None, path=path),
            await door.call("HEAD", None, path=path),
        )
        assert (bare.status, await bare.read()) == (200, b"")
        assert bare.headers["Content-Length"] == full.headers["Content-Length"]
        assert "aiohttp" not in full.headers["Server"]
        assert full.headers["X-Content-Type-Options"] == "nosniff"
    asked = await door.call("OPTIONS", None, path=SYNC)
    assert (asked.status, await asked.read()) == (204, b"")
    assert set(asked.headers["Allow"].split(",")) == {"GET", "HEAD", "OPTIONS", "PUT"}
    assert asked.headers["Cache-Control"] == "no-store"
    assert (await door.call("OPTIONS", None, path="/v1/nothing")).status == 404


# Bounds on size


@pytest.mark.parametrize(
    ("method", "path"), [("POST", SESSION), ("PUT", SYNC), ("GET", SYNC), ("POST", "/v1/nothing")]
)
async def test_a_long_body_is_refused_whoever_sends_it_and_wherever(
    door: Door, method: str, path: str
) -> None:
    response = await door.call(method, None, b" " * (BODY_MAX + 1), path)

    assert (response.status, response.content_type) == (413, "application/problem+json")


async def test_a_long_body_in_chunks_or_packed_is_refused(door: Door) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 8192

    packed = zlib.compress(b" " * 50_000_000)
    assert len(packed) < BODY_MAX
    for data, more in ((chunks(), {}), (packed, {"Content-Encoding": "deflate"})):
        headers = {"Authorization": bearer(door.company)} | more
        async with door.session.post(SESSION, data=data, headers=headers) as response:
            assert (response.status, response.content_type) == (413, "application/problem+json")


@pytest.mark.parametrize(
    "kind",
    ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/html", "a/b"],
)
async def test_a_body_that_is_called_something_else_is_refused(door: Door, kind: str) -> None:
    sent = b'{"state": "login"}'

    response = await door.call(
        "POST", bearer(door.company), sent, SESSION, **{"Content-Type": kind}
    )

    assert (response.status, response.content_type) == (415, "application/problem+json")


async def test_a_body_that_is_not_packed_as_it_says_is_refused(door: Door) -> None:
    packed = {"Content-Encoding": "gzip"}

    response = await door.call("POST", bearer(door.company), b"not gzip", SESSION, **packed)

    assert (response.status, response.content_type) == (400, "application/problem+json")


# Bounds on time


async def test_a_body_that_never_comes_is_cut(brisk: Door) -> None:
    began, known = monotonic(), f"Authorization: {bearer(brisk.company)}"

    status, headers, body = await spoken(
        brisk, head("POST", SESSION, "Content-Length: 20", known), b'{"state'
    )

    assert status == 408
    assert headers["Connection"] == "close"
    require_problem(status, headers, body)
    assert monotonic() - began < SOON


async def test_a_body_that_comes_in_drops_is_cut_as_well(brisk: Door) -> None:
    known = f"Authorization: {bearer(brisk.company)}"
    drops = [b"1\r\n \r\n"] * 12

    status, headers, body = await spoken(
        brisk, head("POST", SESSION, "Transfer-Encoding: chunked", known), *drops, pause=0.05
    )

    assert status == 408
    require_problem(status, headers, body)


async def test_a_body_that_nobody_asked_for_is_not_waited_for(brisk: Door) -> None:
    status, headers, body = await spoken(brisk, head("GET", SYNC, "Content-Length: 20"))

    assert status == 401
    require_problem(status, headers, body)


@pytest.mark.parametrize(
    "parts",
    [[], [b"G"], [b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: "] + [b"a"] * 8],
    ids=["silent", "a letter", "in drops"],
)
async def test_headers_that_do_not_come_in_time_end_the_connection(
    brisk: Door, parts: list[bytes]
) -> None:
    began = monotonic()

    status, _, _ = await spoken(brisk, *parts, pause=0.06)

    assert status == 0
    assert monotonic() - began < SOON


async def test_headers_of_a_second_request_must_come_in_time_and_an_idle_connection_stays(
    brisk: Door,
) -> None:
    async with wire(brisk) as (reader, writer):
        writer.write(head("GET", "/healthz"))
        first = await reader.readuntil(b'{"status": "ok"}')
        await asyncio.sleep(0.6)
        writer.write(head("GET", "/healthz"))
        second = await reader.readuntil(b'{"status": "ok"}')
        writer.write(b"GET /healthz HTTP/1.1\r\nHo")
        async with asyncio.timeout(SOON):
            rest = await reader.read()

    assert answer_in(first)[0] == answer_in(second)[0] == 200
    assert rest == b""


async def test_a_caller_who_takes_no_answers_is_cut_off(brisk: Door) -> None:
    host, port = brisk.url.removeprefix("http://").split(":")
    loop = asyncio.get_running_loop()
    with socket.socket() as caller:
        caller.setblocking(False)
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await loop.sock_connect(caller, (host, int(port)))

        async def asks() -> None:
            while True:
                await loop.sock_sendall(caller, head("GET", "/v1/openapi.json"))

        with pytest.raises(ConnectionError):
            async with asyncio.timeout(4 * SOON):
                await asks()


async def test_callers_who_hold_back_hold_nobody_up(door: Door) -> None:
    known = f"Authorization: {bearer(door.company)}"
    held = [head("POST", SESSION, "Content-Length: 20", known), b"GET /healthz HT", b""]
    host, port = door.url.removeprefix("http://").split(":")
    waiting = [await asyncio.open_connection(host, int(port)) for _ in range(120)]
    for number, (_, writer) in enumerate(waiting):
        writer.write(held[number % len(held)])

    began = monotonic()
    answers = [(await door.call("GET", None, path="/healthz")).status for _ in range(20)]

    assert answers == [200] * 20
    assert monotonic() - began < SOON
    for _, writer in waiting:
        writer.close()


async def test_who_hangs_up_in_the_middle_of_a_body_leaves_no_trace(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    known = f"Authorization: {bearer(door.company)}"
    for _ in range(3):
        async with wire(door) as (_, writer):
            writer.write(head("POST", SESSION, "Content-Length: 20", known) + b"{")
            await writer.drain()
            await asyncio.sleep(0.05)

    assert (await door.call("GET", None, path="/healthz")).status == 200
    assert not [record for record in caplog.records if record.levelname in ("ERROR", "WARNING")]


# Health


async def test_health_and_readiness_need_no_token_and_tell_nothing(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door:
        health = await door.call("GET", None, path="/healthz")
        assert (health.status, await health.json()) == (200, {"status": "ok"})
        ready = await door.call("GET", None, path="/readyz")
        assert (ready.status, await ready.json()) == (200, {"status": "ready"})


async def test_without_its_database_the_daemon_is_alive_and_not_ready(tmp_path: Path) -> None:
    async with open_door(tmp_path, is_ready=False) as door:
        ready = await door.call("GET", None, path="/readyz")
        assert (ready.status, ready.content_type) == (503, "application/problem+json")
        assert (await door.call("GET", None, path="/healthz")).status == 200


class StuckStore(MemoryStore):
    """A database whose disk does not answer until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.free, self.asked, self.error = asyncio.Event(), 0, False

    async def read(self, work: Any) -> Any:
        self.asked += 1
        await self.free.wait()
        if self.error:
            raise Transient("It was never this caller's turn.")
        return await super().read(work)


async def test_a_database_that_hangs_is_asked_once_and_not_waited_for() -> None:
    store, stopping = StuckStore(), asyncio.Event()
    readiness = Readiness(store, stopping, patience_seconds=0.05)

    assert await asyncio.gather(*[readiness() for _ in range(20)]) == [False] * 20
    assert store.asked == 1

    store.free.set()
    await asyncio.sleep(0)
    assert await readiness()
    store.error = True
    assert not await readiness()
    store.error = False
    stopping.set()
    assert not await readiness()


# The pace of one caller


def test_a_caller_has_a_burst_and_then_a_rate_and_callers_do_not_share_them() -> None:
    ticks = Ticks()
    pace = Pace(per_second=2, burst=3, monotonic=ticks)

    assert [pace.wait_for("anna") for _ in range(5)] == [0, 0, 0, 0.5, 0.5]
    assert pace.wait_for("ben") == 0
    ticks.now += 0.5
    assert [pace.wait_for("anna") for _ in range(2)] == [0, 0.5]
    ticks.now += 60
    assert [pace.wait_for("anna") for _ in range(4)] == [0, 0, 0, 0.5]


@contextmanager
def counted(pace: Pace) -> Iterator[list[int]]:
    sizes: list[int] = []
    yield sizes
    assert max(sizes) <= CALLERS_MAX


@pytest.mark.parametrize("pause", [0.0, 0.001])
def test_the_pace_remembers_a_bounded_number_of_callers(pause: float) -> None:
    ticks = Ticks()
    pace = Pace(per_second=20, burst=40, monotonic=ticks)

    with counted(pace) as sizes:
        for number in range(2 * CALLERS_MAX + 10):
            ticks.now += pause
            assert pace.wait_for(str(number)) == 0
            sizes.append(len(pace._until))


@pytest.mark.parametrize("turns", range(8))
async def test_a_connection_that_comes_while_the_daemon_stops_is_answered_or_waits_for_the_next(
    turns: int,
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text="here")

    app = web.Application()
    app.router.add_get("/", answer)
    with socket.socket() as held, socket.socket() as caller:
        held.bind(("127.0.0.1", 0))
        held.listen(8)
        held.setblocking(False)
        runner = Runner(app, sleep=asyncio.sleep)
        await runner.setup()
        await web.SockSite(runner, held.dup()).start()
        caller.connect(held.getsockname())
        caller.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        caller.setblocking(False)
        for _ in range(turns):
            await asyncio.sleep(0)

        await runner.cleanup()

        try:
            taken, _ = held.accept()
        except BlockingIOError:
            async with asyncio.timeout(5):
                told = await asyncio.get_running_loop().sock_recv(caller, 100)
            assert told.startswith(b"HTTP/1.1 200")
        else:
            taken.close()
