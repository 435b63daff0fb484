"""What the service manager asks of a daemon and gives it: signs of life, and sockets (sd_notify(3), sd_listen_fds(3)).

Every variable is taken out of the environment, so that no other process is taken for this one.
"""

import os
import socket
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Final

from daemon.errors import SyncError

FIRST_FD: Final = 3
SEND_SECONDS: Final = 0.2
"""How long a manager that does not read may hold us up."""


@dataclass(frozen=True, slots=True)
class ServiceManager:
    """Who started us; without one, everything told goes nowhere."""

    address: str = ""
    watchdog_s: float | None = None
    """Within how many seconds a sign of life must follow another, `None` where nobody waits for one."""
    sockets: tuple[socket.socket, ...] = ()
    """What to listen on instead of `[web] listen`; the manager keeps them open when we end."""

    def ready(self, status: str) -> None:
        """Tell that the start is over."""
        self._tell(f"READY=1\nSTATUS={status}")

    def stopping(self, status: str) -> None:
        """Tell that the end has begun."""
        self._tell(f"STOPPING=1\nSTATUS={status}")

    def status(self, status: str) -> None:
        """Tell in one line how we are; no addresses, as everybody on the machine may read it."""
        self._tell(f"STATUS={status}")

    def alive(self) -> None:
        """Give the sign of life that a watchdog waits for, where there is one."""
        if self.watchdog_s is not None:
            self._tell("WATCHDOG=1")

    def _tell(self, message: str) -> None:
        # Other forms (vsock:…) are for virtual machines, and nobody there is worth failing for.
        if not self.address.startswith(("/", "@")):
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
                out.settimeout(SEND_SECONDS)
                out.sendto(message.encode(), self.address.replace("@", "\0", 1))
        except OSError:
            return


NOBODY: Final = ServiceManager()


def service_manager(environ: MutableMapping[str, str], *, pid: int) -> ServiceManager:
    """Return who started the process `pid`, by the variables that it left.

    Raises:
        SyncError: A socket that it gave cannot be listened on.
    """
    given = {name: environ.pop(name, "") for name in _NAMES}
    return ServiceManager(given["NOTIFY_SOCKET"], _watchdog_s(given, pid), _sockets(given, pid))


_NAMES: Final = (
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
    "LISTEN_FDS",
    "LISTEN_PID",
    "LISTEN_FDNAMES",
)


def _watchdog_s(given: Mapping[str, str], pid: int) -> float | None:
    """Return the watchdog's patience, where it waits for this process or says not for whom."""
    microseconds = _number(given["WATCHDOG_USEC"])
    is_ours = given["WATCHDOG_PID"] in ("", str(pid))
    return microseconds / 1_000_000 if microseconds and is_ours else None


def _sockets(given: Mapping[str, str], pid: int) -> tuple[socket.socket, ...]:
    if given["LISTEN_PID"] != str(pid):
        return ()
    names = given["LISTEN_FDNAMES"].split(":")
    count = _number(given["LISTEN_FDS"])
    return tuple(
        _listening(FIRST_FD + place, names[place] if place < len(names) else "")
        for place in range(count)
    )


def _listening(fd: int, name: str) -> socket.socket:
    os.set_inheritable(fd, False)
    try:
        given = socket.socket(fileno=fd)
        is_stream = given.type == socket.SOCK_STREAM
        if is_stream and given.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            return given
    except OSError:
        pass
    said = f" ({name})" if name else ""
    raise SyncError(
        f"Descriptor {fd}{said} is no listening socket; the .socket unit needs ListenStream= and Accept=no."
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0
