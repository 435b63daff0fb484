"""The roster of the company: changed bit by bit it says what it says when it is made at once."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from daemon.core.account import Account, State
from daemon.core.company import User
from daemon.core.roster import Roster

GUIDS, ADDRESSES = ("g1", "g2", "g3"), ("", "a@x.example", "b@x.example", "c@y.example")


@st.composite
def accounts(draw: st.DrawFn) -> Account:
    user = User(
        draw(st.sampled_from(GUIDS)),
        draw(st.sampled_from(ADDRESSES)),
        "Somebody",
        is_active=draw(st.booleans()),
    )
    return Account(
        user,
        is_enabled=draw(st.booleans()),
        address=draw(st.sampled_from(ADDRESSES)),
        state=draw(st.sampled_from([State.IDLE, State.WAITING])),
    )


@given(st.lists(st.lists(accounts(), max_size=3), max_size=5))
def test_what_changes_bit_by_bit_is_the_same_as_made_at_once(steps: list[list[Account]]) -> None:
    bit_by_bit, latest = Roster.of([]), dict[str, Account]()
    for kept in steps:
        bit_by_bit = bit_by_bit.having(kept)
        latest |= {account.user.guid: account for account in kept}

    at_once = Roster.of(latest.values())

    assert bit_by_bit.all == at_once.all
    assert bit_by_bit.index.confirmed == at_once.index.confirmed
    assert bit_by_bit.index.enabled == at_once.index.enabled
    assert bit_by_bit.index.by_address.keys() == at_once.index.by_address.keys()


def test_of_two_with_one_address_the_one_who_uses_the_sync_has_it_a5() -> None:
    former = Account(User("old", "a@x.example", "Old"), address="a@x.example")
    user = Account(User("new", "a@x.example", "New"), address="a@x.example", is_enabled=True)

    assert Roster.of([user, former]).index.by_address == {"a@x.example": "new"}


def test_what_a_look_changes_leaves_the_index_as_it_is() -> None:
    account = Account(User("g1", "a@x.example", "A"), address="a@x.example", is_enabled=True)
    before = Roster.of([account])

    after = before.having([replace(account, cursor="later", state=State.IDLE)])

    assert after.index is before.index
    assert after.get("g1") != before.get("g1")


def test_only_addresses_that_need_no_confirmation_and_are_in_a_domain_count_a5() -> None:
    moved = Account(User("g1", "new@x.example", "A"), address="old@x.example")
    fine = Account(User("g2", "b@x.example", "B"), address="b@x.example")
    elsewhere = Account(User("g3", "c@y.example", "C"), address="c@y.example")

    index = Roster.of([moved, fine, elsewhere]).index

    assert index.confirmed_in(()) == {"b@x.example", "c@y.example"}
    assert index.confirmed_in(("x.example",)) == {"b@x.example"}
