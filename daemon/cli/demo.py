"""`severa-gcal demo`: being written."""

import click


@click.command()
def demo() -> None:
    """Being written."""
