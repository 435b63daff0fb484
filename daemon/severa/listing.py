"""Walks through Severa's listings page by page (Severa REST API, pageToken and NextPageToken)."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from daemon.errors import CompanyRefused, Gone, Refused, Transient
from daemon.severa.errors import Operation, Unreadable
from daemon.severa.translate import Row
from daemon.severa.transport import Params, Transport

ROWS_A_PAGE: Final = 100
PAGES_MAX: Final = 5_000
RESTARTS_MAX: Final = 3


class _PageTokenError(Exception):
    """Severa does not know its own page token any more."""


async def pages(
    transport: Transport, operation: Operation, path: str, filters: Params = ()
) -> AsyncIterator[list[Row]]:
    """Yield the rows of each page; after a restart rows come again, so callers know them by guid.

    A page may be short, or empty; the listing is over when no next one is named.

    Raises:
        Transient: It cannot be read to its end now, or goes round in a circle.
    """
    for _ in range(RESTARTS_MAX + 1):
        try:
            async for rows in _once_through(transport, operation, path, filters):
                yield rows
        except _PageTokenError:
            continue
        return
    raise Transient(f"Severa did not {operation.name}: its page tokens keep running out.")


async def _once_through(
    transport: Transport, operation: Operation, path: str, filters: Params
) -> AsyncIterator[list[Row]]:
    page_token, before = "", None
    asked: set[str] = set()
    for _ in range(PAGES_MAX):
        # A page token does not remember the filters, so they go with each page.
        params = [*filters, ("rowCount", str(ROWS_A_PAGE))]
        params += [("pageToken", page_token)] if page_token else []
        try:
            answer = await transport.call(operation, "GET", path, params=params)
        except Gone as error:
            raise Transient(str(error)) from error
        except Refused as error:
            if page_token and not isinstance(error, CompanyRefused):
                raise _PageTokenError from error
            raise
        rows, page_token = rows_of(operation, answer.content), answer.next_page
        # The same page again under another token: Severa passes over the token it was given.
        if page_token in asked or (rows and rows == before):
            raise Transient(f"Severa did not {operation.name}: it gives the same page again.")
        yield rows
        if not page_token:
            return
        asked.add(page_token)
        before = rows
    raise Transient(f"Severa did not {operation.name}: more than {PAGES_MAX} pages.")


def rows_of(operation: Operation, content: Any) -> list[Row]:
    """Return the rows of an answer that is a list of them; `Unreadable` where it is none."""
    if isinstance(content, list) and all(isinstance(row, Mapping) for row in content):
        return content
    raise Unreadable(f"Severa did not {operation.name}: its answer is no list of rows.")
