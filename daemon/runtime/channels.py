"""Runs the keeper of push channels beside the sync, and says how each user's changes in Google become known."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

from daemon.core.channel import LIMITED, Channel, ChannelState
from daemon.core.channel_plan import shown
from daemon.errors import SyncError
from daemon.runtime.people import iso
from daemon.sync.channels import ChannelKeeper
from daemon.web.notifications import PATH

LOOK_EVERY: Final = timedelta(minutes=1)
"""How soon it is noticed that somebody was paused, or is back."""
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
    ) -> None:
        self.keeper = keeper
        self._now, self._report = now, report
        self._woken = asyncio.Event()
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
        with suppress(SyncError):
            await self.keeper.stop_all(STOP_SECONDS)

    async def _turn(self) -> timedelta:
        try:
            async with asyncio.timeout(None) as self._limit:
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
