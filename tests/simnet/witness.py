"""Looks at the daemon's calls for the ledger: what it read before it wrote, and which writes it did not hear of."""

from collections import deque
from datetime import datetime, timedelta

from daemon.sandbox.faults import Call

from .ledger import Ledger, Side, number_in
from .network import Lines
from .town import Town

VENDORS = ("severa", "google")
NO_ENTRIES = (
    "token",
    "token.create",
    "token.refresh",
    "events.watch",
    "channels.stop",
    "push",
)
WRITES = ("POST", "PATCH", "PUT", "DELETE")
UNHEARD = ("lose_reply", "late", "cut", "delay", "html")
PATIENCE = timedelta(seconds=40)
"""So long the daemon may have been waiting for an answer when it died."""
RECENT_MAX = 200


class Witness:
    """Watches every call that the vendors met."""

    def __init__(self, town: Town, ledger: Ledger) -> None:
        self._town, self._ledger = town, ledger
        self._read_at: dict[str, datetime] = {}
        self._recent: deque[tuple[datetime, int | None]] = deque(maxlen=RECENT_MAX)
        self.writes = 0
        town.faults.watchers.append(self.saw)
        town.at_kill.append(self.killed)

    def saw(self, call: Call) -> None:
        """Take one call into the ledger."""
        if call.vendor not in VENDORS or call.operation in NO_ENTRIES:
            return
        side: Side = "severa" if call.vendor == "severa" else "google"
        ref = call.path.partition("/activities/" if side == "severa" else "/events/")[2]
        ref = ref.partition("/")[0]
        number = self._number(side, ref)
        if call.method == "GET" and side == "severa" and ref:
            self._read_at[ref] = call.at
        if call.method in WRITES:
            self._wrote(side, ref, number, call)

    def killed(self) -> None:
        """Doubt what the daemon was waiting for when it died."""
        now = self._town.stage.now()
        for at, number in self._recent:
            if now - at < PATIENCE:
                self._ledger.unheard(number, at)

    def _wrote(self, side: Side, ref: str, number: int | None, call: Call) -> None:
        self.writes += 1
        now = self._town.stage.now()
        if side == "severa" and number is not None:
            self._ledger.wrote_between(number, self._read_at.get(ref, now), now)
        self._recent.append((now, number))
        lines = self._town.stage.network.lines.values()
        if call.fault in UNHEARD or not call.status or any(one != Lines() for one in lines):
            self._ledger.unheard(number, now)

    def _number(self, side: Side, ref: str) -> int | None:
        """Return the number of what an id names, which it may have told long ago."""
        known = self._ledger.numbers.get((side, ref))
        if known is None and ref:
            known = number_in(self._title(side, ref))
            if known is not None:
                self._ledger.numbers[side, ref] = known
        return known

    def _title(self, side: Side, ref: str) -> str:
        if side == "severa":
            row = self._town.sandbox.severa.rows.get(ref)
            return row.name if row else ""
        for name in self._town.people:
            for event in self._town.events(name):
                if event["id"] == ref:
                    return str(event.get("summary"))
        return ""
