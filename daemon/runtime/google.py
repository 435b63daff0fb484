"""The Google side as the engine sees it: whichever service account is connected now, or a clear refusal."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Final

from daemon.core.channel import Opened
from daemon.core.company import User
from daemon.core.entry import Entry
from daemon.core.link import Copy, Mark
from daemon.core.listing import Page
from daemon.errors import CompanyRefused
from daemon.google.client import GoogleClient
from daemon.google.original import lost_in
from daemon.secret import Secret

HINT: Final = "Run `severa-gcal google connect`."


class ConnectedGoogle:
    """Passes every call on to the client of the connected service account, which may be replaced at any time."""

    def __init__(self) -> None:
        self.client: GoogleClient | None = None
        self.on_looked: Callable[[str, bool], None] = lambda user, has_changes: None
        """Told after each look at what changed: whose calendar it was, and whether anything had."""

    def _now(self) -> GoogleClient:
        if self.client is None:
            raise CompanyRefused("Google is not connected.", hint=HINT)
        return self.client

    async def changes(self, user: User, cursor: str | None) -> AsyncIterator[Page[Copy]]:
        """See `daemon.sync.ports.GoogleCalendar`."""
        has_changes = False
        async for page in self._now().changes(user, cursor):
            has_changes = has_changes or bool(page.seen or page.gone or page.skipped)
            if page.cursor is not None and cursor is not None:
                self.on_looked(user.guid, has_changes)
            yield page

    async def read(self, user: User, ref: str) -> Copy | None:
        """See `daemon.sync.ports.Calendar`."""
        return await self._now().read(user, ref)

    async def answers(self, user: User, witness: str) -> bool:
        """See `daemon.sync.ports.Calendar`."""
        return await self._now().answers(user, witness)

    async def marked(self, user: User, activity: str) -> Copy | None:
        """See `daemon.sync.ports.GoogleCalendar`."""
        return await self._now().marked(user, activity)

    async def create(
        self, user: User, ref: str, entry: Entry, *, mark: Mark | None, original: str = ""
    ) -> Copy:
        """See `daemon.sync.ports.GoogleCalendar`."""
        return await self._now().create(user, ref, entry, mark=mark, original=original)

    def lost_in(self, original: str) -> tuple[str, ...]:
        """See `daemon.sync.ports.Calendar`."""
        return lost_in(original)

    async def change(
        self, user: User, seen: Copy, change: Entry, *, type_guid: str, mark: Mark | None
    ) -> Copy:
        """See `daemon.sync.ports.Calendar`."""
        return await self._now().change(user, seen, change, type_guid=type_guid, mark=mark)

    async def remove(self, user: User, seen: Copy) -> None:
        """See `daemon.sync.ports.Calendar`."""
        await self._now().remove(user, seen)

    async def watch(
        self, user: User, name: str, token: Secret, *, address: str, life: timedelta
    ) -> Opened:
        """See `daemon.sync.ports.GoogleCalendar`."""
        return await self._now().watch(user, name, token, address=address, life=life)

    async def stop(self, user: User, name: str, resource_id: str) -> None:
        """See `daemon.sync.ports.GoogleCalendar`."""
        await self._now().stop(user, name, resource_id)
