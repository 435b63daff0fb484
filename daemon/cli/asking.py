"""Asks the running daemon, or does it itself where none is running."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from daemon.config import Config, load


def ask(config_path: Path, command: str, **arguments: Any) -> Any:
    """Carry out one administrator's command and return its answer; a running daemon does it, else this process.

    Raises:
        SyncError: It failed; `Misused` where the usage or the configuration is wrong.
    """
    config = load(config_path)
    return asyncio.run(_ask(config, command, arguments))


async def _ask(config: Config, command: str, arguments: dict[str, Any]) -> Any:
    from daemon.runtime import control

    try:
        path = control.socket_path(config.store.database)
        return await control.ask_daemon(path, command, arguments)
    except ConnectionError:
        from daemon.runtime import app, logs

        logs.configure("error", "console")
        async with app.opened(config) as parts:
            return await parts.admin.ask(command, arguments)


def show_json(answer: Any) -> None:
    """Print an answer as JSON."""
    click.echo(json.dumps(answer, indent=2, ensure_ascii=False))


def show_table(rows: Sequence[dict[str, Any]], columns: dict[str, str]) -> None:
    """Print rows under headings (`columns`: field → heading), as wide as they need to be."""
    cells = [list(columns.values())]
    cells += [[_cell(row[field]) for field in columns] for row in rows]
    widths = [max(len(line[index]) for line in cells) for index in range(len(columns))]
    for line in cells:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value in (None, "") else str(value)
