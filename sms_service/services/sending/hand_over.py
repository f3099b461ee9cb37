"""The way of a text out of the queue: claim, hand over, record. Each is a transaction of its own.

claim_batch   takes due texts under a lease and leaves out what may not go now
hand_over     the last look before the call; from here on a crash makes a text `unknown`
record_results  what the gateway said; shows the token of the claim, so that a late recorder is refused
give_back     what was claimed and not handed over goes back as it was
Called by workers/messages.py. Sweeps for texts that get stuck on this way: sweeps.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, select, update

from sms_service.domain import statuses
from sms_service.domain.quiet_hours import HELD_KINDS
from sms_service.services.sending import sweeps
from sms_service.services.sending.batches import Batch, Claimed, group
from sms_service.services.sending.claims import Claimer
from sms_service.services.texts import broadcast_gate, due
from sms_service.services.texts.broadcast_gate import Gate
from sms_service.services.texts.messages import TABLE
from sms_service.store.claim import claim
from sms_service.store.engine import Tx
from sms_service.store.models import OptOut

_HOLD_AT_ONCE = 5000
# Built once: to build a statement takes longer than to run it.
_STOPPED = select(OptOut.number_hash, OptOut.opted_out_at).where(
    OptOut.number_hash.in_(bindparam("hashes", expanding=True))
)
_MARK = (
    update(TABLE)
    .where(
        TABLE.c.id.in_(bindparam("ids", expanding=True)),
        TABLE.c.claim == bindparam("token"),
        TABLE.c.status == statuses.SENDING,
        TABLE.c.expires_at > bindparam("at"),
    )
    .values(gateway=bindparam("to_gateway"), lease_until=bindparam("until"))
    .returning(TABLE.c.id)
)


def claim_batch(
    tx: Tx, lane: str, now: datetime, limit: int, lease: timedelta, release_at: datetime | None = None
) -> list[Batch]:
    """Claim at most `limit` due texts of `lane` for `lease` and return them as calls to make.

    Expired ones end here. Opted-out ones end here too, save the confirmation of STOP and replies to what
    the person sent after it. `release_at` is given in quiet hours (domain/quiet_hours.py): kinds that
    must wait then become due at that time, or end as expired when their deadline comes first; broadcasts
    wait behind their gate. In which order: claims.py.
    """
    sweeps.expire(tx, now)
    if release_at is not None:
        _hold(tx, lane, now, release_at)
    claimer = Claimer(tx, lane, now, limit, lease, release_at is not None)
    claimer.take()
    wanted = _leave_out_opted_out(tx, claimer.token, _opened(tx, claimer.token, claimer.rows, now), now)
    return group(claimer.token, lane, wanted)


def hand_over(
    tx: Tx,
    batches: Sequence[Batch],
    gateway: str,
    now: datetime,
    lease: timedelta,
    release_at: datetime | None = None,
) -> list[Batch]:
    """The last look before `gateway` is called: return the calls with the texts that still may go, and
    mark those so. The batches are of one claim; one that nothing is left of is not returned.

    A text whose lease was lost meanwhile, whose deadline passed or whose number opted out is left out. One
    that has to wait now (quiet hours have begun, its broadcast was paused) goes back into the queue.
    From this commit on a crash leaves it `unknown`: nobody can say whether the call went out.
    """
    texts = [text for batch in batches for text in batch.texts]
    if not texts:
        return []
    token = batches[0].claim
    held = _held(tx, texts, now, release_at is not None)
    if held:
        give_back(tx, [batches[0].keep(text for text in texts if text.id in held)])
    wanted = _leave_out_opted_out(tx, token, [text for text in texts if text.id not in held], now)
    ids = [text.id for text in wanted]
    given = {"ids": ids, "token": token, "at": now, "to_gateway": gateway, "until": now + lease}
    marked = tx.execute(_MARK, given)
    going = set(marked.scalars())
    left = [batch.keep(text for text in batch.texts if text.id in going) for batch in batches]
    return [batch for batch in left if batch.texts]


def give_back(tx: Tx, batches: Sequence[Batch]) -> int:
    """Put texts of one claim that were certainly not sent back into the queue; costs them no attempt."""
    if not batches:
        return 0
    statement = (
        update(TABLE)
        .where(*_ours(batches[0].claim, [text.id for batch in batches for text in batch.texts]))
        .values(status=statuses.QUEUED, claim=None, lease_until=None, gateway=None)
        .returning(TABLE.c.id)
    )
    return len(tx.execute(statement).all())


def _ours(token: str, ids: Sequence[int]) -> list[Any]:
    """Rows that this claim still holds: a sweep may have taken them, and another worker have them now."""
    return [TABLE.c.id.in_(ids), TABLE.c.claim == token, TABLE.c.status == statuses.SENDING]


def _held(tx: Tx, texts: Sequence[Claimed], now: datetime, in_quiet_hours: bool) -> set[int]:
    """Which of `texts` may not go at this moment, though they might later."""
    gates: dict[int, Gate] = {}
    if any(text.broadcast_id is not None for text in texts):
        gates = {gate.broadcast_id: gate for gate in broadcast_gate.sendable(tx, now)}
    held = set()
    for text in texts:
        if text.broadcast_id is None:
            waits = in_quiet_hours and text.kind in HELD_KINDS
        else:
            gate = gates.get(text.broadcast_id)
            waits = gate is None or not gate.lets(text.wave, in_quiet_hours)
        if waits:
            held.add(text.id)
    return held


def _leave_out_opted_out(tx: Tx, token: str, claimed: list[Claimed], now: datetime) -> list[Claimed]:
    if not claimed:
        return []
    hashes = {text.number_hash for text in claimed}
    rows = tx.execute(_STOPPED, {"hashes": list(hashes)})
    stopped = {row.number_hash: row.opted_out_at for row in rows}
    barred = {text.id for text in claimed if not _may_go(text, stopped.get(text.number_hash))}
    _end(tx, token, list(barred), statuses.OPTED_OUT, "opted out before it was sent", now)
    return [text for text in claimed if text.id not in barred]


def _may_go(text: Claimed, stopped_at: datetime | None) -> bool:
    """Somebody who asks after STOP is answered: it may be a call for help."""
    if stopped_at is None or text.kind == statuses.CONFIRMATION:
        return True
    return text.kind == statuses.REPLY and text.created_at >= stopped_at


def _opened(tx: Tx, token: str, rows: list[Row[Any]], now: datetime) -> list[Claimed]:
    """Open what is sealed; equal bodies that were written together are opened once."""
    bodies: dict[bytes, str] = {}
    claimed, unreadable = [], []
    for row in rows:
        try:
            number = tx.vault.open(row.number_sealed)
            sealed = bytes(row.body_sealed)
            body = bodies.get(sealed) or bodies.setdefault(sealed, tx.vault.open(sealed))
        except ValueError:
            unreadable.append(row.id)
            continue
        claimed.append(
            Claimed(
                id=row.id,
                number=number,
                number_hash=row.number_hash,
                body=body,
                kind=row.kind,
                segments=row.segments,
                attempts=row.attempts,
                link_id=row.link_id,
                expires_at=row.expires_at,
                created_at=row.created_at,
                broadcast_id=row.broadcast_id,
                wave=row.wave,
            )
        )
    _end(tx, token, unreadable, statuses.FAILED, "sealed with a key that DATA_KEY no longer holds", now)
    return claimed


def _end(tx: Tx, token: str, ids: Sequence[int], status: str, why: str, now: datetime) -> None:
    if ids:
        tx.execute(
            update(TABLE)
            .where(*_ours(token, ids))
            .values(status=status, error=why, finished_at=now, lease_until=None)
        )


def _hold(tx: Tx, lane: str, now: datetime, release_at: datetime) -> None:
    """Set aside, without opening them, the texts that must wait for the end of the quiet hours."""
    for priority in list(due.priorities(tx, lane)):
        held = [*due.in_lane(lane, priority, now), TABLE.c.kind.in_(HELD_KINDS)]
        late = {
            "status": statuses.EXPIRED,
            "finished_at": now,
            "error": "quiet hours until after its deadline",
        }
        for condition, values in (
            (TABLE.c.expires_at <= release_at, late),
            (TABLE.c.expires_at > release_at, {"not_before": release_at}),
        ):
            order = (TABLE.c.not_before, TABLE.c.id)
            claim(tx, TABLE, due=[*held, condition], order_by=order, limit=_HOLD_AT_ONCE, values=values)
