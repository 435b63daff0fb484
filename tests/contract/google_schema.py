"""Validates a value against a schema of Google's discovery document, whose dialect of JSON Schema is its own.

There, `$ref` names a schema, and often the description alone says which values there are and what no client may write.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from enum import Enum
from functools import partial
from typing import Any

Schema = Mapping[str, Any]
Schemas = Mapping[str, Schema]

_LISTED = re.compile(r'^- "([^"]+)" - ', re.MULTILINE)
_READ_ONLY = re.compile(r"read-only(?! when)", re.IGNORECASE)
_FINAL = re.compile(r"immutable|cannot be (modified|changed) after", re.IGNORECASE)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")
_NUMBERS = {"int32": 2**31, "uint32": 2**32, "int64": 2**63, "uint64": 2**64}
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "array": list,
    "object": dict,
    "any": object,
}


class Use(Enum):
    """What a value is: an answer, or the body of a request that makes something or changes it."""

    ANSWER = "answer"
    INSERT = "insert"
    PATCH = "patch"


def faults_of(
    schema: Schema, value: Any, use: Use, place: str, *, schemas: Schemas | None = None
) -> Iterator[str]:
    """Yield, in words, where a value is not as a schema declares it."""
    named = (schemas or {}).get(schema.get("$ref", ""), {})
    whole = {**named, **{key: value for key, value in schema.items() if key != "$ref"}}
    kind = whole.get("type", "any")
    if value is None and use is Use.PATCH:
        return  # Null clears a field (Events: patch).
    is_number = kind in ("integer", "number") and isinstance(value, bool)
    if not isinstance(value, _TYPES[kind]) or is_number:
        yield f"{place} is no {kind}: {value!r}"
    elif kind == "array":
        items = partial(faults_of, whole["items"], use=use, schemas=schemas)
        for number, item in enumerate(value):
            yield from items(item, place=f"{place}[{number}]")
    elif kind == "object":
        yield from _object_faults(whole, value, use, place, schemas)
    else:
        yield from _plain_faults(whole, value, use, place)


def _object_faults(
    schema: Schema, value: Mapping[str, Any], use: Use, place: str, schemas: Schemas | None
) -> Iterator[str]:
    properties, more = schema.get("properties", {}), schema.get("additionalProperties")
    for name, held in value.items():
        inner = properties.get(name, more)
        where = f"{place}.{name}"
        if inner is None:
            yield f"{where} is not declared"
            continue
        if use is not Use.ANSWER and _is_forbidden(inner, use):
            yield f"{where} is not for clients to write"
        yield from faults_of(inner, held, use, where, schemas=schemas)


def _is_forbidden(schema: Schema, use: Use) -> bool:
    text = schema.get("description", "")
    return bool(_READ_ONLY.search(text) or (use is Use.PATCH and _FINAL.search(text)))


def _plain_faults(schema: Schema, value: Any, use: Use, place: str) -> Iterator[str]:
    allowed = schema.get("enum") or _LISTED.findall(schema.get("description", ""))
    if allowed and value not in allowed:
        yield f"{place} is none of {allowed}: {value!r}"
    if "#" in schema.get("default", "") and value != schema["default"]:
        yield f"{place} is not {schema['default']}: {value!r}"
    form = schema.get("format", "")
    if form in _NUMBERS and not _is_within(value, _NUMBERS[form]):
        yield f"{place} is no {form}: {value!r}"
    if form == "date" and not _is_date(value):
        yield f"{place} is no date: {value!r}"
    if form == "date-time" and not _is_instant(value, needs_offset=use is Use.ANSWER):
        yield f"{place} is no instant: {value!r}"


def _is_within(value: Any, bound: int) -> bool:
    """Tell whether a number, or one of 64 bits as the text that it travels as, is within its size."""
    return bool(re.fullmatch(r"-?\d+", str(value))) and -bound <= int(value) < bound


def _is_date(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _is_instant(value: str, *, needs_offset: bool) -> bool:
    match = _INSTANT.fullmatch(value)
    if match is None or (needs_offset and not match[2]):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True
