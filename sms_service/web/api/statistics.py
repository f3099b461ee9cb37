"""Figures over the API, for viewers: small counts are null, and a note says so."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import cast

from sms_service.errors import Invalid
from sms_service.services.figures import statistics
from sms_service.web.api import cursors
from sms_service.web.api.endpoints import Call, Endpoint
from sms_service.web.api.fields import Answered, Day, ListQuery

NOTE = f"counts under {statistics.SMALLEST} are null, so that nobody can be recognised in them"
_USUAL_DAYS = 30
_MOST_DAYS = 366


class PeriodQuery(ListQuery):
    """From and until which local day, both included; without: the last 30 days."""

    since: Day | None = None
    until: Day | None = None


class TurnFigureAnswer(Answered):
    """How often a screen or step was answered."""

    channel: str
    node: str
    outcome: str
    language: str
    count: int | None


class TurnsAnswer(Answered):
    """Turns by channel, node, outcome and language."""

    items: list[TurnFigureAnswer]
    next: str | None
    since: date
    until: date
    note: str = NOTE


class EventFigureAnswer(Answered):
    """How many registered, wait, and came."""

    event_id: int
    code: str
    title: str
    starts_at: datetime
    district: str
    status: str
    registered: int | None
    waiting: int | None
    attended: int | None


class EventFiguresAnswer(Answered):
    """Events of the period by start."""

    items: list[EventFigureAnswer]
    next: str | None
    since: date
    until: date
    note: str = NOTE


def turns(call: Call) -> TurnsAnswer:
    """GET /statistics/turns"""
    query: PeriodQuery = call.query
    since, until = _period(call, query)
    after = None
    if query.cursor is not None:
        after = cast(statistics.TurnKey, tuple(cursors.decode("turns", query.cursor, (str,) * 4)))
    found = statistics.list_turns(call.tx, since, until, query.limit + 1, after)
    page = found[: query.limit]
    following = None
    if len(found) > query.limit:
        last = page[-1]
        following = cursors.encode("turns", last.channel, last.node, last.outcome, last.language)
    items = [
        TurnFigureAnswer(
            channel=f.channel, node=f.node, outcome=f.outcome, language=f.language, count=f.count
        )
        for f in page
    ]
    return TurnsAnswer(items=items, next=following, since=since, until=until)


def events(call: Call) -> EventFiguresAnswer:
    """GET /statistics/events"""
    query: PeriodQuery = call.query
    since, until = _period(call, query)
    zone = call.runtime.settings.zone
    after = None
    if query.cursor is not None:
        starts_at, last_id = cursors.decode("event-figures", query.cursor, (datetime, int))
        after = (cast(datetime, starts_at), cast(int, last_id))
    begin = datetime.combine(since, time(), zone).astimezone(UTC)
    end = datetime.combine(until + timedelta(days=1), time(), zone).astimezone(UTC)
    found = statistics.list_event_figures(call.tx, begin, end, query.limit + 1, after)
    page = found[: query.limit]
    following = None
    if len(found) > query.limit:
        following = cursors.encode("event-figures", page[-1].event.starts_at, page[-1].event.id)
    items = [
        EventFigureAnswer(
            event_id=f.event.id,
            code=f.event.code,
            title=f.event.title_id,
            starts_at=f.event.starts_at.astimezone(zone),
            district=f.event.district,
            status=f.event.status,
            registered=f.registered,
            waiting=f.waiting,
            attended=f.attended,
        )
        for f in page
    ]
    return EventFiguresAnswer(items=items, next=following, since=since, until=until)


def _period(call: Call, query: PeriodQuery) -> tuple[date, date]:
    until = query.until or call.now.astimezone(call.runtime.settings.zone).date()
    since = query.since or until - timedelta(days=_USUAL_DAYS - 1)
    if not timedelta() <= until - since < timedelta(days=_MOST_DAYS):
        raise Invalid("the period cannot be shown", {"since": f"is at most {_MOST_DAYS} days before `until`"})
    return since, until


ENDPOINTS = (
    Endpoint(
        "GET", "/statistics/turns", "statistics", "What callers use", turns, TurnsAnswer, query=PeriodQuery
    ),
    Endpoint(
        "GET",
        "/statistics/events",
        "statistics",
        "How many come to events",
        events,
        EventFiguresAnswer,
        query=PeriodQuery,
    ),
)
