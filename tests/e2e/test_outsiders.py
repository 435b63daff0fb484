"""People whom Severa does not know are never lost, whatever is written to the list they stand on (E8)."""

from typing import Any

from tests.e2e.installation import Installation
from tests.e2e.test_meetings import OUTSIDE, participants

GROUP = "everybody@elsewhere.example"
ROOM = "room-7@resource.calendar.google.com"


async def test_e8_guests_rooms_flags_comments_and_answers_stay_when_colleagues_come_and_go(
    company: Installation,
) -> None:
    company.person("Anna")
    ben, clara = company.person("Ben"), company.person("Clara")
    await company.open("Anna", "Ben")
    strangers: list[dict[str, Any]] = [
        {
            "email": OUTSIDE, "displayName": "A guest", "optional": True, "comment": "By train",
            "responseStatus": "accepted", "additionalGuests": 2,
        },
        {"email": GROUP},
        {"email": ROOM, "resource": True, "responseStatus": "accepted"},
    ]  # fmt: skip
    event = company.add_event(
        "Anna", "Review", company.at(1, 9),
        attendees=[*strangers, {"email": ben, "optional": True, "comment": "Later"}],
    )  # fmt: skip
    await company.until(lambda: company.names("Anna") == ["Review"])
    guid = company.activity_named("Anna", "Review")["guid"]
    await company.until(lambda: participants(company, guid).keys() == {ben})
    before = {address: row(company, address) for address in (OUTSIDE, GROUP, ROOM, ben)}

    severa, people = company.sandbox.severa, company.people
    severa.person_invite(people["Anna"], guid, people["Clara"])
    company.edit_activity("Anna", guid, location="Big room")
    await company.until(lambda: clara in addresses(company))
    await company.is_quiet()
    assert {address: row(company, address) for address in before} == before

    severa.person_uninvite(people["Anna"], guid, people["Ben"])
    company.edit_activity("Anna", guid, location="Small room")
    await company.until(lambda: ben not in addresses(company))
    await company.is_quiet()
    del before[ben]
    assert {address: row(company, address) for address in before} == before
    # And nobody whom Severa does not know was made a participant.
    assert participants(company, guid).keys() == {clara}
    assert company.sandbox.google.event("anna@example.com", event)["location"] == "Small room"


async def test_e8_a_list_that_is_incomplete_is_never_written(company: Installation) -> None:
    company.person("Anna")
    ben, clara = company.person("Ben"), company.person("Clara")
    google = company.sandbox.google
    google.add_user("host@elsewhere.example", outside=True)
    start, end = company.at(1, 9).isoformat(), company.at(1, 10).isoformat()
    body = {
        "summary": "Tender", "start": {"dateTime": start}, "end": {"dateTime": end},
        "guestsCanSeeOtherGuests": False, "guestsCanModify": True,
        "attendees": [{"email": ben}, {"email": "anna@example.com"}, {"email": OUTSIDE}],
    }  # fmt: skip
    tender = google.person_add("host@elsewhere.example", body)["id"]
    await company.open("Anna")
    await company.until(lambda: company.names("Anna") == ["Tender"])
    guid = company.activity_named("Anna", "Tender")["guid"]

    company.sandbox.severa.person_invite(company.people["Anna"], guid, company.people["Clara"])
    company.edit_activity("Anna", guid, notes="With Clara")
    await company.rounds(3)

    shown = google.event("host@elsewhere.example", tender)["attendees"]
    assert {one["email"] for one in shown} == {ben, "anna@example.com", OUTSIDE}
    assert clara not in {one["email"] for one in shown}


def addresses(company: Installation) -> set[str]:
    return {one["email"] for one in company.event_named("Anna", "Review")["attendees"]}


def row(company: Installation, address: str) -> dict[str, Any]:
    listed = company.event_named("Anna", "Review")["attendees"]
    return next(dict(one) for one in listed if one["email"] == address)
