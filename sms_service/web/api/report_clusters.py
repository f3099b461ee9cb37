"""Links and clusters of reports over the API: what the service suggests, what staff decide, what is signed.

Lists are kept in the audit trail, as every look at reports is.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, cast

from pydantic import Field

from sms_service.domain.corroboration import Tier
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
    warnings as report_warnings,
)
from sms_service.services.staff import accounts as staff
from sms_service.web.api import cursors
from sms_service.web.api.broadcast_answers import BroadcastAnswer, broadcasts_answer
from sms_service.web.api.endpoints import Call, Endpoint
from sms_service.web.api.fields import Body, ListQuery, Words
from sms_service.web.api.report_cluster_answers import (
    ClusterAnswer,
    ClusterListAnswer,
    ClusterStatus,
    LinkAnswer,
    LinkListAnswer,
    LinkStatus,
    SurgeAnswer,
    SurgeListAnswer,
    cluster_answer,
    links_answer,
    surge_answer,
)

_LOOK, _WORK, _SIGN = "reports.clusters", "reports", report_clusters.CONFIRM_RIGHT


class ClusterQuery(ListQuery):
    """Which clusters: `status` all shows also dismissed, joined and taken apart ones."""

    tier: Tier | None = None
    status: ClusterStatus | Literal["all"] = "open"


class LinkQuery(ListQuery):
    """Which links; those of one report with `report`."""

    status: LinkStatus = "suggested"
    report: int | None = Field(None, ge=1, le=2**31 - 1)


class SurgeQuery(ListQuery):
    """Which surges."""

    unseen: bool = False


class Decision(Body):
    """`version` is that of the link as it was read: decided meanwhile by somebody else is 409."""

    version: int = Field(ge=1)
    join: bool = Field(False, description="true where two clusters become one, or a dismissed one is revived")


class Split(Body):
    """`version` is that of the link as it was read: decided meanwhile by somebody else is 409."""

    version: int = Field(ge=1)


class Reason(Body):
    """Why, for the office's own record. `version`, when given, must be the one that was read."""

    reason: Words = Field(min_length=1, max_length=report_clusters.LONGEST_REASON)
    version: int | None = Field(None, ge=1)


def list_clusters(call: Call) -> ClusterListAnswer:
    """GET /report-clusters"""
    query: ClusterQuery = call.query
    before = None
    if query.cursor is not None:
        at, last = cursors.decode("report-clusters", query.cursor, (datetime, int))
        before = (cast(datetime, at), cast(int, last))
    status = None if query.status == "all" else query.status
    found = report_clusters.list_clusters(
        call.tx, query.limit + 1, call.runtime.settings.reporting_threshold, before, status, query.tier
    )
    page = found[: query.limit]
    onward = None
    if len(found) > query.limit:
        onward = cursors.encode("report-clusters", page[-1].updated_at, page[-1].id)
    items = [cluster_answer(call, cluster) for cluster in page]
    _looked(call, "report_cluster.list", [cluster.id for cluster in page])
    return ClusterListAnswer(items=items, next=onward)


def get_cluster(call: Call) -> ClusterAnswer:
    """GET /report-clusters/{cluster_id}"""
    cluster = report_clusters.get_cluster(call.tx, call.ids["cluster_id"])
    _looked(call, "report_cluster.read", [cluster.id])
    return cluster_answer(call, cluster)


def confirm_cluster(call: Call) -> ClusterAnswer:
    """POST /report-clusters/{cluster_id}/confirm"""
    sent: Reason = call.body
    return cluster_answer(
        call,
        report_clusters.confirm_by_office(
            call.tx, call.ids["cluster_id"], call.person, sent.reason, call.now, sent.version
        ),
    )


def dismiss_cluster(call: Call) -> ClusterAnswer:
    """POST /report-clusters/{cluster_id}/dismiss"""
    sent: Reason = call.body
    return cluster_answer(
        call,
        report_clusters.dismiss(
            call.tx, call.ids["cluster_id"], call.person, sent.reason, call.now, sent.version
        ),
    )


def draft_warning(call: Call) -> BroadcastAnswer:
    """POST /report-clusters/{cluster_id}/draft-warning"""
    runtime = call.runtime
    row = report_warnings.draft_warning(
        call.tx, call.ids["cluster_id"], call.person, runtime.menu, runtime.settings, call.now
    )
    return broadcasts_answer(call, [row], in_full=True)[0]


def list_links(call: Call) -> LinkListAnswer:
    """GET /report-links"""
    query: LinkQuery = call.query
    before = None
    if query.cursor is not None:
        before = cast(int, cursors.decode("report-links", query.cursor, (int,))[0])
    found = report_links.list_links(call.tx, query.limit + 1, before, query.status, query.report)
    page = found[: query.limit]
    onward = cursors.encode("report-links", page[-1].id) if len(found) > query.limit else None
    _looked(call, "report_link.list", [link.id for link in page])
    return LinkListAnswer(items=links_answer(call, page), next=onward)


def confirm_link(call: Call) -> LinkAnswer:
    """POST /report-links/{link_id}/confirm"""
    sent: Decision = call.body
    threshold = call.runtime.settings.reporting_threshold
    link = report_clusters.confirm_link(
        call.tx, call.ids["link_id"], sent.version, call.person, threshold, call.now, join=sent.join
    )
    return links_answer(call, [link])[0]


def split_link(call: Call) -> LinkAnswer:
    """POST /report-links/{link_id}/split"""
    sent: Split = call.body
    threshold = call.runtime.settings.reporting_threshold
    link = report_clusters.split_link(
        call.tx, call.ids["link_id"], sent.version, call.person, threshold, call.now
    )
    return links_answer(call, [link])[0]


def list_surges(call: Call) -> SurgeListAnswer:
    """GET /surges"""
    query: SurgeQuery = call.query
    before = None
    if query.cursor is not None:
        before = cast(int, cursors.decode("surges", query.cursor, (int,))[0])
    found = surges.list_surges(call.tx, query.limit + 1, before, unseen=query.unseen)
    page = found[: query.limit]
    onward = cursors.encode("surges", page[-1].id) if len(found) > query.limit else None
    return SurgeListAnswer(items=[surge_answer(call, each) for each in page], next=onward)


def see_surge(call: Call) -> SurgeAnswer:
    """POST /surges/{surge_id}/seen"""
    return surge_answer(call, surges.mark_seen(call.tx, call.ids["surge_id"], call.person.id, call.now))


def _looked(call: Call, act: str, ids: list[int]) -> None:
    """Every look at reports is kept."""
    subject = (act.partition(".")[0], "-" if len(ids) != 1 else ids[0])
    staff.record_audit(call.tx, call.person.id, act, subject, {"shown": ids}, call.now)


_CLUSTER, _LINK = "/report-clusters/{cluster_id}", "/report-links/{link_id}"
ENDPOINTS = (
    Endpoint(
        "GET", "/report-clusters", _LOOK, "List clusters of reports", list_clusters, ClusterListAnswer,
        query=ClusterQuery, is_audited=True,
    ),
    Endpoint("GET", _CLUSTER, _LOOK, "Show a cluster", get_cluster, ClusterAnswer, is_audited=True),
    Endpoint(
        "POST", f"{_CLUSTER}/confirm", _SIGN, "Sign the office's own warning", confirm_cluster,
        ClusterAnswer, body=Reason,
    ),
    Endpoint(
        "POST", f"{_CLUSTER}/dismiss", _WORK, "Say that nothing is to be told of it", dismiss_cluster,
        ClusterAnswer, body=Reason,
    ),
    Endpoint(
        "POST", f"{_CLUSTER}/draft-warning", _WORK, "Draft a warning for its districts", draft_warning,
        BroadcastAnswer, status=201,
    ),
    Endpoint(
        "GET", "/report-links", _LOOK, "List links, the suggested ones unless said otherwise", list_links,
        LinkListAnswer, query=LinkQuery, is_audited=True,
    ),
    Endpoint(
        "POST", f"{_LINK}/confirm", _WORK, "Say that two reports are about the same", confirm_link,
        LinkAnswer, body=Decision,
    ),
    Endpoint(
        "POST", f"{_LINK}/split", _WORK, "Say that they are not, for good", split_link, LinkAnswer,
        body=Split,
    ),
    Endpoint(
        "GET", "/surges", _LOOK, "List surges of reports and missed look-ups", list_surges,
        SurgeListAnswer, query=SurgeQuery,
    ),
    Endpoint("POST", "/surges/{surge_id}/seen", _LOOK, "Look after a surge", see_surge, SurgeAnswer),
)  # fmt: skip
