"""What Google held of an event that was deleted, besides what is synced, as an event made again gets it; pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from daemon.core.entry import UNKNOWN, Entry
from daemon.google.notes import text_of
from daemon.google.translate import OUR_PROPERTIES

Event = Mapping[str, Any]

_GROUPS: Final = {
    "the colour": ("colorId",),
    "whether the time counts as free": ("transparency",),
    "the reminders": ("reminders",),
    "what guests may do": (
        "guestsCanInviteOthers",
        "guestsCanModify",
        "guestsCanSeeOtherGuests",
        "anyoneCanAddSelf",
    ),
    "the page it came from": ("source",),
}
"""What an insert takes as it was (Events: insert); its absence means Google's default."""
_ATTACHMENT: Final = ("fileUrl", "title", "mimeType", "iconLink")
_GUEST: Final = ("optional", "displayName", "resource")
"""What an organizer says of a guest; answers, comments and companions are the guest's own."""
_VISIBILITIES: Final = {"public": False, "confidential": True}
"""Spellings beside `default` and `private`, and whether they make an event private."""
_KINDS: Final = {
    "focusTime": "that it was focus time",
    "outOfOffice": "that it said out of office, and what it declined",
    "workingLocation": "that it was a working location",
}


@dataclass(frozen=True, slots=True)
class Kept:
    """Fields that come back together or not at all."""

    words: str
    """What they are, for a person."""
    fields: Mapping[str, Any]


def event_in(original: str) -> Event:
    """Return the event in an original, empty where there is none that can be read."""
    try:
        event = json.loads(original) if original else {}
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}


def lost_in(original: str) -> tuple[str, ...]:
    """Return in words what no insert brings back: a conference link is made new or not at all, a kind acts."""
    event = event_in(original)
    has_link = "conferenceData" in event or "hangoutLink" in event
    kind = _KINDS.get(event.get("eventType", ""))
    return (*(["the conference link"] if has_link else []), *([kind] if kind else []))


def kept_in(event: Event, entry: Entry, invited: Mapping[str, Any]) -> tuple[Kept, ...]:
    """Return what an insert of `entry` with these guests (`invited`) gets besides."""
    groups = {
        words: {name: event[name] for name in names if name in event}
        for words, names in _GROUPS.items()
    }
    groups["the attachments"] = _attachments(event)
    groups["what other programs noted on it"] = _properties(event)
    groups["who may see it"] = _visibility(event, entry)
    groups["the form of its description"] = _description(event, entry)
    groups["rooms, and who was optional"] = _guests(event, invited)
    return tuple(Kept(words, fields) for words, fields in groups.items() if fields)


def laid_over(body: Mapping[str, Any], kept: tuple[Kept, ...]) -> dict[str, Any]:
    """Return a body with what is kept; of properties ours stay."""
    whole = dict(body)
    for one in kept:
        for name, value in one.fields.items():
            is_merged = name == "extendedProperties" and name in body
            whole[name] = _merged(value, body[name]) if is_merged else value
    return whole


def lacking(kept: tuple[Kept, ...], shown: Event) -> tuple[Kept, ...]:
    """Return what an event was to get and does not show."""
    # Google writes descriptions in its own way, so their form is not compared.
    return tuple(
        one for one in kept if "description" not in one.fields and not _holds(shown, one.fields)
    )


def _attachments(event: Event) -> dict[str, Any]:
    listed = _rows(event.get("attachments"))
    files = [_only(one, _ATTACHMENT) for one in listed if one.get("fileUrl")]
    return {"attachments": files} if files else {}


def _properties(event: Event) -> dict[str, Any]:
    given = event.get("extendedProperties")
    kinds = given if isinstance(given, dict) else {}
    others = {
        kind: {name: value for name, value in pairs.items() if name not in OUR_PROPERTIES}
        for kind, pairs in kinds.items()
        if kind in ("private", "shared") and isinstance(pairs, dict)
    }
    found = {kind: pairs for kind, pairs in others.items() if pairs}
    return {"extendedProperties": found} if found else {}


def _visibility(event: Event, entry: Entry) -> dict[str, Any]:
    spelling = event.get("visibility", "")
    fits = spelling in _VISIBILITIES and _VISIBILITIES[spelling] is entry.private
    return {"visibility": spelling} if fits else {}


def _description(event: Event, entry: Entry) -> dict[str, Any]:
    """Return the description in Google's own form where it says just what the notes say."""
    text = event.get("description")
    fits = isinstance(text, str) and entry.notes is not UNKNOWN and text_of(text) == entry.notes
    return {"description": text} if text and fits else {}


def _guests(event: Event, invited: Mapping[str, Any]) -> dict[str, Any]:
    """Return the list of guests with what was said of each, and with the rooms, which are no people of ours."""
    rows = _rows(event.get("attendees"))
    known = {str(row.get("email", "")).lower(): _only(row, _GUEST) for row in rows}
    asked = list(invited.get("attendees", []))
    guests = [{**known.get(row["email"], {}), **row} for row in asked]
    rooms = [{"email": row["email"], "resource": True} for row in rows if _is_room(row)]
    return {"attendees": [*guests, *rooms]} if [*guests, *rooms] != asked else {}


def _is_room(row: Mapping[str, Any]) -> bool:
    return row.get("resource") is True and isinstance(row.get("email"), str)


def _only(row: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: row[name] for name in names if row.get(name)}


def _rows(value: Any) -> list[Mapping[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _merged(one: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return one object under another, two levels deep."""
    names = [*one, *(name for name in over if name not in one)]
    return {name: {**one.get(name, {}), **over.get(name, {})} for name in names}


_NOT_COMPARED: Final = frozenset({"responseStatus", "displayName", "iconLink"})
"""What Google says otherwise than it was told."""


def _holds(shown: Any, kept: Any) -> bool:
    """Tell whether all that is kept is shown, in whatever order and beside whatever else; absent means false."""
    if isinstance(kept, Mapping):
        there = shown if isinstance(shown, Mapping) else {}
        names = kept.keys() - _NOT_COMPARED
        return all(_holds(there.get(name), kept[name]) for name in names)
    if isinstance(kept, list):
        listed = shown if isinstance(shown, list) else []
        return all(any(_holds(one, wanted) for one in listed) for wanted in kept)
    return shown == kept or (not kept and shown is None)
