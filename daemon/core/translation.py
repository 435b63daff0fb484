"""After an upgrade the same object may read otherwise: what was seen of it and what was agreed on move together.

A new release may trim a text or read a time in another way. Each translator has a number, which is kept with what it
read: where only that is another, nobody edited anything, and nothing is written.
"""

from dataclasses import replace

from daemon.core.claim import Claim, Side
from daemon.core.entry import Entry, Half, differing
from daemon.core.seen import Activity, Copy, Seen


def is_reread(known: Seen, seen: Seen) -> bool:
    """Tell whether another translator has read the very object that was seen before.

    Google says so by the etag. Severa by its stamps, which do not move when people join, so they are none of it.
    """
    if known.translator == seen.translator or known.ref != seen.ref:
        return False
    if isinstance(known, Copy) and isinstance(seen, Copy):
        return bool(seen.version) and known.version == seen.version
    if isinstance(known, Activity) and isinstance(seen, Activity):
        return (known.created_at, known.updated_at) == (seen.created_at, seen.updated_at)
    return False


def reread_activity(known: Activity, seen: Activity) -> Activity:
    """Return what was seen of an activity, in the words of the new translator."""
    entry = replace(seen.entry, people=known.entry.people)
    return replace(known, entry=entry, translator=seen.translator)


def reread_copy(known: Copy, seen: Copy) -> Copy:
    """Return what was seen of a copy, in the words of the new translator."""
    before = known.before and reread(known.before, known.entry, seen.entry)
    return replace(known, entry=seen.entry, translator=seen.translator, before=before)


def reread(entry: Entry, then: Entry, now: Entry) -> Entry:
    """Return an entry with what reads otherwise now in place of what the old translator made of the same."""
    moved = [name for name in differing(then, now) if entry.value(name) == then.value(name)]
    return now.only(moved).over(entry) if moved else entry


def reread_half(half: Half, then: Entry | None, now: Entry | None) -> Half:
    """Return half of a base after its side was read anew; what was edited before stays edited."""
    if not isinstance(half, Entry) or then is None or now is None:
        return half
    return reread(half, then, now)


def reread_claim(claim: Claim, side: Side, then: Entry | None, now: Entry | None) -> Claim:
    """Return a write to the other side with what it takes in from the side that was read anew."""
    if claim.side is side or then is None or now is None:
        return claim
    return replace(claim, takes_in=reread(claim.takes_in, then, now))
