"""The sandbox's own interface, over HTTP: its faults, journal, switches and limits, for tests and demos.

GET, POST, DELETE /faults       what was ordered and is left to chance; order one; order no more
POST              /chances      leave faults to chance, with a seed
GET               /journal      the calls so far, from ``?after=`` on
GET, PATCH        /settings/NAME  switches and limits: google-switches, google-limits, severa-switches
POST              /expire       ``{"what": "tokens" | "sync_tokens" | "channels"}`` of Google
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from itertools import islice
from random import Random
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from aiohttp import web

from daemon.sandbox.faults import KINDS, Fault, Faults
from daemon.sandbox.google import GoogleState
from daemon.sandbox.severa import SeveraState

BODY_MAX, BODY_TIMEOUT_S = 64 * 1024, 10
JOURNAL_PAGE = 1000
SECONDS_MAX = 3600.0
OWN_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _Refused(Exception):
    """A request that cannot be done, in words."""


@dataclass(frozen=True, slots=True)
class _Setting:
    """One dataclass of settings, and how to replace it."""

    get: Callable[[], Any]
    set: Callable[[Any], None]


def make_control(faults: Faults, google: GoogleState, severa: SeveraState) -> web.Application:
    """Return the application that controls a sandbox."""
    app = web.Application(client_max_size=BODY_MAX, middlewares=[_guarded])
    calls = _Calls(faults, google, severa)
    app.router.add_get("/faults", calls.faults)
    app.router.add_post("/faults", calls.order)
    app.router.add_delete("/faults", calls.clear)
    app.router.add_post("/chances", calls.chance)
    app.router.add_get("/journal", calls.journal)
    app.router.add_get("/settings/{name}", calls.setting)
    app.router.add_patch("/settings/{name}", calls.change)
    app.router.add_post("/expire", calls.expire)
    return app


class _Calls:
    """The handlers."""

    def __init__(self, faults: Faults, google: GoogleState, severa: SeveraState) -> None:
        self._faults = faults
        self._google = google
        self._settings = {
            "google-switches": _Setting(
                lambda: google.switches, lambda new: setattr(google, "switches", new)
            ),
            "google-limits": _Setting(
                lambda: google.limits, lambda new: setattr(google, "limits", new)
            ),
            "severa-switches": _Setting(
                lambda: severa.switches, lambda new: setattr(severa, "switches", new)
            ),
        }

    async def faults(self, _: web.Request) -> web.Response:
        """Tell what is to go wrong."""
        chances = [
            {"probability": one.probability, "kinds": list(one.kinds), **_told(one.fault)}
            for one in self._faults.chances
        ]
        pending = [_told(fault) for fault in self._faults.pending]
        return _json({"pending": pending, "chances": chances})

    async def order(self, request: web.Request) -> web.Response:
        """Order one fault."""
        fault = _fault(await _body(request))
        self._check_name(fault)
        self._faults.order(fault)
        return _json(_told(fault), status=201)

    async def clear(self, _: web.Request) -> web.Response:
        """Let nothing go wrong any more."""
        self._faults.clear()
        return web.Response(status=204)

    async def chance(self, request: web.Request) -> web.Response:
        """Leave faults to chance."""
        body = await _body(request)
        allowed = {
            "probability",
            "seed",
            "kinds",
            "vendor",
            "operation",
            "status",
            "seconds",
            "user",
        }
        if unknown := body.keys() - allowed:
            raise _Refused(f"Nothing is known of {', '.join(sorted(unknown))}.")
        probability, seed = body.pop("probability", None), body.pop("seed", 0)
        kinds = body.pop("kinds", ["refuse", "lose_reply", "cut", "delay"])
        if not _is(float, probability) or not 0 <= probability <= 1:
            raise _Refused("The probability is a number from 0 to 1.")
        if not _is(int, seed) or not isinstance(kinds, list) or not kinds or set(kinds) - {*KINDS}:
            raise _Refused(f"The seed is a whole number, and kinds are some of {', '.join(KINDS)}.")
        _fault({"vendor": "*", "operation": "*", **body, "kind": "refuse"})
        rng = Random(seed)  # noqa: S311 Chance that can be had again.
        self._faults.chance(probability, rng, kinds, **body)
        return web.Response(status=204)

    async def journal(self, request: web.Request) -> web.Response:
        """Tell the calls so far, some at a time; ``next`` is where to go on."""
        after = request.query.get("after", "0")
        if not after.isascii() or not after.isdigit():
            raise _Refused("`after` is a number.")
        first = int(after)
        calls = list(islice(self._faults.journal, first, first + JOURNAL_PAGE))
        shown = [asdict(call) | {"at": call.at.isoformat()} for call in calls]
        return _json({"calls": shown, "next": first + len(calls)})

    async def setting(self, request: web.Request) -> web.Response:
        """Tell switches or limits as they are."""
        return _json(asdict(self._setting(request).get()))

    async def change(self, request: web.Request) -> web.Response:
        """Change some switches or limits."""
        setting, body = self._setting(request), await _body(request)
        current = setting.get()
        setting.set(replace(current, **_checked(type(current), body)))
        return _json(asdict(setting.get()))

    async def expire(self, request: web.Request) -> web.Response:
        """Let something of Google's end at once."""
        ends = {
            "tokens": self._google.expire_tokens,
            "sync_tokens": self._google.expire_sync_tokens,
            "channels": self._google.expire_channels,
        }
        end = ends.get(str((await _body(request)).get("what")))
        if end is None:
            raise _Refused(f"`what` is one of {', '.join(ends)}.")
        end()
        return web.Response(status=204)

    def _setting(self, request: web.Request) -> _Setting:
        found = self._settings.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound
        return found

    def _check_name(self, fault: Fault) -> None:
        if fault.error and self._faults.named(fault.vendor, fault.operation, fault.error) is None:
            raise _Refused(
                f"No refusal of {fault.vendor}:{fault.operation} is named {fault.error}."
            )


def _fault(body: Mapping[str, Any]) -> Fault:
    missing = {"vendor", "operation", "kind"} - body.keys()
    if missing:
        raise _Refused(f"A fault needs {', '.join(sorted(missing))}.")
    values = _checked(Fault, body)
    fault = Fault(**values)
    is_counted = 1 <= fault.times <= 10**6 and 0 <= fault.after <= 10**6
    if not is_counted or not 200 <= fault.status <= 599 or not 0 <= fault.seconds <= SECONDS_MAX:
        raise _Refused("A number is out of its range.")
    return fault


def _told(fault: Fault) -> dict[str, Any]:
    return {one.name: getattr(fault, one.name) for one in fields(fault)}


def _checked(kind: type[Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """Return values for the fields of a dataclass, or refuse unknown names and wrong values."""
    hints = get_type_hints(kind)
    for name, value in body.items():
        if name not in hints:
            raise _Refused(f"Nothing is known of {name}.")
        if not _is(hints[name], value):
            raise _Refused(f"{name} cannot be {json.dumps(value)}.")
    return dict(body)


def _is(hint: Any, value: Any) -> bool:
    """Tell whether a value is one of those that an annotation allows."""
    origin = get_origin(hint)
    if hint is Any:
        return True
    if origin is Literal:
        return any(value == one and type(value) is type(one) for one in get_args(hint))
    if origin is UnionType:
        return any(_is(one, value) for one in get_args(hint))
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, origin or hint)


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            body = json.loads(await request.read())
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise _Refused("The body is to be a JSON object.")
    return body


def _json(body: Any, *, status: int = 200) -> web.Response:
    return web.json_response(body, status=status)


@web.middleware
async def _guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer nobody who comes over another page or name, and tell a refusal in words."""
    origin = request.headers.get("Origin")
    if request.url.host not in OWN_HOSTS or origin not in (None, str(request.url.origin())):
        return _json({"error": "This interface is for this machine alone."}, status=403)
    try:
        return await handler(request)
    except _Refused as error:
        return _json({"error": str(error)}, status=400)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return _json({"error": error.reason}, status=error.status)
