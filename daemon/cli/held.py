"""`severa-gcal held`: deletions that wait for somebody's decision."""

from pathlib import Path

import click

from daemon.cli.asking import ask, show_json, show_table
from daemon.cli.group import as_json


@click.group(invoke_without_command=True)
@as_json
@click.pass_context
def held(ctx: click.Context, is_json: bool) -> None:
    """List the deletions that are held because there are too many of them at once."""
    if ctx.invoked_subcommand is not None:
        return
    rows = ask(ctx.obj, "held")
    if is_json:
        show_json(rows)
    elif rows:
        columns = {
            "id": "ID",
            "user": "USER",
            "side": "FROM",
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
    """Let these deletions go ahead."""
    group = ask(config, "held approve", number=number)
    click.echo(f"{group['count']} deletions go ahead.")


@held.command()
@click.argument("number", metavar="ID")
@click.pass_obj
def restore(config: Path, number: str) -> None:
    """Bring back what is gone, from the side that is left."""
    group = ask(config, "held restore", number=number)
    click.echo(f"{group['count']} entries are brought back.")
