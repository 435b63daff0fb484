"""The check against Severa's document sees what is wrong, or it would prove nothing."""

import json
from typing import Any

import pytest
from aiohttp import ClientSession
from multidict import CIMultiDict, MultiDict

from tests.contract.severa_document import Watch, check_answer, check_request
from tests.sandbox.severa_company import company

SIGNED = {"Client_Id": "acme", "Authorization": "Bearer t", "Content-Type": "application/json"}
WISH = {
    "name": "Kick-off",
    "startDateTime": "2026-03-03T09:00:00+02:00",
    "activityType": {"guid": "t-1"},
    "ownerUser": {"guid": "u-1"},
}
PATCH = {"op": "Replace", "path": "/name", "value": "New"}


def ask(
    method: str, path: str, *, query: Any = (), body: Any = None, headers: Any = SIGNED
) -> None:
    sent = b"" if body is None else json.dumps(body).encode()
    check_request(method, path, MultiDict(query), CIMultiDict(headers), sent)


def test_what_the_document_declares_passes() -> None:
    ask("GET", "/v1/activities", query=[("userGuids", "a"), ("userGuids", "b"), ("rowCount", "9")])
    ask("POST", "/v1/activities", body=WISH)
    ask("PATCH", "/v1/activities/a%3Bb", body=[PATCH])
    ask("GET", "/heartbeat/server", headers={})


BAD: list[tuple[str, str, dict[str, Any], str]] = [
    ("GET", "/v1/meetings", {}, "not in the document"),
    ("PUT", "/v1/activities", {}, "not in the document"),
    ("GET", "/v1/activities", {"headers": {"Authorization": "Bearer t"}}, "Client_Id"),
    ("GET", "/v1/activities", {"headers": {"Client_Id": "acme"}}, "token"),
    ("GET", "/v1/activities", {"query": [("users", "a")]}, "No parameter"),
    ("GET", "/v1/activities", {"query": [("closed", "maybe")]}, "closed"),
    ("GET", "/v1/activities", {"query": [("rowCount", "many")]}, "rowCount"),
    ("GET", "/v1/activities", {"query": [("changedSince", "2026-03-03 09:00")]}, "changedSince"),
    ("GET", "/v1/activities", {"query": [("rowCount", "1"), ("rowCount", "2")]}, "twice"),
    ("GET", "/v1/activities", {"query": [("activityCategories", "Party")]}, "Categories"),
    ("GET", "/v1/activities", {"body": WISH}, "no body"),
    ("POST", "/v1/activities", {"body": {**WISH, "name": ""}}, "request is not"),
    ("POST", "/v1/activities", {"body": {**WISH, "guid": "mine"}}, "request is not"),
    ("POST", "/v1/activities", {"body": WISH, "headers": SIGNED | {"Content-Type": "text/plain"}},
     "text/plain"),
    ("PATCH", "/v1/activities/a", {"body": [{**PATCH, "value": True}]}, "request is not"),
    ("PATCH", "/v1/activities/a", {"body": [{**PATCH, "op": "replace"}]}, "request is not"),
    ("PATCH", "/v1/activities/a", {"body": PATCH}, "request is not"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "how", "says"), BAD)
def test_a_request_that_is_not_declared_is_seen(
    method: str, path: str, how: dict[str, Any], says: str
) -> None:
    with pytest.raises(AssertionError, match=says):
        ask(method, path, **how)


ERROR = {"error": {"httpStatusCode": 400, "type": "InvalidRequest"}}
WRONG: list[tuple[str, str, int, str, Any, dict[str, str]]] = [
    ("POST", "/v1/activities", 200, "application/json", WISH, {}),
    ("DELETE", "/v1/activities/a", 200, "", "", {}),
    ("DELETE", "/v1/activities/a", 204, "text/plain", "done", {}),
    ("GET", "/v1/activities/a", 404, "application/json", ERROR, {}),
    ("GET", "/v1/activities/a", 400, "text/plain", "no", {}),
    ("GET", "/v1/activities/a", 400, "application/json", {"error": {"type": "Odd"}}, {}),
    ("GET", "/v1/activities", 200, "application/json", WISH, {}),
    ("GET", "/v1/activities", 200, "application/json", [], {"NextPageToken": " "}),
    ("GET", "/v1/activities/a", 200, "application/json", WISH, {"NextPageToken": "x"}),
    ("GET", "/v1/activities/a", 429, "text/html", "no", {}),
]


@pytest.mark.parametrize(("method", "path", "status", "kind", "body", "headers"), WRONG)
def test_an_answer_that_is_not_declared_is_seen(
    method: str, path: str, status: int, kind: str, body: Any, headers: dict[str, str]
) -> None:
    with pytest.raises(AssertionError):
        check_answer(method, path, status, kind, body, headers)


async def test_a_watch_sees_what_goes_over_the_wire() -> None:
    async with company() as severa, ClientSession() as session:
        watch = Watch()
        severa.state.witnesses.append(watch)

        await severa.create()
        watch.require_none()
        async with session.get(severa.base + "/v1/activities?rowcount=5") as answer:
            assert answer.status == 401

        with pytest.raises(AssertionError, match="Client_Id"):
            watch.require_none()
