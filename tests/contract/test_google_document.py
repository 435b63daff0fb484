"""The check against Google's discovery document finds what is wrong; the other suites prove what it lets through."""

from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from daemon.sandbox.faults import Fault, Faults
from daemon.sandbox.google import GoogleState, make_app
from tests.contract.google_document import check_answer, check_request, document
from tests.contract.google_watch import WatchedSandbox, watched

JSON = "application/json"
EVENTS = "/calendar/v3/calendars/anna%40example.com/events"
EVENT = EVENTS + "/aaaaabbbbb"
POINTS: dict[str, Any] = {
    "start": {"dateTime": "2026-03-02T10:00:00+02:00"},
    "end": {"dateTime": "2026-03-02T11:00:00", "timeZone": "Europe/Helsinki"},
}
SHOWN: dict[str, Any] = {
    "kind": "calendar#event",
    "etag": '"7"',
    "id": "aaaaabbbbb",
    "status": "confirmed",
    "start": {"date": "2026-03-02"},
    "end": {"date": "2026-03-03"},
}
LISTED: dict[str, Any] = {
    "kind": "calendar#events",
    "etag": '"7"',
    "updated": "2026-03-02T10:00:00.123Z",
    "timeZone": "Europe/Helsinki",
    "accessRole": "owner",
    "items": [SHOWN, {**SHOWN, "status": "cancelled"}],
    "nextSyncToken": "s",
}
REFUSED: dict[str, Any] = {
    "error": {
        "code": 404,
        "message": "Not Found",
        "errors": [{"domain": "global", "reason": "notFound", "message": "Not Found"}],
    }
}


def test_the_document_is_that_of_the_calendar_api() -> None:
    assert (document()["name"], document()["version"]) == ("calendar", "v3")


def test_good_requests_pass() -> None:
    check_request("GET", EVENTS, [("maxResults", "2500"), ("eventTypes", "default")])
    check_request("GET", EVENTS, [("eventTypes", "default"), ("eventTypes", "birthday")])
    check_request("POST", EVENTS, [("sendUpdates", "none")], {**POINTS, "id": "aaaaabbbbb"})
    check_request("PATCH", EVENT, [("quotaUser", "q" * 40)], {"start": {"date": None} | POINTS["start"]})  # fmt: skip
    check_request("DELETE", EVENT, [])
    check_request("POST", EVENTS + "/watch", [], {"id": "1", "type": "web_hook", "expiration": "1"})
    check_request("POST", "/token", [], {"grant_type": "x", "assertion": "y"})


BAD_QUERIES: dict[str, list[tuple[str, str]]] = {
    "no such parameter": [("since", "x")],
    "a parameter of another method": [("sendUpdates", "none")],
    "a number that is none": [("maxResults", "many")],
    "a number that is too low": [("maxResults", "0")],
    "a truth as Python writes it": [("singleEvents", "True")],
    "a word that is none of them": [("orderBy", "id")],
    "an instant without an offset": [("timeMin", "2026-03-02T10:00:00")],
    "one that is said twice": [("maxResults", "1"), ("maxResults", "2")],
    "a quota user that is too long": [("quotaUser", "q" * 41)],
    "a parameter of the path": [("calendarId", "anna@example.com")],
}


@pytest.mark.parametrize("query", BAD_QUERIES.values(), ids=BAD_QUERIES.keys())
def test_a_bad_parameter_is_found(query: list[tuple[str, str]]) -> None:
    with pytest.raises(AssertionError, match=query[0][0]):
        check_request("GET", EVENTS, query)


BAD_BODIES: dict[str, tuple[str, Any]] = {
    "no body": ("POST", None),
    "a list": ("POST", []),
    "no end": ("POST", {"start": POINTS["start"]}),
    "an id of other characters": ("POST", {**POINTS, "id": "xyz-1"}),
    "a field that is none": ("PATCH", {"title": "x"}),
    "a field of an inner object that is none": ("PATCH", {"start": {"at": "x"}}),
    "a text that is none": ("PATCH", {"summary": 7}),
    "a flag that is none": ("PATCH", {"guestsCanModify": 1}),
    "null in an insert": ("POST", {**POINTS, "summary": None}),
    "a word that is none of them": ("PATCH", {"visibility": "secret"}),
    "an answer that is none": ("PATCH", {"attendees": [{"email": "a@b.c", "responseStatus": "yes"}]}),
    "what is Google's to say": ("PATCH", {"organizer": {"email": "a@b.c"}}),
    "what is Google's to say of a guest": ("PATCH", {"attendees": [{"email": "a@b.c", "self": True}]}),
    "what no patch changes": ("PATCH", {"eventType": "focusTime"}),
    "a day that is none": ("PATCH", {"start": {"date": "2026-02-30"}}),
    "an instant that is none": ("PATCH", {"start": {"dateTime": "tomorrow"}}),
    "an instant without a zone": ("PATCH", {"start": {"dateTime": "2026-03-02T10:00:00"}}),
    "a day and an instant": ("PATCH", {"start": {"date": "2026-03-02"} | POINTS["start"]}),
    "a series without a zone": ("POST", {**POINTS, "recurrence": ["RRULE:FREQ=DAILY"]}),
    "a line that is no rule": ("PATCH", {"recurrence": ["DTSTART:20260302"]}),
    "a property that is no text": ("PATCH", {"extendedProperties": {"private": {"a": 1}}}),
    "a number that is too large": ("PATCH", {"sequence": 2**31}),
    "a body where there is none": ("DELETE", {"id": "aaaaabbbbb"}),
}  # fmt: skip


@pytest.mark.parametrize(("verb", "body"), BAD_BODIES.values(), ids=BAD_BODIES.keys())
def test_a_bad_body_is_found(verb: str, body: Any) -> None:
    with pytest.raises(AssertionError):
        check_request(verb, EVENTS if verb == "POST" else EVENT, [], body)


@pytest.mark.parametrize(
    ("verb", "path", "body"),
    [
        ("GET", "/calendar/v3/calendars/a/events/b/c", None),
        ("PUT", EVENTS, POINTS),
        ("GET", "/calendars/a", None),
        ("POST", "/token", {"grant_type": "x", "assertion": "y", "scope": "z"}),
        ("GET", "/token", {"grant_type": "x", "assertion": "y"}),
    ],
)
def test_a_call_that_there_is_not_is_found(verb: str, path: str, body: Any) -> None:
    with pytest.raises(AssertionError):
        check_request(verb, path, [], body)


def answered(
    body: Any, *, status: int = 200, verb: str = "GET", path: str = EVENTS, kind: str = JSON
) -> None:
    check_answer(verb, path, status, kind, body)


def test_good_answers_pass() -> None:
    answered(LISTED)
    answered(SHOWN, path=EVENT)
    answered({"kind": "calendar#event", "etag": "e", "id": "x", "status": "cancelled"}, path=EVENT)
    answered(REFUSED, status=404, path=EVENT)
    answered(None, status=204, verb="DELETE", path=EVENT)
    answered(None, status=304)
    answered({"access_token": "t", "expires_in": 3599, "token_type": "Bearer"}, verb="POST", path="/token")  # fmt: skip
    answered({"error": "invalid_scope"}, status=400, verb="POST", path="/token")


def without(body: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != name}


BAD_ANSWERS: dict[str, dict[str, Any]] = {
    "no JSON": {"body": "<html>", "kind": "text/html"},
    "another type of content": {"body": LISTED, "kind": "text/plain"},
    "another kind": {"body": {**LISTED, "kind": "calendar#event"}},
    "a field that is none": {"body": {**LISTED, "cursor": "x"}},
    "a field of an item that is none": {"body": {**LISTED, "items": [{**SHOWN, "title": "x"}]}},
    "null": {"body": {**LISTED, "description": None}},
    "two tokens": {"body": {**LISTED, "nextPageToken": "p"}},
    "no role": {"body": without(LISTED, "accessRole")},
    "a role that is none": {"body": {**LISTED, "accessRole": "admin"}},
    "an item without times": {"body": {**LISTED, "items": [without(SHOWN, "start")]}},
    "an item that is none": {"body": {**LISTED, "items": ["x"]}},
    "an instant without an offset": {"body": {**LISTED, "updated": "2026-03-02T10:00:00"}},
    "a status that is none": {"body": {**SHOWN, "status": "deleted"}, "path": EVENT},
    "a day and an instant": {
        "body": {**SHOWN, "start": {"date": "2026-03-02", **POINTS["start"]}}, "path": EVENT,
    },
    "another code": {"body": SHOWN, "status": 201, "path": EVENT},
    "a body after a deletion": {"body": SHOWN, "verb": "DELETE", "path": EVENT},
    "an error of another code": {"body": REFUSED, "status": 400},
    "an error without reasons": {"body": {"error": {"code": 404, "message": "x"}}, "status": 404},
    "an error of the token endpoint": {"body": {"error": "notFound"}, "status": 404},
    "an error with a text for a reason": {
        "body": {"error": {**REFUSED["error"], "errors": ["notFound"]}}, "status": 404,
    },
    "a token that is none": {"body": {"access_token": "t"}, "verb": "POST", "path": "/token"},
    "a refusal in the other form": {"body": REFUSED, "status": 404, "verb": "POST", "path": "/token"},
}  # fmt: skip


@pytest.mark.parametrize("answer", BAD_ANSWERS.values(), ids=BAD_ANSWERS.keys())
def test_a_bad_answer_is_found(answer: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        answered(**answer)


async def test_a_served_google_is_watched_and_what_was_ordered_to_go_wrong_is_not() -> None:
    faults = Faults()
    app = make_app(GoogleState(), faults)
    watch = watched(app)

    async def odd(request: web.Request) -> web.Response:
        return web.json_response({"kind": "calendar#event"})

    app.router.add_get(EVENTS.replace("%40", "@") + "/odd/instances", odd, name="google:odd")
    faults.order(Fault("google", "events.get", "refuse", body="<html>"))
    async with TestServer(app, host="127.0.0.1") as server, ClientSession() as http:

        async def get(path: str) -> None:
            async with http.get(server.make_url(path)) as answer:
                await answer.read()

        await get(EVENT + "?title=x")
        assert [text.count("parameter title") for text in watch.violations] == [1]
        await get(EVENT)
        assert len(watch.violations) == 1
        await get(EVENTS + "/odd/instances")

    assert (watch.requests, watch.answers, len(watch.violations)) == (3, 2, 2)
    with pytest.raises(AssertionError, match="2 violations"):
        watch.assert_none()


async def test_the_google_of_a_whole_sandbox_is_watched() -> None:
    form = {"assertion": "x", "more": "y"}
    async with WatchedSandbox() as sandbox, ClientSession() as http:
        await (await http.post(sandbox.token_uri, data=form)).read()

    assert (sandbox.watch.requests, sandbox.watch.answers) == (1, 1)
    assert "the form has" in sandbox.watch.violations[0]
