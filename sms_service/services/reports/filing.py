"""Reports: how one is filed, once, and what an erasure takes from it.

A filing is named by the token of its draft. However often and wherever it is confirmed, there is one report
and one code; the draft goes in the same transaction. An anonymous report gets neither the number nor its
hash, and its link to the draft is a keyed hash of the token. The token itself stands in the draft, which
goes, and for two days, sealed, in what the steps of that dialogue did (effects): a step may be repeated.
Called by the menus' actions and by inbound texts; staff's work on a report is services/reports/cases.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from redis import Redis
from sqlalchemy import Table, bindparam, delete, select, update

from sms_service.domain import receipts, report_statuses
from sms_service.domain.free_text import clean
from sms_service.domain.report_answers import LONGEST_NAME, LONGEST_PLACE, LONGEST_STORY, Answers
from sms_service.errors import Conflict
from sms_service.services.reports import limits as report_limits
from sms_service.services.reports import pins
from sms_service.services.reports.limits import Standing
from sms_service.services.reports.pins import ReadyPin
from sms_service.services.texts import duty
from sms_service.settings import Settings
from sms_service.store.claim import insert_new_on
from sms_service.store.engine import Store, Tx
from sms_service.store.models import Report, ReportDraft

TABLE = cast(Table, Report.__table__)
LINK_JOB = "link_reports"
_TRIES = 5
_UNCOUNTED = Standing()

# Built once: building a statement takes longer than running it.
_OF_FILING = TABLE.c.filing == bindparam("of_filing", type_=TABLE.c.filing.type)
_IS_FILED = select(TABLE.c.id).where(_OF_FILING)
_FILED = select(TABLE.c.code, TABLE.c.pin_hash).where(_OF_FILING)
_INSERT = {
    is_postgres: insert_new_on(TABLE, is_postgres).returning(TABLE.c.id) for is_postgres in (True, False)
}
_DROP_DRAFT = delete(ReportDraft).where(ReportDraft.token == bindparam("of_token"))


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the reporter takes away. `pin` is the drawn one; empty when they chose it themselves."""

    code: str
    pin: str


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did: reports that no longer know their reporter, and those of them still worked on."""

    forgotten: int
    kept_open: int


def confirm(
    store: Store,
    settings: Settings,
    token: str,
    answers: Answers,
    number: str,
    language: str,
    channel: str,
    now: datetime,
    redis: Redis | None = None,
) -> Receipt:
    """File the report of draft `token` and return its receipt; again: return the same receipt.

    `number` is the caller's (E.164); it is not kept unless `answers.contact` is "known". `channel` is ussd
    or sms. With `redis` the caller's reports of the day are counted there (services/reports/limits). Takes
    its own transaction, for the slow hash of the PIN must not hold the write lock. Raises Unavailable,
    Invalid for a PIN that may not be chosen, Locked for a caller who has reported far too often today.
    """
    filed = find_receipt(store, token)
    if filed is not None:
        return filed
    standing = _UNCOUNTED
    if redis is not None:
        caller = store.vault.number_hash(number)
        standing = report_limits.note(redis, caller, token, answers.is_urgent, now, settings.zone)
    pin = pins.prepare(store.vault, token, answers.pin)
    given = (token, answers, number, language, channel, now)
    with store.transaction() as tx:
        receipt = file_report(tx, *given, settings, pin, standing)
    return receipt or confirm(store, settings, *given, redis)  # another was first: its receipt is ours


def file_report(
    tx: Tx,
    token: str,
    answers: Answers,
    number: str,
    language: str,
    channel: str,
    now: datetime,
    settings: Settings,
    pin: ReadyPin,
    standing: Standing = _UNCOUNTED,
) -> Receipt | None:
    """The same within a transaction; None where the report is filed already, under another PIN perhaps.
    `pin` comes from pins.prepare, called before the transaction opened."""
    row = _row(tx, answers, number, language, channel, now, pin)
    code = _insert(tx, _filing(tx, token), row | _weighed(answers, standing, now), now, settings)
    _drop_draft(tx, token)
    return Receipt(code, pin.shown) if code else None


def is_filed(tx: Tx, token: str) -> bool:
    """True when the filing of this token is done."""
    return _is_known(tx, _filing(tx, token))


def find_receipt(store: Store, token: str) -> Receipt | None:
    """Return the receipt of a filing that is done, or None. A PIN is in it only where the drawn one opens
    the report. Takes its own transaction, and then 4 ms for the hash. Raises Unavailable."""
    with store.read() as tx:
        filed = tx.execute(_FILED, {"of_filing": _filing(tx, token)}).one_or_none()
    if filed is None:
        return None
    pin = pins.drawn(store.vault, token)
    return Receipt(filed.code, pin if pins.is_right(store.vault, filed.pin_hash, pin) else "")


def erase_reporter(tx: Tx, number_hash: str, now: datetime) -> Erased:
    """Forget who sent the reports of this number: number, hash and the leave to text.

    What was told stays: in an open case for the work on it, in a closed one until its retention ends; no
    row leads from it to the number any more. Texts that wait for the reporter are messages.erase's.
    """
    rows = tx.execute(
        update(TABLE)
        .where(TABLE.c.reporter_hash == number_hash)
        .values(
            reporter_hash=None,
            reporter_sealed=None,
            texts_allowed=False,
            version=TABLE.c.version + 1,
            updated_at=now,
        )
        .returning(TABLE.c.status)
    ).all()
    return Erased(len(rows), sum(row.status != report_statuses.CLOSED for row in rows))


def _insert(tx: Tx, filing: str, row: dict[str, Any], now: datetime, settings: Settings) -> str | None:
    """Write the report under a free code, and return that; None when another wrote it in this moment."""
    for _ in range(_TRIES):
        given = {**row, "filing": filing, "code": receipts.draw_code()}
        report_id = tx.execute(_INSERT[tx.is_postgres], given).scalar_one_or_none()
        if report_id is not None:
            _after_filing(tx, report_id, given["is_urgent"], now, settings)
            return str(given["code"])
        if _is_known(tx, filing):
            return None
    raise Conflict("no free code was found; try again")


def _is_known(tx: Tx, filing: str) -> bool:
    return tx.scalar(_IS_FILED, {"of_filing": filing}) is not None


def _drop_draft(tx: Tx, token: str) -> None:
    tx.execute(_DROP_DRAFT, {"of_token": token})


def _after_filing(tx: Tx, report_id: int, is_urgent: bool, now: datetime, settings: Settings) -> None:
    if is_urgent:
        duty.alert(tx, settings, "urgent_report", now, str(report_id))
    tx.wake(LINK_JOB)


def _row(
    tx: Tx, answers: Answers, number: str, language: str, channel: str, now: datetime, pin: ReadyPin
) -> dict[str, Any]:
    is_known = answers.contact == "known"
    phone = answers.recruiter_phone
    return {
        "pin_hash": pin.hashed,
        "version": 1,
        "status": report_statuses.NEW,
        "modi": list(answers.modi),
        "recruiter_name_sealed": _sealed(tx, answers.recruiter_name, LONGEST_NAME),
        "recruiter_phone_sealed": _sealed(tx, phone, LONGEST_NAME),
        "recruiter_phone_hash": tx.vault.number_hash(phone) if phone else None,
        "story_sealed": _sealed(tx, answers.story, LONGEST_STORY),
        "district": answers.district or None,
        "place_sealed": _sealed(tx, answers.place, LONGEST_PLACE),
        "destination": answers.destination,
        "reporter_hash": tx.vault.number_hash(number) if is_known else None,
        "reporter_sealed": tx.vault.seal(number) if is_known else None,
        "texts_allowed": is_known and answers.texts == "neutral",
        "language": language,
        "channel": channel,
        "received_at": now,
        "updated_at": now,
    }


def _weighed(answers: Answers, standing: Standing, now: datetime) -> dict[str, Any]:
    usual = report_statuses.LOW if standing.waits else report_statuses.USUAL
    priority = report_statuses.URGENT if answers.is_urgent else usual
    return {
        "priority": priority,
        "is_urgent": answers.is_urgent,
        "due_at": report_statuses.due_at(report_statuses.NEW, priority, now),
        "flags": list(standing.flags),
    }


def _sealed(tx: Tx, words: str, longest: int) -> bytes | None:
    kept = clean(words, longest)
    return tx.vault.seal(kept) if kept else None


def _filing(tx: Tx, token: str) -> str:
    return tx.vault.number_hash(f"filing|{token}")
