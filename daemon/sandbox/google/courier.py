"""Brings push messages to the addresses of channels over real HTTP ("Push notifications").

A message says that something changed and nothing of what. It is lost where the receiver answers
anything but success, except for 500, 502, 503 and 504, after which it is tried again.
"""

import asyncio
from collections import deque
from datetime import UTC, datetime
from email.utils import format_datetime
from random import Random
from typing import Literal

import aiohttp

from daemon.sandbox.faults import Call, Faults
from daemon.sandbox.google.channels import Channel
from daemon.sandbox.google.world import GoogleWorld

WAITING_MAX = 1000
TRIED_AGAIN = (500, 502, 503, 504)
BACKOFF_MAX_S = 60.0

State = Literal["sync", "exists"]
Message = tuple[int, State]


class Courier:
    """Carries messages, those of one channel one after the other, while a server runs."""

    def __init__(self, world: GoogleWorld, faults: Faults, rng: Random) -> None:
        self._world = world
        self._faults = faults
        self._rng = rng
        self._http: aiohttp.ClientSession | None = None
        self._waiting: dict[str, deque[Message]] = {}
        self._rounds: dict[str, asyncio.Task[None]] = {}
        self._sent = 0

    async def start(self) -> None:
        """Begin to tell of changes."""
        self._http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        self._world.take_touched()
        self._world.changed.append(self.look)

    async def stop(self) -> None:
        """Drop what waits and close."""
        self._world.changed.remove(self.look)
        rounds = list(self._rounds.values())
        for one in rounds:
            one.cancel()
        await asyncio.gather(*rounds, return_exceptions=True)
        if self._http is not None:
            await self._http.close()

    def look(self) -> None:
        """Put a message on its way to each channel of a calendar that changed, whoever changed it."""
        for calendar in sorted(self._world.take_touched()):
            for channel in self._world.channels.live(calendar, self._now()):
                self._put(channel, self._numbered(channel, "exists"))

    async def greet(self, channel: Channel) -> None:
        """Send a new channel its sync message, before its watch is answered if the switch says so."""
        message = self._numbered(channel, "sync")
        if self._world.switches.push_sync_first:
            await self._deliver(channel, message)
        else:
            self._put(channel, message)

    def _numbered(self, channel: Channel, state: State) -> Message:
        gap = max(1, self._world.switches.push_number_gap)
        channel.number += 1 if state == "sync" else self._rng.randint(1, gap)
        return channel.number, state

    def _put(self, channel: Channel, message: Message) -> None:
        waiting = self._waiting.setdefault(channel.id, deque(maxlen=WAITING_MAX))
        waiting.append(message)
        if channel.id not in self._rounds:
            task = asyncio.create_task(self._round(channel, waiting), name=f"push {channel.id}")
            self._rounds[channel.id] = task

    async def _round(self, channel: Channel, waiting: deque[Message]) -> None:
        """Deliver what waits for one channel, then end."""
        try:
            while waiting:
                switches = self._world.switches
                if switches.push_delay_s:
                    await self._faults.sleep(switches.push_delay_s)
                if switches.push_merges:
                    last = waiting.pop()
                    waiting.clear()
                    waiting.append(last)
                if switches.push_swaps and len(waiting) > 1:
                    waiting[0], waiting[1] = waiting[1], waiting[0]
                await self._deliver(channel, waiting.popleft())
        finally:
            del self._rounds[channel.id]
            self._waiting.pop(channel.id, None)

    async def _deliver(self, channel: Channel, message: Message) -> None:
        switches = self._world.switches
        self._sent += 1
        if switches.push_loses_every and self._sent % switches.push_loses_every == 0:
            return
        for _ in range(2 if switches.push_doubles else 1):
            await self._tried(channel, message)

    async def _tried(self, channel: Channel, message: Message) -> None:
        """Send a message, again and again with growing pauses while the receiver is in trouble."""
        for attempt in range(self._world.switches.push_tries):
            if attempt:
                pause = self._world.switches.push_backoff_s * 2 ** (attempt - 1)
                await self._faults.sleep(min(pause, BACKOFF_MAX_S))
            if not self._world.channels.is_live(channel, self._now()):
                return
            fault = self._faults.taken("google", "push", channel.user, channel.address)
            kind = fault.kind if fault else ""
            if fault is not None and kind in ("delay", "late"):
                await self._faults.sleep(fault.seconds)
            is_lost = kind in ("refuse", "html", "drop")
            status = 0 if is_lost else await self._sent_once(channel, message)
            self._note(channel, status, kind)
            # A success that does not come back leads to a second message.
            if status not in TRIED_AGAIN and kind != "lose_reply":
                return

    async def _sent_once(self, channel: Channel, message: Message) -> int:
        """Send a message and return the answer's status, 0 for none."""
        assert self._http is not None, "The courier was started."
        timeout = aiohttp.ClientTimeout(total=self._world.switches.push_timeout_s)
        try:
            async with self._http.post(
                channel.address,
                data=b"",
                headers=self._headers(channel, message),
                timeout=timeout,
                allow_redirects=False,
            ) as answer:
                return answer.status
        except (aiohttp.ClientError, TimeoutError):
            return 0

    def _headers(self, channel: Channel, message: Message) -> dict[str, str]:
        expires = datetime.fromtimestamp(channel.expires / 1000, UTC)
        token = {"X-Goog-Channel-Token": channel.token} if channel.token else {}
        return {
            "User-Agent": "APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)",
            "Content-Type": "application/json; utf-8",
            "X-Goog-Channel-ID": channel.id,
            "X-Goog-Channel-Expiration": format_datetime(expires, usegmt=True),
            "X-Goog-Resource-State": message[1],
            "X-Goog-Message-Number": str(message[0]),
            "X-Goog-Resource-ID": channel.resource_id,
            "X-Goog-Resource-URI": channel.resource_uri,
            **token,
        }

    def _note(self, channel: Channel, status: int, fault: str) -> None:
        call = Call(
            at=self._world.clock(),
            vendor="google",
            operation="push",
            user=channel.user,
            # Not a client's call, so not to be counted with those.
            method="PUSH",
            path=channel.address,
            status=status,
            fault=fault,
        )
        self._faults.journal.append(call)

    def _now(self) -> int:
        return int(self._world.clock().timestamp() * 1000)
