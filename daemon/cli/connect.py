"""`severa-gcal google connect`: the service account, its key and its password, kept once they have worked."""

import base64
import sys
from pathlib import Path

import click

from daemon.cli.asking import ask
from daemon.errors import Misused


@click.group()
def google() -> None:
    """Set up the connection to Google."""


@google.command()
@click.option("--service-account", metavar="EMAIL", help="Its address; a JSON key holds its own.")
@click.option("--key", type=click.Path(path_type=Path), help="The P12 or JSON key file.")
@click.option("--password-file", type=click.Path(path_type=Path), help="Holds the key's password.")
@click.option("--test-user", metavar="EMAIL", help="Whose calendar to try [first of web.admins].")
@click.pass_obj
def connect(
    config: Path,
    service_account: str | None,
    key: Path | None,
    password_file: Path | None,
    test_user: str | None,
) -> None:
    """Try the service account with a user's calendar, and keep it if that worked.

    What was given once may be left out later: address, key and password can each be replaced alone.
    """
    data = _read(key, "--key") if key else None
    answer = ask(
        config,
        "google connect",
        service_account=service_account,
        key=base64.b64encode(data).decode() if data else None,
        password=_password(password_file, data),
        test_user=test_user,
    )
    user = answer["testUser"]
    click.echo(f"Connected as {answer['serviceAccount']}; the calendar of {user} answers.")


def _password(file: Path | None, key: bytes | None) -> str | None:
    """Return the password from the file or the terminal; none where Google's usual one is to be tried."""
    if file is not None:
        return _read(file, "--password-file").decode(errors="replace").removesuffix("\n")
    is_p12 = key is not None and key.lstrip()[:1] != b"{"
    if is_p12 and sys.stdin.isatty():
        typed: str = click.prompt(
            "Password of the key (empty: notasecret)",
            hide_input=True,
            default="",
            show_default=False,
        )
        return typed or None
    return None


def _read(path: Path, option: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Misused(f"{option} {path}: {error.strerror}.") from None
