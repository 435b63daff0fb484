"""An event that is made private, or open, after it was linked (B4)."""

from daemon.sandbox.severa import Switches
from tests.e2e.installation import Installation


async def test_an_entry_made_private_is_made_anew_as_personal_and_back(
    company: Installation,
) -> None:
    company.person("Anna")
    event = company.add_event("Anna", "Doctor", company.at(1, 9), location="Clinic")
    await company.open()
    first = company.activity_named("Anna", "Doctor")["guid"]

    company.edit_event("Anna", event, visibility="private")
    await company.until(lambda: kinds(company) == ["Personal"])
    await company.agrees()
    second = company.activity_named("Anna", "Doctor")
    assert second["guid"] != first
    assert second["location"] == "Clinic"

    company.edit_event("Anna", event, visibility="default")
    await company.until(lambda: kinds(company) == ["Meeting"])
    await company.agrees()
    assert company.subjects("Anna") == ["Doctor"]


async def test_an_entry_made_private_keeps_its_activity_where_severa_lets_the_type_change(
    company: Installation,
) -> None:
    company.sandbox.severa.switches = Switches(category_may_change=True)
    company.person("Anna")
    event = company.add_event("Anna", "Doctor", company.at(1, 9))
    await company.open()
    guid = company.activity_named("Anna", "Doctor")["guid"]

    company.edit_event("Anna", event, visibility="private", description="Bring papers")
    await company.agrees()
    activity = company.sandbox.severa.activity(guid)
    assert (activity["activityType"]["name"], activity["notes"]) == ("Personal", "Bring papers")

    company.edit_event("Anna", event, visibility="default")
    await company.agrees()
    assert company.sandbox.severa.activity(guid)["activityType"]["name"] == "Meeting"


async def test_one_that_holds_more_keeps_its_type_behind_a_placeholder(
    company: Installation,
) -> None:
    company.person("Anna")
    event = company.add_event("Anna", "Doctor", company.at(1, 9), description="Bring papers")
    await company.open()
    guid = company.activity_named("Anna", "Doctor")["guid"]
    company.edit_activity("Anna", guid, customer={"guid": "c-1", "name": "A customer"})
    await company.rounds()

    company.edit_event("Anna", event, visibility="private")
    await company.until(lambda: company.names("Anna") == ["(private)"])
    company.edit_event("Anna", event, summary="Surgeon", description="Bring more papers")
    await company.rounds(3)

    shown = company.sandbox.severa.activity(guid)
    assert (shown["name"], shown["notes"] or "") == ("(private)", "")
    assert company.subjects("Anna") == ["Surgeon"]
    assert any("type" in problem for problem in await company.problems())
    await company.is_quiet()

    company.edit_event("Anna", event, visibility="default")
    await company.until(lambda: company.names("Anna") == ["Surgeon"])
    await company.agrees()
    assert company.sandbox.severa.activity(guid)["notes"] == "Bring more papers"


def kinds(company: Installation) -> list[str]:
    return [activity["activityType"]["name"] for activity in company.activities("Anna")]
