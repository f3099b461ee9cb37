"""Erasure at the person's own wish: everything that holds their number, in one transaction.

Called by inbound (HAPUS) and by the menu's settings. Places at events ahead are given back; a STOP stays.
"""

from __future__ import annotations

from datetime import datetime

from sms_service.services import registrations, subscribers
from sms_service.services.event_texts import EventTexts
from sms_service.store.engine import Tx


def erase(tx: Tx, number: str, now: datetime, texts: EventTexts) -> None:
    """Forget `number` (E.164). Doing it twice is doing it once."""
    registrations.erase(tx, number, now, texts)
    subscribers.erase(tx, number, now)
