"""`severa-gcal held`: deletions and creations that wait for somebody's decision."""

from pathlib import Path
from typing import Final

import click

from daemon.cli.asking import ask, show_json, show_table
from daemon.cli.group import as_json

RESTORED: Final = {
    "deletions": "entries are brought back",
    "creations": "entries stay where they are",
}


@click.group(invoke_without_command=True)
@as_json
@click.pass_context
def held(ctx: click.Context, is_json: bool) -> None:
    """List what is held because there is too much of it at once."""
    if ctx.invoked_subcommand is not None:
        return
    rows = ask(ctx.obj, "held")
    if is_json:
        show_json(rows)
    elif rows:
        columns = {
            "id": "ID",
            "user": "USER",
            "side": "SIDE",
            "count": "ENTRIES",
            "reason": "REASON",
        }
        show_table(rows, columns)
    else:
        click.echo("Nothing is held.")


@held.command()
@click.argument("number", metavar="ID")
@click.pass_obj
def approve(config: Path, number: str) -> None:
    """Let these deletions, or creations, go ahead."""
    group = ask(config, "held approve", number=number)
    click.echo(f"{group['count']} {group['what']} go ahead.")


@held.command()
@click.argument("number", metavar="ID")
@click.pass_obj
def restore(config: Path, number: str) -> None:
    """Bring back what is gone from the side that is left; what was to be created stays where it is."""
    group = ask(config, "held restore", number=number)
    click.echo(f"{group['count']} {RESTORED[group['what']]}.")
