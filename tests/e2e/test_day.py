"""The representative day: without faults, with a fault at a call of each step, under every switch (B, C, D, E8, R3).

`.ci/day` plays every fault at every call and each switch alone; what is played here is spread over both.
"""

import asyncio
from collections.abc import Mapping
from functools import cache

import pytest

from tests.e2e.day import Picture
from tests.e2e.inside import Inside
from tests.e2e.replay import ALL_STEPS, FAULTS, FIRST, Part, Played, Trouble, play
from tests.e2e.switches import Setting, together

LAST = list(ALL_STEPS)[-1]
ANNA = {
    "Google's own", "Planning", "Offer, final", "Fair", "School holiday", "Doctor", "Dentist",
    "(no subject)", "Long notes", "Call", "Review", "Tender", "New in Google", "Whole day in Severa",
    "Whole days in Google", "Workshop", "Habit 0", "Habit 1", "Habit 2", "Habit 3",
}  # fmt: skip
BEN = {
    "Standup", "Retro", "Ben in Severa", "Ben's secret", "Ben's own matter", "Workshop",
    "Routine 0", "Routine 1", "Routine 2", "Routine 3",
}  # fmt: skip


@cache
def reference() -> Played:
    return asyncio.run(play())


def wanted() -> Mapping[str, Part]:
    assert not reference().failures
    return reference().parts


def titles(picture: Picture, person: str, side: str) -> set[str]:
    return {row.shown.title for row in picture[person, side] if len(row.shown.title) < 60}


def test_a_day_without_faults_ends_as_its_people_meant_it() -> None:
    picture = wanted()[LAST].picture

    assert titles(picture, "Anna", "Severa") == ANNA | {"Build", "Long ago too", "Every week too"}
    assert titles(picture, "Anna", "Google") == ANNA | {"Long ago", "Every week"}
    assert titles(picture, "Ben", "Severa") == BEN
    assert titles(picture, "Ben", "Google") == BEN - {"Workshop"}
    assert titles(picture, "Clara", "Severa") == titles(picture, "Clara", "Google")
    rows = {row.shown.title: row for row in picture["Anna", "Google"]}
    assert rows["Offer, final"].shown.location == "Room S"
    assert rows["Tender"].shown.location == "Hall"
    assert rows["Habit 3"].shown.location == "Still needed in Google"
    assert dict(rows["Review"].people).keys() == {"clara@example.com", "guest@elsewhere.example"}


# Every fourth one: `.ci/day` plays all. What is carried out late needs a short time-out, which a busy machine breaks.
SAMPLED = [name for name, fault in FAULTS.items() if fault.kind != "delay"][::4]


@pytest.mark.parametrize("fault", SAMPLED)
def test_a_fault_in_every_step_changes_nothing_about_how_the_day_ends(fault: str) -> None:
    number = list(FAULTS).index(fault)
    calls = {(3 + 5 * number) % 19: list(ALL_STEPS), 20 + 4 * number: [FIRST]}

    for call, steps in calls.items():
        met = [name for name in steps if call < len(wanted()[name].calls)]
        day = asyncio.run(play(Trouble(fault, call, met), wanted=wanted(), steps=steps))

        assert met
        assert day.failures == []
        assert day.met.total() == len(met)


@pytest.mark.parametrize("chosen", together(), ids=lambda day: f"{len(day)} settings")
def test_the_day_ends_the_same_whatever_is_true_of_what_is_not_known(
    chosen: list[Setting],
) -> None:
    def prepare(company: Inside) -> None:
        for setting in chosen:
            setting.apply(company)

    day = asyncio.run(play(wanted=wanted(), prepare=prepare))

    assert day.failures == [], [str(setting) for setting in chosen]
