"""Texts to the officers on duty (DUTY_NUMBERS): something needs eyes, and where to look. Never what it is.

The words stand here and not in the menus' content, for no caller reads them; each is one segment. Not held by
quiet hours (kind alert). Called by reports, surges, the sender's lanes and broadcasts.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from sms_service.domain import phones, statuses
from sms_service.errors import Invalid
from sms_service.logs import get_logger
from sms_service.services.texts import messages
from sms_service.services.texts.messages import NewText
from sms_service.settings import Settings
from sms_service.store.engine import Tx

log = get_logger(__name__)

HELPS_FOR = timedelta(hours=12)  # whoever comes on duty after that sees it on the console first
WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "urgent_report": {
            "id": "Jalur Aman: ada yang mendesak menunggu di konsol. Mohon segera dibuka.",
            "en": "Jalur Aman: something urgent is waiting in the console. Please open it now.",
        },
        "surge": {
            "id": "Jalur Aman: ada lonjakan yang perlu dilihat di konsol.",
            "en": "Jalur Aman: there is a surge to look at in the console.",
        },
        "lane_stopped": {
            "id": "Jalur Aman: pengiriman SMS berhenti. Mohon periksa konsol.",
            "en": "Jalur Aman: sending of texts has stopped. Please check the console.",
        },
        "balance_low": {
            "id": "Jalur Aman: saldo SMS hampir habis. Mohon segera diisi.",
            "en": "Jalur Aman: the balance for texts is nearly used up. Please top it up.",
        },
        "broadcast_halted": {
            "id": "Jalur Aman: satu siaran dihentikan otomatis. Mohon periksa konsol.",
            "en": "Jalur Aman: a broadcast was halted automatically. Please check the console.",
        },
    }
)


def alert(tx: Tx, settings: Settings, kind: str, now: datetime, key: str) -> int:
    """Text everybody on duty once for `key`, however often it is called; returns how many are on duty.

    `kind` is a key of WORDS. A number that is none is told in the log and left out: one slip in a setting
    must not keep the others from knowing.
    """
    body = WORDS[kind][settings.default_language]
    numbers = _numbers(settings)
    for number in numbers:
        named = f"duty:{kind}:{key}:{tx.vault.number_hash(number)[:12]}"
        text = NewText(number, body, statuses.ALERT, "fast", named, now + HELPS_FOR, priority=0)
        messages.enqueue(tx, text, now)
    if not numbers:
        log.warning("nobody is on duty: DUTY_NUMBERS is empty", kind=kind)
    return len(numbers)


def _numbers(settings: Settings) -> list[str]:
    found: dict[str, None] = {}
    for position, raw in enumerate(settings.duty_numbers, start=1):
        try:
            found[phones.normalise(raw, settings.default_country)] = None
        except Invalid:
            log.error("a number of DUTY_NUMBERS is none", position=position)
    return list(found)
