"""First matching: which activity and which event are one entry, before the two were ever linked (C1)."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from daemon.core.entry import FIELDS, Entry, Unknown
from daemon.core.fit import PLACEHOLDER, with_length
from daemon.core.link import Base, Link, Side
from daemon.core.seen import Mark


@dataclass(frozen=True, slots=True)
class Candidate:
    """One side of an entry that has no other side yet."""

    link_id: str
    ref: str
    entry: Entry
    mark: Mark | None = None


def pairs(severa: Sequence[Candidate], google: Sequence[Candidate]) -> list[tuple[str, str]]:
    """Return pairs of link ids (Severa's, Google's), each id at most once.

    What the mark on an event says goes first, if the event is not a copy of the one that was marked. Then entries with
    equal subject, times and recurrence, the more alike in the rest first.
    """
    found = _by_mark(severa, google)
    taken = {link_id for pair in found for link_id in pair}
    found += _by_content(
        [one for one in severa if one.link_id not in taken],
        [one for one in google if one.link_id not in taken],
    )
    return found


def key_of(entry: Entry) -> Hashable | None:
    """Return what two entries have in common that are matched: subject, times, recurrence (C1)."""
    if isinstance(entry.title, Unknown) or isinstance(entry.when, Unknown):
        return None
    title = "" if entry.title == PLACEHOLDER else " ".join(entry.title.split())
    return title, with_length(entry.when)


def possible_doubles(links: Sequence[Link], api_user: str, *, is_again: bool) -> set[str]:
    """Return the ids of links with one side that may belong together, though a person has to say so (C4).

    What the daemon made itself (an activity by `api_user`, an event by its mark) and knows no more had another side.
    Where there is such, or was a backup put back (`is_again`), what looks like one in subject or time may have been.
    """
    alone = [
        link for link in links if link.base == Base() and bool(link.activity) != bool(link.copies)
    ]
    made = [link for link in alone if is_made_by_us(link, api_user)]
    if not made and not is_again:
        return set()
    shown = {side: [e for link in alone if (e := link.shows(side)) is not None] for side in Side}
    titles = {side: {entry.title for entry in entries} for side, entries in shown.items()}
    times = {side: {entry.when for entry in entries} for side, entries in shown.items()}

    def may_belong(link: Link) -> bool:
        """Tell whether something on the other side has the subject or the time in common."""
        side = Side.SEVERA if link.activity is not None else Side.GOOGLE
        entry = link.shows(side)
        if entry is None:
            return False
        return entry.title in titles[side.other] or entry.when in times[side.other]

    return {link.id for link in made} | {link.id for link in alone if may_belong(link)}


def is_like(one: Entry, other: Entry) -> bool:
    """Tell whether two entries have subject or times in common, so that they may have been one."""
    return one.title == other.title or one.when == other.when


def is_made_by_us(link: Link, api_user: str) -> bool:
    """Tell whether we made the one side that a link has: an activity by `api_user`, an event that bears our mark."""
    if link.activity is not None:
        return bool(api_user) and link.activity.created_by == api_user
    return link.google is not None and link.google.is_marked


def _by_mark(severa: Sequence[Candidate], google: Sequence[Candidate]) -> list[tuple[str, str]]:
    by_ref = {one.ref: one.link_id for one in severa}
    found: dict[str, str] = {}
    for one in google:
        if one.mark and one.mark.event == one.ref and one.mark.activity in by_ref:
            found.setdefault(by_ref[one.mark.activity], one.link_id)
    return list(found.items())


def _by_content(severa: Sequence[Candidate], google: Sequence[Candidate]) -> list[tuple[str, str]]:
    groups: dict[Hashable, tuple[list[Candidate], list[Candidate]]] = defaultdict(lambda: ([], []))
    for index, candidates in enumerate((severa, google)):
        for one in candidates:
            if (key := key_of(one.entry)) is not None:
                groups[key][index].append(one)
    return [pair for mine, theirs in groups.values() for pair in _best(mine, theirs)]


def _best(severa: list[Candidate], google: list[Candidate]) -> list[tuple[str, str]]:
    ranked = sorted(
        ((-_likeness(s.entry, g.entry), s.ref, g.ref, s, g) for s in severa for g in google),
        key=lambda row: row[:3],
    )
    used: set[str] = set()
    found = []
    for *_, mine, theirs in ranked:
        if not used & {mine.link_id, theirs.link_id}:
            used |= {mine.link_id, theirs.link_id}
            found.append((mine.link_id, theirs.link_id))
    return found


def _likeness(one: Entry, other: Entry) -> int:
    """Return how much two entries have in common; a text that both show says more than one that both lack."""
    shown = (getattr(one, name) for name in FIELDS if getattr(one, name) == getattr(other, name))
    return sum(2 if isinstance(value, str) and value else 1 for value in shown)
