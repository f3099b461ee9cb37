"""Any sequence of events in the life of texts: counts add up, no final status is left, nobody is reached
twice, and nobody after STOP."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy import text as sql

from sms_service.domain.statuses import FINAL
from sms_service.errors import (
    GatewayUnavailable,
    Misconfigured,
    OutcomeUnknown,
    RecipientOptedOut,
    Rejected,
)
from sms_service.gateways.base import DeliveryReport, SendReceipt
from sms_service.services.sending import deliveries, sweeps
from sms_service.services.sending import hand_over as sending
from sms_service.services.sending.batches import Batch
from sms_service.services.sending.results import record_results
from sms_service.services.texts import messages
from sms_service.store.engine import Store
from sms_service.store.models import Message
from tests.services.outbox import GATEWAY, HOUR, LEASE, NOW, SECOND, number, stop, text

ANSWERS = {
    "rejected": Rejected("no"),
    "opted out": RecipientOptedOut("no"),
    "unknown": OutcomeUnknown("?"),
    "away": GatewayUnavailable("later"),
    "account": Misconfigured("401"),
}
ANSWER = ["accepted", "accepted", "accepted", "unknown", *ANSWERS]
FAR = ["claim", "hand over", "call", "record", "record"]
# Act, how often, and what may be drawn for it. A worker may be held up anywhere between claim and record.
STEPS: dict[str, tuple[int, list[Any], list[Any]]] = {
    "enqueue": (3, [1, 2, 3, 4, 5], ["info", "reply", "notice"]),
    "work": (6, FAR, ANSWER),
    "go on": (3, FAR[1:], ANSWER),
    "quiet": (1, [None], [None]),
    "give back": (1, [None], [None]),
    "report": (4, [1, 2, 3, 4, 5, 6], ["sent", "delivered", "failed", None]),
    "stop": (1, [1, 2, 3, 4, 5], [None]),
    "sweep": (3, [None], [None]),
    "clock": (3, [-3600, 1, 61, 61, 61, 61, 1800], [None]),
}
LENGTH = 60


def steps_of(seed: int) -> list[tuple[str, Any, Any]]:
    """A life drawn by a seed: uniform choices would hardly ever come as far as a second call."""
    draw = random.Random(seed)
    acts = draw.choices(list(STEPS), [often for often, _, _ in STEPS.values()], k=LENGTH)
    return [(act, draw.choice(STEPS[act][1]), draw.choice(STEPS[act][2])) for act in acts]


@dataclass
class World:
    """A worker or several, a gateway with a ledger, people who say STOP, and a clock that jumps."""

    store: Store
    now: datetime = NOW
    enqueued: int = 0
    claimed: list[Batch] = field(default_factory=list)
    handed: list[Batch] = field(default_factory=list)
    answered: list[tuple[Batch, object]] = field(default_factory=list)
    reached: Counter[int] = field(default_factory=Counter)
    stopped: set[str] = field(default_factory=set)
    final: dict[int, str] = field(default_factory=dict)

    def do(self, act: str, a, b) -> None:
        getattr(self, "_" + act.replace(" ", "_"))(a, b)
        self.check()

    def _enqueue(self, n: int, kind: str) -> None:
        self.enqueued += 1
        new = text(n, key=f"k{self.enqueued}", kind=kind, expires_at=self.now + HOUR)
        with self.store.transaction() as tx:
            messages.enqueue(tx, new, self.now)

    def _work(self, until: str, answer: str) -> None:
        with self.store.transaction() as tx:
            fresh = sending.claim_batch(tx, "bulk", self.now, 3, LEASE)
        self.claimed = fresh + self.claimed  # this worker goes on with what it has just claimed
        for _ in fresh:
            for act in FAR[1:4][: FAR.index(until)]:
                self._go_on(act, answer)

    def _go_on(self, act: str, answer: str) -> None:
        {"hand over": self._hand_over, "call": self._call, "record": self._record}[act](answer)

    def _quiet(self, _a: None, _b: None) -> None:
        with self.store.transaction() as tx:
            sending.claim_batch(tx, "bulk", self.now, 1, LEASE, self.now + 600 * SECOND)

    def _hand_over(self, _: str) -> None:
        if self.claimed:
            with self.store.transaction() as tx:
                going = sending.hand_over(tx, [self.claimed.pop(0)], GATEWAY, self.now, LEASE)
            assert not {one.number for batch in going for one in batch.texts} & self.stopped
            self.handed[:0] = going

    def _call(self, answer: str) -> None:
        if self.handed:
            batch = self.handed.pop(0)
            receipts = [SendReceipt(one.number, f"id-{one.id}") for one in batch.texts]
            self.answered.insert(0, (batch, ANSWERS.get(answer, receipts)))
            if answer in ("accepted", "unknown"):
                self.reached.update(one.id for one in batch.texts)

    def _record(self, _: str) -> None:
        if self.answered:
            batch, result = self.answered.pop(0)
            with self.store.transaction() as tx:
                record_results(tx, [(batch, result)], GATEWAY, self.now)

    def _give_back(self, _a: None, _b: None) -> None:
        if self.claimed:
            with self.store.transaction() as tx:
                sending.give_back(tx, [self.claimed.pop(0)])

    def _report(self, message_id: int, status: str | None) -> None:
        with self.store.transaction() as tx:
            report = DeliveryReport(GATEWAY, f"id-{message_id}", status, status or "odd")
            deliveries.record_delivery(tx, report, self.now)

    def _stop(self, n: int, _: None) -> None:
        if number(n) not in self.stopped:
            self.stopped.add(number(n))
            stop(self.store, n, self.now + 10 * HOUR)  # later than any reply of this test

    def _sweep(self, _a: None, _b: None) -> None:
        with self.store.transaction() as tx:
            sweeps.free_leases(tx, self.now, LEASE)
            sweeps.expire(tx, self.now)
            deliveries.match_waiting(tx, self.now)

    def _clock(self, seconds: int, _: None) -> None:
        self.now += timedelta(seconds=seconds)

    def check(self) -> None:
        with self.store.read() as tx:
            rows = tx.execute(select(Message.id, Message.status, Message.finished_at)).all()
            counts = messages.count_by_status(tx)
        assert sum(counts.values()) == len(rows) == self.enqueued
        for row in rows:
            assert self.final.get(row.id) in (None, row.status)
            if row.status in FINAL:
                self.final[row.id] = row.status
                assert row.finished_at is not None
        assert max(self.reached.values(), default=0) <= 1


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
def test_any_life_keeps_the_promises(store: Store, seed: int) -> None:
    with store.transaction() as tx:
        for table in ("messages", "delivery_reports", "opt_outs"):
            tx.execute(sql(f"DELETE FROM {table}"))
        if tx.is_postgres:
            tx.execute(sql("ALTER SEQUENCE messages_id_seq RESTART"))
    world = World(store)
    for n in range(3):
        world.do("enqueue", n + 1, "info")
    for step in steps_of(seed):
        world.do(*step)
    world.now += 200 * HOUR  # in the end everything is settled, or in the hands of a gateway
    for _ in range(2):
        world.do("sweep", None, None)
    with store.read() as tx:
        left = {status for status, count in messages.count_by_status(tx).items() if count}
    assert left <= {"sent", "delivered", "failed", "expired", "opted_out", "unknown"}
