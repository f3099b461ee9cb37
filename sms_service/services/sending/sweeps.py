"""Finding texts that are stuck, and putting each where it belongs. Called by workers/schedule.py every
second or so, from as many schedulers as there are: each sweep is a conditional UPDATE of a slice.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import bindparam, or_

from sms_service.domain import statuses
from sms_service.metrics import SWEPT
from sms_service.services.texts.messages import LANE_JOBS, TABLE
from sms_service.store.claim import Claim, claim, quoted
from sms_service.store.engine import Tx

SLICE = 1000
# Built once: every claim of a worker begins with it.
_EXPIRE = Claim(
    TABLE,
    due=[TABLE.c.status == quoted(statuses.QUEUED), TABLE.c.expires_at <= bindparam("at")],
    order_by=[TABLE.c.expires_at],
    values={
        "status": statuses.EXPIRED,
        "finished_at": bindparam("at"),
        "error": "its deadline passed first",
    },
)


def expire(tx: Tx, now: datetime, limit: int = SLICE) -> int:
    """Queued texts whose deadline has passed end as expired; return how many."""
    rows = _EXPIRE.make(tx, limit, at=now)
    SWEPT.labels("expired").inc(len(rows))
    return len(rows)


def free_leases(tx: Tx, now: datetime, lease: timedelta, limit: int = SLICE) -> tuple[int, int]:
    """Texts whose worker is gone: back to the queue when they were not handed over yet, else `unknown`.

    Returns (queued again, unknown). A lease that ends later than any lease given now could comes from
    before the clock was put back: it counts as run out too. The token stays on an unknown text, so that
    a worker that was merely slow may still say what became of it.
    """
    sending = TABLE.c.status == quoted(statuses.SENDING)
    lost = or_(TABLE.c.lease_until <= now, TABLE.c.lease_until > now + 2 * lease)
    again = claim(
        tx,
        TABLE,
        due=[sending, lost, TABLE.c.gateway.is_(None)],
        order_by=[TABLE.c.lease_until],
        limit=limit,
        values={"status": statuses.QUEUED, "claim": None, "lease_until": None},
        returning=[TABLE.c.lane],
    )
    for row in again:
        tx.wake(LANE_JOBS[row.lane])
    unknown = claim(
        tx,
        TABLE,
        due=[sending, lost, TABLE.c.gateway.is_not(None)],
        order_by=[TABLE.c.lease_until],
        limit=limit,
        values={
            "status": statuses.UNKNOWN,
            "lease_until": None,
            "error": "the worker was lost between call and record",
        },
    )
    SWEPT.labels("lease_queued").inc(len(again))
    SWEPT.labels("lease_unknown").inc(len(unknown))
    return len(again), len(unknown)
