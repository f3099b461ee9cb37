"""The words in which the desk speaks of reports: statuses, outcomes, flags, tiers, and what happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext as _

from menus.words import say
from sms_service.domain import districts, report_statuses
from sms_service.logs import mask_numbers
from sms_service.services.reports.cases import Changed
from sms_service.services.reports.notes import Way
from sms_service.services.reports.time_line import Step
from sms_service.web.console.pages import Visit


def statuses() -> dict[str, str]:
    """Where a case stands."""
    return {
        "new": _("new"),
        "triaged": _("looked at"),
        "verifying": _("being checked"),
        "referred": _("with another office"),
        "closed": _("closed"),
    }


def moves(status: str) -> list[tuple[str, str]]:
    """The next statuses that are open to a case, with the words of their buttons; closing is apart."""
    words = {
        "triaged": _("I have looked at it"),
        "verifying": _("Open it again") if status == "closed" else _("Start checking"),
        "referred": _("Hand it to another office"),
    }
    legal = report_statuses.MOVES[status]
    return [(one, words[one]) for one in report_statuses.STATUSES if one in legal and one in words]


def outcomes() -> dict[str, str]:
    """How a case ended."""
    return {
        "acted": _("something was done about it"),
        "handed_over": _("another office has it for good"),
        "not_enough": _("too little to go on"),
        "unfounded": _("looked into: nothing was wrong"),
        "prank": _("a prank"),
    }


def priorities() -> dict[int, str]:
    """How soon a case is to be worked on."""
    return {1: _("urgent"), 2: _("high"), 3: _("usual"), 4: _("low")}


def flags() -> dict[str, str]:
    """Why a report may not be one more witness. Hints, never verdicts."""
    return {
        "same_reporter": _("the same caller has reported before"),
        "may_be_one": _("may be the same person as another report: nearly the same words, time and place"),
        "burst": _("one of many within an hour from one district: together they count as one"),
    }


def tiers(threshold: int) -> dict[str, str]:
    """How much stands behind a cluster, in plain words."""
    return {
        "single": _("One report counts. Callers are told nothing."),
        "repeated": _(
            "Several reports, but fewer than %(count)s people who tell it independently. "
            "Callers are told nothing.",
            count=threshold,
        ),
        "corroborated": _(
            "%(count)s or more people tell it independently. "
            "Callers who check this very name or number are told that there are several reports.",
            count=threshold,
        ),
        "confirmed": _("The office has signed its own warning. Callers who check are told so."),
    }


def tier_names() -> dict[str, str]:
    """The same as one word each, for lists."""
    return {
        "single": _("one report"),
        "repeated": _("several reports"),
        "corroborated": _("enough people tell it"),
        "confirmed": _("signed by the office"),
    }


def cluster_statuses() -> dict[str, str]:
    """Where a cluster stands."""
    return {
        "open": _("open"),
        "dismissed": _("dismissed"),
        "joined": _("joined into another one"),
        "apart": _("taken apart"),
    }


def link_statuses() -> dict[str, str]:
    """What people have said of two reports."""
    return {
        "suggested": _("waits for a decision"),
        "confirmed": _("about the same"),
        "split": _("not about the same"),
    }


def ways(way: Way) -> str:
    """How the reporter will learn of a reply: said before it is sent."""
    said: dict[str, str] = {
        "text": _("A short text goes to the reporter at once. It says only that there is news, not what."),
        "later": _("A short text goes to the reporter after the quiet hours. It says no more than that."),
        "told": _("A text of today has said already that there is news. No second one is sent."),
        "anonymous": _("No text is sent: it is anonymous. The reply waits until the status is asked."),
        "no_texts": _("No text is sent: the reporter wants none. The reply waits until the status is asked."),
        "stopped": _("No text is sent: the number has said STOP. The reply waits until the status is asked."),
    }
    return said[way.how]


def text_states() -> dict[str, str]:
    """What became of the text that announced a reply."""
    return {
        "queued": _("the text waits"),
        "sending": _("the text is being sent"),
        "sent": _("the text is sent"),
        "delivered": _("the text has arrived"),
        "failed": _("the text did not arrive"),
        "expired": _("the text came too late and was not sent"),
        "opted_out": _("no text: the number has said STOP"),
        "unknown": _("it is not known whether the text arrived"),
    }


def modi(visit: Visit, keys: Iterable[str]) -> str:
    """What happened, in the words that callers choose from."""
    language = visit.signed_in.language
    return "; ".join(say(visit.runtime.menu, language, f"report.modus.{key}") for key in keys)


def destination(visit: Visit, key: str) -> str:
    """Where the person was to go."""
    return say(visit.runtime.menu, visit.signed_in.language, f"report.destination.{key}") if key else ""


def place(code: str | None) -> str:
    """A district's name."""
    return districts.by_code(code).name if code else str(_("no district given"))


def changed(change: Changed, people: Mapping[int, str]) -> str:
    """What somebody else has done meanwhile, as a sentence."""
    who = change.by or _("the service")
    if change.field == "duplicates":
        return str(_("%(who)s has merged report %(other)s into this one.", who=who, other=change.to))
    what, to = value(change.field, change.to, people)
    return str(_("%(what)s is now: %(to)s (%(who)s).", what=what, to=to, who=who))


def value(field: str, given: object, people: Mapping[int, str] | None = None) -> tuple[str, str]:
    """A field of a case and its value, in words."""
    names: dict[str, tuple[str, Mapping[Any, str]]] = {
        "status": (_("Status"), statuses()),
        "outcome": (_("Outcome"), outcomes()),
        "priority": (_("Priority"), priorities()),
        "assignee_id": (_("Worked on by"), people or {}),
        "duplicate_of_id": (_("Merged into report"), {}),
    }
    name, words = names.get(field, (field, {}))
    return name, _("nothing") if given in (None, "") else words.get(given, str(given))


def step(told: Step) -> list[str]:
    """One step of a time line as sentences."""
    details = told.details
    if told.act == "report.change":
        return [
            "{}: {}".format(*value(field, given.get("to")))
            for field, given in details.items()
            if isinstance(given, Mapping)
        ]
    number = details.get("report") or details.get("duplicate") or details.get("left") or ""
    pair = details.get("reports")
    both = ", ".join(str(one) for one in pair) if isinstance(pair, list) else ""
    reason = mask_numbers(str(details.get("reason", "")))
    said = {
        "received": _("Report %(number)s came in.", number=number) if number else _("The report came in."),
        "note": _("Note for the office"),
        "reply": _("Reply to the reporter"),
        "report.merge": _("Report %(number)s was merged into this one.", number=number),
        "report.reveal": _("Looked at the reporter's number: %(reason)s", reason=reason),
        "report.reveal_recruiter": _("Looked at the recruiter's number: %(reason)s", reason=reason),
        "report_cluster.confirm_link": _("Reports %(both)s were said to be about the same.", both=both),
        "report_cluster.split_link": _("Report %(number)s was taken out.", number=number),
        "report_cluster.join": _("Clusters were joined; reports that came over: %(both)s.", both=both),
        "report_cluster.apart": _("Fewer than two reports were left: taken apart."),
        "report_cluster.confirm": _("The office signed its warning: %(reason)s", reason=reason),
        "report_cluster.dismiss": _("Dismissed: %(reason)s", reason=reason),
    }
    return [said.get(told.act, told.act)]
