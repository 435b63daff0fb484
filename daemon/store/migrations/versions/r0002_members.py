"""The members of activities, and an index that no question about some users is answered from."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table; it begins empty, because no activity that 0001 stored has members."""
    op.drop_index("ix_link_living", "link")
    op.create_index(
        "ix_link_living",
        "link",
        ["looked_at", "id"],
        unique=False,
        sqlite_where=sa.text("activity_ref <> ''"),
    )
    op.create_table(
        "member",
        sa.Column("link_id", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["link_id"], ["link.id"], name="fk_member_link_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("link_id", "user", name="pk_member"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_member_user", "member", ["user", "link_id"], unique=False)
    op.create_index("ix_member_looked", "member", ["user", "looked_at", "link_id"], unique=False)
    op.create_index(
        "ix_member_window",
        "member",
        ["user", "ends_at", "starts_at", "link_id"],
        unique=False,
        sqlite_where=sa.text("ends_at IS NOT NULL"),
    )
