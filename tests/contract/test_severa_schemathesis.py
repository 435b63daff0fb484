"""Schemathesis asks the sandbox Severa whatever its document allows, and much that it does not."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import schemathesis
from aiohttp import ClientSession, web
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from daemon.sandbox.faults import Faults
from daemon.sandbox.severa import Exchange, SeveraState, make_app
from tests.contract.severa_document import check_answer_of
from tests.sandbox.severa_company import CLIENT_ID, SECRET, Clock

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 20
DOCUMENT = Path(__file__).with_name("severa-openapi.yaml")

schema = schemathesis.openapi.from_path(DOCUMENT)


class Served:
    """A company on a port of its own thread, since schemathesis asks without a loop."""

    def __init__(self) -> None:
        self.answered: list[Exchange] = []
        self.url = ""
        self.guids: dict[str, list[str]] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> None:
        """Listen, and fill the company with a little of everything."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result(10)

    def stop(self) -> None:
        """Close the port and end the thread."""
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _serve(self) -> None:
        clock = Clock()
        state = SeveraState(clock=clock)
        state.requests_per_second = None
        state.add_credentials(CLIENT_ID, SECRET)
        self._furnish(state)
        state.witnesses.append(self.answered.append)
        self.token = state.tokens.issue(CLIENT_ID, SECRET, None)["access_token"]
        app = make_app(state, Faults(clock=clock), clock=clock)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/rest-api"

    def _furnish(self, state: SeveraState) -> None:
        kind = state.add_type("Meeting", "CalendarEntry", is_default=True)
        anna = state.add_user("Anna", "Virtanen", "anna@example.com")
        ben = state.add_user("Ben", "Lind", "ben@example.com")
        times = {"startDateTime": "2026-03-03T09:00:00Z", "endDateTime": "2026-03-03T10:00:00Z"}
        single = state.person_add(anna, name="Kick-off", **times)["guid"]
        rule = {"frequency": "Weekly", "range": {"maxOccurrences": 5}}
        series = state.person_add(anna, name="Weekly", recurrence=rule, **times)["guid"]
        seat = state.person_invite(anna, single, ben)["guid"]
        occurrence = next(state.occurrences(state.row(series), clock_far(state))).guid
        self.guids = {
            "activities": [single, series, occurrence],
            "users": [anna],
            "activitytypes": [kind],
            "activityparticipants": [seat],
        }


def clock_far(state: SeveraState) -> Any:
    return state.clock().replace(year=2027)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    found = Served()
    found.start()
    yield found
    found.stop()


def aim(case: Case, guids: dict[str, list[str]]) -> None:
    """Let most calls of one thing mean one that is there, and most writes something: what is made up never does."""
    section = case.path.split("/")[2] if case.path.count("/") > 1 else ""
    there = guids.get(section)
    if there and case.path_parameters:
        name, made_up = next(iter(case.path_parameters.items()))
        place = sum(map(ord, str(made_up))) % (len(there) + 1)
        # How several that are patched at once are answered has no schema (Q17).
        case.path_parameters[name] = [*there, str(made_up).replace(",", ".")][place]
    if isinstance(case.body, dict):
        for part, where in (("activityType", "activitytypes"), ("ownerUser", "users")):
            if isinstance(case.body.get(part), dict):
                case.body[part]["guid"] = guids[where][0]
    if isinstance(case.body, list):
        for operation in case.body:
            if isinstance(operation, dict) and operation.get("op") in ("Add", "Copy", "Replace"):
                operation |= {"op": "Replace", "path": "/notes"}


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_no_answer_is_one_that_the_document_does_not_know(case: Case, served: Served) -> None:
    aim(case, served.guids)
    headers = {"Client_Id": CLIENT_ID, "Authorization": f"Bearer {served.token}"}

    before = len(served.answered)
    case.call_and_validate(base_url=served.url, headers=headers, checks=CHECKS, timeout=10)

    for exchange in served.answered[before:]:
        # Schemathesis also tries methods and paths that the document does not know.
        if exchange.status not in (404, 405):
            check_answer_of(exchange)


async def test_what_is_there_is_answered_as_the_document_says(served: Served) -> None:
    headers = {"Client_Id": CLIENT_ID, "Authorization": f"Bearer {served.token}"}
    times = {"startDateTime": "2026-03-05T09:00:00Z", "endDateTime": "2026-03-05T10:00:00Z"}
    kind, owner = served.guids["activitytypes"][0], served.guids["users"][0]
    new = {"name": "New", "activityType": {"guid": kind}, "ownerUser": {"guid": owner}} | times
    change = [{"op": "Replace", "path": "/notes", "value": "news"}]
    before = len(served.answered)
    async with ClientSession(headers=headers) as session:
        async with session.post(f"{served.url}/v1/activities", json=new) as answer:
            path = f"{served.url}/v1/activities/{(await answer.json())['guid']}"
        for method, body in (("GET", None), ("PATCH", change), ("DELETE", None)):
            async with session.request(method, path, json=body) as answer:
                assert answer.status < 300, await answer.text()

    answered = served.answered[before:]
    assert [each.status for each in answered] == [201, 200, 200, 204]
    for exchange in answered:
        check_answer_of(exchange)
