"""The keeper of push channels, on a store and a Google in memory and a clock moved by hand (T6)."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from typing import Any, TypeVar

import pytest

from daemon.core.account import Account, Settings, State
from daemon.core.channel import GRACE, LINGER, MISSES_MAX, REFUSED_FOR, Channel, ChannelState
from daemon.core.company import User
from daemon.errors import CompanyRefused, RateLimited, Refused, SyncError, Transient, UserRefused
from daemon.sync.channels import CALLS_AT_ONCE, CALLS_MAX, ChannelKeeper
from daemon.sync.register import Register
from daemon.sync.tools import Tools
from tests.doubles.google import GoogleDouble
from tests.doubles.line import Call
from tests.doubles.severa import Company, SeveraDouble
from tests.doubles.store import MemoryStore

R = TypeVar("R")
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
URL = "https://sync.example.com/v1/google/notifications"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NOT_SUPPORTED = "pushNotSupportedForRequestedResource"


class Died(BaseException):
    """The process died here."""


@dataclass
class Line:
    """A line that fails as told: before the call is carried out, or when its answer is lost."""

    before: Callable[[Call], BaseException | None] = lambda call: None
    after: Callable[[Call], BaseException | None] = lambda call: None
    calls: list[Call] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    async def carry(self, call: Call, do: Callable[[], R]) -> R:
        self.calls.append(call)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(0)
            for fails, act in ((self.before, None), (self.after, do)):
                result = act() if act else None
                if error := fails(call):
                    raise error
            return result  # type: ignore[return-value]
        finally:
            self.at_once -= 1


class Keeping:
    """A keeper with all that it works with."""

    def __init__(self, *people: str, url: str = URL, store: MemoryStore | None = None) -> None:
        self.now, self.line, self.store = NOW, Line(), store or MemoryStore()
        self.google = GoogleDouble(line=self.line, now=lambda: self.now)
        self.reports: list[tuple[str, dict[str, Any]]] = []
        self.noticed: list[str] = []
        self.people, self.url = people, url
        self._numbers = count(1)
        self.restart()

    def restart(self) -> None:
        """Be the process that comes after one that died."""
        ids = self._numbers
        tools = Tools(
            severa=SeveraDouble(Company((), ()), now=lambda: self.now),
            google=self.google,
            store=self.store,
            now=lambda: self.now,
            new_id=lambda: f"id{next(ids)}",
            chance=lambda: 0.5,
            report=lambda event, /, **fields: self.reports.append((event, fields)),
        )
        self.register = Register(lambda: self.now)
        self.keeper = ChannelKeeper(tools, self.register, url=self.url, notice=self.noticed.append)

    async def start(self) -> "Keeping":
        settings = Settings(is_on=True, service_account="sync@project.example.com")
        await self.store.write(lambda tx: tx.save_settings(settings))
        await self.store.write(lambda tx: tx.save_accounts([account(p) for p in self.people]))
        await self.keeper.load()
        return self

    async def set_account(self, name: str, **change: Any) -> None:
        await self.store.write(lambda tx: tx.save_accounts([account(name, **change)]))

    async def set_on(self, is_on: bool) -> None:
        await self.store.write(lambda tx: tx.save_settings(Settings(is_on=is_on)))

    async def keep(self, after: timedelta = timedelta()) -> datetime | None:
        self.now += after
        return await self.keeper.keep()

    async def rows(self) -> list[Channel]:
        return list(await self.store.read(lambda tx: tx.channels()))

    async def row(self) -> Channel:
        (row,) = await self.rows()
        return row

    async def greet(self) -> None:
        """Let Google's greeting of every channel have arrived."""
        heard = [replace(channel, heard_at=self.now) for channel in self.register.channels]
        await self.store.write(lambda tx: tx.save_channels(heard))
        self.register.keep(heard)

    def made(self, name: str) -> int:
        return sum(call.name == name for call in self.line.calls)

    def told(self, event: str) -> list[dict[str, Any]]:
        return [fields for name, fields in self.reports if name == event]


def account(name: str, **change: Any) -> Account:
    user = User(name, f"{name}@example.com", is_active=change.pop("is_active", True))
    fields: dict[str, Any] = {"is_enabled": True, "address": user.email, "state": State.IDLE}
    return Account(user, **(fields | change))


async def one(*people: str) -> Keeping:
    """Return a keeper whose people have their channels."""
    keeping = await Keeping(*(people or ("anna",))).start()
    await keeping.keep()
    await keeping.greet()
    return keeping


def fails(name: str, error: BaseException, times: int = 10**9, user: str = "") -> Any:
    left = [times]

    def failing(call: Call) -> BaseException | None:
        if call.name != name or user not in ("", call.user) or not left[0]:
            return None
        left[0] -= 1
        return error

    return failing


# One live channel


async def test_t6_every_enabled_user_gets_one_channel_and_no_second() -> None:
    keeping = await one("anna", "ben")

    await keeping.keep(HOUR)

    assert sorted(keeping.google.channels.values()) == ["anna", "ben"]
    assert {row.state for row in await keeping.rows()} == {ChannelState.ACTIVE}
    assert keeping.made("watch") == 2


async def test_what_changed_before_there_was_a_channel_is_looked_for_once() -> None:
    keeping = await one()
    row = await keeping.row()

    await keeping.keep((row.renew_at or NOW) - NOW)

    assert keeping.made("watch") == 2
    assert keeping.noticed == ["anna"]


async def test_t6_the_row_is_stored_before_google_is_asked() -> None:
    keeping = await Keeping("anna").start()
    stored: list[int] = []

    def look(call: Call) -> None:
        stored.append(len(keeping.store.snapshot().channels))

    keeping.line.before = look
    await keeping.keep()

    assert stored == [1]


async def test_t6_the_new_channel_is_open_before_the_old_one_is_stopped() -> None:
    keeping = await one()
    old = await keeping.row()
    open_at_stop: list[int] = []

    def look(call: Call) -> None:
        if call.name == "stop":
            open_at_stop.append(len(keeping.google.channels))

    keeping.line.before = look
    again = await keeping.keep((old.renew_at or NOW) - NOW)
    assert again == keeping.now, "there is something left to do at once"
    states = {row.id: row.state for row in await keeping.rows()}
    await keeping.keep()

    assert states[old.id] is ChannelState.EXPIRING
    assert sorted(state.value for state in states.values()) == ["active", "expiring"]
    assert open_at_stop == [2]
    assert (await keeping.row()).id != old.id
    assert len(keeping.google.channels) == 1


async def test_t6_it_says_when_it_wants_to_be_called_next() -> None:
    keeping = await Keeping("anna").start()

    next_at = await keeping.keep()

    assert next_at == (await keeping.row()).renew_at


@pytest.mark.parametrize(
    "change",
    [{"is_enabled": False}, {"is_active": False}, {"state": State.PAUSED}, {"address": "x@y.z"}],
    ids=str,
)
async def test_t6_who_is_off_or_paused_has_the_channel_stopped(change: dict[str, Any]) -> None:
    keeping = await one()
    await keeping.set_account("anna", **change)

    await keeping.keep()

    assert not keeping.google.channels
    assert not await keeping.rows()


async def test_a7_who_is_back_gets_a_channel_again() -> None:
    keeping = await one()
    await keeping.set_account("anna", state=State.PAUSED)
    await keeping.keep()
    await keeping.set_account("anna")

    await keeping.keep()

    assert len(keeping.google.channels) == 1


async def test_a1_a_switched_off_integration_has_no_channels_and_opens_none() -> None:
    keeping = await one("anna", "ben")
    await keeping.set_on(False)

    await keeping.keep()
    await keeping.keep(HOUR)

    assert not keeping.google.channels
    assert keeping.made("watch") == 2


async def test_t6_without_a_public_address_nothing_is_opened() -> None:
    keeping = await Keeping("anna", url="").start()

    assert await keeping.keep() is None

    assert not keeping.line.calls


async def test_a_stop_asks_for_the_address_that_the_channel_was_opened_on() -> None:
    """A5: after a new address was confirmed, both channels are there for a moment."""
    keeping = await one()
    user = User("anna", "new@example.com")
    moved = replace(account("anna"), user=user, address="new@example.com")
    await keeping.store.write(lambda tx: tx.save_accounts([moved]))

    await keeping.keep()
    await keeping.keep()

    assert (await keeping.row()).target.calendar == "new@example.com"
    assert sorted(keeping.google.opened_as.values()) == ["anna@example.com", "new@example.com"]
    assert len(keeping.google.channels) == 1


# Bounds


async def test_a_turn_makes_a_bounded_number_of_calls_few_at_once() -> None:
    people = [f"p{n:03}" for n in range(CALLS_MAX + 20)]
    keeping = await Keeping(*people).start()

    again = await keeping.keep()

    assert again == keeping.now
    assert len(keeping.line.calls) == CALLS_MAX
    assert keeping.line.most_at_once == CALLS_AT_ONCE
    await keeping.keep()
    assert len(keeping.google.channels) == len(people)


async def test_r3_a_user_who_fails_stops_nobody_else() -> None:
    keeping = await Keeping("anna", "ben", "cara").start()
    keeping.line.before = fails("watch", RuntimeError("a fault"), user="ben")

    await keeping.keep()

    assert sorted(keeping.google.channels.values()) == ["anna", "cara"]
    assert [fields["user"] for fields in keeping.told("channel.fault")] == ["ben"]


# Failures


@pytest.mark.parametrize("error", [Transient("503"), RuntimeError("odd")], ids=repr)
async def test_a_lost_answer_is_tried_again_under_another_id_and_its_channel_is_stopped(
    error: Exception,
) -> None:
    keeping = await Keeping("anna").start()
    keeping.line.after = fails("watch", error, times=1)
    next_at = await keeping.keep()
    assert len(keeping.google.channels) == 1
    orphan = await keeping.row()
    assert (orphan.state, next_at) == (ChannelState.OPENING, orphan.retry_at)

    await keeping.keep(MINUTE)
    assert len(keeping.google.channels) == 2
    await keeping.keep()

    assert len(keeping.google.channels) == 1
    assert (await keeping.row()).id != orphan.id


async def test_t6_a_crash_between_row_and_answer_leaves_one_channel_in_the_end() -> None:
    keeping = await Keeping("anna").start()
    keeping.line.after = fails("watch", Died())
    with pytest.raises(Died):
        await keeping.keep()
    keeping.line.after = lambda call: None
    keeping.restart()
    await keeping.keeper.load()

    await keeping.keep(MINUTE)
    await keeping.keep()

    assert len(keeping.google.channels) == 1
    assert list(keeping.google.channels) == [row.id for row in await keeping.rows()]


async def test_an_id_that_is_taken_was_taken_by_ourselves() -> None:
    keeping = await Keeping("anna").start()
    keeping.line.after = fails("watch", Refused("used", reason="channelIdNotUnique"), times=1)

    await keeping.keep()
    await keeping.keep(MINUTE)
    await keeping.keep()

    assert len(keeping.google.channels) == 1
    assert not keeping.told("channel.refused")


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (Refused("no", reason=NOT_SUPPORTED), REFUSED_FOR),
        (Refused("no", reason="push.webhookUrlUnauthorized"), HOUR),
        (UserRefused("no", reason="notACalendarUser"), HOUR),
    ],
)
async def test_what_is_refused_is_remembered_told_and_tried_again_after_long(
    error: SyncError, wait: timedelta
) -> None:
    keeping = await Keeping("anna").start()
    keeping.line.before = fails("watch", error)

    next_at = await keeping.keep()
    keeping.restart()
    await keeping.keeper.load()
    await keeping.keep(wait - MINUTE)

    assert next_at == NOW + wait
    assert keeping.made("watch") == 1
    assert len(keeping.told("channel.refused")) == 1
    assert (await keeping.row()).reason == error.reason  # type: ignore[attr-defined]
    keeping.line.before = lambda call: None
    await keeping.keep(MINUTE)
    assert (await keeping.row()).state is ChannelState.ACTIVE


async def test_an_address_that_google_refuses_is_not_tried_for_everybody() -> None:
    keeping = await Keeping(*(f"p{n:02}" for n in range(50))).start()
    keeping.line.before = fails("watch", Refused("no", reason="push.webhookUrlNotHttps"))

    await keeping.keep()
    await keeping.keep(MINUTE)

    assert keeping.made("watch") <= CALLS_AT_ONCE


@pytest.mark.parametrize(("asks", "least"), [(600.0, 10 * MINUTE), (None, timedelta(seconds=1))])
async def test_r1_a_limit_is_waited_for(asks: float | None, least: timedelta) -> None:
    keeping = await Keeping("anna").start()
    keeping.line.before = fails("watch", RateLimited("slow down", retry_after=asks), times=1)

    next_at = await keeping.keep()

    assert next_at is not None
    assert next_at - NOW >= least
    assert not keeping.told("channel.refused")
    await keeping.keep(next_at - NOW)
    assert len(keeping.google.channels) == 1
    assert len(await keeping.rows()) == 1


async def test_a7_a_fault_of_the_company_is_waited_for_and_not_each_users_own() -> None:
    keeping = await Keeping(*(f"p{n:02}" for n in range(50))).start()
    keeping.line.before = fails("watch", CompanyRefused("the key is gone"))

    next_at = await keeping.keep()

    assert keeping.made("watch") <= CALLS_AT_ONCE
    assert next_at is not None
    assert next_at > NOW
    assert not await keeping.rows()
    assert not keeping.reports
    keeping.line.before = lambda call: None
    await keeping.keep(next_at - NOW)
    assert len(keeping.google.channels) == 50


async def test_pauses_after_a_fault_of_the_company_grow_and_end_with_it() -> None:
    keeping = await Keeping("anna").start()
    keeping.line.before = fails("watch", CompanyRefused("the key is gone"))
    waits = []
    for _ in range(10):
        next_at = await keeping.keep()
        assert next_at is not None
        waits.append(next_at - keeping.now)
        keeping.now = next_at

    assert waits == sorted(waits)
    assert waits[-1] == 5 * MINUTE


async def test_a_stop_that_fails_is_made_again_and_meanwhile_the_channel_is_heard() -> None:
    keeping = await one()
    await keeping.set_account("anna", is_enabled=False)
    keeping.line.before = fails("stop", Transient("503"), times=3)

    next_at = await keeping.keep()
    row = await keeping.row()
    assert (row.state, row.retry_at) == (ChannelState.EXPIRING, next_at)
    for _ in range(3):
        await keeping.keep(HOUR)

    assert not keeping.google.channels
    assert not await keeping.rows()


async def test_a_channel_that_may_not_be_stopped_is_forgotten_when_it_has_ended() -> None:
    """A7: nobody can act as a suspended user."""
    keeping = await one()
    await keeping.set_account("anna", state=State.PAUSED)
    keeping.line.before = fails("stop", UserRefused("suspended", reason="notACalendarUser"))
    for _ in range(24 * 7):
        await keeping.keep(HOUR)
    assert len(await keeping.rows()) == 1

    await keeping.keep(LINGER)

    assert not await keeping.rows()


# Health


def found_by_poll(keeping: Keeping, times: int = MISSES_MAX) -> None:
    """Let the poll find changes that no push told, each long after the other."""
    keeping.now += HOUR
    keeping.register.looked("anna", False)
    for _ in range(times):
        keeping.now += HOUR
        keeping.register.looked("anna", True)
        keeping.now += GRACE
        keeping.register.judge()


async def test_a_channel_that_google_forgot_is_found_silent_and_replaced() -> None:
    keeping = await one()
    old = await keeping.row()
    silent: list[str] = []
    keeping.register.on_silent = silent.append
    assert keeping.register.is_healthy("anna")
    keeping.google.channels.clear()

    found_by_poll(keeping)

    assert silent == ["anna"]
    assert not keeping.register.is_healthy("anna")
    await keeping.keep()
    await keeping.keep()
    assert (await keeping.row()).id != old.id
    assert list(keeping.google.channels) == [(await keeping.row()).id]


async def test_looks_that_find_nothing_make_no_channel_silent() -> None:
    keeping = await one()
    for _ in range(20):
        keeping.now += HOUR
        keeping.register.looked("anna", False)

    assert keeping.register.is_healthy("anna")


async def test_what_the_first_look_after_a_start_finds_was_nobodys_to_tell() -> None:
    """The daemon was not there to be told."""
    keeping = await one()
    await keeping.keep(HOUR)
    for _ in range(5):
        keeping.restart()
        await keeping.keeper.load()
        keeping.now += HOUR
        keeping.register.looked("anna", True)
        keeping.now += GRACE
        await keeping.keep()

    assert keeping.register.is_healthy("anna")
    assert (await keeping.row()).misses == 0


async def test_silence_outlives_a_restart() -> None:
    keeping = await one()
    found_by_poll(keeping)
    keeping.line.before = fails("watch", Transient("503"))
    await keeping.keep()

    keeping.restart()
    await keeping.keeper.load()

    assert not keeping.register.is_healthy("anna")


async def test_replacing_what_stays_silent_becomes_rare() -> None:
    keeping = await one()
    opened_at = []
    for _ in range(4):
        found_by_poll(keeping)
        before = keeping.made("watch")
        while keeping.made("watch") == before:
            await keeping.keep(10 * MINUTE)
        await keeping.greet()
        await keeping.keep()
        opened_at.append(keeping.now)

    gaps = [later - earlier for earlier, later in pairwise(opened_at)]
    assert gaps[-1] > gaps[0] * 1.5


# Hearing


async def shown_token(keeping: Keeping) -> tuple[Channel, str]:
    """Return the channel with the token that Google was given: ids come in order, the token's two first."""
    row = await keeping.row()
    return row, "id1id2"


async def test_t5_a_message_is_taken_with_id_token_and_resource_and_with_nothing_less() -> None:
    keeping = await one()
    row, token = await shown_token(keeping)
    resource = row.resource_id
    hear = keeping.register.hear

    assert hear(row.id, token, resource, is_news=True) == "anna"
    for name, key, of in (
        ("", token, resource),
        ("id9", token, resource),
        (row.id, "", resource),
        (row.id, token[:-1], resource),
        (row.id, row.token_hash, resource),
        (row.id, token, ""),
        (row.id, token, "resource-ben"),
        (row.id, token, "r" * 10_000),
    ):
        assert hear(name, key, of, is_news=True) is None


async def test_t6_an_orphans_messages_are_taken_while_its_row_stands() -> None:
    keeping = await Keeping("anna").start()
    keeping.line.after = fails("watch", Transient("lost"))
    await keeping.keep()
    row, token = await shown_token(keeping)
    keeping.restart()
    await keeping.keeper.load()

    assert keeping.register.hear(row.id, token, "resource-anna", is_news=True) == "anna"
    await keeping.set_account("anna", is_enabled=False)
    await keeping.keep()

    assert not keeping.google.channels, "its message told by what it can be stopped"
    assert not await keeping.rows()


async def test_pushes_cost_no_write_but_one_an_hour() -> None:
    keeping = await one()
    await keeping.keep()
    row, token = await shown_token(keeping)
    writes = 0

    for _ in range(60):
        keeping.now += MINUTE
        keeping.register.hear(row.id, token, row.resource_id, is_news=True)
        before = (await keeping.row()).pushed_at
        await keeping.keep()
        writes += (await keeping.row()).pushed_at != before

    assert writes <= 2
    assert (await keeping.row()).pushed_at is not None


async def test_a_greeting_that_comes_while_the_answer_is_being_stored_is_not_lost() -> None:
    keeping = await Keeping("anna").start()
    write = keeping.store.write

    async def slow(work: Any) -> Any:
        result = await write(work)
        keeping.register.hear("id3", "id1id2", "resource-anna", is_news=True)
        return result

    keeping.store.write = slow  # type: ignore[method-assign]
    await keeping.keep()

    assert keeping.register.is_healthy("anna")


# The end


async def test_t6_at_the_end_every_channel_is_stopped() -> None:
    keeping = await one("anna", "ben")

    await keeping.keeper.stop_all(5)

    assert not keeping.google.channels
    assert not await keeping.rows()


async def test_an_end_is_not_held_up_and_what_is_left_is_used_again() -> None:
    keeping = await one("anna", "ben")
    carry = keeping.line.carry

    async def stuck(call: Call, do: Callable[[], Any]) -> Any:
        if call.name == "stop" and call.user == "ben":
            await asyncio.sleep(60)
        return await carry(call, do)

    keeping.line.carry = stuck  # type: ignore[method-assign]
    began = asyncio.get_running_loop().time()
    await keeping.keeper.stop_all(0.2)
    assert asyncio.get_running_loop().time() - began < 5
    assert keeping.told("channels.left") == [{"count": 1}]

    keeping.line.carry = carry  # type: ignore[method-assign]
    keeping.restart()
    await keeping.keeper.load()
    await keeping.keep()

    assert sorted(keeping.google.channels.values()) == ["anna", "ben"]
    assert keeping.made("watch") == 3, "ben's channel is still his"


async def test_what_was_refused_is_remembered_over_an_end() -> None:
    keeping = await Keeping("anna").start()
    keeping.line.before = fails("watch", Refused("no", reason=NOT_SUPPORTED))
    await keeping.keep()

    await keeping.keeper.stop_all(1)

    assert (await keeping.row()).reason == NOT_SUPPORTED
