"""Strikes out of what is logged whatever must not be read there: secrets, people's addresses, and forged lines.

It goes by key, by shape and by the values of the configured secrets, since texts of libraries' errors hold anything.
"""

import re
from collections.abc import Iterable, Mapping
from itertools import islice
from math import isfinite
from typing import Any, Final
from urllib.parse import quote, quote_plus

from daemon.secret import Secret

STRUCK: Final = "***"
TEXT_MAX: Final = 65_536
"""Of a longer text no more is looked at, or logged."""
SECRET_MIN: Final = 6
"""A configured secret that is shorter would strike out parts of ordinary words."""
DEPTH_MAX: Final = 16
ITEMS_MAX: Final = 200

KEYS: Final = re.compile(
    r"authori[sz]ation|token|secret|assertion|private.?key|api.?key|signing.?key|encryption.?key"
    r"|passw|passphrase|cookie|credential|jwt|signature|e.?mail|attendee|subject|summary",
    re.IGNORECASE,
)
"""Names of fields whose values are struck out whatever they are."""
_QUOTE: Final = r"(?:\\{0,4}[\"'])?"
_NAMED: Final = re.compile(
    r"((?:client_secret|secret|access_token|refresh_token|id_token|token|assertion|private_key|password|passwd"
    rf"|api_?key|authorization){_QUOTE}\s{{0,3}}[=:]\s{{0,3}}{_QUOTE})(?!\*\*\*)[^\s\"'&,;)}}\]\\]+",
    re.IGNORECASE,
)
"""What stands after such a name in a text, as in a query, a form or the repr of a dict."""
_SHAPES: Final = re.compile(
    "|".join(
        (
            r"-----BEGIN[^\"]*?(?:-----END[^-\"]{0,60}-----|(?=\")|\Z)",
            r"(?i:Bearer)\s+[^\s\"',;)}\]\\]+",
            r"Basic\s+(?=[A-Za-z]*[0-9+/=])[A-Za-z0-9+/=]{6,}",
            r"eyJ[\w-]{5,}(?:\.[\w-]*){0,4}",
            r"ya29\.[\w.-]+",
            r"1//[\w-]{16,}",
            r"AIza[\w-]{30,}",
            r"GOCSPX-[\w-]+",
            r"sgt_[\w-]{16,}",
            r"(?<![\w-])[\w-]{43}=(?![\w=-])",
            r"(?<=://)[^/\s@\"]{1,256}(?=@)",
        )
    )
)
"""PEM, HTTP credentials, JWTs, Google's and our own tokens, our encryption keys, and passwords in URLs."""
_ADDRESS: Final = re.compile(
    r"[\w.+'%!#$*^|~-]{1,64}(?:@|%40)\[?\w[\w-]{0,62}(?:[.:]\w[\w-]{0,62}){0,8}\]?", re.IGNORECASE
)
"""An e-mail address, also as it stands in a URL; bounded, as long texts are searched."""
_UNPRINTABLE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
"""What ends a line, moves a terminal's cursor, or turns the direction of what is read."""


class Striker:
    """Strikes out by key, by shape, and where one of these secrets stands in a text."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        values = {form for secret in secrets for form in _forms(secret.reveal())}
        # The longest first, as one may begin like another.
        ordered = sorted(values, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def text(self, text: str) -> str:
        """Return a text without what must not be read in it."""
        text = text[:TEXT_MAX]
        if self._secrets is not None:
            text = self._secrets.sub(STRUCK, text)
        text = _NAMED.sub(rf"\1{STRUCK}", _SHAPES.sub(STRUCK, text))
        return _ADDRESS.sub(STRUCK, text) if "@" in text or "%40" in text else text

    def value(self, value: Any, depth: int = 0) -> Any:
        """Return any value as one that can be written as JSON, without what must not be read in it."""
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, float) and isfinite(value):  # JSON knows no others.
            return value
        if depth >= DEPTH_MAX:
            return "…"
        if isinstance(value, Mapping):
            return self.fields(value, depth)
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(item, depth + 1) for item in islice(value, ITEMS_MAX)]
        return self.text(_plain(value))

    def fields(self, fields: Mapping[Any, Any], depth: int = 0) -> dict[str, Any]:
        """Return fields, those struck out whole whose name says that they hold what is not to be read."""
        return {
            self.text(_plain(key)): STRUCK if KEYS.search(_plain(key)) else self.value(value, depth + 1)
            for key, value in islice(fields.items(), ITEMS_MAX)
        }  # fmt: skip


def printable(text: str) -> str:
    """Return a text in one line that moves nothing on a terminal: what would, is written as an escape."""
    return _UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], text)


def _forms(secret: str) -> set[str]:
    """Return a secret as it stands in texts: plain, in a URL, and each longer line of it."""
    lines = [secret.strip(), *(line.strip() for line in secret.splitlines())]
    return {
        form
        for line in lines
        if len(line) >= SECRET_MIN
        for form in (line, quote(line, safe=""), quote_plus(line))
    }


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes | bytearray):
        return bytes(value[:TEXT_MAX]).decode("utf-8", "backslashreplace")
    try:
        return str(value)
    except Exception:  # Of whatever kind: a line about a fault must not be lost through another.
        return f"<{type(value).__name__}>"
