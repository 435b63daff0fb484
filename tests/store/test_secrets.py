import stat
from pathlib import Path

import pytest

from daemon.errors import Misused, SyncError
from daemon.secret import Secret
from daemon.store.secrets import SecretBox, key_in
from daemon.store.store import SqlStore
from tests.store.examples import linked

PASSWORD = Secret("correct horse battery staple")


async def test_a_secret_comes_back(store: SqlStore) -> None:
    await store.put_secret("p12", Secret("old"))
    await store.put_secret("p12", PASSWORD)

    assert await store.secret("p12") == PASSWORD
    assert await store.secret("other") is None


async def test_a_forgotten_secret_is_gone(store: SqlStore) -> None:
    await store.put_secret("p12", PASSWORD)
    await store.put_secret("other", PASSWORD)

    await store.forget_secret("p12")

    assert await store.secret("p12") is None
    assert await store.secret("other") == PASSWORD


async def test_no_file_of_the_database_shows_a_secret(
    url: str, key: Secret, tmp_path: Path
) -> None:
    """Rule A6."""
    async with await SqlStore.open(url, key) as store:
        await store.write(lambda t: t.save([linked("readable-id")]))
        await store.put_secret("p12", PASSWORD)
        while_open = _all_bytes(tmp_path)
        await store.backup(tmp_path / "backup")

    for written in (while_open, _all_bytes(tmp_path)):
        assert b"readable-id" in written
        assert PASSWORD.reveal().encode() not in written
        assert key.reveal().encode() not in written


def _all_bytes(directory: Path) -> bytes:
    return b"".join(file.read_bytes() for file in directory.iterdir() if file.name != "key")


async def test_another_key_is_told_at_once(url: str, key: Secret, tmp_path: Path) -> None:
    async with await SqlStore.open(url, key) as store:
        await store.put_secret("p12", PASSWORD)

    with pytest.raises(SyncError, match=r"store\.encryption_key_file"):
        await SqlStore.open(url, key_in(tmp_path / "another"))

    async with await SqlStore.open(url, key) as store:
        assert await store.secret("p12") == PASSWORD


def test_a_missing_key_is_made_for_its_owner_only(tmp_path: Path) -> None:
    """Rule A6."""
    made = key_in(tmp_path / "key")

    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert key_in(tmp_path / "key") == made
    assert key_in(tmp_path / "other") != made
    assert [file.name for file in sorted(tmp_path.iterdir())] == ["key", "other"]


def test_a_newline_at_the_end_is_no_part_of_the_key(tmp_path: Path) -> None:
    key = key_in(tmp_path / "key")
    (tmp_path / "key").write_text(f"{key.reveal()}\n\n")

    assert key_in(tmp_path / "key") == key


def test_a_key_in_a_directory_that_is_missing_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(Misused, match="does not exist"):
        key_in(tmp_path / "missing" / "key")


@pytest.mark.parametrize("content", [b"", b"hunter2", b"\xff\xfe\x00"])
def test_what_is_no_key_is_told_without_showing_it(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)

    with pytest.raises(Misused, match="encryption key") as told:
        SecretBox(key_in(tmp_path / "key"))

    assert "hunter2" not in str(told.value)


def test_a_tampered_secret_is_refused(tmp_path: Path) -> None:
    box = SecretBox(key_in(tmp_path / "key"))
    locked = bytearray(box.lock(PASSWORD))
    locked[20] ^= 1

    with pytest.raises(SyncError):
        box.unlock(bytes(locked))
