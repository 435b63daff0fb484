import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import jwt
import pytest
from aiohttp import ClientConnectionError, ClientSession, ClientTimeout
from cryptography.hazmat.primitives.serialization import pkcs12

from daemon.sandbox.faults import Fault
from daemon.sandbox.people import Company, furnish
from daemon.sandbox.server import Sandbox

MONDAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
CALENDAR = "https://www.googleapis.com/auth/calendar"


def clock() -> datetime:
    return NOW


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession(timeout=ClientTimeout(total=10)) as session:
        yield session


async def _severa_headers(
    http: ClientSession, sandbox: Sandbox, company: Company
) -> dict[str, str]:
    body = {"client_id": company.client_id, "client_secret": company.client_secret}
    async with http.post(f"{sandbox.severa_url}/v1/token", json=body) as reply:
        assert reply.status == 200
        token = (await reply.json())["access_token"]
    return {"Authorization": f"Bearer {token}", "Client_Id": company.client_id}


async def _severa_names(http: ClientSession, sandbox: Sandbox, company: Company) -> list[str]:
    headers = await _severa_headers(http, sandbox, company)
    url = f"{sandbox.severa_url}/v1/activities"
    async with http.get(url, headers=headers, params={"rowCount": "100"}) as reply:
        assert reply.status == 200
        return sorted(row["name"] for row in await reply.json())


async def _google_headers(
    http: ClientSession, sandbox: Sandbox, company: Company, email: str
) -> dict[str, str]:
    """Take a token with the company's P12 file, as the daemon would."""
    key, _, _ = pkcs12.load_key_and_certificates(company.key, company.key_password.encode())
    claims = {
        "iss": company.service_account,
        "sub": email,
        "scope": CALENDAR,
        "aud": sandbox.token_uri,
        "iat": NOW,
        "exp": NOW + timedelta(hours=1),
    }
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": jwt.encode(claims, key, algorithm="RS256"),  # type: ignore[arg-type]
    }
    async with http.post(sandbox.token_uri, data=form) as reply:
        assert reply.status == 200, await reply.text()
        return {"Authorization": f"Bearer {(await reply.json())['access_token']}"}


async def _google_names(
    http: ClientSession, sandbox: Sandbox, company: Company, email: str
) -> list[str]:
    headers = await _google_headers(http, sandbox, company, email)
    url = f"{sandbox.google_url}/calendar/v3/calendars/primary/events"
    async with http.get(url, headers=headers) as reply:
        assert reply.status == 200, await reply.text()
        return sorted(row.get("summary", "") for row in (await reply.json())["items"])


async def test_both_vendors_answer_with_the_companys_keys(http: ClientSession) -> None:
    async with Sandbox(clock=clock) as sandbox:
        company = furnish(sandbox, monday=MONDAY)

        in_severa = await _severa_names(http, sandbox, company)
        in_google = await _google_names(http, sandbox, company, "anna@example.com")

        assert "Sales meeting" in in_severa
        assert "Sales meeting" in in_google
        assert sandbox.google_url.startswith("http://127.0.0.1:")
        assert sandbox.severa_url.endswith("/rest-api")
        assert {call.vendor for call in sandbox.faults.journal} == {"google", "severa"}


async def test_a_restarted_sandbox_is_the_same_world(http: ClientSession, tmp_path: Path) -> None:
    file = tmp_path / "world.json"
    async with Sandbox(clock=clock, state_file=file) as sandbox:
        company = furnish(sandbox, monday=MONDAY)
        severa_headers = await _severa_headers(http, sandbox, company)
        google_headers = await _google_headers(http, sandbox, company, "ben@example.com")
        before = sandbox.severa.dump(), sandbox.google.dump()

    async with Sandbox(clock=clock, state_file=file) as again:
        assert (again.severa.dump(), again.google.dump()) == before
        assert furnish(again, monday=MONDAY + timedelta(days=7)) == company
        assert (again.severa.dump(), again.google.dump()) == before
        for url, headers in (
            (f"{again.severa_url}/v1/users", severa_headers),
            (f"{again.google_url}/calendar/v3/calendars/primary", google_headers),
        ):
            async with http.get(url, headers=headers) as reply:
                assert reply.status == 200


def _saved(file: Path) -> Sandbox:
    """Return the world as a process that starts now would find it."""
    return Sandbox(clock=clock, state_file=file)


async def test_a_call_is_saved_before_it_is_answered(http: ClientSession, tmp_path: Path) -> None:
    file = tmp_path / "world.json"
    async with Sandbox(clock=clock, state_file=file) as sandbox:
        company = furnish(sandbox, monday=MONDAY)
        headers = await _severa_headers(http, sandbox, company)
        victim = sandbox.severa.activities()[0]["guid"]

        url = f"{sandbox.severa_url}/v1/activities/{victim}"
        async with http.delete(url, headers=headers) as reply:
            assert reply.status == 204
            kept = {row["guid"] for row in _saved(file).severa.activities()}

        assert victim not in kept


async def test_what_was_done_is_saved_when_the_reply_is_lost(
    http: ClientSession, tmp_path: Path
) -> None:
    file = tmp_path / "world.json"
    async with Sandbox(clock=clock, state_file=file) as sandbox:
        company = furnish(sandbox, monday=MONDAY)
        headers = await _google_headers(http, sandbox, company, "anna@example.com")
        sandbox.faults.order(Fault("google", "events.insert", "lose_reply"))

        day = {"date": "2026-03-04"}, {"date": "2026-03-05"}
        body = {"summary": "Lost", "start": day[0], "end": day[1]}
        url = f"{sandbox.google_url}/calendar/v3/calendars/primary/events"
        with pytest.raises(ClientConnectionError):
            await http.post(url, headers=headers, json=body)

        names = [row.get("summary") for row in _saved(file).google.events("anna@example.com")]
        assert "Lost" in names


async def test_an_edit_by_hand_is_saved_at_once(tmp_path: Path) -> None:
    file = tmp_path / "world.json"
    sandbox = Sandbox(clock=clock, state_file=file)
    company = furnish(sandbox, monday=MONDAY)
    anna = company.person("anna@example.com")

    row = sandbox.severa.person_add(anna.guid, name="By hand", startDateTime=NOW)
    event = sandbox.google.events(anna.email)[0]["id"]
    sandbox.google.person_patch(anna.email, event, {"summary": "Also by hand"})

    saved = _saved(file)
    assert saved.severa.activity(row["guid"])["name"] == "By hand"
    assert saved.google.event(anna.email, event)["summary"] == "Also by hand"


def test_the_file_is_replaced_whole_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    file = tmp_path / "world.json"
    sandbox = Sandbox(clock=clock, state_file=file)
    sandbox.severa.add_type("Meeting", "CalendarEntry")
    first = file.stat().st_ino
    sandbox.severa.add_type("Travel", "CalendarEntry")

    assert file.stat().st_ino != first
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["world.json"]


async def test_calls_that_change_nothing_write_nothing(http: ClientSession, tmp_path: Path) -> None:
    file = tmp_path / "world.json"
    async with Sandbox(clock=clock, state_file=file) as sandbox:
        company = furnish(sandbox, monday=MONDAY)
        headers = await _severa_headers(http, sandbox, company)
        before = file.stat()

        async with http.get(f"{sandbox.severa_url}/v1/activities", headers=headers) as reply:
            assert reply.status == 200

        assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


async def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "world.json"
    file.write_text(json.dumps({"format": 99}))

    with pytest.raises(ValueError, match="of format 1"):
        Sandbox(clock=clock, state_file=file)


async def test_a_call_in_hand_does_not_hold_up_stopping(http: ClientSession) -> None:
    sandbox = Sandbox(clock=clock)
    await sandbox.start()
    sandbox.faults.order(Fault("severa", "heartbeat.server", "delay", seconds=30))
    call = asyncio.create_task(_status(http, f"{sandbox.severa_url}/heartbeat/server"))
    await asyncio.sleep(0.1)
    assert not sandbox.faults.pending, "The call is not in hand yet."

    begun = monotonic()
    await sandbox.stop()

    assert monotonic() - begun < 10
    with pytest.raises(ClientConnectionError):
        await call


async def _status(http: ClientSession, url: str) -> int:
    async with http.get(url) as reply:
        return reply.status


async def test_a_stopped_sandbox_listens_no_more_and_can_be_started_again(
    http: ClientSession,
) -> None:
    sandbox = Sandbox(clock=clock)
    await sandbox.start()
    url = f"{sandbox.severa_url}/heartbeat/server"
    assert await _status(http, url) == 200

    await sandbox.stop()
    with pytest.raises(ClientConnectionError):
        await _status(http, url)
    await sandbox.start()

    assert await _status(http, f"{sandbox.severa_url}/heartbeat/server") == 200
    await sandbox.stop()


async def test_a_port_that_is_taken_leaves_nothing_open(http: ClientSession) -> None:
    async with Sandbox(clock=clock) as first:
        port = int(first.severa_url.split(":")[2].split("/")[0])
        second = Sandbox(clock=clock)

        with pytest.raises(OSError, match="address already in use"):
            await second.start(severa_port=port)

        with pytest.raises(ClientConnectionError):
            await http.get(second.google_url)


def _key(start: str, end: str | None) -> tuple[str, ...]:
    """Write two times alike on both sides: instants in UTC."""
    both = [
        datetime.fromisoformat(text).astimezone(UTC).isoformat() for text in (start, end) if text
    ]
    return tuple(both)


def _alike(sandbox: Sandbox, company: Company, email: str) -> set[tuple[Any, ...]]:
    """Return subject and times of what is the same in both of a person's calendars."""
    guid = company.person(email).guid
    activities = {
        (row["name"], *_key(row["startDateTime"], row["endDateTime"]))
        for row in sandbox.severa.activities(guid)
    }
    events = {
        (row.get("summary"), *_key(row["start"]["dateTime"], row["end"]["dateTime"]))
        for row in sandbox.google.events(email)
        if "dateTime" in row["start"]
    }
    return activities & events


@pytest.mark.parametrize("email", ["anna@example.com", "ben@example.com", "clara@example.com"])
async def test_each_person_has_a_week_with_something_of_everything(email: str) -> None:
    sandbox = Sandbox(clock=clock)
    company = furnish(sandbox, monday=MONDAY)

    activities = sandbox.severa.activities(company.person(email).guid)
    events = sandbox.google.events(email)

    long_ago = datetime(2026, 1, 25, tzinfo=UTC)
    assert 8 <= len(activities) <= 12
    assert 8 <= len(events) <= 12
    assert len(_alike(sandbox, company, email)) >= 3
    kinds = {row["activityType"]["name"] for row in activities}
    assert kinds >= {"Meeting", "Travel", "To-do", "Project task"}
    assert any(not row["hasDuration"] for row in activities)
    assert any(row["isAllDay"] for row in activities)
    assert any(datetime.fromisoformat(row["startDateTime"]) < long_ago for row in activities)
    assert any(row.get("visibility") == "private" for row in events)
    assert any("summary" not in row for row in events)
    assert any("date" in row["start"] for row in events)
    assert any(row.get("eventType") == "workingLocation" for row in events)
    assert any("<" in row.get("description", "") for row in events)
    assert any(min(row["start"].values()) < "2026-01-25" for row in events)
