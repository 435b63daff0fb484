"""What a user's sync is doing, and what is wrong for the whole company: kept where it is new, and told once."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from daemon.core.account import Account, Stage, State
from daemon.core.schedule import pause
from daemon.errors import RateLimited, Refused, SyncError, Transient
from daemon.sync.ports import Transaction
from daemon.sync.tools import Tools

OUTAGE_PAUSE_MAX: Final = timedelta(minutes=5)
"""Google may have been down for hours: soon after it is back everybody is looked at again (T7)."""


class States:
    """Keeps the states of users."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._told_fault = ""

    async def finish(self, account: Account, *, is_done: bool) -> None:
        """Note that a user is up to date, or how far the first sync has come; write only what is new."""
        guid, now = account.user.guid, self._tools.now()

        async def work(tx: Transaction) -> None:
            current = await tx.account(guid)
            if (
                current is None
                or not current.is_enabled
                or current.enabled_at != account.enabled_at
            ):
                return  # It was switched meanwhile: what was done belongs to the time before.
            await tx.save_accounts([await _finished(tx, current, now, is_done=is_done)])

        if account.stage is Stage.DONE and account.state is State.IDLE and not account.attempts:
            return
        await self._tools.store.write(work)
        self._tell_moved(account, State.IDLE)

    async def move(self, account: Account, state: State, reason: str) -> None:
        """Keep what a user's sync is doing."""
        if (account.state, account.reason) == (state, reason):
            return

        async def work(tx: Transaction) -> None:
            current = await tx.account(account.user.guid)
            if current is not None and current.is_enabled:
                await tx.save_accounts([replace(current, state=state, reason=reason)])

        await self._tools.store.write(work)
        self._tell_moved(account, state)
        self._tools.report("user.state", user=account.user.guid, state=state.value)

    async def fail(self, account: Account, state: State, error: SyncError) -> None:
        """Keep what went wrong for a user, and when it is tried again."""
        wait = pause(account.attempts, self._tools.chance())
        if isinstance(error, Transient):
            wait = min(wait, OUTAGE_PAUSE_MAX)
        if isinstance(error, RateLimited) and error.retry_after is not None:
            wait = timedelta(seconds=error.retry_after)
        retry_at = self._tools.now() + wait

        async def work(tx: Transaction) -> None:
            current = await tx.account(account.user.guid)
            if current is None or not current.is_enabled:
                return
            attempts = current.attempts + 1
            failed = replace(current, state=state, reason=str(error), retry_at=retry_at)
            await tx.save_accounts([replace(failed, attempts=attempts)])

        await self._tools.store.write(work)
        self._tell_moved(account, state)
        reason = (error.reason if isinstance(error, Refused) else "") or type(error).__name__
        self._tools.report("user.failed", user=account.user.guid, state=state.value, reason=reason)

    def _tell_moved(self, account: Account, state: State) -> None:
        if (account.state is State.PAUSED) != (state is State.PAUSED):
            self._tools.moved()

    async def note_fault(self, fault: str) -> None:
        """Keep what is wrong for the whole company, and tell it once (A7)."""

        async def work(tx: Transaction) -> None:
            settings = await tx.settings()
            await tx.save_settings(replace(settings, fault=fault))

        settings = await self._tools.store.read(lambda tx: tx.settings())
        if settings.fault != fault:
            await self._tools.store.write(work)
        if fault != self._told_fault:
            event = "company.fault" if fault else "company.recovered"
            self._tools.report(event, reason=fault)
            self._told_fault = fault


async def _finished(tx: Transaction, account: Account, now: datetime, *, is_done: bool) -> Account:
    left = await tx.count_due(account.user.guid)
    has_written = account.stage is Stage.WRITING and is_done
    stage = Stage.DONE if has_written else account.stage
    return replace(
        account,
        stage=stage,
        state=State.IDLE if stage is Stage.DONE else State.FIRST_SYNC,
        reason="",
        done=account.total if stage is Stage.DONE else max(0, account.total - left),
        attempts=0,
        retry_at=None,
        last_synced_at=now,
    )
