"""The daemon's door for commands: what cannot be carried out is answered, and what went wrong is in the log."""

import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from daemon.errors import Misused, SyncError
from daemon.runtime.control import BODY_MAX, ask_daemon, reachable, serve
from tests.e2e.installation import Installation, eventually


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Path]:
    """A door behind which every command is answered with itself."""

    async def ask(command: str, arguments: dict[str, Any]) -> Any:
        return [command, arguments]

    path = tmp_path / "daemon.sock"
    runner = await serve(path, ask)
    yield path
    await runner.cleanup()


async def post(path: Path, body: bytes) -> tuple[int, Any]:
    with reachable(path) as name:
        async with (
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(name)) as session,
            session.post("http://daemon/command", data=io.BytesIO(body)) as response,
        ):
            return response.status, await response.json(content_type=None)


async def test_a_fault_inside_a_command_is_told_and_logged(company: Installation) -> None:
    await company.start()

    with pytest.raises(SyncError, match="its log says why"):
        await company.ask("google connect", key="not base64")

    await eventually(lambda: any("command.fault" in line for line in company.log), company)
    (fault,) = (line for line in company.log if "command.fault" in line)
    assert json.loads(fault)["level"] == "error"
    assert json.loads(fault)["command"] == "google connect"
    assert "base64" in json.dumps(json.loads(fault)["exception"])
    assert await company.ask("held") == []
    with pytest.raises(Misused, match="other arguments"):
        await company.ask("held", nonsense=7)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'"held"',
        b"{}",
        b'{"command": "held"}',
        b'{"arguments": {}}',
        b'{"command": 7, "arguments": {}}',
        b'{"command": ["held"], "arguments": {}}',
        b'{"command": "held", "arguments": []}',
        b'{"command": "held", "arguments": null}',
        b"[" * 200_000,
        b" " * (BODY_MAX + 1),
    ],
    ids=lambda body: f"{len(body)} {body[:40]!r}",
)
async def test_a_body_that_is_no_command_is_wrong_usage(door: Path, body: bytes) -> None:
    status, answer = await post(door, body)

    assert (status, answer["misused"]) == (422, True)
    assert "command" in answer["error"]
    assert await ask_daemon(door, "held", {"user": "Anna"}) == ["held", {"user": "Anna"}]


async def test_a_refusal_keeps_its_words_and_its_kind(tmp_path: Path) -> None:
    async def ask(command: str, _: dict[str, Any]) -> Any:
        raise {"wrong": Misused, "bad": SyncError}[command](f"It is {command}.")

    runner = await serve(tmp_path / "daemon.sock", ask)

    with pytest.raises(Misused, match=r"^It is wrong\.$"):
        await ask_daemon(tmp_path / "daemon.sock", "wrong", {})
    with pytest.raises(SyncError, match=r"^It is bad\.$") as bad:
        await ask_daemon(tmp_path / "daemon.sock", "bad", {})
    assert not isinstance(bad.value, Misused)
    await runner.cleanup()
