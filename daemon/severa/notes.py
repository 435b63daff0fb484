"""The text of notes: plain by all that is known, HTML should Severa answer in it after all; pure."""

import re
from html.parser import HTMLParser
from typing import Final

from daemon.core.text import canonical_text

# Only what is markup from end to end: a person may well write <b> or <name@example.com> in plain notes.
_MARKUP: Final = re.compile(
    r"\s*<(html|body|p|div|ul|ol|table|h[1-6]|blockquote)(\s[^<>]*)?>.*</\1\s*>\s*",
    re.IGNORECASE | re.DOTALL,
)
_BLOCKS: Final = frozenset({"p", "div", "li", "tr", "table", "ul", "ol", "blockquote", "pre"})
_HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_UNSEEN: Final = frozenset({"script", "style", "head", "title", "template"})
_NEVER_CLOSED: Final = re.compile(r"<(?!!--)(?=[^<>]*(?:<|$))")


def notes_of(text: str) -> str:
    """Return what a person reads in notes."""
    if not _MARKUP.fullmatch(text):
        return canonical_text(text)
    reader = _Reader()
    # Without this, a row of tags that are never closed would take the parser for ever.
    reader.feed(_NEVER_CLOSED.sub("&lt;", text))
    reader.close()
    return canonical_text(reader.text())


class _Reader(HTMLParser):
    """Collects the text, each block on lines of its own."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines = [""]
        self._unseen = 0

    def text(self) -> str:
        """Return what was collected."""
        return "\n".join(self._lines)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a line where the tag begins one."""
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag == "br":
            self._lines.append("")
        elif tag in _BLOCKS | _HEADINGS:
            self._break()
            self._lines[-1] += "- " if tag == "li" else ""

    def handle_endtag(self, tag: str) -> None:
        """End the line of a block; one that holds nothing but `<br>` is a blank line."""
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag in _BLOCKS | _HEADINGS:
            self._break()

    def handle_data(self, data: str) -> None:
        """Take text; line ends in the source are blanks."""
        if self._unseen:
            return
        text = re.sub(r"[ \t\r\n]+", " ", data)
        self._lines[-1] += text if self._lines[-1] else text.lstrip(" ")

    def _break(self) -> None:
        if self._lines[-1]:
            self._lines.append("")
