"""The edits that people made by hand and that have not arrived in the other calendar yet."""

from collections import deque
from datetime import datetime, timedelta

from daemon.sandbox.page.change import Change

PENDING_MAX = 500
WAITING_MAX = timedelta(minutes=5)
"""An edit that did not arrive for so long is not called under way any more."""


class Edits:
    """The edits under way, the oldest first; the oldest of too many are forgotten."""

    def __init__(self) -> None:
        self._edits: deque[Change] = deque(maxlen=PENDING_MAX)

    def add(self, edit: Change) -> None:
        """Note a person's edit, in place of those of the same fields, which will never arrive."""
        self.overwrite(edit)
        self._edits.append(edit)

    def overwrite(self, change: Change) -> None:
        """Forget the edits whose fields were changed again on their own side."""
        later = change.values().keys()
        for edit in [each for each in self._edits if each.id == change.id]:
            is_older = edit.values().keys() <= later or change.after is None
            if edit.side == change.side and is_older:
                self._edits.remove(edit)

    def take_behind(self, change: Change, origin: str) -> Change | None:
        """Take out the edits of the entry `origin` that an arrival carries, and return the first of them."""
        carried = [
            edit
            for edit in self._edits
            if edit.id == origin and edit.side != change.side and change.carries(edit)
        ]
        for edit in carried:
            self._edits.remove(edit)
        return carried[0] if carried else None

    def recent(self, now: datetime) -> list[Change]:
        """Return the edits that could still be under way."""
        return [edit for edit in self._edits if edit.at > now - WAITING_MAX and edit.values()]
