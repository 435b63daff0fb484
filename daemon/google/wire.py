"""How aiogoogle is used: a hand-cut description of the API, and one HTTP session that all users share."""

from collections.abc import Awaitable
from typing import Any, Final

import aiohttp
from aiogoogle import Aiogoogle, GoogleAPI
from aiogoogle.models import Request
from aiogoogle.sessions.aiohttp_session import AiohttpSession

from daemon.errors import Transient
from daemon.google.errors import Answer, body_as_json

NOTHING_SAFE: Final = {"calendarId": "", "eventId": ""}
"""Characters of a path parameter that stay as they are: none, a slash would change the path."""

_CALENDAR: Final = "calendars/{calendarId}"
_EVENTS: Final = f"{_CALENDAR}/events"
_EVENT: Final = f"{_EVENTS}/{{eventId}}"


def calendar_api(api_root: str) -> Any:
    """Return the few methods of Calendar API v3 that are used; a short description keeps each call cheap."""
    write = ("quotaUser", "sendUpdates")
    return GoogleAPI(
        {
            "rootUrl": f"{api_root.rstrip('/')}/",
            "servicePath": "calendar/v3/",
            "batchPath": "batch/calendar/v3",
            "resources": {
                "calendars": {"methods": {"get": _method("GET", _CALENDAR, "quotaUser")}},
                "events": {
                    "methods": {
                        "list": _method(
                            "GET", _EVENTS, "quotaUser", "maxResults", "pageToken", "syncToken"
                        ),
                        "get": _method("GET", _EVENT, "quotaUser"),
                        "insert": _method("POST", _EVENTS, *write),
                        "patch": _method("PATCH", _EVENT, *write),
                        "delete": _method("DELETE", _EVENT, *write),
                    }
                },
            },
        }
    )


class SharedSession(AiohttpSession):  # type: ignore[misc]  # aiogoogle is typed in name only.
    """aiogoogle's session on a client session that belongs to somebody else, with a time-out on every call."""

    def __init__(self, http: aiohttp.ClientSession, *, timeout_s: float) -> None:
        self._session = _Http(http, aiohttp.ClientTimeout(total=timeout_s))

    async def close(self) -> None:
        """Leave the client session open, as whoever opened it closes it."""

    async def answer(self, request: Request) -> Answer:
        """Send one request and return what came, whatever its status.

        Raises:
            Transient: Nothing came, or nothing that can be read; it may have been carried out.
        """
        return await _answered(self.send(request, full_res=True, raise_for_status=False))


class Acting(Aiogoogle):  # type: ignore[misc]  # aiogoogle is typed in name only.
    """aiogoogle acting as one user, with tokens that are shared by the user's tasks."""

    def __init__(self, session: SharedSession, tokens: Any) -> None:
        super().__init__(session_factory=lambda: session, service_account_creds={"subject": ""})
        self.service_account_manager = tokens
        self._shared = session

    async def answer(self, request: Request) -> Answer:
        """Send one request as the user and return what came, whatever its status.

        Raises:
            Transient: Nothing came, or nothing that can be read; it may have been carried out.
        """
        sending = self.as_service_account(request, full_res=True, raise_for_status=False)
        return await _answered(sending)

    def forget(self, request: Request) -> None:
        """Throw away the token that a request was refused with."""
        self.service_account_manager.forget(request)

    def _get_session(self) -> SharedSession:
        """Keep the session out of aiogoogle's context variables, which would pile up in long-lived tasks."""
        return self._shared


class _Http:
    """What aiogoogle sees instead of a client session: it forgets time-outs, and breaks proxies by `""`."""

    def __init__(self, http: aiohttp.ClientSession, timeout: aiohttp.ClientTimeout) -> None:
        self._http, self._timeout = http, timeout

    def request(self, *, timeout: object = None, proxy: str | None = None, **rest: Any) -> Any:
        """Send with our time-out, and never follow a redirect with a token in hand."""
        return self._http.request(
            timeout=self._timeout, proxy=proxy or None, allow_redirects=False, **rest
        )


async def _answered(sending: Awaitable[Any]) -> Answer:
    try:
        response = await sending
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError, RecursionError) as error:
        # The error itself is dropped: aiohttp's carry the request's headers, and so the token.
        name = type(error).__name__
    else:
        body = response.json if response.json is not None else response.data
        return Answer(response.status_code, body_as_json(body), response.headers)
    raise Transient(f"Google could not be reached ({name}); see [google] api_root and token_uri.")


def _method(verb: str, path: str, *query: str) -> dict[str, Any]:
    """Describe one method; every parameter is a string, since aiogoogle would write `True` for true."""
    names = [name for name in ("calendarId", "eventId") if f"{{{name}}}" in path]
    in_path = {name: {"type": "string", "location": "path", "required": True} for name in names}
    in_query = {name: {"type": "string", "location": "query"} for name in query}
    return {
        "httpMethod": verb,
        "path": path,
        "parameterOrder": names,
        "parameters": {**in_path, **in_query},
    }
