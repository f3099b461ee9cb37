"""Erasure at the person's own wish: everything that is tied to their number, in one transaction.

Called by inbound (HAPUS) and by the menu's settings. Places at events ahead are given back. What stays, and
is said to everybody in the same words, for whoever holds the phone may not learn what there is: a STOP
(keyed hash), and what was told in a report, without its reporter. A lock after wrong PINs stays for its day,
or HAPUS would be a way around it. What others have told about this number is not the person's to erase.
What Redis holds of a dialogue is dropped by whoever called, after the commit (Conversations.forget).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, delete, select

from sms_service.domain import phones
from sms_service.services.events import registrations
from sms_service.services.events.texts import EventTexts
from sms_service.services.reports import drafts as report_drafts
from sms_service.services.reports import filing as reports
from sms_service.services.reports import receipts
from sms_service.services.subscribers import person as subscribers
from sms_service.services.texts import forgetting
from sms_service.store.engine import Tx
from sms_service.store.models import Broadcast, ConsoleText, Report, ReportNote

_WORDS = ("recruiter_name_sealed", "place_sealed", "story_sealed")
CONSOLE_TEXTS = cast(Table, ConsoleText.__table__)


@dataclass(frozen=True, slots=True)
class Erased:
    """How much there was. For tests and figures: never told to the person who holds the phone."""

    registrations: int
    texts_in: int
    texts_out: int
    reports: int
    open_reports: int


def erase(tx: Tx, number: str, now: datetime, texts: EventTexts) -> Erased:
    """Forget `number` (E.164). Doing it twice is doing it once."""
    number_hash = tx.vault.number_hash(number)
    places = registrations.erase(tx, number, now, texts)  # first: it locks the events in their order
    _leave_audiences(tx, subscribers.erase(tx, number))
    report_drafts.discard(tx, number_hash)
    _mask_in_reports(tx, number, number_hash)
    forgotten = reports.erase_reporter(tx, number_hash, now)
    receipts.forget_caller(tx, number_hash)
    tx.execute(delete(CONSOLE_TEXTS).where(CONSOLE_TEXTS.c.number_hash == number_hash))
    return Erased(
        registrations=places,
        texts_in=forgetting.forget_texts_in(tx, number_hash),
        texts_out=forgetting.forget_texts_out(tx, number_hash, now),  # last: giving a place back may tell
        reports=forgotten.forgotten,
        open_reports=forgotten.kept_open,
    )


def _mask_in_reports(tx: Tx, number: str, number_hash: str) -> None:
    """Mask the reporter's own number where they, or staff, wrote it among the words of their reports."""
    own = tx.scalars(select(Report).where(Report.reporter_hash == number_hash).with_for_update()).all()
    notes = select(ReportNote).where(ReportNote.report_id.in_([report.id for report in own]))
    held: list[tuple[Any, str]] = [(report, name) for report in own for name in _WORDS]
    held += [(note, "text_sealed") for note in tx.scalars(notes)] if own else []
    for row, name in held:
        try:
            words = tx.vault.text(getattr(row, name))
        except ValueError:  # of a lost key: nobody reads it
            continue
        if (masked := phones.mask_in(words, number)) != words:
            setattr(row, name, tx.vault.seal(masked))
    tx.flush()


def _leave_audiences(tx: Tx, ids: Sequence[int]) -> None:
    """Take these subscribers out of every broadcast that names them: SQLite may give an id again."""
    if not ids:
        return
    named = select(Broadcast).where(Broadcast.audience["subscribers"].as_string().is_not(None))
    for broadcast in tx.scalars(named.with_for_update()):
        held = broadcast.audience.get("subscribers")
        if isinstance(held, list) and set(held) & set(ids):
            left = [one for one in held if one not in ids]
            broadcast.audience = {**broadcast.audience, "subscribers": left}
    tx.flush()
