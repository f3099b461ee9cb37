"""Erasure at the person's own wish: everything that is tied to their number, in one transaction.

Called by inbound (HAPUS) and by the menu's settings. Places at events ahead are given back. What stays, and
is said to everybody in the same words, for whoever holds the phone may not learn what there is: a STOP
(keyed hash), and what was told in a report, without its reporter. A lock after wrong PINs stays for its day,
or HAPUS would be a way around it. What others have told about this number is not the person's to erase.
What Redis holds of a dialogue is dropped by whoever called, after the commit (Conversations.forget).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Table, delete

from sms_service.services import (
    forgetting,
    receipts,
    registrations,
    report_drafts,
    reports,
    subscribers,
)
from sms_service.services.event_texts import EventTexts
from sms_service.store.engine import Tx
from sms_service.store.models import ConsoleText

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
    subscribers.erase(tx, number)
    report_drafts.discard(tx, number_hash)
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
