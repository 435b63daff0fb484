"""What a vendor holds of its objects besides what is synced, as the doubles keep it."""

import json
from collections.abc import Mapping


class Furnishings:
    """What each object holds besides, by name; an original is all of it, as JSON."""

    def __init__(self, lost: frozenset[str] = frozenset()) -> None:
        self._of: dict[str, dict[str, str]] = {}
        self._lost = lost
        """What can never be brought back."""
        self.refused: set[str] = set()
        """What the vendor does not take at present."""

    def put(self, ref: str, words: Mapping[str, str]) -> None:
        """Let an object hold this, too."""
        self._of[ref] = {**self._of.get(ref, {}), **words}

    def of(self, ref: str) -> dict[str, str]:
        """Return what an object holds."""
        return self._of.get(ref, {})

    def original(self, ref: str, kind: str = "") -> str:
        """Return what the vendor says of an object, empty where there is nothing to say."""
        return json.dumps({"kind": kind, "holds": self.of(ref)}) if kind or self.of(ref) else ""

    def kind_in(self, original: str) -> str:
        """Return the type in an original."""
        return str(json.loads(original)["kind"]) if original else ""

    def lost_in(self, original: str) -> tuple[str, ...]:
        """Return what of an original can never be brought back."""
        return tuple(sorted(_held(original).keys() & self._lost))

    def give_back(self, ref: str, original: str) -> tuple[str, ...]:
        """Let an object hold what an original held, and return what the vendor does not take of it."""
        held = {name: word for name, word in _held(original).items() if name not in self._lost}
        taken = {name: word for name, word in held.items() if name not in self.refused}
        if taken:
            self.put(ref, taken)
        return tuple(sorted(held.keys() - taken.keys()))


def _held(original: str) -> dict[str, str]:
    held: dict[str, str] = json.loads(original).get("holds", {}) if original else {}
    return held
