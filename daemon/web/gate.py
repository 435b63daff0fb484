"""Who may come in: proves the caller of a request, and lets nobody go too fast."""

from collections.abc import Callable
from datetime import datetime
from math import ceil

from aiohttp import web

from daemon.secret import Secret
from daemon.web.pace import Pace
from daemon.web.tokens import TRIGGER_PREFIX, Unproven, bearer_in, user_of


class Gate:
    """Returns the Severa guid of who calls, or raises 401 or 429 before anything else is done."""

    def __init__(
        self,
        signing_key: Callable[[], Secret | None],
        owner_of: Callable[[Secret], str | None],
        now: Callable[[], datetime],
        pace: Pace,
    ) -> None:
        """`owner_of` returns whose trigger token something is."""
        self._signing_key, self._owner_of = signing_key, owner_of
        self._now, self._pace = now, pace

    def user(self, request: web.Request) -> str:
        """Return whom Severa's JWT names; a trigger token opens nothing here."""
        try:
            return self._admitted(
                user_of(_authorization(request), self._signing_key(), self._now())
            )
        except Unproven:
            raise _unauthorized() from None

    def sender(self, request: web.Request) -> str:
        """Return who sends a trigger, with Severa's JWT or an own trigger token."""
        token = bearer_in(_authorization(request))
        if token is None or not token.reveal().startswith(TRIGGER_PREFIX):
            return self.user(request)
        owner = self._owner_of(token)
        if owner is None:
            raise _unauthorized()
        return self._admitted(owner)

    def _admitted(self, user: str) -> str:
        wait = self._pace.wait_for(user)
        if wait:
            raise web.HTTPTooManyRequests(headers={"Retry-After": str(ceil(wait))})
        return user


def _authorization(request: web.Request) -> str:
    given = request.headers.getall("Authorization", [])
    # Of two headers a proxy in between may have read the other one.
    return given[0] if len(given) == 1 else ""


def _unauthorized() -> web.HTTPUnauthorized:
    return web.HTTPUnauthorized(headers={"WWW-Authenticate": "Bearer"})
