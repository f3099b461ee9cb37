"""Find urgent reports and duplicates without looking at all the others."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_DUPLICATES, _URGENT = sa.text("duplicate_of_id IS NOT NULL"), sa.text("is_urgent")


def upgrade() -> None:
    """Two small indexes: few reports are either."""
    op.create_index(
        "ix_reports_duplicate",
        "reports",
        ["duplicate_of_id"],
        sqlite_where=_DUPLICATES,
        postgresql_where=_DUPLICATES,
    )
    op.create_index(
        "ix_reports_urgent",
        "reports",
        ["status", "priority", "received_at"],
        sqlite_where=_URGENT,
        postgresql_where=_URGENT,
    )


def downgrade() -> None:
    """Away with them."""
    op.drop_index("ix_reports_urgent", table_name="reports")
    op.drop_index("ix_reports_duplicate", table_name="reports")
