"""The jobs as RQ calls them: twice, at once, with nothing to do, with the database away."""

from __future__ import annotations

import io
import threading
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis

from sms_service.errors import Unavailable
from sms_service.gateways.base import InboundSms
from sms_service.queues import JOBS
from sms_service.services.dialogues import inbound
from sms_service.services.texts import inbox, messages
from sms_service.store.engine import Store
from tests.doubles.gateway_server import GatewayServer
from tests.services.outbox import number, statuses_of, text
from workers import messages as jobs
from workers import process as processes
from workers.process import Process


def put(store: Store, *numbers: int, lane: str = "bulk") -> None:
    now = datetime.now(UTC)
    with store.transaction() as tx:
        given = {"expires_at": now + timedelta(hours=1), "lane": lane}
        messages.enqueue_many(tx, [text(n, **given) for n in numbers], now)


def came(store: Store, words: str, n: int = 1, gateway_id: str = "in-1") -> None:
    with store.transaction() as tx:
        sms = InboundSms("africastalking", gateway_id, number(n), "12362", words, None)
        inbox.record(tx, sms, datetime.now(UTC))


@pytest.mark.parametrize("lane", ["fast", "bulk"])
def test_a_job_run_twice_sends_once(here: Process, store: Store, gateway: GatewayServer, lane: str) -> None:
    put(store, 1, 2, lane=lane)
    job = {"fast": jobs.send_fast, "bulk": jobs.send_bulk}[lane]
    job()
    job()
    assert statuses_of(store) == {"sent": 2}
    assert len(gateway.accepted) == 2


def test_a_job_run_by_four_threads_at_once_sends_once(
    here: Process, store: Store, gateway: GatewayServer
) -> None:
    put(store, *range(300))
    threads = [threading.Thread(target=jobs.send_bulk) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    jobs.send_bulk()
    assert statuses_of(store) == {"sent": 300}
    assert gateway.doubled() == {}


def test_a_job_with_nothing_to_do_does_nothing(here: Process, gateway: GatewayServer, redis: Redis) -> None:
    for job in (jobs.send_fast, jobs.send_bulk, jobs.handle_inbound):
        job()
    assert gateway.calls == []
    assert redis.llen("rq:queue:fast") == redis.llen("rq:queue:bulk") == 0


def test_a_question_is_answered_by_a_text_of_its_own(
    here: Process, store: Store, gateway: GatewayServer
) -> None:
    came(store, "BANTUAN")
    jobs.handle_inbound()
    jobs.handle_inbound()
    jobs.send_fast()
    assert len(gateway.texts_to(number(1))) == 1
    assert statuses_of(store) == {"sent": 1}


def test_stop_is_confirmed_once_and_nothing_else_goes_out(
    here: Process, store: Store, gateway: GatewayServer
) -> None:
    put(store, 1)
    came(store, "STOP")
    jobs.handle_inbound()
    came(store, "BERHENTI", gateway_id="in-2")
    jobs.handle_inbound()
    put(store, 1)
    jobs.send_fast()
    jobs.send_bulk()
    assert len(gateway.texts_to(number(1))) == 1
    assert statuses_of(store) == {"sent": 1, "opted_out": 1}


def test_a_text_that_breaks_the_handler_is_tried_again_later_and_holds_up_nobody(
    here: Process, store: Store, gateway: GatewayServer, monkeypatch: pytest.MonkeyPatch, logged: io.StringIO
) -> None:
    real = inbound.act

    def odd(tx, ready, context, now):
        if ready.received.id == 1:
            raise ZeroDivisionError("odd")
        return real(tx, ready, context, now)

    came(store, "BANTUAN", 1, "in-1")
    came(store, "BANTUAN", 2, "in-2")
    monkeypatch.setattr(inbound, "act", odd)
    jobs.handle_inbound()
    monkeypatch.undo()
    jobs.send_fast()
    assert gateway.texts_to(number(2)) != []
    assert "not handled" in logged.getvalue()
    here.runtime.clock.shift = timedelta(minutes=5)
    monkeypatch.setattr(here, "refresh_clock", lambda: None)
    jobs.handle_inbound()
    jobs.send_fast()
    assert len(gateway.texts_to(number(1))) == 1


def test_the_database_away_ends_a_job_quietly_and_the_texts_wait(
    here: Process, store: Store, gateway: GatewayServer, logged: io.StringIO
) -> None:
    put(store, 1)

    def away(*_given):
        raise Unavailable("the database is not available")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(store), "transaction", away)
        jobs.send_bulk()
    assert "the database is away" in logged.getvalue()
    assert statuses_of(store) == {"queued": 1}
    jobs.send_bulk()
    assert statuses_of(store) == {"sent": 1}


def test_a_job_that_runs_out_of_time_wakes_itself_again(
    here: Process, store: Store, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, *range(500))
    redis.flushall()
    monkeypatch.setattr(jobs, "BULK_SECONDS", 0.0)
    jobs.send_bulk()
    assert redis.llen("rq:queue:bulk") == 1


def test_a_worker_builds_its_parts_itself_where_nobody_has(
    here: Process, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    processes.install(None)
    built = processes.process()
    assert built is not here
    assert processes.runtime() is built.runtime
    built.close()


def test_every_job_s_name_leads_to_a_function_without_arguments() -> None:
    import importlib
    import inspect

    for _, dotted in JOBS.values():
        module, _, function = dotted.rpartition(".")
        found = getattr(importlib.import_module(module), function)
        assert not inspect.signature(found).parameters
