"""The units of Google's day that were spent."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table; what was spent before today's upgrade is not known."""
    op.create_table(
        "spent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_spent_one_row")),
        sa.PrimaryKeyConstraint("id", name="pk_spent"),
    )
