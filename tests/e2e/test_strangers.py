"""What concerns nobody who uses the sync is not stored (R5), and who stops using it loses nothing (A4, C4)."""

from pathlib import Path

from tests.e2e.inside import Inside, inside


async def stored(company: Inside) -> set[str]:
    """Return the titles of what is stored of anybody."""
    titles = set()
    for guid in company.people.values():
        for record in await company.app.store.read(lambda tx, g=guid: tx.records_of_user(g)):  # type: ignore[misc]
            sides = (record.link.activity, record.link.google)
            titles |= {str(side.entry.title) for side in sides if side is not None}
    return titles


async def rounds(company: Inside, count: int = 4) -> None:
    for _ in range(count):
        await company.round()


async def test_r5_of_those_who_do_not_use_the_sync_nothing_is_stored(tmp_path: Path) -> None:
    async with inside(tmp_path) as company:
        for person in ("Anna", "Ben"):
            company.person(person)
            company.add_activity(person, f"Before, {person}", company.at(1, 9))
            company.add_event(person, f"In Google, {person}", company.at(1, 11))
        await company.switch_on("Anna")
        await rounds(company)
        guid = company.add_activity("Ben", "Ben alone", company.at(2, 9))
        await rounds(company)
        company.edit_activity("Ben", guid, location="Somewhere")
        company.add_activity("Anna", "After, Anna", company.at(2, 9))
        await rounds(company)

        assert await stored(company) == {"Before, Anna", "In Google, Anna", "After, Anna"}


async def test_r5_whoever_switches_off_keeps_the_links_and_nothing_new_is_stored(
    tmp_path: Path,
) -> None:
    async with inside(tmp_path) as company:
        for person in ("Anna", "Ben"):
            company.person(person)
            company.add_activity(person, f"Kept, {person}", company.at(1, 9))
        await company.switch_on("Anna", "Ben")
        await rounds(company)
        before = await stored(company)

        await company.app.people.switch(company.people["Anna"], enabled=False)
        company.add_activity("Anna", "While off", company.at(2, 9))
        company.add_event("Anna", "While off in Google", company.at(3, 9))
        await rounds(company)
        assert await stored(company) == before, "with others who use the sync"
        await company.app.people.switch(company.people["Ben"], enabled=False)
        company.add_activity("Ben", "Nobody is left", company.at(2, 9))
        company.faults.journal.clear()
        await rounds(company)
        assert await stored(company) == before == {"Kept, Anna", "Kept, Ben"}
        assert not [
            c
            for c in company.faults.journal
            if c.operation.endswith(".list") and c.vendor == "google"
        ]

        for person in ("Anna", "Ben"):
            await company.app.people.switch(company.people[person], enabled=True)
        await rounds(company)
        assert company.unlike("Anna") == company.unlike("Ben") == []
        assert company.subjects("Anna") == ["Kept, Anna", "While off", "While off in Google"]
        assert company.subjects("Ben") == ["Kept, Ben", "Nobody is left"]
