"""Cuts a listing of the sandbox Severa into pages."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta
from typing import TypeVar

from daemon.sandbox.severa.query import Query, refused
from daemon.sandbox.severa.switches import Switches

Row = TypeVar("Row")

ROWS_DEFAULT = 20
ROWS_MAX = 100


def page(
    rows: list[Row], query: Query, *, now: datetime, switches: Switches
) -> tuple[list[Row], str | None]:
    """Return the rows of the page that the query asks for, and the token of the next one.

    A page is a place in the list, so rows that come or go while paging shift what follows.
    """
    size = query.number("rowCount") or ROWS_DEFAULT
    if size > ROWS_MAX and switches.rows_over_max == "refused":
        raise refused("rowCount", f"must be at most {ROWS_MAX}.")
    size = min(size, ROWS_MAX)
    start = _read_token(query.text("pageToken"), now, switches.page_token_s)
    following = start + size
    token = _write_token(following, now) if following < len(rows) else None
    return rows[start:following], token


def _write_token(start: int, now: datetime) -> str:
    text = json.dumps({"start": start, "issued": now.isoformat()})
    return urlsafe_b64encode(text.encode()).decode()


def _read_token(token: str | None, now: datetime, life_s: int) -> int:
    if token is None:
        return 0
    try:
        held = json.loads(urlsafe_b64decode(token.encode()))
        issued, start = datetime.fromisoformat(held["issued"]), int(held["start"])
    except (ValueError, KeyError, TypeError):
        raise refused("pageToken", "is not a page token.") from None
    if now - issued > timedelta(seconds=life_s):
        raise refused("pageToken", "has expired.")
    return start
