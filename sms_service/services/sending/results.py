"""What a gateway said about a call, written down: the second half of hand_over.py's way out.

Accepted: sent, with the gateway's id. A permanent refusal: failed. The gateway's own opt-out: recorded
as ours too. A refusal for now: queued again, later and later, up to a limit. An answer that never came:
unknown. Our account is wrong: queued again at no cost, and the worker stops calling that gateway.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Update, bindparam, func, update

from sms_service.domain import statuses
from sms_service.errors import (
    GatewayError,
    Misconfigured,
    OutcomeUnknown,
    RecipientOptedOut,
)
from sms_service.gateways.base import SendReceipt
from sms_service.logs import mask_numbers
from sms_service.services.sending import deliveries
from sms_service.services.sending.batches import Batch, Claimed
from sms_service.services.subscribers import person as subscribers
from sms_service.services.texts.messages import TABLE
from sms_service.store.claim import quoted
from sms_service.store.engine import Tx

Result = Sequence[SendReceipt] | GatewayError
MAX_ATTEMPTS = 20
_FIRST_WAIT_SECONDS = 2.0
_LONGEST_WAIT_SECONDS = 300.0
_ERROR_LENGTH = 200
_OPEN = (statuses.SENDING, statuses.UNKNOWN)  # where an answer may still find its text
_random = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class _Outcome:
    batch: Batch
    text: Claimed
    status: str
    gateway_id: str | None = None
    error: str | None = None
    costs_attempt: bool = True


def record_results(
    tx: Tx, answered: Sequence[tuple[Batch, Result]], gateway: str, now: datetime
) -> Counter[tuple[str, str]]:
    """Write down what `gateway` said about some calls: a receipt a number, or one error for all of a call.

    Only rows that still show their claim are changed; a row that a sweep has made `unknown` meanwhile is
    settled when the answer was an acceptance or a permanent refusal. Returns texts by lane and status.
    """
    outcomes = [
        _judge(batch, text, receipt)
        for batch, result in answered
        for text, receipt in _receipts(batch, result)
    ]
    counts: Counter[tuple[str, str]] = Counter()
    for lane, status in {(outcome.batch.lane, outcome.status) for outcome in outcomes}:
        some = [one for one in outcomes if (one.batch.lane, one.status) == (lane, status)]
        if moved := _write(tx, gateway, status, some, now):
            counts[lane, status] = moved
    _record_opt_outs(tx, outcomes, now)
    known = [outcome.gateway_id for outcome in outcomes if outcome.gateway_id]
    deliveries.match_ids(tx, gateway, known, now)
    return counts


def wait_before(attempts: int) -> timedelta:
    """How long to wait before the next attempt after so many: doubling, with jitter, at most 5 minutes."""
    longest = min(_LONGEST_WAIT_SECONDS, _FIRST_WAIT_SECONDS * 2.0 ** min(max(attempts - 1, 0), 10))
    return timedelta(seconds=_random.uniform(longest / 2, longest))


def _receipts(batch: Batch, result: Result) -> list[tuple[Claimed, SendReceipt]]:
    """One receipt a text, by number; a number that the gateway passed over in silence may have the text."""
    if isinstance(result, GatewayError):
        return [(text, SendReceipt(text.number, error=result)) for text in batch.texts]
    by_number = {receipt.number: receipt for receipt in result}
    silence = OutcomeUnknown("the gateway's answer does not name this number")
    return [
        (text, by_number.get(text.number) or SendReceipt(text.number, error=silence)) for text in batch.texts
    ]


def _judge(batch: Batch, text: Claimed, receipt: SendReceipt) -> _Outcome:
    error = receipt.error
    if error is None:
        return _Outcome(batch, text, statuses.SENT, receipt.gateway_id)
    why = mask_numbers(f"{type(error).__name__}: {error}")[:_ERROR_LENGTH]
    if isinstance(error, RecipientOptedOut):
        return _Outcome(batch, text, statuses.OPTED_OUT, receipt.gateway_id, why)
    if isinstance(error, OutcomeUnknown):
        return _Outcome(batch, text, statuses.UNKNOWN, receipt.gateway_id, why)
    if isinstance(error, Misconfigured):
        return _Outcome(batch, text, statuses.QUEUED, None, why, costs_attempt=False)
    if error.retryable and text.attempts + 1 < MAX_ATTEMPTS:
        return _Outcome(batch, text, statuses.QUEUED, None, why)
    return _Outcome(batch, text, statuses.FAILED, receipt.gateway_id, why)


def _write(tx: Tx, gateway: str, status: str, outcomes: list[_Outcome], now: datetime) -> int:
    """Move some texts to one status; return how many moved."""
    rows: list[dict[str, Any]] = [
        {
            "row_id": outcome.text.id,
            "token": outcome.batch.claim,
            "new_error": outcome.error,
            "cost": int(outcome.costs_attempt),
            "at": now,
            **(
                {"new_not_before": _next_try(outcome, now)}
                if status == statuses.QUEUED
                else {"new_gateway": gateway, "new_gateway_id": outcome.gateway_id}
            ),
        }
        for outcome in outcomes
    ]
    return int(tx.connection().execute(_moving(status), rows).rowcount)


@cache
def _moving(status: str) -> Update:
    """Moves a row to `status` while it shows its claim. Built once: that takes longer than to run it."""
    at = bindparam("at", type_=TABLE.c.sent_at.type)
    values: dict[str, Any] = {
        "status": status,
        "error": bindparam("new_error"),
        "lease_until": None,
        "attempts": TABLE.c.attempts + bindparam("cost"),
    }
    if status == statuses.QUEUED:
        values |= {"gateway": None, "gateway_id": None, "claim": None}
        values |= {"not_before": bindparam("new_not_before")}
    else:
        values |= {"gateway": bindparam("new_gateway"), "gateway_id": bindparam("new_gateway_id")}
    if status == statuses.SENT:
        values |= {"sent_at": func.coalesce(TABLE.c.sent_at, at)}
    elif status in statuses.FINAL:
        values |= {"finished_at": at}
    open_ = [quoted(source) for source in _OPEN if statuses.may_move(source, status)]
    return (
        update(TABLE)
        .where(
            TABLE.c.id == bindparam("row_id"),
            TABLE.c.claim == bindparam("token"),
            TABLE.c.status.in_(open_),
        )
        .values(values)
    )


def _next_try(outcome: _Outcome, now: datetime) -> datetime:
    return now + wait_before(outcome.text.attempts + 1) if outcome.costs_attempt else now


def _record_opt_outs(tx: Tx, outcomes: list[_Outcome], now: datetime) -> None:
    """What the gateway keeps is a STOP like any other: consent ends, and what waits is withheld."""
    for number in {outcome.text.number for outcome in outcomes if outcome.status == statuses.OPTED_OUT}:
        subscribers.opt_out(tx, number, "gateway", now)
