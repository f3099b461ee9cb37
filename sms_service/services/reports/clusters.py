"""Clusters: reports that staff hold to be about the same person or company, and what stands behind them.

Only people make a cluster (they confirm a link), join two (said explicitly) or take a report out (they split
a link; the pair is remembered). How many independent people tell it is counted anew at every change. What
callers are told follows from that through the read model `reported`. The office's own warning is a separate
act, signed by somebody with another right (`reports.confirm`). Called by the API and the scheduler.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import ColumnElement, Table, and_, func, or_, select, update

from sms_service.domain.corroboration import UNFOUNDED, Tier, tier, weigh
from sms_service.domain.roles import may
from sms_service.errors import Conflict, Invalid, NotAllowed, NotFound, Said, said
from sms_service.services.read_models import bump
from sms_service.services.reports import links as report_links
from sms_service.services.reports import reported
from sms_service.services.reports.links import (
    CONFIRMED,
    SPLIT,
    heard,
    new_flags,
    rows_of_cluster,
    write_flags,
)
from sms_service.services.staff import accounts as staff
from sms_service.services.staff.accounts import Person
from sms_service.store.engine import Tx
from sms_service.store.models import Report, ReportCluster, ReportLink

SUBJECT = "report_cluster"
OPEN, DISMISSED, JOINED, APART = "open", "dismissed", "joined", "apart"
STATUSES = (OPEN, DISMISSED, JOINED, APART)  # joined: into another one; apart: no two reports are left
LONGEST_REASON = 500
CONFIRM_RIGHT = "reports.confirm"
_REPORTS = report_links.TABLE
_LINKS = cast(Table, ReportLink.__table__)
_SLICE = 100


def confirm_link(
    tx: Tx, link_id: int, version: int, person: Person, threshold: int, now: datetime, *, join: bool = False
) -> ReportLink:
    """Say that two reports are about the same: a cluster is made of them, or grows.

    Joining two clusters, or reviving a dismissed one, needs `join`. Raises NotFound, and Conflict: decided
    meanwhile, or `join` is needed.
    """
    link, one, other, clusters = _locked(tx, link_id, version, CONFIRMED)
    if not join:
        _refuse_silent_join(clusters)
    cluster = _joined(tx, clusters, person, threshold, now) if clusters else _new(tx, now)
    for report in (one, other):
        report.cluster_id = cluster.id
    _decide(tx, link, CONFIRMED, person, now)
    cluster.status, cluster.version = OPEN, cluster.version + 1
    recount(tx, cluster, threshold, now)
    details = {"link": link.id, "reports": [one.id, other.id], "score": link.score}
    _audit(tx, person, "confirm_link", cluster.id, details, now)
    return link


def split_link(
    tx: Tx, link_id: int, version: int, person: Person, threshold: int, now: datetime
) -> ReportLink:
    """Say that two reports are not about the same, for good. Where both are in one cluster, the later one
    leaves it, and its confirmed links to the others go with it. Raises NotFound, Conflict."""
    link, one, other, clusters = _locked(tx, link_id, version, SPLIT)
    _decide(tx, link, SPLIT, person, now)
    if one.cluster_id is None or one.cluster_id != other.cluster_id:
        details: dict[str, object] = {"link": link.id, "reports": [one.id, other.id]}
        staff.record_audit(tx, person.id, "report_link.split", ("report_link", link.id), details, now)
        return link
    cluster = clusters[0]
    other.cluster_id = None
    tx.flush()
    _split_from(tx, other.id, cluster.id, person, now)
    cluster.version += 1
    _audit(tx, person, "split_link", cluster.id, {"link": link.id, "left": other.id, "stays": one.id}, now)
    if len(rows_of_cluster(tx, cluster.id)) < 2:
        _take_apart(tx, cluster, person, now)
    recount(tx, cluster, threshold, now)
    return link


def confirm_by_office(
    tx: Tx, cluster_id: int, person: Person, reason: str, now: datetime, version: int | None = None
) -> ReportCluster:
    """Sign the office's own warning: from now on callers are told that the office warns.

    Raises NotAllowed without the right, NotFound, Invalid without a reason, Conflict.
    """
    if not may(person.role, CONFIRM_RIGHT):
        raise NotAllowed("your role does not sign for the office")
    cluster = _changeable(tx, cluster_id, version)
    if cluster.confirmed_at is not None:
        raise Conflict("the office warns about this cluster already")
    said = _reason(reason)
    cluster.confirmed_by, cluster.confirmed_at, cluster.confirmed_reason = person.id, now, said
    _changed(tx, cluster, now)
    _audit(tx, person, "confirm", cluster.id, {"reason": said}, now)
    return cluster


def dismiss(
    tx: Tx, cluster_id: int, person: Person, reason: str, now: datetime, version: int | None = None
) -> ReportCluster:
    """Say that nothing is to be told about this cluster; its reports stay as they are. What the office has
    signed, only somebody who may sign takes back. Raises NotAllowed, NotFound, Invalid, Conflict."""
    cluster = _changeable(tx, cluster_id, version)
    if cluster.confirmed_at is not None and not may(person.role, CONFIRM_RIGHT):
        raise NotAllowed("the office has signed a warning: somebody who may sign takes it back")
    said = _reason(reason)
    details: dict[str, object] = {"reason": said, "was_confirmed": cluster.confirmed_at is not None}
    cluster.status, cluster.confirmed_by, cluster.confirmed_at = DISMISSED, None, None
    _changed(tx, cluster, now)
    _audit(tx, person, "dismiss", cluster.id, details, now)
    return cluster


def get_cluster(tx: Tx, cluster_id: int) -> ReportCluster:
    """Raises NotFound."""
    cluster = tx.get(ReportCluster, cluster_id)
    if cluster is None:
        raise NotFound("there is no such cluster")
    return cluster


def list_clusters(
    tx: Tx,
    limit: int,
    threshold: int,
    before: tuple[datetime, int] | None = None,
    status: str | None = OPEN,
    of_tier: Tier | None = None,
) -> list[ReportCluster]:
    """Return at most `limit` clusters, those changed last first."""
    wanted = select(ReportCluster).order_by(ReportCluster.updated_at.desc(), ReportCluster.id.desc())
    if status is not None:
        wanted = wanted.where(ReportCluster.status == status)
    if of_tier is not None:
        wanted = wanted.where(_is_of(of_tier, threshold))
    if before is not None:
        at, last = before
        earlier = and_(ReportCluster.updated_at == at, ReportCluster.id < last)
        wanted = wanted.where(or_(ReportCluster.updated_at < at, earlier))
    return list(tx.scalars(wanted.limit(limit)))


def tier_of(cluster: ReportCluster, counted: int, threshold: int) -> Tier:
    """How much stands behind a cluster; `counted`: its reports but the unfounded ones."""
    return tier(cluster.independent, counted, threshold, cluster.confirmed_at is not None)


def recount(tx: Tx, cluster: ReportCluster, threshold: int, now: datetime) -> None:
    """Count its independent reporters and set the flags of its reports anew; callers learn of it."""
    tx.flush()
    rows = rows_of_cluster(tx, cluster.id)
    cluster.independent = weigh((heard(tx, row) for row in rows), threshold).independent
    write_flags(tx, new_flags(tx, rows, threshold))
    cluster.updated_at = now
    tx.flush()
    bump(tx, reported.READ_MODEL)


def recount_changed(tx: Tx, threshold: int, now: datetime) -> int:
    """Count anew the clusters of which a report was changed, closed, emptied or forgotten by its reporter
    since; return how many, at most a slice. The safety net for whoever changes reports."""
    changed = or_(_REPORTS.c.updated_at > ReportCluster.updated_at, _emptied_since())
    wanted = (
        select(ReportCluster.id)
        .join(_REPORTS, _REPORTS.c.cluster_id == ReportCluster.id)
        .where(ReportCluster.status == OPEN, changed)
        .distinct()
        .limit(_SLICE)
    )
    clusters = _lock_clusters(tx, list(tx.scalars(wanted)))
    for cluster in clusters:
        latest = select(func.max(Report.updated_at), func.max(Report.redacted_at))
        times = tx.execute(latest.where(Report.cluster_id == cluster.id)).one()
        recount(tx, cluster, threshold, max(now, *(at for at in times if at is not None)))
    return len(clusters)


def _emptied_since() -> ColumnElement[bool]:
    return and_(_REPORTS.c.redacted_at.is_not(None), _REPORTS.c.redacted_at > ReportCluster.updated_at)


def _locked(
    tx: Tx, link_id: int, version: int, to: str
) -> tuple[ReportLink, Report, Report, list[ReportCluster]]:
    """Lock the clusters of a link's reports, the link, and the reports, in this order, and read them anew."""
    first = tx.get(ReportLink, link_id)
    if first is None:
        raise NotFound("there is no such link")
    ids = (first.earlier_id, first.later_id)
    clusters = _lock_clusters(tx, _cluster_ids(tx, ids))
    link = tx.get_one(ReportLink, link_id, with_for_update=True, populate_existing=True)
    if link.version != version:
        raise Conflict("the link has been decided meanwhile", {"status": link.status})
    if link.status == to:
        raise Conflict("the link is confirmed already" if to == CONFIRMED else "the link is split already")
    one, other = tx.scalars(
        select(Report)
        .where(Report.id.in_(ids))
        .order_by(Report.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if {one.cluster_id, other.cluster_id} - {None} != {cluster.id for cluster in clusters}:
        raise Conflict("one of the reports has come into another cluster in this moment: look again")
    return link, one, other, clusters


def _cluster_ids(tx: Tx, report_ids: Sequence[int]) -> list[int]:
    found = tx.scalars(select(Report.cluster_id).where(Report.id.in_(report_ids)))
    return [cluster_id for cluster_id in found if cluster_id is not None]


def _decide(tx: Tx, link: ReportLink, status: str, person: Person, now: datetime) -> None:
    link.status, link.version = status, link.version + 1
    link.decided_by, link.decided_at = person.id, now
    tx.flush()


def _lock_clusters(tx: Tx, ids: Sequence[int]) -> list[ReportCluster]:
    wanted = select(ReportCluster).where(ReportCluster.id.in_(set(ids))).order_by(ReportCluster.id)
    return list(tx.scalars(wanted.with_for_update().execution_options(populate_existing=True)))


def _refuse_silent_join(clusters: Sequence[ReportCluster]) -> None:
    if len(clusters) > 1:
        ids = ", ".join(str(cluster.id) for cluster in clusters)
        told = said("this joins the clusters %(ids)s: say so with `join`", ids=ids)
        raise Conflict(told, {"join": "is true to join them"})
    if clusters and clusters[0].status != OPEN:
        told = said("cluster %(id)s is dismissed, joined or apart: `join` opens it again", id=clusters[0].id)
        raise Conflict(told, {"join": "is true to open it again"})


def _joined(
    tx: Tx, clusters: Sequence[ReportCluster], person: Person, threshold: int, now: datetime
) -> ReportCluster:
    """The one cluster that stays: the one that the office has signed, else the older one."""
    kept = min(clusters, key=lambda each: (each.confirmed_at is None, each.id))
    for gone in clusters:
        if gone is kept:
            continue
        mine = _REPORTS.c.cluster_id == gone.id
        moved = tx.execute(update(_REPORTS).where(mine).values(cluster_id=kept.id).returning(_REPORTS.c.id))
        details: dict[str, object] = {
            "from": gone.id,
            "into": kept.id,
            "reports": sorted(row.id for row in moved),
            "was_confirmed": gone.confirmed_at is not None,
        }
        gone.status, gone.joined_into_id, gone.independent = JOINED, kept.id, 0
        _changed(tx, gone, now)
        for cluster in (kept, gone):
            _audit(tx, person, "join", cluster.id, details, now)
    return kept


def _new(tx: Tx, now: datetime) -> ReportCluster:
    cluster = ReportCluster(status=OPEN, version=0, created_at=now, updated_at=now)
    tx.add(cluster)
    tx.flush()
    return cluster


def _split_from(tx: Tx, report_id: int, cluster_id: int, person: Person, now: datetime) -> None:
    """The confirmed links of a report to those that stay are links no more."""
    staying = select(Report.id).where(Report.cluster_id == cluster_id)
    mine = or_(
        and_(_LINKS.c.later_id == report_id, _LINKS.c.earlier_id.in_(staying)),
        and_(_LINKS.c.earlier_id == report_id, _LINKS.c.later_id.in_(staying)),
    )
    values = {
        "status": SPLIT, "version": _LINKS.c.version + 1, "decided_by": person.id, "decided_at": now,
    }  # fmt: skip
    tx.execute(update(_LINKS).where(mine, _LINKS.c.status != SPLIT).values(values))


def _take_apart(tx: Tx, cluster: ReportCluster, person: Person, now: datetime) -> None:
    tx.execute(update(_REPORTS).where(_REPORTS.c.cluster_id == cluster.id).values(cluster_id=None))
    was_confirmed = cluster.confirmed_at is not None
    cluster.status = APART
    _audit(tx, person, "apart", cluster.id, {"was_confirmed": was_confirmed}, now)


def not_open(status: str) -> Said:
    """Why nothing can be done to a cluster of a status."""
    words = {
        DISMISSED: said("the cluster is dismissed"),
        JOINED: said("the cluster is joined to another one"),
        APART: said("the cluster is taken apart"),
    }
    return words[status]


def _changeable(tx: Tx, cluster_id: int, version: int | None) -> ReportCluster:
    found = _lock_clusters(tx, [cluster_id])
    if not found:
        raise NotFound("there is no such cluster")
    cluster = found[0]
    if version is not None and version != cluster.version:
        raise Conflict("the cluster has been changed meanwhile")
    if cluster.status != OPEN:
        raise Conflict(not_open(cluster.status))
    return cluster


def _changed(tx: Tx, cluster: ReportCluster, now: datetime) -> None:
    cluster.version, cluster.updated_at = cluster.version + 1, now
    tx.flush()
    bump(tx, reported.READ_MODEL)


def _reason(reason: str) -> str:
    if not reason.strip():
        raise Invalid("say why", {"reason": "is needed"})
    return reason.strip()[:LONGEST_REASON]


def _is_of(of_tier: Tier, threshold: int) -> ColumnElement[bool]:
    if of_tier == "confirmed":
        return ReportCluster.confirmed_at.is_not(None)
    is_open = ReportCluster.confirmed_at.is_(None)
    if of_tier == "corroborated":
        return and_(is_open, ReportCluster.independent >= threshold)
    counts = or_(Report.outcome.is_(None), Report.outcome.not_in(UNFOUNDED))
    counted = select(func.count()).where(Report.cluster_id == ReportCluster.id, counts).scalar_subquery()
    many = counted > 1 if of_tier == "repeated" else counted <= 1
    return and_(is_open, ReportCluster.independent < threshold, many)


def _audit(
    tx: Tx, person: Person, act: str, cluster_id: int, details: Mapping[str, object], now: datetime
) -> None:
    staff.record_audit(tx, person.id, f"report_cluster.{act}", (SUBJECT, cluster_id), details, now)
