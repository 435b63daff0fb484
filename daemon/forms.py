"""The forms that values of the configuration take; each function raises `ValueError` for any other."""

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

DURATION_MAX: Final = timedelta(days=3650)

CREDENTIALS: Final = "${CREDENTIALS_DIRECTORY}"
"""Where systemd puts what a unit loads by LoadCredential=; it is known to the service alone (systemd.exec(5))."""

_CREDENTIAL: Final = re.compile(
    r"(?:\$CREDENTIALS_DIRECTORY|\$\{CREDENTIALS_DIRECTORY\})/(?P<name>\w[\w.@:-]*)", re.ASCII
)
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION: Final = re.compile(r"(\d{1,9})([smhd])")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_DOMAIN: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_HOST_PORT: Final = re.compile(r"(?P<host>[^\s:/\[\]]+|\[[0-9a-fA-F:]+\]):(?P<port>\d{1,5})")


@dataclass(frozen=True, slots=True)
class TcpAddress:
    """A host and port to listen on."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class UnixAddress:
    """A socket file to listen on."""

    path: Path


def duration(value: object) -> timedelta:
    """Return the time that seconds, or a number with a unit, say."""
    seconds: object = value
    if isinstance(value, str) and (match := _DURATION.fullmatch(value)):
        seconds = int(match[1]) * _UNITS[match[2]]
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise ValueError(value)
    if not 1 <= seconds <= DURATION_MAX.total_seconds():
        raise ValueError(value)
    return timedelta(seconds=seconds)


def url(value: str) -> str:
    """Return the address of a server, without a slash at its end."""
    parts = urlsplit(value)
    # A password in an address would end up in logs, so none is taken.
    is_plain = not (parts.query or parts.fragment or parts.username or parts.password)
    if parts.scheme not in ("http", "https") or not parts.hostname or not is_plain:
        raise ValueError(value)
    if parts.port == 0 or " " in value or not value.isprintable():
        raise ValueError(value)
    return value.rstrip("/")


def public_url(value: str) -> str:
    """Return an address that Google can push to: HTTPS, but for a sandbox on this machine."""
    parts = urlsplit(value)
    if parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise ValueError(value)
    return value


def api_url(value: str) -> str:
    """Return the address of Severa's REST API."""
    if not value.rstrip("/").endswith("/rest-api"):
        raise ValueError(value)
    return value


def root_url(value: str) -> str:
    """Return an address without a path."""
    if urlsplit(value).path:
        raise ValueError(value)
    return value


def listen_address(value: object) -> TcpAddress | UnixAddress:
    """Return where to listen, from host:port (0: a free one) or unix:/path."""
    text = value if isinstance(value, str) else ""
    if text.startswith("unix:/"):
        return UnixAddress(Path(text.removeprefix("unix:")))
    match = _HOST_PORT.fullmatch(text)
    if match is None or int(match["port"]) > 65535:
        raise ValueError(value)
    return TcpAddress(match["host"].strip("[]"), int(match["port"]))


def credential(value: str) -> Path:
    """Return a systemd credential as a path below `CREDENTIALS`; who reads it puts the real directory there."""
    match = _CREDENTIAL.fullmatch(value)
    if match is None:
        raise ValueError(value)
    return Path(CREDENTIALS, match["name"])


def store_url(value: str) -> str:
    """Return the address of the database."""
    if not value.startswith("sqlite:////") or value.endswith("/"):
        raise ValueError(value)
    return value


def email(value: str) -> str:
    """Return an e-mail address in lower case."""
    return _lower(value, _EMAIL)


def domain(value: str) -> str:
    """Return a domain in lower case."""
    return _lower(value, _DOMAIN)


def _lower(value: str, form: re.Pattern[str]) -> str:
    if not form.fullmatch(value.lower()):
        raise ValueError(value)
    return value.lower()
