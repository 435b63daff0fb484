"""The questions about push channels, and the form in which each is kept."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select

from daemon.core.channel import Channel, ChannelState, Target
from daemon.store.tables import channel
from daemon.store.values import document, instant_in, instant_out, opened

_INSTANTS = (
    "made_at",
    "expires_at",
    "renew_at",
    "heard_at",
    "pushed_at",
    "found_at",
    "retry_at",
)
_PLAIN = ("token_hash", "resource_id", "misses", "silences", "attempts", "reason")


def all_channels(connection: Connection) -> tuple[Channel, ...]:
    """Return every channel, ordered by user and id."""
    asked = select(channel).order_by(channel.c.user, channel.c.id)
    return tuple(_decoded(row.id, row.user, row.document) for row in connection.execute(asked))


def by_id(connection: Connection, name: str) -> Channel | None:
    """Return one channel."""
    row = connection.execute(select(channel).where(channel.c.id == name)).one_or_none()
    return _decoded(row.id, row.user, row.document) if row is not None else None


def save(connection: Connection, kept: Sequence[Channel]) -> None:
    """Keep these channels, each in place of what was kept under its id."""
    forget(connection, [one.id for one in kept])
    rows = {one.id: {"id": one.id, "user": one.user, "document": _encoded(one)} for one in kept}
    if rows:
        connection.execute(insert(channel), list(rows.values()))


def forget(connection: Connection, names: Sequence[str]) -> None:
    """Drop these channels."""
    if names:
        gone = delete(channel).where(channel.c.id == bindparam("gone"))
        connection.execute(gone, [{"gone": name} for name in names])


def _encoded(kept: Channel) -> str:
    target = kept.target
    return document(
        state=kept.state.value,
        calendar=target.calendar,
        url=target.url,
        maker=target.maker,
        **{name: instant_out(getattr(kept, name)) for name in _INSTANTS},
        **{name: getattr(kept, name) or None for name in _PLAIN},
    )


def _decoded(name: str, user: str, text: str) -> Channel:
    raw = opened(text)
    instants: dict[str, Any] = {
        field: instant_in(raw[field]) for field in _INSTANTS if field in raw
    }
    return Channel(
        id=name,
        user=user,
        target=Target(raw["calendar"], raw["url"], raw["maker"]),
        state=ChannelState(raw["state"]),
        **instants,
        **{field: raw[field] for field in _PLAIN if field in raw},
    )
