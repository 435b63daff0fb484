"""Descriptions as the editor in Google's own pages writes them: its own HTML, whatever was sent."""

import re
from html import escape
from html.parser import HTMLParser

_KEPT = {"a", "b", "br", "i", "li", "ol", "p", "span", "u", "ul"}
_RENAMED = {"strong": "b", "em": "i", "div": "p"}
_SILENT = {"script", "style"}
_URL = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)]")


def rewritten(text: str) -> str:
    """Return a description in the editor's HTML; doing it again changes nothing more."""
    editor = _Editor()
    editor.feed(text)
    editor.close()
    return "".join(editor.parts)


class _Editor(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._in_link = 0
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        name = _RENAMED.get(tag, tag)
        self._silent += name in _SILENT
        self._in_link += name == "a"
        if name in _KEPT:
            link = next((text for key, text in attrs if (name, key) == ("a", "href")), None)
            held = f' href="{escape(link)}"' if link else ""
            self.parts.append(f"<{name}{held}>")

    def handle_endtag(self, tag: str) -> None:
        name = _RENAMED.get(tag, tag)
        self._silent = max(0, self._silent - (name in _SILENT))
        self._in_link = max(0, self._in_link - (name == "a"))
        if name in _KEPT and name != "br":
            self.parts.append(f"</{name}>")

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        text = escape(data, quote=False).replace("\r\n", "\n").replace("\n", "<br>")
        if not self._in_link:
            text = _URL.sub(lambda match: f'<a href="{match[0]}">{match[0]}</a>', text)
        self.parts.append(text)
