"""`severa-gcal status`: how the whole, or one user's sync, is doing."""

from pathlib import Path
from typing import Any

import click

from daemon.cli.asking import ask, show_json, show_table
from daemon.cli.group import as_json
from daemon.cli.users import COLUMNS


@click.command()
@click.option("--user", metavar="EMAIL", help="Only this user.")
@as_json
@click.pass_obj
def status(config: Path, user: str | None, is_json: bool) -> None:
    """Show state, last sync and problems."""
    answer = ask(config, "status", user=user)
    if is_json:
        return show_json(answer)
    if not answer.get("running", True):
        click.echo("The daemon is not running: this is what it last kept.")
    if user is None:
        click.echo(f"The integration is {'on' if answer['on'] else 'off'}.")
        if answer["fault"]:
            click.echo(f"Fault: {answer['fault']}")
        if answer["pushes"]:
            click.echo(answer["pushes"])
        _show_polls(answer["polls"])
    show_table(answer.get("users", [answer]), COLUMNS)
    _show_channels(answer["channels"])
    return _show_problems(answer)


def _show_polls(polls: dict[str, Any]) -> None:
    if not polls["spread"]:
        return
    healthy, others = polls["everySecondsWithChannel"], polls["everySeconds"]
    age = polls["oldestLookSeconds"]
    oldest = "somebody was not looked at yet" if age is None else f"the oldest look is {age} s old"
    click.echo(
        "Polls are spread out to keep within Google's limits: calendars with a channel that works are looked at "
        f"every {healthy} s, others every {others} s; {oldest}."
    )


def _show_channels(refused: list[dict[str, Any]]) -> None:
    for row in refused:
        again = f"tried again at {row['due']}"
        click.echo(f"Google refuses to push for {row['user']} ({row['problem']}); {again}.")


def _show_problems(answer: dict[str, Any]) -> None:
    if progress := answer.get("progress"):
        click.echo(f"First sync: {progress['done']} of {progress['total']}")
    if not answer["problems"]:
        return
    click.echo(f"\n{len(answer['problems'])} entries need attention:")
    columns = {"entry": "ENTRY", "standing": "STANDING", "due": "NEXT TRY", "problem": "PROBLEM"}
    show_table(answer["problems"], columns)
