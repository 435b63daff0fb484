"""All push channels in memory: what the store keeps of them, and what was heard since.

A push must be answered at once, whatever the database is doing; so it is looked up here.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from daemon.core.channel import GRACE, Channel, ChannelState, found, heard, judged, proves

RESOURCE_ID_MAX: Final = 256
SAVED_EVERY: Final = timedelta(hours=1)
"""How old what the store says of a channel's latest message may be: a push is to cost no write."""


class Register:
    """The channels by id and by user; it is loaded at the start and changed by the keeper alone."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._channels: dict[str, Channel] = {}
        self._kept: dict[str, Channel] = {}
        self._of: dict[str, dict[str, None]] = {}
        self._looked: dict[str, datetime] = {}
        self._in_vain: set[str] = set()
        self.on_silent: Callable[[str], None] = lambda user: None
        """Told whose channel has just been found not to tell what it should."""

    # Keeping

    @property
    def channels(self) -> Iterable[Channel]:
        """All channels, as they are now."""
        return self._channels.values()

    def channel(self, name: str) -> Channel | None:
        """Return one channel by its id."""
        return self._channels.get(name)

    def of(self, user: str) -> list[Channel]:
        """Return a user's channels."""
        return [self._channels[name] for name in self._of.get(user, ())]

    def keep(self, channels: Iterable[Channel]) -> None:
        """Take what the store has just kept."""
        for channel in channels:
            latest = self._channels.get(channel.id, channel)
            self._channels[channel.id] = _with_heard(channel, latest)
            self._kept[channel.id] = channel
            self._of.setdefault(channel.user, {})[channel.id] = None

    def drop(self, names: Iterable[str]) -> None:
        """Forget what the store has just forgotten."""
        for name in names:
            channel = self._channels.pop(name, None)
            self._kept.pop(name, None)
            if channel is not None:
                del self._of[channel.user][name]
                if not self._of[channel.user]:
                    del self._of[channel.user]
                    self._looked.pop(channel.user, None)
                    self._in_vain.discard(channel.user)

    def unsaved(self) -> list[Channel]:
        """Return the channels of which the store is to be told what was heard."""
        kept = self._kept
        return [one for one in self._channels.values() if _is_news(one, kept[one.id])]

    # Hearing

    def hear(self, name: str, token: str, resource_id: str, *, is_news: bool) -> str | None:
        """Take a message and return whose calendar it is about, `None` for one that is not of ours.

        A channel of which Google's answer is still on its way has no resource id to compare yet.
        """
        channel = self._channels.get(name)
        if not proves(channel, token) or channel is None:
            return None
        if not 0 < len(resource_id) <= RESOURCE_ID_MAX:
            return None
        if channel.resource_id not in ("", resource_id):
            return None
        now = self._now()
        self._channels[name] = heard(channel, resource_id=resource_id, is_news=is_news, now=now)
        return channel.user

    # Health

    def is_healthy(self, user: str) -> bool:
        """Tell whether a push will tell of this user's changes, so that the poll may be slower."""
        now = self._now()
        return any(channel.is_healthy(now) for channel in self.of(user))

    def looked(self, user: str, has_changes: bool) -> None:
        """Take note of a look at what changed since the last one, and of whether anything had."""
        now, before = self._now(), self._looked.get(user)
        if user in self._of:
            self._looked[user] = now
            (self._in_vain.discard if has_changes else self._in_vain.add)(user)
        for channel in self.of(user):
            # What changed before the channel was surely open it did not have to tell.
            was_open = before is not None and before >= channel.made_at + GRACE
            if channel.state is ChannelState.ACTIVE and has_changes and was_open:
                self._channels[channel.id] = found(channel, now)
        self._judge(user, now)

    def found_nothing(self, user: str) -> bool:
        """Tell whether the latest look at what changed found that nothing had."""
        return user in self._in_vain

    def judge(self) -> None:
        """Count what should have been told by now and was not."""
        now = self._now()
        for user in [c.user for c in self._channels.values() if c.found_at is not None]:
            self._judge(user, now)

    def _judge(self, user: str, now: datetime) -> None:
        for channel in self.of(user):
            after = judged(channel, now)
            self._channels[channel.id] = after
            if after.is_silent and not channel.is_silent:
                self.on_silent(user)


def _with_heard(channel: Channel, latest: Channel) -> Channel:
    """Return a channel with the messages that came while it was being stored."""
    before = channel.heard_at
    if latest.heard_at is None or (before is not None and latest.heard_at <= before):
        return channel
    return replace(
        channel,
        heard_at=latest.heard_at,
        pushed_at=latest.pushed_at,
        found_at=latest.found_at,
        misses=latest.misses,
    )


def _is_news(channel: Channel, kept: Channel) -> bool:
    if channel is kept:
        return False
    if (channel.misses, channel.resource_id) != (kept.misses, kept.resource_id):
        return True
    heard_at, before = channel.heard_at, kept.heard_at
    return heard_at is not None and (before is None or heard_at >= before + SAVED_EVERY)
