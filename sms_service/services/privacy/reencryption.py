"""Sealing everything anew under the first key of DATA_KEY, while the service runs.

Each slice is read, sealed anew outside any transaction, and written in a short one of its own, row by row
only where the row still holds what was read: a row that somebody changed meanwhile is left for the next
pass. There is nothing to remember: whatever an old key has sealed is still to be done, so it can be broken
off, begun again, and run twice at once. Called by the command `re-encrypt`.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Row, bindparam, func, select, update

from sms_service.errors import Unavailable
from sms_service.services.privacy import data_keys
from sms_service.store.engine import Store, Tx
from sms_service.store.sealed import SealedTable, count_by_key, sealed_tables
from sms_service.store.vault import KEY_ID_BYTES, Vault

T = TypeVar("T")

SQLITE_SLICE = 100  # rows written at a time: SQLite has one writer, and a caller may wait for it
POSTGRES_SLICE = 500
_PASSES = 5  # over all tables, for rows that were changed under our hands
_TRIES = 20  # of one slice, while the database is away or busy
_WAIT_SECONDS = 0.5
Tell = Callable[[int, int], None]  # rows done, rows to do


@dataclass(frozen=True, slots=True)
class Result:
    """What a run has done, and how many values each key holds now, by key id (hex)."""

    resealed: int  # rows
    unreadable: int  # values that their own key does not open: damaged
    current: int  # values under the first key
    by_old_key: dict[str, int]  # keys that DATA_KEY still holds and need not, where 0
    by_lost_key: dict[str, int]  # keys that DATA_KEY lacks

    @property
    def is_complete(self) -> bool:
        """True when every value is under the first key."""
        return not any(self.by_old_key.values()) and not self.by_lost_key


def reencrypt(store: Store, now: datetime, tell: Tell = lambda done, total: None) -> Result:
    """Seal every value anew that another key of DATA_KEY has sealed. Raises Unavailable when the database
    stays away; what was done until then is kept."""
    old = store.vault.key_ids - {store.vault.current_key_id}
    total, done = _patiently(lambda: _count_rows(store, old)), 0
    damaged: Counter[bytes] = Counter()
    tell(0, total)
    for _ in range(_PASSES if old else 0):
        damaged, moved = Counter(), 0
        for table in sealed_tables():
            for written, unreadable in _walk(store, table, old):
                moved += written
                damaged += unreadable
                tell(done + moved, max(total, done + moved))
        done += moved
        if not moved or not _patiently(lambda: _count_rows(store, old)):
            break
    counts = _patiently(lambda: _settle(store, damaged, now))
    return _result(store.vault, done, damaged.total(), counts)


def _walk(store: Store, table: SealedTable, old: frozenset[bytes]) -> Iterator[tuple[int, Counter[bytes]]]:
    """Slice after slice of one table; yields the rows written, and values that their key does not open."""
    after: Any = None
    while rows := _patiently(partial(_read, store, table, old, after)):
        after = rows[-1][0]
        changes, unreadable = _sealed_anew(store.vault, table, rows)
        written = _patiently(partial(_write, store, table, changes)) if changes else 0
        yield written, unreadable


def _read(store: Store, table: SealedTable, old: frozenset[bytes], after: Any) -> Sequence[Row[Any]]:
    wanted = select(table.key, *table.columns).where(table.sealed_by(old)).order_by(table.key)
    if after is not None:
        wanted = wanted.where(table.key > after)
    with store.read() as tx:
        return tx.execute(wanted.limit(POSTGRES_SLICE if tx.is_postgres else SQLITE_SLICE)).all()


_Change = tuple[Any, dict[str, tuple[bytes, bytes]]]  # key of the row; column -> what it held, what it gets


def _sealed_anew(
    vault: Vault, table: SealedTable, rows: Sequence[Row[Any]]
) -> tuple[list[_Change], Counter[bytes]]:
    """Seal what is not current. Values that were one stay one: whoever sends them opens them once."""
    anew: dict[bytes, bytes] = {}
    unreadable: Counter[bytes] = Counter()
    changes: list[_Change] = []
    for row in rows:
        change: dict[str, tuple[bytes, bytes]] = {}
        for at, column in enumerate(table.columns, 1):
            sealed = bytes(row[at] or b"")
            if not sealed or vault.is_current(sealed):
                continue
            try:
                new = anew.get(sealed) or anew.setdefault(sealed, vault.reseal(sealed))
            except ValueError:  # counted and told at the end
                unreadable[sealed[:KEY_ID_BYTES]] += 1
                continue
            change[column.name] = (sealed, new)
        if change:
            changes.append((row[0], change))
    return changes, unreadable


def _write(store: Store, table: SealedTable, changes: list[_Change]) -> int:
    """Write one slice; return how many rows still held what was read."""
    written = 0
    with store.transaction() as tx:
        free = _lock(tx, table, [key for key, _ in changes]) if tx.is_postgres else None
        for columns in sorted({tuple(change) for _, change in changes}):
            rows = [
                {"row_key": key}
                | {f"old_{name}": pair[0] for name, pair in change.items()}
                | {f"new_{name}": pair[1] for name, pair in change.items()}
                for key, change in changes
                if tuple(change) == columns and (free is None or key in free)
            ]
            if rows:
                statement = _compare_and_set(table, columns)
                written += int(tx.connection().execute(statement, rows).rowcount)
    return written


def _lock(tx: Tx, table: SealedTable, keys: list[Any]) -> frozenset[Any]:
    """Lock what nobody else holds: waiting for a row with others locked could stop two of us for good."""
    free = select(table.key).where(table.key.in_(keys)).order_by(table.key)
    return frozenset(tx.scalars(free.with_for_update(skip_locked=True)))


def _compare_and_set(table: SealedTable, columns: tuple[str, ...]) -> Any:
    same = [table.table.c[name] == bindparam(f"old_{name}") for name in columns]
    return (
        update(table.table)
        .where(table.key == bindparam("row_key"), *same)
        .values({name: bindparam(f"new_{name}") for name in columns})
        .execution_options(preserve_rowcount=True)
    )


def _count_rows(store: Store, old: frozenset[bytes]) -> int:
    if not old:
        return 0
    with store.read() as tx:
        counts = [
            tx.scalar(select(func.count()).select_from(table.table).where(table.sealed_by(old)))
            for table in sealed_tables()
        ]
    return sum(count or 0 for count in counts)


def _settle(store: Store, damaged: Counter[bytes], now: datetime) -> Counter[bytes]:
    """Count what each key still holds; no key is kept for what it does not open."""
    with store.read() as tx:
        counts = count_by_key(tx) - damaged
    with store.transaction() as tx:
        data_keys.settle(tx, counts, now)
    return counts


def _result(vault: Vault, resealed: int, unreadable: int, counts: Counter[bytes]) -> Result:
    return Result(
        resealed=resealed,
        unreadable=unreadable,
        current=counts[vault.current_key_id],
        by_old_key={
            key_id.hex(): counts[key_id] for key_id in sorted(vault.key_ids - {vault.current_key_id})
        },
        by_lost_key={key_id.hex(): counts[key_id] for key_id in sorted(set(counts) - vault.key_ids)},
    )


def _patiently(act: Callable[[], T]) -> T:
    """Do one step; again after a pause while the database is away or busy. Raises Unavailable at last."""
    for _ in range(_TRIES - 1):
        try:
            return act()
        except Unavailable:
            time.sleep(_WAIT_SECONDS)
    return act()
