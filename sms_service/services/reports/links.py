"""Links between reports: suggested by the service, decided by people.

A new report is held against all others once (`linked_at`); what may be about the same person becomes a
suggestion with its reasons. Nothing is ever merged here: staff confirm (clusters.py) or split,
and a pair that was split keeps its row, so that it is not suggested again. Called by the worker job
"link_reports" and by the API.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Row, Table, or_, select, update

from menus.model import Menu
from menus.words import say
from sms_service.domain.corroboration import FLAGS, SAME_REPORTER, Heard, weigh
from sms_service.domain.report_matching import Candidate, Told, candidates, reason_values
from sms_service.errors import NotFound
from sms_service.services.reports.index import KnownNames, opened
from sms_service.store.claim import insert_new
from sms_service.store.engine import Tx
from sms_service.store.models import Report, ReportLink

JOB = "link_reports"
SUGGESTED, CONFIRMED, SPLIT = "suggested", "confirmed", "split"
TABLE = cast(Table, Report.__table__)
LINKS = cast(Table, ReportLink.__table__)

MOST_LINKS = 20  # suggested for one new report, and one at most into each cluster
_MOST_OF_ONE_NUMBER = 100
_MOST_WEIGHED = 60  # of those that are alike, the surest: for the flags
_COLUMNS = (
    TABLE.c.id, TABLE.c.cluster_id, TABLE.c.recruiter_name_sealed, TABLE.c.recruiter_phone_hash,
    TABLE.c.district, TABLE.c.place_sealed, TABLE.c.received_at, TABLE.c.reporter_hash, TABLE.c.channel,
    TABLE.c.story_sealed, TABLE.c.outcome, TABLE.c.duplicate_of_id, TABLE.c.redacted_at, TABLE.c.flags,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """What one new report was found to be like: links to be suggested, and the flags of those involved."""

    report_id: int
    links: tuple[Candidate, ...]
    flags: Mapping[int, list[str]]


def has_due(tx: Tx) -> bool:
    """True when a report has not been held against the others yet."""
    return tx.scalar(_due().limit(1)) is not None


def list_due(tx: Tx, limit: int) -> list[int]:
    """Return ids of reports that are still to be held against the others, oldest first."""
    return list(tx.scalars(_due().limit(limit)))


def link_new(tx: Tx, known: KnownNames, report_id: int, threshold: int, now: datetime) -> int:
    """Hold one new report against all others and suggest links; return how many. Twice is once.

    `known` must be fresh (KnownNames.refresh). `threshold` is REPORTING_THRESHOLD.
    """
    found = find_alike(tx, known, report_id, threshold)
    return record(tx, found, now) if found else 0


def find_alike(tx: Tx, known: KnownNames, report_id: int, threshold: int) -> Found | None:
    """Find what a report is like. Changes nothing, so a read-only transaction will do. None: no such one."""
    here = _rows(tx, TABLE.c.id == report_id)
    if not here:
        return None
    new = here[0]
    if new.redacted_at is not None:
        return Found(report_id, (), {})
    rows = {row.id: row for row in _rows_alike(tx, known, new)}
    found = candidates(_told(tx, new), (_told(tx, row) for row in rows.values()), known.names)
    involved = [new, *(rows[each.id] for each in found[:_MOST_WEIGHED])]
    return Found(report_id, tuple(_chosen(found, rows, new.cluster_id)), new_flags(tx, involved, threshold))


def record(tx: Tx, found: Found, now: datetime) -> int:
    """Write down what was found, once, whoever else has found it too; return how many links are new."""
    mine = (TABLE.c.id == found.report_id) & TABLE.c.linked_at.is_(None)
    if tx.execute(update(TABLE).where(mine).values(linked_at=now).returning(TABLE.c.id)).first() is None:
        return 0
    rows = [_link_row(found.report_id, each, now) for each in sorted(found.links, key=lambda link: link.id)]
    made = list(tx.execute(insert_new(tx, LINKS).values(rows).returning(LINKS.c.id))) if rows else []
    write_flags(tx, found.flags)
    return len(made)


def explain(menu: Menu, language: str, reasons: Iterable[Mapping[str, Any]]) -> str:
    """Return the reasons in words: "nomor sama; nama 0,91; desa sama, selisih 3 hari"."""
    parts: list[str] = []
    around: list[str] = []
    for reason in reasons:
        values = reason_values(reason, language)
        words = say(menu, language, f"report.link.{_word(reason)}", **values)
        (around if reason["kind"] in ("place", "days") else parts).append(words)
    return "; ".join([*parts, *([", ".join(around)] if around else [])])


def get_link(tx: Tx, link_id: int) -> ReportLink:
    """Raises NotFound."""
    link = tx.get(ReportLink, link_id)
    if link is None:
        raise NotFound("there is no such link")
    return link


def list_links(
    tx: Tx, limit: int, before: int | None = None, status: str = SUGGESTED, report_id: int | None = None
) -> list[ReportLink]:
    """Return at most `limit` links of a status, newest first, those with an id under `before`."""
    wanted = select(ReportLink).where(ReportLink.status == status).order_by(ReportLink.id.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(ReportLink.id < before)
    if report_id is not None:
        wanted = wanted.where(or_(ReportLink.earlier_id == report_id, ReportLink.later_id == report_id))
    return list(tx.scalars(wanted))


def heard(tx: Tx, row: Row[Any]) -> Heard:
    """One row of reports as domain/corroboration looks at it. A caller who repeated, and then erased the
    number, does not become several anonymous people by that."""
    was_repeated = row.reporter_hash is None and SAME_REPORTER in (row.flags or ())
    return Heard(
        id=row.id,
        received_at=row.received_at,
        reporter=row.reporter_hash,
        district=row.district,
        channel=row.channel,
        story=opened(tx, row.story_sealed),
        outcome=row.outcome,
        duplicate_of=row.duplicate_of_id,
        is_emptied=row.redacted_at is not None or was_repeated,
    )


def new_flags(tx: Tx, rows: Sequence[Row[Any]], threshold: int) -> dict[int, list[str]]:
    """Return the flags of those of `rows` whose flags change; what else stands there stays."""
    weighed = weigh((heard(tx, row) for row in rows), threshold)
    changed: dict[int, list[str]] = {}
    for row in rows:
        before = list(row.flags or ())
        kept = {flag for flag in before if flag not in FLAGS or flag == SAME_REPORTER}
        after = sorted(kept | set(weighed.flags.get(row.id, ())))
        if after != sorted(before):
            changed[row.id] = after
    return changed


def write_flags(tx: Tx, flags: Mapping[int, list[str]]) -> None:
    """Write flags by report, in the order of ids: two at once must not wait for each other."""
    for report_id in sorted(flags):
        tx.execute(update(TABLE).where(TABLE.c.id == report_id).values(flags=flags[report_id]))


def rows_of_cluster(tx: Tx, cluster_id: int) -> list[Row[Any]]:
    """The rows of a cluster's reports, oldest first, as `heard` and `new_flags` take them."""
    return _rows(tx, TABLE.c.cluster_id == cluster_id)


def _link_row(report_id: int, link: Candidate, now: datetime) -> dict[str, object]:
    earlier, later = sorted((report_id, link.id))
    return {
        "earlier_id": earlier, "later_id": later, "score": link.score, "reasons": list(link.reasons),
        "status": SUGGESTED, "version": 1, "created_at": now,
    }  # fmt: skip


def _due() -> Any:
    return select(Report.id).where(Report.linked_at.is_(None)).order_by(Report.id)


def _rows_alike(tx: Tx, known: KnownNames, new: Row[Any]) -> list[Row[Any]]:
    """Reports of the same number, and those whose name may be the same."""
    ids = set(known.names.similar(opened(tx, new.recruiter_name_sealed)))
    if new.recruiter_phone_hash:
        same = select(TABLE.c.id).where(TABLE.c.recruiter_phone_hash == new.recruiter_phone_hash)
        ids.update(tx.scalars(same.order_by(TABLE.c.id.desc()).limit(_MOST_OF_ONE_NUMBER)))
    ids.discard(new.id)
    if not ids:
        return []
    return _rows(tx, TABLE.c.id.in_(ids), TABLE.c.redacted_at.is_(None))


def _rows(tx: Tx, *where: ColumnElement[bool]) -> list[Row[Any]]:
    return list(tx.execute(select(*_COLUMNS).where(*where).order_by(TABLE.c.received_at, TABLE.c.id)))


def _told(tx: Tx, row: Row[Any]) -> Told:
    return Told(
        id=row.id,
        name=opened(tx, row.recruiter_name_sealed),
        phone=row.recruiter_phone_hash,
        district=row.district,
        place=opened(tx, row.place_sealed),
        received_at=row.received_at,
    )


def _chosen(found: Sequence[Candidate], rows: Mapping[int, Row[Any]], own: int | None) -> list[Candidate]:
    """The surest, one for each cluster: confirming that one joins the cluster."""
    chosen: list[Candidate] = []
    clusters = {own} - {None}
    for each in found:
        cluster = rows[each.id].cluster_id
        if cluster in clusters:
            continue
        clusters |= {cluster} - {None}
        chosen.append(each)
    return chosen[:MOST_LINKS]


def _word(reason: Mapping[str, Any]) -> str:
    if reason["kind"] == "place":
        return str(reason.get("level", "village"))
    if reason["kind"] == "days":
        return {0: "same_day", 1: "one_day"}.get(int(reason["days"]), "days")
    return str(reason["kind"])
