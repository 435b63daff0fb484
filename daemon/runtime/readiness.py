"""Whether calls can be answered; the configuration was read at the start, so what is left is the database."""

import asyncio
from typing import Final

from daemon.errors import SyncError
from daemon.sync.ports import Store

PATIENCE_SECONDS: Final = 3.0


class Readiness:
    """Asks the database a small question, and only one at a time however many ask us."""

    def __init__(
        self, store: Store, stopping: asyncio.Event, *, patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        self._store, self._stopping, self._patience = store, stopping, patience_seconds
        self._question: asyncio.Task[bool] | None = None

    async def __call__(self) -> bool:
        """Tell whether the database answers soon and the daemon is not about to stop."""
        if self._stopping.is_set():
            return False
        if self._question is None or self._question.done():
            self._question = asyncio.create_task(self._ask(), name="readiness")
        # Not cancelled when it takes too long: a transaction is always waited for.
        done, _ = await asyncio.wait({self._question}, timeout=self._patience)
        return bool(done) and self._question.result()

    async def _ask(self) -> bool:
        try:
            await self._store.read(lambda tx: tx.spent())  # Never answered from memory.
        except SyncError:
            return False
        return True
