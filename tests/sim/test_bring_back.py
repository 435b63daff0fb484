"""What a removal or a replacement destroys comes back with the entry (D7)."""

from dataclasses import replace
from typing import Any

import pytest

from daemon.core.entry import Entry
from daemon.core.link import Side
from daemon.errors import Transient

from .interrupted import PAUSES_S, Harm, Interrupted
from .test_undo import GOOGLE, SEVERA, Office, plan_from_severa
from .world import INTERNAL, MEETING, PERSONAL

ACME = {"customer": "Acme", "closed": "yes"}
RED = {"colour": "red", "attachment": "plan"}


@pytest.fixture
def office() -> Office:
    return Office()


def furnished_plan(office: Interrupted) -> None:
    """Add a plan of Acme's, of a type that is not the default."""
    plan_from_severa(office)
    office.edit_activity("plan", INTERNAL.guid)
    office.severa.person_furnishes(office.activity("plan"), **ACME)


async def select(office: Office, *kinds: Any) -> None:
    async def work(tx: Any) -> None:
        guids = frozenset(kind.guid for kind in kinds)
        await tx.save_settings(replace(await tx.settings(), selected=guids))

    await office.store.write(work)


async def with_plan(office: Office) -> None:
    """Let both sides have the furnished plan, and its event a colour and more."""
    await office.switch_on()
    await select(office, MEETING, INTERNAL, PERSONAL)
    furnished_plan(office)
    await office.settle()
    office.google.furnishings.put(office.event("plan"), RED)


def held(office: Office, side: Side) -> dict[str, str]:
    """Return what a side holds of the plan besides what is synced."""
    if side is SEVERA:
        return office.severa.furnishings.of(office.activity("plan"))
    return office.google.furnishings.of(office.event("plan"))


@pytest.mark.parametrize("side", [SEVERA, GOOGLE])
async def test_an_undone_removal_brings_back_what_the_side_held_besides(
    office: Office, side: Side
) -> None:
    await with_plan(office)
    delete = office.delete_event if side is SEVERA else office.delete_activity
    delete("plan")
    await office.settle()

    proposal = await office.undo(office.line("removed", side))
    await office.settle()

    assert office.names() == (["kept", "plan"], ["kept", "plan"])
    assert held(office, side) == (ACME if side is SEVERA else RED)
    assert proposal.left_out == ()
    # Of the other side, which a person deleted, nothing is kept, and that was said.
    lost = "colour" if side is SEVERA else "customer"
    assert [lost in words for words in proposal.cannot_come_back] == [True]
    if side is SEVERA:
        assert office.severa.rows[office.activity("plan")].type == INTERNAL.guid
    await office.is_quiet()


@pytest.mark.parametrize("side", [SEVERA, GOOGLE])
async def test_what_was_removed_unheard_brings_back_what_it_held_as_well(
    office: Office, side: Side
) -> None:
    await with_plan(office)
    delete = office.delete_event if side is SEVERA else office.delete_activity
    delete("plan")

    async def unheard() -> None:
        raise Transient("The answer was lost.")

    office.meanwhile["delete"] = unheard
    await office.settle((31, 31, 31))

    await office.undo(office.line("removed", side))
    await office.settle()

    assert held(office, side) == (ACME if side is SEVERA else RED)


async def test_what_can_never_come_back_of_what_is_kept_is_said_first(office: Office) -> None:
    await with_plan(office)
    office.google.furnishings.put(office.event("plan"), {"conference link": "abc"})
    office.delete_activity("plan")
    await office.settle()

    proposal = await office.undo(office.line("removed", GOOGLE))

    assert "conference link" in proposal.cannot_come_back
    assert held(office, GOOGLE) == RED


@pytest.mark.parametrize("side", [SEVERA, GOOGLE])
async def test_what_the_vendor_refuses_keeps_nothing_from_coming_back_and_is_said(
    office: Office, side: Side
) -> None:
    await with_plan(office)
    delete = office.delete_event if side is SEVERA else office.delete_activity
    delete("plan")
    await office.settle()
    vendor = office.severa if side is SEVERA else office.google
    refused = "customer" if side is SEVERA else "attachment"
    vendor.furnishings.refused.add(refused)

    proposal = await office.undo(office.line("removed", side))
    await office.settle()

    assert proposal.left_out == (refused,)
    line = office.line("created", side)
    assert line.fields["left out"] == {"before": refused, "after": None}
    kept = ACME if side is SEVERA else RED
    assert held(office, side) == {name: kept[name] for name in kept if name != refused}
    # The line can be undone like any other.
    assert (await office.undo(line)).has_work


async def test_a_type_that_is_not_used_any_more_does_not_come_back(office: Office) -> None:
    await with_plan(office)
    office.delete_event("plan")
    await office.settle()

    async def retire(tx: Any) -> None:
        settings = await tx.settings()
        types = [replace(t, is_active=t.guid != INTERNAL.guid) for t in settings.types]
        await tx.save_settings(replace(settings, types=tuple(types)))

    await office.store.write(retire)
    await office.undo(office.line("removed", SEVERA))

    assert office.severa.rows[office.activity("plan")].type == MEETING.guid
    assert held(office, SEVERA) == ACME


async def test_an_event_that_a_type_took_away_has_its_colour_when_the_type_brings_it_back(
    office: Office,
) -> None:
    await with_plan(office)
    await select(office, MEETING)
    office.edit_activity("plan", MEETING.guid)
    await office.settle()
    office.edit_activity("plan", INTERNAL.guid)
    await office.settle()
    assert office.names() == (["kept", "plan"], ["kept"])

    office.edit_activity("plan", MEETING.guid)
    await office.settle()

    assert office.names() == (["kept", "plan"], ["kept", "plan"])
    assert held(office, GOOGLE) == RED
    await office.is_quiet()


async def test_what_was_taken_away_by_an_undo_has_all_it_held_when_that_is_undone(
    office: Office,
) -> None:
    await with_plan(office)
    await office.undo(office.line("created", GOOGLE, entry=entry_of_plan(office)))
    await office.settle()
    assert office.names() == (["kept", "plan"], ["kept"])

    proposal = await office.undo(office.line("removed", GOOGLE))
    await office.settle()

    assert proposal.cannot_come_back == ()
    assert office.names() == (["kept", "plan"], ["kept", "plan"])
    assert held(office, GOOGLE) == RED


async def test_what_a_person_deleted_since_is_not_given_what_an_older_removal_kept(
    office: Office,
) -> None:
    await with_plan(office)
    await office.undo(office.line("created", GOOGLE, entry=entry_of_plan(office)))
    await office.undo(office.line("removed", GOOGLE))
    await office.settle()
    office.delete_event("plan")
    office.edit_activity("plan", notes="still needed")

    await office.settle()

    assert office.names() == (["kept", "plan"], ["kept", "plan"])
    assert held(office, GOOGLE) == {}


def entry_of_plan(office: Office) -> str:
    guid = office.activity("plan")
    records = office.store.records.values()
    return next(r.link.id for r in records if r.link.activity and r.link.activity.ref == guid)


@pytest.mark.parametrize("harm", [Harm.DIES_BEFORE, Harm.DIES_AFTER, Harm.ANSWER_LOST])
@pytest.mark.parametrize("side", [SEVERA, GOOGLE])
async def test_it_comes_back_whole_wherever_the_undo_is_interrupted(side: Side, harm: Harm) -> None:
    steps = (await interrupted(side, 0, harm)).step

    for step in range(1, steps + 1):
        office = await interrupted(side, step, harm)

        assert office.was_hurt
        assert held(office, side) == (ACME if side is SEVERA else RED), f"{harm} {step}"


async def interrupted(side: Side, step: int, harm: Harm) -> Office:
    office = Office()
    await with_plan(office)
    delete = office.delete_event if side is SEVERA else office.delete_activity
    delete("plan")
    await office.settle()
    line = office.line("removed", side)
    office.hurt(step, harm)
    is_done = await office.undone(line)
    steps = office.step
    for pause_s in PAUSES_S * 2:
        await office.settle((pause_s,))
        is_done = is_done or await office.undone(line)
    assert is_done
    office.step = steps
    return office


# A replacement


async def made_private(office: Office) -> None:
    await office.synced(plan_from_severa)
    await select(office, MEETING, INTERNAL, PERSONAL)
    office.edit_activity("plan", INTERNAL.guid)
    await office.settle()
    office.edit_event("plan", private=True)
    await office.settle()
    assert office.severa.rows[office.activity("plan")].category is PERSONAL.category


async def test_an_activity_that_was_replaced_goes_back_with_its_event_and_its_type(
    office: Office,
) -> None:
    await made_private(office)
    replaced = office.line("replaced", SEVERA)
    assert replaced.fields == {"private": {"before": False, "after": True}}

    proposal = await office.undo(replaced)
    await office.settle()

    assert proposal.plan.back == Entry(private=False)
    assert office.entry(GOOGLE, "plan").private is False
    assert office.entry(SEVERA, "plan").private is False
    assert office.severa.rows[office.activity("plan")].type == INTERNAL.guid
    assert (await office.undo(replaced)).is_done
    await office.is_quiet()


async def test_an_event_that_was_opened_since_is_asked_about_or_done_already(
    office: Office,
) -> None:
    await made_private(office)
    replaced = office.line("replaced", SEVERA)
    office.edit_event("plan", private=False)
    await office.settle()

    assert (await office.undo(replaced)).is_done


async def test_a_replacement_of_an_older_release_says_that_nobody_knows(office: Office) -> None:
    await made_private(office)
    old = replace(office.line("replaced", SEVERA), fields={})

    assert not (await office.undo(old)).has_work
    assert office.entry(GOOGLE, "plan").private is True
