"""What the store remembers of settings and users is what is in the file, for everybody's own picture of it."""

import asyncio
from dataclasses import replace

import pytest

from daemon.core.account import Account, Settings
from daemon.core.company import User
from daemon.errors import Refused
from daemon.store import company
from daemon.store.store import SqlStore
from daemon.store.transaction import SqlTransaction

ANNA = Account(User("anna", "anna@x.example", "Anna"), address="anna@x.example", is_enabled=True)
LATER = replace(ANNA, cursor="later")


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was read from the file."""
    seen: list[str] = []
    for name in ("all_accounts", "company_settings"):
        asked = getattr(company, name)

        def counted(connection: object, asked: object = asked, name: str = name) -> object:
            seen.append(name)
            return asked(connection)  # type: ignore[operator]

        monkeypatch.setattr(company, name, counted)
    return seen


async def everybody(store: SqlStore) -> tuple[Account, ...]:
    return await store.read(lambda tx: tx.accounts())


async def test_users_and_settings_are_read_once_and_then_known(
    store: SqlStore, reads: list[str]
) -> None:
    for cursor in ("1", "2", "3"):
        await store.write(lambda tx, c=cursor: tx.save_accounts([replace(ANNA, cursor=c)]))  # type: ignore[misc]
        await store.write(lambda tx, c=cursor: tx.save_settings(Settings(cursor=c)))  # type: ignore[misc]
        (anna,) = await everybody(store)
        settings = await store.read(lambda tx: tx.settings())
        assert (anna.cursor, settings.cursor) == (cursor, cursor)

    assert len(reads) <= 2


async def test_a_transaction_sees_what_it_changed_itself(store: SqlStore) -> None:
    async def work(tx: SqlTransaction) -> tuple[tuple[Account, ...], Settings]:
        await tx.save_accounts([LATER])
        await tx.save_settings(Settings(is_on=True))
        return await tx.accounts(), await tx.settings()

    await store.write(lambda tx: tx.save_accounts([ANNA]))
    await everybody(store)

    assert await store.write(work) == ((LATER,), Settings(is_on=True))


async def test_what_is_taken_back_was_never_there(store: SqlStore) -> None:
    async def failing(tx: SqlTransaction) -> None:
        await tx.save_accounts([LATER])
        await tx.save_settings(Settings(is_on=True))
        await tx.accounts()
        raise ZeroDivisionError

    await store.write(lambda tx: tx.save_accounts([ANNA]))
    await everybody(store)
    with pytest.raises(ZeroDivisionError):
        await store.write(failing)

    assert await everybody(store) == (ANNA,)
    assert not (await store.read(lambda tx: tx.settings())).is_on


async def test_two_with_one_address_are_refused_and_neither_is_remembered(store: SqlStore) -> None:
    await store.write(lambda tx: tx.save_accounts([ANNA]))
    await everybody(store)
    twin = replace(ANNA, user=User("twin", "anna@x.example", "Twin"))

    with pytest.raises(Refused):
        await store.write(lambda tx: tx.save_accounts([twin]))

    assert await everybody(store) == (ANNA,)


async def test_a_reader_keeps_its_own_picture_while_others_write(store: SqlStore) -> None:
    has_begun, may_end = asyncio.Event(), asyncio.Event()

    async def reading(tx: SqlTransaction) -> tuple[Account | None, tuple[Account, ...]]:
        before = await tx.account("anna")
        has_begun.set()
        await may_end.wait()
        return before, await tx.accounts()

    await store.write(lambda tx: tx.save_accounts([ANNA]))
    await everybody(store)
    reader = asyncio.create_task(store.read(reading))
    await has_begun.wait()
    await store.write(lambda tx: tx.save_accounts([LATER]))
    may_end.set()

    assert await reader == (ANNA, (ANNA,))
    assert await everybody(store) == (LATER,)
