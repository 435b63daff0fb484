"""Pushes and the channels that bring them, with the real daemon (T5, T6)."""

import asyncio
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from daemon.runtime.wakes import Wake
from daemon.sandbox.google.channels import Channel
from daemon.web.app import make_app
from tests.e2e.inside import Inside, inside
from tests.e2e.installation import Installation, eventually
from tests.e2e.world import email_of

SOON_SECONDS = 10
"""A good deal more than a second, on a busy machine, and a good deal less than a poll."""
POLL_SECONDS = 100
NEVER_SECONDS = 1.0
"""How long it is waited for what is not to happen."""
MEANWHILE_MAX = 60
"""How many entries a first sync may make while another user's push is served: a fifth of what it has to do."""
DAY_SECONDS = 24 * 3600


def free_address() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


@pytest.fixture
async def pushed(company: Installation) -> Installation:
    """A company whose daemon Google can push to, and which hardly polls."""
    address = free_address()
    company.configure(
        web={"listen": address, "public_url": f"http://{address}"},
        sync={"poll_interval": POLL_SECONDS},
    )
    company.person("Anna")
    return company


def switch(company: Installation | Inside, **switches: Any) -> None:
    google = company.sandbox.google
    google.switches = replace(google.switches, **switches)


def channels(company: Installation | Inside, person: str = "Anna") -> list[Channel]:
    """Return the channels that Google has open on a person's calendar."""
    now = int(company.sandbox.clock().timestamp() * 1000)
    return list(company.sandbox.google.channels.live(email_of(person), now))


async def soon(company: Installation, is_so: Callable[[], bool]) -> None:
    """Wait until something is so, long before any poll."""
    await eventually(is_so, company, SOON_SECONDS)


async def opened(company: Installation, *people: str) -> None:
    await company.open(*people)
    await listening(company, *people)


async def listening(company: Installation, *people: str) -> None:
    """Wait until Google tells of these people's (all enabled) changes, and nothing is under way any more."""

    async def is_open() -> bool:
        rows = {row["email"]: row["channel"] for row in await company.ask("users")}
        names = people or tuple(company.enabled)
        return all(
            rows[email_of(name)] == "open" and len(channels(company, name)) == 1 for name in names
        )

    await eventually(is_open, company, SOON_SECONDS)
    looks = [-1, company.calls("google", "events.list")]
    while looks[-1] != looks[-2]:
        await asyncio.sleep(0.3)
        looks.append(company.calls("google", "events.list"))


def statuses(company: Installation) -> list[int]:
    """Return how the daemon answered what Google pushed."""
    return [c.status for c in company.sandbox.faults.journal if c.operation == "push"]


async def push(company: Installation, person: str = "Anna") -> None:
    """Tell of a change on a person's calendar, as Google would."""
    (channel,) = channels(company, person)
    headers = {
        "X-Goog-Channel-ID": channel.id,
        "X-Goog-Channel-Token": channel.token or "",
        "X-Goog-Resource-ID": channel.resource_id,
        "X-Goog-Resource-State": "exists",
    }
    status, _ = await company.call("POST", "/v1/google/notifications", person, **headers)
    assert status == 204


# Pushes


async def test_t5_a_change_in_google_arrives_long_before_the_poll(pushed: Installation) -> None:
    await opened(pushed)

    event = pushed.add_event("Anna", "Pushed", pushed.at(1, 9))
    await soon(pushed, lambda: pushed.names("Anna") == ["Pushed"])
    pushed.edit_event("Anna", event, summary="Pushed again")
    await soon(pushed, lambda: pushed.names("Anna") == ["Pushed again"])
    pushed.delete_event("Anna", event)
    await soon(pushed, lambda: pushed.names("Anna") == [])

    assert set(statuses(pushed)) == {204}


async def test_t5_pushes_that_come_together_or_during_a_sync_lose_nothing(
    pushed: Installation,
) -> None:
    await opened(pushed)
    looks = pushed.calls("google", "events.list")

    for number in range(30):
        pushed.add_event("Anna", f"E{number:02}", pushed.at(1 + number % 9, 9))
        await asyncio.sleep(0.01)

    await soon(pushed, lambda: len(pushed.names("Anna")) == 30)
    await pushed.agrees()
    assert len(set(pushed.names("Anna"))) == 30
    assert pushed.calls("google", "events.list") - looks < 60 + 15


@pytest.mark.parametrize(
    "switches",
    [
        {"push_doubles": True},
        {"push_delay_s": 0.2, "push_swaps": True},
        {"push_delay_s": 0.2, "push_merges": True},
        {"push_sync_first": False, "push_delay_s": 0.1},
    ],
    ids=["doubled", "late and reordered", "merged", "greeting after the answer"],
)
async def test_t5_odd_deliveries_do_nothing_twice(
    pushed: Installation, switches: dict[str, Any]
) -> None:
    switch(pushed, **switches)
    await opened(pushed)
    before = pushed.writes()

    for number in range(5):
        pushed.add_event("Anna", f"E{number}", pushed.at(1 + number, 9))
    await soon(pushed, lambda: len(pushed.names("Anna")) == 5)

    await pushed.agrees()
    assert pushed.writes() - before == 5


async def test_t5_what_no_push_tells_the_poll_finds(pushed: Installation) -> None:
    pushed.configure(sync={"poll_interval": 2})
    switch(pushed, push_loses_every=1)
    await pushed.open()

    pushed.add_event("Anna", "Unheard", pushed.at(1, 9))

    await soon(pushed, lambda: pushed.names("Anna") == ["Unheard"])


async def test_t5_a_push_for_who_is_away_is_made_up_for_on_return(pushed: Installation) -> None:
    pushed.configure(sync={"presence_ttl": 4, "poll_interval": 1})
    long_ago = pushed.sandbox.clock() - timedelta(days=9)
    pushed.person("Ben", last_login=long_ago)
    await opened(pushed, "Ben")

    async def is_away() -> bool:
        rows = {row["email"]: row["state"] for row in await pushed.ask("users")}
        return bool(rows[email_of("Ben")] == "waiting")

    await eventually(is_away, pushed)
    assert len(channels(pushed, "Ben")) == 1, "whoever is away keeps the channel"
    pushed.add_event("Ben", "While away", pushed.at(1, 9))
    await eventually(lambda: len(statuses(pushed)) >= 2, pushed)
    await asyncio.sleep(NEVER_SECONDS)
    assert pushed.names("Ben") == []

    await pushed.visit("Ben")
    await soon(pushed, lambda: pushed.names("Ben") == ["While away"])


async def test_t5_a_first_sync_of_another_user_does_not_delay_a_push(pushed: Installation) -> None:
    pushed.configure(sync={"poll_interval": 60})
    await opened(pushed, "Anna")
    pushed.person("Ben")
    for number in range(300):
        pushed.add_event("Ben", f"B{number:03}", pushed.at(1 + number % 9, 8 + number % 10))
    await pushed.switch("Ben")
    await eventually(lambda: len(pushed.names("Ben")) > 5, pushed)

    for number in range(3):
        name, of_ben = f"Pushed {number}", len(pushed.names("Ben"))
        pushed.add_event("Anna", name, pushed.at(1 + number, 9))
        await eventually(lambda name=name: name in pushed.names("Anna"), pushed, pause=0.01)  # type: ignore[misc]
        assert len(pushed.names("Ben")) - of_ben < MEANWHILE_MAX

    assert len(pushed.names("Ben")) < 300, "the first sync was over before"


async def test_t5_a_push_during_a_first_sync_is_followed_by_another_look(
    pushed: Installation,
) -> None:
    pushed.add_event("Anna", "Old", pushed.at(1, 9))
    await pushed.start()
    await pushed.set_up()
    pushed.fault("severa", "activities.create", "delay", seconds=3)
    await pushed.switch("Anna")
    await eventually(lambda: bool(channels(pushed)) and not pushed.sandbox.faults.pending, pushed)
    pushed.add_event("Anna", "Meanwhile", pushed.at(2, 9))

    await soon(pushed, lambda: sorted(pushed.names("Anna")) == ["Meanwhile", "Old"])


async def test_t5_what_google_lists_only_after_it_pushed_is_looked_for_once_more(
    pushed: Installation,
) -> None:
    await opened(pushed)
    switch(pushed, push_loses_every=1)
    looks = pushed.calls("google", "events.list")

    await push(pushed)
    await eventually(lambda: pushed.calls("google", "events.list") == looks + 1, pushed, 2)
    pushed.add_event("Anna", "Listed late", pushed.at(1, 9))

    await eventually(lambda: pushed.names("Anna") == ["Listed late"], pushed, 5)
    await push(pushed)
    await asyncio.sleep(6)
    assert pushed.calls("google", "events.list") == looks + 4, "once more, and not for ever"


async def test_forged_messages_start_nothing(pushed: Installation) -> None:
    await opened(pushed)
    (channel,) = channels(pushed)
    looks = pushed.calls("google", "events.list")

    mine, token = channel.resource_id, channel.token or ""
    for shown, resource in (("", mine), ("x", mine), (token[:-1], mine), (token, "x")):
        headers = {
            "X-Goog-Channel-ID": channel.id,
            "X-Goog-Channel-Token": shown,
            "X-Goog-Resource-ID": resource,
            "X-Goog-Resource-State": "exists",
        }
        status, _ = await pushed.call("POST", "/v1/google/notifications", "Anna", **headers)
        assert status == 404

    await asyncio.sleep(NEVER_SECONDS)
    assert pushed.calls("google", "events.list") == looks


async def test_a6_the_token_of_a_channel_stands_nowhere(pushed: Installation) -> None:
    await opened(pushed)
    (channel,) = channels(pushed)
    pushed.add_event("Anna", "Pushed", pushed.at(1, 9))
    await soon(pushed, lambda: pushed.names("Anna") == ["Pushed"])

    token = (channel.token or "").encode()
    assert len(token) > 40
    assert token not in b"".join(f.read_bytes() for f in pushed.path.iterdir() if f.is_file())
    assert token.decode() not in "\n".join(pushed.log)


# Channels


async def test_t6_channels_are_renewed_before_they_end_and_no_change_falls_between(
    pushed: Installation,
) -> None:
    life = 8.0
    switch(pushed, push_days_max=life / DAY_SECONDS)
    await opened(pushed)
    first = {channel.id for channel in channels(pushed)}
    seen, fewest, most = set(first), 9, 0
    began, number = time.monotonic(), 0

    while time.monotonic() - began < life * 1.6:
        if number < (time.monotonic() - began) * 2:
            pushed.add_event("Anna", f"E{number:02}", pushed.at(1 + number % 9, 9))
            number += 1
        live = {channel.id for channel in channels(pushed)}
        seen |= live
        fewest, most = min(fewest, len(live)), max(most, len(live))
        await asyncio.sleep(0.02)
    await soon(pushed, lambda: len(pushed.names("Anna")) == number)

    assert len(seen) >= 2
    assert fewest >= 1, "there was a moment without a channel"
    assert most == 2, "the new one is open before the old one is stopped"
    assert len(channels(pushed)) <= 2


async def test_t6_a_kill_between_row_and_answer_leaves_one_channel_that_works(
    pushed: Installation,
) -> None:
    await pushed.start()
    await pushed.set_up()
    pushed.kill_when(lambda: bool(channels(pushed)))
    await pushed.switch("Anna")
    await pushed.died()
    (orphan,) = channels(pushed)

    await pushed.start()
    await pushed.synced("Anna")
    await listening(pushed)

    (channel,) = channels(pushed)
    assert channel.id != orphan.id
    pushed.add_event("Anna", "Pushed", pushed.at(1, 9))
    await soon(pushed, lambda: pushed.names("Anna") == ["Pushed"])


async def test_t6_an_orphans_pushes_are_taken_until_it_is_replaced(pushed: Installation) -> None:
    await pushed.start()
    await pushed.set_up()
    pushed.fault("google", "events.watch", "lose_reply")
    pushed.fault("google", "events.watch", "refuse", times=1000)
    await pushed.switch("Anna")
    await pushed.synced("Anna")
    assert len(channels(pushed)) == 1

    pushed.add_event("Anna", "Pushed", pushed.at(1, 9))
    await soon(pushed, lambda: pushed.names("Anna") == ["Pushed"])

    pushed.sandbox.faults.clear()
    (orphan,) = channels(pushed)
    await eventually(lambda: orphan.id not in {c.id for c in channels(pushed)}, pushed, 30)
    await listening(pushed)


async def test_t6_a_channel_is_used_again_after_a_kill(pushed: Installation) -> None:
    await opened(pushed)
    (channel,) = channels(pushed)
    await pushed.kill()
    pushed.add_event("Anna", "Meanwhile", pushed.at(1, 9))

    await pushed.start()
    await soon(pushed, lambda: pushed.names("Anna") == ["Meanwhile"])
    pushed.add_event("Anna", "Pushed", pushed.at(1, 11))
    await soon(pushed, lambda: "Pushed" in pushed.names("Anna"))

    assert channels(pushed) == [channel]


async def test_t6_a_stop_stops_channels_and_a_start_opens_new_ones(pushed: Installation) -> None:
    await opened(pushed)
    assert await pushed.stop() == 0
    assert channels(pushed) == []
    pushed.add_event("Anna", "Meanwhile", pushed.at(1, 9))

    await pushed.start()

    await soon(pushed, lambda: pushed.names("Anna") == ["Meanwhile"])
    await listening(pushed)


async def test_t6_a_google_that_does_not_answer_holds_no_stop_up(pushed: Installation) -> None:
    await opened(pushed)
    pushed.fault("google", "channels.stop", "delay", seconds=60, times=10)
    began = time.monotonic()

    assert await pushed.stop(signal.SIGTERM) == 0

    assert time.monotonic() - began < 8
    assert len(channels(pushed)) == 1
    pushed.sandbox.faults.clear()


async def test_t6_whoever_switches_off_has_no_channel(pushed: Installation) -> None:
    pushed.person("Ben")
    await opened(pushed)

    await pushed.switch("Anna", enabled=False)

    await soon(pushed, lambda: channels(pushed, "Anna") == [])
    assert len(channels(pushed, "Ben")) == 1


@pytest.mark.parametrize("is_running", [True, False], ids=["running", "stopped"])
async def test_a1_a_switched_off_integration_has_no_channels(
    pushed: Installation, is_running: bool
) -> None:
    await opened(pushed)
    if not is_running:
        await pushed.kill()

    await pushed.good("integration", "off")
    await eventually(lambda: channels(pushed) == [], pushed, 3)

    if not is_running:
        await pushed.start()
    await pushed.ask("integration on")
    await listening(pushed)


async def test_a7_who_is_inactive_has_no_channel_until_back(
    pushed: Installation,
) -> None:
    pushed.person("Ben")
    await opened(pushed)
    pushed.sandbox.severa.change_user(pushed.people["Ben"], is_active=False)
    await pushed.ask("activity-types list")
    await pushed.visit("Anna")
    await soon(pushed, lambda: channels(pushed, "Ben") == [])
    assert len(channels(pushed, "Anna")) == 1

    pushed.sandbox.severa.change_user(pushed.people["Ben"], is_active=True)
    await pushed.ask("activity-types list")
    await pushed.visit("Anna")
    await soon(pushed, lambda: len(channels(pushed, "Ben")) == 1)


async def test_t6_a_refused_calendar_is_shown_and_synced_by_the_poll(pushed: Installation) -> None:
    pushed.configure(sync={"poll_interval": 1})
    reason = "pushNotSupportedForRequestedResource"
    pushed.fault("google", "events.watch", "refuse", error=reason, times=1000)
    await pushed.open()

    pushed.add_event("Anna", "Polled", pushed.at(1, 9))
    await soon(pushed, lambda: pushed.names("Anna") == ["Polled"])

    status = await pushed.ask("status")
    assert [row["channel"] for row in status["users"]] == ["refused"]
    (problem,) = status["channels"]
    assert (problem["user"], problem["problem"]) == (email_of("Anna"), reason)
    assert problem["due"]
    text = await pushed.good("status")
    assert f"Google refuses to push for {email_of('Anna')} ({reason})" in text
    assert pushed.calls("google", "events.watch") == 1


async def test_t6_without_a_public_address_the_daemon_says_that_it_only_polls(
    company: Installation,
) -> None:
    company.person("Anna")
    company.person("Ben")
    await company.open("Anna")

    rows = {row["email"]: row["channel"] for row in await company.json("users")}
    assert rows == {email_of("Anna"): "poll only", email_of("Ben"): None}
    assert "public_url" in await company.good("status")
    assert any("public_url" in line for line in company.log)
    assert company.calls("google", "events.watch") == 0


# On a clock that is moved by hand


@asynccontextmanager
async def listening_inside(path: Path) -> AsyncIterator[Inside]:
    """A company on a virtual clock, whose daemon Google can really push to."""
    address = free_address()
    host, port = address.split(":")
    async with inside(path, web={"listen": address, "public_url": f"http://{address}"}) as company:
        await company.app.channels.keeper.load()

        async def is_ready() -> bool:
            return True

        served = make_app(
            company.app.people,
            company.app.triggers,
            signing_key=lambda: None,
            is_ready=is_ready,
            metrics=company.app.metrics.text,
            now=lambda: datetime.now(UTC),
            monotonic=time.monotonic,
            pushes=company.app.register,
            notice=lambda user: company.app.wakes.add(Wake(user, is_early=True)),
        )
        runner = web.AppRunner(served, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, int(port)).start()
            yield company
        finally:
            await runner.cleanup()


async def kept(company: Inside, pause: timedelta = timedelta(minutes=1)) -> None:
    """Let one round and one turn of the keeper pass, and time after them."""
    await company.round(pause)
    await company.app.channels.keeper.keep()
    await asyncio.sleep(0.02)


async def test_t6_a_channel_that_google_forgot_is_replaced(tmp_path: Path) -> None:
    async with listening_inside(tmp_path) as company:
        company.person("Anna")
        await company.switch_on("Anna")
        for _ in range(3):
            await kept(company, timedelta(minutes=3))
        (old,) = channels(company)
        guid = company.people["Anna"]
        assert company.app.register.is_healthy(guid)

        company.sandbox.google.expire_channels()
        for number in range(4):
            company.add_event("Anna", f"Unheard {number}", company.at(1 + number, 9))
            for _ in range(3):
                await kept(company, timedelta(minutes=3))

        (new,) = channels(company)
        assert new.id != old.id
        assert company.app.register.is_healthy(guid)
        assert len(company.names("Anna")) == 4


async def test_t6_a_month_of_channels_has_no_gap_and_leaves_nothing_behind(tmp_path: Path) -> None:
    async with listening_inside(tmp_path) as company:
        for name in ("Anna", "Ben"):
            company.person(name)
        await company.switch_on("Anna", "Ben")
        await kept(company)
        renewed: dict[str, set[str]] = {"Anna": set(), "Ben": set()}

        for _ in range(31 * 4):
            company.clock.move(timedelta(hours=6))
            for _ in range(3):
                await company.app.channels.keeper.keep()
            for name, ids in renewed.items():
                (channel,) = channels(company, name)
                ids.add(channel.id)

        assert all(5 <= len(ids) <= 12 for ids in renewed.values())
        assert not renewed["Anna"] & renewed["Ben"]
        rows = await company.app.store.read(lambda tx: tx.channels())
        assert len(rows) == 2
