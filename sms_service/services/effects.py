"""An effect of a dialogue happens once, however often the gateway repeats the request that caused it.

The key is made of the session and the number of inputs taken; the outcome is stored in the same
transaction as the effect itself, sealed, so a replay finds both or neither. It is sealed for whoever asks
again: the row does not say of which session it is, and without the session nobody opens it, not even with
the database and its keys. Else it would lead from an anonymous report to the call in which it was told.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, bindparam, delete, select, update

from sms_service.store.claim import insert_new_on
from sms_service.store.engine import Store, Tx
from sms_service.store.models import Effect

TABLE = cast(Table, Effect.__table__)
KEPT = timedelta(days=2)  # no gateway repeats a request that is older
Done = tuple[str, Mapping[str, str]]  # outcome name and values

# Built once: building a statement takes longer than running it.
_OF_KEY = TABLE.c.key == bindparam("of_key", type_=TABLE.c.key.type)
_TAKE = {
    kind: insert_new_on(TABLE, kind).returning(TABLE.c.key) for kind in (True, False)
}  # is it PostgreSQL
_FOUND = select(TABLE.c.outcome, TABLE.c.values_sealed).where(_OF_KEY)
_KEEP = (
    update(TABLE)
    .where(_OF_KEY)
    .values(outcome=bindparam("new_outcome"), values_sealed=bindparam("new_values"))
)


@dataclass(frozen=True, slots=True)
class EffectKey:
    """`name` is the row's. `opener` opens what the effect came to, and is kept nowhere."""

    name: str
    opener: bytes


def effect_key(session_key: str, steps: int, action: str) -> EffectKey:
    """The key of one effect: the same for every repetition of the request."""
    deed = f"{session_key}|{steps}|{action}".encode()
    return EffectKey(hashlib.sha256(deed).hexdigest(), hashlib.sha256(b"opens|" + deed).digest())


def once(store: Store, key: EffectKey, act: Callable[[Tx], Done], now: datetime) -> Done:
    """Run `act` unless its effect is done; return its outcome either way.

    Three repetitions at once: the first to write the key acts, the others wait for it and return what it
    did. Raises Unavailable, and whatever `act` raises (nothing is then kept).
    """
    with store.transaction() as tx:
        placeholder = {"key": key.name, "outcome": "", "created_at": now}
        taken = tx.execute(_TAKE[tx.is_postgres], placeholder).first()
        done = find(tx, key) if taken is None else None
        if done is not None:
            return done
        name, values = act(tx)
        sealed = tx.vault.seal_for(key.opener, json.dumps(dict(values))) if values else None  # a receipt, say
        tx.execute(_KEEP, {"of_key": key.name, "new_outcome": name, "new_values": sealed})
        return name, values


def find(tx: Tx, key: EffectKey) -> Done | None:
    """What the effect of `key` came to; None while it has not happened."""
    row = tx.execute(_FOUND, {"of_key": key.name}).one_or_none()
    if row is None:
        return None
    return row.outcome, json.loads(
        tx.vault.open_for(key.opener, row.values_sealed)
    ) if row.values_sealed else {}


def purge(tx: Tx, now: datetime, limit: int = 5000) -> int:
    """Forget effects that no repetition can ask for any more. Returns how many."""
    old = select(TABLE.c.key).where(TABLE.c.created_at < now - KEPT).limit(limit)
    result = tx.execute(delete(TABLE).where(TABLE.c.key.in_(old)))
    return int(getattr(result, "rowcount", 0))
