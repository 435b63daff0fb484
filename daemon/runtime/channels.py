"""Runs the keeper of push channels beside the sync, and says how each user's changes in Google become known."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

from daemon.core.channel import LIMITED, Channel, ChannelState
from daemon.core.channel_plan import shown
from daemon.errors import SyncError
from daemon.runtime.budget import Lane, lane
from daemon.runtime.people import iso
from daemon.sync.channels import ChannelKeeper
from daemon.sync.register import Register
from daemon.sync.tools import Tools
from daemon.web.notifications import PATH

LOOK_EVERY: Final = timedelta(minutes=1)
"""How soon it is noticed what nobody told of."""
TURN_PAUSE: Final = timedelta(seconds=1)
LAST_CALL_SECONDS: Final = 1.0
STOP_SECONDS: Final = 3.0
"""How long a stop of the daemon may be held up by telling Google."""
NO_ADDRESS: Final = (
    "Without [web] public_url Google cannot push: its changes are found by the poll alone."
)


def push_address(public_url: str | None) -> str:
    """Return where Google is to push to, empty for nowhere."""
    return f"{public_url}{PATH}" if public_url else ""


class ChannelLoop:
    """Lets the keeper do what is due, when it is due or somebody asks; at the end every channel is stopped."""

    def __init__(
        self,
        keeper: ChannelKeeper,
        *,
        now: Callable[[], datetime],
        report: Callable[..., None],
        woken: asyncio.Event,
    ) -> None:
        """`woken` may also be set by whoever knows of a change and not of this."""
        self.keeper = keeper
        self._now, self._report, self._woken = now, report, woken
        self._limit: asyncio.Timeout | None = None
        self._is_stopping = False
        self._told = ""

    def wake(self) -> None:
        """Ask for a look at what is due; one that is under way is followed by another."""
        self._woken.set()

    def stop(self) -> None:
        """Begin nothing new; `run` returns within seconds."""
        self._is_stopping = True
        if self._limit is not None and not self._limit.expired():
            self._limit.reschedule(asyncio.get_running_loop().time() + LAST_CALL_SECONDS)
        self._woken.set()

    async def run(self) -> None:
        """Run until stopped, then stop the channels, as far as that goes quickly."""
        while not self._is_stopping:
            self._woken.clear()
            wait = await self._turn()
            with suppress(TimeoutError):
                async with asyncio.timeout(0 if self._is_stopping else wait.total_seconds()):
                    await self._woken.wait()
        # Urgent, as the deadline is short and whatever else still waits was begun before the stop.
        with suppress(SyncError), lane(Lane.URGENT):
            await self.keeper.stop_all(STOP_SECONDS)

    async def _turn(self) -> timedelta:
        try:
            async with asyncio.timeout(None) as self._limit:
                with lane(Lane.BACKGROUND):
                    next_at = await self.keeper.keep()
        except TimeoutError:
            return timedelta()
        except SyncError as error:
            if str(error) != self._told:
                self._report("channels.failed", reason=str(error))
            self._told = str(error)
            return LOOK_EVERY
        finally:
            self._limit = None
        self._told = ""
        return LOOK_EVERY if next_at is None else _bounded(next_at - self._now())


def channel_loop(
    tools: Tools,
    register: Register,
    *,
    url: str,
    notice: Callable[[str], object],
    woken: asyncio.Event,
) -> ChannelLoop:
    """Return the loop with its keeper, which is woken when a channel is found silent; see both for the rest."""
    keeper = ChannelKeeper(tools, register, url=url, notice=notice)

    def silent(user: str) -> None:
        tools.report("channel.silent", user=user)
        woken.set()

    register.on_silent = silent
    return ChannelLoop(keeper, now=tools.now, report=tools.report, woken=woken)


def _bounded(wait: timedelta) -> timedelta:
    return min(max(wait, TURN_PAUSE), LOOK_EVERY)


def column(channels: Iterable[Channel], *, is_enabled: bool, now: datetime) -> str | None:
    """Return what `users` says of a user's channel, `None` for who does not use the sync."""
    return shown(tuple(channels), now) if is_enabled else None


def problems(channels: Iterable[Channel], emails: dict[str, str]) -> list[dict[str, Any]]:
    """Return for whom Google refused a channel, why, and when it is tried again."""
    return [
        {"user": emails.get(c.user, c.user), "problem": c.reason, "due": iso(c.retry_at)}
        for c in channels
        if c.state is ChannelState.REFUSED and c.reason != LIMITED
    ]
