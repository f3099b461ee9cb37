"""Forgetting somebody who asks the office to be forgotten: in person, on paper, by a call.

The officer types the number once; it is shown and kept nowhere afterwards, and why is in the audit trail.
Called by the desk.
"""

from __future__ import annotations

from datetime import datetime

from sms_service.domain import phones
from sms_service.domain.roles import may
from sms_service.errors import Invalid, NotAllowed, Unavailable
from sms_service.logs import get_logger
from sms_service.services.events.texts import EventTexts
from sms_service.services.privacy import erasure
from sms_service.services.staff import accounts as staff
from sms_service.services.staff.accounts import Person
from sms_service.store.engine import Tx
from sms_service.ussd_sessions import UssdSessions, hash_inputs

log = get_logger(__name__)

LONGEST_REASON = 200


def erase(
    tx: Tx, typed: str, country: str, reason: str, person: Person, now: datetime, words: EventTexts
) -> str:
    """Erase all that is tied to the number that was typed; returns the number's hash. Twice is once.

    What there was is told to nobody: whoever asks may not be whose number it is. Raises NotAllowed, and
    Invalid by field.
    """
    if not may(person.role, "subscribers"):
        raise NotAllowed("your role does not permit this")
    errors = {}
    if not reason.strip() or len(reason) > LONGEST_REASON:
        errors["reason"] = "say who asked, and how you know that it is their number"
    try:
        number = phones.normalise(typed, country)
    except Invalid:
        number, errors["number"] = "", "is not a phone number"
    if errors:
        raise Invalid("nothing was erased", errors)
    erasure.erase(tx, number, now, words)
    details = {"reason": phones.mask_in(reason, number)}
    staff.record_audit(tx, person.id, "subscribers.erase", ("subscribers", "one"), details, now)
    return tx.vault.number_hash(number)


def end_dialogues(sessions: UssdSessions, number_hash: str) -> None:
    """Drop the walk and the place of somebody who is forgotten, after the commit; with Redis away they end
    by themselves."""
    try:
        sessions.forget(number_hash, hash_inputs(f"sms|{number_hash}"))
    except Unavailable:
        log.warning("dialogues of an erased number end by themselves")
