"""What the office does with one registration: take somebody off the list, or note that they are there.

For people who call the office or stand at the door without their phone. Called by the API.
"""

from __future__ import annotations

from datetime import datetime

from sms_service.errors import Conflict, NotFound
from sms_service.services.events.groups import find_registration
from sms_service.services.events.registrations import (
    DOORS_CLOSE,
    DOORS_OPEN,
    REVISION,
    give_up,
    lock_event,
    notice_text,
)
from sms_service.services.events.texts import EventTexts
from sms_service.services.read_models import bump
from sms_service.services.staff import accounts as staff
from sms_service.services.texts import messages
from sms_service.store.engine import Tx
from sms_service.store.models import Event, Registration


def take_off(
    tx: Tx, event_id: int, registration_id: int, by: int | None, now: datetime, texts: EventTexts
) -> Registration:
    """Take somebody off the list; they are told, and who waits moves up. Twice is once.

    Raises NotFound, and Conflict when they were there already or the event has begun or is off.
    """
    event, person = _locked(tx, event_id, registration_id)
    if person.status == "cancelled":
        return person
    if person.status == "attended" or event.starts_at <= now:
        raise Conflict("the event has begun, or the person was there")
    give_up(tx, event, person, now, texts)
    if person.number_sealed:
        body = texts.about("unregistered", event, person.language)
        key = f"event:{event.id}:{person.id}:taken_off:{person.position}"
        text = notice_text(tx, event, person, body, key, lane="fast", expires_at=event.starts_at)
        if text is not None:
            messages.enqueue(tx, text, now)
    _note(tx, by, "event.take_off", event, person, now)
    return person


def note_present(tx: Tx, event_id: int, registration_id: int, by: int | None, now: datetime) -> Registration:
    """Note that somebody is there. Twice is once.

    Raises NotFound, and Conflict when the person gave the place up, or the doors are not open.
    """
    event, person = _locked(tx, event_id, registration_id)
    if person.status == "attended":
        return person
    if person.status == "cancelled":
        raise Conflict("the person gave the place up: let them register again")
    if not event.starts_at - DOORS_OPEN <= now <= (event.ends_at or event.starts_at) + DOORS_CLOSE:
        raise Conflict("the doors are not open")
    person.status, person.attended_at, person.updated_at = "attended", now, now
    tx.flush()
    bump(tx, REVISION)
    _note(tx, by, "event.note_present", event, person, now)
    return person


def _locked(tx: Tx, event_id: int, registration_id: int) -> tuple[Event, Registration]:
    event = lock_event(tx, event_id)
    if event is None:
        raise NotFound("there is no such event")
    person = find_registration(tx, event, registration_id)
    if event.status != "planned":
        raise Conflict("the event is cancelled, or not approved yet")
    return event, person


def _note(tx: Tx, by: int | None, act: str, event: Event, person: Registration, now: datetime) -> None:
    staff.record_audit(tx, by, act, ("event", event.id), {"registration": person.id}, now)
