"""Deletions: carried over with proof, outlived by edits, held when there are too many (B9, D2, D4, D5)."""

import pytest

from tests.e2e.installation import Installation


@pytest.mark.parametrize("is_running", [True, False], ids=["running", "stopped"])
async def test_an_edit_outlives_a_deletion_each_way(
    company: Installation, is_running: bool
) -> None:
    company.person("Anna")
    guids = {n: company.add_activity("Anna", n, company.at(2, 9)) for n in ("One", "Two", "Three")}
    await company.open()
    await company.agrees()
    events = {n: company.event_named("Anna", n)["id"] for n in guids}
    if not is_running:
        await company.stop()

    company.delete_event("Anna", events["One"])
    company.edit_activity("Anna", guids["One"], location="Still needed in Severa")
    company.delete_activity("Anna", guids["Two"])
    company.edit_event("Anna", events["Two"], location="Still needed in Google")
    company.delete_event("Anna", events["Three"])
    company.delete_activity("Anna", guids["Three"])
    if not is_running:
        await company.start()

    await company.until(lambda: company.subjects("Anna") == company.names("Anna") == ["One", "Two"])
    await company.agrees()
    assert company.event_named("Anna", "One")["location"] == "Still needed in Severa"
    assert company.activity_named("Anna", "Two")["location"] == "Still needed in Google"

    # What was made again is an entry like any other, and can be deleted and edited anew.
    company.delete_event("Anna", company.event_named("Anna", "One")["id"])
    company.edit_activity("Anna", guids["One"], location="Needed again")
    company.delete_activity("Anna", company.activity_named("Anna", "Two")["guid"])
    await company.until(lambda: company.subjects("Anna") == company.names("Anna") == ["One"])
    await company.agrees()


async def test_deletions_are_found_near_and_far_and_each_way(company: Installation) -> None:
    company.person("Anna")
    guids = [company.add_activity("Anna", f"S{n}", company.at(n * 9 - 5, 9)) for n in range(12)]
    events = [company.add_event("Anna", f"G{n}", company.at(n * 9 - 5, 11)) for n in range(12)]
    await company.open()
    await company.agrees()

    # Next week's is missed at once; that in three months when the sweep comes by.
    company.delete_activity("Anna", guids[1])
    company.delete_event("Anna", events[1])
    company.delete_event("Anna", events[10])
    gone = {"S1", "G1", "G10"}
    await company.until(lambda: not gone & {*company.subjects("Anna"), *company.names("Anna")})
    company.delete_activity("Anna", guids[11])
    await company.agrees(seconds=60)
    assert len(company.names("Anna")) == 20


async def test_worked_hours_are_never_deleted(company: Installation) -> None:
    company.person("Anna")
    worked = company.add_activity("Anna", "Worked", company.at(-1, 9), hasHours=True)
    later = company.add_activity("Anna", "Worked later", company.at(1, 9))
    company.add_activity("Anna", "Other", company.at(1, 11))
    await company.open()
    await company.agrees()

    company.edit_activity("Anna", later, hasHours=True)
    company.delete_event("Anna", company.event_named("Anna", "Worked")["id"])
    company.delete_event("Anna", company.event_named("Anna", "Worked later")["id"])
    await company.rounds(3)

    await company.agrees(only_severa=["Worked", "Worked later"])
    # They are parted: neither follows the other any more.
    company.edit_activity("Anna", worked, name="Worked, renamed")
    await company.rounds()
    await company.agrees(only_severa=["Worked, renamed", "Worked later"])
    assert company.calls("severa", "activities.delete") == 0


async def test_a_flood_of_deletions_is_held_and_a_trickle_passes(company: Installation) -> None:
    company.person("Anna")
    company.person("Ben")
    for number in range(30):
        company.add_activity("Anna", f"A{number}", company.at(1 + number % 10, 8))
        company.add_activity("Ben", f"B{number}", company.at(1 + number % 10, 8))
    await company.open()
    await company.agrees()

    for number in range(9):
        company.delete_event("Anna", company.event_named("Anna", f"A{number}")["id"])
    await company.until(lambda: len(company.names("Anna")) == 21)
    await company.agrees()
    assert await company.problems() == []

    # One more within the day makes a flood of them, and so do ten at once, found on either side.
    company.delete_event("Anna", company.event_named("Anna", "A9")["id"])
    for number in range(10):
        company.delete_activity("Ben", company.activity_named("Ben", f"B{number}")["guid"])
    await company.until(lambda: is_held(company, 11))
    # Below the company's own limit, so other users go on.
    await company.agrees("Anna", only_severa=["A9"])
    assert company.names("Anna").count("A9") == 1
    await company.agrees("Ben", only_google=[f"B{number}" for number in range(10)])

    # It stays held over a restart; an edit of a held entry releases just that one.
    await company.stop()
    await company.start()
    company.edit_event("Ben", company.event_named("Ben", "B3")["id"], location="Still on")
    held = [f"B{number}" for number in range(10) if number != 3]
    await company.until(lambda: "B3" in company.names("Ben"))
    await company.agrees("Ben", only_google=held)
    assert await is_held(company, 10)


async def is_held(company: Installation, count: int) -> bool:
    problems = await company.problems()
    return len(problems) == count and all(one.startswith("held: ") for one in problems)


async def test_losing_every_entry_at_once_is_held(company: Installation) -> None:
    company.person("Anna")
    for number in range(4):
        company.add_event("Anna", f"E{number}", company.at(1 + number, 8))
    await company.open()
    await company.agrees()

    for event in company.events("Anna"):
        company.delete_event("Anna", event["id"])
    await company.until(lambda: is_held(company, 4))

    await company.agrees(only_severa=[f"E{number}" for number in range(4)])


async def test_held_deletions_go_ahead_or_come_back_as_an_administrator_decides(
    company: Installation,
) -> None:
    company.person("Anna")
    company.person("Ben")
    for number in range(20):
        company.add_activity("Anna", f"A{number}", company.at(1 + number % 10, 8))
        company.add_activity("Ben", f"B{number}", company.at(1 + number % 10, 8))
    await company.open()
    await company.agrees()
    assert await company.json("held") == []
    for number in range(12):
        company.delete_event("Anna", company.event_named("Anna", f"A{number}")["id"])
        company.delete_activity("Ben", company.activity_named("Ben", f"B{number}")["guid"])
    await company.until(lambda: is_held(company, 24))

    groups = {group["user"]: group for group in await company.json("held")}
    anna, ben = groups["anna@example.com"], groups["ben@example.com"]
    assert set(anna) == {"id", "user", "side", "reason", "count", "entries"}
    assert (anna["side"], anna["count"], len(anna["entries"])) == ("severa", 12, 12)
    assert (ben["side"], ben["count"]) == ("google", 12)
    assert anna["reason"].startswith("12 of 20 entries of this user would be deleted")

    assert await company.good("held", "approve", anna["id"]) == "12 deletions go ahead.\n"
    await company.until(lambda: len(company.names("Anna")) == 8)
    assert await company.good("held", "restore", ben["id"]) == "12 entries are brought back.\n"
    await company.until(lambda: len(company.names("Ben")) == 20)
    await company.agrees()
    assert await company.good("held") == "Nothing is held.\n"
    assert await company.problems() == []
    told = await company.wrong("held", "approve", anna["id"], code=2)
    assert told.startswith(f"severa-gcal: Nothing is held under {anna['id']}")


async def test_an_approval_is_for_what_was_shown(company: Installation) -> None:
    company.person("Anna")
    for number in range(20):
        company.add_activity("Anna", f"A{number}", company.at(1 + number % 10, 8))
    await company.open()
    await company.agrees()
    for number in range(10):
        company.delete_event("Anna", company.event_named("Anna", f"A{number}")["id"])
    await company.until(lambda: is_held(company, 10))

    # Edited between being shown and approved: the edit takes it out of what is held (D2).
    guid = company.activity_named("Anna", "A3")["guid"]
    company.edit_activity("Anna", guid, location="Still needed")
    await company.until(lambda: is_held(company, 9))
    (group,) = await company.ask("held")
    await company.ask("held approve", number=group["id"])
    await company.agrees()
    assert company.names("Anna") == sorted(["A3", *(f"A{number}" for number in range(10, 20))])

    # What is deleted later is looked at anew.
    company.delete_event("Anna", company.event_named("Anna", "A15")["id"])
    await company.until(lambda: is_held(company, 1))
    await company.agrees(only_severa=["A15"])
