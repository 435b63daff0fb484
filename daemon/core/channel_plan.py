"""What is to be done about everybody's push channels now, and when there is something to do next (T6)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from daemon.core.account import Account, State
from daemon.core.channel import (
    ADDRESS_REFUSALS,
    GRACE,
    LIMITED,
    LINGER,
    Channel,
    ChannelState,
    Target,
)

ORPHANS_MAX: Final = 3
"""Of so many channels that may be open, but nobody heard so, a user's messages are taken."""
SILENT_FIRST: Final = timedelta(minutes=10)
SILENT_MAX: Final = timedelta(hours=24)
"""A channel that tells nothing is replaced at growing distances: perhaps nothing gets through at all."""
POLL_ONLY: Final = "poll only"
LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_FAILED: Final = frozenset({ChannelState.OPENING, ChannelState.REFUSED})


@dataclass(frozen=True, slots=True)
class Opening:
    """A channel to open, in place of `before` where there is one."""

    user: str
    target: Target
    before: Channel | None = None
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done, the most urgent first; `next_at` is when something else will be due."""

    open: tuple[Opening, ...] = ()
    stop: tuple[Channel, ...] = ()
    """Each with the resource id that it takes to stop it."""
    forget: tuple[Channel, ...] = ()
    next_at: datetime | None = None


def targets(
    accounts: Iterable[Account], *, url: str, maker: str, domains: Collection[str]
) -> dict[str, Target]:
    """Return whose calendars are to be listened to: all who use the sync and are not paused (A7)."""
    used = (a for a in accounts if not a.bar(domains) and a.state is not State.PAUSED)
    return {a.user.guid: Target(a.user.email, url, maker) for a in used}


def planned(wanted: Mapping[str, Target], channels: Iterable[Channel], now: datetime) -> Plan:
    """Return what is to be done for these users and about these channels."""
    rows: dict[str, list[Channel]] = {user: [] for user in wanted}
    blocked: dict[str, datetime] = {}
    for channel in sorted(channels, key=lambda row: (row.made_at, row.id)):
        rows.setdefault(channel.user, []).append(channel)
        if (until := _blocks(channel, now)) is not None:
            blocked[channel.target.url] = max(until, blocked.get(channel.target.url, until))
    plans = [_of_user(user, wanted.get(user), of, blocked, now) for user, of in rows.items()]
    openings = sorted((one for plan in plans for one in plan.open), key=_urgency)
    times = [plan.next_at for plan in plans if plan.next_at is not None]
    return Plan(
        open=tuple(openings),
        stop=tuple(channel for plan in plans for channel in plan.stop),
        forget=tuple(channel for plan in plans for channel in plan.forget),
        next_at=min(times, default=None),
    )


def current(rows: Sequence[Channel], target: Target | None, now: datetime) -> Channel | None:
    """Return the newest open channel on this target, of rows in the order in which they were made."""
    live = (
        row
        for row in reversed(rows)
        if row.state is ChannelState.ACTIVE and row.target == target and row.expires_at > now
    )
    return next(live, None)


def renewal_at(channel: Channel) -> datetime:
    """Return when an open channel is to be replaced: early in its life where it tells nothing."""
    early = channel.renew_at or channel.expires_at
    if not channel.is_silent:
        return early
    wait: timedelta = min(SILENT_FIRST * 4 ** min(channel.silences, 8), SILENT_MAX)
    return min(early, channel.made_at + wait)


def shown(channels: Sequence[Channel], now: datetime) -> str:
    """Return in a word how an enabled user's changes in Google become known."""
    live = [row for row in channels if row.expires_at > now]
    active = [row for row in live if row.state is ChannelState.ACTIVE]
    if any(row.is_healthy(now) for row in active):
        return "open"
    if any(row.is_silent or row.made_at + GRACE <= now for row in active):
        return "silent"
    if active:
        return ChannelState.OPENING.value
    for state in (ChannelState.OPENING, ChannelState.EXPIRING):
        if any(row.state is state for row in live):
            return str(state.value)
    failed = {row.reason for row in channels if row.state is ChannelState.REFUSED}
    if failed - {LIMITED}:
        return ChannelState.REFUSED.value
    return ChannelState.OPENING.value if failed else POLL_ONLY


def _of_user(
    user: str,
    target: Target | None,
    rows: Sequence[Channel],
    blocked: Mapping[str, datetime],
    now: datetime,
) -> Plan:
    over = tuple(row for row in rows if row.is_over(now))
    rows = [row for row in rows if row not in over]
    live = current(rows, target, now) if target is not None else None
    if target is None:
        return _ended(rows, keep=None, forget=over, now=now)
    if live is not None and renewal_at(live) > now:
        return _ended(rows, keep=live, forget=over, now=now)
    return _tried(user, target, live, rows, over, blocked, now)


def _tried(
    user: str,
    target: Target,
    live: Channel | None,
    rows: Sequence[Channel],
    over: tuple[Channel, ...],
    blocked: Mapping[str, datetime],
    now: datetime,
) -> Plan:
    """Open a new channel unless a try failed lately; what is open meanwhile stays so."""
    failed = [row for row in rows if row.target == target and row.state in _FAILED]
    waits = [row.retry_at for row in failed if row.retry_at is not None]
    until = max([*waits, *filter(None, [blocked.get(target.url)])], default=now)
    stale = [r for r in rows if r.state is ChannelState.REFUSED and r.target != target]
    surplus = [r for r in rows if r.state is ChannelState.OPENING][:-ORPHANS_MAX]
    lost = [row for row in surplus if not _resource_of(row, rows)]
    ended = [row for row in rows if row.state is ChannelState.EXPIRING or row in surplus]
    ended = [row for row in ended if row not in lost]
    rest = _ended(ended, keep=None, forget=(*over, *stale, *lost), now=now, among=rows)
    if until > now:
        return Plan((), rest.stop, rest.forget, min(filter(None, [rest.next_at, until])))
    attempts = max((row.attempts for row in failed), default=0)
    return Plan((Opening(user, target, live, attempts),), rest.stop, rest.forget, rest.next_at)


def _ended(
    rows: Sequence[Channel],
    *,
    keep: Channel | None,
    forget: tuple[Channel, ...],
    now: datetime,
    among: Sequence[Channel] = (),
) -> Plan:
    """Stop all of these but one; what cannot be stopped is heard until it has ended by itself."""
    stop: list[Channel] = []
    gone = list(forget)
    times = [renewal_at(keep)] if keep is not None else []
    for row in rows:
        if row is keep:
            continue
        if row.state is ChannelState.REFUSED:
            gone.append(row)
            continue
        is_waiting = row.state is not ChannelState.OPENING and row.is_paused(now)
        resource_id = row.resource_id or _resource_of(row, among or rows)
        if resource_id and not is_waiting and row.expires_at > now:
            stop.append(_stoppable(row, resource_id))
        else:
            until = row.retry_at if is_waiting and row.retry_at is not None else None
            times.append(until if until is not None else row.expires_at + LINGER)
    return Plan((), tuple(stop), tuple(gone), min(times, default=None))


def _blocks(channel: Channel, now: datetime) -> datetime | None:
    """Return until when nobody need ask with this address: what one is refused for it, all are."""
    is_refused = channel.state is ChannelState.REFUSED and channel.is_paused(now)
    is_ours = channel.reason.startswith(ADDRESS_REFUSALS)
    return channel.retry_at if is_refused and is_ours else None


def _resource_of(channel: Channel, rows: Iterable[Channel]) -> str:
    """Return a calendar's resource id from another channel on it: it is the same for all (channels.stop)."""
    same = (row.resource_id for row in rows if row.target.calendar == channel.target.calendar)
    return next(filter(None, same), "")


def _stoppable(channel: Channel, resource_id: str) -> Channel:
    return channel if channel.resource_id else replace(channel, resource_id=resource_id)


def _urgency(opening: Opening) -> tuple[bool, datetime]:
    """Who has no channel at all comes first."""
    before = opening.before
    return before is not None, before.expires_at if before else LONG_AGO
