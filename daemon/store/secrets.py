"""Keeps secrets so that whoever reads the database cannot."""

import os
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp

from cryptography.fernet import Fernet, InvalidToken

from daemon.errors import Misused, SyncError
from daemon.secret import Secret
from daemon.store.files import require_directory


class SecretBox:
    """Locks and opens texts with one key (Fernet: AES-128-CBC and HMAC-SHA256)."""

    def __init__(self, key: Secret) -> None:
        try:
            self._fernet = Fernet(key.reveal().strip())
        except ValueError:
            raise Misused(
                "The encryption key is not one: it must be 32 bytes in URL-safe base64. Remove the "
                "file store.encryption_key_file to have a new one made; stored secrets are lost."
            ) from None

    def lock(self, secret: Secret) -> bytes:
        """Return what may be stored."""
        return self._fernet.encrypt(secret.reveal().encode())

    def unlock(self, ciphertext: bytes) -> Secret:
        """Return the secret; another key's ciphertext raises `SyncError`."""
        try:
            return Secret(self._fernet.decrypt(ciphertext).decode())
        except InvalidToken:
            raise SyncError(
                "The encryption key does not open the stored secrets: store.encryption_key_file "
                "must hold the key that this database was used with."
            ) from None


def key_in(path: Path, *, database: Path | None = None) -> Secret:
    """Return the encryption key of a file, which is made, for its owner's eyes only, for a new database.

    Raises:
        Misused: It cannot be read, or is missing and cannot be made.
        SyncError: It is missing though the database was used with one.
    """
    try:
        if not path.exists():
            if database is not None and database.exists():
                raise SyncError(
                    f"The encryption key {path} is missing, and the database {database} was used with it. "
                    "Put it back; without it, move the database away and set up anew: entries are found again."
                )
            require_directory(path.parent)
            _make_key(path)
        return Secret(path.read_text().strip())
    except OSError as error:
        raise Misused(f"The encryption key {path} cannot be had: {error.strerror}.") from error
    except UnicodeDecodeError:
        raise Misused(f"The encryption key {path} is not text.") from None


def _make_key(path: Path) -> None:
    # Readable by its owner only, which is how `mkstemp` makes files.
    descriptor, name = mkstemp(dir=path.parent, prefix=f"{path.name}.")
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(Fernet.generate_key() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        # Of two processes that make one at the same time, both must go on with the same.
        with suppress(FileExistsError):
            path.hardlink_to(part)
    finally:
        part.unlink()
