"""Figures for viewers: what callers use, how many come to events. Small counts are never shown.

A count under SMALLEST could point at a person, so it is None; no totals are given that would betray it.
Called by the API.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from sms_service.services.events.life import PROPOSED, count_registrations
from sms_service.store.engine import Tx
from sms_service.store.models import Event, TurnCount
from sms_service.ussd_sessions import LEFT

SMALLEST = 5


@dataclass(frozen=True, slots=True)
class TurnFigure:
    """How often a node was answered in the period; None: fewer than SMALLEST times."""

    channel: str
    node: str
    outcome: str
    language: str
    count: int | None


@dataclass(frozen=True, slots=True)
class EventFigure:
    """How many registered for an event, wait, and came."""

    event: Event
    registered: int | None
    waiting: int | None
    attended: int | None


TurnKey = tuple[str, str, str, str]


def list_turns(
    tx: Tx, since: date, until: date, limit: int, after: TurnKey | None = None
) -> list[TurnFigure]:
    """Return figures of turns from `since` to `until`, both days included, by their keys."""
    keys = (TurnCount.channel, TurnCount.node, TurnCount.outcome, TurnCount.language)
    rows = tx.execute(
        select(*keys, func.sum(TurnCount.count))
        .where(TurnCount.day >= since, TurnCount.day <= until, TurnCount.outcome != LEFT)
        .group_by(*keys)
    ).all()
    # Sorted here: databases sort text each in its own way, and a page must begin where the last one ended.
    found: list[tuple[TurnKey, int]] = sorted(
        ((channel, node, outcome, language), int(count)) for channel, node, outcome, language, count in rows
    )
    return [TurnFigure(*key, shown(count)) for key, count in found if after is None or key > after][:limit]


def list_event_figures(
    tx: Tx, since: datetime, until: datetime, limit: int, after: tuple[datetime, int] | None = None
) -> list[EventFigure]:
    """Return figures of the events that start in [since, until), by start."""
    wanted = (
        select(Event)
        .where(Event.starts_at >= since, Event.starts_at < until, Event.status != PROPOSED)
        .order_by(Event.starts_at, Event.id)
        .limit(limit)
    )
    if after is not None:
        wanted = wanted.where(
            (Event.starts_at > after[0]) | ((Event.starts_at == after[0]) & (Event.id > after[1]))
        )
    found = tx.scalars(wanted).all()
    counts = count_registrations(tx, [event.id for event in found])
    return [
        EventFigure(
            event,
            shown(counts[event.id].registered),
            shown(counts[event.id].waiting),
            shown(counts[event.id].attended),
        )
        for event in found
    ]


def shown(count: int) -> int | None:
    """Return what may be shown of a count."""
    return None if count < SMALLEST else count
