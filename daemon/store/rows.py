"""What is kept beside an entry's document, so that the entry is found."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from daemon.core.entry import AllDay, Timed
from daemon.core.record import Record
from daemon.core.seen import Activity
from daemon.store.codec import encode_link

Row = dict[str, Any]

FARTHEST_WEST: Final = timedelta(hours=12)
FARTHEST_EAST: Final = timedelta(hours=14)


def link_row(record: Record) -> Row:
    """Return the row of an entry."""
    entry = record.link
    starts_at, ends_at = _certain_span(entry.activity) if entry.activity else (None, None)
    return {
        "id": entry.id,
        "activity_ref": entry.activity.ref if entry.activity else None,
        "owner": record.user,
        "is_linked": entry.base.is_pair,
        "stand": entry.standing.stand.value,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "due_at": record.due_at,
        "attempts": record.attempts,
        "problem": record.problem,
        "cause": record.cause,
        "noticed_at": record.noticed_at,
        "looked_at": record.looked_at,
        "document": encode_link(entry),
    }


def copy_rows(record: Record) -> list[Row]:
    """Return the rows under which its events are found."""
    return [
        {"link_id": record.link.id, "user": seen.user, "ref": seen.ref, "uid": seen.uid}
        for seen in record.link.copies
    ]


def member_rows(record: Record) -> list[Row]:
    """Return the rows under which an activity is found for those who take part besides the owner.

    Who only has a copy of the event is no member in Severa, whose listings do not show it for them: no window.
    """
    activity = record.link.activity
    if activity is None:
        return []
    starts_at, ends_at = _certain_span(activity)
    row = {"link_id": record.link.id, "looked_at": record.looked_at}
    guests = {copy.user for copy in record.link.copies} - activity.members - {activity.user}
    members = [
        {**row, "user": user, "starts_at": starts_at, "ends_at": ends_at}
        for user in activity.members
    ]
    return [*members, *({**row, "user": u, "starts_at": None, "ends_at": None} for u in guests)]


def claim_rows(record: Record) -> list[Row]:
    """Return the rows under which the writes under way are found."""
    # The same write may be claimed twice: a first try may still be carried out late.
    distinct = {
        (made.side.value, made.deed.value, made.user, made.ref): None for made in record.link.claims
    }
    return [
        {"link_id": record.link.id, "side": side, "deed": deed, "user": user, "ref": ref}
        for side, deed, user, ref in distinct
    ]


def turn_rows(record: Record) -> list[Row]:
    """Return the rows of those in whose turn it is settled, none where it is."""
    if record.due_at is None:
        return []
    entry = record.link
    # An entry with nothing but a claim still has somebody in whose turn the claim is looked into.
    people = {
        record.user,
        *(entry.activity.members if entry.activity else ()),
        *(seen.user for seen in entry.copies),
        *(made.user for made in entry.claims),
        *entry.left,
    }
    row = {"link_id": entry.id, "due_at": record.due_at, "is_unread": bool(entry.unread)}
    return [{**row, "user": user} for user in people]


def _certain_span(activity: Activity) -> tuple[datetime | None, datetime | None]:
    """Return the instants before whose end and after whose start an activity is there for certain.

    A whole day begins up to 12 hours after midnight in UTC and ends up to 14 hours before it.
    """
    match activity.entry.when:
        case Timed(start, datetime() as end, None):
            return start, end
        case AllDay(first, date() as until, None) if until > date.min:
            return _midnight(first) + FARTHEST_WEST, _midnight(until) - FARTHEST_EAST
    return None, None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
