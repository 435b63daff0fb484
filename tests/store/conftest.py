from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from daemon.secret import Secret
from daemon.store.secrets import key_in
from daemon.store.store import SqlStore


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/state.db"


@pytest.fixture
def key(tmp_path: Path) -> Secret:
    return key_in(tmp_path / "key")


@pytest.fixture
async def store(url: str, key: Secret) -> AsyncIterator[SqlStore]:
    async with await SqlStore.open(url, key) as opened:
        yield opened
