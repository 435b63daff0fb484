"""The text of a description, which Google keeps as HTML or as plain text without saying which."""

import re
from html import escape
from html.entities import html5
from html.parser import HTMLParser
from typing import Final
from urllib.parse import parse_qs, urlsplit

from daemon.core.text import canonical_text

NOTES_MAX: Final = 8192
"""Characters of a description that Google is known to take, markup included."""

_PARAGRAPHS: Final = "p|h[1-6]|ul|ol|table|blockquote|pre|hr|dl|article|section"
_LINES: Final = "div|li|tr|dt|dd|body|html-blob|tbody|thead|header|footer"
_UNSEEN: Final = "script|style|title|template"
_INLINE: Final = (
    "a|b|i|u|s|q|em|tt|br|td|th|img|wbr|big|del|ins|sub|sup|abbr|cite|code|font|html|head"
    "|link|mark|meta|span|small|strong|strike|center|o:p"
)
_TAG: Final = re.compile(
    rf"</?(?:{_PARAGRAPHS}|{_LINES}|{_UNSEEN}|{_INLINE})(?:\s[^<>]*)?/?>", re.IGNORECASE
)
_ENTITY: Final = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|([A-Za-z][A-Za-z0-9]*));")
_NEVER_CLOSED: Final = re.compile(r"<(?!!--)(?=[^<>]*(?:<|$))")
_TAG_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:[:-][a-z0-9]+)*")


def text_of(description: str) -> str:
    """Return what a person reads in a description; plain text is returned as it is."""
    if not is_html(description):
        return canonical_text(description)
    reader = _Reader()
    # Without this, a guest could freeze the parser by a row of tags that are never closed.
    text = _NEVER_CLOSED.sub("&lt;", description)
    reader.feed(text.replace("\r\n", "\n").replace("\r", "\n"))
    reader.close()
    return canonical_text(reader.text())


def is_html(description: str) -> bool:
    """Tell whether Google would show a description as something else than its characters."""
    if _TAG.search(description):
        return True
    names = (match.group(1) for match in _ENTITY.finditer(description))
    return any(name is None or f"{name};" in html5 for name in names)


def description_of(text: str) -> str:
    """Return a description that reads back as this text, cut with an ellipsis where it is too long."""
    text = canonical_text(text)
    written = _written(text)
    while len(written) > NOTES_MAX:
        excess = len(written) - NOTES_MAX
        text = canonical_text(text.removesuffix("…")[: -max(1, excess // 5) - 1]) + "…"
        written = _written(text)
    return written


def _written(text: str) -> str:
    """Escape only where characters would be taken for markup: most notes stay plain text."""
    if "<" not in text and "&" not in text:
        return text
    return escape(text, quote=False).replace("\n", "<br>")


class _Reader(HTMLParser):
    """Collects the text; a block leaves at most one blank line, each `<br>` just one line end."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._line_ends = 2
        self._unseen = 0
        self._lists: list[int | None] = []
        self._link: tuple[str, int] | None = None

    def text(self) -> str:
        """Return what was collected."""
        return "".join(self._parts)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Start a line, a list or a link."""
        if not _TAG_NAME.fullmatch(tag):
            # People write <name@example.com> between markup; that is text, not a tag.
            self._put(self.get_starttag_text() or "")
        elif tag == "br":
            self._parts.append("\n")
            self._line_ends += 1
        elif re.fullmatch(_UNSEEN, tag):
            self._unseen += 1
        elif tag == "a":
            self._link = (_address(dict(attrs).get("href") or ""), len(self._parts))
        else:
            self._start_block(tag)

    def handle_endtag(self, tag: str) -> None:
        """End a line, a list or a link."""
        if re.fullmatch(_UNSEEN, tag):
            self._unseen = max(0, self._unseen - 1)
        elif tag == "a":
            self._end_link()
        elif tag in ("ul", "ol") and self._lists:
            self._lists.pop()
            self._break(1 if self._lists else 2)
        elif re.fullmatch(_PARAGRAPHS, tag):
            self._break(2)
        elif re.fullmatch(_LINES, tag):
            self._break(1)

    def handle_data(self, data: str) -> None:
        """Take text, without the line end that only lays out the source after a tag that breaks."""
        if self._line_ends and data.lstrip(" \t").startswith("\n"):
            data = data.lstrip(" \t")[1:]
            data = "" if data.isspace() else data
        self._put(data)

    def _put(self, text: str) -> None:
        if text and not self._unseen:
            self._parts.append(text)
            self._line_ends = len(text) - len(text.rstrip("\n"))

    def _break(self, line_ends: int) -> None:
        missing = line_ends - self._line_ends
        if missing > 0:
            self._parts.append("\n" * missing)
            self._line_ends = line_ends

    def _start_block(self, tag: str) -> None:
        if tag in ("ul", "ol"):
            self._break(1 if self._lists else 2)
            self._lists.append(0 if tag == "ol" else None)
        elif tag == "li":
            self._break(1)
            self._put(self._bullet())
        elif tag in ("td", "th") and not self._line_ends:
            self._put(" ")
        elif re.fullmatch(_PARAGRAPHS, tag):
            self._break(2)
        elif re.fullmatch(_LINES, tag):
            self._break(1)

    def _bullet(self) -> str:
        if not self._lists or self._lists[-1] is None:
            return "- "
        self._lists[-1] += 1
        return f"{self._lists[-1]}. "

    def _end_link(self) -> None:
        if self._link is None:
            return
        address, since = self._link
        self._link = None
        shown = "".join(self._parts[since:]).strip()
        if address and _bare(address) not in _bare(shown):
            self._put(f" ({address})" if shown else address)


def _address(href: str) -> str:
    """Return where a link leads, without the detour that Google's editor puts before it."""
    href = href.strip()
    try:
        parts = urlsplit(href)
    except ValueError:
        return href
    if parts.scheme not in ("http", "https", "mailto", "tel"):
        return ""
    if parts.hostname == "www.google.com" and parts.path == "/url":
        return parse_qs(parts.query).get("q", [href])[0]
    return href


def _bare(address: str) -> str:
    return re.sub(r"^(?:https?://|mailto:|tel:)", "", address.strip()).rstrip("/").casefold()
