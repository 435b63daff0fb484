"""What the demo prints."""

import os
import sys
from collections.abc import Callable
from io import TextIOWrapper
from shutil import get_terminal_size
from typing import Any, Final

import click

from daemon.cli.group import one_line
from daemon.sandbox.page import News, Note

WAYS: Final = {"google": "Severa → Google", "severa": "Google → Severa"}
COLOURS: Final = {"google": "blue", "severa": "green"}
MOODS: Final = {"plain": None, "bad": "red", "good": "green"}
ERASE_LINE: Final = "\r\x1b[2K"


class Screen:
    """Prints to standard output; `on_lost` is called when nobody reads it any more."""

    def __init__(self, on_lost: Callable[[], None]) -> None:
        self._on_lost = on_lost
        if isinstance(sys.stdout, TextIOWrapper):
            # A terminal that knows no arrows shows question marks.
            sys.stdout.reconfigure(errors="replace")
        self._is_terminal = sys.stdout.isatty()
        self._has_colour = self._is_terminal and not os.environ.get("NO_COLOR")
        self._shown: dict[str, str] = {}
        self._has_open_line = False

    def title(self, text: str) -> None:
        """Print a headline."""
        self._print(self._styled(text, bold=True))

    def line(self, text: str = "") -> None:
        """Print a line as it is."""
        self._print(text)

    def step(self, what: str, how: str) -> None:
        """Print that a step of the set-up is done."""
        self._print(f"  {what:<18}{how}")

    def progress(self, people: dict[str, str]) -> None:
        """Show how far everybody is: on a terminal always in the same line."""
        is_news, self._shown = people != self._shown, people
        if not self._is_terminal or not is_news:
            return
        text = " · ".join(f"{name}: {how}" for name, how in people.items())
        room = get_terminal_size().columns - 1
        self._print(f"  {'First sync':<18}{text}"[:room], is_open=True)

    def progress_done(self) -> None:
        """Print for everybody how the first sync ended."""
        for name, how in self._shown.items():
            self.step(f"First sync {name}", how)

    def news(self, news: News) -> None:
        """Print one change that arrived."""
        at = f"{news.at.astimezone():%H:%M:%S}"
        way = self._styled(f"{WAYS[news.side]:<16}", fg=COLOURS[news.side])
        seconds = "" if news.latency_s is None else f"  ({news.latency_s:.1f} s)"
        name = self._styled(f"{news.person.first_name:<6}", bold=True)
        self._print(f"{at}  {name} {way} {_printable(news.what)}{self._styled(seconds, dim=True)}")

    def note(self, note: Note) -> None:
        """Print something else that happened."""
        at = f"{note.at.astimezone():%H:%M:%S}"
        text = _printable(note.what)
        self._print(f"{at}  {self._styled(text, fg=MOODS[note.mood])}")

    def fault(self, text: str) -> None:
        """Print what went wrong, in one line."""
        self._print(self._styled(_printable(one_line(text)), fg="red"))

    def _styled(self, text: str, **style: Any) -> str:
        return click.style(text, **style) if self._has_colour else text

    def _print(self, text: str, *, is_open: bool = False) -> None:
        """Print a line; an open one is replaced by the next."""
        erase = ERASE_LINE if self._has_open_line else ""
        self._has_open_line = is_open
        try:
            end = "" if is_open else "\n"
            click.echo(f"{erase}{text}{end}", nl=False, color=self._is_terminal)
        except OSError:
            self._on_lost()


def _printable(text: str) -> str:
    """Return a text without what would steer the terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
