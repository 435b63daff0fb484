"""Keeps one access token of Severa, good for the next call (Severa REST API, /v1/token)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from daemon.secret import Secret
from daemon.severa.errors import Unreadable
from daemon.severa.times import instant_of

EARLY_S: Final = 300.0
"""How long before its end a token is renewed; a tenth of its life where that is shorter."""

_LIFE_MAX_S: Final = 24 * 3600.0
_LIFE_MIN_S: Final = 30.0
_LIFE_UNSTATED_S: Final = 300.0


@dataclass(frozen=True, slots=True)
class Token:
    """An access token; `renew_at` is in seconds of the monotonic clock."""

    text: Secret
    renew_at: float


class TokenKeeper:
    """Gives the token to everybody who asks and renews it once for all of them."""

    def __init__(
        self, issue: Callable[[], Awaitable[Token]], *, monotonic: Callable[[], float]
    ) -> None:
        self._issue = issue
        self._monotonic = monotonic
        self._lock = asyncio.Lock()
        self._token: Token | None = None

    async def current(self) -> Token:
        """Return a token that is good, as far as can be told without asking."""
        async with self._lock:
            if self._token is None or self._token.renew_at <= self._monotonic():
                # The old one goes first: after a failed renewal nobody shall use it.
                self._token = None
                self._token = await self._issue()
            return self._token

    def drop(self, token: Token) -> None:
        """Throw a token away that was refused, unless it has been replaced meanwhile."""
        if self._token is token:
            self._token = None


def token_of(answer: Any, *, asked_at: float, date: datetime | None) -> Token:
    """Return the token in an answer of `/v1/token`, with the shorter of the two lives it names.

    `asked_at` is the monotonic clock before the call, `date` Severa's own clock at its answer.

    Raises:
        Unreadable: There is no token in it.
    """
    text = answer.get("access_token") if isinstance(answer, Mapping) else None
    if not isinstance(text, str) or not text:
        raise Unreadable("Severa gave no access token.")
    life_s = _life_s(answer, date)
    return Token(Secret(text), asked_at + life_s - min(EARLY_S, life_s / 10))


def _life_s(answer: Mapping[str, Any], date: datetime | None) -> float:
    # An end that is past already is a clock or zone misread; taken at its word, every call would renew.
    lives = [life for life in (_stated_s(answer), _until_s(answer, date)) if life and life > 0]
    return min(_LIFE_MAX_S, max(_LIFE_MIN_S, min(lives, default=_LIFE_UNSTATED_S)))


def _stated_s(answer: Mapping[str, Any]) -> float | None:
    try:
        return float(answer["access_token_expires_in"])
    except (KeyError, TypeError, ValueError):
        return None


def _until_s(answer: Mapping[str, Any], date: datetime | None) -> float | None:
    try:
        end = instant_of(answer.get("access_token_expires_utc"))
    except Unreadable:
        return None
    return (end - date).total_seconds() if date else None
