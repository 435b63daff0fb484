"""Who is logged in to Severa, as far as we know, and no more of it written down than must outlive a restart (T4)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from daemon.core.account import Account
from daemon.core.schedule import is_present
from daemon.sync.ports import Store, Transaction
from daemon.sync.tools import Rules
from daemon.web.pace import Pace

NOTED_EVERY: Final = timedelta(minutes=1)
"""A user who goes on clicking is written down no more often than this."""
NOTED_PART: Final = 10
"""Nor less often than in this part of the time for which a sign counts."""


@dataclass(frozen=True, slots=True)
class Sign:
    """A user gave a sign; `is_back` if the daemon took that user for logged out until then."""

    account: Account
    is_back: bool = False


class Presence:
    """Notes the signs that users give; `None` stands for somebody who is unknown or inactive."""

    def __init__(
        self,
        store: Store,
        rules: Rules,
        *,
        now: Callable[[], datetime],
        refresh: Callable[[], Awaitable[object]],
        refreshes: Pace,
    ) -> None:
        """`refresh` lists the company's users again; `refreshes` bounds how often strangers make us ask for that."""
        self._store, self._rules, self._now = store, rules, now
        self._refresh, self._refreshes = refresh, refreshes
        self._noted_every = min(NOTED_EVERY, rules.presence_ttl / NOTED_PART)

    def is_there(self, account: Account) -> bool:
        """Tell whether this user's sync runs now."""
        rules = self._rules
        return not rules.is_login_required or is_present(account, self._now(), rules.presence_ttl)

    async def active(self, guid: str) -> Account | None:
        """Return the account of an active user, after another look at Severa where nobody is known by that guid."""
        account = await self._store.read(lambda tx: tx.account(guid))
        if account is None and not self._refreshes.wait_for("stranger"):
            await self._refresh()
            account = await self._store.read(lambda tx: tx.account(guid))
        return account if account and account.user.is_active else None

    async def sign(self, guid: str) -> Sign | None:
        """Note that the user is there."""
        account = await self.active(guid)
        if account is None:
            return None
        if not account.is_enabled:
            return Sign(
                account
            )  # Switching on is a visit itself; what came before need not be kept.
        was_there = self.is_there(account)
        if self.seen(account) != account:
            account = await self._note(guid) or account
        return Sign(account, is_back=not was_there)

    def seen(self, account: Account) -> Account:
        """Return the account with a sign of now, or as it is where that is no news worth writing down."""
        now, last = self._now(), account.last_seen_at
        # The time is below nothing where the machine's clock was set back meanwhile.
        is_fresh = last is not None and timedelta() <= now - last < self._noted_every
        if is_fresh and account.logged_out_at is None:
            return account
        return replace(account, last_seen_at=now, logged_out_at=None)

    async def logout(self, guid: str) -> Account | None:
        """Note that the user is not there until the next sign; a login before this one is none."""
        account = await self.active(guid)

        async def work(tx: Transaction) -> None:
            current = await tx.account(guid)
            assert current is not None, "It was there a moment ago, and users are never dropped."
            await tx.save_accounts([replace(current, logged_out_at=self._now())])

        if account is not None and account.is_enabled:
            await self._store.write(work)
        return account

    async def _note(self, guid: str) -> Account | None:
        async def work(tx: Transaction) -> Account | None:
            account = await tx.account(guid)
            # Of many clicks at once the first is written down.
            if account is not None and (seen := self.seen(account)) != account:
                await tx.save_accounts([seen])
                return seen
            return account

        return await self._store.write(work)
