"""The three triggers over HTTP: who may send them, what they wake, and what they write down (T1, T2, T4, I)."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from multidict import CIMultiDict

from daemon.config import load
from daemon.core.account import Account, Stage, State
from daemon.runtime.app import opened
from daemon.runtime.redaction import Striker
from daemon.runtime.triggers import TriggerTokens
from daemon.secret import Secret
from daemon.web.app import CALLS_AT_ONCE, CALLS_PER_SECOND
from tests.web.door import PAGE, Door, bearer, open_door
from tests.web.test_me import UNPROVEN

NAVIGATION, SESSION = "/v1/severa/navigation", "/v1/severa/session"
ACTIVITY = "/v1/severa/activities/4e0c"
TOKEN = "/v1/me/trigger-token"
TRIGGERS = [
    (NAVIGATION, {"section": "calendar"}),
    (ACTIVITY, {"change": "deleted"}),
    (SESSION, {"state": "login"}),
    (SESSION, {"state": "logout"}),
]


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    """A door behind which Anna has switched sync on and was last seen an hour ago."""
    async with open_door(tmp_path) as opened:
        await opened.enable()
        await away(opened, timedelta(hours=1))
        opened.ticks.now += 60
        yield opened


async def away(door: Door, for_: timedelta, **changes: Any) -> None:
    account = await door.account()
    seen = account.last_seen_at
    assert seen is not None
    await keep(door, account, last_seen_at=seen - for_, **changes)


async def keep(door: Door, account: Account, **changes: Any) -> None:
    await door.app.store.write(lambda tx: tx.save_accounts([replace(account, **changes)]))


async def send(
    door: Door, path: str, body: Any, authorization: str | None = None, **headers: str
) -> int:
    given = authorization or bearer(door.company)
    return (await door.call("POST", given, body, path, **headers)).status


async def token_of(door: Door) -> str:
    made = await door.call("POST", bearer(door.company), path=TOKEN)
    assert made.status == 201
    return "Bearer " + str((await made.json())["token"])


def is_there(door: Door, account: Account) -> bool:
    return door.app.triggers._presence.is_there(account)


# What a trigger does


async def test_t1_a_navigation_wakes_its_user_and_is_a_sign(door: Door) -> None:
    before = await door.account()

    response = await door.call("POST", bearer(door.company), {"section": "calendar"}, NAVIGATION)

    assert (response.status, await response.read()) == (202, b"")
    assert door.woken == [(door.company.people["Anna"], "trigger")]
    after = await door.account()
    assert before.last_seen_at is not None
    assert after.last_seen_at is not None
    assert after.last_seen_at > before.last_seen_at + timedelta(minutes=50)


@pytest.mark.parametrize("change", ["created", "updated", "deleted"])
async def test_t2_a_change_wakes_the_activity_also_one_that_nobody_knows(
    door: Door, change: str
) -> None:
    for guid in ("4e0c4a52-6ffc-4f61-9d0c-6c1a1f0a1b2c", "4e0c;9d0c"):
        assert await send(door, f"/v1/severa/activities/{guid}", {"change": change}) == 202
        assert door.woken.pop() == (guid, door.company.people["Anna"], "trigger")


async def test_t2_a_change_that_cannot_be_noted_is_to_be_sent_again(tmp_path: Path) -> None:
    async with open_door(tmp_path, is_busy=True) as door:
        assert await send(door, ACTIVITY, {"change": "deleted"}) == 503


async def test_t2_who_does_not_use_the_sync_still_wakes_the_entry_for_those_who_do(
    door: Door,
) -> None:
    cara = door.company.sandbox.severa.add_user("Cara", "Test", "cara@example.com")
    await door.app.engine.refresh_company()

    assert await send(door, ACTIVITY, {"change": "updated"}, bearer(door.company, sub=cara)) == 202
    assert await send(door, NAVIGATION, {"section": "x"}, bearer(door.company, sub=cara)) == 202

    assert door.woken == [("4e0c", cara, "trigger")]


async def test_t4_after_a_logout_the_user_is_away_until_the_next_sign(door: Door) -> None:
    door.company.sandbox.severa.person_login(door.company.people["Anna"])
    await door.app.engine.refresh_company()
    assert is_there(door, await door.account())

    assert await send(door, SESSION, {"state": "logout"}) == 202

    assert door.woken == []
    # Also against a login that Severa tells of only now, but that was earlier.
    await door.app.engine.refresh_company()
    account = await door.account()
    assert account.user.last_login is not None
    assert not is_there(door, account)
    described = await door.app.people.described(account)
    assert (described["state"], described["reason"]) == ("waiting", "Not logged in to Severa.")

    assert await send(door, SESSION, {"state": "login"}) == 202
    assert is_there(door, await door.account())
    assert door.woken == [(door.company.people["Anna"], "trigger")]


async def test_t4_a_visit_to_the_profile_is_a_sign_and_wakes_who_was_away(door: Door) -> None:
    await send(door, SESSION, {"state": "logout"})

    shown = await door.call("GET", bearer(door.company))

    assert (await shown.json())["state"] == "first-sync"
    assert is_there(door, await door.account())
    assert await door.app.waker.wait(timedelta(seconds=1)) == "switch, visit"


@pytest.mark.parametrize(("stage", "shown"), [(Stage.DONE, "idle"), (Stage.WRITING, "first-sync")])
async def test_t4_who_comes_back_is_shown_what_goes_on_and_no_old_reason(
    door: Door, stage: Stage, shown: str
) -> None:
    waiting = {"state": State.WAITING, "reason": "Not logged in to Severa.", "stage": stage}
    await keep(door, await door.account(), **waiting)

    state = await (await door.call("GET", bearer(door.company))).json()

    assert (state["state"], state["reason"]) == (shown, "")


async def test_t4_many_clicks_are_one_write_and_the_next_minute_another(door: Door) -> None:
    path = door.company.path / "severa-gcal.db"
    with closing(sqlite3.connect(path)) as database:

        def version() -> int:
            return int(database.execute("PRAGMA data_version").fetchone()[0])

        first = version()
        for _ in range(12):
            assert await send(door, NAVIGATION, {"section": "calendar"}) == 202
            assert (await door.call("GET", bearer(door.company))).status == 200
        second = version()
        assert await send(door, NAVIGATION, {"section": "calendar"}) == 202
        third = version()
        await away(door, timedelta(seconds=61))
        fourth = version()
        assert await send(door, NAVIGATION, {"section": "calendar"}) == 202
        fifth = version()

    assert (second - first, third - second, fifth - fourth) == (1, 0, 1)


async def test_t4_presence_outlives_a_restart(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door:
        await door.enable()
        await send(door, SESSION, {"state": "logout"})
        left = await door.account()
        before = await door.app.store.read(lambda tx: tx.accounts())
        path = door.company.path

    async with opened(load(path / "config.toml")) as app:
        assert await app.store.read(lambda tx: tx.accounts()) == before
        assert left.logged_out_at is not None
        assert not app.triggers._presence.is_there(left)


# Who may send one


async def test_what_does_not_prove_who_is_calling_triggers_nothing(door: Door) -> None:
    before = await door.account()
    wrong = {name: make(door.company) for name, make in UNPROVEN.items()}
    wrong |= {
        "a made-up trigger token": "Bearer sgt_" + "a" * 43,
        "the beginning of a trigger token": (await token_of(door))[:-1],
        "no trigger token but its word": "Bearer sgt_",
        "a trigger token by another scheme": (await token_of(door)).replace("Bearer", "Basic"),
    }
    before = await door.account()
    told = {}

    for name, header in wrong.items():
        for path, body in TRIGGERS:
            response = await door.call("POST", header, body, path)
            if (response.status, response.content_type) != (401, "application/problem+json"):
                told[name, path] = response.status

    assert told == {}
    assert door.woken == []
    assert await door.account() == before


@pytest.mark.parametrize("person", ["nobody", "Ben"])
async def test_an_unknown_or_inactive_user_triggers_nothing(door: Door, person: str) -> None:
    subject = door.company.people.get(person, person)

    for path, body in TRIGGERS:
        assert await send(door, path, body, bearer(door.company, sub=subject)) == 403

    assert door.woken == []


async def test_strangers_make_us_ask_severa_only_now_and_then(door: Door) -> None:
    def listings() -> int:
        return door.company.calls("severa", "users.list")

    before = listings()
    for number in range(60):
        subject = f"stranger-{number}"
        assert (
            await send(door, NAVIGATION, {"section": "x"}, bearer(door.company, sub=subject)) == 403
        )

    assert listings() - before <= 11


async def test_two_headers_prove_nothing(door: Door) -> None:
    headers = CIMultiDict({"Authorization": bearer(door.company)})
    headers.add("Authorization", bearer(door.company))

    async with door.session.post(NAVIGATION, headers=headers, json={"section": "x"}) as response:
        assert response.status == 401


# The trigger token


async def test_a_trigger_token_triggers_and_does_nothing_else(door: Door) -> None:
    token = await token_of(door)

    for path, body in TRIGGERS:
        assert await send(door, path, body, token) == 202
    for method, path in (
        ("GET", "/v1/me/sync"),
        ("PUT", "/v1/me/sync"),
        ("POST", TOKEN),
        ("DELETE", TOKEN),
    ):
        response = await door.call(method, token, {"enabled": False}, path)
        assert response.status == 401, (method, path)

    assert (await door.account()).is_enabled


async def test_a_new_trigger_token_replaces_the_old_one_and_can_be_taken_back(door: Door) -> None:
    first = await token_of(door)
    second = await token_of(door)
    assert first != second
    assert await send(door, *TRIGGERS[0], first) == 401
    assert await send(door, *TRIGGERS[0], second) == 202

    gone = await door.call("DELETE", bearer(door.company), path=TOKEN)
    assert (gone.status, await gone.read()) == (204, b"")
    assert (await door.call("DELETE", bearer(door.company), path=TOKEN)).status == 204
    assert await send(door, *TRIGGERS[0], second) == 401


async def test_the_trigger_token_of_who_became_inactive_is_refused(door: Door) -> None:
    token = await token_of(door)
    door.company.sandbox.severa.change_user(door.company.people["Anna"], is_active=False)
    await door.app.engine.refresh_company()
    door.woken.clear()

    assert await send(door, *TRIGGERS[1], token) == 403
    assert door.woken == []


async def test_a_trigger_token_outlives_a_restart_and_stands_nowhere_in_the_clear(
    door: Door,
) -> None:
    token = (await token_of(door)).removeprefix("Bearer ")
    assert len(token) >= 43, "256 bits need so many letters"

    again = TriggerTokens(door.app.store, now=door.company.sandbox.clock, rng=None)  # type: ignore[arg-type]
    await again.load()

    assert again.owner_of(Secret(token)) == door.company.people["Anna"]
    for file in door.company.path.glob("severa-gcal.db*"):
        assert token.encode() not in file.read_bytes()
    struck = Striker().text(f"the token {token} was used")
    assert token not in struck


# What is no trigger


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (NAVIGATION, b""),
        (NAVIGATION, b"{"),
        (NAVIGATION, {}),
        (NAVIGATION, []),
        (NAVIGATION, {"section": 7}),
        (NAVIGATION, {"section": ""}),
        (ACTIVITY, {"change": "moved"}),
        (ACTIVITY, {"change": ["created"]}),
        (ACTIVITY, {}),
        (f"/v1/severa/activities/{'a' * 101}", {"change": "updated"}),
        ("/v1/severa/activities/a%00b", {"change": "updated"}),
        ("/v1/severa/activities/%ED%A0%80", {"change": "updated"}),
        ("/v1/severa/activities/a%2Fb", {"change": "updated"}),
        (SESSION, {"state": "away"}),
        (SESSION, {"state": None}),
    ],
    ids=str,
)
async def test_what_is_not_as_described_is_refused_and_wakes_nobody(
    door: Door, path: str, body: Any
) -> None:
    before = await door.account()

    response = await door.call("POST", bearer(door.company), body, path)

    assert (response.status, response.content_type) == (400, "application/problem+json")
    assert door.woken == []
    assert await door.account() == before


# Who goes too fast


async def test_who_goes_too_fast_is_told_when_to_come_back_and_stops_nobody_else(
    door: Door,
) -> None:
    cara = door.company.sandbox.severa.add_user("Cara", "Test", "cara@example.com")
    await door.app.engine.refresh_company()

    answers = [await send(door, NAVIGATION, {"section": "x"}) for _ in range(CALLS_AT_ONCE + 5)]

    assert answers == [202] * CALLS_AT_ONCE + [429] * 5
    assert len(door.woken) == CALLS_AT_ONCE
    refused = await door.call("POST", bearer(door.company), {"section": "x"}, NAVIGATION)
    assert refused.headers["Retry-After"] == "1"
    assert refused.content_type == "application/problem+json"
    assert await send(door, NAVIGATION, {"section": "x"}, bearer(door.company, sub=cara)) == 202
    door.ticks.now += 1
    again = [await send(door, NAVIGATION, {"section": "x"}) for _ in range(CALLS_PER_SECOND + 1)]
    assert again == [202] * CALLS_PER_SECOND + [429]


# From pages of another origin


async def test_a_page_of_an_allowed_origin_may_call_and_is_never_given_credentials(
    door: Door,
) -> None:
    asked = await door.call(
        "OPTIONS", None, None, ACTIVITY,
        **{
            "Origin": PAGE,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        },
    )  # fmt: skip

    assert (asked.status, await asked.read()) == (204, b"")
    assert asked.headers["Access-Control-Allow-Origin"] == PAGE
    assert "POST" in asked.headers["Access-Control-Allow-Methods"].split(",")
    assert asked.headers["Access-Control-Allow-Headers"] == "Authorization, Content-Type"
    assert int(asked.headers["Access-Control-Max-Age"]) > 0
    # What `fetch` calls a text that it is given without a word of what it is.
    sent = await door.call(
        "POST", bearer(door.company), {"change": "updated"}, ACTIVITY,
        **{"Origin": PAGE, "Content-Type": "text/plain;charset=UTF-8"},
    )  # fmt: skip
    assert sent.status == 202
    failed = await door.call("POST", None, {}, ACTIVITY, Origin=PAGE)
    assert failed.status == 401
    for response in (asked, sent, failed):
        assert response.headers["Access-Control-Allow-Origin"] == PAGE
        assert response.headers["Vary"] == "Origin"
        assert "Access-Control-Allow-Credentials" not in response.headers


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example.com", "http://severa.example.com", f"{PAGE}:8443", f"{PAGE}.evil.com",
     "null", "", "*", "https://[", PAGE.upper()],
)  # fmt: skip
async def test_a_page_of_any_other_origin_may_not(door: Door, origin: str) -> None:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}

    for method, header in (("OPTIONS", None), ("POST", bearer(door.company))):
        response = await door.call(method, header, {"change": "updated"}, ACTIVITY, **asked)
        assert response.status == 403, method
        assert not [name for name in response.headers if name.startswith("Access-Control")]
        assert response.headers["Vary"] == "Origin"

    assert door.woken == []


async def test_the_daemons_own_pages_and_programs_need_no_leave(door: Door) -> None:
    own = door.url.replace("http:", "https:")

    assert await send(door, NAVIGATION, {"section": "x"}, Origin=own) == 202
    assert (await door.call("GET", None, path="/healthz", Origin="https://x.example.com")).ok
