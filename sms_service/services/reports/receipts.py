"""Where a report stands, for whoever shows its code and PIN.

Wrong PINs are counted by code and by caller, in SQL: an emptied Redis forgets nothing. A code that does not
exist is counted, slowed and locked just as one that does, by the same statements and with the same slow hash,
so that neither the answer nor its time tells which codes exist. The attempt is counted before the PIN is
checked: ten at once are ten attempts. Called by the menus' actions and by inbound texts (STATUS).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Row,
    Table,
    bindparam,
    case,
    delete,
    literal,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from sms_service.domain import receipts, report_statuses
from sms_service.errors import Invalid, Locked, NotFound
from sms_service.logs import get_logger
from sms_service.services.reports import pins
from sms_service.store.claim import insert_new_on
from sms_service.store.engine import Store, Tx
from sms_service.store.models import PinFailure, Report, ReportNote

log = get_logger(__name__)

TABLE = cast(Table, PinFailure.__table__)
REPORTS = cast(Table, Report.__table__)
_STANDING = ("status", "triaged_at", "closed_at", "updated_at")
FORGOTTEN_AFTER = timedelta(days=1)
# How long after the n-th wrong PIN the next one may be tried. Two slips are free; from the seventh on a
# caller has one attempt a day.
WAITS: tuple[timedelta, ...] = (
    timedelta(),
    timedelta(),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(days=1),
)
# A code is locked for an hour at most, or whoever knows it could keep its owner out for ever by one call a
# day. One caller is held off for the day all the same; to try every hour takes two dozen SIM cards.
LONGEST_OF_CODE = timedelta(hours=1)


def _blank(is_postgres: bool) -> postgresql.Insert | sqlite.Insert:
    """Both counters of an attempt, where they are not there yet."""
    rows = (
        select(
            bindparam(f"key_{n}", type_=TABLE.c.caller_hash.type),
            literal(0, TABLE.c.failures.type),
            bindparam("now", type_=TABLE.c.last_at.type),
        )
        for n in (1, 2)
    )
    names = ["caller_hash", "failures", "last_at"]
    return insert_new_on(TABLE, is_postgres).from_select(names, union_all(*rows))


def _standing(table: FromClause, prefix: str = "") -> list[ColumnElement[Any]]:
    return [table.c[name].label(prefix + name) for name in _STANDING]


# Built once: building a statement takes longer than running it.
_MAIN = REPORTS.alias()
_OF_CODE = REPORTS.c.code == bindparam("of_code", type_=REPORTS.c.code.type)
_OF_KEY = TABLE.c.caller_hash == bindparam("of_key", type_=TABLE.c.caller_hash.type)
_PIN_HASH = select(REPORTS.c.pin_hash).where(_OF_CODE)
_VIEWED = (
    select(REPORTS.c.id, REPORTS.c.received_at, *_standing(REPORTS), *_standing(_MAIN, "main_"))
    .outerjoin(_MAIN, _MAIN.c.id == REPORTS.c.duplicate_of_id)
    .where(_OF_CODE)
)
_REPLIES = (
    select(ReportNote.text_sealed, ReportNote.created_at)
    .where(ReportNote.report_id == bindparam("of_report"), ReportNote.kind == "reply")
    .order_by(ReportNote.id.desc())
)
_BLANK = {is_postgres: _blank(is_postgres) for is_postgres in (True, False)}
_LOCKED = (
    select(TABLE.c.caller_hash, TABLE.c.failures, TABLE.c.locked_until, TABLE.c.last_at)
    .where(TABLE.c.caller_hash.in_(bindparam("keys", expanding=True)))
    .order_by(TABLE.c.caller_hash)
    .with_for_update()
)
_COUNT = (
    update(TABLE)
    .where(_OF_KEY)
    .values({name: bindparam(f"new_{name}") for name in ("failures", "locked_until", "last_at")})
)
_CLEAR = delete(TABLE).where(_OF_KEY)
_CLEAR_NOTHING_LEFT = _CLEAR.where(TABLE.c.failures <= 0)
_OURS = bindparam("ours", type_=TABLE.c.locked_until.type)
_TAKE_BACK = (
    update(TABLE)
    .where(_OF_KEY)
    .values(
        failures=TABLE.c.failures - 1,
        locked_until=case((TABLE.c.locked_until == _OURS, None), else_=TABLE.c.locked_until),
    )
)


@dataclass(frozen=True, slots=True)
class OfficeReply:
    """What the office wrote to the reporter."""

    text: str
    written_at: datetime


@dataclass(frozen=True, slots=True)
class StatusView:
    """What a reporter may see: a status (domain/report_statuses.py; its plain words in the menus' content:
    `report_status.<status>`), since when, the office's replies, newest first. No word of what was told."""

    status: str
    since: datetime
    received_at: datetime
    replies: tuple[OfficeReply, ...]


def look_up(store: Store, code: str, pin: str, caller_hash: str, now: datetime) -> StatusView:
    """Return where the report stands. `code` and `pin` as typed; `caller_hash` is the caller's number hash.

    Raises Invalid (field "code") for a mistyped code: its check digit is wrong, nothing is counted. Raises
    Locked (`until`) after too many wrong ones, also for the right PIN; NotFound when code and PIN do not
    belong together, with no word on which of them is wrong; Unavailable.
    """
    known = receipts.read_code(code)
    if known is None:
        raise Invalid("this is not a code", {"code": "is mistyped: a digit is missing or wrong"})
    with store.transaction() as tx:
        attempts = _Attempts(tx, known, caller_hash, now)
        locked_until = attempts.locked_until()
        if locked_until is None:
            attempts.count()
            hashed = tx.scalar(_PIN_HASH, {"of_code": known})
    if locked_until is not None:
        log.warning("status look-up refused: too many wrong PINs")
        raise Locked("too many wrong PINs", locked_until)
    if not pins.is_right(store.vault, hashed, pin.strip()):
        log.info("status look-up failed")
        raise NotFound("no report has this code and PIN")
    with store.transaction() as tx:
        attempts.take_back(tx)
        return _view(tx, known)


def forget_caller(tx: Tx, number_hash: str) -> int:
    """Forget the wrong PINs of a caller who wants everything erased. A lock stays: it protects others."""
    key = _caller_key(tx, number_hash)
    gone = tx.execute(
        delete(TABLE)
        .where(TABLE.c.caller_hash == key, TABLE.c.failures < _first_locking())
        .returning(TABLE.c.caller_hash)
    )
    return len(gone.all())


def purge(tx: Tx, now: datetime, limit: int = 5000) -> int:
    """Forget wrong PINs of more than a day ago. Returns how many rows went."""
    old = select(TABLE.c.caller_hash).where(TABLE.c.last_at < now - FORGOTTEN_AFTER).limit(limit)
    return len(
        tx.execute(delete(TABLE).where(TABLE.c.caller_hash.in_(old)).returning(TABLE.c.caller_hash)).all()
    )


def wait_after(failures: int) -> timedelta:
    """How long the next attempt must wait after so many wrong ones."""
    return WAITS[min(failures, len(WAITS)) - 1] if failures > 0 else timedelta()


class _Attempts:
    """The two counters of one attempt, of the code and of the caller, locked for the transaction."""

    def __init__(self, tx: Tx, code: str, caller_hash: str, now: datetime) -> None:
        self._tx, self._now = tx, now
        self._code_key = tx.vault.number_hash(f"wrong pin of code|{code}")
        self._caller = _caller_key(tx, caller_hash)
        self._locks: dict[str, datetime | None] = {}
        self._rows = self._lock_rows()

    def locked_until(self) -> datetime | None:
        """Until when nothing may be tried; None when an attempt is allowed."""
        ends = [row.locked_until for row in self._rows if row.locked_until and row.locked_until > self._now]
        return max(ends, default=None)

    def count(self) -> None:
        """Count the attempt as a wrong one until it is proven right."""
        counted = []
        for row in self._rows:
            is_old = row.last_at < self._now - FORGOTTEN_AFTER
            failures = 1 if is_old else row.failures + 1
            wait = wait_after(failures)
            if row.caller_hash == self._code_key:
                wait = min(wait, LONGEST_OF_CODE)
            until = self._locks[row.caller_hash] = self._now + wait if wait else None
            counted.append(
                {
                    "of_key": row.caller_hash,
                    "new_failures": failures,
                    "new_locked_until": until,
                    "new_last_at": self._now,
                }
            )
        self._tx.execute(_COUNT, counted)

    def take_back(self, tx: Tx) -> None:
        """The PIN was right: the code's count is cleared; the caller's loses this one attempt only, or a
        caller with a report of their own could wash off guesses at others'."""
        steps = [
            (self._code_key, _CLEAR, {}),
            (self._caller, _TAKE_BACK, {"ours": self._locks[self._caller]}),
        ]
        for key, statement, more in sorted(steps, key=lambda step: step[0]):
            tx.execute(statement, {"of_key": key, **more})
        tx.execute(_CLEAR_NOTHING_LEFT, {"of_key": self._caller})

    def _lock_rows(self) -> Sequence[Row[Any, Any, Any, Any]]:
        keys = sorted((self._code_key, self._caller))  # in one order: two attempts never wait crosswise
        given = {"key_1": keys[0], "key_2": keys[1], "now": self._now}
        self._tx.execute(_BLANK[self._tx.is_postgres], given)
        return self._tx.execute(_LOCKED, {"keys": keys}).all()


def _view(tx: Tx, code: str) -> StatusView:
    """A merged report stands where the one it was merged into stands."""
    own = tx.execute(_VIEWED, {"of_code": code}).one()
    prefix = "main_" if own.main_status else ""
    stands = {name: getattr(own, prefix + name) for name in _STANDING}
    notes = tx.execute(_REPLIES, {"of_report": own.id})
    replies = tuple(OfficeReply(tx.vault.open(note.text_sealed), note.created_at) for note in notes)
    return StatusView(stands["status"], _since(stands, own.received_at), own.received_at, replies)


def _since(stands: Mapping[str, Any], received_at: datetime) -> datetime:
    known = {
        report_statuses.NEW: received_at,
        report_statuses.TRIAGED: stands["triaged_at"],
        report_statuses.CLOSED: stands["closed_at"],
    }
    since: datetime = known.get(stands["status"]) or stands["updated_at"]
    return since


def _caller_key(tx: Tx, caller_hash: str) -> str:
    """Another hash than the one that names the caller elsewhere: a failed look-up leads to no other row."""
    return tx.vault.number_hash(f"wrong pins of|{caller_hash}")


def _first_locking() -> int:
    return next(n for n, wait in enumerate(WAITS, start=1) if wait)
