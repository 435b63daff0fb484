"""`severa-gcal integration`: the company's switch."""

from pathlib import Path
from typing import Any

import click

from daemon.cli.asking import ask, show_json
from daemon.cli.group import as_json


@click.group()
def integration() -> None:
    """Switch the integration on or off, for the whole company."""


@integration.command()
@click.pass_obj
def on(config: Path) -> None:
    """Switch it on; users then switch themselves on in their profile."""
    _show(ask(config, "integration on"))


@integration.command()
@click.pass_obj
def off(config: Path) -> None:
    """Switch it off; nothing is synced and nothing is deleted."""
    _show(ask(config, "integration off"))


@integration.command()
@as_json
@click.pass_obj
def status(config: Path, is_json: bool) -> None:
    """Tell whether it is on, and what is wrong for the whole company."""
    answer = ask(config, "integration status")
    if is_json:
        show_json(answer)
    else:
        _show(answer)


def _show(answer: dict[str, Any]) -> None:
    click.echo(f"The integration is {'on' if answer['on'] else 'off'}.")
    click.echo(f"Service account: {answer['serviceAccount'] or 'none yet'}")
    click.echo(f"Activity types:  {', '.join(answer['selected']) or 'none yet'}")
    if not answer["running"]:
        click.echo("The daemon is not running.")
    if answer["fault"]:
        click.echo(f"Fault:           {answer['fault']}")
