"""Faults planted in the heart are found: a simulator that misses them would prove nothing by finding none."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from daemon.core import reconcile
from daemon.core.link import Link, Side
from daemon.core.reconcile import TABLE, Row, Turn
from daemon.sync.apply import Apply
from daemon.sync.observe import Copies, Strangers
from daemon.sync.readback import ReadBack

from .story import play

STORIES_MAX = 300

Plant = Callable[[pytest.MonkeyPatch], object]


def look_nowhere(patch: pytest.MonkeyPatch) -> None:
    async def unchanged(_: ReadBack, link: Link) -> Link:
        return link

    patch.setattr(ReadBack, "_created_activity", unchanged)
    patch.setattr(Strangers, "makers_of", lambda *_: [])


async def claim_nothing(_: Apply, record: Any, __: Any) -> Any:
    return record


def keep_deleted(self: Copies, record: Any, ref: str) -> Any:
    return record


MUTANTS: dict[str, Plant] = {
    "our own writes are not recognised": lambda patch: patch.setattr(
        Link, "_recognising", lambda self, _: self
    ),
    "our own creates are not recognised": lambda patch: patch.setattr(
        Link, "_made_by_us", lambda self, _: self
    ),
    "nothing is claimed before it is written": lambda patch: patch.setattr(
        Apply, "_claim", claim_nothing
    ),
    "nobody looks for a create that was not heard of": look_nowhere,
    "what is in doubt is not read first": lambda patch: patch.setattr(
        Link, "unread", property(lambda self: frozenset())
    ),
    "an event id is used again after its deletion": lambda patch: patch.setattr(
        Link, "event_id", property(lambda self: f"{self.id}0")
    ),
    "tombstones are not read": lambda patch: patch.setattr(Copies, "_gone", keep_deleted),
    "a deletion beats an edit": lambda patch: patch.setitem(
        TABLE, (Turn.GONE, Turn.EDITED), Row.REMOVE_FROM_GOOGLE
    ),
    "an edit in Severa beats nothing": lambda patch: patch.setitem(
        TABLE, (Turn.EDITED, Turn.EDITED), Row.CARRY_TO_SEVERA
    ),
    "where both sides changed a field, the loser wins": lambda patch: patch.setitem(
        reconcile._ACT,
        Row.MERGE,
        lambda view: reconcile._carry(view, view.edits(Side.GOOGLE), Side.SEVERA),
    ),
    "what was written is agreed, shown or not": lambda patch: patch.setattr(
        Link, "answered", agree_blindly
    ),
}


def agree_blindly(self: Link, claim: Any, seen: Any) -> Link:
    link = self.without(claim)._put(claim.side, seen, claim.user)
    halves = {side: s.entry for side in Side if (s := link.seen(side)) is not None}
    base = link.base
    for side, half in halves.items():
        base = base.having(side, half)
    return replace(link, base=base)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_fault_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    MUTANTS[name](monkeypatch)
    found = next((seed for seed in range(STORIES_MAX) if play(seed).broken), None)
    monkeypatch.undo()

    assert found is not None, f"nobody saw that {name}"
    assert not play(found).broken, "it is the planted fault that was found"
