"""The questions about the company's settings, its users and their tokens, and its secrets."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Connection, bindparam, delete, insert, select
from sqlalchemy.exc import IntegrityError

from daemon.core.account import Account, Settings
from daemon.core.spent import Spent
from daemon.errors import Refused
from daemon.store.codec import decode_account, decode_settings, encode_account, encode_settings
from daemon.store.tables import account, secret, settings, spent, trigger_token


def company_settings(connection: Connection) -> Settings:
    """Return the company's settings, those of a new installation when none were kept."""
    document = connection.scalar(select(settings.c.document))
    return decode_settings(document) if document is not None else Settings()


def save_settings(connection: Connection, kept: Settings) -> None:
    """Keep the company's settings."""
    connection.execute(delete(settings))
    connection.execute(insert(settings), {"id": 1, "document": encode_settings(kept)})


def spent_units(connection: Connection) -> Spent | None:
    """Return what was spent of Google's units, if anything was kept."""
    row = connection.execute(select(spent.c.day, spent.c.units)).one_or_none()
    return Spent(date.fromisoformat(row.day), row.units) if row is not None else None


def save_spent(connection: Connection, kept: Spent) -> None:
    """Keep what was spent of Google's units; of earlier days nothing is kept."""
    connection.execute(delete(spent))
    connection.execute(insert(spent), {"id": 1, "day": kept.day.isoformat(), "units": kept.units})


def all_accounts(connection: Connection) -> tuple[Account, ...]:
    """Return every known user, ordered by address."""
    asked = select(account.c.document).order_by(account.c.address, account.c.guid)
    return tuple(decode_account(document) for document in connection.scalars(asked))


def one_account(connection: Connection, user: str) -> Account | None:
    """Return one user by Severa guid."""
    document = connection.scalar(select(account.c.document).where(account.c.guid == user))
    return decode_account(document) if document is not None else None


def save_accounts(connection: Connection, accounts: Sequence[Account]) -> None:
    """Keep these users; of two versions of one the later stays.

    Raises:
        Refused: Two users with sync switched on would have the same address (rule A5).
    """
    rows = {
        kept.user.guid: {
            "guid": kept.user.guid,
            "address": (kept.address or kept.user.email).lower(),
            "is_enabled": kept.is_enabled,
            "document": encode_account(kept),
        }
        for kept in accounts
    }
    if not rows:
        return
    # Dropped and made again, so that two users can trade their addresses in one go.
    gone = delete(account).where(account.c.guid == bindparam("gone"))
    connection.execute(gone, [{"gone": guid} for guid in rows])
    try:
        connection.execute(insert(account), list(rows.values()))
    except IntegrityError as error:
        raise Refused(
            "Two users with sync switched on have the same address.",
            hint="Give one of them another address in Severa, or switch sync off for one.",
            reason="address-taken",
        ) from error


def trigger_tokens(connection: Connection) -> dict[str, bytes]:
    """Return the hash of each user's trigger token, by Severa guid."""
    asked = select(trigger_token.c.user, trigger_token.c.digest)
    return {row.user: row.digest for row in connection.execute(asked)}


def save_trigger_token(connection: Connection, user: str, digest: bytes, at: datetime) -> None:
    """Keep the hash of a user's trigger token, made then, in place of an earlier one."""
    forget_trigger_token(connection, user)
    connection.execute(insert(trigger_token), {"user": user, "digest": digest, "made_at": at})


def forget_trigger_token(connection: Connection, user: str) -> None:
    """Drop a user's trigger token, if there is one."""
    connection.execute(delete(trigger_token).where(trigger_token.c.user == user))


def ciphertext(connection: Connection, name: str) -> bytes | None:
    """Return a secret as it is stored."""
    return connection.scalar(select(secret.c.ciphertext).where(secret.c.name == name))


def any_ciphertext(connection: Connection) -> bytes | None:
    """Return one of the stored secrets, if there is one."""
    return connection.scalar(select(secret.c.ciphertext).order_by(secret.c.name).limit(1))


def save_ciphertext(connection: Connection, name: str, locked: bytes) -> None:
    """Keep a secret in place of an earlier one of that name."""
    forget_ciphertext(connection, name)
    connection.execute(insert(secret), {"name": name, "ciphertext": locked})


def forget_ciphertext(connection: Connection, name: str) -> None:
    """Drop a secret."""
    connection.execute(delete(secret).where(secret.c.name == name))
