"""Reports: the queue, one case with its time line, what can be done, duplicates, and the reporter's number.

Every look is in the audit trail. No page but the reveal shows a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from flask_babel import gettext as _

from sms_service.domain import phones, report_statuses
from sms_service.domain.districts import DISTRICTS
from sms_service.domain.roles import may
from sms_service.errors import Invalid
from sms_service.logs import mask_numbers
from sms_service.services.reports import (
    cases as report_cases,
)
from sms_service.services.reports import (
    links as report_links,
)
from sms_service.services.reports import (
    notes as report_notes,
)
from sms_service.services.reports import (
    time_line as report_time_line,
)
from sms_service.services.reports.cases import MOST_COUNTED, After, Filters
from sms_service.services.reports.notes import LONGEST_NOTE, LONGEST_REPLY, Case
from sms_service.store.models import Report
from sms_service.web.console import report_words as words
from sms_service.web.console.fields import Typed
from sms_service.web.console.lists import PAGE, listing
from sms_service.web.console.pages import Moved, Page, Shown, Visit

_NOBODY = 0
_MOST_ID = 2**31 - 1
_STATUSES = {"open": report_statuses.OPEN, "all": report_statuses.STATUSES}
_MOST_SUGGESTED = 10


def show_queue(visit: Visit) -> Shown:
    """The queue: urgent first, then the longest waiting."""
    filters = _filters(visit)
    found = report_cases.list_cases(
        visit.tx, filters, PAGE + 1, visit.person.id, visit.now, _after(visit.query.get("after", ""))
    )
    workers = dict(report_cases.list_workers(visit.tx))
    page = listing(found, visit.query, _cursor)
    values = {
        "page": page,
        "rows": [_row(visit, report, workers) for report in page.items],
        "count": report_cases.count_cases(visit.tx, filters, visit.now),
        "most": MOST_COUNTED,
        "query": visit.query,
        "statuses": [("open", _("open ones")), ("all", _("all")), *words.statuses().items()],
        "districts": _districts(),
        "assignees": [("", _("everybody")), ("me", _("me")), ("nobody", _("nobody yet")), *workers.items()],
    }
    return Shown("reports.html", values)


def show_case(visit: Visit) -> Shown:
    """One case."""
    case = report_notes.read_case(visit.tx, visit.id("report_id"), visit.person.id, visit.now)
    report, workers = case.report, report_cases.list_workers(visit.tx)
    values = {
        **_told(visit, case),
        "row": _row(visit, report, dict(workers)),
        "is_mine": report.assignee_id == visit.person.id,
        "steps": [(step, words.step(step)) for step in report_time_line.of_case(visit.tx, case)],
        "text_states": words.text_states(),
        "seen": max((note.id for note in case.notes), default=0),
        "meanwhile": _meanwhile(visit, report, dict(workers)),
        "moves": words.moves(report.status),
        "may_close": report_statuses.may_move(report.status, report_statuses.CLOSED),
        "outcomes": [("", _("choose")), *words.outcomes().items()],
        "priorities": list(words.priorities().items()),
        "workers": [("", _("nobody yet")), *workers],
        "way": report_notes.way_of_reply(visit.tx, report, visit.now, visit.runtime.settings),
        "way_words": words.ways,
        "longest_note": LONGEST_NOTE,
        "longest_reply": LONGEST_REPLY,
        "may_reveal": may(visit.person.role, "reports.reveal"),
        "typed": visit.typed,
        "errors": visit.errors,
    }
    return Shown("report.html", values)


def act_on_case(visit: Visit) -> Moved:
    """One of the forms on the page of a case; `do` says which."""
    acts = {
        "move": _move,
        "take": _take,
        "assign": _assign,
        "priority": _weigh,
        "note": _note,
        "reply": _reply,
        "apart": _take_apart,
    }
    chosen = acts.get(visit.form.get("do", ""))
    if chosen is None:
        raise Invalid("choose one of the acts on the page")
    return chosen(visit, Typed(visit.form, _zone(visit)))


def show_merge(visit: Visit) -> Shown:
    """Two reports side by side, before one is merged into the other; or the question which one."""
    case = report_notes.read_case(visit.tx, visit.id("report_id"), visit.person.id, visit.now)
    typed = Typed(visit.typed or visit.query, _zone(visit))
    into = typed.number("into", smallest=1)
    errors = {**typed.errors, **visit.errors}
    values: dict[str, Any] = {
        "one": _told(visit, case),
        "other": None,
        "into": into,
        "typed": visit.query,
        "suggested": _suggested(visit, case.report),
        "meanwhile": _meanwhile(visit, case.report, {}),
        "errors": errors,
    }
    if into is not None and into != case.report.id and into <= _MOST_ID:
        values["other"] = _told(visit, report_notes.read_case(visit.tx, into, visit.person.id, visit.now))
    elif into is not None:
        errors["into"] = _("the number of another report")
    return Shown("report_merge.html", values)


def merge(visit: Visit) -> Moved:
    """Merge this report into another one."""
    typed = Typed(visit.form, _zone(visit))
    into = typed.number("into", required=True, smallest=1)
    typed.check()
    if into is not None and into > _MOST_ID:
        raise Invalid("the reports cannot be merged", {"into": _("the number of another report")})
    _change(visit, typed, duplicate_of_id=into)
    return Moved(f"reports/{into}", _("Merged. Both receipts stay good, and show where this case stands."))


def show_reveal(visit: Visit) -> Shown:
    """The question why the number is needed. The number is not here yet."""
    report = report_cases.get_report(visit.tx, visit.id("report_id"))
    whose = visit.query.get("whose") or visit.form.get("whose")
    values = {
        "report": report,
        "whose": whose if whose in report_notes.REVEALS else "reporter",
        "shortest": report_notes.SHORTEST_REASON,
        "errors": visit.errors,
        "typed": visit.typed,
    }
    return Shown("report_reveal.html", values)


def reveal(visit: Visit) -> Shown:
    """The number, this once; who looked and why is kept for good."""
    report_id = visit.id("report_id")
    typed = Typed(visit.form, _zone(visit))
    reason = typed.text("reason", required=True, longest=report_notes.LONGEST_REASON)
    whose = cast(report_notes.Whose, typed.choice("whose", tuple(report_notes.REVEALS), required=True))
    typed.check()
    number = report_notes.reveal(visit.tx, report_id, whose, reason, visit.person, visit.now)
    return Shown("report_number.html", {"number": number, "whose": whose, "report_id": report_id})


def _move(visit: Visit, typed: Typed) -> Moved:
    status = typed.choice("status", report_statuses.STATUSES, required=True)
    changes: dict[str, Any] = {"status": status}
    if status == report_statuses.CLOSED:
        changes["outcome"] = typed.choice("outcome", report_statuses.OUTCOMES, required=True)
    _change(visit, typed, **changes)
    return _back(visit, _("The case is now: %(status)s.", status=words.statuses()[status]))


def _take(visit: Visit, typed: Typed) -> Moved:
    _change(visit, typed, assignee_id=visit.person.id)
    return _back(visit, _("You work on this case now."))


def _assign(visit: Visit, typed: Typed) -> Moved:
    who = typed.number("assignee", smallest=1)
    _change(visit, typed, assignee_id=who)
    said = _("The case is given to a colleague.") if who else _("Nobody works on this case now.")
    return _back(visit, said)


def _weigh(visit: Visit, typed: Typed) -> Moved:
    _change(visit, typed, priority=typed.number("priority", required=True, smallest=1))
    return _back(visit, _("The priority is changed."))


def _note(visit: Visit, typed: Typed) -> Moved:
    text, seen = typed.text("note", required=True, longest=LONGEST_NOTE), typed.number("seen")
    typed.check()
    report_notes.add_note(visit.tx, visit.id("report_id"), text, visit.person.id, visit.now, seen)
    return _back(visit, _("The note is kept."))


def _reply(visit: Visit, typed: Typed) -> Moved:
    text, seen = typed.text("reply", required=True, longest=LONGEST_REPLY), typed.number("seen")
    typed.check()
    runtime = visit.runtime
    try:
        sent = report_notes.reply(
            visit.tx, visit.id("report_id"), text, visit.person.id, visit.now, runtime.settings,
            runtime.menu, seen,
        )  # fmt: skip
    except Invalid as error:  # the service calls the field `text`; two forms of this page have one
        raise Invalid(error.words, {"reply": error.errors.get("text", "")}) from error
    if sent.message_id is None:
        return _back(visit, _("The reply is kept. It waits until the reporter asks for the status."))
    return _back(visit, _("The reply is kept, and a short text says that there is news."))


def _take_apart(visit: Visit, typed: Typed) -> Moved:
    _change(visit, typed, duplicate_of_id=None)
    return _back(visit, _("This report is a case of its own again."))


def _back(visit: Visit, said: str) -> Moved:
    return Moved(f"reports/{visit.id('report_id')}", said)


def _change(visit: Visit, typed: Typed, **changes: Any) -> None:
    version = typed.number("version", required=True, smallest=1)
    typed.check()
    report_cases.change(visit.tx, visit.id("report_id"), changes, visit.person.id, visit.now, version)


def _told(visit: Visit, case: Case) -> dict[str, Any]:
    """What a report tells, as the desk shows it: without a number in full."""
    report = case.report
    return {
        "report": report,
        "recruiter_name": mask_numbers(case.recruiter_name),
        "recruiter_phone": phones.mask(case.recruiter_phone) if case.recruiter_phone else "",
        "place": mask_numbers(case.place),
        "story": mask_numbers(case.story),
        "reporter": case.reporter,
        "duplicates": case.duplicates,
        "district": words.place(report.district),
        "modi": words.modi(visit, report.modi),
        "destination": words.destination(visit, report.destination),
        "flags": [words.flags().get(flag, flag) for flag in report.flags],
        "status": words.statuses()[report.status],
        "outcome": words.outcomes().get(report.outcome or "", ""),
    }


def _row(visit: Visit, report: Report, workers: dict[int, str]) -> dict[str, Any]:
    """What a line of the queue shows: nothing that somebody wrote."""
    return {
        "report": report,
        "age": max((visit.now - report.received_at).total_seconds(), 0),
        "is_overdue": report_statuses.is_overdue(report.status, report.due_at, visit.now),
        "status": words.statuses()[report.status],
        "outcome": words.outcomes().get(report.outcome or "", ""),
        "priority": words.priorities().get(report.priority, ""),
        "district": words.place(report.district),
        "modi": words.modi(visit, report.modi),
        "assignee": workers.get(report.assignee_id or 0, _("somebody who has left")),
    }


def _meanwhile(visit: Visit, report: Report, people: dict[int, str]) -> list[str]:
    """What others have changed since the refused form was opened."""
    version = visit.typed.get("version", "")
    if not (version.isascii() and version.isdigit()) or int(version[:9]) >= report.version:
        return []
    since = report_cases.changes_since(visit.tx, report.id, int(version[:9]))
    return [words.changed(change, people) for change in since]


def _suggested(visit: Visit, report: Report) -> list[tuple[int, str]]:
    """Reports that the service holds to be about the same, with the reasons."""
    links = report_links.list_links(visit.tx, _MOST_SUGGESTED, report_id=report.id)
    return [
        (
            link.earlier_id if link.later_id == report.id else link.later_id,
            report_links.explain(visit.runtime.menu, visit.signed_in.language, link.reasons),
        )
        for link in links
    ]


def _filters(visit: Visit) -> Filters:
    query = visit.query
    status, assignee = query.get("status", "open"), query.get("assignee", "")
    named = {"me": visit.person.id, "nobody": _NOBODY}
    return Filters(
        statuses=_STATUSES.get(status) or ((status,) if status in report_statuses.STATUSES else ()),
        is_urgent=True if query.get("urgent") else None,
        district=next((one.code for one in DISTRICTS if one.code == query.get("district")), None),
        assignee_id=named[assignee] if assignee in named else _number(assignee),
        is_overdue=True if query.get("overdue") else None,
        cluster_id=_number(query.get("cluster", "")),
    )


def _number(given: str) -> int | None:
    plain = given.strip()
    fits = plain.isascii() and plain.isdigit() and len(plain) < 11 and 0 < int(plain) <= _MOST_ID
    return int(plain) if fits else None


def _cursor(report: Report) -> str:
    return f"{report.priority}~{report.received_at.isoformat()}~{report.id}"


def _after(given: str) -> After | None:
    """What `_cursor` wrote; anything else begins at the front."""
    try:
        priority, at, last = given.split("~")
        received_at = datetime.fromisoformat(at.replace(" ", "+"))
        after = int(priority), received_at, int(last)
    except ValueError:
        return None
    is_sane = received_at.tzinfo is not None and 0 <= after[0] < 10 and 0 < after[2] <= _MOST_ID
    return after if is_sane else None


def _districts() -> Sequence[tuple[str, str]]:
    return [("", _("all districts")), *((one.code, one.name) for one in DISTRICTS)]


def _zone(visit: Visit) -> Any:
    return visit.runtime.settings.zone


_ONE = "/reports/<int:report_id>"
PAGES = (
    Page("/reports", "reports", show=show_queue, is_audited=True),
    Page(_ONE, "reports", show=show_case, act=act_on_case, is_audited=True),
    Page(f"{_ONE}/merge", "reports", show=show_merge, act=merge, is_audited=True),
    Page(f"{_ONE}/reveal", "reports.reveal", show=show_reveal, act=reveal),
)
