"""What vendors held of entries that were taken away."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table; of what was taken away before nothing is known."""
    op.create_table(
        "original",
        sa.Column("change_id", sa.Integer(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["change_id"], ["history.id"], name="fk_original_change_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("change_id", name="pk_original"),
    )
