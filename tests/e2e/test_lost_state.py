"""What the daemon knew is lost, old, or of somebody else: nothing is doubled or deleted for it (C4, D5, T7)."""

import shutil

from tests.e2e.installation import Installation, eventually

DATABASE = "severa-gcal.db"


def drop_database(company: Installation) -> None:
    for suffix in ("", "-wal", "-shm"):
        (company.path / f"{DATABASE}{suffix}").unlink(missing_ok=True)


async def test_with_the_database_lost_what_belongs_together_is_found_again(
    company: Installation,
) -> None:
    company.person("Anna")
    for number in range(4):
        company.add_activity("Anna", f"S{number}", company.at(1 + number, 9))
        company.add_event("Anna", f"G{number}", company.at(1 + number, 11))
    await company.open()
    await company.agrees()
    await company.stop()

    drop_database(company)
    # The mark on the event still tells which activity it is, though the room was changed meanwhile.
    company.edit_activity("Anna", company.activity_named("Anna", "S1")["guid"], location="Room 1")
    await company.open()

    await company.agrees()
    assert len(company.events("Anna")) == len(company.activities("Anna")) == 8
    company.delete_event("Anna", company.event_named("Anna", "S2")["id"])
    company.edit_event("Anna", company.event_named("Anna", "G2")["id"], summary="G2, renamed")
    await company.agrees()
    assert len(company.activities("Anna")) == 7


async def test_a_copy_that_a_person_makes_of_an_event_is_an_entry_of_its_own(
    company: Installation,
) -> None:
    company.person("Anna")
    company.add_activity("Anna", "Workshop", company.at(1, 9))
    await company.open()
    await company.agrees()

    original = company.event_named("Anna", "Workshop")
    mark = original["extendedProperties"]
    company.add_event("Anna", "Workshop", company.at(3, 9), extendedProperties=mark)
    await company.agrees(alike={"Workshop": 2})
    assert len(company.activities("Anna")) == 2

    # Also by somebody who never saw the first of the two.
    await company.stop()
    drop_database(company)
    await company.open()
    await company.agrees(alike={"Workshop": 2})
    assert len(company.activities("Anna")) == 2


async def test_a_backup_put_back_doubles_nothing(company: Installation) -> None:
    company.person("Anna")
    for number in range(4):
        company.add_activity("Anna", f"S{number}", company.at(1 + number, 9))
        company.add_event("Anna", f"G{number}", company.at(1 + number, 11))
    await company.open()
    await company.agrees()
    await company.stop()
    shutil.copy(company.path / DATABASE, company.path / "old.db")
    await company.start()
    company.add_activity("Anna", "New in Severa", company.at(6, 9))
    company.add_event("Anna", "New in Google", company.at(6, 11))
    company.edit_event("Anna", company.event_named("Anna", "S0")["id"], location="Room 1")
    company.delete_event("Anna", company.event_named("Anna", "G3")["id"])
    await company.agrees()
    assert len(company.events("Anna")) == 9

    await company.stop()
    drop_database(company)
    shutil.copy(company.path / "old.db", company.path / DATABASE)
    company.edit_activity("Anna", company.activity_named("Anna", "S1")["guid"], location="Room 2")
    await company.start()
    await company.rounds()

    await company.agrees(seconds=5)
    assert len(company.events("Anna")) == len(company.activities("Anna")) == 9


async def test_deletions_made_while_a_user_was_switched_off_are_held(
    company: Installation,
) -> None:
    company.person("Anna")
    company.person("Ben")
    for number in range(6):
        company.add_activity("Anna", f"A{number}", company.at(1 + number, 9))
    await company.open()
    await company.agrees()

    await company.switch("Anna", enabled=False)
    company.delete_event("Anna", company.event_named("Anna", "A1")["id"])
    company.delete_activity("Anna", company.activity_named("Anna", "A2")["guid"])
    company.edit_event("Anna", company.event_named("Anna", "A3")["id"], location="Room 3")
    await company.switch("Anna")
    await company.synced("Anna")

    await company.agrees("Anna", only_severa=["A1"], only_google=["A2"])
    assert sorted(one.split(":")[0] for one in await company.problems()) == ["held", "held"]


async def test_another_company_behind_the_same_configuration_stops_everything(
    company: Installation,
) -> None:
    company.person("Anna")
    for number in range(3):
        company.add_event("Anna", f"E{number}", company.at(1 + number, 9))
    await company.open()
    await company.agrees()
    await company.stop()
    before = company.writes()

    severa = company.sandbox.severa
    severa.rows.clear()
    del severa.users[company.people["Anna"]]
    severa.add_user("Zoe", "Other", "zoe@example.org")
    await company.start()

    told = await company.wrong("activity-types", "list")
    assert told.startswith("severa-gcal: This is another Severa company than before")

    async def is_told() -> bool:
        fault = (await company.ask("integration status"))["fault"]
        return bool(fault.startswith("This is another Severa company than before"))

    await eventually(is_told, company)
    assert company.writes() == before
    assert len(company.events("Anna")) == 3
