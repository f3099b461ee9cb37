"""The events that callers may choose from, held in memory by every process that answers them.

Refreshed by revision "events", which every change and every registration bumps. Places left may be a
second old here: the transaction of `events.register` decides. Called by conversations and inbound texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from sms_service.domain.event_codes import read_code
from sms_service.services.events.life import count_registrations
from sms_service.services.events.registrations import REVISION
from sms_service.services.read_models import ReadModel
from sms_service.store.engine import Tx
from sms_service.store.models import Event, EventGroup

_MOST = 500  # the latest by date; an office has a few dozen ahead


@dataclass(frozen=True, slots=True)
class ListedEvent:
    """What a list and a page of an event show."""

    id: int
    code: str
    title_id: str
    title_en: str
    starts_at: datetime
    ends_at: datetime | None
    venue: str
    district: str
    places_left: int | None  # None: no limit
    topics: tuple[str, ...] = ()  # that its groups talk about, where there are several
    destinations: tuple[str, ...] = ()

    def title(self, language: str) -> str:
        """The title: Indonesian for `id`, English for every other language."""
        return self.title_id if language == "id" else self.title_en


@dataclass(frozen=True, slots=True)
class EventList:
    """All planned events, soonest first."""

    events: tuple[ListedEvent, ...] = ()

    def upcoming(self, now: datetime, district: str | None = None) -> tuple[ListedEvent, ...]:
        """Those that have not begun, of one district or of all."""
        return tuple(
            event
            for event in self.events
            if event.starts_at > now and (district is None or event.district == district)
        )

    def find(self, code: str) -> ListedEvent | None:
        """The planned event of a code as typed, begun or not."""
        known = read_code(code)
        return next((event for event in self.events if event.code == known), None)


NO_EVENTS = EventList()


def load_event_list(tx: Tx) -> EventList:
    """Read the planned events. Loads those that have begun too: only the reader knows the time."""
    latest = select(Event).where(Event.status == "planned").order_by(Event.starts_at.desc(), Event.id.desc())
    events = sorted(tx.scalars(latest.limit(_MOST)), key=lambda event: (event.starts_at, event.id))
    counts = count_registrations(tx, [event.id for event in events])
    groups = _groups_of(tx, [event.id for event in events])
    return EventList(
        tuple(
            ListedEvent(
                id=event.id,
                code=event.code,
                title_id=event.title_id,
                title_en=event.title_en,
                starts_at=event.starts_at,
                ends_at=event.ends_at,
                venue=event.venue,
                district=event.district,
                places_left=_left(event.capacity, counts[event.id].registered + counts[event.id].attended),
                topics=_choices(group.topic for group in groups.get(event.id, ())),
                destinations=_choices(group.destination for group in groups.get(event.id, ())),
            )
            for event in events
        )
    )


def _groups_of(tx: Tx, event_ids: Sequence[int]) -> dict[int, list[EventGroup]]:
    found: dict[int, list[EventGroup]] = {}
    chosen = select(EventGroup).where(EventGroup.event_id.in_(event_ids)).order_by(EventGroup.position)
    for group in tx.scalars(chosen):
        found.setdefault(group.event_id, []).append(group)
    return found


def _choices(named: Iterable[str]) -> tuple[str, ...]:
    """What there is to choose from; nothing where all groups are alike."""
    different = dict.fromkeys(named)
    return tuple(name for name in different if name) if len(different) > 1 else ()


def event_list() -> ReadModel[EventList]:
    """Return the read model of a process, empty until it is first refreshed."""
    return ReadModel(REVISION, load_event_list, NO_EVENTS)


def _left(capacity: int | None, taken: int) -> int | None:
    return None if capacity is None else max(capacity - taken, 0)
