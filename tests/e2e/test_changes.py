"""Changes, conflicts and deletions after the first sync (B5, B6, B9, D1 to D6, F3 for single entries, T3, T7)."""

import asyncio
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.e2e.installation import Installation, eventually

HELSINKI = "Europe/Helsinki"


async def test_changes_travel_each_way_with_the_poll_alone(company: Installation) -> None:
    company.person("Anna")
    await company.open()

    guid = company.add_activity("Anna", "From Severa", company.at(2, 9))
    event = company.add_event("Anna", "From Google", company.at(2, 11))
    both = ["From Google", "From Severa"]
    await eventually(lambda: company.subjects("Anna") == company.names("Anna") == both, company)

    company.edit_activity("Anna", guid, name="Severa, renamed")
    company.edit_event("Anna", event, summary="Google, renamed")
    both = ["Google, renamed", "Severa, renamed"]
    await eventually(lambda: company.subjects("Anna") == company.names("Anna") == both, company)

    company.delete_activity("Anna", guid)
    company.delete_event("Anna", event)
    await eventually(lambda: company.subjects("Anna") == company.names("Anna") == [], company)
    before = company.writes()
    await company.polls()
    assert company.writes() == before


async def test_each_field_travels_each_way_and_the_rest_stays_untouched(
    company: Installation,
) -> None:
    company.person("Anna")
    await company.open()
    guids = [
        company.add_activity("Anna", f"A{n}", company.at(n, 9), isClosed=n % 2 == 0)
        for n in range(1, 5)
    ]
    events = [
        company.add_event(
            "Anna", f"E{n}", company.at(n, 11), colorId="7", transparency="transparent"
        )
        for n in range(1, 6)
    ]
    await company.agrees()

    company.edit_activity("Anna", guids[0], name="A1, renamed")
    company.move_activity("Anna", guids[1], company.at(6, 7), 2.5)
    company.edit_activity("Anna", guids[2], location="Turku")
    company.edit_activity("Anna", guids[3], notes="Line 1\nLine 2 < 3 & more")
    company.edit_event("Anna", events[0], summary="E1, renamed")
    company.move_event("Anna", events[1], company.at(7, 7), 0.5)
    company.edit_event("Anna", events[2], location="Oslo")
    company.edit_event("Anna", events[3], description="Words<br>and <i>more</i>")
    await company.agrees()

    # Back to nothing is a change as well.
    company.edit_activity("Anna", guids[2], location=None)
    company.edit_event("Anna", events[3], description="")
    await company.agrees()

    assert [a["isClosed"] for a in company.activities("Anna") if a["guid"] in guids].count(
        True
    ) == 2
    for event in company.events("Anna"):
        if event["id"] in events:
            assert (event["colorId"], event["transparency"]) == ("7", "transparent")
    written = [event for event in company.events("Anna") if event["id"] == events[4]]
    assert written[0]["summary"] == "E5"


async def test_entries_become_all_day_and_timed_again_each_way(company: Installation) -> None:
    company.person("Anna")
    company.person("Clara", zone="Europe/Oslo")
    await company.open()
    for name in ("Anna", "Clara"):
        day = company.at(5).date()
        one = company.add_activity(name, "One", company.at(2, 9))
        two = company.add_event(name, "Two", company.at(2, 11))
        three = company.add_day_activity(name, "Three", day, 2)
        four = company.add_day_event(name, "Four", day, 2)
        await company.agrees(name)

        company.move_activity_to_days(name, one, day, 3)
        company.move_event_to_days(name, two, day)
        company.move_activity(name, three, company.at(3, 9))
        company.move_event(name, four, company.at(3, 11))
        await company.agrees(name)
        assert "date" in company.event_named(name, "One")["start"]
        assert company.activity_named(name, "Two")["isAllDay"]
        assert "dateTime" in company.event_named(name, "Three")["start"]
        assert not company.activity_named(name, "Four")["isAllDay"]

        # And each back from the other side than the one that moved it.
        event_one = company.event_named(name, "One")["id"]
        company.move_event(name, event_one, company.at(2, 9))
        activity_two = company.activity_named(name, "Two")["guid"]
        company.move_activity(name, activity_two, company.at(2, 11))
        await company.agrees(name)
        assert not company.activity_named(name, "One")["isAllDay"]
        assert "dateTime" in company.event_named(name, "Two")["start"]


def days_around_a_change(zone: str) -> tuple[date, date]:
    """Return the days before and after the next time that the clocks are changed."""
    day = datetime.now(ZoneInfo(zone)).replace(hour=12) + timedelta(days=2)
    while day.utcoffset() == (day + timedelta(days=1)).utcoffset():
        day += timedelta(days=1)
    return day.date(), (day + timedelta(days=2)).date()


async def test_wall_clock_times_and_days_hold_across_a_change_of_the_clocks(
    company: Installation,
) -> None:
    company.person("Anna", zone=HELSINKI)
    company.person("Clara", zone="America/New_York")
    await company.open()
    for name, zone in company.zones.items():
        before, after = days_around_a_change(zone)
        nine, there = time(9), ZoneInfo(zone)
        activity = company.add_activity(
            name, "Moved in Severa", datetime.combine(before, nine, there)
        )
        event = company.add_event(name, "Moved in Google", datetime.combine(before, nine, there))
        company.add_day_activity(name, "Over the change", before, 3)
        company.add_day_event(name, "On the very day", before + timedelta(days=1))
        await company.agrees(name)

        moved = datetime.combine(after, nine, there)
        company.move_activity(name, activity, moved)
        company.edit_event(
            name, event,
            start={"dateTime": f"{after}T09:00:00", "timeZone": zone},
            end={"dateTime": f"{after}T10:00:00", "timeZone": zone},
        )  # fmt: skip
        await company.agrees(name)
        for entry in ("Moved in Severa", "Moved in Google"):
            start = datetime.fromisoformat(company.activity_named(name, entry)["startDateTime"])
            assert start == moved
            start = datetime.fromisoformat(company.event_named(name, entry)["start"]["dateTime"])
            assert start == moved
        assert company.event_named(name, "Over the change")["start"] == {"date": str(before)}


async def test_edits_of_different_fields_on_both_sides_during_downtime_are_merged(
    company: Installation,
) -> None:
    company.person("Anna")
    guid = company.add_activity("Anna", "Planning", company.at(1, 9))
    event = company.add_event("Anna", "Planning", company.at(1, 9))
    gone = company.add_activity("Anna", "Gone meanwhile", company.at(2, 9))
    company.add_activity("Anna", "Stays", company.at(3, 9))
    await company.open()
    await company.agrees()

    assert await company.stop() == 0
    company.edit_activity("Anna", guid, name="Planning the year", location="Room 1")
    company.move_event("Anna", event, company.at(4, 9), 3)
    company.edit_event("Anna", event, description="Bring coffee")
    company.delete_activity("Anna", gone)
    company.add_event("Anna", "New meanwhile", company.at(5, 9))
    await company.start()

    await company.agrees()
    assert company.names("Anna") == ["New meanwhile", "Planning the year", "Stays"]
    activity = company.activity_named("Anna", "Planning the year")
    assert (activity["location"], activity["notes"]) == ("Room 1", "Bring coffee")
    assert datetime.fromisoformat(activity["startDateTime"]) == company.at(4, 9)


@pytest.mark.parametrize(("winner", "room"), [("severa", "Room S"), ("google", "Room G")])
async def test_the_same_field_edited_on_both_sides_goes_to_the_winner(
    company: Installation, winner: str, room: str
) -> None:
    company.person("Anna")
    company.configure(sync={"conflict_winner": winner})
    guid = company.add_activity("Anna", "Planning", company.at(1, 9))
    event = company.add_event("Anna", "Planning", company.at(1, 9))
    await company.open()
    await company.stop()

    company.edit_activity("Anna", guid, location="Room S", notes="From Severa")
    company.edit_event("Anna", event, location="Room G", summary="From Google")
    await company.start()
    await company.agrees()

    activity = company.activity_named("Anna", "From Google")
    assert (activity["location"], activity["notes"]) == (room, "From Severa")

    # Without a restart too, both edits between two looks.
    company.edit_activity("Anna", guid, location="Room S 2")
    company.edit_event("Anna", event, location="Room G 2")
    await company.agrees()
    assert company.activity_named("Anna", "From Google")["location"] == f"{room} 2"


async def test_a_type_that_is_not_selected_takes_its_event_away_and_brings_it_back(
    company: Installation,
) -> None:
    company.person("Anna")
    born = company.add_activity("Anna", "Born in Severa", company.at(1, 9))
    other = company.add_event("Anna", "Born in Google", company.at(2, 9))
    company.add_activity("Anna", "Other", company.at(3, 9))
    await company.open(types=("Meeting",))
    await company.agrees()

    travel = company.types["Travel"]
    company.edit_activity("Anna", born, activityType=travel)
    copied = company.activity_named("Anna", "Born in Google")["guid"]
    company.edit_activity("Anna", copied, activityType=travel)
    await company.until(lambda: "Born in Severa" not in company.subjects("Anna"))
    await company.agrees(only_severa=["Born in Severa"])

    company.edit_event("Anna", other, location="Still in sync")
    company.edit_activity("Anna", born, activityType=company.types["Meeting"])
    await company.agrees()
    assert company.activity_named("Anna", "Born in Google")["location"] == "Still in sync"


async def test_a_made_up_length_and_a_placeholder_stay_until_somebody_changes_them(
    company: Installation,
) -> None:
    company.person("Anna")
    call = company.add_activity(
        "Anna", "Call", company.at(1, 9), kind="To-do", endDateTime=None, hasDuration=False
    )
    event = company.add_event("Anna", "", company.at(1, 11))
    await company.open()
    await company.agrees()
    nameless = company.activity_named("Anna", "(no subject)")["guid"]

    company.edit_activity("Anna", call, notes="About the offer", startDateTime=company.at(2, 9))
    company.edit_activity("Anna", nameless, location="Lobby")
    await company.agrees()
    assert not company.activity_named("Anna", "Call")["hasDuration"]
    assert "summary" not in company.sandbox.google.event("anna@example.com", event)

    company.move_event("Anna", company.event_named("Anna", "Call")["id"], company.at(2, 9), 2)
    company.edit_activity("Anna", nameless, name="Named at last")
    await company.agrees()
    assert company.activity_named("Anna", "Call")["hasDuration"]
    assert company.subjects("Anna") == ["Call", "Named at last"]


async def test_long_texts_are_cut_and_the_cut_never_travels_back(company: Installation) -> None:
    company.person("Anna")
    subject, notes = "Subject " * 40, "Words and words. " * 560
    event = company.add_event("Anna", subject.strip(), company.at(1, 9))
    guid = company.add_activity("Anna", "Long notes", company.at(1, 11), notes=notes.strip())
    await company.open()
    await company.until(lambda: len(company.names("Anna")) == len(company.events("Anna")) == 2)
    await company.is_quiet()
    cut = next(one for one in company.activities("Anna") if one["guid"] != guid)
    assert cut["name"].endswith("…")
    assert len(cut["name"]) <= 200
    long_event = company.event_named("Anna", "Long notes")
    assert long_event["description"].endswith("…")

    company.edit_activity("Anna", cut["guid"], location="Room 1")
    company.edit_event("Anna", long_event["id"], location="Room 2")
    await company.until(lambda: company.sandbox.severa.activity(guid)["location"] == "Room 2")
    await company.is_quiet()
    assert company.sandbox.google.event("anna@example.com", event)["summary"] == subject.strip()
    assert company.sandbox.google.event("anna@example.com", event)["location"] == "Room 1"
    assert company.sandbox.severa.activity(guid)["notes"] == notes.strip()

    # An edit of the cut text replaces only the part that was visible.
    company.edit_activity(
        "Anna", cut["guid"], name=cut["name"].replace("Subject Sub", "Title Sub", 1)
    )
    changed = subject.strip().replace("Subject Sub", "Title Sub", 1)
    await company.until(
        lambda: company.sandbox.google.event("anna@example.com", event)["summary"] == changed
    )
    await company.is_quiet()


async def test_users_who_are_not_logged_in_wait_and_catch_up(company: Installation) -> None:
    company.person("Anna")
    company.person("Ben", last_login=None)
    company.configure(sync={"presence_ttl": 2, "poll_interval": 1})
    await company.start()
    await company.set_up()
    await company.switch("Ben")
    company.add_event("Ben", "First", company.at(1, 9))
    await eventually(lambda: company.names("Ben") == ["First"], company)

    await asyncio.sleep(2.5)
    await eventually(lambda: is_waiting(company, "Ben"), company)
    company.add_event("Ben", "While away", company.at(2, 9))
    before = company.calls("google", "events.list", "ben@example.com")
    await asyncio.sleep(2.5)
    assert company.calls("google", "events.list", "ben@example.com") <= before + 1
    assert company.names("Ben") == ["First"]

    await company.switch("Ben")
    await company.agrees("Ben")


async def is_waiting(company: Installation, person: str) -> bool:
    rows = await company.ask("users")
    return any(
        row["email"].startswith(person.lower()) and row["state"] == "waiting" for row in rows
    )
