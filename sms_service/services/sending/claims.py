"""Which due texts a worker takes next, and how many of each: the order of the bulk lane in one place.

1. Urgent broadcasts; of four claims, one gives what belongs to no broadcast (reminders, notices) the start.
2. What belongs to no broadcast, by priority: a broadcast to a million people does not hold up a reminder.
3. Warnings, then news. Broadcasts of one kind share a claim evenly.
Called by hand_over.claim_batch. Each range is a piece of an index: what waits elsewhere costs nothing.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, Row, bindparam

from sms_service.domain import statuses
from sms_service.domain.quiet_hours import HELD_KINDS
from sms_service.services.texts import broadcast_gate, due
from sms_service.services.texts.broadcast_gate import Gate
from sms_service.services.texts.messages import BROADCAST_LANE, TABLE
from sms_service.store.claim import Claim, new_token
from sms_service.store.engine import Tx

_SHARE_BESIDE_URGENT = 0.25
_CLAIMED = tuple(
    TABLE.c[name]
    for name in (
        "id", "number_sealed", "number_hash", "body_sealed", "kind", "segments", "attempts", "link_id",
        "expires_at", "priority", "not_before", "created_at", "broadcast_id", "wave",
    )
)  # fmt: skip
_random = random.SystemRandom()


def _claim(due_: list[Any]) -> Claim:
    return Claim(
        TABLE,
        due=[*due_, TABLE.c.expires_at > bindparam("at")],
        order_by=(TABLE.c.not_before, TABLE.c.id),
        values={
            "status": statuses.SENDING,
            "claim": bindparam("token"),
            "lease_until": bindparam("until"),
            "gateway": None,
        },
        returning=_CLAIMED,
    )


_AT: BindParameter[datetime] = bindparam("at")
_IN_LANE = due.in_lane(bindparam("of_lane"), bindparam("of_priority"), _AT)
_FROM_LANE = {
    False: _claim(_IN_LANE),
    True: _claim([*_IN_LANE, TABLE.c.kind.not_in(HELD_KINDS)]),  # in quiet hours
}
_FROM_WAVE = _claim(due.in_wave(bindparam("of_broadcast"), bindparam("of_wave"), _AT))


class Claimer:
    """Takes at most `limit` texts of `lane` under one `token`; they are `rows` then."""

    def __init__(
        self, tx: Tx, lane: str, now: datetime, limit: int, lease: timedelta, in_quiet_hours: bool
    ) -> None:
        self.token = new_token()
        self.rows: list[Row[Any]] = []
        self._tx = tx
        self._lane = lane
        self._now = now
        self._limit = limit
        self._lease = lease
        self._in_quiet_hours = in_quiet_hours

    def take(self) -> None:
        """Take what is due, in the order that this module's first lines name."""
        gates: list[Gate] = []
        if self._lane == BROADCAST_LANE:
            gates = broadcast_gate.open_now(self._tx, self._now, self._in_quiet_hours)
        urgent = [gate for gate in gates if gate.kind == statuses.URGENT]
        if not urgent or _random.random() < _SHARE_BESIDE_URGENT:
            self._from_lane()
        self._from_gates(urgent)
        if urgent:
            self._from_lane()
        self._from_gates([gate for gate in gates if gate.kind != statuses.URGENT])

    @property
    def _room(self) -> int:
        return self._limit - len(self.rows)

    def _from_lane(self) -> None:
        source = _FROM_LANE[self._in_quiet_hours]
        for priority in due.priorities(self._tx, self._lane):
            if not self._room:
                return
            self._take(source, self._room, of_lane=self._lane, of_priority=priority)

    def _from_gates(self, gates: Sequence[Gate]) -> None:
        for same_kind in broadcast_gate.in_turn(gates):
            waiting = list(same_kind)
            while waiting and self._room:
                share = -(-self._room // len(waiting))
                waiting = [gate for gate in waiting if self._from_gate(gate, share) >= share]

    def _from_gate(self, gate: Gate, share: int) -> int:
        """Take up to `share` texts of one broadcast, its canary first; return how many there were."""
        taken = 0
        for wave in due.waves(gate):
            wanted = min(share - taken, self._room)
            if wanted > 0:
                taken += self._take(_FROM_WAVE, wanted, of_broadcast=gate.broadcast_id, of_wave=wave)
        return taken

    def _take(self, source: Claim, limit: int, **given: Any) -> int:
        until = self._now + self._lease
        found = source.make(self._tx, limit, at=self._now, token=self.token, until=until, **given)
        self.rows += sorted(found, key=lambda row: (row.not_before, row.id))
        return len(found)
