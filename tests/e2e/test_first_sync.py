"""Setting up, switching on, and the first sync (A1, A4, B1, B2, B3, C1, C2)."""

from tests.e2e.installation import Installation, eventually


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
    await company.start()
    await company.set_up()

    await company.switch("Anna")
    await company.synced("Anna")

    assert company.subjects("Anna") == ["Long ago", "Only in Google", "Only in Severa", "Planning"]
    assert company.names("Anna") == [
        "A task", "Also long ago", "Only in Google", "Only in Severa", "Planning",
    ]  # fmt: skip
    await company.is_quiet()


async def test_changes_travel_each_way(company: Installation) -> None:
    company.person("Anna")
    await company.start()
    await company.set_up()
    await company.switch("Anna")
    await company.synced("Anna")

    guid = company.add_activity("Anna", "From Severa", company.at(2, 9))
    event = company.add_event("Anna", "From Google", company.at(2, 11))
    await eventually(lambda: company.subjects("Anna") == ["From Google", "From Severa"], company)
    await eventually(lambda: company.names("Anna") == ["From Google", "From Severa"], company)

    company.edit_activity("Anna", guid, name="Severa, renamed")
    company.edit_event("Anna", event, summary="Google, renamed")
    await eventually(lambda: "Severa, renamed" in company.subjects("Anna"), company)
    await eventually(lambda: "Google, renamed" in company.names("Anna"), company)
    await company.is_quiet()
