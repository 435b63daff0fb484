"""What Severa held of an activity that was deleted, besides what is synced, as an activity made again gets it; pure."""

import json
from collections.abc import Mapping
from typing import Any, Final

Row = Mapping[str, Any]

_MODELS: Final = {
    "customer": "the customer",
    "phase": "the phase",
    "projectTaskStatus": "the task status",
}
_CLOSED: Final = "isClosed"
WORDS: Final = _MODELS | {_CLOSED: "that it was closed"}
"""What a create takes beside the synced fields (ActivityModel: not read-only), in words for a person."""


def row_in(original: str) -> Row:
    """Return the row in an original, empty where there is none that can be read."""
    try:
        row = json.loads(original) if original else {}
    except ValueError:
        return {}
    return row if isinstance(row, dict) else {}


def type_in(original: str) -> str:
    """Return the guid of the activity type that it had, empty where that is not known."""
    return _guid(row_in(original).get("activityType"))


def lost_in(original: str) -> tuple[str, ...]:
    """Return in words what no create brings back."""
    return ("the booked hours",) if row_in(original).get("hasHours") is True else ()


def kept_in(row: Row) -> dict[str, Any]:
    """Return the part of a model that says what is not synced: what refers to nothing is left out."""
    guids = {name: _guid(row.get(name)) for name in _MODELS}
    kept: dict[str, Any] = {name: {"guid": guid} for name, guid in guids.items() if guid}
    return kept | ({_CLOSED: True} if row.get(_CLOSED) is True else {})


def lacking(kept: Mapping[str, Any], shown: Row) -> list[str]:
    """Return the names of what an activity was to get and does not show."""
    there = kept_in(shown)
    return [name for name, value in kept.items() if there.get(name) != value]


def operation_of(name: str, kept: Mapping[str, Any]) -> dict[str, str]:
    """Return the operation of a JSON Patch that writes one of them (values are strings)."""
    if name == _CLOSED:
        return {"op": "Replace", "path": f"/{name}", "value": "true"}
    return {"op": "Replace", "path": f"/{name}/guid", "value": kept[name]["guid"]}


def _guid(model: Any) -> str:
    guid = model.get("guid") if isinstance(model, Mapping) else None
    return guid if isinstance(guid, str) else ""
