"""An upgrade that reads the same object in another way is nobody's edit."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from daemon.core.claim import Claim, Deed
from daemon.core.company import Category
from daemon.core.entry import ABSENT, UNKNOWN, Answer, Entry, People, Timed
from daemon.core.link import Base, Link, Side
from daemon.core.seen import Activity, Copy

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SPACED = Entry(
    title="Plan", when=Timed(NOW, NOW + timedelta(hours=1)), location="", notes="x ", private=False
)
TRIMMED = replace(SPACED, notes="x")
ACTIVITY = Activity("a", "ann", SPACED, "meeting", Category.CALENDAR_ENTRY, updated_at=NOW)
COPY = Copy("e", "ann", SPACED, "e@google.com", version='"1"')
LINK = Link("one", Side.SEVERA, ACTIVITY, (COPY,), "ann", Base(SPACED, SPACED, "meeting"))
REREAD = {
    Side.SEVERA: replace(ACTIVITY, entry=TRIMMED, translator=1),
    Side.GOOGLE: replace(COPY, entry=TRIMMED, translator=1),
}
EDITED = {
    Side.SEVERA: replace(REREAD[Side.SEVERA], updated_at=NOW + timedelta(minutes=1)),
    Side.GOOGLE: replace(REREAD[Side.GOOGLE], version='"2"'),
}


@pytest.mark.parametrize("side", Side)
def test_what_reads_otherwise_now_is_agreed_on_as_it_reads_now(side: Side) -> None:
    link = LINK.showing(side, REREAD[side])

    assert link.shows(side) == link.base.on(side) == TRIMMED
    assert link.base.on(side.other) == SPACED


@pytest.mark.parametrize("side", Side)
def test_what_was_edited_as_well_is_an_edit(side: Side) -> None:
    link = LINK.showing(side, EDITED[side])

    assert link.shows(side) == TRIMMED
    assert link.base.on(side) == SPACED


@pytest.mark.parametrize("side", Side)
def test_what_the_same_translator_reads_otherwise_is_an_edit(side: Side) -> None:
    link = LINK.showing(side, replace(REREAD[side], translator=0))

    assert link.base.on(side) == SPACED


@pytest.mark.parametrize("side", Side)
def test_an_edit_from_before_the_upgrade_stays_one(side: Side) -> None:
    agreed = replace(SPACED, title="Sketch", notes="y ")
    link = replace(LINK, base=Base(agreed, agreed)).showing(side, REREAD[side])

    assert link.base.on(side) == agreed


def test_an_event_without_an_etag_is_never_taken_for_the_same() -> None:
    known = replace(LINK, copies=(replace(COPY, version=""),))

    link = known.showing(Side.GOOGLE, replace(REREAD[Side.GOOGLE], version=""))

    assert link.base.google == SPACED


def test_who_joined_in_severa_leaves_no_stamp_and_is_no_matter_of_reading() -> None:
    alone, both = (
        People.of(dict.fromkeys(asked, Answer.NONE))
        for asked in (["ann@x.com"], ["ann@x.com", "b"])
    )
    known = replace(LINK, activity=replace(ACTIVITY, entry=replace(SPACED, people=alone)))
    known = replace(known, base=Base(replace(SPACED, people=alone), SPACED))
    seen = replace(REREAD[Side.SEVERA], entry=replace(TRIMMED, people=both))

    link = known.showing(Side.SEVERA, seen)

    assert link.shows(Side.SEVERA) == replace(TRIMMED, people=both)
    assert link.base.severa == replace(TRIMMED, people=alone)


def test_a_listing_under_a_new_translator_does_not_ask_for_the_people_again() -> None:
    people = People.of({"ann@x.com": Answer.ACCEPTED})
    known = replace(LINK, activity=replace(ACTIVITY, entry=replace(SPACED, people=people)))

    link = known.showing(Side.SEVERA, REREAD[Side.SEVERA])

    assert not link.lacks_people
    assert link.shows(Side.SEVERA) == replace(TRIMMED, people=people)


def test_what_a_write_under_way_takes_in_reads_as_its_side_does_now() -> None:
    claim = Claim(Side.SEVERA, Deed.CHANGE, NOW, Entry(notes="x "), Entry(notes="x "), ref="a")
    known = replace(LINK, claims=(claim,))

    (kept,) = known.showing(Side.GOOGLE, REREAD[Side.GOOGLE]).claims

    assert kept.takes_in == Entry(notes="x")


def test_what_a_guests_copy_showed_when_it_was_settled_reads_as_it_does_now() -> None:
    settled = replace(SPACED, location="Hall")
    known = replace(LINK, copies=(replace(COPY, before=settled),))

    (copy,) = known.showing(Side.GOOGLE, REREAD[Side.GOOGLE]).copies

    assert copy.before == replace(TRIMMED, location="Hall")


def test_what_nobody_has_agreed_on_yet_is_only_seen() -> None:
    known = replace(LINK, base=Base(ABSENT, ABSENT))

    assert known.showing(Side.GOOGLE, REREAD[Side.GOOGLE]).base == Base(ABSENT, ABSENT)


def test_a_field_that_cannot_be_read_any_more_is_no_edit() -> None:
    hidden = replace(REREAD[Side.GOOGLE], entry=replace(SPACED, notes=UNKNOWN))

    assert LINK.showing(Side.GOOGLE, hidden).base.google == SPACED
