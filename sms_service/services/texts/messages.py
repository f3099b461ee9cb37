"""Texts out: how one gets into the outbox, and what may be asked about it.

A text is a row first; services/sending hands it over and settles it. Everybody who wants to text
somebody calls `enqueue`; nobody else touches the table. The words come ready, in GSM-7.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, func, select, true, update

from sms_service.domain import statuses, texts
from sms_service.errors import Conflict, Invalid, NotFound
from sms_service.store.claim import insert_new, insert_new_on, quoted
from sms_service.store.engine import Tx
from sms_service.store.models import Message

TABLE = cast(Table, Message.__table__)
_ENQUEUE = {
    is_postgres: insert_new_on(TABLE, is_postgres).returning(TABLE.c.id) for is_postgres in (True, False)
}
LANE_JOBS = {"fast": "send_fast", "bulk": "send_bulk"}  # which job of queues.JOBS drains which lane
BROADCAST_LANE = "bulk"  # texts of broadcasts are in this one and in no other
_KEY_LENGTH = 128


@dataclass(frozen=True, slots=True)
class NewText:
    """One text to one number. `key` makes it one text however often it is enqueued.

    `expires_at` is the deadline after which it is not sent any more, `not_before` the time before
    which it is not sent (None: at once). A smaller `priority` goes first within its lane.
    """

    number: str  # E.164
    body: str
    kind: str  # statuses.KINDS
    lane: str  # "fast": replies, receipts, alarms; "bulk": the rest
    key: str
    expires_at: datetime
    not_before: datetime | None = None
    priority: int = 5
    inbound_id: int | None = None
    event_id: int | None = None
    report_id: int | None = None
    broadcast_id: int | None = None  # it then waits for the broadcast's gate, and `priority` says nothing
    wave: int = 0  # of the broadcast: 0 canary, 1 the rest
    link_id: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """What may be shown of a text: never its number or body."""

    id: int
    kind: str
    lane: str
    status: str
    segments: int
    attempts: int
    created_at: datetime
    not_before: datetime
    expires_at: datetime
    sent_at: datetime | None
    finished_at: datetime | None
    gateway: str | None
    error: str | None


def enqueue(tx: Tx, text: NewText, now: datetime) -> int:
    """Write one text into the outbox and return its id (of the first, when the key is there already).

    Raises Invalid for an unknown kind or lane, an empty body, or a key that is too long.
    """
    message_id = tx.execute(_ENQUEUE[tx.is_postgres], _row(tx, text, now, {})).scalar_one_or_none()
    if message_id is None:
        found = tx.execute(select(TABLE.c.id).where(TABLE.c.idempotency_key == text.key)).scalar_one_or_none()
        if found is None:  # its writer rolled back in this instant
            raise Conflict("the same text is being written elsewhere; try again")
        return int(found)
    _wake(tx, [text], now)
    return int(message_id)


def enqueue_many(tx: Tx, new: Sequence[NewText], now: datetime) -> int:
    """Write many texts at once and return how many of them were new. Raises Invalid as `enqueue`.

    One call, one statement: give it a few thousand at a time and commit between (SQLite has one writer,
    and the fast lane waits for it meanwhile). Repeating a slice does no harm.
    """
    if not new:
        return 0
    sealed_bodies: dict[str, bytes] = {}
    # In the order of the unique key: two writers of the same texts must not wait for each other.
    rows = [_row(tx, text, now, sealed_bodies) for text in sorted(new, key=lambda text: text.key)]
    # By executemany, without RETURNING: five times as fast on PostgreSQL.
    statement = insert_new(tx, TABLE).execution_options(preserve_rowcount=True)
    written = int(tx.connection().execute(statement, rows).rowcount)
    if written:
        _wake(tx, new, now)
    return written


def withhold(tx: Tx, number_hash: str, now: datetime, kinds: Sequence[str] | None = None) -> int:
    """STOP: no text that waits for this number goes out any more, save the confirmation of STOP itself.

    With `kinds` only those: the person has turned them off. Returns how many were withheld. Texts being
    handed over in this very moment cannot be called back.
    """
    statement = (
        update(TABLE)
        .where(
            TABLE.c.status == quoted(statuses.QUEUED),
            TABLE.c.number_hash == number_hash,
            TABLE.c.kind != statuses.CONFIRMATION if kinds is None else TABLE.c.kind.in_(kinds),
        )
        .values(status=statuses.OPTED_OUT, finished_at=now, error="opted out before it was sent")
        .returning(TABLE.c.id)
    )
    return len(tx.execute(statement).all())


def withdraw(
    tx: Tx, event_id: int, key_prefix: str, now: datetime, number_hashes: Sequence[str] | None = None
) -> int:
    """What these texts of an event say is no longer true: those still waiting do not go out any more.

    `key_prefix` is how their keys begin; `number_hashes` names whose (None: everybody's). They end as
    expired. Returns how many were withdrawn; texts being handed over in this very moment cannot be called
    back.
    """
    statement = (
        update(TABLE)
        .where(
            TABLE.c.status == quoted(statuses.QUEUED),
            TABLE.c.event_id == event_id,
            TABLE.c.idempotency_key.startswith(key_prefix, autoescape=True),
            true() if number_hashes is None else TABLE.c.number_hash.in_(number_hashes),
        )
        .values(status=statuses.EXPIRED, finished_at=now, error="withdrawn: the event has changed")
        .returning(TABLE.c.id)
    )
    return len(tx.execute(statement).all())


def get_text(tx: Tx, message_id: int) -> Text:
    """Raises NotFound."""
    row = tx.execute(select(*_shown()).where(TABLE.c.id == message_id)).one_or_none()
    if row is None:
        raise NotFound("there is no such text")
    return Text(**row._asdict())


def list_texts(tx: Tx, *, event_id: int, after_id: int = 0, limit: int = 100) -> list[Text]:
    """The texts of one event, oldest first, after `after_id`."""
    rows = tx.execute(
        select(*_shown())
        .where(TABLE.c.event_id == event_id, TABLE.c.id > after_id)
        .order_by(TABLE.c.id)
        .limit(limit)
    )
    return [Text(**row._asdict()) for row in rows]


def count_by_status(tx: Tx, *, event_id: int | None = None, kind: str | None = None) -> dict[str, int]:
    """How many texts stand where; every status is named, and the figures add up to all."""
    wanted: list[ColumnElement[bool]] = []
    if event_id is not None:
        wanted.append(TABLE.c.event_id == event_id)
    if kind is not None:
        wanted.append(TABLE.c.kind == kind)
    counts = tx.execute(select(TABLE.c.status, func.count()).where(*wanted).group_by(TABLE.c.status))
    return dict.fromkeys(statuses.STATUSES, 0) | {row[0]: int(row[1]) for row in counts}


def _shown() -> list[ColumnElement[Any]]:
    return [TABLE.c[name] for name in Text.__dataclass_fields__]


def _row(tx: Tx, text: NewText, now: datetime, sealed_bodies: dict[str, bytes]) -> dict[str, Any]:
    _check(text)
    body = sealed_bodies.get(text.body)
    if body is None:
        body = sealed_bodies[text.body] = tx.vault.seal(text.body)
    return {
        "idempotency_key": text.key,
        "lane": text.lane,
        "kind": text.kind,
        "priority": text.priority,
        "number_hash": tx.vault.number_hash(text.number),
        "number_sealed": tx.vault.seal(text.number),
        "body_sealed": body,
        "segments": texts.measure(text.body).segments,
        "link_id": text.link_id,
        "status": statuses.QUEUED,
        "attempts": 0,
        "created_at": now,
        "not_before": max(text.not_before or now, now),
        "expires_at": text.expires_at,
        "inbound_id": text.inbound_id,
        "event_id": text.event_id,
        "report_id": text.report_id,
        "broadcast_id": text.broadcast_id,
        "wave": text.wave,
    }


def _check(text: NewText) -> None:
    errors = {}
    if text.kind not in statuses.KINDS:
        errors["kind"] = f"is none of {', '.join(statuses.KINDS)}"
    if text.lane not in LANE_JOBS:
        errors["lane"] = f"is none of {', '.join(LANE_JOBS)}"
    if text.broadcast_id is not None and text.lane != BROADCAST_LANE:
        errors["lane"] = f"is {BROADCAST_LANE} for texts of a broadcast"
    if not text.body.strip():
        errors["body"] = "is empty"
    if not 0 < len(text.key) <= _KEY_LENGTH:
        errors["key"] = f"has 1 to {_KEY_LENGTH} characters"
    if errors:
        raise Invalid("this text cannot be sent", errors)


def _wake(tx: Tx, new: Sequence[NewText], now: datetime) -> None:
    for lane in {text.lane for text in new if text.not_before is None or text.not_before <= now}:
        tx.wake(LANE_JOBS[lane])
