"""The recruiter list: looked up as callers do, its history, a new list taken in, misses, and warnings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from flask_babel import gettext as _

from menus import render
from sms_service.domain.recruiter_rows import COLUMNS
from sms_service.domain.roles import may
from sms_service.services.dialogues.recruiter_words import RecruiterWords
from sms_service.services.read_models import ReadModel, ReadModels
from sms_service.services.recruiters import (
    desk as recruiter_desk,
)
from sms_service.services.recruiters import (
    directory as recruiters,
)
from sms_service.services.recruiters import (
    list_import as recruiter_import,
)
from sms_service.services.recruiters.comparison import Difference
from sms_service.services.recruiters.desk import LONGEST_WARNING, WARNED
from sms_service.services.recruiters.directory import Directory
from sms_service.services.recruiters.list_import import ImportPlan, ListFile
from sms_service.services.staff import accounts as staff
from sms_service.store.engine import Store
from sms_service.store.models import Recruiter
from sms_service.web.console import uploads
from sms_service.web.console.fields import Typed
from sms_service.web.console.formats import day
from sms_service.web.console.lists import PAGE, after_id, listing
from sms_service.web.console.pages import Answer, Moved, Page, Shown, Visit

_RIGHT, _WARN = "recruiters", "recruiters.warn"
_PURPOSE = "recruiters"
_PERIODS = ("7", "30", "90", "365")
_MOST_CHANGES = 40  # shown of a preview: the figures are complete, the examples are not


@lru_cache(maxsize=2)
def _kept_directory(store: Store) -> tuple[ReadModel[Directory], ReadModels]:
    model = recruiters.new_read_model()
    return model, ReadModels(store, [model])


def directory(visit: Visit) -> Directory:
    """The list as callers are answered from it, read anew when it has changed."""
    model, models = _kept_directory(visit.runtime.store)
    models.refresh()
    return model.value


def statuses() -> dict[str, str]:
    """What the list says of a company."""
    return {
        "active": _("active"),
        "suspended": _("suspended"),
        "revoked": _("revoked"),
        "expired": _("expired"),
        "not_listed": _("not in the list any more"),
        WARNED: _("with a warning of the office"),
    }


def columns() -> dict[str, str]:
    """What the desk calls the columns of the list."""
    return {
        "row": _("the whole row"),
        "name": _("Name"),
        "license_number": _("Licence"),
        "status": _("Status"),
        "valid_until": _("Valid until"),
        "address": _("Address"),
        "phone": _("Phone"),
        "branch_in_ntt": _("Branch in NTT"),
    }


def changes() -> dict[str, str]:
    """What an import does to a company."""
    return {"added": _("new"), "changed": _("changed"), "removed": _("not in the list any more")}


def show_all(visit: Visit) -> Shown:
    """The list in force, and the search that callers use."""
    asked, status = visit.query.get("q", "").strip()[:60], visit.query.get("status", "")
    known = status if status in statuses() else ""
    found = recruiter_desk.list_companies(visit.tx, PAGE + 1, after_id(visit.query) or 0, known)
    values = {
        "current": recruiter_import.find_current_list(visit.tx),
        "counts": recruiter_desk.count_companies(visit.tx),
        "page": listing(found, visit.query, lambda company: company.id),
        "query": visit.query,
        "asked": asked,
        "found": recruiters.look_up(directory(visit), asked) if asked else None,
        "directory": directory(visit) if asked else None,
        "statuses": statuses(),
        "filters": [
            ("", _("all")),
            *((key, name) for key, name in statuses().items() if key != "not_listed"),
        ],
    }
    return Shown("recruiters.html", values)


def show_one(visit: Visit) -> Shown:
    """One company: what the list says, what callers are told, what changed, the office's warning."""
    company = recruiter_desk.get_company(visit.tx, visit.id("recruiter_id"))
    history = [
        (change, entry, _fields(change.before or {}, change.after or {}))
        for change, entry in recruiter_desk.list_history(visit.tx, company)
    ]
    values = {
        "one": company,
        "statuses": statuses(),
        "changes": changes(),
        "columns": columns(),
        "history": history,
        "screens": _screens(visit, company),
        "may_warn": may(visit.person.role, _WARN),
    }
    return Shown("recruiter.html", values)


def show_warning(visit: Visit) -> Shown:
    """Write the office's warning on a name, change it, or take it away."""
    company = recruiter_desk.get_company(visit.tx, visit.id("recruiter_id"))
    values = {
        "one": company,
        "longest": LONGEST_WARNING,
        "typed": visit.typed,
        "errors": visit.errors,
    }
    return Shown("recruiter_warning.html", values)


def warn(visit: Visit) -> Moved:
    """Set the warning, or clear it."""
    typed = Typed(visit.form, visit.runtime.settings.zone)
    words = " ".join(typed.text("warning", longest=LONGEST_WARNING).split())
    reason, seen = typed.text("reason", required=True, longest=200), typed.text("seen")
    typed.check()
    recruiter_desk.set_warning(
        visit.tx, visit.id("recruiter_id"), words, reason, seen, visit.person, visit.now
    )
    said = _("The warning is set. Callers read it from now on.") if words else _("The warning is gone.")
    return Moved(f"recruiters/{visit.id('recruiter_id')}", said)


def show_imports(visit: Visit) -> Shown:
    """Every list that was taken in, latest first."""
    found = recruiter_desk.list_imports(visit.tx, PAGE + 1, after_id(visit.query))
    return Shown("recruiter_imports.html", {"page": listing(found, visit.query, lambda entry: entry.id)})


def show_import(visit: Visit) -> Shown:
    """What one list changed."""
    entry = recruiter_desk.get_import(visit.tx, visit.id("list_id"))
    kind = visit.query.get("change", "")
    found = recruiter_desk.list_changes(
        visit.tx, entry.id, PAGE + 1, after_id(visit.query) or 0, kind if kind in changes() else ""
    )
    page = listing(found, visit.query, lambda change: change.id)
    values = {
        "entry": entry,
        "page": page,
        "rows": [(change, _fields(change.before or {}, change.after or {})) for change in page.items],
        "changes": changes(),
        "filters": [("", _("all")), *changes().items()],
        "columns": columns(),
        "query": visit.query,
    }
    return Shown("recruiter_changes.html", values)


def show_misses(visit: Visit) -> Shown:
    """What people asked for and did not find: an early warning."""
    days = visit.query.get("days", "")
    days = days if days in _PERIODS else "30"
    since = visit.now.astimezone(visit.runtime.settings.zone).date() - timedelta(days=int(days) - 1)
    values = {
        "misses": recruiters.list_misses(visit.tx, since, 100),
        "since": since,
        "days": days,
        "periods": [(one, _("%(count)s days", count=one)) for one in _PERIODS],
    }
    return Shown("recruiter_misses.html", values)


def show_send(visit: Visit) -> Shown:
    """Send a new list."""
    names = columns()
    needed = {"phone": _("may be missing"), "address": _("may be missing")}
    values = {
        "heading": _("Import the official list"),
        "back": "/console/recruiters",
        "back_words": _("Recruiter list"),
        "explained": [
            _("The new list takes the place of the one in force. Warnings of the office stay."),
        ],
        "columns": [(names[name], needed.get(name, _("must be there"))) for name in COLUMNS],
        "asks_date": True,
        "typed": visit.typed,
        "errors": visit.errors,
    }
    return Shown("import_send.html", values)


def send(visit: Visit) -> Moved:
    """Read the file once, so that one that is no list is refused here."""
    typed = Typed(visit.form, visit.runtime.settings.zone)
    as_of = typed.day("as_of_day", required=True)
    typed.check()
    upload = uploads.take(visit, {"as_of": as_of.isoformat() if as_of else ""})
    recruiter_import.read_list(upload.content, upload.name)
    return Moved(f"recruiters/import/{uploads.keep(visit, _PURPOSE, upload)}")


def show_check(visit: Visit) -> Answer:
    """What the new list would change."""
    kept = _kept(visit)
    if kept is None:
        return uploads.gone("recruiters/import")
    source, as_of = kept
    with visit.runtime.store.read() as tx:
        plan = recruiter_import.import_list(tx, source, as_of, visit.person.name, visit.now, dry_run=True)
    values = {
        **uploads.told(plan.faults, plan.notes, plan.other_columns),
        "heading": _("Is this list right?"),
        "back": "/console/recruiters",
        "back_words": _("Recruiter list"),
        "file_name": source.name,
        "figures": [
            (_("new"), plan.count("added")),
            (_("changed"), plan.count("changed")),
            (_("leave the list"), plan.count("removed")),
            (_("stay as they are"), plan.unchanged + plan.kept),
        ],
        "explained": [_dates(plan)],
        "refusals": [_refusal(words, plan) for words in plan.refusals],
        "changes": [_change(each) for each in plan.differences[:_MOST_CHANGES]],
        "more_changes": max(len(plan.differences) - _MOST_CHANGES, 0),
        "columns": columns(),
        "accept": _("Put the list into force"),
        "is_nothing": plan.is_empty,
        "again": "/console/recruiters/import",
        "typed": visit.typed,
    }
    return Shown("import_check.html", values)


def accept(visit: Visit) -> Answer:
    """Put the list into force."""
    kept = _kept(visit)
    if kept is None:
        return uploads.gone("recruiters/import")
    source, as_of = kept
    is_forced = bool(visit.form.get("force"))
    with visit.runtime.store.transaction() as tx:
        plan = recruiter_import.import_list(
            tx,
            source,
            as_of,
            visit.person.name,
            visit.now,
            skip_bad_rows=bool(visit.form.get("skip_bad_rows")),
            force=is_forced,
        )
        if plan.is_written:
            figures: dict[str, int] = {change: plan.count(change) for change in recruiter_desk.CHANGES}
            details = {"as_of": plan.as_of, **figures, "forced": is_forced}
            subject = ("recruiter_list", plan.as_of.isoformat())
            staff.record_audit(tx, visit.person.id, "recruiters.import", subject, details, visit.now)
    uploads.drop(visit, _PURPOSE)
    return Moved(
        "recruiters", _("The list of %(day)s is in force. Callers are answered from it.", day=day(as_of))
    )


def _kept(visit: Visit) -> tuple[ListFile, date] | None:
    upload = uploads.find(visit, _PURPOSE)
    if upload is None:
        return None
    source = recruiter_import.read_list(upload.content, upload.name)
    return source, date.fromisoformat(upload.said["as_of"])


def _dates(plan: ImportPlan) -> str:
    if plan.previous_as_of is None:
        return str(_("The list of %(day)s. No list is in force yet.", day=day(plan.as_of)))
    before = day(plan.previous_as_of)
    return str(
        _("The list of %(day)s, in place of the one of %(before)s.", day=day(plan.as_of), before=before)
    )


def _refusal(words: str, plan: ImportPlan) -> str:
    """A refusal of the service in the reader's language; one that is not known here as it is."""
    known = {
        "the list in force": _("The list in force is newer than this one."),
        "the date": _("The date of this list lies more than a year ahead."),
        "the file holds no company": _("The file holds no company that can be read."),
    }
    if words.endswith("would be removed"):
        return str(
            _("More than half of the list would go: %(count)s companies.", count=plan.count("removed"))
        )
    return next((said for start, said in known.items() if words.startswith(start)), words)


def _change(each: Difference) -> dict[str, Any]:
    fields = _fields(each.before or {}, each.after or {}) if each.change == "changed" else []
    names = changes()
    return {
        "name": each.name,
        "licence": each.license_number,
        "kind": each.change,
        "words": names[each.change],
        "fields": fields,
    }


def _fields(before: Mapping[str, str], after: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """What differs, where there is a before and an after."""
    if not before or not after:
        return []
    differing = [key for key in after if before.get(key, "") != after[key]]
    return [(key, _value(key, before.get(key, "")), _value(key, after[key])) for key in differing]


def _value(column: str, kept: str) -> str:
    """What a list says in a column, in words."""
    words: Mapping[str, str] = statuses() if column == "status" else {"True": _("yes"), "False": _("no")}
    return words.get(str(kept), kept)


def _screens(visit: Visit, company: Recruiter) -> list[str]:
    """What a caller in the reader's language is told; nothing where the list does not name the company."""
    held = directory(visit)
    details = held.companies.get(company.id)
    if details is None:
        return []
    runtime = visit.runtime
    today = visit.now.astimezone(runtime.settings.zone).date()
    words = RecruiterWords(held, runtime.menu, runtime.settings, "id", today)
    node = runtime.menu.nodes["check.answer"]
    return list(render.screens_of_page(runtime.menu, node, "id", words.about(details)))


_ONE = "/recruiters/<int:recruiter_id>"
PAGES = (
    Page("/recruiters", _RIGHT, show=show_all),
    Page(_ONE, _RIGHT, show=show_one),
    Page(f"{_ONE}/warning", _WARN, show=show_warning, act=warn),
    Page("/recruiters/imports", _RIGHT, show=show_imports),
    Page("/recruiters/imports/<int:list_id>", _RIGHT, show=show_import),
    Page("/recruiters/misses", _RIGHT, show=show_misses),
    Page("/recruiters/import", _RIGHT, show=show_send, act=send, is_upload=True, is_free=True),
    Page("/recruiters/import/<key>", _RIGHT, show=show_check, act=accept, is_free=True),
)
