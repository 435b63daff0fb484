"""The faults that a person who watches can switch on, and what becomes of each."""

from dataclasses import dataclass
from typing import Any, Final, Literal

from daemon.sandbox.faults import Fault
from daemon.sandbox.page.desk import Refused
from daemon.sandbox.page.journal import Journal
from daemon.sandbox.page.process import Process
from daemon.sandbox.server import Sandbox

ALWAYS: Final = 1_000_000_000
SLOW_S: Final = 3.0
WRITES: Final = frozenset(
    {
        "events.insert",
        "events.patch",
        "events.update",
        "events.delete",
        "activities.create",
        "activities.patch",
        "activities.delete",
        "participants.create",
        "participants.patch",
        "participants.delete",
    }
)


@dataclass(frozen=True, slots=True)
class Trouble(Fault):
    """A fault with a name; with `only_writes` it concerns no call that only reads."""

    name: str = ""
    only_writes: bool = False

    def concerns(self, vendor: str, operation: str, *more: Any, **named: Any) -> bool:
        """Tell whether a call is one that this fault may hit."""
        return self.vendor == vendor and (not self.only_writes or operation in WRITES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """One fault as the page offers it: `once` hits one call, `while` all that come, `act` happens at once."""

    name: str
    label: str
    help: str
    how: Literal["once", "while", "act"]
    fault: Trouble | None = None
    on: str = ""
    off: str = ""
    survived: str = ""


def _lost(name: str, vendor: str) -> Trouble:
    return Trouble(vendor, "*", "lose_reply", name=name, only_writes=True)


SWITCHES: Final = (
    Switch(
        name="lose-google",
        label="Lose Google's next answer",
        help="Google does what the daemon asks next, but the answer never arrives.",
        how="once",
        fault=_lost("lose-google", "google"),
        on="Google's next answer to a write will be lost",
        survived="Google did what it was asked, and its answer was lost",
    ),
    Switch(
        name="lose-severa",
        label="Lose Severa's next answer",
        help="Severa does what the daemon asks next, but the answer never arrives.",
        how="once",
        fault=_lost("lose-severa", "severa"),
        on="Severa's next answer to a write will be lost",
        survived="Severa did what it was asked, and its answer was lost",
    ),
    Switch(
        name="slow-google",
        label="Slow Google",
        help=f"Every answer of Google takes {SLOW_S:.0f} seconds.",
        how="while",
        fault=Trouble("google", "*", "delay", seconds=SLOW_S, times=ALWAYS, name="slow-google"),
        on=f"Every answer of Google takes {SLOW_S:.0f} seconds from now on",
        off="Google is quick again",
    ),
    Switch(
        name="refuse-google",
        label="Google away",
        help="Google answers every request with an error (503).",
        how="while",
        fault=Trouble("google", "*", "refuse", times=ALWAYS, name="refuse-google"),
        on="Google answers every request with an error from now on",
        off="Google answers again",
    ),
    Switch(
        name="refuse-severa",
        label="Severa refuses",
        help="Severa answers every request with an error (503).",
        how="while",
        fault=Trouble("severa", "*", "refuse", times=ALWAYS, name="refuse-severa"),
        on="Severa answers every request with an error from now on",
        off="Severa answers again",
    ),
    Switch(
        name="forget",
        label="Google forgets",
        help="Google forgets up to where it has told the daemon its changes (410).",
        how="act",
        on="Google forgets what it has told the daemon already",
    ),
    Switch(
        name="kill",
        label="Kill the daemon",
        help="The daemon's process is ended at once (kill -9), and then started again.",
        how="act",
    ),
)


class Troubles:
    """Switches faults on and off, and notes in the journal what becomes of them."""

    def __init__(self, sandbox: Sandbox, journal: Journal, process: Process) -> None:
        self._sandbox, self._journal, self._process = sandbox, journal, process
        self._ordered: set[str] = set()

    def json(self) -> list[dict[str, Any]]:
        """Return what the page takes: each fault, whether it is on, and how many calls it has hit."""
        pending = self._pending()
        return [
            {
                "name": switch.name,
                "label": switch.label,
                "help": switch.help,
                "how": switch.how,
                "on": switch.name in pending,
                "hits": ALWAYS - pending[switch.name].times if switch.name in pending else 0,
                "possible": switch.name != "kill" or self._can_kill(),
            }
            for switch in SWITCHES
            if switch.name != "kill" or self._process.state != "absent"
        ]

    def switch(self, name: str, *, is_on: bool) -> None:
        """Switch a fault on or off, or let it happen; `Refused` where that is not possible."""
        found = next((each for each in SWITCHES if each.name == name), None)
        if found is None:
            raise Refused("There is no such fault.")
        self.look()
        if found.fault is not None:
            self._order(found, found.fault, is_on=is_on)
        elif name == "forget":
            self._sandbox.google.expire_sync_tokens()
            self._journal.note(found.on, why="The next time it asks, it is told to begin anew.")
        else:
            self._kill()

    def look(self) -> None:
        """Note the faults that have hit the one call that they were for."""
        pending = self._pending()
        for switch in SWITCHES:
            if switch.name in self._ordered and switch.name not in pending:
                self._ordered.discard(switch.name)
                if switch.how == "once":
                    why = "The daemon looks before it tries again, so nothing is written twice."
                    self._journal.note(switch.survived, mood="bad", why=why)

    def _order(self, switch: Switch, fault: Trouble, *, is_on: bool) -> None:
        if is_on == (switch.name in self._ordered):
            return
        if is_on:
            self._sandbox.faults.order(fault)
            self._ordered.add(switch.name)
            self._journal.note(switch.on, mood="bad")
            return
        self._withdraw(switch.name)
        self._ordered.discard(switch.name)
        self._journal.note(switch.off or "The next answer will arrive after all", mood="good")

    def _withdraw(self, name: str) -> None:
        faults = self._sandbox.faults
        kept = [each for each in faults.pending if getattr(each, "name", "") != name]
        faults.clear()
        for fault in kept:
            faults.order(fault)

    def _pending(self) -> dict[str, Trouble]:
        pending = self._sandbox.faults.pending
        return {each.name: each for each in pending if isinstance(each, Trouble)}

    def _can_kill(self) -> bool:
        return self._process.state == "running" and self._process.kill is not None

    def _kill(self) -> None:
        if self._process.kill is None or not self._can_kill():
            raise Refused("The daemon is not running just now.")
        self._process.kill()
