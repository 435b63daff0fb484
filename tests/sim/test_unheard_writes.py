"""A write whose answer was lost is in the history and in the log like any other (D7)."""

from collections.abc import Callable

import pytest

from daemon.core.link import Side
from daemon.errors import Transient
from tests.doubles.store import MemoryStore

from .interrupted import Interrupted
from .scenarios import one_synced

CASES: dict[str, tuple[str, Callable[[Interrupted], object], tuple[str, Side]]] = {
    "created in Google": ("insert", lambda o: o.add_activity("new", 5), ("created", Side.GOOGLE)),
    "created in Severa": ("post", lambda o: o.add_event("new", 5), ("created", Side.SEVERA)),
    "changed in Google": (
        "patch",
        lambda o: o.edit_activity("plan", notes="new"),
        ("changed", Side.GOOGLE),
    ),
    "changed in Severa": (
        "patch",
        lambda o: o.edit_event("plan", notes="new"),
        ("changed", Side.SEVERA),
    ),
    "removed from Google": (
        "delete",
        lambda o: o.delete_activity("plan"),
        ("removed", Side.GOOGLE),
    ),
    "removed from Severa": ("delete", lambda o: o.delete_event("plan"), ("removed", Side.SEVERA)),
}


async def lose_the_answer() -> None:
    raise Transient("The answer was lost.")


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("is_lost", [True, False])
async def test_every_write_has_one_line_of_the_history_d7(name: str, is_lost: bool) -> None:
    call, act, expected = CASES[name]
    store = MemoryStore()
    office = Interrupted(store)
    await office.switch_on()
    one_synced(office)
    await office.settle()
    before = len(store.history)
    act(office)
    if is_lost:
        office.meanwhile[call] = lose_the_answer

    await office.settle((31, 31, 200, 1000, 31))

    lines = [(one.action, one.side) for one in store.history[before:]]
    assert lines == [expected]
    assert office.titles(Side.SEVERA) == office.titles(Side.GOOGLE)


async def test_a_change_that_was_never_heard_of_says_what_it_found_and_made_d7() -> None:
    store = MemoryStore()
    office = Interrupted(store)
    await office.switch_on()
    one_synced(office)
    await office.settle()
    found = office.entry(Side.SEVERA, "plan").notes
    office.edit_event("plan", notes="new")
    office.meanwhile["patch"] = lose_the_answer

    await office.settle((31, 31, 200))

    assert store.history[-1].fields == {"notes": {"before": found, "after": "new"}}
