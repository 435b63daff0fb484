"""Checks requests and answers against Severa's OpenAPI document."""

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]
from multidict import MultiMapping
from openapi_schema_validator import (
    OAS30ReadValidator,
    OAS30WriteValidator,
    oas30_format_checker,
)
from referencing import Registry
from referencing.jsonschema import DRAFT4

from daemon.sandbox.severa import ROOT, Exchange

_ID = "urn:severa"
_JSON = "application/json"
_Templates = list[tuple[re.Pattern[str], dict[str, Any]]]


class Watch:
    """Looks at every exchange with the sandbox Severa and keeps what the document does not allow.

    Whoever tries out what Severa refuses lets refused requests pass.
    """

    def __init__(self, *, lets_refused_pass: bool = False) -> None:
        self._checks = (_check_taken, check_answer_of) if lets_refused_pass else _BOTH
        self.violations: list[str] = []

    def __call__(self, exchange: Exchange) -> None:
        """Check one exchange."""
        for check in self._checks:
            try:
                check(exchange)
            except AssertionError as error:
                self.violations.append(f"{exchange.method} {exchange.path}: {error}")

    def require_none(self) -> None:
        """Fail if anything was not as the document says."""
        assert not self.violations, "\n".join(self.violations)


def _check_taken(exchange: Exchange) -> None:
    if exchange.status < 400:
        check_request_of(exchange)


def check_request_of(exchange: Exchange) -> None:
    """Fail if the request of an exchange is none that the document declares."""
    path = exchange.path.removeprefix(ROOT)
    headers = exchange.request_headers
    check_request(exchange.method, path, exchange.query, headers, exchange.request_body)


def check_answer_of(exchange: Exchange) -> None:
    """Fail if the answer of an exchange is none that the document declares."""
    kind = exchange.answer_headers.get("Content-Type", "").partition(";")[0]
    body: Any = exchange.answer_body.decode()
    if kind == _JSON:
        body = json.loads(body)
    path = exchange.path.removeprefix(ROOT)
    check_answer(exchange.method, path, exchange.status, kind, body, exchange.answer_headers)


_BOTH = (check_request_of, check_answer_of)


def check_answer(
    method: str,
    path: str,
    status: int,
    content_type: str,
    body: Any,
    headers: Mapping[str, str] | None = None,
) -> None:
    """Fail if the document does not declare this answer for the call; `path` is below the base."""
    if (status, content_type) == (429, "text/plain"):
        return  # The limiter stands before the API and is in no document.
    declared = operation(method, path)["responses"]
    assert str(status) in declared or status >= 400, f"{status} is not declared."
    answer = declared.get(str(status), declared["default"])
    if "$ref" in answer:
        answer = document()["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    token = (headers or {}).get("NextPageToken")
    if token is not None:
        assert "NextPageToken" in answer.get("headers", {}), "There is no next page of this."
        assert token.strip(), "A blank page token is none."
    content = answer.get("content")
    if not content:
        assert body in (None, ""), f"{status} has no body by the document, but got {body!r}."
        return
    assert content_type in content, f"{content_type} is not declared for {method} {path}."
    # What a patch of several activities is answered with has no schema.
    if content_type == _JSON and not (method == "PATCH" and "," in path):
        _validate(OAS30ReadValidator, content[content_type]["schema"], body, "The answer")


def check_request(
    method: str, path: str, query: MultiMapping[str], headers: Mapping[str, str], body: bytes
) -> None:
    """Fail if the document does not declare this request; `path` is below the base."""
    declared = operation(method, path)
    if declared.get("security", document()["security"]):
        assert headers.get("Client_Id"), "Client_Id is sent with every call."
        assert headers.get("Authorization", "").startswith("Bearer "), "It needs a token."
    _check_query(declared, query)
    content = declared.get("requestBody", {}).get("content")
    if content is None:
        assert not body, "It takes no body."
        return
    kind = headers.get("Content-Type", "").partition(";")[0]
    assert kind in content, f"A body of {kind} is not declared."
    _validate(OAS30WriteValidator, content[kind]["schema"], json.loads(body), "The request")


def operation(method: str, path: str) -> dict[str, Any]:
    """Return what the document says of a call."""
    for pattern, methods in _templates():
        if pattern.fullmatch(path):
            assert method.lower() in methods, f"{method} {path} is not in the document."
            found: dict[str, Any] = methods[method.lower()]
            return found
    raise AssertionError(f"{path} is not in the document.")


@cache
def document() -> dict[str, Any]:
    """Return the document."""
    text = Path(__file__).with_name("severa-openapi.yaml").read_text()
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


@cache
def _templates() -> _Templates:
    return [
        (re.compile(re.sub(r"\{\w+\}", "[^/]+", template)), methods)
        for template, methods in document()["paths"].items()
    ]


@cache
def _registry() -> Registry[Any]:
    empty: Registry[Any] = Registry()
    filled: Registry[Any] = empty.with_resource(_ID, DRAFT4.create_resource(document()))
    return filled


def _check_query(declared: dict[str, Any], query: MultiMapping[str]) -> None:
    parameters = {each["name"]: each for each in declared.get("parameters", [])}
    for name in query:
        assert name in parameters, f"No parameter {name}."
        schema = parameters[name]["schema"]
        given: Any = list(query.getall(name))
        if schema.get("type") != "array":
            assert len(given) == 1, f"{name} is given twice."
            given = _read(schema, given[0])
        _validate(OAS30WriteValidator, schema, given, name)


def _read(schema: dict[str, Any], text: str) -> Any:
    match schema.get("type"):
        case "boolean":
            return {"true": True, "false": False}.get(text, text)
        case "integer":
            return int(text) if text.lstrip("-").isdecimal() else text
        case _:
            return text


def _validate(kind: Callable[..., Any], schema: Any, body: Any, what: str) -> None:
    validator = kind(_absolute(schema), registry=_registry(), format_checker=oas30_format_checker)
    wrong = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(body)]
    assert not wrong, f"{what} is not as the document declares: {wrong}"


def _absolute(schema: Any) -> Any:
    """Let the references of a schema taken out of the document point into it."""
    if isinstance(schema, dict):
        return {
            key: f"{_ID}{value}" if key == "$ref" else _absolute(value)
            for key, value in schema.items()
        }
    if isinstance(schema, list):
        return [_absolute(each) for each in schema]
    return schema
