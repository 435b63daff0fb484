"""What Severa's pages tell: who is there, and what to look at sooner (T1, T2, T4)."""

import asyncio
import hashlib
import hmac
import random
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import datetime
from typing import Final

from daemon.errors import Transient
from daemon.runtime.presence import Presence
from daemon.secret import Secret
from daemon.sync.ports import Store
from daemon.web.tokens import TRIGGER_PREFIX

CAUSE: Final = "trigger"
TOKEN_BYTES: Final = 32
FOUND_BY: Final = 8
"""So many bytes of its hash find a token; the rest is compared in a time that tells nothing."""


class TriggerTokens:
    """The tokens that only trigger, one a user; here and in the store there are hashes of them only."""

    def __init__(self, store: Store, *, now: Callable[[], datetime], rng: random.Random) -> None:
        """`rng` makes the tokens, so outside of tests it must be the operating system's."""
        self._store, self._now, self._rng = store, now, rng
        self._known: dict[bytes, tuple[str, bytes]] = {}
        """All of them, so that whoever tries tokens out does not keep the database busy."""
        self._turn = asyncio.Lock()

    async def load(self) -> None:
        """Learn the tokens that were made before."""
        for user, digest in (await self._store.read(lambda tx: tx.trigger_tokens())).items():
            self._known[digest[:FOUND_BY]] = user, digest

    async def make(self, user: str) -> Secret:
        """Return a new token for this user, in place of an earlier one; it is told only now."""
        random_part = urlsafe_b64encode(self._rng.randbytes(TOKEN_BYTES)).decode().rstrip("=")
        token = Secret(TRIGGER_PREFIX + random_part)
        digest, at = _digest(token), self._now()
        async with self._turn:
            await self._store.write(lambda tx: tx.save_trigger_token(user, digest, at))
            self._drop(user)
            self._known[digest[:FOUND_BY]] = user, digest
        return token

    async def forget(self, user: str) -> None:
        """Let this user's token be worth nothing from now on."""
        async with self._turn:
            await self._store.write(lambda tx: tx.forget_trigger_token(user))
            self._drop(user)

    def owner_of(self, token: Secret) -> str | None:
        """Return the Severa guid of the user whose token this is, `None` where it is nobody's."""
        digest = _digest(token)
        user, known = self._known.get(digest[:FOUND_BY], ("", b""))
        return user if hmac.compare_digest(known, digest) else None

    def _drop(self, user: str) -> None:
        self._known = {part: kept for part, kept in self._known.items() if kept[0] != user}


class Triggers:
    """Carries the three triggers out; each returns whether there is such an active user."""

    def __init__(
        self,
        presence: Presence,
        tokens: TriggerTokens,
        *,
        wake_user: Callable[[str, str], object],
        wake_activity: Callable[[str, str, str], bool],
    ) -> None:
        """`wake_user` takes a user and a cause, `wake_activity` an activity, who says that it changed, and a cause.

        Either may be called with guids that nobody knows, any number of times, and is to remember a bounded number.
        """
        self._presence, self._tokens = presence, tokens
        self._wake_user, self._wake_activity = wake_user, wake_activity

    def owner_of(self, token: Secret) -> str | None:
        """Return whose trigger token this is."""
        return self._tokens.owner_of(token)

    async def navigated(self, user: str) -> bool:
        """Sync a user who goes from one section of Severa to another, or logs in."""
        sign = await self._presence.sign(user)
        if sign is not None and sign.account.is_enabled:
            self._wake_user(user, CAUSE)
        return sign is not None

    async def changed(self, user: str, activity: str, change: str) -> bool:
        """Sync an activity that a user created, updated or deleted, for everybody who shares it.

        The user need not use the sync, for one of the others may.
        """
        sign = await self._presence.sign(user)
        if sign is None:
            return False
        if not self._wake_activity(activity, user, CAUSE):
            # Of a deletion nothing else tells before the sweep.
            raise Transient("The daemon is about to stop, or too many wait.")
        if sign.is_back:
            self._wake_user(user, CAUSE)
        return True

    async def logged_out(self, user: str) -> bool:
        """Sync a user no more until the next sign."""
        return await self._presence.logout(user) is not None


def _digest(token: Secret) -> bytes:
    # No slow hash is needed for what is as random as the hash itself.
    return hashlib.sha256(token.reveal().encode("utf-8", "surrogateescape")).digest()
