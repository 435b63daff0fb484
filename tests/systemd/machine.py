"""A real systemd in namespaces of its own, with this program installed as README.md says, for who may make them.

It has its own processes, mounts, /etc, /var/lib and /run, and shares the network, so that the sandbox can be reached.
"""

import functools
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from tests.systemd.units import FOLDER, NAMES

SCRIPT = Path(__file__).with_name("machine.sh")
NEEDED = ("unshare", "nsenter", "setpriv", "systemctl")
PROBE = [
    *("unshare", "--pid", "--mount", "--uts", "--ipc", "--cgroup", "--fork", "--mount-proc"),
    *(
        "sh",
        "-ec",
        "mount --make-rprivate /; umount -l /sys/fs/cgroup; mount -t cgroup2 c /sys/fs/cgroup",
    ),
]
BOOT_SECONDS = 20.0
PATIENCE_SECONDS = 40.0
FROM_ELSEWHERE = ("network-online.target", "sysinit.target", "basic.target", "shutdown.target",
                  "multi-user.target", "sockets.target", "timers.target", "time-sync.target",
                  "time-set.target")  # fmt: skip


@functools.cache
def why_not() -> str:
    """Return why there can be no machine here, or nothing."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing or not Path("/usr/lib/systemd/systemd").exists():
        return f"there is no systemd here ({', '.join(missing) or 'its first process'} is missing)"
    if os.geteuid() != 0:
        return "only root may start a systemd of its own"
    if not os.access(own_cgroup(), os.W_OK):
        return "there is no cgroup hierarchy for a systemd of its own"
    if subprocess.run(PROBE, capture_output=True, timeout=20, check=False).returncode != 0:  # noqa: S603
        return "namespaces and mounts are not allowed here"
    return ""


def own_cgroup() -> Path:
    """Return where this process stands in the unified hierarchy, or a path that is not there."""
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    roots = [line.split()[4] for line in mounts if " - cgroup2 " in line]
    cgroups = Path("/proc/self/cgroup").read_text().splitlines()
    unified = [line.removeprefix("0::") for line in cgroups if line.startswith("0::")]
    return Path(roots[0], unified[0].lstrip("/")) if roots and unified else Path("/nonexistent")


@dataclass
class Machine:
    """One machine; what is in `etc` stands in its /etc/severa-gcal from the start."""

    folder: Path
    etc: dict[str, str]
    """Name → content of each file; those below `credentials` are for root alone."""
    ports: dict[str, int] = field(default_factory=dict)
    """Socket unit → where it listens instead, as other machines may have the port."""
    pid: int = 0
    _process: subprocess.Popen[bytes] | None = None
    _cgroup: Path = field(default_factory=own_cgroup, init=False)

    def __enter__(self) -> Self:
        self._install()
        self._cgroup = own_cgroup() / f"severa-gcal-test-{os.getpid()}"
        self._cgroup.mkdir(exist_ok=True)
        given = [self.folder, sys.base_prefix, sysconfig.get_path("purelib"), FOLDER.parent]
        # The namespace of cgroups begins where its first process is, so that one moves before.
        inside = (
            f'echo $$ > {self._cgroup}/cgroup.procs; exec unshare --cgroup /bin/sh {SCRIPT} "$@"'
        )
        self._process = subprocess.Popen(  # noqa: S603 - Our own script.
            ["unshare", "--pid", "--mount", "--uts", "--ipc", "--fork", "--mount-proc", "--kill-child",  # noqa: S607
             "/bin/sh", "-c", inside, "machine", *map(str, given)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        self._wait_for_boot()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process
        self._process.kill()  # Everything in its namespace goes with it.
        self._process.communicate()
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            try:
                for path in sorted(self._cgroup.rglob("*/"), reverse=True):
                    path.rmdir()
                self._cgroup.rmdir()
            except OSError:
                time.sleep(0.1)
            else:
                return

    def run(self, *command: str, code: int | None = 0, user: str = "") -> str:
        """Run a command in the machine (as this user), and return what it says."""
        words = [
            *(["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else [])
        ]
        done = subprocess.run(  # noqa: S603 - A test's own commands.
            ["nsenter", "-t", str(self.pid), "-m", "-p", "-u", "-i", "-C", *words, *command],  # noqa: S607
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        said = done.stdout + done.stderr
        assert code is None or done.returncode == code, (command, done.returncode, said, self.log())
        return said

    def gcal(self, *arguments: str, user: str = "severa-gcal", code: int | None = 0) -> str:
        """Run the command line as the administrator does."""
        return self.run("/opt/severa-gcal/bin/severa-gcal", *arguments, user=user, code=code)

    def ctl(self, *arguments: str, code: int | None = 0) -> str:
        return self.run("systemctl", *arguments, code=code)

    def shown(self, unit: str, what: str) -> str:
        """Return one property of a unit."""
        return self.ctl("show", unit, f"--property={what}", "--value").strip()

    def until(self, is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not is_so():
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.1)

    def log(self) -> str:
        """Return what the units wrote."""
        logs = sorted((self.folder / "shared").glob("*.log"))
        return "\n".join(path.read_text(errors="replace")[-3000:] for path in logs)

    def _install(self) -> None:
        units, etc = self.folder / "units", self.folder / "severa-gcal"
        for path in (units, etc, self.folder / "shared"):
            path.mkdir(parents=True)
        (self.folder / "shared").chmod(0o777)
        for name in NAMES:
            shutil.copy(FOLDER / name, units)
        for name in FROM_ELSEWHERE:
            (units / name).write_text("[Unit]\nDefaultDependencies=no\n")
        (units / "test.target").write_text("[Unit]\nDefaultDependencies=no\n")
        # There is no journal here.
        for name in (name for name in NAMES if name.endswith(".service")):
            (units / f"{name}.d").mkdir()
            (units / f"{name}.d" / "log.conf").write_text(
                "[Service]\nStandardOutput=append:/opt/shared/%n.log\nStandardError=inherit\n"
            )
        for name, port in self.ports.items():
            (units / f"{name}.d").mkdir()
            (units / f"{name}.d" / "port.conf").write_text(
                f"[Socket]\nListenStream=\nListenStream=127.0.0.1:{port}\n"
            )
        for name, content in self.etc.items():
            path = etc / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
            path.chmod(0o600 if name.startswith("credentials") else 0o644)

    def _wait_for_boot(self) -> None:
        assert self._process
        deadline = time.monotonic() + BOOT_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            time.sleep(0.1)
            children = Path(
                f"/proc/{self._process.pid}/task/{self._process.pid}/children"
            ).read_text()
            if not children:
                continue
            self.pid = int(children.split()[0])
            if "active" in self.run("systemctl", "is-active", "test.target", code=None).split():
                return
        self._process.send_signal(signal.SIGKILL)
        _, said = self._process.communicate()
        raise AssertionError(f"systemd did not start: {said.decode()[-2000:]}")
