"""Outreach events: made, changed, called off, and everybody concerned told at once.

A change locks the event's row; `version` grows with each, so that of two officers editing the same event
the second is told instead of overwriting the first. Called by the API and the console; registering
(services/events/registrations.py) is offered here too, so that callers need one module for events.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, tuple_
from sqlalchemy.exc import IntegrityError

from sms_service.domain import districts, texts
from sms_service.domain.event_codes import free_codes
from sms_service.domain.quiet_hours import Quiet
from sms_service.domain.schedules import read_plan
from sms_service.errors import Conflict, Invalid, NotFound, said
from sms_service.services.events import groups as event_groups
from sms_service.services.events import notices as event_notices
from sms_service.services.events import reminders
from sms_service.services.events.registrations import (
    DOORS_OPEN,
    PROPOSED,
    REVISION,
    Outcome,
    OwnRegistration,
    cancel_registration,
    check_in,
    erase,
    fill_up,
    list_for_number,
    lock_event,
    register,
)
from sms_service.services.events.texts import EventTexts
from sms_service.services.read_models import bump
from sms_service.services.staff import accounts as staff
from sms_service.store.engine import Tx
from sms_service.store.models import Event, Registration

__all__ = [
    "PROPOSED",
    "Counts",
    "EventFields",
    "Outcome",
    "OwnRegistration",
    "cancel",
    "cancel_registration",
    "change",
    "check",
    "check_in",
    "count_registrations",
    "create",
    "erase",
    "get_event",
    "list_events",
    "list_for_number",
    "list_registrations",
    "register",
]

LONGEST_TITLE = LONGEST_VENUE = LONGEST_ORGANISER = 80  # characters
LONGEST_AUDIENCE = 200
LARGEST_CAPACITY = 100_000
FURTHEST = timedelta(days=3 * 366)
LONGEST_EVENT = timedelta(days=31)
_TRIES = 5


@dataclass(frozen=True, slots=True)
class EventFields:
    """What the office says of an event. `district` is a Kemendagri code; capacity None: no limit;
    `reminder_plan` as ("7d", "2h"), None: the usual one, (): no reminders."""

    title_id: str
    title_en: str
    starts_at: datetime
    venue: str
    district: str
    ends_at: datetime | None = None
    capacity: int | None = None
    organiser: str = ""
    audience: str = ""
    reminder_plan: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many registrations of an event stand where."""

    registered: int = 0
    waiting: int = 0
    attended: int = 0
    cancelled: int = 0


def create(
    tx: Tx,
    fields: EventFields,
    by: int | None,
    now: datetime,
    quiet: Quiet | None = None,
    *,
    status: str = "planned",
    community_id: int | None = None,
) -> Event:
    """Make an event with its code and reminders. `by` is the person's id. Raises Invalid by field.

    Reminders keep out of the `quiet` hours; one that is only PROPOSED has none yet (proposals.py).
    """
    check(fields, now)
    event = Event(
        **_columns(fields),
        status=status,
        community_id=community_id,
        created_by=by,
        created_at=now,
        updated_at=now,
    )
    _insert(tx, event)
    if status != PROPOSED:
        reminders.plan(tx, event, now, quiet)
    staff.record_audit(tx, by, "event.create", ("event", event.id), asdict(fields), now)
    bump(tx, REVISION)
    return event


def check(fields: EventFields, now: datetime, before: EventFields | None = None) -> None:
    """Raises Invalid by field, as making an event does, or changing one that was as `before`."""
    is_moved = before is None or before.starts_at != fields.starts_at
    _check(fields, now, {"starts_at"} if is_moved else set())


def get_event(tx: Tx, event_id: int) -> Event:
    """Raises NotFound."""
    event = tx.get(Event, event_id)
    if event is None:
        raise NotFound("there is no such event")
    return event


def list_events(
    tx: Tx,
    limit: int,
    after: tuple[datetime, int] | None = None,
    district: str | None = None,
    starts_from: datetime | None = None,
) -> list[Event]:
    """Return at most `limit` events by start, those after the one at (starts_at, id) `after`."""
    wanted = select(Event).order_by(Event.starts_at, Event.id).limit(limit)
    if after is not None:
        wanted = wanted.where(tuple_(Event.starts_at, Event.id) > after)
    if district is not None:
        wanted = wanted.where(Event.district == district)
    if starts_from is not None:
        wanted = wanted.where(Event.starts_at >= starts_from)
    return list(tx.scalars(wanted))


def change(
    tx: Tx,
    event_id: int,
    changes: Mapping[str, Any],
    by: int | None,
    now: datetime,
    words: EventTexts,
    version: int | None = None,
) -> Event:
    """Change fields of EventFields by name. `version`, when given, must be the event's.

    Another time moves the end along (unless given) and the reminders; another time or place is told to
    everybody registered or waiting, by a job; more places move the waitlist up. Fewer places than people:
    nobody loses one. Raises NotFound, Invalid by field, Conflict.
    """
    event = _locked(tx, event_id)
    if version is not None and version != event.version:
        raise Conflict(
            said("the event has been changed meanwhile: it is at version %(now)s", now=event.version)
        )
    if event.status == "cancelled":
        raise Conflict("the event is cancelled")
    before = fields_of(event)
    if "starts_at" in changes and "ends_at" not in changes and before.ends_at is not None:
        moved_by = changes["starts_at"] - before.starts_at
        changes = {**changes, "ends_at": before.ends_at + moved_by}
    after = replace(before, **changes)
    changed = {name for name, value in asdict(before).items() if value != getattr(after, name)}
    if not changed:
        return event
    if "starts_at" in changed and _is_over(event, now):
        raise Conflict("the event is over: make a new one")
    _check(after, now, changed)
    for name, value in _columns(after).items():
        if name in changed:
            setattr(event, name, value)
    event.version, event.updated_at = event.version + 1, now
    tx.flush()
    if event.status != PROPOSED:
        _follow_up(tx, event, before, changed, now, words)
    details = {name: {"from": getattr(before, name), "to": getattr(after, name)} for name in changed}
    staff.record_audit(tx, by, "event.change", ("event", event.id), details, now)
    bump(tx, REVISION)
    return event


def cancel(tx: Tx, event_id: int, reason: str, by: int | None, now: datetime, words: EventTexts) -> Event:
    """Call an event off: reminders are dropped, and a job tells everybody at once. Twice is once.

    Raises NotFound, and Conflict when the event is over.
    """
    event = _locked(tx, event_id)
    if event.status == "cancelled":
        return event
    if _is_over(event, now):
        raise Conflict("the event is over")
    event.status, event.cancel_reason = "cancelled", reason
    event.version, event.updated_at = event.version + 1, now
    tx.flush()
    reminders.drop(tx, event, "the event was cancelled", now)
    event_notices.announce(tx, event, event_notices.CALLED_OFF, now)
    staff.record_audit(tx, by, "event.cancel", ("event", event.id), {"reason": reason}, now)
    bump(tx, REVISION)
    return event


def count_registrations(tx: Tx, event_ids: Sequence[int]) -> dict[int, Counts]:
    """Return how many registrations each of these events has, by status."""
    rows = tx.execute(
        select(Registration.event_id, Registration.status, func.count())
        .where(Registration.event_id.in_(event_ids))
        .group_by(Registration.event_id, Registration.status)
    )
    counts = dict.fromkeys(event_ids, Counts())
    for event_id, status, number in rows:
        counts[event_id] = replace(counts[event_id], **{status: number})
    return counts


def list_registrations(tx: Tx, event_id: int, limit: int, after: int = 0) -> list[Registration]:
    """Return at most `limit` registrations in the order in which people came, after position `after`."""
    return list(
        tx.scalars(
            select(Registration)
            .where(Registration.event_id == event_id, Registration.position > after)
            .order_by(Registration.position)
            .limit(limit)
        )
    )


def fields_of(event: Event) -> EventFields:
    """Return what the office says of an event."""
    told = {name: getattr(event, name) for name in EventFields.__dataclass_fields__}
    if event.reminder_plan is not None:
        told["reminder_plan"] = tuple(event.reminder_plan)
    return EventFields(**told)


def _columns(fields: EventFields) -> dict[str, Any]:
    plan = None if fields.reminder_plan is None else list(read_plan(fields.reminder_plan))
    return {**asdict(fields), "reminder_plan": plan}


def _follow_up(
    tx: Tx, event: Event, before: EventFields, changed: set[str], now: datetime, words: EventTexts
) -> None:
    if "starts_at" in changed:
        _doors_close_again(tx, event, now)
        event_groups.move_slots(tx, event, event.starts_at - before.starts_at)
    if changed & {"starts_at", "reminder_plan"}:
        reminders.plan(tx, event, now, words.quiet)
    moved, elsewhere = "starts_at" in changed, bool(changed & {"venue", "district"})
    if moved or elsewhere:
        reminders.withdraw(tx, event.id, now)
        word = "moved_elsewhere" if moved and elsewhere else "moved" if moved else "elsewhere"
        event_notices.announce(tx, event, word, now)
    if "capacity" in changed:
        fill_up(tx, event, now, words)


def _doors_close_again(tx: Tx, event: Event, now: datetime) -> None:
    """Who was there already for a start that is now days away is registered again, not present."""
    if event.starts_at - DOORS_OPEN <= now:
        return
    early = select(Registration).where(Registration.event_id == event.id, Registration.status == "attended")
    for person in tx.scalars(early):
        person.status, person.attended_at = "registered", None
    tx.flush()


def _is_over(event: Event, now: datetime) -> bool:
    return (event.ends_at or event.starts_at) <= now


def _locked(tx: Tx, event_id: int) -> Event:
    event = lock_event(tx, event_id)
    if event is None:
        raise NotFound("there is no such event")
    return event


def _insert(tx: Tx, event: Event) -> None:
    """Give the event a code that nobody else has, also when two events are made at once."""
    for _ in range(_TRIES):
        free = free_codes(set(tx.scalars(select(Event.code))))
        if not free:
            raise Conflict("no event code is left")
        event.code = secrets.choice(free)
        try:
            with tx.begin_nested():
                tx.add(event)
        except IntegrityError:
            continue
        return
    raise Conflict("too many events are being made at once; try again")


def _check(fields: EventFields, now: datetime, changed: set[str]) -> None:
    errors: dict[str, str] = {}
    for name, longest in (("title_id", LONGEST_TITLE), ("title_en", LONGEST_TITLE), ("venue", LONGEST_VENUE)):
        _check_words(errors, name, getattr(fields, name), longest)
    if fields.capacity is not None and not 1 <= fields.capacity <= LARGEST_CAPACITY:
        errors["capacity"] = said("is 1 to %(most)s, or none", most=LARGEST_CAPACITY)
    if fields.district not in {district.code for district in districts.DISTRICTS}:
        errors["district"] = "is not a district of the list"
    _check_times(errors, fields, now, changed)
    try:
        read_plan(fields.reminder_plan or ())
    except Invalid as error:
        errors["reminder_plan"] = error.words
    if errors:
        raise Invalid("the event cannot be kept like this", errors)


def _check_words(errors: dict[str, str], name: str, value: str, longest: int) -> None:
    strange = [sign for sign, plain in texts.offenders(value).items() if "?" in plain]
    if not 0 < len(value.strip()) <= longest:
        errors[name] = said("has 1 to %(most)s characters", most=longest)
    elif strange:
        codes = ", ".join(f"U+{ord(sign):04X}" for sign in strange[:5])
        errors[name] = said("holds signs that a simple phone cannot show: %(signs)s", signs=codes)


def _check_times(errors: dict[str, str], fields: EventFields, now: datetime, changed: set[str]) -> None:
    if "starts_at" in changed and not now < fields.starts_at <= now + FURTHEST:
        errors["starts_at"] = "lies ahead, within three years"
    if fields.ends_at is not None and not (
        fields.starts_at < fields.ends_at <= fields.starts_at + LONGEST_EVENT
    ):
        errors["ends_at"] = "is after the start, within 31 days"
