"""Takes a new official list into force: compare, show what would change, refuse what looks wrong, write.

One call, one transaction of the caller's: all of it or nothing. `dry_run` gives the same plan and writes
nothing. A company is the same by its licence number, else by its whole name (a renewed licence). Office
warnings are the office's own and outlive any list. Called by the command line, the API and the demo.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import delete, insert, select, text, update

from sms_service.domain.recruiter_rows import Fault, Reading, Row, read_rows
from sms_service.errors import Invalid, said
from sms_service.services.list_files import read_table
from sms_service.services.read_models import bump
from sms_service.services.recruiters.comparison import Change, Comparison, Difference, compare
from sms_service.store.engine import Tx
from sms_service.store.models import Recruiter, RecruiterChange, RecruiterList

READ_MODEL = "recruiters"
_SMALL_LIST = 20  # companies; of fewer, half may well change from one list to the next
_FAR_AHEAD = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class ListFile:
    """A file that was read: its rows, their faults, and what identifies it."""

    name: str
    sha256: str
    reading: Reading


@dataclass(frozen=True)
class ImportPlan:
    """What an import would do, or did (`is_written`). Refused while `refusals` or unskipped faults stand."""

    as_of: date
    previous_as_of: date | None
    file_name: str
    differences: tuple[Difference, ...]
    unchanged: int
    kept: int  # companies left as they are because their row could not be read
    faults: tuple[Fault, ...]
    notes: tuple[Fault, ...]
    other_columns: tuple[str, ...]
    refusals: tuple[str, ...]  # each can be forced
    is_written: bool = False

    def count(self, change: Change) -> int:
        """How many companies are added, changed or removed."""
        return sum(difference.change == change for difference in self.differences)

    def why_refused(self, skip_bad_rows: bool = False, force: bool = False) -> tuple[str, ...]:
        """Why this import is not done, given what its owner insists on; empty when it can be."""
        bad = 0 if skip_bad_rows else len({fault.row for fault in self.faults})
        rows = (
            (said("%(count)s rows cannot be read", count=bad) if bad > 1 else said("1 row cannot be read"),)
            if bad
            else ()
        )
        return rows + (() if force else self.refusals)

    @property
    def is_empty(self) -> bool:
        """True when the very same list of the same date is in force."""
        return not self.differences and self.previous_as_of == self.as_of


def read_list(data: bytes, file_name: str) -> ListFile:
    """Read a CSV or XLSX file. Raises Invalid when it is no list at all; bad rows are in its `faults`."""
    return ListFile(file_name[-120:], hashlib.sha256(data).hexdigest(), read_rows(read_table(data)))


def import_list(
    tx: Tx,
    source: ListFile,
    as_of: date,
    imported_by: str,
    now: datetime,
    *,
    dry_run: bool = False,
    skip_bad_rows: bool = False,
    force: bool = False,
    is_demo: bool = False,
) -> ImportPlan:
    """Take a list into force, or with `dry_run` only say what it would change.

    Raises Invalid, having written nothing, when the plan is refused; a dry run returns it with its refusals.
    `force` overrides refusals, `skip_bad_rows` leaves companies with unreadable rows as they are.
    """
    if not dry_run:
        _keep_others_out(tx)
    current = find_current_list(tx)
    replaces_demo = current is not None and current.is_demo and not is_demo
    comparison = compare(source.reading, list(tx.scalars(select(Recruiter))), is_other_list=replaces_demo)
    plan = ImportPlan(
        as_of=as_of,
        previous_as_of=current.as_of if current else None,
        file_name=source.name,
        differences=tuple(comparison.differences),
        unchanged=comparison.unchanged,
        kept=comparison.kept,
        faults=tuple(source.reading.faults),
        notes=(*source.reading.notes, *_doubts(source.reading.rows, as_of)),
        other_columns=source.reading.other_columns,
        refusals=tuple(_refusals(source.reading, comparison, current, as_of, now)),
    )
    if dry_run:
        return plan
    _refuse(plan, skip_bad_rows, force)
    if plan.is_empty and current is not None and current.is_demo == is_demo:
        return plan
    entry = _record_list(tx, source, plan, imported_by, now, is_demo)
    _write(tx, comparison, entry.id)
    if replaces_demo:  # nothing fictional stays beside a real list
        tx.execute(delete(Recruiter).where(Recruiter.is_listed.is_(False)))
    bump(tx, READ_MODEL)
    return replace(plan, is_written=True)


def find_current_list(tx: Tx) -> RecruiterList | None:
    """The list in force: the one that was imported last."""
    return tx.scalars(select(RecruiterList).order_by(RecruiterList.id.desc()).limit(1)).first()


def _keep_others_out(tx: Tx) -> None:
    """One import at a time: two would each compare with a list that the other is about to replace."""
    if tx.is_postgres:
        tx.execute(text("LOCK TABLE recruiter_lists IN SHARE ROW EXCLUSIVE MODE"))


def _doubts(rows: list[Row], as_of: date) -> list[Fault]:
    """What is odd about readable rows. They are taken all the same: the list is the list."""
    return [
        Fault(row.number, "valid_until", "has passed on the list's own date, although the status is active")
        for row in rows
        if row.status == "active" and row.valid_until is not None and row.valid_until < as_of
    ]


def _refusals(
    reading: Reading, comparison: Comparison, current: RecruiterList | None, as_of: date, now: datetime
) -> Iterable[str]:
    if as_of > now.date() + _FAR_AHEAD:
        yield f"the date {as_of} lies more than a year ahead"
    if not reading.rows:
        yield "the file holds no company that can be read"
    if current is None or current.is_demo:  # a real list replaces the demo's whatever it holds
        return
    if as_of < current.as_of:
        yield f"the list in force is of {current.as_of}, newer than {as_of}"
    listed = comparison.listed
    if listed >= _SMALL_LIST and len(comparison.gone) * 2 > listed:
        yield f"{len(comparison.gone)} of {listed} companies, more than half, would be removed"


def _refuse(plan: ImportPlan, skip_bad_rows: bool, force: bool) -> None:
    reasons = plan.why_refused(skip_bad_rows, force)
    if reasons:
        faults = () if skip_bad_rows else plan.faults
        errors = {f"row {fault.row}, {fault.field}": fault.message for fault in faults}
        raise Invalid(
            said("nothing was imported: %(why)s", why="; ".join(reasons)), errors or {"file": reasons[0]}
        )


def _record_list(
    tx: Tx, source: ListFile, plan: ImportPlan, imported_by: str, now: datetime, is_demo: bool
) -> RecruiterList:
    entry = RecruiterList(
        as_of=plan.as_of,
        file_name=source.name,
        sha256=source.sha256,
        is_demo=is_demo,
        added=plan.count("added"),
        changed=plan.count("changed"),
        removed=plan.count("removed"),
        unchanged=plan.unchanged + plan.kept,
        imported_by=imported_by,
        imported_at=now,
    )
    tx.add(entry)
    tx.flush()
    if plan.differences:
        tx.execute(insert(RecruiterChange), [_history(each, entry.id) for each in plan.differences])
    return entry


def _write(tx: Tx, comparison: Comparison, list_id: int) -> None:
    for recruiter, row in comparison.updated:
        for column, value in _columns(row, list_id).items():
            setattr(recruiter, column, value)
    for recruiter in comparison.gone:
        recruiter.is_listed = False
    tx.flush()
    tx.execute(
        update(Recruiter).where(Recruiter.is_listed).values(list_id=list_id),
        execution_options={"synchronize_session": False},
    )
    if comparison.new:
        tx.execute(
            insert(Recruiter), [_columns(row, list_id) | {"office_warning": ""} for row in comparison.new]
        )


def _columns(row: Row, list_id: int) -> dict[str, object]:
    return {
        "name": row.name,
        "license_number": row.license_number,
        "status": row.status,
        "valid_until": row.valid_until,
        "address": row.address,
        "phone": row.phone,
        "branch_in_ntt": row.branch_in_ntt,
        "is_listed": True,
        "list_id": list_id,
    }


def _history(difference: Difference, list_id: int) -> dict[str, object]:
    return {
        "list_id": list_id,
        "license_number": difference.license_number,
        "name": difference.name,
        "change": difference.change,
        "before": difference.before,
        "after": difference.after,
    }
