"""broadcast audience and judgement"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('broadcasts', sa.Column('audience_size', sa.Integer(), server_default='0', nullable=False))
    op.add_column('broadcasts', sa.Column('audience_last_id', sa.Integer(), server_default='0', nullable=False))
    op.add_column('broadcasts', sa.Column('judged_texts', sa.Integer(), server_default='0', nullable=False))
    op.add_column('broadcasts', sa.Column('judged_failures', sa.Integer(), server_default='0', nullable=False))
    op.add_column('broadcasts', sa.Column('judged_stops', sa.Integer(), server_default='0', nullable=False))
    op.drop_column('broadcasts', 'numbers_sealed')


def downgrade() -> None:
    op.add_column('broadcasts', sa.Column('numbers_sealed', sa.LargeBinary(), nullable=True))
    op.drop_column('broadcasts', 'judged_stops')
    op.drop_column('broadcasts', 'judged_failures')
    op.drop_column('broadcasts', 'judged_texts')
    op.drop_column('broadcasts', 'audience_last_id')
    op.drop_column('broadcasts', 'audience_size')
