"""Taking number and words out of texts, in and out. The rows stay: they are figures, and nothing more.

A text out that is on its way when its person is forgotten goes on without them in the row: who hands it
over holds it in memory, and what comes back is recorded by its id. The answer to HAPUS itself must still
reach the person: it is marked (`mark`), and emptied by a sweep as soon as it has left. Called by erasure,
inbound, retention and the scheduler.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, String, Table, literal, select, update
from sqlalchemy import cast as sql_cast

from sms_service.domain import statuses
from sms_service.services.texts.messages import TABLE
from sms_service.store.claim import claim, quoted
from sms_service.store.engine import Tx
from sms_service.store.models import InboundMessage

INBOUND = cast(Table, InboundMessage.__table__)
ERASED = "erased"  # stands where a hash stood
_WAITING = (statuses.QUEUED, statuses.SENDING)
_WITHDRAWN = "withdrawn: the person is forgotten"

EMPTY_INBOUND: dict[str, Any] = {
    "number_hash": ERASED,
    "number_sealed": b"",
    "text_sealed": b"",
    "content_hash": ERASED,
    "link_id": "",
}


def empty_text() -> dict[str, Any]:
    """What a text out holds when it is emptied. Its key may name a registration or a subscriber."""
    return {
        "number_hash": "",
        "number_sealed": b"",
        "body_sealed": b"",
        "link_id": "",
        "idempotency_key": literal("erased:") + sql_cast(TABLE.c.id, String),
        "forget": False,
    }


def forget_texts_out(tx: Tx, number_hash: str, now: datetime) -> int:
    """Empty every text to this number; what waits does not go out any more. Returns how many there were.

    One being handed over in this very moment cannot be called back; should it come back to the queue, it
    fails there, for nobody can read to whom it was.
    """
    mine = TABLE.c.number_hash == number_hash
    queued = TABLE.c.status == statuses.QUEUED
    claimed = (TABLE.c.status == statuses.SENDING) & TABLE.c.gateway.is_(None)
    ended = {"finished_at": now, "lease_until": None, "error": _WITHDRAWN}
    # In this order: each of the first two takes its rows out of `mine`.
    steps: list[tuple[ColumnElement[bool], dict[str, Any]]] = [
        (mine & queued, {"status": statuses.EXPIRED, **ended}),
        (mine & claimed, {"status": statuses.FAILED, **ended}),
        (mine, {}),
    ]
    return sum(
        len(
            tx.execute(
                update(TABLE).where(rows).values({**empty_text(), **values}).returning(TABLE.c.id)
            ).all()
        )
        for rows, values in steps
    )


def forget_texts_in(tx: Tx, number_hash: str) -> int:
    """Empty every text from this number; those that nobody has begun to handle are left unanswered.
    Returns how many there were."""
    mine = INBOUND.c.number_hash == number_hash
    unread = {**EMPTY_INBOUND, "status": "ignored"}
    steps = [(mine & (INBOUND.c.status == "received"), unread), (mine, EMPTY_INBOUND)]
    return sum(
        len(tx.execute(update(INBOUND).where(rows).values(values).returning(INBOUND.c.id)).all())
        for rows, values in steps
    )


def forget_words_in(tx: Tx, inbound_id: int) -> None:
    """Empty what one text said, once it is answered: it is told in a report, or nowhere. Number and hashes
    stay for two hours (retention, `report_senders`): by them a flood is known; a repetition by its id."""
    values = {"text_sealed": b"", "link_id": ""}
    tx.execute(update(INBOUND).where(INBOUND.c.id == inbound_id).values(values))


def is_forgotten(tx: Tx, inbound_id: int) -> bool:
    """True when the sender of a text has been forgotten since it came, perhaps by this very text."""
    held = tx.scalar(select(INBOUND.c.number_hash).where(INBOUND.c.id == inbound_id))
    return held == ERASED


def mark(tx: Tx, message_id: int) -> None:
    """Have this text out emptied as soon as it has left, or will not leave any more."""
    tx.execute(update(TABLE).where(TABLE.c.id == message_id).values(forget=True))


def empty_marked(tx: Tx, limit: int = 1000) -> int:
    """Empty marked texts that have left (or ended). Returns how many."""
    rows = claim(
        tx,
        TABLE,
        due=[TABLE.c.forget.is_(True), TABLE.c.status.not_in([quoted(status) for status in _WAITING])],
        order_by=[TABLE.c.id],
        limit=limit,
        values=empty_text(),
    )
    return len(rows)
