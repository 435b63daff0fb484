"""The unit files: systemd takes them, they shut the daemon in, and the ones of several companies say the same."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.systemd.units import FOLDER, NAMES, PROGRAM, SERVICE, SOCKET, Unit

ANALYZE = shutil.which("systemd-analyze")
EXPOSURE_MAX = 1.5

needs_systemd = pytest.mark.skipif(
    ANALYZE is None, reason="there is no systemd-analyze here (apt-get install systemd)"
)


def analyze(*arguments: str) -> str:
    assert ANALYZE is not None
    done = subprocess.run(  # noqa: S603 - Our own files.
        [ANALYZE, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout + done.stderr


@needs_systemd
def test_systemd_knows_every_word_of_every_unit(tmp_path: Path) -> None:
    program = tmp_path / "severa-gcal"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for name in NAMES:
        # What is verified is what is started, and nothing is installed here.
        text = (FOLDER / name).read_text().replace(PROGRAM, str(program))
        (tmp_path / name).write_text(text.replace("network-online.target ", ""))

    said = analyze("verify", "--man=no", *(str(tmp_path / name) for name in NAMES))

    ours = [line for line in said.splitlines() if "severa-gcal" in line]
    assert not ours


@needs_systemd
@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith(".service")])
def test_a_service_can_do_little_besides_its_work(name: str) -> None:
    said = analyze("security", "--offline=true", "--no-pager", str(FOLDER / name))

    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert exposure, said
    assert float(exposure[1]) <= EXPOSURE_MAX, said


@pytest.mark.parametrize(
    "name", ["severa-gcal.service", "severa-gcal-backup.service", "severa-gcal-backup.timer"]
)
def test_the_units_of_several_companies_say_the_same(name: str) -> None:
    stem, kind = name.split(".")
    of_one = [
        line.replace("severa-gcal.socket", "severa-gcal@%i.socket")
        for line in Unit(name).settings()
    ]

    of_many = Unit(f"{stem}@.{kind}").settings()

    back = [
        line.replace("/etc/severa-gcal/%i.toml", "/etc/severa-gcal/config.toml")
        .replace("severa-gcal/%i", "severa-gcal")
        .replace("credentials/%i/", "credentials/")
        .replace(" (%i)", "")
        for line in of_many
    ]
    assert back == of_one


def test_every_secret_of_the_configuration_is_loaded_and_is_called_so_in_the_example() -> None:
    example = (FOLDER.parent / "config.example.toml").read_text()

    assert set(SERVICE.credentials()) == {
        "severa-client-secret",
        "severa-signing-key",
        "encryption-key",
    }
    for name in SERVICE.credentials():
        assert f"${{CREDENTIALS_DIRECTORY}}/{name}" in example


def test_the_socket_is_where_the_daemon_listens_by_default() -> None:
    example = (FOLDER.parent / "config.example.toml").read_text()

    assert f'listen = "{SOCKET.one("ListenStream")}"' in example
