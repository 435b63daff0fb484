"""Checks an answer against Severa's OpenAPI document."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]
from openapi_schema_validator import OAS30ReadValidator, oas30_format_checker
from referencing import Registry
from referencing.jsonschema import DRAFT4

_ROOT = "urn:severa"
_Templates = list[tuple[re.Pattern[str], dict[str, Any]]]


def check_answer(method: str, path: str, status: int, content_type: str, body: Any) -> None:
    """Fail if the document does not declare this answer for the call; `path` is below the base."""
    declared = operation(method, path)["responses"]
    answer = declared.get(str(status), declared["default"])
    if "$ref" in answer:
        answer = document()["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    content = answer.get("content")
    if not content:
        assert body in (None, ""), f"{status} has no body by the document, but got {body!r}."
        return
    assert content_type in content, f"{content_type} is not declared for {method} {path}."
    if content_type == "application/json":
        _validate(content[content_type]["schema"], body)


def operation(method: str, path: str) -> dict[str, Any]:
    """Return what the document says of a call."""
    for pattern, methods in _templates():
        if pattern.fullmatch(path):
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
    filled: Registry[Any] = empty.with_resource(_ROOT, DRAFT4.create_resource(document()))
    return filled


def _validate(schema: Any, body: Any) -> None:
    validator = OAS30ReadValidator(
        _absolute(schema), registry=_registry(), format_checker=oas30_format_checker
    )
    wrong = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(body)]
    assert not wrong, f"The answer is not as the document declares: {wrong}"


def _absolute(schema: Any) -> Any:
    """Let the references of a schema taken out of the document point into it."""
    if isinstance(schema, dict):
        return {
            key: f"{_ROOT}{value}" if key == "$ref" else _absolute(value)
            for key, value in schema.items()
        }
    if isinstance(schema, list):
        return [_absolute(each) for each in schema]
    return schema
