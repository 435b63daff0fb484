"""The daemon's own door for the command line: a socket beside the database that only its owner can use."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
from aiohttp import web

from daemon.errors import Misused, SyncError
from daemon.runtime import logs

PATH_MAX: Final = 100
"""A socket's path may have some 107 bytes (unix(7))."""
ANSWER_SECONDS: Final = 120
BODY_MAX: Final = 4 * 1024 * 1024

Ask = Callable[[str, dict[str, Any]], Awaitable[Any]]


def socket_path(database: Path) -> Path:
    """Return where the daemon that has this database listens for commands."""
    return database.with_suffix(".sock")


@contextmanager
def reachable(path: Path) -> Iterator[str]:
    """Yield a name short enough for a socket, through the directory's descriptor where the path is long."""
    if len(os.fsencode(path)) <= PATH_MAX:
        yield str(path)
        return
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)


async def serve(path: Path, ask: Ask) -> web.AppRunner:
    """Listen on the socket; the caller ends it with `cleanup`."""
    app = web.Application(client_max_size=BODY_MAX)

    async def command(request: web.Request) -> web.Response:
        name = ""
        try:
            name, arguments = await _command(request)
            return web.json_response({"result": await ask(name, arguments)})
        except SyncError as error:
            is_misuse = isinstance(error, Misused)
            return web.json_response({"error": str(error), "misused": is_misuse}, status=422)
        except Exception:
            logs.report("command.fault", command=name, exc_info=True)
            return web.json_response({}, status=500)

    async def disappear(_: web.Application) -> None:
        await asyncio.to_thread(path.unlink, missing_ok=True)

    app.router.add_post("/command", command)
    app.on_cleanup.append(disappear)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    # A killed daemon leaves its socket behind; that we hold the database's lock says it is dead.
    await asyncio.to_thread(path.unlink, missing_ok=True)
    mask = os.umask(0o177)
    try:
        with reachable(path) as name:
            await web.UnixSite(runner, name).start()
    finally:
        os.umask(mask)
    return runner


async def _command(request: web.Request) -> tuple[str, dict[str, Any]]:
    """Return the command that a body names and its arguments, or raise `Misused`."""
    try:
        body = json.loads(await request.read())
    except (ValueError, RecursionError):
        body = None
    except web.HTTPRequestEntityTooLarge:
        raise Misused(f"The command is larger than {BODY_MAX} bytes.") from None
    match body:
        case {"command": str(name), "arguments": dict(arguments)}:
            return name, arguments
    raise Misused("This is no command that the daemon understands.")


async def ask_daemon(path: Path, command: str, arguments: dict[str, Any]) -> Any:
    """Ask the running daemon.

    Raises:
        ConnectionError: None is running.
        SyncError: It refuses; the message is its own.
    """
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    with reachable(path) as name:
        async with aiohttp.ClientSession(
            connector=aiohttp.UnixConnector(name), timeout=timeout
        ) as session:
            try:
                return await _asked(session, command, arguments)
            except (aiohttp.ClientConnectorError, FileNotFoundError) as error:
                raise ConnectionError("nobody listens") from error
            except (aiohttp.ClientError, TimeoutError):
                raise SyncError("The running daemon did not answer; try again.") from None


async def _asked(session: aiohttp.ClientSession, command: str, arguments: dict[str, Any]) -> Any:
    body = {"command": command, "arguments": arguments}
    async with session.post("http://daemon/command", json=body) as response:
        if response.status not in (200, 422):
            raise SyncError("The running daemon failed on this command; its log says why.")
        answer = await response.json()
    if "error" in answer:
        raise (Misused if answer["misused"] else SyncError)(answer["error"])
    return answer["result"]
