"""What staff see of a cluster: its reports, its links, its tier, and what of it callers learn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, or_, select

from sms_service.domain.corroboration import UNFOUNDED, Tier
from sms_service.domain.report_words import read_who
from sms_service.services.reports import clusters as report_clusters
from sms_service.services.reports import reported
from sms_service.services.reports.index import opened
from sms_service.services.reports.links import SPLIT, rows_of_cluster
from sms_service.services.reports.reported import Facts
from sms_service.store.engine import Tx
from sms_service.store.models import Report, ReportCluster, ReportLink


@dataclass(frozen=True, slots=True)
class View:
    """One cluster. `shown`: what callers learn of now; `once_signed`: when the office signs its warning.
    `districts`: codes, those with the most reports first."""

    tier: Tier
    reports: tuple[Report, ...]
    links: tuple[ReportLink, ...]
    districts: tuple[str, ...]
    shown: Facts
    once_signed: Facts


@dataclass(frozen=True, slots=True)
class Summary:
    """One cluster in a list. `name`: as its first report gives it ("": none does); `districts` as in View."""

    cluster: ReportCluster
    tier: Tier
    reports: int
    name: str
    districts: tuple[str, ...]


def summarise(tx: Tx, clusters: Sequence[ReportCluster], threshold: int) -> list[Summary]:
    """What a list shows of clusters, with one question for all of them."""
    told: dict[int, list[Any]] = {cluster.id: [] for cluster in clusters}
    rows = tx.execute(
        select(Report.cluster_id, Report.outcome, Report.district, Report.recruiter_name_sealed)
        .where(Report.cluster_id.in_(told))
        .order_by(Report.received_at, Report.id)
    )
    for row in rows:
        told[row.cluster_id].append(row)
    return [_summary(tx, cluster, told[cluster.id], threshold) for cluster in clusters]


def _summary(tx: Tx, cluster: ReportCluster, rows: Sequence[Row[Any]], threshold: int) -> Summary:
    counted = [row for row in rows if row.outcome not in UNFOUNDED]
    named = next((row.recruiter_name_sealed for row in rows if row.recruiter_name_sealed), None)
    places = Counter(row.district for row in counted if row.district).most_common()
    return Summary(
        cluster=cluster,
        tier=report_clusters.tier_of(cluster, len(counted), threshold),
        reports=len(rows),
        name=opened(tx, named),
        districts=tuple(code for code, _ in places),
    )


def look_at(tx: Tx, cluster: ReportCluster, threshold: int) -> View:
    """Gather what belongs to a cluster: also links that suggest further reports for it."""
    mine = select(Report).where(Report.cluster_id == cluster.id).order_by(Report.received_at, Report.id)
    reports = tuple(tx.scalars(mine))
    rows = rows_of_cluster(tx, cluster.id)
    counted = [report for report in reports if report.outcome not in UNFOUNDED]
    once_signed = reported.facts_of(tx, rows, threshold, is_confirmed=True)
    shown = Facts()
    if cluster.status == report_clusters.OPEN:
        is_confirmed = cluster.confirmed_at is not None
        shown = once_signed if is_confirmed else reported.facts_of(tx, rows, threshold, is_confirmed=False)
    return View(
        tier=report_clusters.tier_of(cluster, len(counted), threshold),
        reports=reports,
        links=tuple(_links(tx, cluster.id)),
        districts=tuple(
            code
            for code, _ in Counter(report.district for report in counted if report.district).most_common()
        ),
        shown=shown,
        once_signed=once_signed,
    )


def as_written(tx: Tx, facts: Facts, reports: Sequence[Report]) -> list[str]:
    """The names of `facts` as the first reporter writes each."""
    first: dict[tuple[str, str], str] = {}
    spoken: dict[tuple[str, str], str] = {}
    for report in reports:
        name = opened(tx, report.recruiter_name_sealed)
        who = read_who(name)
        first.setdefault((who.form, who.compact), name)
        spoken.setdefault((who.form, who.spoken), name)
    names = [first[name] for name in facts.names if name in first]
    known = {(who.form, who.spoken) for who in map(read_who, names)}
    return names + [spoken[each] for each in facts.spoken if each in spoken and each not in known]


def reports_by_id(tx: Tx, ids: Iterable[int]) -> list[Report]:
    """The reports of these ids."""
    return list(tx.scalars(select(Report).where(Report.id.in_(set(ids)))))


def not_open(tx: Tx, ids: Iterable[int]) -> set[int]:
    """Which of these clusters are dismissed: confirming a link into one opens it again."""
    wanted = select(ReportCluster.id).where(
        ReportCluster.id.in_(set(ids)), ReportCluster.status != report_clusters.OPEN
    )
    return set(tx.scalars(wanted))


def _links(tx: Tx, cluster_id: int) -> list[ReportLink]:
    members = select(Report.id).where(Report.cluster_id == cluster_id)
    mine = or_(ReportLink.earlier_id.in_(members), ReportLink.later_id.in_(members))
    wanted = select(ReportLink).where(mine, ReportLink.status != SPLIT)
    return list(tx.scalars(wanted.order_by(ReportLink.score.desc(), ReportLink.id)))
