"""The rate budget: counted in segments, shared, never exceeded, and the fast lane goes first."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis

from sms_service.budgets import Budget
from sms_service.services.texts import messages
from sms_service.settings import load
from sms_service.store.engine import Store
from tests.doubles.gateway_server import GatewayServer
from tests.services.outbox import statuses_of, text
from workers.process import Process


def spend(budget: Budget, lane: str, segments: int, until: float, spent: list[tuple[float, int]]) -> None:
    while time.monotonic() < until:
        pause = budget.take("g", lane, segments)
        if pause:
            time.sleep(min(pause, max(0, until - time.monotonic())))
        else:
            spent.append((time.monotonic(), segments))


def test_no_limit_of_ours_means_no_waiting_and_no_redis() -> None:
    budget = Budget(Redis(unix_socket_path="/nowhere/redis.sock"), None)
    assert budget.take("g", "bulk", 1000) == 0
    assert budget.call_size is None


def test_workers_together_stay_within_the_rate(redis: Redis) -> None:
    rate, seconds, cost = 100.0, 1.5, 4
    spent: list[tuple[float, int]] = []
    until = time.monotonic() + seconds
    threads = [
        threading.Thread(target=spend, args=(Budget(redis, rate), "bulk", cost, until, spent))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total = sum(segments for _, segments in spent)
    assert total <= rate * seconds + cost
    assert total >= rate * seconds * 0.5  # a machine under load may miss some


def test_each_gateway_has_its_own_budget(redis: Redis) -> None:
    budget = Budget(redis, 1.0)
    assert budget.take("one", "bulk", 1) == 0
    assert budget.take("two", "bulk", 1) == 0
    assert 0.9 < budget.take("one", "bulk", 1) <= 1.0


def test_a_call_dearer_than_a_second_is_allowed_and_paid_for_afterwards(redis: Redis) -> None:
    budget = Budget(redis, 2.0)
    assert budget.take("g", "bulk", 10) == 0
    assert 4.5 < budget.take("g", "bulk", 1) <= 5.0


def test_while_the_fast_lane_waits_bulk_waits_too(redis: Redis) -> None:
    budget = Budget(redis, 10.0)
    assert budget.take("g", "bulk", 1) == 0
    fast = budget.take("g", "fast", 1)
    assert 0 < fast <= 0.1
    time.sleep(fast + 0.01)
    assert budget.take("g", "bulk", 1) > 0  # although the bucket is full again
    assert budget.take("g", "fast", 1) == 0
    time.sleep(0.11)
    assert budget.take("g", "bulk", 1) == 0


def test_with_redis_away_nothing_goes_because_nobody_can_count() -> None:
    assert Budget(Redis(unix_socket_path="/nowhere/redis.sock"), 10.0).take("g", "fast", 1) > 0


@pytest.mark.parametrize("segments", [1, 2])
def test_a_worker_keeps_the_rate_on_the_wire(
    environment: dict[str, str], gateway: GatewayServer, store: Store, segments: int
) -> None:
    rate = 40.0
    here = Process(load(environment | {"SMS_SEGMENTS_PER_SECOND": str(rate)}))
    now = datetime.now(UTC)
    body = "a" * (150 * segments)
    with store.transaction() as tx:
        texts = [text(n, body=body, expires_at=now + timedelta(hours=1)) for n in range(120)]
        messages.enqueue_many(tx, texts, now)
    here.sender.drain("bulk", 1.5)
    assert here.sender.settle(10)
    times = [accepted.at for accepted in gateway.accepted]
    size = max(len(call.fields["to"].split(",")) for call in gateway.calls)
    span = times[-1] - times[0]
    assert len(times) * segments <= rate * span + 2 * size * segments
    assert size * segments <= here.sender.budget.call_size
    counts = statuses_of(store)
    assert counts["sent"] == len(times)
    assert set(counts) == {"sent", "queued"}
    here.close()


def test_a_slower_budget_than_the_job_s_time_still_sends(
    environment: dict[str, str], gateway: GatewayServer, store: Store
) -> None:
    here = Process(load(environment | {"SMS_SEGMENTS_PER_SECOND": "2"}))
    now = datetime.now(UTC)
    with store.transaction() as tx:
        for n in range(3):
            messages.enqueue(tx, text(n, lane="fast", expires_at=now + timedelta(hours=1)), now)
    for _ in range(8):
        here.sender.drain("fast", 0.4)
    assert here.sender.settle(10)
    assert statuses_of(store) == {"sent": 3}
    here.close()
