"""How aiogoogle is used: a hand-cut description of the API, and one HTTP session that all users share."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
from aiogoogle import Aiogoogle, GoogleAPI
from aiogoogle.models import Request
from aiogoogle.sessions.aiohttp_session import AiohttpSession

from daemon.errors import Transient
from daemon.google.errors import Answer, body_as_json, limit_of

NOTHING_SAFE: Final = {"calendarId": "", "eventId": ""}
"""Characters of a path parameter that stay as they are: none, a slash would change the path."""
ANSWER_MAX: Final = 64 * 1024 * 1024
"""Bytes of an answer that are read at most: a full page of events with long descriptions has some 25 million."""
METHOD: Final = "calendar_method"
"""The attribute under which a request knows its method's name."""
NAMELESS: Final = "token"
"""The method of a request that has no such name, as those for tokens have none."""

Called = Callable[[str, int, float], None]
"""Takes a method's name, the answer's status (0 for none, 429 for any limit) and how many seconds it took."""

_CALENDAR: Final = "calendars/{calendarId}"
_EVENTS: Final = f"{_CALENDAR}/events"
_EVENT: Final = f"{_EVENTS}/{{eventId}}"


def calendar_api(api_root: str) -> Any:
    """Return the few methods of Calendar API v3 that are used; a short description keeps each call cheap."""
    write = ("quotaUser", "sendUpdates")
    whole = (*write, "supportsAttachments")
    return GoogleAPI(
        {
            "rootUrl": f"{api_root.rstrip('/')}/",
            "servicePath": "calendar/v3/",
            "batchPath": "batch/calendar/v3",
            "resources": {
                "calendars": {
                    "methods": {"get": _method("calendars.get", "GET", _CALENDAR, "quotaUser")}
                },
                "events": {
                    "methods": {
                        "list": _method(
                            "events.list",
                            "GET",
                            _EVENTS,
                            "quotaUser",
                            "maxResults",
                            "pageToken",
                            "privateExtendedProperty",
                            "syncToken",
                        ),
                        "get": _method("events.get", "GET", _EVENT, "quotaUser"),
                        "insert": _method("events.insert", "POST", _EVENTS, *whole),
                        "patch": _method("events.patch", "PATCH", _EVENT, *whole),
                        "delete": _method("events.delete", "DELETE", _EVENT, *write),
                        "watch": _method("events.watch", "POST", f"{_EVENTS}/watch", "quotaUser"),
                    }
                },
                "channels": {
                    "methods": {
                        "stop": _method("channels.stop", "POST", "channels/stop", "quotaUser")
                    }
                },
            },
        }
    )


class SharedSession(AiohttpSession):  # type: ignore[misc]  # aiogoogle is typed in name only.
    """aiogoogle's session on a client session that belongs to somebody else, with a time-out on every call."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        *,
        timeout_s: float,
        answer_max: int = ANSWER_MAX,
        called: Called = lambda method, status, seconds: None,
        monotonic: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """`called` is told of every request, those for tokens too; `monotonic` counts its seconds."""
        self._session = _Http(http, aiohttp.ClientTimeout(total=timeout_s), answer_max)
        self._called, self._monotonic = called, monotonic

    async def close(self) -> None:
        """Leave the client session open, as whoever opened it closes it."""

    async def send(self, *requests: Request, **asked: Any) -> Any:
        """Send one request, as aiogoogle asks for it once its token is there, and tell what came of it."""
        (request,) = requests
        began, status = self._monotonic(), 0
        try:
            response = await super().send(request, **asked)
            answer = Answer(response.status_code, response.json, response.headers)
            status = 429 if limit_of(answer) else answer.status
            return response
        finally:
            method = getattr(request, METHOD, NAMELESS)
            self._called(method, status, self._monotonic() - began)

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


@dataclass(frozen=True, slots=True)
class _Whole:
    """An answer that was read to its end, in the shape that aiogoogle asks of a response."""

    url: str
    status: int
    reason: str | None
    headers: Mapping[str, str]
    body: bytes

    async def json(self) -> Any:
        """Return the JSON, under whatever content type it was sent, or the body as it came."""
        return body_as_json(self.body)


class _Http:
    """What aiogoogle sees instead of a client session: it forgets time-outs and bounds, and breaks proxies by `""`."""

    def __init__(
        self, http: aiohttp.ClientSession, timeout: aiohttp.ClientTimeout, answer_max: int
    ) -> None:
        self._http, self._timeout, self._answer_max = http, timeout, answer_max

    async def request(self, **asked: Any) -> _Whole:
        """Send with our time-out and read the answer; never follow a redirect with a token in hand."""
        ours = {"timeout": self._timeout, "proxy": asked["proxy"] or None, "allow_redirects": False}
        async with self._http.request(**{**asked, **ours}) as answer:
            body = await self._read(answer)
        return _Whole(str(answer.url), answer.status, answer.reason, answer.headers, body)

    async def _read(self, answer: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for part in answer.content.iter_any():
            body += part
            if len(body) > self._answer_max:
                raise Transient(f"Google's answer is larger than {self._answer_max} bytes.")
        return bytes(body)


async def _answered(sending: Awaitable[Any]) -> Answer:
    try:
        response = await sending
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError, RecursionError) as error:
        # The error itself is dropped: aiohttp's carry the request's headers, and so the token.
        name = type(error).__name__
    else:
        return Answer(response.status_code, response.json, response.headers)
    raise Transient(f"Google could not be reached ({name}); see [google] api_root and token_uri.")


def _method(name: str, verb: str, path: str, *query: str) -> dict[str, Any]:
    """Describe one method; every parameter is a string, since aiogoogle would write `True` for true."""
    names = [name for name in ("calendarId", "eventId") if f"{{{name}}}" in path]
    in_path = {name: {"type": "string", "location": "path", "required": True} for name in names}
    in_query = {name: {"type": "string", "location": "query"} for name in query}
    return {
        "id": name,
        "httpMethod": verb,
        "path": path,
        "parameterOrder": names,
        "parameters": {**in_path, **in_query},
    }
