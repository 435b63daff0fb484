"""The JSON form of what the documents of the store are made of: entries, instants and the document itself.

Fields that are `UNKNOWN` are left out, instants are ISO 8601 in UTC with `Z`, dates are ISO 8601.
"""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

from daemon.core.entry import (
    AllDay,
    Answer,
    Entry,
    Half,
    Nothing,
    People,
    Timed,
    When,
    address_in,
    entry_of,
)
from daemon.core.recurrence import Recurrence
from daemon.errors import SyncError

Json = dict[str, Any]

FORMAT: Final = 1
"""What this version writes; raise it when an older version could not read the result."""


def document(**members: Any) -> str:
    """Return the text of a document with these members, those that are `None` left out."""
    # Escaping to ASCII lets a lone surrogate through, which vendors' JSON can carry and SQLite cannot.
    return json.dumps({"format": FORMAT, **sparse(**members)}, separators=(",", ":"))


def opened(text: str) -> Json:
    """Return the members of a document; one in a newer format raises `SyncError`."""
    raw: Json = json.loads(text)
    if raw["format"] > FORMAT:
        raise SyncError("The database was written by a newer severa-gcal; install that version.")
    return raw


def sparse(**members: Any) -> Json:
    """Return the members that are not `None`."""
    return {name: value for name, value in members.items() if value is not None}


def instant_out(at: datetime | None) -> str | None:
    """Return an instant as text."""
    if at is None:
        return None
    assert at.tzinfo is not None, "An instant has a time zone."
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def instant_in(text: str | None) -> datetime | None:
    """Return an instant from its text."""
    return datetime.fromisoformat(text) if text is not None else None


def original_out(original: datetime | date | None) -> str | None:
    """Return where a series would have an occurrence, as text: an instant or a day."""
    if original is None or isinstance(original, datetime):
        return instant_out(original)
    return original.isoformat()


def original_in(text: str | None) -> datetime | date | None:
    """Return where a series would have an occurrence, from its text."""
    if text is None or "T" in text:
        return instant_in(text)
    return date.fromisoformat(text)


def entry_to_json(entry: Entry) -> Json:
    """Return the known fields in JSON form, by name."""
    return {name: _field_out(name, value) for name, value in entry.known().items()}


def entry_from_json(raw: Mapping[str, Any]) -> Entry:
    """Return the entry with these fields, the others unknown."""
    return entry_of({name: _field_in(name, value) for name, value in raw.items()})


def half_to_json(half: Half) -> Json | str:
    """Return half of a base in JSON form: the fields of an entry, or the word for none."""
    return half.value if isinstance(half, Nothing) else entry_to_json(half)


def half_from_json(raw: Json | str) -> Half:
    """Return half of a base from its JSON form."""
    return Nothing(raw) if isinstance(raw, str) else entry_from_json(raw)


def _field_out(name: str, value: Any) -> Any:
    match name:
        case "when":
            return _when_out(value)
        case "people":
            return [[address, answer.value] for address, answer in value.answers]
        case _:
            return value.value if address_in(name) else value


def _field_in(name: str, raw: Any) -> Any:
    match name:
        case "when":
            return _when_in(raw)
        case "people":
            return People.of({address: Answer(answer) for address, answer in raw})
        case _:
            return Answer(raw) if address_in(name) else raw


def _when_out(when: When) -> Json:
    match when:
        case Timed(start, end, recurrence):
            span = sparse(start=instant_out(start), end=instant_out(end))
        case AllDay(first, until, recurrence):
            span = sparse(first=first.isoformat(), until=until.isoformat() if until else None)
    if recurrence:
        span["recurrence"] = {"lines": list(recurrence.lines), "zone": recurrence.zone}
    return span


def _when_in(raw: Json) -> When:
    recurrence = None
    if "recurrence" in raw:
        recurrence = Recurrence(tuple(raw["recurrence"]["lines"]), raw["recurrence"]["zone"])
    if "start" in raw:
        return Timed(datetime.fromisoformat(raw["start"]), instant_in(raw.get("end")), recurrence)
    until = date.fromisoformat(raw["until"]) if "until" in raw else None
    return AllDay(date.fromisoformat(raw["first"]), until, recurrence)
