"""One suite for the port `Store`: the real one on SQLite and the one in memory, which the simulator trusts."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import fields, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from daemon.core.account import Account, Settings, WritePause
from daemon.core.channel import Channel, ChannelState, Target
from daemon.core.entry import AllDay, Timed
from daemon.core.link import Base, Claim, Deed, Link, Side, Stand, Standing
from daemon.core.record import Change, Record
from daemon.core.spent import Spent
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
    with_members,
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


async def test_what_was_spent_replaces_what_was_kept_before(store: Store) -> None:
    today, tomorrow = Spent(date(2026, 3, 2), 70), Spent(date(2026, 3, 3), 4)
    assert await store.read(lambda tx: tx.spent()) is None

    await store.write(lambda tx: tx.save_spent(today))
    assert await store.read(lambda tx: tx.spent()) == today
    await store.write(lambda tx: tx.save_spent(tomorrow))

    assert await store.read(lambda tx: tx.spent()) == tomorrow


async def test_a_calendars_pause_outlives_the_process_that_met_it(store: Store) -> None:
    paused = WritePause(until=NOW + timedelta(hours=4), length=timedelta(hours=4))
    anna, ben = account("1", "anna@x.com", write_pause=paused), account("2", "ben@x.com")

    await store.write(lambda tx: tx.save_accounts([anna, ben]))

    assert await store.read(lambda tx: tx.accounts()) == (anna, ben)


async def test_two_enabled_users_never_share_an_address(store: Store) -> None:
    one = account("1", "a@x.com", address="a@x.com", is_enabled=True)
    two = account("2", "a@x.com", address="A@x.com", is_enabled=True)

    with pytest.raises(Refused):
        await store.write(lambda tx: tx.save_accounts([one, two]))

    assert await store.read(lambda tx: tx.accounts()) == ()


async def test_a_user_has_one_trigger_token_until_it_is_taken_back(store: Store) -> None:
    async def work(tx: Transaction) -> None:
        await tx.save_accounts([account("1", "anna@x.com"), account("2", "ben@x.com")])
        await tx.save_trigger_token("1", b"first", NOW)
        await tx.save_trigger_token("2", b"other", NOW)
        await tx.save_trigger_token("1", b"second", NOW + MINUTE)

    await store.write(work)
    # An account that is kept again keeps its token.
    await store.write(lambda tx: tx.save_accounts([account("1", "anna@x.com", is_enabled=True)]))
    assert await store.read(lambda tx: tx.trigger_tokens()) == {"1": b"second", "2": b"other"}

    await store.write(lambda tx: tx.forget_trigger_token("1"))
    await store.write(lambda tx: tx.forget_trigger_token("nobody"))
    assert await store.read(lambda tx: tx.trigger_tokens()) == {"2": b"other"}


async def test_no_two_users_have_the_same_trigger_token(store: Store) -> None:
    await store.write(lambda tx: tx.save_trigger_token("1", b"one", NOW))

    with pytest.raises(Exception, match=r"UNIQUE|IntegrityError"):
        await store.write(lambda tx: tx.save_trigger_token("2", b"one", NOW))

    assert await store.read(lambda tx: tx.trigger_tokens()) == {"1": b"one"}


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


async def test_the_newest_of_an_entrys_history_come_first_and_no_more_than_asked(
    store: Store,
) -> None:
    old, other = change("one", at=NOW - MINUTE), change("two")
    new = [change("one", word) for word in ("created", "changed", "removed")]
    await store.write(lambda tx: tx.add_history([old, other, *new]))

    found = await store.read(lambda tx: tx.changes_of("one", NOW, 9))
    two = await store.read(lambda tx: tx.changes_of("one", NOW, 2))

    assert [one.action for one in found] == ["removed", "changed", "created"]
    assert found[2] == replace(new[0], id=found[2].id)
    assert two == found[:2]


async def test_creations_are_those_of_one_user_and_of_late(store: Store) -> None:
    mine = [change(name, "created") for name in ("one", "two", "three")]
    early = change("four", "created", at=NOW - MINUTE)
    others = [change("five", "created", "ben"), change("six", "changed"), change("one", "removed")]
    await store.write(lambda tx: tx.add_history([early, *mine, *others]))

    found = await store.read(lambda tx: tx.creations("anna", NOW, 9))
    two = await store.read(lambda tx: tx.creations("anna", NOW, 2))

    assert [one.entry for one in found] == ["three", "two", "one"]
    assert two == found[:2]


async def test_held_links_and_held_creations_are_counted_apart(store: Store) -> None:
    held = Standing(Stand.HELD, "too many")
    alone = [with_link(in_google(n), standing=held, base=Base()) for n in ("one", "two")]
    left_out = with_link(in_severa("three"), standing=held, base=Base(severa=ENTRY))
    ben = with_link(in_google("four", "ben"), standing=held, base=Base())
    await keep(store, *alone, left_out, ben, with_link(linked("five"), standing=held))
    await keep(store, linked("six"), with_link(in_google("seven"), base=Base()))

    assert await store.read(lambda tx: tx.count_held("anna")) == 1
    assert await store.read(lambda tx: tx.count_held()) == 1
    assert await store.read(lambda tx: tx.count_held_creations("anna")) == 3
    assert await store.read(lambda tx: tx.count_held_creations("ben")) == 1


# Members: a meeting is theirs too, whoever owns it (rule E1).

BEGIN, END = NOW - MINUTE, NOW + MINUTE


def meeting(name: str, *members: str, **kept: Any) -> Record:
    """Return an entry of somebody who does not use the sync, due and with nothing in Google yet."""
    return with_members(in_severa(name, "zoe", **{"due_at": NOW, **kept}), *members)


async def found_for(store: Store, user: str) -> dict[str, Any]:
    """Return what each of the questions about a user finds."""

    async def asked(tx: Transaction) -> dict[str, Any]:
        return {
            "of user": ids(await tx.records_of_user(user)),
            "due": ids(await tx.records_due(NOW, [user], 9)),
            "unread": ids(await tx.records_due(NOW, [user], 9, unread_only=True)),
            "unlooked": ids(await tx.records_unlooked([user], NOW + MINUTE, 9)),
            "between": await tx.activities_between([user], BEGIN, END),
            "count due": await tx.count_due(user),
            "count shared": await tx.count_shared(user),
        }

    return await store.read(asked)


EVERYWHERE = {
    "of user": ["one"],
    "due": ["one"],
    "unread": ["one"],
    "unlooked": ["one"],
    "between": ("activity-one",),
    "count due": 1,
    "count shared": 1,
}
NOWHERE = {question: type(answer)() for question, answer in EVERYWHERE.items()}
UNREAD = frozenset({Side.SEVERA})


async def test_a_meeting_of_somebody_else_is_found_for_each_of_its_members(store: Store) -> None:
    await keep(store, with_link(meeting("one", "anna", "ben"), doubted=UNREAD))

    for user in ("anna", "ben", "zoe"):
        assert await found_for(store, user) == EVERYWHERE, user
    assert await found_for(store, "cleo") == NOWHERE


async def test_a_member_who_leaves_is_found_no_more(store: Store) -> None:
    await keep(store, with_link(meeting("one", "anna", "ben"), doubted=UNREAD))

    await keep(store, with_link(meeting("one", "ben"), doubted=UNREAD))

    assert await found_for(store, "anna") == NOWHERE
    assert await found_for(store, "ben") == EVERYWHERE


async def test_a_meeting_that_is_dropped_or_gone_from_severa_has_no_members(store: Store) -> None:
    claimed = with_link(meeting("two", "anna"), activity=None, claims=(create_claim("zoe"),))
    await keep(store, meeting("one", "anna"), meeting("two", "anna"))

    await keep(store, Record(Link("one", Side.SEVERA)), claimed)

    assert await found_for(store, "anna") == NOWHERE


async def test_who_takes_part_in_every_way_is_found_once(store: Store) -> None:
    every_way = with_members(linked("one", "anna", due_at=NOW), "anna", "ben")
    claims = (create_claim("anna"), create_claim("ben"))
    await keep(store, with_link(every_way, claims=claims, doubted=UNREAD))

    assert await found_for(store, "anna") == EVERYWHERE
    assert await found_for(store, "ben") == EVERYWHERE


async def test_a_meeting_of_several_who_are_asked_for_is_found_once(store: Store) -> None:
    await keep(store, meeting("one", "anna", "ben", "cleo"))
    users = ["ben", "zoe", "anna", "nobody"]

    async def asked(tx: Transaction) -> list[Any]:
        return [
            ids(await tx.records_due(NOW, users, 9)),
            ids(await tx.records_unlooked(users, NOW + MINUTE, 9)),
            await tx.activities_between(users, BEGIN, END),
        ]

    assert await store.read(asked) == [["one"], ["one"], ("activity-one",)]


async def test_a_meeting_of_many_does_not_fill_a_page_alone(store: Store) -> None:
    await keep(store, *(meeting(name, *PEOPLE, looked_at=None) for name in ("a", "b")))
    await keep(store, *(meeting(name, *PEOPLE) for name in ("c", "d")))

    due = await store.read(lambda tx: tx.records_due(NOW, PEOPLE, 3))
    unlooked = await store.read(lambda tx: tx.records_unlooked(PEOPLE, NOW + MINUTE, 3))

    assert (ids(due), ids(unlooked)) == (["a", "b", "c"], ["a", "b", "c"])


async def test_owned_and_shared_entries_come_in_one_order_and_no_more_than_asked(
    store: Store,
) -> None:
    """Each next one is anna's in another way, so that none of them fills a page alone."""
    early = [NOW - n * MINUTE for n in range(4)]
    times = [{"due_at": at, "looked_at": at} for at in early]
    await keep(
        store,
        in_severa("a", "anna", **times[0]),
        meeting("b", "anna", **times[1]),
        in_severa("c", "anna", **times[2]),
        meeting("d", "anna", **times[3]),
        in_severa("e", "anna", due_at=NOW, looked_at=None),
        meeting("f", "anna", due_at=NOW, looked_at=None),
    )

    async def asked(tx: Transaction, limit: int) -> list[list[str]]:
        return [
            ids(await tx.records_of_user("anna", limit=limit)),
            ids(await tx.records_of_user("anna", after="b", limit=limit)),
            ids(await tx.records_due(NOW, ["anna"], limit)),
            ids(await tx.records_unlooked(["anna"], NOW, limit)),
        ]

    for limit in range(1, 8):
        orders = ["abcdef", "cdef", "dcbaef", "efdcb"]

        found = await store.read(lambda tx, limit=limit: asked(tx, limit))  # type: ignore[misc]

        assert ["".join(names) for names in found] == [order[:limit] for order in orders]


async def test_a_look_at_a_meeting_counts_for_all_its_members(store: Store) -> None:
    await keep(store, meeting("one", "anna"), meeting("two", "anna", looked_at=None))

    await keep(store, meeting("one", "anna", looked_at=NOW + MINUTE))

    unlooked = await store.read(lambda tx: tx.records_unlooked(["anna"], NOW + MINUTE, 9))
    assert ids(unlooked) == ["two"]


async def test_a_meeting_that_was_moved_is_expected_where_it_is_now(store: Store) -> None:
    one = meeting("one", "anna")
    await keep(store, one)
    moved = replace(ENTRY, when=Timed(NOW + 2 * MINUTE, NOW + 3 * MINUTE))
    assert one.link.activity

    await keep(store, with_link(one, activity=replace(one.link.activity, entry=moved)))

    between = await store.read(lambda tx: tx.activities_between(["anna"], BEGIN, END))
    later = await store.read(lambda tx: tx.activities_between(["anna"], END, END + 2 * MINUTE))
    assert (between, later) == ((), ("activity-one",))


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
    members = frozenset(u for u in PEOPLE if dice.random() < 0.3)
    activity = link.activity and replace(
        link.activity, entry=replace(ENTRY, when=when), members=members
    )
    link = replace(
        link,
        activity=activity,
        copies=tuple(copies[user] for user in sorted(copies)),
        source=dice.choice([link.source, *copies]),
        claims=claims,
        base=link.base if dice.random() < 0.7 else Base(),
        standing=Standing(dice.choice(list(Stand))) if dice.random() < 0.3 else link.standing,
        doubted=frozenset({Side.SEVERA}) if dice.random() < 0.3 else frozenset(),
    )
    return Record(
        link,
        due_at=dice.choice([None, NOW, NOW + MINUTE]),
        problem=dice.choice(["", "why"]),
        looked_at=dice.choice([None, NOW, NOW + MINUTE, NOW + 2 * MINUTE]),
    )


def some_change(dice: random.Random) -> Change:
    word, at = dice.choice(["removed", "changed", "created"]), NOW + dice.randint(0, 2) * MINUTE
    return change(f"l{dice.randint(1, 8)}", word, dice.choice(PEOPLE), at)


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
        "count held creations": lambda tx: tx.count_held_creations(user or "anna"),
        "count removals": lambda tx: tx.count_removals(now, user),
        "changes of": lambda tx: tx.changes_of(name, now, limit),
        "creations": lambda tx: tx.creations(user or "anna", now, limit),
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
            deeds = [some_change(dice) for _ in range(dice.randint(0, 2))]

            outcomes = [await outcome_of(store, records) for store in (real, memory)]
            for store in (real, memory):
                await store.write(lambda tx, deeds=deeds: tx.add_history(deeds))  # type: ignore[misc]

            assert outcomes[0] == outcomes[1], records
            for name, ask in questions(dice).items():
                assert await real.read(ask) == await memory.read(ask), name


async def test_what_a_vendor_held_goes_with_its_line_of_the_history(store: Store) -> None:
    old = replace(change("one", "removed"), original="old")
    new = replace(change("two", "removed", at=NOW + MINUTE), original="new")
    await store.write(lambda tx: tx.add_history([old, change("three"), new]))

    await store.write(lambda tx: tx.prune_history(NOW + MINUTE))

    kept = [await store.read(lambda tx, n=n: tx.original_of(n)) for n in (1, 2, 3)]  # type: ignore[misc]
    (line,) = await store.read(lambda tx: tx.changes_of("two", NOW, 9))
    assert kept == ["", "", "new"]
    assert (line.id, line.original) == (3, "")


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


def channel(name: str, user: str = "anna", **more: Any) -> Channel:
    target = Target(f"{user}@example.com", "https://sync.example.com/v1", "sync@example.com")
    kept = Channel(name, user, target, "0" * 64, ChannelState.ACTIVE, NOW, NOW + HOURS * MINUTE)
    return replace(kept, **more)


FULL_CHANNEL: dict[str, Any] = {
    "state": ChannelState.REFUSED,
    "renew_at": NOW,
    "resource_id": "ret1",
    "heard_at": NOW + MINUTE,
    "pushed_at": NOW + 2 * MINUTE,
    "found_at": NOW + 3 * MINUTE,
    "misses": 2,
    "silences": 3,
    "attempts": 4,
    "retry_at": NOW + 5 * MINUTE,
    "reason": "pushNotSupportedForRequestedResource",
}


async def test_channels_come_back_as_they_were_kept(store: Store) -> None:
    bens, annas = channel("1", "ben"), channel("2", **FULL_CHANNEL)
    assert all(getattr(annas, f.name) != f.default for f in fields(Channel))

    await store.write(lambda tx: tx.save_channels([bens, annas]))

    assert await store.read(lambda tx: tx.channels()) == (annas, bens)
    assert await store.read(lambda tx: tx.channel("2")) == annas
    assert await store.read(lambda tx: tx.channel("3")) is None


async def test_a_channel_that_is_kept_again_takes_the_place_of_what_it_was(store: Store) -> None:
    await store.write(lambda tx: tx.save_channels([channel("1"), channel("2")]))
    later = channel("1", resource_id="ret1", retry_at=None)

    await store.write(lambda tx: tx.save_channels([channel("1", misses=1), later]))

    assert await store.read(lambda tx: tx.channels()) == (later, channel("2"))


async def test_channels_that_are_forgotten_are_gone_and_no_others(store: Store) -> None:
    await store.write(lambda tx: tx.save_channels([channel("1"), channel("2"), channel("3")]))

    await store.write(lambda tx: tx.forget_channels(["1", "3", "never"]))
    await store.write(lambda tx: tx.forget_channels([]))

    assert await store.read(lambda tx: tx.channels()) == (channel("2"),)
