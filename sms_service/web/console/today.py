"""Today: what waits for whoever looks, worst first; then what is under way and how the day goes.

Each part is asked for only when the role may see it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _

from sms_service.domain import broadcast_life as life
from sms_service.domain.roles import may
from sms_service.logs import mask_numbers
from sms_service.services.figures import today
from sms_service.services.figures.today import Afoot, Cases
from sms_service.services.operation import balances, readiness
from sms_service.services.reports import surges
from sms_service.web.console import formats
from sms_service.web.console.pages import Page, Shown, Visit

_DAY, _WEEK = timedelta(days=1), timedelta(days=7)
_MOST_SURGES = 10
_ROOT = "root"  # the menus' first screen


@dataclass(frozen=True, slots=True)
class Task:
    """One thing that waits: a sentence that leads to its page. `kind` is urgent, waits or nothing."""

    words: str
    to: str
    kind: str = ""


def show(visit: Visit) -> Shown:
    """The page."""
    cases = today.count_cases(visit.tx, visit.now) if _may(visit, "reports") else None
    raised = (
        surges.list_surges(visit.tx, _MOST_SURGES, unseen=True) if _may(visit, "reports.clusters") else []
    )
    afoot = today.list_afoot(visit.tx, visit.person) if _may(visit, "broadcasts.own") else []
    tasks = [*_of_cases(visit, cases), *_stopped(visit), *_of_broadcasts(afoot), *_of_links(cases)]
    values = {
        "now": visit.now,
        "tasks": sorted(tasks, key=lambda task: ("urgent", "waits", "").index(task.kind)),
        "surges": [_surge(visit, surge) for surge in raised],
        "afoot": [(one, _life()[one.broadcast.status]) for one in afoot],
        "may_events": _may(visit, "events.own"),
        "ahead": today.list_ahead(visit.tx, visit.person, visit.now) if _may(visit, "events.own") else [],
        "language": visit.signed_in.language,
        **_figures(visit),
    }
    return Shown("today.html", values)


def _stopped(visit: Visit) -> list[Task]:
    """Sending that has stopped: processes without a sign of life, gateways that are not called as usual."""
    if not _may(visit, "system"):
        return []
    names = {
        "fast": _("Answers and receipts are not being sent: no sign of life."),
        "bulk": _("Reminders and broadcasts are not being sent: no sign of life."),
        "scheduler": _("Nothing starts at its time: the scheduler gives no sign of life."),
    }
    tasks = [
        Task(names[one], "/console/system", "urgent") for one in today.list_silent(visit.tx, visit.real_now)
    ]
    troubled = {name: trouble for name, trouble in readiness.gateways(visit.runtime).items() if trouble}
    said = {"stopped": _("Gateway %(name)s refuses our account."), "away": _("Gateway %(name)s is away.")}
    return tasks + [
        Task(said[trouble.state] % {"name": name}, "/console/system", "urgent")
        for name, trouble in troubled.items()
    ]


def _of_cases(visit: Visit, cases: Cases | None) -> list[Task]:
    if cases is None:
        return []
    tasks = []
    if cases.urgent:
        words = _("Reports of people in danger: %(count)s.", count=cases.urgent)
        since = cases.urgent_since
        tasks.append(Task(words, "/console/reports?urgent=1", "urgent"))
        if since is not None:
            tasks[0] = Task(f"{words} {_waiting(visit, since)}", tasks[0].to, "urgent")
    if cases.overdue:
        words = _("Reports whose next step is overdue: %(count)s.", count=cases.overdue)
        tasks.append(Task(words, "/console/reports?overdue=1", "urgent"))
    if cases.nobodys:
        words = _("Reports that nobody works on yet: %(count)s.", count=cases.nobodys)
        tasks.append(Task(words, "/console/reports?assignee=nobody", "waits"))
    return tasks


def _waiting(visit: Visit, since: Any) -> str:
    hours, minutes = divmod(int((visit.now - since).total_seconds()) // 60, 60)
    if hours < 48:
        return str(_("The first waits for %(hours)s h %(minutes)s min.", hours=hours, minutes=minutes))
    return str(_("The first waits for %(days)s days.", days=hours // 24))


def _of_broadcasts(afoot: list[Afoot]) -> list[Task]:
    tasks = []
    for one in afoot:
        number, to = one.broadcast.id, f"/console/broadcasts/{one.broadcast.id}"
        if one.broadcast.status == life.HALTED:
            words = _("Broadcast %(number)s was halted by the service: look why.", number=number)
            tasks.append(Task(words, to, "urgent"))
        elif one.may_approve:
            words = _("Broadcast %(number)s waits for your approval.", number=number)
            tasks.append(Task(words, f"{to}/approve", "waits"))
        elif one.broadcast.status == life.PAUSED:
            tasks.append(Task(_("Broadcast %(number)s is paused.", number=number), to, "waits"))
    return tasks


def _of_links(cases: Cases | None) -> list[Task]:
    if cases is None or not cases.suggested:
        return []
    count = f"{cases.suggested}+" if cases.suggested >= today.MOST_COUNTED else str(cases.suggested)
    words = _("Pairs of reports that may tell the same: %(count)s.", count=count)
    return [Task(words, "/console/clusters/suggestions")]


def _surge(visit: Visit, surge: Any) -> dict[str, Any]:
    """A surge as a sentence: a reason to look, and nothing else follows from it."""
    usual = formats.number(round(surge.expected, 1))
    report = surge.subject.removeprefix("report:")
    if surge.kind == surges.MISS:
        name = _("a phone number") if surge.subject.startswith("#") else mask_numbers(surge.subject)
        words = _(
            "%(name)s was asked for %(count)s times and not found (usual: %(usual)s a day).",
            name=name, count=surge.count, usual=usual,
        )  # fmt: skip
        return {"surge": surge, "words": words, "to": ""}
    words = _(
        "%(count)s reports in one day tell the same as report %(number)s (usual: %(usual)s).",
        count=surge.count, number=report, usual=usual,
    )  # fmt: skip
    return {
        "surge": surge,
        "words": words,
        "to": f"/console/reports/{report}" if _may(visit, "reports") else "",
    }


def _figures(visit: Visit) -> dict[str, Any]:
    on = visit.now.astimezone(visit.runtime.settings.zone).date()
    asked = today.list_not_found(visit.tx, on - _WEEK) if _may(visit, "recruiters") else None
    return {
        "calls": today.count_first_screens(visit.tx, on, _ROOT) if _may(visit, "statistics") else None,
        "texts": today.count_texts(visit.tx, visit.now - _DAY) if _may(visit, "system") else None,
        "balances": balances.list_told(visit.runtime) if _may(visit, "system") else {},
        "newest": today.NEWEST_TEXTS,
        "not_found": asked,
    }


def _life() -> dict[str, str]:
    return {
        life.SUBMITTED: _("waits for approval"),
        life.SCHEDULED: _("approved, waits for its time"),
        life.STARTING: _("is starting"),
        life.CANARY: _("is being tried with a few"),
        life.RUNNING: _("is being sent"),
        life.PAUSED: _("paused"),
        life.HALTED: _("halted by the service"),
    }


def _may(visit: Visit, act: str) -> bool:
    return may(visit.person.role, act)


PAGES = (Page("/", "desk", show=show),)
