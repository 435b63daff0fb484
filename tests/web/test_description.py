"""The served description says what is served, no more and no less, and whatever it allows can be asked (I)."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from daemon.runtime.triggers import Triggers
from daemon.sync.register import Register
from daemon.web.app import DESCRIPTION, make_app
from tests.web.door import Door, bearer, open_door
from tests.web.test_notifications import NOW, active

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
]
EXAMPLES = 25

schema = schemathesis.openapi.from_path(DESCRIPTION)


def served_routes() -> set[tuple[str, str]]:
    """Return the calls that the application knows; HEAD comes with each GET."""

    async def is_ready() -> bool:
        return True

    triggers: Any = Triggers.__new__(Triggers)
    app = make_app(
        triggers,
        triggers,
        signing_key=lambda: None,
        is_ready=is_ready,
        metrics=triggers,
        now=lambda: datetime.now(UTC),
        monotonic=lambda: 0.0,
        pushes=Register(lambda: NOW),
        notice=lambda user: True,
    )
    routes = [route for route in app.router.routes() if route.method != "HEAD"]
    return {(str(route.method), route.resource.canonical) for route in routes if route.resource}


def described(document: dict[str, Any]) -> set[tuple[str, str]]:
    return {(name.upper(), path) for path, calls in document["paths"].items() for name in calls}


async def test_the_description_names_every_call_that_is_served_and_no_other() -> None:
    assert described(json.loads(DESCRIPTION.read_text())) == served_routes()


async def test_the_description_is_served_as_it_is_to_everybody(door: Door) -> None:
    response = await door.call("GET", None, path="/v1/openapi.json")

    assert (response.status, response.content_type) == (200, "application/json")
    assert await response.read() == DESCRIPTION.read_bytes()


async def test_each_call_answers_its_own_example_with_what_it_promises(door: Door) -> None:
    await door.turn_on()
    door.app.register.keep([active()])
    document = json.loads(DESCRIPTION.read_text())

    for path, calls in document["paths"].items():
        for method, call in calls.items():
            content = call.get("requestBody", {}).get("content", {})
            example = content["application/json"]["example"] if content else None
            (promised,) = [int(code) for code in call["responses"] if code < "300"]
            proof = bearer(door.company) if call["security"] else None
            headers = {
                one["name"]: one["example"]
                for one in call.get("parameters", ())
                if one["in"] == "header"
            }
            real_path = path.replace("{guid}", "4e0c")
            answer = await door.call(method.upper(), proof, example, real_path, **headers)
            assert answer.status == promised, (method, path)


class Served:
    """A door on a thread of its own, since schemathesis asks without a loop; its clock runs by itself."""

    door: Door

    def __init__(self, path: Path) -> None:
        self._path = path
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._stack = AsyncExitStack()

    def run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    def start(self) -> None:
        self._thread.start()
        self.run(self._open())

    async def _open(self) -> None:
        self.door = await self._stack.enter_async_context(open_door(self._path))
        await self.door.turn_on()
        self.before = await self.kept()

    def stop(self) -> None:
        self.run(self._stack.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def kept(self) -> tuple[Any, ...]:
        """Return what calls could have changed here or asked of the vendors."""
        store, journal = self.door.app.store, self.door.company.sandbox.faults.journal
        accounts = await store.read(lambda tx: tx.accounts())
        tokens = await store.read(lambda tx: tx.trigger_tokens())
        return accounts, tokens, len(journal), tuple(self.door.woken)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    found = Served(tmp_path_factory.mktemp("served"))
    found.start()
    yield found
    found.stop()


asked = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@schema.parametrize()
@asked
def test_nobody_without_a_proof_causes_an_error_or_anything_else(
    case: Case, served: Served
) -> None:
    case.call_and_validate(base_url=served.door.url, checks=CHECKS[:5], timeout=10)

    assert served.run(served.kept()) == served.before


@schema.parametrize()
@asked
def test_whatever_a_user_asks_is_answered_as_described(case: Case, served: Served) -> None:
    served.door.ticks.now += 1
    headers = {"Authorization": bearer(served.door.company)}

    case.call_and_validate(base_url=served.door.url, headers=headers, checks=CHECKS, timeout=10)
