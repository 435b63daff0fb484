"""What an operator watches is counted right, whatever there is."""

from daemon.core.account import Settings, State
from daemon.core.link import Base, Stand, Standing
from daemon.core.record import Record
from daemon.store.store import SqlStore
from tests.store.examples import account, in_severa, linked, with_link


def standing(record: Record, stand: Stand) -> Record:
    return with_link(record, standing=Standing(stand, "A reason."))


async def test_an_empty_database_has_nothing_of_anything(store: SqlStore) -> None:
    told = await store.statistics()

    assert set(told.entries.values()) == set(told.users.values()) == {0}
    assert (told.problems, told.held_deletions, told.is_on, told.has_fault) == (0, 0, False, False)
    assert told.looked_at == frozenset()
    assert told.size_bytes > 0


async def test_entries_are_counted_by_standing_and_held_deletions_apart(store: SqlStore) -> None:
    records = [
        linked("plain"),
        linked("failing", problem="It failed."),
        standing(linked("aside", problem="It is refused."), Stand.SET_ASIDE),
        standing(linked("parted"), Stand.PARTED),
        standing(linked("deletion"), Stand.HELD),
        standing(with_link(in_severa("creation"), base=Base()), Stand.HELD),
    ]
    await store.write(lambda tx: tx.save(records))

    told = await store.statistics()

    counts = {stand: told.entries[stand] for stand in Stand}
    assert counts[Stand.LIVE] == 2
    assert counts[Stand.SET_ASIDE] == counts[Stand.PARTED] == 1
    assert counts[Stand.HELD] == 2
    assert sum(counts.values()) == len(records)
    assert told.problems == 2
    assert told.held_deletions == 1


async def test_users_are_counted_by_state_and_those_to_be_looked_at_are_known(
    store: SqlStore,
) -> None:
    states = [state for state in State if state is not State.OFF]
    enabled = [account(state.value, is_enabled=True, state=state) for state in states]
    others = [account("new"), account("left", state=State.IDLE)]
    await store.write(lambda tx: tx.save_accounts([*enabled, *others]))

    told = await store.statistics()

    assert told.users == {State.OFF: 2, **dict.fromkeys(states, 1)}
    assert told.looked_at == {"first-sync", "idle", "syncing", "failing"}


async def test_what_is_set_up_and_what_is_wrong_for_everybody_is_told(store: SqlStore) -> None:
    await store.write(lambda tx: tx.save_settings(Settings(is_on=True, fault="It is refused.")))

    told = await store.statistics()

    assert (told.is_on, told.has_fault) == (True, True)
