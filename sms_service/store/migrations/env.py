"""Alembic's entry: runs on the connection that store.migrate hands over."""

from __future__ import annotations

from typing import Any

from alembic import context

from sms_service.store.models import Base
from sms_service.store.models.base import UtcDateTime


def _render(kind: str, item: Any, _autogen: Any) -> Any:
    """Write plain SQLAlchemy types into revisions: they must not change when our classes do."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=False,
    render_item=_render,
    compare_type=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
