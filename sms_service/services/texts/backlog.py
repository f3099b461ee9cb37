"""What waits, for /metrics and staff: texts out by lane, and how long the oldest has been due.

Only rows that are not settled are counted, through the partial indexes that hold just those, and no more of
them than MOST_COUNTED: the figures cost as much beside a broadcast to a million people as beside one to ten
thousand. What became of the rest is counted as it happens (metrics.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, literal, select

from sms_service.domain import statuses
from sms_service.services.texts import due
from sms_service.services.texts.messages import BROADCAST_LANE, LANE_JOBS, TABLE
from sms_service.store.claim import quoted
from sms_service.store.engine import Tx

MOST_COUNTED = 20_000  # of a broadcast's texts, and of a lane's other ones: "so many, or more"
_SENDING = TABLE.c.status == quoted(statuses.SENDING)


@dataclass(frozen=True, slots=True)
class Backlog:
    """One lane: texts by status, and the age of the oldest due one in seconds (0: none is due). Figures of
    MOST_COUNTED and beyond say "at least"."""

    queued: int = 0
    sending: int = 0
    oldest_due_seconds: float = 0


def count_waiting(tx: Tx, now: datetime, in_quiet_hours: bool = False) -> dict[str, Backlog]:
    """Return the backlog of every lane. A broadcast that is paused, or held by quiet hours, has no age."""
    return {
        lane: Backlog(_queued(tx, lane), _sending(tx, lane), _age(tx, lane, now, in_quiet_hours))
        for lane in LANE_JOBS
    }


def _queued(tx: Tx, lane: str) -> int:
    queued = _count(tx, *due.OWN, TABLE.c.lane == lane)
    return queued + (_count(tx, *due.OF_BROADCASTS) if lane == BROADCAST_LANE else 0)


def _sending(tx: Tx, lane: str) -> int:
    return _count(tx, _SENDING, TABLE.c.lane == lane)


def some(*rows: ColumnElement[bool]) -> Select[int]:
    """A one for each of these rows, and for MOST_COUNTED of them at the most."""
    return select(literal(1)).select_from(TABLE).where(*rows).limit(MOST_COUNTED)


def _count(tx: Tx, *rows: ColumnElement[bool]) -> int:
    return tx.scalar(select(func.count()).select_from(some(*rows).subquery())) or 0


def _age(tx: Tx, lane: str, now: datetime, in_quiet_hours: bool) -> float:
    since = due.oldest_due(tx, lane, now, in_quiet_hours)
    return max((now - since).total_seconds(), 0.0) if since else 0.0
