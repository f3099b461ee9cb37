"""Texts that are to be forgotten, keys that are in use; what a dialogue or an API call was answered is sealed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('known_data_keys',
    sa.Column('key_id', sa.String(length=8), nullable=False),
    sa.Column('noted_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('key_id', name=op.f('pk_known_data_keys'))
    )
    # Kept for a day or two against repeated requests, and readable until now: nothing of it is carried over.
    op.execute('DELETE FROM effects')
    op.execute('DELETE FROM idempotent_answers')
    op.add_column('effects', sa.Column('values_sealed', sa.LargeBinary(), nullable=True))
    op.drop_column('effects', 'outcome_values')
    op.add_column('idempotent_answers', sa.Column('answer_sealed', sa.LargeBinary(), nullable=True))
    op.drop_column('idempotent_answers', 'answer')
    op.add_column('messages', sa.Column('forget', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index('ix_messages_forget', 'messages', ['id'], unique=False, sqlite_where=sa.text('forget'), postgresql_where=sa.text('forget'))
    # Every text is queued at first: one index over all costs no more to write than one over queued ones.
    op.create_index('ix_messages_number', 'messages', ['number_hash'], unique=False)
    op.drop_index('ix_messages_queued_number', table_name='messages', sqlite_where=sa.text("status = 'queued'"), postgresql_where=sa.text("status = 'queued'"))


def downgrade() -> None:
    op.create_index('ix_messages_queued_number', 'messages', ['number_hash'], unique=False, sqlite_where=sa.text("status = 'queued'"), postgresql_where=sa.text("status = 'queued'"))
    op.drop_index('ix_messages_number', table_name='messages')
    op.drop_index('ix_messages_forget', table_name='messages', sqlite_where=sa.text('forget'), postgresql_where=sa.text('forget'))
    op.drop_column('messages', 'forget')
    op.execute('DELETE FROM idempotent_answers')
    op.drop_column('idempotent_answers', 'answer_sealed')
    op.add_column('idempotent_answers', sa.Column('answer', sa.JSON(), nullable=False, server_default='{}'))
    op.execute('DELETE FROM effects')
    op.drop_column('effects', 'values_sealed')
    op.add_column('effects', sa.Column('outcome_values', sa.JSON(), nullable=False, server_default='{}'))
    op.drop_table('known_data_keys')
