"""What the virtual loop, network and database promise to those who run on them."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import aiosqlite
import pytest
from aiohttp import web

from .loop import Deadlock
from .stage import Stage, play

START = datetime(2026, 3, 28, tzinfo=UTC)
HERE = ("127.0.0.1", 9000)


async def _serve(stage: Stage) -> None:
    async def hello(request: web.Request) -> web.Response:
        return web.Response(text=request.headers.get("Word", "hello"))

    app = web.Application()
    app.router.add_get("/", hello)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, *HERE).start()


async def _get(seconds: float = 20.0) -> str:
    timeout = aiohttp.ClientTimeout(total=seconds)
    async with (
        aiohttp.ClientSession(timeout=timeout) as http,
        http.get("http://127.0.0.1:9000/") as answer,
    ):
        return await answer.text()


def test_a_day_of_waiting_takes_no_time() -> None:
    async def work(stage: Stage) -> float:
        await asyncio.sleep(86_400)
        return stage.loop.time()

    assert play(1, START, work)[0] == pytest.approx(86_400, abs=0.01)


def test_who_waits_for_ever_is_told_so() -> None:
    async def work(stage: Stage) -> None:
        await asyncio.Event().wait()

    with pytest.raises(Deadlock):
        play(1, START, work)


def test_chance_orders_those_who_are_ready() -> None:
    async def work(stage: Stage) -> tuple[int, ...]:
        order: list[int] = []

        async def one(number: int) -> None:
            order.append(number)

        await asyncio.gather(*map(one, range(10)))
        return tuple(order)

    orders = [play(seed, START, work)[0] for seed in (1, 1, 2)]

    assert orders[0] == orders[1]
    assert orders[0] != orders[2]


def test_http_goes_over_the_network_and_takes_a_while() -> None:
    async def work(stage: Stage) -> tuple[str, float]:
        await stage.in_process("server", _serve(stage))
        return await _get(), stage.loop.time()

    (text, took), stage = play(1, START, work)

    assert text == "hello"
    assert 0.002 < took < 0.2
    assert stage.chunks == 2


@pytest.mark.parametrize("how", ["refuses", "silent", "cut"])
def test_a_bad_line_fails_as_a_real_one_does(how: str) -> None:
    async def work(stage: Stage) -> type[BaseException]:
        await stage.in_process("server", _serve(stage))
        lines = stage.network.lines_to(HERE)
        lines.refuses, lines.cut_before = how == "refuses", float(how == "cut")
        lines.silent_until = 100.0 if how == "silent" else 0.0
        with pytest.raises((aiohttp.ClientError, TimeoutError)) as caught:
            await _get()
        return caught.type

    expected = {
        "refuses": aiohttp.ClientConnectorError,
        "silent": TimeoutError,
        "cut": aiohttp.ClientError,
    }
    assert issubclass(play(1, START, work)[0], expected[how])


def test_a_process_that_is_killed_does_nothing_more_and_lets_go_of_all_it_held(
    tmp_path: Path,
) -> None:
    ran: list[str] = []

    async def victim() -> None:
        try:
            async with aiosqlite.connect(tmp_path / "db", isolation_level=None) as database:
                await database.execute("CREATE TABLE kept (value)")
                await database.execute("BEGIN IMMEDIATE")
                await database.execute("INSERT INTO kept VALUES (1)")
                ran.append("wrote")
                await asyncio.sleep(60)
        finally:
            ran.append("cleaned up")

    async def work(stage: Stage) -> tuple[list[str], list[object], type[BaseException]]:
        stage.in_process("victim", victim())
        stage.in_process("victim", _serve(stage))
        await asyncio.sleep(5)
        stage.kill("victim")
        await asyncio.sleep(600)
        async with aiosqlite.connect(tmp_path / "db", isolation_level=None) as database:
            await database.execute("BEGIN IMMEDIATE")
            rows = list(await database.execute_fetchall("SELECT * FROM kept"))
            await database.execute("ROLLBACK")
        with pytest.raises(aiohttp.ClientConnectorError) as caught:
            await _get()
        return list(ran), rows, caught.type

    assert play(1, START, work)[0] == (["wrote"], [], aiohttp.ClientConnectorError)
