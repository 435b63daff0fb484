"""What a person would call the same on both sides, said once more and apart from the daemon's own words for it."""

from datetime import timedelta
from typing import Any

from daemon.core.entry import AllDay, Timed
from daemon.core.link import Side

PLACEHOLDER = "(no subject)"
ELLIPSIS = "…"
LONGEST = {
    Side.SEVERA: {"title": 190, "location": 1_000, "notes": 9_900},
    Side.GOOGLE: {"title": 1_000, "location": 1_000, "notes": 8_000},
}
FIELDS = ("title", "when", "location", "notes", "private")


def alike(name: str, severa: Any, google: Any) -> bool:
    """Tell whether Severa's value and Google's are the same as far as each side can hold it (B7, B8)."""
    if severa == google:
        return True
    if name == "title" and google == "" and severa == PLACEHOLDER:
        return True
    if name == "when":
        return _lasting(severa) == _lasting(google)
    return name in LONGEST[Side.SEVERA] and _is_cut(name, severa, google)


def is_long(name: str, value: Any) -> bool:
    """Tell whether a text is, or was, too long for one of the sides."""
    limits = [LONGEST[side].get(name) for side in Side]
    most = min((limit for limit in limits if limit is not None), default=None)
    return most is not None and isinstance(value, str) and len(value) >= most


def _lasting(when: Timed | AllDay) -> tuple[Any, Any]:
    if isinstance(when, AllDay):
        return when.first, max(when.until or when.first, when.first + timedelta(days=1))
    end = when.end or when.start
    return when.start, when.start + timedelta(minutes=15) if end == when.start else end


def _is_cut(name: str, severa: str, google: str) -> bool:
    for side, cut, whole in ((Side.SEVERA, severa, google), (Side.GOOGLE, google, severa)):
        is_too_long = len(whole) > LONGEST[side][name]
        if cut.endswith(ELLIPSIS) and is_too_long and whole.startswith(cut.removesuffix(ELLIPSIS)):
            return True
    return False
