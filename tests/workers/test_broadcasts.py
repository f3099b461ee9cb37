"""Broadcasts by real workers and schedulers through a gateway double: killed, doubled, paused, halted."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from sms_service.store.engine import Store
from sms_service.store.models import Message
from tests.broadcast_office import act, approved, audit, counts, number, row, state, subscribers
from tests.doubles.gateway_server import Behaviour, GatewayServer
from tests.workers.test_crashes import SCHEDULER, WORKER, Program, start, until
from workers import broadcasts

__all__ = ["start"]  # a fixture

Start = Callable[..., Program]
# A worker that lies down for ever in its fourth slice, before the commit.
STUCK = """
import time
from sms_service.services.broadcasts import sending
sending.FAN_OUT_SLICE, work, slices = 10, sending.work, []
def stuck(*given):
    done = work(*given)
    slices.append(done)
    if len(slices) == 5:
        print("in the middle", flush=True)
        time.sleep(600)
    return done
sending.work = stuck
"""
CANARY = {"CANARY_SECONDS": "1", "CANARY_MINIMUM": "20"}


def now() -> datetime:
    return datetime.now(UTC)


def once_each(gateway: GatewayServer, people: int) -> None:
    assert sorted(text.number for text in gateway.accepted) == [number(n) for n in range(people)]


def test_two_workers_and_two_schedulers_send_it_once_to_everybody(
    start: Start, store: Store, gateway: GatewayServer
) -> None:
    subscribers(store, range(600))
    broadcast_id = approved(store, now(), text_id="Halo {nama}, awas")
    programs = [start(WORKER, "bulk", **CANARY) for _ in range(2)] + [
        start(SCHEDULER, **CANARY) for _ in "ab"
    ]
    until(lambda: row(store, broadcast_id).status == "done", "it is done")
    once_each(gateway, 600)
    assert counts(store, broadcast_id) == {"sent": 600}
    acts = [name for name, _ in audit(store, broadcast_id)]
    assert acts == ["create", "submit", "approve", "start", "canary", "finish"]
    assert [program.end(signal.SIGTERM) for program in programs] == [0, 0, 0, 0]


def test_killed_while_it_writes_the_list_the_next_worker_goes_on_there(
    start: Start, store: Store, gateway: GatewayServer
) -> None:
    subscribers(store, range(100))
    broadcast_id = approved(store, now())
    first = start(STUCK + WORKER, "bulk", CANARY_SECONDS="0")
    start(SCHEDULER, CANARY_SECONDS="0")
    until(lambda: first.says("in the middle"), "the first worker is in its fourth slice")
    assert counts(store, broadcast_id) == {"queued": 30}
    first.end(signal.SIGKILL)
    start(WORKER, "bulk", CANARY_SECONDS="0")
    until(lambda: row(store, broadcast_id).status == "done", "it is done")
    once_each(gateway, 100)
    assert row(store, broadcast_id).recipients == 100


def test_killed_in_the_canary_it_is_judged_and_goes_on(
    start: Start, store: Store, gateway: GatewayServer
) -> None:
    subscribers(store, range(60))
    broadcast_id = approved(store, now())
    programs = [start(WORKER, "bulk", **CANARY), start(SCHEDULER, **CANARY)]
    until(lambda: counts(store, broadcast_id).get("sent") == 20, "the canary is out")
    for program in programs:
        program.end(signal.SIGKILL)
    assert row(store, broadcast_id).status == "canary"
    for code in ((WORKER, "bulk"), (SCHEDULER,)):
        start(*code, **CANARY)
    until(lambda: row(store, broadcast_id).status == "done", "it is done")
    once_each(gateway, 60)


def test_a_pause_holds_within_two_seconds_and_resuming_reaches_the_others_once(
    start: Start, store: Store, gateway: GatewayServer
) -> None:
    gateway.default = Behaviour(latency=0.1)
    subscribers(store, range(3000))
    broadcast_id = approved(store, now())
    for code in ((WORKER, "bulk"), (SCHEDULER,)):
        start(*code, CANARY_SECONDS="0", SMS_SEGMENTS_PER_SECOND="300")
    until(lambda: len(gateway.accepted) > 300, "it is under way")
    act(store, "pause", broadcast_id, now())
    time.sleep(2)  # what is promised
    reached = len(gateway.accepted)
    status, texts = state(store, broadcast_id)
    assert (status, texts["queued"]) == ("paused", 3000 - reached)
    time.sleep(1.5)  # longer than the scheduler's tick
    assert len(gateway.accepted) == reached < 3000
    act(store, "resume", broadcast_id, now())
    until(lambda: row(store, broadcast_id).status == "done", "it is done")
    once_each(gateway, 3000)


@pytest.mark.parametrize("canary", ["0", "1"])
def test_a_failing_gateway_halts_it_and_those_on_duty_are_told(
    start: Start, store: Store, gateway: GatewayServer, canary: str
) -> None:
    gateway.refusals = {number(n): (403, "InvalidPhoneNumber") for n in range(2000)}
    subscribers(store, range(2000))
    broadcast_id = approved(store, now())
    given = {"CANARY_SECONDS": canary, "SMS_SEGMENTS_PER_SECOND": "200", "DUTY_NUMBERS": "+628120000999"}
    for code in ((WORKER, "bulk"), (WORKER, "fast"), (SCHEDULER,)):
        start(*code, **given)
    until(lambda: row(store, broadcast_id).status == "halted", "it is halted")
    one = row(store, broadcast_id)
    assert "texts failed" in one.halted_reason
    assert counts(store, broadcast_id)["queued"] > 1000
    until(lambda: gateway.texts_to("+628120000999"), "those on duty are told")
    assert len(gateway.texts_to("+628120000999")) == 1
    failed = counts(store, broadcast_id)["failed"]
    assert failed == 20 if canary == "1" else failed >= 20


def test_the_job_works_off_what_is_due_and_leaves_the_rest(here: Any, store: Store) -> None:
    subscribers(store, range(5))
    due = approved(store, now())
    later = approved(store, now(), send_at=now() + timedelta(hours=1))
    broadcasts.run()
    broadcasts.run()
    assert counts(store, due) == {"queued": 5}
    assert state(store, later) == ("scheduled", {})
    with store.read() as tx:
        assert len(list(tx.scalars(select(Message.id)))) == 5


def test_a_job_that_meets_a_fault_ends_and_the_rows_stay(
    here: Any, store: Store, monkeypatch: pytest.MonkeyPatch, logged: Any
) -> None:
    subscribers(store, range(5))
    broadcast_id = approved(store, now())
    with monkeypatch.context() as broken:
        broken.setattr(broadcasts.Words, "of", lambda *given: 1 / 0)
        broadcasts.run()
    assert "job ended early" in logged.getvalue()
    assert row(store, broadcast_id).status == "scheduled"
    broadcasts.run()
    assert counts(store, broadcast_id) == {"queued": 5}
