"""Who comes to an event, as the office's pages show them: numbers masked, names as they were given.

Reading only. Called by the desk; the API lists the rows itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from sms_service.domain import phones
from sms_service.errors import NotFound
from sms_service.store.engine import Tx
from sms_service.store.models import Event, EventGroup, Registration

STATUSES = ("registered", "waiting", "attended", "cancelled")


@dataclass(frozen=True, slots=True)
class Registrant:
    """One registration. An empty `number` was erased, "?" cannot be read; `group` is its number."""

    id: int
    position: int
    number: str
    name: str
    organisation: str
    status: str
    group: int | None
    is_placed_by_hand: bool
    wish_topic: str
    wish_destination: str
    channel: str
    registered_at: datetime
    attended_at: datetime | None


def list_registrants(
    tx: Tx, event_id: int, limit: int, after: int = 0, status: str = "", group_id: int | None = None
) -> list[Registrant]:
    """At most `limit` registrants in the order in which they came, after position `after`."""
    wanted = (
        select(Registration, EventGroup.position)
        .outerjoin(EventGroup, EventGroup.id == Registration.group_id)
        .where(Registration.event_id == event_id, Registration.position > after)
        .order_by(Registration.position)
        .limit(limit)
    )
    if status:
        wanted = wanted.where(Registration.status == status)
    if group_id is not None:
        wanted = wanted.where(Registration.group_id == group_id)
    return [_registrant(tx, row, group) for row, group in tx.execute(wanted)]


def get_registrant(tx: Tx, event_id: int, registration_id: int) -> Registrant:
    """Raises NotFound."""
    found = tx.execute(
        select(Registration, EventGroup.position)
        .outerjoin(EventGroup, EventGroup.id == Registration.group_id)
        .where(Registration.event_id == event_id, Registration.id == registration_id)
    ).one_or_none()
    if found is None:
        raise NotFound("there is no such registration")
    return _registrant(tx, found[0], found[1])


def count_to_tell(tx: Tx, event: Event) -> int:
    """How many people a cancellation or a change of this event is told to."""
    concerned = select(func.count()).where(
        Registration.event_id == event.id,
        Registration.status != "cancelled",
        Registration.number_sealed != b"",
    )
    return tx.scalar(concerned) or 0


def _registrant(tx: Tx, row: Registration, group: int | None) -> Registrant:
    return Registrant(
        id=row.id,
        position=row.position,
        number=_number(tx, row.number_sealed),
        name=_name(tx, row.name_sealed),
        organisation=row.organisation,
        status=row.status,
        group=group,
        is_placed_by_hand=row.is_placed_by_hand,
        wish_topic=row.wish_topic,
        wish_destination=row.wish_destination,
        channel=row.channel,
        registered_at=row.created_at,
        attended_at=row.attended_at,
    )


def _number(tx: Tx, sealed: bytes) -> str:
    try:
        return phones.mask(tx.vault.open(sealed)) if sealed else ""
    except ValueError:  # of a lost key
        return "?"


def _name(tx: Tx, sealed: bytes | None) -> str:
    try:
        return tx.vault.text(sealed)
    except ValueError:
        return "?"
