"""The page's web application: its files, a JSON interface to both calendars, and the live stream."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from daemon.sandbox.page.change import Change
from daemon.sandbox.page.desk import YEARS, Desk, Refused
from daemon.sandbox.page.journal import Journal
from daemon.sandbox.page.live import Hub
from daemon.sandbox.page.overview import Overview
from daemon.sandbox.page.process import Process
from daemon.sandbox.page.shown import SIDES, Side, owner_of
from daemon.sandbox.people import Company, Person
from daemon.sandbox.server import Sandbox

STATIC = Path(__file__).parent / "static"
BODY_MAX = 64 * 1024
BODY_TIMEOUT_S = 10
OWN_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_page(
    sandbox: Sandbox,
    company: Company,
    *,
    journal: Journal,
    process: Process | None = None,
) -> web.Application:
    """Return the application; whatever the journal notes, every open page shows at once."""
    hub = Hub()
    process = process or Process(journal, clock=sandbox.clock)
    overview = Overview(sandbox, company, journal, process)
    journal.on_change.append(lambda change: hub.send("change", _changed(change)))
    journal.on_line.append(lambda line: hub.send("line", line.json()))
    overview.on_change.append(lambda state: hub.send("state", state))
    app = web.Application(client_max_size=BODY_MAX, middlewares=[_guarded])
    calls = Calls(sandbox, company, journal, overview)
    app.router.add_get("/", _file("index.html"))
    app.router.add_static("/static/", STATIC)
    app.router.add_get("/api/company", calls.company)
    app.router.add_get("/api/week", calls.week)
    app.router.add_get("/api/live", hub.serve)
    app.router.add_post("/api/{side}/entries", calls.add)
    app.router.add_patch("/api/{side}/entries/{id}", calls.change)
    app.router.add_delete("/api/{side}/entries/{id}", calls.delete)
    app.router.add_post("/api/{side}/entries/{id}/answer", calls.answer)
    app.router.add_post("/api/faults/{name}", calls.fault)
    app.on_shutdown.append(hub.close)
    app.cleanup_ctx.append(overview.kept_fresh)
    return app


class Calls:
    """The JSON interface."""

    def __init__(
        self, sandbox: Sandbox, company: Company, journal: Journal, overview: Overview
    ) -> None:
        self._sandbox = sandbox
        self._company = company
        self._journal = journal
        self._overview = overview
        self._desk = Desk(sandbox, company, journal)

    async def company(self, _: web.Request) -> web.Response:
        """Tell who there is and which activity types Severa has."""
        people = [
            {"email": person.email, "name": f"{person.first_name} {person.last_name}"}
            for person in self._company.people
        ]
        types = [
            {
                "guid": kind.guid,
                "name": kind.name,
                "category": kind.category,
                "default": kind.is_default,
                "synced": self._journal.is_synced(kind.guid),
            }
            for kind in self._sandbox.severa.types.values()
        ]
        return web.json_response({"people": people, "types": types})

    async def week(self, request: web.Request) -> web.Response:
        """Show both calendars of a person in one week, that of today unless `monday` says which."""
        person = self._person(request)
        now = self._sandbox.clock().astimezone(ZoneInfo(person.zone))
        monday = _monday(request.query.get("monday"), now.date())
        answer: dict[str, Any] = {
            "monday": monday.isoformat(),
            "now": f"{now:%Y-%m-%dT%H:%M}",
            "zone": person.zone,
            "clockChanges": _clock_changes(monday, ZoneInfo(person.zone)),
            "lines": [line.json() for line in self._journal.lines],
            "state": self._overview.json(),
        }
        for side in SIDES:
            entries = self._journal.shown(side, person.email).values()
            answer[side] = [
                {**shown.json(), "partner": self._journal.partner(side, shown.id)}
                for shown in sorted(entries, key=lambda shown: (shown.start, shown.id))
                if shown.touches(monday, days=7)
            ]
        return web.json_response(answer)

    async def add(self, request: web.Request) -> web.Response:
        """Add an entry by hand."""
        person, side = self._person(request), _side(request)
        entry_id = self._desk.add(person, side, await _fields(request))
        return web.json_response({"id": entry_id}, status=201)

    async def change(self, request: web.Request) -> web.Response:
        """Change an entry by hand."""
        person, side = self._person(request), _side(request)
        self._desk.change(person, side, request.match_info["id"], await _fields(request))
        return web.json_response({})

    async def delete(self, request: web.Request) -> web.Response:
        """Delete an entry by hand."""
        self._desk.delete(self._person(request), _side(request), request.match_info["id"])
        return web.json_response({})

    async def answer(self, request: web.Request) -> web.Response:
        """Answer an invitation."""
        person, side, fields = self._person(request), _side(request), await _fields(request)
        self._desk.answer(person, side, request.match_info["id"], fields.get("answer"))
        return web.json_response({})

    async def fault(self, request: web.Request) -> web.Response:
        """Switch a fault on or off."""
        is_on = (await _fields(request)).get("on") is True
        self._overview.troubles.switch(request.match_info["name"], is_on=is_on)
        self._overview.look()
        return web.json_response(self._overview.json())

    def _person(self, request: web.Request) -> Person:
        person = owner_of(self._company, request.query.get("person", ""))
        if person is None:
            raise Refused("Nobody in the company has this address.")
        return person


def _changed(change: Change) -> dict[str, Any]:
    return {"email": change.person.email, "side": change.side, "id": change.id}


def _file(name: str) -> Handler:
    async def handler(_: web.Request) -> web.StreamResponse:
        return web.FileResponse(STATIC / name)

    return handler


def _side(request: web.Request) -> Side:
    for side in SIDES:
        if request.match_info["side"] == side:
            return side
    raise web.HTTPNotFound


def _monday(text: str | None, today: date) -> date:
    """Return the Monday of the week that holds a day."""
    try:
        day = date.fromisoformat(text) if text else today
    except ValueError:
        raise Refused("This is no date that can be read.") from None
    if day.year not in YEARS:
        raise Refused(f"Choose a date from {YEARS.start} to {YEARS.stop - 1}.")
    return day - timedelta(days=day.weekday())


def _clock_changes(monday: date, zone: ZoneInfo) -> dict[str, int]:
    """Return the days of a week on which the clocks change, and by how many minutes they go forward."""
    midnights = [datetime.combine(monday + timedelta(days=n), time(), zone) for n in range(8)]
    shifts = {f"{a:%Y-%m-%d}": _offset_s(b) - _offset_s(a) for a, b in pairwise(midnights)}
    return {day: shift // 60 for day, shift in shifts.items() if shift}


def _offset_s(at: datetime) -> int:
    return int((at.utcoffset() or timedelta()).total_seconds())


async def _fields(request: web.Request) -> Mapping[str, Any]:
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            fields = json.loads(await request.read())
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        raise Refused("The request cannot be read.")
    return fields


@web.middleware
async def _guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer only this page's own requests, and tell a refusal in words."""
    try:
        _check_own(request)
        answer = await handler(request)
    except Refused as error:
        answer = web.json_response({"error": str(error)}, status=400)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        answer = web.json_response({"error": error.reason}, status=error.status)
    if not answer.prepared:
        answer.headers.update(HEADERS)
    return answer


def _check_own(request: web.Request) -> None:
    """Refuse what another site, or a name that was made to point here, makes a browser send."""
    host = request.headers.get("Host", "")
    if host.rsplit(":", 1)[0] not in OWN_HOSTS:
        raise web.HTTPForbidden
    origin = request.headers.get("Origin")
    if origin not in (None, f"http://{host}"):
        raise web.HTTPForbidden
    if request.method not in ("GET", "HEAD") and request.headers.get("X-Demo") != "1":
        raise web.HTTPForbidden
