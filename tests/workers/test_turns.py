"""Jobs of one lane take turns: a change of an event is not told behind a long list."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis

from sms_service.queues import Queues
from sms_service.services.events import life as events
from sms_service.services.events import registrations
from sms_service.services.events.texts import EventTexts
from sms_service.services.texts import messages
from sms_service.store.engine import Store
from tests.doubles.gateway_server import Behaviour, GatewayServer
from tests.event_office import fields, number
from tests.services.outbox import statuses_of, text
from tests.workers.test_crashes import SCHEDULER, WORKER, Program, start, until
from workers import messages as jobs
from workers import turns
from workers.process import Process
from workers.turns import Turn

__all__ = ["start"]  # a fixture

PROMPT_SECONDS = 6.0  # of a machine that does other things too


def fill(store: Store, many: int) -> None:
    """So many texts, each with words of its own: a call each."""
    now = datetime.now(UTC)
    with store.transaction() as tx:
        new = [text(n, body=f"Text {n}", expires_at=now + timedelta(hours=1)) for n in range(many)]
        messages.enqueue_many(tx, new, now)


def waiting(redis: Redis) -> list[str]:
    """The functions of the jobs that wait in the bulk lane, the next one first."""
    queue = Queues(redis).queue("bulk")
    return [job.func_name for job in queue.jobs]


def test_a_turn_is_over_when_another_job_of_the_lane_waits_and_not_before(
    here: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "LEAST_SECONDS", 0.0)
    monkeypatch.setattr(turns, "_LOOK_EVERY_SECONDS", 0.0)
    queues, turn = here.runtime.queues, Turn(here, "send_bulk", 60)
    assert not turn.is_over()
    queues.wake(["send_bulk", "send_fast"])  # itself, and somebody in another lane
    assert not turn.is_over()
    queues.wake(["tell_registrants"])
    assert turn.is_over()
    queues.begin("tell_registrants")
    assert turn.is_over()
    assert not Turn(here, "send_bulk", 60).is_over()
    assert Turn(here, "send_bulk", 0).is_over()


def test_it_lasts_a_while_even_so(here: Process) -> None:
    here.runtime.queues.wake(["tell_registrants"])
    assert not Turn(here, "send_bulk", 60).is_over()


def test_without_redis_it_lasts_its_whole_time(here: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "LEAST_SECONDS", 0.0)
    monkeypatch.setattr(here.runtime.queues, "redis", Redis(port=1))
    assert not Turn(here, "send_bulk", 60).is_over()


def test_a_list_lets_another_job_have_its_turn_and_loses_nothing(
    here: Process, store: Store, gateway: GatewayServer, redis: Redis
) -> None:
    gateway.default = Behaviour(latency=0.2)
    fill(store, 1500)
    redis.flushall()
    sending = threading.Thread(target=jobs.send_bulk)
    sending.start()
    until(lambda: gateway.accepted, "the list is being sent")
    here.runtime.queues.wake(["tell_registrants"])
    asked_at = time.monotonic()
    sending.join()
    assert time.monotonic() - asked_at < PROMPT_SECONDS
    assert waiting(redis) == ["workers.reminders.tell_registrants", "workers.messages.send_bulk"]
    assert here.sender.settle(10)
    counts = statuses_of(store)
    assert counts["queued"] > 0
    assert set(counts) == {"sent", "queued"}
    gateway.default = Behaviour()
    redis.flushall()
    jobs.send_bulk()
    assert here.sender.settle(10)
    assert statuses_of(store) == {"sent": 1500}
    assert gateway.doubled() == {}


def test_a_change_is_told_at_once_beside_a_list_that_takes_long(
    start: Callable[..., Program], here: Process, store: Store, gateway: GatewayServer
) -> None:
    words, now = EventTexts.of(here.settings, here.runtime.menu), datetime.now(UTC)
    with store.transaction() as tx:
        event = events.create(tx, fields(starts_at=now + timedelta(days=3)), None, now)
        registrations.register(tx, event.code, number(7000), "id", "sms", now, words)
    gateway.default = Behaviour(latency=0.4)
    fill(store, 4000)  # half a minute of calls
    start(SCHEDULER)
    start(WORKER, "bulk")
    until(lambda: len(gateway.accepted) > 100, "the list is being sent")
    with store.transaction() as tx:
        events.cancel(tx, event.id, "", None, datetime.now(UTC), words)
    asked_at = time.monotonic()
    until(lambda: gateway.texts_to(number(7000)), "the cancellation is told")
    assert time.monotonic() - asked_at < PROMPT_SECONDS
    assert statuses_of(store)["queued"] > 0
