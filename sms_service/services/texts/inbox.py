"""Texts in, as rows: stored before they are acknowledged, claimed by a worker, freed when handling failed.

The webhook calls `record`, the worker `claim_due` (what then happens: services/dialogues/inbound.py), the
scheduler's sweep asks `has_due`. A text is the same as another by the gateway's id, and by sender and words
while the first is unanswered (a minute at most) or too fresh to have been answered knowingly.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, bindparam, func, literal, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from sms_service.gateways.base import InboundSms
from sms_service.logs import get_logger
from sms_service.metrics import MO
from sms_service.store.claim import claim, quoted
from sms_service.store.engine import Tx
from sms_service.store.models import InboundMessage

log = get_logger(__name__)

TABLE = cast(Table, InboundMessage.__table__)
JOB = "handle_inbound"
SAME_UNANSWERED = timedelta(seconds=60)
SAME_ANSWERED = timedelta(seconds=4)  # nobody reads an answer and types the same again within this
LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 5
_LONGEST_ID = 128
_DUE: ColumnElement[bool] = TABLE.c.status.in_([quoted("received"), quoted("handling")])


def _insert() -> dict[bool, Any]:
    """The one statement of `record`, for PostgreSQL (True) and SQLite (False)."""
    columns = [
        TABLE.c[name]
        for name in ("gateway", "gateway_id", "number_hash", "number_sealed", "text_sealed", "content_hash")
    ] + [TABLE.c.link_id, TABLE.c.received_at]
    same = (
        select(TABLE.c.id)
        .where(
            TABLE.c.content_hash == bindparam("content_hash", type_=TABLE.c.content_hash.type),
            TABLE.c.received_at > bindparam("since", type_=TABLE.c.received_at.type),
            or_(_DUE, TABLE.c.received_at > bindparam("just_now", type_=TABLE.c.received_at.type)),
        )
        .exists()
    )
    new = select(
        *(bindparam(column.name, type_=column.type) for column in columns),
        literal("received", TABLE.c.status.type),
        literal(0, TABLE.c.attempts.type),
    ).where(~same)
    names = [*(column.name for column in columns), "status", "attempts"]
    keys = ["gateway", "gateway_id"]
    return {
        True: postgresql.insert(TABLE).from_select(names, new).on_conflict_do_nothing(index_elements=keys),
        False: sqlite.insert(TABLE).from_select(names, new).on_conflict_do_nothing(index_elements=keys),
    }


# Built once, as those below: building a statement takes longer than running it.
_INSERT = {postgres: statement.returning(TABLE.c.id) for postgres, statement in _insert().items()}
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(:key)")


def record(tx: Tx, sms: InboundSms, now: datetime) -> bool:
    """Store one text and wake its handling. False: it was there already, or its sender is no number."""
    if sms.number is None:
        MO.labels(sms.gateway, "not_a_number").inc()
        return False
    content_hash = tx.vault.number_hash(f"{sms.number}\n{sms.text.strip()}")
    if tx.is_postgres:  # the same text twice at once: the second must see the first (SQLite has one writer)
        tx.execute(_ONE_AT_A_TIME, {"key": int(content_hash[:15], 16)})
    values = {
        "gateway": sms.gateway,
        "gateway_id": _fitting_id(tx, sms.gateway_id),
        "number_hash": tx.vault.number_hash(sms.number),
        "number_sealed": tx.vault.seal(sms.number),
        "text_sealed": tx.vault.seal(sms.text),
        "content_hash": content_hash,
        "link_id": sms.link_id if len(sms.link_id) <= _LONGEST_ID and "\0" not in sms.link_id else "",
        "received_at": now,
        "since": now - SAME_UNANSWERED,
        "just_now": now - SAME_ANSWERED,
    }
    stored = tx.execute(_INSERT[tx.is_postgres], values).scalar_one_or_none() is not None
    MO.labels(sms.gateway, "stored" if stored else "duplicate").inc()
    if stored:
        tx.wake(JOB)
    return stored


def claim_due(tx: Tx, now: datetime, limit: int = 100) -> list[int]:
    """Take texts to handle under a lease, oldest first. After MAX_ATTEMPTS a text ends as failed."""
    rows = claim(
        tx,
        TABLE,
        due=[_DUE, _is_free(now)],
        order_by=[TABLE.c.received_at, TABLE.c.id],
        limit=limit,
        values={"status": "handling", "lease_until": now + LEASE, "attempts": TABLE.c.attempts + 1},
        returning=[TABLE.c.id, TABLE.c.received_at, TABLE.c.attempts],
    )
    _give_up(tx, [row.id for row in rows if row.attempts > MAX_ATTEMPTS], now)
    due = [row for row in rows if row.attempts <= MAX_ATTEMPTS]
    return [row.id for row in sorted(due, key=lambda row: (row.received_at, row.id))]


def has_due(tx: Tx, now: datetime) -> bool:
    """True when a text waits to be handled, or is stuck."""
    return tx.execute(select(TABLE.c.id).where(_DUE, _is_free(now)).limit(1)).first() is not None


def oldest_due(tx: Tx) -> datetime | None:
    """When the oldest text came in that is not handled yet."""
    at: datetime | None = tx.scalar(select(func.min(TABLE.c.received_at)).where(_DUE))
    return at


def postpone(tx: Tx, inbound_id: int, now: datetime) -> None:
    """Handling failed: free the text for another try, a little later each time."""
    row = tx.execute(select(TABLE.c.attempts).where(TABLE.c.id == inbound_id)).one_or_none()
    if row is not None:
        later = now + timedelta(seconds=2**row.attempts)
        tx.execute(
            update(TABLE)
            .where(TABLE.c.id == inbound_id, TABLE.c.status == "handling")
            .values(lease_until=later)
        )


def _fitting_id(tx: Tx, gateway_id: str) -> str:
    """An id that the column cannot hold is kept as its hash: a repetition still meets it."""
    if len(gateway_id) <= _LONGEST_ID and "\0" not in gateway_id:
        return gateway_id
    return f"hash:{tx.vault.number_hash(gateway_id)}"


def _is_free(now: datetime) -> ColumnElement[bool]:
    return or_(TABLE.c.lease_until.is_(None), TABLE.c.lease_until <= now)


def _give_up(tx: Tx, ids: list[int], now: datetime) -> None:
    """Texts that were claimed once too often: looked for among the claimed, not among all that wait."""
    if not ids:
        return
    tx.execute(
        update(TABLE)
        .where(TABLE.c.id.in_(ids))
        .values(status="failed", handled_at=now, lease_until=None, attempts=MAX_ATTEMPTS)
    )
    for inbound_id in ids:
        log.error("an inbound text could not be handled", inbound=inbound_id, attempts=MAX_ATTEMPTS)
