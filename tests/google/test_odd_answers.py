"""Answers that cannot be read: of what they answer the outcome is unknown, which is never a refusal."""

import asyncio
import gzip
import json
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from daemon.core.entry import Entry, Timed
from daemon.core.link import Copy
from daemon.errors import Forbidden, Transient
from tests.google.conftest import ANNA, World

START = datetime(2026, 3, 3, 8, tzinfo=UTC)
WEEKLY = Entry(title="Weekly", when=Timed(START, START + timedelta(hours=1)))
TIMES = {
    "start": {"dateTime": "2026-03-03T09:00:00Z"},
    "end": {"dateTime": "2026-03-03T10:00:00Z"},
    "organizer": {"email": "anna@example.com", "self": True},
}
UNREADABLE: dict[str, Any] = {
    "a text": "ok",
    "a list": [],
    "no id": TIMES,
    "an id that is none": {**TIMES, "id": 7},
    "no times": {"id": "aaaaabbbbb", "summary": "x"},
    "times that are none": {**TIMES, "id": "aaaaabbbbb", "start": "soon", "end": ["later"]},
    "a date that is none": {**TIMES, "id": "aaaaabbbbb", "start": {"date": "2026-02-30"}},
    "an instant that is a number": {**TIMES, "id": "aaaaabbbbb", "start": {"dateTime": 7}},
    "nothing but its times": {"id": "aaaaabbbbb", "start": TIMES["start"], "end": TIMES["end"]},
    "a cancelled event": {**TIMES, "id": "aaaaabbbbb", "status": "cancelled"},
    "an occurrence": {**TIMES, "id": "aaaaabbbbb", "recurringEventId": "series"},
    "a title that is none": {**TIMES, "id": "aaaaabbbbb", "summary": 7},
    "a description that is none": {**TIMES, "id": "aaaaabbbbb", "description": {"a": 1}},
    "an organizer that is none": {**TIMES, "id": "aaaaabbbbb", "organizer": "anna"},
    "a visibility that is none": {**TIMES, "id": "aaaaabbbbb", "visibility": []},
    "an etag that is none": {**TIMES, "id": "aaaaabbbbb", "etag": 7},
    "a uid that is none": {**TIMES, "id": "aaaaabbbbb", "iCalUID": {}},
    "a type that is none": {**TIMES, "id": "aaaaabbbbb", "eventType": 7},
    "a rule that is none": {**TIMES, "id": "aaaaabbbbb", "recurrence": 7},
    "an organizer's address that is none": {**TIMES, "id": "aaaaabbbbb", "organizer": {"email": 7}},
    "guests that are a text": {**TIMES, "id": "aaaaabbbbb", "attendees": "ben@example.com"},
    "guests that are a number": {**TIMES, "id": "aaaaabbbbb", "attendees": 7},
    "a guest who is a text": {**TIMES, "id": "aaaaabbbbb", "attendees": ["ben@example.com"]},
    "a guest's address that is none": {**TIMES, "id": "aaaaabbbbb", "attendees": [{"email": 7}]},
    "an answer that is none": {
        **TIMES, "id": "aaaaabbbbb", "attendees": [{"email": "b@e.com", "responseStatus": []}],
    },
    "properties that are none": {**TIMES, "id": "aaaaabbbbb", "extendedProperties": {"private": 7}},
    "a mark that is none": {
        **TIMES, "id": "aaaaabbbbb", "extendedProperties": {"private": {"severaActivity": 7}},
    },
}  # fmt: skip


@pytest.mark.parametrize("name", UNREADABLE)
async def test_a_write_whose_answer_cannot_be_read_has_an_unknown_outcome(
    world: World, name: str
) -> None:
    # Whatever it shows, Google carried it out: who takes it for refused makes the event once more.
    client = world.client()
    seen = await client.create(ANNA, "cccccddddd", WEEKLY, mark=None)
    world.order("events.insert", "refuse", status=200, body=UNREADABLE[name])
    world.order("events.patch", "refuse", status=200, body=UNREADABLE[name])

    with pytest.raises(Transient):
        await client.create(ANNA, "aaaaabbbbb", WEEKLY, mark=None)
    with pytest.raises(Transient):
        await client.change(ANNA, seen, Entry(title="New"), mark=None)


async def test_a_write_whose_answer_is_cut_has_an_unknown_outcome(world: World) -> None:
    client = world.client()
    seen = await client.create(ANNA, "cccccddddd", WEEKLY, mark=None)
    world.order("events.insert", "cut")
    world.order("events.patch", "cut")

    with pytest.raises(Transient):
        await client.create(ANNA, "aaaaabbbbb", WEEKLY, mark=None)
    with pytest.raises(Transient):
        await client.change(ANNA, seen, Entry(title="New"), mark=None)


@pytest.mark.parametrize("name", list(UNREADABLE)[4:])
async def test_an_event_that_cannot_be_read_is_left_out_of_a_listing(
    world: World, name: str
) -> None:
    odd = {"items": [UNREADABLE[name], {**TIMES, "id": "eeeeefffff"}], "nextSyncToken": "next"}
    world.order("events.list", "refuse", status=200, body=odd)

    (page,) = [page async for page in world.client().changes(ANNA, None)]

    assert [copy.ref for copy in page.seen] == ["eeeeefffff"]


async def test_what_cannot_be_written_is_refused_before_anything_is_sent(world: World) -> None:
    start = datetime(2026, 3, 9, 8, tzinfo=UTC)
    backwards = Entry(title="Odd", when=Timed(start, start - timedelta(hours=1)))

    with pytest.raises(Forbidden):
        await world.client().create(ANNA, "aaaaabbbbb", backwards, mark=None)

    assert world.calls() == []


# Answers that are none, at either address.


@dataclass
class Odd:
    """What a server that is no Google, or a broken one, sends; `part` again and again until nobody listens."""

    status: int = 200
    kind: str = "application/json"
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    part: bytes = b""

    @property
    def says_done(self) -> bool:
        """Tell whether it is how Google answers a deletion."""
        return self.status < 300 and not self.part and self.body in (b"", b"null", b"{}")

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        headers = {"Content-Type": self.kind, **self.headers}
        if not self.part:
            return web.Response(status=self.status, body=self.body, headers=headers)
        stream = web.StreamResponse(status=self.status, headers=headers)
        await stream.prepare(request)
        with suppress(ConnectionError):
            while True:
                await stream.write(self.part)
                await asyncio.sleep(0.01)
        return stream


EVENT = json.dumps({**TIMES, "id": "aaaaabbbbb", "etag": '"1"'}).encode()
MANY = 3_000_000
ODD: dict[str, Odd] = {
    "a page of the guest network": Odd(kind="text/html", body=b"<html>Sign in</html>"),
    "a page that says it is JSON": Odd(body=b"<html>Sign in</html>"),
    "JSON that is cut": Odd(body=EVENT[:-9]),
    "nothing": Odd(),
    "no content": Odd(status=204),
    "bytes that are no text": Odd(body=b"\xff\xfe\x00"),
    "JSON without an end": Odd(body=b"[" * 100_000),
    "a list": Odd(body=b'["a"]'),
    "a number": Odd(body=b"7"),
    "null": Odd(body=b"null"),
    "an empty object": Odd(body=b"{}"),
    "an object of something else": Odd(body=b'{"status": "ok", "data": []}'),
    "an error that says it is none": Odd(body=b'{"error": {"code": 404, "errors": []}}'),
    "an array of errors": Odd(body=b'[{"error": {"code": 500}}]'),
    "bytes that are not packed as said": Odd(body=EVENT, headers={"Content-Encoding": "gzip"}),
    "an endless body": Odd(part=b" "),
    "a huge body": Odd(part=b" " * MANY),
    "a small body that unpacks to a huge one": Odd(
        body=gzip.compress(b" " * MANY), headers={"Content-Encoding": "gzip"}
    ),
    "a redirect": Odd(status=302, headers={"Location": "http://127.0.0.1:9/"}),
    "a redirect to itself": Odd(status=308, headers={"Location": "/"}),
    "not modified": Odd(status=304),
    "a gateway's page": Odd(status=502, kind="text/html", body=b"<html>Bad gateway</html>"),
    "an error that is cut": Odd(status=503, body=b'{"error": {"errors": [{"reason": "backe'),
    "an error without a body": Odd(status=500),
    "a status that there is not": Odd(status=599, body=b"?"),
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD.keys())
@pytest.mark.parametrize("where", ["token", "api"])
async def test_no_answer_is_too_odd_to_look_again(
    world: World, odd_server: Any, odd: Odd, where: str
) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/token" and where == "api":
            return web.json_response({"access_token": "t", "expires_in": 3599})
        return await odd(request)

    url = await odd_server(answer)
    bounds = {"timeout_s": 0.2, "answer_max": 1_000_000}
    client = world.client(api_root=url, token_uri=f"{url}/token", **bounds)
    seen = Copy("aaaaabbbbb", ANNA.guid, WEEKLY, "", version='"1"')

    for attempt in (
        client.check(ANNA),
        client.answers(ANNA, ""),
        client.read(ANNA, "aaaaabbbbb"),
        anext(client.changes(ANNA, "cursor")),
        client.create(ANNA, "aaaaabbbbb", WEEKLY, mark=None),
        client.change(ANNA, seen, Entry(title="New"), mark=None),
        *([client.remove(ANNA, seen)] if not odd.says_done else []),
    ):
        with pytest.raises(Transient):
            await attempt


async def test_a_huge_answer_is_not_read_to_its_end(world: World, odd_server: Any) -> None:
    sent = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        stream = web.StreamResponse()
        await stream.prepare(request)
        with suppress(ConnectionError):
            for _ in range(1000):
                await stream.write(b" " * 100_000)
                sent += 100_000
        return stream

    url = await odd_server(answer)
    client = world.client(api_root=url, token_uri=f"{url}/token", answer_max=1_000_000)
    with pytest.raises(Transient, match="larger"):
        await client.check(ANNA)

    assert sent < 50_000_000


@pytest.mark.parametrize(
    "other",
    [
        {**TIMES, "id": "cccccddddd", "etag": '"1"'},
        {"id": "cccccddddd", "status": "cancelled"},
        {"status": "cancelled"},
    ],
)
async def test_d4_an_answer_about_another_event_proves_nothing(
    world: World, other: dict[str, Any]
) -> None:
    client = world.client()
    seen = await client.create(ANNA, "aaaaabbbbb", WEEKLY, mark=None)
    for operation in ("get", "patch", "insert"):
        world.order(f"events.{operation}", "refuse", status=200, body=other)

    for attempt in (
        client.read(ANNA, "aaaaabbbbb"),
        client.change(ANNA, seen, Entry(title="New"), mark=None),
        client.create(ANNA, "eeeeefffff", WEEKLY, mark=None),
    ):
        with pytest.raises(Transient):
            await attempt


async def test_d4_a_page_that_is_no_calendar_does_not_prove_that_it_answers(world: World) -> None:
    world.order("calendars.get", "refuse", status=200, body={"status": "ok"})

    with pytest.raises(Transient):
        await world.client().answers(ANNA, "")
