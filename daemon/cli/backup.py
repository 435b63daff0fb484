"""`severa-gcal backup`: a consistent copy of the database, also while the daemon runs."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from daemon.config import load
from daemon.errors import Misused, SyncError

KEEP_MAX: Final = 10_000
NAME: Final = "severa-gcal-%Y%m%dT%H%M%SZ.db"
PARTS: Final = "severa-gcal-*Z.db.part"
_NAMED: Final = re.compile(r"severa-gcal-\d{8}T\d{6}Z\.db")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--keep",
    type=click.IntRange(1, KEEP_MAX),
    metavar="N",
    help="FILE is a directory: keep the newest N copies there, and remove older ones.",
)
@click.pass_obj
def backup(config_path: Path, file: Path, keep: int | None) -> None:
    """Copy the database to FILE, which must not exist; into a directory, under a name that tells the time.

    The secrets in it stay locked, and the encryption key is not in it: keep that elsewhere.
    """
    from daemon.store.files import copy_database

    if keep is not None and not file.is_dir():
        raise Misused(f"--keep needs a directory, and {file} is none.")
    # Not through the daemon, which may not write where the administrator may; copying is only reading.
    database = load(config_path).store.database
    if not database.exists():
        raise SyncError(f"There is nothing to copy yet: {database} does not exist.")
    target = file / datetime.now(UTC).strftime(NAME) if file.is_dir() else file
    copy_database(database, target)
    click.echo(f"Copied to {target}.")
    if keep is not None:
        _remove_older(file, keep)


def _remove_older(directory: Path, keep: int) -> None:
    """Remove all but the newest copies; what bears another name is nobody's but the administrator's."""
    for left in directory.glob(PARTS):
        left.unlink()  # Of a copy that was cut short.
    copies = sorted(path for path in directory.iterdir() if _NAMED.fullmatch(path.name))
    for path in copies[:-keep]:
        path.unlink()
