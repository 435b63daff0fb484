"""What goes back when a change is undone: fields that still hold its result; others are asked about (D7)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from daemon.core.entry import NO_FIELDS, PEOPLE, UNKNOWN, Entry, differing
from daemon.core.link import Claim, Deed, Link, Side
from daemon.core.record import Change

BASE32HEX: Final = "0123456789abcdefghijklmnopqrstuv"
ID_LENGTH: Final = 26

LOST: Final = {
    Side.SEVERA: "its own activity type, customer, phase, booked hours and whether it was closed",
    Side.GOOGLE: "a conference link, attachments, colour and reminders",
}
"""What a side may have held of which nothing is kept."""
LOST_ANSWERS: Final = "what the guests answered, who are listed as they were"


@dataclass(frozen=True, slots=True)
class Plan:
    """What an undo comes to for the fields of one change."""

    back: Entry = NO_FIELDS
    """The fields that go back, with the values that they get."""
    changed_since: frozenset[str] = frozenset()
    """Fields that hold something else by now; they are asked about."""
    done: frozenset[str] = frozenset()
    """Fields that hold the value of before already."""
    lost: frozenset[str] = frozenset()
    """Fields whose value of before, or of now, nobody knows."""


def plan_of(before: Entry, after: Entry, shown: Entry, *, is_forced: bool = False) -> Plan:
    """Return what goes back of a change from `before` to `after` on a side that shows `shown` now.

    With `is_forced` the fields that were changed since go back as well.
    """
    back, changed, done, lost = {}, set(), set(), set()
    for name in _names(before, after):
        old, new, now = before.value(name), after.value(name), shown.value(name)
        if old is UNKNOWN or now is UNKNOWN:
            lost.add(name)
        elif now == old:
            done.add(name)
        elif now == new or is_forced:
            back[name] = old
        else:
            changed.add(name)
    goes_back = before.only(back)
    return Plan(goes_back, frozenset(changed), frozenset(done), frozenset(lost))


def _names(before: Entry, after: Entry) -> list[str]:
    """Return the fields that a change was about, people one by one."""
    names = after.known().keys() - {PEOPLE}
    if after.people is not UNKNOWN:
        names |= after.persons() | (before.persons() if after.people.is_whole else set())
    return sorted(names)


def touched(result: Entry, shown: Entry) -> frozenset[str]:
    """Return in which fields a side is not any more as the sync left it."""
    return differing(result, shown)


def left_by_us(created: Entry, later: Iterable[Entry]) -> Entry:
    """Return what the sync left of something that it created and then wrote to, the oldest write first."""
    for written in later:
        created = written.over(created)
    return created


def cannot_come_back(entry: Entry, lost: Mapping[Side, Iterable[str]]) -> tuple[str, ...]:
    """Return what is lost for good when an entry that was removed is made again on these sides.

    `lost` says what each side cannot bring back of itself.
    """
    told = [words for side in Side for words in lost.get(side, ())]
    are_asked_anew = _has_guests(entry) and Side.GOOGLE in lost
    return (*told, *([LOST_ANSWERS] if are_asked_anew else []))


def _has_guests(entry: Entry) -> bool:
    """Tell whether anybody takes part besides the owner or organizer, whom every whole list names."""
    people = entry.people
    return people is not UNKNOWN and len(people.answers) > people.is_whole


def id_of_restored(change: Change) -> str:
    """Return the id of the link under which a removed entry is made again, the same at each try.

    It is 130 bits, as random as the id of the link that was removed; so a repeated undo meets what an earlier one made,
    also after a backup was restored.
    """
    text = f"{change.entry} {change.id} {change.at.isoformat()}"
    number = int.from_bytes(sha256(text.encode()).digest())
    return "".join(BASE32HEX[(number >> 5 * place) & 31] for place in range(ID_LENGTH))


def disowning(link: Link, side: Side, back: Entry) -> Link:
    """Return the link without earlier writes of ours of just what goes back: seen again, it is a person's wish."""
    claims = tuple(kept for claim in link.claims if (kept := _less(claim, side, back)) is not None)
    return replace(link, claims=claims)


def _less(claim: Claim, side: Side, back: Entry) -> Claim | None:
    if (claim.side, claim.deed) != (side, Deed.CHANGE):
        return claim
    values = claim.values
    names = [name for name in values.known() if back.value(name) != values.value(name)]
    if not names:
        return None
    return replace(claim, values=values.only(names), takes_in=claim.takes_in.only(names))
