from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from daemon.sandbox.server import Sandbox
from tests.contract.severa_document import Watch
from tests.e2e.installation import Installation


@pytest.fixture
async def company(tmp_path: Path) -> AsyncIterator[Installation]:
    """A furnished company with its configuration; the daemon is not running yet."""
    watch = Watch()
    async with Sandbox() as sandbox:
        sandbox.severa.witnesses.append(watch)
        installation = Installation(sandbox, path=tmp_path)
        installation.furnish()
        installation.configure()
        try:
            yield installation
        finally:
            await installation.stop()
    watch.require_none()
