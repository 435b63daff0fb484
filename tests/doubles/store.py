"""A store in memory that keeps to the same promises as the one in SQLite."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import TypeVar

from daemon.core.account import Account, Settings
from daemon.core.channel import Channel
from daemon.core.entry import AllDay, Timed
from daemon.core.link import Deed, Side, Stand
from daemon.core.record import Change, Record
from daemon.core.roster import Roster
from daemon.core.spent import Spent
from daemon.errors import Refused

R = TypeVar("R")


@dataclass(slots=True)
class Kept:
    """All that is kept; the values are frozen, so a copy of the shelves is a copy of everything."""

    settings: Settings = field(default_factory=Settings)
    accounts: dict[str, Account] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    history: list[Change] = field(default_factory=list)
    originals: dict[int, str] = field(default_factory=dict)
    trigger_tokens: dict[str, bytes] = field(default_factory=dict)
    last_change: int = 0
    """The id given last; one that was given is never given again."""
    channels: dict[str, Channel] = field(default_factory=dict)
    spent: Spent | None = None

    def copied(self) -> "Kept":
        accounts, records, history = dict(self.accounts), dict(self.records), list(self.history)
        originals, tokens = dict(self.originals), dict(self.trigger_tokens)
        kept = Kept(self.settings, accounts, records, history, originals, tokens, self.last_change)
        kept.spent, kept.channels = self.spent, dict(self.channels)
        return kept


class MemoryStore:
    """A store that dies with the process, unless `snapshot` is kept and put back with `restore`."""

    def __init__(self) -> None:
        self._kept = Kept()

    def snapshot(self) -> Kept:
        """Return what is kept now, as a backup would."""
        return self._kept.copied()

    @property
    def settings(self) -> Settings:
        """What is kept of the company's settings."""
        return self._kept.settings

    def restore(self, kept: Kept) -> None:
        """Put a backup in the place of what is kept."""
        self._kept = kept.copied()

    def restart(self) -> None:
        """Be the store of the process that comes after one that died: what is kept outlives both."""

    async def write(self, work: Callable[["MemoryTransaction"], Awaitable[R]]) -> R:
        draft = self._kept.copied()
        result = await work(MemoryTransaction(draft))
        self._kept = draft
        return result

    async def read(self, work: Callable[["MemoryTransaction"], Awaitable[R]]) -> R:
        return await work(MemoryTransaction(self._kept.copied()))

    @property
    def records(self) -> dict[str, Record]:
        """What is kept about the entries, for the book of a test."""
        return self._kept.records

    @property
    def history(self) -> list[Change]:
        """The history, for the book of a test."""
        return self._kept.history


class MemoryTransaction:
    """One transaction; what it keeps is thrown away as a whole where its work fails."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    # The company

    async def settings(self) -> Settings:
        return self._kept.settings

    async def save_settings(self, settings: Settings) -> None:
        self._kept.settings = settings

    async def spent(self) -> Spent | None:
        return self._kept.spent

    async def save_spent(self, spent: Spent) -> None:
        self._kept.spent = spent

    async def accounts(self) -> tuple[Account, ...]:
        return tuple(sorted(self._kept.accounts.values(), key=_place))

    async def roster(self) -> Roster:
        return Roster.of(self._kept.accounts.values())

    async def account(self, user: str) -> Account | None:
        return self._kept.accounts.get(user)

    async def save_accounts(self, accounts: Sequence[Account]) -> None:
        self._kept.accounts |= {account.user.guid: account for account in accounts}
        addresses = [_place(a)[0] for a in self._kept.accounts.values() if a.is_enabled]
        known = [address for address in addresses if address]
        if len(known) != len(set(known)):
            raise Refused("Two users with sync switched on have the same address.")

    async def trigger_tokens(self) -> Mapping[str, bytes]:
        return dict(self._kept.trigger_tokens)

    async def save_trigger_token(self, user: str, digest: bytes, at: datetime) -> None:
        others = [kept for name, kept in self._kept.trigger_tokens.items() if name != user]
        assert digest not in others, "The real store calls it `IntegrityError`."
        self._kept.trigger_tokens[user] = digest

    async def forget_trigger_token(self, user: str) -> None:
        self._kept.trigger_tokens.pop(user, None)

    # Push channels

    async def channels(self) -> tuple[Channel, ...]:
        return tuple(sorted(self._kept.channels.values(), key=lambda one: (one.user, one.id)))

    async def channel(self, name: str) -> Channel | None:
        return self._kept.channels.get(name)

    async def save_channels(self, kept: Sequence[Channel]) -> None:
        self._kept.channels |= {channel.id: channel for channel in kept}

    async def forget_channels(self, names: Sequence[str]) -> None:
        for name in names:
            self._kept.channels.pop(name, None)

    # Entries, one by one and by what is known of them

    async def record(self, link_id: str) -> Record | None:
        return self._kept.records.get(link_id)

    async def records_of_activities(self, refs: Sequence[str]) -> tuple[Record, ...]:
        wanted = set(refs) - {""}
        return self._those(lambda r: bool(r.link.activity and r.link.activity.ref in wanted))

    async def records_of_events(
        self, refs: Sequence[str], uids: Sequence[str]
    ) -> tuple[Record, ...]:
        by_ref, by_uid = set(refs) - {""}, set(uids) - {""}

        def fits(record: Record) -> bool:
            copies, claims = record.link.copies, record.link.claims
            return any(copy.ref in by_ref or copy.uid in by_uid for copy in copies) or any(
                claim.side is Side.GOOGLE and claim.ref in by_ref for claim in claims
            )

        return self._those(fits)

    async def records_creating(self, user: str | None = None) -> tuple[Record, ...]:
        def fits(record: Record) -> bool:
            return any(
                claim.side is Side.SEVERA
                and claim.deed is Deed.CREATE
                and user in (None, claim.user)
                for claim in record.link.claims
            )

        return self._those(fits)

    async def records_of_user(
        self, user: str, *, after: str = "", limit: int = 1000
    ) -> tuple[Record, ...]:
        return self._those(lambda r: r.link.id > after and user in _holders(r))[:limit]

    # Entries that something is to be done about

    async def records_due(
        self, now: datetime, users: Sequence[str], limit: int, *, unread_only: bool = False
    ) -> tuple[Record, ...]:
        wanted = set(users)

        def fits(record: Record) -> bool:
            if unread_only and not record.link.unread:
                return False
            is_due = record.due_at is not None and record.due_at <= now
            return is_due and bool(_concerned(record) & wanted)

        return tuple(sorted(self._those(fits), key=_turn)[:limit])

    async def records_unlooked(
        self, users: Sequence[str], before: datetime, limit: int
    ) -> tuple[Record, ...]:
        wanted = set(users)
        there = self._those(lambda r: r.link.activity is not None and bool(_holders(r) & wanted))
        never = [record for record in there if record.looked_at is None]
        looked = [(r.looked_at, r.link.id, r) for r in there if r.looked_at is not None]
        old = [record for at, _, record in sorted(looked, key=_first_two) if at < before]
        return tuple((never + old)[:limit])

    async def count_due(self, user: str) -> int:
        return len(self._those(lambda r: r.due_at is not None and user in _concerned(r)))

    # Counts and witnesses

    async def activities_between(
        self, users: Sequence[str], start: datetime, end: datetime
    ) -> tuple[str, ...]:
        def fits(record: Record) -> bool:
            span = _certain_span(record) if _members(record) & set(users) else None
            return span is not None and span[1] > start and span[0] < end

        found = self._those(fits)
        return tuple(sorted(r.link.activity.ref for r in found if r.link.activity))

    async def living_activity(self, other_than: Sequence[str]) -> str:
        found = [
            (record.looked_at is not None, record.looked_at, record.link.id, record)
            for record in self._those(lambda r: r.link.activity is not None)
            if record.link.activity and record.link.activity.ref not in other_than
        ]
        if not found:
            return ""
        newest = max(found, key=lambda row: (row[0], row[1] or 0, row[2]))[3]
        return newest.link.activity.ref if newest.link.activity else ""

    async def count_links(self, user: str | None = None) -> int:
        return len(self._of_owner(user, lambda r: r.link.base.is_pair))

    async def count_shared(self, user: str) -> int:
        return len(self._those(lambda r: r.link.base.is_pair and user in _holders(r)))

    async def count_held(self, user: str | None = None) -> int:
        return len(self._of_owner(user, lambda r: _is_held(r) and r.link.base.is_pair))

    async def count_held_creations(self, user: str) -> int:
        return len(self._of_owner(user, lambda r: _is_held(r) and not r.link.base.is_pair))

    async def count_removals(self, since: datetime, user: str | None = None) -> int:
        made = [c for c in self._kept.history if c.action == "removed" and c.at >= since]
        return len([change for change in made if user in (None, change.user)])

    # Keeping

    async def save(self, records: Sequence[Record]) -> None:
        for record in records:
            self._kept.records.pop(record.link.id, None)
        latest = {record.link.id: record for record in records}
        self._kept.records |= {i: r for i, r in latest.items() if not r.link.is_empty}
        self._require_unique()

    async def changes_of(self, entry: str, since: datetime, limit: int) -> tuple[Change, ...]:
        made = [c for c in reversed(self._kept.history) if c.entry == entry]
        return tuple([c for c in made if c.at >= since][:limit])

    async def creations(self, user: str, since: datetime, limit: int) -> tuple[Change, ...]:
        made = [c for c in reversed(self._kept.history) if c.action == "created"]
        return tuple([c for c in made if c.user == user and c.at >= since][:limit])

    async def prune_history(self, before: datetime) -> int:
        kept = [change for change in self._kept.history if change.at >= before]
        dropped = len(self._kept.history) - len(kept)
        self._kept.history = kept
        numbers = {change.id for change in kept}
        originals = self._kept.originals.items()
        self._kept.originals = {n: one for n, one in originals if n in numbers}
        return dropped

    async def original_of(self, change_id: int) -> str:
        return self._kept.originals.get(change_id, "")

    async def add_history(self, changes: Sequence[Change]) -> None:
        last = self._kept.last_change
        numbered = [replace(c, id=last + n) for n, c in enumerate(changes, 1)]
        self._kept.originals |= {c.id: c.original for c in numbered if c.original}
        self._kept.history += [replace(c, original="") for c in numbered]
        self._kept.last_change += len(changes)

    def _those(self, fits: Callable[[Record], bool]) -> tuple[Record, ...]:
        found = [record for record in self._kept.records.values() if fits(record)]
        return tuple(sorted(found, key=lambda record: record.link.id))

    def _of_owner(self, user: str | None, fits: Callable[[Record], bool]) -> tuple[Record, ...]:
        return self._those(lambda r: user in (None, r.user) and fits(r))

    def _require_unique(self) -> None:
        links = [record.link for record in self._kept.records.values()]
        _require_each_once(link.activity.ref for link in links if link.activity)
        _require_each_once((copy.user, copy.ref) for link in links for copy in link.copies)


class TwoEntriesError(Exception):
    """An activity or a copy would belong to two entries; the real store calls it `IntegrityError`."""


def _require_each_once(things: Iterable[object]) -> None:
    seen: set[object] = set()
    for thing in things:
        if thing in seen:
            raise TwoEntriesError(f"{thing} would belong to two entries.")
        seen.add(thing)


def _place(account: Account) -> tuple[str, str]:
    return (account.address or account.user.email).lower(), account.user.guid


def _is_held(record: Record) -> bool:
    return record.link.standing.stand is Stand.HELD


def _holders(record: Record) -> set[str]:
    return _members(record) | {copy.user for copy in record.link.copies}


def _members(record: Record) -> set[str]:
    activity = record.link.activity
    return {record.user, *(activity.members if activity else ())}


def _concerned(record: Record) -> set[str]:
    return _holders(record) | {claim.user for claim in record.link.claims} | record.link.left


def _certain_span(record: Record) -> tuple[datetime, datetime] | None:
    """Return from when to when the activity is there in any zone."""
    match record.link.activity.entry.when if record.link.activity else None:
        case Timed(start, datetime() as end, None):
            return start, end
        case AllDay(first, until, None) if until is not None:
            begin = datetime.combine(first, time(), UTC) + timedelta(hours=12)
            return begin, datetime.combine(until, time(), UTC) - timedelta(hours=14)
    return None


def _turn(record: Record) -> tuple[datetime | None, str]:
    return record.due_at, record.link.id


def _first_two(row: tuple[datetime, str, Record]) -> tuple[datetime, str]:
    return row[0], row[1]
