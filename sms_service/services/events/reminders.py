"""Reminders as rows: planned with the event, moved with it, and turned into texts when due.

A reminder is worked off in chunks, each one transaction that locks its row, writes texts for the next
registrants and notes how far it came: a crash costs a chunk, two workers share the work, and nobody gets
one twice because each text has its own key. Called by services/events (plans) and workers/reminders.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Row, Select, select

from sms_service.domain.quiet_hours import Quiet
from sms_service.domain.schedules import DEFAULT_PLAN, late_rule, plan_reminders
from sms_service.logs import get_logger
from sms_service.services.events.texts import EventTexts
from sms_service.services.texts import messages
from sms_service.services.texts.messages import NewText
from sms_service.store.claim import quoted
from sms_service.store.engine import Tx
from sms_service.store.models import Event, EventGroup, Registration, Reminder, Subscriber

log = get_logger(__name__)

CHUNK = 250  # registrants a transaction: well under half a second of lock, also on a busy machine
_PRIORITY = 3  # in the bulk lane: before news, after changes and cancellations


def plan(tx: Tx, event: Event, now: datetime, quiet: Quiet | None = None) -> None:
    """Write the reminders of an event, or move them after a change of its time or of its plan.

    One that has been sent for the old time is planned again for the new one, and one that has been sent
    for the same time is left as it is; one whose time is past is dropped, with the reason.
    """
    names = DEFAULT_PLAN if event.reminder_plan is None else event.reminder_plan
    rows = {row.plan: row for row in _lock(tx, event.id)}
    for planned in plan_reminders(event.starts_at, now, names, quiet):
        row = rows.pop(planned.plan, None)
        if row is None:
            row = Reminder(event_id=event.id, plan=planned.plan)
            tx.add(row)
        elif row.due_at == planned.due_at and (row.status == "done" or row.last_registration_id):
            row.expires_at = planned.expires_at
            continue
        row.due_at, row.expires_at = planned.due_at, planned.expires_at
        row.status = "dropped" if planned.dropped else "planned"
        row.reason = planned.dropped or planned.moved
        row.recipients, row.last_registration_id = 0, 0
        row.done_at = now if planned.dropped else None
    for row in rows.values():
        if row.status == "planned":
            _finish(row, "dropped", "no longer in the event's plan", now)
    tx.flush()
    if has_due(tx, now):
        tx.wake("fan_out_reminders")


def drop(tx: Tx, event: Event, reason: str, now: datetime) -> None:
    """Drop what has not been sent yet, also texts that are written and still wait to leave."""
    for row in _lock(tx, event.id):
        if row.status == "planned":
            _finish(row, "dropped", reason, now)
    tx.flush()
    withdraw(tx, event.id, now)


def withdraw(tx: Tx, event_id: int, now: datetime, registration_id: int | None = None) -> int:
    """Take back reminders that are written and still wait to leave, of one registrant or of all."""
    return messages.withdraw(tx, event_id, _key(event_id, registration_id), now)


def list_reminders(tx: Tx, event_id: int) -> list[Reminder]:
    """Return an event's reminders, earliest first."""
    return list(tx.scalars(_of_event(event_id)))


def has_due(tx: Tx, now: datetime) -> bool:
    """True when a reminder waits to be worked off: the scheduler then wakes fan_out_reminders."""
    due = select(Reminder.id).where(Reminder.status == quoted("planned"), Reminder.due_at <= now).limit(1)
    return tx.scalar(due) is not None


def claim_due(tx: Tx, now: datetime) -> int | None:
    """Lock the next due reminder for this transaction and return its id; None when nothing is to do.

    One that another worker has in hand is passed over.
    """
    return tx.scalar(
        select(Reminder.id)
        .where(Reminder.status == quoted("planned"), Reminder.due_at <= now)
        .order_by(Reminder.due_at, Reminder.id)
        .limit(1)
        .with_for_update(skip_locked=True, key_share=True)
    )


def fan_out(tx: Tx, reminder_id: int, texts: EventTexts, now: datetime, chunk: int = CHUNK) -> bool:
    """Write the texts for the next `chunk` registrants; True when the reminder is finished.

    Done already, or moved meanwhile: nothing happens. Too late: replaced or dropped by the late rule.
    """
    row = tx.get(Reminder, reminder_id, with_for_update={"key_share": True}, populate_existing=True)
    if row is None or row.status != "planned" or row.due_at > now:
        return True
    verdict = late_rule(row.expires_at, _still_to_come(tx, row), now, texts.quiet.release_at(now))
    if verdict.name != "send":
        if row.last_registration_id:
            _finish(row, "done", "too late for those not written to yet", now)
        else:
            _finish(row, verdict.name, verdict.reason, now)
        return True
    event = tx.get_one(Event, row.event_id, populate_existing=True)
    people = _next_people(tx, row, chunk)
    wanted = [person for person in people if person.reminders_on is not False]
    groups = {group.id: group for group in tx.scalars(select(EventGroup).filter_by(event_id=event.id))}
    bodies = {
        key: texts.about(_word(groups.get(key[1])), event, key[0], group=groups.get(key[1]))
        for key in {_body_key(person) for person in wanted}
    }
    written = [_text(tx, row, event, person, bodies) for person in wanted]
    row.recipients += messages.enqueue_many(tx, [text for text in written if text is not None], now)
    if None in written:
        row.reason = "some numbers cannot be read with the keys in DATA_KEY"
    if people:
        row.last_registration_id = people[-1].id
    if len(people) < chunk:
        _finish(row, "done", row.reason, now)
        return True
    return False


def _of_event(event_id: int) -> Select[Reminder]:
    return select(Reminder).where(Reminder.event_id == event_id).order_by(Reminder.due_at, Reminder.id)


def _lock(tx: Tx, event_id: int) -> list[Reminder]:
    """Lock an event's reminders against workers until the transaction ends."""
    locked = _of_event(event_id).with_for_update(key_share=True)
    return list(tx.scalars(locked.execution_options(populate_existing=True)))


_Person = Row[int, bytes, str, int | None, bool, str]
_BodyKey = tuple[str, int]


def _next_people(tx: Tx, row: Reminder, chunk: int) -> Sequence[_Person]:
    return tx.execute(
        select(
            Registration.id,
            Registration.number_sealed,
            Registration.language,
            Registration.group_id,
            Subscriber.reminders_on,
            Subscriber.language.label("language_now"),
        )
        .outerjoin(Subscriber, Subscriber.number_hash == Registration.number_hash)
        .where(
            Registration.event_id == row.event_id,
            Registration.status == "registered",
            Registration.id > row.last_registration_id,
        )
        .order_by(Registration.id)
        .limit(chunk)
    ).all()


def _word(group: EventGroup | None) -> str:
    return "reminder_group" if group else "reminder"


def _body_key(person: _Person) -> _BodyKey:
    return person.language_now or person.language, person.group_id or 0


def _text(
    tx: Tx, row: Reminder, event: Event, person: _Person, bodies: Mapping[_BodyKey, str]
) -> NewText | None:
    try:
        number = tx.vault.open(person.number_sealed)
    except ValueError:  # one row that no key opens must not keep everybody else from being reminded
        log.error("number cannot be read", registration=person.id, event_id=event.id)
        return None
    return NewText(
        number=number,
        body=bodies[_body_key(person)],
        kind="reminder",
        lane="bulk",
        # The due time is part of the key: an event that moves is reminded of again.
        key=f"{_key(event.id, person.id)}{row.id}:{row.due_at:%Y%m%d%H%M%S}",
        expires_at=row.expires_at,
        priority=_PRIORITY,
        event_id=event.id,
    )


def _key(event_id: int, registration_id: int | None) -> str:
    return f"reminder:{event_id}:" + ("" if registration_id is None else f"{registration_id}:")


def _still_to_come(tx: Tx, row: Reminder) -> list[tuple[str, datetime]]:
    later = select(Reminder.plan, Reminder.expires_at).where(
        Reminder.event_id == row.event_id, Reminder.status == quoted("planned"), Reminder.due_at > row.due_at
    )
    return [(plan, expires_at) for plan, expires_at in tx.execute(later)]


def _finish(row: Reminder, status: str, reason: str, now: datetime) -> None:
    row.status, row.reason, row.done_at = status, reason, now
