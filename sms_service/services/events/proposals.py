"""Whose events somebody works with. The office's people: all. A partner: those of the own community only.

A partner proposes; callers learn of the event, and texts go out, once somebody of the office has approved
it. From then on the office alone does what people are texted about: the partner sees, and notes who came.
Somebody else's event is not found: a partner does not even learn that there is one. Called by the desk.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, not_, select, true, tuple_

from sms_service.domain.roles import may
from sms_service.errors import Conflict, NotAllowed, NotFound
from sms_service.services.events import life as events
from sms_service.services.events import reminders
from sms_service.services.events.life import PROPOSED, EventFields
from sms_service.services.events.registrations import DOORS_CLOSE, REVISION, lock_event
from sms_service.services.events.texts import EventTexts
from sms_service.services.read_models import bump
from sms_service.services.staff import accounts as staff
from sms_service.services.staff.accounts import Person
from sms_service.services.subscribers import communities
from sms_service.store.engine import Tx
from sms_service.store.models import Event

_OFFICE = "events"  # the right to work with every event
_LONGEST = events.LONGEST_EVENT + timedelta(days=1)


def get_event(tx: Tx, event_id: int, person: Person) -> Event:
    """Raises NotFound, also for an event that is not this person's to see."""
    found = tx.scalar(select(Event).where(Event.id == event_id, _seen_by(person)))
    if found is None:
        raise NotFound("there is no such event")
    return found


def list_events(
    tx: Tx,
    person: Person,
    now: datetime,
    limit: int,
    *,
    is_past: bool = False,
    district: str = "",
    after: tuple[datetime, int] | None = None,
) -> list[Event]:
    """At most `limit` events that are ahead or under way, soonest first; or past ones, latest first.

    Those after the one at (starts_at, id) `after`. One counts as under way while its doors may be open.
    """
    key = tuple_(Event.starts_at, Event.id)
    open_since = now - DOORS_CLOSE
    is_ahead = (Event.starts_at > open_since - _LONGEST) & (
        func.coalesce(Event.ends_at, Event.starts_at) > open_since
    )
    wanted = select(Event).where(_seen_by(person), not_(is_ahead) if is_past else is_ahead)
    if district:
        wanted = wanted.where(Event.district == district)
    if after is not None:
        wanted = wanted.where(key < after if is_past else key > after)
    order = (Event.starts_at.desc(), Event.id.desc()) if is_past else (Event.starts_at, Event.id)
    return list(tx.scalars(wanted.order_by(*order).limit(limit)))


def list_proposed(tx: Tx, person: Person, limit: int = 20) -> list[Event]:
    """Events that wait for the office, oldest first."""
    wanted = select(Event).where(_seen_by(person), Event.status == PROPOSED).order_by(Event.id)
    return list(tx.scalars(wanted.limit(limit)))


def make(tx: Tx, fields: EventFields, person: Person, now: datetime, words: EventTexts) -> Event:
    """Make an event, or propose one: a partner's is its community's, and waits for the office.

    Raises Invalid by field, and NotAllowed for a partner without a community.
    """
    if may(person.role, _OFFICE):
        return events.create(tx, fields, person.id, now, words.quiet)
    community = None if person.community_id is None else communities.get(tx, person.community_id)
    if community is None:
        raise NotAllowed("you belong to no community yet: ask the office")
    return events.create(tx, fields, person.id, now, words.quiet, status=PROPOSED, community_id=community.id)


def change(
    tx: Tx,
    event_id: int,
    changes: Mapping[str, Any],
    person: Person,
    now: datetime,
    words: EventTexts,
    version: int,
) -> Event:
    """As events.change. Raises NotAllowed for a partner once the office has approved."""
    _require_changeable(tx, event_id, person)
    return events.change(tx, event_id, changes, person.id, now, words, version)


def cancel(tx: Tx, event_id: int, reason: str, person: Person, now: datetime, words: EventTexts) -> Event:
    """As events.cancel. Raises NotAllowed for a partner once the office has approved."""
    _require_changeable(tx, event_id, person)
    return events.cancel(tx, event_id, reason, person.id, now, words)


def approve(tx: Tx, event_id: int, person: Person, now: datetime, words: EventTexts, version: int) -> Event:
    """Let callers learn of a partner's event: it is planned, with its reminders. Twice is once.

    `version` is the one that was read. Raises NotFound, NotAllowed, Conflict, Invalid.
    """
    if not may(person.role, _OFFICE):
        raise NotAllowed("the office approves events")
    event = lock_event(tx, event_id)
    if event is None:
        raise NotFound("there is no such event")
    if event.status == "planned":
        return event
    if event.status != PROPOSED:
        raise Conflict("the event is cancelled")
    if event.version != version:
        raise Conflict("the event has been changed meanwhile: read it again")
    events.check(events.fields_of(event), now)
    event.status, event.version, event.updated_at = "planned", event.version + 1, now
    tx.flush()
    reminders.plan(tx, event, now, words.quiet)
    staff.record_audit(tx, person.id, "event.approve", ("event", event.id), {"version": version}, now)
    bump(tx, REVISION)
    return event


def may_change(event: Event, person: Person) -> bool:
    """True when this person may change or call off an event that they see."""
    return may(person.role, _OFFICE) or event.status == PROPOSED


def _require_changeable(tx: Tx, event_id: int, person: Person) -> None:
    get_event(tx, event_id, person)
    event = lock_event(tx, event_id)  # approved in this moment: then it is the office's
    if event is None or not may_change(event, person):
        raise NotAllowed("the office has approved this event: ask the office to change it")


def _seen_by(person: Person) -> ColumnElement[bool]:
    """What of the table this person sees. A community of None is no community, and equals nothing."""
    return true() if may(person.role, _OFFICE) else Event.community_id == (person.community_id or 0)
