"""The unit's own command line under a small service manager: signs of life, sockets, credentials, and the end.

That systemd itself agrees is proved in test_machine.py, where one can be had.
"""

import asyncio
import itertools
import os
import signal
import socket
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest

from tests.e2e.company import SIGNING_KEY
from tests.e2e.installation import Installation, eventually
from tests.systemd.conftest import secrets
from tests.systemd.manager import ServiceManager, health, listening
from tests.systemd.units import SERVICE

AT_ONCE = 20
STOP_MARGIN_SECONDS = 10


async def test_it_says_when_it_is_ready_that_it_lives_and_when_it_stops(
    company: Installation, manager: ServiceManager
) -> None:
    await manager.started()

    assert await health(company.address) == 200
    await manager.until(lambda: manager.told.count("WATCHDOG=1") >= 3)
    await manager.until(lambda: any("is off" in message for message in manager.told))
    assert await manager.ended(signal.SIGTERM) == 0
    assert manager.told[-1].startswith("STOPPING=1\nSTATUS=")
    assert not any("@" in message for message in manager.told)


async def test_signs_of_life_come_twice_and_more_within_the_watchdogs_patience(
    company: Installation, manager: ServiceManager
) -> None:
    manager.watchdog_s = 1.0
    await manager.started()
    beats: list[float] = []
    seen = 0

    for _ in range(150):
        count = manager.told.count("WATCHDOG=1")
        if count > seen:
            beats.append(time.monotonic())
            seen = count
        await asyncio.sleep(0.02)

    pauses = [later - earlier for earlier, later in itertools.pairwise(beats)]
    assert len(pauses) >= 4
    assert sorted(pauses)[len(pauses) // 2] <= manager.watchdog_s / 2


async def test_a_daemon_that_hangs_gives_no_sign_of_life_and_says_where_it_hung(
    manager: ServiceManager,
) -> None:
    manager.watchdog_s = 0.5
    await manager.started()
    assert manager.process

    manager.process.send_signal(signal.SIGSTOP)
    await asyncio.sleep(0.2)
    before = len(manager.told)
    await asyncio.sleep(2 * manager.watchdog_s)
    silent = len(manager.told) == before
    # systemd's watchdog ends a service by SIGABRT (WatchdogSignal=).
    manager.process.send_signal(signal.SIGCONT)
    code = await manager.ended(signal.SIGABRT)

    assert silent
    assert code == -signal.SIGABRT
    assert any("Fatal Python error: Aborted" in line for line in manager.log)
    assert not any(SIGNING_KEY in line for line in manager.log)


async def test_calls_wait_while_the_daemon_is_dead_and_none_is_refused_or_lost(
    company: Installation, manager: ServiceManager
) -> None:
    await manager.started()
    assert await health(company.address) == 200

    await manager.kill()
    waiting = [asyncio.create_task(health(company.address)) for _ in range(AT_ONCE)]
    await asyncio.sleep(0.3)
    assert not any(task.done() for task in waiting)
    await manager.started()

    assert await asyncio.gather(*waiting) == [200] * AT_ONCE


async def test_calls_wait_from_an_orderly_stop_to_the_next_start(
    company: Installation, manager: ServiceManager
) -> None:
    await manager.started()

    assert await manager.ended(signal.SIGTERM) == 0
    waiting = [asyncio.create_task(health(company.address)) for _ in range(AT_ONCE)]
    await manager.started()

    assert await asyncio.gather(*waiting) == [200] * AT_ONCE


async def test_a_socket_file_outlives_the_daemon_that_listened_there(
    manager: ServiceManager, tmp_path: Path
) -> None:
    path = tmp_path / "web.sock"
    manager.sockets.append(listening(str(path)))
    for _ in range(2):
        await manager.started()
        async with (
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as session,
            session.get("http://daemon/healthz") as response,
        ):
            assert response.status == 200
        assert await manager.ended(signal.SIGTERM) == 0
        assert path.is_socket()


async def test_an_address_that_is_not_listened_on_is_told(
    company: Installation, manager: ServiceManager
) -> None:
    for listen, is_told in (
        (company.address.removeprefix("http://"), False),
        ("127.0.0.1:1", True),
    ):
        company.configure(web={"listen": listen})
        await manager.started()

        told = [line for line in manager.log if "[web] listen is not used" in line]
        assert bool(told) is is_told
        assert await manager.ended(signal.SIGTERM) == 0


async def test_what_is_no_listening_socket_is_told(manager: ServiceManager) -> None:
    manager.sockets.insert(0, socket.socket(socket.AF_INET, socket.SOCK_DGRAM))

    await manager.start()

    assert await manager.ended() == 1
    assert manager.log == [
        "severa-gcal: Descriptor 3 (web) is no listening socket; "
        "the .socket unit needs ListenStream= and Accept=no."
    ]


async def test_what_is_meant_for_another_process_is_left_alone(
    company: Installation, manager: ServiceManager
) -> None:
    """A daemon started by hand in a shell that systemd started."""
    given = {**manager.environ(), "LISTEN_PID": str(os.getpid()), "WATCHDOG_PID": str(os.getpid())}
    process = await asyncio.create_subprocess_exec(
        *manager.command, env=given, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert process.stdout
    address = (await process.stdout.readline()).decode().split()[-1]

    assert address != company.address
    assert await health(address) == 200
    assert "WATCHDOG=1" not in manager.told
    process.terminate()
    assert await process.wait() == 0


@pytest.mark.parametrize(
    "address", ["vsock:2:1234", "@nobody-listens-here", "/nowhere/notify", "x"]
)
async def test_a_manager_that_cannot_be_told_harms_nothing(
    company: Installation, manager: ServiceManager, address: str
) -> None:
    environ = manager.environ
    manager.environ = lambda: {**environ(), "NOTIFY_SOCKET": address}  # type: ignore[method-assign]

    await manager.start()

    assert await health(company.address) == 200
    assert await manager.ended(signal.SIGTERM) == 0


async def test_an_abstract_address_is_told(manager: ServiceManager, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = ServiceManager(
        tmp_path / "other", manager.config, credentials=secrets(), is_abstract=True
    )
    async with other:
        await other.started()

        assert await other.ended(signal.SIGTERM) == 0


async def test_an_administrators_commands_need_no_credentials_while_the_daemon_runs(
    company: Installation, manager: ServiceManager
) -> None:
    company.person("Anna")
    await manager.started()

    await company.set_up()

    assert "running" not in (await company.good("integration", "status")).lower()
    await manager.ended(signal.SIGTERM)
    told = await company.wrong("integration", "status", code=2)
    assert "store.encryption_key_file names the systemd credential encryption-key" in told
    assert "Start it, then try again" in told


async def test_a_credential_that_was_not_loaded_is_told(manager: ServiceManager) -> None:
    (manager.folder / "credentials" / "severa-signing-key").unlink()

    await manager.start()

    assert await manager.ended() == 2
    assert manager.log[-1] == (
        "severa-gcal: web.severa_signing_key_file names the systemd credential severa-signing-key, "
        "which was not loaded; add LoadCredential=severa-signing-key:FILE to the unit."
    )


@pytest.mark.parametrize("seconds", [3, 25], ids=["answered", "unanswered"])
async def test_a_stop_during_a_slow_call_with_a_caller_who_hangs_ends_in_time_and_loses_nothing(
    company: Installation, manager: ServiceManager, tmp_path: Path, seconds: float
) -> None:
    """A write whose answer comes during the stop, or too late for it, and a caller whose body never comes."""
    company.person("Anna")
    await manager.started()
    await company.set_up()
    await company.switch("Anna")
    await company.synced("Anna")
    company.fault("severa", "activities.create", "delay", seconds=seconds)
    company.add_event("Anna", "Budget", company.at(1, 9))
    await company.visit("Anna")
    await eventually(lambda: company.sandbox.faults.pending == (), company)
    _, writer = await asyncio.open_connection(*manager.sockets[0].getsockname())
    writer.write(
        b"POST /v1/severa/navigation HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n"
        + f"Authorization: Bearer {company.token('Anna')}\r\n\r\n".encode()
    )
    await writer.drain()
    began = time.monotonic()

    assert await manager.ended(signal.SIGTERM) == 0
    took = time.monotonic() - began
    writer.close()

    print(f"stopped in {took:.1f} s")
    assert took < SERVICE.seconds("TimeoutStopSec") - STOP_MARGIN_SECONDS
    if seconds < took:
        assert company.names("Anna") == ["Budget"]
        assert changes_in(tmp_path / "severa-gcal.db") == 1
    await manager.started()
    await eventually(lambda: company.names("Anna") == ["Budget"], company, seconds)
    await company.agrees()


def changes_in(database: Path) -> int:
    """Return how many changes the history of a database that nobody uses holds."""
    with closing(sqlite3.connect(database)) as connection:
        ((count,),) = connection.execute("SELECT count(*) FROM history")
    return int(count)
