"""broadcasts groups and sign in"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('communities',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_communities')),
    sa.UniqueConstraint('name', name=op.f('uq_communities_name'))
    )
    op.create_table('community_members',
    sa.Column('community_id', sa.Integer(), nullable=False),
    sa.Column('subscriber_id', sa.Integer(), nullable=False),
    sa.Column('added_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['community_id'], ['communities.id'], name=op.f('fk_community_members_community_id_communities')),
    sa.ForeignKeyConstraint(['subscriber_id'], ['subscribers.id'], name=op.f('fk_community_members_subscriber_id_subscribers')),
    sa.PrimaryKeyConstraint('community_id', 'subscriber_id', name=op.f('pk_community_members'))
    )
    op.create_index('ix_community_members_subscriber', 'community_members', ['subscriber_id'], unique=False)
    op.create_table('recovery_codes',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=False),
    sa.Column('code_hash', sa.String(length=64), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_recovery_codes_staff_id_staff')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_recovery_codes'))
    )
    op.create_index(op.f('ix_recovery_codes_staff_id'), 'recovery_codes', ['staff_id'], unique=False)
    op.create_table('staff_sessions',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=False),
    sa.Column('browser', sa.Text(), nullable=False),
    sa.Column('is_second_factor_given', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_staff_sessions_staff_id_staff')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_staff_sessions')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_staff_sessions_token_hash'))
    )
    op.create_index(op.f('ix_staff_sessions_expires_at'), 'staff_sessions', ['expires_at'], unique=False)
    op.create_index(op.f('ix_staff_sessions_staff_id'), 'staff_sessions', ['staff_id'], unique=False)
    op.create_table('subscriber_topics',
    sa.Column('subscriber_id', sa.Integer(), nullable=False),
    sa.Column('topic', sa.String(length=24), nullable=False),
    sa.ForeignKeyConstraint(['subscriber_id'], ['subscribers.id'], name=op.f('fk_subscriber_topics_subscriber_id_subscribers')),
    sa.PrimaryKeyConstraint('subscriber_id', 'topic', name=op.f('pk_subscriber_topics'))
    )
    op.create_index(op.f('ix_subscriber_topics_topic'), 'subscriber_topics', ['topic'], unique=False)
    op.create_table('broadcasts',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('text_id', sa.Text(), nullable=False),
    sa.Column('text_en', sa.Text(), nullable=False),
    sa.Column('audience', sa.JSON(), nullable=False),
    sa.Column('numbers_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('send_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('resend_unknown', sa.Boolean(), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('author_id', sa.Integer(), nullable=False),
    sa.Column('approver_id', sa.Integer(), nullable=True),
    sa.Column('override_by', sa.Integer(), nullable=True),
    sa.Column('community_id', sa.Integer(), nullable=True),
    sa.Column('cluster_id', sa.Integer(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('halted_reason', sa.Text(), nullable=False),
    sa.Column('resume_to', sa.String(length=16), nullable=False),
    sa.Column('recipients', sa.Integer(), nullable=False),
    sa.Column('fan_out_done', sa.Boolean(), nullable=False),
    sa.Column('fan_out_cursor', sa.Integer(), nullable=False),
    sa.Column('canary_size', sa.Integer(), nullable=False),
    sa.Column('canary_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('approved_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['approver_id'], ['staff.id'], name=op.f('fk_broadcasts_approver_id_staff')),
    sa.ForeignKeyConstraint(['author_id'], ['staff.id'], name=op.f('fk_broadcasts_author_id_staff')),
    sa.ForeignKeyConstraint(['cluster_id'], ['report_clusters.id'], name=op.f('fk_broadcasts_cluster_id_report_clusters')),
    sa.ForeignKeyConstraint(['community_id'], ['communities.id'], name=op.f('fk_broadcasts_community_id_communities')),
    sa.ForeignKeyConstraint(['override_by'], ['staff.id'], name=op.f('fk_broadcasts_override_by_staff')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_broadcasts'))
    )
    op.create_index('ix_broadcasts_status', 'broadcasts', ['status', 'send_at'], unique=False)
    op.create_table('event_groups',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('event_id', sa.Integer(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('topic', sa.String(length=24), nullable=False),
    sa.Column('destination', sa.String(length=24), nullable=False),
    sa.Column('starts_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('room', sa.Text(), nullable=False),
    sa.Column('capacity', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['events.id'], name=op.f('fk_event_groups_event_id_events')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_event_groups'))
    )
    op.create_index(op.f('ix_event_groups_event_id'), 'event_groups', ['event_id'], unique=False)
    op.add_column('events', sa.Column('reminder_plan', sa.JSON(), nullable=True))
    op.add_column('events', sa.Column('community_id', sa.Integer(), nullable=True))
    op.add_column('messages', sa.Column('broadcast_id', sa.Integer(), nullable=True))
    op.add_column('messages', sa.Column('wave', sa.Integer(), server_default='0', nullable=False))
    op.create_index('ix_messages_broadcast', 'messages', ['broadcast_id', 'status'], unique=False, sqlite_where=sa.text('broadcast_id IS NOT NULL'), postgresql_where=sa.text('broadcast_id IS NOT NULL'))
    op.create_index('ix_messages_broadcast_due', 'messages', ['broadcast_id', 'wave', 'not_before', 'id'], unique=False, sqlite_where=sa.text("status = 'queued' AND broadcast_id IS NOT NULL"), postgresql_where=sa.text("status = 'queued' AND broadcast_id IS NOT NULL"))
    op.add_column('registrations', sa.Column('name_sealed', sa.LargeBinary(), nullable=True))
    op.add_column('registrations', sa.Column('organisation', sa.Text(), server_default='', nullable=False))
    op.add_column('registrations', sa.Column('wish_topic', sa.String(length=24), server_default='', nullable=False))
    op.add_column('registrations', sa.Column('wish_destination', sa.String(length=24), server_default='', nullable=False))
    op.add_column('registrations', sa.Column('answers', sa.JSON(), nullable=True))
    op.add_column('registrations', sa.Column('group_id', sa.Integer(), nullable=True))
    op.add_column('registrations', sa.Column('is_placed_by_hand', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column('registrations', sa.Column('attended_at', sa.DateTime(timezone=True), nullable=True))
    op.create_index(op.f('ix_registrations_group_id'), 'registrations', ['group_id'], unique=False)
    op.add_column('staff', sa.Column('language', sa.String(length=8), server_default='id', nullable=False))
    op.add_column('staff', sa.Column('community_id', sa.Integer(), nullable=True))
    op.add_column('staff', sa.Column('totp_sealed', sa.LargeBinary(), nullable=True))
    op.add_column('staff', sa.Column('totp_confirmed_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('staff', sa.Column('totp_last_step', sa.Integer(), server_default='0', nullable=False))
    op.add_column('staff', sa.Column('failed_sign_ins', sa.Integer(), server_default='0', nullable=False))
    op.add_column('staff', sa.Column('locked_until', sa.DateTime(timezone=True), nullable=True))
    op.add_column('subscribers', sa.Column('name_sealed', sa.LargeBinary(), nullable=True))
    op.add_column('subscribers', sa.Column('news_on', sa.Boolean(), server_default=sa.false(), nullable=False))
    # Whoever had agreed to broadcasts had agreed to news and warnings alike.
    op.execute("UPDATE subscribers SET news_on = warnings_on")


def downgrade() -> None:
    op.drop_column('subscribers', 'news_on')
    op.drop_column('subscribers', 'name_sealed')
    op.drop_column('staff', 'locked_until')
    op.drop_column('staff', 'failed_sign_ins')
    op.drop_column('staff', 'totp_last_step')
    op.drop_column('staff', 'totp_confirmed_at')
    op.drop_column('staff', 'totp_sealed')
    op.drop_column('staff', 'community_id')
    op.drop_column('staff', 'language')
    op.drop_index(op.f('ix_registrations_group_id'), table_name='registrations')
    op.drop_column('registrations', 'attended_at')
    op.drop_column('registrations', 'is_placed_by_hand')
    op.drop_column('registrations', 'group_id')
    op.drop_column('registrations', 'answers')
    op.drop_column('registrations', 'wish_destination')
    op.drop_column('registrations', 'wish_topic')
    op.drop_column('registrations', 'organisation')
    op.drop_column('registrations', 'name_sealed')
    op.drop_index('ix_messages_broadcast_due', table_name='messages', sqlite_where=sa.text("status = 'queued' AND broadcast_id IS NOT NULL"), postgresql_where=sa.text("status = 'queued' AND broadcast_id IS NOT NULL"))
    op.drop_index('ix_messages_broadcast', table_name='messages', sqlite_where=sa.text('broadcast_id IS NOT NULL'), postgresql_where=sa.text('broadcast_id IS NOT NULL'))
    op.drop_column('messages', 'wave')
    op.drop_column('messages', 'broadcast_id')
    op.drop_column('events', 'community_id')
    op.drop_column('events', 'reminder_plan')
    op.drop_index(op.f('ix_event_groups_event_id'), table_name='event_groups')
    op.drop_table('event_groups')
    op.drop_index('ix_broadcasts_status', table_name='broadcasts')
    op.drop_table('broadcasts')
    op.drop_index(op.f('ix_subscriber_topics_topic'), table_name='subscriber_topics')
    op.drop_table('subscriber_topics')
    op.drop_index(op.f('ix_staff_sessions_staff_id'), table_name='staff_sessions')
    op.drop_index(op.f('ix_staff_sessions_expires_at'), table_name='staff_sessions')
    op.drop_table('staff_sessions')
    op.drop_index(op.f('ix_recovery_codes_staff_id'), table_name='recovery_codes')
    op.drop_table('recovery_codes')
    op.drop_index('ix_community_members_subscriber', table_name='community_members')
    op.drop_table('community_members')
    op.drop_table('communities')
