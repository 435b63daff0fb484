"""Who asked for a pause, so that what would be written there waits and is not tried one by one (R1)."""

from collections.abc import MutableMapping
from dataclasses import replace
from datetime import datetime, timedelta

from daemon.core.account import Account, WritePause
from daemon.core.schedule import pause, write_pause
from daemon.errors import RateLimited, UsageLimited
from daemon.sync.ports import Transaction
from daemon.sync.tools import Tools


class Limits:
    """The vendors' limits that were met: a calendar's own is kept on the account, the others last for one run."""

    def __init__(self, tools: Tools, accounts: MutableMapping[str, Account]) -> None:
        self._tools, self._accounts = tools, accounts
        self._met: dict[str, RateLimited] = {}
        """Who asked for a pause in this run, by user; the empty name is Severa. As many as there are users."""

    def meet(self, limit: RateLimited) -> None:
        """Let nothing more be written in this run to whom the limit concerns."""
        self._met[limit.user] = limit

    def is_paused(self, user: str) -> bool:
        """Tell whether this user's calendar takes no writes for hours."""
        return self._pause_of(user) is not None

    def waits_until(self, user: str) -> datetime | None:
        """Return until when nothing is written to this user (or Severa), `None` where it may be written now."""
        if paused := self._pause_of(user):
            return paused.until
        now = self._tools.now()
        limit = self._met.get(user)
        if limit is None:
            return None
        if limit.retry_after is None:
            return now + pause(0, self._tools.chance())
        return now + timedelta(seconds=limit.retry_after)

    def _pause_of(self, user: str) -> WritePause | None:
        account = self._accounts.get(user)
        return account.writes_paused(self._tools.now()) if account else None

    async def pause_writes(self, user: str, limit: UsageLimited) -> datetime:
        """Let nothing be written to this user's calendar for hours, restarts included, and return until when."""
        now, chance = self._tools.now(), self._tools.chance()
        at_least = timedelta(seconds=limit.retry_after or 0.0)

        async def work(tx: Transaction) -> tuple[WritePause, bool]:
            account = await tx.account(user)
            assert account is not None, "whose calendar was written to is known"
            paused = write_pause(account, now, chance, at_least=at_least)
            is_new = paused != account.write_pause
            if is_new:
                await tx.save_accounts([replace(account, write_pause=paused)])
            return paused, is_new

        paused, is_new = await self._tools.store.write(work)
        # Of the account as this run knows it nothing else is to change.
        self._accounts[user] = replace(self._accounts[user], write_pause=paused)
        if is_new:
            until = paused.until.isoformat(timespec="seconds")
            self._tools.report("user.state", user=user, state="writes-paused", until=until)
        return paused.until
