"""The questions about entries."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    Select,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    union,
)

from daemon.core.link import Deed, Side, Stand
from daemon.core.record import Record
from daemon.store.codec import decode_link
from daemon.store.rows import Row, claim_rows, copy_rows, link_row, member_rows, turn_rows
from daemon.store.tables import IS_LIVING, NEEDS_ATTENTION, claim, copy, link, member, turn

CHUNK: Final = 500
"""How many values are bound in one list; SQLite has a limit, and long statements are slow to build."""

_RECORD = select(
    link.c.document,
    link.c.due_at,
    link.c.attempts,
    link.c.problem,
    link.c.cause,
    link.c.noticed_at,
    link.c.looked_at,
)

_VALUES: Final[BindParameter[str]] = bindparam("values", expanding=True)

_OF_ACTIVITIES: Final = _RECORD.where(link.c.activity_ref.in_(_VALUES))

_OF_EVENTS: Final = _RECORD.where(
    link.c.id.in_(
        union(
            select(copy.c.link_id).where(copy.c.ref.in_(_VALUES)),
            select(claim.c.link_id).where(
                claim.c.side == Side.GOOGLE.value, claim.c.ref.in_(_VALUES)
            ),
        )
    )
)

_OF_UIDS: Final = _RECORD.where(
    link.c.id.in_(select(copy.c.link_id).where(copy.c.uid.in_(_VALUES)))
)

_DROP: Final = delete(link).where(link.c.id.in_(_VALUES))


def by_id(connection: Connection, link_id: str) -> Record | None:
    """Return one entry."""
    found = _records(connection, _RECORD.where(link.c.id == link_id))
    return found[0] if found else None


def of_activities(connection: Connection, refs: Sequence[str]) -> tuple[Record, ...]:
    """Return the entries whose Severa side has one of these guids."""
    return _each_once(connection, _OF_ACTIVITIES, refs)


def of_events(
    connection: Connection, refs: Sequence[str], uids: Sequence[str]
) -> tuple[Record, ...]:
    """Return the entries with a copy, or a claim in Google, under one of these ids or iCalUIDs."""
    under_refs = _each_once(connection, _OF_EVENTS, refs)
    return _merged(under_refs, _each_once(connection, _OF_UIDS, uids))


def creating(connection: Connection, user: str | None) -> tuple[Record, ...]:
    """Return the entries that have a claim to create an activity (of this owner)."""
    asked = select(claim.c.link_id).where(
        claim.c.side == Side.SEVERA.value, claim.c.deed == Deed.CREATE.value
    )
    if user is not None:
        asked = asked.where(claim.c.user == user)
    return _records(connection, _RECORD.where(link.c.id.in_(asked)).order_by(link.c.id))


def of_user(connection: Connection, user: str, after: str, limit: int) -> tuple[Record, ...]:
    """Return a user's entries in order of link id: owned, shared, or with a copy on the calendar."""
    ids = union(
        select(link.c.id).where(link.c.owner == user, link.c.id > after),
        select(member.c.link_id).where(member.c.user == user, member.c.link_id > after),
        select(copy.c.link_id).where(copy.c.user == user, copy.c.link_id > after),
    )
    page = select(ids.subquery().c.id).order_by("id").limit(limit)
    return _records(connection, _RECORD.where(link.c.id.in_(page)).order_by(link.c.id))


def due(
    connection: Connection, now: datetime, users: Sequence[str], limit: int, unread_only: bool
) -> tuple[Record, ...]:
    """Return the entries that these users take part in and that are due, the longest due first."""
    ids = select(turn.c.link_id).where(turn.c.user.in_(_VALUES), turn.c.due_at <= now)
    if unread_only:
        ids = ids.where(turn.c.is_unread)
    first = ids.group_by(turn.c.link_id).order_by(func.min(turn.c.due_at), turn.c.link_id)
    found = _each_once(connection, _RECORD.where(link.c.id.in_(first.limit(limit))), users)
    return tuple(sorted(found, key=lambda record: (record.due_at, record.link.id))[:limit])


def count_due(connection: Connection, user: str) -> int:
    """Count the entries that this user takes part in and that have something left to do."""
    return _count(connection, select(func.count()).where(turn.c.user == user))


def activities_between(
    connection: Connection, users: Sequence[str], start: datetime, end: datetime
) -> tuple[str, ...]:
    """Return the guids of these users' Severa sides that overlap the window for certain."""
    owned = select(link.c.activity_ref).where(
        link.c.owner.in_(_VALUES), link.c.ends_at > start, link.c.starts_at < end
    )
    shared = (
        select(link.c.activity_ref)
        .join(member)
        .where(member.c.user.in_(_VALUES), member.c.ends_at > start, member.c.starts_at < end)
    )
    refs: set[str] = set()
    for chunk in _chunks(users):
        refs.update(connection.scalars(union(owned, shared), {"values": chunk}))
    return tuple(sorted(refs))


def unlooked(
    connection: Connection, users: Sequence[str], before: datetime, limit: int
) -> tuple[Record, ...]:
    """Return these users' entries with a Severa side last looked at before this, the oldest first."""
    never = _unlooked(connection, users, limit, lambda looked_at: looked_at.is_(None))
    # Asked apart: with OR, SQLite would walk the whole index to find that few are left.
    rest = _unlooked(connection, users, limit, lambda looked_at: looked_at < before)
    return (*never, *sorted(rest, key=_looked))[:limit]


def _unlooked(
    connection: Connection,
    users: Sequence[str],
    limit: int,
    fits: Callable[[Column[datetime]], ColumnElement[bool]],
) -> tuple[Record, ...]:
    """Return the oldest looks that fit, at least `limit` where there are, in order of link id."""
    owned = select(link.c.id, link.c.looked_at).where(
        link.c.activity_ref.is_not(None), link.c.owner.in_(_VALUES), fits(link.c.looked_at)
    )
    # One with many members must not fill the page alone.
    shared = select(member.c.link_id, member.c.looked_at).distinct()
    shared = shared.where(member.c.user.in_(_VALUES), fits(member.c.looked_at))
    first = union(_oldest(owned, limit), _oldest(shared, limit)).subquery()
    page = select(first.c.id).order_by(first.c.looked_at, first.c.id).limit(limit)
    return _each_once(connection, _RECORD.where(link.c.id.in_(page)), users)


def _oldest(asked: Select[Any], limit: int) -> Select[Any]:
    # SQLite takes an order within a union only in a query of its own.
    ids, looked_at = asked.selected_columns
    return select(asked.order_by(looked_at, ids).limit(limit).subquery())


def _looked(record: Record) -> tuple[datetime, str]:
    assert record.looked_at is not None, "asked for as looked at before some time"
    return record.looked_at, record.link.id


def living_activity(connection: Connection, other_than: Sequence[str]) -> str:
    """Return the guid of the Severa side seen alive most recently besides these, or nothing."""
    excluded = frozenset(other_than)
    newest = (
        select(link.c.activity_ref)
        .where(IS_LIVING)
        .order_by(link.c.looked_at.desc(), link.c.id.desc())
        .limit(len(excluded) + 1)
    )
    found = connection.scalars(newest).all()
    return next((ref for ref in found if ref is not None and ref not in excluded), "")


def count_linked(connection: Connection, user: str | None) -> int:
    """Count the entries that both sides held when they last agreed (of this owner)."""
    asked = select(func.count()).select_from(link).where(link.c.is_linked.is_(True))
    return _count(connection, asked if user is None else asked.where(link.c.owner == user))


def count_held(connection: Connection, user: str | None) -> int:
    """Count the links (of this owner) that are held: it is a removal that waits."""
    asked = _held(is_linked=True)
    return _count(connection, asked if user is None else asked.where(link.c.owner == user))


def count_held_creations(connection: Connection, user: str) -> int:
    """Count the entries of this owner that are held and have one side only: a creation waits."""
    return _count(connection, _held(is_linked=False).where(link.c.owner == user))


def _held(*, is_linked: bool) -> Select[int]:
    # As a condition it would draw SQLite to the index of all links; the other two are the words of the small one.
    count = func.count().filter(link.c.is_linked.is_(is_linked))
    return select(count).where(NEEDS_ATTENTION, link.c.stand == Stand.HELD.value)


def count_shared(connection: Connection, user: str) -> int:
    """Count the links that the user owns, takes part in, or has on the calendar."""
    linked = link.c.is_linked.is_(True)
    ids = union(
        select(link.c.id).where(linked, link.c.owner == user),
        select(member.c.link_id).join(link).where(linked, member.c.user == user),
        select(copy.c.link_id).join(link).where(linked, copy.c.user == user),
    )
    return _count(connection, select(func.count()).select_from(ids.subquery()))


def needing_attention(connection: Connection, user: str | None) -> tuple[Record, ...]:
    """Return the entries (of this owner) that have a problem or do not take part."""
    asked = _RECORD.where(NEEDS_ATTENTION).order_by(link.c.owner, link.c.id)
    return _records(connection, asked if user is None else asked.where(link.c.owner == user))


def save(connection: Connection, records: Sequence[Record]) -> None:
    """Keep these entries; one whose link is empty is dropped, of two versions the later stays."""
    latest = {record.link.id: record for record in records}
    # Dropped and made again, so that two entries can trade an activity or a copy in one go.
    for chunk in _chunks(latest):
        connection.execute(_DROP, {"values": chunk})
    kept = [record for record in latest.values() if not record.link.is_empty]
    _insert(connection, link, [link_row(record) for record in kept])
    _insert(connection, copy, [row for record in kept for row in copy_rows(record)])
    _insert(connection, member, [row for record in kept for row in member_rows(record)])
    _insert(connection, claim, [row for record in kept for row in claim_rows(record)])
    _insert(connection, turn, [row for record in kept for row in turn_rows(record)])


def _insert(connection: Connection, table: Table, rows: list[Row]) -> None:
    # An empty list would insert a row of defaults.
    if rows:
        connection.execute(insert(table), rows)


def _records(
    connection: Connection, asked: Select[Any], values: Sequence[str] = ()
) -> tuple[Record, ...]:
    rows = connection.execute(asked, {"values": values} if values else None)
    return tuple(Record(decode_link(document), *rest) for document, *rest in rows)


def _each_once(
    connection: Connection, asked: Select[Any], values: Iterable[str]
) -> tuple[Record, ...]:
    return _merged(
        record for chunk in _chunks(values) for record in _records(connection, asked, chunk)
    )


def _merged(*found: Iterable[Record]) -> tuple[Record, ...]:
    by_id = {record.link.id: record for records in found for record in records}
    return tuple(by_id[link_id] for link_id in sorted(by_id))


def _count(connection: Connection, asked: Select[int]) -> int:
    return connection.execute(asked).scalar_one()


def _chunks(values: Iterable[str]) -> Iterator[list[str]]:
    """Split what is asked for, each once and without the empty, into lists that can be bound."""
    distinct = sorted({value for value in values if value})
    for start in range(0, len(distinct), CHUNK):
        yield distinct[start : start + CHUNK]
