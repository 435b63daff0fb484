"""The questions about the history, and about what vendors held of entries that were taken away (rule D7)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, delete, func, insert, select

from daemon.core.link import Side
from daemon.core.record import Change
from daemon.store.codec import decode_fields, encode_fields
from daemon.store.tables import IS_REMOVAL, history, original

ORIGINALS_MAX: Final = 5_000
"""How many objects of vendors are kept at most; the history's age bounds them as well."""


def add(connection: Connection, changes: Sequence[Change]) -> None:
    """Append to the history; the ids are given here."""
    if changes:
        connection.execute(insert(history), [_row(change) for change in changes])


def add_destroying(connection: Connection, change: Change, locked: bytes) -> None:
    """Append a change with what the vendor held, locked, and let go of the oldest where there are too many."""
    (change_id,) = connection.execute(insert(history), _row(change)).inserted_primary_key or (0,)
    connection.execute(insert(original), {"change_id": change_id, "ciphertext": locked})
    newest = select(original.c.change_id).order_by(original.c.change_id.desc())
    over = newest.offset(ORIGINALS_MAX).limit(1).scalar_subquery()
    connection.execute(delete(original).where(original.c.change_id <= over))


def original_of(connection: Connection, change_id: int) -> bytes | None:
    """Return what the vendor held of what a change took away, locked."""
    return connection.scalar(select(original.c.ciphertext).where(original.c.change_id == change_id))


def by_id(connection: Connection, change_id: int) -> Change | None:
    """Return one change."""
    row = connection.execute(select(history).where(history.c.id == change_id)).first()
    return _change(row) if row else None


def latest(
    connection: Connection,
    *,
    user: str | None,
    entry: str | None,
    since: datetime | None,
    before: int | None,
    limit: int,
) -> tuple[Change, ...]:
    """Return the changes that fit, the newest first; `before` is the id to go on from."""
    asked = select(history).order_by(history.c.id.desc()).limit(limit)
    if user is not None:
        asked = asked.where(history.c.user == user)
    if entry is not None:
        asked = asked.where(history.c.entry == entry)
    if since is not None:
        # Without a first id SQLite would walk back through everything to fill the page.
        first = select(func.min(history.c.id)).where(history.c.at >= since).scalar_subquery()
        asked = asked.where(history.c.at >= since, history.c.id >= first)
    if before is not None:
        asked = asked.where(history.c.id < before)
    return tuple(_change(row) for row in connection.execute(asked))


def count_removals(connection: Connection, since: datetime, user: str | None) -> int:
    """Count the removals made since then (of this user's entries)."""
    asked = select(func.count()).select_from(history).where(IS_REMOVAL, history.c.at >= since)
    if user is not None:
        asked = asked.where(history.c.user == user)
    return connection.execute(asked).scalar_one()


def of_entry(connection: Connection, entry: str, since: datetime, limit: int) -> tuple[Change, ...]:
    """Return what was done to an entry since then, the newest first."""
    asked = select(history).where(history.c.entry == entry, history.c.at >= since)
    return _newest(connection, asked, limit)


def creations(connection: Connection, user: str, since: datetime, limit: int) -> tuple[Change, ...]:
    """Return the creations made since then for this user, the newest first."""
    is_creation = history.c.action == "created"
    asked = select(history).where(history.c.user == user, history.c.at >= since, is_creation)
    return _newest(connection, asked, limit)


def prune(connection: Connection, before: datetime) -> int:
    """Drop what is older, and return how much that was."""
    return connection.execute(delete(history).where(history.c.at < before)).rowcount


def _newest(connection: Connection, asked: Select[Any], limit: int) -> tuple[Change, ...]:
    rows = connection.execute(asked.order_by(history.c.id.desc()).limit(limit))
    return tuple(_change(row) for row in rows)


def _row(change: Change) -> dict[str, object]:
    return {
        "at": change.at,
        "entry": change.entry,
        "user": change.user,
        "side": change.side.value,
        "action": change.action,
        "cause": change.cause,
        "rule": change.rule,
        "fields": encode_fields(change.fields),
    }


def _change(row: Row[tuple[object, ...]]) -> Change:
    return Change(
        at=row.at,
        entry=row.entry,
        user=row.user,
        side=Side(row.side),
        action=row.action,
        cause=row.cause,
        rule=row.rule,
        fields=decode_fields(row.fields),
        id=row.id,
    )
