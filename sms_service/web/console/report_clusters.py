"""Clusters: two reports side by side and whether they tell the same; what stands behind a cluster; signing,
dismissing, and the draft of a warning.

Nobody who reported can be recognised here: no reporter, no story, no receipt; numbers are masked. Every look
is in the audit trail.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from sms_service.domain import phones, texts
from sms_service.domain.corroboration import TIERS, UNFOUNDED
from sms_service.domain.roles import may
from sms_service.logs import mask_numbers
from sms_service.services.broadcasts.audience import Audience
from sms_service.services.reports import (
    cluster_views as report_cluster_views,
)
from sms_service.services.reports import (
    clusters as report_clusters,
)
from sms_service.services.reports import (
    links as report_links,
)
from sms_service.services.reports import (
    surges,
)
from sms_service.services.reports import (
    time_line as report_time_line,
)
from sms_service.services.reports import (
    warnings as report_warnings,
)
from sms_service.services.reports.cluster_views import Summary
from sms_service.services.reports.index import opened
from sms_service.services.reports.reported import Facts
from sms_service.services.staff import accounts as staff
from sms_service.store.models import Broadcast, Report, ReportCluster, ReportLink
from sms_service.web.console import report_words as words
from sms_service.web.console.fields import Typed
from sms_service.web.console.lists import after_id, listing
from sms_service.web.console.pages import Moved, Page, Shown, Visit

_LOOK, _WORK, _SIGN = "reports.clusters", "reports", report_clusters.CONFIRM_RIGHT
_CLUSTERS_A_PAGE, _LINKS_A_PAGE = 25, 10
_MOST_SHOWN = 100  # reports, and links, of one cluster


def show_all(visit: Visit) -> Shown:
    """All clusters, those changed last first."""
    status, tier = visit.query.get("status", report_clusters.OPEN), visit.query.get("tier", "")
    threshold = _threshold(visit)
    found = report_clusters.list_clusters(
        visit.tx,
        _CLUSTERS_A_PAGE + 1,
        threshold,
        _before(visit.query.get("after", "")),
        status if status in report_clusters.STATUSES else None,
        next((one for one in TIERS if one == tier), None),
    )
    page = listing(found, visit.query, _cursor, _CLUSTERS_A_PAGE)
    _looked(visit, "report_cluster.list", [cluster.id for cluster in page.items])
    values = {
        "page": page,
        "rows": [
            _line(summary) for summary in report_cluster_views.summarise(visit.tx, page.items, threshold)
        ],
        "query": visit.query,
        "statuses": [*words.cluster_statuses().items(), ("all", _("all"))],
        "tiers": [("", _("all")), *words.tier_names().items()],
    }
    return Shown("clusters.html", values)


def show_one(visit: Visit) -> Shown:
    """One cluster: what stands behind it, and what can be done."""
    cluster = report_clusters.get_cluster(visit.tx, visit.id("cluster_id"))
    threshold = _threshold(visit)
    view = report_cluster_views.look_at(visit.tx, cluster, threshold)
    _looked(visit, "report_cluster.read", [cluster.id])
    steps = report_time_line.of_cluster(visit.tx, cluster, view.reports)
    values = {
        "cluster": cluster,
        "status": words.cluster_statuses()[cluster.status],
        "tier": words.tiers(threshold)[view.tier],
        "threshold": threshold,
        "reports": [_told(visit, report) for report in view.reports[:_MOST_SHOWN]],
        "total": len(view.reports),
        "links": [_link(visit, link) for link in view.links[:_MOST_SHOWN]],
        "districts": [words.place(code) for code in view.districts],
        "shown": _facts(visit, view.shown, view.reports),
        "once_signed": _facts(visit, view.once_signed, view.reports),
        "steps": [(step, words.step(step)) for step in steps],
        "warnings": report_warnings.list_warnings(visit.tx, cluster.id),
        "is_open": cluster.status == report_clusters.OPEN,
        "is_enough": cluster.confirmed_at is not None or cluster.independent >= threshold,
        **_rights(visit),
        "typed": visit.typed,
        "errors": visit.errors,
    }
    return Shown("cluster.html", values)


def show_links(visit: Visit) -> Shown:
    """Suggested links, or those of another status: two reports side by side."""
    status = visit.query.get("status", report_links.SUGGESTED)
    known = words.link_statuses()
    found = report_links.list_links(
        visit.tx,
        _LINKS_A_PAGE + 1,
        after_id(visit.query),
        status if status in known else report_links.SUGGESTED,
    )
    page = listing(found, visit.query, lambda link: link.id, _LINKS_A_PAGE)
    values = {
        "page": page,
        "pairs": _pairs(visit, page.items),
        "query": visit.query,
        "statuses": list(known.items()),
        **_rights(visit),
    }
    _looked(visit, "report_link.list", [link.id for link in page.items])
    return Shown("links.html", values)


def show_link(visit: Visit) -> Shown:
    """One pair, with what has been decided of it."""
    link = report_links.get_link(visit.tx, visit.id("link_id"))
    _looked(visit, "report_link.read", [link.id])
    return Shown("link.html", {"pairs": _pairs(visit, [link]), "link": link, **_rights(visit)})


def confirm_link(visit: Visit) -> Moved:
    """Two reports are about the same."""
    typed = Typed(visit.form, visit.runtime.settings.zone)
    version, join = typed.number("version", required=True, smallest=1) or 0, typed.ticked("join")
    typed.check()
    report_clusters.confirm_link(
        visit.tx, visit.id("link_id"), version, visit.person, _threshold(visit), visit.now, join=join
    )
    return Moved(_onward(visit), _("Kept: these two are about the same."))


def split_link(visit: Visit) -> Moved:
    """They are not."""
    typed = Typed(visit.form, visit.runtime.settings.zone)
    version = typed.number("version", required=True, smallest=1) or 0
    typed.check()
    report_clusters.split_link(
        visit.tx, visit.id("link_id"), version, visit.person, _threshold(visit), visit.now
    )
    return Moved(_onward(visit), _("Kept: these two are not about the same. It is not suggested again."))


def show_sign(visit: Visit) -> Shown:
    """Before the office signs: what callers would be told."""
    return _question(visit, "cluster_sign.html")


def sign(visit: Visit) -> Moved:
    """The office's own warning."""
    cluster_id, reason, version = _reasoned(visit)
    report_clusters.confirm_by_office(visit.tx, cluster_id, visit.person, reason, visit.now, version)
    return Moved(f"clusters/{cluster_id}", _("Signed. Callers who check are told that the office warns."))


def show_dismiss(visit: Visit) -> Shown:
    """Before a cluster is dismissed."""
    return _question(visit, "cluster_dismiss.html")


def dismiss(visit: Visit) -> Moved:
    """Nothing is to be told of it."""
    cluster_id, reason, version = _reasoned(visit)
    report_clusters.dismiss(visit.tx, cluster_id, visit.person, reason, visit.now, version)
    return Moved(f"clusters/{cluster_id}", _("Dismissed. Callers are told nothing of it."))


def show_warning(visit: Visit) -> Shown:
    """The drafts of warnings of a cluster, in full."""
    cluster = report_clusters.get_cluster(visit.tx, visit.id("cluster_id"))
    _looked(visit, "report_cluster.read", [cluster.id])
    drafts = report_warnings.list_warnings(visit.tx, cluster.id)
    values = {
        "cluster": cluster,
        "drafts": [_draft(draft) for draft in drafts],
        "has_draft": any(draft.status == report_warnings.DRAFT for draft in drafts),
        "may_send": may(visit.person.role, "broadcasts"),
    }
    return Shown("cluster_warning.html", values)


def draft_warning(visit: Visit) -> Moved:
    """Draft a warning for the districts of a cluster, or find the draft that is there."""
    cluster_id, runtime = visit.id("cluster_id"), visit.runtime
    report_warnings.draft_warning(
        visit.tx, cluster_id, visit.person, runtime.menu, runtime.settings, visit.now
    )
    return Moved(f"clusters/{cluster_id}/warning", _("The draft is written. Nothing has been sent."))


def see_surge(visit: Visit) -> Moved:
    """Somebody looks after a surge."""
    surges.mark_seen(visit.tx, visit.id("surge_id"), visit.person.id, visit.now)
    return Moved("", _("You look after it."))


def _question(visit: Visit, template: str) -> Shown:
    cluster = report_clusters.get_cluster(visit.tx, visit.id("cluster_id"))
    view = report_cluster_views.look_at(visit.tx, cluster, _threshold(visit))
    _looked(visit, "report_cluster.read", [cluster.id])
    values = {
        "cluster": cluster,
        "status": words.cluster_statuses()[cluster.status],
        "is_open": cluster.status == report_clusters.OPEN,
        "tier": words.tiers(_threshold(visit))[view.tier],
        "once_signed": _facts(visit, view.once_signed, view.reports),
        "has_moved": visit.typed.get("version", str(cluster.version)) != str(cluster.version),
        "longest": report_clusters.LONGEST_REASON,
        "typed": visit.typed,
        "errors": visit.errors,
    }
    return Shown(template, values)


def _reasoned(visit: Visit) -> tuple[int, str, int | None]:
    typed = Typed(visit.form, visit.runtime.settings.zone)
    reason = typed.text("reason", required=True, longest=report_clusters.LONGEST_REASON)
    version = typed.number("version", required=True, smallest=1)
    typed.check()
    return visit.id("cluster_id"), reason, version


def _pairs(visit: Visit, links: Sequence[ReportLink]) -> list[dict[str, Any]]:
    """Links with both reports of each."""
    ids = [one for link in links for one in (link.earlier_id, link.later_id)]
    told = {report.id: _told(visit, report) for report in report_cluster_views.reports_by_id(visit.tx, ids)}
    held = {one["cluster"] for one in told.values()} - {None}
    closed = report_cluster_views.not_open(visit.tx, held)
    pairs = []
    for link in links:
        one, other = told[link.earlier_id], told[link.later_id]
        clusters = {one["cluster"], other["cluster"]} - {None}
        is_closed, joins = bool(clusters & closed), len(clusters) > 1
        pairs.append({**_link(visit, link), "one": one, "other": other, "joins": joins, "closed": is_closed})
    return pairs


def _link(visit: Visit, link: ReportLink) -> dict[str, Any]:
    return {
        "link": link,
        "why": report_links.explain(visit.runtime.menu, visit.signed_in.language, link.reasons),
        "status": words.link_statuses()[link.status],
    }


def _told(visit: Visit, report: Report) -> dict[str, Any]:
    """What a report tells of the recruiter; not who told it."""
    number = opened(visit.tx, report.recruiter_phone_sealed)
    return {
        "id": report.id,
        "received_at": report.received_at,
        "status": words.statuses()[report.status],
        "outcome": words.outcomes().get(report.outcome or "", ""),
        "district": words.place(report.district),
        "name": mask_numbers(opened(visit.tx, report.recruiter_name_sealed)),
        "phone": phones.mask(number) if number else "",
        "modi": words.modi(visit, report.modi),
        "cluster": report.cluster_id,
        "why_not": _why_not(report),
    }


def _why_not(report: Report) -> list[str]:
    """Why a report may not count as one more person."""
    why = [words.flags().get(flag, flag) for flag in report.flags]
    if report.outcome in UNFOUNDED:
        why.insert(0, _("does not count: it was closed as unfounded or as a prank"))
    if report.duplicate_of_id is not None:
        main = report.duplicate_of_id
        why.insert(0, _("counts together with report %(number)s: it is merged into that one", number=main))
    if report.redacted_at is not None:
        why.append(_("what was told is gone after its time"))
    return why


def _facts(visit: Visit, facts: Facts, reports: Sequence[Report]) -> list[str]:
    """Names as reporters write them, and masked numbers."""
    names = report_cluster_views.as_written(visit.tx, facts, reports)
    numbers = {
        report.recruiter_phone_hash: phones.mask(opened(visit.tx, report.recruiter_phone_sealed))
        for report in reports
        if report.recruiter_phone_sealed is not None
    }
    return [*map(mask_numbers, names), *(numbers[each] for each in facts.phones if each in numbers)]


def _line(summary: Summary) -> dict[str, Any]:
    return {
        "cluster": summary.cluster,
        "reports": summary.reports,
        "name": mask_numbers(summary.name),
        "tier": words.tier_names()[summary.tier],
        "status": words.cluster_statuses()[summary.cluster.status],
        "districts": [words.place(code) for code in summary.districts],
    }


def _draft(row: Broadcast) -> dict[str, Any]:
    audience = Audience.from_json(row.audience)
    written = [("Bahasa Indonesia", "id", row.text_id), ("English", "en", row.text_en)]
    return {
        "row": row,
        "texts": [
            {"name": name, "language": language, "text": text, "size": texts.measure(text)}
            for name, language, text in written
            if text
        ],
        "districts": [words.place(code) for code in audience.districts],
    }


def _rights(visit: Visit) -> Mapping[str, bool]:
    role = visit.person.role
    return {"may_work": may(role, _WORK), "may_sign": may(role, _SIGN)}


def _threshold(visit: Visit) -> int:
    return visit.runtime.settings.reporting_threshold


def _looked(visit: Visit, act: str, ids: list[int]) -> None:
    """Every look at reports is kept."""
    subject = (act.partition(".")[0], "-" if len(ids) != 1 else ids[0])
    staff.record_audit(visit.tx, visit.person.id, act, subject, {"shown": ids}, visit.now)


def _onward(visit: Visit) -> str:
    """Back to where the decision was made: a cluster's page, or the suggestions."""
    cluster = Typed(visit.form, visit.runtime.settings.zone).number("cluster", smallest=1)
    return f"clusters/{cluster}" if cluster else "clusters/suggestions"


def _cursor(cluster: ReportCluster) -> str:
    return f"{cluster.updated_at.isoformat()}~{cluster.id}"


def _before(given: str) -> tuple[datetime, int] | None:
    """What `_cursor` wrote; anything else begins at the front."""
    try:
        at, last = given.split("~")
        before = datetime.fromisoformat(at.replace(" ", "+")), int(last)
    except ValueError:
        return None
    return before if before[0].tzinfo is not None and 0 < before[1] < 2**31 else None


_ONE, _LINK = "/clusters/<int:cluster_id>", "/clusters/links/<int:link_id>"
PAGES = (
    Page("/clusters", _LOOK, show=show_all, is_audited=True),
    Page("/clusters/suggestions", _LOOK, show=show_links, is_audited=True),
    Page(_LINK, _LOOK, show=show_link, is_audited=True),
    Page(f"{_LINK}/confirm", _WORK, act=confirm_link, back="clusters/links/{link_id}"),
    Page(f"{_LINK}/split", _WORK, act=split_link, back="clusters/links/{link_id}"),
    Page(_ONE, _LOOK, show=show_one, is_audited=True),
    Page(f"{_ONE}/sign", _SIGN, show=show_sign, act=sign, is_audited=True),
    Page(f"{_ONE}/dismiss", _WORK, show=show_dismiss, act=dismiss, is_audited=True),
    Page(f"{_ONE}/warning", _WORK, show=show_warning, is_audited=True),
    Page(f"{_ONE}/draft-warning", _WORK, act=draft_warning, back="clusters/{cluster_id}"),
    Page("/surges/<int:surge_id>/seen", _LOOK, act=see_surge, back="#surges"),
)
