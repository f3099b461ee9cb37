"""What the first page of the desk shows: what waits, what is under way, how the day goes.

Each function asks the database once, and its cost is bounded: texts are looked at among the newest only, and
nothing here counts over a table of millions. Called by the console, by right: who may not see something does
not cause the question either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast

from sqlalchemy import String, Table, and_, exists, func, literal, or_, select, union_all
from sqlalchemy import cast as as_type

from sms_service.domain import broadcast_life as life
from sms_service.domain import report_statuses
from sms_service.domain.roles import may
from sms_service.queues import LANES
from sms_service.services.broadcasts.life import seen_by
from sms_service.services.operation import heartbeats
from sms_service.services.reports.links import SUGGESTED
from sms_service.services.staff.accounts import Person
from sms_service.services.texts.messages import TABLE as TEXTS
from sms_service.store.engine import Tx
from sms_service.store.models import (
    AuditEntry,
    Broadcast,
    Event,
    RecruiterMiss,
    Registration,
    Report,
    ReportLink,
    TurnCount,
    UnknownWord,
)

NEWEST_TEXTS = 10_000  # among so many the health of delivery is read
MOST_COUNTED = 1000
MOST_BROADCASTS, MOST_EVENTS, MOST_NOT_FOUND = 20, 20, 5
AHEAD = timedelta(days=7)
_UNDER_WAY = (life.SUBMITTED, life.SCHEDULED, *life.UNDER_WAY, life.PAUSED, life.HALTED)
_REPORTS = cast(Table, Report.__table__)
_PLANNED = "planned"
_REGISTERED, _WAITING = "registered", "waiting"


@dataclass(frozen=True, slots=True)
class Cases:
    """Open reports: of people in danger (and since when the first of them waits), overdue, nobody's yet; and
    suggested links (MOST_COUNTED: so many or more)."""

    urgent: int
    urgent_since: datetime | None
    overdue: int
    nobodys: int
    suggested: int


@dataclass(frozen=True, slots=True)
class Afoot:
    """A broadcast that is not over. `may_approve`: it waits for the word of whoever looks."""

    broadcast: Broadcast
    may_approve: bool


@dataclass(frozen=True, slots=True)
class Ahead:
    """An event of the days ahead, with how many come and how many wait for a place."""

    event: Event
    registered: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts of a time by status. `is_cut`: there were more than NEWEST_TEXTS, and these are the newest."""

    counts: Mapping[str, int]
    is_cut: bool


@dataclass(frozen=True, slots=True)
class NotFound:
    """What callers asked that led nowhere, by how often: names of recruiters, and words of texts."""

    names: tuple[tuple[str, int], ...]  # a number stands as "#" and its keyed hash
    words: tuple[tuple[str, int], ...]


def count_cases(tx: Tx, now: datetime) -> Cases:
    """Count the open reports that are nobody's duplicate."""
    report = _REPORTS.c
    some = select(ReportLink.id).where(ReportLink.status == SUGGESTED).limit(MOST_COUNTED).subquery()
    row = tx.execute(
        select(
            func.count().filter(report.is_urgent).label("urgent"),
            func.min(report.received_at).filter(report.is_urgent).label("urgent_since"),
            func.count().filter(report.due_at < now).label("overdue"),
            func.count().filter(report.assignee_id.is_(None)).label("nobodys"),
            select(func.count()).select_from(some).scalar_subquery().label("suggested"),
        ).where(report.status.in_(report_statuses.OPEN), report.duplicate_of_id.is_(None))
    ).one()
    return Cases(row.urgent, row.urgent_since, row.overdue, row.nobodys, row.suggested)


def list_afoot(tx: Tx, person: Person) -> list[Afoot]:
    """Broadcasts that are not over and that `person` may know of, the newest first."""
    edited = exists().where(
        AuditEntry.subject_type == "broadcast",
        AuditEntry.subject_id == as_type(Broadcast.id, String),
        AuditEntry.act == "broadcast.edit",
        AuditEntry.staff_id == person.id,
    )
    wrote = or_(Broadcast.author_id == person.id, edited)
    rows = tx.execute(
        select(Broadcast, wrote.label("wrote"))
        .where(Broadcast.status.in_(_UNDER_WAY), *seen_by(person))
        .order_by(Broadcast.id.desc())
        .limit(MOST_BROADCASTS)
    )
    approves = may(person.role, "broadcasts.approve")
    return [Afoot(row, approves and row.status == life.SUBMITTED and not is_own) for row, is_own in rows]


def list_ahead(tx: Tx, person: Person, now: datetime) -> list[Ahead]:
    """Planned events of the next days, soonest first; a partner's own ones only."""
    coming = and_(Event.status == _PLANNED, Event.starts_at >= now, Event.starts_at < now + AHEAD)
    wanted = (
        select(
            Event,
            func.count().filter(Registration.status == _REGISTERED).label("registered"),
            func.count().filter(Registration.status == _WAITING).label("waiting"),
        )
        .outerjoin(Registration, Registration.event_id == Event.id)
        .where(coming)
        .group_by(Event.id)
        .order_by(Event.starts_at, Event.id)
        .limit(MOST_EVENTS)
    )
    if person.role == "partner":
        wanted = wanted.where(Event.community_id == (person.community_id or 0))
    return [Ahead(event, registered, waiting) for event, registered, waiting in tx.execute(wanted)]


def count_first_screens(tx: Tx, today: date, root: str) -> int:
    """How often callers saw the first screen today: about as often as they dialled."""
    wanted = select(func.coalesce(func.sum(TurnCount.count), 0)).where(
        TurnCount.day == today, TurnCount.channel == "ussd", TurnCount.node == root
    )
    return int(tx.scalar(wanted) or 0)


def count_texts(tx: Tx, since: datetime) -> Texts:
    """Texts out since a time by status, among the newest NEWEST_TEXTS."""
    newest = select(TEXTS.c.status, TEXTS.c.created_at).order_by(TEXTS.c.id.desc()).limit(NEWEST_TEXTS)
    some = newest.subquery()
    rows = tx.execute(
        select(some.c.status, func.count()).where(some.c.created_at >= since).group_by(some.c.status)
    )
    counts = {str(status): int(count) for status, count in rows}
    return Texts(counts, sum(counts.values()) >= NEWEST_TEXTS)


def list_not_found(tx: Tx, since: date) -> NotFound:
    """What was asked most often since a day, and not found or not understood."""
    rows: Any = tx.execute(
        union_all(
            _most("name", RecruiterMiss.normalised, RecruiterMiss.count, RecruiterMiss.day, since),
            _most("word", UnknownWord.word, UnknownWord.count, UnknownWord.day, since),
        )
    )
    found = sorted(
        ((kind, said, int(times)) for kind, said, times in rows), key=lambda one: (-one[2], one[1])
    )
    names = tuple((said, times) for kind, said, times in found if kind == "name")
    return NotFound(names, tuple((said, times) for kind, said, times in found if kind == "word"))


def list_silent(tx: Tx, real_now: datetime) -> list[str]:
    """The processes that should live and give no sign of it: lanes by name, and "scheduler"."""
    alive = heartbeats.list_alive(tx, real_now)
    silent = [lane for lane in LANES if heartbeats.worker(lane) not in alive]
    return silent if heartbeats.SCHEDULER in alive else [*silent, heartbeats.SCHEDULER]


def _most(kind: str, said: Any, times: Any, day: Any, since: date) -> Any:
    total = func.sum(times).label("times")
    some = (
        select(said.label("said"), total)
        .where(day >= since)
        .group_by(said)
        .order_by(total.desc(), said)
        .limit(MOST_NOT_FOUND)
        .subquery()
    )
    return select(literal(kind).label("kind"), some.c.said, some.c.times)
