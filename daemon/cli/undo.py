"""`severa-gcal undo`: one change of the history is taken back, on both sides."""

import sys
from pathlib import Path
from typing import Any

import click

from daemon.cli.asking import ask
from daemon.cli.history import told, value_told
from daemon.errors import SyncError


@click.command()
@click.argument("change", type=click.IntRange(min=1))
@click.option(
    "--force", is_flag=True, help="Also put back, or remove, what was changed since then."
)
@click.option("--yes", is_flag=True, help="Ask nothing.")
@click.pass_obj
def undo(config: Path, change: int, force: bool, yes: bool) -> None:
    """Undo CHANGE, the ID of a line of the history: what still holds its result goes back.

    What was changed since then stays as it is; on a terminal you are asked about it, and --force puts it back as well.
    What cannot come back is said first.
    """
    look = ask(config, "undo look", change=change, force=force)
    if look["isDone"]:
        click.echo(f"Change {change} is undone already.")
        return
    _warn(look)
    may_ask = sys.stdin.isatty() and not yes
    if look["changedSince"] and may_ask:
        force = click.confirm("Take these back as well?", default=False)
    elif look["cannotComeBack"] and may_ask:
        click.confirm("Bring it back without?", default=True, abort=True)
    done = ask(config, "undo", change=change, force=force)
    if not done["hasWork"]:
        raise SyncError(_nothing(done))
    click.echo(_said(done))
    for left_out in done["leftOut"]:
        click.echo(f"Did not come back, since it was refused: {left_out}.")


def _warn(look: dict[str, Any]) -> None:
    for lost in look["cannotComeBack"]:
        click.echo(f"Cannot come back: {lost}.")
    for name in look["unknown"]:
        click.echo(f"Not known any more: {name}.")
    for name, now in look["changedSince"].items():
        click.echo(f"Changed since: {name} is now {value_told(now)}.")


def _nothing(done: dict[str, Any]) -> str:
    if done["changedSince"]:
        names = ", ".join(done["changedSince"])
        return f"Nothing was undone: {names} changed since then; --force takes that back as well."
    return "Nothing was undone: nobody knows what there was before."


def _said(done: dict[str, Any]) -> str:
    side = {"severa": "Severa", "google": "Google"}[done["side"]]
    match done["way"]:
        case "make again":
            return f"Change {done['id']} is undone: the entry is made again in {side}; the other side follows."
        case "take away":
            return f"Change {done['id']} is undone: the entry is removed from {side}."
    return (
        f"Change {done['id']} is undone in {side}; the other side follows.\n{told(done['fields'])}"
    )
