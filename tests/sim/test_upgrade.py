"""A new release reads the same objects in another way: it writes nothing for that, and loses no edit made meanwhile."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from daemon.core.entry import UNKNOWN, Answer, Entry
from daemon.core.link import Side
from daemon.sync.engine import Engine
from daemon.sync.ports import Store
from tests.doubles.google import Event
from tests.doubles.store import MemoryStore

from .interrupted import BEN, CAT, Harm, Interrupted

BOTH = (Side.SEVERA, Side.GOOGLE)
A_DAY_OF_ROUNDS = (31, 31, 4000, 80_000, 4000, 31)


def read_anew(entry: Entry) -> Entry:
    """Return an entry as the new release reads it: without the mark that the old one left in the notes."""
    notes = entry.notes
    return entry if notes is UNKNOWN else replace(entry, notes=notes.replace("\u2020", ""))


class Office(Interrupted):
    """A company whose daemon can be exchanged for one that reads these sides in another way."""

    translators: Mapping[Side, int] = dict.fromkeys(Side, 1)

    def _born(self) -> Engine:
        tools = super()._born()._tools
        return Engine(replace(tools, translators=self.translators))

    def upgrade(self, *sides: Side) -> None:
        """Start a new release."""
        self.translators = {**self.translators, **dict.fromkeys(sides, 2)}
        self._engine = self._born()

    def read_with_numbers(self) -> None:
        """Let both vendors be read by translators, as the adapters do."""
        severa: Any = self.severa
        google: Any = self.google
        found, page, event = severa._found, severa._page, google._found

        def activity(row: Any) -> Any:
            number = self.translators[Side.SEVERA]
            entry = read_anew(row.entry) if number > 1 else row.entry
            return replace(row, entry=entry, translator=number)

        def copy(kept: Event) -> Event:
            number = self.translators[Side.GOOGLE]
            entry = read_anew(kept.copy.entry) if number > 1 else kept.copy.entry
            return replace(kept, copy=replace(kept.copy, entry=entry, translator=number))

        def rows(*asked: Any) -> Any:
            shown, after = page(*asked)
            return tuple(map(activity, shown)), after

        def listed(user: str, refs: list[str], cursor: str | None) -> Any:
            whole = google_page(user, refs, cursor)
            seen = tuple(copy(Event(one)).copy for one in whole.seen)
            return replace(whole, seen=seen)

        def made(vendor: Any, method: Any, translated: Any) -> Any:
            """Carry a write out on what the vendor keeps, and translate what it answers."""

            def carried(*asked: Any) -> Any:
                translating, vendor._found = vendor._found, found if vendor is severa else event
                answer = method(*asked)
                vendor._found = translating
                return translated(answer)

            return carried

        google_page = google._page
        severa._found = lambda ref: activity(found(ref))
        severa._page = rows
        severa._create = made(severa, severa._create, activity)
        severa._change = made(severa, severa._change, activity)
        google._found = lambda user, ref: copy(event(user, ref))
        google._page = listed
        google._create = made(google, google._create, lambda one: copy(Event(one)).copy)
        google._change = made(google, google._change, lambda one: copy(Event(one)).copy)


@pytest.fixture
def store() -> Store:
    return MemoryStore()


@pytest.fixture
async def office(store: Store) -> Office:
    office = Office(store, with_others=True)
    office.read_with_numbers()
    await office.switch_on()
    office.add_activity("from Severa", 1, guests={BEN: Answer.ACCEPTED})
    office.add_event("from Google", 2, guests={BEN: Answer.NONE, CAT: Answer.NONE})
    office.edit_activity("from Severa", notes="a\u2020")
    office.edit_event("from Google", notes="b\u2020")
    await office.settle((31, 31, 1000))
    assert office.writes, "all is synced"
    return office


@pytest.mark.parametrize("sides", [(Side.SEVERA,), (Side.GOOGLE,), BOTH])
async def test_an_upgrade_writes_nothing(office: Office, sides: tuple[Side, ...]) -> None:
    writes = office.writes
    before = office.shown()

    office.upgrade(*sides)
    await office.settle(A_DAY_OF_ROUNDS)

    assert office.writes == writes
    assert office.shown() == before


@pytest.mark.parametrize("sides", [(Side.SEVERA,), (Side.GOOGLE,), BOTH])
async def test_an_edit_made_during_the_upgrade_is_carried_over(
    office: Office, sides: tuple[Side, ...]
) -> None:
    office.edit_activity("from Severa", location="Hall")
    office.edit_event("from Google", location="Garden")

    office.upgrade(*sides)
    await office.settle(A_DAY_OF_ROUNDS)

    for side in Side:
        assert office.entry(side, "from Severa").location == "Hall"
        assert office.entry(side, "from Google").location == "Garden"


@pytest.mark.parametrize("sides", [(Side.SEVERA,), (Side.GOOGLE,), BOTH])
async def test_an_edit_after_the_upgrade_is_carried_over_alone(
    office: Office, sides: tuple[Side, ...]
) -> None:
    office.upgrade(*sides)
    await office.settle(A_DAY_OF_ROUNDS)
    raw = {title: office.event(title) for title in ("from Severa", "from Google")}

    office.edit_event("from Severa", title="S")
    office.edit_activity("from Google", title="G")
    await office.settle()

    for side in Side:
        assert office.titles(side) == ["G", "S"]
    kept = [office.google.living()[ref].entry.notes for ref in raw.values()]
    assert kept == ["a\u2020", "b\u2020"], "no text was written that nobody edited"


async def test_what_is_written_right_after_the_upgrade_says_only_what_was_edited(
    office: Office,
) -> None:
    office.edit_activity("from Severa", title="S")

    office.upgrade(Side.GOOGLE)
    await office.settle((31, 31))

    assert office.entry(Side.GOOGLE, "S").notes == "a\u2020"
    assert office.entry(Side.SEVERA, "S").notes == "a\u2020"


async def test_an_activity_that_no_listing_shows_is_read_before_it_is_written_to(
    office: Office,
) -> None:
    far = await far_ahead(office)
    office.edit_event("far ahead", title="F")

    office.upgrade(Side.SEVERA)
    await office.settle((31, 31))

    assert office.severa.rows[far].entry.title == "F"
    assert office.entry(Side.GOOGLE, "F").notes == "c\u2020"


async def test_an_event_is_read_again_before_anybody_edits_it(office: Office) -> None:
    far = await far_ahead(office)
    office.upgrade(Side.GOOGLE)
    await office.settle((31,))

    office.edit_event("far ahead", title="F")
    await office.settle((31, 31))

    row = office.severa.rows[far].entry
    assert (row.title, row.notes) == ("F", "c\u2020")


async def far_ahead(office: Office) -> str:
    """Return an activity beyond the window that each round lists whole, among others for the sweep to come to."""
    for number in range(10):
        office.add_activity(f"another {number}", 50 * 24 + number)
    await office.settle((31, 31))
    ref = office.add_activity("far ahead", 40 * 24)
    office.edit_activity("far ahead", notes="c\u2020")
    await office.settle((31, 31, 1000))
    # Listings reach back to the latest change, so that must be another one.
    office.add_activity("later", 51 * 24)
    await office.settle((31, 31))
    assert office.entry(Side.GOOGLE, "far ahead").notes == "c\u2020"
    return ref


async def test_an_upgrade_asks_severa_for_nothing_in_bulk(office: Office) -> None:
    for number in range(20):
        office.add_activity(f"more {number}", 30 + number)
    await office.settle((31, 31, 1000))

    office.upgrade(*BOTH)
    office.hurt(0, Harm.DIES_AFTER)
    await office.settle((31,))

    asked = [step for step in office.steps if step.startswith("severa get")]
    assert len(asked) <= 2, "what a listing shows is not read by id as well"
