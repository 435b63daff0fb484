from dataclasses import replace

import pytest

from daemon.core.account import Account, Settings, State
from daemon.errors import Refused
from daemon.store.store import SqlStore
from tests.store.examples import NOW, account


async def keep(store: SqlStore, *accounts: Account) -> None:
    await store.write(lambda transaction: transaction.save_accounts(accounts))


async def test_a_new_installation_is_switched_off(store: SqlStore) -> None:
    assert await store.read(lambda t: t.settings()) == Settings()


async def test_there_is_one_set_of_settings(store: SqlStore) -> None:
    await store.write(lambda t: t.save_settings(Settings(is_on=True)))

    await store.write(lambda t: t.save_settings(Settings(selected=frozenset({"meeting"}))))

    kept = await store.read(lambda t: t.settings())
    assert kept == Settings(selected=frozenset({"meeting"}))


async def test_users_come_back_whole_in_order_of_address(store: SqlStore) -> None:
    zoe = account("zoe", "a@example.com", is_enabled=True, state=State.IDLE, enabled_at=NOW)
    bo = account("bo")

    await keep(store, bo, zoe)

    assert await store.read(lambda t: t.accounts()) == (zoe, bo)
    assert await store.read(lambda t: t.account("zoe")) == zoe
    assert await store.read(lambda t: t.account("nobody")) is None


async def test_saving_a_user_leaves_the_others_alone(store: SqlStore) -> None:
    await keep(store, account("anna"), account("bo"))

    await keep(store, account("bo", is_enabled=True))
    await keep(store)

    assert await store.read(lambda t: t.accounts()) == (
        account("anna"),
        account("bo", is_enabled=True),
    )


async def test_two_enabled_users_never_share_an_address(store: SqlStore) -> None:
    """Rule A5."""
    anna = account("anna", "one@example.com", is_enabled=True)
    await keep(store, anna)

    with pytest.raises(Refused, match="same address"):
        await keep(store, account("bo", "One@Example.com", is_enabled=True))

    assert await store.read(lambda t: t.accounts()) == (anna,)


async def test_users_without_sync_may_share_an_address(store: SqlStore) -> None:
    await keep(
        store, account("anna", "one@example.com", is_enabled=True), account("bo", "one@example.com")
    )

    assert len(await store.read(lambda t: t.accounts())) == 2


async def test_users_whose_address_is_gone_do_not_share_one(store: SqlStore) -> None:
    anna, bo = account("anna", is_enabled=True), account("bo", is_enabled=True)

    await keep(store, *(replace(one, user=replace(one.user, email="")) for one in (anna, bo)))

    assert len(await store.read(lambda t: t.accounts())) == 2


async def test_two_enabled_users_may_trade_their_addresses(store: SqlStore) -> None:
    one = account("anna", "one@example.com", is_enabled=True)
    two = account("bo", "two@example.com", is_enabled=True)
    await keep(store, one, two)

    await keep(
        store,
        replace(one, user=replace(one.user, email="two@example.com")),
        replace(two, user=replace(two.user, email="one@example.com")),
    )

    kept = await store.read(lambda t: t.accounts())
    assert [each.user.guid for each in kept] == ["bo", "anna"]
