"""The units in a real systemd, which is started here in namespaces of its own where that can be had."""

import asyncio
import re
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from tests.e2e.company import CLIENT_SECRET, SERVICE_ACCOUNT, SIGNING_KEY
from tests.e2e.installation import Installation, eventually
from tests.systemd.machine import Machine, why_not
from tests.systemd.manager import health
from tests.systemd.units import SERVICE

pytestmark = pytest.mark.skipif(bool(why_not()), reason=f"no real systemd: {why_not()}")

CREDENTIALS = {
    "severa-client-secret": CLIENT_SECRET + "\n",
    "severa-signing-key": SIGNING_KEY + "\n",
    "encryption-key": Fernet.generate_key().decode() + "\n",
}
Boot = Callable[..., Machine]


def configuration(company: Installation, **sections: dict[str, Any]) -> str:
    """Return the configuration of an operator who follows README.md, with the sandbox as both vendors."""
    path = "${CREDENTIALS_DIRECTORY}/"
    store = {
        "url": "sqlite:////var/lib/severa-gcal/severa-gcal.db",
        "encryption_key_file": path + "encryption-key",
    }
    company.configure(
        severa={"client_secret_file": path + "severa-client-secret"},
        web={"severa_signing_key_file": path + "severa-signing-key"},
        store=store | sections.get("store", {}),
    )
    return (company.path / "config.toml").read_text()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
async def boot(company: Installation, tmp_path: Path) -> AsyncIterator[Boot]:
    """Yield what starts a machine with these files in /etc/severa-gcal, and this port in its socket unit."""
    with ExitStack() as stack:

        def booted(etc: dict[str, str], port: int = 0) -> Machine:
            machine = Machine(tmp_path / "machine", etc)
            machine.ports = {"severa-gcal.socket": port} if port else {}
            return stack.enter_context(machine)

        yield booted


async def test_a_company_is_set_up_syncs_and_survives_a_kill_a_hang_and_a_stop(
    company: Installation, boot: Boot
) -> None:
    company.person("Anna")
    port = free_port()
    company.address = f"http://127.0.0.1:{port}"
    etc = {f"credentials/{name}": text for name, text in CREDENTIALS.items()}
    machine = await asyncio.to_thread(boot, {"config.toml": configuration(company), **etc}, port)
    run = asyncio.to_thread
    # As in the unit, in less time.
    quick = company.path / "machine" / "units" / "severa-gcal.service.d" / "watchdog.conf"
    quick.write_text("[Service]\nWatchdogSec=3\nTimeoutAbortSec=1\n")
    await run(machine.ctl, "daemon-reload")

    # Installed and started.
    await run(machine.ctl, "enable", "--now", "severa-gcal")
    assert await run(machine.shown, "severa-gcal", "ActiveState") == "active"
    assert await run(machine.shown, "severa-gcal.socket", "ActiveState") == "active"
    assert await health(company.address) == 200
    pid = await run(machine.shown, "severa-gcal", "MainPID")
    status = dict(
        line.split(":\t", 1)
        for line in (await run(machine.run, "cat", f"/proc/{pid}/status")).splitlines()
        if ":\t" in line
    )
    assert (status["Seccomp"], status["NoNewPrivs"], int(status["CapBnd"], 16)) == ("2", "1", 0)

    # Set up by the administrator, whose commands know no credentials.
    key = company.path / "machine" / "shared" / "key.p12"
    key.write_bytes((company.path / "key.p12").read_bytes())
    key.chmod(0o644)
    await run(
        machine.gcal, "google", "connect", "--service-account", SERVICE_ACCOUNT,
        "--key", "/opt/shared/key.p12", "--test-user", "anna@example.com",
    )  # fmt: skip
    await run(machine.gcal, "activity-types", "select", "Meeting")
    await run(machine.gcal, "integration", "on")
    company.add_event("Anna", "Budget", company.at(1, 9))
    await company.switch("Anna")
    await eventually(lambda: company.names("Anna") == ["Budget"], company)
    await eventually(
        lambda: (
            "Calendars looked at since the start: 1;" in machine.shown("severa-gcal", "StatusText")
        ),
        seconds=25,
    )

    # Killed: calls wait, and are answered by the next one.
    pid = await run(machine.shown, "severa-gcal", "MainPID")
    await run(machine.run, "kill", "-KILL", pid)
    assert await asyncio.gather(*(health(company.address) for _ in range(20))) == [200] * 20
    assert await run(machine.shown, "severa-gcal", "MainPID") != pid

    # Hung: the watchdog ends it, and the next one goes on.
    pid = await run(machine.shown, "severa-gcal", "MainPID")
    await run(machine.run, "kill", "-STOP", pid)
    assert await health(company.address) == 200
    assert await run(machine.shown, "severa-gcal", "MainPID") != pid
    await company.agrees()

    # Stopped: in time, and the socket waits for the next start until it is stopped too.
    began = time.monotonic()
    await run(machine.ctl, "stop", "severa-gcal.socket", "severa-gcal")
    assert time.monotonic() - began < SERVICE.seconds("TimeoutStopSec")
    assert await run(machine.shown, "severa-gcal", "Result") == "success"
    assert await run(machine.shown, "severa-gcal", "ActiveState") == "inactive"

    # Without the daemon, root can do the same, and leaves nothing behind that the daemon cannot use.
    assert "names the systemd credential" in await run(lambda: machine.gcal("users", code=2))
    environ = "CREDENTIALS_DIRECTORY=/etc/severa-gcal/credentials"
    said = await run(machine.run, "env", environ, "/opt/severa-gcal/bin/severa-gcal", "users")
    assert "anna@example.com" in said
    owners = await run(machine.run, "sh", "-c", "stat -c %U /var/lib/severa-gcal/*")
    assert set(owners.split()) == {"severa-gcal"}


async def test_a_wrong_configuration_stays_failed_and_does_not_spin_when_called(
    company: Installation, boot: Boot
) -> None:
    port, run = free_port(), asyncio.to_thread
    text = configuration(company)
    etc = {f"credentials/{name}": text for name, text in CREDENTIALS.items()}
    wrong = text.replace("[log]", '[log]\nlevel = "loud"')
    machine = await run(boot, {"config.toml": wrong, **etc}, port)

    said = await run(lambda: machine.ctl("start", "severa-gcal", code=1))
    await run(machine.until, lambda: machine.shown("severa-gcal", "ActiveState") == "failed")

    assert "failed" in said
    assert await run(machine.shown, "severa-gcal", "ExecMainStatus") == "2"
    assert await run(machine.shown, "severa-gcal", "NRestarts") == "0"
    assert 'log.level is "loud"' in machine.log()

    # A call asks for it again and again, with pauses.
    waiting = asyncio.create_task(health(f"http://127.0.0.1:{port}"))
    await asyncio.sleep(12)
    assert not waiting.done()
    assert 2 <= machine.log().count('log.level is "loud"') <= 5
    # Mended, it is started by the call that waits.
    await run(machine.run, "sed", "-i", "/loud/d", "/etc/severa-gcal/config.toml")
    assert await waiting == 200


async def test_two_companies_on_one_machine_have_their_own_state_secrets_and_backups(
    company: Installation, boot: Boot
) -> None:
    run = asyncio.to_thread
    etc = {}
    for name in ("acme", "globex"):
        url = f"sqlite:////var/lib/severa-gcal/{name}/severa-gcal.db"
        etc[f"{name}.toml"] = configuration(company, store={"url": url})
        etc |= {f"credentials/{name}/{key}": text for key, text in CREDENTIALS.items()}
    machine = await run(boot, etc)

    for name in ("acme", "globex"):
        await run(
            machine.ctl,
            "enable",
            "--now",
            f"severa-gcal@{name}",
            f"severa-gcal-backup@{name}.timer",
        )
        path = f"/run/severa-gcal/{name}.sock"
        said = await run(machine.run, "curl", "-s", "--unix-socket", path, "http://x/readyz")
        assert "ready" in said
        config = ("--config", f"/etc/severa-gcal/{name}.toml")
        assert "is off" in await run(machine.gcal, *config, "integration", "status")
        await run(machine.ctl, "start", f"severa-gcal-backup@{name}")
        backups = await run(machine.run, "ls", f"/var/lib/severa-gcal/{name}/backups")
        assert re.fullmatch(r"severa-gcal-\d{8}T\d{6}Z\.db", backups.strip())
    assert await run(machine.shown, "severa-gcal@acme", "ActiveState") == "active"


async def test_a_backup_is_put_back_as_the_readme_says(company: Installation, boot: Boot) -> None:
    port, run = free_port(), asyncio.to_thread
    etc = {f"credentials/{name}": text for name, text in CREDENTIALS.items()}
    machine = await run(boot, {"config.toml": configuration(company), **etc}, port)
    await run(machine.ctl, "start", "severa-gcal")
    await run(machine.ctl, "start", "severa-gcal-backup")
    (name,) = (await run(machine.run, "ls", "/var/lib/severa-gcal/backups")).split()

    await run(machine.ctl, "stop", "severa-gcal.socket", "severa-gcal")
    state = "/var/lib/severa-gcal"
    await run(
        machine.run, "install", "-o", "severa-gcal", "-g", "severa-gcal", "-m", "600",
        f"{state}/backups/{name}", f"{state}/severa-gcal.db",
    )  # fmt: skip
    await run(machine.ctl, "start", "severa-gcal")

    assert await health(f"http://127.0.0.1:{port}") == 200
