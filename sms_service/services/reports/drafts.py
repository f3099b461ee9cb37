"""Reports that are being told: one draft a caller, every answer kept, sealed, as it is given. Seven days.

A draft is the only row that ties a caller (by keyed hash) to what becomes an anonymous report; it goes when
the report is filed (services/reports/filing.py), thrown away, erased, or too old. Called by services/actions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, bindparam, delete, select, update

from sms_service.domain.report_answers import Answers, from_json
from sms_service.logs import get_logger
from sms_service.store.claim import insert_new_on, new_token
from sms_service.store.engine import Tx
from sms_service.store.models import ReportDraft

log = get_logger(__name__)

TABLE = cast(Table, ReportDraft.__table__)
LIVES = timedelta(days=7)  # after the last answer

# Built once: building a statement takes longer than running it, and each turn of a report runs some.
_OF_CALLER = TABLE.c.caller_hash == bindparam("of_caller", type_=TABLE.c.caller_hash.type)
_NOW = bindparam("now", type_=TABLE.c.expires_at.type)
_FOUND = select(TABLE).where(_OF_CALLER, TABLE.c.expires_at > _NOW)
_FOUND_AND_LOCKED = _FOUND.with_for_update()
_DROP_OLD = delete(TABLE).where(_OF_CALLER, TABLE.c.expires_at <= _NOW)
_BEGIN = {kind: insert_new_on(TABLE, kind) for kind in (True, False)}  # is it PostgreSQL
_CHANGED = ("answers_sealed", "language", "channel", "updated_at", "expires_at")
_KEEP = (
    update(TABLE)
    .where(_OF_CALLER)
    .values({name: bindparam(f"new_{name}") for name in _CHANGED})
    .returning(TABLE.c.token, TABLE.c.created_at)
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A report that is being told. `token` becomes the name of its filing."""

    token: str
    answers: Answers
    language: str
    channel: str  # the last one: ussd | sms
    created_at: datetime
    updated_at: datetime


def find(tx: Tx, caller_hash: str, now: datetime, *, lock: bool = False) -> Draft | None:
    """The caller's draft, or None when there is none that is young enough. `lock`: until the end of the
    transaction, for whoever means to change it."""
    statement = _FOUND_AND_LOCKED if lock else _FOUND
    row = tx.execute(statement, {"of_caller": caller_hash, "now": now}).one_or_none()
    if row is None:
        return None
    try:
        answers = from_json(tx.vault.open(row.answers_sealed))
    except ValueError:  # sealed with a key that is gone: nobody can go on from it
        log.error("a draft of a report cannot be opened")
        return None
    return Draft(row.token, answers, row.language, row.channel, row.created_at, row.updated_at)


def save(
    tx: Tx,
    caller_hash: str,
    answers: Answers,
    language: str,
    channel: str,
    now: datetime,
    token: str = "",
) -> Draft:
    """Keep the answers in the caller's draft. Without one it is begun, under `token` if that is given.

    Two beginnings at once are one draft: the later writes into the first's.
    """
    kept = {
        "answers_sealed": tx.vault.seal(answers.to_json()),
        "language": language,
        "channel": channel,
        "updated_at": now,
        "expires_at": now + LIVES,
    }
    tx.execute(_DROP_OLD, {"of_caller": caller_hash, "now": now})
    new = {**kept, "caller_hash": caller_hash, "token": token or new_token(), "created_at": now}
    tx.execute(_BEGIN[tx.is_postgres], new)
    changed = {f"new_{name}": kept[name] for name in _CHANGED}
    row = tx.execute(_KEEP, {"of_caller": caller_hash, **changed}).one()
    return Draft(row.token, answers, language, channel, row.created_at, now)


def discard(tx: Tx, caller_hash: str) -> bool:
    """Throw the caller's draft away. Returns False when there was none."""
    gone = tx.execute(delete(TABLE).where(TABLE.c.caller_hash == caller_hash).returning(TABLE.c.id)).all()
    return bool(gone)


def purge(tx: Tx, now: datetime, limit: int = 1000) -> int:
    """Throw away drafts that are too old to be gone on with. Returns how many."""
    old = select(TABLE.c.id).where(TABLE.c.expires_at <= now).limit(limit)
    return len(tx.execute(delete(TABLE).where(TABLE.c.id.in_(old)).returning(TABLE.c.id)).all())
