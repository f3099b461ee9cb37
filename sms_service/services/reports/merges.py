"""Duplicates: two receipts, one case. A merged report keeps its words, code and PIN; its status is that of
the report it was merged into, moved in the same transaction. Merging can be undone. Used by report_cases.
"""

from __future__ import annotations

from datetime import datetime
from typing import cast

from sqlalchemy import Table, or_, select, update

from sms_service.domain import report_statuses
from sms_service.errors import Conflict, Invalid, NotFound, said
from sms_service.services.staff import accounts as staff
from sms_service.store.engine import Tx
from sms_service.store.models import Report

TABLE = cast(Table, Report.__table__)


def lock(tx: Tx, report_id: int, main_id: int | None) -> tuple[Report, Report | None]:
    """Lock a report, and the one that it is to be merged into, in the order of their ids, and read both anew.

    Raises NotFound for the report, Invalid for the other one.
    """
    ids = {report_id, main_id} - {None}
    rows = tx.scalars(
        select(Report)
        .where(Report.id.in_(ids))
        .order_by(Report.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    found = {report.id: report for report in rows}
    if report_id not in found:
        raise NotFound("there is no such report")
    if main_id is not None and main_id not in found:
        raise Invalid("the reports cannot be merged", {"duplicate_of": "is no report"})
    return found[report_id], found.get(main_id) if main_id is not None else None


def apply(tx: Tx, report: Report, main: Report | None, by: int | None, now: datetime) -> None:
    """Merge `report` into `main` (both locked), or with None take it out again. The caller counts versions
    of `report` and keeps its audit entry.

    Raises Invalid for a merge with itself, Conflict when `main` is merged itself.
    """
    if main is None:
        report.duplicate_of_id = None
        if report.status != report_statuses.CLOSED:
            report.due_at = report_statuses.due_at(report.status, report.priority, now)
        return
    if main.id == report.id:
        raise Invalid("the reports cannot be merged", {"duplicate_of": "is the report itself"})
    if main.duplicate_of_id is not None:
        raise Conflict(
            said(
                "report %(report)s is merged itself, into %(other)s: name that one",
                report=main.id,
                other=main.duplicate_of_id,
            )
        )
    report.duplicate_of_id = main.id
    report.status, report.outcome, report.closed_at = main.status, main.outcome, main.closed_at
    tx.execute(
        update(TABLE)
        .where(TABLE.c.duplicate_of_id == report.id)
        .values(duplicate_of_id=main.id, version=TABLE.c.version + 1, updated_at=now)
    )
    _hasten(main, report, now)
    main.version, main.updated_at = main.version + 1, now
    tx.flush()
    follow(tx, main, now)
    details = {"duplicate": report.id, "priority": main.priority, "version": main.version}
    staff.record_audit(tx, by, "report.merge", ("report", main.id), details, now)


def follow(tx: Tx, main: Report, now: datetime) -> None:
    """Let what was merged into `main` stand where it stands."""
    tx.execute(
        update(TABLE)
        .where(
            TABLE.c.duplicate_of_id == main.id,
            or_(TABLE.c.status != main.status, TABLE.c.outcome.is_distinct_from(main.outcome)),
        )
        .values(
            status=main.status,
            outcome=main.outcome,
            closed_at=main.closed_at,
            version=TABLE.c.version + 1,
            updated_at=now,
        )
    )


def duplicates_of(tx: Tx, report_id: int) -> tuple[int, ...]:
    """Return the ids of the reports that were merged into this one."""
    return tuple(
        tx.scalars(select(TABLE.c.id).where(TABLE.c.duplicate_of_id == report_id).order_by(TABLE.c.id))
    )


def _hasten(main: Report, report: Report, now: datetime) -> None:
    """What is urgent in one of the two is urgent in the case."""
    main.is_urgent = main.is_urgent or report.is_urgent
    if report.priority < main.priority and main.status != report_statuses.CLOSED:
        main.priority = report.priority
        sooner = report_statuses.due_at(main.status, main.priority, now)
        main.due_at = min(main.due_at, report.due_at, sooner)
