"""Setting up, switching on, and the first sync (A1, A4, B1 to B5, B7, B8, C1 to C5)."""

from datetime import timedelta

from tests.e2e.installation import Installation


async def test_the_first_sync_matches_what_is_equal_and_creates_the_rest(
    company: Installation,
) -> None:
    company.person("Anna")
    company.add_activity("Anna", "Planning", company.at(1, 9))
    company.add_event("Anna", "Planning", company.at(1, 9))
    company.add_activity("Anna", "Only in Severa", company.at(1, 11))
    company.add_event("Anna", "Only in Google", company.at(1, 13))
    company.add_activity("Anna", "A task", company.at(1, 15), kind="Project task")
    company.add_event("Anna", "Long ago", company.at(-60, 9))
    company.add_activity("Anna", "Also long ago", company.at(-60, 9))

    await company.open()

    await company.agrees(only_google=["Long ago"], only_severa=["A task", "Also long ago"])
    assert len(company.events("Anna")) == 4
    assert len(company.activities("Anna")) == 5
    assert (await company.state("Anna"))["entries"] == 3


async def test_nothing_is_read_or_written_before_the_switch_is_on(company: Installation) -> None:
    company.person("Anna")
    company.add_event("Anna", "Private matters", company.at(1, 9))
    await company.start()

    status, answer = await company.call("PUT", "/v1/me/sync", "Anna", {"enabled": True})

    assert (status, answer["title"]) == (409, "Conflict")
    assert company.calls("google", "events.list") == 0
    assert company.calls("severa", "activities.list") == 0
    assert company.writes() == 0


async def test_several_users_are_synced_at_once_each_with_their_own_entries(
    company: Installation,
) -> None:
    for name, zone in (
        ("Anna", "Europe/Helsinki"),
        ("Ben", "Europe/London"),
        ("Clara", "Europe/Oslo"),
    ):
        company.person(name, zone=zone)
        company.add_activity(name, f"{name} plans", company.at(1, 9))
        company.add_event(name, f"{name} plans", company.at(1, 9))
        company.add_day_activity(name, f"{name} travels", company.at(2).date(), 2, kind="Travel")
        company.add_event(name, f"{name} swims", company.at(3, 16))
        # All three have an entry that looks the same; each is its own.
        company.add_activity(name, "Sales meeting", company.at(4, 8))
        company.add_event(name, "Sales meeting", company.at(4, 8))
    company.person("Dora")
    company.add_activity("Dora", "Does not use the sync", company.at(1, 9))

    await company.open("Anna", "Ben", "Clara")

    await company.agrees()
    for name in ("Anna", "Ben", "Clara"):
        everything = sorted([f"{name} plans", f"{name} swims", f"{name} travels", "Sales meeting"])
        assert company.subjects(name) == company.names(name) == everything
    assert company.events("Dora") == []


async def test_equal_entries_are_matched_one_to_one_the_more_alike_first(
    company: Installation,
) -> None:
    company.person("Anna")
    for room in ("One", "Two"):
        company.add_activity("Anna", "Standup", company.at(1, 7), location=f"Room {room}")
    for room in ("Two", "Three"):
        company.add_event("Anna", "Standup", company.at(1, 7), location=f"Room {room}")
    for _ in range(2):
        company.add_activity("Anna", "Lunch", company.at(1, 10))
    for _ in range(3):
        company.add_event("Anna", "Lunch", company.at(1, 10))

    await company.open()

    # The rooms of the one Standup that has no equal stay apart; the third Lunch is made in Severa.
    await company.agrees(apart={"Standup": ["location"]}, alike={"Standup": 2, "Lunch": 3})
    assert sorted(event.get("location", "") for event in company.events("Anna")) == [
        "", "", "", "Room Three", "Room Two",
    ]  # fmt: skip
    assert company.names("Anna") == ["Lunch"] * 3 + ["Standup"] * 2

    # The two that looked the same in all are linked to each other, not across.
    event = next(e for e in company.events("Anna") if e.get("location") == "Room Two")
    company.edit_event("Anna", event["id"], location="Room Four")
    await company.until(
        lambda: (
            sorted(a["location"] or "" for a in company.activities("Anna"))
            == ["", "", "", "Room Four", "Room One"]
        )
    )


async def test_different_notes_stay_apart_until_one_is_edited_and_empty_fields_are_filled(
    company: Installation,
) -> None:
    company.person("Anna")
    for name in ("Review", "Retro"):
        company.add_activity("Anna", name, company.at(1, 9), notes="Written in Severa")
        company.add_event("Anna", name, company.at(1, 9), description="Written in Google")
    company.add_activity("Anna", "Offer", company.at(2, 9), notes="Bring the numbers")
    company.add_event("Anna", "Offer", company.at(2, 9), location="Room 2")
    await company.open()

    apart = {"Review": ["notes"], "Retro": ["notes"]}
    await company.agrees(apart=apart)
    for name in apart:
        assert company.activity_named("Anna", name)["notes"] == "Written in Severa"
        assert company.event_named("Anna", name)["description"] == "Written in Google"
    offer = company.activity_named("Anna", "Offer")
    assert (offer["notes"], offer["location"]) == ("Bring the numbers", "Room 2")

    # Another field of such a pair travels alone; an edit of the notes replaces the other side's.
    review = company.activity_named("Anna", "Review")["guid"]
    company.edit_activity("Anna", review, location="Room 3")
    retro = company.event_named("Anna", "Retro")["id"]
    company.edit_event("Anna", retro, description="Agreed in Google")
    await company.agrees(apart={"Review": ["notes"]})
    assert company.event_named("Anna", "Review")["location"] == "Room 3"
    assert company.event_named("Anna", "Review")["description"] == "Written in Google"
    assert company.activity_named("Anna", "Retro")["notes"] == "Agreed in Google"


async def test_each_kind_of_entry_arrives_as_what_it_is(company: Installation) -> None:
    company.person("Clara", zone="Europe/Oslo")
    day = company.at(3).date()
    company.add_day_activity("Clara", "Fair", day, 3)
    company.add_day_event("Clara", "School holiday", day, 2)
    company.add_activity(
        "Clara", "Call Solberg", company.at(1, 8), kind="To-do", endDateTime=None, hasDuration=False
    )
    company.add_activity("Clara", "Dentist", company.at(1, 9), kind="Personal")
    company.add_event("Clara", "Doctor", company.at(1, 10), visibility="private")
    company.add_event("Clara", "Bank", company.at(1, 11), visibility="confidential")
    company.add_event("Clara", "", company.at(1, 12))
    company.add_day_event(
        "Clara", "Home", day, eventType="workingLocation", visibility="public",
        transparency="transparent", workingLocationProperties={"type": "homeOffice", "homeOffice": {}},
    )  # fmt: skip
    company.add_event(
        "Clara", "Focus", company.at(1, 13), eventType="focusTime", focusTimeProperties={}
    )
    company.add_event("Clara", "Agenda", company.at(1, 14), description="First<br><b>second</b>")

    await company.open(types=("Meeting", "To-do", "Personal"))

    await company.agrees()
    call_event = company.event_named("Clara", "Call Solberg")
    assert company.unlike("Clara") == []
    assert call_event["end"]["dateTime"] != call_event["start"]["dateTime"]
    todo = company.activity_named("Clara", "Call Solberg")
    assert (todo["hasDuration"], todo["endDateTime"]) == (False, None)
    types = {one["name"]: one["activityType"]["name"] for one in company.activities("Clara")}
    assert types == {
        "Fair": "Meeting", "School holiday": "Meeting", "Call Solberg": "To-do",
        "Dentist": "Personal", "Doctor": "Personal", "Bank": "Personal",
        "(no subject)": "Meeting", "Home": "Meeting", "Focus": "Meeting", "Agenda": "Meeting",
    }  # fmt: skip
    assert company.event_named("Clara", "Dentist")["visibility"] == "private"
    # The placeholder, the plain reading of the markup and the made-up length never travel back.
    assert "summary" not in next(e for e in company.events("Clara") if not e.get("summary"))
    assert company.event_named("Clara", "Agenda")["description"] == "First<br><b>second</b>"


async def test_types_that_are_not_selected_are_matched_but_not_created(
    company: Installation,
) -> None:
    company.person("Anna")
    company.add_activity("Anna", "Trip", company.at(1, 9), kind="Travel")
    company.add_activity("Anna", "Flight", company.at(2, 9), kind="Travel")
    company.add_event("Anna", "Flight", company.at(2, 9))
    await company.open(types=("Meeting",))
    await company.agrees(only_severa=["Trip"])

    # A link stays in sync whatever its type.
    flight = company.activity_named("Anna", "Flight")["guid"]
    company.edit_activity("Anna", flight, location="Gate 7")
    await company.agrees(only_severa=["Trip"])
    assert company.event_named("Anna", "Flight")["location"] == "Gate 7"

    # A further type is synced from its existing entries on; unselecting it changes nothing that exists.
    await company.ask("activity-types select", names=["Meeting", "Travel"])
    await company.agrees()
    assert company.subjects("Anna") == company.names("Anna") == ["Flight", "Trip"]
    await company.ask("activity-types select", names=["Meeting"])
    await company.agrees()
    company.add_activity("Anna", "Next trip", company.at(5, 9), kind="Travel")
    await company.rounds()
    await company.agrees(only_severa=["Next trip"])


async def test_project_tasks_are_never_synced_nor_matched_even_when_selected(
    company: Installation,
) -> None:
    company.person("Anna")
    task = company.add_activity("Anna", "Build", company.at(3, 9), kind="Project task")
    company.add_activity("Anna", "Test", company.at(3, 9), kind="Project task")
    event = company.add_event("Anna", "Build", company.at(3, 9))
    await company.open()

    assert company.subjects("Anna") == ["Build"]
    assert company.names("Anna") == ["Build", "Build", "Test"]
    company.edit_event("Anna", event, summary="Build it")
    company.edit_activity("Anna", task, name="Build the house")
    await company.until(lambda: company.names("Anna") == ["Build it", "Build the house", "Test"])
    await company.agrees(only_severa=["Build the house", "Test"])


async def test_what_was_left_out_stays_out_until_somebody_edits_it(company: Installation) -> None:
    company.person("Anna")
    old, older = company.at(-31, 0), company.at(-90, 9)
    event = company.add_event("Anna", "Old event", old)
    activity = company.add_activity("Anna", "Old activity", old)
    company.add_event("Anna", "Older, in both", older)
    company.add_activity("Anna", "Older, in both", older)
    company.add_event("Anna", "Just in time", company.at(-29, 23))
    await company.open()
    await company.agrees(only_google=["Old event"], only_severa=["Old activity"])

    # Shown again with nothing new to a reader, it stays out; edited, it is synced whatever its date (C3).
    company.edit_event("Anna", event, colorId="5")
    company.edit_activity("Anna", activity, isClosed=True)
    await company.rounds()
    await company.agrees(only_google=["Old event"], only_severa=["Old activity"])
    company.edit_event("Anna", event, location="Found later")
    company.edit_activity("Anna", activity, name="Old activity, renamed")
    company.add_activity("Anna", "Added late", company.at(-70, 9))
    await company.agrees()
    assert company.activity_named("Anna", "Old event")["location"] == "Found later"
    assert {"Old activity, renamed", "Added late"} <= set(company.subjects("Anna"))


async def test_switching_off_and_on_again_keeps_everything_and_doubles_nothing(
    company: Installation,
) -> None:
    company.person("Anna")
    company.person("Ben")
    guid = company.add_activity("Anna", "From Severa", company.at(1, 9))
    event = company.add_event("Anna", "From Google", company.at(1, 11))
    await company.open()
    await company.agrees()

    assert (await company.switch("Anna", enabled=False))["state"] == "off"
    await company.rounds(1)  # What was under way is over.
    company.edit_activity("Anna", guid, name="From Severa, renamed")
    company.edit_event("Anna", event, location="Room 9")
    company.add_event("Anna", "Made meanwhile", company.at(2, 9))
    company.add_activity("Anna", "Also made meanwhile", company.at(2, 11))
    company.add_event("Anna", "Made twice", company.at(2, 13))
    company.add_activity("Anna", "Made twice", company.at(2, 13))
    before = company.writes()
    await company.rounds()
    assert company.writes() == before
    assert company.subjects("Anna") == [
        "From Google",
        "From Severa",
        "Made meanwhile",
        "Made twice",
    ]

    await company.switch("Anna")
    await company.synced("Anna")
    await company.agrees("Anna")
    assert company.subjects("Anna") == [
        "Also made meanwhile", "From Google", "From Severa, renamed", "Made meanwhile", "Made twice",
    ]  # fmt: skip
    assert company.activity_named("Anna", "From Google")["location"] == "Room 9"


async def test_a_first_sync_that_is_killed_goes_on_where_it_was(company: Installation) -> None:
    company.person("Anna")
    for number in range(15):
        company.add_activity("Anna", f"Activity {number}", company.at(1 + number, 9))
        company.add_event("Anna", f"Event {number}", company.at(1 + number, 11))
        company.add_activity("Anna", f"Both {number}", company.at(1 + number, 13))
        company.add_event("Anna", f"Both {number}", company.at(1 + number, 13))
    await company.start()
    await company.set_up()

    company.kill_when(lambda: len(company.activities("Anna")) == 35)
    await company.switch("Anna")
    await company.died()
    await company.start()
    company.kill_when(lambda: len(company.events("Anna")) >= 40)
    await company.died()
    await company.start()
    await company.synced("Anna")

    await company.agrees()
    assert len(company.events("Anna")) == len(company.activities("Anna")) == 45
    assert (await company.state("Anna"))["progress"] is None


async def test_a_first_sync_shows_its_progress_and_holds_nobody_up(company: Installation) -> None:
    company.person("Anna")
    company.person("Ben")
    await company.open("Ben")
    for number in range(150):
        company.add_event("Anna", f"Event {number}", company.at(1, 0) + timedelta(hours=number))
    company.fault("severa", "activities.create", "delay", seconds=0.05, times=150)

    await company.switch("Anna")
    seen = []

    async def has_progress() -> bool:
        state = await company.state("Anna")
        seen.append((state["state"], state["progress"]))
        return state["progress"] is not None

    await company.until(has_progress)
    company.add_event("Ben", "In a hurry", company.at(1, 9))
    await company.until(lambda: "In a hurry" in company.names("Ben"))
    assert len(company.names("Anna")) < 150
    await company.synced("Anna")

    assert seen[-1][0] == "first-sync"
    assert seen[-1][1]["total"] == 150
    await company.agrees()
