"""From the copies that several users have of one event to the one Google side of a link.

The organizer's own copy speaks where the organizer is one of us, else the copy of one attendee who
stays chosen; what somebody answered is known best by the own copy. An edit is a change within one copy: that another
guest's copy speaks from now on, or that two copies differ, is none; but who is asked anew gets what the organizer says.
"""

from collections.abc import Sequence
from dataclasses import replace

from daemon.core.entry import (
    NO_FIELDS,
    UNKNOWN,
    Answer,
    Entry,
    Half,
    address_in,
    differing,
    entry_of,
    person,
)
from daemon.core.seen import Copy


def speaking(copies: Sequence[Copy], spoke: Copy | None, source: str) -> str:
    """Return the user whose copy speaks now.

    `source` is who was chosen, `spoke` that user's copy as it was. An organizer whose event is gone goes on speaking,
    so that the meeting is gone, until somebody else organizes it.
    """
    organizers = [copy.user for copy in copies if copy.is_organizer]
    if organizers:
        return source if source in organizers else organizers[0]
    is_leaving = spoke is not None and not spoke.is_organizer
    if source and (copy_of(copies, source) is not None or not is_leaving):
        return source
    return next((copy.user for copy in copies), "")


def copy_of(copies: Sequence[Copy], user: str) -> Copy | None:
    """Return one user's copy."""
    return next((copy for copy in copies if copy.user == user), None)


def shown_by(copies: Sequence[Copy], source: str) -> Entry | None:
    """Return what Google shows: the speaking copy, with each answer as the answerer's own copy has it."""
    speaks = copy_of(copies, source)
    if speaks is None or speaks.entry.people is UNKNOWN:
        return speaks.entry if speaks else None
    listed = speaks.entry.people
    own = {
        person(copy.address): answer
        for copy in copies
        if copy is not speaks and listed.answer(copy.address) not in (Answer.OUT, UNKNOWN)
        if (answer := _own_answer(copy)) not in (Answer.OUT, UNKNOWN)
    }
    return entry_of(speaks.entry.known() | own) if own else speaks.entry


def remembering(old: Copy | None, seen: Copy | None) -> Copy | None:
    """Return a copy as it is now with what it showed when its link was settled last: nothing if it is new."""
    if seen is None:
        return None
    if old is None:
        return seen if seen.is_organizer else replace(seen, before=NO_FIELDS)
    before = old.before or (old.entry if old.entry != seen.entry else None)
    return replace(seen, before=before)


def anchored(half: Half, before: Sequence[Copy], was: str, after: Sequence[Copy], now: str) -> Half:
    """Return Google's half of the base after the copies moved: what differs without an edit is agreed again.

    `was` and `now` are whose copies spoke. When the organizer's own event takes over from a guest's copy, or a copy
    does that nobody had when it was settled last, what differs is the organizer's word: the copy may have been older.
    """
    then, shown = shown_by(before, was), shown_by(after, now)
    if then is None or shown is None or not isinstance(half, Entry):
        return half
    if was != now and (any(copy.is_organizer for copy in after) or _is_new(copy_of(after, now))):
        return half
    shifted = differing(then, shown) - _edited(before, was, after, now)
    agreed = {name for name in shifted if half.value(name) == then.value(name)}
    return shown.only(agreed).over(half) if agreed else half


def is_unspoken(copies: Sequence[Copy], source: str) -> bool:
    """Tell whether a guest's copy changed to what the copy that speaks does not show: another's own words, or news.

    Which of the two it is shows once the copy that speaks was looked at again.
    """
    speaks = copy_of(copies, source)
    if speaks is None or speaks.is_organizer:
        return False
    changed = (copy.entry for copy in copies if copy.user != source and copy.before is not None)
    return any(
        _is_of_all(name, entry, speaks.entry)
        for entry in changed
        for name in differing(entry, speaks.entry)
    )


def _is_of_all(name: str, one: Entry, other: Entry) -> bool:
    """Tell whether a difference is more than an answer, which each copy may know sooner or later."""
    return not address_in(name) or Answer.OUT in (one.value(name), other.value(name))


def _edited(before: Sequence[Copy], was: str, after: Sequence[Copy], now: str) -> frozenset[str]:
    """Return what somebody changed: the copy that speaks, and each one's own answer; who deletes a copy leaves."""
    left = {copy.user for copy in before} - {copy.user for copy in after}
    moved = [copy for copy in after if copy not in before]
    names = {person(copy.address) for copy in [*moved, *(c for c in before if c.user in left)]}
    old, new = copy_of(before, was), copy_of(after, now)
    if was != now and new is not None and new.before is not None:
        names |= differing(new.before, new.entry)
    if was == now and old is not None and new is not None:
        names |= differing(old.entry, new.entry)
    return frozenset(names)


def _is_new(copy: Copy | None) -> bool:
    return copy is not None and copy.before == NO_FIELDS


def _own_answer(copy: Copy) -> object:
    return copy.entry.value(person(copy.address)) if copy.address else UNKNOWN
