"""A company of one user whose daemon is interrupted once, at a chosen step: a call to a vendor or a transaction."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum
from itertools import count
from typing import TypeVar

from daemon.core.account import Account, Settings, Stage, State
from daemon.core.entry import Entry, Timed
from daemon.core.link import Link, Side
from daemon.core.record import Record
from daemon.errors import SyncError, Transient
from daemon.sync.engine import Engine
from daemon.sync.ports import Store, Transaction
from daemon.sync.tools import Rules, Tools
from tests.doubles.google import GoogleDouble
from tests.doubles.line import Call
from tests.doubles.severa import Company, SeveraDouble

from .weather import Crash
from .world import BEGINNING, KINDS, MEETING, PEOPLE, PERSONAL

R = TypeVar("R")
Shown = tuple[str, str, object, str, str, bool]
"""A side, and what a person sees of one entry there."""

ANN = PEOPLE[0]
PAUSES_S = (31, 31, 1000, 4000, 31)
"""How long it is to each round after the interruption: past back-offs, and past the life of a claim."""


class Harm(Enum):
    """What the interruption does."""

    DIES_BEFORE = "dies before"
    DIES_AFTER = "dies after"
    ANSWER_LOST = "loses the answer of"


class Interrupted:
    """Ann's two calendars and the daemon between them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._now = BEGINNING
        self._ids = count(1)
        self._harm: tuple[int, Harm] | None = None
        self._is_dead = False
        self.was_hurt = False
        self.step = 0
        self.steps: list[str] = []
        self.writes = 0
        self.severa = SeveraDouble(Company((ANN,), KINDS), line=self, now=lambda: self._now)
        self.google = GoogleDouble(line=self, now=lambda: self._now)
        self._engine = self._born()

    # What a scenario uses

    def add_activity(self, title: str, hour: int, *, kind: str = MEETING.guid) -> str:
        return self.severa.person_add(ANN.guid, _entry(title, hour), kind).ref

    def add_event(self, title: str, hour: int) -> str:
        return self.google.person_add(ANN.guid, _entry(title, hour))

    def edit_event(self, named: str, **change: object) -> None:
        ref = next(ref for ref, c in self.google.living().items() if c.entry.title == named)
        self.google.person_edit(ANN.guid, ref, Entry(**change))  # type: ignore[arg-type]

    def edit_activity(self, named: str, kind: str = "", **change: object) -> None:
        self.severa.person_edit(self.activity(named), Entry(**change), kind)  # type: ignore[arg-type]

    def delete_event(self, title: str) -> None:
        ref = next(ref for ref, c in self.google.living().items() if c.entry.title == title)
        self.google.person_delete(ANN.guid, ref)

    def delete_activity(self, title: str) -> None:
        self.severa.person_delete(self.activity(title))

    def activity(self, title: str) -> str:
        return next(ref for ref, row in self.severa.rows.items() if row.entry.title == title)

    # What a test uses

    async def switch_on(self) -> None:
        """Empty the store and switch sync on."""

        async def work(tx: Transaction) -> None:
            records = await tx.records_of_user(ANN.guid)
            await tx.save([Record(Link(r.link.id, Side.GOOGLE)) for r in records])
            await tx.prune_history(BEGINNING + timedelta(days=9999))
            selected = frozenset({MEETING.guid, PERSONAL.guid})
            await tx.save_settings(Settings(is_on=True, selected=selected))
            account = Account(ANN, is_enabled=True, address=ANN.email, state=State.FIRST_SYNC)
            await tx.save_accounts([replace(account, stage=Stage.LISTING, enabled_at=self._now)])

        await self._store.write(work)

    async def settle(self, pauses_s: Sequence[float] = (31, 31)) -> None:
        """Let some rounds pass."""
        for pause_s in pauses_s:
            self._now += timedelta(seconds=pause_s)
            await self._round()

    def hurt(self, step: int, harm: Harm) -> None:
        """Arm the interruption; from here on steps are counted."""
        self.step, self.steps = 0, []
        self._harm = (step, harm) if step else None

    def shown(self) -> Counter[Shown]:
        """Return what people see on both sides, each as often as it is there."""
        rows = [("severa", row.type, row.entry) for row in self.severa.rows.values()]
        events = [("google", "", copy.entry) for copy in self.google.living().values()]
        return Counter(
            (side, kind, entry.when, str(entry.title), str(entry.notes), entry.private is True)
            for side, kind, entry in [*rows, *events]
        )

    # The line, and the store behind it

    async def carry(self, call: Call, do: Callable[[], R]) -> R:
        is_hurt = self._takes_step(str(call))
        self.writes += call.is_write
        result = do()
        if is_hurt is Harm.ANSWER_LOST:
            raise Transient("The answer was lost.")
        self._dies_after(is_hurt)
        return result

    async def write(self, work: Callable[[Transaction], Awaitable[R]]) -> R:
        is_hurt = self._takes_step("store")
        result = await self._store.write(work)
        self._dies_after(is_hurt)
        return result

    async def read(self, work: Callable[[Transaction], Awaitable[R]]) -> R:
        if self._is_dead:
            raise Crash
        return await self._store.read(work)

    def _takes_step(self, what: str) -> Harm | None:
        if self._is_dead:
            raise Crash
        self.step += 1
        self.steps.append(what)
        if self._harm is None or self._harm[0] != self.step:
            return None
        self.was_hurt = True
        if self._harm[1] is Harm.DIES_BEFORE:
            self._is_dead = True
            raise Crash
        return self._harm[1]

    def _dies_after(self, harm: Harm | None) -> None:
        if harm is Harm.DIES_AFTER:
            self._is_dead = True
            raise Crash

    async def _round(self) -> None:
        try:
            await self._engine.round(cause="poll")
        except SyncError:
            return
        except BaseException:
            if not self._is_dead:
                raise
        if self._is_dead:
            self._is_dead = False
            self._engine = self._born()

    def _born(self) -> Engine:
        return Engine(
            Tools(
                severa=self.severa,
                google=self.google,
                store=self,
                now=lambda: self._now,
                new_id=lambda: f"{next(self._ids):032x}",
                chance=lambda: 0.5,
                report=self._report,
                rules=Rules(is_login_required=False, writes_at_once=1),
            )
        )

    def _report(self, event: str, /, **fields: object) -> None:
        assert not event.endswith(".fault") or self._is_dead, fields


def _entry(title: str, hour: int) -> Entry:
    start: datetime = BEGINNING + timedelta(days=1, hours=hour)
    when = Timed(start, start + timedelta(hours=1))
    return Entry(title=title, when=when, location="", notes="", private=False)
