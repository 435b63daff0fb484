"""After a pause of any length one pass brings everything up to date (T7)."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from daemon.sandbox.faults import Fault
from daemon.sync.engine import MORE
from tests.e2e.inside import Inside, inside
from tests.e2e.installation import Installation, eventually
from tests.e2e.test_pushes import free_address

PEOPLE = ("Anna", "Ben", "Clara", "Dora", "Emil")
ENTRIES = 30
"""Of each person, on each side."""
DELETIONS = 2
"""Of each person, on each side; fewer than make a flood."""
OUTAGE = timedelta(hours=8)
FAR_SECONDS = 3_600
PAUSE_MAX = timedelta(minutes=15)


def furnish(company: Installation | Inside, *people: str) -> None:
    for person in people:
        company.person(person)
        for number in range(ENTRIES):
            day, hour = number % 10, 6 + number // 10
            company.add_activity(person, f"S{number:02}", company.at(1 + day, hour))
            company.add_event(person, f"G{number:02}", company.at(1 + day, hour + 6))


def change(company: Installation | Inside, *people: str) -> int:
    """Let everybody edit, create and delete on both sides, and return how many changes that were."""
    count = 0
    for person in people:
        events = {event["summary"]: event["id"] for event in company.events(person)}
        guids = {one["name"]: one["guid"] for one in company.activities(person)}
        for number in range(10):
            company.edit_event(person, events[f"S{number:02}"], location=f"Room {number}")
            company.edit_activity(person, guids[f"S{number:02}"], notes=f"Notes {number}")
            company.edit_event(person, events[f"G{number + 10:02}"], summary=f"Renamed {number}")
            company.edit_activity(person, guids[f"G{number:02}"], location=f"Hall {number}")
            company.add_event(person, f"New G{number}", company.at(2 + number, 15))
            company.add_activity(person, f"New S{number}", company.at(2 + number, 16))
            count += 6
        for number in range(DELETIONS):
            company.delete_event(person, events[f"G{number + 25:02}"])
            company.delete_activity(person, guids[f"S{number + 25:02}"])
            count += 2
    return count


def differences(company: Installation | Inside) -> list[str]:
    return [f"{name}: {text}" for name in company.people for text in company.unlike(name)]


def assert_changed(company: Installation | Inside) -> None:
    """Check that all that people did is there, on both sides, once."""
    for person in company.people:
        assert len(company.events(person)) == 2 * ENTRIES + 20 - 2 * DELETIONS
        both = company.activity_named(person, "S03")
        assert (both["location"], both["notes"]) == ("Room 3", "Notes 3")
        assert company.activity_named(person, "Renamed 3")
        assert company.event_named(person, "G03")["location"] == "Hall 3"


async def settle_first(company: Inside) -> None:
    await company.switch_on(*company.people)
    for _ in range(12):
        await company.round()
        if not differences(company):
            break
    await company.round()
    assert differences(company) == []


async def pass_once(company: Inside) -> None:
    """Let one round run, with what it leaves for the next, as the loop does without a pause."""
    is_done = await company.app.engine.round(cause="poll")
    while not is_done:
        is_done = await company.app.engine.round(cause=MORE)


def requests(company: Inside) -> Counter[str]:
    return Counter(f"{c.vendor} {c.operation}" for c in company.faults.journal)


async def test_t7_a_daemon_that_was_down_for_hours_needs_one_round(tmp_path: Path) -> None:
    async with inside(tmp_path) as company:
        furnish(company, *PEOPLE)
        await settle_first(company)
        company.clock.move(OUTAGE / 2)
        changes = change(company, *PEOPLE)
        company.sandbox.google.expire_sync_tokens()
        company.sandbox.google.expire_channels()
        company.clock.move(OUTAGE / 2)
        company.faults.journal.clear()

        await pass_once(company)

        assert differences(company) == []
        assert_changed(company)
        calls, writes = requests(company), company.writes()
        assert writes <= changes + len(PEOPLE) * DELETIONS
        # A listing or two of each kind, and for each change a read before its write, and one of its people.
        assert sum(calls.values()) <= 5 * changes, calls
        await company.round()
        await company.round()
        assert company.writes() == writes, "nothing is written again"


@pytest.mark.parametrize(
    ("vendor", "kind"),
    [
        ("severa", "drop"),
        ("google", "refuse"),
        ("*", "drop"),
    ],
)
async def test_t7_a_vendor_that_was_down_for_hours_is_caught_up_with_in_one_round(
    tmp_path: Path, vendor: str, kind: str
) -> None:
    async with inside(tmp_path) as company:
        furnish(company, "Anna", "Ben")
        await settle_first(company)
        company.faults.order(Fault(vendor, "*", kind, times=1_000_000))  # type: ignore[arg-type]
        began = company.clock()
        await company.round(PAUSE_MAX)
        change(company, "Anna", "Ben")
        while company.clock() < began + OUTAGE:
            await company.round(PAUSE_MAX)
        tries = len(company.faults.journal)
        company.faults.clear()

        await pass_once(company)

        assert differences(company) == []
        assert_changed(company)
        writes = company.writes()
        await company.round()
        await company.round()
        assert company.writes() == writes, "nothing is written again"
        assert tries < 10_000


@pytest.mark.timeout(240)
async def test_t7_the_start_after_a_kill_needs_no_poll(company: Installation) -> None:
    address = free_address()
    company.configure(
        web={"listen": address, "public_url": f"http://{address}"},
        sync={"poll_interval": FAR_SECONDS},
    )
    for person in PEOPLE:
        company.person(person)
    furnish_few(company)
    await company.open()
    await eventually(lambda: not differences(company), company)
    await company.kill()
    for person in PEOPLE:
        company.add_event(person, "New in Google", company.at(3, 9))
        company.add_activity(person, "New in Severa", company.at(4, 9))
        company.edit_event(person, company.event_named(person, "S1")["id"], location="Room")
        company.delete_activity(person, company.activity_named(person, "S2")["guid"])
    company.sandbox.google.expire_sync_tokens()
    company.sandbox.google.expire_channels()

    await company.start()
    await eventually(lambda: not differences(company), company, 60)

    assert all(len(company.events(person)) == 12 + 1 for person in PEOPLE)
    writes = company.writes()
    await company.rounds(2)
    assert company.writes() == writes, "nothing is written again"


def furnish_few(company: Installation) -> None:
    for person in PEOPLE:
        for number in range(12):
            company.add_activity(person, f"S{number}", company.at(1 + number % 5, 6 + number))
