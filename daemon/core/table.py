"""What a pair of turns comes to: one row for every combination of what happened on the two sides."""

from enum import Enum
from itertools import product
from typing import Final

from daemon.core.entry import ABSENT, AS_SERIES, CANCELLED, Entry, Half, Hidden, Value, differing
from daemon.core.link import Stand


class Turn(Enum):
    """What happened on one side since the two last agreed."""

    ABSENT = "absent"
    """There was nothing and there is nothing."""
    NEW = "new"
    """There was nothing and there is something now."""
    SAME = "same"
    EDITED = "edited"
    GONE = "gone"
    HIDDEN = "hidden"
    """A rule keeps it out: nothing is decided by it, and it is never made again."""
    LEAVING = "leaving"
    """A rule takes it out of the sync, and its other side away."""


class Row(Enum):
    """What a pair of turns comes to."""

    NOTHING = "nothing"
    FORGET = "forget"
    SETTLE_GONE = "settle gone"
    """The entry has no pair any more: what is left is no business of the other side."""
    JOIN = "join"
    CREATE_IN_SEVERA = "create in Severa"
    CREATE_IN_GOOGLE = "create in Google"
    CARRY_TO_SEVERA = "carry to Severa"
    CARRY_TO_GOOGLE = "carry to Google"
    MERGE = "merge"
    REMOVE_FROM_SEVERA = "remove from Severa"
    REMOVE_FROM_GOOGLE = "remove from Google"


_T, _R = Turn, Row

TABLE: Final[dict[tuple[Turn, Turn], Row]] = {
    # (Severa, Google)
    (_T.ABSENT, _T.ABSENT): _R.FORGET,
    (_T.ABSENT, _T.NEW): _R.CREATE_IN_SEVERA,
    (_T.ABSENT, _T.SAME): _R.NOTHING,
    (_T.ABSENT, _T.EDITED): _R.CREATE_IN_SEVERA,
    (_T.ABSENT, _T.GONE): _R.FORGET,
    (_T.ABSENT, _T.HIDDEN): _R.NOTHING,
    (_T.ABSENT, _T.LEAVING): _R.NOTHING,
    (_T.NEW, _T.ABSENT): _R.CREATE_IN_GOOGLE,
    (_T.NEW, _T.NEW): _R.JOIN,
    (_T.NEW, _T.SAME): _R.JOIN,
    (_T.NEW, _T.EDITED): _R.JOIN,
    (_T.NEW, _T.GONE): _R.CREATE_IN_GOOGLE,
    (_T.NEW, _T.HIDDEN): _R.NOTHING,
    (_T.NEW, _T.LEAVING): _R.NOTHING,
    (_T.SAME, _T.ABSENT): _R.NOTHING,
    (_T.SAME, _T.NEW): _R.JOIN,
    (_T.SAME, _T.SAME): _R.NOTHING,
    (_T.SAME, _T.EDITED): _R.CARRY_TO_SEVERA,
    (_T.SAME, _T.GONE): _R.REMOVE_FROM_SEVERA,
    (_T.SAME, _T.HIDDEN): _R.NOTHING,
    (_T.SAME, _T.LEAVING): _R.REMOVE_FROM_SEVERA,
    (_T.EDITED, _T.ABSENT): _R.CREATE_IN_GOOGLE,
    (_T.EDITED, _T.NEW): _R.JOIN,
    (_T.EDITED, _T.SAME): _R.CARRY_TO_GOOGLE,
    (_T.EDITED, _T.EDITED): _R.MERGE,
    (_T.EDITED, _T.GONE): _R.CREATE_IN_GOOGLE,
    (_T.EDITED, _T.HIDDEN): _R.NOTHING,
    # An edit is carried before its entry leaves, so that it is not lost.
    (_T.EDITED, _T.LEAVING): _R.CARRY_TO_GOOGLE,
    (_T.GONE, _T.ABSENT): _R.FORGET,
    (_T.GONE, _T.NEW): _R.CREATE_IN_SEVERA,
    (_T.GONE, _T.SAME): _R.REMOVE_FROM_GOOGLE,
    (_T.GONE, _T.EDITED): _R.CREATE_IN_SEVERA,
    (_T.GONE, _T.GONE): _R.FORGET,
    (_T.GONE, _T.HIDDEN): _R.NOTHING,
    (_T.GONE, _T.LEAVING): _R.SETTLE_GONE,
    (_T.HIDDEN, _T.ABSENT): _R.NOTHING,
    (_T.HIDDEN, _T.NEW): _R.NOTHING,
    (_T.HIDDEN, _T.SAME): _R.NOTHING,
    (_T.HIDDEN, _T.EDITED): _R.NOTHING,
    (_T.HIDDEN, _T.GONE): _R.NOTHING,
    (_T.HIDDEN, _T.HIDDEN): _R.NOTHING,
    (_T.HIDDEN, _T.LEAVING): _R.NOTHING,
    (_T.LEAVING, _T.ABSENT): _R.NOTHING,
    (_T.LEAVING, _T.NEW): _R.NOTHING,
    (_T.LEAVING, _T.SAME): _R.REMOVE_FROM_GOOGLE,
    (_T.LEAVING, _T.EDITED): _R.CARRY_TO_SEVERA,
    (_T.LEAVING, _T.GONE): _R.SETTLE_GONE,
    (_T.LEAVING, _T.HIDDEN): _R.NOTHING,
    (_T.LEAVING, _T.LEAVING): _R.NOTHING,
}

_REMOVALS = frozenset({_R.REMOVE_FROM_SEVERA, _R.REMOVE_FROM_GOOGLE})
_FINAL = frozenset({_R.NOTHING, _R.FORGET})

STANDINGS: Final[dict[tuple[Stand, Row], Row]] = {
    (stand, row): row
    if stand in (Stand.LIVE, Stand.RESTORED)
    or row in _FINAL
    # What is held is a removal, or a creation that `sync.brakes` keeps back; an edit lets go of a removal.
    or (stand is Stand.HELD and row not in _REMOVALS)
    else Row.NOTHING
    for stand, row in product(Stand, Row)
}


def turn(value: Value, half: Half) -> Turn:
    """Compare what a side shows with its own half of the base."""
    if isinstance(value, Hidden):
        return Turn.LEAVING if value.leaving else Turn.HIDDEN
    was_there = half is not ABSENT and half is not CANCELLED
    if value is ABSENT or value is CANCELLED:
        return Turn.GONE if was_there else Turn.ABSENT
    if not was_there:
        return Turn.NEW
    if value is AS_SERIES or half is AS_SERIES:
        return Turn.SAME if value is half else Turn.EDITED
    assert isinstance(value, Entry), "the other kinds of value were met above"
    assert isinstance(half, Entry), "the other kinds of half were met above"
    return Turn.EDITED if differing(value, half) else Turn.SAME
