"""A version for edited content: of two officers at one item, the second sees what changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One column; its default is written without rewriting the rows."""
    op.add_column("content_items", sa.Column("version", sa.Integer(), server_default="1", nullable=False))


def downgrade() -> None:
    """Away with it."""
    op.drop_column("content_items", "version")
