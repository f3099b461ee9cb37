"""What the menu reads to a caller: articles, contacts, offices, jobs and what fits. Never the database."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from menus.model import Call, Item, Outcome
from sms_service.services.content import jobs_abroad
from sms_service.services.content.pages import Reader
from sms_service.services.dialogues.actions.context import Context, ContextAction

_Values = Mapping[str, str]
_Method = Callable[[Reader, _Values], _Values | tuple[Item, ...]]


def next_article(context: Context, call: Call) -> Outcome:
    """The article after this one in its topic, or that it was the last."""
    key = _reader(context, call).next_article(call.values)
    return Outcome("next", {"article": key}) if key else Outcome("last")


def _reader(context: Context, call: Call) -> Reader:
    settings = context.runtime.settings
    return Reader(context.lists.content.value, context.menu, settings, call.language, context.today)


def _reads(method: _Method) -> ContextAction:
    return lambda context, call: method(_reader(context, call), call.values)


def _judges(method: Callable[[Reader, _Values], str]) -> ContextAction:
    return lambda context, call: Outcome(method(_reader(context, call), call.values))


ACTIONS: Mapping[str, ContextAction] = {
    "articles": _reads(Reader.articles),
    "article": _reads(Reader.article),
    "next_article": next_article,
    "office": _reads(Reader.office),
    "danger_lines": _reads(Reader.danger_lines),
    "contacts_by_kind": _reads(Reader.contacts_by_kind),
    "contact_countries": _reads(Reader.contact_countries),
    "contacts_by_country": _reads(Reader.contacts_by_country),
    "contact": _reads(Reader.contact),
    "nearest_office": _reads(Reader.nearest_office),
    "flags": _reads(Reader.flags),
    "gaps": _reads(Reader.gaps),
    "judge_flags": _judges(Reader.judge_flags),
    "judge_contract": _judges(Reader.judge_contract),
    "job_fields": _reads(jobs_abroad.job_fields),
    "job_countries": _reads(jobs_abroad.job_countries),
    "jobs_in_field": _reads(jobs_abroad.jobs_in_field),
    "jobs_in_country": _reads(jobs_abroad.jobs_in_country),
    "job_details": _reads(jobs_abroad.job_details),
    "fit_jobs": _judges(jobs_abroad.fit_jobs),
    "fitting_jobs": _reads(jobs_abroad.fitting_jobs),
    "job_fit": _reads(jobs_abroad.job_fit),
}
