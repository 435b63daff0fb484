from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.e2e.company import CLIENT_SECRET, SIGNING_KEY
from tests.e2e.conftest import company
from tests.e2e.installation import Installation
from tests.systemd.manager import ServiceManager, listening

__all__ = ["company"]

IN_CREDENTIALS = {
    "severa": {"client_secret_file": "${CREDENTIALS_DIRECTORY}/severa-client-secret"},
    "web": {"severa_signing_key_file": "$CREDENTIALS_DIRECTORY/severa-signing-key"},
    "store": {"encryption_key_file": "${CREDENTIALS_DIRECTORY}/encryption-key"},
}


def secrets() -> dict[str, str]:
    return {
        "severa-client-secret": CLIENT_SECRET + "\n",
        "severa-signing-key": SIGNING_KEY + "\n",
        "encryption-key": Fernet.generate_key().decode() + "\n",
    }


@pytest.fixture
async def manager(company: Installation, tmp_path: Path) -> AsyncIterator[ServiceManager]:
    (tmp_path / "manager").mkdir()
    config = company.configure(**IN_CREDENTIALS)  # type: ignore[arg-type]
    for name in ("secret", "signing-key"):
        (tmp_path / name).unlink()
    async with ServiceManager(tmp_path / "manager", config, credentials=secrets()) as made:
        made.sockets.append(listening())
        company.address = f"http://127.0.0.1:{made.sockets[0].getsockname()[1]}"
        yield made
