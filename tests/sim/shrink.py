"""Makes a failing story shorter: whatever it fails without is left out."""

import re
from collections.abc import Callable

from .story import Outcome, play

PLAYS_MAX = 600


def shrunk(outcome: Outcome, play: Callable[..., Outcome] = play) -> tuple[Outcome, frozenset[str]]:
    """Return the shortest story found that breaks the same promise, and what it leaves out."""
    wanted, muted, best, plays = kind(outcome), frozenset[str](), outcome, 0
    size = max(1, len(outcome.happened) // 2)
    while plays < PLAYS_MAX:
        names, is_shorter = list(best.happened), False
        # From the end, because what happens late changes nothing before it.
        for start in reversed(range(0, len(names), size)):
            trial = muted | set(names[start : start + size])
            plays += 1
            found = play(outcome.seed, muted=trial)
            if kind(found) & wanted and len(found.happened) < len(best.happened):
                muted, best, is_shorter = trial, found, True
            if plays >= PLAYS_MAX:
                break
        if size == 1 and not is_shorter:
            break
        size = max(1, size // 2)
    return best, muted


def kind(outcome: Outcome) -> frozenset[str]:
    """Return which promises were broken, without what differs from story to story."""
    return frozenset(_kind(line) for line in outcome.broken)


def _kind(line: str) -> str:
    line = re.sub(r"'[^']*'|\"[^\"]*\"|(datetime|Timed|AllDay)\(.*?\)+", "…", line)
    return re.sub(r"\b([ae]\d+|[0-9a-f]{33,})\b", "#", line)
