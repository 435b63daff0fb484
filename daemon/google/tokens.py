"""Access tokens, one user at a time: fetched by one task, renewed early, and thrown away when refused."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from aiogoogle.models import Request

from daemon.errors import CompanyRefused, Transient
from daemon.google.credentials import ServiceAccount, Signer
from daemon.google.errors import Answer
from daemon.google.grants import grant_error_of, outside_delegation
from daemon.google.wire import SharedSession
from daemon.secret import Secret

RENEW_BEFORE_S: Final = 300.0
"""How long before its end a token is renewed."""
_GRANT_TYPE: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIFE_S: Final = 3600.0
_DOMAINS_MAX: Final = 1000


@dataclass(frozen=True, slots=True)
class Grant:
    """A token and how long it lives, in seconds."""

    token: Secret
    life_s: float


class Authority:
    """The token endpoint, asked as one service account (OAuth 2.0 for server to server applications)."""

    def __init__(
        self,
        account: ServiceAccount,
        *,
        token_uri: str,
        session: SharedSession,
        now: Callable[[], datetime],
    ) -> None:
        self._account, self._token_uri, self._session, self._now = account, token_uri, session, now
        self._signer = Signer(account)
        self._reached: set[str] = set()

    async def grant(self, subject: str) -> Grant:
        """Fetch a token to act as `subject`."""
        answer = await self._session.answer(self._request(subject))
        body = answer.body if isinstance(answer.body, dict) else {}
        token = body.get("access_token")
        if answer.status == 200 and isinstance(token, str) and token:
            if len(self._reached) < _DOMAINS_MAX:
                self._reached.add(_domain(subject))
            return Grant(Secret(token), _life(body.get("expires_in")))
        if answer.status == 200:
            raise Transient("Google's token address answered 200 without a token.")
        raise self._refusal(answer, subject)

    def _request(self, subject: str) -> Request:
        assertion = self._signer.assertion(
            subject, audience=self._token_uri, now=self._now().timestamp()
        )
        form = urlencode({"grant_type": _GRANT_TYPE, "assertion": assertion}).encode()
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return Request("POST", self._token_uri, headers=kind, data=form)

    def _refusal(self, answer: Answer, subject: str) -> Exception:
        error = grant_error_of(answer, account=self._account, subject=subject, now=self._now())
        is_about_reach = isinstance(error, CompanyRefused) and error.reason == "delegation"
        # Somebody's private address is refused in the same words as a company without delegation.
        if is_about_reach and self._reached and _domain(subject) not in self._reached:
            return outside_delegation(subject)
        return error


class Tokens:
    """What aiogoogle sees as its manager for one subject; its own has no lock and believes local time."""

    def __init__(
        self, authority: Authority, subject: str, *, clock: Callable[[], float], margin_s: float
    ) -> None:
        self._authority, self._subject = authority, subject
        self._clock, self._margin_s = clock, margin_s
        self._lock = asyncio.Lock()
        self._token = Secret("")
        self._good_until = float("-inf")

    async def refresh(self) -> bool:
        """Fetch a token unless there is a good one; tasks that come meanwhile wait for the same one."""
        if self._is_fresh():
            return False
        async with self._lock:
            if self._is_fresh():
                return False
            asked_at = self._clock()
            grant = await self._authority.grant(self._subject)
            # A token that lives shorter than the margin is used for half its life.
            margin_s = min(self._margin_s, grant.life_s / 2)
            self._token, self._good_until = grant.token, asked_at + grant.life_s - margin_s
            return True

    def authorize(self, request: Any, access_token: str | None = None) -> Any:
        """Put the token on a request."""
        token = access_token or self._token.reveal()
        request.headers["Authorization"] = f"Bearer {token}"
        return request

    def forget(self, request: Any) -> None:
        """Throw away the token that a request was sent with, unless it was replaced meanwhile."""
        if request.headers.get("Authorization") == f"Bearer {self._token.reveal()}":
            self._good_until = float("-inf")

    def _is_fresh(self) -> bool:
        return self._clock() < self._good_until


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()


def _life(told: object) -> float:
    """Read a life time, which some of Google's services send as text."""
    try:
        life = float(told) if isinstance(told, int | float | str) else _LIFE_S
    except ValueError:
        return _LIFE_S
    return life if 0 < life <= 24 * 3600 else _LIFE_S
