"""Whose create made an activity that nobody knows (C4)."""

from datetime import timedelta
from typing import Any

import pytest

from daemon.core.claim import Claim, Deed
from daemon.core.link import Link, Side
from daemon.core.record import Record
from daemon.sync.strangers import Strangers
from tests.core.given import NOW, activity, copy, entry

API = "api"
WANTED, OTHER = entry("wanted"), entry("other")
"""Two of the same time."""


def creating(name: str, wanted: object, **fields: object) -> Record:
    """Return an entry whose create in Severa has an unknown outcome."""
    claim = Claim(Side.SEVERA, Deed.CREATE, NOW, wanted, wanted, user="ann", since=NOW)
    link = Link(name, Side.GOOGLE, copies=(copy(wanted, ref=name),), claims=(claim,), **fields)
    return Record(link)


def makers(*records: Record, shown: object = WANTED) -> list[str]:
    made = activity(shown, ref="a9", created_at=NOW + timedelta(minutes=1), created_by=API)
    found = Strangers(frozenset({"ann"}), records, API).makers_of(made)
    return [record.link.id for record in found]


def test_what_is_just_as_one_create_wanted_it_is_no_others_c4() -> None:
    has_one_already = creating("l2", WANTED, activity=activity(WANTED))

    assert makers(creating("l1", OTHER), has_one_already) == ["l2"]
    assert makers(creating("l1", OTHER), creating("l2", WANTED)) == ["l2"]


def test_what_was_edited_since_is_the_one_it_is_most_like_c4() -> None:
    renamed = entry("renamed")

    assert makers(creating("l1", OTHER), shown=renamed) == ["l1"]
    assert makers(creating("l1", OTHER), creating("l2", WANTED), shown=renamed) == ["l1", "l2"]


@pytest.mark.parametrize("apart", [{"private": True}, {"location": "Room 1"}, {"notes": "n"}])
def test_of_two_that_are_alike_but_for_one_thing_each_is_its_own_c4(apart: dict[str, Any]) -> None:
    secret = entry("wanted", **apart)

    assert makers(creating("l1", WANTED), creating("l2", secret), shown=secret) == ["l2"]
    assert makers(creating("l1", secret), creating("l2", WANTED)) == ["l2"]
    assert makers(creating("l1", WANTED), shown=secret) == ["l1"], "a person may have changed it"
