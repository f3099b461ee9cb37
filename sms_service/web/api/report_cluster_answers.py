"""What is answered about links and clusters of reports. Nobody who reported can be recognised here: there is
no reporter, no story, no receipt. Numbers are masked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, cast

from pydantic import Field

from menus.model import Menu
from sms_service.domain import districts, phones
from sms_service.domain.corroboration import UNFOUNDED, Tier
from sms_service.services.reports import cluster_views as report_cluster_views
from sms_service.services.reports import links as report_links
from sms_service.services.reports.index import opened
from sms_service.services.reports.reported import Facts
from sms_service.store.engine import Tx
from sms_service.store.models import Report, ReportCluster, ReportLink, Surge
from sms_service.web.api.endpoints import Call
from sms_service.web.api.fields import Answered

ClusterStatus = Literal["open", "dismissed", "joined", "apart"]
LinkStatus = Literal["suggested", "confirmed", "split"]
_MOST_SHOWN = 200  # reports, and links, of one cluster


class ReasonAnswer(Answered):
    """One reason of a link: phone, name (with its ratio), place (village or district), days apart."""

    kind: Literal["phone", "name", "place", "days"]
    ratio: float | None = None
    telling: float | None = Field(None, description="how telling the shared words are: 1 rare, 0 everybody's")
    level: Literal["village", "district"] | None = None
    days: int | None = None


class ExplanationAnswer(Answered):
    """The reasons in words."""

    id: str
    en: str


class ToldAnswer(Answered):
    """What a report tells of the recruiter; not who told it."""

    id: int
    received_at: datetime
    status: str
    outcome: str | None
    district: str | None
    recruiter_name: str
    recruiter_phone: str | None = Field(description="masked")
    cluster: int | None
    flags: list[str]
    counts: bool = Field(description="false: closed as unfounded")


class LinkAnswer(Answered):
    """Two reports that may be about the same person or company, and why."""

    id: int
    status: LinkStatus
    score: float
    reasons: list[ReasonAnswer]
    explanation: ExplanationAnswer
    earlier: ToldAnswer
    later: ToldAnswer
    version: int
    decided_at: datetime | None
    created_at: datetime


class LinkListAnswer(Answered):
    """Links, newest first."""

    items: list[LinkAnswer]
    next: str | None


class ClusterLinkAnswer(Answered):
    """A link within a cluster, or from it to a report that is not in it yet (suggested)."""

    id: int
    status: LinkStatus
    score: float
    reasons: list[ReasonAnswer]
    explanation: ExplanationAnswer
    earlier: int
    later: int
    version: int


class ShownAnswer(Answered):
    """What callers are told of, when they check this very name or number. Empty below the threshold."""

    names: list[str]
    phones: list[str] = Field(description="masked")


class ClusterAnswer(Answered):
    """Reports that staff hold to be about the same. `callers_learn_of`: what a recruiter check shows;
    `would_learn_of`: what it would show once the office has signed its warning."""

    id: int
    status: ClusterStatus
    joined_into: int | None
    tier: Tier
    independent: int = Field(
        description="people who tell it, independent of each other as far as can be seen"
    )
    threshold: int
    reports: list[ToldAnswer]
    reports_total: int
    links: list[ClusterLinkAnswer]
    districts: list[str]
    callers_learn_of: ShownAnswer
    would_learn_of: ShownAnswer
    confirmed_at: datetime | None
    confirmed_reason: str
    version: int
    created_at: datetime
    updated_at: datetime


class ClusterListAnswer(Answered):
    """Clusters, those changed last first."""

    items: list[ClusterAnswer]
    next: str | None


class SurgeAnswer(Answered):
    """More of one name in a day than its past suggests. `subject`: the name that was asked for (numbers as
    their hash), or the first report of the day."""

    id: int
    day: str
    kind: Literal["miss", "reports"]
    subject: str
    count: int
    expected: float
    raised_at: datetime
    seen: bool


class SurgeListAnswer(Answered):
    """Surges, newest first."""

    items: list[SurgeAnswer]
    next: str | None


def cluster_answer(call: Call, cluster: ReportCluster) -> ClusterAnswer:
    """A cluster with its reports, links and tier, and what of it callers learn."""
    tx, threshold, zone = call.tx, call.runtime.settings.reporting_threshold, call.runtime.settings.zone
    view = report_cluster_views.look_at(tx, cluster, threshold)
    return ClusterAnswer(
        id=cluster.id,
        status=cast(ClusterStatus, cluster.status),
        joined_into=cluster.joined_into_id,
        tier=view.tier,
        independent=cluster.independent,
        threshold=threshold,
        reports=[_told(call, report) for report in view.reports[:_MOST_SHOWN]],
        reports_total=len(view.reports),
        links=[_cluster_link(call.runtime.menu, link) for link in view.links[:_MOST_SHOWN]],
        districts=list(view.districts),
        callers_learn_of=_shown(tx, view.shown, view.reports),
        would_learn_of=_shown(tx, view.once_signed, view.reports),
        confirmed_at=None if cluster.confirmed_at is None else cluster.confirmed_at.astimezone(zone),
        confirmed_reason=cluster.confirmed_reason,
        version=cluster.version,
        created_at=cluster.created_at.astimezone(zone),
        updated_at=cluster.updated_at.astimezone(zone),
    )


def _shown(tx: Tx, facts: Facts, reports: Sequence[Report]) -> ShownAnswer:
    """Names as reporters write them, and masked numbers."""
    names = report_cluster_views.as_written(tx, facts, reports)
    numbers = {
        report.recruiter_phone_hash: phones.mask(opened(tx, report.recruiter_phone_sealed))
        for report in reports
        if report.recruiter_phone_sealed is not None
    }
    return ShownAnswer(names=names, phones=[numbers[each] for each in facts.phones if each in numbers])


def links_answer(call: Call, links: list[ReportLink]) -> list[LinkAnswer]:
    """Links with the two reports of each."""
    zone, menu = call.runtime.settings.zone, call.runtime.menu
    told = {
        report.id: _told(call, report)
        for report in report_cluster_views.reports_by_id(
            call.tx, [each for link in links for each in (link.earlier_id, link.later_id)]
        )
    }
    return [
        LinkAnswer(
            **_explained(menu, link),
            earlier=told[link.earlier_id],
            later=told[link.later_id],
            decided_at=None if link.decided_at is None else link.decided_at.astimezone(zone),
            created_at=link.created_at.astimezone(zone),
        )
        for link in links
    ]


def _cluster_link(menu: Menu, link: ReportLink) -> ClusterLinkAnswer:
    return ClusterLinkAnswer(**_explained(menu, link), earlier=link.earlier_id, later=link.later_id)


def _explained(menu: Menu, link: ReportLink) -> dict[str, Any]:
    reasons: list[dict[str, Any]] = [dict(reason) for reason in link.reasons]
    return {
        "id": link.id,
        "status": link.status,
        "score": link.score,
        "reasons": [ReasonAnswer(**reason) for reason in reasons],
        "explanation": ExplanationAnswer(
            id=report_links.explain(menu, "id", reasons), en=report_links.explain(menu, "en", reasons)
        ),
        "version": link.version,
    }


def _told(call: Call, report: Report) -> ToldAnswer:
    number = opened(call.tx, report.recruiter_phone_sealed)
    return ToldAnswer(
        id=report.id,
        received_at=report.received_at.astimezone(call.runtime.settings.zone),
        status=report.status,
        outcome=report.outcome,
        district=districts.by_code(report.district).name if report.district else None,
        recruiter_name=opened(call.tx, report.recruiter_name_sealed),
        recruiter_phone=phones.mask(number) if number else None,
        cluster=report.cluster_id,
        flags=list(report.flags),
        counts=report.outcome not in UNFOUNDED,
    )


def surge_answer(call: Call, surge: Surge) -> SurgeAnswer:
    """A surge."""
    return SurgeAnswer(
        id=surge.id,
        day=surge.day.isoformat(),
        kind=cast(Literal["miss", "reports"], surge.kind),
        subject=surge.subject,
        count=surge.count,
        expected=surge.expected,
        raised_at=surge.raised_at.astimezone(call.runtime.settings.zone),
        seen=surge.seen_at is not None,
    )
