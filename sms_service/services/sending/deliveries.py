"""Delivery reports: what became of a text after a gateway took it.

Every report is kept, also one for an id that we do not know (yet) and one whose word we do not know. A
text only moves forward: reports come twice, in any order, and before we have recorded the send.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast

from sqlalchemy import Table, Update, bindparam, func, select, update

from sms_service.domain import statuses
from sms_service.gateways.base import DeliveryReport
from sms_service.logs import get_logger
from sms_service.metrics import DELIVERY_REPORTS
from sms_service.services.texts.messages import TABLE
from sms_service.store.claim import insert_new_on
from sms_service.store.engine import Tx
from sms_service.store.models import DeliveryReportRow

log = get_logger(__name__)

REPORTS = cast(Table, DeliveryReportRow.__table__)
_WORD = re.compile(r"[A-Za-z][A-Za-z_-]{0,30}|[0-9]{1,4}")  # of a gateway; whatever else comes is not logged
KEEP_TRYING = timedelta(days=2)  # a report older than this finds no text any more
_COLUMNS = (REPORTS.c.id, REPORTS.c.gateway, REPORTS.c.gateway_id, REPORTS.c.status, REPORTS.c.reason)
# Built once: a report comes for every text, and to build a statement takes longer than to run it.
_KEEP = {
    is_postgres: insert_new_on(REPORTS, is_postgres).returning(*_COLUMNS) for is_postgres in (True, False)
}
_WAITING_FOR_IDS = (
    select(*_COLUMNS)
    .where(
        REPORTS.c.gateway == bindparam("of_gateway"),
        REPORTS.c.gateway_id.in_(bindparam("of_ids", expanding=True)),
        REPORTS.c.matched_at.is_(None),
    )
    .order_by(REPORTS.c.id)
)
_TEXT = (
    select(TABLE.c.id, TABLE.c.status)
    .where(TABLE.c.gateway == bindparam("of_gateway"), TABLE.c.gateway_id == bindparam("of_id"))
    .with_for_update()
)
_MATCHED = (
    update(REPORTS)
    .where(REPORTS.c.id.in_(bindparam("of_ids", expanding=True)))
    .values(matched_at=bindparam("at"))
)


def record_delivery(tx: Tx, report: DeliveryReport, now: datetime) -> bool:
    """Keep `report`; move its text forward when the text is known and the move is legal.

    Returns False when the same report was kept before.
    """
    gateway_id = _fitting(report.gateway_id, 128)
    values = {
        "gateway": report.gateway,
        "gateway_id": gateway_id,
        "status": report.status,
        "raw_status": _fitting(report.raw_status, 64),
        "reason": _fitting(report.reason, 128),
        "received_at": now,
    }
    kept = tx.execute(_KEEP[tx.is_postgres], values).one_or_none()
    if kept is None:
        return False
    DELIVERY_REPORTS.labels(report.gateway, report.status or "other").inc()
    if report.status is None:
        word = values["raw_status"] if _WORD.fullmatch(report.raw_status) else "(no word)"
        log.warning("delivery report with a word unknown to us", gateway=report.gateway, word=word)
    _apply(tx, [kept], now)
    return True


def match_ids(tx: Tx, gateway: str, gateway_ids: Sequence[str], now: datetime) -> int:
    """Apply the reports that came for these ids before the send was recorded; return how many."""
    if not gateway_ids:
        return 0
    waiting = tx.execute(_WAITING_FOR_IDS, {"of_gateway": gateway, "of_ids": list(gateway_ids)}).all()
    return _apply(tx, waiting, now)


def match_waiting(tx: Tx, now: datetime, limit: int = 1000) -> int:
    """Apply waiting reports whose text is known by now (a report and its send can be written in the same
    instant, each unseen by the other); return how many."""
    waiting = tx.execute(
        select(*_COLUMNS)
        .where(
            REPORTS.c.matched_at.is_(None),
            REPORTS.c.received_at > now - KEEP_TRYING,
            select(TABLE.c.id)
            .where(TABLE.c.gateway == REPORTS.c.gateway, TABLE.c.gateway_id == REPORTS.c.gateway_id)
            .exists(),
        )
        .order_by(REPORTS.c.id)
        .limit(limit)
    ).all()
    return _apply(tx, waiting, now)


def _apply(tx: Tx, reports: Sequence[Any], now: datetime) -> int:
    """Move the texts of `reports` forward, one by one and in order; reports without a text are left."""
    matched = [report.id for report in reports if _move(tx, report, now)]
    if matched:
        tx.execute(_MATCHED, {"of_ids": matched, "at": now})
    return len(matched)


def _move(tx: Tx, report: Any, now: datetime) -> bool:
    """Returns whether a text has this id, moved or not."""
    found = tx.execute(_TEXT, {"of_gateway": report.gateway, "of_id": report.gateway_id}).first()
    if found is None:
        return False
    if report.status is not None and statuses.may_move(found.status, report.status):
        given = {"of_id": found.id, "at": now}
        if report.status == statuses.FAILED:
            given["why"] = f"reported failed: {report.reason}" if report.reason else "reported failed"
        tx.execute(_forward(report.status), given)
    return True


@cache
def _forward(status: str) -> Update:
    """Moves the text `of_id` to `status`; `at` when, and for a failure `why`."""
    values: dict[str, Any] = {
        "status": status,
        "sent_at": func.coalesce(TABLE.c.sent_at, bindparam("at", type_=TABLE.c.sent_at.type)),
    }
    if status in statuses.FINAL:
        values["finished_at"] = bindparam("at", type_=TABLE.c.sent_at.type)
    if status == statuses.FAILED:
        values["error"] = bindparam("why")
    return update(TABLE).where(TABLE.c.id == bindparam("of_id")).values(values)


def _fitting(text: str, length: int) -> str:
    """What the column can hold: PostgreSQL takes no NUL, and a report must never be refused."""
    return text.replace("\0", "")[:length]
