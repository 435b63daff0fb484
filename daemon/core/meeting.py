"""From the copies that several users have of one event to the one Google side of a link.

The organizer's own copy speaks where the organizer is one of us, else the copy of one attendee who
stays chosen. An edit is a change within one copy: that another copy speaks from now on, or that two
copies differ, is none.
"""

from collections.abc import Sequence
from dataclasses import replace

from daemon.core.entry import FIELDS, Entry, Half, differing
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
    if source and (any(copy.user == source for copy in copies) or not is_leaving):
        return source
    return next((copy.user for copy in copies), "")


def anchored(half: Half, spoke: Copy | None, speaks: Copy | None) -> Half:
    """Return Google's half of the base after another copy took over: fields that were agreed are agreed again."""
    if spoke is None or speaks is None or spoke.user == speaks.user or not isinstance(half, Entry):
        return half
    agreed = set(FIELDS) - differing(spoke.entry, half)
    return replace(half, **speaks.entry.only(agreed).known())
