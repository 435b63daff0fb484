from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.google_watch import WatchedSandbox
from tests.contract.severa_document import Watch
from tests.e2e.installation import Installation


@pytest.fixture
async def company(tmp_path: Path) -> AsyncIterator[Installation]:
    """A furnished company with its configuration; the daemon is not running yet."""
    watch = Watch()
    async with WatchedSandbox() as sandbox:
        sandbox.severa.witnesses.append(watch)
        installation = Installation(sandbox, path=tmp_path)
        installation.furnish()
        installation.configure()
        try:
            yield installation
        finally:
            await installation.stop()
    sandbox.watch.assert_none()
    watch.require_none()
