"""What the first sync takes for the same entry, what it may do to it, and what it leaves out (C1, C2)."""

from datetime import timedelta, timezone

from tests.e2e.installation import Installation
from tests.e2e.test_meetings import answers, invited, participants


async def test_c1_entries_that_differ_in_name_or_times_are_two_and_nothing_is_deleted(
    company: Installation,
) -> None:
    company.person("Anna")
    day = company.at(4).date()
    company.add_activity("Anna", "Name", company.at(1, 9))
    company.add_event("Anna", "Name, other", company.at(1, 9))
    company.add_activity("Anna", "Start", company.at(1, 11), hours=2)
    company.add_event("Anna", "Start", company.at(1, 12), hours=1)
    company.add_activity("Anna", "End", company.at(2, 9), hours=1)
    company.add_event("Anna", "End", company.at(2, 9), hours=1.5)
    company.add_activity("Anna", "Date", company.at(2, 12))
    company.add_event("Anna", "Date", company.at(3, 12))
    company.add_day_activity("Anna", "Days", day)
    company.add_day_event("Anna", "Days", day, 2)
    company.add_day_activity("Anna", "Whole day", day)
    company.add_event("Anna", "Whole day", company.at(4, 0), hours=24)

    await company.open()

    twice = ("Start", "End", "Date", "Days", "Whole day")
    await company.agrees(alike=dict.fromkeys(twice, 2))
    assert company.names("Anna") == sorted(["Name", "Name, other", *twice, *twice])
    assert company.calls("severa", "activities.delete") == 0
    assert company.calls("google", "events.delete") == 0
    assert company.calls("severa", "activities.patch") == 0
    assert company.calls("google", "events.patch") == 0


async def test_c1_times_are_the_same_instant_however_they_are_written(
    company: Installation,
) -> None:
    company.person("Anna", zone="America/New_York")
    start, day = company.at(1, 15), company.at(2).date()
    company.add_activity("Anna", "Call", start, kind="Travel")
    there = start.astimezone(timezone(timedelta(hours=9)))
    event = company.add_event("Anna", "Call", company.at(5))
    company.edit_event(
        "Anna", event,
        start={"dateTime": there.isoformat(), "timeZone": "Asia/Tokyo"},
        end={"dateTime": (there + timedelta(hours=1)).isoformat(), "timeZone": "Asia/Tokyo"},
    )  # fmt: skip
    company.add_day_activity("Anna", "Fair", day, 2, kind="Travel")
    company.add_day_event("Anna", "Fair", day, 2)
    company.add_activity("Anna", "Dentist", company.at(3, 15), kind="Personal")
    company.add_event("Anna", "Dentist", company.at(3, 15), visibility="private")

    await company.open(types=("Meeting",))

    await company.agrees()
    assert company.names("Anna") == ["Call", "Dentist", "Fair"]
    assert (await company.state("Anna"))["entries"] == 3
    assert company.calls("google", "events.insert") == 0
    assert company.calls("severa", "activities.create") == 0


async def test_c1_people_of_the_two_are_united_and_nobody_is_taken_out(
    company: Installation,
) -> None:
    company.person("Anna")
    ben, clara = company.person("Ben"), company.person("Clara")
    guid = company.add_activity("Anna", "Review", company.at(1, 9))
    company.sandbox.severa.person_invite(company.people["Anna"], guid, company.people["Ben"])
    event = company.add_event("Anna", "Review", company.at(1, 9), attendees=invited(clara))

    await company.open()

    await company.until(lambda: participants(company, guid).keys() == {ben, clara})
    await company.until(lambda: answers(company, "Anna", event).keys() == {ben, clara})
    await company.is_quiet()
    assert len(company.sandbox.severa.activities()) == 1


async def test_c2_the_limit_is_thirty_times_a_day_before_the_switch_by_the_end(
    company: Installation,
) -> None:
    company.person("Anna")
    now = company.sandbox.clock().replace(microsecond=0)
    limit, short = now - timedelta(days=30), timedelta(minutes=5)
    company.add_event("Anna", "Over before", limit - short - timedelta(hours=1))
    company.add_event("Anna", "Begun before", limit + short - timedelta(hours=1))
    company.add_activity("Anna", "Over before too", limit - short - timedelta(hours=1))
    company.add_activity("Anna", "Begun before too", limit + short - timedelta(hours=1))
    company.add_day_event("Anna", "Long holiday", (limit - timedelta(days=9)).date(), 15)

    await company.open()

    await company.agrees(only_google=["Over before"], only_severa=["Over before too"])
    assert {"Begun before", "Long holiday"} < set(company.names("Anna"))
