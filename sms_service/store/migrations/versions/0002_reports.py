"""reports"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('pin_failures',
    sa.Column('caller_hash', sa.String(length=32), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('locked_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('caller_hash', name=op.f('pk_pin_failures'))
    )
    op.create_index(op.f('ix_pin_failures_last_at'), 'pin_failures', ['last_at'], unique=False)
    op.create_table('report_drafts',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('caller_hash', sa.String(length=32), nullable=False),
    sa.Column('token', sa.String(length=36), nullable=False),
    sa.Column('answers_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('channel', sa.String(length=8), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_report_drafts')),
    sa.UniqueConstraint('caller_hash', name=op.f('uq_report_drafts_caller_hash')),
    sa.UniqueConstraint('token', name=op.f('uq_report_drafts_token'))
    )
    op.create_index(op.f('ix_report_drafts_expires_at'), 'report_drafts', ['expires_at'], unique=False)
    op.create_table('report_clusters',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('independent', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('confirmed_by', sa.Integer(), nullable=True),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('confirmed_reason', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['confirmed_by'], ['staff.id'], name=op.f('fk_report_clusters_confirmed_by_staff')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_report_clusters'))
    )
    op.create_index(op.f('ix_report_clusters_updated_at'), 'report_clusters', ['updated_at'], unique=False)
    op.create_table('surges',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('subject', sa.String(length=80), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.Column('expected', sa.Double(), nullable=False),
    sa.Column('raised_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('seen_by', sa.Integer(), nullable=True),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['seen_by'], ['staff.id'], name=op.f('fk_surges_seen_by_staff')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_surges')),
    sa.UniqueConstraint('day', 'kind', 'subject', name='uq_surges_day')
    )
    op.create_table('reports',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('code', sa.String(length=10), nullable=False),
    sa.Column('pin_hash', sa.Text(), nullable=False),
    sa.Column('wrong_pins', sa.Integer(), nullable=False),
    sa.Column('locked_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('filing', sa.String(length=36), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('outcome', sa.String(length=24), nullable=True),
    sa.Column('priority', sa.Integer(), nullable=False),
    sa.Column('is_urgent', sa.Boolean(), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('assignee_id', sa.Integer(), nullable=True),
    sa.Column('duplicate_of_id', sa.Integer(), nullable=True),
    sa.Column('cluster_id', sa.Integer(), nullable=True),
    sa.Column('flags', sa.JSON(), nullable=False),
    sa.Column('modi', sa.JSON(), nullable=False),
    sa.Column('recruiter_name_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('recruiter_phone_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('recruiter_phone_hash', sa.String(length=32), nullable=True),
    sa.Column('story_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('district', sa.String(length=5), nullable=True),
    sa.Column('place_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('destination', sa.String(length=16), nullable=False),
    sa.Column('reporter_hash', sa.String(length=32), nullable=True),
    sa.Column('reporter_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('texts_allowed', sa.Boolean(), nullable=False),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('channel', sa.String(length=8), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('triaged_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('redacted_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['assignee_id'], ['staff.id'], name=op.f('fk_reports_assignee_id_staff')),
    sa.ForeignKeyConstraint(['cluster_id'], ['report_clusters.id'], name=op.f('fk_reports_cluster_id_report_clusters')),
    sa.ForeignKeyConstraint(['duplicate_of_id'], ['reports.id'], name=op.f('fk_reports_duplicate_of_id_reports')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reports')),
    sa.UniqueConstraint('code', name=op.f('uq_reports_code')),
    sa.UniqueConstraint('filing', name=op.f('uq_reports_filing'))
    )
    op.create_index('ix_reports_cluster', 'reports', ['cluster_id'], unique=False)
    op.create_index(op.f('ix_reports_district'), 'reports', ['district'], unique=False)
    op.create_index('ix_reports_phone', 'reports', ['recruiter_phone_hash'], unique=False)
    op.create_index('ix_reports_queue', 'reports', ['status', 'priority', 'received_at'], unique=False)
    op.create_index('ix_reports_received', 'reports', ['received_at'], unique=False)
    op.create_index('ix_reports_reporter', 'reports', ['reporter_hash'], unique=False)
    op.create_table('report_links',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('earlier_id', sa.Integer(), nullable=False),
    sa.Column('later_id', sa.Integer(), nullable=False),
    sa.Column('score', sa.Double(), nullable=False),
    sa.Column('reasons', sa.JSON(), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('decided_by', sa.Integer(), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['decided_by'], ['staff.id'], name=op.f('fk_report_links_decided_by_staff')),
    sa.ForeignKeyConstraint(['earlier_id'], ['reports.id'], name=op.f('fk_report_links_earlier_id_reports')),
    sa.ForeignKeyConstraint(['later_id'], ['reports.id'], name=op.f('fk_report_links_later_id_reports')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_report_links')),
    sa.UniqueConstraint('earlier_id', 'later_id', name='uq_report_links_pair')
    )
    op.create_index(op.f('ix_report_links_later_id'), 'report_links', ['later_id'], unique=False)
    op.create_table('report_notes',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('report_id', sa.Integer(), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=True),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('text_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('message_id', sa.Integer(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['message_id'], ['messages.id'], name=op.f('fk_report_notes_message_id_messages')),
    sa.ForeignKeyConstraint(['report_id'], ['reports.id'], name=op.f('fk_report_notes_report_id_reports')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_report_notes_staff_id_staff')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_report_notes'))
    )
    op.create_index(op.f('ix_report_notes_report_id'), 'report_notes', ['report_id'], unique=False)
    op.add_column('messages', sa.Column('report_id', sa.Integer(), nullable=True))
    op.create_index(op.f('ix_messages_report_id'), 'messages', ['report_id'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_messages_report_id'), table_name='messages')
    op.drop_column('messages', 'report_id')
    op.drop_index(op.f('ix_report_notes_report_id'), table_name='report_notes')
    op.drop_table('report_notes')
    op.drop_index(op.f('ix_report_links_later_id'), table_name='report_links')
    op.drop_table('report_links')
    op.drop_index('ix_reports_reporter', table_name='reports')
    op.drop_index('ix_reports_received', table_name='reports')
    op.drop_index('ix_reports_queue', table_name='reports')
    op.drop_index('ix_reports_phone', table_name='reports')
    op.drop_index(op.f('ix_reports_district'), table_name='reports')
    op.drop_index('ix_reports_cluster', table_name='reports')
    op.drop_table('reports')
    op.drop_table('surges')
    op.drop_index(op.f('ix_report_clusters_updated_at'), table_name='report_clusters')
    op.drop_table('report_clusters')
    op.drop_index(op.f('ix_report_drafts_expires_at'), table_name='report_drafts')
    op.drop_table('report_drafts')
    op.drop_index(op.f('ix_pin_failures_last_at'), table_name='pin_failures')
    op.drop_table('pin_failures')
