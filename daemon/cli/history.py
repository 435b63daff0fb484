"""`severa-gcal history`: what the daemon changed, when and why."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from daemon import forms
from daemon.cli.asking import ask, show_json, show_table
from daemon.cli.group import as_json
from daemon.errors import Misused

COLUMNS: Final = {
    "id": "ID",
    "at": "AT",
    "user": "USER",
    "side": "SIDE",
    "action": "ACTION",
    "rule": "RULE",
    "cause": "CAUSE",
    "entry": "ENTRY",
    "what": "WHAT",
}
VALUE_MAX: Final = 40
"""How much of a value a line shows."""


@click.command()
@click.option("--user", metavar="EMAIL", help="Only this user's entries.")
@click.option("--entry", metavar="ID", help="Only this entry.")
@click.option(
    "--since",
    metavar="T",
    help="Only since then: 12h, 30d, a date, or an instant (this machine's time if it names no zone).",
)
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=1_000,
    show_default=True,
    help="The newest so many.",
)
@as_json
@click.pass_obj
def history(
    config: Path, user: str | None, entry: str | None, since: str | None, limit: int, is_json: bool
) -> None:
    """List what was changed, the newest first; `undo` takes the ID of a line."""
    start = since_of(since, datetime.now(UTC)).isoformat() if since is not None else None
    rows = ask(config, "history", user=user, entry=entry, since=start, limit=limit)
    if is_json:
        show_json(rows)
    elif rows:
        show_table([{**row, "what": told(row["fields"])} for row in rows], COLUMNS)
    else:
        click.echo("The history has no such change.")
    if len(rows) == limit:
        click.echo(f"These are the newest {limit}; --limit shows more.", err=True)


def since_of(text: str, now: datetime) -> datetime:
    """Return the instant that `--since` names: a time before now, a date, or an instant."""
    try:
        return now - forms.duration(text)
    except ValueError:
        pass
    try:
        # One without a zone is in the zone of whoever types it.
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        form = "a time such as 12h or 30d, a date or an instant (ISO 8601)"
        raise Misused(f"--since {text!r} must be {form}.") from None


def told(fields: dict[str, dict[str, Any]]) -> str:
    """Return the fields of a change in one line."""
    return "; ".join(
        f"{name}: {value_told(values['before'])} → {value_told(values['after'])}"
        for name, values in fields.items()
    )


def value_told(value: Any) -> str:
    """Return a value as it is shown on a terminal, which the text of an entry must not command."""
    match value:
        case None:
            text = "-"
        case {"start": start, "end": end}:
            text = f"{start} to {end or 'no end'}"
        case {"first": first, "until": until}:
            text = f"{first} until {until or 'no end'}"
        case dict():
            text = ", ".join(f"{address} {answer}" for address, answer in value.items()) or "-"
        case _:
            text = json.dumps(value, ensure_ascii=False)
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    return text if len(text) <= VALUE_MAX else f"{text[: VALUE_MAX - 1]}…"
