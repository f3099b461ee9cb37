"""links of reports"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('report_clusters', sa.Column('joined_into_id', sa.Integer(), nullable=True))
    op.add_column('report_links', sa.Column('version', sa.Integer(), server_default='1', nullable=False))
    op.add_column('reports', sa.Column('linked_at', sa.DateTime(timezone=True), nullable=True))
    op.create_index('ix_reports_redacted', 'reports', ['redacted_at'], unique=False, sqlite_where=sa.text('redacted_at IS NOT NULL'), postgresql_where=sa.text('redacted_at IS NOT NULL'))
    op.create_index('ix_reports_unlinked', 'reports', ['id'], unique=False, sqlite_where=sa.text('linked_at IS NULL'), postgresql_where=sa.text('linked_at IS NULL'))


def downgrade() -> None:
    op.drop_index('ix_reports_unlinked', table_name='reports', sqlite_where=sa.text('linked_at IS NULL'), postgresql_where=sa.text('linked_at IS NULL'))
    op.drop_index('ix_reports_redacted', table_name='reports', sqlite_where=sa.text('redacted_at IS NOT NULL'), postgresql_where=sa.text('redacted_at IS NOT NULL'))
    op.drop_column('reports', 'linked_at')
    op.drop_column('report_links', 'version')
    op.drop_column('report_clusters', 'joined_into_id')
