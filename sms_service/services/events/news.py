"""Tells the news of events (services/events/notices.py): slice by slice, each one transaction that locks
the row, writes texts for the next people and notes how far it came. Twice and at once do no harm: each
text has its own key. Called by workers/reminders.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Row, and_, func, or_, select, true, update

from sms_service.services.events.notices import GROUP, MOVE_UP, change_key
from sms_service.services.events.registrations import COMING, lock_event, move_up, notice_text
from sms_service.services.events.texts import EventTexts
from sms_service.services.texts import messages
from sms_service.store.claim import quoted
from sms_service.store.engine import Tx
from sms_service.store.models import Event, EventGroup, EventNotice, Registration, Subscriber

CHUNK = 250  # people a slice: an officer who changes the event waits for one at most
HELPS = timedelta(hours=2)  # news of an event that has begun helps this long after it was planned

_PLANNED = EventNotice.status == quoted("planned")
_TO_TELL = or_(
    and_(Registration.group_id.is_not(None), Registration.told_group_id.is_(None)),
    Registration.group_id != Registration.told_group_id,
    and_(Registration.group_id.is_(None), Registration.told_group_id.is_not(None)),
)
_Person = Row[int, str, bytes, int | None, int | None, str]


def work_off(tx: Tx, texts: EventTexts, now: datetime, chunk: int = CHUNK) -> bool:
    """Do one slice of what is due; False when nothing is (or other workers have all of it in hand)."""
    claimed = tx.scalar(
        select(EventNotice.id)
        .where(_PLANNED, EventNotice.word != MOVE_UP)
        .order_by(EventNotice.created_at, EventNotice.id)
        .limit(1)
        .with_for_update(skip_locked=True, key_share=True)
    )
    if claimed is not None:
        tell(tx, claimed, texts, now, chunk)
        return True
    line = tx.execute(
        select(EventNotice.id, EventNotice.event_id)
        .where(_PLANNED, EventNotice.word == MOVE_UP)
        .order_by(EventNotice.id)
        .limit(1)
    ).first()
    if line is not None:
        _move_up(tx, line.id, line.event_id, texts, now)
    return line is not None


def tell(tx: Tx, notice_id: int, texts: EventTexts, now: datetime, chunk: int = CHUNK) -> bool:
    """Write the texts for the next `chunk` people; True when the news is told, or is news no more."""
    row = tx.get(EventNotice, notice_id, with_for_update={"key_share": True}, populate_existing=True)
    if row is None or row.status != "planned":
        return True
    event = tx.get_one(Event, row.event_id, populate_existing=True)
    ends_at = max(event.starts_at, row.created_at + HELPS)
    if now >= ends_at:
        _finish(row, "dropped", "too late: the event had begun", now)
        return True
    people = _next_people(tx, row, chunk)
    new = _group_texts(tx, row, event, people, texts, now) if row.word == GROUP else None
    if new is None:
        new = _change_texts(tx, row, event, people, texts)
    written = [notice_text(tx, event, *each, lane="bulk", expires_at=ends_at) for each in new]
    row.recipients += messages.enqueue_many(tx, [text for text in written if text is not None], now)
    if None in written:
        row.reason = "some numbers cannot be read with the keys in DATA_KEY"
    if people:
        row.last_registration_id = people[-1].id
    if len(people) < chunk:
        _finish(row, "done", row.reason, now)
    return row.status == "done"


_New = tuple[_Person, str, str]  # person, body, key


def _change_texts(
    tx: Tx, row: EventNotice, event: Event, people: Sequence[_Person], texts: EventTexts
) -> list[_New]:
    groups = find_groups(tx, event)
    bodies = {
        (spoken, group_id): texts.about(row.word, event, spoken, group=groups.get(group_id))
        for spoken, group_id in {(p.spoken, p.group_id) for p in people}
    }
    return [(p, bodies[p.spoken, p.group_id], f"{change_key(event.id)}{row.id}:{p.id}") for p in people]


def _group_texts(
    tx: Tx, row: EventNotice, event: Event, people: Sequence[_Person], texts: EventTexts, now: datetime
) -> list[_New]:
    """Each their group and slot. What they were told before and has not left yet is taken back."""
    groups = find_groups(tx, event)
    prefix = f"event-group:{event.id}:"
    people = _not_told_meanwhile(tx, people)
    told = [person.number_hash for person in people if person.told_group_id is not None]
    if told:
        messages.withdraw(tx, event.id, prefix, now, told)
    bodies = {
        (spoken, group_id): texts.about(
            "group" if group_id in groups else "no_group", event, spoken, group=groups.get(group_id)
        )
        for spoken, group_id in {(p.spoken, p.group_id) for p in people}
    }
    return [(p, bodies[p.spoken, p.group_id], f"{prefix}{row.id}:{p.id}") for p in people]


def _not_told_meanwhile(tx: Tx, people: Sequence[_Person]) -> Sequence[_Person]:
    """Note that these people are told, and return them but for those whom other news of groups, told in the
    same moment, has just told."""
    if not people:
        return people
    noted = tx.execute(
        update(Registration)
        .where(Registration.id.in_([person.id for person in people]), _TO_TELL)
        .values(told_group_id=Registration.group_id)
        .returning(Registration.id)
        .execution_options(synchronize_session=False)
    )
    ids = set(noted.scalars())
    return [person for person in people if person.id in ids]


def find_groups(tx: Tx, event: Event) -> dict[int | None, EventGroup]:
    """Return an event's groups by id."""
    return {group.id: group for group in tx.scalars(select(EventGroup).filter_by(event_id=event.id))}


def _next_people(tx: Tx, row: EventNotice, chunk: int) -> Sequence[_Person]:
    concerned = Registration.status != "cancelled"
    if row.word == GROUP:
        concerned = and_(Registration.status.in_(COMING), _TO_TELL)
    spoken = func.coalesce(Subscriber.language, Registration.language)
    return tx.execute(
        select(
            Registration.id,
            Registration.number_hash,
            Registration.number_sealed,
            Registration.group_id,
            Registration.told_group_id,
            spoken.label("spoken"),
        )
        .outerjoin(Subscriber, Subscriber.number_hash == Registration.number_hash)
        .where(
            Registration.event_id == row.event_id,
            concerned,
            Registration.number_sealed != b"",
            Registration.id > row.last_registration_id,
            true() if row.word == GROUP else Registration.id <= row.until_registration_id,
        )
        .order_by(Registration.id)
        .limit(chunk)
    ).all()


def _move_up(tx: Tx, notice_id: int, event_id: int, texts: EventTexts, now: datetime) -> None:
    """Free places go to the next ones in the line. The event is locked first, as everywhere else."""
    event = lock_event(tx, event_id)
    row = tx.get(EventNotice, notice_id, with_for_update={"key_share": True}, populate_existing=True)
    if event is None or row is None or row.status != "planned":
        return
    moved = move_up(tx, event, now, texts, lane="bulk")
    row.recipients += moved.people
    if not moved.more:
        _finish(row, "done", "", now)


def _finish(row: EventNotice, status: str, reason: str, now: datetime) -> None:
    row.status, row.reason, row.done_at = status, reason, now
