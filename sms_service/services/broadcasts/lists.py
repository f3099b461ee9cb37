"""Broadcasts as the desk lists them: what is under way first, then what waits, drafts, and what is over.

Also who wrote them, and what became of one so far. A partner is shown those of the own community only: the
condition stands in the SQL (broadcasts.seen_by). Called by the console.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import and_, case, or_, select

from sms_service.domain import broadcast_life as life
from sms_service.services.broadcasts.life import seen_by
from sms_service.services.staff.accounts import Person
from sms_service.store.engine import Tx
from sms_service.store.models import AuditEntry, Broadcast, Community, Event, Staff

GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "under_way": (
            life.SCHEDULED, life.STARTING, life.CANARY, life.RUNNING, life.PAUSED, life.HALTED,
        ),
        "waiting": (life.SUBMITTED,),
        "drafts": (life.DRAFT, life.REJECTED),
        "over": (life.DONE, life.CANCELLED),
    }
)  # fmt: skip
_RANKS = {status: rank for rank, group in enumerate(GROUPS.values()) for status in group}
_ranked = case(_RANKS, value=Broadcast.status, else_=len(GROUPS))
_PLACE = re.compile(r"([0-9])-([0-9]{1,9})", re.ASCII)
_MOST_ENTRIES = 100
_MOST_EVENTS = 50
_PAST = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that was done with a broadcast; `who` is None for the service itself."""

    at: datetime
    act: str  # without "broadcast."
    who: str | None
    details: Mapping[str, Any]


def place_of(row: Broadcast) -> str:
    """Where a broadcast stands in the list, for `after`."""
    return f"{_RANKS.get(row.status, len(GROUPS))}-{row.id}"


def list_for(
    tx: Tx, person: Person, limit: int, after: str = "", group: str = "", kind: str = ""
) -> list[Broadcast]:
    """At most `limit` broadcasts that `person` may see, by group (GROUPS) and the newest first, those after
    the place `after`. Words that are not known filter nothing."""
    wanted = select(Broadcast).where(*seen_by(person)).order_by(_ranked, Broadcast.id.desc()).limit(limit)
    if group in GROUPS:
        wanted = wanted.where(Broadcast.status.in_(GROUPS[group]))
    if kind in life.KINDS:
        wanted = wanted.where(Broadcast.kind == kind)
    place = _PLACE.fullmatch(after)
    if place:
        rank, number = int(place[1]), int(place[2])
        later = and_(_ranked == rank, Broadcast.id < number)
        wanted = wanted.where(or_(_ranked > rank, later))
    return list(tx.scalars(wanted))


def writers_of(tx: Tx, rows: Collection[Broadcast]) -> dict[int, set[int]]:
    """Everybody who wrote any of each broadcast: none of them may approve it."""
    writers = {row.id: {row.author_id} for row in rows}
    if writers:
        edits = select(AuditEntry.subject_id, AuditEntry.staff_id).where(
            AuditEntry.subject_type == "broadcast",
            AuditEntry.subject_id.in_([str(one) for one in writers]),
            AuditEntry.act == "broadcast.edit",
        )
        for subject, staff_id in tx.execute(edits.distinct()):
            if staff_id is not None:
                writers[int(subject)].add(staff_id)
    return writers


def names_of(tx: Tx, people: Collection[int]) -> dict[int, str]:
    """The names of people of the office, by id."""
    if not people:
        return {}
    found = tx.execute(select(Staff.id, Staff.name).where(Staff.id.in_(people)))
    return {row.id: row.name for row in found}


def history(tx: Tx, broadcast_id: int) -> list[Entry]:
    """What was done with it and by whom, the first first."""
    rows = tx.execute(
        select(AuditEntry.at, AuditEntry.act, AuditEntry.details, Staff.name)
        .outerjoin(Staff, Staff.id == AuditEntry.staff_id)
        .where(AuditEntry.subject_type == "broadcast", AuditEntry.subject_id == str(broadcast_id))
        .order_by(AuditEntry.id)
        .limit(_MOST_ENTRIES)
    )
    return [
        Entry(row.at, row.act.removeprefix("broadcast."), row.name, dict(row.details or {})) for row in rows
    ]


def community_names(tx: Tx) -> dict[int, str]:
    """All partner communities."""
    rows = tx.execute(select(Community.id, Community.name).order_by(Community.name))
    return {row.id: row.name for row in rows}


def list_events(tx: Tx, person: Person, now: datetime, keep: int | None = None) -> Sequence[Event]:
    """Events whose registrants may be written to: those ahead and of the last weeks; and one to `keep`."""
    wanted = select(Event).where(or_(Event.starts_at > now - _PAST, Event.id == (keep or 0)))
    if person.role == "partner":
        wanted = wanted.where(Event.community_id == (person.community_id or 0))
    return tx.scalars(wanted.order_by(Event.starts_at, Event.id).limit(_MOST_EVENTS)).all()
