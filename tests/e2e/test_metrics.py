"""What the running daemon tells Prometheus after a busy day, and what it keeps to itself (A6)."""

import asyncio
import re
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.installation import Installation, eventually
from tests.e2e.test_pushes import opened, pushed, soon
from tests.e2e.test_triggers import trigger

__all__ = ["pushed"]  # A fixture, which pytest finds by its name.

METRICS = Path(__file__).parents[2] / "daemon/METRICS.md"
WROTE = "severa_gcal_wake_to_write_seconds"
CALLS = "severa_gcal_vendor_calls_total"


async def text(company: Installation) -> str:
    async with (
        aiohttp.ClientSession(company.address) as session,
        session.get("/metrics") as response,
    ):
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        return await response.text()


def samples(scraped: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(scraped)
        for sample in family.samples
    }


async def told(company: Installation, name: str, **labels: str) -> float:
    """Return one figure, 0 where there is none (yet)."""
    return samples(await text(company)).get((name, frozenset(labels.items())), 0)


async def test_a_push_and_a_trigger_move_the_time_to_the_write_that_they_led_to(
    pushed: Installation,
) -> None:
    await opened(pushed)
    before = await told(pushed, f"{WROTE}_count", cause="push")

    pushed.add_event("Anna", "Pushed", pushed.at(1, 9))
    await soon(pushed, lambda: pushed.names("Anna") == ["Pushed"])

    async def has_moved() -> bool:
        return await told(pushed, f"{WROTE}_count", cause="push") == before + 1

    await eventually(has_moved, pushed)
    assert 0 < await told(pushed, f"{WROTE}_sum", cause="push") < 20
    assert await told(pushed, f"{WROTE}_count", cause="trigger") == 0

    guid = pushed.add_activity("Anna", "Triggered", pushed.at(2, 9))
    await trigger(pushed, "Anna", f"activities/{guid}", change="created")

    async def has_triggered() -> bool:
        return await told(pushed, f"{WROTE}_count", cause="trigger") == 1

    await eventually(has_triggered, pushed)
    assert await told(pushed, "severa_gcal_wakes_waiting") == 0


async def test_the_look_after_a_channel_was_opened_counts_as_no_push(
    pushed: Installation,
) -> None:
    await opened(pushed)

    assert await told(pushed, "severa_gcal_wake_served_seconds_count", cause="push") == 0
    assert await told(pushed, "severa_gcal_channels", state="active") == 1


async def test_requests_refused_and_failed_ones_among_them_and_rounds_are_counted(
    company: Installation,
) -> None:
    company.person("Anna")
    await company.open("Anna")
    company.fault("google", "events.insert", "refuse", status=403)  # Its word is a rate limit's.
    company.add_activity("Anna", "Refused at first", company.at(1, 9))
    company.fault("severa", "activities.list", "refuse", status=503)
    await company.rounds()

    async def are_counted() -> bool:
        figures = samples(await text(company))
        wanted = {
            ("google", "events.insert", "limited"),
            ("severa", "list activities", "failed"),
            ("google", "events.list", "ok"),
            ("google", "token", "ok"),
            ("severa", "list activities", "ok"),
            ("severa", "give out a token", "ok"),
        }
        counted = {
            tuple(dict(labels)[label] for label in ("vendor", "method", "outcome"))
            for name, labels in figures
            if name == CALLS
        }
        return wanted <= counted

    await eventually(are_counted, company)
    assert await told(company, "severa_gcal_rounds_total", outcome="done") > 0
    assert await told(company, "severa_gcal_round_last_success_timestamp_seconds") > 1e9


async def test_the_state_of_a_company_is_told_as_it_is(pushed: Installation) -> None:
    pushed.person("Ben", last_login=None)
    for number in range(3):
        pushed.add_event("Anna", f"Event {number}", pushed.at(1 + number, 9))

    await opened(pushed, "Anna")

    assert await told(pushed, "severa_gcal_entries", standing="live") == 3
    assert await told(pushed, "severa_gcal_users", state="idle") == 1
    assert await told(pushed, "severa_gcal_users", state="off") == 1
    assert await told(pushed, "severa_gcal_channels", state="active") == 1
    assert await told(pushed, "severa_gcal_integration_on") == 1
    assert await told(pushed, "severa_gcal_database_answers") == 1
    assert await told(pushed, "severa_gcal_company_fault") == 0
    assert await told(pushed, "severa_gcal_database_size_bytes") > 10_000


PERSONAL = ("Divorce lawyer", "anna@", "@example", "Surgery", "Anna", "Ben", "secret-room")


async def test_a6_nobody_and_nothing_is_named_after_a_busy_day_in_figures_or_log(
    pushed: Installation,
) -> None:
    pushed.configure(log={"level": "debug"})
    pushed.person("Ben")
    await opened(pushed, "Anna", "Ben")
    event = pushed.add_event("Anna", "Divorce lawyer", pushed.at(1, 9), location="secret-room")
    shared = {"attendees": [{"email": "anna@example.com"}, {"email": "ben@example.com"}]}
    pushed.add_event("Anna", "Surgery", pushed.at(2, 9), **shared)
    await soon(pushed, lambda: "Surgery" in pushed.names("Anna"))
    pushed.fault("severa", "activities.patch", "refuse", status=500)
    pushed.edit_event("Anna", event, summary="Divorce lawyer at ben@example.com")
    await pushed.call("POST", "/v1/severa/navigation", "Ben", {"section": "anna@example.com"})
    await pushed.call("GET", "/v1/me/sync?who=anna@example.com", "Anna")
    pushed.delete_event("Anna", event)
    await soon(pushed, lambda: pushed.names("Anna") == ["Surgery"])

    scraped = await text(pushed)

    people = [*pushed.people.values(), *PERSONAL]
    assert [word for word in people if word in scraped] == []
    assert not re.search(r"@|[0-9a-f]{8}-[0-9a-f]{4}|[a-v][0-9a-v]{20}", scraped)
    assert set(labels_of(scraped)) <= allowed_labels()
    log = "\n".join(pushed.log)
    assert [word for word in PERSONAL if word in log and word not in ("Anna", "Ben")] == []


def labels_of(scraped: str) -> set[tuple[str, str, str]]:
    """Return metric, label and value of all that is told, but for what is no choice of words."""
    return {
        (family.name, label, value)
        for family in text_string_to_metric_families(scraped)
        for sample in family.samples
        for label, value in sample.labels.items()
        if label not in ("le", "version", "method")
    }


def allowed_labels() -> set[tuple[str, str, str]]:
    """Return what the document promises: a label whose words it does not list has those of the metric above it."""
    allowed: set[tuple[str, str, str]] = set()
    words: dict[str, list[str]] = {}
    for line in METRICS.read_text().splitlines():
        if not (found := re.match(r"\| `(\w+)` \| \w+ \| ([^|]*)\|", line)):
            continue
        name, labels = found.groups()
        for label in filter(None, (part.strip() for part in labels.split(";"))):
            for one in label.split(", ") if ":" not in label else [label]:
                key, _, listed = one.partition(": ")
                words[key] = listed.split(", ") if listed else words.get(key, [])
                allowed |= {(name.removesuffix("_total"), key, word) for word in words[key]}
    return allowed


async def test_many_who_ask_at_once_are_all_answered(company: Installation) -> None:
    await company.start()

    async def ask(_: int) -> Any:
        return await text(company)

    answers = await asyncio.gather(*map(ask, range(20)))

    assert all("severa_gcal_build_info" in answer for answer in answers)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_it_is_only_read(company: Installation, method: str) -> None:
    await company.start()

    async with (
        aiohttp.ClientSession(company.address) as session,
        session.request(method, "/metrics") as response,
    ):
        assert response.status == 405
