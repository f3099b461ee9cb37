"""The scheduler's tick: wakes what is due, frees what is stuck, survives what is away, twice without harm."""

from __future__ import annotations

import io
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import text as sql

from sms_service.errors import Unavailable
from sms_service.gateways.base import InboundSms
from sms_service.services import rehearsals
from sms_service.services.operation import heartbeats
from sms_service.services.privacy import data_keys, retention
from sms_service.services.sending import hand_over as sending
from sms_service.services.texts import forgetting, inbox, messages
from sms_service.store.engine import Store
from sms_service.store.models import Effect, Reminder
from tests.doubles.gateway_server import GatewayServer
from tests.services.outbox import number, statuses_of, text
from workers.process import Process
from workers.schedule import Scheduler


@pytest.fixture
def scheduler(here: Process) -> Scheduler:
    return Scheduler(here)


def put(store: Store, n: int, **changes) -> int:
    now = datetime.now(UTC)
    given = {"expires_at": now + timedelta(hours=1), **changes}
    with store.transaction() as tx:
        return messages.enqueue(tx, text(n, **given), now)


def waiting(redis: Redis, lane: str) -> int:
    return int(redis.llen(f"rq:queue:{lane}"))


def test_due_texts_wake_their_lane_once_until_the_job_begins(
    scheduler: Scheduler, here: Process, store: Store, redis: Redis
) -> None:
    put(store, 1)
    put(store, 2, lane="fast")
    redis.flushall()  # the calls of the commits are lost
    for _ in range(3):
        scheduler.tick()
    assert (waiting(redis, "bulk"), waiting(redis, "fast")) == (1, 1)
    here.runtime.queues.begin("send_bulk")
    scheduler.tick()
    assert waiting(redis, "bulk") == 2


def test_a_text_wakes_nobody_before_its_time(
    scheduler: Scheduler, here: Process, store: Store, redis: Redis
) -> None:
    put(store, 1, not_before=datetime.now(UTC) + timedelta(minutes=10))
    scheduler.tick()
    assert waiting(redis, "bulk") == 0
    here.runtime.clock.shift = timedelta(minutes=11)
    here.refresh_clock = lambda: None
    scheduler.tick()
    assert waiting(redis, "bulk") == 1


def test_a_text_in_that_nobody_handled_wakes_the_fast_lane(
    scheduler: Scheduler, store: Store, redis: Redis
) -> None:
    with store.transaction() as tx:
        inbox.record(tx, InboundSms("console", "1", number(1), "1", "INFO", None), datetime.now(UTC))
    redis.flushall()
    scheduler.tick()
    assert waiting(redis, "fast") == 1


def test_a_due_reminder_wakes_the_bulk_lane(scheduler: Scheduler, store: Store, redis: Redis) -> None:
    now = datetime.now(UTC)
    with store.transaction() as tx:
        tx.execute(
            sql(
                "INSERT INTO events (code, title_id, title_en, starts_at, venue, district, organiser,"
                " audience, status, cancel_reason, version, created_at, updated_at)"
                " VALUES ('1230', 'a', 'a', :at, 'v', '53.04', '', '', 'planned', '', 1, :at, :at)"
            ),
            {"at": now},
        )
        event_id = tx.execute(sql("SELECT id FROM events")).scalar_one()
        tx.add(Reminder(event_id=event_id, plan="1d", due_at=now, expires_at=now + timedelta(hours=1)))
    scheduler.tick()
    assert waiting(redis, "bulk") == 1


def test_stuck_texts_are_put_right_and_their_lane_is_woken(
    scheduler: Scheduler, here: Process, store: Store, redis: Redis
) -> None:
    early = datetime.now(UTC) - timedelta(hours=1)
    put(store, 1)
    put(store, 2, body="another call")
    put(store, 3, expires_at=datetime.now(UTC) + timedelta(seconds=-1))
    with store.transaction() as tx:
        _first, second = sending.claim_batch(tx, "bulk", datetime.now(UTC), 10, timedelta(seconds=60))
        sending.hand_over(tx, [second], "console", early, timedelta(seconds=1))
        tx.execute(sql("UPDATE messages SET lease_until = :at WHERE status = 'sending'"), {"at": early})
    redis.flushall()
    scheduler.tick()
    assert statuses_of(store) == {"queued": 1, "unknown": 1, "expired": 1}
    assert waiting(redis, "bulk") == 1


def test_the_scheduler_shows_that_it_lives(scheduler: Scheduler, store: Store) -> None:
    scheduler.tick()
    with store.read() as tx:
        assert heartbeats.SCHEDULER in heartbeats.list_alive(tx, datetime.now(UTC))


def test_redis_away_is_told_and_the_sweeps_go_on(
    scheduler: Scheduler, here: Process, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = Redis(unix_socket_path="/nowhere/redis.sock")
    monkeypatch.setattr(here.runtime.queues, "redis", gone)
    put(store, 1, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    scheduler.tick()
    assert statuses_of(store) == {"expired": 1}


def test_the_database_away_is_told_once_and_the_tick_goes_on(
    scheduler: Scheduler, here: Process, store: Store, redis: Redis, logged: io.StringIO
) -> None:
    def away(*_given):
        raise Unavailable("the database is not available")

    put(store, 1)
    redis.flushall()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(store), "transaction", away)
        patch.setattr(type(store), "read", away)
        for _ in range(4):
            scheduler.tick()
    assert logged.getvalue().count('"part": "wake"') == 1
    scheduler.tick()
    assert "tick works again" in logged.getvalue()
    assert waiting(redis, "bulk") == 1


def test_old_effects_are_forgotten_a_slice_at_a_time(scheduler: Scheduler, store: Store) -> None:
    old, now = datetime.now(UTC) - timedelta(days=30), datetime.now(UTC)
    with store.transaction() as tx:
        for n in range(2500):
            tx.add(Effect(key=f"old-{n}", outcome="ok", created_at=old))
        tx.add(Effect(key="new", outcome="ok", created_at=now))
    left = 2501
    for _ in range(20):
        scheduler.tick()
        with store.read() as tx:
            left = tx.execute(sql("SELECT count(*) FROM effects")).scalar_one()
        if left == 1:
            break
    assert left == 1


def test_the_scheduler_notes_its_key_and_empties_what_is_marked(
    scheduler: Scheduler, here: Process, store: Store
) -> None:
    gone, waits = put(store, 1), put(store, 2)
    with store.transaction() as tx:
        forgetting.mark(tx, gone)
        forgetting.mark(tx, waits)
        tx.execute(sql("UPDATE messages SET status = 'sent' WHERE id = :id"), {"id": gone})
    scheduler.tick()
    with store.read() as tx:
        assert data_keys.list_known(tx) == {store.vault.current_key_id}
        held = {row[0]: row[1] for row in tx.execute(sql("SELECT id, number_hash FROM messages"))}
    assert (held[gone], held[waits] != "") == ("", True)


def test_what_the_embedded_redis_has_dropped_leaves_its_file(
    here: Process, redis: Redis, scratch: Path
) -> None:
    def is_in_file() -> bool:
        return any(b"which dialogue" in path.read_bytes() for path in (scratch / "redis").rglob("*.aof"))

    redis.set("c:caller", "which dialogue")
    redis.delete("c:caller")
    Scheduler(here).tick()
    assert is_in_file()  # a Redis of somebody else's is not touched
    here.settings = here.settings.model_copy(update={"redis_url": ""})
    Scheduler(here).tick()
    until = time.monotonic() + 30
    while is_in_file() and time.monotonic() < until:
        redis.ping()
    assert not is_in_file()


def test_a_rule_that_fails_does_not_keep_the_others_from_their_work(
    scheduler: Scheduler, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(tx: object, now: object, limit: int) -> int:
        raise ValueError("broken")

    first = retention.STEPS[0]
    broken = (retention.Step("broken", first.table, purge=fail), *retention.STEPS)
    monkeypatch.setattr(retention, "STEPS", broken)
    with store.transaction() as tx:
        tx.add(Effect(key="old", outcome="ok", created_at=datetime.now(UTC) - timedelta(days=30)))
    for _ in range(3):
        scheduler.tick()
    with store.read() as tx:
        assert tx.execute(sql("SELECT count(*) FROM effects")).scalar_one() == 0


def test_a_rehearsal_s_clock_moves_what_is_due(
    environment: dict[str, str], store: Store, redis: Redis, gateway: GatewayServer
) -> None:
    from sms_service.settings import load

    rehearsal = Process(load(environment | {"SMS_GATEWAY": "console"}))
    put(
        store,
        1,
        not_before=datetime.now(UTC) + timedelta(days=1),
        expires_at=datetime.now(UTC) + timedelta(days=2),
    )
    scheduler = Scheduler(rehearsal)
    scheduler.tick()
    assert waiting(redis, "bulk") == 0
    with store.transaction() as tx:
        rehearsals.shift_clock(tx, timedelta(days=1, minutes=1), rehearsal.settings)
    scheduler.tick()
    assert waiting(redis, "bulk") == 1
    rehearsal.close()


def test_a_live_service_does_not_follow_a_rehearsal_s_clock(
    scheduler: Scheduler, here: Process, store: Store, redis: Redis
) -> None:
    put(
        store,
        1,
        not_before=datetime.now(UTC) + timedelta(hours=1),
        expires_at=datetime.now(UTC) + timedelta(days=2),
    )
    with store.transaction() as tx:
        tx.execute(sql("INSERT INTO clock_shifts (id, seconds) VALUES (1, 90000)"))
        tx.execute(sql("INSERT INTO revisions (name, number) VALUES ('clock', 7)"))
    scheduler.tick()
    assert waiting(redis, "bulk") == 0
    assert here.runtime.clock.shift == timedelta()
