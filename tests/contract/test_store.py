"""One suite for the port `Store`: the real one on SQLite and the one in memory, which the simulator trusts."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from daemon.core.account import Account, Settings
from daemon.core.entry import AllDay, Timed
from daemon.core.link import Claim, Deed, Link, Side, Stand, Standing
from daemon.core.record import Record
from daemon.errors import Refused
from daemon.store.secrets import key_in
from daemon.store.store import SqlStore
from daemon.sync.ports import Store, Transaction
from tests.doubles.store import MemoryStore
from tests.store.examples import (
    ENTRY,
    MINUTE,
    NOW,
    account,
    change,
    create_claim,
    event,
    ids,
    in_google,
    in_severa,
    linked,
    with_link,
)

PEOPLE = ("anna", "ben", "cleo")
ROUNDS = 60
HOURS = 30


async def sqlite(path: Path) -> SqlStore:
    return await SqlStore.open(f"sqlite:///{path}/state.db", key_in(path / "key"))


@pytest.fixture(params=["sqlite", "memory"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
        return
    async with await sqlite(tmp_path) as opened:
        yield opened


async def keep(store: Store, *records: Record) -> None:
    await store.write(lambda tx: tx.save(records))


async def test_settings_and_users_come_back_as_they_were_kept(store: Store) -> None:
    settings = Settings(is_on=True, selected=frozenset({"a", "b"}), cursor="c")
    ben, anna = account("1", "ben@x.com"), account("2", "anna@x.com", is_enabled=True)

    await store.write(lambda tx: tx.save_settings(settings))
    await store.write(lambda tx: tx.save_accounts([ben, anna]))

    assert await store.read(lambda tx: tx.settings()) == settings
    assert await store.read(lambda tx: tx.accounts()) == (anna, ben)
    assert await store.read(lambda tx: tx.account("1")) == ben
    assert await store.read(lambda tx: tx.account("3")) is None


async def test_two_enabled_users_never_share_an_address(store: Store) -> None:
    one = account("1", "a@x.com", address="a@x.com", is_enabled=True)
    two = account("2", "a@x.com", address="A@x.com", is_enabled=True)

    with pytest.raises(Refused):
        await store.write(lambda tx: tx.save_accounts([one, two]))

    assert await store.read(lambda tx: tx.accounts()) == ()


async def test_work_that_fails_leaves_nothing(store: Store) -> None:
    async def work(tx: Transaction) -> None:
        await tx.save([linked("one")])
        await tx.add_history([change("one", "removed")])
        raise ValueError("halfway")

    with pytest.raises(ValueError, match="halfway"):
        await store.write(work)

    assert await store.read(lambda tx: tx.record("one")) is None
    assert await store.read(lambda tx: tx.count_removals(NOW - MINUTE)) == 0


async def test_an_entry_with_nothing_left_is_dropped(store: Store) -> None:
    await keep(store, linked("one"))

    await keep(store, Record(Link("one", Side.SEVERA)))

    assert await store.read(lambda tx: tx.record("one")) is None


async def test_an_entry_that_is_but_a_claim_is_kept_and_has_its_turn(store: Store) -> None:
    claimed = Record(Link("one", Side.GOOGLE, claims=(create_claim(),)), due_at=NOW)

    await keep(store, claimed)

    assert await store.read(lambda tx: tx.records_due(NOW, ["anna"], 9)) == (claimed,)
    assert await store.read(lambda tx: tx.records_creating("anna")) == (claimed,)


async def test_an_activity_and_a_copy_belong_to_one_entry(store: Store) -> None:
    await keep(store, linked("one"))

    for other in (in_severa("two"), in_google("two")):
        stolen = with_link(
            other,
            activity=other.link.activity and linked("one").link.activity,
            copies=other.link.copies and linked("one").link.copies,
        )
        with pytest.raises(Exception, match=r"UNIQUE|two entries"):
            await keep(store, stolen)


async def test_two_entries_may_trade_what_they_hold_in_one_go(store: Store) -> None:
    one, two = in_severa("one"), in_severa("two")
    await keep(store, one, two)

    await keep(
        store,
        with_link(one, activity=two.link.activity),
        with_link(two, activity=one.link.activity),
    )

    found = await store.read(lambda tx: tx.records_of_activities(["activity-two"]))
    assert ids(found) == ["one"]


async def test_history_is_pruned_and_its_removals_counted(store: Store) -> None:
    old, new = change("one", "removed"), change("two", "removed", "ben", NOW + MINUTE)
    await store.write(lambda tx: tx.add_history([old, new, change("three")]))

    assert await store.read(lambda tx: tx.count_removals(NOW)) == 2
    assert await store.read(lambda tx: tx.count_removals(NOW, "ben")) == 1

    assert await store.write(lambda tx: tx.prune_history(NOW + MINUTE)) == 2
    assert await store.read(lambda tx: tx.count_removals(NOW)) == 1


# Any story at all: whatever is kept, both stores answer alike.


def some_record(dice: random.Random) -> Record:
    name, user = f"l{dice.randint(1, 8)}", dice.choice(PEOPLE)
    made = dice.choice([linked, in_severa, in_google])(name, user)
    link, others = made.link, []
    if dice.random() < 0.3:
        others = [event(f"shared-{name}", u, "uid") for u in PEOPLE if dice.random() < 0.4]
    copies = {copy.user: copy for copy in [*link.copies, *others]}
    claims = tuple(some_claim(dice, link) for _ in range(dice.choice([0, 0, 1, 2])))
    when = dice.choice([ENTRY.when, Timed(NOW, None), AllDay(date(2026, 3, 2), date(2026, 3, 4))])
    activity = link.activity and replace(link.activity, entry=replace(ENTRY, when=when))
    link = replace(
        link,
        activity=activity,
        copies=tuple(copies[user] for user in sorted(copies)),
        source=dice.choice([link.source, *copies]),
        claims=claims,
        standing=Standing(dice.choice(list(Stand))) if dice.random() < 0.3 else link.standing,
        doubted=frozenset({Side.SEVERA}) if dice.random() < 0.3 else frozenset(),
    )
    return Record(
        link,
        due_at=dice.choice([None, NOW, NOW + MINUTE]),
        problem=dice.choice(["", "why"]),
        looked_at=dice.choice([None, NOW, NOW + MINUTE, NOW + 2 * MINUTE]),
    )


def some_claim(dice: random.Random, link: Link) -> Claim:
    side, deed = dice.choice(list(Side)), dice.choice(list(Deed))
    ref = link.event_id if side is Side.GOOGLE else ""
    return Claim(side, deed, NOW, ref=ref, user=dice.choice(PEOPLE), is_checked=dice.random() < 0.5)


def questions(dice: random.Random) -> dict[str, Callable[[Transaction], Awaitable[Any]]]:
    """Return every question of the port, with arguments thrown."""
    people = [user for user in PEOPLE if dice.random() < 0.6]
    name, user = f"l{dice.randint(1, 8)}", dice.choice([None, *PEOPLE])
    limit, is_unread = dice.randint(1, 4), dice.random() < 0.5
    now = NOW + dice.randint(0, 2) * MINUTE
    refs = [f"activity-l{n}" for n in range(9) if dice.random() < 0.5]
    return {
        "record": lambda tx: tx.record(name),
        "of activities": lambda tx: tx.records_of_activities([*refs, ""]),
        "of events": lambda tx: tx.records_of_events([f"event-{name}", f"{name}0", ""], ["uid"]),
        "creating": lambda tx: tx.records_creating(user),
        "of user": lambda tx: tx.records_of_user("anna", after="l2", limit=limit),
        "due": lambda tx: tx.records_due(now, people, limit, unread_only=is_unread),
        "unlooked": lambda tx: tx.records_unlooked(people, now, limit),
        "between": lambda tx: tx.activities_between(people, NOW, NOW + timedelta(hours=HOURS)),
        "count due": lambda tx: tx.count_due("anna"),
        "living": lambda tx: tx.living_activity(refs),
        "count links": lambda tx: tx.count_links(user),
        "count shared": lambda tx: tx.count_shared("ben"),
        "count held": lambda tx: tx.count_held(user),
        "count removals": lambda tx: tx.count_removals(now, user),
    }


async def outcome_of(store: Store, records: Sequence[Record]) -> str:
    """Keep records, and tell whether they were taken."""
    try:
        await keep(store, *records)
    except Exception:
        return "refused"
    return "kept"


@pytest.mark.parametrize("seed", range(4))
async def test_both_stores_answer_every_question_alike(tmp_path: Path, seed: int) -> None:
    dice, memory = random.Random(seed), MemoryStore()  # noqa: S311
    async with await sqlite(tmp_path) as real:
        for _ in range(ROUNDS):
            records = [some_record(dice) for _ in range(dice.randint(1, 3))]
            deeds = [change("l1", dice.choice(["removed", "changed"]), dice.choice(PEOPLE))]

            outcomes = [await outcome_of(store, records) for store in (real, memory)]
            for store in (real, memory):
                await store.write(lambda tx, deeds=deeds: tx.add_history(deeds))  # type: ignore[misc]

            assert outcomes[0] == outcomes[1], records
            for name, ask in questions(dice).items():
                assert await real.read(ask) == await memory.read(ask), name


async def test_both_stores_keep_users_alike(tmp_path: Path) -> None:
    dice, memory = random.Random(7), MemoryStore()  # noqa: S311
    async with await sqlite(tmp_path) as real:
        for _ in range(ROUNDS):
            chosen = some_account(dice)

            for store in (real, memory):
                try:
                    await store.write(lambda tx, kept=chosen: tx.save_accounts([kept]))  # type: ignore[misc]
                except Refused:
                    continue

            answers = [await store.read(lambda tx: tx.accounts()) for store in (real, memory)]
            assert answers[0] == answers[1]


def some_account(dice: random.Random) -> Account:
    email = dice.choice(["a@x.com", "B@x.com", "c@x.com", ""])
    guid, is_enabled = f"g{dice.randint(1, 4)}", dice.random() < 0.5
    return account(guid, email or "n@x.com", address=email.lower(), is_enabled=is_enabled)
