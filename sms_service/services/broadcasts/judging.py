"""Whether a broadcast does more harm than good: failures, and people who text STOP because of it.

Figures are counted from the rows; a broadcast is judged by what came since it was judged last, so that bad
news late in a long list are seen, and a person who resumes a halted one is not overruled by the past.
Called by sending.py (once a second or so) and by life.resume.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, cast, func, literal, select

from sms_service.domain import statuses
from sms_service.services.broadcasts import rows as broadcast_rows
from sms_service.services.texts.messages import TABLE as MESSAGES
from sms_service.settings import Settings
from sms_service.store.engine import Tx
from sms_service.store.models import Broadcast, OptOut, Subscriber

ENOUGH = 20  # texts to judge by, or the whole of a smaller canary
LEAST_BAD = 2  # one dead number of three, or one STOP, says nothing about the text
WINDOW = 500  # after so many texts without a halt, judging begins anew
# The gateway may have the text, and its answers are lost: a list must not be burnt that way.
_FAILURES = (statuses.FAILED, statuses.UNKNOWN)
_TRIED = (statuses.SENT, statuses.DELIVERED, *_FAILURES)


@dataclass(frozen=True, slots=True)
class Figures:
    """How a broadcast goes. `texts`: tried, whatever became of them; `stops`: people who said STOP after
    its text had gone to them."""

    texts: int
    failures: int
    stops: int
    queued: int
    sending: int
    unknown: int


def figures(tx: Tx, row: Broadcast, counts: dict[str, int] | None = None) -> Figures:
    """The figures of now."""
    by_status = counts if counts is not None else broadcast_rows.count(tx, [row.id])[row.id]
    return Figures(
        texts=sum(by_status[status] for status in _TRIED),
        failures=sum(by_status[status] for status in _FAILURES),
        stops=count_stops(tx, row.id, row.started_at),
        queued=by_status[statuses.QUEUED],
        sending=by_status[statuses.SENDING],
        unknown=by_status[statuses.UNKNOWN],
    )


def count_stops(tx: Tx, broadcast_id: int, since: datetime | None) -> int:
    """How many recipients said STOP after the broadcast's text went to them: texts are found by their key,
    for the few who said STOP since the start."""
    if since is None:
        return 0
    key = literal(f"broadcast:{broadcast_id}:") + cast(Subscriber.id, String)
    return (
        tx.scalar(
            select(func.count())
            .select_from(OptOut)
            .join(Subscriber, Subscriber.number_hash == OptOut.number_hash)
            .join(MESSAGES, MESSAGES.c.idempotency_key == key)
            .where(OptOut.opted_out_at >= since, MESSAGES.c.sent_at <= OptOut.opted_out_at)
        )
        or 0
    )


def verdict(row: Broadcast, seen: Figures, settings: Settings) -> str:
    """Why it has to be halted, with the figures, in words; empty: it may go on."""
    texts = seen.texts - row.judged_texts
    failures = seen.failures - row.judged_failures
    stops = seen.stops - row.judged_stops
    enough = min(ENOUGH, row.canary_size or ENOUGH) if row.status == "canary" else ENOUGH
    for bad, limit, what in (
        (failures, settings.halt_failure_percent, "texts failed or got lost at the gateway"),
        (stops, settings.halt_stop_percent, "people texted STOP after it"),
    ):
        # Reports and STOPs come later than the texts that they are about: never judge by fewer than came.
        of = max(texts, bad)
        if of >= enough and bad >= LEAST_BAD and 100 * bad > limit * of:
            return f"{bad} of {of} {what} ({100 * bad / of:.1f} %; the limit is {limit:g} %)"
    return ""


def is_window_full(row: Broadcast, seen: Figures) -> bool:
    """True when enough has gone well to begin judging anew."""
    return seen.texts - row.judged_texts >= WINDOW


def begin_anew(row: Broadcast, seen: Figures) -> None:
    """What came until now is judged."""
    row.judged_texts, row.judged_failures, row.judged_stops = seen.texts, seen.failures, seen.stops


def forgive(tx: Tx, row: Broadcast) -> None:
    """A person has looked at it and lets it go on."""
    begin_anew(row, figures(tx, row))
