"""One transaction of the store: every question as a method, asked on one connection."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Concatenate, Final, ParamSpec, TypeVar

from sqlalchemy import Connection

from daemon.core.account import Account, Settings
from daemon.core.channel import Channel
from daemon.core.record import Change, Record
from daemon.core.roster import Roster
from daemon.core.spent import Spent
from daemon.secret import Secret
from daemon.store import channels, chronicle, company, entries
from daemon.store.engine import Lane
from daemon.store.memory import View
from daemon.store.secrets import SecretBox

P = ParamSpec("P")
T = TypeVar("T")

ORIGINAL_LENGTH_MAX: Final = 65_536
"""Of what is longer, no more than the history is kept."""


class SqlTransaction:
    """What may be asked and kept in one transaction; nothing else is awaited while it is open."""

    def __init__(self, lane: Lane, box: SecretBox, view: View) -> None:
        self._lane = lane
        self._box = box
        self._view = view
        self._is_open = True

    def end(self) -> None:
        """Take no more questions."""
        self._is_open = False

    async def ask(
        self,
        question: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Answer one of the questions of this package."""
        assert self._is_open, "A transaction is used inside its work only."
        return await self._lane.ask(question, *args, **kwargs)

    async def settings(self) -> Settings:
        """Return the company's settings."""
        assert self._is_open, "A transaction is used inside its work only."
        return await self._view.settings(lambda: self.ask(company.company_settings))

    async def save_settings(self, settings: Settings) -> None:
        """Keep the company's settings."""
        await self.ask(company.save_settings, settings)
        self._view.kept_settings(settings)

    async def spent(self) -> Spent | None:
        """Return what was spent of Google's units, `None` where nothing was kept yet."""
        return await self.ask(company.spent_units)

    async def save_spent(self, spent: Spent) -> None:
        """Keep what was spent of Google's units in place of what was kept before."""
        await self.ask(company.save_spent, spent)

    async def accounts(self) -> tuple[Account, ...]:
        """Return every known user, enabled or not, ordered by address."""
        return (await self.roster()).all

    async def roster(self) -> Roster:
        """Return every known user, at no cost where that was asked before."""
        assert self._is_open, "A transaction is used inside its work only."
        return await self._view.roster(lambda: self.ask(company.all_accounts))

    async def account(self, user: str) -> Account | None:
        """Return one user by Severa guid."""
        return await self.ask(company.one_account, user)

    async def save_accounts(self, accounts: Sequence[Account]) -> None:
        """Keep these users.

        Raises:
            Refused: Two users with sync switched on would have the same address (rule A5).
        """
        await self.ask(company.save_accounts, accounts)
        self._view.kept_accounts(accounts)

    async def channels(self) -> tuple[Channel, ...]:
        """Return every push channel, ordered by user and id."""
        return await self.ask(channels.all_channels)

    async def channel(self, name: str) -> Channel | None:
        """Return one push channel by its id."""
        return await self.ask(channels.by_id, name)

    async def save_channels(self, kept: Sequence[Channel]) -> None:
        """Keep these push channels."""
        await self.ask(channels.save, kept)

    async def forget_channels(self, names: Sequence[str]) -> None:
        """Drop the push channels with these ids."""
        await self.ask(channels.forget, names)

    async def trigger_tokens(self) -> Mapping[str, bytes]:
        """Return the hash of each user's trigger token, by Severa guid."""
        return await self.ask(company.trigger_tokens)

    async def save_trigger_token(self, user: str, digest: bytes, at: datetime) -> None:
        """Keep the hash of a user's trigger token, made then, in place of an earlier one."""
        await self.ask(company.save_trigger_token, user, digest, at)

    async def forget_trigger_token(self, user: str) -> None:
        """Drop a user's trigger token, if there is one."""
        await self.ask(company.forget_trigger_token, user)

    async def record(self, link_id: str) -> Record | None:
        """Return one entry."""
        return await self.ask(entries.by_id, link_id)

    async def records_of_activities(self, refs: Sequence[str]) -> tuple[Record, ...]:
        """Return the entries whose Severa side has one of these guids."""
        return await self.ask(entries.of_activities, refs)

    async def records_of_events(
        self, refs: Sequence[str], uids: Sequence[str]
    ) -> tuple[Record, ...]:
        """Return the entries with a copy, or a claim in Google, under one of these ids or uids."""
        return await self.ask(entries.of_events, refs, uids)

    async def records_creating(self, user: str | None = None) -> tuple[Record, ...]:
        """Return the entries that have a claim to create an activity (of this owner)."""
        return await self.ask(entries.creating, user)

    async def records_of_user(
        self, user: str, *, after: str = "", limit: int = 1000
    ) -> tuple[Record, ...]:
        """Return a user's entries in order of link id: owned, shared, or with a copy on the calendar."""
        return await self.ask(entries.of_user, user, after, limit)

    async def records_due(
        self, now: datetime, users: Sequence[str], limit: int, *, unread_only: bool = False
    ) -> tuple[Record, ...]:
        """Return the entries that these users take part in and that are due, the longest due first.

        With `unread_only` just those about a side of which there is doubt.
        """
        return await self.ask(entries.due, now, users, limit, unread_only)

    async def records_unlooked(
        self, users: Sequence[str], before: datetime, limit: int
    ) -> tuple[Record, ...]:
        """Return these users' entries with a Severa side last looked at before this, the oldest first."""
        return await self.ask(entries.unlooked, users, before, limit)

    async def activities_between(
        self, users: Sequence[str], start: datetime, end: datetime
    ) -> tuple[str, ...]:
        """Return the guids of these users' Severa sides, owned or shared, that overlap for certain.

        What repeats, has no length or no known time is left out, whole days are taken in any zone.
        """
        return await self.ask(entries.activities_between, users, start, end)

    async def count_due(self, user: str) -> int:
        """Count the entries of this user, as in `records_due`, whenever they are due."""
        return await self.ask(entries.count_due, user)

    async def living_activity(self, other_than: Sequence[str]) -> str:
        """Return the guid of the Severa side seen alive most recently besides these, or nothing."""
        return await self.ask(entries.living_activity, other_than)

    async def count_links(self, user: str | None = None) -> int:
        """Count the entries whose base is a pair, one side gone since or not (of this owner)."""
        return await self.ask(entries.count_linked, user)

    async def count_shared(self, user: str) -> int:
        """Count the links that the user owns, takes part in, or has on the calendar."""
        return await self.ask(entries.count_shared, user)

    async def count_held(self, user: str | None = None) -> int:
        """Count the links (of this owner) that are held: it is a removal that waits."""
        return await self.ask(entries.count_held, user)

    async def count_held_creations(self, user: str) -> int:
        """Count the entries of this owner that are held and have one side only: a creation waits."""
        return await self.ask(entries.count_held_creations, user)

    async def count_removals(self, since: datetime, user: str | None = None) -> int:
        """Count the removals made since then (of this user's entries), from the history."""
        return await self.ask(chronicle.count_removals, since, user)

    async def save(self, records: Sequence[Record]) -> None:
        """Keep these entries; one whose link is empty is dropped, of two versions the later stays.

        Raises:
            IntegrityError: An activity or a copy would belong to two entries.
        """
        await self.ask(entries.save, records)

    async def changes_of(self, entry: str, since: datetime, limit: int) -> tuple[Change, ...]:
        """Return what was done to an entry since then, from the history, the newest first."""
        return await self.ask(chronicle.of_entry, entry, since, limit)

    async def creations(self, user: str, since: datetime, limit: int) -> tuple[Change, ...]:
        """Return the creations made since then for this user, from the history, the newest first."""
        return await self.ask(chronicle.creations, user, since, limit)

    async def prune_history(self, before: datetime) -> int:
        """Drop what is older from the history, and return how much that was."""
        return await self.ask(chronicle.prune, before)

    async def add_history(self, changes: Sequence[Change]) -> None:
        """Append to the history; what the vendor held of what was taken away is locked beside it."""
        plain: list[Change] = []
        for change in changes:
            if change.original and len(change.original) <= ORIGINAL_LENGTH_MAX:
                await self.ask(chronicle.add, plain)
                locked = self._box.lock(Secret(change.original))
                await self.ask(chronicle.add_destroying, change, locked)
                plain = []
            else:
                plain.append(change)
        await self.ask(chronicle.add, plain)

    async def original_of(self, change_id: int) -> str:
        """Return what the vendor held of what this change took away, empty where nothing is kept of it.

        Raises:
            SyncError: It was locked with another key.
        """
        locked = await self.ask(chronicle.original_of, change_id)
        return self._box.unlock(locked).reveal() if locked is not None else ""
