"""What is only read, or left out of the sync, and stays as it is (B1, B8, B11, D5, D6, E2, F)."""

from typing import Any

from tests.e2e.installation import Installation

ZONE = {"timeZone": "Europe/Helsinki"}
WEEKLY = ["RRULE:FREQ=WEEKLY;COUNT=4"]


async def test_recurring_entries_are_left_alone_on_both_sides(company: Installation) -> None:
    company.person("Anna")
    series: dict[str, Any] = {"frequency": "Weekly", "pattern": None, "range": None}
    repeating = company.add_event("Anna", "Weekly in Google", company.at(1, 9))
    company.edit_event("Anna", repeating, recurrence=WEEKLY, start=ZONE, end=ZONE)
    company.add_activity("Anna", "Weekly in Severa", company.at(1, 11), recurrence=series)
    company.add_activity("Anna", "Single", company.at(1, 13))
    await company.open()
    alone: dict[str, Any] = {
        "only_google": ["Weekly in Google"], "only_severa": ["Weekly in Severa"],
    }  # fmt: skip
    await company.agrees(**alone)

    event = company.event_named("Anna", "Weekly in Google")["id"]
    company.edit_event("Anna", event, location="Room 1")
    guid = company.activity_named("Anna", "Weekly in Severa")["guid"]
    company.edit_activity("Anna", guid, location="Room 2")
    await company.rounds()
    await company.agrees(**alone)
    company.delete_event("Anna", event)
    company.delete_activity("Anna", guid)
    await company.rounds()
    await company.agrees()
    assert company.names("Anna") == ["Single"]


async def test_an_entry_that_begins_to_repeat_takes_nothing_with_it(company: Installation) -> None:
    company.person("Anna")
    event = company.add_event("Anna", "Coffee", company.at(1, 9))
    company.add_event("Anna", "Other", company.at(2, 9))
    await company.open()
    await company.agrees()

    company.edit_event("Anna", event, recurrence=WEEKLY, start=ZONE, end=ZONE)
    company.edit_event("Anna", event, summary="Coffee, weekly")
    await company.rounds(3)
    assert company.names("Anna") == ["Coffee", "Other"]
    await company.is_quiet()

    company.edit_event("Anna", event, recurrence=None)
    await company.agrees()
    assert company.names("Anna") == ["Coffee, weekly", "Other"]


async def test_an_absence_becomes_a_private_event_and_is_never_changed_from_google(
    company: Installation,
) -> None:
    company.person("Anna")
    day = company.at(4).date()
    guid = company.add_day_activity("Anna", "Winter holiday", day, 5, kind="Vacation")
    company.add_activity("Anna", "Other", company.at(1, 9))
    await company.open(types=("Meeting", "Vacation"))
    await company.agrees()
    event = company.event_named("Anna", "Winter holiday")
    assert event["visibility"] == "private"

    company.edit_event("Anna", event["id"], summary="Summer holiday")
    company.move_event_to_days("Anna", event["id"], company.at(9).date())
    await company.agrees()
    assert company.subjects("Anna") == ["Other", "Winter holiday"]
    company.edit_activity("Anna", guid, name="Long winter holiday")
    await company.agrees()
    company.delete_event("Anna", event["id"])
    await company.rounds()
    await company.agrees(only_severa=["Long winter holiday"])
    assert company.calls("severa", "activities.patch") == 0
    assert company.calls("severa", "activities.delete") == 0


async def test_an_event_organized_outside_is_only_read(company: Installation) -> None:
    company.person("Anna")
    google = company.sandbox.google
    google.add_user("host@elsewhere.example", outside=True)
    guests = {"attendees": [{"email": "anna@example.com"}]}
    body = {
        "summary": "Tender", "start": {"dateTime": company.at(1, 9).isoformat()},
        "end": {"dateTime": company.at(1, 10).isoformat()},
    }  # fmt: skip
    tender = google.person_add("host@elsewhere.example", body | guests)["id"]
    auction = google.person_add("host@elsewhere.example", body | guests | {"summary": "Auction"})[
        "id"
    ]
    await company.open()
    await company.agrees()

    guid = company.activity_named("Anna", "Tender")["guid"]
    company.edit_activity("Anna", guid, name="Tender, ours")
    company.move_activity("Anna", guid, company.at(3, 9))
    await company.until(lambda: company.names("Anna") == ["Auction", "Tender"])
    await company.agrees()
    google.person_patch("host@elsewhere.example", tender, {"summary": "Tender, moved on"})
    await company.agrees()

    # Deleted in Severa it stays away, and is no reason to touch the host's event.
    company.delete_activity("Anna", company.activity_named("Anna", "Auction")["guid"])
    await company.rounds()
    await company.agrees(only_google=["Auction"])
    google.person_patch("host@elsewhere.example", auction, {"location": "Hall"})
    await company.rounds()
    await company.agrees(only_google=["Auction"])
    assert company.calls("google", "events.patch") == 0
    assert company.calls("google", "events.delete") == 0


async def test_a_meeting_of_two_users_is_one_activity_whoever_switches_on_first(
    company: Installation,
) -> None:
    company.person("Anna")
    company.person("Ben")
    guests = [{"email": "ben@example.com"}]
    event = company.add_event("Anna", "Pair work", company.at(1, 9), attendees=guests)
    assert company.subjects("Ben") == ["Pair work"]
    await company.start()
    await company.set_up()

    await company.switch("Ben")
    await company.synced("Ben")
    await company.switch("Anna")
    await company.synced("Anna")
    company.edit_event("Anna", event, summary="Pair work, again")
    await company.until(lambda: everything(company) == ["Pair work, again"])
    await company.is_quiet()
    company.delete_event("Anna", event)
    await company.until(lambda: everything(company) == [])
    await company.is_quiet()


def everything(company: Installation) -> list[str]:
    return [activity["name"] for activity in company.sandbox.severa.activities()]


async def test_kinds_and_types_follow_the_configuration(company: Installation) -> None:
    company.configure(
        google={"skip_event_types": ["workingLocation"]}, severa={"default_type": "user"}
    )
    company.person("Anna", default_type=company.types["Travel"])
    company.person("Ben")
    home: dict[str, Any] = {
        "eventType": "workingLocation", "visibility": "public", "transparency": "transparent",
        "workingLocationProperties": {"type": "homeOffice", "homeOffice": {}},
    }  # fmt: skip
    for name in ("Anna", "Ben"):
        company.add_day_event(name, "Home", company.at(1).date(), **home)
        company.add_event(name, "Visit", company.at(2, 9))
    await company.open()

    await company.agrees(only_google=["Home"])
    types = {n: company.activity_named(n, "Visit")["activityType"]["name"] for n in company.people}
    assert types == {"Anna": "Travel", "Ben": "Meeting"}


async def test_unassigned_activities_wait_until_somebody_is_assigned(
    company: Installation,
) -> None:
    company.person("Anna")
    waiting = company.add_activity("Anna", "Unassigned", company.at(1, 9), isUnassigned=True)
    company.add_activity("Anna", "Other", company.at(1, 11))
    await company.open()
    await company.agrees(only_severa=["Unassigned"])

    company.edit_activity("Anna", waiting, isUnassigned=False)
    await company.agrees()


async def test_a_flood_of_old_entries_is_held(company: Installation) -> None:
    company.person("Anna")
    company.add_activity("Anna", "Other", company.at(1, 11))
    await company.open()

    for number in range(60):
        company.add_event("Anna", f"Old {number}", company.at(-40 - number, 9))
    await company.rounds(4)

    assert company.names("Anna") == ["Other"]


async def test_held_creations_are_made_or_left_as_an_administrator_decides(
    company: Installation,
) -> None:
    company.person("Anna")
    company.person("Ben")
    for name in ("Anna", "Ben"):
        company.add_activity(name, "Other", company.at(1, 11))
    await company.open()
    await company.agrees()
    old = sorted(f"Old {number}" for number in range(60))
    for number in range(60):
        company.add_event("Anna", f"Old {number}", company.at(-40 - number, 9))
        company.add_activity("Ben", f"Old {number}", company.at(-40 - number, 9))
    await company.until(lambda: is_held(company, 120))

    groups = {group["user"]: group for group in await company.json("held")}
    anna, ben = groups["anna@example.com"], groups["ben@example.com"]
    assert set(anna) == {"id", "user", "side", "reason", "count", "entries"}
    assert (anna["side"], anna["count"], len(anna["entries"])) == ("severa", 60, 60)
    assert (ben["side"], ben["count"]) == ("google", 60)
    assert anna["reason"].startswith("60 entries of this user that ended more than 30 days ago")

    assert await company.good("held", "approve", anna["id"]) == "60 creations go ahead.\n"
    told = await company.good("held", "restore", ben["id"])
    assert told == "60 entries stay where they are.\n"
    await company.until(lambda: company.names("Anna") == [*old, "Other"])
    await company.rounds()
    await company.agrees("Anna")
    await company.agrees("Ben", only_severa=old)
    assert await company.good("held") == "Nothing is held.\n"
    problems = await company.problems()
    assert len(problems) == 60
    assert all(problem.startswith("parted: ") for problem in problems)


async def is_held(company: Installation, count: int) -> bool:
    problems = await company.problems()
    return len(problems) == count and all(one.startswith("held: ") for one in problems)
