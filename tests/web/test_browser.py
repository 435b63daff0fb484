"""Triggers from real pages in a real browser: it asks first, and lets only pages of an allowed origin call (I)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Page, async_playwright

from tests.e2e.installation import eventually
from tests.e2e.test_page import ARGUMENTS, CHROMIUM
from tests.web.door import Door, bearer, open_door

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="No chromium is installed.")
TRIGGER = """([url, proof]) => fetch(url + "/v1/severa/activities/4e0c", {
    method: "POST", keepalive: true, body: JSON.stringify({change: "deleted"}),
    headers: {"Authorization": proof, "Content-Type": "application/json"},
}).then(answer => answer.status)"""
LEAVE = f"([url, proof]) => {{ ({TRIGGER})([url, proof]); location = 'about:blank'; }}"
BEACON = """([url, proof]) => navigator.sendBeacon(
    url + "/v1/severa/activities/4e0c", JSON.stringify({change: "deleted"}))"""


@dataclass
class Severa:
    """A page of Severa, which has two names, one of them allowed to call the daemon behind the door."""

    page: Page
    door: Door
    port: int

    async def trigger(self, host: str, script: str) -> object:
        await self.page.goto(f"http://{host}:{self.port}/")
        return await self.page.evaluate(script, [self.door.url, bearer(self.door.company)])


@pytest.fixture
async def severa(tmp_path: Path) -> AsyncIterator[Severa]:
    async def empty(_: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><title>Severa</title>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/", empty)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    async with (
        open_door(tmp_path, page=f"http://127.0.0.1:{port}") as door,
        async_playwright() as playwright,
    ):
        await door.enable()
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield Severa(await browser.new_page(), door, port)
        await browser.close()
    await runner.cleanup()


async def test_a_page_may_trigger_and_leave_and_one_of_another_origin_may_not(
    severa: Severa,
) -> None:
    deleted = ("4e0c", severa.door.company.people["Anna"], "trigger")

    assert await severa.trigger("127.0.0.1", TRIGGER) == 202
    assert severa.door.woken == [deleted]

    await severa.trigger("127.0.0.1", LEAVE)
    await severa.page.wait_for_url("about:blank")
    await eventually(lambda: severa.door.woken == [deleted, deleted])

    with pytest.raises(Exception, match="Failed to fetch"):
        await severa.trigger("localhost", TRIGGER)
    # A beacon takes no header along, so nothing proves who sends it.
    assert await severa.trigger("127.0.0.1", BEACON) is True
    assert await severa.trigger("127.0.0.1", TRIGGER) == 202
    assert severa.door.woken == [deleted] * 3
