"""A group for whoever gets a place after the others have been placed: who moves up, or registers late.

Before an event's people have been placed together nobody is: that is the office's moment, and a fair one only
with all of them (domain/allocation.py). Whoever finds no room stands on the groups' page as without a group.
Called by registrations.py, which holds the event's lock.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import false, func, select

from sms_service.domain.allocation import Group, Wish, allocate
from sms_service.domain.fit import rank
from sms_service.domain.items import Job
from sms_service.services.content import facts as content
from sms_service.services.content import jobs_abroad
from sms_service.services.events import notices as event_notices
from sms_service.services.events.texts import EventTexts
from sms_service.store.engine import Tx
from sms_service.store.models import Event, EventGroup, Registration

_BEST_FITS = 3  # of "what fits me?": destinations that count as wished


def seat(
    tx: Tx, event: Event, people: Sequence[Registration], now: datetime, texts: EventTexts
) -> dict[int, int]:
    """Put people with a place into groups with room, by the rule that placed the others; a job tells them.
    Returns group by registration: nobody, when the event has no groups or they have not been filled yet."""
    if not people or not _are_filled(tx, event):
        return {}
    jobs = content.load(tx).jobs(now.astimezone(texts.zone).date())
    found = allocate(_groups_with_room(tx, event), [wish(person, jobs) for person in people])
    for person in people:
        person.group_id = found.get(person.id)
    tx.flush()
    if found:
        event_notices.announce_to_more(tx, event, event_notices.GROUP, now)
    return found


def wish(person: Registration, jobs: Sequence[Job], keep: Collection[int | None] = ()) -> Wish:
    """What a person wishes of a consultation; who was placed by hand, or is in a group of `keep`, stays."""
    stays = person.is_placed_by_hand or person.group_id in keep
    return Wish(
        id=person.id,
        topic=person.wish_topic,
        destination=person.wish_destination,
        fits=_fits(person.answers, jobs),
        stays_in=person.group_id if stays else None,
    )


def _fits(answers: Mapping[str, str] | None, jobs: Sequence[Job]) -> tuple[str, ...]:
    if not answers:
        return ()
    ranked = [one.job.country for one in rank(jobs_abroad.person(answers), jobs) if not one.job.closed]
    return tuple(dict.fromkeys(ranked))[:_BEST_FITS]


def _are_filled(tx: Tx, event: Event) -> bool:
    placed = select(Registration.id).where(
        Registration.event_id == event.id,
        Registration.group_id.is_not(None),
        Registration.is_placed_by_hand == false(),
    )
    return tx.scalar(placed.limit(1)) is not None


def _groups_with_room(tx: Tx, event: Event) -> list[Group]:
    members = (
        select(func.count())
        .where(Registration.group_id == EventGroup.id)
        .correlate(EventGroup)
        .scalar_subquery()
    )
    rows = tx.execute(
        select(EventGroup, members).where(EventGroup.event_id == event.id).order_by(EventGroup.position)
    )
    return [
        Group(one.id, one.position, one.topic, one.destination, one.capacity, taken) for one, taken in rows
    ]
