"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "account",
        sa.Column("guid", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("guid", name="pk_account"),
    )
    op.create_index("ix_account_address", "account", ["address"], unique=False)
    op.create_index(
        "uq_account_enabled_address",
        "account",
        ["address"],
        unique=True,
        sqlite_where=sa.text("is_enabled AND address <> ''"),
    )
    op.create_table(
        "history",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_history"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_history_at", "history", ["at"], unique=False)
    op.create_index("ix_history_entry", "history", ["entry", "id"], unique=False)
    op.create_index(
        "ix_history_removals",
        "history",
        ["at", "user"],
        unique=False,
        sqlite_where=sa.text("action = 'removed'"),
    )
    op.create_index("ix_history_user", "history", ["user", "id"], unique=False)
    op.create_table(
        "link",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("activity_ref", sa.String(), nullable=True),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("is_linked", sa.Boolean(), nullable=False),
        sa.Column("stand", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_link"),
        sa.UniqueConstraint("activity_ref", name="uq_link_activity_ref"),
    )
    op.create_index(
        "ix_link_attention",
        "link",
        ["owner", "id"],
        unique=False,
        sqlite_where=sa.text("(problem <> '' OR stand <> 'live')"),
    )
    op.create_index(
        "ix_link_linked",
        "link",
        ["owner", "id"],
        unique=False,
        sqlite_where=sa.text("is_linked IS 1"),
    )
    op.create_index(
        "ix_link_living",
        "link",
        ["looked_at", "id"],
        unique=False,
        sqlite_where=sa.text("activity_ref IS NOT NULL"),
    )
    op.create_index(
        "ix_link_looked",
        "link",
        ["owner", "looked_at", "id"],
        unique=False,
        sqlite_where=sa.text("activity_ref IS NOT NULL"),
    )
    op.create_index("ix_link_owner", "link", ["owner", "id"], unique=False)
    op.create_index(
        "ix_link_window",
        "link",
        ["owner", "ends_at", "starts_at", "activity_ref"],
        unique=False,
        sqlite_where=sa.text("ends_at IS NOT NULL"),
    )
    op.create_table(
        "secret",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_secret"),
    )
    op.create_table(
        "settings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_settings_one_row")),
        sa.PrimaryKeyConstraint("id", name="pk_settings"),
    )
    op.create_table(
        "claim",
        sa.Column("link_id", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("deed", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["link_id"], ["link.id"], name="fk_claim_link_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("link_id", "side", "deed", "user", "ref", name="pk_claim"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_claim_ref", "claim", ["ref"], unique=False)
    op.create_index("ix_claim_user", "claim", ["side", "deed", "user"], unique=False)
    op.create_table(
        "copy",
        sa.Column("link_id", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["link_id"], ["link.id"], name="fk_copy_link_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("link_id", "user", name="pk_copy"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_copy_ref", "copy", ["ref"], unique=False)
    op.create_index("ix_copy_uid", "copy", ["uid"], unique=False)
    op.create_index("uq_copy_user_ref", "copy", ["user", "ref"], unique=True)
    op.create_table(
        "turn",
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("link_id", sa.String(), nullable=False),
        sa.Column("is_unread", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["link_id"], ["link.id"], name="fk_turn_link_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user", "due_at", "link_id", name="pk_turn"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_turn_link_id", "turn", ["link_id"], unique=False)
