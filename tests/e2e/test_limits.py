"""The vendors' limits are kept, and one failure stops nothing else (R1, R3)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from daemon.sandbox.faults import Fault
from tests.e2e.inside import Inside, inside
from tests.e2e.installation import Installation

SHORT = timedelta(seconds=10)


async def test_r1_severas_limit_is_never_met(company: Installation) -> None:
    company.configure(severa={"requests_per_second": 8})
    company.sandbox.severa.requests_per_second = 10
    company.person("Anna")
    for number in range(25):
        company.add_event("Anna", f"E{number}", company.at(1 + number % 9, 9))
    await company.open()

    await company.agrees(alike={})

    statuses = [c.status for c in company.sandbox.faults.journal if c.vendor == "severa"]
    assert len(statuses) > 50
    assert 429 not in statuses


async def test_r1_a_calendars_own_usage_limit_pauses_its_writes_for_hours(tmp_path: Path) -> None:
    async with inside(tmp_path) as company:
        for name in ("Anna", "Ben"):
            company.person(name)
        await company.switch_on("Anna", "Ben")
        await company.round()
        company.faults.order(_used_up("events.insert"))

        company.add_activity("Anna", "Too much", company.at(1, 9))
        await company.round()
        met_at = company.clock()
        company.add_activity("Anna", "Also too much", company.at(2, 9))
        company.add_activity("Ben", "Nobody else's matter", company.at(1, 9))
        await _until(company, lambda: bool(company.subjects("Ben")), timedelta(minutes=1))
        assert company.subjects("Anna") == []
        await _until(company, lambda: len(company.subjects("Anna")) == 2, timedelta(minutes=10))

        assert company.clock() - met_at > timedelta(hours=3)


async def test_r1_looking_goes_on_while_a_calendar_takes_no_writes(tmp_path: Path) -> None:
    async with inside(tmp_path) as company:
        company.person("Anna")
        guid = company.add_activity("Anna", "Both", company.at(1, 9))
        await company.switch_on("Anna")
        await _until(company, lambda: company.subjects("Anna") == ["Both"], SHORT)
        company.add_activity("Anna", "Too much", company.at(2, 9))
        company.faults.order(_used_up("events.insert"))
        await _until(company, lambda: not company.faults.pending, SHORT)

        company.edit_activity("Anna", guid, location="Room 1")
        company.edit_event("Anna", company.event_named("Anna", "Both")["id"], summary="Renamed")
        company.add_event("Anna", "From Google", company.at(3, 9))
        await _until(company, lambda: "From Google" in company.names("Anna"), SHORT)
        await _until(company, lambda: "Renamed" in company.names("Anna"), SHORT)

        assert company.event_named("Anna", "Renamed").get("location", "") == ""
        await _until(company, lambda: _is_in(company, "Room 1"), timedelta(minutes=30))


async def test_r1_what_waits_for_a_calendar_is_neither_tried_nor_decided_on_again(
    tmp_path: Path,
) -> None:
    async with inside(tmp_path) as company:
        company.person("Anna")
        await company.switch_on("Anna")
        await company.round()
        company.add_activity("Anna", "Too much", company.at(1, 9))
        company.add_activity("Anna", "Also too much", company.at(2, 9))
        for _ in range(2):
            company.faults.order(_used_up("events.insert"))
        await company.round()
        store, guid = company.app.store, company.people["Anna"]
        waiting = await store.read(lambda tx: tx.records_of_user(guid))

        for _ in range(10):
            await company.round()

        account = await store.read(lambda tx: tx.account(guid))
        assert account is not None
        assert account.write_pause is not None
        assert [(r.attempts, r.problem) for r in waiting] == [(0, ""), (0, "")]
        assert {record.due_at for record in waiting} == {account.write_pause.until}
        assert await store.read(lambda tx: tx.records_of_user(guid)) == waiting
        assert _inserts(company) == 2, "both were on their way at once"


async def test_r1_a_pause_grows_when_the_limit_is_met_again_right_after(tmp_path: Path) -> None:
    async with inside(tmp_path) as company:
        company.person("Anna")
        await company.switch_on("Anna")
        await company.round()
        company.add_activity("Anna", "Too much", company.at(1, 9))
        for _ in range(3):
            company.faults.order(_used_up("events.insert"))

        await _until(company, lambda: bool(company.subjects("Anna")), timedelta(minutes=15), 200)

    tries = [c.at for c in company.faults.journal if c.operation == "events.insert"]
    gaps = [later - earlier for earlier, later in pairwise(tries)]
    assert [round(gap / timedelta(hours=4.2)) for gap in gaps] == [1, 2, 4]


async def test_r1_a_calendars_pause_outlives_a_restart_and_is_shown(company: Installation) -> None:
    company.person("Anna")
    company.person("Ben")
    await company.open()
    company.sandbox.faults.order(_used_up("events.insert"))
    company.add_activity("Anna", "Too much", company.at(1, 9))
    await company.until(lambda: not company.sandbox.faults.pending)
    await company.rounds(2)
    await company.stop()
    await company.start()

    company.add_activity("Anna", "Also too much", company.at(2, 9))
    company.add_activity("Ben", "Nobody else's matter", company.at(1, 9))
    await company.until(lambda: company.subjects("Ben") == ["Nobody else's matter"])
    await company.rounds(2)

    assert company.subjects("Anna") == []
    assert company.calls("google", "events.insert") == 2
    reasons = {row["email"]: row["reason"] for row in await company.json("users")}
    assert "nothing is written to it until" in reasons["anna@example.com"]
    assert reasons["ben@example.com"] == ""
    assert (await company.json("status"))["problems"] == []


async def test_r3_pauses_between_tries_grow_to_an_hour_and_others_go_on(tmp_path: Path) -> None:
    async with inside(tmp_path) as company:
        company.person("Anna")
        await company.switch_on("Anna")
        await company.round()
        company.faults.order(Fault("severa", "activities.create", "refuse", times=16))
        company.add_event("Anna", "Out of luck", company.at(1, 9))
        await _until(company, lambda: not company.faults.pending, timedelta(minutes=5), rounds=400)
        tries = _tries(company)
        company.add_event("Anna", "Welcome", company.at(1, 11))
        await _until(company, lambda: "Welcome" in company.names("Anna"), SHORT)
        await _until(company, lambda: "Out of luck" in company.names("Anna"), timedelta(minutes=5))

    gaps = [later - earlier for earlier, later in pairwise(tries)]
    assert gaps[-1] > timedelta(minutes=30)
    assert max(gaps) < timedelta(minutes=70)
    assert sum(gaps[-4:], timedelta()) > sum(gaps[:4], timedelta()) * 2


async def test_r3_a_google_that_is_down_loses_nothing_of_either_side(
    company: Installation,
) -> None:
    company.person("Anna")
    company.person("Ben")
    for number in range(3):
        company.add_activity("Anna", f"A{number}", company.at(1 + number, 9))
    await company.open()
    await company.agrees()

    company.sandbox.faults.journal.clear()
    company.fault("google", "*", "refuse", times=100_000)
    company.edit_activity("Anna", company.activity_named("Anna", "A1")["guid"], location="Room 1")
    company.edit_event("Anna", company.event_named("Anna", "A2")["id"], location="Room 2")
    company.add_activity("Ben", "Meanwhile", company.at(2, 9))
    await company.until(lambda: company.calls("google", "events.list") > 0)
    looks = company.calls("severa", "activities.list")
    await company.until(lambda: company.calls("severa", "activities.list") > looks + 6)
    assert company.subjects("Ben") == []
    company.sandbox.faults.clear()

    await company.agrees(seconds=60)
    assert company.subjects("Ben") == ["Meanwhile"]


async def test_r3_an_entry_that_google_refuses_is_shown_and_tried_again_when_it_changes(
    company: Installation,
) -> None:
    company.person("Anna")
    await company.open()
    company.fault("google", "events.insert", "refuse", status=400)
    guid = company.add_activity("Anna", "Refused", company.at(1, 9))
    await company.until(lambda: not company.sandbox.faults.pending)
    company.add_activity("Anna", "Welcome", company.at(1, 11))
    await company.agrees(only_severa=["Refused"])
    (problem,) = await company.problems()
    assert problem.startswith("set-aside: ")
    tries = company.calls("google", "events.insert")
    await company.rounds(3)
    assert company.calls("google", "events.insert") == tries

    company.edit_activity("Anna", guid, location="Room 5")
    await company.agrees()
    assert await company.problems() == []


async def _until(
    company: Inside, is_so: Callable[[], bool], pause: timedelta, rounds: int = 100
) -> None:
    for _ in range(rounds):
        if is_so():
            return
        await company.app.people.switch(company.people["Anna"], enabled=True)
        await company.round(pause)
    assert is_so()


def _used_up(operation: str) -> Fault:
    """Let Google say that the calendar has used up its own limit ("Avoid Calendar use limits")."""
    message = "Calendar usage limits exceeded."
    error = {"domain": "usageLimits", "reason": "quotaExceeded", "message": message}
    body = {"error": {"errors": [error], "code": 403, "message": message}}
    return Fault("google", operation, "refuse", status=403, body=body)


def _inserts(company: Inside) -> int:
    return len([c for c in company.faults.journal if c.operation == "events.insert"])


def _is_in(company: Inside, location: str) -> bool:
    return company.event_named("Anna", "Renamed").get("location") == location


def _tries(company: Inside) -> list[datetime]:
    return [c.at for c in company.faults.journal if c.operation == "activities.create"]
