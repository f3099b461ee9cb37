"""Which broadcasts may send at this moment, and how far: one look at the table of broadcasts.

Pausing a broadcast of a million texts is thus one UPDATE of one row: its texts stay as they are, and the
next claim passes them by. What was claimed before is asked about again by hand_over.py and given back.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Table, or_, select

from sms_service.domain import statuses
from sms_service.store.engine import Tx
from sms_service.store.models import Broadcast

TABLE = cast(Table, Broadcast.__table__)
CANARY, RUNNING = "canary", "running"  # the two statuses in which a broadcast sends
_HIGHEST_WAVE = {CANARY: 0, RUNNING: 2}  # the waves: broadcasts/rows.py
_ORDER = {statuses.URGENT: 0, statuses.WARNING: 1, statuses.INFO: 2}
_random = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Gate:
    """A broadcast that sends: its texts of waves up to `highest_wave` may go."""

    broadcast_id: int
    highest_wave: int
    ignores_quiet_hours: bool
    kind: str  # urgent | warning | info

    def lets(self, wave: int, in_quiet_hours: bool) -> bool:
        """True when a text of `wave` may go now."""
        return wave <= self.highest_wave and (self.ignores_quiet_hours or not in_quiet_hours)


def sendable(tx: Tx, now: datetime) -> list[Gate]:
    """The broadcasts that send now, urgent ones first, then by when they began."""
    rows = tx.execute(
        select(TABLE.c.id, TABLE.c.status, TABLE.c.kind, TABLE.c.override_by)
        .where(
            TABLE.c.status.in_(list(_HIGHEST_WAVE)),
            or_(TABLE.c.expires_at.is_(None), TABLE.c.expires_at > now),
        )
        .order_by(TABLE.c.started_at, TABLE.c.id)
    )
    gates = [
        Gate(
            broadcast_id=row.id,
            highest_wave=_HIGHEST_WAVE[row.status],
            ignores_quiet_hours=row.kind == statuses.URGENT and row.override_by is not None,
            kind=row.kind,
        )
        for row in rows
    ]
    return sorted(gates, key=lambda gate: _rank(gate.kind))


def open_now(tx: Tx, now: datetime, in_quiet_hours: bool) -> list[Gate]:
    """As `sendable`, without those that the quiet hours hold back."""
    return [gate for gate in sendable(tx, now) if gate.lets(0, in_quiet_hours)]


def in_turn(gates: Sequence[Gate]) -> Iterator[list[Gate]]:
    """The gates of one kind after those of the other, urgent first. Broadcasts of one kind stand in a
    different order each time, so that none of them is always the first to be served."""
    for kind in sorted({gate.kind for gate in gates}, key=_rank):
        same = [gate for gate in gates if gate.kind == kind]
        _random.shuffle(same)
        yield same


def _rank(kind: str) -> int:
    return _ORDER.get(kind, len(_ORDER))
