"""What was found for one entry and seen as another's meanwhile is nobody's twice (C4, R3)."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from daemon.core.link import Link, Side
from daemon.core.record import Record
from daemon.errors import Transient
from daemon.sync.hands import Hands
from daemon.sync.keeper import Keeper
from daemon.sync.ports import Transaction
from tests.core.given import NOW, activity, copy, entry
from tests.doubles.store import MemoryStore

PLAN = entry("plan")
ALONE = Record(Link("l1", Side.GOOGLE, copies=(copy(PLAN, ref="e1"),)))
BARE = Record(Link("l1", Side.SEVERA, activity=activity(PLAN, ref="a1")))


def keeper(store: MemoryStore) -> Keeper:
    tools: Any = SimpleNamespace(store=store, hands=Hands(), now=lambda: NOW)
    return Keeper(tools)


async def stored(store: MemoryStore, *records: Record) -> None:
    async def work(tx: Transaction) -> None:
        await tx.save(records)

    await store.write(work)


@pytest.mark.parametrize(
    ("mine", "found"),
    [
        (ALONE, {"activity": activity(PLAN, ref="a9")}),
        (BARE, {"copies": (copy(PLAN, ref="e9"),)}),
    ],
    ids=["an activity", "an event"],
)
async def test_what_a_listing_gave_to_another_entry_is_left_to_it(
    mine: Record, found: dict[str, Any]
) -> None:
    store = MemoryStore()
    other = Record(replace(Link("l2", Side.GOOGLE), **found))
    await stored(store, mine, other)
    whole = replace(mine, link=replace(mine.link, **found))

    with pytest.raises(Transient, match="another entry"):
        await keeper(store).keep(whole, before=mine.link)

    assert store.records == {"l1": mine, "l2": other}


@pytest.mark.parametrize("mine", [ALONE, BARE])
async def test_what_nobody_else_has_is_kept(mine: Record) -> None:
    store = MemoryStore()
    await stored(store, mine, Record(Link("l2", Side.GOOGLE)))
    link = replace(mine.link, activity=activity(PLAN, ref="a1"), copies=(copy(PLAN, ref="e1"),))

    kept = await keeper(store).keep(replace(mine, link=link), before=mine.link)

    assert store.records["l1"] == kept
    assert kept.link == link
