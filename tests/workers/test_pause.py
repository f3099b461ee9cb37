"""A broadcast is paused in the middle of being sent: within two seconds nothing of it leaves any more."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

from sms_service.budgets import Budget
from sms_service.services.texts import messages
from sms_service.store.engine import Store
from tests.doubles.gateway_server import Behaviour, GatewayServer
from tests.services.broadcasts_afoot import become, broadcast, put_wave
from tests.services.outbox import number, statuses_of, text
from workers.process import Process
from workers.sender import Sender
from workers.stopping import Stopping


def fill(store: Store, broadcast_id: int, many: int) -> None:
    now = datetime.now(UTC)
    for n in range(many):  # each with words of its own: a call each
        given = {"body": f"Text for {n}", "expires_at": now + timedelta(hours=1)}
        put_wave(store, broadcast_id, n, now=now, **given)


def test_a_pause_in_mid_course_holds_within_two_seconds_and_resume_sends_the_rest_once(
    here: Process, store: Store, gateway: GatewayServer
) -> None:
    gateway.default = Behaviour(latency=0.1)
    it = broadcast(store)
    fill(store, it, 300)
    thread = threading.Thread(target=here.sender.drain, args=("bulk", 20))
    thread.start()
    while len(gateway.calls) < 20:
        time.sleep(0.01)
    become(store, it, "paused")
    time.sleep(2)
    reached = len(gateway.accepted)
    assert reached < 300
    thread.join(20)
    assert not thread.is_alive()
    assert here.sender.settle(5)
    assert len(gateway.accepted) == reached
    assert statuses_of(store) == {"sent": reached, "queued": 300 - reached}
    become(store, it, "running")
    here.sender.drain("bulk", 30)
    assert here.sender.settle(5)
    assert statuses_of(store) == {"sent": 300}
    assert gateway.doubled() == {}


def test_a_reply_does_not_wait_for_a_budget_that_a_broadcast_uses_up(
    here: Process, store: Store, gateway: GatewayServer
) -> None:
    it = broadcast(store)
    fill(store, it, 200)
    here.sender.budget = Budget(here.runtime.redis, 40)
    thread = threading.Thread(target=here.sender.drain, args=("bulk", 4))
    thread.start()
    while len(gateway.calls) < 5:
        time.sleep(0.01)
    fast = Sender(here.runtime, Stopping())
    fast.budget = Budget(here.runtime.redis, 40)
    now = datetime.now(UTC)
    with store.transaction() as tx:
        given = {"lane": "fast", "kind": "reply", "body": "reply", "expires_at": now + timedelta(hours=1)}
        messages.enqueue(tx, text(900, **given), now)
    begun = time.monotonic()
    fast.drain("fast", 5)
    assert fast.settle(5)
    assert time.monotonic() - begun < 2
    assert gateway.texts_to(number(900)) == ["reply"]
    thread.join(20)
    assert len(gateway.accepted) < 201
    fast.close()
