"""Settings and users in memory, as the latest transaction kept them.

They are asked for with every push, and reading ten thousand users for each would take longer than serving it. One
process holds the file and one connection writes, so this is exact: what is committed is taken up before the next
transaction writes, and a reader uses it only where nothing of it changed since the reader's own picture was begun.
"""

from collections.abc import Awaitable, Callable, Sequence

from daemon.core.account import Account, Settings
from daemon.core.roster import Roster


class Memory:
    """What is known, and a count of changes that is odd while one of them is being committed."""

    def __init__(self) -> None:
        self.settings: Settings | None = None
        self.roster: Roster | None = None
        self.changes = 0

    @property
    def is_changing(self) -> bool:
        """Tell whether the file may say something else already."""
        return self.changes % 2 == 1


class View:
    """What one transaction sees: its own changes, else what is remembered, else the file."""

    def __init__(self, memory: Memory, *, is_writer: bool) -> None:
        self._memory, self._is_writer = memory, is_writer
        self._began = memory.changes
        self._settings: Settings | None = None
        self._accounts: dict[str, Account] = {}
        self._seen: Roster | None = None

    async def settings(self, read: Callable[[], Awaitable[Settings]]) -> Settings:
        """Return the company's settings."""
        if self._settings is not None:
            return self._settings
        if self._is_current() and self._memory.settings is not None:
            return self._memory.settings
        settings = await read()
        if self._is_current():
            self._memory.settings = settings
        return settings

    async def roster(self, read: Callable[[], Awaitable[Sequence[Account]]]) -> Roster:
        """Return everybody."""
        if self._seen is not None:
            return self._seen
        known = self._memory.roster if self._is_current() else None
        if known is not None:
            self._seen = known.having(self._accounts.values()) if self._accounts else known
            return self._seen
        # What this transaction changed is in the file already, as far as it is concerned.
        roster = Roster.of(await read())
        if self._is_current() and not self._accounts:
            self._memory.roster = roster
        return roster

    def kept_settings(self, settings: Settings) -> None:
        """Take note of settings that were changed in this transaction."""
        self._settings = settings

    def kept_accounts(self, accounts: Sequence[Account]) -> None:
        """Take note of users who were changed in this transaction."""
        self._accounts |= {account.user.guid: account for account in accounts}
        self._seen = None

    async def commit(self, commit: Callable[[], Awaitable[None]]) -> None:
        """Commit, and let others see what was changed."""
        memory = self._memory
        if self._settings is None and not self._accounts:
            return await commit()
        memory.changes += 1
        settings, roster = memory.settings, memory.roster
        memory.settings = memory.roster = None  # Unless it is known how it ends, the file tells.
        try:
            await commit()
            memory.settings = self._settings or settings
            if roster is not None and self._accounts:
                roster = roster.having(self._accounts.values())
            memory.roster = roster
        finally:
            memory.changes += 1

    def _is_current(self) -> bool:
        if self._is_writer:
            return True  # Nobody else writes meanwhile.
        return self._memory.changes == self._began and not self._memory.is_changing
