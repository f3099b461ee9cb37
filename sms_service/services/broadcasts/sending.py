"""What the service does with an approved broadcast by itself: start, write the texts, try them on a few,
go on or halt, finish.

The audience is written down in slices, each one transaction that locks the broadcast's row, writes texts
and notes how far it came: a crash costs a slice, two workers take turns, and a text has its own key, so
nobody gets two. `work` is called by workers/broadcasts.py, `advance` by the scheduler.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, and_, func, or_, select

from sms_service.domain import broadcast_life as life
from sms_service.domain import personalisation, statuses
from sms_service.domain.quiet_hours import release_at
from sms_service.logs import get_logger
from sms_service.services.broadcasts import (
    audience as broadcast_audience,
)
from sms_service.services.broadcasts import (
    judging as broadcast_judging,
)
from sms_service.services.broadcasts import (
    rows as broadcast_rows,
)
from sms_service.services.broadcasts.audience import SUBSCRIBERS, Audience
from sms_service.services.broadcasts.judging import Figures
from sms_service.services.broadcasts.rows import CANARY_WAVE, REST_WAVE
from sms_service.services.broadcasts.texts import Composer, Words
from sms_service.services.staff import accounts as staff
from sms_service.services.texts import duty
from sms_service.services.texts.messages import TABLE as MESSAGES
from sms_service.settings import Settings
from sms_service.store.claim import insert_new
from sms_service.store.engine import Tx
from sms_service.store.models import Broadcast

log = get_logger(__name__)

FAN_OUT_SLICE = 1000  # texts a transaction: a tenth of a second of lock on SQLite
PRIORITY = {statuses.URGENT: 1, statuses.WARNING: 4, statuses.INFO: 5}  # a reminder has 3
TOO_LATE = "its deadline passed before it could start"
LAPSED = "its deadline passed while it was stopped"
_SEND_JOB = "send_bulk"
# The canary is judged when no more than one in so many of its texts is still to be tried: a number that a
# gateway puts off again and again must not hold up a warning.
_ONE_IN = 10


@dataclass(frozen=True, slots=True)
class Move:
    """What is to be done with a broadcast that is under way."""

    act: Literal["halt", "run", "finish", "wait", "judge_anew", "send_again", "drop", "lapse"]
    reason: str = ""


def has_work(tx: Tx, now: datetime) -> bool:
    """True when `work` has something to do: the scheduler then wakes its job."""
    waiting = select(Broadcast.id).where(_is_due(now)).limit(1)
    return tx.scalar(waiting) is not None or _cancelled_with_texts(tx) is not None


def work(tx: Tx, words: Words, settings: Settings, now: datetime) -> bool:
    """Do one step of one broadcast: start it, write a slice of its texts, or call a slice back of one that
    was cancelled. False: there is nothing to do, or another worker has it in hand."""
    row = tx.scalars(
        select(Broadcast)
        .where(_is_due(now))
        .order_by(Broadcast.kind != statuses.URGENT, Broadcast.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        cancelled = _cancelled_with_texts(tx)
        return cancelled is not None and broadcast_rows.withdraw(tx, cancelled, now) > 0
    if row.status == life.SCHEDULED:
        _start(tx, row, settings, now)
    else:
        _fan_out(tx, row, words, settings, now)
    return True


def list_under_way(tx: Tx, now: datetime) -> list[int]:
    """The broadcasts that `next_move` is to be asked about: those that send, and those that were stopped and
    that nobody has let go on before their deadline."""
    lapsed = and_(Broadcast.status.in_(life.STOPPED), Broadcast.expires_at <= now)
    wanted = select(Broadcast.id).where(or_(Broadcast.status.in_((life.CANARY, life.RUNNING)), lapsed))
    return list(tx.scalars(wanted.order_by(Broadcast.id)))


def next_move(tx: Tx, broadcast_id: int, settings: Settings, now: datetime) -> Move | None:
    """What is to be done with this broadcast now; None: it goes on as it is. Only reads."""
    row = tx.get(Broadcast, broadcast_id, populate_existing=True)
    return None if row is None else _decide(tx, row, settings, now)[0]


def advance(tx: Tx, broadcast_id: int, settings: Settings, now: datetime) -> Move | None:
    """Decide anew under the row's lock, and do it. None: nothing, or somebody else has it in hand."""
    row = tx.scalars(
        select(Broadcast)
        .where(Broadcast.id == broadcast_id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        return None
    move, seen = _decide(tx, row, settings, now)
    if move is None or seen is None:
        return move
    if move.act == "wait":
        row.canary_until = now + timedelta(seconds=settings.canary_seconds)
    elif move.act == "judge_anew":
        broadcast_judging.begin_anew(row, seen)
    elif move.act == "drop":
        broadcast_rows.withdraw(tx, row.id, now, broadcast_rows.HELD_TOO_LONG)
    elif move.act == "send_again":
        again = broadcast_rows.send_again(tx, row.id, now)
        _audit(tx, row, "send_again", {"texts": again}, now)
        tx.wake(_SEND_JOB)
    elif move.act == "lapse":
        _lapse(tx, row, now)
    elif move.act == "halt":
        _halt(tx, row, move.reason, settings, now)
    elif move.act == "run":
        broadcast_judging.begin_anew(row, seen)
        _move(row, "run", now)
        tx.wake(_SEND_JOB)
    else:
        _finish(tx, row, now)
    return move


def _decide(tx: Tx, row: Broadcast, settings: Settings, now: datetime) -> tuple[Move | None, Figures | None]:
    if row.status not in (life.CANARY, life.RUNNING, *life.STOPPED):
        return None, None
    seen = broadcast_judging.figures(tx, row)
    if row.status in life.STOPPED:
        is_late = row.expires_at is not None and row.expires_at <= now
        return (Move("lapse") if is_late and not (seen.queued or seen.sending) else None), seen
    if seen.queued and _is_held_too_long(row, settings, now):
        return Move("drop"), seen
    fault = broadcast_judging.verdict(row, seen, settings) if seen.queued else ""
    if fault:
        return Move("halt", fault), seen
    if row.status == life.CANARY:
        return _judge_canary(tx, row, seen, settings, now), seen
    if not seen.queued and not seen.sending:
        if row.resend_unknown and broadcast_rows.has_unknown_once(tx, row.id, now):
            return Move("send_again"), seen
        return Move("finish"), seen
    return (Move("judge_anew") if broadcast_judging.is_window_full(row, seen) else None), seen


def _is_held_too_long(row: Broadcast, settings: Settings, now: datetime) -> bool:
    """True when what waits for the end of the quiet hours would be late by then: it is dropped at once, so
    that whoever sent it can still do something about it tonight."""
    if row.expires_at is None or (row.kind == statuses.URGENT and row.override_by is not None):
        return False
    release = release_at(now, settings.zone, settings.quiet_hours, settings.quiet_sunday)
    return release is not None and row.expires_at <= release


def _judge_canary(tx: Tx, row: Broadcast, seen: Figures, settings: Settings, now: datetime) -> Move | None:
    """Nothing bad has been seen so far. Wait until enough texts were tried, then for what comes back."""
    waiting = broadcast_rows.count_waiting_canary(tx, row.id)
    if not seen.queued and not seen.sending:
        return Move("run")  # there is nobody left whom waiting could spare
    if _ONE_IN * (waiting + seen.sending) > row.canary_size:
        return None
    longest = now + timedelta(seconds=settings.canary_seconds)
    if row.canary_until is None or row.canary_until > longest:  # later than ever: the clock was put back
        return Move("wait")
    return Move("run") if now >= row.canary_until else None


def _is_due(now: datetime) -> ColumnElement[bool]:
    its_time = or_(Broadcast.send_at.is_(None), Broadcast.send_at <= now)
    return or_(Broadcast.status == life.STARTING, and_(Broadcast.status == life.SCHEDULED, its_time))


def _cancelled_with_texts(tx: Tx) -> int | None:
    left = broadcast_rows.queued(Broadcast.id)
    cancelled = select(Broadcast.id).where(Broadcast.status == life.CANCELLED, Broadcast.recipients > 0)
    return tx.scalar(cancelled.where(select(MESSAGES.c.id).where(*left).exists()).limit(1))


def _start(tx: Tx, row: Broadcast, settings: Settings, now: datetime) -> None:
    """Freeze the audience: whoever becomes a subscriber from here on is not written to."""
    if row.expires_at is not None and row.expires_at <= now:
        _lapse(tx, row, now)
        return
    row.started_at = now
    row.expires_at = row.expires_at or now + life.DEFAULT_LIFE[row.kind]
    row.audience_last_id = tx.scalar(select(func.max(SUBSCRIBERS.c.id))) or 0
    reached = _reached(tx, row, settings, now)
    row.audience_size = tx.scalar(select(func.count()).select_from(SUBSCRIBERS).where(*reached)) or 0
    _move(row, "start", now)
    _audit(tx, row, "start", {"audience": row.audience_size, "expires_at": row.expires_at}, now)


_Person = Row[Any]


def _fan_out(tx: Tx, row: Broadcast, words: Words, settings: Settings, now: datetime) -> None:
    """Write the texts for the next people; after the last one, the canary begins."""
    composer = Composer(row.text_id, row.text_en, words)
    people: Sequence[_Person] = []
    if row.expires_at is not None and row.expires_at > now:
        people = _next_people(tx, row, composer.uses_names, settings, now)
    else:
        row.reason = "its deadline passed before everybody was written down"
    if people:
        row.recipients += _write(tx, row, composer, people, settings, now)
        row.fan_out_cursor = people[-1].id
    if len(people) < FAN_OUT_SLICE:
        _begin(tx, row, settings, now)


def _reached(tx: Tx, row: Broadcast, settings: Settings, now: datetime) -> list[ColumnElement[bool]]:
    audience = Audience.from_json(row.audience)
    return broadcast_audience.reached(tx, audience, row.kind, now, settings.news_a_week, row.id)


def _next_people(
    tx: Tx, row: Broadcast, with_names: bool, settings: Settings, now: datetime
) -> Sequence[_Person]:
    here = SUBSCRIBERS.c
    columns = [here.id, here.number_hash, here.number_sealed, here.language, here.district]
    reached = _reached(tx, row, settings, now)
    return tx.execute(
        select(*columns, *([here.name_sealed] if with_names else []))
        .where(here.id > row.fan_out_cursor, here.id <= row.audience_last_id, *reached)
        .order_by(here.id)
        .limit(FAN_OUT_SLICE)
    ).all()


def _write(
    tx: Tx, row: Broadcast, composer: Composer, people: Sequence[_Person], settings: Settings, now: datetime
) -> int:
    """Write one text a person and draw who is of the canary; return how many texts were new."""
    sealed: dict[str, bytes] = {}
    drawn = _draw_canary(row, len(people), settings)
    same = {
        "lane": "bulk", "kind": row.kind, "priority": PRIORITY[row.kind], "link_id": "",
        "status": statuses.QUEUED, "attempts": 0, "created_at": now, "not_before": now,
        "expires_at": row.expires_at, "broadcast_id": row.id,
    }  # fmt: skip
    rows = []
    for position, person in enumerate(people):
        name = open_name(tx, person.name_sealed) if composer.uses_names else ""
        body = composer.compose(person.language, person.district, name)
        if body.text not in sealed:
            sealed[body.text] = tx.vault.seal(body.text)
        rows.append(
            {
                **same,
                "idempotency_key": broadcast_audience.key(row.id, person.id),
                "number_hash": person.number_hash,
                "number_sealed": person.number_sealed,
                "body_sealed": sealed[body.text],
                "segments": body.segments,
                "wave": CANARY_WAVE if position in drawn else REST_WAVE,
            }
        )
    row.canary_size += len(drawn)
    # By executemany, without RETURNING: five times as fast on PostgreSQL.
    statement = insert_new(tx, MESSAGES).execution_options(preserve_rowcount=True)
    return int(tx.connection().execute(statement, rows).rowcount)


def open_name(tx: Tx, sealed: bytes | None) -> str:
    """A subscriber's name as it is put into texts; "" when none is known, or no key opens it."""
    if not sealed:
        return ""
    try:
        return personalisation.tidy_name(tx.vault.open(sealed))
    except ValueError:
        return ""


def canary_target(audience_size: int, settings: Settings) -> int:
    """How many people of an audience the canary tries; 0: there is no canary."""
    if not settings.canary_seconds:
        return 0
    share = math.ceil(audience_size * settings.canary_percent / 100)
    return min(audience_size, max(settings.canary_minimum, share))


def _draw_canary(row: Broadcast, people: int, settings: Settings) -> set[int]:
    """Positions in this slice that belong to the canary. Everybody has the same chance, and all slices
    together draw just as many as are wanted (selection sampling)."""
    wanted = canary_target(row.audience_size, settings) - row.canary_size
    left = row.audience_size - row.recipients
    draw = random.Random(f"{row.id}:{row.fan_out_cursor}")  # noqa: S311 - a fair sample, not a secret
    drawn: set[int] = set()
    for position in range(people):
        if len(drawn) < wanted and draw.random() * (left - position) < wanted - len(drawn):
            drawn.add(position)
    return drawn


def _begin(tx: Tx, row: Broadcast, settings: Settings, now: datetime) -> None:
    row.fan_out_done = True
    if not row.recipients:
        _finish(tx, row, now)
        return
    wanted = min(canary_target(row.audience_size, settings), row.recipients)
    if wanted > row.canary_size:  # some who were counted have said STOP since
        row.canary_size += broadcast_rows.top_up_canary(tx, row.id, wanted - row.canary_size)
    _move(row, "try" if wanted else "run", now)
    _audit(tx, row, row.status, {"recipients": row.recipients, "canary": row.canary_size}, now)
    tx.wake(_SEND_JOB)


def _halt(tx: Tx, row: Broadcast, reason: str, settings: Settings, now: datetime) -> None:
    """Stop it until a person has looked. Resumed, it runs: that person has judged the canary."""
    row.halted_reason, row.resume_to = reason, life.RUNNING
    _move(row, "halt", now)
    _audit(tx, row, "halt", {"reason": reason}, now)
    duty.alert(tx, settings, "broadcast_halted", now, f"{row.id}:{row.version}")
    log.error("broadcast halted", broadcast=row.id, reason=reason)


def _lapse(tx: Tx, row: Broadcast, now: datetime) -> None:
    """Nobody has let it go on in time: it is over, and says so. What had not begun counts as called off."""
    row.reason = LAPSED if row.started_at else TOO_LATE
    if row.started_at:
        _finish(tx, row, now)
        return
    row.finished_at = now
    _move(row, "cancel", now)
    _audit(tx, row, "cancel", {"reason": TOO_LATE}, now)


def _finish(tx: Tx, row: Broadcast, now: datetime) -> None:
    row.finished_at = now
    _move(row, "finish", now)
    _audit(tx, row, "finish", {"recipients": row.recipients}, now)


def _move(row: Broadcast, act: str, now: datetime) -> None:
    assert life.may(act, row.status), (act, row.status)
    row.status = life.after(act)
    row.version, row.updated_at = row.version + 1, now


def _audit(tx: Tx, row: Broadcast, act: str, details: dict[str, object], now: datetime) -> None:
    staff.record_audit(tx, None, f"broadcast.{act}", ("broadcast", row.id), details, now)
