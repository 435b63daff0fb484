"""Hands out turns to call a vendor: lanes first, then the users of a lane round robin, each with a bounded wait."""

import asyncio
import heapq
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from contextvars import Context
from dataclasses import dataclass, field
from typing import Final, Protocol

from daemon.errors import RateLimited

WAIT_MAX_S: Final = 120.0
"""Nobody waits longer for a turn: whoever asked puts the work off instead, and others have the slot."""
WAITING_MAX: Final = 100_000
"""How many may wait at most, over all users."""
PATIENCE: Final = 8
"""How many turns a lane lets pass to more urgent ones before one is its own."""


class Pace(Protocol):
    """Says when units may go, by seconds of the monotonic clock, and counts those that went."""

    def wait_s(self, units: int, now: float) -> float:
        """Return after how many seconds these units may go, as far as all users together are concerned."""
        ...

    def user_wait_s(self, user: str, units: int, now: float) -> float:
        """Return after how many seconds they may go as far as this user alone is concerned."""
        ...

    def take(self, user: str, units: int, now: float) -> None:
        """Count units that go now."""
        ...


@dataclass(slots=True, eq=False)
class _Ticket:
    user: str
    units: int
    deadline: float
    granted: asyncio.Future[None]


@dataclass(slots=True, eq=False)
class _Lane:
    """The tickets of one lane by user; whose turn it is next comes first."""

    tickets: OrderedDict[str, deque[_Ticket]] = field(default_factory=OrderedDict)
    passed: int = 0
    """How many turns went to more urgent lanes while somebody waited here."""

    def put(self, ticket: _Ticket) -> None:
        self.tickets.setdefault(ticket.user, deque()).append(ticket)

    def head(self) -> _Ticket | None:
        """Return the ticket whose turn it is; those that nobody waits for any more are dropped on the way."""
        while self.tickets:
            user, waiting = next(iter(self.tickets.items()))
            while waiting and waiting[0].granted.done():
                waiting.popleft()
            if waiting:
                return waiting[0]
            del self.tickets[user]
        return None

    def granted(self, ticket: _Ticket) -> None:
        """Take the ticket away and let its user be the last in turn."""
        self.tickets[ticket.user].popleft()
        self.tickets.move_to_end(ticket.user)
        self.passed = 0


class Turns:
    """A queue of everybody who waits to call one vendor.

    One task hands out the turns while anybody waits, and ends with the last. A user who has to wait for the own limit
    is set apart until then, so that it costs the others nothing.
    """

    def __init__(
        self,
        pace: Pace,
        *,
        lanes: int,
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._pace, self._monotonic, self._sleep = pace, monotonic, sleep
        self._lanes = [_Lane() for _ in range(lanes)]
        self._apart: dict[str, list[deque[_Ticket] | None]] = {}
        """Users who wait for their own limit, with their tickets in each lane."""
        self._back_at: list[tuple[float, str]] = []
        self._arrived: deque[_Ticket] = deque()
        """All that wait, in order of their deadlines; some of the granted ones too, until they come first."""
        self._handing: asyncio.Task[None] | None = None
        self._nap: asyncio.Future[None] | None = None
        self.waited_s = [0.0] * lanes
        """How many seconds were waited so far in each lane."""
        self.refused = 0
        """How many were sent away because their turn would have come too late."""

    @property
    def waiting(self) -> int:
        """Return how many wait, some of those that had their turn among them."""
        return len(self._arrived)

    async def wait(self, user: str, units: int, lane: int) -> None:
        """Wait until these units may go.

        Raises:
            RateLimited: It would take longer than `WAIT_MAX_S`, or too many wait already; nothing was spent.
        """
        now = self._monotonic()
        wait_s = self._longest_s(user, units, now)
        if wait_s > WAIT_MAX_S or len(self._arrived) >= WAITING_MAX:
            self.refused += 1
            raise _too_late(wait_s)
        if not wait_s and not self._handing:
            self._pace.take(user, units, now)
            return
        ticket = self._queued(user, units, lane, now)
        try:
            await ticket.granted
        finally:
            if ticket.granted.cancel():
                self.look_again()  # Whoever waited was cancelled, and may have been the last.
            self.waited_s[lane] += self._monotonic() - now

    def look_again(self) -> None:
        """Let whoever hands out turns find that a limit has changed."""
        if self._nap is not None:
            self._nap.cancel()

    def _longest_s(self, user: str, units: int, now: float) -> float:
        own_s = self._pace.user_wait_s(user, units, now)
        return max(self._pace.wait_s(units, now), own_s)

    def _queued(self, user: str, units: int, lane: int, now: float) -> _Ticket:
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        ticket = _Ticket(user, units, now + WAIT_MAX_S, granted)
        self._arrived.append(ticket)
        if (apart := self._apart.get(user)) is not None:
            waiting = apart[lane]
            apart[lane] = waiting = deque() if waiting is None else waiting
            waiting.append(ticket)
        else:
            self._lanes[lane].put(ticket)
        if self._handing is None:
            # In a context of its own: it outlives the call that happened to start it.
            self._handing = asyncio.create_task(self._hand_out(), name="turns", context=Context())
        else:
            self.look_again()
        return ticket

    async def _hand_out(self) -> None:
        try:
            while wait_s := self._hand_out_now():
                await self._rest(wait_s)
        finally:
            self._handing = None
            for ticket in self._arrived:
                ticket.granted.cancel()  # None is left, unless this was cancelled or has a fault.
            self._arrived.clear()

    def _hand_out_now(self) -> float:
        """Give everybody a turn who may have one now; return after how long to go on, 0 when nobody waits."""
        while True:
            now = self._monotonic()
            self._bring_back(now)
            self._send_away(now)
            if not self._arrived:
                return 0.0
            lane = self._next_lane()
            ticket = lane.head() if lane else None
            if lane is None or ticket is None:
                return max(self._soonest() - now, 0.001)
            own_s = self._pace.user_wait_s(ticket.user, ticket.units, now)
            if own_s > 0:
                self._set_apart(ticket.user, now + own_s)
            elif wait_s := self._pace.wait_s(ticket.units, now):
                return max(min(wait_s, self._soonest() - now), 0.001)
            else:
                self._grant(ticket, lane, now)

    def _next_lane(self) -> _Lane | None:
        """Return the most urgent lane in which somebody waits, or a lesser one that has let enough turns pass."""
        filled = [lane for lane in self._lanes if lane.head()]
        tired = [lane for lane in filled[1:] if lane.passed >= PATIENCE]
        return next(iter(tired + filled), None)

    def _grant(self, ticket: _Ticket, lane: _Lane, now: float) -> None:
        self._pace.take(ticket.user, ticket.units, now)
        for lesser in self._lanes[self._lanes.index(lane) + 1 :]:
            lesser.passed = lesser.passed + 1 if lesser.tickets else 0
        lane.granted(ticket)
        ticket.granted.set_result(None)

    def _set_apart(self, user: str, until: float) -> None:
        self._apart[user] = [lane.tickets.pop(user, None) for lane in self._lanes]
        heapq.heappush(self._back_at, (until, user))

    def _bring_back(self, now: float) -> None:
        while self._back_at and self._back_at[0][0] <= now:
            _, user = heapq.heappop(self._back_at)
            for lane, waiting in zip(self._lanes, self._apart.pop(user), strict=True):
                if waiting:
                    lane.tickets[user] = waiting

    def _send_away(self, now: float) -> None:
        """Tell those whose time is over, or for whom a limit lasts longer than they may wait."""
        while self._arrived and self._arrived[0].granted.done():
            self._arrived.popleft()
        pause_s = self._pace.wait_s(1, now)
        while self._arrived and (self._arrived[0].deadline <= now or pause_s > WAIT_MAX_S):
            ticket = self._arrived.popleft()
            if not ticket.granted.done():
                self.refused += 1
                ticket.granted.set_exception(_too_late(pause_s))

    def _soonest(self) -> float:
        """Return when somebody comes back, or has waited too long."""
        back_at = self._back_at[0][0] if self._back_at else float("inf")
        return min(back_at, self._arrived[0].deadline)

    async def _rest(self, seconds: float) -> None:
        async def nap() -> None:
            await self._sleep(seconds)

        self._nap = asyncio.ensure_future(nap())
        try:
            await asyncio.wait([self._nap])
        finally:
            self._nap.cancel()
            self._nap = None


def _too_late(wait_s: float) -> RateLimited:
    told = "It would have to wait too long for the vendor's limit."
    return RateLimited(told, retry_after=max(wait_s, 1.0))
