"""Checks requests and answers against Google's discovery document, which google-api-python-client brings along."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import unquote

from tests.contract.google_schema import Use, faults_of

ROOT = "/calendar/v3/"
QUOTA_USER_MAX = 40
TOKEN_FORM = {"grant_type", "assertion"}

Method = Mapping[str, Any]

_ERROR_FIELDS = {"domain", "reason", "message", "locationType", "location"}
_WITH_RECURRENCE = re.compile(r"(RRULE|EXRULE|RDATE|EXDATE)[;:].+")
_EVENT_ID = re.compile(r"[a-v0-9]{5,1024}")


def check_request(
    method: str, path: str, query: Iterable[tuple[str, str]], body: Any = None
) -> None:
    """Fail if the document does not declare this request; `path` as it was sent, `body` as parsed JSON."""
    if path == "/token":
        _no(["token: no POST"] if method != "POST" else _token_form_faults(body))
        return
    called = method_of(method, path)
    _no([*_query_faults(called, list(query)), *_body_faults(called, body)])


def check_answer(method: str, path: str, status: int, content_type: str, body: Any) -> None:
    """Fail if this is no answer of Google's to the call; errors are as "Handle API errors" shows them.

    `body` is parsed JSON, or the text where it is none. How the token endpoint answers is not in the document: it
    follows RFC 6749, section 5.
    """
    if body not in (None, ""):
        assert content_type == "application/json", f"{content_type}: {body!r}"
    if path == "/token":
        _no(_granted_faults(status, body))
    elif status >= 400:
        _no(_error_faults(status, body))
    else:
        _no(_answer_faults(method_of(method, path), status, body))


def method_of(verb: str, path: str) -> Method:
    """Return what the document says of a call."""
    assert path.startswith(ROOT), f"{path} is not below {ROOT}."
    for pattern, method in _methods():
        if method["httpMethod"] == verb and pattern.fullmatch(path.removeprefix(ROOT)):
            return method
    raise AssertionError(f"{verb} {path} is not in the document.")


@cache
def document() -> Mapping[str, Any]:
    """Return the document."""
    package = files("googleapiclient.discovery_cache") / "documents" / "calendar.v3.json"
    loaded: Mapping[str, Any] = json.loads(package.read_text(encoding="utf-8"))
    return loaded


def _no(faults: Iterable[str]) -> None:
    found = list(faults)
    assert not found, f"Not as Google declares it: {found}"


@cache
def _methods() -> list[tuple[re.Pattern[str], Method]]:
    """Return all methods, those whose path has fewest variables first: `events/watch` is no event's id."""
    found = [method for each in document()["resources"].values() for method in _of(each)]
    found.sort(key=lambda method: method["path"].count("{"))
    return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", method["path"])), method) for method in found]


def _of(resource: Mapping[str, Any]) -> Iterator[Method]:
    yield from resource.get("methods", {}).values()


# Requests


def _query_faults(called: Method, query: list[tuple[str, str]]) -> Iterator[str]:
    declared = {**document()["parameters"], **called.get("parameters", {})}
    names = [name for name, _ in query]
    for name, text in query:
        parameter = declared.get(name)
        if parameter is None or parameter["location"] != "query":
            yield f"parameter {name} is not declared for {called['id']}"
            continue
        if names.count(name) > 1 and not parameter.get("repeated"):
            yield f"parameter {name} is repeated"
        yield from _parameter_faults(name, text, parameter)
    required = (n for n, p in declared.items() if p.get("required") and p["location"] == "query")
    yield from (f"parameter {name} is missing" for name in required if name not in names)


def _parameter_faults(name: str, text: str, parameter: Mapping[str, Any]) -> Iterator[str]:
    if parameter["type"] == "integer":
        lowest, highest = (
            int(parameter.get("minimum", -(2**31))),
            int(parameter.get("maximum", 2**31 - 1)),
        )
        if not re.fullmatch(r"-?\d+", text) or not lowest <= int(text) <= highest:
            yield f"parameter {name} is no number from {lowest} to {highest}: {text}"
    if parameter["type"] == "boolean" and text not in ("true", "false"):
        yield f"parameter {name} is not true or false: {text}"
    if "enum" in parameter and text not in parameter["enum"]:
        yield f"parameter {name} is none of {parameter['enum']}: {text}"
    if parameter.get("format") == "date-time":
        yield from faults_of({"type": "string", "format": "date-time"}, text, Use.ANSWER, name)
    if name == "quotaUser" and not 0 < len(text) <= QUOTA_USER_MAX:
        yield f"quotaUser has {len(text)} characters"


def _body_faults(called: Method, body: Any) -> Iterator[str]:
    if "request" not in called:
        yield from [f"{called['id']} takes no body"] if body is not None else []
        return
    use = Use.PATCH if called["httpMethod"] == "PATCH" else Use.INSERT
    schema = {"$ref": called["request"]["$ref"]}
    yield from faults_of(schema, body, use, "body", schemas=document()["schemas"])
    if isinstance(body, dict):
        yield from _event_faults(called, body)


def _event_faults(called: Method, body: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong by the sentences of the document that no schema can say."""
    properties = document()["schemas"][called["request"]["$ref"]]["properties"]
    for name, schema in properties.items():
        if called["id"] in schema.get("annotations", {}).get("required", ()) and not body.get(name):
            yield f"body.{name} is required for {called['id']}"
    if called["id"] == "calendar.events.insert" and not _EVENT_ID.fullmatch(
        body.get("id", "00000")
    ):
        yield "body.id is not of the characters that an id may have"
    for line in body.get("recurrence") or ():
        if not _WITH_RECURRENCE.fullmatch(line):
            yield f"body.recurrence has a line that is none: {line}"
    for which in ("start", "end"):
        yield from _point_faults(f"body.{which}", body.get(which), is_series=body.get("recurrence"))


def _point_faults(name: str, point: Any, *, is_series: object) -> Iterator[str]:
    if not isinstance(point, dict):
        return
    at = point.get("dateTime")
    if (at is None) == (point.get("date") is None):
        yield f"{name} has not just one of date and dateTime"
    has_offset = isinstance(at, str) and re.search(r"(Z|[+-]\d\d:\d\d)$", at)
    if at is not None and not has_offset and not point.get("timeZone"):
        yield f"{name} has neither an offset nor a zone"
    if at is not None and is_series and not point.get("timeZone"):
        yield f"{name} of a series has no zone"


def _token_form_faults(form: Any) -> list[str]:
    fields = set(form) if isinstance(form, Mapping) else set()
    return [] if fields == TOKEN_FORM else [f"token: the form has {sorted(fields)}"]


# Answers


def _answer_faults(called: Method, status: int, body: Any) -> Iterator[str]:
    if status == 304 or "response" not in called:
        expected = (304,) if status == 304 else (200, 204)
        if status not in expected or body not in (None, ""):
            yield f"{called['id']} answered {status} with {body!r}, which has no body"
        return
    if status != 200:
        yield f"{called['id']} answered {status}"
    name = called["response"]["$ref"]
    schemas = document()["schemas"]
    yield from faults_of({"$ref": name}, body, Use.ANSWER, name, schemas=schemas)
    if isinstance(body, dict):
        yield from _complete_faults(name, body)


def _complete_faults(name: str, body: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is missing although it is always there: the document lists no field as certain."""
    if name == "Events":
        if "nextPageToken" in body and "nextSyncToken" in body:
            yield "Events has a page token and a sync token"
        expected = {"kind", "etag", "items", "timeZone", "updated", "accessRole"}
        yield from _missing(name, body, expected)
        for number, item in enumerate(body.get("items", ())):
            yield from (
                _complete_faults("Event", item)
                if isinstance(item, dict)
                else (f"items[{number}] is no event",)
            )
    if name == "Event":
        skeleton = {"kind", "etag", "id", "status"}
        is_cancelled = body.get("status") == "cancelled"
        yield from _missing(name, body, skeleton | (set() if is_cancelled else {"start", "end"}))
        for which in ("start", "end", "originalStartTime"):
            yield from _point_faults(f"Event.{which}", body.get(which), is_series=None)
    if name == "Calendar":
        yield from _missing(name, body, {"kind", "etag", "id", "timeZone"})
    if name == "Channel":
        yield from _missing(name, body, {"kind", "id", "resourceId", "resourceUri"})


def _missing(name: str, body: Mapping[str, Any], expected: set[str]) -> Iterator[str]:
    yield from (f"{name} has no {field}" for field in sorted(expected - set(body)))


def _error_faults(status: int, body: Any) -> Iterator[str]:
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict) or set(body) != {"error"}:
        yield f"{status} has no error: {body!r}"
        return
    if error.get("code") != status or not isinstance(error.get("message"), str):
        yield f"{status}: code or message is wrong: {error}"
    if not set(error) <= {"errors", "code", "message", "status", "details"}:
        yield f"{status}: unknown fields {sorted(error)}"
    rows = error.get("errors")
    if not isinstance(rows, list) or not rows:
        yield f"{status}: no errors"
        return
    for row in rows:
        known = {"domain", "reason", "message"} <= set(row) <= _ERROR_FIELDS
        if not known or not all(isinstance(value, str) for value in row.values()):
            yield f"{status}: an error is {row}"


def _granted_faults(status: int, body: Any) -> Iterator[str]:
    if not isinstance(body, dict):
        yield f"token: {status} without JSON"
    elif status == 200:
        yield from _missing("token", body, {"access_token", "expires_in", "token_type"})
    elif not isinstance(body.get("error"), str) or not set(body) <= {"error", "error_description"}:
        yield f"token: {status} with {sorted(body)}"


def path_shown(path: str) -> str:
    """Return a path for a message, without its escapes."""
    return unquote(path)
