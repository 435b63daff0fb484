"""What becomes what: kinds of events, types of activities, lengths (B1, B2, B4, B8)."""

from typing import Any

from tests.e2e.installation import Installation


async def test_b1_every_kind_of_event_becomes_an_activity(company: Installation) -> None:
    company.person("Anna")
    kinds: dict[str, dict[str, Any]] = {
        "default": {},
        "focusTime": {"focusTimeProperties": {}},
        "outOfOffice": {"outOfOfficeProperties": {}},
        "fromGmail": {},
        "workingLocation": {
            "visibility": "public", "transparency": "transparent",
            "workingLocationProperties": {"type": "homeOffice", "homeOffice": {}},
        },
    }  # fmt: skip
    for number, (kind, more) in enumerate(kinds.items()):
        company.add_event("Anna", kind, company.at(1, 8 + number), eventType=kind, **more)
    company.add_event("Anna", "free", company.at(1, 15), transparency="transparent")
    company.add_event("Anna", "tentative", company.at(1, 16), status="tentative")
    await company.open()
    await company.agrees()
    assert company.names("Anna") == sorted([*kinds, "free", "tentative"])

    # What Google made by itself is only read; the others are changed from Severa as any entry.
    for kind in kinds:
        guid = company.activity_named("Anna", kind)["guid"]
        company.edit_activity("Anna", guid, name=f"{kind} 2")
    await company.until(
        lambda: (
            company.subjects("Anna")
            == sorted(
                ["free", "tentative", "fromGmail", *(f"{k} 2" for k in kinds if k != "fromGmail")]
            )
        )
    )
    await company.agrees()


async def test_b2_activities_of_every_category_become_events_when_selected(
    company: Installation,
) -> None:
    company.person("Anna")
    for hour, kind in enumerate(("Meeting", "Travel", "To-do", "Personal", "Vacation")):
        company.add_activity("Anna", kind, company.at(1, 9 + hour), kind=kind)
    await company.open(types=("Meeting", "Travel", "To-do", "Personal", "Vacation"))

    await company.agrees()

    private = {e["summary"] for e in company.events("Anna") if e.get("visibility") == "private"}
    assert private == {"Personal", "Vacation"}


async def test_b4_a_private_event_without_a_personal_type_gets_the_default_type(
    company: Installation,
) -> None:
    company.sandbox.severa.change_type(company.types["Personal"], is_active=False)
    company.person("Anna")
    event = company.add_event("Anna", "Doctor", company.at(1, 9), visibility="private")
    await company.open(types=("Meeting",))
    await company.until(lambda: company.names("Anna") == ["Doctor"])

    assert company.activity_named("Anna", "Doctor")["activityType"]["name"] == "Meeting"
    await company.is_quiet()
    assert company.sandbox.google.event("anna@example.com", event)["visibility"] == "private"


async def test_b4_of_several_personal_types_the_one_of_that_name_is_taken(
    company: Installation,
) -> None:
    company.sandbox.severa.change_type(company.types["Personal"], name="Family matters")
    company.types["Henkilökohtainen"] = company.sandbox.severa.add_type(
        "Henkilökohtainen", "Personal"
    )
    company.person("Anna")
    company.add_event("Anna", "Doctor", company.at(1, 9), visibility="private")
    await company.open(types=("Meeting",))

    await company.agrees()

    assert company.activity_named("Anna", "Doctor")["activityType"]["name"] == "Henkilökohtainen"


async def test_b4_a_users_own_default_type_counts_if_it_is_active_and_of_the_right_kind(
    company: Installation,
) -> None:
    company.configure(severa={"default_type": "user"})
    company.person("Anna", default_type=company.types["Travel"])
    company.person("Ben", default_type=company.types["To-do"])
    company.types["Gone"] = company.sandbox.severa.add_type("Gone", "CalendarEntry", active=False)
    company.person("Clara", default_type=company.types["Gone"])
    for name in company.people:
        company.add_event(name, f"Visit of {name}", company.at(2, 9))
    await company.open()

    await company.agrees()

    types = {
        name: company.activity_named(name, f"Visit of {name}")["activityType"]["name"]
        for name in company.people
    }
    assert types == {"Anna": "Travel", "Ben": "Meeting", "Clara": "Meeting"}


async def test_b4_a_personal_activity_is_a_private_event_on_its_owners_calendar_alone(
    company: Installation,
) -> None:
    company.person("Anna")
    company.person("Ben")
    await company.open(types=("Meeting", "Personal"))
    guid = company.add_activity("Anna", "Dentist", company.at(1, 9), kind="Personal")
    company.sandbox.severa.person_invite(company.people["Anna"], guid, company.people["Ben"])

    await company.until(lambda: company.subjects("Anna") == ["Dentist"])
    await company.is_quiet()

    event = company.event_named("Anna", "Dentist")
    assert event["visibility"] == "private"
    assert "attendees" not in event
    assert company.subjects("Ben") == []


async def test_b8_a_to_do_with_only_a_day_is_an_all_day_event(company: Installation) -> None:
    company.person("Anna")
    guid = company.add_day_activity(
        "Anna", "Send the offer", company.at(2).date(), kind="To-do",
        endDateTime=None, hasDuration=False,
    )  # fmt: skip
    await company.open()
    await company.agrees()
    event = company.event_named("Anna", "Send the offer")
    assert event["start"] == {"date": str(company.at(2).date())}

    company.edit_event("Anna", event["id"], location="By mail")
    await company.agrees()

    activity = company.sandbox.severa.activity(guid)
    assert (activity["location"], activity["hasDuration"], activity["endDateTime"]) == (
        "By mail", False, None,
    )  # fmt: skip


async def test_b8_an_event_of_no_length_is_read_as_it_stands_and_its_length_never_written(
    company: Installation,
) -> None:
    company.person("Anna")
    event = company.add_event("Anna", "Reminder", company.at(1, 9))
    # Google lets nobody make one today, and keeps those of long ago.
    kept = company.sandbox.google.calendar("anna@example.com").events[event]
    kept["end"] = dict(kept["start"])
    await company.open()
    await company.until(lambda: company.names("Anna") == ["Reminder"])
    guid = company.activity_named("Anna", "Reminder")["guid"]
    await company.is_quiet()

    company.edit_activity("Anna", guid, name="Reminder 2")
    await company.until(lambda: company.subjects("Anna") == ["Reminder 2"])
    await company.is_quiet()

    shown = company.sandbox.google.event("anna@example.com", event)
    assert shown["start"] == shown["end"]
    assert await company.problems() == []
