"""Faults, ordered or left to chance, for the sandbox's servers, and a journal of their calls.

A route takes part when its name is ``vendor:operation`` (``google:events.insert``). The middleware
must be the outermost one, so that what is carried out before a lost reply is carried out whole.
"""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from random import Random
from typing import Any, Literal, get_args

from aiohttp import web

Kind = Literal["refuse", "html", "drop", "lose_reply", "late", "cut", "delay", "short", "repeat"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Refusal = Callable[[int], Any]
Named = Callable[[str], tuple[int, Any] | None]
Who = Callable[[web.Request], Awaitable[str]]

JOURNAL_MAX = 10_000
PAGES_MAX = 200
USER = web.RequestKey("USER", str)
"""Who made the request; a handler sets it when it knows, for the journal."""
PAGE_MAX = web.RequestKey("PAGE_MAX", int)
"""Set where a listing is to show fewer entries on its page than it was asked for."""

_HTML = (
    "<!DOCTYPE html>\n<html><head><title>Error</title></head><body><h1>Error</h1></body></html>\n"
)
_UNANSWERED = ("drop", "lose_reply", "late")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong: where, for whom, what, how often, and how many calls to spare first.

    Before anything is done, ``refuse`` answers with ``status`` and ``body``, or with the vendor's
    refusal of the name ``error``; ``html`` answers a page; ``drop`` closes the connection; ``delay``
    waits ``seconds`` and goes on, client or no client. Carried out, but ``lose_reply`` closes the connection, ``cut``
    answers half the body, and ``late`` closes the connection at once and acts ``seconds`` later.
    Of listings, ``short`` shows one entry on the page, ``repeat`` the page before once more.
    ``where`` must occur in the path with its query.
    """

    vendor: str
    operation: str
    kind: Kind
    status: int = 503
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    times: int = 1
    after: int = 0
    user: str = "*"
    where: str = ""
    error: str = ""

    def concerns(self, vendor: str, operation: str, user: str = "", where: str = "") -> bool:
        """Tell whether a call is one that this fault may hit."""
        return (
            self.vendor in ("*", vendor)
            and self.operation in ("*", operation)
            and self.user in ("*", user)
            and self.where in where
        )


@dataclass(frozen=True, slots=True)
class Call:
    """One request that was dealt with; ``status`` is 0 where it went unanswered on purpose."""

    at: datetime
    vendor: str
    operation: str
    user: str
    method: str
    path: str
    status: int
    query: str = ""
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Chance:
    """Calls that fail with a probability, each in one of the kinds; ``fault`` says which and how."""

    probability: float
    rng: Random
    kinds: Sequence[Kind]
    fault: Fault


@dataclass(frozen=True, slots=True)
class _Vendor:
    refusal: Refusal
    named: Named | None
    who: Who | None


class Faults:
    """What shall go wrong, and the journal of what was answered."""

    def __init__(
        self,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.clock = clock
        self.journal: deque[Call] = deque(maxlen=JOURNAL_MAX)
        self.sleep = sleep
        self._orders: list[Fault] = []
        self._chances: list[Chance] = []
        self._vendors: dict[str, _Vendor] = {}
        self._pages: dict[tuple[str, str, str, str], web.Response] = {}
        self._going: set[asyncio.Task[web.StreamResponse]] = set()

    @property
    def pending(self) -> tuple[Fault, ...]:
        """The ordered faults that have not been used up, as they stand now."""
        return tuple(self._orders)

    @property
    def chances(self) -> tuple[Chance, ...]:
        """What is left to chance."""
        return tuple(self._chances)

    def order(self, fault: Fault) -> None:
        """Let a fault happen at the next calls that it concerns."""
        assert fault.times > 0, "A fault that is ordered happens at least once."
        assert fault.kind in KINDS, "A fault is of a kind that is known."
        self._orders.append(fault)

    def chance(
        self,
        probability: float,
        rng: Random,
        kinds: Sequence[Kind] = ("refuse", "lose_reply", "cut", "delay"),
        *,
        vendor: str = "*",
        operation: str = "*",
        status: int = 503,
        seconds: float = 0.01,
        user: str = "*",
    ) -> None:
        """Let each concerned call fail with a probability, in one of the kinds, until ``clear``."""
        fault = Fault(vendor, operation, "refuse", status=status, seconds=seconds, user=user)
        self._chances.append(Chance(probability, rng, tuple(kinds), fault))

    def clear(self) -> None:
        """Let nothing go wrong any more; the journal stays."""
        self._orders.clear()
        self._chances.clear()
        self._pages.clear()

    def speak(
        self,
        vendor: str,
        refusal: Refusal,
        *,
        named: Named | None = None,
        who: Who | None = None,
    ) -> None:
        """Teach a vendor's refusals (JSON-able): by status, by name; and how it tells who calls.

        ``vendor:operation`` teaches those of one operation that refuses in words of its own.
        """
        self._vendors[vendor] = _Vendor(refusal, named, who)

    def named(self, vendor: str, operation: str, error: str) -> tuple[int, Any] | None:
        """Return status and body of a refusal by its name, None where there is none."""
        for name in (f"{vendor}:{operation}", vendor):
            speaker = self._vendors.get(name)
            found = speaker.named(error) if speaker and speaker.named else None
            if found is not None:
                return found
        return None

    def taken(self, vendor: str, operation: str, user: str = "", where: str = "") -> Fault | None:
        """Count a call against every order that it concerns and take the first that is due."""
        taken: Fault | None = None
        kept: list[Fault] = []
        for fault in self._orders:
            if not fault.concerns(vendor, operation, user, where):
                kept.append(fault)
            elif fault.after > 0:
                kept.append(replace(fault, after=fault.after - 1))
            elif taken is not None:
                kept.append(fault)
            else:
                taken = fault
                if fault.times > 1:
                    kept.append(replace(fault, times=fault.times - 1))
        self._orders = kept
        return taken or self._by_chance(vendor, operation, user)

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Do what was ordered for this call and note it in the journal."""
        vendor, _, operation = (request.match_info.route.name or "").partition(":")
        if not operation:
            return await handler(request)
        user = await self._who(vendor, request)
        fault = self.taken(vendor, operation, user, request.path_qs)
        status = 500
        try:
            answer = await self._answer(request, handler, (vendor, operation, user), fault)
            status = 0 if fault is not None and fault.kind in _UNANSWERED else answer.status
        except web.HTTPException as refusal:
            status = refusal.status
            raise
        except asyncio.CancelledError:
            status = 0
            raise
        finally:
            self._note(request, vendor, operation, status, fault)
        return answer

    def _note(
        self, request: web.Request, vendor: str, operation: str, status: int, fault: Fault | None
    ) -> None:
        call = Call(
            at=self.clock(),
            vendor=vendor,
            operation=operation,
            user=request.get(USER, ""),
            method=request.method,
            path=request.path,
            status=status,
            query=request.query_string,
            fault=fault.kind if fault else "",
        )
        self.journal.append(call)

    async def _who(self, vendor: str, request: web.Request) -> str:
        speaker = self._vendors.get(vendor)
        is_asked = any(one.user != "*" or one.kind == "repeat" for one in self._orders)
        is_asked = is_asked or bool(self._chances)
        return await speaker.who(request) if is_asked and speaker and speaker.who else ""

    def _by_chance(self, vendor: str, operation: str, user: str) -> Fault | None:
        for chance in self._chances:
            concerned = chance.fault.concerns(vendor, operation, user)
            if concerned and chance.rng.random() < chance.probability:
                return replace(chance.fault, kind=chance.rng.choice(chance.kinds))
        return None

    async def _answer(
        self,
        request: web.Request,
        handler: Handler,
        call: tuple[str, str, str],
        fault: Fault | None,
    ) -> web.StreamResponse:
        if fault is None:
            return self._kept((*call, request.path), await handler(request))
        match fault.kind:
            case "refuse":
                return self._refused(call, fault)
            case "html":
                return _page(fault)
            case "drop":
                return _closed(request)
            case "delay" | "late":
                return await self._waited(request, handler, fault)
            case _:
                return await self._carried_out(request, handler, call, fault)

    async def _carried_out(
        self, request: web.Request, handler: Handler, call: tuple[str, str, str], fault: Fault
    ) -> web.StreamResponse:
        if fault.kind == "short":
            request[PAGE_MAX] = 1
        listing = (*call, request.path)
        earlier = self._pages.get(listing)
        answer = self._kept(listing, await handler(request))
        if fault.kind == "cut":
            return _cut(answer)
        if fault.kind == "lose_reply":
            _closed(request)
        if fault.kind == "repeat" and earlier is not None:
            return _again(earlier)
        return answer

    async def _waited(
        self, request: web.Request, handler: Handler, fault: Fault
    ) -> web.StreamResponse:
        """Carry a call out after a while, also when its client has gone by then."""
        # The body is with us before that.
        await request.read()
        if fault.kind == "late":
            _closed(request)

        async def act() -> web.StreamResponse:
            await self.sleep(fault.seconds)
            return await handler(request)

        task = asyncio.create_task(act(), name=f"{fault.kind} {request.path}")
        self._going.add(task)
        task.add_done_callback(self._going.discard)
        return await asyncio.shield(task)

    def _kept(
        self, listing: tuple[str, str, str, str], answer: web.StreamResponse
    ) -> web.StreamResponse:
        """Keep a page of a listing while one is to be repeated."""
        may_repeat = any(one.kind == "repeat" for one in self._orders) or any(
            "repeat" in one.kinds for one in self._chances
        )
        is_page = listing[1].endswith((".list", ".instances")) and answer.status == 200
        if may_repeat and is_page and isinstance(answer, web.Response):
            self._pages[listing] = _again(answer)
            if len(self._pages) > PAGES_MAX:
                del self._pages[next(iter(self._pages))]
        return answer

    def _refused(self, call: tuple[str, str, str], fault: Fault) -> web.Response:
        vendor, operation, _ = call
        status, body = fault.status, fault.body
        if fault.error:
            found = self.named(vendor, operation, fault.error)
            assert found is not None, f"{vendor} has no refusal named {fault.error}."
            status, body = found
        speaker = self._vendors.get(f"{vendor}:{operation}") or self._vendors.get(vendor)
        if body is None and speaker is not None:
            body = speaker.refusal(status)
        if body is None or isinstance(body, str | bytes):
            return web.Response(status=status, headers=fault.headers, body=body or b"")
        headers = {"Content-Type": "application/json; charset=utf-8", **fault.headers}
        return web.Response(status=status, headers=headers, text=json.dumps(body))


def _page(fault: Fault) -> web.Response:
    headers = {"Content-Type": "text/html; charset=UTF-8", **fault.headers}
    return web.Response(status=fault.status, headers=headers, text=_HTML)


def _closed(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.close()
    return web.Response(status=500)


def _again(answer: web.Response) -> web.Response:
    """Return an answer that can be sent apart from the one it is taken from."""
    headers = {k: v for k, v in answer.headers.items() if k.lower() != "content-length"}
    body = answer.body if isinstance(answer.body, bytes) else b""
    return web.Response(status=answer.status, headers=headers, body=body)


def _cut(answer: web.StreamResponse) -> web.StreamResponse:
    if not isinstance(answer, web.Response) or not isinstance(answer.body, bytes):
        return answer
    headers = {k: v for k, v in answer.headers.items() if k.lower() != "content-length"}
    half = answer.body[: len(answer.body) // 2]
    return web.Response(status=answer.status, headers=headers, body=half)
