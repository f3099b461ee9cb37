"""lock codes by hash"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column('reports', 'locked_until')
    op.drop_column('reports', 'wrong_pins')


def downgrade() -> None:
    op.add_column('reports', sa.Column('wrong_pins', sa.Integer(), nullable=False, server_default='0'))
    op.add_column('reports', sa.Column('locked_until', sa.DateTime(timezone=True), nullable=True))
