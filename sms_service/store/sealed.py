"""Which columns of which tables hold sealed values: read from the models, so that none is forgotten.

A sealed column is named `*_sealed` and holds bytes; nothing else in the models holds bytes (a guard test).
Called by re-encryption and by whoever must know which keys are still needed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Column, ColumnElement, LargeBinary, Table, func, or_, select

from sms_service.store.engine import Tx
from sms_service.store.models import Base
from sms_service.store.vault import KEY_ID_BYTES


@dataclass(frozen=True, slots=True)
class SealedTable:
    """A table with its primary key (one column) and its sealed columns."""

    table: Table
    key: Column[Any]
    columns: tuple[Column[Any], ...]

    def sealed_by(self, key_ids: frozenset[bytes]) -> ColumnElement[bool]:
        """The condition: some column of the row is sealed by one of these keys."""
        return or_(*(key_id_of(column).in_(sorted(key_ids)) for column in self.columns))


@cache
def sealed_tables() -> tuple[SealedTable, ...]:
    """Every table with sealed columns, in order of their names. Raises ValueError for a table that cannot
    be walked by one key."""
    found = []
    for table in sorted(Base.metadata.tables.values(), key=lambda table: table.name):
        columns = tuple(column for column in table.columns if column.name.endswith("_sealed"))
        if not columns:
            continue
        keys = tuple(table.primary_key.columns)
        if len(keys) != 1:
            raise ValueError(f"{table.name} has sealed columns and no primary key of one column")
        found.append(SealedTable(table, keys[0], columns))
    return tuple(found)


def key_id_of(column: Column[Any]) -> ColumnElement[bytes]:
    """The id of the key that sealed a value; NULL or empty where there is none."""
    return func.substr(column, 1, KEY_ID_BYTES, type_=LargeBinary)


def count_by_key(tx: Tx) -> Counter[bytes]:
    """How many sealed values each key holds, by key id. Reads every row: seconds for a million."""
    counts: Counter[bytes] = Counter()
    for column in _columns():
        key_id = key_id_of(column)
        rows = tx.execute(select(key_id, func.count()).where(column != b"").group_by(key_id))
        for found, count in rows:
            counts[bytes(found)] += count
    return counts


def _columns() -> Iterator[Column[Any]]:
    for sealed in sealed_tables():
        yield from sealed.columns
