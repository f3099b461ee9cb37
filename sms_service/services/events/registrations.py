"""Who comes to an event, who waits for a place, and who was there.

Every change locks the event's row first (SQLite: the file), so that two people asking for the last place
at once are one after the other. The waitlist keeps its order: nobody who comes later passes somebody who
waits. Called by conversations, inbound texts and the API, through services/events.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import func, select

from sms_service.domain.event_codes import read_code
from sms_service.logs import get_logger
from sms_service.services.events import notices as event_notices
from sms_service.services.events import reminders
from sms_service.services.events.seats import seat
from sms_service.services.events.texts import EventTexts
from sms_service.services.read_models import bump
from sms_service.services.texts import messages
from sms_service.services.texts.messages import NewText
from sms_service.store.engine import Tx
from sms_service.store.models import Event, EventGroup, Registration, Subscriber

log = get_logger(__name__)

REVISION = "events"
PROPOSED = "proposed"  # a partner's event that the office has not approved: callers do not know it
DOORS_OPEN = timedelta(hours=12)  # a check-in counts from this long before the start
DOORS_CLOSE = timedelta(hours=12)  # and until this long after the end
COMING = ("registered", "attended")
MOVE_AT_ONCE = 100  # people who move up in one transaction; a job moves the rest
_NOTICE_HOURS = timedelta(hours=2)  # a notice about an event that has begun still helps this long


class Person(Protocol):
    """A registration, or what of its columns was read."""

    id: Any
    number_sealed: Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request. `line` is the place on the waitlist from 1, and 0 for who does not wait.

    register: registered | waiting | already | already_waiting | over | cancelled | not_found
    cancel_registration: unregistered | not_registered | over | cancelled | not_found
    check_in: checked_in | walk_in | already | too_early | over | cancelled | not_found
    """

    name: str
    event: Event | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class OwnRegistration:
    """One of a person's own registrations: `status` is registered, waiting or attended."""

    event: Event
    status: str
    line: int
    group: EventGroup | None = None


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person wants of a consultation, and their answers to "what fits me?", where they gave any."""

    topic: str = ""
    destination: str = ""
    answers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """How many people moved up, and whether more can."""

    people: int
    more: bool


def register(
    tx: Tx,
    code: str | int,
    number: str,
    language: str,
    channel: str,
    now: datetime,
    texts: EventTexts,
    wishes: Wishes | None = None,
) -> Outcome:
    """Give `number` a place, or one on the waitlist. `code` as typed, or an event's id as int.

    Over USSD a text with date, place and code follows, for the screen is gone when the call ends. Who is
    registered already may change their wishes like this.
    """
    event = _lock_known(tx, code)
    refused = _refused(event, now)
    if refused or event is None:
        return Outcome(refused, event)
    person = _find(tx, event, number)
    if person is not None and person.status != "cancelled":
        _keep_wishes(person, wishes)
    if person is not None and person.status == "waiting":
        return Outcome("already_waiting", event, _line(tx, person))
    if person is not None and person.status in COMING:
        return Outcome("already", event)
    left = places_left(tx, event)
    waits = (left is not None and left <= 0) or _first_waiting(tx, event) is not None
    person = _put(tx, event, person, number, language, channel, "waiting" if waits else "registered", now)
    _keep_wishes(person, wishes)
    if not waits:
        seat(tx, event, [person], now, texts)
    line = _line(tx, person) if waits else 0
    if channel == "ussd":
        _tell(tx, event, person, person.status, f"confirmed:{person.position}", texts, now, line=line)
    bump(tx, REVISION)
    return Outcome(person.status, event, line)


def cancel_registration(tx: Tx, code: str | int, number: str, now: datetime, texts: EventTexts) -> Outcome:
    """Give a place back. The first who waits gets it and is told."""
    event = _lock_known(tx, code)
    refused = _refused(event, now)
    if refused or event is None:
        return Outcome(refused, event)
    person = _find(tx, event, number)
    if person is None or person.status not in ("registered", "waiting"):
        return Outcome("not_registered", event)
    give_up(tx, event, person, now, texts)
    return Outcome("unregistered", event)


def give_up(tx: Tx, event: Event, person: Registration, now: datetime, texts: EventTexts) -> None:
    """Take somebody off the list, and let who waits move up. The event is locked by the caller."""
    person.status, person.updated_at = "cancelled", now
    _leave_group(person)
    tx.flush()
    reminders.withdraw(tx, event.id, now, person.id)
    fill_up(tx, event, now, texts)
    bump(tx, REVISION)


def check_in(tx: Tx, code: str | int, number: str, language: str, channel: str, now: datetime) -> Outcome:
    """Note that `number` is there. Who never registered, or still waits, is there all the same: walk_in."""
    event = _lock_known(tx, code)
    if event is None:
        return Outcome("not_found")
    if event.status == "cancelled":
        return Outcome("cancelled", event)
    if now < event.starts_at - DOORS_OPEN:
        return Outcome("too_early", event)
    if now > (event.ends_at or event.starts_at) + DOORS_CLOSE:
        return Outcome("over", event)
    person = _find(tx, event, number)
    if person is not None and person.status == "attended":
        return Outcome("already", event)
    expected = person is not None and person.status == "registered"
    if person is None or person.status == "cancelled":
        person = _put(tx, event, person, number, language, channel, "attended", now)
    person.status, person.attended_at, person.updated_at = "attended", now, now
    tx.flush()
    bump(tx, REVISION)
    return Outcome("checked_in" if expected else "walk_in", event)


def list_for_number(tx: Tx, number: str, now: datetime) -> list[OwnRegistration]:
    """Return what `number` is registered for or waits for and is not over, soonest first."""
    rows = tx.execute(
        select(Registration, Event, EventGroup)
        .join(Event, Event.id == Registration.event_id)
        .outerjoin(EventGroup, EventGroup.id == Registration.group_id)
        .where(
            Registration.number_hash == tx.vault.number_hash(number),
            Registration.status != "cancelled",
            Event.status != "cancelled",
            func.coalesce(Event.ends_at, Event.starts_at) > now,
        )
        .order_by(Event.starts_at, Event.id)
    ).all()
    return [
        OwnRegistration(event, person.status, _line(tx, person) if person.status == "waiting" else 0, group)
        for person, event, group in rows
    ]


def erase(tx: Tx, number: str, now: datetime, texts: EventTexts) -> int:
    """Forget `number`: places are given back, attendance stays without a number. Returns how many."""
    own = tx.scalars(
        select(Registration).where(Registration.number_hash == tx.vault.number_hash(number))
    ).all()
    # All events first, by id: somebody who registers for the second one must not hold us while we hold
    # the revision that they need.
    ids = sorted(person.event_id for person in own)
    tx.execute(select(Event.id).where(Event.id.in_(ids)).order_by(Event.id).with_for_update(key_share=True))
    for person in own:
        cancel_registration(tx, person.event_id, number, now, texts)
        if person.status != "attended":
            person.status = "cancelled"
        person.number_hash, person.number_sealed = f"erased-{person.id}", b""
        person.name_sealed, person.organisation, person.answers = None, "", None
        person.wish_topic = person.wish_destination = ""
        _leave_group(person)
        person.updated_at = now
    tx.flush()
    return len(own)


def move_up(tx: Tx, event: Event, now: datetime, texts: EventTexts, lane: str = "fast") -> Moved:
    """Give free places to those who have waited longest, and tell them: at most MOVE_AT_ONCE.

    The event's row is locked by the caller. Nobody moves up once the event has begun.
    """
    if event.status == "cancelled" or event.starts_at <= now:
        return Moved(0, more=False)
    left = places_left(tx, event)
    waiting = (
        select(Registration)
        .where(Registration.event_id == event.id, Registration.status == "waiting")
        .order_by(Registration.position)
    )
    room = MOVE_AT_ONCE if left is None else min(max(left, 0), MOVE_AT_ONCE)
    moved = tx.scalars(waiting.limit(room)).all()
    for person in moved:
        person.status, person.updated_at = "registered", now
        _tell(tx, event, person, "promoted", f"promoted:{person.position}", texts, now, lane=lane)
    tx.flush()
    seat(tx, event, moved, now, texts)
    if moved:
        bump(tx, REVISION)
    is_room = left is None or left > len(moved)
    return Moved(len(moved), is_room and _first_waiting(tx, event) is not None)


def fill_up(tx: Tx, event: Event, now: datetime, texts: EventTexts) -> None:
    """Let the line move up as far as there are places: the first ones now, the others by the job."""
    if move_up(tx, event, now, texts).more:
        event_notices.announce(tx, event, event_notices.MOVE_UP, now)


def places_left(tx: Tx, event: Event) -> int | None:
    """Return how many places are free; None when the event has no limit, below zero when it was lowered."""
    if event.capacity is None:
        return None
    taken = select(func.count()).where(Registration.event_id == event.id, Registration.status.in_(COMING))
    return event.capacity - (tx.scalar(taken) or 0)


def lock_event(tx: Tx, code: str | int) -> Event | None:
    """Lock an event by typed code or by id until the transaction ends, and read it anew."""
    if isinstance(code, int):
        found = select(Event).where(Event.id == code)
    else:
        known = read_code(code)
        if known is None:
            return None
        found = select(Event).where(Event.code == known)
    # key_share: rows that refer to the event (texts, reminders) may be written meanwhile.
    locked = found.with_for_update(key_share=True).execution_options(populate_existing=True)
    return tx.scalars(locked).one_or_none()


def notice_text(
    tx: Tx,
    event: Event,
    person: Person,
    body: str,
    key: str,
    *,
    lane: str,
    expires_at: datetime,
) -> NewText | None:
    """Return the text of a notice to one registrant; None when no key opens the number."""
    try:
        number = tx.vault.open(person.number_sealed)
    except ValueError:  # told in the log; it must not keep the event from being changed
        log.error("number cannot be read", registration=person.id, event_id=event.id)
        return None
    return NewText(
        number=number,
        body=body,
        kind="notice",
        lane=lane,
        key=key,
        expires_at=expires_at,
        priority=1,
        event_id=event.id,
    )


def _lock_known(tx: Tx, code: str | int) -> Event | None:
    """As lock_event, of the events that callers may know of."""
    event = lock_event(tx, code)
    return None if event is not None and event.status == PROPOSED else event


def _keep_wishes(person: Registration, wishes: Wishes | None) -> None:
    if wishes is None:
        return
    person.wish_topic, person.wish_destination = wishes.topic, wishes.destination
    if wishes.answers:
        person.answers = dict(wishes.answers)


def _leave_group(person: Registration) -> None:
    person.group_id, person.told_group_id, person.is_placed_by_hand = None, None, False


def _refused(event: Event | None, now: datetime) -> str:
    if event is None:
        return "not_found"
    if event.status == "cancelled":
        return "cancelled"
    return "over" if event.starts_at <= now else ""


def _find(tx: Tx, event: Event, number: str) -> Registration | None:
    own = select(Registration).where(
        Registration.event_id == event.id, Registration.number_hash == tx.vault.number_hash(number)
    )
    return tx.scalars(own.execution_options(populate_existing=True)).one_or_none()


def _first_waiting(tx: Tx, event: Event) -> int | None:
    return tx.scalar(
        select(Registration.id)
        .where(Registration.event_id == event.id, Registration.status == "waiting")
        .limit(1)
    )


def _line(tx: Tx, person: Registration) -> int:
    ahead = select(func.count()).where(
        Registration.event_id == person.event_id,
        Registration.status == "waiting",
        Registration.position <= person.position,
    )
    return tx.scalar(ahead) or 0


def _put(
    tx: Tx,
    event: Event,
    person: Registration | None,
    number: str,
    language: str,
    channel: str,
    status: str,
    now: datetime,
) -> Registration:
    """Write a registration; who comes back after giving up a place stands at the end again."""
    last = select(func.max(Registration.position)).where(Registration.event_id == event.id)
    position = (tx.scalar(last) or 0) + 1
    if person is None:
        person = Registration(
            event_id=event.id,
            number_hash=tx.vault.number_hash(number),
            number_sealed=tx.vault.seal(number),
            created_at=now,
        )
        tx.add(person)
    person.language, person.channel, person.status = language, channel, status
    person.position, person.updated_at = position, now
    tx.flush()
    return person


def _tell(
    tx: Tx,
    event: Event,
    person: Registration,
    word: str,
    key: str,
    texts: EventTexts,
    now: datetime,
    line: int = 0,
    lane: str = "fast",
) -> None:
    speaks = tx.scalar(select(Subscriber.language).where(Subscriber.number_hash == person.number_hash))
    body = texts.about(word, event, speaks or person.language, line)
    key = f"event:{event.id}:{person.id}:{key}"
    expires_at = max(event.starts_at, now + _NOTICE_HOURS)
    text = notice_text(tx, event, person, body, key, lane=lane, expires_at=expires_at)
    if text is not None:
        messages.enqueue(tx, text, now)
