"""Meetings: one activity and one event however many share them, and who takes part with which answer (E)."""

from typing import Any

from tests.e2e.installation import Installation
from tests.e2e.world import email_of

OUTSIDE = "guest@elsewhere.example"


def invited(*addresses: str) -> list[dict[str, Any]]:
    return [{"email": address} for address in addresses]


def answers(company: Installation, person: str, event_id: str) -> dict[str, str]:
    event = next(e for e in company.events(person) if e["id"] == event_id)
    return {row["email"]: row["responseStatus"] for row in event["attendees"]}


def participants(company: Installation, guid: str) -> dict[str, str]:
    return {row["email"]: row["status"] for row in company.sandbox.severa.participants(guid)}


def answer(company: Installation, person: str, event_id: str, status: str) -> None:
    event = next(e for e in company.events(person) if e["id"] == event_id)
    rows = [r | {"responseStatus": status} if r.get("self") else r for r in event["attendees"]]
    company.edit_event(person, event_id, attendees=rows)


async def test_a_meeting_made_in_google_is_one_activity_with_its_people_and_answers_e2_e5_e8(
    company: Installation,
) -> None:
    anna, ben = company.person("Anna"), company.person("Ben")
    await company.open()
    event = company.add_event(
        "Anna", "Review", company.at(1, 9), attendees=invited(anna, ben, OUTSIDE)
    )
    await company.until(lambda: company.names("Anna") == ["Review"])
    guid = company.activity_named("Anna", "Review")["guid"]
    await company.until(lambda: participants(company, guid) == {ben: "Invited"})

    answer(company, "Ben", event, "tentative")
    await company.until(lambda: participants(company, guid) == {ben: "Tentative"})

    await company.rounds()
    assert company.activity_named("Ben", "Review")["guid"] == guid
    assert company.subjects("Ben") == ["Review"]
    assert OUTSIDE in answers(company, "Anna", event)


async def test_a_meeting_made_in_severa_invites_its_participants_e3_e5(
    company: Installation,
) -> None:
    company.person("Anna")
    ben = company.person("Ben")
    await company.open()
    guid = company.add_activity("Anna", "Planning", company.at(1, 9))
    company.sandbox.severa.person_invite(
        company.people["Anna"], guid, company.people["Ben"], status="Accepted"
    )

    await company.until(lambda: company.subjects("Ben") == ["Planning"])
    event = company.event_named("Anna", "Planning")["id"]
    await company.until(lambda: answers(company, "Anna", event)[ben] == "accepted")

    company.delete_event("Ben", event)  # A guest who deletes the copy leaves (E6).
    await company.until(lambda: participants(company, guid) == {ben: "Declined"})
    assert company.subjects("Anna") == ["Planning"]
    assert email_of("Ben") == ben
