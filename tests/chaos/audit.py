"""What must hold after a storm: the rows are held against the gateway's ledger, which is what phones got."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Row, select

from sms_service.domain import statuses
from sms_service.services.texts.messages import TABLE
from sms_service.store.engine import Tx
from sms_service.store.models import Broadcast
from tests.doubles.gateway_server import Accepted

# A text that was handed over a moment ago may still arrive: the call, and a machine that is busy.
GRACE = 2.0
_ENDED = statuses.FINAL | {statuses.SENT, statuses.UNKNOWN}


@dataclass
class Evidence:
    """What the storm did, in real time (seconds since 1970) where it matters."""

    started_at: float = 0.0
    expected: int = 0
    replies: int = 0
    resends: bool = False
    refused: int = 0  # numbers that the gateway may count as opted out
    put_back: float = 0.0  # seconds that the clock was: a deadline is that much later
    stopped: dict[str, float] = field(default_factory=dict)
    nights: list[tuple[float, float]] = field(default_factory=list)


class Audit:
    """One look at all rows and all of the ledger."""

    BROADCAST_BODY = "Waspada perekrut liar di daerah Anda"
    HASTY_BODY = "Acara hari ini pindah tempat"

    def __init__(self, tx: Tx, accepted: Sequence[Accepted], evidence: Evidence) -> None:
        self._evidence = evidence
        self._accepted = accepted
        columns = (TABLE.c.id, TABLE.c.status, TABLE.c.kind, TABLE.c.error, TABLE.c.broadcast_id)
        rows = tx.execute(select(*columns, TABLE.c.number_sealed, TABLE.c.body_sealed, TABLE.c.attempts))
        self._rows: dict[tuple[str, str], list[Row[tuple[object, ...]]]] = defaultdict(list)
        for row in rows:
            self._rows[tx.vault.open(row.number_sealed), tx.vault.open(row.body_sealed)].append(row)
        self._reached = Counter((one.number, one.body) for one in accepted)

    def faults(self, broadcast: Broadcast) -> list[str]:
        """Every broken promise, in words; none holds a number."""
        return [
            *self._everybody_is_there(broadcast),
            *self._every_text_has_ended(),
            *self._rows_agree_with_the_ledger(),
            *self._stop_was_obeyed(),
            *self._hours_were_kept(),
            *self._nothing_came_late(),
        ]

    def _everybody_is_there(self, broadcast: Broadcast) -> Iterable[str]:
        rows = sum(len(same) for same in self._rows.values())
        left_out = (
            broadcast.audience_size - broadcast.recipients
        )  # said STOP, or the gateway said so, before their slice
        expected = self._evidence.expected + self._evidence.replies - (60 - broadcast.recipients)
        if rows != expected:
            yield f"{rows} rows for {expected} texts"
        if left_out > len(self._evidence.stopped) + self._evidence.refused:
            yield f"{left_out} of the audience have no text"
        for same in self._rows.values():
            if len(same) > 1:
                yield "two rows for one text"
        for key in self._reached:
            if key not in self._rows:
                yield "a phone got what nobody wrote"

    def _every_text_has_ended(self) -> Iterable[str]:
        for same in self._rows.values():
            for row in same:
                if row.status not in _ENDED:
                    tried = f"after {row.attempts} attempts: {row.error}"
                    yield f"text {row.id} ({row.kind}) is still {row.status} {tried}"

    def _rows_agree_with_the_ledger(self) -> Iterable[str]:
        for key, (row, *_) in self._rows.items():
            times = self._reached[key]
            again = self._evidence.resends and row.broadcast_id is not None
            if times > (2 if again else 1):
                yield f"text {row.id} ({row.kind}) arrived {times} times"
            if row.status in (statuses.SENT, statuses.DELIVERED) and not times:
                yield f"text {row.id} is {row.status} and never arrived"
            if row.status in (statuses.EXPIRED, statuses.OPTED_OUT, statuses.FAILED) and times and not again:
                yield f"text {row.id} ({row.kind}) is {row.status} and arrived: {row.error}"

    def _stop_was_obeyed(self) -> Iterable[str]:
        for one in self._accepted:
            stopped = self._evidence.stopped.get(one.number)
            answers = one.body.startswith("Jawaban")  # who writes after STOP is answered
            if stopped is not None and one.at > stopped + GRACE and not answers:
                yield f"reached {one.at - stopped:.1f} s after STOP"

    def _hours_were_kept(self) -> Iterable[str]:
        for one in self._accepted:
            (row, *_) = self._rows.get((one.number, one.body), [None])
            if row is None or row.kind not in ("warning", "reminder"):
                continue
            for begun, over in self._evidence.nights:
                if begun + GRACE < one.at < over:
                    yield f"text {row.id} ({row.kind}) arrived {one.at - begun:.1f} s into the night"

    def _nothing_came_late(self) -> Iterable[str]:
        latest = self._evidence.started_at + 1 + self._evidence.put_back + GRACE
        for one in self._accepted:
            if one.body == self.HASTY_BODY and one.at > latest:
                yield f"arrived {one.at - latest:.1f} s after its deadline"


def in_words(counts: dict[str, int]) -> str:
    """ "sent 40, delivered 38"."""
    return ", ".join(f"{status} {count}" for status, count in sorted(counts.items()))
