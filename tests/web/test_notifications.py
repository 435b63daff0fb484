"""What comes to `POST /v1/google/notifications`: Google's messages, and those of everybody else (T5, SPEC.md I)."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from daemon.core.channel import Channel, ChannelState, Opened, Target, begun, ending, opened
from daemon.secret import Secret
from daemon.sync.register import Register
from daemon.web.app import make_app
from daemon.web.bodies import BODY_MAX
from daemon.web.notifications import PATH

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
WEEK = timedelta(days=7)
TARGET = Target("anna@example.com", "https://sync.example.com" + PATH, "sync@example.com")
TOKEN = "a token that nobody guesses"
SOUND = {
    "X-Goog-Channel-ID": "c-1",
    "X-Goog-Channel-Token": TOKEN,
    "X-Goog-Resource-ID": "ret1",
    "X-Goog-Resource-State": "exists",
    "X-Goog-Message-Number": "10",
    "X-Goog-Resource-URI": "https://www.googleapis.com/calendar/v3/calendars/anna%40example.com/events",
}


def asked(name: str = "c-1", token: str = TOKEN) -> Channel:
    return begun(name, "anna", TARGET, Secret(token), now=NOW, before=None)


def active(name: str = "c-1", token: str = TOKEN) -> Channel:
    return opened(asked(name, token), Opened("ret1", NOW + WEEK), now=NOW, chance=0.5)


class Nobody:
    """A profile and the triggers of nobody: the messages need none."""

    def owner_of(self, token: Secret) -> str | None:
        return None


@dataclass
class Door:
    register: Register
    session: aiohttp.ClientSession
    noticed: list[str] = field(default_factory=list)
    is_full: bool = False
    now: datetime = NOW

    def notice(self, user: str) -> bool:
        if self.is_full:
            return False
        self.noticed.append(user)
        return True

    async def push(self, data: Any = b"", method: str = "POST", **headers: str | None) -> int:
        named = {f"X-Goog-{name.replace('_', '-')}": value for name, value in headers.items()}
        given = {name: value for name, value in (SOUND | named).items() if value is not None}
        async with self.session.request(method, PATH, data=data, headers=given) as answer:
            self.body = await answer.text()
            self.kind = answer.content_type
            return answer.status


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async def is_ready() -> bool:
        return True

    doors: list[Door] = []
    register = Register(lambda: doors[0].now if doors else NOW)
    nobody: Any = Nobody()
    app = make_app(
        nobody,
        nobody,
        signing_key=lambda: None,
        is_ready=is_ready,
        metrics=nobody,
        now=lambda: datetime.now(UTC),
        monotonic=time.monotonic,
        pushes=register,
        notice=lambda user: doors[0].notice(user),
    )
    async with (
        TestServer(app, host="127.0.0.1") as served,
        aiohttp.ClientSession(served.make_url("")) as session,
    ):
        doors.append(Door(register, session))
        register.keep([active()])
        yield doors[0]


async def test_t5_a_message_of_ours_is_noted_and_answered_without_a_body(door: Door) -> None:
    assert await door.push() == 204

    assert door.noticed == ["anna"]
    assert door.body == ""


@pytest.mark.parametrize("state", ["exists", "not_exists", "something new", None])
async def test_t5_whatever_it_says_has_happened_something_may_have(
    door: Door, state: str | None
) -> None:
    assert await door.push(Resource_State=state) == 204

    assert door.noticed == ["anna"]


async def test_a_greeting_is_a_sign_of_life_and_nothing_else(door: Door) -> None:
    assert not door.register.is_healthy("anna")

    assert await door.push(Resource_State="sync", Message_Number="1") == 204

    assert door.noticed == []
    assert door.register.is_healthy("anna")


FORGED: dict[str, dict[str, str | None]] = {
    "no id": {"Channel_ID": None},
    "an empty id": {"Channel_ID": ""},
    "an unknown id": {"Channel_ID": "c-9"},
    "an id in capitals": {"Channel_ID": "C-1"},
    "an id with more": {"Channel_ID": "c-1 "[:3] + "x"},
    "a long id": {"Channel_ID": "c" * 5000},
    "no token": {"Channel_Token": None},
    "an empty token": {"Channel_Token": ""},
    "a wrong token": {"Channel_Token": "guessed"},
    "a cut token": {"Channel_Token": TOKEN[:-1]},
    "a token with more": {"Channel_Token": TOKEN + "x"},
    "a token in capitals": {"Channel_Token": TOKEN.upper()},
    "a long token": {"Channel_Token": "t" * 5000},
    "another channel's token": {"Channel_Token": "the token of c-2"},
    "the hash of the token": {"Channel_Token": active().token_hash},
    "a token of other letters": {"Channel_Token": "ключ"},
    "no resource": {"Resource_ID": None},
    "an empty resource": {"Resource_ID": ""},
    "another resource": {"Resource_ID": "ret2"},
    "a cut resource": {"Resource_ID": "ret"},
    "a long resource": {"Resource_ID": "r" * 5000},
    "nothing at all": {name.removeprefix("X-Goog-").replace("-", "_"): None for name in SOUND},
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
async def test_t5_a_message_that_is_not_of_ours_is_404_with_no_hint_which(
    door: Door, name: str
) -> None:
    door.register.keep([active("c-2", "the token of c-2")])
    await door.push(Channel_ID="c-9", Channel_Token="x", Resource_ID="y")
    unknown = door.body

    assert await door.push(**FORGED[name]) == 404  # type: ignore[arg-type]

    assert (door.body, door.kind) == (unknown, "application/problem+json")
    assert door.noticed == []
    assert door.register.channel("c-1") == active()


async def test_a_header_that_is_no_text_is_404(door: Door) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.session._base_url.port)  # type: ignore[union-attr]
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nX-Goog-Channel-ID: c-1\r\n"
    writer.write(head.encode() + b"X-Goog-Channel-Token: \xff\xfe\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()

    assert answer.split(b" ")[1] in (b"404", b"400")
    assert door.noticed == []


@pytest.mark.parametrize(
    ("channel", "is_taken"),
    [
        (asked(), True),
        (ending(active()), True),
        (replace(active(), expires_at=NOW - WEEK), True),
        (replace(active(), state=ChannelState.REFUSED), False),
    ],
    ids=["not answered yet", "replaced", "expired", "refused"],
)
async def test_t6_messages_are_taken_as_long_as_the_row_of_a_channel_stands(
    door: Door, channel: Channel, is_taken: bool
) -> None:
    door.register.keep([channel])

    assert await door.push() == (204 if is_taken else 404)

    door.register.drop(["c-1"])
    assert await door.push() == 404


async def test_t5_what_cannot_be_noted_is_sent_again(door: Door) -> None:
    """Google tries again after 503, and after no 4xx."""
    door.is_full = True

    assert await door.push() == 503
    assert door.kind == "application/problem+json"
    assert await door.push(Resource_State="sync") == 204
    assert await door.push(Channel_Token="guessed") == 404

    door.is_full = False
    assert await door.push() == 204
    assert door.noticed == ["anna"]


async def test_t5_doubled_and_reordered_messages_are_each_a_wish_to_look(door: Door) -> None:
    for number in ("12", "12", "11", "10"):
        assert await door.push(Message_Number=number) == 204

    assert set(door.noticed) == {"anna"}


async def test_a_small_body_is_not_looked_at(door: Door) -> None:
    assert await door.push(data=b"{not json" * 100) == 204

    assert door.noticed == ["anna"]


async def test_a_body_that_is_too_large_is_refused_and_does_nothing(door: Door) -> None:
    assert await door.push(data=b"x" * (BODY_MAX + 1)) == 413

    assert door.noticed == []
    assert door.kind == "application/problem+json"


async def test_an_endless_body_is_not_waited_for(door: Door) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.session._base_url.port)  # type: ignore[union-attr]
    said = "".join(f"{name}: {text}\r\n" for name, text in SOUND.items())
    writer.write(f"POST {PATH} HTTP/1.1\r\nHost: x\r\n{said}Content-Length: 60000\r\n\r\n".encode())
    writer.write(b"only the beginning")

    async with asyncio.timeout(2):
        status = await reader.readline()
    writer.close()

    assert b" 204 " in status
    assert door.noticed == ["anna"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
async def test_there_is_no_other_way_to_push(door: Door, method: str) -> None:
    assert await door.push(method=method) == 405

    assert door.noticed == []


async def test_t5_no_robots_txt_forbids_google_to_push(door: Door) -> None:
    """Google obeys it (Push notifications), and one that forbids would end pushes without a word."""
    async with door.session.get("/robots.txt") as answer:
        text = await answer.text()

    assert answer.status == 404 or "disallow" not in text.lower()


async def test_t5_a_thousand_messages_are_taken_in_little_time(door: Door) -> None:
    register = door.register
    began = time.perf_counter()

    for _ in range(1000):
        assert register.hear("c-1", TOKEN, "ret1", is_news=True) == "anna"

    assert time.perf_counter() - began < 1
