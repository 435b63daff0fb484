"""What is logged of calls: enough to find one again, nothing of what was asked, and nothing at all at level info."""

import logging
from typing import Any

import pytest

from tests.web.door import Door, bearer

WEB = "severa-gcal.web"


def answered(caplog: pytest.LogCaptureFixture) -> list[tuple[Any, ...]]:
    """Return method, path and status of each call that a line was written for."""
    lines: list[Any] = [record for record in caplog.records if record.msg == "web.answered"]
    assert all(line.levelno == logging.DEBUG for line in lines)
    assert all(0 <= line.seconds < 10 for line in lines)
    return [(line.method, line.path, line.status) for line in lines]


@pytest.fixture
def at_debug(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Let connections that are made from now on log their calls."""
    caplog.set_level(logging.DEBUG, WEB)
    return caplog


async def test_each_call_is_a_line_without_its_query_headers_and_body(
    at_debug: pytest.LogCaptureFixture, door: Door
) -> None:
    proof = bearer(door.company)
    await door.call("GET", proof, path="/v1/me/sync?who=anna@example.com&token=hush")
    await door.call("POST", None, {"section": "private"}, "/v1/severa/navigation")
    await door.call("GET", None, path="/nowhere?anna")

    assert answered(at_debug) == [
        ("GET", "/v1/me/sync", 200),
        ("POST", "/v1/severa/navigation", 401),
        ("GET", "/nowhere", 404),
    ]
    told = [str(vars(record)) for record in at_debug.records if record.name == WEB]
    for secret in ("anna", "hush", "private", proof.removeprefix("Bearer ")):
        assert not [line for line in told if secret in line]


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/metrics?name=x"])
async def test_what_programs_ask_all_day_is_no_line(
    at_debug: pytest.LogCaptureFixture, door: Door, path: str
) -> None:
    assert (await door.call("GET", None, path=path)).status == 200

    assert answered(at_debug) == []


async def test_at_level_info_no_call_is_a_line(
    caplog: pytest.LogCaptureFixture, door: Door
) -> None:
    caplog.set_level(logging.INFO)

    for _ in range(50):
        await door.call("POST", None, b"", "/v1/google/notifications")

    assert [record for record in caplog.records if record.name == WEB] == []
