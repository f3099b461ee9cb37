"""Taking due rows, so that no two workers ever hold the same one: one conditional UPDATE, many rows.

SQLite has one writer at a time (BEGIN IMMEDIATE), PostgreSQL skips the rows that another worker has
locked. Used for texts, inbound texts, reminders, and by the sweeps to move stuck rows a slice at a time.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Row,
    Table,
    UnaryExpression,
    bindparam,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.dml import ReturningUpdate

from sms_service.store.engine import Tx

Order = Sequence[ColumnElement[Any] | UnaryExpression[Any] | InstrumentedAttribute[Any]]


def new_token() -> str:
    """A token that names one claim: whoever records later must show it."""
    return str(uuid.uuid4())


def quoted(word: str) -> ColumnElement[str]:
    """`word` written into the SQL itself: a partial index serves only a query that names its status.

    For words of our own (statuses); raises ValueError for anything else.
    """
    if not word.isidentifier():
        raise ValueError("only plain words may be written into SQL")
    return literal_column(f"'{word}'")


def claim(
    tx: Tx,
    table: Table,
    *,
    due: Sequence[ColumnElement[bool]],
    order_by: Order,
    limit: int,
    values: Mapping[str, Any],
    returning: Sequence[ColumnElement[Any]] = (),
) -> list[Row[Any]]:
    """Set `values` on at most `limit` rows that are `due`, first in `order_by` first; return them (their
    ids, unless `returning` names columns), in no particular order.

    `due` is judged again by the UPDATE itself, under the row's lock.
    """
    return list(tx.execute(_taking(table, due, order_by, limit, values, returning)))


class Claim:
    """A claim that is made again and again: built once, with bindparam() where values differ each time; to
    build the statement takes longer than to run it. Arguments as of `claim`."""

    def __init__(
        self,
        table: Table,
        *,
        due: Sequence[ColumnElement[bool]],
        order_by: Order,
        values: Mapping[str, Any],
        returning: Sequence[ColumnElement[Any]] = (),
    ) -> None:
        self._statement = _taking(table, due, order_by, bindparam("at_most"), values, returning)

    def make(self, tx: Tx, limit: int, **given: Any) -> list[Row[Any]]:
        """As `claim`; `given` are the values of the bindparams, by name."""
        return list(tx.execute(self._statement, {"at_most": limit, **given}))


def _taking(
    table: Table,
    due: Sequence[ColumnElement[bool]],
    order_by: Order,
    limit: int | BindParameter[int],
    values: Mapping[str, Any],
    returning: Sequence[ColumnElement[Any]],
) -> ReturningUpdate[Any]:
    chosen = (
        select(table.c.id)
        .where(*due)
        .order_by(*order_by)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("chosen")
    )
    return (
        update(table)
        .where(table.c.id.in_(select(chosen.c.id)))
        .values(dict(values))
        .returning(*(returning or (table.c.id,)))
    )


def insert_new(tx: Tx, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that leaves out rows which are there already (by any unique key)."""
    return insert_new_on(table, tx.is_postgres)


@cache
def insert_new_on(table: Table, is_postgres: bool) -> postgresql.Insert | sqlite.Insert:
    """The same for one kind of database: to build a statement takes longer than to run it."""
    insert = postgresql.insert if is_postgres else sqlite.insert
    return insert(table).on_conflict_do_nothing()
