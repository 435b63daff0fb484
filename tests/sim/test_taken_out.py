"""Our own taking out of a participant is over once it showed: who is taken out after that was taken out by a person."""

import pytest

from daemon.core.entry import Answer
from daemon.core.link import Side
from daemon.errors import Transient
from tests.doubles.store import MemoryStore

from .interrupted import BEN, CAT, PAUSES_S, Interrupted
from .scenarios import one_synced

OUT, NONE, MAYBE = Answer.OUT, Answer.NONE, Answer.TENTATIVE


async def lose_the_answer() -> None:
    raise Transient("The answer was lost.")


@pytest.fixture
async def office() -> Interrupted:
    """Ann's meeting with Ben and Cat, on both sides; Ben has answered, which takes him out of Severa and in again."""
    office = Interrupted(MemoryStore(), with_others=True)
    await office.switch_on()
    one_synced(office)
    await office.settle()
    office.add_event("shared", 5, guests={BEN: NONE, CAT: NONE})
    await office.settle()
    return office


def taken_out_by_hand(office: Interrupted) -> None:
    office.invite_in_severa("shared", {BEN: OUT})
    office.edit_activity("shared", location="Big room")


@pytest.mark.parametrize("pauses_s", [(31, 31), (31, 31, 31, 200)])
async def test_a_person_takes_out_whom_a_lost_answer_left_in_doubt_d1(
    office: Interrupted, pauses_s: tuple[float, ...]
) -> None:
    office.meanwhile["delete person"] = lose_the_answer
    office.answer("shared", BEN, MAYBE)
    await office.settle(pauses_s)
    assert office.taking_part(Side.SEVERA, "shared") == {"ben": MAYBE, "cat": NONE}

    taken_out_by_hand(office)
    await office.settle(PAUSES_S)

    for side in Side:
        assert office.taking_part(side, "shared") == {"cat": NONE}


async def test_a_taking_out_that_lands_late_takes_nobody_out_who_joined_again_d3(
    office: Interrupted,
) -> None:
    office.late["delete person"] = None
    office.answer("shared", BEN, MAYBE)
    await office.settle()
    office.land()
    await office.settle(PAUSES_S)

    for side in Side:
        assert office.taking_part(side, "shared") == {"ben": MAYBE, "cat": NONE}


async def test_the_very_row_that_we_are_taking_out_is_nobodys_wish_known_limit_d8(
    office: Interrupted,
) -> None:
    office.late["delete person"] = None
    office.answer("shared", BEN, MAYBE)
    office.wait(31)
    await office.round()
    taken_out_by_hand(office)

    await office.settle(PAUSES_S)

    # Of two who delete one row nobody can tell which did: the answer that was being written counts.
    for side in Side:
        assert office.taking_part(side, "shared") == {"ben": MAYBE, "cat": NONE}
