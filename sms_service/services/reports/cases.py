"""Work on reports: the queue, one case, its moves. Every look and every change is in the audit trail.

A change names the version that it was made from; of two people changing one case the second is told what
the first did, and nothing is overwritten. Opening a case, notes, replies, the reveal of a number:
services/report_notes. Duplicates: services/report_merges. Called by the API and the console, by roles that
`reports` allows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, tuple_, union_all

from sms_service.domain import report_statuses, roles
from sms_service.errors import Conflict, Invalid, NotFound, said
from sms_service.services.reports import merges as report_merges
from sms_service.services.staff import accounts as staff
from sms_service.store.engine import Tx
from sms_service.store.models import AuditEntry, Report, Staff

SUBJECT = "report"
CHANGEABLE = ("status", "outcome", "priority", "assignee_id", "duplicate_of_id")
MOST_COUNTED = 1000
_ORDER = (Report.priority, Report.received_at, Report.id)  # urgent first, then the longest waiting
After = tuple[int, datetime, int]  # priority, received_at, id of the last row of the page before


@dataclass(frozen=True, slots=True)
class Changed:
    """What a field of a case became after the version that somebody read; `by` "": the service did it."""

    field: str  # of CHANGEABLE, or "duplicates": a report was merged into this one
    to: object
    by: str


@dataclass(frozen=True, slots=True)
class Filters:
    """Which cases. `statuses` empty: those still open. `assignee_id` 0: nobody's."""

    statuses: Sequence[str] = ()
    is_urgent: bool | None = None
    district: str | None = None
    assignee_id: int | None = None
    is_overdue: bool | None = None
    cluster_id: int | None = None
    duplicate_of_id: int | None = None  # None: merged ones are left out, their main report is listed

    def told(self) -> dict[str, object]:
        """What was asked for, for the audit trail."""
        given = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: value for name, value in given.items() if value not in (None, ())}


def list_cases(
    tx: Tx, filters: Filters, limit: int, by: int | None, now: datetime, after: After | None = None
) -> list[Report]:
    """Return at most `limit` cases after `after`: urgent first, then the longest waiting. Audited."""
    fits = _conditions(filters, now)
    if after is not None:
        fits.append(tuple_(*_ORDER) > after)
    # Status by status: each is a range of ix_reports_queue that is in order already, so nothing is sorted
    # but the few that each gives. In one question the whole queue would be.
    first = [
        select(
            select(Report.id)
            .where(Report.status == status, *fits)
            .order_by(*_ORDER)
            .limit(limit)
            .subquery()
            .c.id
        )
        for status in filters.statuses or report_statuses.OPEN
    ]
    wanted = select(Report).where(Report.id.in_(union_all(*first))).order_by(*_ORDER).limit(limit)
    found = list(tx.scalars(wanted))
    staff.record_audit(tx, by, "report.list", (SUBJECT, "-"), {**filters.told(), "shown": len(found)}, now)
    return found


def change(
    tx: Tx, report_id: int, changes: Mapping[str, Any], by: int | None, now: datetime, version: int | None
) -> Report:
    """Change fields of CHANGEABLE. `version`, when given, must be the report's.

    A closed case needs an outcome; opening it again takes the outcome away. Raises NotFound, Invalid by
    field, and Conflict: changed meanwhile (with what is different), an illegal move, a merged report, one
    that was emptied.
    """
    report, main = report_merges.lock(tx, report_id, changes.get("duplicate_of_id"))
    if version is not None and version != report.version:
        raise _changed_meanwhile(tx, report, version)
    wanted = {name: value for name, value in changes.items() if value != getattr(report, name)}
    if wanted.get("status") == report_statuses.VERIFYING:
        wanted["outcome"] = None
    if not wanted:
        return report
    _check(tx, report, wanted)
    before = {name: getattr(report, name) for name in wanted}
    if "duplicate_of_id" in wanted:
        report_merges.apply(tx, report, main, by, now)
    _move(report, {name: value for name, value in wanted.items() if name != "duplicate_of_id"}, now)
    report.version, report.updated_at = report.version + 1, now
    tx.flush()
    if "status" in wanted or "outcome" in wanted:
        report_merges.follow(tx, report, now)
    details: dict[str, object] = {
        name: {"from": before[name], "to": getattr(report, name)} for name in wanted
    }
    staff.record_audit(
        tx, by, "report.change", (SUBJECT, report.id), {**details, "version": report.version}, now
    )
    return report


def get_report(tx: Tx, report_id: int) -> Report:
    """Raises NotFound. For those who do not open it: what is read of its words is read by `read_case`."""
    report = tx.get(Report, report_id)
    if report is None:
        raise NotFound("there is no such report")
    return report


def names_of(tx: Tx, staff_ids: Sequence[int | None]) -> dict[int, str]:
    """Return names by id of people of the office."""
    ids = {staff_id for staff_id in staff_ids if staff_id is not None}
    rows = tx.execute(select(Staff.id, Staff.name).where(Staff.id.in_(ids)))
    return {row.id: row.name for row in rows}


def find_worker(tx: Tx, who: int | str) -> int:
    """Return the id of somebody who may work on reports, by id or name. Raises Invalid."""
    wanted = select(Staff).where(Staff.id == who if isinstance(who, int) else Staff.name == who)
    person = tx.scalars(wanted).one_or_none()
    if person is None or not person.is_active or not roles.may(person.role, "reports"):
        raise Invalid("the case cannot be given to them", {"assignee": "is nobody who works on reports"})
    return person.id


def list_workers(tx: Tx) -> list[tuple[int, str]]:
    """Id and name of everybody who may work on reports, by name."""
    allowed = Staff.role.in_(sorted(roles.ACTS["reports"]))
    rows = tx.execute(select(Staff.id, Staff.name).where(Staff.is_active, allowed).order_by(Staff.name))
    return [(row.id, row.name) for row in rows]


def count_cases(tx: Tx, filters: Filters, now: datetime, most: int = MOST_COUNTED) -> int:
    """How many cases fit, counted up to `most` and no further."""
    found = select(Report.id).where(and_(*_conditions(filters, now))).limit(most).subquery()
    return tx.scalar(select(func.count()).select_from(found)) or 0


def changes_since(tx: Tx, report_id: int, version: int) -> list[Changed]:
    """What has been done to a report since somebody read it at `version`: of each field the latest."""
    entries = tx.execute(
        select(AuditEntry.act, AuditEntry.details, Staff.name)
        .outerjoin(Staff, Staff.id == AuditEntry.staff_id)
        .where(
            AuditEntry.subject_type == SUBJECT,
            AuditEntry.subject_id == str(report_id),
            AuditEntry.act.in_(("report.change", "report.merge")),
        )
        .order_by(AuditEntry.id)
    )
    changes: dict[str, Changed] = {}
    for act, details, name in entries:
        made = details.get("version")
        if not isinstance(made, int) or made <= version:
            continue
        if act == "report.merge":
            changes["duplicates"] = Changed("duplicates", details["duplicate"], name or "")
            continue
        for field, values in details.items():
            if isinstance(values, dict):
                changes[field] = Changed(field, values["to"], name or "")
    return list(changes.values())


def _conditions(filters: Filters, now: datetime) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [Report.status.in_(filters.statuses or report_statuses.OPEN)]
    wanted.append(Report.duplicate_of_id.is_not_distinct_from(filters.duplicate_of_id))
    if filters.is_urgent is not None:
        # Not "is true": PostgreSQL does not find ix_reports_urgent by that.
        wanted.append(and_(Report.is_urgent) if filters.is_urgent else ~Report.is_urgent)
    if filters.district is not None:
        wanted.append(Report.district == filters.district)
    if filters.assignee_id is not None:
        wanted.append(Report.assignee_id.is_not_distinct_from(filters.assignee_id or None))
    if filters.cluster_id is not None:
        wanted.append(Report.cluster_id == filters.cluster_id)
    if filters.is_overdue is not None:
        late = and_(Report.status != report_statuses.CLOSED, Report.due_at < now)
        wanted.append(late if filters.is_overdue else ~late)
    return wanted


def _check(tx: Tx, report: Report, wanted: Mapping[str, Any]) -> None:
    if "duplicate_of_id" in wanted and len(wanted) > 1:
        raise Invalid("the case cannot be changed like this", {"duplicate_of": "is changed by itself"})
    if report.duplicate_of_id is not None and "duplicate_of_id" not in wanted:
        raise Conflict(
            said("this report is merged into %(report)s: change that one", report=report.duplicate_of_id)
        )
    if report.redacted_at is not None and "status" in wanted:
        raise Conflict("what was told is gone after its time: there is nothing left to work on")
    status = wanted.get("status", report.status)
    if status not in report_statuses.STATUSES:
        raise Invalid(
            "the case cannot be moved",
            {"status": said("is one of %(known)s", known=", ".join(report_statuses.STATUSES))},
        )
    if status != report.status and not report_statuses.may_move(report.status, status):
        onward = ", ".join(sorted(report_statuses.MOVES[report.status]))
        raise Conflict(
            said("a case that is %(now)s can become: %(onward)s", now=report.status, onward=onward)
        )
    errors = _faults(wanted, status, wanted.get("outcome", report.outcome))
    if errors:
        raise Invalid("the case cannot be changed like this", errors)
    if wanted.get("assignee_id") is not None:
        find_worker(tx, wanted["assignee_id"])


def _faults(wanted: Mapping[str, Any], status: str, outcome: str | None) -> dict[str, str]:
    errors: dict[str, str] = {}
    if status == report_statuses.CLOSED and outcome not in report_statuses.OUTCOMES:
        errors["outcome"] = said(
            "of a closed case is one of %(known)s", known=", ".join(report_statuses.OUTCOMES)
        )
    elif status != report_statuses.CLOSED and outcome is not None:
        errors["outcome"] = "belongs to a closed case only"
    if wanted.get("priority", report_statuses.USUAL) not in report_statuses.PRIORITIES:
        errors["priority"] = "is 1 (urgent) to 4 (low)"
    return errors


def _move(report: Report, wanted: Mapping[str, Any], now: datetime) -> None:
    for name, value in wanted.items():
        setattr(report, name, value)
    if "status" in wanted:
        report.triaged_at = report.triaged_at or now
        report.closed_at = now if report.status == report_statuses.CLOSED else None
    if {"status", "priority"} & set(wanted):
        since = report.received_at if report.status == report_statuses.NEW else now
        report.due_at = report_statuses.due_at(report.status, report.priority, since)


def _changed_meanwhile(tx: Tx, report: Report, version: int) -> Conflict:
    """What others have done to the report since `version`, by field, so that nothing need be guessed."""
    told: dict[str, str] = {}
    for change in changes_since(tx, report.id, version):
        by = f"by {change.by or 'the service'}"
        if change.field == "duplicates":
            told["duplicates"] = f"now hold report {change.to}, {by}"
            continue
        to = "empty" if change.to is None else change.to
        told[change.field.removesuffix("_id")] = f"is now {to}, {by}"
    return Conflict("the report has been changed meanwhile", told)
