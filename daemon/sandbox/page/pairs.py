"""Keeps with the world which activity and which event are one entry."""

from daemon.sandbox.page.shown import Side
from daemon.sandbox.server import Sandbox

PAIRS_MAX = 5_000


class Pairs:
    """The pairs that are known, by either id; the oldest go when there are too many."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._pairs: dict[str, str] = sandbox.notes.setdefault("pairs", {})
        self._activity_of = {event: activity for activity, event in self._pairs.items()}

    def add(self, activity: str, event: str) -> None:
        """Note that an activity and an event are one entry, instead of what was known of either."""
        if self._pairs.get(activity) == event:
            return
        self._drop(self._activity_of.get(event, activity))
        self._drop(activity)
        self._pairs[activity] = event
        self._activity_of[event] = activity
        while len(self._pairs) > PAIRS_MAX:
            self._drop(next(iter(self._pairs)))
        self._sandbox.save_notes()

    def partner(self, side: Side, entry_id: str) -> str | None:
        """Return the id on the other side of an entry, None while it is not known."""
        return (self._pairs if side == "severa" else self._activity_of).get(entry_id)

    def _drop(self, activity: str) -> None:
        self._activity_of.pop(self._pairs.pop(activity, ""), None)
