"""The administrator's commands, with a daemon and without, and how their errors end (A1 to A3, A6, I)."""

import asyncio
import json
import re
import signal
import socket
import stat
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from daemon.sandbox.google import make_service_account_key
from daemon.sandbox.google.switches import Switches
from tests.e2e.company import CLIENT_SECRET, SERVICE_ACCOUNT, SIGNING_KEY
from tests.e2e.installation import Installation, eventually

OTHER_ACCOUNT = "other@example-project.iam.gserviceaccount.com"
PASSWORD = "open, sesame 4711"
TOKEN = re.compile(rb"eyJ[\w-]+\.eyJ[\w-]+\.")
"""A JSON web token: three letters alone turn up by chance in what is locked."""


@pytest.fixture
async def office(company: Installation) -> Installation:
    """A company with Anna in it, whose daemon runs."""
    company.person("Anna")
    company.configure(web={"admins": ["anna@example.com"]})
    await company.start()
    return company


def connect(company: Installation) -> tuple[str, ...]:
    key = str(company.path / "key.p12")
    return "google", "connect", "--service-account", SERVICE_ACCOUNT, "--key", key


def locked_key(company: Installation, password: str) -> Path:
    """Write the service account's key under another password than Google's usual one."""
    key, certificate, _ = pkcs12.load_key_and_certificates(
        (company.path / "key.p12").read_bytes(), b"notasecret"
    )
    assert key is not None
    path = company.path / "locked.p12"
    encryption = serialization.BestAvailableEncryption(password.encode())
    data = pkcs12.serialize_key_and_certificates(b"key", key, certificate, None, encryption)  # type: ignore[arg-type]
    path.write_bytes(data)
    return path


def file(company: Installation, name: str, content: str | bytes) -> str:
    path = company.path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(0o600)
    return str(path)


@pytest.mark.parametrize("is_running", [True, False], ids=["running", "stopped"])
async def test_an_administrator_sets_everything_up_with_the_commands(
    office: Installation, is_running: bool
) -> None:
    if not is_running:
        await office.stop()
    out = await office.good(*connect(office))
    assert out == f"Connected as {SERVICE_ACCOUNT}; the calendar of anna@example.com answers.\n"
    out = await office.good("activity-types", "select", "travel", office.types["Meeting"])
    assert out == "Selected: Meeting, Travel.\n"
    out = await office.good("integration", "on")
    assert out.splitlines() == [
        "The integration is on.",
        f"Service account: {SERVICE_ACCOUNT}",
        "Activity types:  Meeting, Travel",
        *([] if is_running else ["The daemon is not running."]),
    ]

    rows = await office.json("activity-types", "list")
    assert {tuple(row) for row in rows} == {("name", "guid", "category", "active", "selected")}
    assert {row["name"] for row in rows if row["selected"]} == {"Meeting", "Travel"}
    assert {row["name"]: row["guid"] for row in rows} == office.types
    status = await office.json("integration", "status")
    assert status == {
        "on": True, "serviceAccount": SERVICE_ACCOUNT, "selected": ["Meeting", "Travel"], "fault": "",
        "running": is_running,
    }  # fmt: skip
    table = (await office.good("activity-types", "list")).splitlines()
    assert table[0].split() == ["SELECTED", "NAME", "CATEGORY", "ACTIVE", "GUID"]
    assert len(table) == 1 + len(office.types)

    assert (await office.good("integration", "off")).startswith("The integration is off.\n")
    assert (await office.json("integration", "status"))["on"] is False


async def test_users_and_status_say_who_is_enabled_and_how_it_goes(company: Installation) -> None:
    company.person("Anna")
    company.person("Ben")
    assert (await company.good("users")).startswith("No users are known yet")
    await company.open("Anna")
    company.add_event("Anna", "Meeting", company.at(1, 9))
    company.fault("severa", "activities.create", "refuse", status=400, after=1)
    await company.agrees("Anna")
    company.add_event("Anna", "Refused", company.at(2, 9))
    await company.until(lambda: not company.sandbox.faults.pending)
    await company.rounds()

    rows = {row["email"]: row for row in await company.json("users")}
    assert list(rows) == ["anna@example.com", "ben@example.com"]
    anna, ben = rows["anna@example.com"], rows["ben@example.com"]
    assert set(anna) == {
        "email", "guid", "enabled", "state", "reason", "lastSyncedAt", "entries", "channel",
    }  # fmt: skip
    assert (anna["guid"], anna["entries"]) == (company.people["Anna"], 1)
    assert (anna["enabled"], anna["state"], anna["reason"]) == (True, "idle", "")
    assert anna["lastSyncedAt"].endswith("Z")
    assert (ben["enabled"], ben["state"], ben["lastSyncedAt"]) == (False, "off", None)
    assert ben["channel"] is None

    whole = await company.json("status")
    assert whole["on"] is True
    assert [row["email"] for row in whole["users"]] == list(rows)
    assert [problem["standing"] for problem in whole["problems"]] == ["set-aside"]
    own = await company.json("status", "--user", "Anna@Example.com")
    assert own["problems"] == whole["problems"]
    assert {name: own[name] for name in ("email", "guid", "state")} == {
        "email": "anna@example.com", "guid": company.people["Anna"], "state": "idle",
    }  # fmt: skip
    shown = await company.good("status")
    assert "The integration is on." in shown
    assert "1 entries need attention:" in shown
    assert "Refused" not in shown
    table = (await company.good("users")).splitlines()
    assert table[0].split()[:3] == ["EMAIL", "ENABLED", "STATE"]

    told = await company.wrong("status", "--user", "nobody@example.com")
    assert told == "severa-gcal: Severa has no user nobody@example.com."
    told = await company.wrong("users", "confirm", "anna@example.com", code=2)
    assert told == "severa-gcal: The address of anna@example.com needs no confirmation."

    # Without the daemon they say the same.
    assert await company.stop() == 0
    stopped = await company.json("status")
    assert stopped["problems"] == whole["problems"]
    assert [row["entries"] for row in stopped["users"]] == [1, 0]


async def test_a_connection_that_does_not_work_is_told_why_and_replaces_nothing(
    office: Installation,
) -> None:
    key, google = str(office.path / "key.p12"), office.sandbox.google
    wrong = await office.wrong("google", "connect", code=2)
    assert wrong == "severa-gcal: No key is kept yet: give one with --key."
    await office.good(*connect(office))

    whole = (office.path / "key.p12").read_bytes()
    other = file(office, "other.p12", make_service_account_key(OTHER_ACCOUNT).p12)
    for arguments, told in (
        (
            ["--key", key, "--password-file", file(office, "p", "wrong\n")],
            "The password does not open",
        ),
        (["--key", file(office, "text", "hello")], "The file is not a P12 file"),
        (
            ["--key", file(office, "half", whole[:800])],
            "The file is not a P12 file",
        ),
        (["--key", file(office, "pem", "-----BEGIN PRIVATE KEY-----\n")], "The file is a PEM file"),
        (
            ["--key", file(office, "half.json", '{"client_email": ')],
            "The JSON key file is cut short",
        ),
        (["--test-user", "nobody@example.com"], "Google has no user nobody@example.com."),
        (
            ["--service-account", OTHER_ACCOUNT],
            f"Google does not know the service account {OTHER_ACCOUNT}.",
        ),
        (
            ["--key", other],
            f"The key is not, or no longer, a key of the service account {SERVICE_ACCOUNT}.",
        ),
    ):
        assert told in await office.wrong("google", "connect", *arguments), arguments
    for switches, told in (
        (Switches(delegation=False), "Delegation is missing. In the Workspace admin console"),
        (Switches(api_enabled=False), "The Google Calendar API is not switched on."),
    ):
        google.expire_tokens()
        google.switches = switches
        assert told in await office.wrong("google", "connect"), told
    google.switches = Switches()
    missing = str(office.path / "nothing")
    for option in ("--key", "--password-file"):
        wrong = await office.wrong("google", "connect", option, missing, code=2)
        assert wrong == f"severa-gcal: {option} {missing}: No such file or directory."

    assert (await office.json("integration", "status"))["serviceAccount"] == SERVICE_ACCOUNT
    assert "Connected as" in await office.good("google", "connect")


async def test_address_key_and_password_can_each_be_replaced_alone(office: Installation) -> None:
    locked = str(locked_key(office, PASSWORD))
    password = file(office, "password", f"{PASSWORD}\n")
    await office.good(*connect(office))

    await office.good("google", "connect", "--key", locked, "--password-file", password)
    assert "Connected as" in await office.good("google", "connect")
    await office.good("google", "connect", "--key", str(office.path / "key.p12"))
    google = office.sandbox.google
    key = next(iter(google.accounts.service_accounts[SERVICE_ACCOUNT].keys.values()))
    google.add_service_account(OTHER_ACCOUNT, key)
    await office.good("google", "connect", "--service-account", OTHER_ACCOUNT)
    assert (await office.json("integration", "status"))["serviceAccount"] == OTHER_ACCOUNT

    # A JSON key brings its own address.
    await office.good("google", "connect", "--key", str(office.path / "key.json"))
    assert (await office.json("integration", "status"))["serviceAccount"] == SERVICE_ACCOUNT


async def test_types_that_cannot_be_selected_are_named_and_the_selection_stays(
    office: Installation,
) -> None:
    twins = [office.sandbox.severa.add_type("Visit", "CalendarEntry") for _ in range(2)]
    select = ("activity-types", "select")
    await office.good(*select, "Meeting", twins[0])

    wrong = await office.wrong(*select, "Meeting", "Holliday", code=2)
    assert wrong.startswith("severa-gcal: Severa has no activity type 'Holliday'; it has ")
    assert "Project task" not in wrong
    wrong = await office.wrong(*select, "visit", code=2)
    assert "2 activity types are called 'visit'; give the guid: " in wrong
    assert all(guid in wrong for guid in twins)
    for name in ("Project task", office.types["Project task"]):
        wrong = await office.wrong(*select, name, code=2)
        assert wrong == (
            "severa-gcal: 'Project task' is a project task, and project tasks are never synced."
        )

    assert (await office.json("integration", "status"))["selected"] == ["Meeting", "Visit"]


async def test_the_integration_is_not_switched_on_before_it_can_work(office: Installation) -> None:
    assert "Google is not connected" in await office.wrong("integration", "on")
    await office.good(*connect(office))
    assert "No activity type is selected" in await office.wrong("integration", "on")
    assert (await office.json("integration", "status"))["on"] is False


async def test_a_wrong_secret_and_a_silent_severa_are_told_in_one_line(
    company: Installation,
) -> None:
    (company.path / "secret").write_text("not the secret")
    told = await company.wrong("activity-types", "list")
    assert told.startswith("severa-gcal: Severa refuses the client id or secret. Check ")
    assert "not the secret" not in told

    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    company.configure(severa={"base_url": f"http://127.0.0.1:{port}/rest-api"})
    assert "Severa" in await company.wrong("activity-types", "list")


async def test_a_bad_configuration_is_told_whole_and_at_once(company: Installation) -> None:
    sound = (company.path / "config.toml").read_text()
    commands = (["run"], ["users"], ["google", "connect"])

    bad = sound.replace("poll_interval = 1", 'poll_interval = "soon"\npol = 3')
    (company.path / "config.toml").write_text(bad.replace('client_id = "severa-client"\n', ""))
    for command in commands:
        told = await company.wrong(*command, code=2)
        for key in ("severa.client_id", "sync.poll_interval", "sync.pol"):
            assert key in told, (command, told)
    (company.path / "config.toml").write_text("[severa\n")
    assert "is not TOML" in await company.wrong("run", code=2)
    (company.path / "config.toml").unlink()
    assert "cannot be read: No such file or directory" in await company.wrong("run", code=2)

    (company.path / "config.toml").write_text(sound)
    (company.path / "signing-key").write_text("too short")
    assert "web.severa_signing_key_file" in await company.wrong("run", code=2)
    (company.path / "secret").unlink()
    told = await company.wrong("run", code=2)
    assert told.startswith("severa-gcal: The file of severa.client_secret_file is not there")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nonsense"], "nonsense"),
        (["users", "--colour"], "--colour"),
        (["activity-types", "select"], "NAME|GUID"),
        (["google", "connect", "--key"], "--key"),
        (["status", "extra"], "extra"),
    ],
)
async def test_wrong_usage_is_one_line_and_exit_code_two(
    company: Installation, arguments: list[str], told: str
) -> None:
    wrong = await company.wrong(*arguments, code=2)

    assert wrong.startswith("severa-gcal: ")
    assert told in wrong


async def test_help_and_version_say_what_there_is(company: Installation) -> None:
    shown = await company.good("--help")
    for command in ("run", "google", "activity-types", "integration", "users", "status", "sandbox"):
        assert f"  {command} " in shown
    assert (await company.good("--version")).startswith("severa-gcal, version ")
    assert "--password-file" in await company.good("google", "connect", "--help")


async def test_what_keeps_the_daemon_from_starting_is_one_line(company: Installation) -> None:
    company.is_fresh = True
    await company.start()
    taken = company.address.rpartition(":")[2]

    told = await company.wrong("run")
    assert (
        told
        == f"severa-gcal: {company.path}/severa-gcal.db is in use by another severa-gcal process."
    )
    (company.path / "second").mkdir()
    company.configure(
        store={"url": f"sqlite:///{company.path}/second/severa-gcal.db"},
        web={"listen": f"127.0.0.1:{taken}"},
    )
    told = await company.wrong("run")
    assert (
        told
        == f"severa-gcal: Cannot listen on 127.0.0.1:{taken} ([web] listen): Address already in use."
    )
    company.configure(store={"url": f"sqlite:///{company.path}/nowhere/severa-gcal.db"})
    assert "nowhere does not exist" in await company.wrong("run", code=2)

    await company.stop()
    company.configure(
        store={"url": f"sqlite:///{company.path}/severa-gcal.db"}, web={"listen": "127.0.0.1:0"}
    )
    company.person("Anna")
    await company.good(*connect(company), "--test-user", "anna@example.com")
    (company.path / "encryption.key").unlink()
    assert "key" in await company.wrong("run")


async def test_commands_take_effect_in_a_running_daemon_within_two_seconds(
    company: Installation,
) -> None:
    company.person("Anna")
    company.configure(sync={"poll_interval": "10m"})
    company.add_activity("Anna", "Trip", company.at(1, 9), kind="Travel")
    await company.start()
    await company.set_up("Meeting")
    await company.switch("Anna")
    await company.synced("Anna")

    await company.good("activity-types", "select", "Meeting", "Travel")
    await eventually(lambda: company.subjects("Anna") == ["Trip"], company, 2)

    await company.good("integration", "off")
    assert (await company.call("PUT", "/v1/me/sync", "Anna", {"enabled": True}))[0] == 409
    company.add_event("Anna", "Unseen", company.at(2, 9))
    before = len(company.sandbox.faults.journal)
    await asyncio.sleep(1)
    assert len(company.sandbox.faults.journal) == before
    await company.good("integration", "on")
    await eventually(lambda: company.names("Anna") == ["Trip", "Unseen"], company, 2)


async def test_what_is_set_without_a_daemon_holds_when_it_starts(company: Installation) -> None:
    company.person("Anna")
    company.add_activity("Anna", "Trip", company.at(1, 9), kind="Travel")
    await company.good(*connect(company), "--test-user", "anna@example.com")
    await company.good("activity-types", "select", "Travel")
    await company.good("integration", "on")
    await company.start()

    await company.switch("Anna")

    await company.agrees()
    assert company.subjects("Anna") == ["Trip"]


async def test_no_secret_is_shown_logged_or_stored_in_the_clear(company: Installation) -> None:
    company.is_fresh = True
    company.person("Anna")
    company.configure(log={"level": "debug"})
    locked, password = str(locked_key(company, PASSWORD)), file(company, "password", PASSWORD)
    await company.start()
    assert company.process
    process = Path(f"/proc/{company.process.pid}")
    shown = [
        await company.good(*connect(company), "--test-user", "anna@example.com"),
        await company.good("google", "connect", "--key", locked, "--password-file", password),
        await company.good("activity-types", "select", "Meeting"),
        await company.good("integration", "on"),
    ]
    company.add_activity("Anna", "Very private matter", company.at(1, 9), notes="Nobody's business")
    await company.switch("Anna")
    await company.agrees()
    company.sandbox.google.expire_tokens()
    company.fault("severa", "activities.create", "refuse", status=400)
    company.fault("google", "token", "refuse", status=500)
    company.add_event("Anna", "Another private matter", company.at(1, 11))
    await company.until(lambda: not company.sandbox.faults.pending)
    shown += [await company.good("status", "--json"), await company.good("users")]
    command_line = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
    await company.stop()

    # The database, beside what stands in secret files of its own.
    own = {
        "secret",
        "signing-key",
        "password",
        "key.p12",
        "key.json",
        "locked.p12",
        "encryption.key",
    }
    kept = [path for path in company.path.iterdir() if path.is_file() and path.name not in own]
    assert "severa-gcal.db" in {path.name for path in kept}
    private = json.loads((company.path / "key.json").read_text())["private_key"]
    secrets = [
        CLIENT_SECRET, SIGNING_KEY, PASSWORD, "ya29.", "BEGIN PRIVATE", *private.split("\n")[1:4],
    ]  # fmt: skip
    assert company.log
    for secret in secrets:
        assert secret not in "".join(shown)
        assert not [line for line in company.log if secret in line]
        assert secret.encode() not in command_line
        for path in kept:
            assert secret.encode() not in path.read_bytes(), (secret, path.name)
    everything = ["".join(shown).encode(), "\n".join(company.log).encode(), command_line]
    assert not [t for t in (*everything, *(path.read_bytes() for path in kept)) if TOKEN.search(t)]
    key_file = (company.path / "key.p12").read_bytes()
    assert all(key_file[200:264] not in path.read_bytes() for path in kept)
    # Nor does a log line tell what people write, or to whom.
    for word in ("private matter", "Nobody's business"):
        assert not [line for line in company.log if word in line]


async def test_files_of_the_daemon_are_its_owners_alone(company: Installation) -> None:
    await company.start()

    for name in ("severa-gcal.db", "encryption.key", "severa-gcal.sock"):
        mode = (company.path / name).stat().st_mode
        assert stat.S_IMODE(mode) == 0o600, name


async def test_sigterm_ends_the_daemon_in_order(company: Installation) -> None:
    company.is_fresh = True
    company.person("Anna")
    await company.open()
    company.fault("severa", "activities.create", "delay", seconds=1)
    company.add_event("Anna", "Being written", company.at(1, 9))
    company.add_event("Anna", "Being written too", company.at(2, 9))
    await company.until(lambda: not company.sandbox.faults.pending)

    started = time.monotonic()
    assert await company.stop(signal.SIGTERM) == 0
    assert time.monotonic() - started < 12

    # The write in hand was finished and recorded: nothing is in doubt after the start.
    assert company.names("Anna")
    await company.start()
    await company.agrees()
    assert company.calls("severa", "activities.create") == 2
    started = time.monotonic()
    assert await company.stop(signal.SIGINT) == 0
    assert time.monotonic() - started < 12
    assert not (company.path / "severa-gcal.sock").exists()
    assert not [line for line in company.log if '"level": "error"' in line]


async def test_a_vendor_that_hangs_does_not_keep_the_daemon_from_stopping(
    company: Installation,
) -> None:
    company.person("Anna")
    await company.open()
    company.fault("google", "events.list", "delay", seconds=60)
    await company.until(lambda: not company.sandbox.faults.pending)

    started = time.monotonic()
    assert await company.stop(signal.SIGTERM) == 0
    assert time.monotonic() - started < 18


async def test_a_second_sigterm_ends_it_at_once(company: Installation) -> None:
    company.is_fresh = True
    company.person("Anna")
    await company.open()
    company.fault("google", "events.list", "delay", seconds=30)
    await company.until(lambda: not company.sandbox.faults.pending)
    assert company.process

    company.process.send_signal(signal.SIGTERM)
    await asyncio.sleep(1)
    assert company.process.returncode is None
    started = time.monotonic()
    assert await company.stop(signal.SIGTERM) == 1
    assert time.monotonic() - started < 8

    await company.start()
    company.add_event("Anna", "Afterwards", company.at(1, 9))
    await company.agrees()
