"""The tables: documents, and beside each the columns that are asked for or constrained."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    text,
)
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """An instant in UTC; a naive one is refused, because SQLite would take it for anything."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return what is stored, in UTC."""
        assert value is None or value.tzinfo is not None, "An instant has a time zone."
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return what was stored, aware again, which SQLite does not keep."""
        return value.replace(tzinfo=UTC) if value else None


NEEDS_ATTENTION = text("(problem <> '' OR stand <> 'live')")
"""Said in one place, because SQLite uses a partial index only for a condition in the same words."""

IS_LIVING = text("activity_ref <> ''")
"""In other words than the questions about some users, which SQLite would otherwise answer from everybody's index."""

IS_REMOVAL = text("action = 'removed'")

link = Table(
    "link",
    metadata,
    Column("id", String, primary_key=True),
    Column("activity_ref", String, unique=True),
    Column("owner", String, nullable=False),
    Column("is_linked", Boolean, nullable=False),
    Column("stand", String, nullable=False),
    Column("starts_at", Instant),
    Column("ends_at", Instant),
    Column("due_at", Instant),
    Column("attempts", Integer, nullable=False),
    Column("problem", String, nullable=False),
    Column("cause", String, nullable=False),
    Column("noticed_at", Instant),
    Column("looked_at", Instant),
    Column("document", Text, nullable=False),
)
Index("ix_link_owner", link.c.owner, link.c.id)
Index("ix_link_linked", link.c.owner, link.c.id, sqlite_where=link.c.is_linked.is_(True))
Index(
    "ix_link_window",
    link.c.owner,
    link.c.ends_at,
    link.c.starts_at,
    link.c.activity_ref,
    sqlite_where=link.c.ends_at.is_not(None),
)
Index(
    "ix_link_looked",
    link.c.owner,
    link.c.looked_at,
    link.c.id,
    sqlite_where=link.c.activity_ref.is_not(None),
)
Index("ix_link_living", link.c.looked_at, link.c.id, sqlite_where=IS_LIVING)
Index("ix_link_attention", link.c.owner, link.c.id, sqlite_where=NEEDS_ATTENTION)

# An event's copy on one calendar belongs to one entry only.
copy = Table(
    "copy",
    metadata,
    Column("link_id", ForeignKey(link.c.id, ondelete="CASCADE"), primary_key=True),
    Column("user", String, primary_key=True),
    Column("ref", String, nullable=False, index=True),
    Column("uid", String, nullable=False, index=True),
    sqlite_with_rowid=False,
)
Index("uq_copy_user_ref", copy.c.user, copy.c.ref, unique=True)

# Who takes part besides the owner; the times are the link's, beside the user so that one index has both.
member = Table(
    "member",
    metadata,
    Column("link_id", ForeignKey(link.c.id, ondelete="CASCADE"), primary_key=True),
    Column("user", String, primary_key=True),
    Column("looked_at", Instant),
    Column("starts_at", Instant),
    Column("ends_at", Instant),
    sqlite_with_rowid=False,
)
Index("ix_member_user", member.c.user, member.c.link_id)
Index("ix_member_looked", member.c.user, member.c.looked_at, member.c.link_id)
Index(
    "ix_member_window",
    member.c.user,
    member.c.ends_at,
    member.c.starts_at,
    member.c.link_id,
    sqlite_where=member.c.ends_at.is_not(None),
)

claim = Table(
    "claim",
    metadata,
    Column("link_id", ForeignKey(link.c.id, ondelete="CASCADE"), primary_key=True),
    Column("side", String, primary_key=True),
    Column("deed", String, primary_key=True),
    Column("user", String, primary_key=True),
    Column("ref", String, primary_key=True, index=True),
    sqlite_with_rowid=False,
)
Index("ix_claim_user", claim.c.side, claim.c.deed, claim.c.user)

# Whose turn it is about an unsettled entry: everybody who takes part in it.
turn = Table(
    "turn",
    metadata,
    Column("user", String, primary_key=True),
    Column("due_at", Instant, primary_key=True),
    Column("link_id", ForeignKey(link.c.id, ondelete="CASCADE"), primary_key=True, index=True),
    Column("is_unread", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

account = Table(
    "account",
    metadata,
    Column("guid", String, primary_key=True),
    Column("address", String, nullable=False, index=True),
    Column("is_enabled", Boolean, nullable=False),
    Column("document", Text, nullable=False),
)
# Somebody whose address is gone from Severa shares it with nobody.
Index(
    "uq_account_enabled_address",
    account.c.address,
    unique=True,
    sqlite_where=text("is_enabled AND address <> ''"),
)

settings = Table(
    "settings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("document", Text, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)

# The units of one of Google's days; beside the settings, which would else be written again and again.
spent = Table(
    "spent",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("day", String, nullable=False),
    Column("units", Integer, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)

history = Table(
    "history",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Instant, nullable=False, index=True),
    Column("entry", String, nullable=False),
    Column("user", String, nullable=False),
    Column("side", String, nullable=False),
    Column("action", String, nullable=False),
    Column("cause", String, nullable=False),
    Column("rule", String, nullable=False),
    Column("fields", Text, nullable=False),
    # Without it SQLite gives the id of a pruned change to a later one.
    sqlite_autoincrement=True,
)
Index("ix_history_entry", history.c.entry, history.c.id)
Index("ix_history_user", history.c.user, history.c.id)
Index("ix_history_removals", history.c.at, history.c.user, sqlite_where=IS_REMOVAL)

# What a vendor held of an entry that a change took away, locked; it goes with its line of the history.
original = Table(
    "original",
    metadata,
    Column("change_id", ForeignKey(history.c.id, ondelete="CASCADE"), primary_key=True),
    Column("ciphertext", LargeBinary, nullable=False),
)

# Of a channel's token only a hash is in the document.
channel = Table(
    "channel",
    metadata,
    Column("id", String, primary_key=True),
    Column("user", String, nullable=False, index=True),
    Column("document", Text, nullable=False),
)

# Of a token only the hash; no foreign key, because accounts are dropped and made again when they are kept.
trigger_token = Table(
    "trigger_token",
    metadata,
    Column("user", String, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("made_at", Instant, nullable=False),
)

secret = Table(
    "secret",
    metadata,
    Column("name", String, primary_key=True),
    Column("ciphertext", LargeBinary, nullable=False),
)
