"""Carrying out domain/retention.py, every hour, a little at a time: called by the scheduler.

A `Pass` walks all tables slice by slice, each slice a short transaction of its own, so that nobody waits.
It keeps its place in memory only: what is due is found by looking, so a pass that is lost, begun twice or
run by two schedulers does the same once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, String, Table, and_, delete, func, literal, or_, select, update
from sqlalchemy import cast as sql_cast

from sms_service.domain import report_statuses, statuses
from sms_service.domain.retention import RULES, period
from sms_service.services import effects, idempotency
from sms_service.services.reports import drafts as report_drafts
from sms_service.services.reports import receipts
from sms_service.services.subscribers import person as subscribers
from sms_service.services.texts import forgetting
from sms_service.store import models
from sms_service.store.engine import Store, Tx

__all__ = ["RULES", "STEPS", "Pass"]

SLICE = 500  # rows changed in one transaction
_LOOK_AT = 20_000  # rows looked at for one slice
_UNSETTLED = (statuses.QUEUED, statuses.SENDING)

Due = Callable[[datetime], ColumnElement[bool]]
Act = Callable[[Tx, Sequence[int], datetime], object]


@dataclass(frozen=True, slots=True)
class Step:
    """One kind of row of one rule. `due` and `act` for a table that is walked by its id; else `purge`, which
    takes a slice away by an index on its time and returns how many rows went."""

    rule: str
    table: Table
    due: Due | None = None
    act: Act | None = None
    purge: Callable[[Tx, datetime, int], int] | None = None


class Pass:
    """One walk over everything. `advance` does one slice."""

    def __init__(self, steps: Sequence[Step] | None = None) -> None:
        self._steps = STEPS if steps is None else tuple(steps)
        self._at = 0
        self._after = 0
        self.done: Counter[str] = Counter()  # rows, by rule

    def advance(self, store: Store, now: datetime) -> bool:
        """Do one slice; False when the walk is over. Raises Unavailable; a step that fails otherwise is
        left out of this pass, so that it does not keep the others from their work."""
        if self._at >= len(self._steps):
            return False
        step, after, at = self._steps[self._at], self._after, self._at
        self._at, self._after = at + 1, 0
        rows, next_after = _slice(store, step, after, now)
        if rows:
            self.done[step.rule] += rows
        if next_after is not None:
            self._at, self._after = at, next_after
        return self._at < len(self._steps)


def _slice(store: Store, step: Step, after: int, now: datetime) -> tuple[int, int | None]:
    """Do one slice of a step: how many rows, and from where to go on (None: it is done)."""
    if step.purge is not None:
        with store.transaction() as tx:
            gone = step.purge(tx, now, SLICE)
        return gone, 0 if gone >= SLICE else None
    assert step.due is not None and step.act is not None  # noqa: PT018
    key, due = step.table.c.id, step.due(now)
    with store.read() as tx:
        window = (key > after) & (key <= after + _LOOK_AT)
        ids = tx.scalars(select(key).where(window, due).order_by(key).limit(SLICE)).all()
        last = tx.scalar(select(func.max(key))) or 0
    if ids:
        with store.transaction() as tx:
            still = select(key).where(key.in_(ids), due).order_by(key).with_for_update()
            step.act(tx, tx.scalars(still).all(), now)
    reached = ids[-1] if len(ids) >= SLICE else after + _LOOK_AT
    return len(ids), reached if reached < last else None


def _table(model: Any) -> Table:
    return cast(Table, model.__table__)


MESSAGES, INBOUND = _table(models.Message), _table(models.InboundMessage)
REPORTS, NOTES, LINKS = _table(models.Report), _table(models.ReportNote), _table(models.ReportLink)
REGISTRATIONS, EVENTS = _table(models.Registration), _table(models.Event)
SUBSCRIBERS = _table(models.Subscriber)
SESSION_ENDS = _table(models.UssdSessionEnd)


def _older(table: Table, column: str, rule: str) -> Due:
    return lambda now: table.c[column] < now - period(rule)


def _older_day(table: Table, rule: str) -> Due:
    return lambda now: table.c.day < (now - period(rule)).date()


def _delete(table: Table) -> Act:
    return lambda tx, ids, now: tx.execute(delete(table).where(table.c.id.in_(ids)))


def _set(table: Table, values: Callable[[datetime], dict[str, Any]]) -> Act:
    return lambda tx, ids, now: tx.execute(update(table).where(table.c.id.in_(ids)).values(values(now)))


def _deleting(rule: str, model: Any, column: str) -> Step:
    table = _table(model)
    return Step(rule, table, due=_older(table, column, rule), act=_delete(table))


def _deleting_days(rule: str, model: Any) -> Step:
    table = _table(model)
    return Step(rule, table, due=_older_day(table, rule), act=_delete(table))


def _settled_texts(now: datetime) -> ColumnElement[bool]:
    return and_(
        MESSAGES.c.created_at < now - period("texts_out"),
        MESSAGES.c.status.not_in(_UNSETTLED),
        MESSAGES.c.number_hash != "",
    )


def _handled_texts(now: datetime) -> ColumnElement[bool]:
    return and_(
        INBOUND.c.received_at < now - period("texts_in"),
        INBOUND.c.status.not_in(("received", "handling")),
        INBOUND.c.number_hash != forgetting.ERASED,
    )


def _texts_of_reports(now: datetime) -> ColumnElement[bool]:
    """Their words went when they were answered (forgetting.forget_words_in)."""
    return and_(
        INBOUND.c.received_at < now - period("report_senders"),
        INBOUND.c.status.not_in(("received", "handling")),
        INBOUND.c.text_sealed == b"",
        INBOUND.c.number_hash != forgetting.ERASED,
    )


def _reporters(now: datetime) -> ColumnElement[bool]:
    known = or_(REPORTS.c.reporter_hash.is_not(None), REPORTS.c.reporter_sealed.is_not(None))
    return and_(_closed_before(now - period("reporters")), known)


def _told(now: datetime) -> ColumnElement[bool]:
    other = REPORTS.alias("other")
    still_open = (
        select(other.c.id)
        .where(other.c.cluster_id == REPORTS.c.cluster_id, other.c.status != report_statuses.CLOSED)
        .exists()
    )
    closed = _closed_before(now - period("reports"))
    return and_(closed, REPORTS.c.redacted_at.is_(None), ~still_open)


def _closed_before(at: datetime) -> ColumnElement[bool]:
    return and_(REPORTS.c.status == report_statuses.CLOSED, REPORTS.c.closed_at < at)


def _empty_reporter(_now: datetime) -> dict[str, Any]:
    values = {"reporter_hash": None, "reporter_sealed": None, "texts_allowed": False}
    return {**values, "version": REPORTS.c.version + 1}


def _empty_report(now: datetime) -> dict[str, Any]:
    sealed = {column.name: None for column in REPORTS.columns if column.name.endswith("_sealed")}
    return {**_empty_reporter(now), **sealed, "recruiter_phone_hash": None, "flags": [], "redacted_at": now}


def _of_emptied(*columns: ColumnElement[Any]) -> Due:
    emptied = select(REPORTS.c.id).where(REPORTS.c.redacted_at.is_not(None))
    return lambda now: or_(*(column.in_(emptied) for column in columns))


def _past_registrations(now: datetime) -> ColumnElement[bool]:
    ended = func.coalesce(EVENTS.c.ends_at, EVENTS.c.starts_at) < now - period("registrations")
    return and_(
        REGISTRATIONS.c.event_id.in_(select(EVENTS.c.id).where(ended)), REGISTRATIONS.c.number_sealed != b""
    )


def _empty_registration(now: datetime) -> dict[str, Any]:
    return {
        "number_hash": literal("erased-") + sql_cast(REGISTRATIONS.c.id, String),
        "number_sealed": b"",
        "name_sealed": None,
        "organisation": "",
        "wish_topic": "",
        "wish_destination": "",
        "answers": None,
        "updated_at": now,
    }


def _quiet_subscribers(now: datetime) -> ColumnElement[bool]:
    return and_(
        SUBSCRIBERS.c.updated_at < now - period("quiet_subscribers"),
        SUBSCRIBERS.c.warnings_on.is_(False),
        SUBSCRIBERS.c.news_on.is_(False),
    )


def _purge_session_ends(tx: Tx, now: datetime, limit: int) -> int:
    key = SESSION_ENDS.c.session_hash
    old = select(key).where(SESSION_ENDS.c.received_at < now - period("ussd_session_ends")).limit(limit)
    return len(tx.execute(delete(SESSION_ENDS).where(key.in_(old)).returning(key)).all())


def _purge_answers(tx: Tx, now: datetime, limit: int) -> int:
    idempotency.forget_old(tx, now)  # all of them at once: a day of an office's calls
    return 0


STEPS: tuple[Step, ...] = (
    Step("report_drafts", _table(models.ReportDraft), purge=report_drafts.purge),
    Step("pin_failures", _table(models.PinFailure), purge=receipts.purge),
    Step("effects", _table(models.Effect), purge=effects.purge),
    Step(
        "idempotent_answers",
        _table(models.IdempotentAnswer),
        purge=_purge_answers,
    ),
    Step("ussd_session_ends", SESSION_ENDS, purge=_purge_session_ends),
    Step("reporters", REPORTS, due=_reporters, act=_set(REPORTS, _empty_reporter)),
    Step("reports", REPORTS, due=_told, act=_set(REPORTS, _empty_report)),
    Step("reports", NOTES, due=_of_emptied(NOTES.c.report_id), act=_delete(NOTES)),
    Step("reports", LINKS, due=_of_emptied(LINKS.c.earlier_id, LINKS.c.later_id), act=_delete(LINKS)),
    Step(
        "report_senders",
        INBOUND,
        due=_texts_of_reports,
        act=_set(INBOUND, lambda now: forgetting.EMPTY_INBOUND),
    ),
    Step("texts_in", INBOUND, due=_handled_texts, act=_set(INBOUND, lambda now: forgetting.EMPTY_INBOUND)),
    Step("texts_out", MESSAGES, due=_settled_texts, act=_set(MESSAGES, lambda now: forgetting.empty_text())),
    _deleting("console_texts", models.ConsoleText, "sent_at"),
    _deleting("delivery_reports", models.DeliveryReportRow, "received_at"),
    Step(
        "registrations",
        REGISTRATIONS,
        due=_past_registrations,
        act=_set(REGISTRATIONS, _empty_registration),
    ),
    Step(
        "quiet_subscribers",
        SUBSCRIBERS,
        due=_quiet_subscribers,
        act=lambda tx, ids, now: subscribers.forget_ids(tx, ids),
    ),
    _deleting_days("unknown_words", models.UnknownWord),
    _deleting_days("recruiter_misses", models.RecruiterMiss),
    _deleting_days("recruiter_misses", models.Surge),
    _deleting("staff_sessions", models.StaffSession, "expires_at"),
    _deleting("audit_entries", models.AuditEntry, "at"),
)
