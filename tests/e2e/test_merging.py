"""Changes on both sides, our own echo, and the proof that a deletion needs (D1, D3, D4)."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.e2e.inside import Inside, inside
from tests.e2e.installation import Installation
from tests.e2e.test_meetings import answers, invited, participants


async def test_d1_people_are_merged_one_by_one(company: Installation) -> None:
    company.person("Anna")
    ben, clara = company.person("Ben"), company.person("Clara")
    dora = company.person("Dora")
    await company.open("Anna", "Ben")
    event = company.add_event("Anna", "Review", company.at(1, 9), attendees=invited(ben))
    await company.until(lambda: company.names("Anna") == ["Review"])
    guid = company.activity_named("Anna", "Review")["guid"]
    await company.until(lambda: participants(company, guid).keys() == {ben})
    await company.is_quiet()
    await company.stop()

    company.sandbox.severa.person_invite(company.people["Anna"], guid, company.people["Clara"])
    company.edit_activity("Anna", guid, location="Room 1")
    rows = company.event_named("Anna", "Review")["attendees"]
    company.edit_event("Anna", event, attendees=[*rows, *invited(dora)])
    await company.start()

    everybody = {ben, clara, dora}
    await company.until(lambda: participants(company, guid).keys() == everybody)
    await company.until(lambda: answers(company, "Anna", event).keys() == everybody)
    await company.is_quiet()


async def test_d1_start_end_and_all_day_are_one_field(company: Installation) -> None:
    company.person("Anna")
    guid = company.add_activity("Anna", "Planning", company.at(1, 9), hours=1)
    await company.open()
    await company.agrees()
    event = company.event_named("Anna", "Planning")["id"]
    await company.stop()

    # Severa's is the earlier edit and wins all the same: the two clocks are never compared.
    company.edit_activity("Anna", guid, endDateTime=company.at(1, 12))
    company.move_event("Anna", event, company.at(1, 8), 2)
    await company.start()

    await company.agrees()
    activity = company.sandbox.severa.activity(guid)
    times = [datetime.fromisoformat(activity[f"{name}DateTime"]) for name in ("start", "end")]
    assert times == [company.at(1, 9), company.at(1, 12)]


async def test_d1_the_losing_value_is_in_the_history_and_can_be_brought_back(
    company: Installation,
) -> None:
    company.person("Anna")
    guid = company.add_activity("Anna", "Planning", company.at(1, 9))
    await company.open()
    await company.agrees()
    event = company.event_named("Anna", "Planning")["id"]
    await company.stop()
    company.edit_activity("Anna", guid, location="Room S")
    company.edit_event("Anna", event, location="Room G")
    await company.start()
    await company.agrees()

    lost = [
        row for row in await company.json("history")
        if row["fields"].get("location", {}).get("before") == "Room G"
    ]  # fmt: skip
    assert len(lost) == 1
    await company.good("undo", str(lost[0]["id"]))
    await company.until(lambda: company.activity_named("Anna", "Planning")["location"] == "Room G")
    await company.agrees()


async def test_d3_a_write_is_followed_by_one_read_at_most_and_by_no_further_write(
    company: Installation,
) -> None:
    company.person("Anna")
    for number in range(3):
        company.add_activity("Anna", f"Other {number}", company.at(1 + number, 15))
    guid = company.add_activity("Anna", "From Severa", company.at(1, 9))
    event = company.add_event("Anna", "From Google", company.at(1, 11))
    await company.open()
    await company.agrees()
    copy = company.event_named("Anna", "From Severa")["id"]
    twin = company.activity_named("Anna", "From Google")["guid"]
    company.sandbox.faults.journal.clear()

    company.edit_activity("Anna", guid, location="Room 1")
    company.edit_event("Anna", event, location="Room 2")
    await company.agrees()
    await company.rounds(4)

    written = [(c.operation, ref) for c in company.sandbox.faults.journal for ref in (copy, twin)
               if c.path.endswith(ref) and c.method != "GET"]  # fmt: skip
    assert sorted(written) == [("activities.patch", twin), ("events.patch", copy)]
    echoes = _reads_after_the_write(company, copy), _reads_after_the_write(company, twin)
    # The sweep, which looks at one entry in each round here, may come by once more.
    assert all(count <= 2 for count in echoes), echoes


def _reads_after_the_write(company: Installation, ref: str) -> int:
    calls = [call for call in company.sandbox.faults.journal if call.path.endswith(ref)]
    methods = [call.method for call in calls]
    return methods[methods.index("PATCH") :].count("GET")


@pytest.mark.parametrize("status", [404, 410])
async def test_d4_a_severa_that_finds_nothing_any_more_deletes_nothing(
    company: Installation, status: int
) -> None:
    company.person("Anna")
    for number in range(4):
        company.add_activity("Anna", f"A{number}", company.at(1 + number, 9))
    await company.open()
    await company.agrees()
    gone = company.activity_named("Anna", "A1")["guid"]

    company.fault("severa", "activities.get", "refuse", status=status, times=1000)
    company.delete_activity("Anna", gone)
    await company.rounds(4)
    assert company.subjects("Anna") == ["A0", "A1", "A2", "A3"]
    assert company.calls("google", "events.delete") == 0

    # With a living one that answers, the same answer is a proof.
    company.sandbox.faults.clear()
    await company.until(lambda: company.subjects("Anna") == ["A0", "A2", "A3"])
    await company.agrees()


async def test_d4_a_calendar_that_is_not_found_deletes_nothing(company: Installation) -> None:
    company.person("Anna")
    for number in range(3):
        company.add_event("Anna", f"E{number}", company.at(1 + number, 9))
    await company.open()
    await company.agrees()

    company.sandbox.google.expire_sync_tokens()
    for operation in ("events.list", "events.get", "calendars.get"):
        company.fault("google", operation, "refuse", status=404, times=1000)

    async def is_paused() -> bool:
        return bool((await company.state("Anna"))["state"] == "paused")

    await company.until(is_paused)
    looks = company.calls("severa", "activities.list")
    await company.until(lambda: company.calls("severa", "activities.list") > looks + 6)

    assert company.names("Anna") == ["E0", "E1", "E2"]
    assert company.calls("severa", "activities.delete") == 0


async def test_d4_what_is_edited_right_before_its_deletion_is_carried_over_stays(
    company: Installation,
) -> None:
    company.person("Anna")
    guid = company.add_activity("Anna", "Planning", company.at(1, 9))
    company.add_activity("Anna", "Other", company.at(1, 11))
    await company.open()
    await company.agrees()
    event = company.event_named("Anna", "Planning")["id"]

    # The proof takes its time, and meanwhile somebody still works on the event.
    company.fault("severa", "activities.get", "delay", seconds=0.5)
    company.delete_activity("Anna", guid)
    await company.until(lambda: not company.sandbox.faults.pending)
    company.edit_event("Anna", event, location="Still on")
    await company.until(lambda: company.names("Anna") == ["Other", "Planning"])

    await company.agrees()
    assert company.activity_named("Anna", "Planning")["location"] == "Still on"


async def test_d4_a_far_deletion_is_found_within_a_day_by_the_sweep(tmp_path: Path) -> None:
    async with inside(tmp_path) as company:
        company.person("Anna")
        guids = [company.add_activity("Anna", f"A{n}", company.at(40 + n, 9)) for n in range(60)]
        await company.switch_on("Anna")
        await _rounds(company, 4, timedelta(minutes=1))
        assert len(company.events("Anna")) == 60

        company.delete_activity("Anna", guids[7])
        # Each link is looked at once in 24 hours; a poll each 20 minutes leaves few looks for that.
        await _rounds(company, 72, timedelta(minutes=20))

        assert len(company.events("Anna")) == 59


async def _rounds(company: Inside, count: int, pause: timedelta) -> None:
    for _ in range(count):
        await company.app.people.switch(company.people["Anna"], enabled=True)
        await company.round(pause)
