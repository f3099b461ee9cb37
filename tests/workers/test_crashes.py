"""The worker as a process of its own: killed at the worst moments, told to end, cut off from Redis."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from sms_service import embedded_redis
from sms_service.services.texts import messages
from sms_service.settings import load
from sms_service.store.engine import Store
from tests.doubles.gateway_server import HANG, Behaviour, GatewayServer
from tests.services.outbox import number, statuses_of, text
from tests.workers.conftest import LEASE_SECONDS
from workers.process import Process
from workers.schedule import Scheduler

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
_WORK = "import sys; from sms_service import logs, settings; from workers import run, schedule;"
WORKER = _WORK + "logs.configure('INFO', 'worker'); run.work(settings.load(), sys.argv[1])"
SCHEDULER = _WORK + "logs.configure('INFO', 'scheduler'); schedule.schedule(settings.load())"
# A worker that lies down for ever just before its first call to the gateway.
SLEEPING = (
    "import time; from sms_service.services.sending import hand_over as sending;"
    "sending.hand_over = lambda *given: (print('claimed', flush=True), time.sleep(600));" + WORKER
)


class Program:
    """A process of ours; `lines` is what it has printed and logged so far."""

    def __init__(self, code: str, environment: dict[str, str], *words: str) -> None:
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, *words],
            cwd=ROOT,
            env={**inherited, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line)

    def says(self, words: str) -> bool:
        return any(words in line for line in self.lines)

    def end(self, how: signal.Signals, patience: float = PATIENCE) -> int:
        self.process.send_signal(how)
        return self.process.wait(patience)


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Callable[..., Program]]:
    """Starts programs; whatever still runs at the end is killed."""
    programs: list[Program] = []

    def start(code: str, *words: str, **changes: str) -> Program:
        programs.append(Program(code, environment | changes, *words))
        return programs[-1]

    yield start
    for program in programs:
        program.process.kill()
        program.process.wait(PATIENCE)


def until(true: Callable[[], Any], what: str, patience: float = PATIENCE) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + patience
    while not true():
        assert time.monotonic() < deadline, f"still waiting until {what}"
        time.sleep(0.02)


def put(store: Store, *numbers: int, **changes: Any) -> None:
    now = datetime.now(UTC)
    with store.transaction() as tx:
        given = {"expires_at": now + timedelta(hours=1), **changes}
        messages.enqueue_many(tx, [text(n, **given) for n in numbers], now)


@contextmanager
def ticking(here: Process) -> Iterator[Scheduler]:
    """A scheduler beside the test, in a thread."""
    scheduler = Scheduler(here)
    thread = threading.Thread(target=scheduler.run)
    thread.start()
    try:
        yield scheduler
    finally:
        here.stopping.set()
        thread.join()


def test_a_text_is_sent_soon_after_it_is_written(start, store: Store, gateway: GatewayServer) -> None:
    worker = start(WORKER, "fast")
    until(lambda: worker.says("worker started"), "the worker has started")
    put(store, 1, lane="fast")
    until(lambda: statuses_of(store) == {"sent": 1}, "the text is sent")
    assert worker.end(signal.SIGTERM) == 0
    assert worker.says("worker stopped")


def test_killed_between_claim_and_call_the_texts_are_sent_by_the_next_worker(
    start, here: Process, store: Store, gateway: GatewayServer
) -> None:
    put(store, *range(150))
    first = start(SLEEPING, "bulk")
    until(lambda: first.says("claimed"), "the first worker holds the texts")
    assert statuses_of(store) == {"sending": 150}
    first.end(signal.SIGKILL)
    with ticking(here):
        start(WORKER, "bulk")
        until(lambda: statuses_of(store) == {"sent": 150}, "all texts are sent", 2 * LEASE_SECONDS + PATIENCE)
    assert len(gateway.accepted) == 150
    assert gateway.doubled() == {}


def test_killed_between_call_and_record_the_texts_become_unknown_within_two_leases(
    start, here: Process, store: Store, gateway: GatewayServer
) -> None:
    gateway.default = Behaviour(ending="hang")
    put(store, *range(150))
    first = start(WORKER, "bulk")
    until(lambda: len(gateway.accepted) == 150, "the gateway has the texts")
    first.end(signal.SIGKILL)
    killed_at = time.monotonic()
    gateway.default = Behaviour()
    with ticking(here):
        second = start(WORKER, "bulk")
        until(lambda: statuses_of(store) == {"unknown": 150}, "the texts are unknown")
        assert time.monotonic() - killed_at < 2 * LEASE_SECONDS
        put(store, 500)  # life goes on
        until(lambda: statuses_of(store) == {"unknown": 150, "sent": 1}, "the next text is sent")
    second.end(signal.SIGTERM)
    assert len(gateway.accepted) == 151  # nobody got it twice


def test_told_to_end_it_finishes_its_call_and_gives_the_rest_back(
    start, store: Store, gateway: GatewayServer
) -> None:
    gateway.default = Behaviour(latency=0.4)
    put(store, *range(100), body="one call")
    for n in range(200, 260):
        put(store, n, body=f"Text for {n}")
    worker = start(WORKER, "bulk")
    until(lambda: gateway.calls, "the first call is under way")
    assert worker.end(signal.SIGTERM) == 0
    counts = statuses_of(store)
    assert counts["sent"] == len(gateway.accepted) < 160
    assert set(counts) == {"sent", "queued"}


def test_a_queue_emptied_in_mid_course_costs_a_tick_and_no_text(
    start, here: Process, store: Store, gateway: GatewayServer, redis: Redis
) -> None:
    gateway.default = Behaviour(latency=0.05)
    with ticking(here):
        worker = start(WORKER, "bulk")
        until(lambda: worker.says("worker started"), "the worker has started")
        for n in range(20):
            put(store, *range(20 * n, 20 * n + 20))
            redis.flushall()
        until(lambda: statuses_of(store) == {"sent": 400}, "all texts are sent")
    assert gateway.doubled() == {}
    assert worker.end(signal.SIGTERM) == 0


def test_two_workers_and_two_schedulers_at_once_send_each_text_once(
    start, here: Process, store: Store, gateway: GatewayServer
) -> None:
    gateway.default = Behaviour(latency=0.01)
    put(store, *range(2000))
    programs = [start(WORKER, "bulk"), start(WORKER, "bulk"), start(SCHEDULER), start(SCHEDULER)]
    until(lambda: statuses_of(store) == {"sent": 2000}, "all texts are sent")
    assert len(gateway.accepted) == 2000
    assert gateway.doubled() == {}
    assert [program.end(signal.SIGTERM) for program in programs] == [0, 0, 0, 0]


def test_redis_killed_and_back_the_worker_goes_on(
    start, live, gateway: GatewayServer, scratch: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    socket = scratch / "second.sock"
    url = f"unix://{socket}"
    settings = load(environment | {"REDIS_URL": url})
    here = Process(settings)
    store = here.runtime.store

    @contextmanager
    def redis_server() -> Iterator[None]:
        embedded_redis.prepare(socket, tmp_path / "second")
        with subprocess.Popen(embedded_redis.command(socket, tmp_path / "second")) as server:
            embedded_redis.wait_until_ready(socket)
            yield
            server.kill()

    worker = start(WORKER, "bulk", REDIS_URL=url)  # before there is any Redis at all
    until(lambda: worker.says("worker waits for Redis"), "the worker misses Redis")
    with ticking(here):
        with redis_server():
            put(store, 1)
            until(lambda: statuses_of(store) == {"sent": 1}, "the first text is sent")
        put(store, 2)
        with redis_server():
            until(lambda: statuses_of(store) == {"sent": 2}, "the second text is sent")
            assert worker.end(signal.SIGTERM) == 0
    here.close()


def test_a_worker_that_finds_no_database_waits_for_it(start, redis: Redis, tmp_path: Path) -> None:
    lost = start(WORKER, "bulk", DATABASE_URL=f"sqlite:///{tmp_path / 'nowhere' / 'lost.sqlite3'}")
    until(lambda: lost.says("database is away"), "the worker says so")
    assert lost.process.poll() is None
    assert sum("no heartbeat" in line for line in lost.lines) == 1
    assert lost.end(signal.SIGTERM) == 0


def test_a_hanging_call_does_not_keep_the_worker_from_ending(
    start, store: Store, gateway: GatewayServer
) -> None:
    gateway.default = HANG
    put(store, 1)
    worker = start(WORKER, "bulk")
    until(lambda: gateway.calls, "the call is under way")
    assert worker.end(signal.SIGTERM, 2 * LEASE_SECONDS) == 0
    assert statuses_of(store) == {"unknown": 1}
    assert number(1)[1:] not in "".join(worker.lines)
