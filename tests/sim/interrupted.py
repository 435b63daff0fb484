"""A small company whose daemon is interrupted once, at a chosen step: a call to a vendor or a transaction."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum
from itertools import count
from typing import TypeVar

from daemon.core.account import Account, Settings, Stage, State
from daemon.core.company import User
from daemon.core.entry import UNKNOWN, Answer, Entry, People, Timed
from daemon.core.link import Copy, Link, Mark, Side
from daemon.core.record import Record
from daemon.errors import SyncError, Transient, UserRefused
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

Guests = Mapping[User, Answer]

ANN, BEN, CAT = PEOPLE
PAUSES_S = (31, 31, 1000, 4000, 31)
"""How long it is to each round after the interruption: past back-offs, and past the life of a claim."""


class Harm(Enum):
    """What the interruption does."""

    DIES_BEFORE = "dies before"
    DIES_AFTER = "dies after"
    ANSWER_LOST = "loses the answer of"
    SEVERA_AWAY = "finds nothing in Severa, to the end of the round, from"
    GOOGLE_AWAY = "finds nothing in Google, to the end of the round, from"
    STORE_FAILS = "keeps nothing of"


class Interrupted:
    """Ann's two calendars and the daemon between them; `with_others` also Ben's, and Cat's, who does not use it."""

    def __init__(self, store: Store, *, with_others: bool = False) -> None:
        self._store = store
        self.users = PEOPLE if with_others else (ANN,)
        self.enabled = (ANN, BEN) if with_others else (ANN,)
        self._now = BEGINNING
        self._ids = count(1)
        self._harm: tuple[int, Harm] | None = None
        self._is_dead = False
        self.was_hurt = False
        self.meanwhile: dict[str, Callable[[], Awaitable[object]]] = {}
        """What happens, once, while the answer to a call of this name is on its way."""
        self.late: dict[str, Callable[[], object] | None] = {}
        """Calls, by name, that the vendor is to sit on until `land`, and what it sits on."""
        self.closed: set[str] = set()
        """Users whose calendars Google does not let anybody use."""
        self.step = 0
        self.steps: list[str] = []
        self.writes = 0
        self.severa = SeveraDouble(Company(self.users, KINDS), line=self, now=lambda: self._now)
        self.google = GoogleDouble(line=self, now=lambda: self._now, people=self.users)
        self._engine = self._born()

    # What a scenario uses

    def add_activity(
        self, title: str, hour: int, *, kind: str = MEETING.guid, guests: Guests | None = None
    ) -> str:
        return self.severa.person_add(ANN.guid, _entry(title, hour, guests), kind).ref

    def add_event(
        self, title: str, hour: int, *, guests: Guests | None = None, organizer: str = ANN.guid
    ) -> str:
        return self.google.person_add(organizer, _entry(title, hour, guests))

    def edit_event(self, named: str, **change: object) -> None:
        self.google.person_edit(ANN.guid, self.event(named), Entry(**change))  # type: ignore[arg-type]

    def edit_activity(self, named: str, kind: str = "", **change: object) -> None:
        self.severa.person_edit(self.activity(named), Entry(**change), kind)  # type: ignore[arg-type]

    def delete_event(self, title: str, user: User = ANN) -> None:
        self.google.person_delete(user.guid, self.event(title))

    def delete_activity(self, title: str) -> None:
        self.severa.person_delete(self.activity(title))

    def invite_in_google(self, title: str, guests: Guests) -> None:
        self.edit_event(title, people=part(guests).people)

    def invite_in_severa(self, title: str, guests: Guests) -> None:
        self.edit_activity(title, people=part(guests).people)

    def answer(self, title: str, user: User, answer: Answer) -> None:
        self.google.person_answers(user.guid, self.event(title), answer)

    def event(self, title: str) -> str:
        return next(ref for ref, c in self.google.living().items() if c.entry.title == title)

    def activity(self, title: str) -> str:
        return next(ref for ref, row in self.severa.rows.items() if row.entry.title == title)

    # What a test uses

    async def switch_on(self) -> None:
        """Empty the store and switch sync on."""

        async def work(tx: Transaction) -> None:
            for user in self.users:
                records = await tx.records_of_user(user.guid)
                await tx.save([Record(Link(r.link.id, Side.GOOGLE)) for r in records])
            await tx.prune_history(BEGINNING + timedelta(days=9999))
            selected = frozenset({MEETING.guid, PERSONAL.guid})
            await tx.save_settings(Settings(is_on=True, selected=selected))
            await tx.save_accounts([self._account(user) for user in self.users])

        await self._store.write(work)

    def _account(self, user: User) -> Account:
        if user not in self.enabled:
            return Account(user)
        account = Account(user, is_enabled=True, address=user.email, state=State.FIRST_SYNC)
        return replace(account, stage=Stage.LISTING, enabled_at=self._now)

    def wait(self, seconds: float) -> None:
        """Let time pass without a round."""
        self._now += timedelta(seconds=seconds)

    async def settle(self, pauses_s: Sequence[float] = (31, 31)) -> None:
        """Let some rounds pass."""
        for pause_s in pauses_s:
            self.wait(pause_s)
            await self.round()

    def hurt(self, step: int, harm: Harm) -> None:
        """Arm the interruption; from here on steps are counted."""
        self.step, self.steps = 0, []
        self._harm = (step, harm) if step else None

    def land(self) -> None:
        """Let the vendors carry out what they sat on."""
        for do in self.late.values():
            assert do is not None, "a vendor sat on it"
            do()
        self.late.clear()

    def shown(self) -> Counter[Shown]:
        """Return what people see on both sides, each as often as it is there."""
        rows = [("severa", row.type, row.entry) for row in self.severa.rows.values()]
        events = [("google", "", copy.entry) for copy in self.google.living().values()]
        return Counter(
            (side, kind, entry.when, str(entry.title), str(entry.notes), entry.private is True)
            for side, kind, entry in [*rows, *events]
        )

    def people(self) -> Counter[tuple[str, str, object]]:
        """Return who takes part in what on either side, each entry with what everybody answered."""
        return Counter(
            (side.value, str(entry.title), entry.people)
            for side in Side
            for entry in self._entries(side)
        )

    def taking_part(self, side: Side, title: str) -> dict[str, Answer]:
        """Return what each guest of an entry answered, whose keeper is Ann."""
        entry = self.entry(side, title)
        assert entry.people is not UNKNOWN, "both vendors know who takes part"
        return {
            address.partition("@")[0]: answer
            for address, answer in entry.people.answers
            if address != ANN.email
        }

    def entry(self, side: Side, title: str) -> Entry:
        """Return the one entry of this name on a side."""
        named = [entry for entry in self._entries(side) if entry.title == title]
        assert len(named) == 1, f"{title} is there {len(named)} times in {side.value}"
        return named[0]

    def titles(self, side: Side) -> list[str]:
        """Return the names of what is there on a side."""
        return sorted(str(entry.title) for entry in self._entries(side))

    def _entries(self, side: Side) -> list[Entry]:
        if side is Side.SEVERA:
            return [row.entry for row in self.severa.rows.values()]
        return [copy.entry for copy in self.google.living().values()]

    @contextmanager
    def unlisted(self, ref: str) -> Iterator[None]:
        """Let Google's listings lack an event that is there."""
        kept = self.google.calendars[ANN.guid]
        hidden = self.google._to_list

        def short(user: str, cursor: str | None) -> tuple[list[str], str]:
            refs, reached = hidden(user, cursor)
            return [one for one in refs if one != ref], reached

        assert ref in kept, "it is there"
        self.google._to_list = short  # type: ignore[method-assign]
        yield
        self.google._to_list = hidden  # type: ignore[method-assign]

    @contextmanager
    def short_of_words(self) -> Iterator[None]:
        """Let Google keep the first two words of the notes that it is sent."""
        whole = self.google._change

        def shortened(user: str, seen: Copy, change: Entry, mark: Mark | None) -> Copy:
            words = str(change.notes).split()[:2]
            return whole(user, seen, replace(change, notes=" ".join(words)), mark)

        self.google._change = shortened  # type: ignore[method-assign]
        yield
        self.google._change = whole  # type: ignore[method-assign]

    # The line, and the store behind it

    async def carry(self, call: Call, do: Callable[[], R]) -> R:
        is_hurt = self._takes_step(str(call))
        self.writes += call.is_write
        if call.vendor == "google" and call.user in self.closed:
            raise UserRefused("This calendar may not be used.", reason="no-calendar")
        if call.name in self.late and self.late[call.name] is None:
            self.late[call.name] = do
            raise Transient("Timed out.")
        result = do()
        if (meanwhile := self.meanwhile.pop(call.name, None)) is not None:
            await meanwhile()
        if is_hurt is Harm.ANSWER_LOST:
            raise Transient("The answer was lost.")
        self._dies_after(is_hurt)
        return result

    async def write(self, work: Callable[[Transaction], Awaitable[R]]) -> R:
        is_hurt = self._takes_step("store")
        result = await self._store.write(_failing(work) if is_hurt is Harm.STORE_FAILS else work)
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
        self.severa.is_away = self._harm[1] is Harm.SEVERA_AWAY
        self.google.is_away = self._harm[1] is Harm.GOOGLE_AWAY
        if self._harm[1] is Harm.DIES_BEFORE:
            self._is_dead = True
            raise Crash
        return self._harm[1]

    def _dies_after(self, harm: Harm | None) -> None:
        if harm is Harm.DIES_AFTER:
            self._is_dead = True
            raise Crash

    async def round(self) -> None:
        """Let one round pass, and whatever it was hurt by with it."""
        try:
            await self._engine.round(cause="poll")
        except SyncError:
            return
        except BaseException:
            if not self._is_dead:
                raise
        finally:
            self.severa.is_away = self.google.is_away = False
        if self._is_dead:
            self._is_dead = False
            self._engine = self._born()

    async def tools(self) -> Tools:
        """Return what the engine works with."""

        async def given(tools: Tools) -> Tools:
            return tools

        return await self._engine.between_rounds(given)

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


def _failing(work: Callable[[Transaction], Awaitable[R]]) -> Callable[[Transaction], Awaitable[R]]:
    """Return the work of a transaction that cannot be kept in the end."""

    async def failing(tx: Transaction) -> R:
        await work(tx)
        raise SyncError("The database cannot be used: the disk is full.")

    return failing


def _entry(title: str, hour: int, guests: Guests | None = None) -> Entry:
    start: datetime = BEGINNING + timedelta(days=1, hours=hour)
    when = Timed(start, start + timedelta(hours=1))
    people = People.of({user.email: answer for user, answer in (guests or {}).items()})
    entry = Entry(title=title, when=when, location="", notes="", private=False)
    return replace(entry, people=people) if guests else entry


def part(guests: Guests) -> Entry:
    """Return the change that makes these guests answer so."""
    named = {user.email: answer for user, answer in guests.items()}
    return Entry(people=People.of(named, is_whole=False))
