"""An effect of a dialogue happens once, however often the gateway repeats the request that caused it.

The key is made of the session and the number of inputs taken; the outcome is stored in the same
transaction as the effect itself, sealed, so a replay finds both or neither.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, delete, select, update

from sms_service.store.claim import insert_new
from sms_service.store.engine import Store, Tx
from sms_service.store.models import Effect

TABLE = cast(Table, Effect.__table__)
KEPT = timedelta(days=2)  # no gateway repeats a request that is older
Done = tuple[str, Mapping[str, str]]  # outcome name and values


def effect_key(session_key: str, steps: int, action: str) -> str:
    """The key of one effect: the same for every repetition of the request."""
    return hashlib.sha256(f"{session_key}|{steps}|{action}".encode()).hexdigest()


def once(store: Store, key: str, act: Callable[[Tx], Done], now: datetime) -> Done:
    """Run `act` unless its effect is done; return its outcome either way.

    Three repetitions at once: the first to write the key acts, the others wait for it and return what it
    did. Raises Unavailable, and whatever `act` raises (nothing is then kept).
    """
    with store.transaction() as tx:
        placeholder = {"key": key, "outcome": "", "created_at": now}
        taken = tx.execute(insert_new(tx, TABLE).values(placeholder).returning(TABLE.c.key)).first()
        done = find(tx, key) if taken is None else None
        if done is not None:
            return done
        name, values = act(tx)
        sealed = tx.vault.seal(json.dumps(dict(values))) if values else None  # a receipt, say
        tx.execute(update(TABLE).where(TABLE.c.key == key).values(outcome=name, values_sealed=sealed))
        return name, values


def find(tx: Tx, key: str) -> Done | None:
    """What the effect of `key` came to; None while it has not happened."""
    row = tx.execute(select(TABLE.c.outcome, TABLE.c.values_sealed).where(TABLE.c.key == key)).one_or_none()
    if row is None:
        return None
    return row.outcome, json.loads(tx.vault.open(row.values_sealed)) if row.values_sealed else {}


def purge(tx: Tx, now: datetime, limit: int = 5000) -> int:
    """Forget effects that no repetition can ask for any more. Returns how many."""
    old = select(TABLE.c.key).where(TABLE.c.created_at < now - KEPT).limit(limit)
    result = tx.execute(delete(TABLE).where(TABLE.c.key.in_(old)))
    return int(getattr(result, "rowcount", 0))
