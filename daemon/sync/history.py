"""What the history says of a change: which fields had which value before and after (D7)."""

from datetime import date, datetime
from enum import Enum
from typing import Any

from daemon.core.entry import AllDay, Entry, Timed
from daemon.core.link import Side
from daemon.core.reconcile import Action, Create, Forget, Remove, Write
from daemon.core.record import Change, Record


def change_of(record: Record, action: Action, word: str, after: Entry, now: datetime) -> Change:
    """Return the line of history for an action that was carried out."""
    side = action.side if isinstance(action, Create | Write | Remove) else Side.SEVERA
    seen = record.link.seen(side)
    before = seen.entry if seen and isinstance(action, Write | Remove) else Entry()
    names = after.known() or (before.known() if isinstance(action, Remove) else {})
    return Change(
        at=now,
        entry=record.link.id,
        user=record.user,
        side=side,
        action=word,
        cause=record.cause,
        rule="" if isinstance(action, Forget) else action.rule,
        fields={
            name: {"before": plain(getattr(before, name)), "after": plain(getattr(after, name))}
            for name in sorted(names)
        },
    )


def plain(value: Any) -> Any:
    """Return a field's value in JSON form; unknown is null."""
    match value:
        case Timed():
            return {"start": plain(value.start), "end": plain(value.end)}
        case AllDay():
            return {"first": plain(value.first), "until": plain(value.until)}
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case Enum():
            return None
        case frozenset():
            return sorted(person.address for person in value)
    return value
