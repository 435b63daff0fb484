"""What vendors held of entries that were taken away is kept as a secret, and no longer than the history (D7)."""

from dataclasses import replace
from pathlib import Path

import pytest

from daemon.core.record import Change
from daemon.errors import SyncError
from daemon.secret import Secret
from daemon.store import chronicle
from daemon.store.secrets import key_in
from daemon.store.store import SqlStore
from daemon.store.transaction import ORIGINAL_LENGTH_MAX
from tests.store.examples import MINUTE, NOW, change, linked

ACME = '{"guid": "activity-one", "customer": {"name": "Acme Confidential"}, "isClosed": true}'
REMOVED = replace(change("one", "removed"), original=ACME)


async def kept(store: SqlStore, change_id: int) -> str:
    return await store.read(lambda tx: tx.original_of(change_id))


async def test_what_a_removal_destroyed_is_kept_beside_its_line(store: SqlStore) -> None:
    lines = [change("before"), REMOVED, change("after")]

    await store.write(lambda tx: tx.add_history(lines))

    history = await store.history()
    assert [(line.id, line.entry) for line in history] == [(3, "after"), (2, "one"), (1, "before")]
    assert [await kept(store, number) for number in (1, 2, 3, 4)] == ["", ACME, "", ""]


async def test_the_history_itself_does_not_hold_it(store: SqlStore) -> None:
    await store.write(lambda tx: tx.add_history([REMOVED]))

    (line,) = await store.history()
    assert line == replace(REMOVED, id=1, original="")
    assert "Acme" not in repr(REMOVED)


async def test_no_file_shows_what_a_vendor_held(url: str, key: Secret, tmp_path: Path) -> None:
    async with await SqlStore.open(url, key) as store:
        await store.write(lambda tx: tx.save([linked("readable-id")]))
        await store.write(lambda tx: tx.add_history([REMOVED]))
        while_open = all_bytes(tmp_path)
        await store.backup(tmp_path / "backup")

    for written in (while_open, all_bytes(tmp_path), (tmp_path / "backup").read_bytes()):
        assert b"readable-id" in written
        assert b"Acme" not in written
        assert b"isClosed" not in written


async def test_a_backup_gives_it_back(store: SqlStore, key: Secret, tmp_path: Path) -> None:
    await store.write(lambda tx: tx.add_history([REMOVED]))
    await store.backup(tmp_path / "backup")

    async with await SqlStore.open(f"sqlite:///{tmp_path}/backup", key) as copy:
        assert await kept(copy, 1) == ACME


async def test_it_goes_with_the_history(store: SqlStore, tmp_path: Path) -> None:
    later = replace(REMOVED, at=NOW + MINUTE)
    await store.write(lambda tx: tx.add_history([REMOVED, later]))

    await store.write(lambda tx: tx.prune_history(NOW + MINUTE))

    assert [await kept(store, number) for number in (1, 2)] == ["", ACME]


async def test_the_oldest_go_where_there_are_too_many(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chronicle, "ORIGINALS_MAX", 3)
    for _ in range(5):
        await store.write(lambda tx: tx.add_history([REMOVED, change("two")]))

    numbers = [line.id for line in await store.history()]

    assert [number for number in numbers if await kept(store, number)] == [9, 7, 5]
    assert len(numbers) == 10


async def test_of_what_is_too_long_only_the_history_is_kept(store: SqlStore) -> None:
    long = replace(REMOVED, original="x" * (ORIGINAL_LENGTH_MAX + 1))

    await store.write(lambda tx: tx.add_history([long]))

    assert await kept(store, 1) == ""
    assert len(await store.history()) == 1


async def test_another_key_is_told_and_stops_nothing_else(
    url: str, key: Secret, tmp_path: Path
) -> None:
    async with await SqlStore.open(url, key) as store:
        await store.write(lambda tx: tx.add_history([REMOVED]))

    async with await SqlStore.open(url, key_in(tmp_path / "another")) as store:
        with pytest.raises(SyncError, match=r"store\.encryption_key_file"):
            await kept(store, 1)
        again: list[Change] = [REMOVED]
        await store.write(lambda tx: tx.save([linked("one")]))
        await store.write(lambda tx: tx.add_history(again))

        assert await store.read(lambda tx: tx.record("one")) == linked("one")
        assert await kept(store, 2) == ACME
        assert len(await store.history()) == 2


def all_bytes(directory: Path) -> bytes:
    return b"".join(file.read_bytes() for file in directory.iterdir() if file.name != "key")
