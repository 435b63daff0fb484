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
    "channel": "CHANNEL",
    "reason": "REASON",
}


@click.group(invoke_without_command=True)
@as_json
@click.pass_context
def users(ctx: click.Context, is_json: bool) -> None:
    """List the users of the company with the state of their sync."""
    if ctx.invoked_subcommand is not None:
        return
    rows = ask(ctx.obj, "users")
    if is_json:
        show_json(rows)
    elif rows:
        show_table(rows, COLUMNS)
    else:
        click.echo("No users are known yet; they are read when the integration is set up.")


@users.command()
@click.argument("email")
@click.pass_obj
def confirm(config: Path, email: str) -> None:
    """Confirm that an address that changed in Severa belongs to the same person."""
    row = ask(config, "users confirm", user=email)
    click.echo(f"Confirmed: the calendar of {row['email']} is synced.")
