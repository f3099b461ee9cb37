"""Reports over the API: the queue, one case, its moves, notes and replies. Every call leaves its trace in the
audit trail, also the ones that only look.

Staff name a report by its id. Its receipt code is not shown: with the PIN it is the reporter's key, and who
never sees codes cannot be asked for one. A reporter's number is masked; no answer holds it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, cast

from pydantic import Field, field_validator

from sms_service.domain import districts, report_statuses
from sms_service.errors import Invalid
from sms_service.services.reports import cases as report_cases
from sms_service.services.reports import notes as report_notes
from sms_service.services.reports.cases import Filters
from sms_service.services.reports.notes import Case, Note
from sms_service.store.models import Report
from sms_service.web.api import cursors
from sms_service.web.api.endpoints import Call, Endpoint
from sms_service.web.api.fields import Answered, Body, DistrictCode, ListQuery, Words

Status = Literal["new", "triaged", "verifying", "referred", "closed"]
Outcome = Literal["acted", "handed_over", "not_enough", "unfounded", "prank"]
_ACT = "reports"
_NOBODY = 0


class ReportQuery(ListQuery):
    """Which cases. Without a status: those that are open. Merged ones are listed by `duplicate_of` only."""

    status: Literal["open", "all", "new", "triaged", "verifying", "referred", "closed"] = "open"
    urgent: bool | None = None
    district: DistrictCode | None = None
    assignee: str | None = Field(
        None, pattern=r"^(me|nobody|[1-9][0-9]{0,8})$", description="me, nobody, an id"
    )
    overdue: bool | None = None
    cluster: int | None = Field(None, ge=1, le=2**31 - 1)
    duplicate_of: int | None = Field(None, ge=1, le=2**31 - 1)


def _absent() -> Any:
    """What a field holds that was not sent: never read, see model_dump(exclude_unset)."""
    return None


class ReportChange(Body):
    """What shall be different. `version`, when given, must be the one that was read (else 409, with what
    others have changed since). A closed case has an outcome; `duplicate_of` is changed by itself."""

    status: Status = Field(default_factory=_absent)
    outcome: Outcome = Field(default_factory=_absent)
    priority: int = Field(default_factory=_absent, ge=1, le=4, description="1 urgent to 4 low")
    assignee: int | Words | None = Field(None, description="id or name of who works on reports; null: nobody")
    duplicate_of: int | None = Field(None, ge=1, le=2**31 - 1, description="null: no longer merged")
    version: int | None = Field(None, ge=1)


class Written(Body):
    """Words of staff; line ends are kept."""

    text: str = Field(min_length=1, max_length=report_notes.LONGEST_NOTE)

    @field_validator("text")
    @classmethod
    def _is_storable(cls, value: str) -> str:
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError("holds signs that cannot be kept") from None
        return value


class WorkerAnswer(Answered):
    """Who works on a case."""

    id: int
    name: str


class ReportAnswer(Answered):
    """What a queue shows of a report: nothing that somebody wrote."""

    id: int
    status: Status
    outcome: Outcome | None
    priority: int
    urgent: bool = Field(description="somebody is in danger, as the reporter says")
    due_at: datetime = Field(description="when the next step is due")
    overdue: bool
    age_seconds: int
    received_at: datetime
    triaged_at: datetime | None
    closed_at: datetime | None
    updated_at: datetime
    district: str | None
    district_name: str | None
    modi: list[str]
    destination: str
    channel: str
    language: str
    anonymous: bool
    texts_allowed: bool
    assignee: WorkerAnswer | None
    duplicate_of: int | None
    cluster: int | None
    flags: list[str]
    redacted: bool = Field(description="emptied by retention or erasure; figures remain")
    version: int


class ReportListAnswer(Answered):
    """Cases, urgent first, then the longest waiting."""

    items: list[ReportAnswer]
    next: str | None


class NoteAnswer(Answered):
    """A note, or a reply to the reporter. `text_status`: of the neutral text that announced the reply."""

    id: int
    kind: Literal["note", "reply"]
    text: str
    author: str
    created_at: datetime
    text_status: str | None


class CaseAnswer(ReportAnswer):
    """One report, opened."""

    recruiter_name: str
    recruiter_phone: str
    place: str
    story: str
    reporter: str | None = Field(description="masked; null: anonymous, or erased")
    duplicates: list[int]
    notes: list[NoteAnswer]


def list_reports(call: Call) -> ReportListAnswer:
    """GET /reports"""
    query: ReportQuery = call.query
    after = None
    if query.cursor is not None:
        priority, received_at, last = cursors.decode("reports", query.cursor, (int, datetime, int))
        after = (cast(int, priority), cast(datetime, received_at), cast(int, last))
    found = report_cases.list_cases(
        call.tx, _filters(call, query), query.limit + 1, call.person.id, call.now, after
    )
    shown = found[: query.limit]
    names = report_cases.names_of(call.tx, [report.assignee_id for report in shown])
    onward = None
    if len(found) > query.limit:
        onward = cursors.encode("reports", shown[-1].priority, shown[-1].received_at, shown[-1].id)
    return ReportListAnswer(
        items=[ReportAnswer(**_summary(call, report, names)) for report in shown], next=onward
    )


def get_report(call: Call) -> CaseAnswer:
    """GET /reports/{report_id}"""
    return _case(call, report_notes.read_case(call.tx, call.ids["report_id"], call.person.id, call.now))


def change_report(call: Call) -> ReportAnswer:
    """PATCH /reports/{report_id}"""
    sent: ReportChange = call.body
    given = sent.model_dump(exclude_unset=True)
    version = given.pop("version", None)
    if "duplicate_of" in given:
        given["duplicate_of_id"] = given.pop("duplicate_of")
    report_id = call.ids["report_id"]
    if "assignee" in given:
        report_cases.get_report(call.tx, report_id)  # first whether there is such a report
        who = given.pop("assignee")
        given["assignee_id"] = None if who is None else report_cases.find_worker(call.tx, who)
    try:
        report = report_cases.change(call.tx, report_id, given, call.person.id, call.now, version)
    except Invalid as error:
        raise _as_sent(error) from error
    names = report_cases.names_of(call.tx, [report.assignee_id])
    return ReportAnswer(**_summary(call, report, names))


def add_note(call: Call) -> NoteAnswer:
    """POST /reports/{report_id}/notes"""
    kept = report_notes.add_note(call.tx, call.ids["report_id"], call.body.text, call.person.id, call.now)
    return _note(call, report_notes.show_note(call.tx, kept))


def reply(call: Call) -> NoteAnswer:
    """POST /reports/{report_id}/reply"""
    settings, menu = call.runtime.settings, call.runtime.menu
    kept = report_notes.reply(
        call.tx, call.ids["report_id"], call.body.text, call.person.id, call.now, settings, menu
    )
    return _note(call, report_notes.show_note(call.tx, kept))


def _filters(call: Call, query: ReportQuery) -> Filters:
    wanted = {"open": report_statuses.OPEN, "all": report_statuses.STATUSES}
    assignee = {None: None, "me": call.person.id, "nobody": _NOBODY}
    return Filters(
        statuses=wanted.get(query.status, (query.status,)),
        is_urgent=query.urgent,
        district=query.district,
        assignee_id=assignee[query.assignee] if query.assignee in assignee else int(query.assignee or 0),
        is_overdue=query.overdue,
        cluster_id=query.cluster,
        duplicate_of_id=query.duplicate_of,
    )


def _as_sent(error: Invalid) -> Invalid:
    """The same refusal with the names that the sender used."""
    return Invalid(str(error), {field.removesuffix("_id"): fault for field, fault in error.errors.items()})


def _case(call: Call, case: Case) -> CaseAnswer:
    report = case.report
    return CaseAnswer(
        **_summary(call, report, {report.assignee_id or 0: case.assignee}),
        recruiter_name=case.recruiter_name,
        recruiter_phone=case.recruiter_phone,
        place=case.place,
        story=case.story,
        reporter=case.reporter or None,
        duplicates=list(case.duplicates),
        notes=[_note(call, note) for note in case.notes],
    )


def _summary(call: Call, report: Report, names: dict[int, str]) -> dict[str, Any]:
    assignee = None
    if report.assignee_id is not None:
        assignee = WorkerAnswer(id=report.assignee_id, name=names.get(report.assignee_id, ""))
    return {
        **{name: getattr(report, name) for name in _AS_KEPT},
        **{name: _local(call, getattr(report, name)) for name in _TIMES},
        "urgent": report.is_urgent,
        "overdue": report_statuses.is_overdue(report.status, report.due_at, call.now),
        "age_seconds": max(int((call.now - report.received_at).total_seconds()), 0),
        "district_name": districts.by_code(report.district).name if report.district else None,
        "anonymous": report.reporter_hash is None,
        "assignee": assignee,
        "duplicate_of": report.duplicate_of_id,
        "cluster": report.cluster_id,
        "redacted": report.redacted_at is not None,
    }


_AS_KEPT = (
    "id", "status", "outcome", "priority", "district", "modi", "destination", "channel", "language",
    "texts_allowed", "flags", "version",
)  # fmt: skip
_TIMES = ("due_at", "received_at", "triaged_at", "closed_at", "updated_at")


def _note(call: Call, note: Note) -> NoteAnswer:
    return NoteAnswer(
        id=note.id,
        kind=cast(Literal["note", "reply"], note.kind),
        text=note.text,
        author=note.author,
        created_at=note.created_at.astimezone(call.runtime.settings.zone),
        text_status=note.text_status,
    )


def _local(call: Call, at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(call.runtime.settings.zone)


_ONE = "/reports/{report_id}"
ENDPOINTS = (
    Endpoint(
        "GET", "/reports", _ACT, "List cases, urgent first", list_reports, ReportListAnswer,
        query=ReportQuery, is_audited=True,
    ),
    Endpoint("GET", _ONE, _ACT, "Open a case", get_report, CaseAnswer, is_audited=True),
    Endpoint(
        "PATCH", _ONE, _ACT, "Move, assign, weigh or merge a case", change_report, ReportAnswer,
        body=ReportChange,
    ),
    Endpoint(
        "POST", f"{_ONE}/notes", _ACT, "Add a note for the office", add_note, NoteAnswer, status=201,
        body=Written,
    ),
    Endpoint(
        "POST", f"{_ONE}/reply", _ACT, "Answer the reporter, whose number stays hidden", reply, NoteAnswer,
        status=201, body=Written,
    ),
)  # fmt: skip
