"""From the copies that several users have of one event to the one Google side of a link.

The organizer's own copy speaks where the organizer is one of us, else the copy of one attendee who
stays chosen. An edit is a change within one copy: that another copy speaks from now on, or that two
copies differ, is none.
"""

from collections.abc import Sequence
from dataclasses import replace

from daemon.core.entry import FIELDS, Entry, Half, differing
from daemon.core.seen import Copy


def speaking(copies: Sequence[Copy], spoke: Copy | None) -> str:
    """Return the user whose copy speaks now; an organizer goes on speaking when the event is gone."""
    organizers = [copy.user for copy in copies if copy.is_organizer]
    if spoke is not None and spoke.is_organizer:
        return spoke.user
    if spoke is not None and not organizers and any(copy.user == spoke.user for copy in copies):
        return spoke.user
    return next(iter([*organizers, *(copy.user for copy in copies)]), "")


def anchored(half: Half, spoke: Copy | None, speaks: Copy | None) -> Half:
    """Return Google's half of the base after another copy took over: fields that were agreed are agreed again."""
    if spoke is None or speaks is None or spoke.user == speaks.user or not isinstance(half, Entry):
        return half
    agreed = set(FIELDS) - differing(spoke.entry, half)
    return replace(half, **speaks.entry.only(agreed).known())
