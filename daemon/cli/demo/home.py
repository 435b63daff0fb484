"""Where the demo's state lives, and the configuration of its daemon."""

import json
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daemon.errors import Misused, SyncError
from daemon.sandbox.people import Company
from daemon.sandbox.server import Sandbox
from daemon.store.files import Lock

OWN_FILES: Final = ("config.toml", "daemon.pid", "encryption.key", "world.json")
OWN_PATTERNS: Final = ("severa-*", ".world.json.*")
LOCK_NAME: Final = "demo"
SIGNING_KEY_BYTES: Final = 32
HOST: Final = "127.0.0.1"

_CONFIG: Final = """\
# Written by `severa-gcal demo` at every start.
[severa]
base_url = {severa_url}
client_id = {client_id}
client_secret_file = "severa-client-secret"

[google]
api_root = {google_url}
token_uri = {token_uri}

[web]
listen = {listen}
public_url = {public_url}
severa_signing_key_file = "severa-signing-key"

[store]
url = {store_url}

[sync]
poll_interval = "1s"
presence_ttl = "30d"

[log]
format = "json"
"""


@dataclass(frozen=True, slots=True)
class Home:
    """The demo's directory and the files in it."""

    directory: Path

    @property
    def world(self) -> Path:
        """The sandbox's world."""
        return self.directory / "world.json"

    @property
    def config(self) -> Path:
        """The daemon's configuration."""
        return self.directory / "config.toml"

    @property
    def database(self) -> Path:
        """The daemon's database."""
        return self.directory / "severa-gcal.db"

    @property
    def pid(self) -> Path:
        """Where the number of the daemon's process is noted."""
        return self.directory / "daemon.pid"

    def signing_key(self) -> str:
        """Return the key that Severa's pages sign with, made once."""
        path = self.directory / "severa-signing-key"
        if not path.exists():
            _write_private(path, secrets.token_hex(SIGNING_KEY_BYTES))
        return path.read_text()

    def configure(self, sandbox: Sandbox, company: Company) -> None:
        """Write the configuration for the addresses at which the sandbox listens now."""
        self.signing_key()
        _write_private(self.directory / "severa-client-secret", company.client_secret)
        listen = f"{HOST}:{_free_port()}"
        given = {
            "listen": listen,
            # Known before the daemon starts, so that Google can push to it.
            "public_url": f"http://{listen}",
            "severa_url": sandbox.severa_url,
            "client_id": company.client_id,
            "google_url": sandbox.google_url,
            "token_uri": sandbox.token_uri,
            "store_url": f"sqlite:///{self.database}",
        }
        quoted = {name: json.dumps(text, ensure_ascii=False) for name, text in given.items()}
        _write_private(self.config, _CONFIG.format(**quoted))

    def clear(self) -> None:
        """Forget everything that an earlier demo left here."""
        found = [self.directory / name for name in OWN_FILES]
        for pattern in OWN_PATTERNS:
            found += self.directory.glob(pattern)
        for path in found:
            path.unlink(missing_ok=True)


def default_directory() -> Path:
    """Return where the demo's state lives unless another place is named."""
    base = Path(os.environ.get("XDG_STATE_HOME", ""))
    # A relative path is to be passed over (XDG Base Directory Specification).
    if not base.is_absolute():
        base = Path.home() / ".local" / "state"
    return base / "severa-gcal-demo"


@contextmanager
def held(directory: Path) -> Iterator[Home]:
    """Open the demo's directory for this process alone.

    Raises:
        Misused: It holds something else, or cannot be made.
        SyncError: Another demo uses it.
    """
    directory = directory.expanduser().absolute()
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_foreign = any(directory.iterdir()) and not (directory / f"{LOCK_NAME}.lock").exists()
    except OSError as error:
        raise Misused(f"{directory} cannot be used: {error.strerror}.") from None
    if is_foreign:
        raise Misused(f"{directory} holds other files; name an empty directory with --state.")
    try:
        lock = Lock(directory / LOCK_NAME)
    except SyncError:
        hint = "stop it first, or give this one its own --state and --port"
        raise SyncError(f"A demo is running already with {directory}; {hint}.") from None
    except OSError as error:
        raise Misused(f"{directory} cannot be written: {error.strerror}.") from None
    try:
        yield Home(directory)
    finally:
        lock.release()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind((HOST, 0))
        port: int = free.getsockname()[1]
        return port


def _write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, also where it was there before."""
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123
        file.write(text)
