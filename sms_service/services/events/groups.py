"""Consultation groups of an event: what about, where to, when, for how many; and who is in which.

People are placed by domain/allocation.py, which says the rule. Whom the office placed by hand stays where
they are; who has a group keeps it, unless everybody is placed anew (`redo`). Each change locks the
event's row, and a job then tells people their group and slot (services/events/news.py). The news is announced
before people's rows are changed: the job holds its news, then people's rows, and must not meet us halfway.
Called by the API.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select, update

from sms_service.domain import texts
from sms_service.domain.allocation import Group, allocate
from sms_service.domain.topics import CONSULTATION_TOPICS
from sms_service.errors import Conflict, Invalid, NotFound, said
from sms_service.services.content import facts as content
from sms_service.services.events import notices as event_notices
from sms_service.services.events.registrations import COMING, PROPOSED, REVISION, lock_event
from sms_service.services.events.seats import wish
from sms_service.services.events.texts import EventTexts
from sms_service.services.read_models import bump
from sms_service.services.staff import accounts as staff
from sms_service.store.engine import Tx
from sms_service.store.models import Event, EventGroup, Registration

MOST_GROUPS = 60
LARGEST_GROUP = 10_000
LONGEST_ROOM = 40  # characters
_LONGEST_DAY = timedelta(days=1)  # slots lie within it where the event has no end


@dataclass(frozen=True, slots=True)
class GroupFields:
    """What the office says of a group. An empty topic or destination: any."""

    starts_at: datetime
    capacity: int
    topic: str = ""
    destination: str = ""
    room: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """What an allocation did: how many have a group, who was moved or placed, and who found no room."""

    placed: int
    changed: int
    left_over: int


def list_groups(tx: Tx, event_id: int) -> list[EventGroup]:
    """Return an event's groups by their number."""
    return list(
        tx.scalars(select(EventGroup).where(EventGroup.event_id == event_id).order_by(EventGroup.position))
    )


def count_members(tx: Tx, event_id: int) -> dict[int, int]:
    """Return how many people are in each group, by the group's id."""
    rows = tx.execute(
        select(Registration.group_id, func.count())
        .where(Registration.event_id == event_id, Registration.group_id.is_not(None))
        .group_by(Registration.group_id)
    )
    return {int(group_id or 0): count for group_id, count in rows}


def mark(groups: Sequence[EventGroup]) -> str:
    """What a page of these groups carries along, so that two officers do not overwrite each other."""
    told = [
        (one.position, one.topic, one.destination, one.starts_at, one.room, one.capacity) for one in groups
    ]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def set_groups(
    tx: Tx,
    event_id: int,
    wanted: Sequence[GroupFields],
    by: int | None,
    now: datetime,
    texts: EventTexts,
    seen: str | None = None,
) -> list[EventGroup]:
    """Give an event these groups, numbered from 1 in this order, in place of those that it had.

    A group keeps its people while its number remains; those of a number that is gone have none. Another
    slot or room is told to a group's people. `seen`, when given, is the mark of the groups as they were
    read. Raises NotFound, Conflict, Invalid by field.
    """
    event = _open_event(tx, event_id, now)
    check_groups(event, wanted, texts)
    stored = list_groups(tx, event.id)
    if seen is not None and seen != mark(stored):
        raise Conflict("the groups have been changed meanwhile")
    before = {group.position: group for group in stored}
    moved: list[int] = []
    for number, fields in enumerate(wanted, start=1):
        group = before.pop(number, None)
        if group is None:
            group = EventGroup(event_id=event.id, position=number)
            tx.add(group)
        elif (group.starts_at, group.room) != (fields.starts_at, fields.room):
            moved.append(group.id)
        group.topic, group.destination, group.room = fields.topic, fields.destination, fields.room
        group.starts_at, group.capacity = fields.starts_at, fields.capacity
    gone = [group.id for group in before.values()]
    if moved or gone:
        event_notices.announce(tx, event, event_notices.GROUP, now)
    _send_out(tx, event, gone)
    for group in before.values():
        tx.delete(group)
    tx.flush()
    _forget_telling(tx, event, moved)
    staff.record_audit(tx, by, "event.groups", ("event", event.id), {"groups": len(wanted)}, now)
    bump(tx, REVISION)
    return list_groups(tx, event.id)


def allocate_groups(
    tx: Tx, event_id: int, by: int | None, now: datetime, today: date, redo: bool = False
) -> Placed:
    """Place everybody who is registered and has no group; with `redo` everybody who was not placed by hand.

    Who has a new group is told. Raises NotFound, Conflict where the event has no groups or is over.
    """
    event = _open_event(tx, event_id, now)
    groups = list_groups(tx, event.id)
    if not groups:
        raise Conflict("the event has no groups")
    people = _people(tx, event)
    jobs = content.load(tx).jobs(today)
    known: set[int | None] = {group.id for group in groups}
    wishes = [wish(person, jobs, keep=known if not redo else ()) for person in people]
    result = allocate(
        [Group(one.id, one.position, one.topic, one.destination, one.capacity) for one in groups], wishes
    )
    changed = [person for person in people if person.group_id != result.get(person.id)]
    if changed:
        event_notices.announce(tx, event, event_notices.GROUP, now)
    for person in changed:
        person.group_id = result.get(person.id)
    tx.flush()
    done = Placed(len(result), len(changed), len(people) - len(result))
    details = {"placed": done.placed, "changed": done.changed, "left_over": done.left_over, "redo": redo}
    staff.record_audit(tx, by, "event.allocate", ("event", event.id), details, now)
    return done


def place(
    tx: Tx, event_id: int, registration_id: int, number: int | None, by: int | None, now: datetime
) -> Registration:
    """Put somebody into the group of that number by hand, or out of any group (None); they are told.

    Raises NotFound, and Conflict where the person does not come, the group is full, or the event is over.
    """
    event = _open_event(tx, event_id, now)
    person = find_registration(tx, event, registration_id)
    if person.status not in COMING:
        raise Conflict("only somebody who is registered can be in a group")
    group = next((one for one in list_groups(tx, event.id) if one.position == number), None)
    if number is not None and group is None:
        raise NotFound("the event has no such group")
    is_new = group is not None and group.id != person.group_id
    if group is not None and is_new and count_members(tx, event.id).get(group.id, 0) >= group.capacity:
        raise Conflict("the group is full: give it more places first")
    if person.group_id != (group.id if group else None):
        event_notices.announce(tx, event, event_notices.GROUP, now)
        person.group_id = group.id if group else None
    person.is_placed_by_hand = group is not None
    tx.flush()
    details = {"registration": person.id, "group": number}
    staff.record_audit(tx, by, "event.place", ("event", event.id), details, now)
    return person


def find_registration(tx: Tx, event: Event, registration_id: int) -> Registration:
    """Return somebody's registration at an event that the caller has locked. Raises NotFound."""
    person = tx.get(Registration, registration_id, populate_existing=True)
    if person is None or person.event_id != event.id:
        raise NotFound("there is no such registration")
    return person


def move_slots(tx: Tx, event: Event, by: timedelta) -> None:
    """The event has moved, and its slots with it. People are told of their slot with the news of the move."""
    for group in list_groups(tx, event.id):
        group.starts_at += by
    tx.flush()


def check_groups(event: Event, wanted: Sequence[GroupFields], words: EventTexts) -> None:
    """Raises Invalid by field: groups.0.capacity and so on."""
    errors: dict[str, str] = {}
    if len(wanted) > MOST_GROUPS:
        errors["groups"] = said("are at most %(most)s", most=MOST_GROUPS)
    last = event.ends_at or event.starts_at + _LONGEST_DAY
    known = destinations(words)
    for index, fields in enumerate(wanted):
        for name, why in _faults(fields, event.starts_at, last, known):
            errors[f"groups.{index}.{name}"] = why
    if errors:
        raise Invalid("the groups cannot be kept like this", errors)


def destinations(words: EventTexts) -> tuple[str, ...]:
    """The destinations that the menus have words for."""
    common = words.menu.common[words.menu.languages[0]]
    return tuple(sorted(key.removeprefix("country.") for key in common if key.startswith("country.")))


def _faults(
    fields: GroupFields, first: datetime, last: datetime, known: Sequence[str]
) -> Iterable[tuple[str, str]]:
    if fields.topic and fields.topic not in CONSULTATION_TOPICS:
        yield "topic", f"is none of {', '.join(CONSULTATION_TOPICS)}"
    if fields.destination and fields.destination not in known:
        yield "destination", f"is none of {', '.join(known)}"
    if not 1 <= fields.capacity <= LARGEST_GROUP:
        yield "capacity", said("is 1 to %(most)s", most=LARGEST_GROUP)
    if not first <= fields.starts_at <= last:
        yield "starts_at", said("lies within the event")
    strange = [sign for sign, plain in texts.offenders(fields.room).items() if "?" in plain]
    if len(fields.room) > LONGEST_ROOM or strange:
        yield "room", said("has at most %(most)s characters that a simple phone can show", most=LONGEST_ROOM)


def _open_event(tx: Tx, event_id: int, now: datetime) -> Event:
    event = lock_event(tx, event_id)
    if event is None:
        raise NotFound("there is no such event")
    if event.status == PROPOSED:
        raise Conflict("the office has not approved this event yet")
    if event.status == "cancelled":
        raise Conflict("the event is cancelled")
    if (event.ends_at or event.starts_at) <= now:
        raise Conflict("the event is over")
    return event


def _people(tx: Tx, event: Event) -> Sequence[Registration]:
    return tx.scalars(
        select(Registration)
        .where(Registration.event_id == event.id, Registration.status.in_(COMING))
        .order_by(Registration.position)
        .execution_options(populate_existing=True)
    ).all()


def _send_out(tx: Tx, event: Event, group_ids: Sequence[int]) -> None:
    if group_ids:
        tx.execute(
            update(Registration)
            .where(Registration.event_id == event.id, Registration.group_id.in_(group_ids))
            .values(group_id=None, is_placed_by_hand=False)
            .execution_options(synchronize_session="fetch")
        )


def _forget_telling(tx: Tx, event: Event, group_ids: Sequence[int]) -> None:
    """Whoever was told of these groups is told again. -1: of a slot that is no more."""
    if group_ids:
        tx.execute(
            update(Registration)
            .where(Registration.event_id == event.id, Registration.told_group_id.in_(group_ids))
            .values(told_group_id=-1)
            .execution_options(synchronize_session="fetch")
        )
