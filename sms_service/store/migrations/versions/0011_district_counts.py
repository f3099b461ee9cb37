"""Calls by district: counts by day, and nobody in them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One table."""
    op.create_table(
        "district_counts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("district", sa.String(length=5), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_district_counts")),
    )
    op.create_index("uq_district_counts_day", "district_counts", ["day", "channel", "district"], unique=True)


def downgrade() -> None:
    """Away with it."""
    op.drop_index("uq_district_counts_day", table_name="district_counts")
    op.drop_table("district_counts")
