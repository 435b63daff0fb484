from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from daemon.sandbox.server import Sandbox
from tests.e2e.installation import Installation


@pytest.fixture
async def company(tmp_path: Path) -> AsyncIterator[Installation]:
    """A furnished company with its configuration; the daemon is not running yet."""
    async with Sandbox() as sandbox:
        installation = Installation(sandbox, path=tmp_path)
        installation.furnish()
        installation.configure()
        try:
            yield installation
        finally:
            await installation.stop()
