"""What waits, for /metrics and staff: texts out by lane, and how long the oldest has been due.

Only rows that are not settled are counted, through the partial indexes that hold just those: the figures cost
the same after ten million texts as after ten. What became of the rest is counted as it happens (metrics.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select

from sms_service.domain import statuses
from sms_service.services.texts import due
from sms_service.services.texts.messages import LANE_JOBS, TABLE
from sms_service.store.claim import quoted
from sms_service.store.engine import Tx


@dataclass(frozen=True, slots=True)
class Backlog:
    """One lane: texts by status, and the age of the oldest due one in seconds (0: none is due)."""

    queued: int = 0
    sending: int = 0
    oldest_due_seconds: float = 0


def count_waiting(tx: Tx, now: datetime, in_quiet_hours: bool = False) -> dict[str, Backlog]:
    """Return the backlog of every lane. A broadcast that is paused, or held by quiet hours, has no age."""
    counts = {lane: _age(tx, lane, now, in_quiet_hours) for lane in LANE_JOBS}
    for status in (statuses.QUEUED, statuses.SENDING):
        rows = tx.execute(
            select(TABLE.c.lane, func.count()).where(TABLE.c.status == quoted(status)).group_by(TABLE.c.lane)
        )
        for lane, number in rows:
            counts[lane] = replace(counts.get(lane, Backlog()), **{status: number})
    return counts


def _age(tx: Tx, lane: str, now: datetime, in_quiet_hours: bool) -> Backlog:
    since = due.oldest_due(tx, lane, now, in_quiet_hours)
    return Backlog(oldest_due_seconds=max((now - since).total_seconds(), 0.0) if since else 0.0)
