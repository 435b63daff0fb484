"""Sync tokens and page tokens: opaque to a client, a place in a calendar's changes to us."""

import base64
import binascii
import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from daemon.sandbox.google import errors


@dataclass(frozen=True, slots=True)
class SyncToken:
    """Up to where a user knows a calendar; ``generation`` dies when all its tokens are expired."""

    email: str
    user: str
    generation: int
    position: int
    day: int
    """The day on which the token was given out, by the Unix epoch."""
    details: bool
    """Whether details of deleted events were asked for from the start (showDeleted)."""

    def encoded(self) -> str:
        """Return the text that a client keeps."""
        return _encoded("s", asdict(self))


@dataclass(frozen=True, slots=True)
class PageToken:
    """Where the next page of a listing begins; ``position`` is that of the listing's start."""

    email: str
    request: str
    position: int
    after: str
    is_empty_next: bool

    def encoded(self) -> str:
        """Return the text that a client sends back."""
        return _encoded("p", asdict(self))


def sync_token(text: str, email: str, user: str, generation: int, day_min: int | None) -> SyncToken:
    """Read a sync token, or refuse a garbled, a foreign (400) or an expired one (410)."""
    try:
        token = SyncToken(**_decoded("s", text))
    except (ValueError, TypeError) as error:
        raise errors.invalid("Invalid sync token value.") from error
    if (token.email, token.user) != (email, user):
        raise errors.invalid("Invalid sync token value.")
    if token.generation != generation or (day_min is not None and token.day < day_min):
        raise errors.full_sync_required()
    return token


def page_token(text: str, email: str, request: str) -> PageToken:
    """Read a page token, or refuse one that is garbled or of another request."""
    try:
        token = PageToken(**_decoded("p", text))
    except (ValueError, TypeError) as error:
        raise errors.invalid("Invalid page token value.") from error
    if (token.email, token.request) != (email, request):
        raise errors.invalid("Invalid page token value.")
    return token


def digest(text: str) -> str:
    """Return a short digest of a text."""
    return hashlib.blake2s(text.encode(), digest_size=6).hexdigest()


def _encoded(kind: str, fields: dict[str, object]) -> str:
    text = kind + json.dumps(fields, sort_keys=True)
    return base64.urlsafe_b64encode(f"{digest(text)}{text}".encode()).decode()


def _decoded(kind: str, token: str) -> dict[str, Any]:
    try:
        text = base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError) as error:
        raise ValueError("not a token") from error
    check, text = text[:12], text[12:]
    if digest(text) != check or not text.startswith(kind):
        raise ValueError("not a token of this kind")
    fields: dict[str, Any] = json.loads(text[1:])
    return fields
