"""Which keys of DATA_KEY the rows still need, so that nobody takes one away too early unnoticed.

Each key that seals is noted in a small table; `re-encrypt` strikes it out when no value needs it any more.
A process whose DATA_KEY lacks a noted key is not ready: it could read neither numbers nor words. Called by
the scheduler (note), /readyz (missing) and re-encryption (settle).
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import cast

from sqlalchemy import Table, delete, select

from sms_service.store.claim import insert_new
from sms_service.store.engine import Store, Tx
from sms_service.store.models import KnownDataKey
from sms_service.store.sealed import count_by_key

TABLE = cast(Table, KnownDataKey.__table__)


def note(store: Store, now: datetime) -> None:
    """Note the key that seals now. Where nothing was ever noted, look once through all rows for others.
    Raises Unavailable."""
    with store.read() as tx:
        known = list_known(tx)
        used = frozenset(count_by_key(tx)) if not known else frozenset()
    new = (used | {store.vault.current_key_id}) - known
    if new:
        with store.transaction() as tx:
            rows = [{"key_id": key_id.hex(), "noted_at": now} for key_id in sorted(new)]
            tx.execute(insert_new(tx, TABLE).values(rows))


def list_known(tx: Tx) -> frozenset[bytes]:
    """The ids of the keys that rows need, or may need."""
    return frozenset(bytes.fromhex(key_id) for key_id in tx.scalars(select(TABLE.c.key_id)))


def missing(tx: Tx) -> tuple[str, ...]:
    """The ids (hex) of keys that rows may need and this process's DATA_KEY lacks."""
    return tuple(sorted(key_id.hex() for key_id in list_known(tx) - tx.vault.key_ids))


def settle(tx: Tx, counts: Counter[bytes], now: datetime) -> None:
    """Write down what a count over all rows has found: strike out keys that nothing needs, note the rest."""
    needed = {key_id.hex() for key_id, count in counts.items() if count} | {tx.vault.current_key_id.hex()}
    tx.execute(delete(TABLE).where(TABLE.c.key_id.not_in(needed)))
    tx.execute(
        insert_new(tx, TABLE).values([{"key_id": key_id, "noted_at": now} for key_id in sorted(needed)])
    )
