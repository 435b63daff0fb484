"""What a backup that was put back cannot know any more (C4)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from daemon.core.backup import (
    made_alone,
    may_be_replaced,
    with_fresh_id,
    without_creates,
    without_replaced,
)
from daemon.core.claim import Claim, Deed
from daemon.core.link import Base, Link, Side
from tests.core.given import NOW, activity, copy, entry, timed

API = "api"
PLAN = entry("plan")
S, G = Side.SEVERA, Side.GOOGLE


def known(**changes: object) -> Link:
    """Return what the backup knows: a pair whose activity no listing shows any more."""
    link = Link("l1", G, activity=activity(PLAN, ref="a1"), copies=(copy(PLAN, ref="e1"),))
    whole = replace(link, source="ann", base=Base(PLAN, PLAN), doubted=frozenset({S}))
    return replace(whole, **changes)  # type: ignore[arg-type]


def made(shown: object = PLAN) -> Link:
    one = activity(shown, ref="a2", created_by=API)
    return Link("l2", S, activity=one)


def freed(link: Link, *gone: str, by: object = PLAN) -> list[Link]:
    links = [link, made(by)]
    return list(without_replaced(links, set(gone), made_alone(links, API)))


def test_an_event_is_freed_of_the_activity_that_we_replaced_since() -> None:
    (bare,) = freed(known(), "a1")

    assert bare.activity is None
    assert bare.google is not None
    assert bare.google.ref == "e1"
    assert (bare.base, bare.doubted) == (Base(), frozenset())


@pytest.mark.parametrize(
    "link",
    [
        known(doubted=frozenset({S, G})),
        known(doubted=frozenset()),
        known(base=Base()),
        known(claims=(Claim(G, Deed.CHANGE, NOW, PLAN, PLAN, ref="e1"),)),
    ],
    ids=["an event that may be gone", "one that was listed", "one side", "a write on its way"],
)
def test_what_may_be_something_else_keeps_its_sides(link: Link) -> None:
    assert freed(link, "a1") == []
    assert not may_be_replaced(link, [PLAN])


def test_a_deletion_stays_one_where_nothing_like_it_was_made() -> None:
    unlike = entry("other", when=timed(15))

    assert freed(known(), "a1", by=unlike) == []
    assert freed(known()) == [], "it is not proved gone"


def test_a_create_of_before_is_forgotten_and_one_since_is_not() -> None:
    claims = tuple(
        Claim(G, Deed.CREATE, at, PLAN, PLAN, ref="e1", user="ann")
        for at in (NOW - timedelta(minutes=1), NOW)
    )
    link = known(copies=(), claims=claims)

    left = without_creates(link, G, NOW)

    assert left.claims == claims[1:]
    assert left.base == Base(), "nothing is agreed with what was never seen"
    assert without_creates(replace(link, claims=claims[1:]), G, NOW).base == link.base


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999])
def test_the_next_event_id_is_none_of_the_last_ones(chance: float) -> None:
    link = known(generation=3)

    assert 3 + 10 <= with_fresh_id(link, chance).generation < 3 + 100


def test_the_id_of_an_event_that_is_on_its_way_stays() -> None:
    claim = Claim(G, Deed.CREATE, NOW, PLAN, PLAN, ref="e1", user="ann")
    link = known(copies=(), claims=(claim,), generation=3)

    assert with_fresh_id(link, 0.5).generation == 3
