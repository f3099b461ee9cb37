"""Broadcasts for tests of sending: written straight into their table, in whatever status is wanted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from sms_service.services.texts import messages
from sms_service.services.texts.messages import NewText
from sms_service.store.engine import Store
from sms_service.store.models import Broadcast, Staff
from tests.services.outbox import NOW, text


def broadcast(store: Store, status: str = "running", kind: str = "info", **given: Any) -> int:
    """A broadcast of somebody's; returns its id."""
    with store.transaction() as tx:
        author = tx.scalar(select(Staff.id).limit(1))
        if author is None:
            staff = Staff(name="Author", role="officer", password_hash="x", is_active=True, created_at=NOW)
            tx.add(staff)
            tx.flush()
            author = staff.id
        row = Broadcast(
            kind=kind,
            text_id="Acara",
            audience={},
            status=status,
            author_id=author,
            **{"started_at": NOW, "created_at": NOW, "updated_at": NOW, **given},
        )
        tx.add(row)
        tx.flush()
        return row.id


def put_wave(
    store: Store, broadcast_id: int, *numbers: int, wave: int = 1, now: datetime = NOW, **changes: Any
) -> None:
    """Texts of a broadcast, as its fan-out writes them."""
    texts: list[NewText] = [
        text(
            n,
            **{"broadcast_id": broadcast_id, "wave": wave, "key": f"broadcast:{broadcast_id}:{n}"} | changes,
        )
        for n in numbers
    ]
    with store.transaction() as tx:
        messages.enqueue_many(tx, texts, now)


def become(store: Store, broadcast_id: int, status: str) -> None:
    """What pausing, resuming, halting and cancelling do to the gate."""
    with store.transaction() as tx:
        tx.execute(update(Broadcast).where(Broadcast.id == broadcast_id).values(status=status))
