"""Whose calendar an address opens (A5)."""

from tests.e2e.installation import Installation


async def test_an_address_that_changes_in_severa_pauses_until_somebody_confirms_it(
    company: Installation,
) -> None:
    company.person("Anna")
    company.person("Ben")
    company.add_activity("Anna", "Mine", company.at(1, 9))
    company.add_event("Ben", "Secret of Ben", company.at(1, 9))
    await company.open("Anna")
    await company.agrees("Anna")

    # Whoever may edit an address in Severa must not get to read somebody else's calendar by it.
    company.sandbox.severa.change_user(company.people["Anna"], email="ben@example.com")
    await company.good("activity-types", "list")
    await company.until(lambda: has_state(company, "paused"))
    assert "Secret of Ben" not in company.names("Anna")
    assert "confirm" in (await company.state("Anna"))["reason"]

    company.sandbox.severa.change_user(company.people["Anna"], email="anna@example.com")
    await company.good("activity-types", "list")
    await company.until(lambda: has_state(company, "idle"))

    company.sandbox.google.add_user("anna.new@example.com")
    company.sandbox.severa.change_user(company.people["Anna"], email="anna.new@example.com")
    await company.good("activity-types", "list")
    await company.until(lambda: has_state(company, "paused"))
    await company.good("users", "confirm", "anna.new@example.com")
    await company.until(lambda: has_state(company, "idle"))
    # The old calendar's event is not there; nothing is deleted because of that.
    assert company.names("Anna") == ["Mine"]


async def test_off_and_on_again_does_not_open_the_calendar_of_a_new_address(
    company: Installation,
) -> None:
    company.person("Anna")
    company.person("Ben")
    company.add_activity("Anna", "Mine", company.at(1, 9))
    company.add_event("Ben", "Secret of Ben", company.at(1, 9))
    await company.open("Anna")
    await company.agrees("Anna")

    await company.switch("Anna", enabled=False)
    company.sandbox.severa.change_user(company.people["Anna"], email="ben@example.com")
    await company.good("activity-types", "list")
    await company.switch("Anna")

    await company.until(lambda: has_state(company, "paused"))
    assert "confirm" in (await company.state("Anna"))["reason"]
    assert company.names("Anna") == ["Mine"]
    assert company.subjects("Ben") == ["Secret of Ben"]
    # With the old address back there is nothing to confirm.
    company.sandbox.severa.change_user(company.people["Anna"], email="anna@example.com")
    await company.good("activity-types", "list")
    await company.until(lambda: has_state(company, "idle"))
    await company.agrees("Anna")


async def test_only_addresses_of_the_given_domains_are_used(company: Installation) -> None:
    company.person("Anna")
    company.add_activity("Anna", "Mine", company.at(1, 9))
    company.configure(google={"domains": ["other.example"]})
    await company.start()
    await company.set_up()

    await company.switch("Anna")
    await company.until(lambda: has_state(company, "paused"))

    assert "domains" in (await company.state("Anna"))["reason"]
    assert company.events("Anna") == []


async def has_state(company: Installation, state: str) -> bool:
    return bool((await company.state("Anna"))["state"] == state)
