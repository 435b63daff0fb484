"""What the engine needs of the world; the adapters fit these shapes without knowing them."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from daemon.core.account import Account, Settings
from daemon.core.channel import Channel, Opened
from daemon.core.company import ActivityType, User
from daemon.core.entry import Entry
from daemon.core.link import Activity, Copy, Mark, Seen
from daemon.core.listing import Page
from daemon.core.record import Change, Record
from daemon.core.roster import Roster
from daemon.core.spent import Spent
from daemon.secret import Secret

S = TypeVar("S", bound=Seen)
R = TypeVar("R")


class Calendar(Protocol[S]):
    """One side, object by object. Every method may also raise `Transient`, `RateLimited`, or a kind of `Refused`."""

    async def read(self, user: User, ref: str) -> S | None:
        """Return the object as it is now, `None` when the vendor says it is deleted.

        Raises:
            Gone: The vendor does not find it, which alone proves nothing (see `answers`).
        """
        ...

    async def answers(self, user: User, witness: str) -> bool:
        """Tell whether what must be there is there: the calendar itself (Google), the activity `witness` (Severa)."""
        ...

    async def change(
        self, user: User, seen: S, change: Entry, *, type_guid: str, mark: Mark | None
    ) -> S:
        """Write the known fields of `change` and nothing else, and return what the vendor then showed.

        Of the people only those named in `change` are touched, on the list as it is then (E8); Severa is given one
        person at a time, without other fields.

        Raises:
            Stale: It is not any more what `seen` says.
            Gone: It is not there any more.
        """
        ...

    def lost_in(self, original: str) -> tuple[str, ...]:
        """Return in words what an original (`Seen.original`) held that `create` cannot bring back."""
        ...

    async def remove(self, user: User, seen: S) -> None:
        """Delete it.

        Raises:
            Stale: It is not any more what `seen` says.
            Gone: It was deleted already.
        """
        ...


class GoogleCalendar(Calendar[Copy], Protocol):
    """The users' primary calendars."""

    def changes(self, user: User, cursor: str | None) -> AsyncIterator[Page[Copy]]:
        """List what changed since `cursor`, or everything.

        Raises:
            CursorExpired: List everything instead.
        """
        ...

    async def marked(self, user: User, activity: str) -> Copy | None:
        """Return the event on this calendar that bears our mark of an activity; a copy made by hand does not count.

        Raises:
            UserRefused: There is no calendar under the user's address, or it is not shown whole.
        """
        ...

    async def create(
        self, user: User, ref: str, entry: Entry, *, mark: Mark | None, original: str = ""
    ) -> Copy:
        """Create the event under the id `ref`, with what an `original` held besides.

        What the vendor does not take of that keeps nothing from being made, and is `left_out` of what is returned.

        Raises:
            Exists: The id is taken, by a living event or by a deleted one.
        """
        ...

    async def watch(
        self, user: User, name: str, token: Secret, *, address: str, life: timedelta
    ) -> Opened:
        """Open a channel that tells `address` of the changes on the user's calendar.

        Raises:
            Transient: It may have been opened, unless it is `RateLimited`.
            Refused: It was not opened; `reason` is Google's word.
        """
        ...

    async def stop(self, user: User, name: str, resource_id: str) -> None:
        """Stop a channel that was opened as this user; one that Google does not know (any more) is stopped.

        Raises:
            Refused: It is not ours to stop.
        """
        ...


class SeveraCalendar(Calendar[Activity], Protocol):
    """The company's activities."""

    def changes(self, since: datetime) -> AsyncIterator[Page[Activity]]:
        """List what was created or changed at or after `since`, by Severa's own clock."""
        ...

    def of_users(
        self, users: Sequence[str], start: datetime | None, end: datetime | None
    ) -> AsyncGenerator[Page[Activity], None]:
        """List the activities that these users own or take part in and that overlap the window.

        `None` is as wide as it goes.
        """
        ...

    async def people(self, user: User, seen: Activity) -> Activity:
        """Return an activity that was listed with those who take part in it; listings do not show them.

        Raises:
            Gone: It is not there any more.
        """
        ...

    async def create(
        self, user: User, entry: Entry, *, type_guid: str, original: str = ""
    ) -> Activity:
        """Create an activity with its owner alone; after an unclear answer use `find` before trying again.

        It gets what an `original` held besides; what the vendor does not take of that is `left_out`.
        """
        ...

    def type_in(self, original: str) -> str:
        """Return the guid of the activity type that an original had, empty where that is not known."""
        ...

    async def find(self, user: User, entry: Entry, *, since: datetime) -> tuple[Activity, ...]:
        """Return the activities of `user` with the name and times of `entry` made at or after `since`."""
        ...

    async def time(self) -> datetime:
        """Return Severa's own clock as it was at its latest answer (whole seconds, rounded down)."""
        ...

    async def types(self) -> tuple[ActivityType, ...]:
        """Return all activity types, inactive ones included."""
        ...

    async def users(self) -> tuple[User, ...]:
        """Return all users, inactive ones included."""
        ...


class Transaction(Protocol):
    """One transaction of the store; nothing else is awaited while it is open."""

    async def settings(self) -> Settings:
        """Return the company's settings."""
        ...

    async def save_settings(self, settings: Settings) -> None:
        """Keep the company's settings."""
        ...

    async def spent(self) -> Spent | None:
        """Return what was spent of Google's units, `None` where nothing was kept yet."""
        ...

    async def save_spent(self, spent: Spent) -> None:
        """Keep what was spent of Google's units in place of what was kept before."""
        ...

    async def accounts(self) -> tuple[Account, ...]:
        """Return every known user, enabled or not, ordered by address."""
        ...

    async def roster(self) -> Roster:
        """Return every known user at once, however many there are."""
        ...

    async def account(self, user: str) -> Account | None:
        """Return one user by Severa guid."""
        ...

    async def save_accounts(self, accounts: Sequence[Account]) -> None:
        """Keep these users."""
        ...

    async def channels(self) -> tuple[Channel, ...]:
        """Return every push channel, ordered by user and id."""
        ...

    async def channel(self, name: str) -> Channel | None:
        """Return one push channel by its id."""
        ...

    async def save_channels(self, kept: Sequence[Channel]) -> None:
        """Keep these push channels."""
        ...

    async def forget_channels(self, names: Sequence[str]) -> None:
        """Drop the push channels with these ids."""
        ...

    async def trigger_tokens(self) -> Mapping[str, bytes]:
        """Return the hash of each user's trigger token, by Severa guid."""
        ...

    async def save_trigger_token(self, user: str, digest: bytes, at: datetime) -> None:
        """Keep the hash of a user's trigger token, made then, in place of an earlier one."""
        ...

    async def forget_trigger_token(self, user: str) -> None:
        """Drop a user's trigger token, if there is one."""
        ...

    async def record(self, link_id: str) -> Record | None:
        """Return one entry."""
        ...

    async def records_of_activities(self, refs: Sequence[str]) -> tuple[Record, ...]:
        """Return the entries whose Severa side has one of these guids."""
        ...

    async def records_of_events(
        self, refs: Sequence[str], uids: Sequence[str]
    ) -> tuple[Record, ...]:
        """Return the entries with a copy, or a claim in Google, under one of these event ids or iCalUIDs."""
        ...

    async def records_creating(self, user: str | None = None) -> tuple[Record, ...]:
        """Return the entries that have a claim to create an activity (of this owner)."""
        ...

    async def records_of_user(
        self, user: str, *, after: str = "", limit: int = 1000
    ) -> tuple[Record, ...]:
        """Return a user's entries in order of link id, those after `after`.

        That is those that the user owns, is a member of, or has a copy of on the calendar.
        """
        ...

    async def records_due(
        self, now: datetime, users: Sequence[str], limit: int, *, unread_only: bool = False
    ) -> tuple[Record, ...]:
        """Return the entries that these users take part in and that are due, the longest due first.

        With `unread_only` just those about a side of which there is doubt.
        """
        ...

    async def records_unlooked(
        self, users: Sequence[str], before: datetime, limit: int
    ) -> tuple[Record, ...]:
        """Return the entries that these users take part in with a Severa side last looked at before this.

        The oldest look comes first.
        """
        ...

    async def activities_between(
        self, users: Sequence[str], start: datetime, end: datetime
    ) -> tuple[str, ...]:
        """Return the guids of these users' Severa sides, owned or shared, that overlap the window for certain."""
        ...

    async def count_due(self, user: str) -> int:
        """Count the entries of this user that still have something to do, whenever that is due."""
        ...

    async def living_activity(self, other_than: Sequence[str]) -> str:
        """Return the guid of the Severa side seen alive most recently, empty if there is none besides these."""
        ...

    async def count_links(self, user: str | None = None) -> int:
        """Count the entries whose base is a pair, one side gone since or not (of this user)."""
        ...

    async def count_shared(self, user: str) -> int:
        """Count the links that the user owns, takes part in, or has on the calendar."""
        ...

    async def count_held(self, user: str | None = None) -> int:
        """Count the links (of this owner) that are held: it is a removal that waits."""
        ...

    async def count_held_creations(self, user: str) -> int:
        """Count the entries of this owner that are held and have one side only: a creation waits."""
        ...

    async def count_removals(self, since: datetime, user: str | None = None) -> int:
        """Count the removals made since then (of this user's entries), from the history."""
        ...

    async def save(self, records: Sequence[Record]) -> None:
        """Keep these entries; one whose link is empty is dropped."""
        ...

    async def changes_of(self, entry: str, since: datetime, limit: int) -> tuple[Change, ...]:
        """Return what was done to an entry since then, from the history, the newest first."""
        ...

    async def creations(self, user: str, since: datetime, limit: int) -> tuple[Change, ...]:
        """Return the creations made since then for this user, from the history, the newest first."""
        ...

    async def prune_history(self, before: datetime) -> int:
        """Drop what is older from the history, and return how much that was."""
        ...

    async def add_history(self, changes: Sequence[Change]) -> None:
        """Append to the history; what the vendor held of what was taken away is kept as a secret beside it."""
        ...

    async def original_of(self, change_id: int) -> str:
        """Return what the vendor held of what this change took away, empty where nothing is kept of it.

        Raises:
            SyncError: It was locked with another key.
        """
        ...


class Store(Protocol):
    """Where everything that must outlive the process is kept."""

    async def write(self, work: Callable[[Transaction], Awaitable[R]]) -> R:
        """Run `work` in one transaction that is either kept whole or not at all, and is never cancelled midway."""
        ...

    async def read(self, work: Callable[[Transaction], Awaitable[R]]) -> R:
        """Run `work`, which only reads, on one consistent picture."""
        ...
