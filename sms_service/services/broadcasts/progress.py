"""How far a broadcast is: its texts by status, what the quiet hours hold back, what did not arrive and why.

Called by the console and the API, which show the same figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sms_service.domain import broadcast_life as life
from sms_service.domain import statuses
from sms_service.domain.quiet_hours import release_at
from sms_service.services.broadcasts import judging as broadcast_judging
from sms_service.services.broadcasts import rows as broadcast_rows
from sms_service.services.broadcasts.rows import NotSent
from sms_service.settings import Settings
from sms_service.store.engine import Tx
from sms_service.store.models import Broadcast

_WAITS = (statuses.QUEUED, statuses.SENDING)


@dataclass(frozen=True, slots=True)
class Held:
    """What waits for the end of the quiet hours; `expires_first`: its deadline comes before that."""

    texts: int
    until: datetime
    expires_first: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """The figures of one moment. `stops`: people who said STOP after its text."""

    counts: Mapping[str, int]
    held: Held | None
    not_sent: tuple[NotSent, ...]
    stops: int

    @property
    def recipients(self) -> int:
        """Texts that are written; the counts add up to it."""
        return sum(self.counts.values())

    @property
    def tried(self) -> int:
        """Texts that are through, one way or the other."""
        return self.recipients - self.waits

    @property
    def waits(self) -> int:
        """Texts that still have to go."""
        return sum(self.counts[status] for status in _WAITS)


def progress(tx: Tx, row: Broadcast, settings: Settings, now: datetime) -> Progress:
    """How far it is now."""
    counts = broadcast_rows.count(tx, [row.id])[row.id]
    return Progress(
        counts=counts,
        held=held(row, counts, settings, now),
        not_sent=tuple(broadcast_rows.list_not_sent(tx, row.id)),
        stops=broadcast_judging.count_stops(tx, row.id, row.started_at),
    )


def held(row: Broadcast, counts: Mapping[str, int], settings: Settings, now: datetime) -> Held | None:
    """What the quiet hours hold back now."""
    waits = counts[statuses.QUEUED]
    if not waits or row.status not in (life.CANARY, life.RUNNING) or passes_quiet_hours(row):
        return None
    until = release_at(now, settings.zone, settings.quiet_hours, settings.quiet_sunday)
    if until is None:
        return None
    return Held(waits, until, row.expires_at is not None and row.expires_at <= until)


def passes_quiet_hours(row: Broadcast) -> bool:
    """True for an urgent one that somebody has let out at night too."""
    return row.kind == statuses.URGENT and row.override_by is not None


def waits_until(row: Broadcast, settings: Settings, now: datetime) -> datetime | None:
    """Until when the quiet hours would hold it if it began at its time without an override; None: it
    could go at once."""
    start = max(now, row.send_at or now)
    return release_at(start, settings.zone, settings.quiet_hours, settings.quiet_sunday)
