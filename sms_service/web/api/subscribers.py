"""Subscribers over the API: imported with the evidence of their consent, and counted."""

from __future__ import annotations

from sms_service.domain import districts
from sms_service.domain.list_rows import Reading
from sms_service.domain.subscriber_rows import SubscriberRow
from sms_service.services.figures import statistics
from sms_service.services.figures import subscribers as subscriber_figures
from sms_service.services.subscribers import list_import as subscriber_import
from sms_service.web.api.endpoints import Call, Endpoint, Parts, Upload
from sms_service.web.api.fields import Answered, Query
from sms_service.web.api.recruiters import FaultAnswer

NOTE = f"people who agreed and have not said STOP; counts under {statistics.SMALLEST} are null"


class SubscriberImportForm(Query):
    """The form beside the file."""

    dry_run: bool = False
    skip_bad_rows: bool = False


class SubscriberImportAnswer(Answered):
    """What an import did, or would do (`is_written` false).

    added: not known before. agreed: known, and had not chosen before. unchanged: on a list before.
    own_choice: has chosen by phone, and keeps that. stopped: has said STOP, and is left alone.
    """

    is_written: bool
    added: int
    agreed: int
    unchanged: int
    own_choice: int
    stopped: int
    faults: list[FaultAnswer]
    notes: list[FaultAnswer]
    other_columns: list[str]


class DistrictFigure(Answered):
    """How many in a district. An empty code: named none."""

    district: str
    name: str
    count: int | None


class NamedFigure(Answered):
    """How many of a language, a kind or a topic."""

    name: str
    count: int | None


class SummaryAnswer(Answered):
    """How many people may be reached. Who chose no topic wants all, and is in none of `by_topic`."""

    by_district: list[DistrictFigure]
    by_language: list[NamedFigure]
    by_kind: list[NamedFigure]
    by_topic: list[NamedFigure]
    note: str = NOTE


def read_file(parts: Parts, _form: SubscriberImportForm, upload: Upload) -> Reading[SubscriberRow]:
    """Read the uploaded list before any lock is taken. Raises Invalid."""
    runtime = parts.runtime
    today = runtime.clock.now().astimezone(runtime.settings.zone).date()
    return subscriber_import.read_subscribers(upload.content, runtime.settings.default_country, today)


def import_subscribers(call: Call) -> SubscriberImportAnswer:
    """POST /subscribers/import"""
    form: SubscriberImportForm = call.body
    plan = subscriber_import.import_subscribers(
        call.tx,
        call.prepared,
        call.person.id,
        call.now,
        dry_run=form.dry_run,
        skip_bad_rows=form.skip_bad_rows,
    )
    return SubscriberImportAnswer(
        is_written=plan.is_written,
        added=plan.added,
        agreed=plan.agreed,
        unchanged=plan.unchanged,
        own_choice=plan.own_choice,
        stopped=plan.stopped,
        faults=[FaultAnswer(row=one.row, field=one.field, message=one.message) for one in plan.faults],
        notes=[FaultAnswer(row=one.row, field=one.field, message=one.message) for one in plan.notes],
        other_columns=list(plan.other_columns),
    )


def summary(call: Call) -> SummaryAnswer:
    """GET /subscribers/summary"""
    figures = subscriber_figures.summarise(call.tx)
    return SummaryAnswer(
        by_district=[
            DistrictFigure(district=code, name=districts.by_code(code).name if code else "", count=count)
            for code, count in figures.by_district.items()
        ],
        by_language=[NamedFigure(name=name, count=count) for name, count in figures.by_language.items()],
        by_kind=[NamedFigure(name=name, count=count) for name, count in figures.by_kind.items()],
        by_topic=[NamedFigure(name=name, count=count) for name, count in figures.by_topic.items()],
    )


ENDPOINTS = (
    Endpoint(
        "POST", "/subscribers/import", "subscribers", "Import people who have agreed (CSV or XLSX)",
        import_subscribers, SubscriberImportAnswer, body=SubscriberImportForm, is_upload=True,
        prepare=read_file,
    ),
    Endpoint(
        "GET", "/subscribers/summary", "subscribers", "Count who may be reached", summary, SummaryAnswer
    ),
)  # fmt: skip
