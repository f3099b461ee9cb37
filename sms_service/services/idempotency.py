"""The first answer to a request with an Idempotency-Key, kept for 24 hours.

The key is claimed by a row in the transaction that does the work: of two requests at once, the second
waits for the first one's commit (PostgreSQL: on the primary key; SQLite: on the file) and finds its
answer. A request that fails rolls its claim back, so it may be corrected and sent again under its key.
Called by the API only.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import CursorResult, Table, delete, select

from sms_service.errors import Conflict
from sms_service.store.claim import insert_new
from sms_service.store.engine import Tx
from sms_service.store.models import IdempotentAnswer

KEPT = timedelta(hours=24)
_TABLE = cast(Table, IdempotentAnswer.__table__)
_IN_FLIGHT = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that was given: HTTP status and JSON body."""

    status: int
    body: dict[str, object]


def key_hash(staff_id: int, path: str, key: str) -> str:
    """Return what a key is stored under: keys of two persons, or for two addresses, never meet."""
    return hashlib.sha256("\0".join((str(staff_id), path, key)).encode()).hexdigest()


def claim(tx: Tx, hashed_key: str, body_hash: str, now: datetime) -> Answer | None:
    """Claim the key for this transaction, or return the answer that it has had.

    Raises Conflict when the key was used with another body. Waits while another transaction holds it.
    """
    tx.execute(
        delete(IdempotentAnswer).where(
            IdempotentAnswer.key_hash == hashed_key, IdempotentAnswer.created_at <= now - KEPT
        )
    )
    placeholder = {"key_hash": hashed_key, "body_hash": body_hash, "status": _IN_FLIGHT}
    claimed = tx.execute(
        insert_new(tx, _TABLE).values(**placeholder, created_at=now).returning(_TABLE.c.key_hash)
    ).first()
    if claimed is not None:
        return None
    kept = tx.scalars(select(IdempotentAnswer).where(IdempotentAnswer.key_hash == hashed_key)).one()
    if kept.body_hash != body_hash:
        raise Conflict("this Idempotency-Key was used with another body")
    return Answer(kept.status, json.loads(tx.vault.open(kept.answer_sealed)) if kept.answer_sealed else {})


def record(tx: Tx, hashed_key: str, answer: Answer) -> None:
    """Keep the answer of a claimed key, in the transaction that did the work."""
    kept = tx.scalars(select(IdempotentAnswer).where(IdempotentAnswer.key_hash == hashed_key)).one()
    kept.status, kept.answer_sealed = answer.status, tx.vault.seal(json.dumps(answer.body))


def forget_old(tx: Tx, now: datetime) -> int:
    """Delete the answers older than 24 hours; returns how many. For the scheduler's daily clean-up."""
    gone = tx.execute(delete(IdempotentAnswer).where(IdempotentAnswer.created_at <= now - KEPT))
    return gone.rowcount if isinstance(gone, CursorResult) else 0
