"""`severa-gcal activity-types`: which types of activities become events."""

from pathlib import Path

import click

from daemon.cli.asking import ask, show_json, show_table
from daemon.cli.group import as_json


@click.group("activity-types")
def activity_types() -> None:
    """Choose which activity types are synced to Google."""


@activity_types.command("list")
@as_json
@click.pass_obj
def list_(config: Path, is_json: bool) -> None:
    """List the activity types and which are selected."""
    rows = ask(config, "activity-types list")
    if is_json:
        return show_json(rows)
    columns = {"selected": "SELECTED", "name": "NAME", "category": "CATEGORY", "active": "ACTIVE"}
    return show_table(rows, {**columns, "guid": "GUID"})


@activity_types.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME|GUID...")
@click.pass_obj
def select(config: Path, names: tuple[str, ...]) -> None:
    """Replace the selection by these types."""
    rows = ask(config, "activity-types select", names=list(names))
    click.echo(f"Selected: {', '.join(sorted(row['name'] for row in rows))}.")
