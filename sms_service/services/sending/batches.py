"""Claimed texts, and how they are put together into calls: the same body to many numbers at once.

Pure: rows in, batches out. Used by hand_over.py, which claims, and by workers/messages.py, which calls.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sms_service.gateways.base import MAX_BATCH


@dataclass(frozen=True, slots=True)
class Claimed:
    """One text that this worker holds under its lease."""

    id: int
    number: str
    number_hash: str
    body: str
    kind: str
    segments: int
    attempts: int
    link_id: str
    expires_at: datetime
    created_at: datetime
    broadcast_id: int | None = None
    wave: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """One call: equal bodies to different numbers. `claim` is the token that recording must show.

    `turn` is 0 for the first text that this claim has for each of its numbers, 1 for the second, ...: a
    later turn is called after an earlier one has come back, so that a person reads texts in their order.
    """

    claim: str
    lane: str
    turn: int
    body: str
    link_id: str
    texts: tuple[Claimed, ...]

    @property
    def segments(self) -> int:
        """What the whole call costs of the budget."""
        return sum(text.segments for text in self.texts)

    def keep(self, texts: Iterable[Claimed]) -> Batch:
        """The same call to fewer numbers."""
        return replace(self, texts=tuple(texts))


def group(claim: str, lane: str, claimed: Iterable[Claimed], limit: int = MAX_BATCH) -> list[Batch]:
    """Put texts into calls of at most `limit` numbers, earlier turns first, else in the order given."""
    turns: Counter[str] = Counter()
    groups: dict[tuple[int, str, str], list[Claimed]] = {}
    for text in claimed:
        turn = turns[text.number_hash]
        turns[text.number_hash] += 1
        groups.setdefault((turn, text.body, text.link_id), []).append(text)
    batches = [
        Batch(claim, lane, turn, body, link_id, tuple(texts[start : start + limit]))
        for (turn, body, link_id), texts in groups.items()
        for start in range(0, len(texts), limit)
    ]
    return sorted(batches, key=lambda batch: batch.turn)


def split(batch: Batch, numbers: int, segments: int | None = None) -> list[Batch]:
    """Cut a call into calls of at most `numbers` numbers and, where given, `segments` segments (but never
    less than one text)."""
    size = max(1, numbers)
    if segments is not None and batch.texts:
        size = max(1, min(size, segments // batch.texts[0].segments))
    return [batch.keep(batch.texts[start : start + size]) for start in range(0, len(batch.texts), size)]
