"""Reads the configuration file and says of everything in it that is wrong, at once.

The description of each field is the form of its value, as an error tells it.
"""

import json
import os
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    ValidationInfo,
)

from daemon import forms
from daemon.errors import Misused
from daemon.secret import Secret

SIGNING_KEY_BYTES_MIN: Final = 32
_DIRECTORY: Final = "CREDENTIALS_DIRECTORY"
_SECRET_NAME: Final = re.compile(r"secret|password|token|key$")


def _file(value: object, info: ValidationInfo) -> Path:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ValueError(value)
    assert info.context is not None, "Relative paths are relative to the configuration file."
    if value.startswith("$"):
        return forms.credential(value)
    base: Path = info.context["base"]
    return base / value


def _beside(values: Mapping[str, Any]) -> Path:
    return Path(values["url"].removeprefix("sqlite:///")).with_name("encryption.key")


NOT_USED_YET: Final = (
    "severa.series",
    "google.auth_uri",
    "google.send_updates",
    "google.signin_client_id",
    "google.signin_client_secret_file",
    "sync.expand_days",
)
"""Keys that are checked and kept, and from which nothing follows so far."""

Url = Annotated[str, AfterValidator(forms.url)]
Duration = Annotated[timedelta, PlainValidator(forms.duration)]
File = Annotated[Path, PlainValidator(_file)]
Domain = Annotated[str, AfterValidator(forms.domain)]
Address = Annotated[str, AfterValidator(forms.email)]
Limit = Annotated[int, Field(ge=1)]
Days = Annotated[int, Field(ge=1, le=3650)]

_LIMIT: Final = "a whole number of units from 1 (a patch counts three)"
_DAYS: Final = "a whole number of days from 1 to 3650"
_FILE: Final = (
    f"the path of a file, relative to the configuration file, or {forms.CREDENTIALS}/NAME"
)
_WEB: Final = "an address such as https://example.com"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Severa(_Section):
    """How Severa is reached and used."""

    base_url: Annotated[Url, AfterValidator(forms.api_url)] = Field(
        default="https://api.severa.visma.com/rest-api",
        description="an address that ends in /rest-api",
    )
    client_id: str = Field(min_length=1, description="the client id, a text")
    client_secret_file: File = Field(description=_FILE)
    requests_per_second: float = Field(
        default=8.0, gt=0, allow_inf_nan=False, description="a number above 0; Severa allows 10"
    )
    default_type: Literal["company", "user"] = Field(
        default="company", description='"company" or "user"'
    )
    series: Literal["native", "expanded"] = Field(
        default="native", description='"native" or "expanded"'
    )

    def client_secret(self) -> Secret:
        """Read the client secret from its file; `Misused` if it cannot be read."""
        return _secret("severa.client_secret_file", self.client_secret_file)


class Google(_Section):
    """How Google is reached and used."""

    api_root: Annotated[Url, AfterValidator(forms.root_url)] = Field(
        default="https://www.googleapis.com", description=f"{_WEB}, without a path"
    )
    token_uri: Url = Field(
        default="https://oauth2.googleapis.com/token", description=f"{_WEB}/token"
    )
    auth_uri: Url = Field(
        default="https://accounts.google.com/o/oauth2/v2/auth", description=f"{_WEB}/auth"
    )
    domains: Annotated[tuple[Domain, ...], Field(strict=False)] = Field(
        default=(), description='a list of domains such as ["example.com"]'
    )
    send_updates: Literal["all", "externalOnly", "none"] = Field(
        default="externalOnly", description='"all", "externalOnly" or "none"'
    )
    declined: Literal["keep", "remove"] = Field(default="keep", description='"keep" or "remove"')
    skip_event_types: Annotated[
        tuple[Literal["birthday", "focusTime", "fromGmail", "outOfOffice", "workingLocation"], ...],
        Field(strict=False),
    ] = Field(
        default=(),
        description='a list of "birthday", "focusTime", "fromGmail", "outOfOffice" '
        'and "workingLocation"',
    )
    # A tenth below what Google allows.
    requests_per_minute: Limit = Field(default=9_000, description=_LIMIT)
    requests_per_minute_per_user: Limit = Field(default=540, description=_LIMIT)
    requests_per_day: Limit = Field(default=900_000, description=_LIMIT)
    signin_client_id: str = Field(default="", description="the client id for sign-in, a text")
    signin_client_secret_file: File | None = Field(default=None, description=_FILE)

    def signin_client_secret(self) -> Secret | None:
        """Read the secret for sign-in, None where none is set; `Misused` if it cannot be read."""
        path = self.signin_client_secret_file
        return _secret("google.signin_client_secret_file", path) if path else None


class Web(_Section):
    """What the daemon serves, and to whom."""

    listen: Annotated[
        forms.TcpAddress | forms.UnixAddress, PlainValidator(forms.listen_address)
    ] = Field(default=forms.TcpAddress("127.0.0.1", 8080), description="host:port or unix:/path")
    public_url: Annotated[Url, AfterValidator(forms.public_url)] | None = Field(
        default=None, description=_WEB
    )
    admins: Annotated[tuple[Address, ...], Field(strict=False)] = Field(
        default=(), description='a list of e-mail addresses such as ["anna@example.com"]'
    )
    severa_signing_key_file: File | None = Field(default=None, description=_FILE)
    allowed_origins: Annotated[
        tuple[Annotated[Url, AfterValidator(forms.root_url)], ...], Field(strict=False)
    ] = Field(default=(), description='a list of origins such as ["https://severa.example.com"]')

    @property
    def is_listen_set(self) -> bool:
        """Whether the file says where to listen."""
        return "listen" in self.model_fields_set

    def severa_signing_key(self) -> Secret | None:
        """Read the key that Severa signs with, None where none is set.

        Raises:
            Misused: It cannot be read, or is too short to be safe.
        """
        if self.severa_signing_key_file is None:
            return None
        key = _secret("web.severa_signing_key_file", self.severa_signing_key_file)
        if len(key.reveal().encode()) < SIGNING_KEY_BYTES_MIN:
            short = f"holds less than {SIGNING_KEY_BYTES_MIN} bytes"
            raise Misused(f"The file of web.severa_signing_key_file {short}.")
        return key


class Store(_Section):
    """Where the daemon keeps what it knows."""

    url: Annotated[str, AfterValidator(forms.store_url)] = Field(
        default="sqlite:////var/lib/severa-gcal/severa-gcal.db",
        description="sqlite:////absolute/path",
    )
    encryption_key_file: File = Field(default_factory=_beside, description=_FILE)
    history_days: Days = Field(default=30, description=_DAYS)

    def encryption_key_path(self) -> Path:
        """Return the file of the encryption key; `Misused` if it is a systemd credential that is not there."""
        return _located("store.encryption_key_file", self.encryption_key_file)

    @property
    def database(self) -> Path:
        """The database's file."""
        return Path(self.url.removeprefix("sqlite:///"))


class Sync(_Section):
    """When and what the daemon syncs."""

    poll_interval: Duration = Field(
        default=timedelta(seconds=30), description='seconds from 1, or a text such as "30s"'
    )
    initial_days: Days = Field(default=30, description=_DAYS)
    presence_ttl: Duration = Field(
        default=timedelta(hours=12), description='seconds from 1, or a text such as "12h"'
    )
    require_login: bool = Field(default=True, description="true or false")
    expand_days: Days = Field(default=180, description=_DAYS)
    conflict_winner: Literal["severa", "google"] = Field(
        default="severa", description='"severa" or "google"'
    )


class Log(_Section):
    """How much the daemon logs, and how it looks."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description='"debug", "info", "warning" or "error"'
    )
    format: Literal["auto", "json", "console"] = Field(
        default="auto", description='"auto", "json" or "console"'
    )


class Config(_Section):
    """The whole configuration."""

    severa: Severa = Field(description="a table")
    google: Google = Field(default_factory=Google, description="a table")
    web: Web = Field(default_factory=Web, description="a table")
    store: Store = Field(default_factory=Store, description="a table")
    sync: Sync = Field(default_factory=Sync, description="a table")
    log: Log = Field(default_factory=Log, description="a table")

    def secrets(self) -> tuple[Secret, ...]:
        """Read all secret files that are set; `Misused` if one cannot be read."""
        readers = (
            self.severa.client_secret,
            self.google.signin_client_secret,
            self.web.severa_signing_key,
        )
        return tuple(secret for read in readers if (secret := read()) is not None)

    def warnings(self) -> tuple[str, ...]:
        """Return a line for each secret file that others can read, and each key that is set in vain."""
        return (*self._open_files(), *self._set_in_vain())

    def _open_files(self) -> tuple[str, ...]:
        files = {
            "severa.client_secret_file": self.severa.client_secret_file,
            "google.signin_client_secret_file": self.google.signin_client_secret_file,
            "web.severa_signing_key_file": self.web.severa_signing_key_file,
            "store.encryption_key_file": self.store.encryption_key_file,
        }
        return tuple(
            f"Others can read the file of {key}; take that right away with chmod o-rwx."
            for key, path in files.items()
            if path is not None and _is_open(path)
        )

    def _set_in_vain(self) -> Iterator[str]:
        for key in NOT_USED_YET:
            section, name = key.split(".")
            given, default = getattr(self, section), _SECTIONS[section].model_fields[name].default
            if getattr(given, name) != default:
                yield f"{key} is set, but it is not used yet: it changes nothing."


_SECTIONS: Final[Mapping[str, type[BaseModel]]] = {
    "severa": Severa,
    "google": Google,
    "web": Web,
    "store": Store,
    "sync": Sync,
    "log": Log,
}


def load(path: Path) -> Config:
    """Read the configuration file.

    Raises:
        Misused: It cannot be read, or something in it is wrong; everything that is, in one line.
    """
    given = _toml(path)
    given.setdefault("severa", {})
    try:
        return Config.model_validate(given, context={"base": path.absolute().parent})
    except ValidationError as error:
        raise Misused(f"{path}: {'; '.join(_complaints(error))}.") from None


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Misused(f"The configuration {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise Misused(f"The configuration {path} is not UTF-8 text.") from None
    except tomllib.TOMLDecodeError as error:
        raise Misused(f"The configuration {path} is not TOML: {error}.") from None


def _complaints(error: ValidationError) -> dict[str, None]:
    """Return what is wrong, each thing once and in the order of the sections."""
    found: dict[str, None] = {}
    for each in error.errors(include_url=False, include_context=False):
        # What follows section and name are places in a list, and the ways in which a value was tried.
        section, *inside = (str(name) for name in each["loc"][:2])
        name = inside[0] if inside else section
        fields = _SECTIONS[section].model_fields if inside else Config.model_fields
        key = f"{section}.{name}" if inside else section
        if each["type"] == "extra_forbidden":
            found[_unknown(key, name, fields)] = None
        elif each["type"] == "missing":
            found[f"{key} is missing; it may be {fields[name].description}"] = None
        elif each["type"] != "default_factory_not_called":
            found[_bad(key, each["input"], str(fields[name].description))] = None
    return found


def _unknown(key: str, name: str, known: Mapping[str, Any]) -> str:
    """Return what to do about a key; never its value, which may be a secret."""
    if f"{name}_file" in known:
        return f"{key} may not stand here; give {key}_file, the path of a file that holds it"
    if _SECRET_NAME.search(name):
        return f"{key} is unknown, and a secret may not stand here"
    near = get_close_matches(name, known, n=1)
    return f"{key} is unknown; it may be {near[0] if near else ', '.join(known)}"


def _bad(key: str, value: object, form: str) -> str:
    if key in _SECTIONS:
        return f"{key} is no table; write it as [{key}]"
    if key == "store.url" and str(value).startswith("postgresql"):
        return f"{key} is postgresql, which is not available yet; use {form}"
    if key.endswith("_file"):
        # Not shown: it may be the secret itself, given where its file belongs.
        return f"{key} is no path; it may be {form}"
    shown = re.sub("//.*@", "//***@", json.dumps(value, default=str, ensure_ascii=False))
    return f"{key} is {shown if len(shown) <= 80 else f'{shown[:79]}…'}; it may be {form}"


def _located(key: str, path: Path) -> Path:
    """Return where a file is, in the directory of credentials if it is one of them."""
    if path.parts[0] != forms.CREDENTIALS:
        return path
    named, directory = f"{key} names the systemd credential {path.name}", os.environ.get(_DIRECTORY)
    if not directory:
        raise Misused(
            f"{named}, which only the service can read. Start it, then try again: while it runs, "
            "commands go through it."
        )
    found = Path(directory, path.name)
    if not found.exists():
        raise Misused(
            f"{named}, which was not loaded; add LoadCredential={path.name}:FILE to the unit."
        )
    return found


def _secret(key: str, path: Path) -> Secret:
    path = _located(key, path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        # Not the whole path: it may be the secret itself, given where its file belongs.
        raise Misused(f"The file of {key} is not there; looked in {path.parent}.") from None
    except OSError as error:
        raise Misused(f"The file of {key} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise Misused(f"The file of {key} is not UTF-8 text.") from None
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise Misused(f"The file of {key} is empty.")
    return Secret(text)


def _is_open(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False
