"""A push channel on one user's calendar: how it lives, and whether it tells what it should (T5, T6)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from hashlib import sha256
from hmac import compare_digest
from typing import Final

from daemon.core.schedule import pause
from daemon.secret import Secret

LIFE_ASKED: Final = timedelta(days=7)
"""What is asked for; how long a channel lives is Google's to say (Push notifications)."""
LINGER: Final = timedelta(hours=1)
"""A message that Google could not deliver at once may come after its channel has ended."""
RENEW_FROM: Final = 0.55
RENEW_SPREAD: Final = 0.25
"""A channel is renewed at a chosen moment between these parts of its life, so that not all are at once."""
REFUSED_FOR: Final = timedelta(hours=24)
"""A calendar that tells nobody of its changes is unlikely to begin to."""
ADDRESS_REFUSED_FOR: Final = timedelta(hours=1)
"""What keeps an address from being called, or a user from being known, is somebody's to mend."""
ADDRESS_REFUSALS: Final = "push."
"""How Google's words for what is wrong with our own address begin."""
LIMITED: Final = "rate-limited"
"""Why there is no channel yet: too many requests, which is nobody's refusal."""
GRACE: Final = timedelta(minutes=2)
"""How much later than the poll a push may come and still count as having told."""
MISSES_MAX: Final = 2
"""Google loses a small share of its messages; so many in a row, with none between, are no accident."""


class ChannelState(Enum):
    """What a row is about; `REFUSED` is no channel, but remembers that there is none and until when."""

    OPENING = "opening"
    ACTIVE = "active"
    EXPIRING = "expiring"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Target:
    """Which calendar is listened to, where that is told, and the service account it is asked with."""

    calendar: str
    url: str
    maker: str


@dataclass(frozen=True, slots=True)
class Opened:
    """What Google answers to a channel that it opened."""

    resource_id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Channel:
    """One subscription, from before it is asked for until it cannot tell anything any more."""

    id: str
    user: str
    target: Target
    token_hash: str
    """SHA-256 of what Google is to show with each message; the token itself is not kept."""
    state: ChannelState
    made_at: datetime
    expires_at: datetime
    renew_at: datetime | None = None
    resource_id: str = ""
    heard_at: datetime | None = None
    """When any message came last, the greeting included: the way from Google to us is open."""
    pushed_at: datetime | None = None
    """When a message of a change came last."""
    found_at: datetime | None = None
    """Since when a change that the poll found is waiting to be told by a push."""
    misses: int = 0
    silences: int = 0
    """How many channels in a row, before this one, were replaced because they told nothing."""
    attempts: int = 0
    retry_at: datetime | None = None
    reason: str = ""

    @property
    def is_silent(self) -> bool:
        """It did not tell what it should have: polled at full rate, and replaced."""
        return self.misses >= MISSES_MAX

    def is_healthy(self, now: datetime) -> bool:
        """Tell whether its user may be polled less often: it is open, was heard, and told what it should."""
        is_open = self.state in (ChannelState.ACTIVE, ChannelState.EXPIRING)
        return (
            is_open and self.expires_at > now and self.heard_at is not None and not self.is_silent
        )

    def is_over(self, now: datetime) -> bool:
        """Tell whether no message of it can come any more."""
        return self.state is not ChannelState.REFUSED and self.expires_at + LINGER <= now

    def is_paused(self, now: datetime) -> bool:
        """Tell whether what failed about it is not to be tried again yet."""
        return self.retry_at is not None and self.retry_at > now


# Opening and ending


def begun(
    name: str, user: str, target: Target, token: Secret, *, now: datetime, before: Channel | None
) -> Channel:
    """Return the row of a channel that is about to be asked for, in place of `before`."""
    return Channel(
        id=name,
        user=user,
        target=target,
        token_hash=_hashed(token.reveal()),
        state=ChannelState.OPENING,
        made_at=now,
        expires_at=now + LIFE_ASKED,
        silences=before.silences + 1 if before and before.is_silent else 0,
    )


def opened(channel: Channel, answer: Opened, *, now: datetime, chance: float) -> Channel:
    """Return the channel as Google opened it; `chance` in [0, 1) spreads its renewal."""
    life = answer.expires_at - now
    return replace(
        channel,
        state=ChannelState.ACTIVE,
        resource_id=answer.resource_id,
        expires_at=answer.expires_at,
        renew_at=now + life * (RENEW_FROM + RENEW_SPREAD * chance),
        attempts=0,
        retry_at=None,
        reason="",
    )


def unclear(channel: Channel, attempts: int, *, now: datetime, chance: float) -> Channel:
    """Return a channel that may be open, since nobody heard the answer; the next try has another id."""
    return put_off(channel, "unclear", pause(attempts, chance), attempts=attempts + 1, now=now)


def refused(
    channel: Channel, reason: str, wait: timedelta, attempts: int, *, now: datetime
) -> Channel:
    """Return what is remembered of a channel that Google did not open."""
    gone = replace(channel, state=ChannelState.REFUSED)
    return put_off(gone, reason, wait, attempts=attempts + 1, now=now)


def put_off(
    channel: Channel, reason: str, wait: timedelta, *, attempts: int, now: datetime
) -> Channel:
    """Return the channel with what failed about it, to be tried again after this time."""
    return replace(channel, reason=reason, retry_at=now + wait, attempts=attempts)


def ending(channel: Channel) -> Channel:
    """Return a channel that was replaced: valid until it is stopped."""
    return replace(channel, state=ChannelState.EXPIRING, attempts=0, retry_at=None, reason="")


# Hearing


def proves(channel: Channel | None, token: str) -> bool:
    """Tell whether a message shows this channel's token, in the same time whatever is wrong."""
    kept = channel.token_hash if channel is not None else _hashed("")
    is_same = compare_digest(_hashed(token), kept)
    return is_same and channel is not None and channel.state is not ChannelState.REFUSED


def heard(channel: Channel, *, resource_id: str, is_news: bool, now: datetime) -> Channel:
    """Return a channel of which a message came; `is_news` is false for the greeting of a new one.

    The greeting of a channel whose opening nobody heard of tells by what it can be stopped.
    """
    alive = replace(channel, heard_at=now, resource_id=channel.resource_id or resource_id)
    return replace(alive, pushed_at=now, found_at=None, misses=0) if is_news else alive


def found(channel: Channel, now: datetime) -> Channel:
    """Return a channel after the poll found a change: a push must have told it lately, or tell it soon."""
    is_told = channel.pushed_at is not None and channel.pushed_at + GRACE > now
    if is_told or channel.found_at is not None or channel.state is ChannelState.OPENING:
        return channel
    return replace(channel, found_at=now)


def judged(channel: Channel, now: datetime) -> Channel:
    """Return a channel with a miss counted where a change that the poll found was never told."""
    if channel.found_at is None or channel.found_at + GRACE > now:
        return channel
    return replace(channel, found_at=None, misses=channel.misses + 1)


def _hashed(token: str) -> str:
    # A header may hold bytes that are no text; aiohttp passes them on as surrogates.
    return sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
