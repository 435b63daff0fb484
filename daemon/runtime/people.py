"""What one person may see and switch: the profile's side of the daemon."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from daemon.core.account import Account, Stage, State
from daemon.runtime.presence import Presence
from daemon.runtime.triggers import TriggerTokens
from daemon.secret import Secret
from daemon.sync.engine import Engine
from daemon.sync.ports import Store, Transaction

AT_WORK: Final = (State.FIRST_SYNC, State.IDLE, State.SYNCING)
NOT_LOGGED_IN: Final = "Not logged in to Severa."


class People:
    """Answers and switches for one user at a time."""

    def __init__(
        self,
        store: Store,
        engine: Engine,
        presence: Presence,
        tokens: TriggerTokens,
        *,
        now: Callable[[], datetime],
        wake: Callable[[str], None],
        report: Callable[..., None],
    ) -> None:
        self._store, self._engine = store, engine
        self._presence, self._tokens = presence, tokens
        self._now, self._wake, self._report = now, wake, report

    async def sync_of(self, guid: str) -> dict[str, Any] | None:
        """Return the answer of `GET /v1/me/sync`, `None` for an unknown or inactive user."""
        account = await self._visitor(guid)
        return await self.described(account) if account else None

    async def switch(self, guid: str, *, enabled: bool) -> dict[str, Any] | None:
        """Switch sync on or off for this user and return the new state (A4).

        `None` stands for an unknown or inactive user, an empty answer for an integration that is off.

        Raises:
            Refused: Another user has switched sync on with the same address (A5).
        """
        if await self._presence.active(guid) is None:
            return None

        async def work(tx: Transaction) -> Account | None:
            if not (await tx.settings()).is_on:
                return None
            before = await tx.account(guid)
            assert before is not None, "it was there a moment ago and users are never dropped"
            account = self._presence.seen(before)
            if account.is_enabled != enabled:
                account = _switched(account, enabled=enabled, now=self._now())
            if account != before:
                await tx.save_accounts([account])
            return account

        account = await self._store.write(work)
        if account is None:
            return {}
        self._report("user.switched", user=guid, on=enabled)
        self._wake("switch")
        return await self.described(account)

    async def make_trigger_token(self, guid: str) -> Secret | None:
        """Return a new token with which this user's scripts can send triggers, in place of an earlier one.

        `None` stands for an unknown or inactive user.
        """
        if await self._visitor(guid) is None:
            return None
        token = await self._tokens.make(guid)
        self._report("user.token-made", user=guid)
        return token

    async def forget_trigger_token(self, guid: str) -> bool:
        """Take this user's trigger token back; false for an unknown or inactive user."""
        if await self._visitor(guid) is None:
            return False
        await self._tokens.forget(guid)
        self._report("user.token-dropped", user=guid)
        return True

    async def described(self, account: Account) -> dict[str, Any]:
        """Return a user's state in the words of the interface."""
        guid = account.user.guid

        async def count(tx: Transaction) -> tuple[int, int]:
            return await tx.count_shared(guid), await tx.count_due(guid)

        links, left = await self._store.read(count)
        synced_at = self._engine.looked_at.get(guid, account.last_synced_at)
        state, reason = self._state(account)
        progress = None
        if account.is_enabled and account.stage is Stage.WRITING:
            progress = {"done": max(0, account.total - left), "total": account.total}
        return {
            "enabled": account.is_enabled,
            "state": state.value,
            "reason": self._reason(account, reason),
            "lastSyncedAt": iso(synced_at),
            "progress": progress,
            "entries": links,
        }

    def _state(self, account: Account) -> tuple[State, str]:
        """Return the state and its reason as they are now, which the next round will note."""
        if account.state in AT_WORK and not self._presence.is_there(account):
            return State.WAITING, NOT_LOGGED_IN
        if account.state is State.WAITING and self._presence.is_there(account):
            return State.IDLE if account.stage is Stage.DONE else State.FIRST_SYNC, ""
        return account.state, account.reason

    def _reason(self, account: Account, reason: str) -> str:
        """Return what is wrong, in plain words; a calendar that takes no writes is looked at all the same (R1)."""
        paused = account.writes_paused(self._now())
        if paused is None:
            return reason
        until = paused.until.astimezone(_zone(account.user.zone))
        limited = (
            f"Google's usage limit of this calendar is reached: nothing is written to it until {until:%Y-%m-%d %H:%M}"
            f" ({until.tzinfo}). What changes in Google still reaches Severa, and the rest follows by itself."
        )
        return f"{reason} {limited}".strip()

    async def _visitor(self, guid: str) -> Account | None:
        """Return the account of who looks at the own profile, which is a sign of being there (T4)."""
        sign = await self._presence.sign(guid)
        if sign is not None and sign.is_back:
            self._wake("visit")
        return sign.account if sign else None


def _switched(account: Account, *, enabled: bool, now: datetime) -> Account:
    if not enabled:
        return replace(account, is_enabled=False, state=State.OFF, reason="", retry_at=None)
    return replace(
        account,
        is_enabled=True,
        # Off and on again must not do what only an administrator may: confirm another address (A5).
        address=account.address or account.user.email,
        state=State.FIRST_SYNC,
        reason="",
        stage=Stage.LISTING,
        enabled_at=now,
        cursor=None,
        retry_at=None,
        attempts=0,
        done=0,
        total=0,
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError):  # Severa may name a zone that this machine does not know.
        return ZoneInfo("UTC")


def iso(at: datetime | None) -> str | None:
    """Return an instant as the interface writes it."""
    return at.isoformat(timespec="seconds").replace("+00:00", "Z") if at else None
