from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from daemon.core.record import Change
from daemon.store.store import SqlStore
from tests.store.examples import MINUTE, NOW, change


async def add(store: SqlStore, *changes: Change) -> None:
    await store.write(lambda transaction: transaction.add_history(changes))


def entries(changes: tuple[Change, ...]) -> list[str]:
    return [each.entry for each in changes]


async def test_a_change_tells_everything_about_itself(store: SqlStore) -> None:
    """Rule D7."""
    await add(store)
    await add(store, change("one"))

    (kept,) = await store.history()

    assert kept.id > 0
    assert kept == replace(change("one"), id=kept.id)
    assert await store.change(kept.id) == kept
    assert await store.change(kept.id + 1) is None


async def test_the_newest_change_comes_first_and_pages_go_on_from_there(store: SqlStore) -> None:
    await add(store, *(change(name) for name in "abcde"))

    first = await store.history(limit=2)
    second = await store.history(limit=2, before=first[-1].id)
    third = await store.history(limit=2, before=second[-1].id)

    assert entries(first + second + third) == ["e", "d", "c", "b", "a"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"user": "bo"}, ["c"]),
        ({"entry": "a"}, ["a"]),
        ({"since": NOW}, ["c", "b"]),
        ({"since": NOW, "user": "anna"}, ["b"]),
        ({"user": "cleo"}, []),
    ],
)
async def test_the_history_of_somebody_or_something(
    store: SqlStore, asked: dict[str, Any], found: list[str]
) -> None:
    await add(store, change("a", at=NOW - MINUTE), change("b"), change("c", user="bo"))

    assert entries(await store.history(**asked)) == found


async def test_removals_are_counted_for_a_user_and_for_the_company(store: SqlStore) -> None:
    """Rule D5."""
    await add(
        store,
        change("a", "removed", at=NOW - timedelta(microseconds=1)),
        change("b", "removed"),
        change("c", "removed", user="bo"),
        change("d", "changed"),
    )

    assert await store.read(lambda t: t.count_removals(NOW)) == 2
    assert await store.read(lambda t: t.count_removals(NOW, "bo")) == 1
    assert await store.read(lambda t: t.count_removals(NOW - MINUTE)) == 3


async def test_what_is_old_leaves_the_history_and_its_ids_are_not_used_again(
    store: SqlStore,
) -> None:
    await add(store, change("old", at=NOW - MINUTE), change("new", at=NOW - MINUTE))
    (newest, _) = await store.history()

    assert await store.write(lambda tx: tx.prune_history(NOW)) == 2
    await add(store, change("later"))

    (later,) = await store.history()
    assert later.id > newest.id
