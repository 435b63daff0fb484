"""One call of Severa's REST API at a time: token, budget, time-out, and its errors as ours."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout
from yarl import URL

from daemon.errors import Transient
from daemon.secret import Secret
from daemon.severa.errors import (
    Operation,
    Unreadable,
    error_of,
    http_date,
    retry_after,
    token_refused,
)
from daemon.severa.token import Token, TokenKeeper, token_of

SCOPES: Final = (
    "activities:read",
    "activities:write",
    "activities:delete",
    "settings:read",
    "users:read",
)

ANSWER_BYTES_MAX: Final = 32 << 20
"""More than a hundred activities with the longest notes ever hold, and little enough to keep in memory."""

Params = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call that was carried out brought."""

    content: Any
    next_page: str = ""


@dataclass(frozen=True, slots=True)
class _Raw:
    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport:
    """Calls Severa; every request is first asked for at `spend`, which waits for the budget.

    `limited` is told of each that was one too many, with the seconds that Severa asks to wait if it names any;
    `called` of each in words, with the answer's status (0 for none) and how many seconds it took.
    """

    def __init__(
        self,
        base_url: str,
        client_id: str,
        client_secret: Secret,
        *,
        session: ClientSession,
        spend: Callable[[], Awaitable[None]],
        monotonic: Callable[[], float],
        timeout_s: float,
        limited: Callable[[float | None], None] = lambda after_s: None,
        called: Callable[[str, int, float], None] = lambda operation, status, seconds: None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._client_id = client_id
        self._client_secret = client_secret
        self._session = session
        self._spend, self._limited, self._called = spend, limited, called
        self._monotonic = monotonic
        self._timeout = ClientTimeout(total=timeout_s)
        self._tokens = TokenKeeper(self._issue, monotonic=monotonic)
        self.date: datetime | None = None
        """Severa's own clock at its latest answer, in whole seconds."""

    async def call(
        self,
        operation: Operation,
        method: str,
        path: str,
        *,
        params: Params = (),
        body: Any = None,
    ) -> Answer:
        """Make a call and return its answer; one refused token is replaced by a new one."""
        token = await self._tokens.current()
        raw = await self._send(operation, method, path, params=params, body=body, token=token)
        if raw.status == 401:
            self._tokens.drop(token)
            token = await self._tokens.current()
            raw = await self._send(operation, method, path, params=params, body=body, token=token)
        if not 200 <= raw.status < 300:
            raise error_of(operation, raw.status, raw.headers, raw.body)
        content = _content(operation, raw.body)
        return Answer(content, raw.headers.get("NextPageToken", "").strip())

    async def ping(self) -> None:
        """Ask for a sign of life, which needs no token."""
        await self._send(Operation("answer"), "GET", "/heartbeat/server")

    async def _issue(self) -> Token:
        asked_at = self._monotonic()
        operation = Operation("give out a token")
        credentials = {
            "client_id": self._client_id,
            "client_secret": self._client_secret.reveal(),
            "scope": " ".join(SCOPES),
        }
        raw = await self._send(operation, "POST", "/v1/token", body=credentials)
        if not 200 <= raw.status < 300:
            raise token_refused(raw.status, raw.headers, raw.body)
        answer = _content(operation, raw.body)
        return token_of(answer, asked_at=asked_at, date=self.date)

    async def _send(
        self,
        operation: Operation,
        method: str,
        path: str,
        *,
        params: Params = (),
        body: Any = None,
        token: Token | None = None,
    ) -> _Raw:
        await self._spend()
        headers = {"Client_Id": self._client_id, "Accept": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token.text.reveal()}"
        began, status = self._monotonic(), 0
        try:
            async with self._session.request(
                method,
                self._url(path, params),
                headers=headers,
                json=body,
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                body = await _body(operation, response)
                status = response.status
                raw = _Raw(response.status, response.headers, body)
        except (ClientError, TimeoutError, OSError) as error:
            # Only the kind of error: its text may hold the whole address with its parameters.
            how = "in time" if isinstance(error, TimeoutError) else f"({type(error).__name__})"
            where = f"{self._base_url} ([severa] base_url)"
            what = f"Severa did not {operation.name}: {where} could not be reached {how}."
            raise Transient(what) from error
        finally:
            self._called(operation.name, status, self._monotonic() - began)
        self.date = http_date(raw.headers.get("Date", "")) or self.date
        if raw.status == 429:
            self._limited(retry_after(raw.headers))
        return raw

    def _url(self, path: str, params: Params) -> URL:
        # Encoded here, because a "+" that is left as it is becomes a blank at Severa.
        query = f"?{urlencode(params)}" if params else ""
        return URL(f"{self._base_url}{path}{query}", encoded=True)


def segment(ref: str) -> str:
    """Return an id as one segment of a path; ids of occurrences hold a semicolon."""
    assert ref, "An empty id would name the whole collection."
    return quote(ref, safe="")


async def _body(operation: Operation, response: ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > ANSWER_BYTES_MAX:
            raise Unreadable(f"Severa did not {operation.name}: its answer does not end.")
    return bytes(body)


def _content(operation: Operation, body: bytes) -> Any:
    if not body:
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Unreadable(f"Severa did not {operation.name}: its answer is no JSON.") from None
