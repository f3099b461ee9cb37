"""Texts of broadcasts leave the index of what is due; rows without event or report leave theirs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index(op.f('ix_messages_due'), table_name='messages', sqlite_where=sa.text("status = 'queued'"))
    op.drop_index(op.f('ix_messages_event_id'), table_name='messages')
    op.drop_index(op.f('ix_messages_report_id'), table_name='messages')
    op.create_index('ix_messages_event', 'messages', ['event_id'], unique=False, sqlite_where=sa.text('event_id IS NOT NULL'), postgresql_where=sa.text('event_id IS NOT NULL'))
    op.create_index('ix_messages_lane_due', 'messages', ['lane', 'priority', 'not_before', 'id'], unique=False, sqlite_where=sa.text("status = 'queued' AND broadcast_id IS NULL"), postgresql_where=sa.text("status = 'queued' AND broadcast_id IS NULL"))
    op.create_index('ix_messages_report', 'messages', ['report_id'], unique=False, sqlite_where=sa.text('report_id IS NOT NULL'), postgresql_where=sa.text('report_id IS NOT NULL'))


def downgrade() -> None:
    op.drop_index('ix_messages_report', table_name='messages', sqlite_where=sa.text('report_id IS NOT NULL'), postgresql_where=sa.text('report_id IS NOT NULL'))
    op.drop_index('ix_messages_lane_due', table_name='messages', sqlite_where=sa.text("status = 'queued' AND broadcast_id IS NULL"), postgresql_where=sa.text("status = 'queued' AND broadcast_id IS NULL"))
    op.drop_index('ix_messages_event', table_name='messages', sqlite_where=sa.text('event_id IS NOT NULL'), postgresql_where=sa.text('event_id IS NOT NULL'))
    op.create_index(op.f('ix_messages_report_id'), 'messages', ['report_id'], unique=False)
    op.create_index(op.f('ix_messages_event_id'), 'messages', ['event_id'], unique=False)
    op.create_index(op.f('ix_messages_due'), 'messages', ['lane', 'priority', 'not_before', 'id'], unique=False, sqlite_where=sa.text("status = 'queued'"), postgresql_where=sa.text("status = 'queued'"))
