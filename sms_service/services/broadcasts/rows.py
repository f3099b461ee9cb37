"""The texts of a broadcast as rows of the outbox: counted, called back, and (if asked for) sent once more.

A recipient is one row for good, so the counts by status add up to the recipients at every moment: none
before the start, those written so far during the fan-out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute

from sms_service.domain import statuses
from sms_service.services.texts.messages import TABLE
from sms_service.store.claim import claim, quoted
from sms_service.store.engine import Tx

SLICE = 2000  # rows changed in one transaction
CANARY_WAVE, REST_WAVE, AGAIN_WAVE = 0, 1, 2
CALLED_OFF = "the broadcast was cancelled"
HELD_TOO_LONG = "quiet hours until after its deadline"
AGAIN = "sent again: what became of it the first time is unknown"
_MOST_REASONS = 20


@dataclass(frozen=True, slots=True)
class NotSent:
    """So many texts did not arrive, for one reason."""

    status: str
    reason: str
    count: int


def count(tx: Tx, broadcast_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """The texts of each broadcast by status; every status is named."""
    rows = tx.execute(
        select(TABLE.c.broadcast_id, TABLE.c.status, func.count())
        .where(TABLE.c.broadcast_id.in_(broadcast_ids), TABLE.c.broadcast_id.is_not(None))
        .group_by(TABLE.c.broadcast_id, TABLE.c.status)
    )
    counts = {one: dict.fromkeys(statuses.STATUSES, 0) for one in broadcast_ids}
    for broadcast_id, status, texts in rows:
        counts[broadcast_id][status] = int(texts)
    return counts


def count_waiting_canary(tx: Tx, broadcast_id: int) -> int:
    """How many texts of the canary have not been tried, or wait to be tried again."""
    waiting = select(func.count()).where(*queued(broadcast_id), TABLE.c.wave == CANARY_WAVE)
    return tx.scalar(waiting.select_from(TABLE)) or 0


def list_not_sent(tx: Tx, broadcast_id: int) -> list[NotSent]:
    """What did not go out or did not arrive, by reason, the most frequent first."""
    rows = tx.execute(
        select(TABLE.c.status, func.coalesce(TABLE.c.error, ""), func.count())
        .where(
            TABLE.c.broadcast_id == broadcast_id,
            TABLE.c.broadcast_id.is_not(None),
            TABLE.c.status.in_([statuses.FAILED, statuses.EXPIRED, statuses.OPTED_OUT, statuses.UNKNOWN]),
        )
        .group_by(TABLE.c.status, TABLE.c.error)
        .order_by(func.count().desc(), TABLE.c.status)
        .limit(_MOST_REASONS)
    )
    return [NotSent(status, reason, int(texts)) for status, reason, texts in rows]


def withdraw(tx: Tx, broadcast_id: int, now: datetime, reason: str = CALLED_OFF) -> int:
    """End at most SLICE waiting texts of a broadcast as expired; return how many."""
    values = {"status": statuses.EXPIRED, "finished_at": now, "error": reason}
    return len(
        claim(
            tx,
            TABLE,
            due=queued(broadcast_id),
            order_by=[TABLE.c.id],
            limit=SLICE,
            values=values,
        )
    )


def queued(broadcast_id: int | InstrumentedAttribute[int]) -> list[ColumnElement[bool]]:
    """The waiting texts of a broadcast: a range of ix_messages_broadcast_due."""
    return [
        TABLE.c.status == quoted(statuses.QUEUED),
        TABLE.c.broadcast_id == broadcast_id,
        TABLE.c.broadcast_id.is_not(None),
    ]


def has_unknown_once(tx: Tx, broadcast_id: int, now: datetime) -> bool:
    """True when a text is unknown that was sent once only and whose deadline has not passed."""
    return tx.scalar(select(TABLE.c.id).where(*_unknown_once(broadcast_id, now)).limit(1)) is not None


def send_again(tx: Tx, broadcast_id: int, now: datetime) -> int:
    """Put at most SLICE unknown texts back into the queue, each once in its life; return how many.

    The one exception to "unknown is never sent again", and a person's own wish (`resend_unknown`). The row
    stays the same, so the recipient stays one; its wave says that it was put back, so it is not again.
    """
    values = {
        "status": statuses.QUEUED, "wave": AGAIN_WAVE, "claim": None, "gateway": None, "gateway_id": None,
        "lease_until": None, "not_before": now, "error": AGAIN,
    }  # fmt: skip
    due = _unknown_once(broadcast_id, now)
    return len(claim(tx, TABLE, due=due, order_by=[TABLE.c.id], limit=SLICE, values=values))


def top_up_canary(tx: Tx, broadcast_id: int, texts: int) -> int:
    """Add `texts` of the rest to the canary; return how many there were."""
    due = [*queued(broadcast_id), TABLE.c.wave == REST_WAVE]
    return len(
        claim(
            tx, TABLE, due=due, order_by=[TABLE.c.not_before, TABLE.c.id], limit=texts,
            values={"wave": CANARY_WAVE},
        )
    )  # fmt: skip


def _unknown_once(broadcast_id: int, now: datetime) -> list[ColumnElement[bool]]:
    return [
        TABLE.c.broadcast_id == broadcast_id,
        TABLE.c.broadcast_id.is_not(None),
        TABLE.c.status == statuses.UNKNOWN,
        TABLE.c.wave < AGAIN_WAVE,
        TABLE.c.expires_at > now,
    ]
