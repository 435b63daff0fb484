"""What the history says of a change: which fields had which value before and after (D7), there and back."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final

from daemon.core.entry import (
    FIELDS,
    PEOPLE,
    UNKNOWN,
    AllDay,
    Answer,
    Entry,
    People,
    Timed,
    Unknown,
    When,
    address_in,
    entry_of,
)
from daemon.core.link import Side
from daemon.core.record import Change, Record
from daemon.core.recurrence import Recurrence
from daemon.core.seen import Seen
from daemon.core.view import Action, Create, Forget, Remove, Write

LEFT_OUT: Final = "left out"
"""In the fields of a line: what was kept of an entry and did not come back with it; no field, so it is never undone."""


def change_of(record: Record, action: Action, word: str, after: Entry, now: datetime) -> Change:
    """Return the line of history for an action that was carried out."""
    side = action.side if isinstance(action, Create | Write | Remove) else Side.SEVERA
    before = record.link.shows(side) if isinstance(action, Write | Remove) else None
    return Change(
        at=now,
        entry=record.link.id,
        user=record.user,
        side=side,
        action=word,
        cause=record.cause,
        rule="" if isinstance(action, Forget) else action.rule,
        fields=fields_of(before or Entry(), after, is_whole=isinstance(action, Remove)),
    )


def fields_of(before: Entry, after: Entry, *, is_whole: bool = False) -> dict[str, dict[str, Any]]:
    """Return the fields that a change wrote; with `is_whole` those of an entry that went away."""
    names = after.known() or (before.known() if is_whole else {})
    return {
        name: {"before": plain(before.value(name)), "after": plain(after.value(name))}
        for name in sorted(names)
    }


def told_left_out(change: Change, made: Seen | None) -> Change:
    """Return the line of something that was made, with what the vendor did not take of what was kept of it."""
    if made is None or not made.left_out:
        return change
    left_out = {LEFT_OUT: {"before": ", ".join(made.left_out), "after": None}}
    return replace(change, fields={**change.fields, **left_out})


def past_of(change: Change) -> tuple[Entry, Entry]:
    """Return what a change found and what it wrote; fields that no version of ours knows are left out."""
    known = {name: v for name, v in change.fields.items() if name in FIELDS or address_in(name)}
    before, after = (
        entry_of({name: from_plain(name, values.get(which)) for name, values in known.items()})
        for which in ("before", "after")
    )
    return before, after


def plain(value: Any) -> Any:
    """Return a field's value in JSON form; what is unknown, or known in part only, is null."""
    match value:
        case Timed(start, end, recurrence):
            return {"start": plain(start), "end": plain(end)} | _repeating(recurrence)
        case AllDay(first, until, recurrence):
            return {"first": plain(first), "until": plain(until)} | _repeating(recurrence)
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case Answer():
            return value.value
        case People(answers, is_whole=True):
            return {address: answer.value for address, answer in answers}
        case Unknown() | People():
            return None
    return value


def _repeating(recurrence: Recurrence | None) -> dict[str, Any]:
    if recurrence is None:
        return {}
    return {"recurrence": {"lines": list(recurrence.lines), "zone": recurrence.zone}}


def from_plain(name: str, raw: Any) -> Any:
    """Return the value of a field from its JSON form."""
    if raw is None:
        return UNKNOWN
    return _READ.get("person" if address_in(name) else name, lambda value: value)(raw)


def _when(raw: Mapping[str, Any]) -> When:
    recurrence = None
    if "recurrence" in raw:
        recurrence = Recurrence(tuple(raw["recurrence"]["lines"]), raw["recurrence"]["zone"])
    if "start" in raw:
        end = datetime.fromisoformat(raw["end"]) if raw["end"] else None
        return Timed(datetime.fromisoformat(raw["start"]), end, recurrence)
    until = date.fromisoformat(raw["until"]) if raw["until"] else None
    return AllDay(date.fromisoformat(raw["first"]), until, recurrence)


def _people(raw: Mapping[str, str]) -> People:
    return People.of({address: Answer(answer) for address, answer in raw.items()})


_READ: Final[dict[str, Callable[[Any], Any]]] = {
    "when": _when,
    PEOPLE: _people,
    "person": Answer,
}
