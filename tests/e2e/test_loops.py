"""Two programs on one calendar do not play ping-pong (R4)."""

import asyncio

from tests.e2e.installation import Installation


async def test_an_entry_that_another_program_writes_back_is_left_alone(
    company: Installation,
) -> None:
    company.person("Anna")
    event = company.add_event("Anna", "Title", company.at(1, 9))
    company.add_event("Anna", "Other", company.at(1, 11))
    await company.open()
    guid = company.activity_named("Anna", "Title")["guid"]

    async def another_program() -> None:
        """Set each side back to what it thinks is right, as another sync would."""
        while True:
            if company.sandbox.severa.activity(guid)["name"] != "Mine":
                company.edit_activity("Anna", guid, name="Mine")
            shown = next(e for e in company.events("Anna") if e["id"] == event)
            if shown["summary"] != "Theirs":
                company.edit_event("Anna", event, summary="Theirs")
            await asyncio.sleep(0.05)

    rival = asyncio.create_task(another_program())
    try:
        await company.until(lambda: is_shown(company))
        await company.rounds(4)
    finally:
        rival.cancel()

    assert company.calls("severa", "activities.patch") <= 10
    assert company.calls("google", "events.patch") <= 10
    company.add_event("Anna", "Third", company.at(1, 13))
    await company.until(lambda: "Third" in company.names("Anna"))


async def is_shown(company: Installation) -> bool:
    return any("another program" in problem for problem in await company.problems())
