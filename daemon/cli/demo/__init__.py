"""`severa-gcal demo`: the daemon with a Severa and a Google on this machine, and a page that shows both."""

import asyncio
from pathlib import Path
from typing import Final

import click

from daemon.errors import SyncError

PORT: Final = 8765


@click.command()
@click.option("--fresh", is_flag=True, help="Start over with a new world.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    show_default=True,
    help="The page's port; 0 takes a free one.",
)
@click.option("--no-script", is_flag=True, help="Leave the edits to you.")
@click.option(
    "--for", "seconds", type=click.FloatRange(min=0.1), help="Stop after so many seconds."
)
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where its state lives [~/.local/state/severa-gcal-demo].",
)
def demo(
    fresh: bool, port: int, no_script: bool, seconds: float | None, state: Path | None
) -> None:
    """Show the sync at work: nothing to set up, two calendars side by side, until Ctrl-C."""
    from daemon.cli.demo.home import default_directory, held
    from daemon.cli.demo.run import Demo

    with held(state or default_directory()) as home:
        run = Demo(home, port=port, has_script=not no_script)
        try:
            asyncio.run(run.run(seconds, is_fresh=fresh))
        except OSError as error:
            raise SyncError(f"The demo cannot go on: {error.strerror or error}.") from None
