"""From a cluster to a draft of a warning: for the people of its districts, in both languages, neutral.

What it says: that there are several reports, where, by which modus, and whom to ask. A company is named only
where the office has signed its own warning and a legal form (PT, CV ...) says that it is a company; a private
person is never named, nor any number. As many modi as fit one segment. It is a draft and no more: the path
of every broadcast follows, with its second person. Called by the API.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from menus.model import Menu
from menus.words import say
from sms_service.domain import districts, statuses
from sms_service.domain.corroboration import UNFOUNDED
from sms_service.domain.report_words import read_who
from sms_service.domain.texts import measure, to_gsm7
from sms_service.errors import Conflict, said
from sms_service.services.broadcasts import life as broadcasts
from sms_service.services.broadcasts.audience import Audience
from sms_service.services.broadcasts.life import BroadcastFields
from sms_service.services.reports import clusters as report_clusters
from sms_service.services.reports import reported
from sms_service.services.reports.index import opened
from sms_service.services.reports.links import rows_of_cluster
from sms_service.services.staff.accounts import Person
from sms_service.settings import Settings
from sms_service.store.engine import Tx
from sms_service.store.models import Broadcast, Report, ReportCluster

DRAFT = "draft"
_MOST_MODI = 3
_MOST_DISTRICTS = 2  # named one by one
_LONGEST_COMPANY = 40


def draft_warning(
    tx: Tx, cluster_id: int, person: Person, menu: Menu, settings: Settings, now: datetime
) -> Broadcast:
    """Write the draft, or return the one of this cluster that nobody has submitted yet.

    Raises NotFound, and Conflict: below the threshold and not signed by the office, dismissed, or no report
    gives a district.
    """
    threshold = settings.reporting_threshold
    cluster = tx.get(ReportCluster, cluster_id, with_for_update=True, populate_existing=True)
    cluster = cluster or report_clusters.get_cluster(tx, cluster_id)
    if cluster.status != report_clusters.OPEN:
        raise Conflict(report_clusters.not_open(cluster.status))
    if cluster.confirmed_at is None and cluster.independent < threshold:
        told = said(
            "%(count)s of %(threshold)s independent reporters: nothing is published yet",
            count=cluster.independent,
            threshold=threshold,
        )
        raise Conflict(told)
    written = _of_cluster(tx, cluster_id)
    if written is not None:
        return written
    told_by = [row for row in rows_of_cluster(tx, cluster_id) if row.outcome not in UNFOUNDED]
    places = _districts(told_by)
    if not places:
        raise Conflict("no report of this cluster gives a district: write the broadcast by hand")
    company = _company(tx, cluster, told_by, threshold)
    modi = _modi(tx, cluster_id)
    texts = {language: _text(menu, settings, language, company, places, modi) for language in ("id", "en")}
    fields = BroadcastFields(
        kind=statuses.WARNING,
        text_id=texts["id"],
        text_en=texts["en"],
        audience=Audience(districts=tuple(sorted(places))),
    )
    return broadcasts.create_draft(tx, person, fields, now, cluster_id)


def list_warnings(tx: Tx, cluster_id: int, limit: int = 20) -> list[Broadcast]:
    """The broadcasts that were drafted from a cluster, the newest first."""
    wanted = select(Broadcast).where(Broadcast.cluster_id == cluster_id).order_by(Broadcast.id.desc())
    return list(tx.scalars(wanted.limit(limit)))


def _of_cluster(tx: Tx, cluster_id: int) -> Broadcast | None:
    wanted = select(Broadcast).where(Broadcast.cluster_id == cluster_id, Broadcast.status == DRAFT)
    return tx.scalars(wanted.order_by(Broadcast.id.desc()).limit(1)).first()


def _districts(told_by: Sequence[Row[Any]]) -> list[str]:
    """Codes, those with the most reports first."""
    return [code for code, _ in Counter(row.district for row in told_by if row.district).most_common()]


def _modi(tx: Tx, cluster_id: int) -> list[str]:
    """The modi that more than one report tells, else the first; `other` only where nothing else is told."""
    counts: Counter[str] = Counter()
    for modi, outcome in tx.execute(
        select(Report.modi, Report.outcome).where(Report.cluster_id == cluster_id).order_by(Report.id)
    ):
        if outcome not in UNFOUNDED:
            counts.update(list(dict.fromkeys(modi)))
    counts.pop("other", None)
    shared = [modus for modus, count in counts.most_common() if count > 1]
    return shared or [modus for modus, _ in counts.most_common(1)] or ["other"]


def _company(tx: Tx, cluster: ReportCluster, told_by: Sequence[Row[Any]], threshold: int) -> str:
    """The company that the office warns about, as reporters write it; "" for persons, and while unsigned."""
    if cluster.confirmed_at is None:
        return ""
    facts = reported.facts_of(tx, told_by, threshold, is_confirmed=True)
    for form, compact in facts.names:
        for row in told_by:
            name = opened(tx, row.recruiter_name_sealed)
            who = read_who(name)
            if form and (who.form, who.compact) == (form, compact):
                plain = " ".join(to_gsm7(name).translate({ord("{"): " ", ord("}"): " "}).split())
                return plain[:_LONGEST_COMPANY]
    return ""


def _text(
    menu: Menu, settings: Settings, language: str, company: str, places: Sequence[str], modi: Sequence[str]
) -> str:
    """The longest form that fits one segment, else the shortest."""
    named = ", ".join(districts.by_code(code).name for code in places)
    some = say(menu, language, "report.draft.some_districts")
    key = "report.draft.company" if company else "report.draft.pattern"
    text = ""
    for where in (named,) if len(places) == 1 else (named, some)[len(places) > _MOST_DISTRICTS :]:
        for size in range(min(_MOST_MODI, len(modi)), 0, -1):
            how = ", ".join(say(menu, language, f"report.draft.modus.{modus}") for modus in modi[:size])
            given = {"agency": settings.agency_name, "company": company, "district": where, "modus": how}
            text = say(menu, language, key, **given)
            if measure(text).segments == 1:
                return text
    return text
