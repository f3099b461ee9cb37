"""What is due: ranges of two indexes that hold queued texts only. Used by sending/claims.py to claim, by the
scheduler to know whom to wake, and by backlog.py to say how long something has waited.

Texts of a broadcast wait behind its gate (broadcast_gate.py); all others by lane and priority.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, bindparam, func, select

from sms_service.domain import statuses
from sms_service.services.texts import broadcast_gate
from sms_service.services.texts.broadcast_gate import Gate
from sms_service.services.texts.messages import BROADCAST_LANE, TABLE
from sms_service.store.claim import quoted
from sms_service.store.engine import Tx

QUEUED = TABLE.c.status == quoted(statuses.QUEUED)
OWN = (QUEUED, TABLE.c.broadcast_id.is_(None))  # just so: it is what ix_messages_lane_due says
OF_BROADCASTS = (QUEUED, TABLE.c.broadcast_id.is_not(None))  # and this ix_messages_broadcast_due


_FIRST = select(func.min(TABLE.c.priority)).where(*OWN, TABLE.c.lane == bindparam("of_lane"))
_NEXT = _FIRST.where(TABLE.c.priority > bindparam("after"))


def priorities(tx: Tx, lane: str) -> Iterator[int]:
    """The priorities that queued texts of `lane` have, smallest first, each by one step in the index."""
    last: int | None = None
    while True:
        statement, given = (_FIRST, {}) if last is None else (_NEXT, {"after": last})
        last = tx.execute(statement, {"of_lane": lane, **given}).scalar_one()
        if last is None:
            return
        yield last


def in_lane(
    lane: str | BindParameter[str],
    priority: int | BindParameter[int],
    now: datetime | BindParameter[datetime],
) -> list[Any]:
    """Due texts that belong to no broadcast: a range of ix_messages_lane_due."""
    return [*OWN, TABLE.c.lane == lane, TABLE.c.priority == priority, TABLE.c.not_before <= now]


def in_wave(
    broadcast_id: int | BindParameter[int],
    wave: int | BindParameter[int],
    now: datetime | BindParameter[datetime],
) -> list[Any]:
    """Due texts of one wave of a broadcast: a range of ix_messages_broadcast_due."""
    return [
        *(*OF_BROADCASTS, TABLE.c.broadcast_id == broadcast_id),
        *(TABLE.c.wave == wave, TABLE.c.not_before <= now),
    ]


def waves(gate: Gate) -> range:
    """The waves that `gate` lets through, the canary first."""
    return range(gate.highest_wave + 1)


def ranges(tx: Tx, lane: str, now: datetime, in_quiet_hours: bool = False) -> list[list[Any]]:
    """Every range in which a text of `lane` can be due and go."""
    found = [in_lane(lane, priority, now) for priority in priorities(tx, lane)]
    if lane == BROADCAST_LANE:
        gates = broadcast_gate.open_now(tx, now, in_quiet_hours)
        found += [in_wave(gate.broadcast_id, wave, now) for gate in gates for wave in waves(gate)]
    return found


def has_due(tx: Tx, lane: str, now: datetime, in_quiet_hours: bool = False) -> bool:
    """True when a text of `lane` is due: the scheduler then wakes its job."""
    return any(
        tx.execute(select(TABLE.c.id).where(*range_).limit(1)).first() is not None
        for range_ in ranges(tx, lane, now, in_quiet_hours)
    )


def oldest_due(tx: Tx, lane: str, now: datetime, in_quiet_hours: bool = False) -> datetime | None:
    """Since when the text of `lane` that waits longest has been due; None when none is."""
    oldest = [
        tx.scalar(select(func.min(TABLE.c.not_before)).where(*range_))
        for range_ in ranges(tx, lane, now, in_quiet_hours)
    ]
    return min((one for one in oldest if one is not None), default=None)
