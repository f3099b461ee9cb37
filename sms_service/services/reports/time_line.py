"""What has happened to a case or a cluster, in order: from the audit trail, with notes and replies between.

Looks are left out: they stand in the audit itself. Called by the console.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from sms_service.services.reports import cases as report_cases
from sms_service.services.reports import clusters as report_clusters
from sms_service.services.reports.notes import Case, Note
from sms_service.store.engine import Tx
from sms_service.store.models import AuditEntry, Report, ReportCluster, Staff

MOST = 200  # steps that are shown, the newest
_OF_CASE = ("report.change", "report.merge", "report.reveal", "report.reveal_recruiter")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened. `act`: "received", an act of the audit trail, "note" or "reply"; `by` is empty
    for the service and for callers."""

    at: datetime
    act: str
    by: str = ""
    details: Mapping[str, object] = field(default_factory=dict)
    note: Note | None = None


def of_case(tx: Tx, case: Case) -> list[Step]:
    """The steps of a case, oldest first. `details` name people of the office in place of their ids."""
    report = case.report
    steps = _audited(tx, report_cases.SUBJECT, report.id, _OF_CASE)
    people = report_cases.names_of(tx, [one for step in steps for one in _assigned(step.details)])
    told = [Step(report.received_at, "received")]
    told += [Step(step.at, step.act, step.by, _named(step.details, people)) for step in steps]
    told += [Step(note.created_at, note.kind, note.author, {}, note) for note in case.notes]
    return sorted(told, key=lambda step: step.at)[-MOST:]


def of_cluster(tx: Tx, cluster: ReportCluster, reports: tuple[Report, ...]) -> list[Step]:
    """The steps of a cluster, oldest first: its reports as they came in, and what people decided."""
    told = [Step(report.received_at, "received", "", {"report": report.id}) for report in reports]
    acts = tuple(
        f"{report_clusters.SUBJECT}.{act}"
        for act in ("confirm_link", "split_link", "join", "apart", "confirm", "dismiss")
    )
    told += _audited(tx, report_clusters.SUBJECT, cluster.id, acts)
    return sorted(told, key=lambda step: step.at)[-MOST:]


def _audited(tx: Tx, subject: str, record_id: int, acts: tuple[str, ...]) -> list[Step]:
    rows = tx.execute(
        select(AuditEntry.at, AuditEntry.act, AuditEntry.details, Staff.name)
        .outerjoin(Staff, Staff.id == AuditEntry.staff_id)
        .where(
            AuditEntry.subject_type == subject,
            AuditEntry.subject_id == str(record_id),
            AuditEntry.act.in_(acts),
        )
        .order_by(AuditEntry.id.desc())
        .limit(MOST)
    )
    return [Step(row.at, row.act, row.name or "", row.details) for row in rows][::-1]


def _assigned(details: Mapping[str, object]) -> list[int | None]:
    given = details.get("assignee_id")
    values = given.values() if isinstance(given, Mapping) else ()
    return [one for one in values if isinstance(one, int)]


def _named(details: Mapping[str, object], people: Mapping[int, str]) -> Mapping[str, object]:
    given = details.get("assignee_id")
    if not isinstance(given, Mapping):
        return details
    return {**details, "assignee_id": {key: people.get(one, "") for key, one in given.items()}}
