"""The audit trail, read: who did what, when, to which record. Written by staff.record_audit."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select

from sms_service.store.engine import Tx
from sms_service.store.models import AuditEntry, Staff

MOST_EXPORTED = 50_000
_COLUMNS = ("at", "who", "act", "record", "record_id", "details")


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries to show; an empty field means all."""

    staff_id: int | None = None
    act: str = ""  # how it begins: "report." for all acts on reports
    subject_type: str = ""
    subject_id: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One act. `who` is empty for the system and the command line."""

    id: int
    at: datetime
    who: str
    act: str
    subject_type: str
    subject_id: str
    details: dict[str, object]


def list_entries(tx: Tx, wanted: Filter, *, before_id: int | None = None, limit: int = 50) -> list[Entry]:
    """The newest entries first, those before `before_id`."""
    conditions = _conditions(wanted)
    if before_id is not None:
        conditions.append(AuditEntry.id < before_id)
    rows = tx.execute(
        select(AuditEntry, Staff.name)
        .outerjoin(Staff, Staff.id == AuditEntry.staff_id)
        .where(*conditions)
        .order_by(AuditEntry.id.desc())
        .limit(limit)
    )
    return [
        Entry(row.id, row.at, name or "", row.act, row.subject_type, row.subject_id, row.details)
        for row, name in rows
    ]


def export(tx: Tx, wanted: Filter) -> str:
    """The entries as CSV, newest first, MOST_EXPORTED at most. No cell begins as a formula does."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    for entry in _all(tx, wanted):
        details = "; ".join(f"{key}={value}" for key, value in entry.details.items())
        row = (entry.at.isoformat(), entry.who, entry.act, entry.subject_type, entry.subject_id, details)
        writer.writerow([harmless(cell) for cell in row])
    return out.getvalue()


def _all(tx: Tx, wanted: Filter) -> Iterator[Entry]:
    before_id, left = None, MOST_EXPORTED
    while left > 0:
        entries = list_entries(tx, wanted, before_id=before_id, limit=min(1000, left))
        if not entries:
            return
        yield from entries
        before_id, left = entries[-1].id, left - len(entries)


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.staff_id is not None:
        conditions.append(AuditEntry.staff_id == wanted.staff_id)
    if wanted.act:
        conditions.append(AuditEntry.act.startswith(wanted.act, autoescape=True))
    if wanted.subject_type:
        conditions.append(AuditEntry.subject_type == wanted.subject_type)
    if wanted.subject_id:
        conditions.append(AuditEntry.subject_id == wanted.subject_id)
    if wanted.since is not None:
        conditions.append(AuditEntry.at >= wanted.since)
    if wanted.until is not None:
        conditions.append(AuditEntry.at < wanted.until)
    return conditions


def harmless(cell: str) -> str:
    """A cell of a table that no office program takes for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
