import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from daemon.errors import SyncError
from daemon.store.store import SqlStore
from daemon.store.transaction import SqlTransaction
from daemon.sync.ports import Store
from tests.store.examples import account, change, linked


async def kept(store: SqlStore) -> set[str]:
    return {record.link.id for record in await store.read(lambda t: t.records_of_user("anna"))}


async def test_it_fits_what_the_engine_asks_for(store: SqlStore) -> None:
    port: Store = store

    await port.write(lambda t: t.save([linked("one")]))

    assert await port.read(lambda t: t.count_links()) == 1


async def test_work_gives_its_result(store: SqlStore) -> None:
    async def work(transaction: SqlTransaction) -> int:
        await transaction.save([linked("one"), linked("two")])
        return await transaction.count_links()

    assert await store.write(work) == 2


async def test_work_that_fails_leaves_nothing(store: SqlStore) -> None:
    async def work(transaction: SqlTransaction) -> None:
        await transaction.save([linked("one")])
        await transaction.save_accounts([account("anna")])
        await transaction.add_history([change("one")])
        raise ValueError("halfway")

    with pytest.raises(ValueError, match="halfway"):
        await store.write(work)

    assert await kept(store) == set()
    assert await store.read(lambda t: t.accounts()) == ()
    assert await store.history() == ()


async def test_a_cancelled_caller_waits_for_the_outcome_and_is_then_cancelled(
    store: SqlStore,
) -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def work(transaction: SqlTransaction) -> None:
        await transaction.save([linked("one")])
        begun.set()
        await may_end.wait()
        await transaction.save([linked("two")])

    caller = asyncio.create_task(store.write(work))
    await begun.wait()
    for _ in range(2):
        caller.cancel()
        await asyncio.sleep(0.01)
    was_done_early = caller.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await caller

    assert not was_done_early
    assert await kept(store) == {"one", "two"}


async def test_a_caller_cancelled_before_its_turn_writes_nothing(store: SqlStore) -> None:
    may_end = asyncio.Event()

    async def first(transaction: SqlTransaction) -> None:
        await transaction.save([linked("first")])
        await may_end.wait()

    before = asyncio.create_task(store.write(first))
    waiting = asyncio.create_task(store.write(lambda t: t.save([linked("second")])))
    await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    may_end.set()
    await before

    assert await kept(store) == {"first"}


async def test_time_limits_at_random_moments_never_split_a_transaction(store: SqlStore) -> None:
    async def work(transaction: SqlTransaction, name: str) -> None:
        await transaction.save([linked(name)])
        await transaction.add_history([change(name)])

    async def in_time(number: int) -> str | None:
        name = f"{number:02}"
        try:
            async with asyncio.timeout(number / 1000):
                await store.write(lambda transaction: work(transaction, name))
        except TimeoutError:
            return None
        return name

    told = {name for name in await asyncio.gather(*map(in_time, range(40))) if name}

    entries = await kept(store)
    assert told <= entries
    assert entries == {change.entry for change in await store.history()}


async def test_fifty_changes_of_one_user_at_once_all_count(store: SqlStore) -> None:
    await store.write(lambda t: t.save_accounts([account("anna")]))

    async def work(transaction: SqlTransaction) -> None:
        anna = await transaction.account("anna")
        assert anna
        await transaction.save_accounts([replace(anna, done=anna.done + 1)])

    await asyncio.gather(*(store.write(work) for _ in range(50)))

    assert await store.read(lambda t: t.account("anna")) == account("anna", done=50)


async def test_a_reader_has_one_picture_while_others_write(store: SqlStore) -> None:
    begun, was_written = asyncio.Event(), asyncio.Event()

    async def work(transaction: SqlTransaction) -> tuple[int, int]:
        before = await transaction.count_links()
        begun.set()
        await was_written.wait()
        return before, await transaction.count_links()

    reading = asyncio.create_task(store.read(work))
    await begun.wait()
    await store.write(lambda t: t.save([linked("one")]))
    was_written.set()

    assert await reading == (0, 0)
    assert await store.read(lambda t: t.count_links()) == 1


async def test_reading_work_cannot_write(store: SqlStore) -> None:
    with pytest.raises(SyncError, match="readonly"):
        await store.read(lambda t: t.save([linked("one")]))

    assert await kept(store) == set()


async def test_an_operators_shell_may_hold_the_file_for_a_moment(
    store: SqlStore, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as shell:
        shell.execute("BEGIN IMMEDIATE")
        writing = asyncio.create_task(store.write(lambda t: t.save([linked("one")])))
        await asyncio.sleep(0.05)
        was_done_early = writing.done()
        shell.execute("ROLLBACK")
        await writing

    assert not was_done_early
    assert await kept(store) == {"one"}


async def test_the_store_goes_on_after_broken_work(store: SqlStore) -> None:
    for _ in range(10):
        with pytest.raises(ZeroDivisionError):
            await store.write(_broken)
        with pytest.raises(ZeroDivisionError):
            await store.read(_broken)

    await store.write(lambda t: t.save([linked("one")]))

    assert await kept(store) == {"one"}


async def _broken(transaction: SqlTransaction) -> None:
    await transaction.accounts()
    raise ZeroDivisionError


async def test_a_transaction_within_a_transaction_is_a_mistake(store: SqlStore) -> None:
    async def nested(_: SqlTransaction) -> None:
        await store.write(lambda t: t.save([linked("one")]))

    with pytest.raises(AssertionError, match="open already"):
        await store.write(nested)
    with pytest.raises(AssertionError, match="open already"):
        await store.read(nested)


async def test_a_transaction_is_of_no_use_after_its_end(store: SqlStore) -> None:
    async def work(transaction: SqlTransaction) -> SqlTransaction:
        return transaction

    ended = await store.write(work)

    with pytest.raises(AssertionError, match="inside its work"):
        await ended.accounts()


async def test_closing_waits_for_the_write_under_way(store: SqlStore) -> None:
    may_end = asyncio.Event()

    async def work(transaction: SqlTransaction) -> str:
        await transaction.save([linked("one")])
        await may_end.wait()
        return "kept"

    writing = asyncio.create_task(store.write(work))
    await asyncio.sleep(0.01)
    closing = asyncio.create_task(store.close())
    await asyncio.sleep(0.01)
    was_closed_early = closing.done()
    may_end.set()
    await closing

    assert not was_closed_early
    assert await writing == "kept"
    with pytest.raises(AssertionError, match="closed"):
        await store.read(lambda t: t.accounts())
