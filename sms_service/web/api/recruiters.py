"""The list of recruiters over the API: looked up as callers look it up, and imported with a preview."""

from __future__ import annotations

from datetime import date
from typing import Literal, cast

from pydantic import Field

from sms_service.domain.recruiter_rows import Fault
from sms_service.errors import Invalid
from sms_service.services.recruiters import directory as recruiters
from sms_service.services.recruiters import list_import as recruiter_import
from sms_service.services.recruiters.directory import Details, Directory
from sms_service.services.recruiters.list_import import ImportPlan, ListFile
from sms_service.services.staff import accounts as staff
from sms_service.web.api import cursors
from sms_service.web.api.endpoints import Call, Endpoint, Parts, Upload
from sms_service.web.api.fields import Answered, Day, ListQuery, Query, Words

_MOST_CHANGES = 100  # shown of an import: the figures are complete, the examples are not


class RecruiterQuery(ListQuery):
    """`q`: a name, licence number or phone number, badly spelt as may be. Without: the whole list."""

    q: Words | None = Field(None, min_length=1, max_length=60)


class RecruiterAnswer(Answered):
    """One company as the list states it. `phone` is the company's public number."""

    id: int
    name: str
    license_number: str
    status: Literal["active", "suspended", "revoked", "expired", "not_listed"]
    valid_until: date | None
    address: str
    phone: str
    branch_in_ntt: bool
    warning: str
    is_exact: bool | None = None
    score: float | None = None


class RecruiterListAnswer(Answered):
    """Companies of the list of `as_of` (null: none was imported). `verdict` says what a look-up found."""

    items: list[RecruiterAnswer]
    next: str | None
    as_of: date | None
    is_demo: bool
    verdict: str | None


class ImportForm(Query):
    """The form beside the file. `as_of` is the date that the list itself states."""

    as_of: Day
    dry_run: bool = False
    skip_bad_rows: bool = False
    force: bool = False


class FaultAnswer(Answered):
    """What is wrong, or odd, in one field of one row."""

    row: int
    field: str
    message: str


class ChangeAnswer(Answered):
    """What changes on one company."""

    change: Literal["added", "changed", "removed"]
    license_number: str
    name: str
    fields: list[str]


class ImportAnswer(Answered):
    """What an import did, or would do (`is_written` false). `changes` are the first hundred."""

    is_written: bool
    as_of: date
    previous_as_of: date | None
    added: int
    changed: int
    removed: int
    unchanged: int
    kept: int
    faults: list[FaultAnswer]
    notes: list[FaultAnswer]
    other_columns: list[str]
    refusals: list[str]
    changes: list[ChangeAnswer]


def list_recruiters(call: Call) -> RecruiterListAnswer:
    """GET /recruiters"""
    query: RecruiterQuery = call.query
    directory = call.parts.directory()
    if query.q is not None:
        return _looked_up(directory, query.q, query)
    after = 0 if query.cursor is None else cast(int, cursors.decode("recruiters", query.cursor, (int,))[0])
    listed = sorted(key for key, each in directory.companies.items() if key > after and _is_listed(each))
    shown = listed[: query.limit]
    return RecruiterListAnswer(
        items=[_company(directory.companies[key]) for key in shown],
        next=cursors.encode("recruiters", shown[-1]) if len(listed) > query.limit else None,
        as_of=directory.as_of,
        is_demo=directory.is_demo,
        verdict=None,
    )


def read_file(_parts: Parts, _form: ImportForm, upload: Upload) -> ListFile:
    """Read the uploaded list before any lock is taken: a large one takes seconds. Raises Invalid."""
    return recruiter_import.read_list(upload.content, upload.name)


def import_recruiters(call: Call) -> ImportAnswer:
    """POST /recruiters/import"""
    form: ImportForm = call.body
    plan = recruiter_import.import_list(
        call.tx,
        call.prepared,
        form.as_of,
        call.person.name,
        call.now,
        dry_run=form.dry_run,
        skip_bad_rows=form.skip_bad_rows,
        force=form.force,
    )
    if plan.is_written:
        figures = {change: plan.count(change) for change in ("added", "changed", "removed")}
        details = {"as_of": plan.as_of, **figures, "forced": form.force}
        subject = ("recruiter_list", plan.as_of.isoformat())
        staff.record_audit(call.tx, call.person.id, "recruiters.import", subject, details, call.now)
    return _imported(plan, form)


def _looked_up(directory: Directory, asked: str, query: RecruiterQuery) -> RecruiterListAnswer:
    if query.cursor is not None:
        raise Invalid("a look-up has one page", {"cursor": "does not go with q"})
    result = recruiters.look_up(directory, asked, min(query.limit, recruiters.MOST_CANDIDATES))
    items = [
        _company(directory.details(found.id), found.exact, round(found.score, 1)) for found in result.found
    ]
    return RecruiterListAnswer(
        items=items, next=None, as_of=result.as_of, is_demo=result.is_demo, verdict=result.verdict
    )


def _is_listed(company: Details) -> bool:
    return company.status != recruiters.NOT_LISTED


def _company(details: Details, is_exact: bool | None = None, score: float | None = None) -> RecruiterAnswer:
    return RecruiterAnswer(
        id=details.id,
        name=details.name,
        license_number=details.license_number,
        status=cast(Literal["active"], details.status),
        valid_until=details.valid_until,
        address=details.address,
        phone=details.phone,
        branch_in_ntt=details.branch_in_ntt,
        warning=details.warning,
        is_exact=is_exact,
        score=score,
    )


def _imported(plan: ImportPlan, form: ImportForm) -> ImportAnswer:
    return ImportAnswer(
        is_written=plan.is_written,
        as_of=plan.as_of,
        previous_as_of=plan.previous_as_of,
        added=plan.count("added"),
        changed=plan.count("changed"),
        removed=plan.count("removed"),
        unchanged=plan.unchanged,
        kept=plan.kept,
        faults=[_fault(fault) for fault in plan.faults],
        notes=[_fault(note) for note in plan.notes],
        other_columns=list(plan.other_columns),
        refusals=list(plan.why_refused(form.skip_bad_rows, form.force)),
        changes=[
            ChangeAnswer(
                change=each.change,
                license_number=each.license_number,
                name=each.name,
                fields=list(each.fields),
            )
            for each in plan.differences[:_MOST_CHANGES]
        ],
    )


def _fault(fault: Fault) -> FaultAnswer:
    return FaultAnswer(row=fault.row, field=fault.field, message=fault.message)


ENDPOINTS = (
    Endpoint(
        "GET", "/recruiters", "recruiters", "Look a company up, or list all", list_recruiters,
        RecruiterListAnswer, query=RecruiterQuery,
    ),
    Endpoint(
        "POST", "/recruiters/import", "recruiters", "Import the official list (CSV or XLSX)",
        import_recruiters, ImportAnswer, body=ImportForm, is_upload=True, prepare=read_file,
    ),
)  # fmt: skip
