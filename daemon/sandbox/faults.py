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
from typing import Any, Literal

from aiohttp import web

Kind = Literal["refuse", "lose_reply", "cut", "delay"]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Refusal = Callable[[int], Any]

JOURNAL_MAX = 10_000
USER = web.RequestKey("USER", str)
"""Who made the request; a handler sets it when it knows, for the journal."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong: where, what, how often, and how many calls to spare first.

    ``refuse`` answers before anything is done, ``lose_reply`` carries the call out and closes the
    connection, ``cut`` carries it out and answers half the body, ``delay`` waits ``seconds`` first.
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

    def concerns(self, vendor: str, operation: str) -> bool:
        """Tell whether a call is one that this fault may hit."""
        return self.vendor in ("*", vendor) and self.operation in ("*", operation)


@dataclass(frozen=True, slots=True)
class Call:
    """One request that was dealt with; ``status`` is 0 where the reply was lost on purpose."""

    at: datetime
    vendor: str
    operation: str
    user: str
    method: str
    path: str
    status: int


@dataclass(frozen=True, slots=True)
class _Chance:
    probability: float
    rng: Random
    kinds: Sequence[Kind]
    fault: Fault


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
        self._chances: list[_Chance] = []
        self._refusals: dict[str, Refusal] = {}

    @property
    def pending(self) -> tuple[Fault, ...]:
        """The ordered faults that have not been used up, as they stand now."""
        return tuple(self._orders)

    def order(self, fault: Fault) -> None:
        """Let a fault happen at the next calls that it concerns."""
        assert fault.times > 0, "A fault that is ordered happens at least once."
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
    ) -> None:
        """Let each concerned call fail with a probability, in one of the kinds, until ``clear``."""
        fault = Fault(vendor, operation, "refuse", status=status, seconds=seconds)
        self._chances.append(_Chance(probability, rng, tuple(kinds), fault))

    def clear(self) -> None:
        """Let nothing go wrong any more; the journal stays."""
        self._orders.clear()
        self._chances.clear()

    def speak(self, vendor: str, refusal: Refusal) -> None:
        """Name the body (JSON-able) of a vendor's refusals that are ordered without one."""
        self._refusals[vendor] = refusal

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Do what was ordered for this call and note it in the journal."""
        vendor, _, operation = (request.match_info.route.name or "").partition(":")
        if not operation:
            return await handler(request)
        fault = self._due(vendor, operation)
        status = 500
        try:
            answer = await self._answer(request, handler, vendor, fault)
            status = 0 if fault is not None and fault.kind == "lose_reply" else answer.status
        except web.HTTPException as refusal:
            status = refusal.status
            raise
        finally:
            user = request.get(USER, "")
            now, path = self.clock(), request.path
            self.journal.append(Call(now, vendor, operation, user, request.method, path, status))
        return answer

    def _due(self, vendor: str, operation: str) -> Fault | None:
        """Count the call against every order that it concerns and take the first that is due."""
        taken: Fault | None = None
        kept: list[Fault] = []
        for fault in self._orders:
            if not fault.concerns(vendor, operation):
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
        return taken or self._by_chance(vendor, operation)

    def _by_chance(self, vendor: str, operation: str) -> Fault | None:
        for chance in self._chances:
            concerned = chance.fault.concerns(vendor, operation)
            if concerned and chance.rng.random() < chance.probability:
                return replace(chance.fault, kind=chance.rng.choice(chance.kinds))
        return None

    async def _answer(
        self, request: web.Request, handler: Handler, vendor: str, fault: Fault | None
    ) -> web.StreamResponse:
        if fault is None:
            return await handler(request)
        if fault.kind == "refuse":
            return self._refused(vendor, fault)
        if fault.kind == "delay":
            await self.sleep(fault.seconds)
            return await handler(request)
        answer = await handler(request)
        if fault.kind == "cut":
            return _cut(answer)
        if request.transport is not None:
            request.transport.close()
        return answer

    def _refused(self, vendor: str, fault: Fault) -> web.Response:
        body = fault.body
        if body is None and vendor in self._refusals:
            body = self._refusals[vendor](fault.status)
        if body is None or isinstance(body, str | bytes):
            return web.Response(status=fault.status, headers=fault.headers, body=body or b"")
        headers = {"Content-Type": "application/json; charset=utf-8", **fault.headers}
        return web.Response(status=fault.status, headers=headers, text=json.dumps(body))


def _cut(answer: web.StreamResponse) -> web.StreamResponse:
    if not isinstance(answer, web.Response) or not isinstance(answer.body, bytes):
        return answer
    headers = {k: v for k, v in answer.headers.items() if k.lower() != "content-length"}
    half = answer.body[: len(answer.body) // 2]
    return web.Response(status=answer.status, headers=headers, body=half)
