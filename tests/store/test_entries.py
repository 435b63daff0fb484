from dataclasses import replace
from datetime import date, timedelta
from functools import partial

import pytest
from sqlalchemy.exc import IntegrityError

from daemon.core.entry import UNKNOWN, AllDay, Timed, Unknown, When
from daemon.core.link import Base, Deed, Side, Stand, Standing
from daemon.core.record import Record
from daemon.core.recurrence import Recurrence
from daemon.store.entries import CHUNK
from daemon.store.store import SqlStore
from daemon.store.transaction import SqlTransaction
from tests.store.examples import (
    MINUTE,
    NOW,
    create_claim,
    event,
    ids,
    in_google,
    in_severa,
    linked,
    with_link,
)


async def keep(store: SqlStore, *records: Record) -> None:
    await store.write(lambda transaction: transaction.save(records))


async def test_an_entry_comes_back_whole(store: SqlStore) -> None:
    record = linked(
        "one", due_at=NOW, attempts=3, problem="refused", cause="push", noticed_at=NOW - MINUTE
    )

    await keep(store, record)

    assert await store.read(lambda transaction: transaction.record("one")) == record
    assert await store.read(lambda transaction: transaction.record("two")) is None


async def test_the_latest_version_of_an_entry_stays(store: SqlStore) -> None:
    await keep(store, linked("one"))

    await keep(store, linked("one", attempts=1), linked("one", attempts=2))

    record = await store.read(lambda transaction: transaction.record("one"))
    assert record == linked("one", attempts=2)


async def test_an_empty_entry_is_dropped_with_all_that_leads_to_it(store: SqlStore) -> None:
    record = with_link(linked("one"), claims=(create_claim(),))
    await keep(store, record, linked("two"))

    await keep(store, with_link(record, activity=None, copies=(), claims=()))

    assert await store.read(lambda t: t.record("one")) is None
    assert await store.read(lambda t: t.records_of_events(["event-one"], [])) == ()
    assert await store.read(lambda t: t.records_of_activities(["activity-one"])) == ()
    assert await store.read(lambda t: t.records_creating()) == ()
    assert ids(await store.read(lambda t: t.records_of_user("anna"))) == ["two"]


async def test_entries_are_found_by_activity(store: SqlStore) -> None:
    await keep(store, linked("one"), linked("two"), in_google("three"))

    found = await store.read(
        lambda t: t.records_of_activities(["activity-two", "activity-one", "activity-three"])
    )

    assert found == (linked("one"), linked("two"))


async def test_more_is_asked_for_than_sqlite_binds_at_once(store: SqlStore) -> None:
    names = [f"{number:05}" for number in range(2 * CHUNK + 1)]
    await keep(store, *(linked(name) for name in names))

    refs = [f"activity-{name}" for name in names]
    events = [f"event-{name}" for name in names]
    uids = [f"event-{name}@google.com" for name in names]

    assert ids(await store.read(lambda t: t.records_of_activities(refs))) == names
    assert ids(await store.read(lambda t: t.records_of_events(events, []))) == names
    assert ids(await store.read(lambda t: t.records_of_events(events, uids))) == names
    assert await store.read(lambda t: t.living_activity(refs[1:])) == refs[0]


async def test_entries_are_found_by_event_id_by_uid_and_by_an_open_claim(store: SqlStore) -> None:
    claimed = replace(create_claim(), side=Side.GOOGLE, ref="event-new")
    await keep(
        store,
        linked("by-id"),
        with_link(linked("by-uid"), copies=(event("other", uid="meeting@outlook.com"),)),
        with_link(in_severa("by-claim"), claims=(claimed,)),
        linked("not-asked-for"),
    )

    found = await store.read(
        lambda t: t.records_of_events(["event-by-id", "event-new"], ["meeting@outlook.com"])
    )

    assert ids(found) == ["by-claim", "by-id", "by-uid"]


async def test_a_claim_in_severa_is_no_event(store: SqlStore) -> None:
    claim = replace(create_claim(), deed=Deed.CHANGE, ref="activity-one")
    await keep(store, with_link(in_severa("one"), claims=(claim,)))

    assert await store.read(lambda t: t.records_of_events(["activity-one"], [])) == ()


async def test_one_without_uid_is_not_found_under_the_empty_uid(store: SqlStore) -> None:
    nameless = replace(event("event-one"), uid="")
    await keep(store, with_link(linked("one"), copies=(nameless,)))

    assert await store.read(lambda t: t.records_of_events([""], [""])) == ()


async def test_creations_under_way_are_found_by_their_owner(store: SqlStore) -> None:
    twice = (create_claim("anna"), replace(create_claim("anna"), made_at=NOW + MINUTE))
    removal = replace(create_claim("anna"), deed=Deed.REMOVE)
    in_other_calendar = replace(create_claim("anna"), side=Side.GOOGLE)
    await keep(
        store,
        with_link(in_google("one"), claims=twice),
        with_link(in_google("two", "bo"), claims=(create_claim("bo"),)),
        with_link(linked("three"), claims=(removal,)),
        with_link(in_severa("four"), claims=(in_other_calendar,)),
    )

    assert ids(await store.read(lambda t: t.records_creating())) == ["one", "two"]
    assert ids(await store.read(lambda t: t.records_creating("anna"))) == ["one"]
    assert await store.read(lambda t: t.records_creating("cleo")) == ()


async def test_a_user_has_what_he_owns_and_what_is_on_his_calendar(store: SqlStore) -> None:
    shared = with_link(linked("shared", "bo"), copies=(event("s", "anna"), event("s", "bo")))
    await keep(store, in_severa("owned"), in_google("only-google"), shared, linked("other", "bo"))

    found = ids(await store.read(lambda t: t.records_of_user("anna")))

    assert found == ["only-google", "owned", "shared"]


async def test_a_users_entries_come_page_by_page(store: SqlStore) -> None:
    await keep(store, *(linked(name) for name in "abcde"))

    first = ids(await store.read(lambda t: t.records_of_user("anna", limit=2)))
    second = ids(await store.read(lambda t: t.records_of_user("anna", after="b", limit=2)))
    third = ids(await store.read(lambda t: t.records_of_user("anna", after="d", limit=2)))

    assert [first, second, third] == [["a", "b"], ["c", "d"], ["e"]]


async def due(store: SqlStore, *users: str, limit: int = 10) -> list[str]:
    return ids(await store.read(lambda t: t.records_due(NOW, users, limit)))


async def test_what_is_longest_due_comes_first(store: SqlStore) -> None:
    await keep(
        store,
        linked("later", due_at=NOW + timedelta(microseconds=1)),
        linked("now", due_at=NOW),
        linked("settled"),
        linked("before", due_at=NOW - MINUTE),
    )

    assert await due(store, "anna") == ["before", "now"]
    assert await due(store, "anna", limit=1) == ["before"]
    assert await store.read(lambda t: t.count_due("anna")) == 3


async def test_it_is_nobodys_turn_who_does_not_take_part(store: SqlStore) -> None:
    await keep(store, linked("annas", due_at=NOW), linked("bos", "bo", due_at=NOW - MINUTE))

    assert await due(store, "anna") == ["annas"]
    assert await due(store, "anna", "bo") == ["bos", "annas"]
    assert await due(store) == []
    assert await store.read(lambda t: t.count_due("cleo")) == 0


async def test_an_absent_owners_meeting_is_due_with_those_who_are_present(store: SqlStore) -> None:
    """Rules E1 and T4."""
    copies = (event("e", "anna"), event("e", "bo"))
    shared = with_link(linked("shared", "absent", due_at=NOW), copies=copies)
    await keep(store, shared, linked("own", due_at=NOW + MINUTE))

    assert await due(store, "anna") == ["shared"]
    assert await due(store, "anna", "bo", "absent") == ["shared"]
    assert await store.read(lambda t: t.count_due("bo")) == 1


async def test_an_entry_that_is_but_a_claim_is_not_forgotten(store: SqlStore) -> None:
    claimed = with_link(
        linked("one", due_at=NOW), activity=None, copies=(), source="", claims=(create_claim(),)
    )
    await keep(store, claimed)

    assert await due(store, "anna") == ["one"]


async def test_the_longest_due_comes_first_among_any_number_of_users(store: SqlStore) -> None:
    users = [f"user-{number:04}" for number in range(CHUNK + 2)]
    await keep(
        store,
        linked("second", users[0], due_at=NOW),
        linked("first", users[-1], due_at=NOW - MINUTE),
        with_link(
            linked("third", users[0], due_at=NOW),
            copies=(event("e", users[0]), event("e", users[-1])),
        ),
    )

    assert await due(store, *users) == ["first", "second", "third"]
    assert await due(store, *users, limit=2) == ["first", "second"]


def at(record: Record, when: When | Unknown) -> Record:
    seen = record.link.activity
    assert seen
    return with_link(record, activity=replace(seen, entry=replace(seen.entry, when=when)))


HOUR = timedelta(hours=1)
EVERY_DAY = Recurrence(("RRULE:FREQ=DAILY",), "UTC")


@pytest.mark.parametrize(
    ("when", "is_certain"),
    [
        (Timed(NOW, NOW + HOUR), True),
        (Timed(NOW - 9 * HOUR, NOW + 9 * HOUR), True),
        (Timed(NOW, NOW), True),
        (Timed(NOW - HOUR, NOW - MINUTE), False),
        (Timed(NOW + 2 * HOUR, NOW + 3 * HOUR), False),
        (Timed(NOW, None), False),
        (Timed(NOW, NOW + HOUR, EVERY_DAY), False),
        (AllDay(date(2026, 3, 2), date(2026, 3, 3)), False),
        (AllDay(date(2026, 3, 1), date(2026, 3, 4)), True),
        (AllDay(date(2026, 2, 27), date(2026, 3, 2)), False),
        (AllDay(date(2026, 3, 1), None), False),
        (AllDay(date(2026, 3, 1), date(2026, 3, 4), EVERY_DAY), False),
        (AllDay(date.min, date.min), False),
        (AllDay(date.max, date.max), False),
        (UNKNOWN, False),
    ],
)
async def test_what_a_listing_must_show_is_what_overlaps_for_certain(
    store: SqlStore, when: When | Unknown, is_certain: bool
) -> None:
    """Rule D4: what is missing from a listing of a window is doubted."""
    await keep(store, at(linked("one"), when), at(linked("two", "bo"), when))

    found = await store.read(lambda t: t.activities_between(["anna"], NOW - MINUTE, NOW + 2 * HOUR))

    assert found == (("activity-one",) if is_certain else ())


OWNERS = ["anna", "bo"]


async def test_the_sweep_begins_with_what_was_not_looked_at_for_longest(store: SqlStore) -> None:
    await keep(
        store,
        linked("fresh", looked_at=NOW),
        linked("old", looked_at=NOW - 2 * MINUTE),
        linked("older", looked_at=NOW - 3 * MINUTE),
        linked("never", looked_at=None),
        in_google("no-activity", looked_at=NOW - 4 * MINUTE),
    )

    every = ids(await store.read(lambda t: t.records_unlooked(OWNERS, NOW, 10)))

    assert every == ["never", "older", "old"]
    for limit in range(4):
        page = await store.read(partial(_unlooked, limit=limit))
        assert ids(page) == every[:limit]


async def _unlooked(transaction: SqlTransaction, limit: int) -> tuple[Record, ...]:
    return await transaction.records_unlooked(OWNERS, NOW, limit)


async def test_a_witness_is_the_activity_seen_alive_last(store: SqlStore) -> None:
    await keep(
        store,
        linked("old", looked_at=NOW - MINUTE),
        linked("new", looked_at=NOW),
        in_google("proved-gone", looked_at=NOW + MINUTE),
        linked("never", looked_at=None),
    )

    async def witness(*other_than: str) -> str:
        return await store.read(lambda t: t.living_activity(other_than))

    assert await witness() == "activity-new"
    assert await witness("activity-new") == "activity-old"
    assert await witness("activity-new", "activity-old") == "activity-never"
    assert await witness("activity-new", "activity-old", "activity-never") == ""


async def test_a_link_is_what_both_sides_held_even_if_one_is_gone_since(store: SqlStore) -> None:
    await keep(
        store,
        linked("a"),
        linked("b", "bo"),
        in_severa("gone-in-google"),
        with_link(in_google("never-in-severa"), base=Base()),
    )

    assert await store.read(lambda t: t.count_links()) == 3
    assert await store.read(lambda t: t.count_links("anna")) == 2


async def test_a_shared_entry_is_counted_once_for_each_who_has_it(store: SqlStore) -> None:
    shared = with_link(linked("shared", "bo"), copies=(event("s", "anna"), event("s", "bo")))
    await keep(store, shared, linked("own"), with_link(in_severa("one-sided"), base=Base()))

    assert await store.read(lambda tx: tx.count_shared("anna")) == 2
    assert await store.read(lambda tx: tx.count_shared("bo")) == 1
    assert await store.read(lambda tx: tx.count_shared("cleo")) == 0


async def test_problems_are_what_failed_and_what_does_not_take_part(store: SqlStore) -> None:
    held = Standing(Stand.HELD, "a flood of deletions")
    await keep(
        store,
        linked("good"),
        linked("failed", problem="Google refused it"),
        with_link(linked("held", "bo"), standing=held),
    )

    assert ids(await store.problems()) == ["failed", "held"]
    assert ids(await store.problems("bo")) == ["held"]


async def test_an_activity_belongs_to_one_entry(store: SqlStore) -> None:
    await keep(store, linked("one"))
    thief = with_link(linked("two"), activity=linked("one").link.activity)

    with pytest.raises(IntegrityError):
        await keep(store, thief)

    assert ids(await store.read(lambda t: t.records_of_activities(["activity-one"]))) == ["one"]


async def test_a_copy_belongs_to_one_entry(store: SqlStore) -> None:
    await keep(store, linked("one"))

    with pytest.raises(IntegrityError):
        await keep(store, with_link(linked("two"), copies=linked("one").link.copies))


async def test_two_entries_may_trade_their_activities(store: SqlStore) -> None:
    one, two = linked("one"), linked("two")
    await keep(store, one, two)

    traded = (
        with_link(one, activity=two.link.activity),
        with_link(two, activity=one.link.activity),
    )
    await keep(store, *traded)

    found = await store.read(lambda t: t.records_of_activities(["activity-one"]))
    assert ids(found) == ["two"]


async def test_a_text_that_is_not_unicode_is_kept_all_the_same(store: SqlStore) -> None:
    record = linked("one")
    assert record.link.activity
    broken = replace(
        record.link.activity, entry=replace(record.link.activity.entry, title="\ud83d")
    )

    await keep(store, with_link(record, activity=broken))

    found = await store.read(lambda t: t.record("one"))
    assert found == with_link(record, activity=broken)
