"""Readiness asks the database itself, whatever is remembered of it."""

import asyncio
from pathlib import Path

from daemon.runtime.readiness import Readiness
from daemon.store.secrets import key_in
from daemon.store.store import SqlStore


async def test_a_damaged_database_is_not_ready_though_its_settings_are_remembered(
    tmp_path: Path,
) -> None:
    key = key_in(tmp_path / "key")
    async with await SqlStore.open(f"sqlite:///{tmp_path}/state.db", key) as store:
        readiness = Readiness(store, asyncio.Event())
        await store.read(lambda tx: tx.settings())
        assert await readiness()

        for path in (tmp_path / "state.db", tmp_path / "state.db-wal"):
            path.write_bytes(b"\xff" * path.stat().st_size)

        assert not await readiness()
