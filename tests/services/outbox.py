"""Building blocks for tests of the outbox: texts, a clock, and what a gateway may answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from sms_service.errors import GatewayError
from sms_service.gateways.base import SendReceipt
from sms_service.services.sending import hand_over as sending
from sms_service.services.sending.batches import Batch
from sms_service.services.sending.results import record_results
from sms_service.services.texts import messages
from sms_service.services.texts.messages import NewText
from sms_service.store.engine import Store
from sms_service.store.models import Message, OptOut

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)  # a Friday, 11:00 in Makassar
LEASE = timedelta(seconds=60)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
GATEWAY = "console"


def number(n: int) -> str:
    return f"+628120000{n:04d}"


def text(n: int = 1, **changes: Any) -> NewText:
    given: dict[str, Any] = {
        "number": number(n),
        "body": "Acara besok jam 9 di Atambua",
        "kind": "info",
        "lane": "bulk",
        "key": f"test:{n}",
        "expires_at": NOW + HOUR,
    }
    return NewText(**(given | changes))


def put(store: Store, *texts: NewText, now: datetime = NOW) -> list[int]:
    with store.transaction() as tx:
        return [messages.enqueue(tx, one, now) for one in texts]


def take(
    store: Store,
    now: datetime = NOW,
    lane: str = "bulk",
    limit: int = 100,
    release_at: datetime | None = None,
) -> list[Batch]:
    with store.transaction() as tx:
        return sending.claim_batch(tx, lane, now, limit, LEASE, release_at)


def hand(store: Store, batch: Batch, now: datetime = NOW, release_at: datetime | None = None) -> Batch:
    with store.transaction() as tx:
        going = sending.hand_over(tx, [batch], GATEWAY, now, LEASE, release_at)
    return going[0] if going else batch.keep([])


def accepted(batch: Batch) -> list[SendReceipt]:
    return [SendReceipt(one.number, gateway_id=f"id-{one.id}") for one in batch.texts]


def record(
    store: Store, batch: Batch, result: Sequence[SendReceipt] | GatewayError, now: datetime = NOW
) -> dict[str, int]:
    with store.transaction() as tx:
        counts = record_results(tx, [(batch, result)], GATEWAY, now)
    return {status: texts for (_, status), texts in counts.items()}


def send_all(store: Store, now: datetime = NOW, lane: str = "bulk") -> list[str]:
    """Send what is due through a gateway that takes everything; return the numbers called, in order."""
    called: list[str] = []
    while batches := take(store, now, lane):
        for batch in batches:
            going = hand(store, batch, now)
            called += [one.number for one in going.texts]
            record(store, going, accepted(going), now)
    return called


def row(store: Store, message_id: int) -> Message:
    with store.read() as tx:
        return tx.execute(select(Message).where(Message.id == message_id)).scalar_one()


def statuses_of(store: Store) -> dict[str, int]:
    with store.read() as tx:
        return {status: count for status, count in messages.count_by_status(tx).items() if count}


def stop(store: Store, n: int, now: datetime = NOW) -> int:
    """STOP from number `n`, as the subscribers' service does it."""
    with store.transaction() as tx:
        number_hash = tx.vault.number_hash(number(n))
        tx.merge(OptOut(number_hash=number_hash, opted_out_at=now, source="sms"))
        return messages.withhold(tx, number_hash, now)
