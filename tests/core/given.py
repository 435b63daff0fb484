"""Small entries, sides and links for the tests of the heart."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from daemon.core.company import Category
from daemon.core.entry import ABSENT, AllDay, Answer, Entry, Half, Hidden, People, Timed, Value
from daemon.core.link import Base, Claim, Deed, Link, Side, Stand, Standing
from daemon.core.reconcile import next_action
from daemon.core.seen import Activity, Copy
from daemon.core.table import Turn, turn
from daemon.core.view import Action, Settle, View

S, G = Side.SEVERA, Side.GOOGLE
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SELECTED = "type-meeting"
UNSELECTED = "type-other"


def at(hour: int, minute: int = 0, *, day: int = 2) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def timed(hour: int = 9, minutes: int | None = 60) -> Timed:
    return Timed(at(hour), None if minutes is None else at(hour) + timedelta(minutes=minutes))


def all_day(day: int = 2, days: int | None = 1) -> AllDay:
    first = date(2026, 3, day)
    return AllDay(first, None if days is None else first + timedelta(days=days))


def people(*addresses: str, answer: Answer = Answer.NONE) -> People:
    return People.of({f"{address}@example.com": answer for address in addresses})


def joining(*addresses: str, answer: Answer = Answer.NONE) -> Entry:
    """Return the change that says this of just these people."""
    answers = {f"{address}@example.com": answer for address in addresses}
    return Entry(people=People.of(answers, is_whole=False))


def leaving_it(*addresses: str) -> Entry:
    """Return the change that these people do not take part."""
    return joining(*addresses, answer=Answer.OUT)


def entry(title: str = "Review", **fields: Any) -> Entry:
    """Return an entry with every field known."""
    rest: dict[str, Any] = {
        "when": timed(),
        "location": "",
        "notes": "",
        "private": False,
        "people": People(),
    }
    return Entry(title=title, **(rest | fields))


def activity(shown: Entry | None = None, **fields: Any) -> Activity:
    rest: dict[str, Any] = {
        "ref": "a1",
        "user": "ann",
        "type": SELECTED,
        "category": Category.CALENDAR_ENTRY,
    }
    return Activity(entry=shown or entry(), **(rest | fields))


def copy(shown: Entry | None = None, **fields: Any) -> Copy:
    rest: dict[str, Any] = {"ref": "e1", "user": "ann", "uid": "uid-1"}
    return Copy(entry=shown or entry(), **(rest | fields))


def linked(shown: Entry | None = None, **fields: Any) -> Link:
    """Return a link whose two sides show the same and have agreed on it."""
    both = shown or entry()
    rest: dict[str, Any] = {
        "id": "l1",
        "born": S,
        "activity": activity(both),
        "copies": (copy(both),),
        "source": "ann",
        "base": Base(both, both, SELECTED),
    }
    return Link(**(rest | fields))


def change(side: Side, values: Entry, takes_in: Entry | None = None, **fields: Any) -> Claim:
    """Return a claim to change fields of the side that `linked` shows."""
    rest: dict[str, Any] = {
        "deed": Deed.CHANGE,
        "made_at": NOW,
        "ref": "a1" if side is S else "e1",
        "user": "ann",
    }
    return Claim(side, values=values, takes_in=takes_in or values, **(rest | fields))


def create(side: Side, values: Entry, takes_in: Entry | None = None, **fields: Any) -> Claim:
    rest: dict[str, Any] = {"deed": Deed.CREATE, "ref": "" if side is S else "l10"}
    return change(side, values, takes_in, **(rest | fields))


def remove(side: Side, **fields: Any) -> Claim:
    rest: dict[str, Any] = {"deed": Deed.REMOVE}
    return change(side, Entry(), **(rest | fields))


def hidden(rule: str = "B2", shown: Entry | None = None) -> Hidden:
    return Hidden(shown or entry(), rule)


def leaving(rule: str = "B5", shown: Entry | None = None) -> Hidden:
    return Hidden(shown or entry(), rule, leaving=True)


def view(
    severa: Value,
    google: Value,
    base: Base | tuple[Half, Half] = (ABSENT, ABSENT),
    *,
    winner: Side = S,
    born: Side = S,
    stand: Stand = Stand.LIVE,
    kind: str = SELECTED,
    read_only: Iterable[Side] = (),
    keepers: Mapping[Side, str] | None = None,
    copies: Iterable[Copy] = (),
    **of_activity: Any,
) -> View:
    """Return what is decided about when the sides show this and once agreed on `base` (Severa's half, Google's)."""
    category = Category.ABSENCE if S in read_only else Category.CALENDAR_ENTRY
    shown = {side: _entry_in(value) for side, value in ((S, severa), (G, google))}
    link = Link(
        "l1",
        born,
        activity(shown[S], category=category, **of_activity) if shown[S] else None,
        (*([copy(shown[G], is_writable=G not in read_only)] if shown[G] else ()), *copies),
        "ann",
        base if isinstance(base, Base) else Base(*base, kind),
        standing=Standing(stand),
    )
    return View(link, severa, google, winner, keepers or {})


def after_settling(one: View) -> Action | None:
    """Return what is done next once nothing is left to agree on, where no side has to be written to for that."""
    for _ in range(4):
        action = next_action(one)
        if not isinstance(action, Settle):
            return action
        one = replace(one, link=replace(one.link, base=action.base))
    raise AssertionError(f"it settles for ever: {action}")


def _entry_in(value: Value) -> Entry | None:
    if isinstance(value, Hidden):
        return value.entry
    return value if isinstance(value, Entry) else None


def retitled(link: Link, side: Side, title: str) -> Link:
    """Return the link after a person changed the title on one side."""
    seen = link.seen(side)
    assert seen is not None, "only a side that is there has a title"
    return link.showing(side, replace(seen, entry=replace(seen.entry, title=title)))


def turns(link: Link) -> tuple[Turn, Turn]:
    """Return what happened on Severa's side and on Google's since they agreed."""
    shown = {side: seen.entry if (seen := link.seen(side)) else ABSENT for side in Side}
    return turn(shown[S], link.base.severa), turn(shown[G], link.base.google)


def retitling(side: Side, title: str) -> Claim:
    return change(side, Entry(title=title))
