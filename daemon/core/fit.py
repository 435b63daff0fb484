"""How a value is carried from one side to the other where the other cannot hold it as it stands.

What is lost on the way (a cut text, a made-up length, a placeholder) never travels back: the base remembers both
halves, and `carry` consults them.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from daemon.core.entry import UNKNOWN, AllDay, Entry, Half, Timed, When, entry_of
from daemon.core.link import Base, Side

PLACEHOLDER: Final = "(no subject)"
MASK: Final = "(private)"
"""The name of an activity that became private in Google but cannot in Severa (B4)."""
MASKS: Final = {"title": MASK, "notes": ""}
ELLIPSIS: Final = "…"
MADE_UP_LENGTH: Final = timedelta(minutes=15)
LIMITS: Final = {
    # Severa states 1,000 for the location only; the others keep a margin below what was seen to be refused.
    Side.SEVERA: {"title": 190, "location": 1_000, "notes": 9_900},
    # Google: a description fails somewhere above 8,192 characters.
    Side.GOOGLE: {"title": 1_000, "location": 1_000, "notes": 8_000},
}


def carry(entry: Entry, to: Side, base: Base) -> Entry:
    """Return the known fields of `entry` (shown by the other side) as `to` is to hold them."""
    return entry_of(
        {name: _carried(name, value, to, base) for name, value in entry.known().items()}
    )


def _carried(name: str, value: Any, to: Side, base: Base) -> Any:
    if name == "when":
        return with_length(value) if to is Side.GOOGLE else _without_made_up_length(value, base)
    if name == "title" and to is Side.SEVERA and not value:
        return PLACEHOLDER
    if name == "title" and to is Side.GOOGLE and value == PLACEHOLDER:
        return ""
    if name in LIMITS[to]:
        return _mended(name, value, to, base)
    return value


def has_length(when: When) -> bool:
    """Tell whether an entry takes any time at all."""
    if isinstance(when, AllDay):
        return when.until is not None and when.until > when.first
    return when.end is not None and when.end > when.start


def with_length(when: When) -> When:
    """Return the same with a length: Google refuses events of none."""
    if has_length(when):
        return when
    if isinstance(when, AllDay):
        return replace(when, until=when.first + timedelta(days=1))
    return replace(when, end=when.start + MADE_UP_LENGTH)


def _without_made_up_length(when: When, base: Base) -> When:
    before = _field(base.severa, "when")
    was_without = isinstance(before, Timed | AllDay) and not has_length(before)
    bare = replace(when, until=None) if isinstance(when, AllDay) else replace(when, end=None)
    if was_without and when == with_length(bare):
        return bare
    if isinstance(when, Timed) and when.end is not None and when.end < when.start:
        return replace(when, end=when.start)
    return when


def _mended(name: str, value: str, to: Side, base: Base) -> str:
    """Put an edit of a cut text before the part that was not visible, or cut what is too long."""
    whole, before = _field(base.on(to), name), _field(base.on(to.other), name)
    if isinstance(whole, str) and isinstance(before, str):
        visible = before.removesuffix(ELLIPSIS)
        is_cut = visible != before or len(whole) > LIMITS[to.other][name]
        if is_cut and whole != before and whole.startswith(visible):
            value = value.removesuffix(ELLIPSIS) + whole[len(visible) :]
    limit = LIMITS[to][name]
    return value if len(value) <= limit else value[: limit - 1] + ELLIPSIS


def _field(half: Half, name: str) -> Any:
    return getattr(half, name) if isinstance(half, Entry) else UNKNOWN
