"""`severa-gcal users`: who uses the sync, and how it goes."""

from pathlib import Path
from typing import Final

import click

from daemon.cli.asking import ask, show_json, show_table
from daemon.cli.group import as_json

COLUMNS: Final = {
    "email": "EMAIL",
    "enabled": "ENABLED",
    "state": "STATE",
    "lastSyncedAt": "LAST SYNCED",
    "entries": "ENTRIES",
    "reason": "REASON",
}


@click.command()
@as_json
@click.pass_obj
def users(config: Path, is_json: bool) -> None:
    """List the users of the company with the state of their sync."""
    rows = ask(config, "users")
    if is_json:
        show_json(rows)
    elif rows:
        show_table(rows, COLUMNS)
    else:
        click.echo("No users are known yet; they are read when the integration is set up.")
