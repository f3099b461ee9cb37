"""Gateways' notices that a USSD session ended: kept for figures, never relied on (many never come).

Nothing of what the caller typed or read is kept, and the session only as a keyed hash.
"""

from __future__ import annotations

from datetime import datetime
from typing import cast

from sqlalchemy import Table

from sms_service.gateways.base import UssdEnd
from sms_service.logs import mask_numbers
from sms_service.store.claim import insert_new
from sms_service.store.engine import Tx
from sms_service.store.models import UssdSessionEnd

TABLE = cast(Table, UssdSessionEnd.__table__)


def record(tx: Tx, end: UssdEnd, now: datetime) -> bool:
    """Keep one notice; False when the session's end was known already."""
    values = {
        "session_hash": tx.vault.number_hash(f"{end.gateway}|{end.session_id}"),
        "gateway": end.gateway,
        "status": end.status[:24],
        "duration_ms": end.duration_ms,
        "hops": end.hops,
        "network_code": end.network_code[:16],
        "error": mask_numbers(end.error)[:200],
        "received_at": now,
    }
    kept = insert_new(tx, TABLE).values(values).returning(TABLE.c.session_hash)
    return tx.execute(kept).first() is not None
